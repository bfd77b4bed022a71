/*
 * `key import`: one private key, or the keys of another program's folder and tables.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/job/key_import.h"
#include "dnszone/name/name.h"

enum {
	PRIVATE_LIMIT = 65536,
	SINGLE_REPORTS =
		20, /* up to this number of domains, each gets its own sentence */
};

static int import_one(struct app *app, const char *file, struct err *err)
{
	auto_buf text = BUF_INIT;
	struct key_import_one one = { .domain = args_word(app->args, 0),
		                      .selector = args_word(app->args, 1),
		                      .text = &text,
		                      .is_sign_now = args_has(app->args, "--sign-now") };
	int r = app_read_input(app, file, PRIVATE_LIMIT, &text, err);
	if (r >= 0)
		r = key_import_one(&app->session, &one, err);
	if (text.at)
		explicit_bzero(text.at, text.room);
	return r;
}

/* ---- a folder, and tables ---------------------------------------------------------------------- */

static char *why_inactive(const struct import *import, const struct import_item *item)
{
	if (item->fate != IMPORT_KEY || item->signs)
		return NULL;
	if (item->is_rival)
		return xasprintf(_("it is not known which key of %s signs: run "
		                   "\"mailauthctl domain enable-dkim %s --selector "
		                   "%s\""),
		                 item->domain, item->domain, item->selector);
	if (import->says_who_signs && !item->is_named)
		return xasprintf(_("no table signs with this key: run \"mailauthctl "
		                   "domain enable-dkim %s --selector %s\""),
		                 item->domain, item->selector);
	return xasprintf(_("another key of %s signs"), item->domain);
}

static void show(struct app *app, const struct import *import)
{
	static const struct out_column columns[] = {
		{ "file", N_("File"), OUT_TEXT, 0 },
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "selector", N_("Selector"), OUT_TEXT, 0 },
		{ "algorithm", N_("Algorithm"), OUT_TEXT, 0 },
		{ "bits", N_("Bits"), OUT_INT, 0 },
		{ "result", N_("Result"), OUT_TEXT, 0 },
		{ "state", N_("State"), OUT_TEXT, 0 },
		{ "detail", N_("Detail"), OUT_TEXT, OUT_WRAP },
	};
	static const char *const results[] = {
		[IMPORT_KEY] = "imported",
		[IMPORT_THERE] = "present",
		[IMPORT_PASSED] = "skipped",
		[IMPORT_REFUSED] = "refused",
	};
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < import->count; i++) {
		const struct import_item *item = &import->item[i];
		auto_free char *why = why_inactive(import, item);
		out_text(app->out, item->file);
		out_text(app->out, item->domain);
		out_text(app->out, item->selector);
		out_text(app->out, item->algorithm);
		if (item->algorithm)
			out_int(app->out, item->bits);
		else
			out_null(app->out);
		out_text(app->out, results[item->fate]);
		out_text(app->out, item->fate != IMPORT_KEY ? NULL
		                   : item->signs            ? "active"
		                                            : "inactive");
		out_text(app->out, why ? why : item->detail);
		out_row_end(app->out);
	}
	out_end(app->out);
}

static void advise(struct app *app, const struct import *import)
{
	const char *last = "";
	size_t reported = 0;
	for (size_t i = 0; i < import->count; i++) {
		const struct import_item *item = &import->item[i];
		if (item->fate != IMPORT_KEY || !item->is_rival ||
		    strcmp(item->domain, last) == 0 || reported++ >= SINGLE_REPORTS)
			continue;
		last = item->domain;
		app_say(app, REPORT_WARNING,
		        _("%s has several keys, and neither a table nor DNS shows "
		          "which of them signs; choose one with \"mailauthctl domain "
		          "enable-dkim %s --selector %s\""),
		        item->domain, item->domain, item->selector);
	}
}

static int report(struct app *app, const struct import *import, struct err *err)
{
	struct import_counts counts = import_count(import);
	show(app, import);
	advise(app, import);
	app->has_failed |= counts.refused != 0;
	if (!counts.imported && !counts.there && !counts.refused)
		return err_set(err, ERR_FAILED,
		               _("no private key found; files skipped: %zu"),
		               counts.passed);
	app_say(app, REPORT_NOTE,
	        app->session.is_dry_run
	                ? _("keys that would be imported: %zu (active: %zu); present: "
	                    "%zu; skipped: %zu; refused: %zu")
	                : _("imported keys: %zu (active: %zu); present: %zu; "
	                    "skipped: %zu; refused: %zu"),
	        counts.imported, counts.active, counts.there, counts.passed,
	        counts.refused);
	return 0;
}

static int import_many(struct app *app, const char *tree, struct err *err)
{
	auto_import import = { .tree = { .root_fd = -1 } };
	struct key_import_many many = { .files.tree = tree,
		                        .resolver = args_get(app->args, "--resolver"),
		                        .is_sign_now =
		                                args_has(app->args, "--sign-now") };
	char selector[NAME_SIZE];
	const char *typed = args_get(app->args, "--selector");
	size_t count = 0;
	while (args_get_nth(app->args, "--tables", count))
		count++;
	auto_free const char **tables = xcalloc(count + 1, sizeof(*tables));
	for (size_t i = 0; i < count; i++)
		tables[i] = args_get_nth(app->args, "--tables", i);
	many.files.tables = tables;
	many.files.table_count = count;
	int r = typed ? name_parse_selector(typed, selector, err) : 0;
	if (typed)
		many.files.selector = selector;
	if (r >= 0)
		r = key_import_many(&app->session, &many, &import, err);
	return r < 0 ? r : report(app, &import, err);
}

int cmd_key_import(struct app *app, struct err *err)
{
	const char *tree = args_get(app->args, "--tree");
	const char *file = args_get(app->args, "--private");
	if (tree || args_has(app->args, "--tables")) {
		if (args_count(app->args) || file)
			return err_set(
				err, ERR_USAGE,
				_("--tree and --tables cannot be combined with a domain "
			          "or --private"));
		return import_many(app, tree, err);
	}
	if (args_count(app->args) < 2)
		return err_set(
			err, ERR_USAGE,
			_("\"key import\" requires <domain> and <selector>, --tree "
		          "or --tables"));
	if (!file)
		return err_set(err, ERR_USAGE,
		               _("\"key import\" requires --private: a file, or - for "
		                 "standard input"));
	if (args_has(app->args, "--selector"))
		return err_set(err, ERR_USAGE,
		               _("--selector requires --tree or --tables"));
	return import_one(app, file, err);
}

const struct option_row cmd_key_import_options[] = {
	{ "--private", "<file>", N_("the private key, PEM or DER; -: standard input"), 0,
	  0 },
	{ "--tree", "<folder>", N_("import the keys of a folder, and enable DKIM"), 0,
	  0 },
	{ "--tables", "<file>",
	  N_("import the keys that another signer's configuration names"), true, 0 },
	{ "--selector", "<new-selector>",
	  N_("for keys without a selector in the name; of several keys, sign with this "
	     "one"),
	  0, 0 },
	OPTION_RESOLVER,
	OPTION_SIGN_NOW,
	{ 0 },
};
