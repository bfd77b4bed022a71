/*
 * core/mta/engine/recover.c: undo, at once and after a crash.
 *
 * Ranks are undone downwards: consumers stop using a provider before it is removed.  Within a rank,
 * and within providers and their tables together, files come first, their folders are synced, then
 * the services are told, then probes force lazy reloads.  Every step is idempotent, so after a
 * crash in here the same is done again.
 *
 * A failure of the journal does not stop an undo: the files are more important, and the push then
 * remains open.
 */
#include "core/mta/engine/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/engine/folders.h"
#include "core/mta/engine/journal.h"
#include "core/mta/plan/step.h"

struct undoing {
	struct step_run run;
	const struct journal *journal;
	enum step_phase phase;
	struct folders folders;
	size_t drifted;
	bool failed; /* an object cannot be restored: objects below it are not changed */
	struct err failure;
};

/* The old files are restored: a service reads them at its next start at the latest. */
static void undo_action(struct undoing *u, const struct step_row *row)
{
	struct err err = ERR_INIT;
	enum undo_result result;

	if (!u->run.ctx->is_rooted &&
	    step_types[row->kind]->undo(&u->run, row, &result, &err))
		ctx_report(u->run.ctx, REPORT_WARNING, _("while restoring: %s"),
		           err.text);
}

static void undo_switch(struct undoing *u, const struct step_row *row)
{
	struct err err = ERR_INIT;
	enum undo_result result = UNDO_NOTHING;

	if (step_types[row->kind]->undo(&u->run, row, &result, &err) ||
	    result == UNDO_UNREACHABLE) {
		u->failed = true;
		u->failure = err;
		return;
	}
	if (result == UNDO_DRIFT) {
		u->drifted++;
		ctx_report(u->run.ctx, REPORT_WARNING, "%s", err.text);
	}
	/* Even if nothing had to be done: a crash may have come before the sync. */
	if (step_types[row->kind]->is_in_tree)
		folders_add_parent(&u->folders, row->object);
}

static void undo_row(struct undoing *u, const struct step_row *row)
{
	const struct step_type *type = step_types[row->kind];
	bool was_begun =
		u->journal->state != PUSH_PREPARED && (int)row->rank <= u->journal->rank;

	/* later steps refer to earlier ones, which must be restored, or removed, first */
	if (u->failed || type->phase != u->phase)
		return;
	if (u->phase == PHASE_SWITCH) {
		if (was_begun || type->is_container)
			undo_switch(u, row);
	} else if (was_begun) {
		undo_action(u, row);
	}
}

static int undo_rank(struct undoing *u, int rank, struct err *err)
{
	auto_stmt steps = NULL;
	struct step_row row;
	int rc = journal_steps(u->run.target, u->journal->id, rank, true, &steps, err);

	while (!rc && (rc = journal_next(u->run.target, steps, &row, err)) == 1) {
		undo_row(u, &row);
		rc = 0;
	}
	return rc;
}

/* Consumers were told; one that did not receive it still uses the objects that are removed now. */
static int await_left(const struct undoing *u, struct err *err)
{
	auto_stmt steps = NULL;
	struct step_row row;
	int64_t deadline = monotonic_ns() + SERVICE_LEFT_NS;
	int rc = journal_steps(u->run.target, u->journal->id, RANK_CONSUMERS, true,
	                       &steps, err);

	while (!rc && (rc = journal_next(u->run.target, steps, &row, err)) == 1) {
		rc = 0;
		if (step_types[row.kind]->await_left && (int)row.rank <= u->journal->rank)
			step_types[row.kind]->await_left(u->run.ctx, row.object,
			                                 deadline);
	}
	return rc;
}

/* Ranks that are undone together: from the first one of a row down to the last. */
static const struct {
	enum step_rank from, to;
} undo_groups[] = {
	{ RANK_LEFTOVERS, RANK_LEFTOVERS },
	{ RANK_CONSUMERS, RANK_CONSUMERS },
	/* a filter that is told reads its tables too: the old ones must be restored by then, and
	 * the keys that it uses must still exist */
	{ RANK_PROVIDERS, RANK_TABLES },
	{ RANK_DATA, RANK_DATA },
};

static int undo_group(struct undoing *u, int from, int to, struct err *err)
{
	int rc = 0;

	for (enum step_phase phase = 0; phase < PHASE_COUNT && !rc; phase++) {
		u->phase = phase;
		for (int rank = from; rank >= to && !rc; rank--)
			rc = undo_rank(u, rank, err);
		if (!rc && phase == PHASE_SWITCH) {
			rc = folders_sync(u->run.ctx, &u->folders, err);
			folders_done(&u->folders);
		}
	}
	u->run.is_reloaded = u->run.is_stopped = false;
	return rc;
}

/* ---- staged files ----------------------------------------------------------------------------- */

struct temps {
	struct ctx *ctx;
	struct folders folders;
	const char *folder; /* the one that is being listed */
};

static int remove_temp(void *arg, const char *name, struct err *err)
{
	struct temps *temps = arg;
	auto_free char *path = NULL;

	if (name[0] != '.' || !strstr(name, ".mailauthctl-"))
		return 0;
	path = path_join(temps->folder, name);
	return file_remove(temps->ctx, path, err);
}

static int remove_temps(struct ctx *ctx, struct store *target, int64_t push_id,
                        struct err *err)
{
	struct temps temps = { .ctx = ctx };
	auto_stmt steps = NULL;
	struct step_row row;
	int rc = journal_steps(target, push_id, -1, false, &steps, err);

	while (!rc && (rc = journal_next(target, steps, &row, err)) == 1) {
		const struct step_type *type = step_types[row.kind];

		rc = 0;
		if (type->is_in_tree && !type->is_container)
			folders_add_parent(&temps.folders, row.object);
	}
	folders_sort(&temps.folders);
	for (size_t i = 0; i < temps.folders.paths.count && !rc; i++) {
		temps.folder = temps.folders.paths.name[i];
		rc = file_list(ctx, temps.folder, remove_temp, &temps, err);
	}
	folders_done(&temps.folders);
	return rc;
}

static int end_rows(struct ctx *ctx, struct store *target, int64_t push_id,
                    struct err *err)
{
	auto_stmt steps = NULL;
	struct step_row row;
	int rc = journal_steps(target, push_id, -1, false, &steps, err);

	while (!rc && (rc = journal_next(target, steps, &row, err)) == 1) {
		const struct step_type *type = step_types[row.kind];

		rc = type->undone ? type->undone(ctx, &row, err) : 0;
	}
	return rc;
}

/* ---- the whole -------------------------------------------------------------------------------- */

int recover_undo(const struct step_run *run, const struct journal *journal,
                 const char *why, size_t *ret_drifted, struct err *err)
{
	struct ctx *ctx = run->ctx;
	struct store *target = run->target;
	struct undoing u = {
		.run = { .ctx = ctx,
		         .target = target,
		         .reload = journal->reload,
		         .keys = run->keys,
		         .force = run->force },
		.journal = journal,
	};
	struct err ignored = ERR_INIT;
	int rc = 0;

	if (journal->state == PUSH_SWITCHING &&
	    journal_move(target, journal->id, PUSH_UNDOING, -1, why, &ignored))
		err_clear(&ignored); /* "switching" makes the next run do the same */
	rc = remove_temps(ctx, target, journal->id, err);
	for (size_t i = 0; i < ARRAY_LEN(undo_groups) && !rc; i++) {
		rc = undo_group(&u, undo_groups[i].from, undo_groups[i].to, err);
		if (!rc && undo_groups[i].to == RANK_CONSUMERS)
			rc = await_left(&u, err);
	}
	folders_done(&u.folders);
	if (!rc && u.failed) {
		*err = u.failure;
		rc = err->code;
	}
	if (!rc)
		rc = end_rows(ctx, target, journal->id, err);
	if (!rc)
		rc = journal_move(target, journal->id, PUSH_UNDONE, -1, why, err);
	if (!rc)
		*ret_drifted = u.drifted;
	return rc;
}

struct finishing {
	struct ctx *ctx;
	struct folders folders; /* to be synced */
	struct folders leaving; /* to be removed after the files that were kept in them */
	const struct step_type *container; /* their paths */
};

static int finish_row(struct finishing *f, const struct step_row *row, struct err *err)
{
	const struct step_type *type = step_types[row->kind];

	if (!type->finish || (type->is_container && row->is_present))
		return 0;
	if (type->is_in_tree)
		folders_add_parent(&f->folders, row->object);
	if (!type->is_container)
		return type->finish(f->ctx, row, err);
	folders_add(&f->leaving, row->object);
	f->container = type;
	return 0;
}

int recover_finish(struct ctx *ctx, struct store *target, int64_t push_id,
                   struct err *err)
{
	struct finishing f = { .ctx = ctx };
	auto_stmt steps = NULL;
	struct step_row step;
	int rc = journal_steps(target, push_id, -1, false, &steps, err);

	while (!rc && (rc = journal_next(target, steps, &step, err)) == 1)
		rc = finish_row(&f, &step, err);
	folders_sort(&f.leaving);
	for (size_t i = f.leaving.paths.count; i > 0 && !rc; i--) {
		struct step_row row = { .object = f.leaving.paths.name[i - 1] };

		rc = f.container->finish(ctx, &row, err);
	}
	if (!rc)
		rc = folders_sync(ctx, &f.folders, err);
	folders_done(&f.folders);
	folders_done(&f.leaving);
	return rc ? rc : journal_move(target, push_id, PUSH_DONE, -1, NULL, err);
}

int recover_open_push(const struct step_run *run, struct err *err)
{
	struct ctx *ctx = run->ctx;
	struct store *target = run->target;
	struct journal journal;
	size_t drifted = 0;
	int rc = journal_find_open(target, &journal, err);

	if (rc <= 0)
		return rc;
	if (journal.state == PUSH_ENDING) {
		rc = recover_finish(ctx, target, journal.id, err);
	} else {
		rc = recover_undo(run, &journal,
		                  journal.why ? journal.why : N_("it was interrupted"),
		                  &drifted, err);
		if (!rc && journal.state != PUSH_PREPARED)
			ctx_report(ctx, REPORT_NOTE,
			           _("a push to the mail server was interrupted; its old "
			             "configuration is in force again"));
	}
	journal_done(&journal);
	if (!rc && drifted && !run->force)
		rc = err_set(
			err, ERR_FAILED,
			_("%zu files were changed outside mailauthctl while a push was "
		          "interrupted, and were not changed; check them, then repeat "
		          "the command"),
			drifted);
	return rc;
}
