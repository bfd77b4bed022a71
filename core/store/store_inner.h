/* core/store/store_inner.h: shared by store.c, stmt.c and migrate.c; no other file includes it. */
#ifndef CORE_STORE_STORE_INNER_H
#define CORE_STORE_STORE_INNER_H

#include "core/store/store.h"

struct sqlite3;
struct sqlite3_stmt;

#define STMT_CACHE_SIZE 512 /* a power of two; the programs have some 200 literals */

struct stmt {
	struct sqlite3_stmt *handle;
	struct store *store;
	const char *sql; /* the literal; NULL: not cached */
	bool is_busy;    /* handed out */
};

struct store {
	struct sqlite3 *db;
	char *path;
	const struct store_kind *kind;
	bool is_secret_gone;
	bool has_failed; /* see store_has_failed() */
	struct stmt *cache[STMT_CACHE_SIZE];
};

/* Fills `err` from the database's last error; "full" and "read-only" have their own messages. */
int store_fail(struct store *store, struct err *err, const char *doing);

/* Finalizes every cached statement. */
void stmt_cache_clear(struct store *store);

/* Checks application_id and user_version, creates or migrates the schema. */
int migrate(struct store *store, enum store_mode mode, struct err *err) must_check;

#endif
