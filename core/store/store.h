/*
 * core/store/store.h: a SQLite database and its statements.  Only this folder uses sqlite3.
 *
 * Two databases are opened this way: the store (settings, domains, keys) and the target state of
 * a mail host.  Opened with foreign_keys=ON, journal_mode=WAL, synchronous=FULL, secure_delete=ON,
 * trusted_schema=OFF, DEFENSIVE; busy_timeout is almost zero except while opening: writers
 * wait for a lock file (lock.h), which names its holder.
 *
 * SQL is a string literal (its address is the key of the statement cache) and values are bound:
 *
 *     store_exec(store, err, "DELETE FROM setting WHERE key = ?", "t", key);
 *
 * The letters of `types`, one for each '?': t const char * (NULL: NULL) · i int64_t ·
 * o const void *, size_t (a blob; NULL: NULL) · ? bool is_null, int64_t
 */
#ifndef CORE_STORE_STORE_H
#define CORE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/macro.h"

struct store;
struct stmt;

struct migration {
	int version;     /* user_version after it */
	const char *sql; /* several statements */
};

/* What kind of database: one const for each. */
struct store_kind {
	uint32_t application_id;
	int version;                        /* user_version of `schema` */
	const char *schema;                 /* creates an empty one */
	const struct migration *migrations; /* ascending, ends in {0, NULL} */
	const char *remedy; /* the command that brings an older one up to date */
	const char *
		remade_by; /* the command that creates an equal one; NULL: a backup is needed */
	const char *pragmas; /* deviations from the above; NULL: none */
};

enum store_mode {
	STORE_READ,   /* must exist (ERR_MISSING otherwise) */
	STORE_WRITE,  /* must exist */
	STORE_CREATE, /* created if absent: folder 0700, file 0600 */
	STORE_GLANCE, /* as STORE_READ, but only the file itself: no lock, no file is created next
	               * to it, and changes that are only in the write-ahead log are not read */
};

/* Opens the database at `host_path`.  Refuses one of another program, a newer or a damaged one, a
 * file or folder that others may write to, a symbolic link.  An older one is copied to <file>.v<N>
 * and migrated by STORE_WRITE and STORE_CREATE; the other modes refuse it with the remedy.
 * ERR_FAILED "run as root" if it cannot be read.  STORE_READ works on a disk that is full or
 * mounted read-only, unless the write-ahead log contains changes and its index is missing. */
int store_open(const char *host_path, const struct store_kind *kind, enum store_mode mode,
               struct store **ret_store, struct err *err) must_check;
/* Creates the folder of a database (0700) if it is absent, for its lock file. */
int store_make_folder(const char *host_path, struct err *err) must_check;
/* A new database in memory: for a dry run without a database. */
int store_open_memory(const struct store_kind *kind, struct store **ret_store,
                      struct err *err) must_check;
/* Rolls back an open transaction; truncates the write-ahead log if a secret was deleted.  Accepts
 * NULL. */
void store_close(struct store *store);
#define auto_store cleanup(store_closep) struct store *
void store_closep(struct store **store);

const char *store_path(const struct store *store);

/* BEGIN IMMEDIATE, or BEGIN for a reader that requires one snapshot. */
int store_begin(struct store *store, bool is_write, struct err *err) must_check;
int store_commit(struct store *store, struct err *err) must_check;
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);

/* Runs a statement without result rows. */
int store_exec(struct store *store, struct err *err, const char *sql, const char *types,
               ...) must_check;
/* How many rows the last store_exec() changed, and the rowid of its INSERT. */
int64_t store_changes(const struct store *store);
int64_t store_last_id(const struct store *store);
/* A part of a transaction that can be rolled back separately.  Not nested.  store_part_end() keeps
 * or rolls back the changes since store_part_begin(). */
int store_part_begin(struct store *store, struct err *err) must_check;
int store_part_end(struct store *store, bool is_kept, struct err *err) must_check;
/* Several statements without values, not cached. */
int store_script(struct store *store, const char *sql, struct err *err) must_check;

/* Binds a statement and returns it, to be read with stmt_next(). */
int store_query(struct store *store, struct stmt **ret_stmt, struct err *err,
                const char *sql, const char *types, ...) must_check;
/* 1: the next row can be read, 0: no further row, negative: failed. */
int stmt_next(struct stmt *stmt, struct err *err) must_check;
/* Columns count from 0.  Text and blob are borrowed until the next stmt_next(); NULL for NULL. */
int64_t stmt_int(struct stmt *stmt, int column);
const char *stmt_text(struct stmt *stmt, int column);
const void *stmt_blob(struct stmt *stmt, int column, size_t *ret_len);
/* Copies a blob of exactly `len` octets.  False: it is NULL or has another length; `to` is
 * unchanged. */
bool stmt_octets(struct stmt *stmt, int column, void *to, size_t len);
bool stmt_is_null(struct stmt *stmt, int column);
/* Returns the statement to the cache.  Accepts NULL. */
void stmt_free(struct stmt *stmt);
#define auto_stmt cleanup(stmt_freep) struct stmt *
void stmt_freep(struct stmt **stmt);

/* The first column of the first row.  1: there was one, 0: there was none, negative: failed. */
int store_get_int(struct store *store, int64_t *ret_value, struct err *err,
                  const char *sql, const char *types, ...) must_check;
int store_get_text(struct store *store, char **ret_text, struct err *err, const char *sql,
                   const char *types, ...) must_check;

/* Whether any operation on it has failed so far: a caller that skips rows which cannot be rendered
 * uses this to detect rows that could not be read. */
bool store_has_failed(const struct store *store) must_check;

/* Records that a secret was deleted: the log is truncated after the COMMIT. */
void store_note_secret_gone(struct store *store);

/* PRAGMA integrity_check and foreign_key_check: ERR_FAILED with the first finding. */
int store_check(struct store *store, struct err *err) must_check;
/* PRAGMA quick_check, for at most `limit_ms`: ERR_FAILED with the first finding.  *ret_is_whole:
 * the check was completed. */
int store_check_quickly(struct store *store, unsigned limit_ms, bool *ret_is_whole,
                        struct err *err) must_check;
/* "SQLite 3.40.1". */
const char *store_library(void) must_check;
/* VACUUM INTO a new file at `host_path` (0600; absolute, no ".."), which appears when it is
 * complete and synced.  The caller must check who may write to its folders: file_check_parents().
 */
int store_backup(struct store *store, const char *host_path, struct err *err) must_check;

#endif
