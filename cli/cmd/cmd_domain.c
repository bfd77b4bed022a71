/* `domain`: the domains, their settings, suspension and names.  (DKIM: cmd_dkim.c.) */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/job/domain_set.h"
#include "core/job/enable_dkim.h"
#include "core/job/export_activate.h"
#include "core/model/domain/access.h"
#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"
#include "core/model/key/signing.h"
#include "core/model/life/domain_life.h"
#include "core/model/record/records.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/setting_label.h"
#include "dnszone/name/name.h"

/* ---- looking --------------------------------------------------------------------------------- */

static int note_signing(void *arg, const struct signing_row *row, struct err *err)
{
	(void)row;
	(void)err;
	*(bool *)arg = true;
	return 0;
}

int cmd_domain_dkim(struct app *app, const struct domain *domain, const char **ret_word,
                    char **ret_waits, struct err *err)
{
	bool signs, is_signing = false;
	enum publish_wait wait;
	int r = setting_bool(app->session.store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0)
		r = publish_wait_of(app->session.store, domain, &wait, ret_waits, err);
	/* during a rotation it signs with the present key */
	if (r >= 0 && *ret_waits)
		r = signing_of(app->session.store, domain->name, note_signing,
		               &is_signing, err);
	if (r >= 0)
		*ret_word = !signs || wait == PUBLISH_WAITS_SERVER ? "off"
		            : *ret_waits && !is_signing            ? "pending"
		                                                   : "on";
	return r < 0 ? r : 0;
}

static int list_one(struct app *app, const struct domain *domain, struct err *err)
{
	auto_free char *waits = NULL;
	const char *word, *main_name;
	int r = cmd_domain_dkim(app, domain, &word, &waits, err);
	if (r >= 0)
		r = session_main_name(&app->session, domain, &main_name, err);
	if (r < 0)
		return r;
	out_text(app->out, domain->name);
	out_text(app->out, main_name);
	out_text(app->out, word);
	out_bool(app->out, domain->is_suspended);
	out_row_end(app->out);
	return 0;
}

static int run_list(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "alias_of", N_("Alias of"), OUT_TEXT, 0 },
		{ "dkim", N_("DKIM"), OUT_TEXT, 0 },
		{ "suspended", N_("Suspended"), OUT_BOOL, 0 },
	};
	auto_domain main = DOMAIN_INIT;
	auto_stmt domains = NULL;
	struct domain domain;
	const char *of = args_get(app->args, "--alias-of");
	int r = of ? session_domain(&app->session, of, &main, err) : 0;
	if (r < 0)
		return r;
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	r = session_query_domains(&app->session, main.id, args_word(app->args, 0),
	                          &domains, err);
	while (r >= 0 && (r = domain_next(domains, &domain, err)) > 0)
		r = list_one(app, &domain, err);
	out_end(app->out);
	return r;
}

static int run_get(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "setting", N_("Setting"), OUT_TEXT, 0 },
		{ "value", N_("Value"), OUT_TEXT, 0 },
		{ "source", N_("Source"), OUT_TEXT, 0 },
	};
	auto_domain domain = DOMAIN_INIT;
	enum setting_key key;
	struct setting_value value;
	int r = setting_find(args_word(app->args, 1), &key, err);
	if (r >= 0)
		r = session_domain(&app->session, args_word(app->args, 0), &domain, err);
	if (r >= 0 && !(setting_table[key].flags & SETTING_AT_DOMAIN))
		r = err_set(
			err, ERR_FAILED,
			_("%s is a setting of the server; run \"mailauthctl server get "
		          "%s\""),
			setting_table[key].key, setting_table[key].key);
	if (r >= 0)
		r = setting_get(app->session.store, key, domain.id, &value, err);
	if (r < 0)
		return r;
	if (out_get_format(app->out) == OUT_FORMAT_JSON) {
		out_object_begin(app->out, columns, ARRAY_LEN(columns));
		out_text(app->out, domain.name);
		out_text(app->out, setting_table[key].key);
		out_text(app->out, value.text);
		out_text(app->out, setting_source_name(value.source));
		out_end(app->out);
	} else {
		out_line(app->out, value.text);
	}
	setting_value_done(&value);
	return 0;
}

/* ---- settings of a domain -------------------------------------------------------------------- */

/* dkim.sign of a domain is set by enable-dkim and disable-dkim, because keys change with it. */
static int switch_dkim(struct app *app, bool is_on, struct err *err)
{
	auto_names names = { 0 };
	names_add(&names, args_word(app->args, 0));
	return is_on ? cmd_enable_dkim_names(app, &names, err)
	             : disable_dkim_run(&app->session, &names, false, err);
}

/* A pair is a setting and its value, or the label of the value, or (`step` 1) a setting that is
 * unset. */
static int read_pair(struct app *app, size_t at, size_t step, struct setting_pair *pair,
                     struct err *err)
{
	int r = setting_find(args_word(app->args, at), &pair->key, err);
	if (r >= 0 && session_is_customer(&app->session) && !access_may_set(pair->key))
		r = err_set(err, ERR_FAILED,
		            _("%s can be changed by administrators only"),
		            setting_table[pair->key].key);
	if (step == 2)
		pair->text = args_word(app->args, at + 1);
	const char *value =
		r >= 0 && step == 2 ? setting_label_value(pair->key, pair->text) : NULL;
	if (value)
		pair->text = value;
	return r;
}

static int set_or_unset(struct app *app, size_t step, struct err *err)
{
	size_t count = (args_count(app->args) - 1) / step;
	auto_free struct setting_pair *pair = xcalloc(count, sizeof(*pair));
	auto_free char *sign = NULL;
	bool has_sign = false;
	for (size_t i = 0; i < count; i++) {
		int r = read_pair(app, 1 + i * step, step, &pair[i], err);
		if (r >= 0 && pair[i].key == SET_DKIM_SIGN && step == 2) {
			free(sign);
			sign = NULL;
			r = setting_parse(&setting_table[SET_DKIM_SIGN], pair[i].text,
			                  &sign, err);
		}
		if (r < 0)
			return r;
		has_sign |= pair[i].key == SET_DKIM_SIGN;
	}
	if (has_sign && count > 1)
		return err_set(
			err, ERR_USAGE,
			_("dkim.sign must be changed alone: it also changes keys and "
		          "records"));
	return has_sign ? switch_dkim(app, text_same(sign, "on"), err)
	                : domain_set_run(&app->session, args_word(app->args, 0), pair,
	                                 count, err);
}

static int run_set(struct app *app, struct err *err)
{
	return set_or_unset(app, 2, err);
}

static int run_unset(struct app *app, struct err *err)
{
	return set_or_unset(app, 1, err);
}

/* ---- the domains themselves ------------------------------------------------------------------ */

static int run_add(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	auto_domain main = DOMAIN_INIT;
	const char *of = args_get(app->args, "--alias-of");
	int r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	if (of)
		r = domain_find(app->session.store, of, &main, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		auto_domain added = DOMAIN_INIT;
		r = domain_add(app->session.store, &app->session.ctx, names.name[i],
		               of ? &main : NULL, &added, err);
		if (r >= 0 && of)
			r = records_check_domain(app->session.store, &added, err);
		if (r >= 0)
			r = export_activate_if_awaited(&app->session, &added, err);
	}
	return r;
}

static int run_remove(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	bool is_now = args_has(app->args, "--now");
	int r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		auto_domain domain = DOMAIN_INIT;
		r = domain_find(app->session.store, names.name[i], &domain, err);
		if (r >= 0)
			r = domain_life_remove(app->session.store, &app->session.ctx,
			                       &domain, is_now, err);
		if (r >= 0 && is_now)
			session_export_later(&app->session, domain.name);
	}
	return r;
}

static int run_rename(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_domain renamed = DOMAIN_INIT;
	int r = domain_find(app->session.store, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = domain_life_rename(app->session.store, &app->session.ctx, &domain,
		                       args_word(app->args, 1), err);
	if (r >= 0)
		r = domain_find(app->session.store, args_word(app->args, 1), &renamed,
		                err);
	if (r >= 0)
		r = records_check_domain(app->session.store, &renamed, err);
	if (r >= 0)
		r = export_activate_if_awaited(&app->session, &renamed, err);
	return r;
}

static int set_suspended(struct app *app, bool is_suspended, struct err *err)
{
	auto_names names = { 0 };
	bool is_now = args_has(app->args, "--now");
	int r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		auto_domain domain = DOMAIN_INIT;
		r = domain_find(app->session.store, names.name[i], &domain, err);
		if (r >= 0)
			r = domain_life_set_suspended(app->session.store,
			                              &app->session.ctx, &domain,
			                              is_suspended, is_now, err);
		if (r >= 0 && is_suspended && is_now)
			r = session_export_family_later(&app->session, &domain, err);
		else if (r >= 0 && !is_suspended)
			r = export_activate_if_awaited(&app->session, &domain, err);
	}
	return r;
}

static int run_suspend(struct app *app, struct err *err)
{
	return set_suspended(app, true, err);
}

static int run_resume(struct app *app, struct err *err)
{
	return set_suspended(app, false, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct option_row add_options[] = {
	{ "--alias-of", "<domain>", N_("add the domains as aliases of this domain"), 0,
	  0 },
	OPTION_DOMAINS_FROM,
	{ 0 },
};
static const struct option_row from_options[] = { OPTION_DOMAINS_FROM, { 0 } };
static const struct option_row now_options[] = { OPTION_NOW, OPTION_DOMAINS_FROM, { 0 } };
static const struct option_row list_options[] = {
	{ "--alias-of", "<domain>", N_("only the aliases of this domain"), 0, 0,
	  OPTION_FOR_ALL },
	{ 0 },
};
static const struct option_row enable_options[] = {
	OPTION_ALL,
	OPTION_DOMAINS_FROM,
	{ "--selector", "<selector>", N_("sign with the key of this selector"), 0, 0 },
	OPTION_SIGN_NOW,
	{ 0 },
};
static const struct option_row disable_options[] = {
	OPTION_ALL, OPTION_NOW, OPTION_DOMAINS_FROM, { 0 }
};

const struct command commands_domain[] = {
	{ .words = "domain add",
	  .args = "<new-domain>...|--domains-from=<file>",
	  .options = add_options,
	  .help = N_("add domains: all of them or none"),
	  .example = "mailauthctl domain add example.com",
	  .needs = NEED_CHANGE | NEED_PUSH | NEED_EXPORT,
	  .run = run_add },
	{ .words = "domain remove",
	  .args = "<domain>...|--domains-from=<file>",
	  .options = now_options,
	  .help = N_("remove domains and their keys; DKIM records are kept for a "
	             "while"),
	  .example = "mailauthctl domain remove example.com",
	  .needs = NEED_CHANGE | NEED_PUSH | NEED_EXPORT,
	  .run = run_remove },
	{ .words = "domain rename",
	  .args = "<domain> <new-domain>",
	  .help = N_("rename a domain; its keys, records and settings are kept"),
	  .example = "mailauthctl domain rename example.com example.net",
	  .needs = NEED_CHANGE | NEED_PUSH | NEED_EXPORT,
	  .run = run_rename },
	{ .words = "domain list",
	  .args = "[<prefix>]",
	  .options = list_options,
	  .help = N_("list domains, domains with a prefix, or aliases"),
	  .example = "mailauthctl domain list --json",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_READ,
	  .run = run_list },
	{ .words = "domain show",
	  .args = "<domain>",
	  .help = N_("show a domain: state, settings, keys, aliases"),
	  .example = "mailauthctl domain show example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_READ,
	  .run = cmd_domain_show },
	{ .words = "domain suspend",
	  .args = "<domain>...|--domains-from=<file>",
	  .options = now_options,
	  .help = N_("stop signing for domains; DKIM records are kept for a while"),
	  .example = "mailauthctl domain suspend example.com",
	  .needs = NEED_CHANGE | NEED_PUSH | NEED_EXPORT,
	  .run = run_suspend },
	{ .words = "domain resume",
	  .args = "<domain>...|--domains-from=<file>",
	  .options = from_options,
	  .help = N_("resume a suspended domain"),
	  .example = "mailauthctl domain resume example.com",
	  .needs = NEED_CHANGE | NEED_PUSH | NEED_EXPORT,
	  .run = run_resume },
	{ .words = "domain get",
	  .args = "<domain> <setting>",
	  .help = N_("print the value of a setting for a domain"),
	  .example = "mailauthctl domain get example.com dkim.selector",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_READ,
	  .run = run_get },
	{ .words = "domain set",
	  .args = "<domain> <setting> <value> [<setting> <value>]...",
	  .help = N_("change settings of a domain: all of them or none"),
	  .example = "mailauthctl domain set example.com dns.service external",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_WRITE | NEED_EXPORT,
	  .run = run_set },
	{ .words = "domain unset",
	  .args = "<domain> <setting>...",
	  .help = N_("reset settings of a domain to the inherited values"),
	  .example = "mailauthctl domain unset example.com dns.ttl",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_WRITE | NEED_EXPORT,
	  .run = run_unset },
	{ .words = "domain enable-dkim",
	  .args = "<domain>...|--all|--domains-from=<file>",
	  .options = enable_options,
	  .help = N_("create keys, publish their records, sign outgoing mail"),
	  .example = "mailauthctl domain enable-dkim example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_WRITE | NEED_EXPORT,
	  .run = cmd_enable_dkim },
	{ .words = "domain disable-dkim",
	  .args = "<domain>...|--all|--domains-from=<file>",
	  .options = disable_options,
	  .help = N_("stop signing; DKIM records are kept for a while"),
	  .example = "mailauthctl domain disable-dkim example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_WRITE | NEED_EXPORT,
	  .run = cmd_disable_dkim },
	{ 0 },
};
