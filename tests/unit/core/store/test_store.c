/* Statements, transactions and the audit trail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/store/change.h"
#include "core/store/schema.h"
#include "core/store/store.h"
#include "tests/unit/store_world.h"

/* ---- statements ---- */

static void test_binding(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_store store = opened(w, STORE_CREATE);
	assert_int_equal(
		store_script(store,
	                     "CREATE TEMP TABLE t (a TEXT, b INTEGER, c BLOB, d INTEGER)",
	                     &err),
		0);
	assert_int_equal(store_exec(store, &err, "INSERT INTO t VALUES (?, ?, ?, ?)",
	                            "tio?", "it's", INT64_MIN, (const void *)"\0x",
	                            (size_t)2, false, INT64_MAX),
	                 0);
	assert_int_equal(store_last_id(store), 1);
	assert_int_equal(store_exec(store, &err, "INSERT INTO t VALUES (?, ?, ?, ?)",
	                            "tio?", (const char *)NULL, (int64_t)0,
	                            (const void *)NULL, (size_t)0, true, (int64_t)5),
	                 0);
	auto_stmt stmt = NULL;
	assert_int_equal(
		store_query(store, &stmt, &err, "SELECT * FROM t ORDER BY rowid", ""), 0);
	assert_int_equal(stmt_next(stmt, &err), 1);
	size_t len;
	assert_string_equal(stmt_text(stmt, 0), "it's");
	assert_true(stmt_int(stmt, 1) == INT64_MIN);
	assert_memory_equal(stmt_blob(stmt, 2, &len), "\0x", 2);
	assert_int_equal(len, 2);
	assert_true(stmt_int(stmt, 3) == INT64_MAX);
	assert_false(stmt_is_null(stmt, 3));
	assert_int_equal(stmt_next(stmt, &err), 1);
	assert_null(stmt_text(stmt, 0));
	assert_null(stmt_blob(stmt, 2, &len));
	assert_int_equal(len, 0);
	assert_true(stmt_is_null(stmt, 3));
	assert_int_equal(stmt_next(stmt, &err), 0);
	assert_int_equal(store_exec(store, &err, "UPDATE t SET b = 1", ""), 0);
	assert_int_equal(store_changes(store), 2);
}

static void test_getters(void **state)
{
	static const struct {
		const char *sql;
		int answer;
		int64_t value;
	} rows[] = {
		{ "SELECT 5 UNION ALL SELECT 6", 1, 5 },
		{ "SELECT 5 WHERE 0", 0, -9 },
		{ "SELECT NULL", 0, -9 },
		{ "SELECT nonsense", ERR_FAILED, -9 },
		{ "SELECT abs(-9223372036854775808)", ERR_FAILED, -9 },
	};
	struct world *w = *state;
	auto_store store = opened(w, STORE_CREATE);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int64_t value = -9;
		auto_free char *text = NULL;
		assert_int_equal(store_get_int(store, &value, &err, rows[i].sql, ""),
		                 rows[i].answer);
		assert_int_equal(value, rows[i].value);
		assert_int_equal(store_get_text(store, &text, &err, rows[i].sql, ""),
		                 rows[i].answer);
		if (rows[i].answer == 1)
			assert_string_equal(text, "5");
		else
			assert_null(text);
		assert_int_equal(err.code, rows[i].answer < 0 ? ERR_FAILED : 0);
	}
}

/* The same literal inside its own rows, three deep. */
static void count_down(struct store *store, int64_t from, int *calls)
{
	struct err err = ERR_INIT;
	auto_stmt stmt = NULL;
	int64_t expected = 1;
	assert_int_equal(store_query(store, &stmt, &err,
	                             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
	                             " SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n",
	                             "i", from),
	                 0);
	while (stmt_next(stmt, &err) > 0) {
		assert_int_equal(stmt_int(stmt, 0), expected++);
		++*calls;
		if (from > 1)
			count_down(store, from - 1, calls);
	}
	assert_int_equal(expected, from + 1);
}

static void test_nested(void **state)
{
	struct world *w = *state;
	int calls = 0;
	auto_store store = opened(w, STORE_CREATE);
	count_down(store, 3, &calls);
	assert_int_equal(calls, 3 + 3 * (2 + 2 * 1));
	count_down(store, 2, &calls);
	assert_int_equal(calls, 15 + 4);
}

/* More literals than the cache has places, each one while all before are in use. */
static void test_many_statements(void **state)
{
	static char texts[200][16]; /* static: an address each, as literals have */
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct stmt *open[ARRAY_LEN(texts)];
	auto_store store = opened(w, STORE_CREATE);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			snprintf(texts[i], sizeof(texts[i]), "SELECT %zu", i);
			assert_int_equal(store_query(store, &open[i], &err, texts[i], ""),
			                 0);
		}
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			assert_int_equal(stmt_next(open[i], &err), 1);
			assert_int_equal(stmt_int(open[i], 0), i);
			stmt_free(open[i]);
		}
	}
	stmt_free(NULL);
}

/* ---- transactions ---- */

static void test_transactions(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_store store = opened(w, STORE_CREATE);
	auto_store other = opened(w, STORE_WRITE);
	static const char count[] = "SELECT count(*) FROM setting";
	assert_false(store_in_transaction(store));
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_true(store_in_transaction(store));
	assert_int_equal(
		store_script(store, "INSERT INTO setting VALUES ('a', 'b')", &err), 0);
	assert_int_equal(number_of(other, count), 0);
	int64_t before = monotonic_ns();
	assert_int_equal(store_begin(other, true, &err), ERR_BUSY);
	assert_true(monotonic_ns() - before <
	            NS_PER_SEC); /* it is a lock file that one waits on */
	assert_non_null(strstr(err.text, "another program has it open"));
	store_rollback(store);
	assert_false(store_in_transaction(store));
	assert_int_equal(number_of(store, count), 0);

	/* a snapshot stays as it was */
	assert_int_equal(store_begin(other, false, &err), 0);
	assert_int_equal(number_of(other, count), 0);
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(
		store_script(store, "INSERT INTO setting VALUES ('a', 'b')", &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(number_of(other, count), 0);
	assert_int_equal(store_commit(other, &err), 0);
	assert_int_equal(number_of(other, count), 1);
	assert_int_equal(store_commit(other, &err), ERR_FAILED);

	/* what is open when the database is closed is taken back */
	assert_int_equal(store_begin(other, true, &err), 0);
	assert_int_equal(store_script(other, "DELETE FROM setting", &err), 0);
	store_close(other);
	other = NULL;
	assert_int_equal(number_of(store, count), 1);
}

/* A part that fails takes nothing else with it. */
static void test_parts(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_store store = opened(w, STORE_CREATE);
	assert_int_equal(store_script(store, "CREATE TABLE parts (a INTEGER)", &err), 0);
	assert_int_equal(store_begin(store, true, &err), 0);
	for (int64_t i = 0; i < 6; i++) {
		assert_int_equal(store_part_begin(store, &err), 0);
		assert_int_equal(
			store_exec(store, &err, "INSERT INTO parts VALUES (?)", "i", i),
			0);
		assert_int_equal(store_part_end(store, i % 2 == 0, &err), 0);
	}
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(number_of(store, "SELECT sum(a) FROM parts"), 0 + 2 + 4);
	/* without a transaction around it there is nothing to end */
	assert_int_equal(store_part_end(store, true, &err), ERR_FAILED);
}

static void test_defensive(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_store store = opened(w, STORE_CREATE);
	assert_int_equal(
		store_script(store,
	                     "PRAGMA writable_schema=ON; DELETE FROM sqlite_schema",
	                     &err),
		ERR_FAILED);
	assert_int_equal(store_script(store,
	                              "INSERT INTO domain_setting VALUES (1, 'a', 'b')",
	                              &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "FOREIGN KEY"));
}

static int64_t wal_size(struct world *w)
{
	struct stat st;
	auto_free char *path = xasprintf("%s-wal", w->path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void put_setting(struct store *store)
{
	struct err err = ERR_INIT;
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(
		store_script(store, "REPLACE INTO setting VALUES ('a', 'b')", &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
}

static void test_secret_gone(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_store store = opened(w, STORE_CREATE);
	auto_store reader = opened(w, STORE_READ);
	put_setting(store);
	assert_true(wal_size(w) > 0);
	store_note_secret_gone(store);
	put_setting(store);
	assert_int_equal(wal_size(w), 0);
	/* with a reader in the way it is done later: at the latest at the end */
	assert_int_equal(store_begin(reader, false, &err), 0);
	assert_int_equal(number_of(reader, "SELECT count(*) FROM setting"), 1);
	store_note_secret_gone(store);
	put_setting(store);
	assert_true(wal_size(w) > 0);
	store_rollback(reader);
	store_close(store);
	store = NULL;
	assert_int_equal(wal_size(w), 0);
}

static void test_backup(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_free char *copy = xasprintf("%s/copy.db", w->sub);
	auto_store store = opened(w, STORE_CREATE);
	put_setting(store);
	mode_t mask = umask(0);
	assert_int_equal(store_backup(store, copy, &err), 0);
	assert_int_equal(umask(mask), 0);
	check_mode(copy, 0600);
	assert_int_equal(store_backup(store, copy, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "exists already"));
	auto_store back = NULL;
	assert_int_equal(store_open(copy, &schema_store, STORE_READ, &back, &err), 0);
	assert_int_equal(number_of(back, "SELECT count(*) FROM setting"), 1);
}

/* ---- changes ---- */

static void test_change(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct generation gen, first;
	bool changed = true;
	auto_store store = opened(w, STORE_CREATE);
	assert_int_equal(generation_now(store, &gen, &err), 0);
	assert_int_equal(gen.id, 0);
	assert_int_equal(gen.token, 0);
	assert_int_equal(generation_is_known(store, gen, &err), 1);

	/* nothing became different: no trace */
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &w->ctx, "server set", &err), 0);
	assert_int_equal(change_end(store, &changed, &err), 0);
	assert_false(changed);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(number_of(store, "SELECT count(*) FROM change"), 0);

	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &w->ctx, "server set", &err), 0);
	assert_int_equal(change_note(store, "setting", NULL, "mail", NULL, "off", &err),
	                 0);
	assert_int_equal(
		change_note(store, "key", "x.example", "s", "active", NULL, &err), 0);
	assert_int_equal(change_note(store, "nonsense", NULL, "a", NULL, "b", &err),
	                 ERR_FAILED);
	assert_int_equal(change_end(store, &changed, &err), 0);
	assert_true(changed);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(number_of(store,
	                           "SELECT count(*) FROM change WHERE at = 7 AND uid = 42"
	                           " AND actor = 'tester' AND command = 'server set'"),
	                 1);
	assert_int_equal(number_of(store,
	                           "SELECT count(*) FROM change_item WHERE seq = 1"
	                           " AND object = 'setting' AND domain IS NULL"
	                           " AND field = 'mail' AND old IS NULL AND new = 'off'"),
	                 1);
	assert_int_equal(number_of(store,
	                           "SELECT count(*) FROM change_item WHERE seq = 2"
	                           " AND object = 'key' AND domain = 'x.example'"
	                           " AND field = 's' AND old = 'active' AND new IS NULL"),
	                 1);
	assert_int_equal(store_script(store, "UPDATE change_item SET new = 'x'", &err),
	                 ERR_FAILED);

	assert_int_equal(generation_now(store, &first, &err), 0);
	assert_true(first.id > 0 && first.token != 0);
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &w->ctx, "server set", &err), 0);
	assert_int_equal(change_note(store, "setting", NULL, "mail", "off", NULL, &err),
	                 0);
	assert_int_equal(change_end(store, &changed, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(generation_now(store, &gen, &err), 0);
	assert_true(gen.id > first.id);
	assert_int_equal(generation_is_known(store, gen, &err), 1);
	assert_int_equal(generation_is_known(store, first, &err), 1);
	first.token++;
	assert_int_equal(generation_is_known(store, first, &err), 0);
	gen.id++;
	assert_int_equal(generation_is_known(store, gen, &err), 0);
}

/* ---- the trail ---- */

static int list_change(void *arg, const struct change_row *row, struct err *err)
{
	(void)err;
	buf_printf(arg, "%d ", (int)row->id);
	return 0;
}

static int stop_at_change(void *arg, const struct change_row *row, struct err *err)
{
	list_change(arg, row, err);
	return 5;
}

static int list_item(void *arg, const struct change_item *item, struct err *err)
{
	(void)err;
	buf_printf(arg, "%s/%s/%s/%s/%s/%s ", item->object,
	           item->domain ? item->domain : "-", item->field,
	           item->ref ? item->ref : "-", item->old ? item->old : "-",
	           item->new_value ? item->new_value : "-");
	return 0;
}

static int64_t now_of_trail;
static int64_t now_as_told(const struct ctx *ctx)
{
	(void)ctx;
	return now_of_trail;
}

/* Changes 1 to 5, at 10, 20, 20, 30 and 40. */
static void fill_trail(struct world *w, struct store *store)
{
	static const struct {
		int64_t at;
		const char *actor, *object, *domain, *field, *ref;
	} rows[] = {
		{ 10, "ann", "setting", NULL, "mail", NULL },
		{ 20, "bob", "setting", "a.example", "mail", NULL },
		{ 20, "ann", "record", "a.example", "mail", "t1" },
		{ 30, "bob", "setting", NULL, "mail", NULL },
		{ 40, "ann", "record", "b.example", "mail", "t1" },
	};
	struct err err = ERR_INIT;
	struct ctx ctx = w->ctx;
	bool changed;
	ctx.now = now_as_told;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		now_of_trail = rows[i].at;
		ctx.actor = (char *)(uintptr_t)rows[i].actor;
		assert_int_equal(store_begin(store, true, &err), 0);
		assert_int_equal(change_begin(store, &ctx, "server set", &err), 0);
		assert_int_equal(change_note_ref(store, rows[i].object, rows[i].domain,
		                                 rows[i].field, rows[i].ref, "x", "y",
		                                 &err),
		                 0);
		assert_int_equal(change_end(store, &changed, &err), 0);
		assert_int_equal(store_commit(store, &err), 0);
	}
}

static void test_trail(void **state)
{
	static const struct {
		struct change_filter filter;
		const char *found;
	} rows[] = {
		{ { 0 }, "5 4 3 2 1 " },
		{ { .limit = 2 }, "5 4 " },
		{ { .limit = 1 }, "5 " },
		{ { .since = 20 }, "5 4 3 2 " },
		{ { .since = 21 }, "5 4 " },
		{ { .until = 20 }, "3 2 1 " },
		{ { .until = 19 }, "1 " },
		{ { .since = 20, .until = 20 }, "3 2 " },
		{ { .since = 41 }, "" },
		{ { .actor = "ann" }, "5 3 1 " },
		{ { .actor = "an" }, "" },
		{ { .domain = "a.example" }, "3 2 " },
		{ { .domain = "a.example", .actor = "ann" }, "3 " },
		{ { .domain = "b.example", .until = 39 }, "" },
		{ { .setting = "mail" }, "4 2 1 " },
		{ { .setting = "mail", .limit = 1 }, "4 " },
		{ { .setting = "mail", .since = 30 }, "4 " },
		{ { .setting = "mail", .domain = "a.example" }, "2 " },
		{ { .setting = "mail", .domain = "b.example" }, "" },
		{ { .setting = "other" }, "" },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_store store = opened(w, STORE_CREATE);
	fill_trail(w, store);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf found = BUF_INIT;
		assert_int_equal(
			change_each(store, &rows[i].filter, list_change, &found, &err),
			0);
		if (strcmp(buf_text(&found), rows[i].found) != 0)
			fail_msg("row %zu: %s", i, buf_text(&found));
	}
	auto_buf found = BUF_INIT;
	assert_int_equal(
		change_each(store, &rows[0].filter, stop_at_change, &found, &err), 5);
	assert_int_equal(change_look(store, 2, list_change, &found, &err), 1);
	assert_int_equal(change_look(store, 6, list_change, &found, &err), 0);
	assert_string_equal(buf_text(&found), "5 2 ");
	buf_clear(&found);
	assert_int_equal(change_items(store, 3, list_item, &found, &err), 0);
	assert_int_equal(change_items(store, 1, list_item, &found, &err), 0);
	assert_string_equal(buf_text(&found),
	                    "record/a.example/mail/t1/x/y setting/-/mail/-/x/y ");
	assert_int_equal(change_items(store, 6, list_item, &found, &err), ERR_MISSING);
}

/* Whether the same was changed again: the same object, domain, field and part of it. */
static void test_later(void **state)
{
	static const struct {
		int64_t id;
		struct change_item item;
		int64_t later; /* 0: none */
	} rows[] = {
		{ 1, { .object = "setting", .field = "mail" }, 9 },
		{ 8, { .object = "setting", .field = "mail" }, 9 },
		{ 9, { .object = "setting", .field = "mail" }, 0 },
		{ 1, { .object = "setting", .field = "other" }, 0 },
		{ 1, { .object = "setting", .field = "mail", .ref = "t1" }, 0 },
		{ 1, { .object = "record", .field = "mail" }, 0 },
		{ 1, { .object = "setting", .domain = "a.example", .field = "mail" }, 7 },
		{ 7, { .object = "setting", .domain = "a.example", .field = "mail" }, 0 },
		{ 1,
		  { .object = "record",
		    .domain = "a.example",
		    .field = "mail",
		    .ref = "t1" },
		  8 },
		{ 1,
		  { .object = "record",
		    .domain = "a.example",
		    .field = "mail",
		    .ref = "t2" },
		  0 },
		{ 1,
		  { .object = "record",
		    .domain = "c.example",
		    .field = "mail",
		    .ref = "t1" },
		  0 },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_store store = opened(w, STORE_CREATE);
	fill_trail(w, store);
	fill_trail(w, store); /* 6 to 10: the newest one counts */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t later = 0;
		int r = change_later(store, rows[i].id, &rows[i].item, &later, &err);
		if (r != (rows[i].later != 0) || later != rows[i].later)
			fail_msg("row %zu: %d %d", i, r, (int)later);
	}
}

/* One account's changes within an hour have a bound; of older ones only the newest are kept. */
static void test_room(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct ctx ctx = w->ctx;
	auto_store store = opened(w, STORE_CREATE);
	auto_free char *text = xcalloc(1, CHANGE_HOURLY + 1);
	memset(text, 'x', CHANGE_HOURLY);
	ctx.now = now_as_told;
	static const struct {
		int64_t at;
		int uid;
		bool is_good;
		int left; /* changes that are kept */
	} rows[] = {
		{ 10000, 42, true, 1 }, /* the one that fills it: it was not yet there */
		{ 10001, 42, false, 1 }, { 10001, 43, true, 2 }, { 13599, 42, false, 2 },
		{ 13600, 42, true, 3 },  { 17200, 42, true, 4 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		now_of_trail = rows[i].at;
		ctx.uid = (uid_t)rows[i].uid;
		err_clear(&err);
		assert_int_equal(store_begin(store, true, &err), 0);
		assert_int_equal(change_begin(store, &ctx, "server set", &err), 0);
		assert_int_equal(
			change_note(store, "setting", NULL, "mail", NULL, text, &err), 0);
		int r = change_check_room(store, &ctx, &err);
		if (r != (rows[i].is_good ? 0 : ERR_FAILED) ||
		    (r &&
		     !strstr(err.text, "tester changed too much within the last hour")))
			fail_msg("row %zu: %d %s", i, r, err.text);
		if (r)
			store_rollback(store);
		else
			assert_int_equal(store_commit(store, &err), 0);
		assert_int_equal(number_of(store, "SELECT count(*) FROM change"),
		                 rows[i].left);
	}
}

/* Too late is no fault: it is not known then.  What comes after it has the time that it needs. */
static void test_quick_check(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	bool is_whole = true;
	auto_store store = opened(w, STORE_CREATE);
	static const char fill[] =
		"CREATE TABLE many (a INTEGER PRIMARY KEY, b TEXT UNIQUE);"
		"INSERT INTO many SELECT value, 'text ' || value"
		" FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL"
		"  SELECT value + 1 FROM n WHERE value < 20000) SELECT value FROM n)";
	assert_int_equal(store_script(store, fill, &err), 0);
	assert_int_equal(store_check_quickly(store, 0, &is_whole, &err), 0);
	assert_false(is_whole);
	assert_int_equal(err.code, 0);
	assert_int_equal(number_of(store, "SELECT count(DISTINCT b) FROM many"), 20000);
	assert_int_equal(store_check_quickly(store, 600000, &is_whole, &err), 0);
	assert_true(is_whole);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_binding),      IN_FOLDER(test_getters),
		IN_FOLDER(test_nested),       IN_FOLDER(test_many_statements),
		IN_FOLDER(test_transactions), IN_FOLDER(test_parts),
		IN_FOLDER(test_defensive),    IN_FOLDER(test_secret_gone),
		IN_FOLDER(test_backup),       IN_FOLDER(test_change),
		IN_FOLDER(test_trail),        IN_FOLDER(test_later),
		IN_FOLDER(test_room),         IN_FOLDER(test_quick_check),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
