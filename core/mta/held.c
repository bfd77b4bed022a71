/*
 * core/mta/held.c: what is ours.
 *
 * The base, what stood at a path before our first push, is written once and kept until the path is
 * given back.  Secrets have none: a private key that an admin had there is not ours to keep.
 */
#include "core/mta/held.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/held_service.h"
#include "core/mta/target.h"

int held_update(struct store *target, int64_t push_id, struct err *err)
{
	int rc = store_exec(
		target, err,
		"INSERT INTO held (object, value, secret, base, base_mode, base_uid, base_gid, "
		"domain) SELECT 'file:' || object, new, secret, iif(secret, NULL, old), "
		"iif(secret, NULL, old_mode), iif(secret, NULL, old_uid), "
		"iif(secret, NULL, old_gid), domain FROM step "
		"WHERE push_id = ? AND kind = 'file' AND present = 1 "
		"ON CONFLICT (object) DO UPDATE SET value = excluded.value, "
		"secret = excluded.secret, domain = excluded.domain",
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
	return rc ? rc : held_update_services(target, push_id, err);
}

int held_forget(struct store *target, struct err *err)
{
	return store_exec(target, err, "DELETE FROM held", "");
}

/* ---- what a plan treats already --------------------------------------------------------------- */

struct paths {
	const char **at; /* sorted; borrowed from the plan's steps */
	size_t count;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void paths_of(const struct plan *plan, struct paths *ret)
{
	*ret = (struct paths){ .at = xcalloc(plan->count + 1, sizeof(*ret->at)) };
	for (size_t i = 0; i < plan->count; i++)
		if (plan->step[i].kind == STEP_FILE || plan->step[i].kind == STEP_MKDIR)
			ret->at[ret->count++] = plan->step[i].object;
	qsort(ret->at, ret->count, sizeof(*ret->at), compare);
}

static bool paths_have(const struct paths *paths, const char *path)
{
	return bsearch(&path, paths->at, paths->count, sizeof(*paths->at), compare) !=
	       NULL;
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
		          _("%s was edited since it was pushed: it is left as it is"),
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
	struct paths paths;
	struct plan added = PLAN_INIT;
	int rc = store_query(
		target, &stmt, err,
		"SELECT object, value, secret, base, base_mode, base_uid, base_gid "
		"FROM held WHERE object NOT GLOB 'service:*' ORDER BY object",
		"");

	paths_of(plan, &paths);
	while (!rc && (rc = stmt_next(stmt, err)) == 1) {
		const char *object = stmt_text(stmt, 0);
		bool is_file = strncmp(object, "file:", 5) == 0;
		const char *path = strchr(object, ':') + 1;

		rc = 0;
		if (paths_have(&paths, path))
			continue;
		if (is_file)
			rc = plan_file_removal(ctx, target, stmt, path, force, &added,
			                       err);
		else
			plan_mkdir(&added, RANK_LEFTOVERS, path, FILE_META_KEEP)
				->is_present = false;
	}
	free(paths.at);
	plan_append(plan, &added);
	return rc;
}

int held_note_edits(struct store *target, struct plan *plan, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; target && i < plan->count && rc >= 0; i++) {
		const struct step *step = &plan->step[i];
		auto_free char *object = NULL;
		auto_stmt stmt = NULL;

		if (step->kind != STEP_FILE || !step->had_old)
			continue;
		object = xasprintf("file:%s", step->object);
		rc = store_query(
			target, &stmt, err,
			"SELECT value FROM held WHERE object = ? AND base IS NULL", "t",
			object);
		if (!rc)
			rc = stmt_next(stmt, err);
		if (rc == 1 && !is_column_digest(stmt, 0, &step->old_digest))
			plan_note(plan,
			          _("%s was edited since it was pushed: the edit is "
			            "overwritten"),
			          step->object);
	}
	return rc < 0 ? rc : 0;
}
