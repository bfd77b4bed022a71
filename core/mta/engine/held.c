/*
 * core/mta/engine/held.c: what is ours.
 *
 * The base, what stood at a path before our first push, is written once and kept until the path is
 * given back.  Secrets have none: a private key that an admin had there is not ours to keep.
 */
#include "core/mta/engine/held.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/engine/held_service.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/shared.h"

#define OUR_FOLDER "/etc/mailauthctl/"

struct looking {
	struct ctx *ctx;
	struct store *target;
};

/* What a file looks like from outside, so that one that nobody touched is not read again. */
static int held_note_look(struct ctx *ctx, struct store *target, const char *path,
                          struct err *err)
{
	auto_free char *object = xasprintf("file:%s", path);
	struct file_info info;
	int rc = file_look(ctx, path, false, &info, err);

	return rc ? rc
	          : store_exec(target, err,
	                       "UPDATE held SET size = ?, mtime_ns = ?, inode = ? "
	                       "WHERE object = ?",
	                       "iiit", info.size, info.mtime_ns, (int64_t)info.inode,
	                       object);
}

static int note_look(void *arg, const struct step_row *row, struct err *err)
{
	const struct looking *looking = arg;

	if (row->kind != STEP_FILE || !row->is_present)
		return 0;
	return held_note_look(looking->ctx, looking->target, row->object, err);
}

int held_update(struct ctx *ctx, struct store *target, int64_t push_id, struct err *err)
{
	struct looking looking = { ctx, target };
	int rc = store_exec(
		target, err,
		"INSERT INTO held (object, value, secret, base, base_mode, base_uid, base_gid, "
		"mode, uid, gid, shared, domain) SELECT 'file:' || object, new, secret, "
		"iif(secret, NULL, old), iif(secret, NULL, old_mode), iif(secret, NULL, old_uid), "
		"iif(secret, NULL, old_gid), new_mode, new_uid, new_gid, shared, domain FROM step "
		"WHERE push_id = ? AND kind = 'file' AND present = 1 "
		"ON CONFLICT (object) DO UPDATE SET value = excluded.value, "
		"secret = excluded.secret, mode = excluded.mode, uid = excluded.uid, "
		"gid = excluded.gid, shared = excluded.shared, domain = excluded.domain",
		"i", push_id);

	if (!rc)
		rc = store_exec(
			target, err,
			"INSERT INTO held (object, domain) SELECT 'dir:' || object, domain "
			"FROM step WHERE push_id = ? AND kind = 'mkdir' AND present = 1 "
			"AND had_old = 0 ON CONFLICT (object) DO NOTHING",
			"i", push_id);
	if (!rc)
		rc = store_exec(
			target, err,
			"DELETE FROM held WHERE object IN "
			"(SELECT iif(kind = 'file', 'file:', 'dir:') || object FROM step "
			"WHERE push_id = ? AND kind IN ('file', 'mkdir') AND present = 0)",
			"i", push_id);
	if (!rc)
		rc = journal_each(target, push_id, -1, false, note_look, &looking, err);
	return rc ? rc : held_update_services(target, push_id, err);
}

/* A folder of ours: OUR_FOLDER, and what is below any of the beginnings. */
static bool is_our_folder(const char *const *claimed, const char *folder)
{
	auto_free char *inside = xasprintf("%s/", folder);

	if (strcmp(inside, OUR_FOLDER) == 0)
		return true;
	for (; *claimed; claimed++)
		if (text_starts(inside, *claimed) && strcmp(inside, *claimed) != 0)
			return true;
	return false;
}

static int claim_folders(struct store *target, const char *const *claimed,
                         const struct plan_claim *claim, struct err *err)
{
	char *folder = path_parent(claim->path);
	int rc = 0;

	while (!rc && is_our_folder(claimed, folder)) {
		auto_free char *object = xasprintf("dir:%s", folder);
		char *parent = path_parent(folder);

		rc = store_exec(target, err,
		                "INSERT INTO held (object, domain) VALUES (?, ?) "
		                "ON CONFLICT (object) DO NOTHING",
		                "tt", object, claim->domain);
		free(folder);
		folder = parent;
	}
	free(folder);
	return rc;
}

/* Held before this push, it stays as it was held. */
static int claim_file(struct ctx *ctx, struct store *target,
                      const struct plan_claim *claim, struct err *err)
{
	auto_free char *object = xasprintf("file:%s", claim->path);
	const struct file_meta *meta = &claim->meta;
	auto_buf content = BUF_INIT;
	int64_t count = 0;
	int rc = store_get_int(target, &count, err,
	                       "SELECT count(*) FROM held WHERE object = ?", "t", object);

	if (rc < 0 || count)
		return rc < 0 ? rc : 0;
	rc = store_exec(
		target, err,
		"INSERT INTO held (object, value, secret, mode, uid, gid, domain) "
		"VALUES (?, ?, ?, nullif(?, ?), nullif(?, ?), nullif(?, ?), ?)",
		"toiiiiiiit", object, claim->value.at, (size_t)DIGEST_LEN,
		(int64_t)claim->is_secret, (int64_t)meta->mode, (int64_t)FILE_KEEP_MODE,
		(int64_t)meta->uid, (int64_t)FILE_KEEP_UID, (int64_t)meta->gid,
		(int64_t)FILE_KEEP_GID, claim->domain);
	if (!rc && !claim->is_secret)
		rc = file_read(ctx, claim->path, STEP_FILE_LIMIT, &content, NULL, err);
	if (!rc && !claim->is_secret)
		rc = target_put_blob(target, &claim->value, &content, err);
	return rc ? rc : held_note_look(ctx, target, claim->path, err);
}

int held_claim(struct ctx *ctx, struct store *target, const struct plan *plan,
               struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < plan->claims && !rc; i++) {
		rc = claim_file(ctx, target, &plan->claim[i], err);
		if (!rc)
			rc = claim_folders(target, plan->claimed, &plan->claim[i], err);
	}
	return rc;
}

int held_forget(struct store *target, struct err *err)
{
	return store_exec(target, err, "DELETE FROM held", "");
}

/* ---- removal ---------------------------------------------------------------------------------- */

static bool is_column_digest(struct stmt *stmt, int column, const struct digest *digest)
{
	size_t len;
	const void *octets = stmt_blob(stmt, column, &len);

	return octets && len == DIGEST_LEN && memcmp(octets, digest->at, DIGEST_LEN) == 0;
}

static int present_digest(struct ctx *ctx, const char *path, bool *ret_is_there,
                          struct digest *ret_digest, struct err *err)
{
	auto_buf content = BUF_INIT;
	int rc = file_read(ctx, path, STEP_FILE_LIMIT, &content, NULL, err);

	if (rc == ERR_MISSING) {
		err_clear(err);
		*ret_is_there = false;
		return 0;
	}
	if (rc)
		return rc;
	*ret_is_there = true;
	digest_of(buf_text(&content), content.len, ret_digest);
	if (content.at)
		explicit_bzero(content.at, content.room);
	return 0;
}

static int plan_base(struct store *target, struct stmt *stmt, const char *path,
                     struct plan *plan, struct err *err)
{
	auto_buf octets = BUF_INIT;
	struct digest base;
	size_t len;
	const void *at = stmt_blob(stmt, 3, &len);
	int rc;

	memcpy(base.at, at, DIGEST_LEN);
	rc = target_blob(target, &base, &octets, err);
	if (!rc)
		(void)plan_file(plan, RANK_LEFTOVERS, path, buf_text(&octets), octets.len,
		                (struct file_meta){ (mode_t)stmt_int(stmt, 4),
		                                    (uid_t)stmt_int(stmt, 5),
		                                    (gid_t)stmt_int(stmt, 6) },
		                0);
	return rc;
}

/* Columns in the order of the SELECT below. */
static int plan_file_removal(struct ctx *ctx, struct store *target, struct stmt *stmt,
                             const char *path, bool force, struct plan *plan,
                             struct err *err)
{
	struct digest now;
	bool is_there = false;
	int rc = present_digest(ctx, path, &is_there, &now, err);

	if (rc)
		return rc;
	if (is_there && !force && !is_column_digest(stmt, 1, &now)) {
		plan_note(plan,
		          _("%s was edited since it was pushed: it is not "
		            "changed"),
		          path);
		return 0;
	}
	if (!stmt_is_null(stmt, 3))
		return plan_base(target, stmt, path, plan, err);
	plan_remove(plan, RANK_LEFTOVERS, path, 0)->is_secret = stmt_int(stmt, 2) != 0;
	return 0;
}

int held_plan_removal(struct ctx *ctx, struct store *target, bool force,
                      struct plan *plan, struct err *err)
{
	auto_stmt stmt = NULL;
	size_t count;
	auto_free const struct step **index = plan_index(plan, &count);
	struct plan added = PLAN_INIT;
	int rc = store_query(
		target, &stmt, err,
		"SELECT object, value, secret, base, base_mode, base_uid, base_gid "
		"FROM held WHERE object NOT GLOB 'service:*' ORDER BY object",
		"");

	while (!rc && (rc = stmt_next(stmt, err)) == 1) {
		const char *object = stmt_text(stmt, 0);
		bool is_file = strncmp(object, "file:", 5) == 0;
		const char *path = strchr(object, ':') + 1;

		rc = 0;
		if (plan_find(index, count, path))
			continue;
		if (is_file)
			rc = plan_file_removal(ctx, target, stmt, path, force, &added,
			                       err);
		else
			plan_mkdir(&added, RANK_LEFTOVERS, path, FILE_META_KEEP)
				->is_present = false;
	}
	plan_append(plan, &added);
	return rc;
}

/* ---- for a plan ------------------------------------------------------------------------------- */

static int has_row(struct store *target, const char *sql, const char *text, bool *ret_has,
                   struct err *err)
{
	int64_t one;
	int rc = target ? store_get_int(target, &one, err, sql, "t", text) : 0;

	if (rc >= 0)
		*ret_has = rc == 1;
	return rc < 0 ? rc : 0;
}

int held_has_domain(struct store *target, const char *domain, bool *ret_has,
                    struct err *err)
{
	return has_row(target, "SELECT 1 FROM held WHERE domain = ? LIMIT 1", domain,
	               ret_has, err);
}

int held_has_file(struct store *target, const char *path, bool *ret_has, struct err *err)
{
	return has_row(target, "SELECT 1 FROM held WHERE object = 'file:' || ?", path,
	               ret_has, err);
}

int held_each_domain(struct store *target,
                     int (*each)(void *arg, const char *domain, struct err *err),
                     void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc;

	if (!target)
		return 0;
	rc = store_query(target, &stmt, err,
	                 "SELECT DISTINCT domain FROM held WHERE domain IS NOT NULL "
	                 "ORDER BY domain",
	                 "");
	while (!rc && (rc = stmt_next(stmt, err)) == 1)
		rc = each(arg, stmt_text(stmt, 0), err);
	return rc;
}

int held_each_path(struct store *target, const char *domain,
                   int (*each)(void *arg, const char *path, struct err *err), void *arg,
                   struct err *err)
{
	auto_stmt stmt = NULL;
	int rc;

	if (!target)
		return 0;
	rc = store_query(target, &stmt, err,
	                 "SELECT substr(object, 6) FROM held WHERE domain = ? "
	                 "AND object GLOB 'file:*' ORDER BY object",
	                 "t", domain);
	while (!rc && (rc = stmt_next(stmt, err)) == 1)
		rc = each(arg, stmt_text(stmt, 0), err);
	return rc;
}

int held_content(struct store *target, const char *path, int64_t limit, struct buf *into,
                 struct err *err)
{
	auto_stmt stmt = NULL;
	const void *octets;
	size_t len;
	int rc;

	if (!target)
		return 0;
	rc = store_query(
		target, &stmt, err,
		"SELECT iif(?2, substr(octets, 1, ?2), octets) FROM held JOIN blob ON sha256 = value "
		"WHERE object = 'file:' || ?1",
		"ti", path, limit);
	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc == 1) {
		octets = stmt_blob(stmt, 0, &len);
		buf_add(into, octets, len);
	}
	return rc;
}

/* ---- for those who look for edits ------------------------------------------------------------- */

#define HELD_FILE                                                                           \
	"SELECT substr(object, 6), value, secret, mode, uid, gid, shared, size, mtime_ns, " \
	"inode FROM held WHERE "

static struct held_file file_at(struct stmt *stmt)
{
	size_t len;
	const void *value = stmt_blob(stmt, 1, &len);
	struct held_file file = {
		.path = stmt_text(stmt, 0),
		.is_secret = stmt_int(stmt, 2) != 0,
		.meta = FILE_META_KEEP,
		.shared = shared_find(stmt_text(stmt, 6)),
		.has_look = !stmt_is_null(stmt, 7),
		.size = stmt_int(stmt, 7),
		.mtime_ns = stmt_int(stmt, 8),
		.inode = (uint64_t)stmt_int(stmt, 9),
	};

	if (value && len == DIGEST_LEN)
		memcpy(file.value.at, value, DIGEST_LEN);
	if (!stmt_is_null(stmt, 3))
		file.meta.mode = (mode_t)stmt_int(stmt, 3);
	if (!stmt_is_null(stmt, 4))
		file.meta.uid = (uid_t)stmt_int(stmt, 4);
	if (!stmt_is_null(stmt, 5))
		file.meta.gid = (gid_t)stmt_int(stmt, 5);
	return file;
}

static int hand_out(struct stmt *stmt,
                    int (*each)(void *arg, const struct held_file *file, struct err *err),
                    void *arg, struct err *err)
{
	int rc = 0;

	while (!rc && (rc = stmt_next(stmt, err)) == 1) {
		struct held_file file = file_at(stmt);

		rc = each(arg, &file, err);
	}
	return rc;
}

int held_each_file(struct store *target,
                   int (*each)(void *arg, const struct held_file *file, struct err *err),
                   void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc = store_query(target, &stmt, err,
	                     HELD_FILE "object GLOB 'file:*' ORDER BY object", "");

	return rc ? rc : hand_out(stmt, each, arg, err);
}

int held_first_files(struct store *target, int64_t limit,
                     int (*each)(void *arg, const struct held_file *file,
                                 struct err *err),
                     void *arg, struct err *err)
{
	auto_stmt common = NULL;
	auto_stmt first = NULL;
	/* By the index of those without a domain: the other way goes through all. */
	int rc = store_query(target, &common, err,
	                     "SELECT substr(object, 6), value, secret, mode, uid, gid, "
	                     "shared, size, mtime_ns, inode FROM held "
	                     "INDEXED BY held_common WHERE domain IS NULL "
	                     "AND object GLOB 'file:*'",
	                     "");

	if (!rc)
		rc = hand_out(common, each, arg, err);
	if (!rc)
		rc = store_query(target, &first, err,
		                 HELD_FILE "domain IS NOT NULL AND object GLOB 'file:*' "
		                           "ORDER BY object LIMIT ?",
		                 "i", limit);
	return rc ? rc : hand_out(first, each, arg, err);
}

int held_with_file(struct store *target, const char *path,
                   int (*each)(void *arg, const struct held_file *file, struct err *err),
                   void *arg, struct err *err)
{
	auto_free char *object = xasprintf("file:%s", path);
	auto_stmt stmt = NULL;
	int rc = store_query(target, &stmt, err, HELD_FILE "object = ?", "t", object);

	if (!rc && (rc = stmt_next(stmt, err)) == 1) {
		struct held_file file = file_at(stmt);

		rc = each(arg, &file, err);
	}
	return rc;
}

int held_accept(struct ctx *ctx, struct store *target, const char *path, struct err *err)
{
	auto_free char *object = xasprintf("file:%s", path);
	auto_buf content = BUF_INIT;
	struct file_info info;
	struct digest digest;
	int64_t is_secret = 0;
	int rc = file_read(ctx, path, STEP_FILE_LIMIT, &content, &info, err);

	if (rc == ERR_MISSING) {
		err_clear(err);
		return store_exec(target, err, "DELETE FROM held WHERE object = ?", "t",
		                  object);
	}
	if (rc)
		return rc;
	digest_of(buf_text(&content), content.len, &digest);
	rc = store_get_int(target, &is_secret, err,
	                   "SELECT secret FROM held WHERE object = ?", "t", object);
	if (rc > 0)
		rc = is_secret ? 0 : target_put_blob(target, &digest, &content, err);
	if (!rc)
		rc = store_exec(
			target, err,
			"UPDATE held SET value = ?, mode = iif(mode IS NULL, NULL, ?), "
			"uid = iif(uid IS NULL, NULL, ?), gid = iif(gid IS NULL, NULL, ?) "
			"WHERE object = ?",
			"oiiit", digest.at, (size_t)DIGEST_LEN, (int64_t)info.meta.mode,
			(int64_t)info.meta.uid, (int64_t)info.meta.gid, object);
	if (content.at)
		explicit_bzero(content.at, content.room);
	return rc ? rc : held_note_look(ctx, target, path, err);
}
