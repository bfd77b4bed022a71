/* Services with and without systemd, and what is remembered of them. */
#include "tests/unit/fake_host.h"

#include <limits.h>
#include <sys/inotify.h>

#include "core/mta/check/service_log.h"
#include "core/mta/engine/owned_service.h"
#include "core/mta/host/service.h"

/* ---- systemd: units that are as a row says ---------------------------------------------------- */

static struct {
	const char *load, *active, *file;
	const char *after; /* the state once it was started */
	bool is_stale;
	struct buf told;
} unit;

static int fake_systemctl(struct ctx *ctx, const struct run_spec *spec,
                          struct run_result *ret, struct err *err)
{
	(void)ctx, (void)err;
	*ret = (struct run_result){ 0 };
	if (strcmp(spec->argv[0], "systemctl") != 0)
		return 0;
	if (strcmp(spec->argv[1], "show") == 0) {
		buf_printf(&ret->out,
		           "LoadState=%s\nActiveState=%s\nUnitFileState=%s\n"
		           "Result=exit-code\nNeedDaemonReload=%s\n",
		           unit.load, unit.active, unit.file,
		           unit.is_stale ? "yes" : "no");
		return 0;
	}
	if (strcmp(spec->argv[1], "daemon-reload") == 0) {
		unit.is_stale = false;
		buf_puts(&unit.told, "daemon-reload;");
		return 0;
	}
	buf_printf(&unit.told, "%s %s;", spec->argv[1], spec->argv[3]);
	if (strcmp(spec->argv[1], "start") == 0 || strcmp(spec->argv[1], "restart") == 0)
		unit.active = unit.after;
	if (strcmp(spec->argv[1], "stop") == 0)
		unit.active = "inactive";
	return 0;
}

static void make_systemd(struct host *host)
{
	put(host->root, "/run/systemd/system/x", "", 0644);
	host->ctx.run = fake_systemctl;
}

static int no_process(struct ctx *ctx, const struct run_spec *spec,
                      struct run_result *ret, struct err *err)
{
	(void)ctx, (void)ret;
	return err_set(err, ERR_FAILED, "cannot start %s", spec->argv[0]);
}

/* ---- a filter that somebody talks to ---------------------------------------------------------- */

#define CLIENT "0: 00000003 00000000 00000000 0001 03 4711 /run/x.sock\n"

/* Empties /proc/net/unix once it was read `count` times. */
static pid_t hang_up_after(const struct host *host, unsigned count)
{
	auto_free char *path = xasprintf("%s/proc/net/unix", host->root);
	int watch = inotify_init1(IN_CLOEXEC);
	assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
	pid_t child = fork();
	if (child == 0)
		(void)alarm(20);
	while (child == 0) {
		char event[sizeof(struct inotify_event) + NAME_MAX + 1];
		if (read(watch, event, sizeof(event)) <= 0)
			_exit(1);
		if (--count == 0)
			_exit(truncate(path, 0) != 0);
	}
	close(watch);
	return child;
}

/* Whether systemd or we ourselves end it, messages under way are let through first. */
static void test_clients(void **state)
{
	struct host *host = *state;
	auto_free char *own = xasprintf("%d\n", (int)getpid());
	auto_free char *stat = xasprintf("%d (opendkim) S 1 1\n", (int)getpid());
	auto_free char *folder = xasprintf("/proc/%d", (int)getpid());
	auto_free char *stat_path = xasprintf("%s/stat", folder);
	auto_free char *fd = xasprintf("%s%s/fd", host->root, folder);
	auto_free char *link = xasprintf("%s/7", fd);
	struct err err = ERR_INIT;
	int status;

	make_systemd(host);
	put(host->root, "/run/opendkim/opendkim.pid", own, 0644);
	put(host->root, stat_path, stat, 0644);
	put(host->root, "/proc/net/unix", CLIENT, 0644);
	assert_int_equal(mkdir(fd, 0755), 0);
	assert_int_equal(symlink("socket:[4711]", link), 0);
	unit.load = "loaded", unit.active = "active", unit.file = "enabled";
	pid_t child = hang_up_after(host, 8);
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_STOP, &err), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(buf_text(&unit.told), "stop opendkim;");
	buf_done(&unit.told);
}

/* Not to know is not to know that it does not run. */
static void test_unknown(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;

	host->ctx.run = no_process;
	assert_true(service_is_running(&host->ctx, "postfix"));
	make_systemd(host);
	host->ctx.run = no_process;
	assert_int_equal(service_look(&host->ctx, "opendkim"),
	                 SERVICE_WAS_RUNNING | SERVICE_WAS_ENABLED);
	assert_int_equal(service_act(&host->ctx, "postfix", SERVICE_RELOAD, &err),
	                 ERR_FAILED);
}

static void test_units(void **state)
{
	static const struct {
		enum service_action action;
		const char *load, *active, *file, *after;
		const char *told, *want; /* want NULL: it succeeds */
	} rows[] = {
		{ SERVICE_RELOAD, "loaded", "active", "enabled", "active",
		  "reload opendkim;", NULL },
		{ SERVICE_RESTART, "loaded", "active", "enabled", "active",
		  "restart opendkim;", NULL },
		{ SERVICE_ENABLE, "loaded", "inactive", "disabled", "active",
		  "enable opendkim;start opendkim;", NULL },
		{ SERVICE_ENABLE, "loaded", "failed", "disabled", "active",
		  "reset-failed opendkim;enable opendkim;start opendkim;", NULL },
		{ SERVICE_DISABLE, "loaded", "active", "enabled", "",
		  "stop opendkim;disable opendkim;", NULL },
		{ SERVICE_DISABLE, "not-found", "inactive", "", "", "", NULL },
		{ SERVICE_START, "loaded", "inactive", "enabled", "failed",
		  "start opendkim;",
		  "started but did not keep running (failed, "
		  "exit-code)" },
		{ SERVICE_RESTART, "loaded", "active", "enabled", "activating",
		  "restart opendkim;", "did not keep running (activating" },
		{ SERVICE_ENABLE, "masked", "inactive", "masked", "", "",
		  "is masked, so it cannot be started" },
		{ SERVICE_START, "not-found", "inactive", "", "", "",
		  "the unit opendkim" },
	};
	struct host *host = *state;

	make_systemd(host);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int rc;

		unit.load = rows[i].load;
		unit.active = rows[i].active;
		unit.file = rows[i].file;
		unit.after = rows[i].after;
		rc = service_act(&host->ctx, "opendkim", rows[i].action, &err);
		assert_string_equal(buf_text(&unit.told), rows[i].told);
		assert_int_equal(rc, rows[i].want ? ERR_FAILED : 0);
		if (rows[i].want)
			assert_non_null(strstr(err.text, rows[i].want));
		buf_done(&unit.told);
	}
}

/* A file beside the unit's changed: systemd reads it before it starts anything. */
static void test_stale_unit(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;

	make_systemd(host);
	unit.load = "loaded";
	unit.active = unit.after = "active";
	unit.file = "enabled";
	unit.is_stale = true;
	assert_int_equal(service_act(&host->ctx, "postsrsd", SERVICE_RESTART, &err), 0);
	assert_string_equal(buf_text(&unit.told), "daemon-reload;restart postsrsd;");
	buf_done(&unit.told);
}

static void test_look(void **state)
{
	static const struct {
		const char *active, *file;
		unsigned want;
	} rows[] = {
		{ "active", "enabled", SERVICE_WAS_RUNNING | SERVICE_WAS_ENABLED },
		{ "reloading", "enabled-runtime",
		  SERVICE_WAS_RUNNING | SERVICE_WAS_ENABLED },
		{ "active", "disabled", SERVICE_WAS_RUNNING },
		{ "inactive", "enabled", SERVICE_WAS_ENABLED },
		{ "failed", "masked", 0 },
		{ "activating", "static", SERVICE_WAS_ENABLED },
	};
	struct host *host = *state;

	make_systemd(host);
	unit.load = "loaded";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unit.active = rows[i].active;
		unit.file = rows[i].file;
		assert_int_equal(service_look(&host->ctx, "opendmarc"), rows[i].want);
	}
}

/* ---- no systemd: a process that this test started --------------------------------------------- */

static void put_process(struct host *host, pid_t pid, const char *name, pid_t parent,
                        const char *words, size_t len)
{
	auto_free char *stat = xasprintf("/proc/%d/stat", (int)pid);
	auto_free char *cmdline = xasprintf("%s/proc/%d/cmdline", host->root, (int)pid);
	auto_free char *stat_text =
		xasprintf("%d (%s) S %d 1 1 0\n", (int)pid, name, (int)parent);
	FILE *file;

	put(host->root, stat, stat_text, 0444);
	file = fopen(cmdline, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(words, 1, len, file), len);
	fclose(file);
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(60); /* nobody ends it: the test fails then, and ends */
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

static int child_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* What was run goes to a file: a restart is carried out by a child of ours. */
static int run_to_file(struct ctx *ctx, const struct run_spec *spec,
                       struct run_result *ret, struct err *err)
{
	auto_free char *path = xasprintf("%s/run.log", ctx->root);
	FILE *file = fopen(path, "a");

	(void)err;
	*ret = (struct run_result){ 0 };
	for (size_t i = 0; spec->argv[i]; i++)
		fprintf(file, "%s%s", i ? " " : "", spec->argv[i]);
	fprintf(file, ";");
	fclose(file);
	return 0;
}

static void assert_run(struct host *host, const char *want)
{
	auto_buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(&host->ctx, "/run.log", 4096, &text, NULL, &err))
		err_clear(&err);
	assert_string_equal(buf_text(&text), want);
}

static void test_pid_file(void **state)
{
	static const char words[] = "/usr/sbin/opendkim\0-f\0-x\0/etc/other.conf";
	struct host *host = *state;
	pid_t pid = start_child();
	auto_free char *number = xasprintf("%d\n", (int)pid);
	struct err err = ERR_INIT;

	host->ctx.run = run_to_file;
	put(host->root, "/etc/opendkim.conf", "PidFile /run/a.pid\npidfile  /run/b.pid\n",
	    0644);
	put(host->root, "/run/a.pid", "1\n", 0644);
	put(host->root, "/run/b.pid", number, 0644);
	assert_false(service_is_running(&host->ctx, "opendkim")); /* a stale file */
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_RELOAD, &err),
	                 ERR_FAILED);
	assert_string_equal(err.text, "opendkim is not running");
	put_process(host, pid, "opendkim", 1, words, sizeof(words));
	assert_int_equal(service_look(&host->ctx, "opendkim"),
	                 SERVICE_WAS_RUNNING | SERVICE_WAS_ENABLED);
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_START, &err), 0);
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_ENABLE, &err), 0);
	assert_run(host, "");
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_RELOAD, &err), 0);
	assert_int_equal(child_end(pid), SIGUSR1);
}

static void test_restart(void **state)
{
	static const char words[] = "/usr/sbin/opendkim\0-f\0-x\0/etc/other.conf";
	struct host *host = *state;
	pid_t pid = start_child();
	struct err err = ERR_INIT;

	host->ctx.run = run_to_file;
	put_process(host, pid, "opendkim", 1, words, sizeof(words)); /* no PidFile */
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_RESTART, &err), 0);
	assert_int_equal(child_end(pid), SIGTERM);
	assert_run(host, "/usr/sbin/opendkim -x /etc/other.conf;");
	assert_false(service_is_running(&host->ctx, "postsrsd"));
}

/* A listening socket of a process: its descriptor, and the kernel's table. */
static void put_listener(struct host *host, pid_t pid, unsigned port)
{
	auto_free char *folder = xasprintf("%s/proc/%d/fd", host->root, (int)pid);
	auto_free char *link = xasprintf("%s/3", folder);
	auto_free char *table =
		xasprintf("  sl  local_address rem_address   st\n"
	                  "   0: 0100007F:%04X 00000000:0000 0A 0:0 0:0 0 0 "
	                  "0 4711 1\n",
	                  port);

	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(symlink("socket:[4711]", link), 0);
	put(host->root, "/proc/net/tcp", table, 0444);
}

/* Its children serve with the old settings for half an hour: they end with it, and are not it. */
static void test_postsrsd(void **state)
{
	struct host *host = *state;
	pid_t parent = start_child(), child = start_child(), other = start_child();
	struct err err = ERR_INIT;

	host->ctx.run = run_to_file;
	put(host->root, "/etc/init.d/postsrsd", "#!/bin/sh\n", 0755);
	put_process(host, parent, "postsrsd", 1, "x", 2);
	put_process(host, child, "postsrsd", parent, "x", 2);
	put_process(host, other, "postsrsdx", 1, "x", 2);
	assert_false(service_is_running(&host->ctx, "postsrsd"));
	put_listener(host, parent, 10001);
	assert_true(service_is_running(&host->ctx, "postsrsd"));
	assert_int_equal(service_act(&host->ctx, "postsrsd", SERVICE_RELOAD, &err), 0);
	assert_run(host, "/etc/init.d/postsrsd start;");
	assert_int_equal(child_end(parent), SIGTERM);
	assert_int_equal(child_end(child), SIGTERM);
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(child_end(other), SIGKILL);
}

/* A package that ships a unit and no script. */
static void test_unit_without_systemd(void **state)
{
	static const char old[] = "postsrsd\0-C\0/etc/old.conf";
	static const struct {
		const char *path, *unit;
		const char *command;      /* for people; NULL: none is known */
		const char *first, *then; /* how it is started, and started again */
	} rows[] = {
		{ NULL, NULL, NULL, "", "setsid -f postsrsd -C /etc/old.conf;" },
		{ "/lib/systemd/system/postsrsd.service",
		  "[Service]\nExecStart=/usr/bin/launcher\n",
		  "setsid -f /usr/bin/launcher", "setsid -f /usr/bin/launcher;",
		  "setsid -f /usr/bin/launcher;" },
		{ "/usr/lib/systemd/system/postsrsd.service",
		  "[Unit]\nAfter=x\n[Service]\nExecStart=-/sbin/postsrsd  -f -C /a\nUser=x\n",
		  "setsid -f /sbin/postsrsd  -f -C /a",
		  "setsid -f /sbin/postsrsd -f -C /a;",
		  "setsid -f /sbin/postsrsd -f -C /a;" },
		{ "/etc/systemd/system/postsrsd.service", "[Service]\nExecStart= /own\n",
		  "setsid -f /own", "setsid -f /own;", "setsid -f /own;" },
		{ "/etc/init.d/postsrsd", "#!/bin/sh\n", "/etc/init.d/postsrsd start",
		  "/etc/init.d/postsrsd start;", "/etc/init.d/postsrsd start;" },
	};
	struct host *host = *state;
	auto_free char *log = xasprintf("%s/run.log", host->root);

	host->ctx.run = run_to_file;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		pid_t pid;

		if (rows[i].path)
			put(host->root, rows[i].path, rows[i].unit, 0755);
		auto_free char *command = service_start_command(&host->ctx, "postsrsd");
		if (rows[i].command)
			assert_string_equal(command, rows[i].command);
		else
			assert_null(command);
		assert_int_equal(
			service_act(&host->ctx, "postsrsd", SERVICE_ENABLE, &err),
			rows[i].command ? 0 : ERR_FAILED);
		if (!rows[i].command)
			assert_non_null(
				strstr(err.text, "neither systemd nor /etc/init.d"));
		assert_run(host, rows[i].first);
		(void)unlink(log);

		pid = start_child();
		put_process(host, pid, "postsrsd", 1, old, sizeof(old));
		put_listener(host, pid, 10001);
		err_clear(&err);
		assert_int_equal(
			service_act(&host->ctx, "postsrsd", SERVICE_RESTART, &err), 0);
		assert_int_equal(child_end(pid), SIGTERM);
		assert_run(host, rows[i].then);
		auto_free char *stat = xasprintf("%s/proc/%d/stat", host->root, (int)pid);
		assert_int_equal(unlink(log) | unlink(stat), 0);
	}
}

/* ---- what is remembered ----------------------------------------------------------------------- */

static int settle_and_push(struct host *host, struct plan *plan, struct err *err)
{
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = plan };
	int rc = owned_plan_services(&host->ctx, host->target, false, plan, err);

	if (!rc)
		rc = plan_prune(&host->ctx, plan, err);
	if (!rc && plan->count)
		rc = engine_prepare(&engine, (struct generation){ 1, 2 }, err);
	if (!rc && plan->count)
		rc = engine_switch(&engine, note_owned, host, err);
	engine_done(&engine);
	return rc;
}

/* On, on again, off, off again: from what the service was, and back to it. */
static void test_given_back(void **state)
{
	static const struct {
		const char *active, *file;
		const char *on, *off;
	} rows[] = {
		{ "inactive", "disabled", "enable opendmarc;start opendmarc;",
		  "disable opendmarc;stop opendmarc;" },
		{ "inactive", "enabled", "enable opendmarc;start opendmarc;",
		  "stop opendmarc;" },
		{ "active", "disabled",
		  "restart opendmarc;enable opendmarc;start opendmarc;",
		  "restart opendmarc;disable opendmarc;" },
		{ "active", "enabled", "restart opendmarc;", "restart opendmarc;" },
	};
	struct host *host = *state;

	make_systemd(host);
	unit.load = "loaded";
	unit.after = "active";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		unit.active = rows[i].active;
		unit.file = rows[i].file;
		for (int round = 0; round < 4; round++) {
			auto_plan plan = PLAN_INIT;
			bool is_on = round < 2, is_change = round % 2 == 0;

			plan_service(&plan, RANK_PROVIDERS, "opendmarc", SERVICE_RESTART,
			             plan_cause(&plan, "a filter"));
			plan_service(&plan, RANK_PROVIDERS, "opendmarc",
			             is_on ? SERVICE_ENABLE : SERVICE_DISABLE, 0);
			if (is_change)
				plan_file(&plan, RANK_PROVIDERS, "/etc/opendmarc.conf",
				          is_on ? "x" : "y", 1, FILE_META_KEEP,
				          plan_cause(&plan, "a filter"));
			assert_int_equal(settle_and_push(host, &plan, &err), 0);
			if (is_on)
				unit.file = "enabled";
			assert_string_equal(buf_text(&unit.told), !is_change ? ""
			                                          : is_on    ? rows[i].on
			                                                  : rows[i].off);
			buf_done(&unit.told);
			if (round == 2)
				unit.file = rows[i].file;
		}
		assert_string_equal(unit.active, rows[i].active);
	}
}

static void test_masked_is_undone(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	auto_free char *before = NULL;
	struct err err = ERR_INIT;

	make_systemd(host);
	unit.load = unit.file = "masked";
	unit.active = "inactive";
	before = snapshot(host);
	plan_file(&plan, RANK_PROVIDERS, "/etc/opendmarc.conf", "x", 1, FILE_META_KEEP,
	          plan_cause(&plan, "a filter"));
	plan_service(&plan, RANK_PROVIDERS, "opendmarc", SERVICE_ENABLE, 0);
	assert_int_equal(settle_and_push(host, &plan, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "the unit opendmarc is masked"));
	assert_state(host, "undone");
	assert_same_tree(host, before);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_units),
		ROW(test_clients),
		ROW(test_unknown),
		ROW(test_stale_unit),
		ROW(test_look),
		ROW(test_pid_file),
		ROW(test_restart),
		ROW(test_postsrsd),
		ROW(test_unit_without_systemd),
		ROW(test_given_back),
		ROW(test_masked_is_undone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
