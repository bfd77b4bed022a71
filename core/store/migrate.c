/*
 * The schema's version: a fresh database gets the whole schema, an older one its migrations, each
 * with its user_version in one transaction, after a copy was put aside.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "core/base/alloc.h"
#include "core/store/internal.h"

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
		                 ", this one knows %d); upgrade the program"),
		               store->path, version, store->kind->version);
	*ret_version = version;
	return 0;
}

/* Two first runs may meet: whoever gets the write lock second finds the schema there. */
static int make_schema(struct store *store, struct err *err)
{
	int r = store_script(store, "PRAGMA journal_mode=WAL; BEGIN IMMEDIATE", err);
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
		return 0; /* an earlier try was interrupted after the copy: the first copy counts */
	return store_backup(store, copy, err);
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

int migrate(struct store *store, enum store_mode mode, struct err *err)
{
	int64_t version = 0;
	int r = mode == STORE_CREATE ? make_schema(store, err) : 0;
	if (r >= 0)
		r = check_identity(store, &version, err);
	if (r < 0)
		return r;
	if (version == store->kind->version)
		return 0;
	if (mode == STORE_READ)
		return err_set(
			err, ERR_FAILED,
			_("%s has the schema of an older mailauthctl; run \"mailauthctl db "
		          "check\" as root once to bring it up to date"),
			store->path);
	return migrate_from(store, version, err);
}
