/* recover: what a push that was interrupted leaves, and the next one ends. */
#include "core/mta/engine/journal.h"
#include "tests/unit/fake_host.h"

#include <limits.h>
#include <sys/syscall.h>

/* ---- recovery ------------------------------------------------------------------------------------ */

enum crash { AT_PREPARED, AT_COMMAND };

/* A child does it and dies where `world.exit_on` says. */
static void crash(struct host *host, enum crash where)
{
	pid_t pid;
	int status;

	host_close(host);
	pid = fork();
	if (pid == 0) {
		auto_plan plan = PLAN_INIT;
		struct err err = ERR_INIT;
		struct engine engine = { 0 };

		host_open(host);
		engine = (struct engine){ .ctx = &host->ctx,
			                  .target = host->target,
			                  .plan = &plan };
		plan_all(&plan);
		prune(host, &plan);
		if (engine_prepare(&engine, (struct generation){ 1, 2 }, &err))
			_exit(1);
		if (where == AT_PREPARED)
			_exit(7);
		_exit(engine_switch(&engine, note_owned, host, &err) ? 3 : 2);
	}
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	host_open(host);
}

/* In place of the C library's: the folders that are synced, while `is_noting`. */
static struct buf synced;
static bool is_noting;

static void note_folder(int fd)
{
	char link[64], path[PATH_MAX];
	struct stat st;
	if (!is_noting || fstat(fd, &st) || !S_ISDIR(st.st_mode))
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	buf_printf(&synced, "%.*s;", len < 0 ? 0 : (int)len, path);
}

int fsync(int fd)
{
	note_folder(fd);
	return (int)syscall(SYS_fsync, fd);
}

/* A child recovers, and dies in an action of it. */
static void crash_again(struct host *host)
{
	struct err err = ERR_INIT;
	pid_t pid;
	int status;

	host_close(host);
	pid = fork();
	if (pid == 0) {
		host_open(host);
		_exit(recover_open_push(&(struct step_run){ .ctx = &host->ctx,
		                                            .target = host->target,
		                                            .force = false },
		                        &err)
		              ? 3
		              : 2);
	}
	assert_true(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	host_open(host);
	assert_state(host, "undoing");
}

/* A push that was undone and not synced comes back with a power cut; also where a crash came after
 * the restoring and before the sync, so that there is nothing to restore. */
static void test_recover_syncs(void **state)
{
	static const char *const folders[] = { "/etc/postfix", "/etc", "/etc/dkimkeys",
		                               "/etc/dkimkeys/example.org" };
	struct host *host = *state;
	struct err err = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		world.exit_on = "/etc/postfix reload";
		crash(host, AT_COMMAND);
		if (i == 1)
			crash_again(host);
		world.exit_on = NULL;
		is_noting = true;
		assert_int_equal(
			recover_open_push(&(struct step_run){ .ctx = &host->ctx,
		                                              .target = host->target,
		                                              .force = false },
		                          &err),
			0);
		is_noting = false;
		for (size_t k = 0; k < ARRAY_LEN(folders); k++) {
			auto_free char *path = xasprintf("%s%s;", host->root, folders[k]);
			if (!strstr(buf_text(&synced), path))
				fail_msg("%d: %s is not among: %s", i, path,
				         buf_text(&synced));
		}
		buf_clear(&synced);
	}
	buf_done(&synced);
}

static void test_recover(void **state)
{
	static const struct {
		const char *name;
		enum crash where;
		const char *exit_on, *fail_on, *state;
	} rows[] = {
		{ "prepared", AT_PREPARED, NULL, NULL, "prepared" },
		{ "providers", AT_COMMAND, "/etc/filter reload", NULL, "switching" },
		{ "consumers", AT_COMMAND, "/etc/postfix reload", NULL, "switching" },
	};
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world.exit_on = rows[i].exit_on;
		crash(host, rows[i].where);
		world.exit_on = NULL;
		assert_state(host, rows[i].state);
		assert_int_equal(
			recover_open_push(&(struct step_run){ .ctx = &host->ctx,
		                                              .target = host->target,
		                                              .force = false },
		                          &err),
			0);
		assert_state(host, "undone");
		assert_same_tree(host, before);
		/* idempotent, and nothing is open any more */
		assert_int_equal(
			recover_open_push(&(struct step_run){ .ctx = &host->ctx,
		                                              .target = host->target,
		                                              .force = false },
		                          &err),
			0);
		assert_same_tree(host, before);
	}
	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
}

/* Dies in the switch and again in the recovery's own service action. */
static void test_recover_twice(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	struct err err = ERR_INIT;

	world.exit_on = "/etc/postfix reload";
	crash(host, AT_COMMAND);
	crash_again(host);
	world.exit_on = NULL;
	assert_int_equal(recover_open_push(&(struct step_run){ .ctx = &host->ctx,
	                                                       .target = host->target,
	                                                       .force = false },
	                                   &err),
	                 0);
	assert_same_tree(host, before);
	assert_string_equal(
		buf_text(&world.runs),
		"postfix -c /etc/postfix reload;postfix -c /etc/filter reload;");
}

static void test_recover_drift(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host), *after = NULL;
	struct err err = ERR_INIT;

	world.exit_on = "/etc/postfix reload";
	crash(host, AT_COMMAND);
	world.exit_on = NULL;
	put(host->root, MAIN_CF, "edited by hand\n", 0640);
	assert_int_equal(recover_open_push(&(struct step_run){ .ctx = &host->ctx,
	                                                       .target = host->target,
	                                                       .force = false },
	                                   &err),
	                 ERR_FAILED);
	assert_non_null(strstr(buf_text(&world.reports), MAIN_CF));
	after = snapshot(host);
	assert_non_null(strstr(after, "edited by hand"));
	assert_non_null(strstr(after, "OLD SECRET"));
	assert_null(strstr(after, "mailauthctl"));
	assert_state(host, "undone");
	put(host->root, MAIN_CF, "myhostname = mx.example.com\n# by hand\n", 0640);
	assert_same_tree(host, before);
}

static void test_recover_force(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	struct err err = ERR_INIT;

	world.exit_on = "/etc/postfix reload";
	crash(host, AT_COMMAND);
	world.exit_on = NULL;
	put(host->root, MAIN_CF, "edited by hand\n", 0640);
	assert_int_equal(recover_open_push(&(struct step_run){ .ctx = &host->ctx,
	                                                       .target = host->target,
	                                                       .force = true },
	                                   &err),
	                 0);
	assert_same_tree(host, before);
}

/* main.cf cannot be put back, so what it names stays. */
static void test_recover_stops(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	auto_free char *path = xasprintf("%s%s", host->root, MAIN_CF);
	struct err err = ERR_INIT;

	world.exit_on = "/etc/postfix reload";
	crash(host, AT_COMMAND);
	world.exit_on = NULL;
	assert_int_equal(unlink(path) | mkdir(path, 0755), 0);
	assert_int_equal(recover_open_push(&(struct step_run){ .ctx = &host->ctx,
	                                                       .target = host->target,
	                                                       .force = false },
	                                   &err),
	                 ERR_FAILED);
	assert_true(stands(host->root, TABLE) && stands(host->root, KEY));
	assert_state(host, "undoing");
	assert_int_equal(rmdir(path), 0);
	put(host->root, MAIN_CF, "milter\n", 0640);
	err_clear(&err);
	assert_int_equal(recover_open_push(&(struct step_run){ .ctx = &host->ctx,
	                                                       .target = host->target,
	                                                       .force = false },
	                                   &err),
	                 0);
	assert_same_tree(host, before);
}

static void test_recover_ending(void **state)
{
	struct host *host = *state;
	auto_free char *after = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	after = snapshot(host);
	put(host->root, "/etc/leaving.mailauthctl-old", "goes away\n", 0604);
	put(host->root, OLD_KEY ".mailauthctl-old", "OLD SECRET\n", 0600);
	assert_int_equal(journal_move(host->target, 1, PUSH_ENDING, -1, NULL, &err), 0);
	assert_int_equal(recover_open_push(&(struct step_run){ .ctx = &host->ctx,
	                                                       .target = host->target,
	                                                       .force = false },
	                                   &err),
	                 0);
	assert_state(host, "done");
	assert_same_tree(host, after);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_recover),        ROW(test_recover_twice),
		ROW(test_recover_syncs),  ROW(test_recover_drift),
		ROW(test_recover_force),  ROW(test_recover_stops),
		ROW(test_recover_ending),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
