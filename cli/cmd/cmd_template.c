/* `template`: the records that every domain gets. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/record/record_text.h"
#include "core/model/record/template.h"
#include "core/model/record/template_edit.h"

static const struct out_column columns[] = {
	{ "id", N_("Id"), OUT_TEXT, 0 },
	{ "owner", N_("Owner"), OUT_TEXT, 0 },
	{ "ttl", N_("TTL"), OUT_TEXT, OUT_RIGHT },
	{ "type", N_("Type"), OUT_TEXT, 0 },
	{ "data", N_("Data"), OUT_TEXT, OUT_WRAP },
};

static void emit(struct out *out, const struct stored_record *row)
{
	auto_free char *id = stored_id(row);
	auto_free char *ttl =
		row->ttl < 0 ? xstrdup("<ttl>") : xasprintf("%" PRId64, row->ttl);
	out_text(out, id);
	out_text(out, row->owner);
	out_text(out, ttl);
	out_text(out, row->type);
	out_text(out, row->rdata);
	out_row_end(out);
}

static int run_list(struct app *app, struct err *err)
{
	auto_stored_records rows = { 0 };
	int64_t behind = 0;
	int r = template_load(app->session.store, 0, &rows, err);
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < rows.count; i++)
		emit(app->out, &rows.row[i]);
	out_end(app->out);
	if (r >= 0 && app->session.store)
		r = template_behind(app->session.store, &behind, err);
	if (r >= 0 && behind)
		app_say(app, REPORT_NOTE,
		        ngettext("%" PRId64 " domain uses an older template; to update "
		                 "it, run \"mailauthctl template apply --all\"",
		                 "%" PRId64 " domains use an older template; to update "
		                 "them, run \"mailauthctl template apply --all\"",
		                 (unsigned long)behind),
		        behind);
	return r;
}

/* "t3" or "3". */
static int parse_uid(const char *text, int64_t *ret_uid, struct err *err)
{
	if (!text_to_int(text + (*text == 't'), 1, INT64_MAX, ret_uid))
		return err_set(err, ERR_USAGE,
		               _("\"%s\" is not the id of a template record; run "
		                 "\"mailauthctl template list\" to list the ids"),
		               text);
	return 0;
}

static int tell_behind(struct app *app, struct err *err)
{
	int64_t behind = 0;
	int r = template_behind(app->session.store, &behind, err);
	if (r >= 0 && behind)
		app_say(app, REPORT_NOTE,
		        ngettext("new domains use it; to update the %" PRId64 " "
		                 "existing domain, run \"mailauthctl template apply "
		                 "--all\"",
		                 "new domains use it; to update the %" PRId64 " "
		                 "existing domains, run \"mailauthctl template apply "
		                 "--all\"",
		                 (unsigned long)behind),
		        behind);
	return r;
}

static int check_add(struct app *app, struct err *err)
{
	return app_ask_doubt(app, args_word(app->args, 1), args_word(app->args, 2), NULL,
	                     &app->typed_data, err);
}

static int run_add(struct app *app, struct err *err)
{
	auto_free char *owner = NULL;
	const char *type = args_word(app->args, 1);
	auto_free char *data = app_typed_data(app, type, args_word(app->args, 2));
	int64_t ttl, uid;
	int r = app_ttl(app, &ttl, err);
	if (r >= 0)
		r = template_add(app->session.store, args_word(app->args, 0), type, data,
		                 ttl, &uid, err);
	if (r >= 0)
		app_say(app, REPORT_NOTE, _("added as t%" PRId64), uid);
	if (r >= 0)
		r = record_text_owner(args_word(app->args, 0), NULL, &owner, err);
	if (r < 0)
		return r;
	app_lint_typed(app, owner, type, data, NULL);
	return tell_behind(app, err);
}

/* The data of an existing record. */
static int set_data(struct app *app, const struct stored_record *row, int64_t ttl,
                    struct err *err)
{
	auto_free char *data = app_typed_data(app, row->type, args_word(app->args, 1));
	int r = app_refuse_doubt(row->type, data, NULL, err);
	if (r >= 0)
		r = template_set(app->session.store, row->template_uid, data, ttl, err);
	if (r >= 0)
		app_lint_typed(app, row->owner, row->type, data, NULL);
	return r;
}

static int run_set(struct app *app, struct err *err)
{
	auto_stored_records rows = { 0 };
	int64_t ttl, uid = 0;
	const char *data = args_word(app->args, 1);
	int r = app_ttl(app, &ttl, err);
	if (r >= 0 && !data && ttl < 0)
		r = err_set(err, ERR_USAGE,
		            _("nothing to change: give new data, --ttl, or both"));
	if (r >= 0)
		r = parse_uid(args_word(app->args, 0), &uid, err);
	if (r >= 0)
		r = template_load(app->session.store, 0, &rows, err);
	const struct stored_record *row = stored_records_find(&rows, uid);
	if (r >= 0)
		r = data && row ? set_data(app, row, ttl, err)
		                : template_set(app->session.store, uid, data, ttl, err);
	return r < 0 ? r : tell_behind(app, err);
}

/* The SPF and the DMARC record are meant to be in every zone: a mail server without them is easy to
 * impersonate.  The question comes before any lock; a record that is not there is refused later. */
static int check_remove(struct app *app, struct err *err)
{
	auto_stored_records rows = { 0 };
	bool is_yes = args_has(app->args, "--yes") || app->session.is_dry_run;
	int r = is_yes ? 0 : session_open_to_read(&app->session, err);
	if (r >= 0 && !is_yes)
		r = template_load(app->session.store, 0, &rows, err);
	for (size_t i = 0; r >= 0 && !is_yes && i < args_count(app->args); i++) {
		int64_t uid;
		bool is_meant = true;
		r = parse_uid(args_word(app->args, i), &uid, err);
		const struct stored_record *row =
			r < 0 ? NULL : stored_records_find(&rows, uid);
		if (!row || row->kind == POLICY_OTHER)
			continue;
		auto_free char *question =
			xasprintf(_("t%" PRId64 " is the %s record of every domain that "
		                    "uses the template; remove it? (\"mailauthctl "
		                    "template reset\" restores it)"),
		                  uid, row->kind == POLICY_SPF ? "SPF" : "DMARC");
		r = app_confirm(app, question, "--yes", &is_meant, err);
		if (r >= 0 && !is_meant)
			r = err_set(err, ERR_FAILED,
			            _("not confirmed: nothing was changed"));
	}
	return r;
}

static int run_remove(struct app *app, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < args_count(app->args); i++) {
		int64_t uid;
		r = parse_uid(args_word(app->args, i), &uid, err);
		if (r >= 0)
			r = template_remove(app->session.store, uid, err);
	}
	return r < 0 ? r : tell_behind(app, err);
}

static int run_reset(struct app *app, struct err *err)
{
	int r = template_reset(app->session.store, err);
	return r < 0 ? r : tell_behind(app, err);
}

static int run_apply(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	int r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	if (args_has(app->args, "--all"))
		r = template_apply(app->session.store, 0, err);
	for (size_t i = 0; r >= 0 && !args_has(app->args, "--all") && i < names.count;
	     i++) {
		auto_domain domain = DOMAIN_INIT;
		r = domain_find(app->session.store, names.name[i], &domain, err);
		if (r >= 0)
			r = template_apply(app->session.store, domain.id, err);
	}
	return r;
}

static const struct option_row ttl_options[] = {
	OPTION_TTL,
	{ 0 },
};

static const struct option_row remove_options[] = {
	OPTION_YES,
	{ 0 },
};

static const struct option_row apply_options[] = {
	OPTION_ALL,
	OPTION_DOMAINS_FROM,
	{ 0 },
};

const struct command commands_template[] = {
	{ .words = "template list",
	  .help = N_("show the template's records"),
	  .example = "mailauthctl template list",
	  .needs = NEED_STORE_READ,
	  .run = run_list },
	{ .words = "template add",
	  .args = "<owner> <type> <data>",
	  .options = ttl_options,
	  .help = N_("add a record; <domain> <hostname> <ip> <ipv6> are replaced"),
	  .example = "mailauthctl template add '<domain>.' MX '10 mail.<domain>.'",
	  .needs = NEED_CHANGE,
	  .check = check_add,
	  .run = run_add },
	{ .words = "template set",
	  .args = "<id> [<data>]",
	  .options = ttl_options,
	  .help = N_("change the data or the TTL of a record"),
	  .example = "mailauthctl template set t2 'v=DMARC1; p=quarantine'",
	  .needs = NEED_CHANGE,
	  .run = run_set },
	{ .words = "template remove",
	  .args = "<id>...",
	  .options = remove_options,
	  .help = N_("remove records; asks before the SPF or DMARC record"),
	  .example = "mailauthctl template remove t3",
	  .needs = NEED_CHANGE,
	  .check = check_remove,
	  .run = run_remove },
	{ .words = "template reset",
	  .help = N_("return to the built-in records"),
	  .example = "mailauthctl template reset",
	  .needs = NEED_CHANGE,
	  .run = run_reset },
	{ .words = "template apply",
	  .args = "<domain>...|--all|--domains-from=<file>",
	  .options = apply_options,
	  .help = N_("update domains to the current template; their own changes are "
	             "kept"),
	  .example = "mailauthctl template apply --all",
	  .needs = NEED_CHANGE,
	  .run = run_apply },
	{ 0 },
};
