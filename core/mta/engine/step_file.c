/*
 * core/mta/engine/step_file.c: files and folders.
 *
 * A file's content is compared by SHA-256, so that secrets need not be stored for it.  Its old
 * version is restored from the blob in target.db or, for a secret and for a removed file, from the
 * file kept next to it (step_aside_path), which keeps its inode and so its extended attributes.  A
 * folder is created while staging, because staged files require it; a folder is removed last
 * (finish), after the files that were kept in it.
 */
#include "core/mta/plan/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/engine/drifts.h"
#include "core/mta/engine/owned_file.h"
#include "core/mta/engine/roll_back.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/diff.h"
#include "core/mta/plan/shared.h"

enum { AGE_SECONDS = 3 }; /* the modification time that a switched file gets */

struct present { /* the present content of a path */
	bool is_there;
	struct digest digest;
	struct file_meta meta;
	struct buf content; /* only if it was requested */
};

static int look_file(const struct ctx *ctx, const char *path, bool keep_content,
                     struct present *ret, struct err *err)
{
	struct file_info info;
	auto_buf content = BUF_INIT;
	int rc = file_look(ctx, path, false, &info, err);

	*ret = (struct present){ 0 };
	if (rc || info.kind == FILE_ABSENT)
		return rc;
	if (info.kind != FILE_REGULAR)
		return err_set(
			err, ERR_FAILED,
			_("%s is not a regular file: remove it, or name the real file"),
			path);
	rc = file_read(ctx, path, STEP_FILE_LIMIT, &content, NULL, err);
	if (rc)
		return rc;
	ret->is_there = true;
	ret->meta = info.meta;
	digest_of(buf_text(&content), content.len, &ret->digest);
	if (keep_content) {
		ret->content = content;
		content = BUF_INIT;
	} else if (content.at) {
		explicit_bzero(content.at, content.room);
	}
	return 0;
}

static bool is_digest(const struct digest *a, const struct digest *b)
{
	return memcmp(a->at, b->at, DIGEST_LEN) == 0;
}

static bool is_meta(const struct file_meta *a, const struct file_meta *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

static int observe_file(const struct ctx *ctx, struct step *step, bool *ret_holds,
                        struct err *err)
{
	struct present now;
	int rc = look_file(ctx, step->object, !step->is_secret, &now, err);

	if (rc)
		return rc;
	step->had_old = now.is_there;
	if (now.is_there || step->old) {
		struct step_old *old = step_fill_old(step);

		buf_done(&old->content);
		*old = (struct step_old){ now.meta, now.digest, now.content };
	}
	if (step->is_present)
		*ret_holds = now.is_there &&
		             (is_digest(&now.digest, &step->new_digest) ||
		              shared_holds(step->shared, step_text(step),
		                           &step_old(step)->content)) &&
		             step_meta_holds(&now.meta, &step->meta);
	else
		*ret_holds = !now.is_there;
	return 0;
}

/* ---- for people ------------------------------------------------------------------------------ */

static void show_meta(const struct step *step, struct buf *out)
{
	const struct file_meta *old = &step_old(step)->meta, *want = &step->meta;

	if (!step->is_present)
		return;
	if (!step->had_old) {
		buf_printf(out, _("# %s: mode %04o"), step->object,
		           want->mode == FILE_KEEP_MODE ? 0600 : (unsigned)want->mode);
		if (want->uid != FILE_KEEP_UID)
			buf_printf(out, _(", owner %u"), (unsigned)want->uid);
		if (want->gid != FILE_KEEP_GID)
			buf_printf(out, _(", group %u"), (unsigned)want->gid);
		buf_putc(out, '\n');
		return;
	}
	if (want->mode != FILE_KEEP_MODE && want->mode != old->mode)
		buf_printf(out, _("# %s: mode %04o becomes %04o\n"), step->object,
		           (unsigned)old->mode, (unsigned)want->mode);
	if (want->uid != FILE_KEEP_UID && want->uid != old->uid)
		buf_printf(out, _("# %s: owner %u becomes %u\n"), step->object,
		           (unsigned)old->uid, (unsigned)want->uid);
	if (want->gid != FILE_KEEP_GID && want->gid != old->gid)
		buf_printf(out, _("# %s: group %u becomes %u\n"), step->object,
		           (unsigned)old->gid, (unsigned)want->gid);
}

#define BOLD "\033[1m"
#define BOLD_OFF "\033[0m"

static void show_file(const struct step *step, bool is_coloured, struct buf *out)
{
	if (step->is_secret) {
		/* the journal's rows contain only the path of a secret */
		buf_printf(out, "# %s: %s, %s\n", step->object,
		           text_ends(step->object, ".private") ? _("private key")
		                                               : _("secrets"),
		           !step->is_present ? _("removed")
		           : !step->had_old  ? _("new")
		           : is_digest(&step_old(step)->digest, &step->new_digest)
		                   ? _("the same")
		                   : _("replaced"));
	} else {
		const char *on = is_coloured ? BOLD : "",
			   *off = is_coloured ? BOLD_OFF : "";
		bool is_same = step->had_old && step->is_present &&
		               is_digest(&step_old(step)->digest, &step->new_digest);

		if (!is_same)
			buf_printf(out, "%s--- %s%s\n%s+++ %s%s\n", on,
			           step->had_old ? step->object : "/dev/null", off, on,
			           step->is_present ? step->object : "/dev/null", off);
		const struct buf *old = &step_old(step)->content, *text = step_text(step);

		diff_unified(buf_text(old), old->len, buf_text(text), text->len,
		             is_coloured, out);
	}
	show_meta(step, out);
}

static void show_folder(const struct step *step, bool is_coloured, struct buf *out)
{
	(void)is_coloured;
	if (!step->is_present)
		buf_printf(out, _("# %s: folder, removed\n"), step->object);
	else if (!step->had_old)
		buf_printf(out, _("# %s: folder, new\n"), step->object);
	show_meta(step, out);
}

/* ---- staging and switching ------------------------------------------------------------------- */

static int stage_file(const struct step_run *run, const struct step *step, bool sync,
                      char **ret_temp, struct err *err)
{
	const struct ctx *ctx = run->ctx;

	if (!step->is_present)
		return 0;
	struct staged_file staged = { 0 };
	auto_secret room = SECRET_INIT;
	const char *text;
	size_t len;
	int rc = step_content(step, &run->keys, &room, &text, &len, err);

	if (!rc)
		rc = file_stage(ctx, step->object, text, len, step->meta, sync, &staged,
		                err);

	/* so that a new process of a mail server does not wait until its configuration is older */
	if (!rc && !step->is_secret) {
		rc = file_backdate(ctx, &staged, AGE_SECONDS, err);
		if (rc)
			file_unstage(ctx, &staged);
	}
	if (!rc) {
		*ret_temp = staged.temp;
		staged.temp = NULL;
	}
	staged_file_done(&staged);
	return rc;
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* A descriptor of the folder that contains `path`, for renames and links in it. */
static int open_folder(const struct ctx *ctx, const char *path, int *ret_fd,
                       struct err *err)
{
	char *parent = path_parent(path);
	int fd = file_open_raw(ctx, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	int rc = fd < 0 ? err_errno(err, errno, _("cannot open the folder %s"), parent)
	                : 0;

	free(parent);
	if (!rc)
		*ret_fd = fd;
	return rc;
}

/* rename(2) that may replace; both in one folder. */
static int rename_over(const struct ctx *ctx, const char *from, const char *to,
                       struct err *err)
{
	auto_close int fd = -1;
	int rc = open_folder(ctx, to, &fd, err);

	if (!rc && renameat(fd, base_name(from), fd, base_name(to)))
		rc = err_errno(err, errno, _("cannot rename %s to %s"), from, to);
	return rc;
}

/* Keeps the present file under a second name, so that the first name always exists. */
static int link_aside(const struct ctx *ctx, const char *path, const char *aside,
                      struct err *err)
{
	auto_close int fd = -1;
	int rc = file_remove(ctx, aside, err);

	if (!rc)
		rc = open_folder(ctx, path, &fd, err);
	if (rc)
		return rc;
	if (linkat(fd, base_name(path), fd, base_name(aside), 0) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
		return err_errno(err, errno, _("cannot link %s to %s"), path, aside);
	return rename_over(ctx, path, aside, err);
}

static int apply_file(struct step_run *run, const struct step *step, const char *temp,
                      struct err *err)
{
	const struct ctx *ctx = run->ctx;
	const struct staged_file staged = { step->object, (char *)(uintptr_t)temp };
	auto_free char *aside = step_aside_path(step->object);
	struct present now;
	int rc = look_file(ctx, step->object, false, &now, err);

	if (rc)
		return rc;
	if (now.is_there != step->had_old ||
	    (now.is_there && (!is_digest(&now.digest, &step_old(step)->digest) ||
	                      !is_meta(&now.meta, &step_old(step)->meta))))
		return step_fail_changed(step->object, err);
	if (!step->is_present)
		return rename_over(ctx, step->object, aside, err);
	if (step->is_secret && step->had_old)
		rc = link_aside(ctx, step->object, aside, err);
	return rc ? rc : file_switch(ctx, &staged, err);
}

static int finish_file(const struct ctx *ctx, const struct step_row *row, struct err *err)
{
	auto_free char *aside = step_aside_path(row->object);

	if (row->is_present && !row->is_secret)
		return 0;
	return file_remove(ctx, aside, err);
}

/* ---- undo ------------------------------------------------------------------------------------ */

static int put_blob_back(const struct step_run *run, const struct step_row *row,
                         struct err *err)
{
	auto_buf octets = BUF_INIT;
	struct staged_file staged = { 0 };
	int rc;

	if (row->is_secret)
		return step_fail_lost(row->object, err);
	rc = target_blob(run->target, &row->old_digest, &octets, err);
	if (!rc)
		rc = file_stage(run->ctx, row->object, buf_text(&octets), octets.len,
		                row->old_meta, true, &staged, err);
	if (!rc)
		rc = file_backdate(run->ctx, &staged, AGE_SECONDS, err);
	if (!rc)
		rc = file_switch(run->ctx, &staged, err);
	if (rc)
		file_unstage(run->ctx, &staged);
	staged_file_done(&staged);
	return rc;
}

static int restore(const struct step_run *run, const struct step_row *row,
                   const char *aside, struct err *err)
{
	struct file_info info;
	int rc;

	if (!row->had_old)
		return file_remove(run->ctx, row->object, err);
	rc = file_look(run->ctx, aside, false, &info, err);
	if (rc)
		return rc;
	if (info.kind == FILE_REGULAR)
		return rename_over(run->ctx, aside, row->object, err);
	return put_blob_back(run, row, err);
}

/* OLD: nothing to do.  NEW: has to be restored.  DRIFT: changed by others. */
static enum undo_result judge(const struct step_row *row, const struct present *now,
                              bool has_aside)
{
	bool is_old = now->is_there && row->had_old &&
	              is_digest(&now->digest, &row->old_digest);
	bool is_new = now->is_there && row->is_present &&
	              is_digest(&now->digest, &row->new_digest);

	if (!now->is_there) {
		if (!row->had_old)
			return UNDO_NOTHING;
		return !row->is_present || has_aside ? UNDO_DONE : UNDO_DRIFT;
	}
	if (is_old && (!is_new || is_meta(&now->meta, &row->old_meta)))
		return UNDO_NOTHING;
	return is_new ? UNDO_DONE : UNDO_DRIFT;
}

static int undo_file(struct step_run *run, const struct step_row *row,
                     enum undo_result *ret_result, struct err *err)
{
	auto_free char *aside = step_aside_path(row->object);
	struct file_info info;
	struct present now;
	enum undo_result result;
	int rc = look_file(run->ctx, row->object, false, &now, err);

	if (!rc)
		rc = file_look(run->ctx, aside, false, &info, err);
	if (rc)
		return rc;
	result = judge(row, &now, info.kind == FILE_REGULAR);
	if (result == UNDO_DRIFT && !run->force) {
		(void)step_fail_kept(row->object, err);
	} else if (result != UNDO_NOTHING) {
		rc = restore(run, row, aside, err);
		result = UNDO_DONE;
	} else if (info.kind == FILE_REGULAR && (row->is_secret || !row->is_present)) {
		rc = file_remove(run->ctx, aside, err);
	}
	if (!rc)
		*ret_result = result;
	return rc;
}

static int note_file(struct store *target, const struct step *step, struct step_row *row,
                     struct err *err)
{
	(void)target, (void)err;
	row->shared = step->shared;
	return 0;
}

static void recall_file(const struct step_row *row, struct step *step)
{
	step->shared = row->shared;
}

const struct step_type step_file_type = {
	.name = "file",
	.phase = PHASE_SWITCH,
	.is_in_tree = true,
	.has_content = true,
	.observe = observe_file,
	.show = show_file,
	.stage = stage_file,
	.apply = apply_file,
	.undo = undo_file,
	.finish = finish_file,
	.note = note_file,
	.recall = recall_file,
	.own = owned_file_note,
	.owned = "file:",
	.give_back = owned_file_give_back,
	.roll_back = roll_back_file,
	.drift = drift_of_file,
	.scan = drift_scan_files,
	.accept = drift_accept_file,
};

/* ---- folders --------------------------------------------------------------------------------- */

static int observe_folder(const struct ctx *ctx, struct step *step, bool *ret_holds,
                          struct err *err)
{
	struct file_info info;
	int rc = file_look(ctx, step->object, true, &info, err);

	if (rc)
		return rc;
	if (info.kind != FILE_ABSENT && info.kind != FILE_DIRECTORY)
		return err_set(err, ERR_FAILED, _("%s is not a folder: remove it"),
		               step->object);
	step->had_old = info.kind == FILE_DIRECTORY;
	if (step->had_old)
		step_fill_old(step)->meta = info.meta;
	if (step->is_present)
		*ret_holds = step->had_old && step_meta_holds(&info.meta, &step->meta);
	else
		*ret_holds = !step->had_old;
	return 0;
}

static int stage_folder(const struct step_run *run, const struct step *step, bool sync,
                        char **ret_temp, struct err *err)
{
	(void)sync, (void)ret_temp;
	if (!step->is_present || step->had_old)
		return 0;
	return file_make_dir(run->ctx, step->object, step->meta, NULL, err);
}

static int apply_folder(struct step_run *run, const struct step *step, const char *temp,
                        struct err *err)
{
	(void)temp;
	if (!step->is_present || !step->had_old)
		return 0;
	return file_set_meta(run->ctx, step->object, step->meta, err);
}

static int undo_folder(struct step_run *run, const struct step_row *row,
                       enum undo_result *ret_result, struct err *err)
{
	struct file_info info;
	int rc = file_look(run->ctx, row->object, true, &info, err);

	if (rc)
		return rc;
	if (!row->is_present || info.kind != FILE_DIRECTORY ||
	    (row->had_old && is_meta(&info.meta, &row->old_meta))) {
		*ret_result = UNDO_NOTHING;
		return 0;
	}
	if (row->had_old)
		rc = file_set_meta(run->ctx, row->object, row->old_meta, err);
	else
		rc = file_remove_dir(run->ctx, row->object, err);
	if (!rc)
		*ret_result = UNDO_DONE;
	return rc;
}

static int finish_folder(const struct ctx *ctx, const struct step_row *row,
                         struct err *err)
{
	return row->is_present ? 0 : file_remove_dir(ctx, row->object, err);
}

const struct step_type step_mkdir_type = {
	.name = "mkdir",
	.phase = PHASE_SWITCH,
	.is_in_tree = true,
	.is_container = true,
	.observe = observe_folder,
	.show = show_folder,
	.stage = stage_folder,
	.apply = apply_folder,
	.undo = undo_folder,
	.finish = finish_folder,
	.own = owned_folder_note,
	.owned = "dir:",
	.give_back = owned_folder_give_back,
	.roll_back = roll_back_folder,
};
