/*
 * Statements: prepared once for each SQL literal, bound by letter, reset when released.  The cache
 * is keyed by the literal's address; a statement that is in use when it is requested again (a query
 * inside its own rows) is prepared a second time and not cached.
 */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/store/store_inner.h"

#define PROBES 8 /* slots that are tried for a literal */

/* The i-th slot for a literal. */
static struct stmt **slot_of(struct store *store, const char *sql, size_t i)
{
	/* addresses of literals are close together and not aligned: only a multiplication spreads
	 * them */
	uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);
	return &store->cache[((size_t)(hash >> 32) + i) % STMT_CACHE_SIZE];
}

static void stmt_destroy(struct stmt *stmt)
{
	sqlite3_finalize(stmt->handle);
	free(stmt);
}

void stmt_cache_clear(struct store *store)
{
	for (size_t i = 0; i < STMT_CACHE_SIZE; i++) {
		if (store->cache[i])
			stmt_destroy(store->cache[i]);
		store->cache[i] = NULL;
	}
}

/* The cached statement of this literal; else *ret_room is the slot for a new one: an empty one, or
 * one whose statement is not in use (NULL: none). */
static struct stmt *look_up(struct store *store, const char *sql, struct stmt ***ret_room)
{
	struct stmt **room = NULL;
	for (size_t i = 0; i < PROBES; i++) {
		struct stmt **slot = slot_of(store, sql, i);
		if (!*slot) {
			/* slots are never emptied one by one, so no entry follows */
			room = slot;
			break;
		}
		if ((*slot)->sql == sql)
			return *slot;
		if (!room && !(*slot)->is_busy)
			room = slot;
	}
	*ret_room = room;
	return NULL;
}

static int stmt_get(struct store *store, const char *sql, struct stmt **ret_stmt,
                    struct err *err)
{
	struct stmt **room = NULL;
	struct stmt *stmt = look_up(store, sql, &room);
	if (stmt && !stmt->is_busy) {
		stmt->is_busy = true;
		*ret_stmt = stmt;
		return 0;
	}
	sqlite3_stmt *handle;
	if (sqlite3_prepare_v3(store->db, sql, -1, room ? SQLITE_PREPARE_PERSISTENT : 0,
	                       &handle, NULL) != SQLITE_OK)
		return store_fail(store, err, _("cannot prepare a statement"));
	stmt = xcalloc(1, sizeof(*stmt));
	*stmt = (struct stmt){ .handle = handle, .store = store, .is_busy = true };
	if (room) {
		if (*room)
			stmt_destroy(*room);
		stmt->sql = sql;
		*room = stmt;
	}
	*ret_stmt = stmt;
	return 0;
}

void stmt_free(struct stmt *stmt)
{
	if (!stmt)
		return;
	if (!stmt->sql) {
		stmt_destroy(stmt);
		return;
	}
	sqlite3_reset(stmt->handle);
	sqlite3_clear_bindings(stmt->handle);
	stmt->is_busy = false;
}

void stmt_freep(struct stmt **stmt)
{
	stmt_free(*stmt);
}

/* `keep`: whether SQLite copies texts and blobs or may borrow them. */
static int bind_all(struct stmt *stmt, sqlite3_destructor_type keep, const char *types,
                    va_list ap, struct err *err)
{
	int index = 0, result = SQLITE_OK;
	for (const char *type = types; *type && result == SQLITE_OK; type++) {
		index++;
		switch (*type) {
		case 't': {
			const char *text = va_arg(ap, const char *);
			result = text ? sqlite3_bind_text(stmt->handle, index, text, -1,
			                                  keep)
			              : sqlite3_bind_null(stmt->handle, index);
			break;
		}
		case 'i':
			result = sqlite3_bind_int64(stmt->handle, index,
			                            va_arg(ap, int64_t));
			break;
		case '?': {
			bool is_null = va_arg(ap, int);
			int64_t value = va_arg(ap, int64_t);
			result = is_null ? sqlite3_bind_null(stmt->handle, index)
			                 : sqlite3_bind_int64(stmt->handle, index, value);
			break;
		}
		case 'o': {
			const void *octets = va_arg(ap, const void *);
			size_t len = va_arg(ap, size_t);
			result = octets ? sqlite3_bind_blob64(stmt->handle, index, octets,
			                                      len, keep)
			                : sqlite3_bind_null(stmt->handle, index);
			break;
		}
		default:
			abort();
		}
	}
	if (result != SQLITE_OK)
		return store_fail(stmt->store, err, _("cannot bind a value"));
	if (index != sqlite3_bind_parameter_count(stmt->handle))
		abort();
	return 0;
}

static int query(struct store *store, sqlite3_destructor_type keep,
                 struct stmt **ret_stmt, struct err *err, const char *sql,
                 const char *types, va_list ap)
{
	struct stmt *stmt = NULL;
	int r = stmt_get(store, sql, &stmt, err);
	if (r < 0)
		return r;
	r = bind_all(stmt, keep, types, ap, err);
	if (r < 0) {
		stmt_free(stmt);
		return r;
	}
	*ret_stmt = stmt;
	return 0;
}

int store_query(struct store *store, struct stmt **ret_stmt, struct err *err,
                const char *sql, const char *types, ...)
{
	va_list ap;
	va_start(ap, types);
	int r = query(store, SQLITE_TRANSIENT, ret_stmt, err, sql, types, ap);
	va_end(ap);
	return r;
}

int stmt_next(struct stmt *stmt, struct err *err)
{
	int result = sqlite3_step(stmt->handle);
	if (result == SQLITE_ROW)
		return 1;
	if (result == SQLITE_DONE)
		return 0;
	return store_fail(stmt->store, err, _("the database failed"));
}

int64_t stmt_int(struct stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt->handle, column);
}

const char *stmt_text(struct stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt->handle, column);
}

const void *stmt_blob(struct stmt *stmt, int column, size_t *ret_len)
{
	const void *octets = sqlite3_column_blob(stmt->handle, column);
	*ret_len = (size_t)sqlite3_column_bytes(stmt->handle, column);
	return octets;
}

bool stmt_octets(struct stmt *stmt, int column, void *to, size_t len)
{
	size_t have;
	const void *octets = stmt_blob(stmt, column, &have);
	if (!octets || have != len)
		return false;
	memcpy(to, octets, len);
	return true;
}

bool stmt_is_null(struct stmt *stmt, int column)
{
	return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}

int store_exec(struct store *store, struct err *err, const char *sql, const char *types,
               ...)
{
	auto_stmt stmt = NULL;
	va_list ap;
	va_start(ap, types);
	int r = query(store, SQLITE_STATIC, &stmt, err, sql, types, ap);
	va_end(ap);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		;
	return r;
}

/* The first row of one value: 1; 0: no row, or NULL. */
static int get(struct store *store, struct stmt **ret_stmt, struct err *err,
               const char *sql, const char *types, va_list ap)
{
	int r = query(store, SQLITE_TRANSIENT, ret_stmt, err, sql, types, ap);
	if (r >= 0)
		r = stmt_next(*ret_stmt, err);
	return r > 0 && stmt_is_null(*ret_stmt, 0) ? 0 : r;
}

int store_get_int(struct store *store, int64_t *ret_value, struct err *err,
                  const char *sql, const char *types, ...)
{
	auto_stmt stmt = NULL;
	va_list ap;
	va_start(ap, types);
	int r = get(store, &stmt, err, sql, types, ap);
	va_end(ap);
	if (r > 0)
		*ret_value = stmt_int(stmt, 0);
	return r;
}

int store_get_text(struct store *store, char **ret_text, struct err *err, const char *sql,
                   const char *types, ...)
{
	auto_stmt stmt = NULL;
	va_list ap;
	va_start(ap, types);
	int r = get(store, &stmt, err, sql, types, ap);
	va_end(ap);
	if (r > 0)
		*ret_text = xstrdup(stmt_text(stmt, 0));
	return r;
}
