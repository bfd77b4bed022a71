/*
 * Opening, transactions and safety of a database.
 *
 * Only SQLite opens the file: closing another descriptor of it would drop SQLite's locks.  The
 * checks before that (owner, mode, link) therefore use lstat(2).
 */
#include "core/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/disk.h"
#include "core/base/file.h"
#include "core/store/store_inner.h"

#define BEGIN_WAIT_MS 250
#define STATEMENT_JOURNAL (124 << 10) /* octets: below the size that malloc(3) maps */
#define CHECK_STEPS 10000 /* instructions of SQLite between two checks of the deadline */

/* Whether SQLite failed because of the file system. */
static enum disk_state why_disk(const struct store *store, int code)
{
	if (code == SQLITE_FULL)
		return DISK_FULL;
	if (code != SQLITE_IOERR && code != SQLITE_CANTOPEN && code != SQLITE_READONLY)
		return DISK_WRITABLE;
	int number = sqlite3_system_errno(store->db);
	if (code == SQLITE_IOERR && (number == ENOSPC || number == EDQUOT))
		return DISK_FULL;
	return disk_look(store->path);
}

/* `fmt` contains the path and SQLite's message; the remedy for this kind of database is added. */
static int refuse_damaged(const struct store *store, struct err *err, const char *fmt,
                          const char *finding)
{
	const char *path = store->path, *command = store->kind->remade_by;
	auto_free char *fault = xasprintf(fmt, path, finding);
	for (char *at = fault; *at; at++) /* SQLite reports a heading and a line */
		if (*at == '\n')
			*at = ' ';
	if (command) {
		err_set(err, ERR_FAILED, "%s", fault);
		return err_add_remedy(err, "mv %s %s.damaged; %s", path, path, command);
	}
	return err_set(err, ERR_FAILED,
	               _("%s; replace it with a copy made by mailauthctl db backup"),
	               fault);
}

bool store_has_failed(const struct store *store)
{
	return store->has_failed;
}

int store_fail(struct store *store, struct err *err, const char *doing)
{
	int code = sqlite3_errcode(store->db) & 0xff;
	enum disk_state disk = why_disk(store, code);
	store->has_failed = true;
	if (disk != DISK_WRITABLE)
		return disk_refuse(disk, store->path, err);
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return err_set(err, ERR_BUSY, _("%s: another program has it open"),
		               store->path);
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return refuse_damaged(store, err,
		                      _("%s is damaged or not a database (%s)"),
		                      sqlite3_errmsg(store->db));
	return err_set(err, ERR_FAILED, "%s: %s: %s", store->path, doing,
	               sqlite3_errmsg(store->db));
}

/* A sticky folder is refused as well: others might create a journal next to the file. */
static int check_writers(const char *path, const char *noun, const struct stat *st,
                         struct err *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(err, ERR_FAILED,
		               _("%s %s belongs to user %u, not to "
		                 "you"),
		               noun, path, (unsigned)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		err_set(err, ERR_FAILED, _("other accounts can write to %s %s"), noun,
		        path);
		return err_add_remedy(err, "chmod go-w %s", path);
	}
	return 0;
}

/* Creates the folder of a new database and refuses one that others may write to. */
static int prepare_folder(const char *path, enum store_mode mode, struct err *err)
{
	auto_free char *folder = path_parent(path);
	struct stat st;
	if (stat(folder, &st) < 0) {
		if (errno == EACCES)
			return err_set(err, ERR_FAILED,
			               _("no permission to read %s: run as root"), path);
		if (errno != ENOENT || mode != STORE_CREATE)
			return err_set(err, ERR_MISSING, _("no database at %s"), path);
		for (char *slash = strchr(folder + 1, '/'); slash;
		     slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			if (mkdir(folder, 0755) < 0 && errno != EEXIST)
				return err_errno(err, errno,
				                 _("cannot create the folder %s"),
				                 folder);
			*slash = '/';
		}
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return err_errno(err, errno, _("cannot create the folder %s"),
			                 folder);
		if (stat(folder, &st) < 0)
			return err_errno(err, errno, _("cannot access the folder %s"),
			                 folder);
	}
	return mode == STORE_READ || mode == STORE_GLANCE
	               ? 0
	               : check_writers(folder, _("the folder"), &st, err);
}

static int check_file(const char *path, enum store_mode mode, struct err *err)
{
	struct stat st;
	if (lstat(path, &st) < 0) {
		if (errno == EACCES)
			return err_set(err, ERR_FAILED,
			               _("no permission to read %s: run as root"), path);
		if (errno != ENOENT)
			return err_errno(err, errno, _("cannot access %s"), path);
		if (mode != STORE_CREATE)
			return err_set(err, ERR_MISSING, _("no database at %s"), path);
		return 0;
	}
	if (S_ISLNK(st.st_mode))
		return err_set(err, ERR_FAILED,
		               _("%s is a symbolic link; name the file itself"), path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, _("%s is not a regular file"), path);
	if (access(path, R_OK) < 0)
		return err_set(err, ERR_FAILED,
		               _("no permission to read %s: run as root"), path);
	if (st.st_size == 0 && mode != STORE_CREATE)
		return err_set(err, ERR_MISSING,
		               _("no database at %s: the file is empty"), path);
	return check_writers(path, _("the file"), &st, err);
}

static int set_up(struct store *store, struct err *err)
{
	static const char pragmas[] =
		"PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON;"
		"PRAGMA synchronous=FULL;";
	sqlite3_busy_timeout(store->db, 5000);
	if (sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) !=
	            SQLITE_OK ||
	    sqlite3_exec(store->db, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
	    (store->kind->pragmas && sqlite3_exec(store->db, store->kind->pragmas, NULL,
	                                          NULL, NULL) != SQLITE_OK))
		return store_fail(store, err, _("cannot set up the database"));
	return 0;
}

/* Statistics are not used, and cost a lock at each allocation.  A single row with triggers can
 * exceed the default limit of 64 KiB for the journal of a statement, and then every later statement
 * of the transaction writes to a file.  Refused once SQLite is in use. */
static void set_up_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, STATEMENT_JOURNAL);
}

int store_make_folder(const char *host_path, struct err *err)
{
	return prepare_folder(host_path, STORE_CREATE, err);
}

int store_open_memory(const struct store_kind *kind, struct store **ret_store,
                      struct err *err)
{
	auto_store store = xcalloc(1, sizeof(*store));
	store->path = xstrdup(":memory:");
	store->kind = kind;
	if (sqlite3_open_v2(store->path, &store->db,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	                            SQLITE_OPEN_NOMUTEX,
	                    NULL) != SQLITE_OK)
		return store_fail(store, err, _("cannot open the database"));
	int r = set_up(store, err);
	if (r >= 0)
		r = migrate(store, STORE_CREATE, err);
	if (r < 0)
		return r;
	*ret_store = store;
	store = NULL;
	return 0;
}

/* "file:/var/lib/a%23b.db?immutable=1": SQLite takes no lock and creates no file next to it. */
static char *immutable_uri(const char *host_path)
{
	auto_buf uri = BUF_INIT;
	buf_puts(&uri, "file:");
	for (const char *at = host_path; *at; at++) {
		if (strchr("%?#", *at))
			buf_printf(&uri, "%%%02x", *at);
		else
			buf_putc(&uri, *at);
	}
	buf_puts(&uri, "?immutable=1");
	return buf_take(&uri);
}

static int open_file(struct store *store, const char *host_path, enum store_mode mode,
                     struct err *err)
{
	int flags = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	auto_free char *uri = NULL;
	if (mode == STORE_GLANCE) {
		flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
		uri = immutable_uri(host_path);
	} else if (mode == STORE_READ && access(host_path, W_OK) < 0) {
		flags |= SQLITE_OPEN_READONLY;
	} else {
		flags |= SQLITE_OPEN_READWRITE;
	}
	if (mode == STORE_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	mode_t mask = umask(0177);
	int result = sqlite3_open_v2(uri ? uri : host_path, &store->db, flags, NULL);
	umask(mask);
	if (result != SQLITE_OK)
		return store_fail(store, err, _("cannot open the database"));
	return 0;
}

/* A reader needs the index of the write-ahead log, which cannot be created on such a disk.  If that
 * log is empty, the file alone is the whole database. */
static bool is_readable_alone(const char *host_path)
{
	struct stat st;
	auto_free char *log = xasprintf("%s-wal", host_path);
	return disk_look(host_path) != DISK_WRITABLE &&
	       (stat(log, &st) < 0 || st.st_size == 0);
}

static int open_checked(const char *host_path, const struct store_kind *kind,
                        enum store_mode mode, struct store **ret_store, struct err *err)
{
	auto_store store = xcalloc(1, sizeof(*store));
	store->path = xstrdup(host_path);
	store->kind = kind;
	int r = open_file(store, host_path, mode, err);
	if (r >= 0)
		r = set_up(store, err);
	if (r >= 0)
		r = migrate(store, mode, err);
	if (r < 0)
		return r;
	sqlite3_busy_timeout(store->db, 0);
	*ret_store = store;
	store = NULL;
	return 0;
}

int store_open(const char *host_path, const struct store_kind *kind, enum store_mode mode,
               struct store **ret_store, struct err *err)
{
	set_up_library();
	int r = prepare_folder(host_path, mode, err);
	if (r >= 0)
		r = check_file(host_path, mode, err);
	if (r >= 0)
		r = open_checked(host_path, kind, mode, ret_store, err);
	if (r == ERR_FAILED && mode == STORE_READ && is_readable_alone(host_path)) {
		err_clear(err);
		r = open_checked(host_path, kind, STORE_GLANCE, ret_store, err);
	}
	return r;
}

/* A deleted secret must not remain in the write-ahead log.  If a reader prevents that, the next
 * COMMIT or store_close() tries again. */
static void forget_secrets(struct store *store)
{
	if (store->is_secret_gone &&
	    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
	                              NULL) == SQLITE_OK)
		store->is_secret_gone = false;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_rollback(store);
	stmt_cache_clear(store);
	if (store->is_secret_gone)
		sqlite3_busy_timeout(store->db, 1000);
	forget_secrets(store);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

void store_closep(struct store **store)
{
	store_close(*store);
}

const char *store_path(const struct store *store)
{
	return store->path;
}

/* The lock file excludes other writers.  But a reader that meets the write-ahead log in the middle
 * of a commit takes the writer's lock briefly to read again. */
int store_begin(struct store *store, bool is_write, struct err *err)
{
	if (!is_write)
		return store_script(store, "BEGIN", err);
	sqlite3_busy_timeout(store->db, BEGIN_WAIT_MS);
	int r = store_script(store, "BEGIN IMMEDIATE", err);
	sqlite3_busy_timeout(store->db, 0);
	return r;
}

int store_commit(struct store *store, struct err *err)
{
	int r = store_script(store, "COMMIT", err);
	if (r < 0)
		return r;
	forget_secrets(store);
	return 0;
}

void store_rollback(struct store *store)
{
	if (store_in_transaction(store))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

bool store_in_transaction(const struct store *store)
{
	return !sqlite3_get_autocommit(store->db);
}

int store_script(struct store *store, const char *sql, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(store, err, _("the database reported an error"));
	return 0;
}

int store_part_begin(struct store *store, struct err *err)
{
	return store_script(store, "SAVEPOINT part", err);
}

int store_part_end(struct store *store, bool is_kept, struct err *err)
{
	return store_script(
		store, is_kept ? "RELEASE part" : "ROLLBACK TO part; RELEASE part", err);
}

int64_t store_changes(const struct store *store)
{
	return sqlite3_changes64(store->db);
}

int64_t store_last_id(const struct store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}

void store_note_secret_gone(struct store *store)
{
	store->is_secret_gone = true;
}

int store_check(struct store *store, struct err *err)
{
	auto_free char *finding = NULL;
	int r = store_get_text(store, &finding, err, "PRAGMA integrity_check(1)", "");
	if (r < 0)
		return r;
	if (r > 0 && strcmp(finding, "ok") != 0)
		return refuse_damaged(store, err, _("%s is damaged: %s"), finding);
	free_ptr(&finding);
	finding = NULL;
	r = store_get_text(store, &finding, err, "PRAGMA foreign_key_check", "");
	if (r > 0)
		return err_set(err, ERR_FAILED,
		               _("%s: a row of table %s refers to a row that does not "
		                 "exist"),
		               store->path, finding);
	return r;
}

static int is_too_late(void *arg)
{
	const int64_t *deadline = arg;
	return monotonic_ns() >= *deadline;
}

int store_check_quickly(struct store *store, unsigned limit_ms, bool *ret_is_whole,
                        struct err *err)
{
	auto_free char *finding = NULL;
	int64_t deadline = monotonic_ns() + limit_ms * NS_PER_MS;
	sqlite3_progress_handler(store->db, CHECK_STEPS, is_too_late, &deadline);
	int r = store_get_text(store, &finding, err, "PRAGMA quick_check(1)", "");
	sqlite3_progress_handler(store->db, 0, NULL, NULL);
	bool is_cut = r < 0 && (sqlite3_errcode(store->db) & 0xff) == SQLITE_INTERRUPT;
	if (is_cut)
		err_clear(err);
	else if (r < 0)
		return r;
	else if (r > 0 && strcmp(finding, "ok") != 0)
		return refuse_damaged(store, err, _("%s is damaged: %s"), finding);
	*ret_is_whole = !is_cut;
	return 0;
}

const char *store_library(void)
{
	return "SQLite " SQLITE_VERSION;
}

int store_backup(struct store *store, const char *host_path, struct err *err)
{
	struct ctx host = { .root_fd = -1 };
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	auto_close int fd = -1;
	int r = ctx_init(&host, NULL, err);
	if (r >= 0)
		r = file_stage_new(&host, host_path, &staged, &fd, err);
	/* SQLite writes to an existing empty file, which therefore has our mode before it contains
	 * a secret. */
	if (r >= 0)
		r = store_exec(store, err, "VACUUM INTO ?", "t", staged.temp);
	if (r >= 0)
		r = file_publish(&host, &staged, fd, err);
	if (r < 0)
		file_unstage(&host, &staged);
	ctx_done(&host);
	return r < 0 ? r : 0;
}
