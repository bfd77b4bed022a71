/* `server`: settings of the server.  The rows of commands come first; the handlers use the table of
 * settings. */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/spf_targets.h"
#include "cli/app/srs_targets.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/model/life/domain_life.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/setting_label.h"
#include "core/model/setting/srs_secret.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/registry.h"

/* ---- reading --------------------------------------------------------------------------------- */

/* A setting's value for people: the computed value if the default is computed. */
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
	if (out_get_format(app->out) != OUT_FORMAT_JSON) {
		out_line(app->out, text);
		return 0;
	}
	out_object_begin(app->out, columns, ARRAY_LEN(columns));
	out_text(app->out, setting_table[key].key);
	out_text(app->out, text);
	out_text(app->out, source);
	out_end(app->out);
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

/* How a hosting panel's page calls the setting (no value) and its values. */
static void describe_labels(struct app *app, enum setting_key key)
{
	static const struct out_column columns[] = {
		{ "value", N_("Value"), OUT_TEXT, 0 },
		{ "language", N_("Language"), OUT_TEXT, 0 },
		{ "source", N_("Source"), OUT_TEXT, 0 },
		{ "label", N_("Label"), OUT_TEXT, OUT_WRAP },
	};
	out_nested_begin(app->out, "labels", N_("Labels of hosting panels"), columns,
	                 ARRAY_LEN(columns));
	for (unsigned i = 0; i < setting_label_count; i++) {
		const struct setting_label *row = &setting_labels[i];
		if (row->key != key)
			continue;
		out_text(app->out, row->value);
		out_text(app->out, row->language);
		out_text(app->out, row->source);
		out_text(app->out, row->text);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
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
		describe_labels(app, key);
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

struct shortfalls {
	char *sentence[FEATURE_COUNT]; /* NULL: the feature is off, or enforced */
};

static void shortfalls_done(struct shortfalls *shortfalls)
{
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		free(shortfalls->sentence[i]);
}

static void keep_shortfall(void *arg, enum mta_feature feature, const char *sentence)
{
	struct shortfalls *shortfalls = arg;
	shortfalls->sentence[feature] = xstrdup(sentence);
}

/* "saved, not enforced: no SPF service", once, for a setting of that group ("spf."). */
static void say_shortfalls_of(struct app *app, const char *setting,
                              struct shortfalls *shortfalls)
{
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		const char *of = feature_table[i].setting;
		if (!shortfalls->sentence[i] ||
		    strncmp(setting, of, strcspn(of, ".") + 1) != 0)
			continue;
		app_say(app, REPORT_NOTE, "%s", shortfalls->sentence[i]);
		free(shortfalls->sentence[i]);
		shortfalls->sentence[i] = NULL;
	}
}

static int say_shortfalls(struct app *app, struct err *err)
{
	cleanup(shortfalls_done) struct shortfalls shortfalls = { 0 };
	if (app->session.is_dry_run)
		return 0; /* a dry run saves nothing */
	int r = backend_shortfalls(&app->session.ctx, app->session.store, keep_shortfall,
	                           &shortfalls, err);
	for (size_t i = 0; r >= 0 && i < app->pair_count; i++)
		say_shortfalls_of(app, setting_table[app->pair[i].key].key, &shortfalls);
	return r;
}

/* A secret is read from standard input, once, before any lock. */
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

/* A value as it is typed, or the label that a hosting panel gives it. */
static int read_value(enum setting_key key, const char *typed, char **ret_text,
                      struct err *err)
{
	const char *value = setting_label_value(key, typed);
	return setting_parse(&setting_table[key], value ? value : typed, ret_text, err);
}

/* Each setting on the line, with its value (`step` 2) as setting_parse() returns it. */
static int read_pairs(struct app *app, size_t step, struct err *err)
{
	int r = 0;
	app->pair = xcalloc(args_count(app->args), sizeof(*app->pair));
	for (size_t i = 0; r >= 0 && i < args_count(app->args); i += step) {
		struct app_pair *pair = &app->pair[app->pair_count++];
		r = setting_find(args_word(app->args, i), &pair->key, err);
		if (r >= 0 && step == 2)
			r = read_value(pair->key, args_word(app->args, i + 1),
			               &pair->text, err);
	}
	return r;
}

/* Before any lock: DNS is never queried inside a transaction. */
static int check_pairs(struct app *app, struct err *err)
{
	struct srs_change srs = { 0 };
	int r = read_pairs(app, 2, err);
	for (size_t i = 0; r >= 0 && i < app->pair_count; i++) {
		const char *text = app->pair[i].text;
		switch (app->pair[i].key) {
		case SET_SPF_LOCAL_RULES:
			spf_targets_warn(app, text);
			break;
		case SET_SRS_ENABLED:
			srs.enabled = text;
			break;
		case SET_SRS_DOMAIN:
			srs.domain = text;
			break;
		case SET_MTA_HOSTNAME:
			srs.hostname = text;
			break;
		case SET_SRS_EXCLUDE_DOMAINS:
			srs.excluded = text;
			break;
		case SET_SRS_SECRET:
			if (strcmp(text, "-") == 0)
				r = read_secret(app, err);
			break;
		default:
			break;
		}
	}
	if (r >= 0)
		srs_targets_warn(app, &srs);
	return r;
}

static int check_keys(struct app *app, struct err *err)
{
	return read_pairs(app, 1, err);
}

/* NULL unsets the setting. */
static int change_secret(struct app *app, const char *text, struct err *err)
{
	if (!text)
		return srs_secret_forget(app->session.store, err);
	if (app->typed_secret.at)
		return srs_secret_put(app->session.store, &app->session.ctx,
		                      &app->typed_secret, err);
	return srs_secret_make(app->session.store, &app->session.ctx, err);
}

/* NULL unsets the setting. */
static int change_one(struct app *app, enum setting_key key, const char *text,
                      struct err *err)
{
	if (setting_table[key].type == SETTING_SECRET)
		return change_secret(app, text, err);
	return domain_life_set_inherited(app->session.store, &app->session.ctx, key, text,
	                                 err);
}

/* After all pairs, because mta.backend may be one of them and a setting may require two. */
static int check_backend(struct app *app, enum setting_key key, struct err *err)
{
	auto_free char *text = NULL;
	int r = setting_text(app->session.store, key, 0, &text, err);
	if (r >= 0)
		r = backend_check_setting(&app->session.ctx, app->session.store,
		                          setting_table[key].key, text, err);
	const struct mta_backend *backend =
		r >= 0 && key == SET_MTA_BACKEND ? registry_find(text) : NULL;
	if (backend && !backend->plan)
		app_say(app, REPORT_WARNING,
		        _("saved, but this version cannot push to %s; to render its "
		          "files into a folder, run \"mailauthctl server set "
		          "mta.backend directory\""),
		        _(backend->title));
	return r;
}

static int change_pairs(struct app *app, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < app->pair_count; i++)
		r = change_one(app, app->pair[i].key, app->pair[i].text, err);
	return r;
}

static int run_set(struct app *app, struct err *err)
{
	int r = change_pairs(app, err);
	if (r >= 0)
		r = srs_secret_ensure(app->session.store, &app->session.ctx, err);
	for (size_t i = 0; r >= 0 && i < app->pair_count; i++)
		r = check_backend(app, app->pair[i].key, err);
	if (r < 0)
		return r;
	setting_advise(app->session.store, &app->session.ctx);
	return say_shortfalls(app, err);
}

static int run_unset(struct app *app, struct err *err)
{
	int r = change_pairs(app, err);
	if (r < 0)
		return r;
	setting_advise(app->session.store, &app->session.ctx);
	return say_shortfalls(app, err);
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
