/*
 * core/mta/engine/recover.c: undo, live and after a crash.
 *
 * Ranks go downwards: consumers let go before anything is taken from them.  Within a rank, and within
 * providers and their tables together, the files go first, their folders are synced, then the services
 * are told, then probes force lazy reloads.
 * Every step is idempotent, so a crash in here is followed by the same again.  The journal's own
 * failure does not stop an undo: the files matter more, and the push then stays open.
 */
#include "core/mta/engine/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/engine/folders.h"
#include "core/mta/host/service.h"
#include "core/mta/plan/step.h"

enum pass { PASS_TREE, PASS_SERVICES, PASS_PROBES };

struct undoing {
	struct undo_run run;
	const struct journal *journal;
	enum pass pass;
	struct folders folders;
	size_t drifted;
	bool failed; /* something cannot be put back: nothing below it is touched */
	struct err failure;
	/* of the ranks at hand */
	bool is_reloaded; /* mta.reload ran */
	bool is_stopped;  /* a service does not run: nothing would answer a probe */
};

void recover_add_action(struct buf *actions, enum service_action action,
                        const char *service)
{
	buf_printf(actions, "%s%s=%s", actions->len ? " " : "",
	           service_action_name(action), service);
}

int recover_run_reload(struct ctx *ctx, const char *command, const char *actions,
                       struct err *err)
{
	auto_free char *variable = xasprintf("MAILAUTHCTL_ACTIONS=%s", actions);
	const char *const env[] = { variable, NULL };
	char **words = NULL;
	size_t count;
	struct run_spec spec = { .timeout_ms = 30000, .env = env };
	int rc;

	if (!text_split_words(command, &words, &count) || count == 0) {
		free(words);
		return err_set(err, ERR_FAILED, _("mta.reload is not a command: \"%s\""),
		               command);
	}
	spec.argv = (const char *const *)words;
	rc = run_checked(ctx, &spec, NULL, err);
	free(words);
	return rc;
}

static enum pass pass_of(enum step_kind kind)
{
	return kind == STEP_SERVICE ? PASS_SERVICES
	       : kind == STEP_PROBE ? PASS_PROBES
	                            : PASS_TREE;
}

static int collect_action(void *arg, const struct step_row *row, struct err *err)
{
	(void)err;
	if (row->kind == STEP_SERVICE)
		recover_add_action(arg, step_service_opposite(row->action), row->object);
	return 0;
}

/* One command for all services of the rank. */
static int undo_by_reload(struct undoing *u, const struct step_row *row, struct err *err)
{
	auto_buf actions = BUF_INIT;
	int rc = journal_each(u->run.target, u->journal->id, (int)row->rank, true,
	                      collect_action, &actions, err);

	return rc ? rc
	          : recover_run_reload(u->run.ctx, u->run.reload, buf_text(&actions),
	                               err);
}

static void undo_action(struct undoing *u, const struct step_row *row)
{
	struct err err = ERR_INIT;
	enum undo_result result;
	int rc = 0;

	if (u->run.ctx->is_rooted || (row->kind == STEP_PROBE && u->is_stopped))
		return;
	if (row->kind != STEP_SERVICE || !u->run.reload)
		rc = step_types[row->kind]->undo(&u->run, row, &result, &err);
	else if (!u->is_reloaded)
		rc = undo_by_reload(u, row, &err);
	u->is_reloaded = true;
	if (rc) /* the old files stand: the service reads them at its next start at the latest */
		ctx_report(u->run.ctx, REPORT_WARNING, _("while restoring: %s"),
		           err.text);
	if (row->kind == STEP_SERVICE && !u->run.reload &&
	    !service_is_running(u->run.ctx, row->object))
		u->is_stopped = true;
}

static void undo_tree(struct undoing *u, const struct step_row *row)
{
	struct err err = ERR_INIT;
	enum undo_result result = UNDO_NOTHING;

	if (step_types[row->kind]->undo(&u->run, row, &result, &err)) {
		u->failed = true;
		u->failure = err;
		return;
	}
	if (result == UNDO_DRIFT) {
		u->drifted++;
		ctx_report(u->run.ctx, REPORT_WARNING, "%s", err.text);
	}
	/* Also where nothing was to be done: a crash may have come before the sync. */
	folders_add_parent(&u->folders, row->object);
}

static int undo_row(void *arg, const struct step_row *row, struct err *err)
{
	struct undoing *u = arg;
	bool was_begun =
		u->journal->state != PUSH_PREPARED && (int)row->rank <= u->journal->rank;

	(void)err;
	/* what was done later names what was done before it: that must be back, or gone, first */
	if (u->failed || pass_of(row->kind) != u->pass)
		return 0;
	if (u->pass != PASS_TREE) {
		if (was_begun)
			undo_action(u, row);
	} else if (was_begun || row->kind == STEP_MKDIR) {
		undo_tree(u, row);
	}
	return 0;
}

/* Ranks that are undone together: from the first one of a row down to the last. */
static const struct {
	enum step_rank from, to;
} undo_groups[] = {
	{ RANK_LEFTOVERS, RANK_LEFTOVERS },
	{ RANK_CONSUMERS, RANK_CONSUMERS },
	/* a filter that is told reads its tables as well: they must be the old ones by then, and the
	 * keys that it knows must still be there */
	{ RANK_PROVIDERS, RANK_TABLES },
	{ RANK_DATA, RANK_DATA },
};

static int undo_group(struct undoing *u, int from, int to, struct err *err)
{
	int rc = 0;

	for (enum pass pass = PASS_TREE; pass <= PASS_PROBES && !rc; pass++) {
		u->pass = pass;
		for (int rank = from; rank >= to && !rc; rank--)
			rc = journal_each(u->run.target, u->journal->id, rank, true,
			                  undo_row, u, err);
		if (!rc && pass == PASS_TREE) {
			rc = folders_sync(u->run.ctx, &u->folders, err);
			folders_done(&u->folders);
		}
	}
	u->is_reloaded = u->is_stopped = false;
	return rc;
}

/* ---- staged files ----------------------------------------------------------------------------- */

struct temps {
	struct ctx *ctx;
	struct folders folders;
	const char *folder; /* the one that is being listed */
};

static int collect_folder(void *arg, const struct step_row *row, struct err *err)
{
	(void)err;
	if (row->kind == STEP_FILE)
		folders_add_parent(&((struct temps *)arg)->folders, row->object);
	return 0;
}

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
	int rc = journal_each(target, push_id, -1, false, collect_folder, &temps, err);

	folders_sort(&temps.folders);
	for (size_t i = 0; i < temps.folders.paths.count && !rc; i++) {
		temps.folder = temps.folders.paths.name[i];
		rc = file_list(ctx, temps.folder, remove_temp, &temps, err);
	}
	folders_done(&temps.folders);
	return rc;
}

/* ---- the whole -------------------------------------------------------------------------------- */

int recover_undo(struct ctx *ctx, struct store *target, const struct journal *journal,
                 const char *why, bool force, size_t *ret_drifted, struct err *err)
{
	struct undoing u = {
		.run = { .ctx = ctx,
		         .target = target,
		         .reload = journal->reload,
		         .force = force },
		.journal = journal,
	};
	struct err ignored = ERR_INIT;
	int rc = 0;

	if (journal->state == PUSH_SWITCHING &&
	    journal_move(target, journal->id, PUSH_UNDOING, -1, why, &ignored))
		err_clear(&ignored); /* "switching" tells the next run the same */
	rc = remove_temps(ctx, target, journal->id, err);
	for (size_t i = 0; i < ARRAY_LEN(undo_groups) && !rc; i++)
		rc = undo_group(&u, undo_groups[i].from, undo_groups[i].to, err);
	folders_done(&u.folders);
	if (!rc && u.failed) {
		*err = u.failure;
		rc = err->code;
	}
	if (!rc)
		rc = journal_move(target, journal->id, PUSH_UNDONE, -1, why, err);
	if (!rc)
		*ret_drifted = u.drifted;
	return rc;
}

struct finishing {
	struct ctx *ctx;
	struct folders folders; /* to be synced */
	struct folders
		leaving; /* to be removed, once the files that waited in them are */
};

static int finish_row(void *arg, const struct step_row *row, struct err *err)
{
	struct finishing *f = arg;

	if (!step_types[row->kind]->finish ||
	    (row->kind == STEP_MKDIR && row->is_present))
		return 0;
	folders_add_parent(&f->folders, row->object);
	if (row->kind != STEP_MKDIR)
		return step_types[row->kind]->finish(f->ctx, row, err);
	folders_add(&f->leaving, row->object);
	return 0;
}

int recover_finish(struct ctx *ctx, struct store *target, int64_t push_id,
                   struct err *err)
{
	struct finishing f = { .ctx = ctx };
	int rc = journal_each(target, push_id, -1, false, finish_row, &f, err);

	folders_sort(&f.leaving);
	for (size_t i = f.leaving.paths.count; i > 0 && !rc; i--) {
		struct step_row row = { .kind = STEP_MKDIR,
			                .object = f.leaving.paths.name[i - 1] };

		rc = step_mkdir_type.finish(ctx, &row, err);
	}
	if (!rc)
		rc = folders_sync(ctx, &f.folders, err);
	folders_done(&f.folders);
	folders_done(&f.leaving);
	return rc ? rc : journal_move(target, push_id, PUSH_DONE, -1, NULL, err);
}

int recover_open_push(struct ctx *ctx, struct store *target, bool force, struct err *err)
{
	struct journal journal;
	size_t drifted = 0;
	int rc = journal_find_open(target, &journal, err);

	if (rc <= 0)
		return rc;
	if (journal.state == PUSH_ENDING) {
		rc = recover_finish(ctx, target, journal.id, err);
	} else {
		rc = recover_undo(ctx, target, &journal,
		                  journal.why ? journal.why : N_("it was interrupted"),
		                  force, &drifted, err);
		if (!rc && journal.state != PUSH_PREPARED)
			ctx_report(ctx, REPORT_NOTE,
			           _("a push to the mail server was interrupted; its old "
			             "configuration is in force again"));
	}
	journal_done(&journal);
	if (!rc && drifted && !force)
		rc = err_set(
			err, ERR_FAILED,
			_("%zu files were changed outside mailauthctl while a push was "
		          "interrupted, and were not changed; check them, then repeat "
		          "the command"),
			drifted);
	return rc;
}
