/*
 * Settings of a server that is reached over a connection: a small server on the loopback kills the push, or
 * its recovery, at each call, before and after it carries the call out; it dies, and it never answers.
 */
#include "tests/unit/fake_host.h"
#include "tests/unit/loopback.h"

#include <dirent.h>

#include "core/mta/engine/history.h"

/* ---- pushes ---------------------------------------------------------------------------------------- */

/* Which state is asked for: 0 nothing of ours, 1, 2. */
static int wanted;
static bool is_key_gone; /* the database has key 1 no more */

enum { CALLS = 15 }; /* of a push */

static int pem(void *arg, int64_t key_id, struct secret *ret_pem, struct err *err)
{
	auto_free char *text = xasprintf("PRIVATE %d", (int)key_id);

	(void)arg;
	if (is_key_gone && key_id == 1)
		return err_set(err, ERR_MISSING, "no such key");
	secret_set(ret_pem, text, strlen(text));
	return 0;
}

static struct step *plan_setting(struct plan *plan, enum step_rank rank, const char *name,
                                 const char *value)
{
	const struct remote_server at = { url, "/etc/token" };
	struct remote_value before = now(name);
	struct remote_value next = { .is_set = value != NULL };

	if (value)
		secret_set(&next.text, value, strlen(value));
	struct step *step =
		plan_remote(plan, rank, &loopback, &at, name, &before, &next, 0);
	secret_done(&before.text);
	secret_done(&next.text);
	return step;
}

static void plan_key_setting(struct plan *plan, int64_t key_id)
{
	const struct remote_server at = { url, "/etc/token" };
	struct remote_value before = now("key");
	auto_secret text = SECRET_INIT;
	struct digest digest;

	assert_int_equal(pem(NULL, key_id, &text, NULL), 0);
	digest_of(text.at, text.len, &digest);
	plan_remote_key(plan, RANK_DATA, &loopback, &at, "key", &before, key_id, &digest,
	                0);
	secret_done(&before.text);
}

static void make(struct plan *plan)
{
	auto_free char *text = xasprintf("state %d\n", wanted);

	*plan = PLAN_INIT;
	plan->key_source = (struct key_source){ .pem = pem };
	plan_key_setting(plan, wanted);
	plan_setting(plan, RANK_TABLES, "selector", wanted == 1 ? "s1" : "s2");
	plan_file(plan, RANK_CONSUMERS, MAIN_CF, text, strlen(text), FILE_META_KEEP, 0);
	plan_setting(plan, RANK_CONSUMERS, "password",
	             wanted == 1 ? "SECRET 1" : "SECRET 2")
		->is_secret = true;
	plan_setting(plan, RANK_CONSUMERS, "sign", wanted == 1 ? NULL : "on");
	plan_setting(plan, RANK_LEFTOVERS, "legacy", wanted == 1 ? "x" : NULL);
}

/* What the server and the host have, as text. */
static char *whole(struct host *host)
{
	static const char *const names[] = { "key", "selector", "password", "sign",
		                             "legacy" };
	auto_free char *files = snapshot(host);
	struct buf text = BUF_INIT;

	buf_puts(&text, files);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		buf_printf(&text, "%s=%s\n", names[i],
		           find(names[i], false) ? find(names[i], false) : "");
	return buf_take(&text);
}

static void reach(struct host *host, int state, char **ret_whole)
{
	char text[2048];

	wanted = state;
	if (push_plan_of(host, make, text))
		fail_msg("%s", text);
	assert_state(host, "done");
	*ret_whole = whole(host);
}

static int recover(struct host *host, struct err *err)
{
	const struct step_run run = { .ctx = &host->ctx,
		                      .target = host->target,
		                      .keys = { pem, NULL } };

	return recover_open_push(&run, err);
}

static int do_push(struct host *host)
{
	return push_plan_of(host, make, NULL);
}

static int do_recover(struct host *host)
{
	struct err err = ERR_INIT;

	return recover(host, &err);
}

/* In a child that the server kills at its call number `call`; whether it was killed. */
static bool is_killed(struct host *host, int (*what)(struct host *), int call,
                      bool is_late)
{
	pid_t pid;
	int status;

	host_close(host);
	server->is_kill_late = is_late;
	pid = fork();
	if (pid == 0) {
		host_open(host);
		server->calls = 0;
		server->kill_at = call;
		_exit(what(host) ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	server->kill_at = 0;
	host_open(host);
	if (!WIFSIGNALED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

static int start(void **state)
{
	is_key_gone = false;
	map_server();
	return setup(state);
}

static int end(void **state)
{
	end_server();
	munmap(server, sizeof(*server));
	return teardown(state);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

static int show_step(void *arg, const struct step *step, struct err *err)
{
	(void)err;
	if (step->kind == STEP_REMOTE)
		step_remote_type.show(step, false, arg);
	return 0;
}

static void test_push(void **state)
{
	struct host *host = *state;
	auto_free char *first = NULL, *second = NULL;
	auto_plan again = PLAN_INIT;
	auto_buf shown = BUF_INIT;
	struct err err = ERR_INIT;
	int64_t secrets = -1;

	strcpy(find("selector", true), "admin");
	reach(host, 1, &first);
	assert_non_null(strstr(
		first,
		"key=PRIVATE 1\nselector=s1\npassword=SECRET 1\nsign=\nlegacy=x\n"));
	reach(host, 2, &second);
	assert_non_null(strstr(
		second,
		"key=PRIVATE 2\nselector=s2\npassword=SECRET 2\nsign=on\nlegacy=\n"));
	make(&again);
	prune(host, &again);
	assert_int_equal(again.count, 0);
	assert_int_equal(history_steps(host->target, 2, show_step, &shown, &err), 0);
	auto_free char *want = xasprintf("# %s key: private key, replaced\n"
	                                 "--- %s selector\n+++ %s selector\n"
	                                 "@@ -1,1 +1,1 @@\n-s1\n",
	                                 url, url, url);
	if (strncmp(buf_text(&shown), want, strlen(want)) != 0)
		fail_msg("%s", buf_text(&shown));
	assert_int_equal(store_get_int(host->target, &secrets, &err,
	                               "SELECT count(*) FROM blob "
	                               "WHERE octets LIKE '%PRIVATE%' "
	                               "OR octets LIKE '%SECRET%'",
	                               ""),
	                 1);
	assert_int_equal(secrets, 0);
}

/* What stood there before our first push comes back; a key that we know nothing of does not. */
static void test_removal(void **state)
{
	struct host *host = *state;
	auto_free char *second = NULL;
	struct err err = ERR_INIT;
	auto_plan plan = PLAN_INIT;
	struct step_run run = { .ctx = &host->ctx, .target = host->target };
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	strcpy(find("selector", true), "admin");
	strcpy(find("key", true), "THEIRS");
	reach(host, 2, &second);
	strcpy(find("sign", true), "edited");
	assert_int_equal(owned_plan_removal(&run, &plan, &err), 0);
	assert_int_equal(plan.notes, 1);
	assert_string_equal(plan.note[0].text,
	                    "sign was edited since it was pushed: it is not changed");
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), 0);
	engine_done(&engine);
	assert_string_equal(find("selector", false), "admin");
	assert_string_equal(find("key", false), "");
	assert_string_equal(find("sign", false), "edited");
}

/* Nothing is planned for a server that does not say what it has. */
static void test_no_answer(void **state)
{
	struct host *host = *state;
	auto_free char *second = NULL;
	struct err err = ERR_INIT;
	auto_plan plan = PLAN_INIT;
	struct step_run run = { .ctx = &host->ctx, .target = host->target };
	reach(host, 2, &second);
	end_server();
	assert_int_equal(owned_plan_removal(&run, &plan, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "nobody listens"));
	start_server();
}

static void test_kill_push(void **state)
{
	struct host *host = *state;
	auto_free char *old = NULL, *next = NULL;
	int killed = 0;

	for (int late = 0; late < 2; late++)
		for (int call = 1;; call++) {
			struct err err = ERR_INIT;

			free(old);
			reach(host, 1, &old);
			wanted = 2;
			if (!is_killed(host, do_push, call, late))
				break;
			killed++;
			if (recover(host, &err))
				fail_msg("call %d: %s", call, err.text);
			auto_free char *after = whole(host);
			assert_string_equal(after, old);
			free(next);
			reach(host, 2, &next);
			assert_non_null(strstr(next, "key=PRIVATE 2\nselector=s2\n"));
		}
	/* five are read for the plan, five read and written when they are switched */
	assert_int_equal(killed, 2 * CALLS);
}

static void test_kill_recovery(void **state)
{
	struct host *host = *state;
	auto_free char *old = NULL;
	int killed = 0;

	for (int late = 0; late < 2; late++)
		for (int call = 1;; call++) {
			struct err err = ERR_INIT;
			bool again;

			free(old);
			reach(host, 1, &old);
			wanted = 2;
			assert_true(is_killed(host, do_push, CALLS, true));
			again = is_killed(host, do_recover, call, late);
			killed += again;
			if (again && recover(host, &err))
				fail_msg("call %d: %s", call, err.text);
			auto_free char *after = whole(host);
			assert_string_equal(after, old);
			if (!again)
				break;
		}
	assert_int_equal(killed, 2 * 10);
}

/* Dead, or never answering: the push stays open until the server is there again. */
static void test_unreachable(void **state)
{
	struct host *host = *state;
	char text[2048];

	for (int mute = 0; mute < 2; mute++) {
		auto_free char *old = NULL, *next = NULL;
		struct err err = ERR_INIT;
		int64_t began;

		reach(host, 1, &old);
		wanted = 2;
		assert_true(is_killed(host, do_push, 11, true));
		server->calls = 0;
		if (mute)
			server->mute_from = 1;
		else
			end_server();
		for (int round = 0; round < 2; round++) {
			began = monotonic_ns();
			err_clear(&err);
			assert_int_equal(recover(host, &err), ERR_FAILED);
			assert_true(monotonic_ns() - began < 5 * NS_PER_SEC);
			assert_non_null(
				strstr(err.text, "cannot be reached, so its setting "));
			assert_non_null(
				strstr(err.text, mute ? "too late" : "nobody listens"));
			assert_state(host, "undoing");
		}
		if (mute)
			server->mute_from = 0;
		else
			start_server();
		err_clear(&err);
		if (recover(host, &err))
			fail_msg("%s", err.text);
		assert_state(host, "undone");
		auto_free char *after = whole(host);
		assert_string_equal(after, old);
		/* live: it fails in the middle, and what failed was not carried out */
		server->calls = 0;
		server->mute_from = 9;
		assert_int_equal(push_plan_of(host, make, text), ERR_FAILED);
		assert_non_null(strstr(text, "could not be restored completely"));
		assert_state(host, "undoing");
		server->mute_from = 0;
		assert_int_equal(recover(host, &err), 0);
		auto_free char *then = whole(host);
		assert_string_equal(then, old);
		reach(host, 2, &next);
	}
}

/* A failure keeps its remedy, whatever is added to its sentence. */
static void test_remedy(void **state)
{
	struct host *host = *state;
	auto_free char *old = NULL;
	auto_free char *remedy = xasprintf("start %s", url);
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	reach(host, 1, &old);
	wanted = 2;
	make(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	server->calls = 0;
	server->mute_from = 4;
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_non_null(strstr(err.text, "could not be restored completely"));
	assert_string_equal(err.remedy, remedy);
	err_clear(&err);
	assert_int_equal(recover(host, &err), ERR_FAILED);
	assert_string_equal(err.remedy, remedy);
	server->mute_from = 0;
	assert_int_equal(recover(host, &err), 0);
}

/* What somebody else set stays, and the push does not go on over it. */
static void test_changed(void **state)
{
	struct host *host = *state;
	auto_free char *old = NULL;
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	reach(host, 1, &old);
	wanted = 2;
	make(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	strcpy(find("sign", true), "theirs");
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_non_null(strstr(err.text, "sign was changed outside mailauthctl"));
	assert_string_equal(find("key", false), "PRIVATE 1");
	assert_string_equal(find("selector", false), "s1");
	assert_string_equal(find("sign", false), "theirs");
	strcpy(find("sign", true), "");
	assert_true(is_killed(host, do_push, CALLS, true));
	strcpy(find("selector", true), "theirs");
	err_clear(&err);
	assert_int_equal(recover(host, &err), ERR_FAILED);
	assert_non_null(
		strstr(buf_text(&world.reports),
	               "selector was changed outside mailauthctl during the push"));
	assert_string_equal(find("selector", false), "theirs");
	assert_string_equal(find("key", false), "PRIVATE 1");
	assert_state(host, "undone");
}

/* What an open push keeps of the secrets that were there before. */
static int count_asides(struct host *host)
{
	auto_free char *folder = xasprintf("%s" TARGET_FOLDER, host->root);
	DIR *dir = opendir(folder);
	struct stat st;
	int count = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (strncmp(entry->d_name, "old-", 4) == 0) {
			assert_int_equal(fstatat(dirfd(dir), entry->d_name, &st, 0), 0);
			assert_int_equal(st.st_mode & 07777, 0600);
			count++;
		}
	closedir(dir);
	return count;
}

/* Secrets that no database has come back, too: an admin's, a password, a key that the very change deleted. */
static void test_secrets(void **state)
{
	struct host *host = *state;
	auto_free char *theirs = NULL, *ours = NULL, *then = NULL;
	struct err err = ERR_INIT;
	char text[2048];

	strcpy(find("key", true), "THEIRS");
	strcpy(find("password", true), "THEIRS, TOO");
	theirs = whole(host);
	wanted = 1;
	for (int call = 6; is_killed(host, do_push, call, true); call++) {
		assert_int_equal(count_asides(host), 2);
		if (recover(host, &err))
			fail_msg("call %d: %s", call, err.text);
		auto_free char *after = whole(host);
		assert_string_equal(after, theirs);
		assert_int_equal(count_asides(host), 0);
	}
	ours = whole(host);
	assert_non_null(strstr(ours, "key=PRIVATE 1\nselector=s1\npassword=SECRET 1\n"));
	assert_int_equal(count_asides(host), 0);
	is_key_gone = true;
	wanted = 2;
	assert_true(is_killed(host, do_push, CALLS, true));
	assert_int_equal(count_asides(host), 2);
	end_server();
	assert_int_equal(recover(host, &err), ERR_FAILED);
	assert_int_equal(count_asides(host), 2);
	start_server();
	assert_int_equal(recover(host, &err), 0);
	then = whole(host);
	assert_string_equal(then, ours);
	/* live */
	server->calls = 0;
	server->mute_from = CALLS;
	assert_int_equal(push_plan_of(host, make, text), ERR_FAILED);
	server->mute_from = 0;
	assert_int_equal(recover(host, &err), 0);
	free(then);
	then = whole(host);
	assert_string_equal(then, ours);
	assert_int_equal(count_asides(host), 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_push),          ROW(test_removal),     ROW(test_kill_push),
		ROW(test_kill_recovery), ROW(test_unreachable), ROW(test_changed),
		ROW(test_secrets),       ROW(test_no_answer),   ROW(test_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
