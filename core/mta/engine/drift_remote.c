/*
 * core/mta/engine/drift_remote.c: settings of servers compared with those that we set.
 *
 * A push, which holds the database, never queries a server: the backend observed the settings for the
 * plan.  Only a look queries those that the plan does not contain.
 */
#include "core/mta/engine/drifts.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/names.h"
#include "core/mta/engine/owned_remote.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/diff.h"

/* `is_set` false: the setting does not exist now. */
static int judge(struct store *target, struct drifts *drifts,
                 const struct owned_setting *setting, bool is_set, const void *now,
                 size_t len, struct err *err)
{
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
	row = drifts_add(drifts, &step_remote_type, setting->title,
	                 xstrdup(!is_set ? _("was removed since it was pushed")
	                         : setting->is_secret
	                                 ? _("was replaced since it was pushed")
	                                 : _("was edited since it was pushed")));
	row->is_restored = !is_set;
	row->now.is_set = is_set;
	if (is_set)
		secret_set(&row->now.text, now, len);
	if (!is_set || setting->is_secret)
		return 0;
	diff_values(buf_text(&wrote), wrote.len, now, len, false, &diff);
	row->diff = buf_take(&diff);
	return 0;
}

int drift_of_setting(struct store *target, const struct step *step, struct drifts *drifts,
                     struct err *err)
{
	const struct buf *now = &step_old(step)->content;
	auto_stmt settings = NULL;
	auto_buf room = BUF_INIT;
	struct owned_setting setting;
	int rc = owned_setting_at(target, step_title(step, &room), &settings, &setting,
	                          err);

	return rc <= 0 ? rc
	               : judge(target, drifts, &setting, step->had_old, buf_text(now),
	                       now->len, err);
}

static int query(struct ctx *ctx, struct store *target,
                 const struct owned_setting *setting, struct drifts *drifts,
                 struct err *err)
{
	struct remote_value now = { 0 };
	int rc = owned_read_setting(ctx, &setting->server, setting->name, &now, err);

	if (!rc)
		rc = judge(target, drifts, setting, now.is_set, now.text.at, now.text.len,
		           err);
	secret_done(&now.text);
	return rc;
}

int drift_query_settings(struct ctx *ctx, struct store *target, const struct plan *plan,
                         struct drifts *drifts, struct err *err)
{
	auto_stmt settings = NULL;
	auto_names planned = { 0 };
	struct owned_setting setting;
	int rc = owned_settings(target, &settings, err);

	for (size_t i = 0; i < plan->count; i++) {
		auto_buf room = BUF_INIT;

		if (step_types[plan->step[i].kind] == &step_remote_type)
			names_add(&planned, step_title(&plan->step[i], &room));
	}
	names_sort(&planned);
	while (!rc && (rc = owned_next_setting(settings, &setting, err)) == 1)
		rc = names_has(&planned, setting.title)
		             ? 0
		             : query(ctx, target, &setting, drifts, err);
	return rc;
}

int drift_accept_setting(const struct step_run *run, const struct drift *drift,
                         struct err *err)
{
	return owned_accept_setting(run->target, drift->path, &drift->now, err);
}
