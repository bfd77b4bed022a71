/* Each kind of step by itself: what is taken back, from whatever a crash left, and what is shown. */
#include "core/base/digest.h"
#include "core/mta/engine/journal.h"
#include "tests/unit/fake_host.h"

/* ---- files --------------------------------------------------------------------------------------- */

#define PATH "/etc/f"
#define OLD "old\n"
#define NEW "new\n"
#define OTHER "edited\n"
#define ASIDE OLD "aside\n" /* so that it shows which of two copies came back */

static void digest_it(const char *text, struct digest *ret)
{
	digest_of(text, strlen(text), ret);
}

/* Content and mode, "-" where there is nothing. */
static char *at_path(const struct host *host, const char *path)
{
	auto_free char *full = xasprintf("%s%s", host->root, path);
	char text[64] = "";
	struct stat st;

	if (lstat(full, &st) < 0)
		return xstrdup("-");
	if (S_ISDIR(st.st_mode))
		return xasprintf("%o", st.st_mode & 07777);
	FILE *file = fopen(full, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return xasprintf("%s%o", text, st.st_mode & 07777);
}

static void empty(const struct host *host)
{
	static const char *const paths[] = { PATH, PATH ".mailauthctl-old", "/etc/d/in",
		                             "/etc/d" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		auto_free char *full = xasprintf("%s%s", host->root, paths[i]);
		(void)remove(full);
	}
}

/* What stands there, what the journal says, what comes of it: nothing, done or drift. */
static void test_undo_file(void **state)
{
	enum {
		WAS = 1,
		IS = 2,
		SECRET = 4,
		FORCE = 8,
		NO_BLOB = 16,
		META = 32,
		CHMOD = 64
	};
	static const struct {
		const char *now, *aside; /* NULL: nothing */
		int row;
		enum undo_result result;
		const char *after, *after_aside;
	} rows[] = {
		/* a file that was replaced; META: in mode alone */
		{ OLD, NULL, WAS | IS, UNDO_NOTHING, OLD "604", "-" },
		{ NEW, NULL, WAS | IS, UNDO_DONE, OLD "604", "-" },
		{ OLD, NULL, WAS | IS | META, UNDO_DONE, OLD "604", "-" },
		/* the old one with somebody's mode */
		{ OLD, NULL, WAS | IS | CHMOD, UNDO_NOTHING, OLD "640", "-" },
		{ OTHER, NULL, WAS | IS, UNDO_DRIFT, OTHER "640", "-" },
		{ OTHER, NULL, WAS | IS | FORCE, UNDO_DONE, OLD "604", "-" },
		{ NULL, NULL, WAS | IS, UNDO_DRIFT, "-", "-" },
		{ NULL, NULL, WAS | IS | FORCE, UNDO_DONE, OLD "604", "-" },
		/* a link that could not be made was a rename: the only copy */
		{ NULL, ASIDE, WAS | IS, UNDO_DONE, ASIDE "604", "-" },
		/* a new file */
		{ NEW, NULL, IS, UNDO_DONE, "-", "-" },
		{ NULL, NULL, IS, UNDO_NOTHING, "-", "-" },
		{ OTHER, NULL, IS, UNDO_DRIFT, OTHER "640", "-" },
		{ OTHER, NULL, IS | FORCE, UNDO_DONE, "-", "-" },
		/* a file that was taken away */
		{ NULL, ASIDE, WAS, UNDO_DONE, ASIDE "604", "-" },
		{ NULL, NULL, WAS, UNDO_DONE, OLD "604", "-" },
		{ OLD, NULL, WAS, UNDO_NOTHING, OLD "604", "-" },
		{ OLD, ASIDE, WAS, UNDO_NOTHING, OLD "604", "-" },
		{ OTHER, ASIDE, WAS, UNDO_DRIFT, OTHER "640", ASIDE "604" },
		{ OTHER, ASIDE, WAS | FORCE, UNDO_DONE, ASIDE "604", "-" },
		/* a secret: nothing but what waits beside it */
		{ NEW, ASIDE, WAS | IS | SECRET | NO_BLOB, UNDO_DONE, ASIDE "604", "-" },
		{ OLD, ASIDE, WAS | IS | SECRET | NO_BLOB, UNDO_NOTHING, OLD "604", "-" },
		{ OLD, NULL, WAS | IS | SECRET | NO_BLOB, UNDO_NOTHING, OLD "604", "-" },
		/* what stands beside a file that is no secret was not put there by the push */
		{ OLD, ASIDE, WAS | IS, UNDO_NOTHING, OLD "604", ASIDE "604" },
	};
	struct host *host = *state;
	struct digest old;
	auto_buf blob = BUF_INIT;
	struct err err = ERR_INIT;

	buf_puts(&blob, OLD);
	digest_it(OLD, &old);
	assert_int_equal(target_put_blob(host->target, &old, &blob, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const int is = rows[i].row;
		struct step_run run = { .ctx = &host->ctx,
			                .target = host->target,
			                .force = is & FORCE };
		struct step_row row = {
			.object = PATH,
			.had_old = is & WAS,
			.is_present = is & IS,
			.is_secret = is & SECRET,
			.old_meta = { 0604, geteuid(), getegid() },
		};
		enum undo_result result = UNDO_NOTHING;

		empty(host);
		if (rows[i].now)
			put(host->root, PATH, rows[i].now,
			    strcmp(rows[i].now, OLD) == 0 && !(is & (META | CHMOD))
			            ? 0604
			            : 0640);
		if (rows[i].aside)
			put(host->root, PATH ".mailauthctl-old", rows[i].aside, 0604);
		digest_it(OLD, &row.old_digest);
		digest_it(is & META ? OLD : NEW, &row.new_digest);
		/* the second time it is nothing, or the same somebody's file */
		for (int again = 0; again < 2; again++) {
			err_clear(&err);
			if (step_file_type.undo(&run, &row, &result, &err))
				fail_msg("row %zu: %s", i, err.text);
			auto_free char *now = at_path(host, PATH);
			auto_free char *aside = at_path(host, PATH ".mailauthctl-old");
			enum undo_result expected = rows[i].result;
			if (again && expected == UNDO_DONE)
				expected = UNDO_NOTHING;
			if (result != expected ||
			    (result == UNDO_DRIFT) != (err.text[0] != '\0') ||
			    strcmp(now, rows[i].after) != 0 ||
			    strcmp(aside, rows[i].after_aside) != 0)
				fail_msg("row %zu, try %d: %d, %s, beside it %s; %s", i,
				         again, result, now, aside, err.text);
			if (rows[i].aside && strstr(rows[i].after, ASIDE))
				break; /* its content is no blob's */
		}
	}
}

/* A secret without its copy, and content that no blob has: said, and nothing is touched. */
static void test_undo_file_fails(void **state)
{
	struct host *host = *state;
	struct step_run run = { .ctx = &host->ctx, .target = host->target };
	struct step_row row = { .object = PATH,
		                .had_old = true,
		                .is_present = true,
		                .old_meta = { 0604, geteuid(), getegid() } };
	enum undo_result result = UNDO_NOTHING;
	auto_free char *folder = xasprintf("%s" PATH, host->root);

	digest_it(OLD, &row.old_digest);
	digest_it(NEW, &row.new_digest);
	for (int secret = 0; secret < 2; secret++) {
		struct err err = ERR_INIT;

		put(host->root, PATH, NEW, 0640);
		row.is_secret = secret;
		assert_true(step_file_type.undo(&run, &row, &result, &err) < 0);
		assert_int_equal(result, UNDO_NOTHING);
		if (secret)
			assert_non_null(strstr(err.text, "the secret that was in"));
		auto_free char *now = at_path(host, PATH);
		assert_string_equal(now, NEW "640");
	}
	/* a folder in its place */
	struct err err = ERR_INIT;
	assert_int_equal(unlink(folder) | mkdir(folder, 0700), 0);
	assert_int_equal(step_file_type.undo(&run, &row, &result, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "is not a regular file"));
	assert_int_equal(rmdir(folder), 0);
}

static void test_finish_file(void **state)
{
	static const struct {
		bool is_present, is_secret;
		const char *aside;
	} rows[] = {
		{ true, false, ASIDE "600" },
		{ true, true, "-" },
		{ false, false, "-" },
		{ false, true, "-" },
	};
	struct host *host = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct step_row row = { .object = PATH,
			                .is_present = rows[i].is_present,
			                .is_secret = rows[i].is_secret };

		put(host->root, PATH ".mailauthctl-old", ASIDE, 0600);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(step_file_type.finish(&host->ctx, &row, &err),
			                 0);
			auto_free char *aside = at_path(host, PATH ".mailauthctl-old");
			assert_string_equal(aside, rows[i].aside);
		}
	}
}

/* ---- folders ------------------------------------------------------------------------------------- */

static void test_undo_folder(void **state)
{
	enum now { NONE, EMPTY, FULL, A_FILE };
	static const struct {
		enum now now;
		mode_t mode; /* it has */
		bool had_old, is_present;
		enum undo_result result;
		const char *after;
	} rows[] = {
		{ EMPTY, 0700, false, true, UNDO_DONE, "-" },
		{ FULL, 0700, false, true, UNDO_DONE, "700" }, /* somebody uses it */
		{ NONE, 0, false, true, UNDO_NOTHING, "-" },
		{ A_FILE, 0600, false, true, UNDO_NOTHING, "600" },
		{ EMPTY, 0700, true, true, UNDO_DONE, "751" },
		{ FULL, 0700, true, true, UNDO_DONE, "751" },
		{ EMPTY, 0751, true, true, UNDO_NOTHING, "751" },
		{ A_FILE, 0600, true, true, UNDO_NOTHING, "600" },
		/* one that goes does so at the end alone: there is nothing to put back */
		{ EMPTY, 0700, true, false, UNDO_NOTHING, "700" },
	};
	struct host *host = *state;
	struct step_run run = { .ctx = &host->ctx, .target = host->target };
	auto_free char *full = xasprintf("%s/etc/d", host->root);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct step_row row = { .object = "/etc/d",
			                .had_old = rows[i].had_old,
			                .is_present = rows[i].is_present,
			                .old_meta = { 0751, geteuid(), getegid() } };
		enum undo_result result = UNDO_DRIFT;
		struct err err = ERR_INIT;

		empty(host);
		if (rows[i].now == A_FILE)
			put(host->root, "/etc/d", "", rows[i].mode);
		else if (rows[i].now != NONE)
			assert_int_equal(mkdir(full, 0700) | chmod(full, rows[i].mode),
			                 0);
		if (rows[i].now == FULL)
			put(host->root, "/etc/d/in", "", 0600);
		assert_int_equal(step_mkdir_type.undo(&run, &row, &result, &err), 0);
		auto_free char *after = at_path(host, "/etc/d");
		if (result != rows[i].result || strcmp(after, rows[i].after) != 0)
			fail_msg("row %zu: %d, %s", i, result, after);
	}
	empty(host);
}

/* ---- services ------------------------------------------------------------------------------------ */

static void test_opposite(void **state)
{
	static const enum service_action rows[][2] = {
		{ SERVICE_RELOAD, SERVICE_RELOAD },
		{ SERVICE_RESTART, SERVICE_RESTART },
		{ SERVICE_START, SERVICE_STOP },
		{ SERVICE_ENABLE, SERVICE_DISABLE },
	};

	struct host *host = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		enum service_action action = rows[i / 2][i % 2];
		auto_free char *told =
			xasprintf("MAILAUTHCTL_ACTIONS=%s=s;",
		                  service_action_name(rows[i / 2][1 - i % 2]));
		struct step_run run = { .ctx = &host->ctx,
			                .target = host->target,
			                .reload = "tell" };
		auto_plan plan = PLAN_INIT;
		struct step_row row = { .kind = STEP_SERVICE,
			                .object = "s",
			                .action = action };
		struct engine engine = { .ctx = &host->ctx,
			                 .target = host->target,
			                 .plan = &plan };
		enum undo_result result = UNDO_NOTHING;

		plan_service(&plan, RANK_DATA, "s", action, 0);
		assert_int_equal(
			engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
		row.push_id = engine.push_id;
		buf_clear(&world.actions);
		assert_int_equal(step_service_type.undo(&run, &row, &result, &err), 0);
		assert_string_equal(buf_text(&world.actions), told);
		engine_abandon(&engine, "tried");
		engine_done(&engine);
	}
}

/* Told again where it runs; where it ended of what it was told, started if it ran before. */
static void test_undo_telling(void **state)
{
	static const struct {
		bool runs, had_old;
		unsigned was;
		const char *runs_what;
	} rows[] = {
		{ true, true, SERVICE_WAS_RUNNING, "postfix -c /etc/postfix reload;" },
		{ true, false, 0, "postfix -c /etc/postfix reload;" },
		{ false, true, SERVICE_WAS_RUNNING, "postfix -c /etc/postfix start;" },
		{ false, true, SERVICE_WAS_ENABLED, "" },
		{ false, false, SERVICE_WAS_RUNNING, "" },
	};
	struct host *host = *state;
	struct step_run run = { .ctx = &host->ctx, .target = host->target };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct step_row row = { .kind = STEP_SERVICE,
			                .object = "postfix",
			                .action = SERVICE_RELOAD,
			                .had_old = rows[i].had_old,
			                .old_meta = { .mode = rows[i].was } };
		enum undo_result result = UNDO_NOTHING;
		struct err err = ERR_INIT;

		world.down = rows[i].runs ? NULL : "/etc/postfix";
		buf_done(&world.runs);
		world.runs = BUF_INIT;
		if (step_service_type.undo(&run, &row, &result, &err))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(result, UNDO_DONE);
		assert_string_equal(buf_text(&world.runs), rows[i].runs_what);
	}
}

/* mta.reload is told all services of the rank at once: forwards, then the opposite backwards. */
static void plan_two_services(struct plan *plan)
{
	*plan = PLAN_INIT;
	plan_file(plan, RANK_CONSUMERS, MAIN_CF, "milter\n", 7, FILE_META_KEEP, 1);
	plan_service(plan, RANK_CONSUMERS, "postfix", SERVICE_RELOAD, 1);
	plan_service(plan, RANK_CONSUMERS, "opendkim", SERVICE_START, 1);
}

static void test_undo_by_reload(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan,
		                 .reload = xstrdup("tell them") };

	plan_two_services(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	world.fail_on = "tell them";
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_same_tree(host, before);
	assert_string_equal(buf_text(&world.runs), "tell them;tell them;");
	assert_string_equal(buf_text(&world.actions),
	                    "MAILAUTHCTL_ACTIONS=reload=postfix start=opendkim;"
	                    "MAILAUTHCTL_ACTIONS=stop=opendkim reload=postfix;");
}

/* ---- what is shown ------------------------------------------------------------------------------- */

static void test_show_meta(void **state)
{
	enum { HAD = 1, PRESENT = 2 };
	static const struct {
		int is;
		struct file_meta old, want;
		const char *shown;
	} rows[] = {
		{ PRESENT,
		  { 0 },
		  FILE_META_KEEP,
		  "# /f: folder, new\n# /f: mode 0600\n" },
		{ PRESENT,
		  { 0 },
		  { 0751, 3, 4 },
		  "# /f: folder, new\n# /f: mode 0751, owner 3, group 4\n" },
		{ PRESENT,
		  { 0 },
		  { 0751, 0, FILE_KEEP_GID },
		  "# /f: folder, new\n# /f: mode 0751, owner 0\n" },
		{ HAD | PRESENT, { 0700, 1, 2 }, FILE_META_KEEP, "" },
		{ HAD | PRESENT, { 0700, 1, 2 }, { 0700, 1, 2 }, "" },
		{ HAD | PRESENT,
		  { 0700, 1, 2 },
		  { 0751, 1, 2 },
		  "# /f: mode 0700 becomes 0751\n" },
		{ HAD | PRESENT,
		  { 0700, 1, 2 },
		  { 0700, 3, 2 },
		  "# /f: owner 1 becomes 3\n" },
		{ HAD | PRESENT,
		  { 0700, 1, 2 },
		  { FILE_KEEP_MODE, FILE_KEEP_UID, 0 },
		  "# /f: group 2 becomes 0\n" },
		{ HAD, { 0700, 1, 2 }, { 0751, 3, 4 }, "# /f: folder, removed\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		struct step_old old = { .meta = rows[i].old };
		struct step step = { .kind = STEP_MKDIR,
			             .object = (char *)(uintptr_t) "/f",
			             .had_old = rows[i].is & HAD,
			             .is_present = rows[i].is & PRESENT,
			             .old = &old,
			             .meta = rows[i].want };

		step_mkdir_type.show(&step, false, &out);
		assert_string_equal(buf_text(&out), rows[i].shown);
	}
}

static void test_show_secret(void **state)
{
	enum { HAD = 1, PRESENT = 2, SAME = 4 };
	static const struct {
		const char *path;
		int is;
		const char *shown;
	} rows[] = {
		{ "/s1.private", HAD, "# /s1.private: private key, removed\n" },
		{ "/s1.private", PRESENT,
		  "# /s1.private: private key, new\n# /s1.private: mode 0600\n" },
		{ "/srs", HAD | PRESENT, "# /srs: secrets, replaced\n" },
		{ "/srs", HAD | PRESENT | SAME, "# /srs: secrets, the same\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		struct step_old old = { 0 };
		struct step step = { .kind = STEP_FILE,
			             .old = &old,
			             .object = (char *)(uintptr_t)rows[i].path,
			             .is_secret = true,
			             .had_old = rows[i].is & HAD,
			             .is_present = rows[i].is & PRESENT,
			             .meta = FILE_META_KEEP };

		digest_it(OLD, &old.digest);
		digest_it(rows[i].is & SAME ? OLD : NEW, &step.new_digest);
		step_file_type.show(&step, true, &out);
		assert_string_equal(buf_text(&out), rows[i].shown);
	}
}

/* ---- what is left of a push ---------------------------------------------------------------------- */

/* Of hidden files, those with our mark alone are staged ones. */
static void test_temps(void **state)
{
	static const char *const stay[] = { "/etc/postfix/.main.cf.swp",
		                            "/etc/postfix/main.mailauthctl-1",
		                            "/etc/elsewhere/.x.mailauthctl-1" };
	struct host *host = *state;
	struct journal journal = { .id = 1, .state = PUSH_PREPARED, .rank = -1 };
	struct err err = ERR_INIT;
	size_t drifted = 7;

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(stay); i++)
		put(host->root, stay[i], "", 0600);
	put(host->root, "/etc/postfix/.main.cf.mailauthctl-0123456789abcdef", "", 0600);
	put(host->root, "/etc/dkimkeys/example.org/.s0.mailauthctl-0", "", 0600);
	assert_int_equal(recover_undo(&(struct step_run){ .ctx = &host->ctx,
	                                                  .target = host->target },
	                              &journal, "it was", &drifted, &err),
	                 0);
	assert_int_equal(drifted, 0);
	for (size_t i = 0; i < ARRAY_LEN(stay); i++)
		assert_true(stands(host->root, stay[i]));
	assert_false(
		stands(host->root, "/etc/postfix/.main.cf.mailauthctl-0123456789abcdef"));
	assert_false(stands(host->root, "/etc/dkimkeys/example.org/.s0.mailauthctl-0"));
	/* prepared only: what is in force is not touched */
	assert_true(stands(host->root, TABLE) && stands(host->root, KEY));
	assert_string_equal(buf_text(&world.reports), "");
}

static int fail_note(void *arg, int64_t push_id, struct err *err)
{
	struct host *host = arg;
	struct err ignored = ERR_INIT;

	if (owned_update(&(struct step_run){ .ctx = &host->ctx, .target = host->target },
	                 push_id, &ignored))
		return ignored.code;
	return err_set(err, ERR_FAILED, "it cannot be noted");
}

/* What cannot be noted is not in force, and nothing of the note stays. */
static void test_note_fails(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	int64_t held = -1;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(engine_switch(&engine, fail_note, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_string_equal(
		err.text,
		"it cannot be noted; the mail server's old configuration is in force");
	assert_state(host, "undone");
	assert_same_tree(host, before);
	assert_false(store_in_transaction(host->target));
	assert_int_equal(store_get_int(host->target, &held, &err,
	                               "SELECT count(*) FROM owned", ""),
	                 1);
	assert_int_equal(held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_undo_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undo_file_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finish_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undo_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_opposite, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undo_telling, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undo_by_reload, setup, teardown),
		cmocka_unit_test(test_show_meta),
		cmocka_unit_test(test_show_secret),
		cmocka_unit_test_setup_teardown(test_temps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_note_fails, setup, teardown),
	};

	return cmocka_run_group_tests_name("step", tests, NULL, NULL);
}
