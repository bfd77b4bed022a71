/* plan, step_file and diff: what is to be done, and how it is shown. */
#include "tests/unit/fake_host.h"

/* ---- plan --------------------------------------------------------------------------------------- */

static void describe(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++)
		buf_printf(out, "%d %s %s%s\n", (int)plan->step[i].rank,
		           step_types[plan->step[i].kind]->name, plan->step[i].object,
		           plan->step[i].is_present ? "" : " goes");
}

static void test_prune(void **state)
{
	static const char expected[] = "0 mkdir /etc/dkimkeys/example.com\n"
				       "0 file " KEY "\n"
				       "0 file " OLD_KEY "\n"
				       "1 mkdir /etc/mailauthctl\n"
				       "1 mkdir /etc/mailauthctl/opendkim\n"
				       "1 file " TABLE "\n"
				       "2 service postfix:/etc/filter\n"
				       "2 probe unix:/run/filter\n"
				       "3 file " MAIN_CF "\n"
				       "3 service postfix\n"
				       "3 probe 127.0.0.1:25\n"
				       "3 probe 127.0.0.1:587\n"
				       "4 file /etc/leaving goes\n";
	auto_buf first = BUF_INIT, second = BUF_INIT;
	auto_plan a = PLAN_INIT, b = PLAN_INIT;

	plan_all(&a);
	prune(*state, &a);
	describe(&a, &first);
	assert_string_equal(buf_text(&first), expected);
	plan_all(&b);
	prune(*state, &b);
	describe(&b, &second);
	assert_string_equal(buf_text(&second), expected);
}

static void plan_start(struct plan *plan)
{
	*plan = PLAN_INIT;
	plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_RELOAD, 0);
	plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_START, 0);
	plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_RESTART, 0);
}

static int is_done(void *arg, struct step *step, bool *ret_is_done, struct err *err)
{
	return step_types[step->kind]->observe(arg, step, ret_is_done, err);
}

/* What holds is dropped at once, what does not stays and is not planned twice. */
static void test_skip_done(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_plan plan = { .is_done = is_done, .is_done_arg = &host->ctx };
	auto_plan blind = PLAN_INIT;

	for (int i = 0; i < 2; i++) {
		plan_file(&plan, RANK_DATA, OLD_KEY, i ? "NEW SECRET\n" : "OLD SECRET\n",
		          11, meta_600, 0)
			->is_secret = true;
		assert_int_equal(plan_skip_done(&plan, &err), 0);
		assert_int_equal(plan.count, i);
	}
	plan_mkdir(&plan, RANK_DATA, "/etc/dkimkeys", FILE_META_KEEP);
	assert_int_equal(plan_skip_done(&plan, &err), 0);
	assert_int_equal(plan.count, 1);
	prune(host, &plan);
	assert_int_equal(plan.count, 1);
	assert_true(plan.step[0].had_old);
	plan_mkdir(&plan, RANK_DATA, OLD_KEY, FILE_META_KEEP);
	assert_int_equal(plan_skip_done(&plan, &err), ERR_FAILED); /* no folder */
	plan_mkdir(&blind, RANK_DATA, "/etc/dkimkeys", FILE_META_KEEP);
	assert_int_equal(plan_skip_done(&blind, &err), 0);
	assert_int_equal(blind.count, 1);
}

static void test_prune_services(void **state)
{
	auto_plan start = PLAN_INIT, probe = PLAN_INIT, due = PLAN_INIT;

	plan_start(&start);
	prune(*state, &start);
	assert_int_equal(start.count, 1);
	assert_int_equal(start.step[0].action, SERVICE_START);
	plan_probe(&probe, RANK_CONSUMERS, &smtp_probe, NULL, "127.0.0.1:25", 0);
	prune(*state, &probe);
	assert_int_equal(probe.count, 0);
	plan_service(&due, RANK_CONSUMERS, "postfix", SERVICE_RELOAD, 4);
	plan_file(&due, RANK_TABLES, "/etc/x", "x", 1, FILE_META_KEEP, 3);
	prune(*state, &due);
	assert_int_equal(due.count, 1);
}

static void test_prune_folders(void **state)
{
	struct host *host = *state;
	auto_plan full = PLAN_INIT, empty = PLAN_INIT;

	plan_mkdir(&full, RANK_LEFTOVERS, "/etc/dkimkeys/example.org", FILE_META_KEEP)
		->is_present = false;
	prune(host, &full);
	assert_int_equal(full.count, 0); /* a file is in it */
	plan_mkdir(&empty, RANK_LEFTOVERS, "/etc/dkimkeys", FILE_META_KEEP)->is_present =
		false;
	plan_mkdir(&empty, RANK_LEFTOVERS, "/etc/dkimkeys/example.org", FILE_META_KEEP)
		->is_present = false;
	plan_remove(&empty, RANK_LEFTOVERS, OLD_KEY, 0);
	prune(host, &empty);
	assert_int_equal(empty.count, 3);
}

static void test_prune_refuses(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	auto_plan twice = PLAN_INIT, link = PLAN_INIT;
	auto_free char *path = xasprintf("%s/etc/link", host->root);

	plan_file(&twice, RANK_DATA, "/etc/x", "1", 1, FILE_META_KEEP, 0);
	plan_remove(&twice, RANK_DATA, "/etc/x", 0);
	assert_int_equal(plan_prune(&host->ctx, &twice, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "planned twice"));
	assert_int_equal(symlink("leaving", path), 0);
	plan_file(&link, RANK_DATA, "/etc/link", "1", 1, FILE_META_KEEP, 0);
	assert_int_equal(plan_prune(&host->ctx, &link, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "not a regular file"));
}

/* A line stands before it is named, and as long as it is. */
static void test_names(void **state)
{
	static const struct {
		const char *old, *now, *first;
	} rows[] = {
		{ "a\nb\n", "b\n", "/etc/index" },     { "a\n", "a\nb\n", "/etc/lines" },
		{ "a\nb\n", "b\ncc\n", "/etc/lines" }, { "", "a\n", "/etc/lines" },
		{ "a\nb\n", "", "/etc/index" },        { "a\nbb\n", "b\n", "/etc/lines" },
	};
	struct host *host = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_plan plan = PLAN_INIT;

		put(host->root, "/etc/lines", rows[i].old, 0644);
		put(host->root, "/etc/index", "of before\n", 0644);
		plan_file(&plan, RANK_TABLES, "/etc/lines", rows[i].now,
		          strlen(rows[i].now), FILE_META_KEEP, 0);
		plan_file(&plan, RANK_TABLES, "/etc/index", "x\n", 2, FILE_META_KEEP, 0);
		plan_names(&plan, "/etc/index", "/etc/lines");
		prune(host, &plan);
		assert_string_equal(plan.step[0].object, rows[i].first);
		prune(host, &plan); /* a second look keeps the order */
		assert_string_equal(plan.step[0].object, rows[i].first);
	}
}

static void test_show(void **state)
{
	auto_plan plan = PLAN_INIT;
	auto_buf out = BUF_INIT;

	plan_all(&plan);
	prune(*state, &plan);
	plan_note(&plan, "take care of %s", "this");
	plan_show(&plan, false, &out);
	assert_non_null(strstr(buf_text(&out), "-# by hand\n+milter\n"));
	assert_non_null(strstr(buf_text(&out), "# " OLD_KEY ": private key, replaced\n"));
	assert_non_null(strstr(buf_text(&out),
	                       "--- /etc/leaving\n+++ /dev/null\n@@ -1,1 +0,0 @@"));
	assert_non_null(strstr(buf_text(&out), "# postfix: reload\n"));
	assert_non_null(strstr(buf_text(&out), "note: take care of this\n"));
	assert_null(strstr(buf_text(&out), "SECRET"));
}

static void test_diff(void **state)
{
	static const struct {
		const char *old, *new_text, *expected;
	} rows[] = {
		{ "a\n", "a\n", "" },
		{ "", "a\n", "@@ -0,0 +1,1 @@\n+a\n" },
		{ "a\n", "", "@@ -1,1 +0,0 @@\n-a\n" },
		{ "a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n" },
		{ "a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nx\n9\n",
		  "@@ -6,4 +6,5 @@\n 6\n 7\n 8\n+x\n 9\n" },
		{ "a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
		  "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
		  "@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n" },
		{ "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
		  "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;

		diff_unified(rows[i].old, strlen(rows[i].old), rows[i].new_text,
		             strlen(rows[i].new_text), false, &out);
		assert_string_equal(buf_text(&out), rows[i].expected);
	}
}

/* A warning keeps its remedy behind the notes of another plan. */
static void test_warnings(void **state)
{
	(void)state;
	auto_plan plan = PLAN_INIT, more = PLAN_INIT;
	auto_buf out = BUF_INIT;
	plan_note(&plan, "a note");
	plan_warn(&plan, "do this", "a %s", "warning");
	plan_note(&more, "another note");
	plan_warn(&more, "do that", "another warning");
	plan_append(&plan, &more);
	assert_int_equal(plan.notes, 4);
	assert_null(plan.note[0].remedy);
	assert_string_equal(plan.note[1].remedy, "do this");
	assert_null(plan.note[2].remedy);
	assert_string_equal(plan.note[3].remedy, "do that");
	plan_show(&plan, false, &out);
	assert_string_equal(buf_text(&out),
	                    "note: a note\nwarning: a warning\n"
	                    "note: another note\nwarning: another warning\n");
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_prune),
		ROW(test_skip_done),
		ROW(test_prune_services),
		ROW(test_prune_folders),
		ROW(test_prune_refuses),
		ROW(test_names),
		ROW(test_show),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
