/* Opening a database, what is refused, and migrations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/ctx.h"
#include "core/store/schema.h"
#include "core/store/store.h"
#include "tests/unit/store_world.h"

/* ---- opening ---- */

static void test_created(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	mode_t mask = umask(0);
	auto_store store = opened(w, STORE_CREATE);
	umask(mask);
	check_mode(w->sub, 0700);
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		auto_free char *path = xasprintf("%s%s", w->path, tails[i]);
		check_mode(path, 0600);
	}
	assert_string_equal(store_path(store), w->path);
	assert_int_equal(number_of(store, "PRAGMA application_id"), 0x4d417574);
	assert_int_equal(number_of(store, "PRAGMA user_version"), schema_store.version);
	assert_int_equal(number_of(store, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number_of(store, "PRAGMA secure_delete"), 1);
	assert_int_equal(number_of(store, "PRAGMA synchronous"), 2);
	assert_int_equal(number_of(store, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number_of(store, "PRAGMA busy_timeout"), 0);
	assert_int_equal(
		number_of(store, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"),
		1);
	assert_int_equal(number_of(store, "SELECT count(*) FROM template_record"), 2);
}

static void test_opened_again(void **state)
{
	static const enum store_mode modes[] = { STORE_READ, STORE_WRITE, STORE_CREATE };
	struct world *w = *state;
	store_close(opened(w, STORE_CREATE));
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		auto_store store = opened(w, modes[i]);
		assert_int_equal(number_of(store, "SELECT count(*) FROM template"), 1);
	}
	store_close(NULL);
}

static void test_absent(void **state)
{
	struct world *w = *state;
	check_refused(w, &schema_store, STORE_READ, ERR_MISSING, "no database at");
	check_refused(w, &schema_store, STORE_WRITE, ERR_MISSING, "no database at");
	assert_int_equal(mkdir(w->sub, 0700), 0);
	check_refused(w, &schema_store, STORE_READ, ERR_MISSING, "no database at");
	check_refused(w, &schema_store, STORE_WRITE, ERR_MISSING, "no database at");
	assert_int_equal(access(w->path, F_OK), -1);
}

static void test_empty_file(void **state)
{
	struct world *w = *state;
	put_octets(w, 0, 0, 0);
	check_refused(w, &schema_store, STORE_READ, ERR_MISSING, "the file is empty");
	check_refused(w, &schema_store, STORE_WRITE, ERR_MISSING, "the file is empty");
	auto_store store = opened(w, STORE_CREATE);
	assert_int_equal(number_of(store, "PRAGMA user_version"), schema_store.version);
}

/* A first run that ended between switching to the write-ahead log and its COMMIT. */
static void test_interrupted_first_run(void **state)
{
	struct world *w = *state;
	foreign_sql(w, "PRAGMA journal_mode=WAL");
	struct stat st;
	assert_int_equal(stat(w->path, &st), 0);
	assert_true(st.st_size > 0);
	check_refused(w, &schema_store, STORE_READ, ERR_MISSING, "no database at");
	check_refused(w, &schema_store, STORE_WRITE, ERR_MISSING, "no database at");
	auto_store store = opened(w, STORE_CREATE);
	assert_int_equal(number_of(store, "PRAGMA user_version"), schema_store.version);
	assert_int_equal(number_of(store, "SELECT count(*) FROM template"), 1);
}

static void test_two_first_runs(void **state)
{
	struct world *w = *state;
	pid_t children[4];
	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		children[i] = fork();
		if (children[i] == 0) {
			struct err err = ERR_INIT;
			struct store *store;
			int r = store_open(w->path, &schema_store, STORE_CREATE, &store,
			                   &err);
			if (r < 0)
				fprintf(stderr, "%s\n", err.text);
			_exit(r < 0);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	auto_store store = opened(w, STORE_WRITE);
	assert_int_equal(number_of(store, "SELECT count(*) FROM template"), 1);
}

static void test_other_program(void **state)
{
	static const enum store_mode modes[] = { STORE_READ, STORE_WRITE, STORE_CREATE };
	static const char *const scripts[] = {
		"CREATE TABLE t (a); PRAGMA user_version = 1",
		"PRAGMA application_id = 1; PRAGMA user_version = 1",
	};
	struct world *w = *state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		foreign_sql(w, scripts[i]);
		chmod(w->path, 0600);
		for (size_t k = 0; k < ARRAY_LEN(modes); k++)
			check_refused(w, &schema_store, modes[k], ERR_FAILED,
			              "belongs to another program");
		unlink(w->path);
	}
}

static void test_newer(void **state)
{
	struct world *w = *state;
	store_close(opened(w, STORE_CREATE));
	foreign_sql(w, "PRAGMA user_version = 6");
	check_refused(w, &schema_store, STORE_READ, ERR_FAILED,
	              "was written by a newer mailauthctl (schema 6; this version "
	              "supports 5)");
	check_refused(w, &schema_store, STORE_CREATE, ERR_FAILED, "newer mailauthctl");
}

static void test_damaged(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	put_octets(w, 0, 'x', 8192);
	check_refused(w, &schema_store, STORE_READ, ERR_FAILED,
	              "is damaged or not a database");
	check_refused(w, &schema_store, STORE_CREATE, ERR_FAILED,
	              "is damaged or not a database");
	unlink(w->path);
	store_close(opened(w, STORE_CREATE));
	auto_store sound = opened(w, STORE_READ);
	assert_int_equal(store_check(sound, &err), 0);
	store_close(sound);
	sound = NULL;
	put_octets(w, 3 * 4096, 'x', 4096);
	auto_store store = opened(w, STORE_READ);
	assert_int_equal(store_check(store, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "is damaged"));
	assert_non_null(strstr(err.text,
	                       "; replace it with a copy made by mailauthctl db backup"));
}

/* In a mount namespace of its own, the folder on a file system of `size`. */
static int mount_folder(struct world *w, const char *size)
{
	return unshare(CLONE_NEWNS) < 0 ||
	                       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	                       mount("t", w->folder, "tmpfs", 0, size) < 0
	               ? 77
	               : 0;
}

static int read_on(struct world *w, const char *reason)
{
	struct err err = ERR_INIT;
	struct store *store = NULL;
	int64_t count = 0;
	if (store_open(w->path, &schema_store, STORE_READ, &store, &err) < 0)
		return 2;
	if (store_get_int(store, &count, &err, "SELECT count(*) FROM change", "") < 0)
		return 3;
	store_close(store);
	store = NULL;
	if (store_open(w->path, &schema_store, STORE_WRITE, &store, &err) == 0 &&
	    store_exec(store, &err, "INSERT INTO secret VALUES ('x', zeroblob(400000))",
	               "") == 0)
		return 4;
	store_close(store);
	return strstr(err.text, reason) && strstr(err.text, w->folder) &&
	                       !strstr(err.text, "nothing was changed")
	               ? 0
	               : 5;
}

static int read_on_read_only(struct world *w)
{
	int r = mount_folder(w, "size=4m");
	if (r)
		return r;
	store_close(opened(w, STORE_CREATE));
	if (mount(NULL, w->folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 77;
	return read_on(w, "run \"mount -o remount,rw ");
}

static int read_on_full(struct world *w)
{
	static char octets[65536];
	int r = mount_folder(w, "size=1m");
	if (r)
		return r;
	store_close(opened(w, STORE_CREATE));
	auto_free char *path = xasprintf("%s/fill", w->folder);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, octets, sizeof(octets)) > 0)
		;
	return read_on(w, "no space is left on the file system; free some space on ");
}

static void in_child(struct world *w, int (*run)(struct world *w))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(run(w));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void test_read_only_disk(void **state)
{
	in_child(*state, read_on_read_only);
}

static void test_full_disk(void **state)
{
	in_child(*state, read_on_full);
}

static void test_broken_reference(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	store_close(opened(w, STORE_CREATE));
	foreign_sql(w, "PRAGMA foreign_keys=OFF;"
	               "INSERT INTO domain_setting VALUES (77, 'mail', 'on')");
	auto_store store = opened(w, STORE_READ);
	assert_int_equal(store_check(store, &err), ERR_FAILED);
	assert_non_null(strstr(err.text,
	                       "a row of table domain_setting refers to a row that "
	                       "does not exist"));
}

static void test_writers(void **state)
{
	static const struct {
		mode_t folder, file;
		const char *text; /* NULL: accepted */
	} rows[] = {
		{ 0700, 0600, NULL },
		{ 0755, 0644, NULL },
		{ 01777, 0600, "other accounts can write to the folder" },
		{ 0770, 0600, "other accounts can write to the folder" },
		{ 0702, 0600, "other accounts can write to the folder" },
		{ 0700, 0620, "other accounts can write to the file" },
		{ 0700, 0602, "other accounts can write to the file" },
		{ 0700, 01602, "other accounts can write to the file" },
	};
	static const enum store_mode modes[] = { STORE_WRITE, STORE_CREATE };
	struct world *w = *state;
	store_close(opened(w, STORE_CREATE));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		chmod(w->sub, rows[i].folder);
		chmod(w->path, rows[i].file);
		for (size_t k = 0; k < ARRAY_LEN(modes); k++) {
			if (rows[i].text)
				check_refused(w, &schema_store, modes[k], ERR_FAILED,
				              rows[i].text);
			else
				store_close(opened(w, modes[k]));
		}
	}
	chmod(w->sub, 0700);
	chmod(w->path, 0602);
	check_refused(w, &schema_store, STORE_READ, ERR_FAILED,
	              "other accounts can write to the file");
}

static void test_owner(void **state)
{
	struct world *w = *state;
	if (geteuid() != 0)
		skip();
	store_close(opened(w, STORE_CREATE));
	assert_int_equal(chown(w->path, 12345, 0), 0);
	check_refused(w, &schema_store, STORE_READ, ERR_FAILED, "belongs to user 12345");
	assert_int_equal(chown(w->path, 0, 0), 0);
	assert_int_equal(chown(w->sub, 12345, 0), 0);
	check_refused(w, &schema_store, STORE_WRITE, ERR_FAILED, "belongs to user 12345");
}

static void test_kinds_of_file(void **state)
{
	static const enum store_mode modes[] = { STORE_READ, STORE_WRITE, STORE_CREATE };
	struct world *w = *state;
	auto_free char *elsewhere = xasprintf("%s/elsewhere", w->folder);
	mkdir(w->sub, 0700);
	assert_int_equal(symlink(elsewhere, w->path), 0);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		check_refused(w, &schema_store, modes[i], ERR_FAILED,
		              "is a symbolic link");
	assert_int_equal(access(elsewhere, F_OK), -1);
	unlink(w->path);
	mkdir(w->path, 0700);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		check_refused(w, &schema_store, modes[i], ERR_FAILED,
		              "is not a regular file");
}

/* ---- migrations ---- */

static void test_migrated(void **state)
{
	static const struct migration steps[] = {
		{ 6, "CREATE TABLE two (a INTEGER) STRICT; INSERT INTO two VALUES (2)" },
		{ 7, "CREATE TABLE three (a INTEGER) STRICT;" },
		{ 0, NULL },
	};
	struct store_kind third = schema_store;
	struct world *w = *state;
	struct err err = ERR_INIT;
	third.version = 7;
	third.migrations = steps;
	auto_free char *copy = xasprintf("%s.v5", w->path);
	store_close(opened(w, STORE_CREATE));
	check_refused(w, &third, STORE_READ, ERR_FAILED,
	              "run \"mailauthctl db check\" as root");
	assert_int_equal(access(copy, F_OK), -1);
	auto_store store = NULL;
	assert_int_equal(store_open(w->path, &third, STORE_WRITE, &store, &err), 0);
	assert_int_equal(number_of(store, "PRAGMA user_version"), 7);
	assert_int_equal(number_of(store, "SELECT a FROM two"), 2);
	assert_int_equal(number_of(store, "SELECT count(*) FROM three"), 0);
	check_mode(copy, 0600);
	auto_store old = NULL;
	assert_int_equal(store_open(copy, &schema_store, STORE_READ, &old, &err), 0);
	assert_int_equal(number_of(old, "PRAGMA user_version"), schema_store.version);
}

static void test_migration_fails(void **state)
{
	static const struct migration steps[] = {
		{ 6,
		  "CREATE TABLE two (a INTEGER) STRICT; INSERT INTO nowhere VALUES (2)" },
		{ 0, NULL },
	};
	struct store_kind second = schema_store;
	struct world *w = *state;
	second.version = 6;
	second.migrations = steps;
	store_close(opened(w, STORE_CREATE));
	check_refused(w, &second, STORE_WRITE, ERR_FAILED, "nowhere");
	auto_store store = opened(w, STORE_WRITE);
	assert_int_equal(number_of(store, "PRAGMA user_version"), schema_store.version);
	assert_int_equal(
		number_of(store, "SELECT count(*) FROM sqlite_schema WHERE name = 'two'"),
		0);
}

/* No file beside it, whatever its name is, and a lock of somebody else's does not count. */
static void test_glance(void **state)
{
	struct world *w = *state;
	free(w->path);
	w->path = xasprintf("%s/a?b=%%41#c.db", w->sub);
	check_refused(w, &schema_store, STORE_GLANCE, ERR_MISSING, "no database");
	auto_store store = opened(w, STORE_CREATE);
	store_close(store);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "PRAGMA locking_mode=EXCLUSIVE; PRAGMA "
	                              "journal_mode=DELETE; BEGIN EXCLUSIVE",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	store = opened(w, STORE_GLANCE);
	assert_int_equal(number_of(store, "SELECT count(*) FROM template"), 1);
	struct err err = ERR_INIT;
	assert_int_equal(store_exec(store, &err, "DELETE FROM template", ""), ERR_FAILED);
	sqlite3_close(db);
	auto_free char *log = xasprintf("%s-wal", w->path);
	auto_free char *index = xasprintf("%s-shm", w->path);
	assert_int_equal(access(log, F_OK), -1);
	assert_int_equal(access(index, F_OK), -1);
}

#define IDLE(name, event)                                             \
	"DROP TRIGGER " name "; CREATE TRIGGER " name " AFTER " event \
	" BEGIN SELECT 1; END;"

/* What versions 3 to 5 brought, taken away again. */
static const char version_2[] =
	"BEGIN; DROP TABLE key_asked; DROP TRIGGER zone_look_i; DROP TRIGGER zone_look_u;"
	"DROP TRIGGER dkim_key_parked; DROP TRIGGER domain_del; DROP TRIGGER domain_rename;"
	"DROP INDEX export_file_kept; DROP TABLE zone_look;"
	"ALTER TABLE export_file DROP COLUMN kept;"
	"CREATE TRIGGER domain_del AFTER DELETE ON domain"
	" BEGIN INSERT INTO former_name (name, gen)"
	"  VALUES (old.name, (SELECT max(id) FROM change))"
	"  ON CONFLICT (name) DO UPDATE SET gen = excluded.gen, domain_id = NULL; END;"
	"CREATE TRIGGER domain_rename AFTER UPDATE OF name ON domain"
	" WHEN new.name <> old.name BEGIN DELETE FROM former_name WHERE name = new.name;"
	" INSERT INTO former_name (name, domain_id, gen)"
	"  VALUES (old.name, new.id, (SELECT max(id) FROM change))"
	"  ON CONFLICT (name) DO UPDATE SET domain_id = excluded.domain_id,"
	"  gen = excluded.gen; END;" IDLE("domain_mod", "UPDATE ON domain") IDLE(
		"domain_setting_i",
		"INSERT ON domain_setting") IDLE("domain_setting_u",
                                                 "UPDATE ON domain_setting")
		IDLE("domain_setting_d",
                     "DELETE ON domain_setting") IDLE("dkim_key_i", "INSERT ON dkim_key")
			IDLE("dkim_key_u", "UPDATE ON dkim_key") IDLE(
				"dkim_key_d",
				"DELETE ON dkim_key") "PRAGMA user_version = 2; COMMIT";

/* What was exported is not asked about; what was not is. */
static void test_from_version_2(void **state)
{
	static const char rows[] =
		"INSERT INTO change (id, at, uid, actor, command)"
		" VALUES (7, 1, 0, 'root', 'zone export');"
		"INSERT INTO domain (id, name, template_rev, created, gen)"
		" VALUES (1, 'a.example', 1, 1, 7), (2, 'b.example', 1, 1, 7);"
		"INSERT INTO record (id, domain_id, owner, type, rdata, kind)"
		" VALUES (5, 1, 'www.<domain>.', 'A', '192.0.2.1', 'other');"
		"INSERT INTO dkim_key (id, domain_id, selector, algorithm, bits, state, public,"
		" fingerprint, server_owned, created, since) VALUES (3, 1, 's1', 'ed25519',"
		" 256, 'active', x'01', zeroblob(32), 1, 1, 1);"
		"INSERT INTO key_public (key_id, name, exported) VALUES (3, 'a.example', 1),"
		" (3, 'c.example', NULL);"
		"INSERT INTO export_dir (id, path, gen, inputs, at) VALUES (1, '/z', 7, x'00', 1);"
		"INSERT INTO export_file (dir_id, name, size, mtime_ns, inode)"
		" VALUES (1, 'a.example', 1, 1, 1)";
	struct world *w = *state;
	struct err err = ERR_INIT;
	store_close(opened(w, STORE_CREATE));
	foreign_sql(w, version_2);
	foreign_sql(w, rows);
	auto_store store = opened(w, STORE_WRITE);
	auto_free char *refs = NULL;
	assert_int_equal(number_of(store, "PRAGMA user_version"), schema_store.version);
	assert_int_equal(
		store_get_text(store, &refs, &err,
	                       "SELECT group_concat(name || ' ' || ref, ', ') FROM"
	                       " (SELECT name, ref FROM zone_look WHERE had IS NULL"
	                       " ORDER BY name, ref)",
	                       ""),
		1);
	assert_string_equal(refs, "a.example 5, a.example _domainkey, "
	                          "a.example s1._domainkey, a.example t1, a.example t2");
	assert_int_equal(
		number_of(store, "SELECT count(*) FROM export_file WHERE NOT kept"), 1);
	/* each trigger as a new database has it, blanks aside */
	auto_store fresh = NULL;
	assert_int_equal(store_open_memory(&schema_store, &fresh, &err), 0);
	static const char triggers[] =
		"SELECT group_concat(sql, ';') FROM (SELECT replace(replace(replace(sql, ' ', ''),"
		" char(10), ''), char(9), '') AS sql FROM sqlite_schema"
		" WHERE type = 'trigger' ORDER BY name)";
	static const char columns[] =
		"SELECT sum((cid + 1) * length(name || type)) FROM"
		" (SELECT * FROM pragma_table_info('zone_look') UNION ALL"
		"  SELECT * FROM pragma_table_info('export_file'))";
	auto_free char *migrated = NULL;
	auto_free char *made = NULL;
	assert_int_equal(store_get_text(store, &migrated, &err, triggers, ""), 1);
	assert_int_equal(store_get_text(fresh, &made, &err, triggers, ""), 1);
	assert_string_equal(migrated, made);
	assert_int_equal(number_of(store, columns), number_of(fresh, columns));
}

/* The trail as version 1 had it: without ref, and nothing could be about a change. */
static void test_from_version_1(void **state)
{
	static const char version_1[] =
		"BEGIN; DROP TABLE change_item; CREATE TABLE change_item ("
		" change_id INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE,"
		" seq INTEGER NOT NULL,"
		" object TEXT NOT NULL CHECK (object IN"
		"  ('setting', 'domain', 'key', 'template', 'record', 'secret')),"
		" domain TEXT, field TEXT NOT NULL, old TEXT, new TEXT,"
		" PRIMARY KEY (change_id, seq)) STRICT, WITHOUT ROWID;"
		"INSERT INTO change (id, at, uid, actor, command)"
		" VALUES (7, 1, 0, 'root', 'server set');"
		"INSERT INTO change_item VALUES (7, 1, 'setting', NULL, 'spf.mode', NULL, 'x');"
		"PRAGMA user_version = 1; COMMIT";
	struct world *w = *state;
	struct err err = ERR_INIT;
	store_close(opened(w, STORE_CREATE));
	foreign_sql(w, version_2);
	foreign_sql(w, version_1);
	check_refused(w, &schema_store, STORE_READ, ERR_FAILED,
	              "run \"mailauthctl db check\" as root");
	auto_store store = opened(w, STORE_WRITE);
	assert_int_equal(number_of(store, "PRAGMA user_version"), schema_store.version);
	assert_int_equal(number_of(store,
	                           "SELECT change_id FROM change_item WHERE object ="
	                           " 'setting' AND field = 'spf.mode' AND old IS NULL"
	                           " AND new = 'x' AND ref IS NULL AND seq = 1"),
	                 7);
	assert_int_equal(store_exec(store, &err,
	                            "INSERT INTO change_item (change_id, seq, object,"
	                            " field, new) VALUES (7, 2, 'change', 'undo', '6')",
	                            ""),
	                 0);
	assert_int_equal(store_script(store, "UPDATE change_item SET new = 'y'", &err),
	                 ERR_FAILED);
	/* what a new database has, column by column and name by name */
	auto_store fresh = NULL;
	err_clear(&err);
	assert_int_equal(store_open_memory(&schema_store, &fresh, &err), 0);
	static const char names[] =
		"SELECT sum(length(name)) FROM sqlite_schema WHERE name NOT GLOB 'sqlite*'";
	static const char columns[] =
		"SELECT sum((cid + 1) * length(m.name || c.name || c.type) * (c.pk + 2)"
		" * (c.\"notnull\" + 1)) FROM sqlite_schema m, pragma_table_info(m.name) c"
		" WHERE m.type = 'table'";
	assert_int_equal(number_of(store, names), number_of(fresh, names));
	assert_int_equal(number_of(store, columns), number_of(fresh, columns));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_created),
		IN_FOLDER(test_opened_again),
		IN_FOLDER(test_absent),
		IN_FOLDER(test_empty_file),
		IN_FOLDER(test_interrupted_first_run),
		IN_FOLDER(test_two_first_runs),
		IN_FOLDER(test_other_program),
		IN_FOLDER(test_newer),
		IN_FOLDER(test_damaged),
		IN_FOLDER(test_read_only_disk),
		IN_FOLDER(test_full_disk),
		IN_FOLDER(test_broken_reference),
		IN_FOLDER(test_writers),
		IN_FOLDER(test_owner),
		IN_FOLDER(test_kinds_of_file),
		IN_FOLDER(test_glance),
		IN_FOLDER(test_migrated),
		IN_FOLDER(test_migration_fails),
		IN_FOLDER(test_from_version_1),
		IN_FOLDER(test_from_version_2),
	};
	return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
