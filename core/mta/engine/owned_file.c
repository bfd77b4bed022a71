/*
 * core/mta/engine/owned_file.c: files and folders that belong to us.  The base, the content of a
 * path before our first push, is written once and kept until the path is given back.  Secrets have
 * none: an administrator's private key is not copied.
 */
#include "core/mta/engine/owned_file.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/shared.h"

#define OUR_FOLDER "/etc/mailauthctl/"

/* The attributes of a file, so that an unchanged file is not read again. */
static int owned_note_look(struct ctx *ctx, struct store *target, const char *path,
                           struct err *err)
{
	auto_free char *object = xasprintf("file:%s", path);
	struct file_info info;
	int rc = file_look(ctx, path, false, &info, err);

	return rc ? rc
	          : store_exec(target, err,
	                       "UPDATE owned SET size = ?, mtime_ns = ?, inode = ? "
	                       "WHERE object = ?",
	                       "iiit", info.size, info.mtime_ns, (int64_t)info.inode,
	                       object);
}

static int forget(struct store *target, const char *kind, const char *path,
                  struct err *err)
{
	return store_exec(target, err, "DELETE FROM owned WHERE object = ? || ?", "tt",
	                  kind, path);
}

int owned_file_note(const struct step_run *run, const struct step_row *row,
                    struct err *err)
{
	const struct file_meta *meta = &row->new_meta, *base = &row->old_meta;
	bool has_base = row->had_old && !row->is_secret;
	struct file_info info;
	int rc = row->is_present ? file_look(run->ctx, row->object, false, &info, err)
	                         : forget(run->target, "file:", row->object, err);

	if (rc || !row->is_present)
		return rc;
	return store_exec(
		run->target, err,
		"INSERT INTO owned (object, value, secret, base, base_mode, base_uid, base_gid, "
		"mode, uid, gid, shared, domain, size, mtime_ns, inode) VALUES ('file:' || ?, ?, "
		"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
		"ON CONFLICT (object) DO UPDATE SET value = excluded.value, "
		"secret = excluded.secret, mode = excluded.mode, uid = excluded.uid, "
		"gid = excluded.gid, shared = excluded.shared, domain = excluded.domain, "
		"size = excluded.size, mtime_ns = excluded.mtime_ns, inode = excluded.inode",
		"toio??????ttiii", row->object, row->new_digest.at, (size_t)DIGEST_LEN,
		(int64_t)row->is_secret, has_base ? row->old_digest.at : NULL,
		(size_t)DIGEST_LEN, !has_base, (int64_t)base->mode, !has_base,
		(int64_t)base->uid, !has_base, (int64_t)base->gid,
		meta->mode == FILE_KEEP_MODE, (int64_t)meta->mode,
		meta->uid == FILE_KEEP_UID, (int64_t)meta->uid,
		meta->gid == FILE_KEEP_GID, (int64_t)meta->gid, shared_name(row->shared),
		row->domain, info.size, info.mtime_ns, (int64_t)info.inode);
}

int owned_folder_note(const struct step_run *run, const struct step_row *row,
                      struct err *err)
{
	if (!row->is_present)
		return forget(run->target, "dir:", row->object, err);
	return row->had_old ? 0
	                    : store_exec(run->target, err,
	                                 "INSERT INTO owned (object, domain) "
	                                 "VALUES ('dir:' || ?, ?) "
	                                 "ON CONFLICT (object) DO NOTHING",
	                                 "tt", row->object, row->domain);
}

/* ---- what no push of this target.db wrote ------------------------------------------------------- */

/* A folder of ours: OUR_FOLDER, and everything below one of the prefixes. */
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
		                "INSERT INTO owned (object, domain) VALUES (?, ?) "
		                "ON CONFLICT (object) DO NOTHING",
		                "tt", object, claim->domain);
		free(folder);
		folder = parent;
	}
	free(folder);
	return rc;
}

/* It was ours before this push, and its row is unchanged. */
static int claim_file(struct ctx *ctx, struct store *target,
                      const struct plan_claim *claim, struct err *err)
{
	auto_free char *object = xasprintf("file:%s", claim->path);
	const struct file_meta *meta = &claim->meta;
	auto_buf content = BUF_INIT;
	int64_t count = 0;
	int rc =
		store_get_int(target, &count, err,
	                      "SELECT count(*) FROM owned WHERE object = ?", "t", object);

	if (rc < 0 || count)
		return rc < 0 ? rc : 0;
	rc = store_exec(
		target, err,
		"INSERT INTO owned (object, value, secret, mode, uid, gid, domain) "
		"VALUES (?, ?, ?, nullif(?, ?), nullif(?, ?), nullif(?, ?), ?)",
		"toiiiiiiit", object, claim->value.at, (size_t)DIGEST_LEN,
		(int64_t)claim->is_secret, (int64_t)meta->mode, (int64_t)FILE_KEEP_MODE,
		(int64_t)meta->uid, (int64_t)FILE_KEEP_UID, (int64_t)meta->gid,
		(int64_t)FILE_KEEP_GID, claim->domain);
	if (!rc && !claim->is_secret)
		rc = file_read(ctx, claim->path, STEP_FILE_LIMIT, &content, NULL, err);
	if (!rc && !claim->is_secret)
		rc = target_put_blob(target, &claim->value, &content, err);
	return rc ? rc : owned_note_look(ctx, target, claim->path, err);
}

int owned_claim(struct ctx *ctx, struct store *target, const struct plan *plan,
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

/* ---- removal ---------------------------------------------------------------------------------- */

static int present_digest(struct ctx *ctx, const char *path, bool *ret_is_there,
                          struct digest *ret_digest, struct err *err)
{
	auto_buf content = BUF_INIT;
	int rc = file_read_if_there(ctx, path, STEP_FILE_LIMIT, &content, err);

	if (rc < 0)
		return rc;
	*ret_is_there = rc == 1;
	digest_of(buf_text(&content), content.len, ret_digest);
	if (content.at)
		explicit_bzero(content.at, content.room);
	return 0;
}

int owned_file_give_back(const struct step_run *run, const struct owned_row *row,
                         struct plan *plan, struct err *err)
{
	auto_buf octets = BUF_INIT;
	struct digest now;
	bool is_there = false;
	int rc = present_digest(run->ctx, row->name, &is_there, &now, err);

	if (rc)
		return rc;
	if (is_there && !run->force &&
	    !(row->has_value && memcmp(row->value.at, now.at, DIGEST_LEN) == 0)) {
		plan_note(plan, _("%s was edited since it was pushed: it is not changed"),
		          row->name);
		return 0;
	}
	if (!row->has_base) {
		plan_remove(plan, RANK_LEFTOVERS, row->name, 0)->is_secret =
			row->is_secret;
		return 0;
	}
	rc = target_blob(run->target, &row->base, &octets, err);
	if (!rc)
		(void)plan_file_take(plan, RANK_LEFTOVERS, row->name, &octets,
		                     row->base_meta, 0);
	return rc;
}

int owned_folder_give_back(const struct step_run *run, const struct owned_row *row,
                           struct plan *plan, struct err *err)
{
	(void)run, (void)err;
	plan_mkdir(plan, RANK_LEFTOVERS, row->name, FILE_META_KEEP)->is_present = false;
	return 0;
}

/* ---- for those who look for edits ------------------------------------------------------------- */

#define COLUMNS                                                                             \
	"SELECT substr(object, 6), value, secret, mode, uid, gid, shared, size, mtime_ns, " \
	"inode FROM owned "
#define OF_FILES "object GLOB 'file:*' "

int owned_files(struct store *target, int64_t limit, struct stmt **ret_files,
                struct err *err)
{
	if (!limit)
		return store_query(target, ret_files, err,
		                   COLUMNS "WHERE " OF_FILES "ORDER BY object", "");
	/* Uses the index of rows without a domain: the other one would read all. */
	return store_query(target, ret_files, err,
	                   COLUMNS "INDEXED BY owned_common WHERE domain IS NULL "
	                           "AND " OF_FILES "UNION ALL SELECT * FROM (" COLUMNS
	                           "WHERE domain IS NOT NULL AND " OF_FILES
	                           "ORDER BY object LIMIT ?)",
	                   "i", limit);
}

int owned_has_more_files(struct store *target, int64_t limit, struct err *err)
{
	int64_t beyond;

	return store_get_int(target, &beyond, err,
	                     "SELECT 1 FROM owned WHERE domain IS NOT NULL AND " OF_FILES
	                     "LIMIT 1 OFFSET ?",
	                     "i", limit);
}

int owned_next_file(struct stmt *files, struct owned_file *ret_file, struct err *err)
{
	int rc = stmt_next(files, err);

	if (rc != 1)
		return rc;
	*ret_file = (struct owned_file){
		.path = stmt_text(files, 0),
		.is_secret = stmt_int(files, 2) != 0,
		.meta = target_meta(files, 3),
		.shared = shared_find(stmt_text(files, 6)),
		.has_look = !stmt_is_null(files, 7),
		.size = stmt_int(files, 7),
		.mtime_ns = stmt_int(files, 8),
		.inode = (uint64_t)stmt_int(files, 9),
	};
	(void)stmt_octets(files, 1, ret_file->value.at, DIGEST_LEN);
	return 1;
}

int owned_file_at(struct store *target, const char *path, struct stmt **ret_files,
                  struct owned_file *ret_file, struct err *err)
{
	int rc = store_query(target, ret_files, err,
	                     COLUMNS "WHERE object = 'file:' || ?", "t", path);

	return rc ? rc : owned_next_file(*ret_files, ret_file, err);
}

int owned_accept(struct ctx *ctx, struct store *target, const char *path, struct err *err)
{
	auto_free char *object = xasprintf("file:%s", path);
	auto_buf content = BUF_INIT;
	struct file_info info;
	struct digest digest;
	int64_t is_secret = 0;
	int rc = file_read(ctx, path, STEP_FILE_LIMIT, &content, &info, err);

	if (rc == ERR_MISSING) {
		err_clear(err);
		return store_exec(target, err, "DELETE FROM owned WHERE object = ?", "t",
		                  object);
	}
	if (rc)
		return rc;
	digest_of(buf_text(&content), content.len, &digest);
	rc = store_get_int(target, &is_secret, err,
	                   "SELECT secret FROM owned WHERE object = ?", "t", object);
	if (rc > 0)
		rc = is_secret ? 0 : target_put_blob(target, &digest, &content, err);
	if (!rc)
		rc = store_exec(
			target, err,
			"UPDATE owned SET value = ?, mode = iif(mode IS NULL, NULL, ?), "
			"uid = iif(uid IS NULL, NULL, ?), gid = iif(gid IS NULL, NULL, ?) "
			"WHERE object = ?",
			"oiiit", digest.at, (size_t)DIGEST_LEN, (int64_t)info.meta.mode,
			(int64_t)info.meta.uid, (int64_t)info.meta.gid, object);
	if (content.at)
		explicit_bzero(content.at, content.room);
	return rc ? rc : owned_note_look(ctx, target, path, err);
}
