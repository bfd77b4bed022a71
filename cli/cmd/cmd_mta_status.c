/* `mta status`: the detected mail server, and which database it follows. */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/changes.h"
#include "cli/app/key_step.h"
#include "cli/app/overview.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/model/setting/setting.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/absence.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/push.h"
#include "core/mta/push/registry.h"

struct shortfalls {
	char *sentence[FEATURE_COUNT];
};

static void keep_sentence(void *arg, enum mta_feature feature, const char *sentence)
{
	struct shortfalls *shortfalls = arg;
	free(shortfalls->sentence[feature]);
	shortfalls->sentence[feature] = xstrdup(sentence);
}

static int show_features(struct app *app, const struct mta_backend *backend,
                         struct err *err)
{
	static const struct out_column columns[] = {
		{ "feature", N_("Feature"), OUT_TEXT, 0 },
		{ "setting", N_("Setting"), OUT_TEXT, 0 },
		{ "value", N_("Value"), OUT_TEXT, 0 },
		{ "supported", N_("Supported"), OUT_TEXT, 0 },
		{ "state", N_("State"), OUT_TEXT, OUT_WRAP },
	};
	struct shortfalls shortfalls = { 0 };
	auto_free char *filter = NULL;
	int r = backend_shortfalls(&app->session.ctx, app->session.store, keep_sentence,
	                           &shortfalls, err);
	if (r >= 0)
		r = setting_text(app->session.store, SET_MTA_FILTER, 0, &filter, err);
	if (r < 0)
		return r;
	out_nested_begin(app->out, "features", N_("Features"), columns,
	                 ARRAY_LEN(columns));
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		const struct feature_row *row = &feature_table[i];
		auto_free char *value = NULL;
		enum setting_key key;
		if (r >= 0)
			r = setting_find(row->setting, &key, err);
		if (r >= 0)
			r = setting_text(app->session.store, key, 0, &value, err);
		struct feature_support support = { .level = SUPPORT_NO };
		if (backend)
			support = backend_support(&app->session.ctx, backend, filter, i);
		if (support.level == SUPPORT_ABSENT && !shortfalls.sentence[i])
			shortfalls.sentence[i] =
				xasprintf(_("%s is not installed"), support.missing);
		if (r >= 0) {
			out_text(app->out, _(row->name));
			out_text(app->out, row->setting);
			out_text(app->out, value);
			out_text(app->out,
			         backend ? cmd_support_word(support.level) : NULL);
			out_text(app->out, shortfalls.sentence[i]);
			out_row_end(app->out);
		}
		free(shortfalls.sentence[i]);
	}
	out_nested_end(app->out);
	return r;
}

/* Pending is what a push would do now.  If the plan cannot be made, that is a remark and not a
 * failure: the rest of the state is still printed. */
static int look_ahead(struct app *app, struct plan *ret_plan, struct drifts *ret_drifts,
                      char **ret_remark, struct err *err)
{
	if (!app->session.store)
		return 0;
	int r = store_begin(app->session.store, false, err);
	if (r < 0)
		return r;
	if (push_look(&app->session.ctx, app->session.store, ret_plan, ret_drifts, err) <
	    0) {
		*ret_remark = xstrdup(err->text);
		err_clear(err);
	}
	store_rollback(app->session.store);
	return 0;
}

/* Daemons that the settings require; mail is deferred without some of them. */
static void show_services(struct app *app, const struct plan *plan)
{
	static const struct out_column columns[] = {
		{ "service", N_("Service"), OUT_TEXT, 0 },
		{ "running", N_("Running"), OUT_BOOL, 0 },
		{ "alarm", N_("Alarm"), OUT_TEXT, OUT_WRAP },
	};
	out_nested_begin(app->out, "services", N_("Services"), columns,
	                 ARRAY_LEN(columns));
	for (size_t i = 0; i < plan->needs; i++) {
		const struct plan_need *need = &plan->need[i];
		const char *alarm =
			need->is_running ? NULL
			: need->is_relied_on
				? _("required but not running, mail may be delayed: "
		                    "run \"mailauthctl mta push\" to start it")
				: _("not running, and not in use yet: run "
		                    "\"mailauthctl mta push\" to start it");
		out_text(app->out, need->service);
		out_bool(app->out, need->is_running);
		out_text(app->out, alarm);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
}

static void show_notes(struct app *app, const struct plan *plan)
{
	static const struct out_column columns[] = {
		{ "level", N_("Level"), OUT_TEXT, 0 },
		{ "note", N_("Note"), OUT_TEXT, OUT_WRAP },
	};
	out_nested_begin(app->out, "notes", N_("Notes"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < plan->notes; i++) {
		out_text(app->out, plan->note[i].remedy ? "warning" : "note");
		out_text(app->out, plan->note[i].text);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
}

/* ---- the state in a line --------------------------------------------------------------------- */

struct status {
	const struct mta_backend *backend;
	bool is_adopted;
	struct mta_found found;
	struct target_state state;
	struct plan plan;
	struct drifts drifts;
	char *remark;           /* why no plan can be made */
	struct absence absence; /* the reason if no server was found */
	struct overview overview;
};

static void status_done(struct status *status)
{
	backend_found_done(&status->found);
	target_state_done(&status->state);
	plan_done(&status->plan);
	drifts_done(&status->drifts);
	free(status->remark);
	absence_done(&status->absence);
	overview_done(&status->overview);
}

/* The first one that applies. */
enum situation {
	NO_SERVER,
	NOT_ADOPTED,
	FOREIGN,
	OPEN,
	HELD,
	BLOCKED,
	EDITED,
	PENDING,
	CURRENT,
};

static const struct situation_row {
	const char *word;     /* for JSON */
	const char *sentence; /* for tables */
	const char *hint;
} situations[] = {
	[NO_SERVER] = { "none",
	                N_("pushes to a mail server are not possible: see the remark"),
	                NULL },
	[NOT_ADOPTED] = { "found", N_("not adopted: pushes do not change it"),
	                  "mailauthctl mta adopt" },
	[FOREIGN] = { "foreign", N_("follows another database"),
	              "mailauthctl mta push --take-over" },
	[OPEN] = { "interrupted", N_("a push was interrupted, or is in progress"),
	           "mailauthctl mta push" },
	[HELD] = { "held", N_("pushes are held after a rollback"),
	           "mailauthctl mta push" },
	[BLOCKED] = { "blocked", N_("pushes are not possible: see the remark"), NULL },
	[EDITED] = { "edited", N_("files of ours were changed outside mailauthctl"),
	             "mailauthctl mta plan" },
	[PENDING] = { "pending", N_("changes are pending"), "mailauthctl mta push" },
	[CURRENT] = { "current", N_("up to date"), NULL },
};

static enum situation situation_of(const struct status *status)
{
	if (!status->backend)
		return NO_SERVER;
	if (!status->is_adopted)
		return NOT_ADOPTED;
	if (status->state.is_adopted && !status->state.is_ours)
		return FOREIGN;
	if (status->state.is_open)
		return OPEN;
	if (status->state.is_paused)
		return HELD;
	if (status->remark)
		return BLOCKED;
	if (status->drifts.count)
		return EDITED;
	return status->plan.count ? PENDING : CURRENT;
}

static const char *hint_of(const struct status *status)
{
	const char *hint = status->backend ? situations[situation_of(status)].hint
	                                   : status->absence.remedy;
	for (size_t i = 0; !hint && i < status->plan.needs; i++)
		if (!status->plan.need[i].is_running)
			hint = "mailauthctl mta push";
	return hint ? hint : overview_hint(&status->overview);
}

/* ---- zones and keys -------------------------------------------------------------------------- */

static void show_waits(struct app *app, const struct overview *overview)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "waits_for", N_("Waiting for"), OUT_TEXT, OUT_WRAP },
	};
	out_nested_begin(app->out, "waits", N_("Signing pending"), columns,
	                 ARRAY_LEN(columns));
	for (size_t i = 0; i < overview->waiting.count; i++) {
		out_text(app->out, overview->waiting.row[i].name);
		out_text(app->out, overview->waiting.row[i].text);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
}

/* Keys that leave the zones after some time; those that wait for a record are listed before. */
static int show_keys(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "selector", N_("Selector"), OUT_TEXT, 0 },
		{ "state", N_("State"), OUT_TEXT, 0 },
		KEY_STEP_COLUMNS,
	};
	auto_stmt keys = NULL;
	struct key key;
	struct key_step step;
	out_nested_begin(app->out, "keys", N_("Keys that end"), columns,
	                 ARRAY_LEN(columns));
	int r = key_query_due(app->session.store, OVERVIEW_WAITS, &keys, err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0) {
		r = key_step_load(app, &key, &step, err);
		if (r < 0)
			break;
		out_text(app->out, key.domain);
		out_text(app->out, key.selector);
		out_text(app->out, key.state);
		key_step_put(app, &step);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
	return r;
}

static void show_zones(struct app *app, const struct overview *overview)
{
	static const struct out_column columns[] = {
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
		{ "action", N_("Action"), OUT_TEXT, 0 },
	};
	out_nested_begin(app->out, "zones", N_("Zones to be exported"), columns,
	                 ARRAY_LEN(columns));
	for (size_t i = 0; i < overview->export.count; i++) {
		const struct export_due *due = &overview->export.row[i];
		out_text(app->out, due->name);
		out_text(app->out, due->after ? "write" : "remove");
		out_row_end(app->out);
	}
	out_nested_end(app->out);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const struct out_column status_columns[] = {
	{ "state", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	{ "summary", N_("State"), OUT_TEXT, 0 },
	{ "hint", N_("Next"), OUT_TEXT, OUT_BRIEF },
	{ "backend", N_("Backend"), OUT_TEXT, 0 },
	{ "title", N_("Mail server"), OUT_TEXT, OUT_BRIEF },
	{ "version", N_("Version"), OUT_TEXT, OUT_BRIEF },
	{ "config_dir", N_("Configuration"), OUT_TEXT, OUT_BRIEF },
	{ "running", N_("Running"), OUT_BOOL, 0 },
	{ "filter", N_("Filter"), OUT_TEXT, OUT_BRIEF },
	{ "hostname", N_("Host name"), OUT_TEXT, 0 },
	{ "adopted", N_("Adopted"), OUT_BOOL, 0 },
	{ "follows_this_database", N_("Follows this database"), OUT_BOOL, 0 },
	{ "pushed", N_("Last push"), OUT_TIME, 0 },
	{ "pending", N_("Changes pending"), OUT_BOOL, 0 },
	{ "held", N_("Pushes held"), OUT_BOOL, OUT_BRIEF },
	{ "failure", N_("Last failure"), OUT_TEXT, OUT_BRIEF },
	{ "remark", N_("Remark"), OUT_TEXT, OUT_BRIEF },
	{ "last_export", N_("Last export"), OUT_TIME, OUT_BRIEF },
	{ "zones_exported", N_("Zones exported"), OUT_INT, OUT_BRIEF },
	{ "zones_due", N_("Zones to be exported"), OUT_INT, OUT_BRIEF },
	{ "zones_due_exact", NULL, OUT_BOOL, OUT_HIDE_TABLE },
	{ "reload_owed", N_("Name server not reloaded"), OUT_BOOL, OUT_BRIEF },
	{ "reload_complaint", N_("Reload error"), OUT_TEXT, OUT_BRIEF },
	{ "zones_remark", N_("Zones"), OUT_TEXT, OUT_BRIEF },
	{ "last_export_all", N_("Last zone export --all"), OUT_TIME, OUT_BRIEF },
	{ "export_all_failed", N_("Export --all failed"), OUT_BOOL, OUT_BRIEF },
	{ "names_waiting", N_("Names waiting"), OUT_INT, OUT_BRIEF },
	{ "rotations_due", N_("Rotations due"), OUT_INT, OUT_BRIEF },
};

static void show_server(struct app *app, const struct status *status,
                        const char *hostname)
{
	const struct situation_row *situation = &situations[situation_of(status)];
	const struct mta_backend *backend = status->backend;
	out_text(app->out, situation->word);
	out_text(app->out, _(situation->sentence));
	out_text(app->out, hint_of(status));
	out_text(app->out, backend ? backend->name : NULL);
	out_text(app->out, backend ? _(backend->title) : NULL);
	out_text(app->out, status->found.version);
	out_text(app->out, status->found.config_dir);
	out_bool(app->out, status->found.is_running);
	out_text(app->out, status->found.filter);
	out_text(app->out, hostname);
	out_bool(app->out, status->is_adopted);
	out_bool(app->out, status->state.is_adopted && status->state.is_ours);
	out_time(app->out, status->state.pushed_at);
	out_bool(app->out, status->plan.count != 0 || status->remark != NULL);
	out_bool(app->out, status->state.is_paused);
	out_text(app->out,
	         status->state.last_failure ? _(status->state.last_failure) : NULL);
	out_text(app->out, status->remark ? status->remark
	                   : backend      ? status->found.why_not
	                                  : status->absence.sentence);
}

static void show_export(struct app *app, const struct overview *overview)
{
	const struct export_state *export = &overview->export;
	out_time(app->out, export->at);
	out_int(app->out, export->files);
	out_int(app->out, export->due);
	out_bool(app->out, export->is_exact);
	out_bool(app->out, export->is_reload_owed);
	out_text(app->out, export->complaint);
	out_text(app->out, overview->export_remark);
	out_time(app->out, overview->last_all);
	out_bool(app->out, overview->is_all_failed);
	out_int(app->out, overview->waiting.total);
	out_int(app->out, overview->rotations_due);
}

int cmd_mta_status(struct app *app, struct err *err)
{
	cleanup(status_done) struct status status = { .plan = PLAN_INIT,
		                                      .drifts = DRIFTS_INIT };
	const struct env *env;
	int r = backend_choose(&app->session.ctx, app->session.store, &status.backend,
	                       &status.is_adopted, err);
	if (r >= 0 && !status.backend)
		absence_look(&app->session.ctx, app->session.store, &status.absence);
	if (r >= 0 && status.backend && status.backend->detect)
		r = status.backend->detect(&app->session.ctx, app->session.store,
		                           &status.found, err);
	if (r >= 0)
		r = push_state(&app->session.ctx, app->session.store, &status.state, err);
	if (r >= 0)
		r = look_ahead(app, &status.plan, &status.drifts, &status.remark, err);
	if (r >= 0)
		r = session_env(&app->session, &env, err);
	if (r >= 0)
		r = overview_load(app, &status.overview, err);
	if (r < 0)
		return r;
	out_object_begin(app->out, status_columns, ARRAY_LEN(status_columns));
	show_server(app, &status, env->hostname);
	show_export(app, &status.overview);
	r = show_features(app, status.backend, err);
	changes_drifts(app->out, &status.drifts);
	show_services(app, &status.plan);
	show_notes(app, &status.plan);
	show_zones(app, &status.overview);
	show_waits(app, &status.overview);
	if (r >= 0)
		r = show_keys(app, err);
	out_end(app->out);
	return r;
}
