/* `zone`: zones for the name server. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app/app.h"
#include "cli/app/findings.h"
#include "cli/app/paste.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/job/export_activate.h"
#include "core/job/zone_forget.h"
#include "core/model/export/export.h"
#include "core/model/export/export_into.h"
#include "core/model/record/records.h"
#include "core/model/record/records_syntax.h"
#include "dnszone/lint/lint_zone.h"
#include "dnszone/name/name.h"

#define ZONE_LIMIT (64u << 20) /* octets of a zone file */

static int run_show(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
	};
	auto_domain domain = DOMAIN_INIT;
	auto_records records = NULL;
	auto_buf text = BUF_INIT;
	const struct env *env;
	enum zone_format format;
	int r = domain_find(app->session.store, args_word(app->args, 0), &domain, err);
	if (r >= 0 && args_has(app->args, "--paste"))
		return paste_domain(app, &domain, err);
	if (r >= 0)
		r = session_env(&app->session, &env, err);
	if (r >= 0)
		r = records_new(app->session.store, env, &records, err);
	if (r >= 0)
		r = zone_format_now(app->session.store, &format, err);
	if (r >= 0)
		r = export_preview(&app->session.ctx, app->session.store, records,
		                   &domain, format, &text, err);
	if (r < 0)
		return r;
	if (out_get_format(app->out) == OUT_FORMAT_JSON) {
		out_object_begin(app->out, columns, ARRAY_LEN(columns));
		out_text(app->out, domain.name);
		out_text(app->out, buf_text(&text));
		out_end(app->out);
	} else {
		out_plain(app->out, buf_text(&text), text.len);
	}
	return 0;
}

/* What cron runs: also begins the rotation of keys that are due.  If that fails for some domains,
 * the zones are exported all the same. */
static int export_all(struct app *app, struct err *err)
{
	struct err earlier = ERR_INIT;
	int rotated = cmd_key_rotate_due(app, &earlier);
	if (rotated == ERR_CANCELLED) {
		*err = earlier;
		return rotated;
	}
	int r = export_activate_all(&app->session, err);
	if (r >= 0 && rotated < 0)
		*err = earlier;
	return r >= 0 && rotated < 0 ? rotated : r;
}

/* ---- export --as ----------------------------------------------------------------------------- */

/* All domains and aliases whose records are to be published. */
static int add_published(struct app *app, struct records *records, struct names *names,
                         struct err *err)
{
	auto_stmt domains = NULL;
	struct domain domain;
	const char *service;
	int r = domain_query(app->session.store, 0, NULL, &domains, err);
	while (r >= 0 && (r = domain_next(domains, &domain, err)) > 0) {
		r = records_service_of(records, &domain, &service, err);
		if (r >= 0 && strcmp(service, "off") != 0)
			names_add(names, domain.name);
	}
	return r;
}

static int put_as(struct app *app, const struct records_syntax *syntax,
                  struct records *records, const char *name, struct buf *out,
                  struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_record_list list = RECORD_LIST_INIT;
	int r = domain_find(app->session.store, name, &domain, err);
	if (r >= 0)
		r = records_of_domain(records, &domain, &list, err);
	if (r >= 0)
		r = records_check(&list, domain.name, err);
	if (r >= 0)
		r = syntax->put(&list, domain.name, out, err);
	if (r < 0 || out_get_format(app->out) != OUT_FORMAT_JSON)
		return r;
	out_text(app->out, domain.name);
	out_text(app->out, buf_text(out));
	out_row_end(app->out);
	buf_clear(out);
	return 0;
}

/* Prints nothing if a domain fails: a part of a script is not what was asked for. */
static int export_as(struct app *app, const struct records_syntax *syntax,
                     struct names *names, struct err *err)
{
	static const struct out_column columns[] = {
		{ "domain", NULL, OUT_TEXT, 0 },
		{ "text", NULL, OUT_TEXT, 0 },
	};
	auto_records records = NULL;
	auto_buf text = BUF_INIT;
	const struct env *env;
	bool is_json = out_get_format(app->out) == OUT_FORMAT_JSON;
	int r = session_env(&app->session, &env, err);
	if (r >= 0)
		r = records_new(app->session.store, env, &records, err);
	if (r >= 0 && args_has(app->args, "--all"))
		r = add_published(app, records, names, err);
	if (r < 0)
		return r;
	if (is_json)
		out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (size_t i = 0; r >= 0 && i < names->count; i++)
		r = put_as(app, syntax, records, names->name[i], &text, err);
	if (r < 0)
		return r;
	if (is_json)
		out_end(app->out);
	else
		out_plain(app->out, buf_text(&text), text.len);
	return 0;
}

/* ---- export --into --------------------------------------------------------------------------- */

static int put_into(struct app *app, const struct domain *domain, const char *path,
                    bool *ret_is_changed, struct err *err)
{
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	struct ctx host = { .root_fd = -1 }; /* as all files that a user names */
	const struct env *env;
	int r = session_env(&app->session, &env, err);
	if (r >= 0)
		r = records_new(app->session.store, env, &records, err);
	if (r >= 0)
		r = records_of_domain(records, domain, &list, err);
	if (r >= 0)
		r = records_check(&list, domain->name, err);
	if (r >= 0)
		r = ctx_init(&host, NULL, err);
	if (r >= 0)
		r = export_into(&host, path, domain->name, &list, app->session.is_dry_run,
		                ret_is_changed, err);
	ctx_done(&host);
	return r;
}

static int export_one_into(struct app *app, const char *file, struct err *err)
{
	auto_names names = { 0 };
	auto_domain domain = DOMAIN_INIT;
	auto_free char *path = NULL;
	bool is_changed = false;
	int r = app_names_unless_all(app, &names, err);
	if (r >= 0 && names.count != 1)
		return err_set(err, ERR_USAGE, _("--into requires one domain"));
	if (r >= 0)
		r = domain_find(app->session.store, names.name[0], &domain, err);
	if (r >= 0)
		r = app_output_path(file, false, &path, err);
	if (r >= 0)
		r = put_into(app, &domain, path, &is_changed, err);
	if (r < 0)
		return r;
	if (!is_changed)
		app_say(app, REPORT_NOTE, _("%s is up to date"), path);
	else if (app->session.is_dry_run)
		app_say(app, REPORT_NOTE, _("%s would be changed"), path);
	else
		app_say(app, REPORT_NOTE,
		        _("%s was changed; the name server must load it"), path);
	return 0;
}

static int check_export(struct app *app, struct err *err)
{
	const struct records_syntax *ignored;
	const char *as = args_get(app->args, "--as");
	if (as && args_get(app->args, "--into"))
		return err_set(err, ERR_USAGE, _("--as and --into cannot be combined"));
	return as ? records_syntax_find(as, &ignored, err) : 0;
}

/* Without a database nothing is written, exit status 0. */
static int run_export(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	auto_names canonical = { 0 };
	const char *as = args_get(app->args, "--as");
	if (as) {
		const struct records_syntax *syntax;
		int found = records_syntax_find(as, &syntax, err);
		if (found >= 0)
			found = app_names_unless_all(app, &names, err);
		return found < 0 ? found : export_as(app, syntax, &names, err);
	}
	if (args_get(app->args, "--into"))
		return export_one_into(app, args_get(app->args, "--into"), err);
	if (!app->session.store)
		return 0;
	app->session.is_push_reported =
		true; /* cron mails any output: only failures are printed */
	int r = app_names_unless_all(app, &names, err);
	if (r >= 0 && args_has(app->args, "--all"))
		return export_all(app, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		auto_domain domain = DOMAIN_INIT;
		r = domain_find(app->session.store, names.name[i], &domain, err);
		if (r >= 0)
			names_add(&canonical, domain.name);
	}
	if (r >= 0 && canonical.count)
		r = export_activate_run(&app->session,
		                        (const char *const *)canonical.name,
		                        canonical.count, err);
	return r;
}

/* ---- lint ------------------------------------------------------------------------------------ */

/* What an export would write, of a domain of the database; 0: it has no such domain. */
static int zone_of_domain(struct app *app, const char *typed, char name[NAME_SIZE],
                          struct buf *text, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_records records = NULL;
	struct err ignored = ERR_INIT;
	const struct env *env;
	enum zone_format format;
	if (strchr(typed, '/') || strcmp(typed, "-") == 0 ||
	    name_parse_domain(typed, name, &ignored) < 0)
		return 0;
	bool is_file = access(typed, R_OK) == 0;
	int r = session_read_store(&app->session, is_file ? &ignored : err);
	if (r < 0 && is_file)
		return 0;
	if (r >= 0)
		r = domain_look(app->session.store, name, &domain, err);
	if (r == 0 && !is_file)
		return err_set(err, ERR_MISSING,
		               _("%s is neither a domain of the database nor a file"),
		               typed);
	if (r <= 0)
		return r;
	r = session_env(&app->session, &env, err);
	if (r >= 0)
		r = records_new(app->session.store, env, &records, err);
	if (r >= 0)
		r = zone_format_now(app->session.store, &format, err);
	if (r >= 0)
		r = export_preview(&app->session.ctx, app->session.store, records,
		                   &domain, format, text, err);
	return r < 0 ? r : 1;
}

/* The usual names of zone files: "example.com.zone", "db.example.com". */
static const char *origin_of_file(const char *file, char name[NAME_SIZE])
{
	static const char *const ends[] = { ".zone", ".db", ".hosts", ".txt" };
	const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	struct err ignored = ERR_INIT;
	size_t len = strlen(base);
	if (text_starts(base, "db."))
		base += strlen("db."), len -= strlen("db.");
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (text_ends(base, ends[i])) {
			len -= strlen(ends[i]);
			break;
		}
	auto_free char *bare = xmemdup(base, len);
	return name_parse_domain(bare, name, &ignored) < 0 ? NULL : name;
}

static int run_lint(struct app *app, struct err *err)
{
	const char *typed = args_word(app->args, 0);
	const char *origin = args_get(app->args, "--origin");
	char name[NAME_SIZE];
	auto_buf text = BUF_INIT;
	auto_lint_zone zone = LINT_ZONE_INIT;
	int found = origin ? 0 : zone_of_domain(app, typed, name, &text, err);
	int r = found;
	if (r == 0)
		r = app_read_input(app, typed, ZONE_LIMIT, &text, err);
	if (r >= 0 && origin)
		r = name_parse_owner(origin, name, err);
	if (r < 0)
		return r;
	if (!origin)
		origin = found ? name : origin_of_file(typed, name);
	else
		origin = name;
	lint_zone((struct octets){ buf_text(&text), text.len }, origin, &zone);
	findings_begin_zone(app);
	for (size_t i = 0; i < zone.count; i++)
		findings_add_line(app, zone.row[i].line, zone.row[i].owner,
		                  &zone.row[i].list);
	findings_end(app);
	return 0;
}

static const struct option_row lint_options[] = {
	{ "--origin", "<domain>",
	  N_("the zone's name; default: from the name of the file"), 0, 0 },
	{ 0 },
};

/* ---- forget ---------------------------------------------------------------------------------- */

static int run_forget(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	int r = app_names_unless_all(app, &names, err);
	if (r >= 0 && !app->session.store)
		r = err_set(err, ERR_MISSING, _("no database at %s"),
		            app->session.db_path);
	if (r < 0)
		return r;
	return args_has(app->args, "--all") ? zone_forget_all(&app->session, err)
	                                    : zone_forget(&app->session, &names, err);
}

static const struct option_row show_options[] = {
	{ "--paste", NULL,
	  N_("list the records in the columns of DNS providers' forms: host and value"),
	  0, 0 },
	{ 0 },
};

static const struct option_row forget_options[] = {
	{ "--all", NULL, N_("all zone files that \"doctor zones\" lists"), 0, 0 },
	OPTION_DOMAINS_FROM,
	{ 0 },
};

static const struct option_row export_options[] = {
	{ "--all", NULL, N_("all zones that changed"), 0, 0 },
	{ "--as", "<syntax>", N_("print the records for another program; change nothing"),
	  0, 0 },
	OPTION_DOMAINS_FROM,
	{ "--into", "<file>",
	  N_("put the records of one domain into this zone file, which you keep"), 0, 0 },
	{ 0 },
};

const struct command commands_zone[] = {
	{ .words = "zone show",
	  .args = "<domain>",
	  .options = show_options,
	  .help = N_("print the zone that an export would write"),
	  .example = "mailauthctl zone show example.com",
	  .needs = NEED_STORE_READ,
	  .run = run_show },
	{ .words = "zone export",
	  .args = "<domain>...|--all|--domains-from=<file>",
	  .options = export_options,
	  .help = N_("write changed zones, reload the name server, activate keys"),
	  .example = "mailauthctl zone export --all",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .check = check_export,
	  .run = run_export },
	{ .words = "zone lint",
	  .args = "<file>|<domain>",
	  .options = lint_options,
	  .help = N_("find faults for mail in a zone file, or in the zone of a domain"),
	  .example = "mailauthctl zone lint example.com",
	  .run = run_lint },
	{ .words = "zone forget",
	  .args = "<former-domain>...|--all|--domains-from=<file>",
	  .options = forget_options,
	  .help = N_("remove zone files that $INCLUDE lines no longer name"),
	  .example = "mailauthctl zone forget old.example",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .run = run_forget },
	{ 0 },
};
