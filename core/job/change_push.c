/*
 * A change: locks in the order target, store; one transaction with its audit rows.  The push is
 * prepared inside the transaction and switched after its commit.
 */
#include "core/job/change_push.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/model/domain/access.h"
#include "core/model/setting/setting.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/push_observe.h"
#include "core/store/change.h"
#include "core/store/schema.h"

/* How often, at most, a server is observed before the database is locked. */
enum { OBSERVED_EARLY = 3 };

/* For a customer, instead of a push's message (session_hide_failure()). */
static const char not_saved[] =
	N_("not saved: the mail server could not be prepared for the change; the "
           "system log gives the reason to the administrator");
static const char not_in_use[] =
	N_("saved, but the mail server does not use it yet; the system log gives the "
           "reason to the administrator");

static int open_to_write(struct session *session, struct err *err)
{
	store_close(session->store);
	session->store = NULL;
	if (session->is_dry_run) {
		int r = session_open_to_read(session, err);
		if (r < 0 || session->store)
			return r;
		return store_open_memory(&schema_store, &session->store, err);
	}
	/* a customer's domain is in an existing database */
	enum store_mode mode = session_is_customer(session) ? STORE_WRITE : STORE_CREATE;
	int r = store_open(session->db_path, &schema_store, mode, &session->store, err);
	return session_hide_failure(session, r, session_not_open, err);
}

/* ---- a change -------------------------------------------------------------------------------- */

static bool is_pushed(const struct session *session, enum change_way way)
{
	/* the plan of a push names the domains of others */
	bool is_shown_to_customer = session->is_dry_run && session_is_customer(session);
	return way == CHANGE_PUSHED && !session->is_push_off && !is_shown_to_customer;
}

/* Whether an earlier change did not reach the host: its push was interrupted or undone, or it was
 * made with --no-push. */
static int is_host_behind(struct session *session, bool *ret_is_behind, struct err *err)
{
	struct target_state state = { 0 };
	struct generation now = { 0, 0 };
	int r = push_state(&session->ctx, session->store, &state, err);
	if (r >= 0)
		r = generation_now(session->store, &now, err);
	if (r >= 0)
		*ret_is_behind = state.is_ours && !state.is_paused &&
		                 (state.gen.id != now.id || state.gen.token != now.token);
	target_state_done(&state);
	return r;
}

static int prepare_push(struct session *session, bool is_changed,
                        const struct push_observation *observation,
                        struct push **ret_push, struct plan *news, const char **ret_why,
                        struct err *err)
{
	/* `mta push` and `mta adopt` push without a change of the store */
	bool is_due =
		is_changed || session->push.is_explicit || session->push.is_adoption;
	int r = is_due ? 0 : is_host_behind(session, &is_due, err);
	if (r >= 0 && is_due) {
		struct push_options options = session->push;
		options.news = news;
		r = push_prepare(&session->ctx, session->store, &options, observation,
		                 session->is_dry_run, ret_push, ret_why, err);
	}
	return r;
}

/* Adoption, rollback and removal print all facts about the host. */
static bool is_overview(const struct push_options *options)
{
	return options->is_adoption || options->is_rollback || options->remove;
}

/* Facts about the host for an administrator: each once, when it is new. */
static void say_notes(struct session *session, struct push *push)
{
	const struct plan *plan = push_plan(push);
	bool shows_all = is_overview(&session->push);
	for (size_t i = 0; i < plan->notes; i++) {
		const struct plan_note *note = &plan->note[i];
		bool is_old = session->are_notes_shown ||
		              session_has_said(session, note->text) ||
		              (!shows_all && push_is_told(push, i));
		/* the command itself has reported what is missing */
		bool is_elsewhere = note->is_lack && !session->push.is_explicit;
		ctx_report(&session->ctx,
		           is_old || is_elsewhere ? REPORT_VERBOSE
		           : note->remedy         ? REPORT_WARNING
		                                  : REPORT_NOTE,
		           "%s", note->text);
		if (!is_elsewhere && (note->remedy || !session->is_quiet))
			push_set_told(push, i);
	}
}

/* The same where nothing has to be pushed. */
static void say_news(struct session *session, const struct plan *news)
{
	for (size_t i = 0; i < news->notes; i++) {
		const struct plan_note *note = &news->note[i];
		ctx_report(&session->ctx,
		           session_has_said(session, note->text) ? REPORT_VERBOSE
		           : note->remedy                        ? REPORT_WARNING
		                                                 : REPORT_NOTE,
		           "%s", note->text);
	}
}

/* A change was saved but is not pushed; a rollback saves none. */
static void report_why(struct session *session, const char *why)
{
	if (session->push.is_rollback)
		ctx_report(&session->ctx, REPORT_NOTE, "%s", why);
	else
		ctx_report(&session->ctx, REPORT_NOTE, _("saved; %s"), why);
	session->is_push_reported = true;
}

/* Inside the transaction: the handler, its audit rows, the rules, and the preparation of the push.
 */
static int run_body(struct session *session, enum change_way way, change_body *body,
                    void *arg, const struct push_observation *observation,
                    bool *ret_changed, struct push **ret_push, struct err *err)
{
	const char *why = NULL;
	auto_plan news = PLAN_INIT;
	int r = change_begin(session->store, &session->ctx, session->ctx.command, err);
	if (r >= 0)
		r = body(session, arg, err);
	if (r >= 0 && session_is_customer(session) && !session->hidden)
		r = access_check_change(session->store, session->customer, err);
	if (r >= 0 && session_is_customer(session) && !session->hidden)
		r = change_check_room(session->store, &session->ctx, err);
	if (r >= 0)
		r = setting_check_rules(session->store, err);
	if (r >= 0)
		r = change_end(session->store, ret_changed, err);
	if (r < 0 || !is_pushed(session, way))
		return r;
	session->hidden++;
	r = prepare_push(session, *ret_changed, observation, ret_push, &news, &why, err);
	session->hidden--;
	r = session_hide_failure(session, r, not_saved, err);
	session->push_why = session->is_dry_run ? why : NULL;
	if (session_is_customer(session))
		return r;
	if (r >= 0 && *ret_push && !session->is_dry_run)
		say_notes(session, *ret_push);
	if (r >= 0)
		say_news(session, &news);
	if (r >= 0 && why && !session->is_push_reported && !session->is_dry_run)
		report_why(session, why);
	return r;
}

/* A failed first change removes the database that it created.  Under the store lock. */
static void forget_new_store(struct session *session)
{
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	store_close(session->store);
	session->store = NULL;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		auto_free char *path = xasprintf("%s%s", session->db_path, suffixes[i]);
		unlink(path);
	}
}

/* The state of the server, read without a lock of the database.  A database that does not exist is
 * not read. */
static int observe(struct session *session, struct push_observation **ret_observation,
                   struct err *err)
{
	auto_store store = NULL;
	int r = store_open(session->db_path, &schema_store, STORE_READ, &store, err);
	/* opening it for writing will create it, migrate it, or report the failure */
	if (r < 0) {
		err_clear(err);
		return 0;
	}
	session->hidden++;
	r = push_observe(&session->ctx, store, &session->push, ret_observation, err);
	session->hidden--;
	return session_hide_failure(session, r, not_saved, err);
}

/* After the commit: the push (NULL: nothing has to be done), and what the server made itself. */
static int carry_out(struct session *session, struct push *push, bool is_changed,
                     struct err *err)
{
	int r = 0;
	signals_hold();
	session->hidden++;
	if (push)
		r = push_switch(push, err);
	if (r >= 0)
		r = push_learn(&session->ctx, session->store, err);
	session->hidden--;
	r = session_hide_failure(session, r, not_in_use, err);
	signals_release();
	/* an export says it itself, and a customer got another sentence */
	if (r < 0 && is_changed && !session->hidden && !session_is_customer(session))
		err_prefix(err, _("the change is saved, but its push failed"));
	session->begins_to_refuse |=
		r >= 0 && push && policyd_conf_begins_to_refuse(push_plan(push));
	push_free(push);
	return r;
}

/* *store_lock is released at the commit, because a push may take long.  `observation` NULL: none
 * was made; if it is out of date, *ret_is_late is set and nothing is done. */
static int change_locked(struct session *session, enum change_way way, change_body *body,
                         void *arg, const struct push_observation *observation,
                         struct lock **store_lock, bool *ret_is_late, struct err *err)
{
	struct push *push = NULL;
	bool is_changed = false;
	bool is_new = access(session->db_path, F_OK) < 0;
	int r = open_to_write(session, err);
	if (r >= 0)
		r = store_begin(session->store, true, err);
	if (r < 0)
		return r;
	bool is_current = true;
	if (observation)
		r = push_is_current(observation, session->store, &is_current, err);
	if (r < 0 || !is_current) {
		store_rollback(session->store);
		*ret_is_late = !is_current;
		return r;
	}
	session->is_changing = true;
	r = run_body(session, way, body, arg, observation, &is_changed, &push, err);
	if (r >= 0 && session->is_dry_run && !session->is_preview_off &&
	    session->observer.preview)
		r = session->observer.preview(session->observer.arg, is_changed, push,
		                              err);
	if (r < 0 || session->is_dry_run) {
		store_rollback(session->store);
		push_abandon(push);
		session_release_messages(session, r >= 0);
		if (is_new && !session->is_dry_run)
			forget_new_store(session);
		return r;
	}
	r = store_commit(session->store, err);
	if (r < 0) {
		store_rollback(session->store);
		push_abandon(push);
		session_release_messages(session, false);
		return r;
	}
	lock_free(*store_lock);
	*store_lock = NULL;
	session_release_messages(session, true);
	if (push ||
	    (is_pushed(session, way) && (is_changed || session->push.is_explicit)))
		r = carry_out(session, push, is_changed, err);
	return r;
}

int change_push_run(struct session *session, enum change_way way, change_body *body,
                    void *arg, struct err *err)
{
	auto_lock target_lock = NULL;
	auto_lock store_lock = NULL;
	int r = 0;
	if (is_pushed(session, way) && !session->is_dry_run) {
		session->hidden++;
		r = push_lock(&session->ctx, &target_lock, err);
		if (r >= 0)
			r = push_recover(&session->ctx, session->db_path,
			                 session->push.force, err);
		session->hidden--;
		r = session_hide_failure(session, r, not_saved, err);
	}
	bool is_late = r >= 0;
	for (int round = 0; r >= 0 && is_late; round++) {
		struct push_observation *observation = NULL;
		is_late = false;
		/* finally it is observed while the database is locked */
		if (is_pushed(session, way) && round < OBSERVED_EARLY)
			r = observe(session, &observation, err);
		if (r >= 0)
			r = session_lock_beside_store(session, ".lock", _("the database"),
			                              &store_lock, err);
		if (r >= 0)
			r = change_locked(session, way, body, arg, observation,
			                  &store_lock, &is_late, err);
		push_observation_free(observation);
		if (is_late) {
			lock_free(store_lock);
			store_lock = NULL;
		}
	}
	return r < 0 ? r : 0;
}

struct trial {
	change_body *body;
	void *arg;
};

static int run_trial(struct session *session, void *arg, struct err *err)
{
	const struct trial *trial = arg;
	int r = trial->body(session, trial->arg, err);
	if (r >= 0)
		session_forget_messages(session);
	return r;
}

int change_push_try(struct session *session, change_body *body, void *arg,
                    struct err *err)
{
	struct trial trial = { body, arg };
	bool was_dry_run = session->is_dry_run;
	session->is_dry_run = session->is_preview_off = true;
	int r = change_push_run(session, CHANGE_SAVED, run_trial, &trial, err);
	session->is_dry_run = was_dry_run;
	session->is_preview_off = false;
	return r;
}
