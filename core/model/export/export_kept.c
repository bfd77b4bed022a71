/*
 * Files that can be forgotten: rows of export_file that are `kept`, and all rows of folders other
 * than zone.directory.
 */
#include "core/model/export/export_kept.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/export/export_inner.h"
#include "core/model/setting/setting.h"

/* The folder of zone.directory as export_dir names it.  Caller frees. */
static int present_folder(struct ctx *ctx, struct store *store, char **ret_path,
                          struct err *err)
{
	auto_free char *path = NULL;
	auto_free char *real = NULL;
	int r = setting_text(store, SET_ZONE_DIRECTORY, 0, &path, err);
	if (r >= 0)
		r = file_real_path(ctx, path, &real, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		real = xstrdup(path);
		r = 0;
	}
	if (r >= 0)
		*ret_path = ctx_host_path(ctx, real);
	return r;
}

struct walk {
	struct ctx *ctx;
	struct store *store;
	int (*each)(void *arg, const struct export_kept *kept, struct err *err);
	void *arg;
};

static int hand_out(const struct walk *walk, struct stmt *stmt, struct err *err)
{
	char file[EXPORT_FILE_SIZE];
	const char *name = stmt_text(stmt, 0), *folder = stmt_text(stmt, 1);
	auto_free char *path = path_join(folder, export_file(name, file));
	const struct export_kept kept = { name, path, folder, stmt_int(stmt, 2) != 0 };
	return walk->each(walk->arg, &kept, err);
}

/* name NULL: all. */
static int walk_all(const struct walk *walk, const char *name, struct err *err)
{
	auto_stmt stmt = NULL;
	auto_free char *folder = NULL;
	int r = present_folder(walk->ctx, walk->store, &folder, err);
	if (r >= 0)
		r = store_query(walk->store, &stmt, err,
		                "SELECT f.name, d.path, d.path <> ?1 FROM export_file f"
		                " JOIN export_dir d ON d.id = f.dir_id"
		                " WHERE (f.kept OR d.path <> ?1)"
		                " AND (?2 IS NULL OR f.name = ?2)"
		                " ORDER BY d.path <> ?1, d.path, f.name",
		                "tt", folder, name);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		r = hand_out(walk, stmt, err);
		if (r != 0)
			break;
	}
	return r < 0 ? r : 0;
}

int export_kept_each(struct ctx *ctx, struct store *store,
                     int (*each)(void *arg, const struct export_kept *kept,
                                 struct err *err),
                     void *arg, struct err *err)
{
	const struct walk walk = { ctx, store, each, arg };
	return walk_all(&walk, NULL, err);
}

/* ---- one name -------------------------------------------------------------------------------- */

static int note_waiting(void *arg, const struct export_kept *kept, struct err *err)
{
	(void)kept;
	(void)err;
	*(bool *)arg = true;
	return 0;
}

/* Whether the name has records: 1; and, if it is not a domain any more, until when they are kept
 * (0: permanently). */
static int has_records(struct store *store, const char *name, int64_t *ret_until,
                       struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	bool is_hosted = false;
	int r = domain_look(store, name, &domain, err);
	if (r > 0)
		r = setting_is(store, SET_DNS_SERVICE, domain.id, "hosted", &is_hosted,
		               err);
	*ret_until = 0;
	if (r < 0 || is_hosted)
		return r < 0 ? r : 1;
	r = store_get_int(store, ret_until, err,
	                  "SELECT max(until) FROM former_key WHERE name = ?", "t", name);
	return r < 0 ? r : *ret_until != 0;
}

int export_kept_look(struct ctx *ctx, struct store *store, const char *name,
                     enum export_kept_state *ret_state, struct err *err)
{
	bool waits = false;
	int64_t until, any = 0;
	const struct walk walk = { ctx, store, note_waiting, &waits };
	int used = has_records(store, name, &until, err);
	int r = used < 0 ? used : walk_all(&walk, name, err);
	if (r >= 0)
		r = store_get_int(store, &any, err,
		                  "SELECT 1 FROM export_file WHERE name = ?", "t", name);
	if (r < 0)
		return r;
	*ret_state = waits  ? EXPORT_KEPT_WAITS
	             : !any ? EXPORT_KEPT_NONE
	             : used ? EXPORT_KEPT_IN_USE
	                    : EXPORT_KEPT_DUE;
	return 0;
}

static int refuse(struct store *store, const char *name, struct err *err)
{
	int64_t until, any = 0;
	char date[32];
	int r = store_get_int(store, &any, err,
	                      "SELECT 1 FROM export_file WHERE name = ?", "t", name);
	int used = r < 0 ? r : has_records(store, name, &until, err);
	if (used < 0)
		return used;
	if (!any || !used)
		return err_set(err, ERR_MISSING,
		               _("%s has no unused zone file; run \"mailauthctl doctor "
		                 "zones\" to list the unused zone files"),
		               name);
	if (!until)
		return err_set(err, ERR_FAILED,
		               _("the zone file of %s is in use: %s is a domain of this "
		                 "server"),
		               name, name);
	text_from_time(until, date);
	return err_set(err, ERR_FAILED,
	               _("the zone file of %s is in use: its DKIM records are kept for "
	                 "mail in transit until %s"),
	               name, date);
}

struct forget {
	struct walk
		walk; /* the caller's, whose `each` gets every file after its removal */
	bool is_dry_run;
	size_t count;
};

static int remove_file(struct ctx *ctx, const struct export_kept *kept, struct err *err)
{
	size_t root_len = strlen(ctx->root);
	if (strncmp(kept->path, ctx->root, root_len) != 0 || kept->path[root_len] != '/')
		return err_set(err, ERR_FAILED, _("%s is not below --root"), kept->path);
	int r = file_remove(ctx, kept->path + root_len, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : file_sync_dir(ctx, kept->folder + root_len, err);
}

static int forget_one(void *arg, const struct export_kept *kept, struct err *err)
{
	struct forget *forget = arg;
	int r = forget->is_dry_run ? 0 : remove_file(forget->walk.ctx, kept, err);
	forget->count++;
	return r < 0 ? r : forget->walk.each(forget->walk.arg, kept, err);
}

int export_kept_forget(struct ctx *ctx, struct store *store, const char *name,
                       bool is_dry_run,
                       int (*each)(void *arg, const struct export_kept *kept,
                                   struct err *err),
                       void *arg, struct err *err)
{
	auto_free char *folder = NULL;
	struct forget forget = { { ctx, store, each, arg }, is_dry_run, 0 };
	const struct walk walk = { ctx, store, forget_one, &forget };
	int r = walk_all(&walk, name, err);
	if (r >= 0 && !forget.count)
		return refuse(store, name, err);
	if (r >= 0)
		r = present_folder(ctx, store, &folder, err);
	/* should zone.directory name such a folder again, everything is compared */
	if (r >= 0)
		r = store_exec(
			store, err,
			"UPDATE export_dir SET inputs = x'00' WHERE path <> ?2 AND id IN"
			" (SELECT dir_id FROM export_file WHERE name = ?1)",
			"tt", name, folder);
	if (r < 0)
		return r;
	return store_exec(store, err,
	                  "DELETE FROM export_file WHERE name = ?1 AND (kept OR dir_id IN"
	                  " (SELECT id FROM export_dir WHERE path <> ?2))",
	                  "tt", name, folder);
}
