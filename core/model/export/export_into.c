/* Records in a zone file of an administrator: read, changed in memory, checked, renamed over it. */
#include "core/model/export/export_into.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "dnszone/name/zone_block.h"

#define FILE_LIMIT (64u << 20)

/* SOA and NS of the zone are the administrator's. */
static size_t take_records(const struct record_list *list, const char *name,
                           struct zone_block_record *record)
{
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct record_row *row = &list->row[i];
		bool is_ns = strcmp(row->type, "NS") == 0;
		if (strcmp(row->type, "SOA") == 0 ||
		    (is_ns && strcmp(row->owner, name) == 0))
			continue;
		record[count++] = (struct zone_block_record){ row->owner, row->ttl,
			                                      row->type, row->rdata };
	}
	return count;
}

static bool is_same_file(const struct file_info *a, const struct file_info *b)
{
	return b->kind == FILE_REGULAR && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

/* Not if somebody saved the file since it was read. */
static int replace(struct ctx *ctx, const char *path, const struct buf *text,
                   const struct file_info *before, struct err *err)
{
	struct staged_file staged;
	struct file_info now;
	int r = file_stage(ctx, path, text->at, text->len, FILE_META_KEEP, true, &staged,
	                   err);
	if (r < 0)
		return r;
	r = file_look(ctx, path, false, &now, err);
	if (r >= 0 && !is_same_file(before, &now))
		r = err_set(err, ERR_FAILED,
		            _("%s was changed meanwhile; repeat the command"), path);
	if (r >= 0)
		r = file_switch(ctx, &staged, err);
	if (r < 0)
		file_unstage(ctx, &staged);
	staged_file_done(&staged);
	auto_free char *folder = path_parent(path);
	return r < 0 ? r : file_sync_dir(ctx, folder, err);
}

int export_into(struct ctx *ctx, const char *path, const char *name,
                const struct record_list *list, bool is_dry_run, bool *ret_is_changed,
                struct err *err)
{
	auto_free struct zone_block_record *record =
		xcalloc(list->count + 1, sizeof(*record));
	auto_buf text = BUF_INIT, changed = BUF_INIT;
	struct file_info info;
	size_t count = take_records(list, name, record);
	int r = file_look(ctx, path, false, &info, err);
	if (r < 0)
		return r;
	if (info.kind == FILE_LINK)
		return err_set(err, ERR_FAILED,
		               _("%s is a symbolic link; name the file itself"), path);
	r = file_read(ctx, path, FILE_LIMIT, &text, &info, err);
	if (r < 0)
		return r;
	r = zone_block_put((struct octets){ buf_text(&text), text.len }, name, record,
	                   count, ctx_now(ctx), &changed, ret_is_changed, err);
	if (r < 0)
		return err_prefix(err, "%s", path);
	return !*ret_is_changed || is_dry_run ? 0
	                                      : replace(ctx, path, &changed, &info, err);
}
