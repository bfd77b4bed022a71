/* Zones and keys that are pending, and when the cron job last ran. */
#include "cli/app/overview.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/export/heartbeat.h"
#include "core/model/key/keyring.h"

void overview_done(struct overview *overview)
{
	export_state_done(&overview->export);
	free(overview->export_remark);
	publish_waiting_done(&overview->waiting);
}

static int count_due(void *arg, const char *name, struct err *err)
{
	(void)name;
	(void)err;
	++*(int64_t *)arg;
	return 0;
}

int overview_load(struct app *app, struct overview *ret_overview, struct err *err)
{
	const struct env *env;
	ret_overview->export.is_exact = true;
	int r = session_env(&app->session, &env, err);
	if (r < 0 || !app->session.store)
		return r;
	/* a folder that is not safe: the other facts are still reported */
	if (export_state_load(&app->session.ctx, app->session.store, env,
	                      &ret_overview->export, err) < 0) {
		ret_overview->export_remark = xstrdup(err->text);
		err_clear(err);
	}
	ret_overview->last_all = heartbeat_last(app->session.db_path);
	ret_overview->is_all_failed = heartbeat_is_failed(app->session.db_path);
	r = publish_waiting_load(app->session.store, OVERVIEW_WAITS,
	                         &ret_overview->waiting, err);
	return r < 0 ? r
	             : keyring_rotate_each(app->session.store, &app->session.ctx,
	                                   ROTATE_DUE, count_due,
	                                   &ret_overview->rotations_due, err);
}

const char *overview_hint(const struct overview *overview)
{
	if (overview->export_remark)
		return NULL;
	if (overview->export.is_reload_owed || overview->export.due > 0)
		return "mailauthctl zone export --all";
	for (size_t i = 0; i < overview->waiting.count; i++)
		if (overview->waiting.row[i].wait == PUBLISH_WAITS_EXPORT)
			return "mailauthctl zone export --all";
	for (size_t i = 0; i < overview->waiting.count; i++)
		if (overview->waiting.row[i].wait == PUBLISH_WAITS_DNS)
			return "mailauthctl key check --all";
	if (overview->rotations_due)
		return "mailauthctl key rotate --due";
	return overview->is_all_failed ? "mailauthctl zone export --all" : NULL;
}
