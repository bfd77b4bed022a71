/*
 * core/mta/engine/drift_file.c: present files compared with those that we wrote.
 *
 * Two ways in, one judgement: a scan stats every file of ours and reads those that look different
 * from right after the push; the files of a plan were read already.
 */
#include "core/mta/engine/drifts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/mta/engine/owned_file.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/diff.h"
#include "core/mta/plan/shared.h"

/* ---- judgement -------------------------------------------------------------------------------- */

static void judge_meta(struct drifts *drifts, const struct owned_file *file,
                       const struct file_meta *now)
{
	const struct file_meta *want = &file->meta;

	if (want->mode != FILE_KEEP_MODE && want->mode != now->mode)
		drifts_add(drifts, &step_file_type, file->path,
		           xasprintf(_("has mode %04o instead of %04o"),
		                     (unsigned)now->mode, (unsigned)want->mode));
	else if (want->uid != FILE_KEEP_UID && want->uid != now->uid)
		drifts_add(drifts, &step_file_type, file->path,
		           xasprintf(_("has owner %u instead of %u"), (unsigned)now->uid,
		                     (unsigned)want->uid));
	else if (want->gid != FILE_KEEP_GID && want->gid != now->gid)
		drifts_add(drifts, &step_file_type, file->path,
		           xasprintf(_("has group %u instead of %u"), (unsigned)now->gid,
		                     (unsigned)want->gid));
}

/* The first word of the first line that only one of both has. */
static char *first_parameter(const struct buf *old, const struct buf *now)
{
	const char *a = buf_text(old), *b = buf_text(now);

	for (;;) {
		size_t a_len = strcspn(a, "\n"), b_len = strcspn(b, "\n");
		const char *line = *a ? a : b;

		if (!*line)
			return NULL;
		if (a_len != b_len || memcmp(a, b, a_len) != 0 || !*a || !*b) {
			size_t len = strcspn(line, " \t=:\n");

			if (*line != '#' && len)
				return xmemdup(line, len);
		}
		a += a_len + (a[a_len] == '\n');
		b += b_len + (b[b_len] == '\n');
	}
}

static int judge_shared(struct store *target, struct drifts *drifts,
                        const struct owned_file *file, const struct buf *now,
                        struct err *err)
{
	auto_buf wrote = BUF_INIT, old_part = BUF_INIT, part = BUF_INIT, diff = BUF_INIT;
	int rc = target_blob(target, &file->value, &wrote, err);
	struct drift *row;

	if (rc)
		return rc;
	if (!shared_is_edited(file->shared, &wrote, now))
		return 0;
	shared_part(file->shared, &wrote, &old_part);
	shared_part(file->shared, now, &part);
	diff_unified(old_part.at, old_part.len, part.at, part.len, false, &diff);
	if (!diff.len) /* moved within the file */
		diff_unified(buf_text(&wrote), wrote.len, buf_text(now), now->len, false,
		             &diff);
	row = drifts_add(
		drifts, &step_file_type, file->path,
		xstrdup(part.len ? _("was edited in our part since it was pushed")
	                         : _("no longer contains our part as it was pushed")));
	row->parameter = first_parameter(&old_part, &part);
	row->diff = buf_take(&diff);
	return 0;
}

static int judge_content(struct store *target, struct drifts *drifts,
                         const struct owned_file *file, const struct buf *now,
                         struct err *err)
{
	auto_buf wrote = BUF_INIT, diff = BUF_INIT;
	struct drift *row;
	int rc = 0;

	if (file->shared)
		return judge_shared(target, drifts, file, now, err);
	if (!file->is_secret)
		rc = target_blob(target, &file->value, &wrote, err);
	if (rc)
		return rc;
	row = drifts_add(drifts, &step_file_type, file->path,
	                 xstrdup(file->is_secret ? _("was replaced since it was pushed")
	                                         : _("was edited since it was pushed")));
	if (file->is_secret)
		return 0;
	diff_unified(buf_text(&wrote), wrote.len, buf_text(now), now->len, false, &diff);
	row->diff = buf_take(&diff);
	return 0;
}

static void judge_absence(struct drifts *drifts, const struct owned_file *file)
{
	drifts_add(drifts, &step_file_type, file->path,
	           xstrdup(_("was removed since it was pushed")))
		->is_restored = !file->shared;
}

static bool is_value(const struct owned_file *file, const struct digest *digest)
{
	return memcmp(file->value.at, digest->at, DIGEST_LEN) == 0;
}

/* ---- every file ------------------------------------------------------------------------------- */

static int look(struct ctx *ctx, struct store *target, const struct owned_file *file,
                struct drifts *drifts, struct err *err)
{
	auto_buf content = BUF_INIT;
	struct digest digest;
	struct file_info info;
	int rc = file_look(ctx, file->path, false, &info, err);

	if (rc)
		return rc;
	if (info.kind == FILE_ABSENT) {
		judge_absence(drifts, file);
		return 0;
	}
	if (info.kind != FILE_REGULAR) {
		drifts_add(drifts, &step_file_type, file->path,
		           xstrdup(_("is no longer a regular file")));
		return 0;
	}
	if (file->has_look && info.size == file->size &&
	    info.mtime_ns == file->mtime_ns && info.inode == file->inode) {
		judge_meta(drifts, file, &info.meta);
		return 0;
	}
	rc = file_read(ctx, file->path, STEP_FILE_LIMIT, &content, NULL, err);
	if (rc)
		return rc;
	digest_of(buf_text(&content), content.len, &digest);
	if (is_value(file, &digest))
		judge_meta(drifts, file, &info.meta);
	else
		rc = judge_content(target, drifts, file, &content, err);
	if (file->is_secret && content.at)
		explicit_bzero(content.at, content.room);
	return rc;
}

int drift_scan_files(struct ctx *ctx, struct store *target, int64_t limit,
                     struct drifts *drifts, bool *ret_is_whole, struct err *err)
{
	auto_stmt files = NULL;
	struct owned_file file;
	int rc = owned_files(target, limit, &files, err);

	while (!rc && (rc = owned_next_file(files, &file, err)) == 1)
		rc = look(ctx, target, &file, drifts, err);
	if (!rc && limit)
		rc = owned_has_more_files(target, limit, err);
	if (rc < 0)
		return rc;
	*ret_is_whole = rc == 0;
	return 0;
}

/* ---- those of a plan -------------------------------------------------------------------------- */

int drift_of_file(struct store *target, const struct step *step, struct drifts *drifts,
                  struct err *err)
{
	auto_stmt files = NULL;
	struct owned_file file;
	int rc = owned_file_at(target, step->object, &files, &file, err);

	if (rc <= 0)
		return rc;
	if (!step->had_old)
		judge_absence(drifts, &file);
	else if (is_value(&file, &step_old(step)->digest))
		judge_meta(drifts, &file, &step_old(step)->meta);
	else
		return judge_content(target, drifts, &file, &step_old(step)->content,
		                     err);
	return 0;
}

int drift_accept_file(const struct step_run *run, const struct drift *drift,
                      struct err *err)
{
	return owned_accept(run->ctx, run->target, drift->path, err);
}
