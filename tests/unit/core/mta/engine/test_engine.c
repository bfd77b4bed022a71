/* engine and held: done, undone, and what is ours afterwards. */
#include "tests/unit/fake_host.h"

/* ---- engine -------------------------------------------------------------------------------------- */

static void test_apply(void **state)
{
	struct host *host = *state;
	auto_plan again = PLAN_INIT;
	auto_free char *after = NULL;
	struct file_info info;
	struct err err = ERR_INIT;
	int64_t secrets;

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	assert_state(host, "done");
	assert_string_equal(
		buf_text(&world.runs),
		"postfix -c /etc/filter reload;postfix -c /etc/postfix reload;");
	assert_string_equal(
		buf_text(&world.probes),
		"milter:unix:/run/filter;smtp:127.0.0.1:25;smtp:127.0.0.1:587;");
	plan_all(&again);
	prune(host, &again);
	assert_int_equal(again.count, 0);
	after = snapshot(host);
	assert_null(strstr(after, "mailauthctl-"));
	assert_null(strstr(after, "/etc/leaving"));
	assert_non_null(strstr(after, "OTHER SECRET"));
	assert_int_equal(file_look(&host->ctx, MAIN_CF, false, &info, &err), 0);
	assert_int_equal(info.meta.mode, 0640);
	assert_int_equal(
		store_get_int(host->target, &secrets, &err,
	                      "SELECT count(*) FROM blob WHERE octets LIKE '%SECRET%'",
	                      ""),
		1);
	assert_int_equal(secrets, 0);
}

static void test_not_running(void **state)
{
	world.down = "/etc/postfix";
	assert_int_equal(push_plan_of(*state, plan_all, NULL), 0);
	assert_string_equal(buf_text(&world.runs), "postfix -c /etc/filter reload;");
	assert_string_equal(buf_text(&world.probes), "milter:unix:/run/filter;");
	assert_non_null(strstr(buf_text(&world.reports), "postfix is not running"));
}

static void test_probe_is_repeated(void **state)
{
	world.bad_probes = 2;
	assert_int_equal(push_plan_of(*state, plan_all, NULL), 0);
	assert_string_equal(
		buf_text(&world.probes),
		"milter:unix:/run/filter;milter:unix:/run/filter;"
		"milter:unix:/run/filter;smtp:127.0.0.1:25;smtp:127.0.0.1:587;");
}

static void test_undo(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	char text[2048];

	world.fail_on = "/etc/postfix reload";
	assert_int_equal(push_plan_of(host, plan_all, text), ERR_FAILED);
	assert_non_null(strstr(text, "it does not want to"));
	assert_non_null(strstr(text, "old configuration is in force"));
	assert_same_tree(host, before);
	assert_state(host, "undone");
	assert_string_equal(
		buf_text(&world.runs),
		"postfix -c /etc/filter reload;postfix -c /etc/postfix reload;"
		"postfix -c /etc/postfix reload;postfix -c /etc/filter reload;");
	/* told again it finds the old tables, and still the key that it knew */
	assert_string_equal(buf_text(&world.filter), "11;01;");
	/* its socket is deleted: nobody is waited for */
	assert_string_equal(buf_text(&world.probes),
	                    "milter:unix:/run/filter;smtp:127.0.0.1:587;"
	                    "smtp:127.0.0.1:25;");
}

static void test_edited_before_switch(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	auto_free char *before = NULL;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	put(host->root, MAIN_CF, "edited by hand\n", 0640);
	before = snapshot(host);
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_non_null(strstr(err.text, MAIN_CF " was changed outside mailauthctl"));
	/* what was staged and the new folders are gone; the edit stays */
	assert_non_null(strstr(before, "mailauthctl-"));
	assert_state(host, "undone");
	free(before);
	before = snapshot(host);
	assert_null(strstr(before, "mailauthctl"));
	assert_null(strstr(before, "example.com/"));
	assert_non_null(strstr(before, "edited by hand"));
	assert_non_null(strstr(before, "OLD SECRET"));
}

/* Somebody's chmod is an edit, too: it stays, and the push does not go on over it. */
static void test_chmod_before_switch(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };
	auto_free char *path = xasprintf("%s" MAIN_CF, host->root);
	struct stat st;

	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(chmod(path, 0600), 0);
	auto_free char *before = snapshot(host);
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), ERR_FAILED);
	engine_done(&engine);
	assert_non_null(strstr(err.text, MAIN_CF " was changed outside mailauthctl"));
	assert_state(host, "undone");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_non_null(strstr(before, "mx.example.com"));
}

static const struct file_meta *new_meta;

static void plan_meta(struct plan *plan)
{
	*plan = PLAN_INIT;
	plan_file(plan, RANK_CONSUMERS, MAIN_CF, "milter\n", 7, *new_meta, 1);
	plan_service(plan, RANK_CONSUMERS, "postfix", SERVICE_RELOAD, 1);
}

/* What is put back from the journal has the mode and the owner of what stood there. */
static void test_undo_meta(void **state)
{
	const struct file_meta rows[] = {
		{ 0600, FILE_KEEP_UID, FILE_KEEP_GID },
		{ 0600, geteuid() == 0 ? 101 : FILE_KEEP_UID, FILE_KEEP_GID },
		{ 0644, FILE_KEEP_UID, geteuid() == 0 ? 102 : FILE_KEEP_GID },
	};
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	auto_free char *path = xasprintf("%s" MAIN_CF, host->root);
	struct stat st, now;

	assert_int_equal(stat(path, &st), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world.fail_on = "/etc/postfix reload";
		new_meta = &rows[i];
		assert_int_equal(push_plan_of(host, plan_meta, NULL), ERR_FAILED);
		assert_state(host, "undone");
		assert_same_tree(host, before);
		assert_int_equal(stat(path, &now), 0);
		assert_int_equal(now.st_mode, st.st_mode);
		assert_int_equal(now.st_uid, st.st_uid);
		assert_int_equal(now.st_gid, st.st_gid);
	}
}

/* A mail server's new process takes a configuration at once that is older than a second or two; a
 * secret keeps the time at which it was written. */
static void test_age(void **state)
{
	static const struct {
		const char *path;
		bool is_old;
	} rows[] = { { MAIN_CF, true }, { TABLE, true }, { KEY, false } };
	struct host *host = *state;
	struct stat st;

	put(host->root, "/etc/began", "", 0600);
	auto_free char *mark = xasprintf("%s/etc/began", host->root);
	assert_int_equal(stat(mark, &st), 0);
	const int64_t began = st.st_mtime;
	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	const int64_t now = ctx_now(&host->ctx);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *path = xasprintf("%s%s", host->root, rows[i].path);
		assert_int_equal(stat(path, &st), 0);
		if (rows[i].is_old)
			assert_in_range(now - st.st_mtime, 3, 60);
		else
			assert_true(st.st_mtime >= began);
	}
	/* and so does what is put back */
	new_meta = &meta_600;
	world.fail_on = "/etc/postfix reload";
	put(host->root, MAIN_CF, "another\n", 0640);
	assert_int_equal(push_plan_of(host, plan_meta, NULL), ERR_FAILED);
	auto_free char *path = xasprintf("%s" MAIN_CF, host->root);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(ctx_now(&host->ctx) - st.st_mtime, 3, 60);
}

static void test_abandon(void **state)
{
	struct host *host = *state;
	auto_free char *before = snapshot(host);
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	engine_abandon(&engine, "the change was not saved");
	engine_done(&engine);
	assert_same_tree(host, before);
	assert_state(host, "undone");
	assert_string_equal(buf_text(&world.runs), "");
}

static void test_stage_fails(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	auto_free char *before = NULL, *full = xasprintf("%s/etc/frozen", host->root);
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	put(host->root, "/etc/frozen", "old\n", 0644);
	plan_all(&plan);
	plan_file(&plan, RANK_LEFTOVERS, "/etc/frozen", "new\n", 4, FILE_META_KEEP, 0);
	prune(host, &plan);
	assert_int_equal(remove(full), 0);
	assert_int_equal(mkdir(full, 0755), 0); /* a folder cannot be replaced */
	before = snapshot(host);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err),
	                 ERR_FAILED);
	engine_done(&engine);
	assert_same_tree(host, before);
	assert_state(host, "undone");
}

static void test_reload_command(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	engine.reload = xstrdup("docker kill -s HUP \"my mail\"");
	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), 0);
	engine_done(&engine);
	assert_string_equal(buf_text(&world.runs),
	                    "docker kill -s HUP my mail;docker kill -s HUP my mail;");
}

/* ---- what is ours ------------------------------------------------------------------------------- */

static void test_removal(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	auto_free char *after = NULL;
	struct err err = ERR_INIT;
	struct engine engine = { .ctx = &host->ctx,
		                 .target = host->target,
		                 .plan = &plan };

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	put(host->root, TABLE, "edited\n", 0640);
	assert_int_equal(owned_plan_removal(&(struct step_run){ .ctx = &host->ctx,
	                                                        .target = host->target,
	                                                        .force = false },
	                                    &plan, &err),
	                 0);
	assert_int_equal(plan.notes, 1);
	assert_non_null(strstr(plan.note[0].text, TABLE " was edited"));
	plan_done(&plan);
	assert_int_equal(owned_plan_removal(&(struct step_run){ .ctx = &host->ctx,
	                                                        .target = host->target,
	                                                        .force = true },
	                                    &plan, &err),
	                 0);
	prune(host, &plan);
	assert_int_equal(engine_prepare(&engine, (struct generation){ 1, 2 }, &err), 0);
	assert_int_equal(engine_switch(&engine, note_owned, host, &err), 0);
	engine_done(&engine);
	after = snapshot(host);
	assert_null(strstr(after, "mailauthctl"));
	assert_null(strstr(after, "example.com "));
	assert_non_null(strstr(after, MAIN_CF " 100640 0:0 myhostname"));
}

/* ---- what somebody else wrote -------------------------------------------------------------------- */

static void assert_drift(const struct drifts *drifts, size_t i, const char *path,
                         const char *what)
{
	assert_true(i < drifts->count);
	assert_string_equal(drifts->row[i].path, path);
	assert_non_null(strstr(drifts->row[i].what, what));
}

static void scan(struct host *host, struct drifts *drifts)
{
	struct err err = ERR_INIT;

	drifts_done(drifts);
	assert_int_equal(drift_scan(&host->ctx, host->target, drifts, &err), 0);
}

static void test_drift(void **state)
{
	struct host *host = *state;
	auto_plan plan = PLAN_INIT;
	auto_drifts drifts = DRIFTS_INIT, planned = DRIFTS_INIT;
	auto_free char *key = xasprintf("%s%s", host->root, OLD_KEY);
	auto_free char *table = xasprintf("%s%s", host->root, TABLE);
	struct err err = ERR_INIT;

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	scan(host, &drifts);
	assert_int_equal(drifts.count, 0);
	put(host->root, MAIN_CF, "milter\n", 0640); /* another inode, the same text */
	put(host->root, TABLE, "s1 example.com\n", 0640);
	scan(host, &drifts);
	assert_int_equal(drifts.count, 0);
	put(host->root, TABLE, "edited\n", 0640);
	assert_int_equal(remove(key), 0);
	put(host->root, KEY, "NEW SECREt\n", 0600);
	scan(host, &drifts);
	assert_int_equal(drifts.count, 3);
	assert_drift(&drifts, 0, KEY, "replaced");
	assert_null(drifts.row[0].diff);
	assert_drift(&drifts, 1, OLD_KEY, "removed");
	assert_drift(&drifts, 2, TABLE, "edited");
	assert_string_equal(drifts.row[2].diff,
	                    "@@ -1,1 +1,1 @@\n-s1 example.com\n+edited\n");
	/* a push knows those of its own plan, from what pruning saw */
	plan_all(&plan);
	prune(host, &plan);
	assert_int_equal(drift_of_plan(host->target, &plan, &planned, &err), 0);
	assert_int_equal(planned.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_drift(&planned, i, drifts.row[i].path, drifts.row[i].what);
	put(host->root, TABLE, "s1 example.com\n", 0644);
	scan(host, &drifts);
	assert_drift(&drifts, 2, TABLE, "mode 0644 instead of 0640");
	assert_int_equal(remove(table), 0);
	assert_int_equal(mkdir(table, 0700), 0);
	scan(host, &drifts);
	assert_drift(&drifts, 2, TABLE, "no longer a regular file");
}

static int pushes;

static void plan_counter(struct plan *plan)
{
	auto_free char *text = xasprintf("push %d\n", pushes);

	*plan = PLAN_INIT;
	plan_file(plan, RANK_TABLES, MAIN_CF, text, strlen(text), FILE_META_KEEP, 0);
}

static void test_history(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	int64_t count = 0;

	for (pushes = 0; pushes < 13; pushes++)
		assert_int_equal(push_plan_of(host, plan_counter, NULL), 0);
	assert_int_equal(store_get_int(host->target, &count, &err,
	                               "SELECT count(*) FROM push", ""),
	                 1);
	assert_int_equal(count, 10);
	/* ten new contents, the oldest one's old content, and the base */
	assert_int_equal(store_get_int(host->target, &count, &err,
	                               "SELECT count(*) FROM blob", ""),
	                 1);
	assert_int_equal(count, 12);
}

/* Failures do not push out what can be put back. */
static void test_history_of_failures(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	int64_t count = 0;

	pushes = 1;
	assert_int_equal(push_plan_of(host, plan_counter, NULL), 0);
	for (pushes = 2; pushes < 15; pushes++)
		assert_int_equal(
			store_exec(
				host->target, &err,
				"INSERT INTO push (at, actor, command, kind, gen, token, "
				"state) VALUES (1, '', '', 'push', 1, 1, 'undone')",
				""),
			0);
	assert_int_equal(push_plan_of(host, plan_counter, NULL), 0);
	assert_int_equal(store_get_int(host->target, &count, &err,
	                               "SELECT count(*) * 100 + sum(state = 'done') "
	                               "FROM push",
	                               ""),
	                 1);
	assert_int_equal(count, 1202);
}

static void plan_table(struct plan *plan)
{
	*plan = PLAN_INIT;
	plan_file(plan, RANK_TABLES, TABLE, "s1 example.com\n", 15, meta_640, 0);
}

/* What is in force is known however long ago it was pushed; of older pushes a limited number of
 * steps goes with each new one, so that none pays for a very big one. */
static void test_prune(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_buf text = BUF_INIT;
	int64_t steps = 0;

	assert_int_equal(push_plan_of(host, plan_table, NULL), 0);
	assert_int_equal(
		store_script(
			host->target,
			"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			"LIMIT 7000) INSERT INTO step (push_id, seq, rank, kind, object) "
			"SELECT 1, 1000 + i, 1, 'mkdir', '/x/' || i FROM n",
			&err),
		0);
	for (pushes = 0; pushes < 10; pushes++)
		assert_int_equal(push_plan_of(host, plan_counter, NULL), 0);
	assert_int_equal(store_get_int(host->target, &steps, &err,
	                               "SELECT count(*) FROM step WHERE push_id = 1", ""),
	                 1);
	assert_int_equal(steps, 2003); /* three are its own */
	assert_int_equal(push_plan_of(host, plan_counter, NULL), 0);
	assert_int_equal(store_get_int(host->target, &steps, &err,
	                               "SELECT count(*) FROM push WHERE id = 1", ""),
	                 1);
	assert_int_equal(steps, 0);
	assert_int_equal(owned_content(host->target, TABLE, 0, &text, &err), 1);
	assert_string_equal(buf_text(&text), "s1 example.com\n");
	assert_int_equal(owned_content(host->target, OLD_KEY, 0, &text, &err), 0);
}

static void plan_many(struct plan *plan)
{
	*plan = PLAN_INIT;
	for (int i = 0; i < 40; i++) {
		auto_free char *path = xasprintf("/etc/many/%d/key", i);

		plan_file(plan, RANK_DATA, path, "SECRET", 6, meta_600, 0)->is_secret =
			true;
	}
}

static void test_many(void **state)
{
	struct host *host = *state;
	auto_plan again = PLAN_INIT;

	assert_int_equal(push_plan_of(host, plan_many, NULL), 0);
	plan_many(&again);
	prune(host, &again);
	assert_int_equal(again.count, 0);
}

/* A short look: every file that serves no domain, and the first of the others. */
static void test_drift_first(void **state)
{
	struct host *host = *state;
	auto_drifts drifts = DRIFTS_INIT;
	struct err err = ERR_INIT;
	bool is_whole = false;

	assert_int_equal(push_plan_of(host, plan_all, NULL), 0);
	put(host->root, TABLE, "edited\n", 0640);
	assert_int_equal(
		drift_scan_first(&host->ctx, host->target, &drifts, &is_whole, &err), 0);
	assert_true(is_whole);
	assert_int_equal(drifts.count, 1);
	drifts_done(&drifts);
	assert_int_equal(
		store_exec(
			host->target, &err,
			"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			"WHERE i < ?) INSERT INTO owned (object, value, domain) "
			"SELECT format('file:/a/%05d', i), zeroblob(32), 'd' || i FROM n",
			"i", (int64_t)DRIFT_FIRST + 1),
		0);
	assert_int_equal(
		drift_scan_first(&host->ctx, host->target, &drifts, &is_whole, &err), 0);
	assert_false(is_whole);
	assert_int_equal(drifts.count, DRIFT_FIRST + 1);
	assert_drift(&drifts, 0, "/a/00001", "removed");
	assert_drift(&drifts, DRIFT_FIRST - 1, "/a/01000", "removed");
	assert_drift(&drifts, DRIFT_FIRST, TABLE, "edited");
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_apply),
		ROW(test_not_running),
		ROW(test_probe_is_repeated),
		ROW(test_undo),
		ROW(test_edited_before_switch),
		ROW(test_chmod_before_switch),
		ROW(test_undo_meta),
		ROW(test_age),
		ROW(test_abandon),
		ROW(test_stage_fails),
		ROW(test_reload_command),
		ROW(test_removal),
		ROW(test_drift),
		ROW(test_drift_first),
		ROW(test_history),
		ROW(test_history_of_failures),
		ROW(test_prune),
		ROW(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
