/* `record`: the effective records of one domain, and its own edits. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/model/record/record.h"
#include "core/model/record/record_place.h"
#include "core/model/record/record_policy.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "dnszone/name/name.h"

static const struct out_column columns[] = {
	{ "id", N_("Id"), OUT_TEXT, 0 },
	{ "owner", N_("Owner"), OUT_TEXT, 0 },
	{ "ttl", N_("TTL"), OUT_INT, 0 },
	{ "type", N_("Type"), OUT_TEXT, 0 },
	{ "data", N_("Data"), OUT_TEXT, OUT_WRAP },
	{ "source", N_("Source"), OUT_TEXT, 0 },
};

/* A record of the zone itself, because of which ours is left out. */
static void show_had(struct app *app, const struct record_row *row)
{
	auto_free char *owner = xasprintf("%s.", row->owner);
	out_text(app->out, row->id);
	out_text(app->out, owner);
	out_null(app->out);
	out_text(app->out, row->type);
	out_text(app->out, row->rdata);
	out_text(app->out, row->source);
	out_row_end(app->out);
}

static void say_had(struct app *app, const struct domain *domain,
                    const struct record_row *row)
{
	if (session_is_customer(&app->session))
		app_say(app, REPORT_NOTE,
		        _("%s is left out of the zone of %s, which has its own record "
		          "at that name"),
		        row->id, domain->name);
	else
		app_say(app, REPORT_NOTE,
		        _("%s is left out of the zone of %s, which has its own record "
		          "at that name; to publish ours, run \"mailauthctl record "
		          "reset %s %s\""),
		        row->id, domain->name, domain->name, row->id);
}

static int run_list(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	const struct env *env;
	int r = session_domain(&app->session, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = session_env(&app->session, &env, err);
	if (r >= 0)
		r = records_new(app->session.store, env, &records, err);
	if (r >= 0)
		r = records_of_domain(records, &domain, &list, err);
	if (r < 0)
		return r;
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < list.count; i++) {
		const struct record_row *row = &list.row[i];
		auto_free char *owner = xasprintf("%s.", row->owner);
		out_text(app->out, *row->id ? row->id : NULL);
		out_text(app->out, owner);
		out_int(app->out, row->ttl);
		out_text(app->out, row->type);
		out_text(app->out, row->rdata);
		out_text(app->out, row->source);
		out_row_end(app->out);
	}
	for (size_t i = 0; i < list.had_count; i++)
		show_had(app, &list.had[i]);
	out_end(app->out);
	for (size_t i = 0; i < list.had_count; i++)
		say_had(app, &domain, &list.had[i]);
	for (size_t i = 0; i < list.lacking_count; i++)
		app_say(app, REPORT_NOTE,
		        _("records with <%s> are left out because its value is not "
		          "known; run \"mailauthctl server set %s ...\""),
		        list.lacking[i],
		        strcmp(list.lacking[i], "hostname") == 0 ? "mta.hostname"
		        : strcmp(list.lacking[i], "ip") == 0     ? "dns.ipv4"
		                                                 : "dns.ipv6");
	return 0;
}

/* A record below a subdomain that is a domain of the database, with the commands that move it
 * there. */
static void tell_other(struct app *app, const struct domain *domain, const char *id,
                       const char *owner, const char *type, const char *data,
                       const char *other)
{
	/* "www.sub.<domain>." is www in the zone sub.example.com */
	size_t tail = strlen(other) - strlen(domain->name) + strlen("<domain>.");
	size_t host = strlen(owner) - tail;
	auto_free char *name = host ? xmemdup(owner, host - 1) : xstrdup("@");
	app_say(app, REPORT_WARNING,
	        _("%s is a domain of its own here, and name servers read this record "
	          "from its zone; to move it there, run \"mailauthctl record add %s "
	          "'%s' %s '%s'\" and \"mailauthctl record remove %s %s\""),
	        other, other, name, type, strchr(data, '\'') ? "..." : data, domain->name,
	        id);
}

/* Warns of parts of a saved record that were probably not intended. */
static int tell_about(struct app *app, const struct domain *domain, const char *id,
                      const char *owner, const char *type, const char *data,
                      struct err *err)
{
	auto_free char *other = NULL;
	app_lint_typed(app, owner, type, data, domain);
	int r = record_other_domain(app->session.store, domain, owner, type, &other, err);
	if (r >= 0 && other)
		tell_other(app, domain, id, owner, type, data, other);
	if (r >= 0 && strcmp(owner, "_dmarc.<domain>.") == 0)
		r = app_warn_unsigned(app, domain, err);
	return r;
}

static int check_add(struct app *app, struct err *err)
{
	char name[NAME_SIZE];
	int r = name_parse_domain(args_word(app->args, 0), name, err);
	return r < 0 ? r
	             : app_ask_doubt(app, args_word(app->args, 2),
	                             args_word(app->args, 3), name, &app->typed_data,
	                             err);
}

static int run_add(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *owner = NULL;
	const char *typed = app->typed_data ? app->typed_data : args_word(app->args, 3);
	const char *type = args_word(app->args, 2);
	auto_free char *data = app_typed_data(app, type, typed);
	int64_t ttl, number;
	int r = app_ttl(app, &ttl, err);
	if (r >= 0)
		r = domain_find(app->session.store, args_word(app->args, 0), &domain,
		                err);
	if (r >= 0)
		r = record_add(app->session.store, &domain, args_word(app->args, 1), type,
		               data, ttl, &number, err);
	if (r >= 0)
		app_say(app, REPORT_NOTE, _("added as %" PRId64), number);
	if (r >= 0)
		r = record_text_owner(args_word(app->args, 1), domain.name, &owner, err);
	if (r < 0)
		return r;
	auto_free char *id = xasprintf("%" PRId64, number);
	return tell_about(app, &domain, id, owner, type, data, err);
}

/* The data of an existing record, with its `type` and `owner`. */
static int set_data(struct app *app, const struct domain *domain, const char *owner,
                    const char *type, int64_t ttl, struct err *err)
{
	const char *id = args_word(app->args, 1);
	auto_free char *data = app_typed_data(app, type, args_word(app->args, 2));
	int r = app_refuse_doubt(type, data, domain->name, err);
	if (r >= 0)
		r = record_set(app->session.store, domain, id, data, ttl, err);
	return r < 0 ? r : tell_about(app, domain, id, owner, type, data, err);
}

static int run_set(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *owner = NULL;
	auto_free char *type = NULL;
	const char *id = args_word(app->args, 1), *data = args_word(app->args, 2);
	int64_t ttl;
	int r = app_ttl(app, &ttl, err);
	if (r >= 0 && !data && ttl < 0)
		r = err_set(err, ERR_USAGE,
		            _("nothing to change: give new data, --ttl, or both"));
	if (r >= 0)
		r = domain_find(app->session.store, args_word(app->args, 0), &domain,
		                err);
	if (r >= 0)
		r = record_place(app->session.store, &domain, id, &owner, &type, err);
	if (r >= 0 && data && type)
		return set_data(app, &domain, owner, type, ttl, err);
	return r < 0 ? r : record_set(app->session.store, &domain, id, data, ttl, err);
}

static int run_remove(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int r = domain_find(app->session.store, args_word(app->args, 0), &domain, err);
	for (size_t i = 1; r >= 0 && i < args_count(app->args); i++)
		r = record_remove(app->session.store, &domain, args_word(app->args, i),
		                  err);
	return r;
}

static int run_reset(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	const char *id = args_word(app->args, 1);
	bool is_all = args_has(app->args, "--all");
	if (is_all == (id != NULL))
		return err_set(
			err, ERR_USAGE,
			_("name the record to reset, or use --all for all changes of "
		          "this domain"));
	int r = domain_find(app->session.store, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = record_reset(app->session.store, &domain, id, err);
	return r;
}

int cmd_set_policy(struct app *app, enum policy_kind kind, const char *whole,
                   int (*edit)(struct app *app, const struct domain *domain,
                               char **ret_text, struct err *err),
                   struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *text = whole ? app_typed_data(app, "TXT", whole) : NULL;
	bool is_dmarc = kind == POLICY_DMARC;
	int64_t ttl;
	int r = app_ttl(app, &ttl, err);
	if (r >= 0)
		r = session_domain(&app->session, args_word(app->args, 0), &domain, err);
	if (r >= 0 && args_has(app->args, "--reset")) {
		r = record_policy_reset(app->session.store, &domain, kind, err);
		return r < 0 || !is_dmarc ? r : app_warn_unsigned(app, &domain, err);
	}
	if (r >= 0 && !text) {
		r = edit(app, &domain, &text, err);
		if (r >= 0)
			app_say(app, REPORT_NOTE, "%s: %s", domain.name, text);
	}
	if (r >= 0)
		r = record_policy_set(app->session.store, &domain, kind, text, ttl, err);
	if (r >= 0)
		app_lint_typed(app, is_dmarc ? "_dmarc.<domain>." : "<domain>.", "TXT",
		               text, &domain);
	return r < 0 || !is_dmarc ? r : app_warn_unsigned(app, &domain, err);
}

static const struct option_row ttl_options[] = {
	OPTION_TTL,
	{ 0 },
};

static const struct option_row reset_options[] = {
	{ "--all", NULL, N_("all changed, removed and added records"), 0, 0 },
	{ 0 },
};

const struct command commands_record[] = {
	{ .words = "record list",
	  .args = "<domain>",
	  .help = N_("show the effective records of a domain and their origin"),
	  .example = "mailauthctl record list example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_READ,
	  .run = run_list },
	{ .words = "record add",
	  .args = "<domain> <owner> <type> <data>",
	  .options = ttl_options,
	  .help = N_("add a record to a domain"),
	  .example = "mailauthctl record add example.com www A 192.0.2.80",
	  .needs = NEED_CHANGE,
	  .check = check_add,
	  .run = run_add },
	{ .words = "record set",
	  .args = "<domain> <id> [<data>]",
	  .options = ttl_options,
	  .help = N_("change a record for this domain, also one of the template"),
	  .example = "mailauthctl record set example.com t1 'v=spf1 mx -all'",
	  .needs = NEED_CHANGE,
	  .run = run_set },
	{ .words = "record remove",
	  .args = "<domain> <id>...",
	  .help = N_("remove records from this domain, also those of the template"),
	  .example = "mailauthctl record remove example.com t2",
	  .needs = NEED_CHANGE,
	  .run = run_remove },
	{ .words = "record reset",
	  .args = "<domain> [<id>]",
	  .options = reset_options,
	  .help = N_("undo this domain's change of a template record"),
	  .example = "mailauthctl record reset example.com t1",
	  .needs = NEED_CHANGE,
	  .run = run_reset },
	{ 0 },
};
