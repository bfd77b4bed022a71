/*
 * A change: locks in the order target, store; one transaction with its audit rows; the push made
 * ready inside it and switched behind its commit.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/app_inner.h"
#include "cli/changes.h"
#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/model/setting.h"
#include "core/store/change.h"
#include "core/store/schema.h"

int app_open_to_read(struct app *app, struct err *err)
{
	int r = store_open(app->db_path, &schema_store, STORE_READ, &app->store, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return r;
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
	return store_open(app->db_path, &schema_store, STORE_CREATE, &app->store, err);
}

int app_lock_beside_store(struct app *app, const char *suffix, const char *what,
                          struct lock **ret_lock, struct err *err)
{
	if (app->opt.is_dry_run && access(app->db_path, F_OK) < 0)
		return 0;
	auto_free char *path = xasprintf("%s%s", app->db_path, suffix);
	int r = store_make_folder(app->db_path, err);
	return r < 0 ? r : lock_take(&app->ctx, path, what, ret_lock, err);
}

/* What would be written: the store's rows, then the mail server's files. */
static int show_dry_run(struct app *app, bool is_changed, struct push *push,
                        struct err *err)
{
	static const struct out_column plan_columns[] = { { "plan", N_("Plan"), OUT_TEXT,
		                                            0 } };
	struct generation now = { 0, 0 };
	auto_buf text = BUF_INIT;
	int r = generation_now(app->store, &now, err);
	bool is_json = out_get_format(app->out) == OUT_FORMAT_JSON;
	if (push) {
		app->has_plan = push_plan(push)->count != 0;
		app->has_drift = push_drifts(push)->count != 0;
		drift_show(push_drifts(push), &text);
		plan_show(push_plan(push),
		          !app->opt.is_colour_off && out_can_colour(stdout) && !is_json,
		          &text);
	}
	if (is_json) {
		out_object_begin(app->out, plan_columns, ARRAY_LEN(plan_columns));
		out_text(app->out, push ? buf_text(&text) : NULL);
		out_nested_begin(app->out, "changes", N_("Changes"), changes_columns,
		                 CHANGES_COLUMNS);
	} else if (is_changed) {
		out_list_begin(app->out, changes_columns, CHANGES_COLUMNS);
	}
	if (r >= 0 && is_changed)
		r = change_items(app->store, now.id, changes_emit, app->out, err);
	if (is_json)
		out_nested_end(app->out);
	if (is_json && app->push.is_explicit)
		changes_drifts(app->out, push ? push_drifts(push) : NULL);
	if (is_json || is_changed)
		out_end(app->out);
	if (!is_json && push)
		out_plain(app->out, buf_text(&text), text.len);
	return r;
}

static bool is_pushed(const struct app *app, unsigned needs)
{
	return needs & NEED_PUSH && !app->opt.is_push_off;
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

/* Inside the transaction: the handler, its audit rows, the rules, and the push made ready. */
static int run_body(struct app *app, unsigned needs,
                    int (*body)(struct app *app, void *arg, struct err *err), void *arg,
                    bool *ret_changed, struct push **ret_push, struct err *err)
{
	const char *why = NULL;
	int r = change_begin(app->store, &app->ctx, app->ctx.command, err);
	if (r >= 0)
		r = body(app, arg, err);
	if (r >= 0)
		r = setting_check_rules(app->store, err);
	if (r >= 0)
		r = change_end(app->store, ret_changed, err);
	if (r < 0 || !is_pushed(app, needs))
		return r;
	/* `mta push` and `mta adopt` push although the store does not change */
	bool is_due = *ret_changed || app->push.is_explicit || app->push.is_adoption;
	if (!is_due)
		r = is_host_behind(app, &is_due, err);
	if (r < 0 || !is_due)
		return r;
	r = push_prepare(&app->ctx, app->store, &app->push, app->opt.is_dry_run, ret_push,
	                 &why, err);
	/* what an administrator should know of a host that he looks at */
	const struct plan *plan = r >= 0 && *ret_push ? push_plan(*ret_push) : NULL;
	for (size_t i = 0; plan && !app->opt.is_dry_run && i < plan->notes; i++)
		app_say(app, app->push.is_explicit ? REPORT_NOTE : REPORT_VERBOSE, "%s",
		        plan->note[i]);
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
		r = push_switch(push, err);
		signals_release();
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
		r = push_lock(&app->ctx, &target_lock, err);
		if (r >= 0)
			r = push_recover(&app->ctx, app->push.force, err);
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
	for (; r >= 0 && app->message_count; app->message_count--)
		free(app->message[app->message_count - 1].text);
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
		int r = backend_hostname(&app->ctx, app->store, &hostname, err);
		if (r >= 0)
			r = env_load(&app->ctx, app->store, hostname, &app->env, err);
		if (r < 0)
			return r;
		app->has_env = true;
	}
	*ret_env = &app->env;
	return 0;
}
