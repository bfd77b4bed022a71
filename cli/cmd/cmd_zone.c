/* `zone`: zones for the name server. */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/job/export_activate.h"
#include "core/job/key_lookup.h"
#include "core/model/export/export.h"
#include "core/model/export/export_kept.h"
#include "core/model/export/heartbeat.h"
#include "core/model/record/records.h"
#include "dnszone/name/name.h"

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

/* What cron runs.  The mark tells `doctor` that it does, also where nothing had changed. */
static int export_all(struct app *app, struct err *err)
{
	int r = export_activate_run(&app->session, NULL, 0, err);
	if (app->session.is_dry_run)
		return r;
	if (r >= 0 && !app->session.ctx.is_rooted)
		r = key_lookup_poll(&app->session, err);
	if (r != ERR_CANCELLED && r != ERR_BUSY)
		heartbeat_mark(app->session.db_path, ctx_now(&app->session.ctx),
		               r < 0 || app->has_failed);
	return r;
}

/* No database: nothing is written, exit 0. */
static int run_export(struct app *app, struct err *err)
{
	struct app_names names;
	if (!app->session.store)
		return 0;
	app->session.is_push_reported = true; /* cron hears of trouble only */
	int r = 0;
	if (args_has(app->args, "--all")) {
		if (args_count(app->args) || args_has(app->args, "--domains-from"))
			return err_set(err, ERR_USAGE,
			               _("--all cannot be combined with domain names"));
		return export_all(app, err);
	}
	r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	const char **canonical = xcalloc(names.count, sizeof(*canonical));
	struct domain *domain = xcalloc(names.count, sizeof(*domain));
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		r = domain_find(app->session.store, names.name[i], &domain[i], err);
		canonical[i] = domain[i].name;
	}
	if (r >= 0 && names.count)
		r = export_activate_run(&app->session, canonical, names.count, err);
	for (size_t i = 0; i < names.count; i++)
		domain_done(&domain[i]);
	free_ptr(&domain);
	free_ptr(&canonical);
	app_names_done(&names);
	return r;
}

/* ---- forget ---------------------------------------------------------------------------------- */

static int add_kept(void *arg, const struct export_kept *kept, struct err *err)
{
	struct app_names *names = arg;
	(void)err;
	if (names->count && strcmp(names->name[names->count - 1], kept->name) == 0)
		return 0;
	GROW(names->name, names->count, names->room);
	names->name[names->count++] = xstrdup(kept->name);
	return 0;
}

static int say_forgotten(void *arg, const struct export_kept *kept, struct err *err)
{
	struct app *app = arg;
	(void)err;
	if (app->session.is_dry_run)
		app_say(app, REPORT_NOTE, _("would remove %s"), kept->path);
	else
		app_say(app, REPORT_VERBOSE, _("%s was removed"), kept->path);
	return 0;
}

static int pass_over(void *arg, const struct export_kept *kept, struct err *err)
{
	(void)arg;
	(void)kept;
	(void)err;
	return 0;
}

/* All of them or none. */
static int forget_all(struct app *app, void *arg, struct err *err)
{
	const struct app_names *names = arg;
	enum export_kept_state state = EXPORT_KEPT_WAITS;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		r = export_kept_look(&app->session.ctx, app->session.store,
		                     names->name[i], &state, err);
		/* it says why not */
		if (r >= 0 && state != EXPORT_KEPT_WAITS)
			r = export_kept_forget(&app->session.ctx, app->session.store,
			                       names->name[i], true, pass_over, NULL,
			                       err);
	}
	for (size_t i = 0; r >= 0 && i < names->count; i++)
		r = export_kept_forget(&app->session.ctx, app->session.store,
		                       names->name[i], app->session.is_dry_run,
		                       say_forgotten, app, err);
	return r;
}

/* A domain that was removed a moment ago: its file is emptied first. */
static int empty_due(struct app *app, struct app_names *names, struct err *err)
{
	auto_names due = { 0 };
	int r = 0;
	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		enum export_kept_state state;
		char name[NAME_SIZE];
		r = name_parse_domain(names->name[i], name, err);
		if (r < 0)
			break;
		free(names->name[i]);
		names->name[i] = xstrdup(name);
		r = export_kept_look(&app->session.ctx, app->session.store, name, &state,
		                     err);
		if (r >= 0 && state == EXPORT_KEPT_DUE && !app->session.is_dry_run)
			names_add(&due, name);
	}
	return r < 0 || !due.count
	               ? r
	               : export_activate_run(&app->session, (const char *const *)due.name,
	                                     due.count, err);
}

static int run_forget(struct app *app, struct err *err)
{
	struct app_names names = { 0 };
	bool is_all = args_has(app->args, "--all");
	if (is_all && (args_count(app->args) || args_has(app->args, "--domains-from")))
		return err_set(err, ERR_USAGE,
		               _("--all cannot be combined with domain names"));
	if (!app->session.store)
		return err_set(err, ERR_MISSING, _("no database at %s"),
		               app->session.db_path);
	int r = is_all ? export_kept_each(&app->session.ctx, app->session.store, add_kept,
	                                  &names, err)
	               : app_names(app, 0, &names, err);
	if (r >= 0 && !is_all)
		r = empty_due(app, &names, err);
	if (r >= 0)
		r = session_take_export_lock(&app->session, err);
	/* no row of the trail: what is forgotten is a file, no setting */
	if (r >= 0 && names.count)
		r = app_change(app, 0, forget_all, &names, err);
	app_names_done(&names);
	return r;
}

static const struct option_row forget_options[] = {
	{ "--all", NULL, N_("all zone files that \"doctor zones\" lists"), 0, 0 },
	OPTION_DOMAINS_FROM,
	{ 0 },
};

static const struct option_row export_options[] = {
	{ "--all", NULL, N_("all zones that changed"), 0, 0 },
	OPTION_DOMAINS_FROM,
	{ 0 },
};

const struct command commands_zone[] = {
	{ .words = "zone show",
	  .args = "<domain>",
	  .help = N_("print the zone that an export would write"),
	  .example = "mailauthctl zone show example.com",
	  .needs = NEED_STORE_READ,
	  .run = run_show },
	{ .words = "zone export",
	  .args = "<domain>...|--all|--domains-from",
	  .options = export_options,
	  .help = N_("write changed zones, reload the name server, activate keys"),
	  .example = "mailauthctl zone export --all",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .run = run_export },
	{ .words = "zone forget",
	  .args = "<former-domain>...|--all|--domains-from",
	  .options = forget_options,
	  .help = N_("remove zone files that $INCLUDE lines no longer name"),
	  .example = "mailauthctl zone forget old.example",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .run = run_forget },
	{ 0 },
};
