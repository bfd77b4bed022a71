/*
 * core/mta/engine/engine.c: prepare and switch.
 *
 * Invariants: nothing in use changes before the journal is on stable storage with all data that
 * undo requires; a rank's folders are synced before the next rank begins, so that after a power
 * failure no later rank is on the disk without the earlier ones; every failure is undone by the
 * code that recovers from a crash.
 */
#include "core/mta/engine/engine.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/mta/check/port_taken.h"
#include "core/mta/check/service_log.h"
#include "core/mta/engine/folders.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/recover.h"
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

static struct step_run run_of(const struct engine *e)
{
	return (struct step_run){ .ctx = e->ctx,
		                  .target = e->target,
		                  .reload = e->reload,
		                  .keys = e->plan->key_source,
		                  .plan = e->plan };
}

/* Folders, or the other steps. */
static int stage_steps(struct engine *e, bool containers, bool sync, struct err *err)
{
	const struct step_run run = run_of(e);
	int rc = 0;

	for (size_t i = 0; i < e->plan->count && !rc; i++) {
		const struct step *step = &e->plan->step[i];
		const struct step_type *type = step_types[step->kind];

		if (!type->stage || type->is_container != containers)
			continue;
		rc = type->stage(&run, step, sync, &e->staged[i], err);
		if (!rc && !containers && signals_is_cancelled())
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
		if (e->staged[i])
			folders_add_parent(&folders, e->plan->step[i].object);
	rc = folders_sync_systems(e->ctx, &folders, err);
	folders_done(&folders);
	return rc;
}

static int stage(struct engine *e, struct err *err)
{
	size_t files = 0;
	int rc;

	for (size_t i = 0; i < e->plan->count; i++) {
		const struct step *step = &e->plan->step[i];
		const struct step_type *type = step_types[step->kind];

		files += type->stage && !type->is_container && step->is_present;
	}
	e->staged = xcalloc(e->plan->count + 1, sizeof(*e->staged));
	rc = stage_steps(e, true, true, err);
	if (!rc)
		rc = stage_steps(e, false, files <= MANY_FILES, err);
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
	struct step_run run;
	struct err err = ERR_INIT;
	size_t drifted;

	if (!engine->push_id)
		return;
	run = run_of(engine);
	forget_staged(engine, true);
	if (recover_undo(&run, &journal, why, &drifted, &err))
		ctx_report(engine->ctx, REPORT_WARNING, "%s", err.text);
	engine->push_id = 0;
}

/* ---- switch ----------------------------------------------------------------------------------- */

static int apply_phase(struct engine *e, struct step_run *run, int rank,
                       enum step_phase phase, struct err *err)
{
	struct folders folders = { 0 };
	int rc = 0;

	for (size_t i = 0; i < e->plan->count && !rc; i++) {
		const struct step *step = &e->plan->step[i];
		const struct step_type *type = step_types[step->kind];

		if ((int)step->rank != rank || type->phase != phase)
			continue;
		if (type->is_in_tree)
			folders_add_parent(&folders, step->object);
		rc = type->apply(run, step, e->staged[i], err);
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

/* Before any rank: a fault that an earlier rank causes must not be treated as an old one. */
static void note_before(struct engine *e)
{
	for (size_t i = 0; i < e->plan->count && !e->ctx->is_rooted; i++)
		if (step_types[e->plan->step[i].kind]->before)
			step_types[e->plan->step[i].kind]->before(e->ctx,
			                                          &e->plan->step[i]);
}

/* What the services wrote to their log: the reason of a failure, or a failure that no probe showed.
 */
static int read_log(struct engine *e, const struct service_log *log, int rc,
                    struct err *err)
{
	auto_free char *line = service_log_failure(e->ctx, log);
	struct err failure = *err;

	if (line && rc) {
		(void)err_set(err, (enum err_code)failure.code,
		              _("%s (from the log: %s)"), failure.text, line);
		return err_set_remedy(err, "%s", failure.remedy);
	}
	return line ? err_set(err, ERR_FAILED, _("mail server log: %s"), line) : rc;
}

/* A filter did not start, or does not answer: another program may use its port. */
static int explain(struct engine *e, int rc, struct err *err)
{
	auto_free char *why = rc && !e->ctx->is_rooted && !e->reload
	                              ? port_taken(e->ctx, e->plan)
	                              : NULL;
	const struct err failure = *err;

	if (!why)
		return rc;
	(void)err_set(err, (enum err_code)failure.code, "%s: %s", failure.text, why);
	return err_set_remedy(err, "%s", failure.remedy);
}

/* The rest of a rank after its files were switched: tell services, probe. */
static int apply_actions(struct engine *e, struct step_run *run, int rank,
                         struct err *err)
{
	struct service_log *log =
		e->ctx->is_rooted ? NULL : service_log_mark(e->ctx, e->plan, rank);
	int rc = apply_phase(e, run, rank, PHASE_TELL, err);

	if (!rc)
		rc = apply_phase(e, run, rank, PHASE_PROBE, err);
	rc = explain(e, rc, err);
	if (log)
		rc = read_log(e, log, rc, err);
	service_log_free(log);
	return rc;
}

/* Consumers were told; one that did not receive it still uses the objects that are removed now. */
static void await_consumers(struct engine *e)
{
	int64_t deadline = monotonic_ns() + SERVICE_LEFT_NS;

	for (size_t i = 0; i < e->plan->count; i++) {
		const struct step *step = &e->plan->step[i];

		if (step->rank == RANK_CONSUMERS && step_types[step->kind]->await_left)
			step_types[step->kind]->await_left(e->ctx, step->object,
			                                   deadline);
	}
}

static int switch_rank(struct engine *e, int rank, struct err *err)
{
	struct step_run run = run_of(e);
	if (rank == RANK_LEFTOVERS)
		await_consumers(e);
	int rc = journal_move(e->target, e->push_id, PUSH_SWITCHING, rank, NULL, err);

	if (!rc)
		rc = apply_phase(e, &run, rank, PHASE_SWITCH, err);
	return rc ? rc : apply_actions(e, &run, rank, err);
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

/* `err` is the failure; afterwards it also says which state is in use, and its remedy is the same. */
static void undo_switch(struct engine *e, int rank, struct err *err)
{
	struct journal journal = { .id = e->push_id,
		                   .state = PUSH_SWITCHING,
		                   .rank = rank,
		                   .reload = e->reload };
	struct step_run run = run_of(e);
	struct err undo_err = ERR_INIT, failure = *err;
	size_t drifted = 0;

	if (recover_undo(&run, &journal, failure.text, &drifted, &undo_err))
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
	(void)err_set_remedy(err, "%s", failure.remedy);
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
	/* The push is in use from here on: a later failure is left to the next run. */
	if (recover_finish(engine->ctx, engine->target, engine->push_id, &later) ||
	    journal_prune(engine->target, &later))
		ctx_report(engine->ctx, REPORT_WARNING,
		           _("the new configuration is in force; the next run cleans "
		             "up: %s"),
		           later.text);
	return 0;
}
