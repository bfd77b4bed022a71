/*
 * The schema's version: a new database gets the whole schema; an older one is copied, then gets its
 * migrations, each with its user_version in one transaction.
 */
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/ctx.h"
#include "core/store/store_inner.h"

static int check_identity(struct store *store, int64_t *ret_version, struct err *err)
{
	int64_t application = 0, version = 0;
	int r = store_get_int(store, &application, err, "PRAGMA application_id", "");
	if (r >= 0)
		r = store_get_int(store, &version, err, "PRAGMA user_version", "");
	if (r < 0)
		return r;
	if (application != store->kind->application_id)
		return err_set(err, ERR_FAILED, _("%s belongs to another program"),
		               store->path);
	if (version > store->kind->version)
		return err_set(err, ERR_FAILED,
		               _("%s was written by a newer mailauthctl (schema %" PRId64
		                 "; this version supports %d); upgrade the program"),
		               store->path, version, store->kind->version);
	*ret_version = version;
	return 0;
}

/* Switching to the write-ahead log does not wait by itself for another first run that does the
 * same. */
static int begin_schema(struct store *store, struct err *err)
{
	int64_t deadline = monotonic_ns() + 5 * NS_PER_SEC;
	for (;;) {
		int r = store_script(store, "PRAGMA journal_mode=WAL; BEGIN IMMEDIATE",
		                     err);
		if (r != ERR_BUSY || monotonic_ns() > deadline)
			return r;
		err_clear(err);
		usleep(10000);
	}
}

/* Of two simultaneous first runs, the second to get the write lock finds the schema. */
static int make_schema(struct store *store, struct err *err)
{
	int r = begin_schema(store, err);
	if (r < 0)
		return r;
	int64_t tables = 0;
	r = store_get_int(store, &tables, err, "SELECT count(*) FROM sqlite_schema", "");
	if (r >= 0 && tables == 0)
		r = store_script(store, store->kind->schema, err);
	if (r >= 0)
		r = store_script(store, "COMMIT", err);
	if (r < 0)
		store_rollback(store);
	return r < 0 ? r : 0;
}

static int put_aside(struct store *store, int64_t version, struct err *err)
{
	auto_free char *copy = xasprintf("%s.v%" PRId64, store->path, version);
	struct stat st;
	if (lstat(copy, &st) == 0)
		return 0; /* of a migration that was interrupted: the first copy is kept */
	auto_free char *half = xasprintf("%s.new", copy);
	unlink(half);
	int r = store_backup(store, half, err);
	if (r >= 0 && rename(half, copy) < 0)
		return err_errno(err, errno, _("cannot create %s"), copy);
	return r;
}

static int migrate_from(struct store *store, int64_t version, struct err *err)
{
	int r = put_aside(store, version, err);
	for (const struct migration *m = store->kind->migrations; r >= 0 && m->sql; m++) {
		if (m->version <= version)
			continue;
		auto_free char *sql =
			xasprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT",
		                  m->sql, m->version);
		r = store_script(store, sql, err);
		if (r < 0)
			store_rollback(store);
	}
	return r;
}

/* *ret_is_blank: nothing was ever written to it, or a first run ended before its COMMIT. */
static int look_blank(struct store *store, bool *ret_is_blank, struct err *err)
{
	int64_t marks = 0;
	int r = store_get_int(store, &marks, err,
	                      "SELECT application_id + user_version +"
	                      " (SELECT count(*) FROM sqlite_schema)"
	                      " FROM pragma_application_id, pragma_user_version",
	                      "");
	if (r < 0)
		return r;
	*ret_is_blank = marks == 0;
	return 0;
}

int migrate(struct store *store, enum store_mode mode, struct err *err)
{
	int64_t version = 0;
	bool is_blank = false;
	int r = look_blank(store, &is_blank, err);
	if (r >= 0 && is_blank && mode != STORE_CREATE)
		return err_set(err, ERR_MISSING,
		               _("no database at %s: the file is empty"), store->path);
	if (r >= 0 && is_blank)
		r = make_schema(store, err);
	if (r >= 0)
		r = check_identity(store, &version, err);
	if (r < 0)
		return r;
	if (version == store->kind->version)
		return 0;
	if (mode == STORE_READ || mode == STORE_GLANCE) {
		err_set(err, ERR_FAILED,
		        _("%s has the schema of an older mailauthctl; to migrate it, "
		          "run \"%s\" as root"),
		        store->path, store->kind->remedy);
		return err_set_remedy(err, "%s", store->kind->remedy);
	}
	return migrate_from(store, version, err);
}
