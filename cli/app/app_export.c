/*
 * Zone export around a command: prepare, switch, finish (export.h), each in its own change.
 *
 * The export lock is held from prepare to finish, and by nothing that asks DNS or makes keys: where
 * preparing finds zones that must be asked first what they have, it is dropped, and the export is
 * prepared anew when they have answered.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/app/app_inner.h"
#include "cli/app/zone_ask.h"
#include "core/base/alloc.h"
#include "core/model/export/export.h"

void app_export_later(struct app *app, const char *name)
{
	names_add(&app->exports, name);
}

static int export_alias_later(void *arg, const struct domain *alias, struct err *err)
{
	(void)err;
	app_export_later(arg, alias->name);
	return 0;
}

int app_export_family_later(struct app *app, const struct domain *domain, struct err *err)
{
	app_export_later(app, domain->name);
	return domain_each(app->store, domain->id, NULL, export_alias_later, app, err);
}

struct export_work {
	struct export_request request;
	struct export *export;
};

static int prepare_export(struct app *app, void *arg, struct err *err)
{
	struct export_work *work = arg;
	int r = push_host_generation(&app->ctx, app->store, &work->request.host_gen, err);
	if (r >= 0)
		r = app_env(app, &work->request.env, err);
	if (r >= 0)
		r = export_prepare(&app->ctx, app->store, &work->request, &work->export,
		                   err);
	/* it is prepared anew, and says the same then */
	if (r >= 0 && export_count_unasked(work->export) && !app->opt.is_dry_run)
		app_forget_messages(app);
	return r;
}

static int finish_export(struct app *app, void *arg, struct err *err)
{
	struct export_work *work = arg;
	return export_finish(&app->ctx, app->store, work->export, err);
}

static int show_zone(void *arg, const char *name, enum export_action action,
                     struct err *err)
{
	static const char *const words[] = {
		[EXPORT_UNCHANGED] = NULL,
		[EXPORT_WRITTEN] = "write",
		[EXPORT_REMOVED] = "remove",
		[EXPORT_FAILED] = "failed",
	};
	struct app *app = arg;
	(void)err;
	if (words[action]) {
		out_text(app->out, name);
		out_text(app->out, words[action]);
		out_row_end(app->out);
	}
	return 0;
}

static int show_export(struct app *app, const struct export *export, struct err *err)
{
	static const struct out_column columns[] = {
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
		{ "action", N_("Would be"), OUT_TEXT, 0 },
	};
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	int r = export_each(export, show_zone, app, err);
	out_end(app->out);
	return r;
}

int app_take_export_lock(struct app *app, struct err *err)
{
	return app->export_lock
	               ? 0
	               : app_lock_beside_store(app, ".export.lock", _("zone export"),
	                                       &app->export_lock, err);
}

void app_drop_export_lock(struct app *app)
{
	lock_free(app->export_lock);
	app->export_lock = NULL;
}

static int ask_names(struct app *app, const struct names *names, struct err *err)
{
	enum zone_format format;
	unsigned backstage = app->backstage;
	int r = zone_format_now(app->store, &format, err);
	if (r < 0)
		return r;
	/* what is said about a domain is for whoever manages it */
	app->backstage = 0;
	app_drop_export_lock(app);
	r = zone_ask(app, (const char *const *)names->name, names->count,
	             format == ZONE_FULL ? LOOK_REPLACE : LOOK_INCLUDE, err);
	app->backstage = backstage;
	return r < 0 ? r : app_take_export_lock(app, err);
}

/* Only a dry run has a use for what was prepared. */
static int ask_first(struct app *app, struct export_work *work, struct err *err)
{
	auto_names names = export_take_unasked(work->export);
	if (!app->opt.is_dry_run) {
		export_free(work->export);
		work->export = NULL;
	}
	return ask_names(app, &names, err);
}

/* A key that had to take another selector is asked for again under that one. */
static int prepare(struct app *app, struct export_work *work, struct err *err)
{
	enum { ROUNDS = 8 };
	int r = 0;
	for (unsigned round = 0; r >= 0; round++) {
		work->request.is_asking = !app->ctx.is_rooted && round < ROUNDS;
		app->is_exporting = true;
		r = app_change(app, 0, prepare_export, work, err);
		app->is_exporting = false;
		if (r < 0 || !export_count_unasked(work->export))
			break;
		r = ask_first(app, work, err);
		if (app->opt.is_dry_run)
			break;
	}
	return r;
}

static int export_locked(struct app *app, const char *const *names, size_t count,
                         struct err *err)
{
	struct export_work work = { .request = { .names = names,
		                                 .count = count,
		                                 .is_dry_run = app->opt.is_dry_run } };
	app->backstage++;
	int r = prepare(app, &work, err);
	if (r >= 0 && !app->opt.is_dry_run)
		r = export_switch(&app->ctx, work.export, err);
	if (r >= 0 && !app->opt.is_dry_run)
		r = app_change(app, NEED_PUSH, finish_export, &work, err);
	if (r >= 0 && app->opt.is_dry_run)
		r = show_export(app, work.export, err);
	if (r >= 0 && work.export)
		r = export_result(work.export, isatty(STDERR_FILENO), err);
	export_free(work.export);
	app->backstage--;
	return app_veil(
		app, r,
		N_("saved, but the records could not be published; the administrator finds "
	           "the reason in the system log, and the next export tries again"),
		err);
}

int app_export(struct app *app, const char *const *names, size_t count, struct err *err)
{
	bool was_held = app->export_lock != NULL;
	int r = app_take_export_lock(app, err);
	if (r >= 0)
		r = export_locked(app, names, count, err);
	if (!was_held)
		app_drop_export_lock(app);
	return r;
}

int app_export_now(struct app *app, struct err *err)
{
	auto_names due = app->exports;
	app->exports = (struct names){ 0 };
	if (!due.count || app->opt.is_dry_run)
		return 0;
	/* the change may have moved what <hostname> and <ip> stand for */
	app->has_env = false;
	env_done(&app->env);
	int r = app_export(app, (const char *const *)due.name, due.count, err);
	/* a customer is told so in other words (export_locked()) */
	if (r < 0 && r != ERR_REPORTED && !app_is_customer(app))
		err_prefix(err, _("the change is saved, but its export failed"));
	return r;
}
