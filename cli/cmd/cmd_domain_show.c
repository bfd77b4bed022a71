/*
 * `domain show`: a summary of a domain.  In the table the state comes first, and only settings that
 * were set are listed; JSON and --verbose list all.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/key_step.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/model/export/export_state.h"
#include "core/model/key/key.h"
#include "core/model/key/publish.h"
#include "core/model/key/signing.h"
#include "core/model/record/records.h"
#include "core/model/setting/setting.h"
#include "dnszone/name/name.h"

/* ---- listings -------------------------------------------------------------------------------- */

static int show_keys(struct app *app, const struct domain *domain, struct err *err)
{
	auto_stmt keys = NULL;
	struct key key;
	struct key_step step;
	int r = key_query(app->session.store,
	                  domain->main_id ? domain->main_id : domain->id, &keys, err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0) {
		r = key_step_load(app, &key, &step, err);
		if (r < 0)
			break;
		out_text(app->out, key.selector);
		out_text(app->out, key.algorithm);
		out_int(app->out, key.bits);
		out_text(app->out, key.state);
		out_time(app->out, key.since);
		key_step_put(app, &step);
		out_row_end(app->out);
	}
	return r;
}

static int show_settings(struct app *app, const struct domain *domain, struct err *err)
{
	static const struct out_column columns[] = {
		{ "setting", N_("Setting"), OUT_TEXT, 0 },
		{ "value", N_("Value"), OUT_TEXT, OUT_WRAP },
		{ "source", N_("Source"), OUT_TEXT, 0 },
	};
	bool is_short =
		out_get_format(app->out) == OUT_FORMAT_TABLE && !app->opt.is_verbose;
	int r = 0;
	out_nested_begin(app->out, "settings", N_("Settings"), columns,
	                 ARRAY_LEN(columns));
	for (size_t key = 0; r >= 0 && key < SETTING_COUNT; key++) {
		struct setting_value value = { 0 };
		if (!(setting_table[key].flags & SETTING_AT_DOMAIN))
			continue;
		r = setting_get(app->session.store, key, domain->id, &value, err);
		if (r < 0)
			break;
		if (!is_short || value.source != SETTING_FROM_DEFAULT) {
			out_text(app->out, setting_table[key].key);
			out_text(app->out, value.text);
			out_text(app->out, setting_source_name(value.source));
			out_row_end(app->out);
		}
		setting_value_done(&value);
	}
	out_nested_end(app->out);
	return r;
}

static int show_aliases(struct app *app, const struct domain *domain, struct err *err)
{
	auto_stmt aliases = NULL;
	struct domain alias;
	int r = session_query_domains(&app->session, domain->id, NULL, &aliases, err);
	while (r >= 0 && (r = domain_next(aliases, &alias, err)) > 0) {
		out_text(app->out, alias.name);
		out_bool(app->out, alias.is_suspended);
		out_row_end(app->out);
	}
	return r;
}

static int show_listings(struct app *app, const struct domain *domain, struct err *err)
{
	static const struct out_column key_columns[] = {
		{ "selector", N_("Selector"), OUT_TEXT, 0 },
		{ "algorithm", N_("Algorithm"), OUT_TEXT, 0 },
		{ "bits", N_("Bits"), OUT_INT, 0 },
		{ "state", N_("State"), OUT_TEXT, 0 },
		{ "since", N_("Since"), OUT_TIME, 0 },
		KEY_STEP_COLUMNS,
	};
	static const struct out_column alias_columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "suspended", N_("Suspended"), OUT_BOOL, 0 },
	};
	int r = show_settings(app, domain, err);
	out_nested_begin(app->out, "keys", N_("Keys"), key_columns,
	                 ARRAY_LEN(key_columns));
	if (r >= 0)
		r = show_keys(app, domain, err);
	out_nested_end(app->out);
	out_nested_begin(app->out, "aliases", N_("Aliases"), alias_columns,
	                 ARRAY_LEN(alias_columns));
	if (r >= 0)
		r = show_aliases(app, domain, err);
	out_nested_end(app->out);
	return r;
}

/* ---- state ----------------------------------------------------------------------------------- */

struct look {
	const char *dkim; /* "on", "off", "pending" */
	char *waits;
	enum publish_wait wait;
	bool is_signing;
	bool has_zone;
	enum export_place zone;
	int64_t zone_at; /* when its file was written */
	char *service;   /* dns.service */
	int64_t records; /* effective ones */
	int64_t own;     /* of these, the domain's own and edited ones */
	int64_t had;     /* left out because the zone has its own record */
};

static void look_done(struct look *look)
{
	free(look->waits);
	free(look->service);
}

static int note_signing(void *arg, const struct signing_row *row, struct err *err)
{
	(void)row;
	(void)err;
	*(bool *)arg = true;
	return 0;
}

/* A value that cannot be known here (the mail server's name, an unsafe folder) is left out. */
static int look_at_zone(struct app *app, const struct domain *domain, struct look *look,
                        struct err *err)
{
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	const struct env *env;
	if (session_env(&app->session, &env, err) < 0) {
		err_clear(err);
		return 0;
	}
	int r = records_new(app->session.store, env, &records, err);
	if (r >= 0)
		r = records_of_domain(records, domain, &list, err);
	if (r < 0)
		return r;
	look->records = (int64_t)list.count;
	look->had = (int64_t)list.had_count;
	for (size_t i = 0; i < list.count; i++)
		look->own += strcmp(list.row[i].source, "own") == 0 ||
		             strcmp(list.row[i].source, "edited") == 0;
	look->has_zone =
		export_state_of(&app->session.ctx, app->session.store, env, domain->name,
	                        &look->zone, &look->zone_at, err) >= 0;
	if (!look->has_zone)
		err_clear(err);
	/* a file that is kept after a change of dns.service is not a zone */
	if (strcmp(look->service, "hosted") != 0)
		look->zone_at = 0;
	return 0;
}

static int look_at(struct app *app, const struct domain *domain, struct look *look,
                   struct err *err)
{
	auto_free char *waits = NULL;
	int r = cmd_domain_dkim(app, domain, &look->dkim, &waits, err);
	if (r >= 0)
		r = publish_wait_of(app->session.store, domain, &look->wait, &look->waits,
		                    err);
	if (r >= 0)
		r = signing_of(app->session.store, domain->name, note_signing,
		               &look->is_signing, err);
	if (r >= 0)
		r = setting_text(app->session.store, SET_DNS_SERVICE, domain->id,
		                 &look->service, err);
	return r < 0 ? r : look_at_zone(app, domain, look, err);
}

/* A word for JSON. */
static const char *zone_word(const struct look *look)
{
	static const char *const words[] = {
		[EXPORT_IS_DONE] = "exported",
		[EXPORT_IS_DUE] = "due",
		[EXPORT_IS_NONE] = "none",
	};
	return look->has_zone ? words[look->zone] : NULL;
}

/* A sentence for the table. */
static const char *zone_sentence(const struct look *look)
{
	if (!look->has_zone)
		return NULL;
	if (strcmp(look->service, "external") == 0)
		return _("served elsewhere (dns.service external)");
	if (strcmp(look->service, "off") == 0)
		return _("none (dns.service off)");
	if (look->zone == EXPORT_IS_DUE)
		return _("waiting for \"mailauthctl zone export\"");
	return _("exported");
}

/* A command that is closed to customers is not suggested to them. */
static char *next_step(struct app *app, const struct domain *domain,
                       const struct look *look)
{
	bool is_customer = session_is_customer(&app->session);
	bool is_due = look->has_zone && look->zone == EXPORT_IS_DUE &&
	              strcmp(look->service, "hosted") == 0;
	if (domain->is_suspended)
		return is_customer
		               ? NULL
		               : xasprintf("mailauthctl domain resume %s", domain->name);
	if (look->wait == PUBLISH_WAITS_SERVER)
		return is_customer ? NULL
		                   : xstrdup("mailauthctl server set dkim.sign on");
	if (look->wait == PUBLISH_WAITS_DNS)
		return xasprintf("mailauthctl key check %s", domain->name);
	if (look->wait == PUBLISH_WAITS_EXPORT || is_due)
		return is_customer
		               ? NULL
		               : xasprintf("mailauthctl zone export %s", domain->name);
	if (strcmp(look->dkim, "off") == 0 && !domain->main_id &&
	    strcmp(look->service, "off") != 0)
		return xasprintf("mailauthctl domain enable-dkim %s", domain->name);
	return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const struct out_column columns_shown[] = {
	{ "domain", N_("Domain"), OUT_TEXT, 0 },
	{ "unicode", N_("Unicode"), OUT_TEXT, 0 },
	{ "alias_of", N_("Alias of"), OUT_TEXT, OUT_BRIEF },
	{ "suspended", N_("Suspended"), OUT_BOOL, OUT_BRIEF },
	{ "dkim", N_("DKIM"), OUT_TEXT, 0 },
	{ "signing", N_("Signing"), OUT_BOOL, 0 },
	{ "waits_for", N_("Waiting for"), OUT_TEXT, OUT_BRIEF },
	{ "zone", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	{ "zone_state", N_("Zone"), OUT_TEXT, OUT_BRIEF },
	{ "zone_written", N_("Zone written"), OUT_TIME, OUT_BRIEF },
	{ "records", N_("Records"), OUT_INT, OUT_BRIEF },
	{ "own_records", N_("Own records"), OUT_INT, OUT_BRIEF },
	{ "left_out", N_("Left out"), OUT_INT, OUT_BRIEF },
	{ "created", N_("Created"), OUT_TIME, 0 },
	{ "hint", N_("Next"), OUT_TEXT, OUT_BRIEF },
};

int cmd_domain_show(struct app *app, struct err *err)
{
	struct out_column columns[ARRAY_LEN(columns_shown)];
	auto_domain domain = DOMAIN_INIT;
	cleanup(look_done) struct look look = { 0 };
	const char *main_name;
	int r = session_domain(&app->session, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = session_main_name(&app->session, &domain, &main_name, err);
	if (r >= 0)
		r = look_at(app, &domain, &look, err);
	if (r < 0)
		return r;
	auto_free char *unicode = name_to_unicode(domain.name);
	auto_free char *hint = next_step(app, &domain, &look);
	memcpy(columns, columns_shown, sizeof(columns));
	if (strcmp(unicode, domain.name) == 0)
		columns[1].flags |= OUT_HIDE_TABLE;
	out_object_begin(app->out, columns, ARRAY_LEN(columns));
	out_text(app->out, domain.name);
	out_text(app->out, unicode);
	out_text(app->out, main_name);
	out_bool(app->out, domain.is_suspended);
	out_text(app->out, look.dkim);
	out_bool(app->out, look.is_signing);
	out_text(app->out, look.waits);
	out_text(app->out, zone_word(&look));
	out_text(app->out, zone_sentence(&look));
	out_time(app->out, look.zone_at);
	out_int(app->out, look.records);
	out_int(app->out, look.own);
	out_int(app->out, look.had);
	out_time(app->out, domain.created);
	out_text(app->out, hint);
	r = show_listings(app, &domain, err);
	out_end(app->out);
	return r;
}
