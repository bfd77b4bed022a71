/*
 * core/mta/engine/step_service.c: service actions.
 *
 * Undo tells the service to read the old files again: a reload is undone by a reload, a restart by
 * a restart.  Where the step knows what the service was before, it is made that again.  A service
 * that does not run by then, and did not before, reads its files when it starts.
 */
#include "core/mta/plan/step.h"

#include "core/mta/host/service.h"

static void show_service(const struct step *step, bool is_coloured, struct buf *out)
{
	(void)is_coloured;
	buf_printf(out, "# %s: %s\n", step->object, service_action_name(step->action));
}

static int apply_service(struct ctx *ctx, const struct step *step, const char *temp,
                         struct err *err)
{
	(void)temp;
	/* what it was before we first enabled it: held_service.h */
	if (step->action == SERVICE_DISABLE && step->meta.mode != FILE_KEEP_MODE)
		return service_restore(ctx, step->object, step->meta.mode, err);
	return service_act(ctx, step->object, step->action, err);
}

/* It was told something while it ran: it reads the old files now, also where it ended of that. */
static int undo_telling(struct ctx *ctx, const struct step_row *row, struct err *err)
{
	bool ran_before = row->had_old && row->old_meta.mode & SERVICE_WAS_RUNNING;

	if (service_is_running(ctx, row->object))
		return service_act(ctx, row->object, row->action, err);
	return ran_before ? service_act(ctx, row->object, SERVICE_START, err) : 0;
}

enum service_action step_service_opposite(enum service_action action)
{
	static const enum service_action opposite[SERVICE_ACTION_COUNT] = {
		[SERVICE_RELOAD] = SERVICE_RELOAD,  [SERVICE_RESTART] = SERVICE_RESTART,
		[SERVICE_START] = SERVICE_STOP,     [SERVICE_STOP] = SERVICE_START,
		[SERVICE_ENABLE] = SERVICE_DISABLE, [SERVICE_DISABLE] = SERVICE_ENABLE,
	};

	return opposite[action];
}

static int undo_service(const struct undo_run *run, const struct step_row *row,
                        enum undo_result *ret_result, struct err *err)
{
	int rc;

	if (row->action == SERVICE_RELOAD || row->action == SERVICE_RESTART)
		rc = undo_telling(run->ctx, row, err);
	else if (row->had_old)
		rc = service_restore(run->ctx, row->object, row->old_meta.mode, err);
	else
		rc = service_act(run->ctx, row->object,
		                 step_service_opposite(row->action), err);
	if (!rc)
		*ret_result = UNDO_DONE;
	return rc;
}

const struct step_type step_service_type = {
	.name = "service",
	.show = show_service,
	.apply = apply_service,
	.undo = undo_service,
};
