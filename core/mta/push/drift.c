/*
 * core/mta/push/drift.c: present files compared with those that we wrote.
 *
 * Two ways in, one judgement: a scan stats every file of ours and reads those that look different
 * from right after the push; a push has its own files read already.  Settings are never asked for by a
 * push, which holds the database: the backend observed them for the plan.
 */
#include "core/mta/push/drift.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/mta/engine/owned_file.h"
#include "core/mta/engine/owned_remote.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/diff.h"
#include "core/mta/plan/shared.h"
#include "core/mta/plan/step.h"

static void setting_free(struct drift_setting *setting)
{
	if (!setting)
		return;
	free(setting->url);
	free(setting->name);
	secret_done(&setting->now.text);
	free(setting);
}

void drifts_done(struct drifts *drifts)
{
	for (size_t i = 0; i < drifts->count; i++) {
		free(drifts->row[i].path);
		free(drifts->row[i].parameter);
		free(drifts->row[i].what);
		free(drifts->row[i].diff);
		setting_free(drifts->row[i].setting);
	}
	free(drifts->row);
	*drifts = DRIFTS_INIT;
}

struct looking {
	struct ctx *ctx;
	struct store *target;
	struct drifts *drifts;
	const struct plan *plan;
	const struct step *step; /* of the plan at hand */
	size_t settings;         /* of ours that the plan has */
};

static struct drift *add(struct drifts *drifts, const char *path, char *what)
{
	GROW(drifts->row, drifts->count, drifts->room);
	drifts->row[drifts->count] =
		(struct drift){ .path = xstrdup(path), .what = what };
	return &drifts->row[drifts->count++];
}

/* ---- judgement -------------------------------------------------------------------------------- */

static void judge_meta(struct drifts *drifts, const struct owned_file *file,
                       const struct file_meta *now)
{
	const struct file_meta *want = &file->meta;

	if (want->mode != FILE_KEEP_MODE && want->mode != now->mode)
		add(drifts, file->path,
		    xasprintf(_("has mode %04o instead of %04o"), (unsigned)now->mode,
		              (unsigned)want->mode));
	else if (want->uid != FILE_KEEP_UID && want->uid != now->uid)
		add(drifts, file->path,
		    xasprintf(_("has owner %u instead of %u"), (unsigned)now->uid,
		              (unsigned)want->uid));
	else if (want->gid != FILE_KEEP_GID && want->gid != now->gid)
		add(drifts, file->path,
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
	row = add(drifts, file->path,
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
	row = add(drifts, file->path,
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
	add(drifts, file->path, xstrdup(_("was removed since it was pushed")))
		->is_restored = !file->shared;
}

static bool is_value(const struct owned_file *file, const struct digest *digest)
{
	return memcmp(file->value.at, digest->at, DIGEST_LEN) == 0;
}

/* What the setting is now: set to `now`, or not set. */
static int judge_setting(struct store *target, struct drifts *drifts,
                         const struct owned_setting *setting, bool is_set,
                         const void *now, size_t len, struct err *err)
{
	auto_free char *path = xasprintf("%s %s", setting->server.url, setting->name);
	auto_buf wrote = BUF_INIT, diff = BUF_INIT;
	struct digest digest;
	struct drift *row;
	int rc = 0;

	digest_of(now, len, &digest);
	if (is_set && memcmp(digest.at, setting->value.at, DIGEST_LEN) == 0)
		return 0;
	if (is_set && !setting->is_secret)
		rc = target_blob(target, &setting->value, &wrote, err);
	if (rc)
		return rc;
	row = add(drifts, path,
	          xstrdup(!is_set              ? _("was removed since it was pushed")
	                  : setting->is_secret ? _("was replaced since it was pushed")
	                                       : _("was edited since it was pushed")));
	row->is_restored = !is_set;
	row->setting = xcalloc(1, sizeof(*row->setting));
	row->setting->url = xstrdup(setting->server.url);
	row->setting->name = xstrdup(setting->name);
	row->setting->now.is_set = is_set;
	if (is_set)
		secret_set(&row->setting->now.text, now, len);
	if (!is_set || setting->is_secret)
		return 0;
	diff_unified(buf_text(&wrote), wrote.len, now, len, false, &diff);
	row->diff = buf_take(&diff);
	return 0;
}

/* ---- every file ------------------------------------------------------------------------------- */

static int look(void *arg, const struct owned_file *file, struct err *err)
{
	struct looking *l = arg;
	auto_buf content = BUF_INIT;
	struct digest digest;
	struct file_info info;
	int rc = file_look(l->ctx, file->path, false, &info, err);

	if (rc)
		return rc;
	if (info.kind == FILE_ABSENT) {
		judge_absence(l->drifts, file);
		return 0;
	}
	if (info.kind != FILE_REGULAR) {
		add(l->drifts, file->path, xstrdup(_("is no longer a regular file")));
		return 0;
	}
	if (file->has_look && info.size == file->size &&
	    info.mtime_ns == file->mtime_ns && info.inode == file->inode) {
		judge_meta(l->drifts, file, &info.meta);
		return 0;
	}
	rc = file_read(l->ctx, file->path, STEP_FILE_LIMIT, &content, NULL, err);
	if (rc)
		return rc;
	digest_of(buf_text(&content), content.len, &digest);
	if (is_value(file, &digest))
		judge_meta(l->drifts, file, &info.meta);
	else
		rc = judge_content(l->target, l->drifts, file, &content, err);
	if (file->is_secret && content.at)
		explicit_bzero(content.at, content.room);
	return rc;
}

int drift_scan(struct ctx *ctx, struct store *target, struct drifts *drifts,
               struct err *err)
{
	struct looking looking = { .ctx = ctx, .target = target, .drifts = drifts };

	return target ? owned_each_file(target, look, &looking, err) : 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct drift *)a)->path, ((const struct drift *)b)->path);
}

static void sort(struct drifts *drifts)
{
	if (drifts->count > 1)
		qsort(drifts->row, drifts->count, sizeof(drifts->row[0]), by_path);
}

int drift_scan_first(struct ctx *ctx, struct store *target, struct drifts *drifts,
                     bool *ret_is_whole, struct err *err)
{
	struct looking looking = { .ctx = ctx, .target = target, .drifts = drifts };
	int rc = 0;

	*ret_is_whole = true;
	if (target)
		rc = owned_first_files(target, DRIFT_FIRST, ret_is_whole, look, &looking,
		                       err);
	sort(drifts);
	return rc;
}

/* ---- settings --------------------------------------------------------------------------------- */

static bool is_of(const struct step *step, const char *url, const char *name)
{
	return step->kind == STEP_REMOTE && strcmp(step->object, name) == 0 &&
	       strcmp(step->server->url, url) == 0;
}

const struct step *drift_step(const struct plan *plan,
                              const struct drift_setting *setting)
{
	for (size_t i = 0; i < plan->count; i++)
		if (is_of(&plan->step[i], setting->url, setting->name))
			return &plan->step[i];
	return NULL;
}

static int look_at_setting(void *arg, const struct owned_setting *setting,
                           struct err *err)
{
	struct looking *l = arg;
	const struct buf *now = &step_old(l->step)->content;

	l->settings++;
	return judge_setting(l->target, l->drifts, setting, l->step->had_old,
	                     buf_text(now), now->len, err);
}

static int look_at_settings(struct looking *l, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < l->plan->count && !rc; i++) {
		l->step = &l->plan->step[i];
		if (l->step->kind == STEP_REMOTE)
			rc = owned_with_setting(l->target, l->step->server->url,
			                        l->step->object, look_at_setting, l, err);
	}
	return rc;
}

static int ask_for_setting(void *arg, const struct owned_setting *setting,
                           struct err *err)
{
	struct looking *l = arg;
	struct remote_value now = { 0 };
	int rc;

	for (size_t i = 0; i < l->plan->count; i++)
		if (is_of(&l->plan->step[i], setting->server.url, setting->name))
			return 0;
	rc = owned_ask_setting(l->ctx, setting, &now, err);
	if (!rc)
		rc = judge_setting(l->target, l->drifts, setting, now.is_set, now.text.at,
		                   now.text.len, err);
	secret_done(&now.text);
	return rc;
}

static int count_setting(void *arg, const struct owned_setting *setting, struct err *err)
{
	(void)setting, (void)err;
	++*(size_t *)arg;
	return 0;
}

int drift_of_settings(struct ctx *ctx, struct store *target, const struct plan *plan,
                      struct drifts *drifts, struct err *err)
{
	struct looking looking = {
		.ctx = ctx, .target = target, .drifts = drifts, .plan = plan
	};
	size_t ours = 0;
	int rc = target ? look_at_settings(&looking, err) : 0;

	if (!rc && target && ctx)
		rc = owned_each_setting(target, count_setting, &ours, err);
	if (!rc && ours > looking.settings)
		rc = owned_each_setting(target, ask_for_setting, &looking, err);
	sort(drifts);
	return rc;
}

/* ---- those of a plan -------------------------------------------------------------------------- */

static int look_at_step(void *arg, const struct owned_file *file, struct err *err)
{
	struct looking *l = arg;
	const struct step *step = l->step;

	if (!step->had_old)
		judge_absence(l->drifts, file);
	else if (is_value(file, &step_old(step)->digest))
		judge_meta(l->drifts, file, &step_old(step)->meta);
	else
		return judge_content(l->target, l->drifts, file, &step_old(step)->content,
		                     err);
	return 0;
}

/* Among the first `count`. */
static bool is_among(const struct drifts *drifts, size_t count, const char *path)
{
	struct drift key = { 0 };

	memcpy(&key.path, &path, sizeof(path));
	return count && bsearch(&key, drifts->row, count, sizeof(key), by_path);
}

/* Unless it is among the first `before`. */
static int look_at_later(struct looking *l, size_t before, struct err *err)
{
	const char *url = l->step->server->url;
	auto_free char *path = xasprintf("%s %s", url, l->step->object);

	return is_among(l->drifts, before, path)
	               ? 0
	               : owned_with_setting(l->target, url, l->step->object,
	                                    look_at_setting, l, err);
}

int drift_of_plan(struct store *target, const struct plan *plan, struct drifts *drifts,
                  struct err *err)
{
	struct looking looking = { .target = target, .drifts = drifts, .plan = plan };
	size_t before = drifts->count;
	int rc = 0;

	for (size_t i = 0; target && i < plan->count && !rc; i++) {
		looking.step = &plan->step[i];
		if (looking.step->kind == STEP_FILE &&
		    !is_among(drifts, before, looking.step->object))
			rc = owned_with_file(target, looking.step->object, look_at_step,
			                     &looking, err);
		else if (looking.step->kind == STEP_REMOTE)
			rc = look_at_later(&looking, before, err);
	}
	sort(drifts);
	return rc;
}

void drift_show(const struct drifts *drifts, struct buf *out)
{
	for (size_t i = 0; i < drifts->count; i++) {
		const struct drift *row = &drifts->row[i];

		buf_printf(out, _("# drift: %s%s%s%s %s%s\n"), row->path,
		           row->parameter ? " (" : "",
		           row->parameter ? row->parameter : "",
		           row->parameter ? ")" : "", row->what,
		           row->is_planned && row->is_restored
		                   ? _("; the next push restores it")
		           : row->is_planned ? _("; overwriting it requires --force")
		                             : "");
		buf_puts(out, row->diff ? row->diff : "");
	}
}
