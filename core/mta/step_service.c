/*
 * core/mta/step_service.c: service actions.
 *
 * Undo tells the service to read the old files again: a reload is undone by a reload, a restart by
 * a restart, a start by a stop and a stop by a start.  A service that does not run by then reads
 * them when it starts.
 */
#include "core/mta/step.h"

#include "core/mta/service.h"

static void show_service(const struct step *step, bool is_coloured, struct buf *out)
{
	(void)is_coloured;
	buf_printf(out, "# %s: %s\n", step->object, service_action_name(step->action));
}

static int apply_service(struct ctx *ctx, const struct step *step,
                         const struct staged_file *staged, struct err *err)
{
	(void)staged;
	return service_act(ctx, step->object, step->action, err);
}

static int undo_service(const struct undo_run *run, const struct step_row *row,
                        enum undo_result *ret_result, struct err *err)
{
	static const enum service_action opposite[] = {
		[SERVICE_RELOAD] = SERVICE_RELOAD,
		[SERVICE_RESTART] = SERVICE_RESTART,
		[SERVICE_START] = SERVICE_STOP,
		[SERVICE_STOP] = SERVICE_START,
	};
	enum service_action action = opposite[row->action];
	bool needs_running = action == SERVICE_RELOAD || action == SERVICE_RESTART;
	int rc = 0;

	if (!needs_running || service_is_running(run->ctx, row->object))
		rc = service_act(run->ctx, row->object, action, err);
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
