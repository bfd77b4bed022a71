/*
 * core/mta/engine/owned_service.c: rows "service:NAME" of the table owned.
 *
 * The row stores the state of the service before our first SERVICE_ENABLE: base_mode has the
 * SERVICE_WAS_* bits.  It is written once, and deleted when the service was restored.
 */
#include "core/mta/engine/owned_service.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/host/service.h"

/* 1: we enabled it, and *ret_was is its state before that; 0: we did not. */
static int find(struct store *target, const char *service, unsigned *ret_was,
                struct err *err)
{
	auto_free char *object = xasprintf("service:%s", service);
	int64_t was = 0;
	int rc;

	if (!target)
		return 0;
	rc = store_get_int(target, &was, err,
	                   "SELECT ifnull(base_mode, 0) FROM owned WHERE object = ?", "t",
	                   object);
	if (rc == 1)
		*ret_was = (unsigned)was;
	return rc;
}

/* Whether the plan disables it: it is not told anything else. */
static bool is_leaving(const struct plan *plan, const char *service)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];

		if (step_is_service(step) && step->action == SERVICE_DISABLE &&
		    strcmp(step->object, service) == 0)
			return !(step->meta.mode & SERVICE_WAS_RUNNING);
	}
	return false;
}

/* *ret_is_due: the step remains to be done. */
static int look_at(struct ctx *ctx, struct store *target, bool has_reload,
                   struct step *step, bool *ret_is_due, struct err *err)
{
	const unsigned whole = SERVICE_WAS_RUNNING | SERVICE_WAS_ENABLED;
	unsigned now = 0, was = 0;
	int rc = find(target, step->object, &was, err);

	if (rc < 0)
		return rc;
	if (!has_reload)
		now = service_look(ctx, step->object);
	step->had_old = true;
	step_fill_old(step)->meta = (struct file_meta){ .mode = (mode_t)now };
	if (step->action == SERVICE_ENABLE)
		*ret_is_due = has_reload ? rc == 0 : (now & whole) != whole;
	if (ctx->is_rooted) /* services can be neither queried nor told */
		*ret_is_due =
			step->action != SERVICE_ENABLE && step->action != SERVICE_DISABLE;
	if (ctx->is_rooted || step->action != SERVICE_DISABLE)
		return 0;
	*ret_is_due = rc == 1 && (was & whole) != whole;
	step->meta.mode = (mode_t)was;
	return 0;
}

static bool is_admins(const char *service)
{
	const struct service_kind *kind = service_kind_find(service);

	return kind && kind->is_admins;
}

int owned_plan_services(struct ctx *ctx, struct store *target, bool has_reload,
                        struct plan *plan, struct err *err)
{
	for (size_t i = plan->count; i > 0; i--) {
		struct step *step = &plan->step[i - 1];
		bool is_due = true;
		int rc = 0;

		if (step_is_service(step) && !is_admins(step->object))
			rc = look_at(ctx, target, has_reload, step, &is_due, err);
		if (rc)
			return rc;
		if (step_is_service(step) && step->action == SERVICE_ENABLE &&
		    !has_reload && !ctx->is_rooted)
			plan_needs(plan, step,
			           step_old(step)->meta.mode & SERVICE_WAS_RUNNING);
		if (!is_due)
			plan_drop(plan, i - 1);
	}
	for (size_t i = plan->count; i > 0; i--) {
		const struct step *step = &plan->step[i - 1];

		if (step_is_service(step) && step->action != SERVICE_DISABLE &&
		    is_leaving(plan, step->object))
			plan_drop(plan, i - 1);
	}
	return 0;
}

int owned_service_note(const struct step_run *run, const struct step_row *row,
                       struct err *err)
{
	if (row->action == SERVICE_ENABLE)
		return store_exec(run->target, err,
		                  "INSERT INTO owned (object, base_mode) "
		                  "VALUES ('service:' || ?, ?) "
		                  "ON CONFLICT (object) DO NOTHING",
		                  "t?", row->object, !row->had_old,
		                  (int64_t)row->old_meta.mode);
	if (row->action == SERVICE_DISABLE)
		return store_exec(run->target, err,
		                  "DELETE FROM owned WHERE object = 'service:' || ?", "t",
		                  row->object);
	return 0;
}
