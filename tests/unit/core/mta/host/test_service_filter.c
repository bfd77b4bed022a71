/* Filters where no systemd runs the machine: found, told, started, started again and ended. */
#include "tests/unit/fake_process.h"

#include <pwd.h>

#include "core/mta/host/service.h"

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

/* ---- the first start --------------------------------------------------------------------------- */

/* Fails as a program that cannot be run, and that only. */
static int run_fails(struct ctx *ctx, const struct run_spec *spec, struct run_result *ret,
                     struct err *err)
{
	(void)ctx, (void)ret;
	return err_set(err, ERR_FAILED, "cannot start %s", spec->argv[0]);
}

/* The folder of the PidFile is made before the program starts, for the user of the configuration; /run
 * itself is there. */
static void test_start(void **state)
{
	static const struct {
		const char *config;
		const char *folder; /* that is made; NULL: none */
		bool is_users;      /* ... and belongs to the user */
	} rows[] = {
		{ "Syslog yes\n", "/run/opendkim", false },
		{ "PidFile\t/run/own/x.pid \r\nUserID USER:mail\n", "/run/own", true },
		{ "PidFile /run/own/x.pid\nUserID USER\n", "/run/own", true },
		{ "PidFile /run/more/x.pid\nUserID nobody-here\n", "/run/more", false },
		{ "PidFile /run/x.pid\nPidFile/run/no/x.pid\n#PidFile /run/no/y.pid\n",
		  NULL, false },
	};
	struct host *host = *state;
	auto_free char *log = xasprintf("%s/run.log", host->root);
	auto_free char *run = xasprintf("%s/run", host->root);

	host->ctx.run = run_to_file;
	assert_int_equal(mkdir(run, 0755), 0);
	/* who is not root can give a folder to nobody else */
	const struct passwd *user = getuid() ? getpwuid(getuid()) : getpwnam("mail");
	if (!user)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct stat st;

		auto_buf config = BUF_INIT;
		const char *at = strstr(rows[i].config, "USER");
		buf_add(&config, rows[i].config,
		        at ? (size_t)(at - rows[i].config) : strlen(rows[i].config));
		if (at)
			buf_printf(&config, "%s%s", user->pw_name, at + strlen("USER"));
		put(host->root, "/etc/opendkim.conf", buf_text(&config), 0644);
		auto_free char *command = service_start_command(&host->ctx, "opendkim");
		assert_string_equal(command, "opendkim -x /etc/opendkim.conf");
		assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_START, &err),
		                 0);
		assert_run(host, "opendkim -x /etc/opendkim.conf;");
		assert_int_equal(unlink(log), 0);
		if (rows[i].folder) {
			auto_free char *path =
				xasprintf("%s%s", host->root, rows[i].folder);
			assert_int_equal(stat(path, &st), 0);
			assert_int_equal(st.st_mode & 07777, 0755);
			assert_int_equal(st.st_uid,
			                 rows[i].is_users ? user->pw_uid : getuid());
			assert_int_equal(rmdir(path), 0);
		}
		assert_int_equal(rmdir(run), 0); /* nothing else was made */
		assert_int_equal(mkdir(run, 0755), 0);
	}
}

/* A script would believe the file that a process has left; one that cannot be removed is the fault. */
static void test_left_pid_file(void **state)
{
	struct host *host = *state;
	auto_free char *path = xasprintf("%s/run/postsrsd.pid", host->root);
	struct err err = ERR_INIT;

	host->ctx.run = run_to_file;
	put(host->root, "/etc/init.d/postsrsd", "#!/bin/sh\n", 0755);
	put(host->root, "/run/postsrsd.pid", "1\n", 0644);
	assert_int_equal(service_act(&host->ctx, "postsrsd", SERVICE_START, &err), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_run(host, "/etc/init.d/postsrsd start;");
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(service_act(&host->ctx, "postsrsd", SERVICE_START, &err) < 0);
	assert_non_null(strstr(err.text, "/run/postsrsd.pid"));
	assert_run(host, "/etc/init.d/postsrsd start;");
	assert_int_equal(rmdir(path), 0);
	/* a program that is no script keeps its own */
	err_clear(&err);
	put(host->root, "/run/opendkim/opendkim.pid", "1\n", 0644);
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_START, &err), 0);
	auto_free char *kept = xasprintf("%s/run/opendkim/opendkim.pid", host->root);
	assert_int_equal(access(kept, F_OK), 0);
}

/* The child that restarts it says what went wrong, and a start that fails is one. */
static void test_start_fails(void **state)
{
	static const char words[] = "/usr/sbin/opendkim\0-x\0/etc/other.conf";
	struct host *host = *state;
	pid_t pid = start_child();
	struct err err = ERR_INIT;

	host->ctx.run = run_fails;
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_START, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "cannot start"));
	err_clear(&err);
	put_process(host, pid, "opendkim", 1, words, sizeof(words));
	assert_int_equal(service_act(&host->ctx, "opendkim", SERVICE_RESTART, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "cannot start"));
	assert_int_equal(child_end(pid), SIGTERM);
}

static void test_stop(void **state)
{
	struct host *host = *state;
	pid_t pid = start_child();
	struct err err = ERR_INIT;

	host->ctx.run = run_to_file;
	assert_int_equal(service_act(&host->ctx, "opendmarc", SERVICE_STOP, &err), 0);
	assert_int_equal(service_act(&host->ctx, "opendmarc", SERVICE_DISABLE, &err), 0);
	put_process(host, pid, "opendmarc", 1, "x", 2);
	assert_int_equal(service_act(&host->ctx, "opendmarc", SERVICE_DISABLE, &err), 0);
	assert_int_equal(child_end(pid), SIGTERM);
	assert_run(host, "");
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_pid_file),    ROW(test_restart),
		ROW(test_postsrsd),    ROW(test_unit_without_systemd),
		ROW(test_start),       ROW(test_left_pid_file),
		ROW(test_start_fails), ROW(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
