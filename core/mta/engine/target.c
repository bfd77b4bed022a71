/* core/mta/engine/target.c: target.db: its versions, the host's row, contents. */
#include "core/mta/engine/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/plan/shared.h"

static const char target_schema[] =
#include "target.sql.inc"
	;

#define SHARED_OF_OBJECT                                     \
	"CASE WHEN object LIKE '%/mailauthctl/%' THEN NULL " \
	"WHEN object LIKE '%/main.cf' THEN 'main.cf' "       \
	"WHEN object LIKE '%/master.cf' THEN 'master.cf' "   \
	"WHEN object LIKE '%/opendkim.conf' THEN 'opendkim.conf' END"

/* Version 1 had a rank for removals before the others.  Of a push that it left open every rank may
 * have been begun: undo is idempotent. */
static const struct migration target_migrations[] = {
	{ 2,
	  "ALTER TABLE target ADD COLUMN version TEXT NOT NULL DEFAULT '';"
	  "CREATE TABLE content (sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),"
	  " octets BLOB NOT NULL) STRICT;"
	  "INSERT INTO content SELECT sha256, octets FROM blob;"
	  "DROP TABLE blob;"
	  "ALTER TABLE content RENAME TO blob;"
	  "ALTER TABLE held ADD COLUMN mode INTEGER;"
	  "ALTER TABLE held ADD COLUMN uid INTEGER;"
	  "ALTER TABLE held ADD COLUMN gid INTEGER;"
	  "ALTER TABLE held ADD COLUMN shared TEXT;"
	  "ALTER TABLE held ADD COLUMN size INTEGER;"
	  "ALTER TABLE held ADD COLUMN mtime_ns INTEGER;"
	  "ALTER TABLE held ADD COLUMN inode INTEGER;"
	  "UPDATE held SET shared = " SHARED_OF_OBJECT ";"
	  "CREATE INDEX held_common ON held (value) WHERE domain IS NULL;"
	  "ALTER TABLE push ADD COLUMN kind TEXT NOT NULL DEFAULT 'push'"
	  " CHECK (kind IN ('push', 'adopt', 'remove', 'rollback'));"
	  "ALTER TABLE push ADD COLUMN result_of INTEGER;"
	  "UPDATE push SET kind = 'adopt' WHERE command = 'mta adopt';"
	  "UPDATE push SET rank = CASE WHEN state IN ('switching', 'undoing') THEN 4"
	  " ELSE max(rank - 1, 0) END WHERE rank IS NOT NULL;"
	  "CREATE VIEW history AS SELECT * FROM push WHERE state NOT IN ('done', 'undone') OR"
	  " (SELECT count(*) FROM push AS later"
	  " WHERE later.state = push.state AND later.id > push.id) < 10;"
	  "ALTER TABLE step ADD COLUMN shared TEXT;"
	  "UPDATE step SET shared = " SHARED_OF_OBJECT " WHERE kind = 'file';"
	  "UPDATE step SET rank = CASE rank WHEN 0 THEN 3 ELSE rank - 1 END" },
	{ 3, "CREATE TABLE told (note TEXT PRIMARY KEY) STRICT, WITHOUT ROWID" },
	/* settings of servers; their names in the table owned */
	{ 4,
	  "CREATE TABLE owned (object TEXT PRIMARY KEY,"
	  " value BLOB CHECK (length(value) = 32),"
	  " secret INTEGER NOT NULL DEFAULT 0 CHECK (secret IN (0, 1)),"
	  " base BLOB CHECK (length(base) = 32),"
	  " base_mode INTEGER, base_uid INTEGER, base_gid INTEGER,"
	  " mode INTEGER, uid INTEGER, gid INTEGER, shared TEXT,"
	  " size INTEGER, mtime_ns INTEGER, inode INTEGER, domain TEXT,"
	  " remote TEXT, server TEXT, credentials TEXT, key INTEGER, base_key INTEGER"
	  ") STRICT, WITHOUT ROWID;"
	  "INSERT INTO owned (object, value, secret, base, base_mode, base_uid, base_gid,"
	  " mode, uid, gid, shared, size, mtime_ns, inode, domain)"
	  " SELECT object, value, secret, base, base_mode, base_uid, base_gid,"
	  " mode, uid, gid, shared, size, mtime_ns, inode, domain FROM held;"
	  "DROP TABLE held;"
	  "CREATE INDEX owned_domain ON owned (domain) WHERE domain IS NOT NULL;"
	  "CREATE INDEX owned_base ON owned (base) WHERE base IS NOT NULL;"
	  "CREATE INDEX owned_common ON owned (value) WHERE domain IS NULL;"
	  "CREATE TABLE step_4 (push_id INTEGER NOT NULL"
	  " REFERENCES push (id) ON DELETE CASCADE,"
	  " seq INTEGER NOT NULL, rank INTEGER NOT NULL,"
	  " kind TEXT NOT NULL CHECK (kind IN ('file', 'mkdir', 'remote', 'service', 'probe')),"
	  " object TEXT NOT NULL,"
	  " secret INTEGER NOT NULL DEFAULT 0 CHECK (secret IN (0, 1)),"
	  " had_old INTEGER NOT NULL DEFAULT 0 CHECK (had_old IN (0, 1)),"
	  " present INTEGER NOT NULL DEFAULT 1 CHECK (present IN (0, 1)),"
	  " old BLOB CHECK (length(old) = 32), new BLOB CHECK (length(new) = 32),"
	  " old_mode INTEGER, old_uid INTEGER, old_gid INTEGER,"
	  " new_mode INTEGER, new_uid INTEGER, new_gid INTEGER,"
	  " domain TEXT, shared TEXT, action TEXT, probe TEXT,"
	  " remote TEXT, server TEXT, credentials TEXT, old_key INTEGER, new_key INTEGER,"
	  " PRIMARY KEY (push_id, seq)) STRICT, WITHOUT ROWID;"
	  "INSERT INTO step_4 (push_id, seq, rank, kind, object, secret, had_old, present,"
	  " old, new, old_mode, old_uid, old_gid, new_mode, new_uid, new_gid, domain, shared,"
	  " action, probe) SELECT push_id, seq, rank, kind, object, secret, had_old, present,"
	  " old, new, old_mode, old_uid, old_gid, new_mode, new_uid, new_gid, domain, shared,"
	  " action, probe FROM step;"
	  "DROP TABLE step;"
	  "ALTER TABLE step_4 RENAME TO step;"
	  "CREATE INDEX step_old ON step (old) WHERE old IS NOT NULL;"
	  "CREATE INDEX step_new ON step (new) WHERE new IS NOT NULL" },
	{ 0, NULL },
};

/* Contents of many megabytes, none of them secret: pages of a size that thousands of them fill
 * well, and deleted content is not overwritten. */
static const struct store_kind target_kind = {
	.application_id = 0x4d417450,
	.version = 4,
	.schema = target_schema,
	.migrations = target_migrations,
	.remedy = "mailauthctl mta push",
	.remade_by = "mailauthctl mta adopt",
	.pragmas = "PRAGMA page_size=16384; PRAGMA secure_delete=OFF;",
};

static int open_there(struct ctx *ctx, enum store_mode mode, struct store **ret_target,
                      struct err *err)
{
	auto_free char *path = ctx_host_path(ctx, TARGET_FOLDER "/target.db");
	struct file_info info;
	int rc = file_look(ctx, TARGET_FOLDER "/target.db", false, &info, err);
	if (rc)
		return rc;
	if (info.kind == FILE_ABSENT || info.size == 0) {
		*ret_target = NULL;
		return 0;
	}
	rc = store_open(path, &target_kind, mode, ret_target, err);
	if (rc != ERR_MISSING)
		return rc;
	/* The first run was interrupted before it contained anything. */
	err_clear(err);
	*ret_target = NULL;
	return 0;
}

int target_glance(struct ctx *ctx, struct store **ret_target, struct err *err)
{
	return open_there(ctx, STORE_GLANCE, ret_target, err);
}

int target_open(struct ctx *ctx, bool create, bool is_write, struct store **ret_target,
                struct err *err)
{
	if (!create)
		return open_there(ctx, is_write ? STORE_WRITE : STORE_READ, ret_target,
		                  err);
	auto_free char *path = ctx_host_path(ctx, TARGET_FOLDER "/target.db");
	int rc = file_make_dir(ctx, TARGET_FOLDER,
	                       (struct file_meta){ 0700, FILE_KEEP_UID, FILE_KEEP_GID },
	                       NULL, err);
	return rc ? rc : store_open(path, &target_kind, STORE_CREATE, ret_target, err);
}

/* ---- table target ----------------------------------------------------------------------------- */

void target_row_done(struct target_row *row)
{
	free(row->backend);
	free(row->hostname);
	*row = (struct target_row){ 0 };
}

int target_read(struct store *target, struct target_row *ret_row, struct err *err)
{
	auto_stmt stmt = NULL;
	struct target_row row = { 0 };
	int rc;

	if (!target) {
		*ret_row = row;
		return 0;
	}
	rc = store_query(
		target, &stmt, err,
		"SELECT store_uuid, backend, hostname, gen, token, inputs, hold, pushed, version "
		"FROM target",
		"");
	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 1) {
		row.is_there =
			stmt_octets(stmt, 0, row.store_uuid, sizeof(row.store_uuid));
		row.backend = xstrdup(stmt_text(stmt, 1));
		row.hostname = xstrdup(stmt_text(stmt, 2));
		row.gen.id = stmt_int(stmt, 3);
		row.gen.token = stmt_int(stmt, 4);
		if (!stmt_octets(stmt, 5, row.inputs.at, DIGEST_LEN))
			row.inputs = (struct digest){ 0 };
		row.is_paused = stmt_int(stmt, 6) != 0;
		row.pushed_at = stmt_int(stmt, 7);
		row.is_same_version = text_same(stmt_text(stmt, 8), MAILAUTHCTL_VERSION);
	}
	*ret_row = row;
	return 0;
}

int target_write(struct store *target, const struct target_row *row, struct err *err)
{
	return store_exec(
		target, err,
		"INSERT OR REPLACE INTO target (one, store_uuid, backend, hostname, gen, "
		"token, inputs, hold, pushed, version) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"ottiioiit", row->store_uuid, sizeof(row->store_uuid), row->backend,
		row->hostname, row->gen.id, row->gen.token, row->inputs.at,
		(size_t)DIGEST_LEN, (int64_t)row->is_paused, row->pushed_at,
		MAILAUTHCTL_VERSION);
}

int target_forget(struct store *target, struct err *err)
{
	int rc = store_exec(target, err, "DELETE FROM told", "");

	return rc ? rc : store_exec(target, err, "DELETE FROM target", "");
}

int target_blob(struct store *target, const struct digest *digest, struct buf *into,
                struct err *err)
{
	auto_stmt stmt = NULL;
	const void *octets;
	size_t len;
	int rc = store_query(target, &stmt, err,
	                     "SELECT octets FROM blob WHERE sha256 = ?", "o", digest->at,
	                     (size_t)DIGEST_LEN);

	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(err, ERR_FAILED,
		               _("%s does not contain the old content of a file"),
		               store_path(target));
	octets = stmt_blob(stmt, 0, &len);
	buf_add(into, octets, len);
	return 0;
}

int target_put_blob(struct store *target, const struct digest *digest,
                    const struct buf *octets, struct err *err)
{
	return store_exec(
		target, err, "INSERT OR IGNORE INTO blob (sha256, octets) VALUES (?, ?)",
		"oo", digest->at, (size_t)DIGEST_LEN, buf_text(octets), octets->len);
}

struct file_meta target_meta(struct stmt *stmt, int column)
{
	struct file_meta meta = FILE_META_KEEP;

	if (!stmt_is_null(stmt, column))
		meta.mode = (mode_t)stmt_int(stmt, column);
	if (!stmt_is_null(stmt, column + 1))
		meta.uid = (uid_t)stmt_int(stmt, column + 1);
	if (!stmt_is_null(stmt, column + 2))
		meta.gid = (gid_t)stmt_int(stmt, column + 2);
	return meta;
}
