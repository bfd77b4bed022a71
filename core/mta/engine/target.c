/*
 * core/mta/engine/target.c: target.db.
 *
 * Everything that the recovery needs is here, since it runs before any store may be read: old
 * contents, what a service is called and how it was to be told, how far a push came.
 */
#include "core/mta/engine/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/service.h"
#include "core/mta/plan/shared.h"

#define PRUNE_STEPS 5000

static const char target_schema[] =
#include "target.sql.inc"
	;

#define SHARED_OF_OBJECT                                     \
	"CASE WHEN object LIKE '%/mailauthctl/%' THEN NULL " \
	"WHEN object LIKE '%/main.cf' THEN 'main.cf' "       \
	"WHEN object LIKE '%/master.cf' THEN 'master.cf' "   \
	"WHEN object LIKE '%/opendkim.conf' THEN 'opendkim.conf' END"

/* Version 1 had a rank for letting go in front of the others.  Of a push that it left open every
 * rank may have been begun: undo is idempotent. */
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
	/* settings of servers; what is ours is named so */
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

/* Contents of many megabytes, none of them secret: pages of a size that they do not fill by the
 * thousand, and what is deleted is not overwritten. */
static const struct store_kind target_kind = {
	.application_id = 0x4d417450,
	.version = 4,
	.schema = target_schema,
	.migrations = target_migrations,
	.remedy = "mailauthctl mta push",
	.remade_by = "mailauthctl mta adopt",
	.pragmas = "PRAGMA page_size=16384; PRAGMA secure_delete=OFF;",
};

static const char *const progress_names[PUSH_PROGRESS_COUNT] = {
	[PUSH_PREPARED] = "prepared", [PUSH_SWITCHING] = "switching",
	[PUSH_ENDING] = "ending",     [PUSH_DONE] = "done",
	[PUSH_UNDOING] = "undoing",   [PUSH_UNDONE] = "undone",
};

static const char *const kind_names[PUSH_KIND_COUNT] = {
	[PUSH_KIND_PUSH] = "push",
	[PUSH_KIND_ADOPT] = "adopt",
	[PUSH_KIND_REMOVE] = "remove",
	[PUSH_KIND_ROLLBACK] = "rollback",
};

static int name_at(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (name && strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

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
	/* The first run was interrupted before it held anything. */
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

static bool copy_blob(struct stmt *stmt, int column, void *to, size_t len)
{
	size_t have;
	const void *octets = stmt_blob(stmt, column, &have);

	if (!octets || have != len)
		return false;
	memcpy(to, octets, len);
	return true;
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
		row.is_there = copy_blob(stmt, 0, row.store_uuid, sizeof(row.store_uuid));
		row.backend = xstrdup(stmt_text(stmt, 1));
		row.hostname = xstrdup(stmt_text(stmt, 2));
		row.gen.id = stmt_int(stmt, 3);
		row.gen.token = stmt_int(stmt, 4);
		if (!copy_blob(stmt, 5, row.inputs.at, DIGEST_LEN))
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

/* ---- the journal ------------------------------------------------------------------------------ */

void journal_done(struct journal *journal)
{
	free(journal->reload);
	free(journal->why);
	*journal = (struct journal){ 0 };
}

enum push_progress journal_progress(const char *name)
{
	int at = name_at(progress_names, PUSH_PROGRESS_COUNT, name);

	return at < 0 ? PUSH_UNDONE : (enum push_progress)at;
}

enum push_kind journal_kind(const char *name)
{
	int at = name_at(kind_names, PUSH_KIND_COUNT, name);

	return at < 0 ? PUSH_KIND_PUSH : (enum push_kind)at;
}

int journal_begin(struct store *target, struct ctx *ctx, const struct journal_head *head,
                  int64_t *ret_id, struct err *err)
{
	int rc = store_exec(
		target, err,
		"INSERT INTO push (at, actor, command, kind, result_of, gen, token, state, "
		"reload) VALUES (?, ?, ?, ?, ?, ?, ?, 'prepared', ?)",
		"ittt?iit", ctx_now(ctx), ctx->actor ? ctx->actor : "",
		ctx->command ? ctx->command : "", kind_names[head->kind],
		head->result_of == 0, head->result_of, head->gen.id, head->gen.token,
		head->reload);

	if (!rc)
		*ret_id = store_last_id(target);
	return rc;
}

static int put_contents(struct store *target, const struct step *step, struct err *err)
{
	const struct step_old *old = step_old(step);
	int rc = 0;

	if (!step_types[step->kind]->has_content || step->is_secret)
		return 0;
	if (step->had_old)
		rc = target_put_blob(target, &old->digest, &old->content, err);
	if (!rc && step->is_present)
		rc = target_put_blob(target, &step->new_digest, step_text(step), err);
	return rc;
}

/* Which key the secret was that stood there: what we put there last. */
static int find_old_key(struct store *target, const struct step *step, int64_t *ret_key,
                        struct err *err)
{
	int rc = 0;

	*ret_key = 0;
	if (step->kind == STEP_REMOTE && step->is_secret && step->had_old)
		rc = store_get_int(
			target, ret_key, err,
			"SELECT ifnull(key, 0) FROM owned "
			"WHERE object = 'remote:' || ? || ' ' || ? AND value = ?",
			"tto", step->server->url, step->object, step_old(step)->digest.at,
			(size_t)DIGEST_LEN);
	return rc < 0 ? rc : 0;
}

int journal_step(struct store *target, int64_t push_id, int64_t seq,
                 const struct step *step, struct err *err)
{
	const struct step_type *type = step_types[step->kind];
	const struct step_server *server =
		step->kind == STEP_REMOTE ? step->server : NULL;
	bool has_old = type->has_content && step->had_old;
	bool has_new = type->has_content && step->is_present;
	const struct file_meta *old = &step_old(step)->meta, *want = &step->meta;
	int64_t old_key;
	int rc = put_contents(target, step, err);

	if (!rc)
		rc = find_old_key(target, step, &old_key, err);
	if (rc)
		return rc;
	return store_exec(
		target, err,
		"INSERT INTO step (push_id, seq, rank, kind, object, secret, had_old, present, old, "
		"new, old_mode, old_uid, old_gid, new_mode, new_uid, new_gid, domain, shared, "
		"action, probe, remote, server, credentials, old_key, new_key) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"iiittiiioo??????ttttttt??", push_id, seq, (int64_t)step->rank,
		type->name, step->object, (int64_t)step->is_secret,
		(int64_t)step->had_old, (int64_t)step->is_present,
		has_old ? step_old(step)->digest.at : NULL, (size_t)DIGEST_LEN,
		has_new ? step->new_digest.at : NULL, (size_t)DIGEST_LEN, !step->had_old,
		(int64_t)old->mode, !step->had_old, (int64_t)old->uid, !step->had_old,
		(int64_t)old->gid, want->mode == FILE_KEEP_MODE, (int64_t)want->mode,
		want->uid == FILE_KEEP_UID, (int64_t)want->uid,
		want->gid == FILE_KEEP_GID, (int64_t)want->gid, step->domain,
		step->kind == STEP_FILE ? shared_name(step->shared) : NULL,
		step->kind == STEP_SERVICE ? service_action_name(step->action) : NULL,
		step->kind == STEP_PROBE ? step->probe->name : NULL,
		server ? server->type->name : NULL, server ? server->url : NULL,
		server ? server->credentials : NULL, old_key == 0, old_key,
		!(server && step->is_key), step->is_key ? step->key_id : 0);
}

int journal_move(struct store *target, int64_t push_id, enum push_progress state,
                 int rank, const char *why, struct err *err)
{
	return store_exec(
		target, err,
		"UPDATE push SET state = ?, rank = ifnull(?, rank), why = ifnull(?, why) "
		"WHERE id = ?",
		"t?ti", progress_names[state], rank < 0, (int64_t)rank, why, push_id);
}

int journal_find_open(struct store *target, struct journal *ret_journal, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc = store_query(
		target, &stmt, err,
		"SELECT id, state, ifnull(rank, -1), reload, why FROM push "
		"WHERE state IN ('prepared', 'switching', 'ending', 'undoing')",
		"");

	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc <= 0)
		return rc;
	*ret_journal = (struct journal){
		.id = stmt_int(stmt, 0),
		.state = journal_progress(stmt_text(stmt, 1)),
		.rank = (int)stmt_int(stmt, 2),
		.reload = xstrdup(stmt_text(stmt, 3)),
		.why = xstrdup(stmt_text(stmt, 4)),
	};
	return 1;
}

static struct file_meta meta_at(struct stmt *stmt, int column)
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

static int kind_of(const char *name)
{
	for (int kind = 0; kind < STEP_KIND_COUNT; kind++)
		if (name && strcmp(step_types[kind]->name, name) == 0)
			return kind;
	return -1;
}

static int action_of(const char *name)
{
	for (int action = SERVICE_RELOAD; action < SERVICE_ACTION_COUNT; action++)
		if (name &&
		    strcmp(service_action_name((enum service_action)action), name) == 0)
			return action;
	return 0;
}

const struct remote_type *target_remote_type(const char *name)
{
	for (size_t i = 0; name && remote_types[i]; i++)
		if (strcmp(remote_types[i]->name, name) == 0)
			return remote_types[i];
	return NULL;
}

/* Columns in the order of the SELECTs in journal_each(). */
static int row_read(struct store *target, struct stmt *stmt, struct step_row *row,
                    struct err *err)
{
	int kind = kind_of(stmt_text(stmt, 2));

	if (kind < 0)
		return err_set(err, ERR_FAILED,
		               _("%s contains a step of an unknown kind"),
		               store_path(target));
	*row = (struct step_row){
		.seq = stmt_int(stmt, 0),
		.rank = (enum step_rank)stmt_int(stmt, 1),
		.kind = (enum step_kind)kind,
		.object = stmt_text(stmt, 3),
		.is_secret = stmt_int(stmt, 4) != 0,
		.had_old = stmt_int(stmt, 5) != 0,
		.is_present = stmt_int(stmt, 6) != 0,
		.old_meta = meta_at(stmt, 9),
		.new_meta = meta_at(stmt, 12),
		.action = (enum service_action)action_of(stmt_text(stmt, 15)),
		.probe = probe_type_find(stmt_text(stmt, 16)),
		.domain = stmt_text(stmt, 17),
		.shared = shared_find(stmt_text(stmt, 18)),
		.push_id = stmt_int(stmt, 19),
		.server = { target_remote_type(stmt_text(stmt, 20)), stmt_text(stmt, 21),
		            stmt_text(stmt, 22) },
		.old_key = stmt_int(stmt, 23),
		.new_key = stmt_int(stmt, 24),
	};
	if (!copy_blob(stmt, 7, row->old_digest.at, DIGEST_LEN))
		row->old_digest = (struct digest){ 0 };
	if (!copy_blob(stmt, 8, row->new_digest.at, DIGEST_LEN))
		row->new_digest = (struct digest){ 0 };
	return 0;
}

#define STEP_COLUMNS                                                                     \
	"SELECT seq, rank, kind, object, secret, had_old, present, old, new, old_mode, " \
	"old_uid, old_gid, new_mode, new_uid, new_gid, action, probe, domain, shared, "  \
	"push_id, remote, server, credentials, old_key, new_key"
#define STEP_SELECT \
	STEP_COLUMNS " FROM step WHERE push_id = ?1 AND (?2 < 0 OR rank = ?2) "

static int hand_out(struct store *target, struct stmt *stmt,
                    int (*each)(void *arg, const struct step_row *row, struct err *err),
                    void *arg, struct err *err)
{
	int rc;

	while ((rc = stmt_next(stmt, err)) == 1) {
		struct step_row row;

		rc = row_read(target, stmt, &row, err);
		if (!rc)
			rc = each(arg, &row, err);
		if (rc)
			break;
	}
	return rc;
}

int journal_each(struct store *target, int64_t push_id, int rank, bool is_backwards,
                 int (*each)(void *arg, const struct step_row *row, struct err *err),
                 void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc = store_query(target, &stmt, err,
	                     is_backwards ? STEP_SELECT "ORDER BY seq DESC"
	                                  : STEP_SELECT "ORDER BY seq",
	                     "ii", push_id, (int64_t)rank);

	return rc ? rc : hand_out(target, stmt, each, arg, err);
}

int journal_each_since(struct store *target, int64_t push_id,
                       int (*each)(void *arg, const struct step_row *row,
                                   struct err *err),
                       void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	/* the other columns are those of the row that has the minimum */
	int rc = store_query(target, &stmt, err,
	                     STEP_COLUMNS
	                     ", min(push_id) FROM step WHERE push_id > ? "
	                     "AND kind NOT IN ('service', 'probe') "
	                     "AND push_id IN (SELECT id FROM push "
	                     "WHERE state = 'done') "
	                     "GROUP BY kind, server, object ORDER BY kind DESC, object",
	                     "i", push_id);

	return rc ? rc : hand_out(target, stmt, each, arg, err);
}

int journal_last_failure(struct store *target, char **ret_why, struct err *err)
{
	char *why = NULL;
	int rc = store_get_text(
		target, &why, err,
		"SELECT why FROM push WHERE state = 'undone' AND why IS NOT NULL "
		"AND id = (SELECT max(id) FROM push)",
		"");

	if (rc < 0)
		return rc;
	*ret_why = why;
	return 0;
}

#define IS_KEPT "IN (SELECT id FROM history)"
#define IS_OLD "NOT " IS_KEPT

/* The steps of old pushes go a few thousand at a time: the first push of a big host has two for each
 * domain, and the change that happens to be the tenth after it must not pay for all of them. */
int journal_prune(struct store *target, struct err *err)
{
	int64_t first = 0;
	int rc = store_get_int(target, &first, err,
	                       "SELECT id FROM push WHERE id " IS_OLD, "");

	if (rc <= 0)
		return rc;
	rc = store_exec(
		target, err,
		"DELETE FROM blob WHERE "
		"NOT EXISTS (SELECT 1 FROM step WHERE old = sha256 AND +push_id " IS_KEPT
		") AND NOT EXISTS (SELECT 1 FROM step WHERE new = sha256 AND +push_id " IS_KEPT
		") "
		"AND NOT EXISTS (SELECT 1 FROM owned WHERE base = sha256) "
		"AND NOT EXISTS (SELECT 1 FROM owned WHERE value = sha256 AND domain IS NULL)",
		"");
	if (!rc)
		rc = store_exec(
			target, err,
			"DELETE FROM step WHERE (push_id, seq) IN (SELECT push_id, seq "
			"FROM step WHERE push_id " IS_OLD " LIMIT ?)",
			"i", (int64_t)PRUNE_STEPS);
	if (!rc)
		rc = store_exec(target, err,
		                "DELETE FROM push WHERE id " IS_OLD " AND NOT EXISTS "
		                "(SELECT 1 FROM step WHERE push_id = push.id)",
		                "");
	return rc;
}
