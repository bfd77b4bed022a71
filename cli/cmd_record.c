/* `record`: the effective records of one domain, and its own edits. */
#include <inttypes.h>
#include <string.h>

#include "cli/app.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "core/base/alloc.h"
#include "core/model/record.h"
#include "core/model/record_policy.h"
#include "core/model/records.h"

static const struct out_column columns[] = {
	{ "id", N_("Id"), OUT_TEXT, 0 },
	{ "owner", N_("Owner"), OUT_TEXT, 0 },
	{ "ttl", N_("TTL"), OUT_INT, 0 },
	{ "type", N_("Type"), OUT_TEXT, 0 },
	{ "data", N_("Data"), OUT_TEXT, OUT_WRAP },
	{ "source", N_("Source"), OUT_TEXT, 0 },
};

static int run_list(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	const struct env *env;
	int r = app_domain(app, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = app_env(app, &env, err);
	if (r >= 0)
		r = records_new(app->store, env, &records, err);
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
	out_end(app->out);
	for (size_t i = 0; i < list.lacking_count; i++)
		app_say(app, REPORT_NOTE,
		        _("records with <%s> are left out: it is not known; \"mailauthctl server set "
		          "%s ...\""),
		        list.lacking[i],
		        strcmp(list.lacking[i], "hostname") == 0 ? "mta.hostname"
		        : strcmp(list.lacking[i], "ip") == 0     ? "dns.ipv4"
		                                                 : "dns.ipv6");
	return 0;
}

static int run_add(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int64_t ttl, id;
	int r = app_ttl(app, &ttl, err);
	if (r >= 0)
		r = domain_find(app->store, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = record_add(app->store, &domain, args_word(app->args, 1),
		               args_word(app->args, 2), args_word(app->args, 3), ttl, &id,
		               err);
	if (r >= 0) {
		app_say(app, REPORT_NOTE, _("added as %" PRId64), id);
		app_lint_typed(app, args_word(app->args, 3));
	}
	return r;
}

static int run_set(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	const char *data = args_word(app->args, 2);
	int64_t ttl;
	int r = app_ttl(app, &ttl, err);
	if (r >= 0 && !data && ttl < 0)
		r = err_set(err, ERR_USAGE,
		            _("nothing to set: give new data, --ttl, or both"));
	if (r >= 0)
		r = domain_find(app->store, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = record_set(app->store, &domain, args_word(app->args, 1), data, ttl,
		               err);
	if (r >= 0)
		app_lint_typed(app, data);
	return r;
}

static int run_remove(struct app *app, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int r = domain_find(app->store, args_word(app->args, 0), &domain, err);
	for (size_t i = 1; r >= 0 && i < args_count(app->args); i++)
		r = record_remove(app->store, &domain, args_word(app->args, i), err);
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
			_("name the record to reset, or --all for everything that is this "
		          "domain's own"));
	int r = domain_find(app->store, args_word(app->args, 0), &domain, err);
	if (r >= 0)
		r = record_reset(app->store, &domain, id, err);
	return r;
}

int cmd_set_policy(struct app *app, enum policy_kind kind, const char *whole,
                   int (*edit)(struct app *app, const struct domain *domain,
                               char **ret_text, struct err *err),
                   struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *text = whole ? xstrdup(whole) : NULL;
	int64_t ttl;
	int r = app_ttl(app, &ttl, err);
	if (r >= 0)
		r = app_domain(app, args_word(app->args, 0), &domain, err);
	if (r >= 0 && args_has(app->args, "--reset"))
		return record_policy_reset(app->store, &domain, kind, err);
	if (r >= 0 && !text) {
		r = edit(app, &domain, &text, err);
		if (r >= 0)
			app_say(app, REPORT_NOTE, "%s: %s", domain.name, text);
	}
	if (r >= 0)
		r = record_policy_set(app->store, &domain, kind, text, ttl, err);
	if (r >= 0)
		app_lint_typed(app, text);
	return r;
}

static const struct option_row ttl_options[] = {
	OPTION_TTL,
	{ 0 },
};

static const struct option_row reset_options[] = {
	{ "--all", NULL, N_("all edits, removals and additions"), 0, 0 },
	{ 0 },
};

const struct command commands_record[] = {
	{ .words = "record list",
	  .args = "<domain>",
	  .help = N_("show a domain's effective records and where each comes from"),
	  .example = "mailauthctl record list example.com",
	  .needs = NEED_OWN_ACCESS | NEED_STORE_READ,
	  .run = run_list },
	{ .words = "record add",
	  .args = "<domain> <owner> <type> <data>",
	  .options = ttl_options,
	  .help = N_("add a record of the domain's own"),
	  .example = "mailauthctl record add example.com www A 192.0.2.80",
	  .needs = NEED_CHANGE,
	  .run = run_add },
	{ .words = "record set",
	  .args = "<domain> <id> [<data>]",
	  .options = ttl_options,
	  .help = N_("change a record, of the template too, for this domain"),
	  .example = "mailauthctl record set example.com t1 'v=spf1 mx -all'",
	  .needs = NEED_CHANGE,
	  .run = run_set },
	{ .words = "record remove",
	  .args = "<domain> <id>...",
	  .help = N_("remove records, of the template too, from this domain"),
	  .example = "mailauthctl record remove example.com t2",
	  .needs = NEED_CHANGE,
	  .run = run_remove },
	{ .words = "record reset",
	  .args = "<domain> [<id>]",
	  .options = reset_options,
	  .help = N_("take this domain's edit of a template record back"),
	  .example = "mailauthctl record reset example.com t1",
	  .needs = NEED_CHANGE,
	  .run = run_reset },
	{ 0 },
};
