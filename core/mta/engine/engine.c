/*
 * core/mta/engine/engine.c: prepare and switch.
 *
 * Invariants: nothing that is in force changes before the journal is on stable storage with all
 * that undo needs; a rank's folders are synced before the next rank begins, so that after a power
 * cut no later rank is on the disk without the earlier ones; whatever fails, the undo is the same
 * code that recovers from a crash.
 */
#include "core/mta/engine/engine.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/mta/check/port_taken.h"
#include "core/mta/check/service_log.h"
#include "core/mta/engine/folders.h"
#include "core/mta/engine/recover.h"
#include "core/mta/host/service.h"
#include "core/mta/plan/step.h"

#define MANY_FILES 32 /* from here on staged files are synced together */

static void forget_staged(struct engine *engine, bool remove)
{
	for (size_t i = 0; engine->staged && i < engine->plan->count; i++) {
		if (remove && engine->staged[i])
			file_unstage(engine->ctx,
			             &(struct staged_file){ .temp = engine->staged[i] });
		free(engine->staged[i]);
	}
	free(engine->staged);
	engine->staged = NULL;
}

void engine_done(struct engine *engine)
{
	forget_staged(engine, false);
	free(engine->reload);
	*engine = (struct engine){ 0 };
}

/* ---- prepare ---------------------------------------------------------------------------------- */

static int journal_plan(struct engine *e, struct generation gen, struct err *err)
{
	const struct journal_head head = { .kind = e->kind,
		                           .result_of = e->result_of,
		                           .gen = gen,
		                           .reload = e->reload };
	int64_t id = 0;
	int rc = store_begin(e->target, true, err);

	if (rc)
		return rc;
	rc = journal_begin(e->target, e->ctx, &head, &id, err);
	for (size_t i = 0; i < e->plan->count && !rc; i++)
		rc = journal_step(e->target, id, (int64_t)i, &e->plan->step[i], err);
	if (!rc)
		rc = store_commit(e->target, err);
	if (rc)
		store_rollback(e->target);
	else
		e->push_id = id;
	return rc;
}

static bool has_content(const struct step *step)
{
	return step->kind == STEP_FILE && step->is_present;
}

static int stage_kind(struct engine *e, enum step_kind kind, bool sync, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < e->plan->count && !rc; i++) {
		const struct step *step = &e->plan->step[i];

		if (step->kind == kind && step_types[kind]->stage)
			rc = step_types[kind]->stage(e->ctx, step, &e->plan->key_source,
			                             sync, &e->staged[i], err);
		if (!rc && kind == STEP_FILE && signals_is_cancelled())
			rc = err_set(err, ERR_CANCELLED,
			             _("interrupted: nothing was changed"));
	}
	return rc;
}

/* The content of very many staged files, by one syncfs for each file system. */
static int sync_staged(struct engine *e, struct err *err)
{
	struct folders folders = { 0 };
	int rc;

	for (size_t i = 0; i < e->plan->count; i++)
		if (has_content(&e->plan->step[i]))
			folders_add_parent(&folders, e->plan->step[i].object);
	rc = folders_sync_systems(e->ctx, &folders, err);
	folders_done(&folders);
	return rc;
}

static int stage(struct engine *e, struct err *err)
{
	size_t files = 0;
	int rc;

	for (size_t i = 0; i < e->plan->count; i++)
		files += has_content(&e->plan->step[i]);
	e->staged = xcalloc(e->plan->count + 1, sizeof(*e->staged));
	rc = stage_kind(e, STEP_MKDIR, true, err);
	if (!rc)
		rc = stage_kind(e, STEP_FILE, files <= MANY_FILES, err);
	if (!rc && files > MANY_FILES)
		rc = sync_staged(e, err);
	return rc;
}

int engine_prepare(struct engine *engine, struct generation gen, struct err *err)
{
	int rc = journal_plan(engine, gen, err);

	if (rc)
		return rc;
	rc = stage(engine, err);
	if (rc)
		engine_abandon(engine, err->text);
	return rc;
}

void engine_abandon(struct engine *engine, const char *why)
{
	struct journal journal = { .id = engine->push_id,
		                   .state = PUSH_PREPARED,
		                   .rank = -1 };
	struct err err = ERR_INIT;
	size_t drifted;

	if (!engine->push_id)
		return;
	forget_staged(engine, true);
	if (recover_undo(engine->ctx, engine->target, &journal, why, false, &drifted,
	                 &err))
		ctx_report(engine->ctx, REPORT_WARNING, "%s", err.text);
	engine->push_id = 0;
}

/* ---- switch ----------------------------------------------------------------------------------- */

struct rank_state {
	bool is_reloaded; /* mta.reload ran */
	bool is_stopped;  /* a service does not run: nothing would answer a probe */
};

static bool needs_running(const struct step *step)
{
	return step->action == SERVICE_RELOAD || step->action == SERVICE_RESTART;
}

/* One command for all services of the rank.  It may be unable to start one; nobody here can see. */
static int apply_by_reload(struct engine *e, struct rank_state *state,
                           enum step_rank rank, struct err *err)
{
	auto_buf actions = BUF_INIT;

	if (state->is_reloaded)
		return 0;
	state->is_reloaded = true;
	for (size_t i = 0; i < e->plan->count; i++) {
		const struct step *step = &e->plan->step[i];

		if (step->kind != STEP_SERVICE || step->rank != rank)
			continue;
		recover_add_action(&actions, step->action, step->object);
		if (!needs_running(step))
			ctx_report(e->ctx, REPORT_NOTE,
			           _("mta.reload is set, so its command must do this: "
			             "%s %s"),
			           service_action_name(step->action), step->object);
	}
	return recover_run_reload(e->ctx, e->reload, buf_text(&actions), err);
}

static int apply_service(struct engine *e, struct rank_state *state,
                         const struct step *step, struct err *err)
{
	if (e->reload)
		return apply_by_reload(e, state, step->rank, err);
	if (needs_running(step) && !service_is_running(e->ctx, step->object)) {
		ctx_report(e->ctx, REPORT_NOTE,
		           _("%s is not running: it reads its new configuration when "
		             "it starts"),
		           step->object);
		state->is_stopped = true;
		return 0;
	}
	return step_types[step->kind]->apply(e->ctx, step, NULL, err);
}

static int apply_action(struct engine *e, struct rank_state *state,
                        const struct step *step, struct err *err)
{
	if (e->ctx->is_rooted) {
		if (step->kind == STEP_SERVICE)
			ctx_report(e->ctx, REPORT_NOTE, _("skipped under --root: %s %s"),
			           service_action_name(step->action), step->object);
		else
			ctx_report(e->ctx, REPORT_NOTE,
			           _("skipped under --root: probe of %s"), step->object);
		return 0;
	}
	if (step->kind == STEP_SERVICE)
		return apply_service(e, state, step, err);
	if (state->is_stopped)
		return 0;
	return step_types[step->kind]->apply(e->ctx, step, NULL, err);
}

static int apply_actions(struct engine *e, int rank, enum step_kind kind,
                         struct rank_state *state, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < e->plan->count && !rc; i++) {
		const struct step *step = &e->plan->step[i];

		if ((int)step->rank == rank && step->kind == kind)
			rc = apply_action(e, state, step, err);
	}
	return rc;
}

static int apply_tree(struct engine *e, int rank, struct err *err)
{
	struct folders folders = { 0 };
	int rc = 0;

	for (size_t i = 0; i < e->plan->count && !rc; i++) {
		const struct step *step = &e->plan->step[i];

		if ((int)step->rank != rank ||
		    (step->kind != STEP_FILE && step->kind != STEP_MKDIR))
			continue;
		folders_add_parent(&folders, step->object);
		rc = step_types[step->kind]->apply(e->ctx, step, e->staged[i], err);
	}
	if (!rc)
		rc = folders_sync(e->ctx, &folders, err);
	folders_done(&folders);
	return rc;
}

static bool has_rank(const struct plan *plan, int rank)
{
	for (size_t i = 0; i < plan->count; i++)
		if ((int)plan->step[i].rank == rank)
			return true;
	return false;
}

/* Before any rank: what an earlier one breaks must not pass for what always was so. */
static void note_before(struct engine *e)
{
	for (size_t i = 0; i < e->plan->count && !e->ctx->is_rooted; i++)
		if (step_types[e->plan->step[i].kind]->before)
			step_types[e->plan->step[i].kind]->before(e->ctx,
			                                          &e->plan->step[i]);
}

/* What the services wrote to their log: the reason of a failure, or a failure that nothing else
 * showed. */
static int read_log(struct engine *e, const struct service_log *log, int rc,
                    struct err *err)
{
	auto_free char *line = service_log_failure(e->ctx, log);
	struct err failure = *err;

	if (line && rc)
		return err_set(err, (enum err_code)failure.code,
		               _("%s (from the log: %s)"), failure.text, line);
	return line ? err_set(err, ERR_FAILED, _("mail server log: %s"), line) : rc;
}

/* A filter that did not start, or does not answer: another program may have its port. */
static int explain(struct engine *e, int rc, struct err *err)
{
	auto_free char *why = rc && !e->ctx->is_rooted && !e->reload
	                              ? port_taken(e->ctx, e->plan)
	                              : NULL;
	const struct err failure = *err;

	return why ? err_set(err, (enum err_code)failure.code, "%s: %s", failure.text,
	                     why)
	           : rc;
}

static int apply_services(struct engine *e, int rank, struct err *err)
{
	struct rank_state state = { 0 };
	struct service_log *log =
		e->ctx->is_rooted ? NULL : service_log_mark(e->ctx, e->plan, rank);
	int rc = apply_actions(e, rank, STEP_SERVICE, &state, err);

	if (!rc)
		rc = apply_actions(e, rank, STEP_PROBE, &state, err);
	rc = explain(e, rc, err);
	if (log)
		rc = read_log(e, log, rc, err);
	service_log_free(log);
	return rc;
}

static int switch_rank(struct engine *e, int rank, struct err *err)
{
	int rc = journal_move(e->target, e->push_id, PUSH_SWITCHING, rank, NULL, err);

	if (!rc)
		rc = apply_tree(e, rank, err);
	return rc ? rc : apply_services(e, rank, err);
}

static int end_push(struct engine *e, int (*note_done)(void *, int64_t, struct err *),
                    void *arg, struct err *err)
{
	int rc = store_begin(e->target, true, err);

	if (rc)
		return rc;
	rc = note_done(arg, e->push_id, err);
	if (!rc)
		rc = journal_move(e->target, e->push_id, PUSH_ENDING, -1, NULL, err);
	if (!rc)
		rc = store_commit(e->target, err);
	if (rc)
		store_rollback(e->target);
	return rc;
}

/* `err` says what failed; afterwards also what is in force. */
static void undo_switch(struct engine *e, int rank, struct err *err)
{
	struct journal journal = { .id = e->push_id,
		                   .state = PUSH_SWITCHING,
		                   .rank = rank,
		                   .reload = e->reload };
	struct err undo_err = ERR_INIT, failure = *err;
	size_t drifted = 0;

	if (recover_undo(e->ctx, e->target, &journal, failure.text, false, &drifted,
	                 &undo_err))
		(void)err_set(
			err, (enum err_code)failure.code,
			_("%s; the old configuration could not be restored completely: "
		          "%s; the next run tries again"),
			failure.text, undo_err.text);
	else if (drifted)
		(void)err_set(err, (enum err_code)failure.code,
		              _("%s; the old configuration is in force again, except "
		                "for files that were changed outside mailauthctl"),
		              failure.text);
	else
		(void)err_set(err, (enum err_code)failure.code,
		              _("%s; the mail server's old configuration is in force"),
		              failure.text);
}

int engine_switch(struct engine *engine, int (*note_done)(void *, int64_t, struct err *),
                  void *arg, struct err *err)
{
	struct err later = ERR_INIT;
	int rank, rc = 0;

	note_before(engine);
	for (rank = 0; rank < RANK_COUNT && !rc; rank++)
		if (has_rank(engine->plan, rank))
			rc = switch_rank(engine, rank, err);
	if (!rc)
		rc = end_push(engine, note_done, arg, err);
	if (rc) {
		undo_switch(engine, rank - 1, err);
		return err->code;
	}
	/* In force from here on: what fails now is left to the next run. */
	if (recover_finish(engine->ctx, engine->target, engine->push_id, &later) ||
	    journal_prune(engine->target, &later))
		ctx_report(engine->ctx, REPORT_WARNING,
		           _("the new configuration is in force; the next run cleans "
		             "up: %s"),
		           later.text);
	return 0;
}
