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
	int64_t began = monotonic_ns();
	pid_t child = hang_up_after(host, 8);
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_STOP, &err), 0);
	assert_true(monotonic_ns() - began < 4 * NS_PER_SEC); /* not the whole limit */
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
		ROW(test_given_back),
		ROW(test_masked_is_undone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
