/*
 * `key import`: one private key, or those of another program's folder and tables.
 *
 * Files are read and DNS is asked first, without a lock; then one change makes the keys.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/model/life/import_tree.h"
#include "core/model/setting/setting.h"
#include "dnszone/dkim/livecheck.h"
#include "dnszone/name/name.h"

enum {
	PRIVATE_LIMIT = 65536,
	ASK_MS = 60 * 1000, /* all questions together */
	KEY_MS = 15 * 1000, /* for one key, all its name servers */
	TALKATIVE = 20,     /* up to so many domains each gets a sentence of its own */
};

/* ---- one key --------------------------------------------------------------------------------- */

struct one {
	const struct buf *text;
	bool is_sign_now;
};

static int store_one(struct app *app, void *arg, struct err *err)
{
	const struct one *one = arg;
	const char *name = args_word(app->args, 0);
	auto_domain domain = DOMAIN_INIT;
	bool signs;
	int r = import_key(&app->session.ctx, app->session.store, name,
	                   args_word(app->args, 1), one->text->at, one->text->len,
	                   one->is_sign_now, false, one->is_sign_now, err);
	if (r >= 0)
		r = domain_find(app->session.store, name, &domain, err);
	if (r >= 0)
		r = setting_bool(app->session.store, SET_DKIM_SIGN, domain.id, &signs,
		                 err);
	if (r < 0)
		return r;
	if (signs)
		session_export_later(&app->session, domain.name);
	else
		app_say(app, REPORT_NOTE,
		        _("the key is parked; to sign with it, run \"mailauthctl "
		          "domain enable-dkim %s\""),
		        domain.name);
	return 0;
}

static int import_one(struct app *app, const char *file, bool is_sign_now,
                      struct err *err)
{
	auto_buf text = BUF_INIT;
	struct one one = { &text, is_sign_now };
	int r = app_read_input(app, file, PRIVATE_LIMIT, &text, err);
	if (r >= 0)
		r = session_take_export_lock(&app->session, err);
	if (r >= 0)
		r = app_change(app, NEED_PUSH, store_one, &one, err);
	if (text.at)
		explicit_bzero(text.at, text.room);
	return r;
}

/* ---- a folder, and tables ---------------------------------------------------------------------- */

/* Asks for each of the keys among which something has to decide, all at once. */
static void ask_rivals(struct import *import, const struct query_servers *servers)
{
	auto_free struct live_question *question =
		xcalloc(import->count + 1, sizeof(*question));
	auto_free struct import_item **asked = xcalloc(import->count + 1, sizeof(*asked));
	size_t count = 0;
	for (size_t i = 0; i < import->count; i++) {
		struct import_item *item = &import->item[i];
		struct err ignored = ERR_INIT;
		char *record = NULL;
		if (!item->is_rival || import_record(import, item, &record, &ignored) < 0)
			continue;
		asked[count] = item;
		question[count++] = (struct live_question){
			.kind = LIVE_DKIM,
			.owner = xasprintf("%s._domainkey.%s", item->selector,
			                   item->domain),
			.record = record,
		};
	}
	livecheck_many(servers, question, count, KEY_MS, deadline_in_ms(ASK_MS));
	for (size_t i = 0; i < count; i++) {
		asked[i]->is_public =
			question[i].is_asked && question[i].answer.state == LIVE_SEEN;
		free((void *)(uintptr_t)question[i].owner);
		free((void *)(uintptr_t)question[i].record);
	}
}

/* Of several keys of a domain the one that DNS shows signs. */
static int ask_dns(struct app *app, struct import *import, struct err *err)
{
	const char *typed = args_get(app->args, "--resolver");
	struct query_servers servers;
	bool any = false;
	int r = typed ? query_servers_parse(typed, &servers, err) : 0;
	for (size_t i = 0; i < import->count; i++)
		any |= import->item[i].is_rival;
	if (r < 0 || !any || (app->session.ctx.is_rooted && !typed))
		return r;
	if (!typed)
		r = query_servers_system(&servers, err);
	if (r < 0)
		return r;
	ask_rivals(import, &servers);
	import_decide(import);
	return 0;
}

/* Zones of domains that got a key, each once. */
static void export_all(struct app *app, const struct import *import)
{
	auto_names names = { 0 };
	for (size_t i = 0; i < import->count; i++)
		if (import->item[i].fate == IMPORT_KEY && import->item[i].signs)
			names_add(&names, import->item[i].domain);
	names_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		session_export_later(&app->session, names.name[i]);
}

static int store_all(struct app *app, void *arg, struct err *err)
{
	int r = import_run(arg, &app->session.ctx, app->session.store,
	                   args_has(app->args, "--sign-now"), err);
	if (r >= 0 && !app->session.is_dry_run)
		export_all(app, arg);
	return r;
}

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
	size_t told = 0;
	for (size_t i = 0; i < import->count; i++) {
		const struct import_item *item = &import->item[i];
		if (item->fate != IMPORT_KEY || !item->is_rival ||
		    strcmp(item->domain, last) == 0 || told++ >= TALKATIVE)
			continue;
		last = item->domain;
		app_say(app, REPORT_WARNING,
		        _("%s has several keys, and neither a table nor DNS shows "
		          "which of them signs; choose one with \"mailauthctl domain "
		          "enable-dkim %s --selector %s\""),
		        item->domain, item->domain, item->selector);
	}
}

static int tell(struct app *app, const struct import *import, struct err *err)
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
	                ? _("would be imported: %zu keys, %zu of them active; present: "
	                    "%zu; "
	                    "skipped: %zu; refused: %zu")
	                : _("imported: %zu keys, %zu of them active; present: %zu; "
	                    "skipped: "
	                    "%zu; refused: %zu"),
	        counts.imported, counts.active, counts.there, counts.passed,
	        counts.refused);
	return 0;
}

static int import_many(struct app *app, const char *tree, struct err *err)
{
	auto_import import = { .tree = { .root_fd = -1 } };
	struct import_request request = { .tree = tree,
		                          .selector = args_get(app->args, "--selector") };
	char selector[NAME_SIZE];
	size_t count = 0;
	while (args_get_nth(app->args, "--tables", count))
		count++;
	auto_free const char **tables = xcalloc(count + 1, sizeof(*tables));
	for (size_t i = 0; i < count; i++)
		tables[i] = args_get_nth(app->args, "--tables", i);
	request.tables = tables;
	request.table_count = count;
	int r = 0;
	if (request.selector) {
		r = name_parse_selector(request.selector, selector, err);
		request.selector = selector;
	}
	if (r >= 0)
		r = import_scan(&app->session.ctx, app->session.store, &request, &import,
		                err);
	if (r >= 0)
		r = ask_dns(app, &import, err);
	if (r >= 0)
		r = session_take_export_lock(&app->session, err);
	if (r >= 0 && import_count(&import).imported)
		r = app->session.is_dry_run
		            ? app_try(app, store_all, &import, err)
		            : app_change(app, NEED_PUSH, store_all, &import, err);
	return r < 0 ? r : tell(app, &import, err);
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
	return import_one(app, file, args_has(app->args, "--sign-now"), err);
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
