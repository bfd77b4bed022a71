/* target.db of an earlier version: brought up to date, to what a new one is. */
#include "tests/unit/fake_host.h"

#include <sqlite3.h>

/* What version 1 was, and what a host had when it was upgraded in the middle of a push. */
static const char version_1[] =
	"PRAGMA application_id = 0x4d417450;"
	"PRAGMA user_version = 1;"
	"CREATE TABLE target ( one INTEGER PRIMARY KEY CHECK (one = 1), store_uuid BLOB NOT NULL CHECK (length(store_uuid) = 16), backend TEXT NOT NULL, hostname TEXT, gen INTEGER NOT NULL, token INTEGER NOT NULL, inputs BLOB NOT NULL CHECK (length(inputs) = 32), hold INTEGER NOT NULL DEFAULT 0 CHECK (hold IN (0, 1)), pushed INTEGER NOT NULL ) STRICT;"
	"CREATE TABLE blob ( sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32), octets BLOB NOT NULL ) STRICT, WITHOUT ROWID;"
	"CREATE TABLE held ( object TEXT PRIMARY KEY, value BLOB CHECK (length(value) = 32), secret INTEGER NOT NULL DEFAULT 0 CHECK (secret IN (0, 1)), base BLOB CHECK (length(base) = 32), base_mode INTEGER, base_uid INTEGER, base_gid INTEGER, domain TEXT ) STRICT, WITHOUT ROWID;"
	"CREATE INDEX held_domain ON held (domain) WHERE domain IS NOT NULL;"
	"CREATE INDEX held_base ON held (base) WHERE base IS NOT NULL;"
	"CREATE TABLE push ( id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL, command TEXT NOT NULL, gen INTEGER NOT NULL, token INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('prepared', 'switching', 'ending', 'done', 'undoing', 'undone')), rank INTEGER, reload TEXT, why TEXT ) STRICT;"
	"CREATE UNIQUE INDEX push_open ON push (1) WHERE state IN ('prepared', 'switching', 'ending', 'undoing');"
	"CREATE TABLE step ( push_id INTEGER NOT NULL REFERENCES push (id) ON DELETE CASCADE, seq INTEGER NOT NULL, rank INTEGER NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('file', 'mkdir', 'service', 'probe')), object TEXT NOT NULL, secret INTEGER NOT NULL DEFAULT 0 CHECK (secret IN (0, 1)), had_old INTEGER NOT NULL DEFAULT 0 CHECK (had_old IN (0, 1)), present INTEGER NOT NULL DEFAULT 1 CHECK (present IN (0, 1)), old BLOB CHECK (length(old) = 32), new BLOB CHECK (length(new) = 32), old_mode INTEGER, old_uid INTEGER, old_gid INTEGER, new_mode INTEGER, new_uid INTEGER, new_gid INTEGER, domain TEXT, action TEXT, probe TEXT, PRIMARY KEY (push_id, seq) ) STRICT, WITHOUT ROWID;"
	"CREATE INDEX step_old ON step (old) WHERE old IS NOT NULL;"
	"CREATE INDEX step_new ON step (new) WHERE new IS NOT NULL;";

static const char contents[] =
	"INSERT INTO target VALUES (1, zeroblob(16), 'postfix', 'mx.example.net', 3, 4,"
	" zeroblob(32), 0, 1000);"
	"INSERT INTO blob VALUES (zeroblob(32), X'6F6C64');"
	"INSERT INTO held (object, value) VALUES ('file:/etc/postfix/main.cf', zeroblob(32)),"
	" ('file:/etc/opendkim.conf', NULL), ('file:/etc/mailauthctl/opendkim.conf', NULL),"
	" ('dir:/etc/mailauthctl', NULL);"
	"INSERT INTO push (id, at, actor, command, gen, token, state, rank) VALUES"
	" (1, 1, 'root', 'mta adopt', 1, 1, 'done', 5),"
	" (2, 2, 'root', 'server set', 2, 2, 'switching', 1);"
	"INSERT INTO step (push_id, seq, rank, kind, object) VALUES"
	" (2, 1, 0, 'file', '/etc/postfix/main.cf'), (2, 2, 1, 'file', '/etc/x'),"
	" (2, 3, 5, 'file', '/etc/postfix/master.cf')";

static void put_version_1(struct host *host, struct buf *path)
{
	sqlite3 *db;

	store_close(host->target);
	host->target = NULL;
	buf_printf(path, "%s/var/lib/mailauthctl/target.db", host->root);
	assert_int_equal(remove(buf_text(path)), 0);
	assert_int_equal(sqlite3_open(buf_text(path), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, version_1, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, contents, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The columns of all tables and views, and the indexes, sorted. */
static void describe(struct store *target, struct buf *into)
{
	auto_stmt stmt = NULL;
	struct err err = ERR_INIT;
	int r = store_query(
		target, &stmt, &err,
		"SELECT s.type || ' ' || s.name || ' ' || coalesce(c.name, '') || ' ' "
		"|| coalesce(c.type, '') FROM sqlite_schema AS s LEFT JOIN "
		"pragma_table_xinfo(s.name) AS c "
		"WHERE s.name NOT LIKE 'sqlite_autoindex%' ORDER BY 1",
		"");
	while (r == 0 && (r = stmt_next(stmt, &err)) == 1) {
		buf_printf(into, "%s\n", stmt_text(stmt, 0));
		r = 0;
	}
	assert_int_equal(r, 0);
}

static char *text_of(struct store *target, const char *sql)
{
	struct err err = ERR_INIT;
	auto_stmt stmt = NULL;

	assert_int_equal(store_query(target, &stmt, &err, sql, ""), 0);
	assert_int_equal(stmt_next(stmt, &err), 1);
	return xstrdup(stmt_text(stmt, 0));
}

static void test_version_1(void **state)
{
	struct host *host = *state;
	struct err err = ERR_INIT;
	struct target_row row;
	struct digest zero = { 0 };
	auto_buf fresh = BUF_INIT, renewed = BUF_INIT, path = BUF_INIT, octets = BUF_INIT;
	static const struct {
		const char *sql, *want;
	} rows[] = {
		{ "SELECT group_concat(object || '=' || coalesce(shared, '-'), ' ') FROM "
		  "(SELECT * FROM owned ORDER BY object)",
		  "dir:/etc/mailauthctl=- file:/etc/mailauthctl/opendkim.conf=- "
		  "file:/etc/opendkim.conf=opendkim.conf file:/etc/postfix/main.cf=main.cf" },
		{ "SELECT group_concat(kind || rank, ' ') FROM (SELECT * FROM push ORDER BY id)",
		  "adopt4 push4" },
		{ "SELECT group_concat(rank || coalesce(shared, '-'), ' ') FROM "
		  "(SELECT * FROM step ORDER BY seq)",
		  "3main.cf 0- 4master.cf" },
		{ "SELECT count(*) FROM history", "2" },
	};

	describe(host->target, &fresh);
	put_version_1(host, &path);
	assert_true(target_open(&host->ctx, false, false, &host->target, &err) < 0);
	assert_non_null(strstr(err.text, "mailauthctl mta push"));
	err_clear(&err);
	assert_int_equal(target_open(&host->ctx, false, true, &host->target, &err), 0);
	describe(host->target, &renewed);
	assert_string_equal(buf_text(&renewed), buf_text(&fresh));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *got = text_of(host->target, rows[i].sql);
		assert_string_equal(got, rows[i].want);
	}
	assert_int_equal(target_read(host->target, &row, &err), 0);
	assert_true(row.is_there && !row.is_same_version);
	assert_string_equal(row.hostname, "mx.example.net");
	target_row_done(&row);
	assert_int_equal(target_blob(host->target, &zero, &octets, &err), 0);
	assert_string_equal(buf_text(&octets), "old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_version_1, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
