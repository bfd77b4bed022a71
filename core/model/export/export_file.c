/*
 * The folder that zones are exported to: its present content, and how it is switched.
 *
 * The whole folder is ours: files named <domain>.zone that are not wanted are removed, zones.list
 * is written, other files are ignored.  Replaced files are kept in its folder ".spare"
 * (file_folder.h), which makes thousands of changed zones cheap.  One file system sync for all
 * staged files, then renames, then one sync of the folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/export/export_inner.h"

#define ZONE_SUFFIX ".zone"
#define ZONE_LIST "zones.list"
#define STAGED_MARK ".mailauthctl-" /* file.h: ".<name>.mailauthctl-<random>" */
#define FOLDER_META ((struct file_meta){ 0755, FILE_KEEP_UID, FILE_KEEP_GID })
#define FILE_META ((struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID })

/* ---- folder --------------------------------------------------------------------------------- */

/* A name server must be able to pass through the database's own folder, without listing it. */
static int let_pass(const struct ctx *ctx, const struct store *store, const char *dir,
                    struct err *err)
{
	const char *path = store_path(store);
	size_t root_len = strlen(ctx->root);
	struct file_info info;
	if (strncmp(path, ctx->root, root_len) != 0 || path[root_len] != '/' ||
	    !path_is_plain(path + root_len))
		return 0;
	auto_free char *folder = path_parent(path + root_len);
	size_t len = strlen(folder);
	if (len < 2 || strncmp(dir, folder, len) != 0 || dir[len] != '/')
		return 0;
	int r = file_look(ctx, folder, true, &info, err);
	if (r < 0 || info.kind != FILE_DIRECTORY || (info.meta.mode & 0011) == 0011)
		return r;
	info.meta.mode |= 0011;
	return file_set_meta(
		ctx, folder,
		(struct file_meta){ info.meta.mode, FILE_KEEP_UID, FILE_KEEP_GID }, err);
}

/* Staged by a run that was killed; the export lock guarantees that no run is active. */
static int remove_leftover(void *arg, const char *name, struct err *err)
{
	const struct export *export = arg;
	const char *mark = strstr(name, STAGED_MARK);
	if (name[0] != '.' || !mark || strlen(mark + strlen(STAGED_MARK)) != 16)
		return 0;
	auto_free char *path = path_join(export->dir, name);
	return file_remove(export->ctx, path, err);
}

int export_open_dir(struct export *export, struct store *store, const char *path,
                    struct err *err)
{
	const struct ctx *ctx = export->ctx;
	auto_free char *inside = path_join(path, ZONE_LIST);
	int r = 0;
	if (!path_is_plain(path))
		return err_set(err, ERR_FAILED,
		               _("zone.directory is not a plain path: %s"), path);
	r = file_check_parents(ctx, inside, err);
	if (r >= 0 && !export->is_dry_run)
		r = file_make_dir(ctx, path, FOLDER_META, NULL, err);
	if (r < 0)
		return err_prefix(err, "zone.directory");
	r = file_real_path(ctx, path, &export->dir, err);
	if (r == ERR_MISSING && export->is_dry_run) {
		err_clear(err);
		export->dir = xstrdup(path);
	} else if (r < 0) {
		return r;
	}
	export->host_dir = ctx_host_path(ctx, export->dir);
	export->dir_fd = file_open_raw(ctx, export->dir, O_PATH | O_DIRECTORY, 0);
	if (export->is_dry_run)
		return 0;
	if (export->dir_fd < 0)
		return err_errno(err, errno, _("cannot open the folder %s"),
		                 export->host_dir);
	r = file_folder_open(ctx, export->dir, &export->folder, err);
	if (r >= 0)
		r = let_pass(ctx, store, export->dir, err);
	return r < 0 ? r : file_list(ctx, export->dir, remove_leftover, export, err);
}

/* ---- files ---------------------------------------------------------------------------------- */

const char *export_file(const char *name, char ret_file[EXPORT_FILE_SIZE])
{
	snprintf(ret_file, EXPORT_FILE_SIZE, "%s" ZONE_SUFFIX, name);
	return ret_file;
}

bool export_stat(const struct export *export, const char *name,
                 struct export_known *ret_seen)
{
	struct stat st;
	char file[EXPORT_FILE_SIZE];
	if (export->dir_fd < 0 ||
	    fstatat(export->dir_fd, export_file(name, file), &st, AT_SYMLINK_NOFOLLOW) <
	            0 ||
	    !S_ISREG(st.st_mode))
		return false;
	ret_seen->size = st.st_size;
	ret_seen->mtime_ns = (int64_t)st.st_mtim.tv_sec * NS_PER_SEC + st.st_mtim.tv_nsec;
	ret_seen->inode = (int64_t)st.st_ino;
	return true;
}

bool export_is_unchanged(const struct export *export, const struct export_known *known)
{
	struct export_known now = { 0 };
	return export_stat(export, known->name, &now) && now.size == known->size &&
	       now.mtime_ns == known->mtime_ns && now.inode == known->inode;
}

int export_load_dir(struct export *export, struct store *store, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT id, gen, inputs, reloaded, complaint, at"
	                    " FROM export_dir"
	                    " WHERE path = ?",
	                    "t", export->host_dir);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r <= 0)
		return r;
	export->dir_id = stmt_int(stmt, 0);
	export->dir_gen = stmt_int(stmt, 1);
	(void)stmt_octets(stmt, 2, &export->dir_inputs, sizeof(export->dir_inputs));
	export->is_reload_owed = stmt_int(stmt, 3) == 0;
	export->old_complaint = xstrdup(stmt_text(stmt, 4));
	export->dir_at = stmt_int(stmt, 5);
	return 0;
}

int export_load_known(struct export *export, struct store *store, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = export_load_dir(export, store, err);
	if (r >= 0)
		r = store_query(
			store, &stmt, err,
			"SELECT name, size, mtime_ns, inode, owed, kept FROM export_file"
			" WHERE dir_id = ? ORDER BY name",
			"i", export->dir_id);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		GROW(export->known, export->known_count, export->known_room);
		struct export_known *known = &export->known[export->known_count++];
		*known = (struct export_known){
			.name = xstrdup(stmt_text(stmt, 0)),
			.size = stmt_int(stmt, 1),
			.mtime_ns = stmt_int(stmt, 2),
			.inode = stmt_int(stmt, 3),
			.is_owed = stmt_int(stmt, 4) != 0,
			.is_kept = stmt_int(stmt, 5) != 0,
		};
	}
	return r;
}

static int compare_known(const void *name, const void *known)
{
	return strcmp(name, ((const struct export_known *)known)->name);
}

struct export_known *export_find_known(const struct export *export, const char *name)
{
	if (export->known_count == 0)
		return NULL;
	return bsearch(name, export->known, export->known_count, sizeof(*export->known),
	               compare_known);
}

static bool holds(const struct ctx *ctx, const char *path, const struct buf *text)
{
	auto_buf there = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct file_info info;
	/* a longer file is a failure here, and different content */
	if (file_read(ctx, path, text->len, &there, &info, &ignored) < 0)
		return false;
	return info.kind == FILE_REGULAR && there.len == text->len &&
	       memcmp(buf_text(&there), buf_text(text), text->len) == 0;
}

bool export_holds(const struct export *export, const char *name, const struct buf *text)
{
	struct export_known now = { 0 };
	if (!export_stat(export, name, &now) || now.size != (int64_t)text->len)
		return false;
	char file[EXPORT_FILE_SIZE];
	auto_free char *path = path_join(export->dir, export_file(name, file));
	return holds(export->ctx, path, text);
}

/* ---- zones.list ----------------------------------------------------------------------------- */

/* The zones that a name server can serve, without kept files.  Both arrays are in the order of
 * names, so they are merged. */
static void put_list(const struct export *export, struct buf *out)
{
	size_t i = 0, k = 0;
	while (i < export->known_count || k < export->count) {
		const struct export_known *known =
			i < export->known_count ? &export->known[i] : NULL;
		const struct export_item *item =
			k < export->count ? &export->item[k] : NULL;
		if (known && known->is_looked_at) {
			i++;
		} else if (known && (!item || strcmp(known->name, item->name) < 0)) {
			if (!known->is_kept)
				buf_printf(out, "%s\n", known->name);
			i++;
		} else {
			if (item->has_file && !item->is_kept)
				buf_printf(out, "%s\n", item->name);
			k++;
		}
	}
}

/* Stages zones.list if it differs; otherwise staged->path remains NULL. */
static int stage_list(const struct export *export, struct staged_file *staged,
                      struct err *err)
{
	auto_buf list = BUF_INIT;
	auto_free char *path = path_join(export->dir, ZONE_LIST);
	put_list(export, &list);
	if (holds(export->ctx, path, &list))
		return 0;
	return file_stage(export->ctx, path, buf_text(&list), list.len, FILE_META, false,
	                  staged, err);
}

/* ---- switching ------------------------------------------------------------------------------ */

static int switch_items(struct export *export, bool *ret_changed, struct err *err)
{
	for (size_t i = 0; i < export->count; i++) {
		struct export_item *item = &export->item[i];
		char file[EXPORT_FILE_SIZE];
		int r = 0;
		export_file(item->name, file);
		if (item->action == EXPORT_REMOVED)
			r = file_folder_remove(export->folder, file, err);
		else if (item->is_staged)
			r = file_folder_switch(export->folder, file, err);
		if (r < 0)
			return r;
		item->is_staged = false;
		if (item->action == EXPORT_REMOVED || item->action == EXPORT_WRITTEN)
			*ret_changed = true;
	}
	return 0;
}

static bool has_staged(const struct export *export)
{
	for (size_t i = 0; i < export->count; i++)
		if (export->item[i].is_staged)
			return true;
	return false;
}

int export_switch(struct ctx *ctx, struct export *export, struct err *err)
{
	struct staged_file list cleanup(staged_file_done) = { 0 };
	bool is_changed = false;
	if (export->is_dry_run)
		return 0;
	int r = stage_list(export, &list, err);
	if (r >= 0 && (list.path || has_staged(export)))
		r = file_sync_all(ctx, export->dir, err);
	if (r >= 0)
		r = switch_items(export, &is_changed, err);
	if (r >= 0 && list.path)
		r = file_switch(ctx, &list, err);
	if (r < 0) {
		file_unstage(ctx, &list);
		return r;
	}
	is_changed |= list.path != NULL;
	if (is_changed)
		r = file_sync_dir(ctx, export->dir, err);
	if (r >= 0)
		export_reload(export, is_changed);
	return r;
}

/* ---- end ------------------------------------------------------------------------------------ */

void export_free(struct export *export)
{
	if (!export)
		return;
	for (size_t i = 0; i < export->count; i++) {
		char file[EXPORT_FILE_SIZE];
		if (export->item[i].is_staged)
			file_folder_unstage(export->folder,
			                    export_file(export->item[i].name, file));
		free(export->item[i].name);
	}
	for (size_t i = 0; i < export->known_count; i++)
		free(export->known[i].name);
	names_done(&export->unasked);
	free(export->item);
	free(export->known);
	free(export->dir);
	free(export->host_dir);
	free(export->reload);
	free(export->old_complaint);
	free(export->complaint);
	close_fd(&export->dir_fd);
	file_folder_free(export->folder);
	free(export);
}

void export_freep(struct export **export)
{
	export_free(*export);
}

size_t export_count_unasked(const struct export *export)
{
	return export->unasked.count;
}

struct names export_take_unasked(struct export *export)
{
	struct names names = export->unasked;
	export->unasked = (struct names){ 0 };
	return names;
}

int export_each(const struct export *export,
                int (*each)(void *arg, const char *name, enum export_action action,
                            struct err *err),
                void *arg, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < export->count; i++)
		if (export->item[i].has_file ||
		    export->item[i].action != EXPORT_UNCHANGED)
			r = each(arg, export->item[i].name, export->item[i].action, err);
	return r;
}
