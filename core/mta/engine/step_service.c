/*
 * core/mta/engine/step_service.c: service actions.  Undo makes the service read the old files
 * again: a reload is undone by a reload, a restart by a restart.  If the step records the earlier
 * state of the service, that state is restored.  A service that runs neither then nor before reads
 * its files when it starts.
 */
#include "core/mta/engine/journal.h"
#include "core/mta/plan/step.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/engine/owned_service.h"
#include "core/mta/engine/target.h"
#include "core/mta/host/service.h"
#include "core/mta/plan/plan.h"

static void show_service(const struct step *step, bool is_coloured, struct buf *out)
{
	(void)is_coloured;
	buf_printf(out, "# %s: %s\n", step->object, service_action_name(step->action));
}

/* Enabling a running service starts nothing. */
static bool is_running_before(const struct step *step)
{
	return step->action == SERVICE_ENABLE && step->had_old &&
	       step_old(step)->meta.mode & SERVICE_WAS_RUNNING;
}

/* A new process reads the files as well: reload < restart < start of one that does not run. */
static bool is_superseded(const struct step *step, const struct step *other)
{
	static const int weight[] = {
		[SERVICE_RELOAD] = 1, [SERVICE_RESTART] = 2, [SERVICE_START] = 3,
		[SERVICE_ENABLE] = 4, [SERVICE_STOP] = 0,    [SERVICE_DISABLE] = 0
	};

	return weight[step->action] && weight[other->action] > weight[step->action] &&
	       !is_running_before(other);
}

/* ---- mta.reload: one command for all services of a rank ----------------------------------------- */

static void add_action(struct buf *actions, enum service_action action,
                       const char *service)
{
	buf_printf(actions, "%s%s=%s", actions->len ? " " : "",
	           service_action_name(action), service);
}

/* The command is split into words and may take 30 s.  `actions` are those that it replaces,
 * "reload=opendkim enable=postsrsd", and are MAILAUTHCTL_ACTIONS in its environment. */
static int run_reload(struct step_run *run, const char *actions, struct err *err)
{
	auto_free char *variable = xasprintf("MAILAUTHCTL_ACTIONS=%s", actions);
	const char *const env[] = { variable, NULL };
	char **words = NULL;
	size_t count;
	struct run_spec spec = { .timeout_ms = 30000, .env = env };
	int rc;

	if (!text_split_words(run->reload, &words, &count) || count == 0) {
		free(words);
		return err_set(err, ERR_FAILED, _("mta.reload is not a command: \"%s\""),
		               run->reload);
	}
	spec.argv = (const char *const *)words;
	rc = run_checked(run->ctx, &spec, NULL, err);
	free(words);
	return rc;
}

static bool needs_running(const struct step *step)
{
	return step->action == SERVICE_RELOAD || step->action == SERVICE_RESTART;
}

/* It may be unable to start one, which cannot be determined here. */
static int apply_by_reload(struct step_run *run, enum step_rank rank, struct err *err)
{
	auto_buf actions = BUF_INIT;

	if (run->is_reloaded)
		return 0;
	run->is_reloaded = true;
	for (size_t i = 0; i < run->plan->count; i++) {
		const struct step *step = &run->plan->step[i];

		if (step->kind != STEP_SERVICE || step->rank != rank)
			continue;
		add_action(&actions, step->action, step->object);
		if (!needs_running(step))
			ctx_report(
				run->ctx, REPORT_NOTE,
				_("mta.reload is set, so its command must do this: %s %s"),
				service_action_name(step->action), step->object);
	}
	return run_reload(run, buf_text(&actions), err);
}

static enum service_action opposite_of(enum service_action action)
{
	static const enum service_action opposite[SERVICE_ACTION_COUNT] = {
		[SERVICE_RELOAD] = SERVICE_RELOAD,  [SERVICE_RESTART] = SERVICE_RESTART,
		[SERVICE_START] = SERVICE_STOP,     [SERVICE_STOP] = SERVICE_START,
		[SERVICE_ENABLE] = SERVICE_DISABLE, [SERVICE_DISABLE] = SERVICE_ENABLE,
	};

	return opposite[action];
}

static int undo_by_reload(struct step_run *run, const struct step_row *row,
                          struct err *err)
{
	auto_buf actions = BUF_INIT;
	auto_stmt steps = NULL;
	struct step_row other;
	int rc;

	if (run->is_reloaded)
		return 0;
	run->is_reloaded = true;
	rc = journal_steps(run->target, row->push_id, (int)row->rank, true, &steps, err);
	while (!rc && (rc = journal_next(run->target, steps, &other, err)) == 1) {
		rc = 0;
		if (other.kind == STEP_SERVICE)
			add_action(&actions, opposite_of(other.action), other.object);
	}
	return rc ? rc : run_reload(run, buf_text(&actions), err);
}

/* ---- service by service ------------------------------------------------------------------------ */

static int apply_service(struct step_run *run, const struct step *step, const char *temp,
                         struct err *err)
{
	(void)temp;
	if (run->ctx->is_rooted) {
		ctx_report(run->ctx, REPORT_NOTE, _("skipped under --root: %s %s"),
		           service_action_name(step->action), step->object);
		return 0;
	}
	if (run->reload)
		return apply_by_reload(run, step->rank, err);
	if (needs_running(step) && !service_is_running(run->ctx, step->object)) {
		ctx_report(
			run->ctx, REPORT_NOTE,
			_("%s is not running: it reads its new configuration when it starts"),
			step->object);
		run->is_stopped = true;
		return 0;
	}
	/* what it was before we first enabled it: owned_service.h */
	if (step->action == SERVICE_DISABLE && step->meta.mode != FILE_KEEP_MODE)
		return service_restore(run->ctx, step->object, step->meta.mode, err);
	return service_act(run->ctx, step->object, step->action, err);
}

/* It was told while it ran: it reads the old files now, even if it ended for that reason. */
static int undo_telling(struct ctx *ctx, const struct step_row *row, struct err *err)
{
	bool ran_before = row->had_old && row->old_meta.mode & SERVICE_WAS_RUNNING;

	if (service_is_running(ctx, row->object))
		return service_act(ctx, row->object, row->action, err);
	return ran_before ? service_act(ctx, row->object, SERVICE_START, err) : 0;
}

static int undo_alone(struct step_run *run, const struct step_row *row, struct err *err)
{
	if (row->action == SERVICE_RELOAD || row->action == SERVICE_RESTART)
		return undo_telling(run->ctx, row, err);
	if (row->had_old)
		return service_restore(run->ctx, row->object, row->old_meta.mode, err);
	return service_act(run->ctx, row->object, opposite_of(row->action), err);
}

static int undo_service(struct step_run *run, const struct step_row *row,
                        enum undo_result *ret_result, struct err *err)
{
	int rc = run->reload ? undo_by_reload(run, row, err) : undo_alone(run, row, err);

	if (!run->reload && !service_is_running(run->ctx, row->object))
		run->is_stopped = true;
	if (!rc)
		*ret_result = UNDO_DONE;
	return rc;
}

static int note(struct store *target, const struct step *step, struct step_row *row,
                struct err *err)
{
	(void)target, (void)err;
	row->action = step->action;
	row->has_action = true;
	return 0;
}

static void recall(const struct step_row *row, struct step *step)
{
	step->action = row->action;
}

const struct step_type step_service_type = {
	.name = "service",
	.phase = PHASE_TELL,
	.is_superseded = is_superseded,
	.show = show_service,
	.apply = apply_service,
	.undo = undo_service,
	.await_left = service_await_left,
	.note = note,
	.recall = recall,
	.own = owned_service_note,
	.owned = "service:",
};
