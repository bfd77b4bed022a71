/* `server`: settings of the server.  Rows first, handlers behind them use the settings table. */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/spf_targets.h"
#include "cli/app/srs_targets.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/model/life/domain_life.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/srs_secret.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/registry.h"

/* ---- reading --------------------------------------------------------------------------------- */

/* What a setting's value is for people: the system's answer where the default is computed. */
static int effective(struct app *app, enum setting_key key, char **ret_text,
                     const char **ret_source, struct err *err)
{
	struct setting_value value;
	char *fingerprint = NULL;
	int r = setting_get(app->session.store, key, 0, &value, err);
	if (r < 0)
		return r;
	if (setting_table[key].type == SETTING_SECRET)
		r = srs_secret_fingerprint(app->session.store, &fingerprint, err);
	if (fingerprint) {
		setting_value_done(&value);
		value = (struct setting_value){ fingerprint, SETTING_FROM_SERVER };
	}
	*ret_source = setting_source_name(value.source);
	if (!*value.text && setting_table[key].flags & SETTING_COMPUTED) {
		const struct env *env;
		r = session_env(&app->session, &env, err);
		const char *computed =
			r < 0 ? NULL : env_computed(env, setting_table[key].key);
		if (computed) {
			setting_value_done(&value);
			value.text = xstrdup(computed);
			*ret_source = "system";
		}
	}
	*ret_text = value.text;
	return r < 0 ? r : 0;
}

static int run_list(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "setting", N_("Setting"), OUT_TEXT, 0 },
		{ "value", N_("Value"), OUT_TEXT, OUT_WRAP },
		{ "source", N_("Source"), OUT_TEXT, 0 },
	};
	int r = 0;
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t key = 0; key < SETTING_COUNT && r >= 0; key++) {
		auto_free char *text = NULL;
		const char *source;
		r = effective(app, key, &text, &source, err);
		if (r < 0)
			break;
		out_text(app->out, setting_table[key].key);
		out_text(app->out, text);
		out_text(app->out, source);
		out_row_end(app->out);
	}
	out_end(app->out);
	return r;
}

static int run_get(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "setting", N_("Setting"), OUT_TEXT, 0 },
		{ "value", N_("Value"), OUT_TEXT, 0 },
		{ "source", N_("Source"), OUT_TEXT, 0 },
	};
	enum setting_key key;
	auto_free char *text = NULL;
	const char *source;
	int r = setting_find(args_word(app->args, 0), &key, err);
	if (r >= 0)
		r = effective(app, key, &text, &source, err);
	if (r < 0)
		return r;
	if (out_get_format(app->out) == OUT_FORMAT_JSON) {
		out_object_begin(app->out, columns, ARRAY_LEN(columns));
		out_text(app->out, setting_table[key].key);
		out_text(app->out, text);
		out_text(app->out, source);
		out_end(app->out);
	} else {
		out_plain(app->out, text, strlen(text));
		out_plain(app->out, "\n", 1);
	}
	return 0;
}

static const struct out_column describe_columns[] = {
	{ "setting", N_("Setting"), OUT_TEXT, 0 },
	{ "values", N_("Values"), OUT_TEXT, OUT_WRAP },
	{ "default", N_("Default"), OUT_TEXT, 0 },
	{ "scope", N_("Scope"), OUT_TEXT, 0 },
	{ "help", N_("Meaning"), OUT_TEXT, OUT_WRAP },
};

static void describe(struct app *app, const struct setting_row *row)
{
	char values[256];
	setting_describe_values(row, values, sizeof(values));
	out_text(app->out, row->key);
	out_text(app->out, values);
	out_text(app->out, row->default_text);
	out_text(app->out, row->flags & SETTING_AT_DOMAIN ? "server, domain" : "server");
	out_text(app->out, _(row->help));
}

static int run_describe(struct app *app, struct err *err)
{
	const char *name = args_word(app->args, 0);
	enum setting_key key;
	if (name) {
		int r = setting_find(name, &key, err);
		if (r < 0)
			return r;
		out_object_begin(app->out, describe_columns, ARRAY_LEN(describe_columns));
		describe(app, &setting_table[key]);
	} else {
		out_list_begin(app->out, describe_columns, ARRAY_LEN(describe_columns));
		for (size_t i = 0; i < SETTING_COUNT; i++) {
			describe(app, &setting_table[i]);
			out_row_end(app->out);
		}
	}
	out_end(app->out);
	return 0;
}

/* ---- changing -------------------------------------------------------------------------------- */

struct touched {
	struct app *app;
	const char *feature; /* "spf." of the setting that was set */
	bool is_said[FEATURE_COUNT];
};

static void say_shortfall(void *arg, enum mta_feature feature, const char *sentence)
{
	struct touched *touched = arg;
	const char *setting = feature_table[feature].setting;
	size_t len = strcspn(setting, ".") + 1;
	if (strncmp(touched->feature, setting, len) != 0 || touched->is_said[feature])
		return;
	touched->is_said[feature] = true;
	app_say(touched->app, REPORT_NOTE, "%s", sentence);
}

/* "saved, not enforced: no SPF service" for what was just touched. */
static int say_shortfalls(struct app *app, size_t step, struct err *err)
{
	struct touched touched = { .app = app };
	if (app->session.is_dry_run)
		return 0; /* nothing is saved */
	for (size_t i = 0; i < args_count(app->args); i += step) {
		touched.feature = args_word(app->args, i);
		int r = backend_shortfalls(&app->session.ctx, app->session.store,
		                           say_shortfall, &touched, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What the command sets about SRS; the texts are the caller's. */
struct typed_srs {
	char *enabled, *domain, *hostname, *excluded;
};

static void typed_srs_done(struct typed_srs *typed)
{
	free(typed->enabled);
	free(typed->domain);
	free(typed->hostname);
	free(typed->excluded);
}

static void keep_typed(char **field, char **canonical)
{
	free(*field);
	*field = *canonical;
	*canonical = NULL;
}

/* A secret comes by standard input, once, before any lock. */
static int read_secret(struct app *app, struct err *err)
{
	auto_buf text = BUF_INIT;
	int r = app->typed_secret.at
	                ? err_set(err, ERR_USAGE,
	                          _("standard input can contain only one secret"))
	                : app_read_input(app, "-", 2 * SRS_SECRET_MAX, &text, err);
	if (r >= 0)
		secret_set(&app->typed_secret, buf_text(&text), text.len);
	if (text.at)
		explicit_bzero(text.at, text.room);
	return r < 0 ? r : srs_secret_check(&app->typed_secret, err);
}

static int check_pair(struct app *app, enum setting_key key, const char *text,
                      struct typed_srs *typed, struct err *err)
{
	auto_free char *canonical = NULL;
	int r = setting_parse(&setting_table[key], text, &canonical, err);
	if (r < 0)
		return r;
	if (key == SET_SPF_LOCAL_RULES)
		spf_targets_warn(app, canonical);
	else if (key == SET_SRS_ENABLED)
		keep_typed(&typed->enabled, &canonical);
	else if (key == SET_SRS_DOMAIN)
		keep_typed(&typed->domain, &canonical);
	else if (key == SET_MTA_HOSTNAME)
		keep_typed(&typed->hostname, &canonical);
	else if (key == SET_SRS_EXCLUDE_DOMAINS)
		keep_typed(&typed->excluded, &canonical);
	else if (key == SET_SRS_SECRET && strcmp(canonical, "-") == 0)
		return read_secret(app, err);
	return 0;
}

/* Before any lock: DNS is never asked inside a transaction. */
static int check_pairs(struct app *app, struct err *err)
{
	cleanup(typed_srs_done) struct typed_srs typed = { 0 };
	int r = 0;
	for (size_t i = 0; r >= 0 && i < args_count(app->args); i += 2) {
		enum setting_key key;
		r = setting_find(args_word(app->args, i), &key, err);
		if (r >= 0)
			r = check_pair(app, key, args_word(app->args, i + 1), &typed,
			               err);
	}
	const struct srs_change change = { typed.enabled, typed.domain, typed.hostname,
		                           typed.excluded };
	if (r >= 0)
		srs_targets_warn(app, &change);
	return r;
}

static int check_keys(struct app *app, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < args_count(app->args); i++) {
		enum setting_key key;
		r = setting_find(args_word(app->args, i), &key, err);
	}
	return r;
}

/* NULL unsets. */
static int change_secret(struct app *app, const char *text, struct err *err)
{
	if (!text)
		return srs_secret_forget(app->session.store, err);
	if (app->typed_secret.at)
		return srs_secret_put(app->session.store, &app->session.ctx,
		                      &app->typed_secret, err);
	return srs_secret_make(app->session.store, &app->session.ctx, err);
}

/* NULL unsets. */
static int change_one(struct app *app, enum setting_key key, const char *text,
                      struct err *err)
{
	if (setting_table[key].type == SETTING_SECRET)
		return change_secret(app, text, err);
	return domain_life_set_inherited(app->session.store, &app->session.ctx, key, text,
	                                 err);
}

static int run_set(struct app *app, struct err *err)
{
	int r = 0;
	size_t count = args_count(app->args);
	for (size_t i = 0; r >= 0 && i < count; i += 2) {
		enum setting_key key;
		r = setting_find(args_word(app->args, i), &key, err);
		if (r >= 0)
			r = change_one(app, key, args_word(app->args, i + 1), err);
	}
	if (r >= 0)
		r = srs_secret_ensure(app->session.store, &app->session.ctx, err);
	/* after all pairs: mta.backend may be one of them */
	for (size_t i = 0; r >= 0 && i < count; i += 2) {
		enum setting_key key;
		auto_free char *text = NULL;
		r = setting_find(args_word(app->args, i), &key, err);
		if (r >= 0)
			r = setting_text(app->session.store, key, 0, &text, err);
		if (r >= 0)
			r = backend_check_setting(&app->session.ctx, app->session.store,
			                          setting_table[key].key, text, err);
		const struct mta_backend *backend =
			r >= 0 && key == SET_MTA_BACKEND ? registry_find(text) : NULL;
		if (backend && !backend->plan)
			app_say(app, REPORT_WARNING,
			        _("saved, but this version cannot push to %s; to "
			          "render its files into a folder, run \"mailauthctl "
			          "server set mta.backend directory\""),
			        _(backend->title));
	}
	if (r < 0)
		return r;
	setting_advise(app->session.store, &app->session.ctx);
	return say_shortfalls(app, 2, err);
}

static int run_unset(struct app *app, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < args_count(app->args); i++) {
		enum setting_key key;
		r = setting_find(args_word(app->args, i), &key, err);
		if (r >= 0)
			r = change_one(app, key, NULL, err);
	}
	if (r < 0)
		return r;
	setting_advise(app->session.store, &app->session.ctx);
	return say_shortfalls(app, 1, err);
}

const struct command commands_server[] = {
	{ .words = "server list",
	  .help = N_("show all settings of the server with values and sources"),
	  .example = "mailauthctl server list --json",
	  .needs = NEED_STORE_READ,
	  .run = run_list },
	{ .words = "server get",
	  .args = "<setting>",
	  .help = N_("print the value of one setting"),
	  .example = "mailauthctl server get spf.mode",
	  .needs = NEED_STORE_READ,
	  .run = run_get },
	{ .words = "server set",
	  .args = "<setting> <value> [<setting> <value>]...",
	  .help = N_("change settings: all of them or none"),
	  .example = "mailauthctl server set dkim.verify on spf.check on dmarc.check on",
	  .needs = NEED_CHANGE | NEED_PUSH,
	  .check = check_pairs,
	  .run = run_set },
	{ .words = "server unset",
	  .args = "<setting>...",
	  .help = N_("reset settings to their defaults"),
	  .example = "mailauthctl server unset spf.local-rules",
	  .needs = NEED_CHANGE | NEED_PUSH,
	  .check = check_keys,
	  .run = run_unset },
	{ .words = "server describe",
	  .args = "[<setting>]",
	  .help = N_("explain settings: values, default, scope, meaning"),
	  .example = "mailauthctl server describe spf.mode",
	  .run = run_describe },
	{ 0 },
};
