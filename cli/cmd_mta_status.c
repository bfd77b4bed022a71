/* `mta status` and `mta backends`: the mail server as it is found, and what it follows. */
#include <stdlib.h>
#include <string.h>

#include "cli/app.h"
#include "cli/changes.h"
#include "cli/commands.h"
#include "core/base/alloc.h"
#include "core/model/setting.h"
#include "core/mta/backend.h"
#include "core/mta/push.h"

static const char *support_word(enum mta_support support)
{
	static const char *const words[] = {
		[SUPPORT_NO] = N_("no"),
		[SUPPORT_PENDING] = N_("not yet"),
		[SUPPORT_YES] = N_("yes"),
	};
	return _(words[support]);
}

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
	int r = backend_shortfalls(&app->ctx, app->store, keep_sentence, &shortfalls,
	                           err);
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
			r = setting_text(app->store, key, 0, &value, err);
		if (r >= 0) {
			out_text(app->out, _(row->name));
			out_text(app->out, row->setting);
			out_text(app->out, value);
			out_text(app->out, backend ? support_word(backend_support(
							     &app->ctx, backend, i))
			                           : NULL);
			out_text(app->out, shortfalls.sentence[i]);
			out_row_end(app->out);
		}
		free(shortfalls.sentence[i]);
	}
	out_nested_end(app->out);
	return r;
}

/* What is pending is derived: what a push would do now.  A plan that cannot be made is a remark,
 * not a failure: the rest of the state is still worth seeing. */
static int look_ahead(struct app *app, struct plan *ret_plan, struct drifts *ret_drifts,
                      char **ret_remark, struct err *err)
{
	if (!app->store)
		return 0;
	int r = store_begin(app->store, false, err);
	if (r < 0)
		return r;
	if (push_look(&app->ctx, app->store, ret_plan, ret_drifts, err) < 0) {
		*ret_remark = xstrdup(err->text);
		err_clear(err);
	}
	store_rollback(app->store);
	return 0;
}

/* Daemons that the settings need; without one of them mail waits. */
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
		auto_free char *alarm =
			need->is_running
				? NULL
				: xasprintf(_("it is needed and does not run, mail may "
		                              "wait: \"mailauthctl mta push\" starts "
		                              "it"));
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
		{ "note", N_("Note"), OUT_TEXT, OUT_WRAP },
	};
	out_nested_begin(app->out, "notes", N_("Notes"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < plan->notes; i++) {
		out_text(app->out, plan->note[i]);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
}

int cmd_mta_status(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "backend", N_("Backend"), OUT_TEXT, 0 },
		{ "title", N_("Mail server"), OUT_TEXT, 0 },
		{ "version", N_("Version"), OUT_TEXT, 0 },
		{ "config_dir", N_("Configuration"), OUT_TEXT, 0 },
		{ "running", N_("Running"), OUT_BOOL, 0 },
		{ "filter", N_("Filter"), OUT_TEXT, 0 },
		{ "hostname", N_("Host name"), OUT_TEXT, 0 },
		{ "adopted", N_("Adopted"), OUT_BOOL, 0 },
		{ "follows_this_database", N_("Follows this database"), OUT_BOOL, 0 },
		{ "pushed", N_("Last push"), OUT_TIME, 0 },
		{ "pending", N_("Changes pending"), OUT_BOOL, 0 },
		{ "held", N_("Pushes held"), OUT_BOOL, 0 },
		{ "failure", N_("Last failure"), OUT_TEXT, OUT_WRAP },
		{ "remark", N_("Remark"), OUT_TEXT, OUT_WRAP },
	};
	const struct mta_backend *backend = NULL;
	cleanup(backend_found_done) struct mta_found found = { 0 };
	cleanup(target_state_done) struct target_state state = { 0 };
	const struct env *env;
	auto_plan plan = PLAN_INIT;
	auto_drifts drifts = DRIFTS_INIT;
	auto_free char *remark = NULL;
	bool is_adopted;
	int r = backend_choose(&app->ctx, app->store, &backend, &is_adopted, err);
	if (r >= 0 && backend && backend->detect)
		r = backend->detect(&app->ctx, app->store, &found, err);
	if (r >= 0)
		r = push_state(&app->ctx, app->store, &state, err);
	if (r >= 0)
		r = look_ahead(app, &plan, &drifts, &remark, err);
	if (r >= 0)
		r = app_env(app, &env, err);
	if (r < 0)
		return r;
	out_object_begin(app->out, columns, ARRAY_LEN(columns));
	out_text(app->out, backend ? backend->name : NULL);
	out_text(app->out, backend ? _(backend->title) : NULL);
	out_text(app->out, found.version);
	out_text(app->out, found.config_dir);
	out_bool(app->out, found.is_running);
	out_text(app->out, found.filter);
	out_text(app->out, env->hostname);
	out_bool(app->out, is_adopted);
	out_bool(app->out, state.is_adopted && state.is_ours);
	out_time(app->out, state.pushed_at);
	out_bool(app->out, plan.count != 0 || remark != NULL);
	out_bool(app->out, state.is_held);
	out_text(app->out, state.last_failure);
	out_text(app->out,
	         remark    ? remark
	         : backend ? found.why_not
	                   : _("no mail server was found; \"mailauthctl server set "
	                       "mta.backend directory\" renders files instead"));
	r = show_features(app, backend, err);
	changes_drifts(app->out, &drifts);
	show_services(app, &plan);
	show_notes(app, &plan);
	out_end(app->out);
	return r;
}

int cmd_mta_backends(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "backend", N_("Backend"), OUT_TEXT, 0 },
		{ "title", N_("Mail server"), OUT_TEXT, 0 },
		{ "dkim_sign", N_("DKIM signing"), OUT_TEXT, 0 },
		{ "dkim_verify", N_("DKIM verification"), OUT_TEXT, 0 },
		{ "spf", N_("SPF"), OUT_TEXT, 0 },
		{ "dmarc", N_("DMARC"), OUT_TEXT, 0 },
		{ "srs", N_("SRS"), OUT_TEXT, 0 },
		{ "push", N_("Push"), OUT_BOOL, 0 },
		{ "detected", N_("Detected"), OUT_TEXT, 0 },
		{ "dmarc_rules", N_("DMARC rules"), OUT_TEXT, 0 },
	};
	int r = 0;
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; r >= 0 && i < backend_count; i++) {
		const struct mta_backend *backend = backend_table[i];
		cleanup(backend_found_done) struct mta_found found = { 0 };
		if (backend->detect)
			r = backend->detect(&app->ctx, app->store, &found, err);
		if (r < 0)
			break;
		auto_free char *detected =
			!found.is_installed
				? NULL
				: xasprintf("%s%s%s%s",
		                            found.version ? found.version : "",
		                            found.version ? ", " : "",
		                            found.is_running ? _("running")
		                                             : _("not running"),
		                            found.filter ? _(", with a filter") : "");
		out_text(app->out, backend->name);
		out_text(app->out, _(backend->title));
		for (size_t feature = 0; feature < FEATURE_COUNT; feature++)
			out_text(app->out, support_word(backend_support(
						   &app->ctx, backend, feature)));
		out_bool(app->out, backend->plan != NULL);
		out_text(app->out, detected);
		out_text(app->out, backend->dmarc_rules);
		out_row_end(app->out);
	}
	out_end(app->out);
	return r;
}
