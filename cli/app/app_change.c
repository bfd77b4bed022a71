/*
 * A change: locks in the order target, store; one transaction with its audit rows; the push made
 * ready inside it and switched behind its commit.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/app/app_inner.h"
#include "cli/app/changes.h"
#include "cli/app/diffview.h"
#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/model/domain/access.h"
#include "core/model/setting/setting.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/push/backend_choose.h"
#include "core/store/change.h"
#include "core/store/schema.h"

/* For a customer, in place of what push and database say (app_veil()). */
static const char not_open[] =
	N_("the database cannot be used; the administrator finds the reason in the "
           "system log");
static const char not_saved[] =
	N_("not saved: the mail server could not be made ready for it; the administrator "
           "finds the reason in the system log");
static const char not_in_use[] =
	N_("saved, but the mail server does not use it yet; the administrator finds the "
           "reason in the system log");

int app_open_to_read(struct app *app, struct err *err)
{
	int r = store_open(app->db_path, &schema_store, STORE_READ, &app->store, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return app_veil(app, r, not_open, err);
}

static int open_to_write(struct app *app, struct err *err)
{
	store_close(app->store);
	app->store = NULL;
	if (app->opt.is_dry_run) {
		int r = app_open_to_read(app, err);
		if (r < 0 || app->store)
			return r;
		return store_open_memory(&schema_store, &app->store, err);
	}
	/* a customer's domain is in a database that is there */
	enum store_mode mode = app_is_customer(app) ? STORE_WRITE : STORE_CREATE;
	int r = store_open(app->db_path, &schema_store, mode, &app->store, err);
	return app_veil(app, r, not_open, err);
}

int app_lock_beside_store(struct app *app, const char *suffix, const char *what,
                          struct lock **ret_lock, struct err *err)
{
	if (app->opt.is_dry_run && access(app->db_path, F_OK) < 0)
		return 0;
	auto_free char *path = xasprintf("%s%s", app->db_path, suffix);
	app->backstage++;
	int r = store_make_folder(app->db_path, err);
	if (r >= 0)
		r = lock_take(&app->ctx, path, what, ret_lock, err);
	app->backstage--;
	return app_veil(app, r, not_open, err);
}

/* ---- a dry run ------------------------------------------------------------------------------- */

/* What would be done, gathered inside the transaction. */
struct foretold {
	bool is_changed;
	int64_t id; /* of the change, where there is one */
	struct push *push;
	struct diffview view;
	struct buf plan; /* drift and steps, as text */
};

static int show_object(struct app *app, struct foretold *told, struct err *err)
{
	static const struct out_column columns[] = {
		{ "plan", N_("Plan"), OUT_TEXT, 0 },
		{ "records_omitted", NULL, OUT_INT, OUT_HIDE_TABLE },
		{ "zones_due", NULL, OUT_INT, OUT_HIDE_TABLE },
	};
	int r = 0;
	out_object_begin(app->out, columns, ARRAY_LEN(columns));
	out_text(app->out, told->push ? buf_text(&told->plan) : NULL);
	out_int(app->out, told->view.omitted);
	out_int(app->out, told->view.export.due);
	out_nested_begin(app->out, "changes", N_("Changes"), changes_columns,
	                 CHANGES_COLUMNS);
	if (told->is_changed)
		r = change_items(app->store, told->id, changes_emit, app->out, err);
	out_nested_end(app->out);
	if (app->push.is_explicit)
		changes_drifts(app->out, told->push ? push_drifts(told->push) : NULL);
	diffview_emit(&told->view, app->out);
	out_end(app->out);
	return r;
}

/* Sections that have something to say, each under its heading. */
static void show_section(struct app *app, bool is_coloured, const char *heading,
                         const struct buf *text, bool *is_first)
{
	auto_buf head = BUF_INIT;
	if (!text->len)
		return;
	buf_printf(&head, "%s%s%s:%s\n", *is_first ? "" : "\n",
	           is_coloured ? "\033[1m" : "", heading, is_coloured ? "\033[0m" : "");
	*is_first = false;
	out_plain(app->out, buf_text(&head), head.len);
	out_plain(app->out, buf_text(text), text->len);
}

static int show_rows(struct app *app, struct foretold *told, struct err *err)
{
	int r;
	if (!told->is_changed)
		return 0;
	out_list_begin(app->out, changes_columns, CHANGES_COLUMNS);
	r = change_items(app->store, told->id, changes_emit, app->out, err);
	out_end(app->out);
	return r;
}

static int show_sections(struct app *app, struct foretold *told, bool is_coloured,
                         struct err *err)
{
	auto_buf zones = BUF_INIT;
	auto_buf waits = BUF_INIT;
	bool is_first = !told->is_changed;
	int r = show_rows(app, told, err);
	diffview_show_zones(&told->view, is_coloured, &zones);
	diffview_show_waits(&told->view, &waits);
	show_section(app, is_coloured, _("DNS"), &zones, &is_first);
	show_section(app, is_coloured, _("Mail server"), &told->plan, &is_first);
	show_section(app, is_coloured, _("Pending"), &waits, &is_first);
	return r;
}

/* What would be written: the store's rows, records, then the mail server's files. */
static int show_dry_run(struct app *app, bool is_changed, struct push *push,
                        struct err *err)
{
	struct foretold told = { .is_changed = is_changed, .push = push };
	enum out_format format = out_get_format(app->out);
	bool is_coloured = format == OUT_FORMAT_TABLE && !app->opt.is_colour_off &&
	                   out_can_colour(stdout);
	struct generation now = { 0, 0 };
	int r = generation_now(app->store, &now, err);
	told.id = now.id;
	app->backstage++;
	if (r >= 0)
		r = diffview_load(app, is_changed, &told.view, err);
	app->backstage--;
	r = app_veil(app, r, not_open, err);
	if (push) {
		app->has_plan = push_plan(push)->count != 0;
		app->has_drift = push_drifts(push)->count != 0;
		drift_show(push_drifts(push), &told.plan);
		plan_show(push_plan(push), is_coloured, &told.plan);
	}
	if (r >= 0 && format == OUT_FORMAT_JSON) {
		r = show_object(app, &told, err);
	} else if (r >= 0 && format == OUT_FORMAT_TSV) {
		r = show_rows(app, &told, err);
		out_plain(app->out, buf_text(&told.plan), told.plan.len);
	} else if (r >= 0) {
		r = show_sections(app, &told, is_coloured, err);
	}
	buf_done(&told.plan);
	diffview_done(&told.view);
	return r;
}

/* ---- a change -------------------------------------------------------------------------------- */

static bool is_pushed(const struct app *app, unsigned needs)
{
	/* what a push would do tells of others' domains */
	bool is_shown_to_customer = app->opt.is_dry_run && app_is_customer(app);
	return needs & NEED_PUSH && !app->opt.is_push_off && !is_shown_to_customer;
}

/* Whether an earlier change did not reach the host: its push was interrupted or undone, or it was
 * made with --no-push. */
static int is_host_behind(struct app *app, bool *ret_is_behind, struct err *err)
{
	struct target_state state = { 0 };
	struct generation now = { 0, 0 };
	int r = push_state(&app->ctx, app->store, &state, err);
	if (r >= 0)
		r = generation_now(app->store, &now, err);
	if (r >= 0)
		*ret_is_behind = state.is_ours && !state.is_held &&
		                 (state.gen.id != now.id || state.gen.token != now.token);
	target_state_done(&state);
	return r;
}

static int prepare_push(struct app *app, bool is_changed, struct push **ret_push,
                        const char **ret_why, struct err *err)
{
	/* `mta push` and `mta adopt` push although the store does not change */
	bool is_due = is_changed || app->push.is_explicit || app->push.is_adoption;
	int r = is_due ? 0 : is_host_behind(app, &is_due, err);
	if (r >= 0 && is_due)
		r = push_prepare(&app->ctx, app->store, &app->push, app->opt.is_dry_run,
		                 ret_push, ret_why, err);
	return r;
}

/* Adoption, rollback and removal show all that is to be known of the host. */
static bool is_overview(const struct push_options *options)
{
	return options->is_adoption || options->is_rollback || options->remove;
}

static bool was_said(const struct app *app, const char *text)
{
	for (size_t i = 0; i < app->said_count; i++)
		if (strcmp(app->said[i], text) == 0)
			return true;
	return false;
}

/* What an administrator should know of a host that he looks at: each thing once, where it is new. */
static void say_notes(struct app *app, struct push *push)
{
	const struct plan *plan = push_plan(push);
	bool shows_all = is_overview(&app->push);
	for (size_t i = 0; i < plan->notes; i++) {
		const struct plan_note *note = &plan->note[i];
		bool is_old = app->are_notes_shown || was_said(app, note->text) ||
		              (!shows_all && push_is_told(push, i));
		/* of what is missing the command itself spoke */
		bool is_elsewhere = note->is_lack && !app->push.is_explicit;
		app_say(app,
		        is_old || is_elsewhere ? REPORT_VERBOSE
		        : note->remedy         ? REPORT_WARNING
		                               : REPORT_NOTE,
		        "%s", note->text);
		if (!is_elsewhere && (note->remedy || !app->opt.is_quiet))
			push_set_told(push, i);
	}
}

/* Inside the transaction: the handler, its audit rows, the rules, and the push made ready. */
static int run_body(struct app *app, unsigned needs,
                    int (*body)(struct app *app, void *arg, struct err *err), void *arg,
                    bool *ret_changed, struct push **ret_push, struct err *err)
{
	const char *why = NULL;
	int r = change_begin(app->store, &app->ctx, app->ctx.command, err);
	if (r >= 0)
		r = body(app, arg, err);
	if (r >= 0 && app_is_customer(app) && !app->backstage)
		r = access_check_change(app->store, app->caller->account, err);
	if (r >= 0 && app_is_customer(app) && !app->backstage)
		r = change_check_room(app->store, &app->ctx, err);
	if (r >= 0)
		r = setting_check_rules(app->store, err);
	if (r >= 0)
		r = change_end(app->store, ret_changed, err);
	if (r < 0 || !is_pushed(app, needs))
		return r;
	app->backstage++;
	r = prepare_push(app, *ret_changed, ret_push, &why, err);
	app->backstage--;
	r = app_veil(app, r, not_saved, err);
	app->push_why = app->opt.is_dry_run ? why : NULL;
	if (app_is_customer(app))
		return r;
	if (r >= 0 && *ret_push && !app->opt.is_dry_run)
		say_notes(app, *ret_push);
	if (r >= 0 && why && !app->is_push_told && !app->opt.is_dry_run) {
		app_say(app, REPORT_NOTE, "%s", why);
		app->is_push_told = true;
	}
	return r;
}

/* A first change that failed leaves no database behind.  Under the store lock. */
static void forget_new_store(struct app *app)
{
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	store_close(app->store);
	app->store = NULL;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		auto_free char *path = xasprintf("%s%s", app->db_path, suffixes[i]);
		unlink(path);
	}
}

static int change_locked(struct app *app, unsigned needs,
                         int (*body)(struct app *app, void *arg, struct err *err),
                         void *arg, struct lock **store_lock, struct err *err)
{
	struct push *push = NULL;
	bool is_changed = false;
	bool is_new = access(app->db_path, F_OK) < 0;
	int r = open_to_write(app, err);
	if (r >= 0)
		r = store_begin(app->store, true, err);
	if (r < 0)
		return r;
	app->is_changing = true;
	r = run_body(app, needs, body, arg, &is_changed, &push, err);
	if (r >= 0 && app->opt.is_dry_run && !app->is_exporting && !app->is_trying)
		r = show_dry_run(app, is_changed, push, err);
	if (r < 0 || app->opt.is_dry_run) {
		store_rollback(app->store);
		push_abandon(push);
		app_release_messages(app, r >= 0);
		if (is_new && !app->opt.is_dry_run)
			forget_new_store(app);
		return r;
	}
	r = store_commit(app->store, err);
	if (r < 0) {
		store_rollback(app->store);
		push_abandon(push);
		app_release_messages(app, false);
		return r;
	}
	lock_free(*store_lock);
	*store_lock = NULL;
	app_release_messages(app, true);
	if (push) {
		signals_hold();
		app->backstage++;
		r = push_switch(push, err);
		app->backstage--;
		r = app_veil(app, r, not_in_use, err);
		signals_release();
		app->begins_to_refuse |=
			r >= 0 && policyd_conf_begins_to_refuse(push_plan(push));
		push_free(push);
	}
	return r;
}

int app_change(struct app *app, unsigned needs,
               int (*body)(struct app *app, void *arg, struct err *err), void *arg,
               struct err *err)
{
	auto_lock target_lock = NULL;
	auto_lock store_lock = NULL;
	int r = 0;
	if (is_pushed(app, needs) && !app->opt.is_dry_run) {
		app->backstage++;
		r = push_lock(&app->ctx, &target_lock, err);
		if (r >= 0)
			r = push_recover(&app->ctx, app->push.force, err);
		app->backstage--;
		r = app_veil(app, r, not_saved, err);
	}
	if (r >= 0)
		r = app_lock_beside_store(app, ".lock", _("the database"), &store_lock,
		                          err);
	if (r >= 0)
		r = change_locked(app, needs, body, arg, &store_lock, err);
	return r < 0 ? r : 0;
}

struct trial {
	int (*body)(struct app *app, void *arg, struct err *err);
	void *arg;
};

static int run_trial(struct app *app, void *arg, struct err *err)
{
	const struct trial *trial = arg;
	int r = trial->body(app, trial->arg, err);
	if (r >= 0)
		app_forget_messages(app);
	return r;
}

int app_try(struct app *app, int (*body)(struct app *app, void *arg, struct err *err),
            void *arg, struct err *err)
{
	struct trial trial = { body, arg };
	bool was_dry_run = app->opt.is_dry_run;
	app->opt.is_dry_run = app->is_trying = true;
	int r = app_change(app, 0, run_trial, &trial, err);
	app->opt.is_dry_run = was_dry_run;
	app->is_trying = false;
	return r;
}

int app_env(struct app *app, const struct env **ret_env, struct err *err)
{
	if (!app->has_env) {
		auto_free char *hostname = NULL;
		app->backstage++;
		int r = backend_hostname(&app->ctx, app->store, &hostname, err);
		if (r >= 0)
			r = env_load(&app->ctx, app->store, hostname, &app->env, err);
		app->backstage--;
		r = app_veil(app, r, N_("the server's name cannot be found out"), err);
		if (r < 0)
			return r;
		app->has_env = true;
	}
	*ret_env = &app->env;
	return 0;
}
