/* core/mta/engine/owned_service.h: which services we started, and their state before. */
#ifndef CORE_MTA_ENGINE_OWNED_SERVICE_H
#define CORE_MTA_ENGINE_OWNED_SERVICE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* Queries the filters that the plan's service steps name and records their state in each step.
 * SERVICE_ENABLE is dropped if the service runs and starts with the machine.  SERVICE_DISABLE is
 * dropped if we never enabled the service, or if it ran before that and must continue; if it did
 * not run before, the step is kept, and the plan's reloads and restarts of that service are
 * dropped.  `target` NULL: nothing was ever enabled.  `has_reload`: mta.reload acts for all
 * services, which may not be visible here; then only the recorded state decides.  To be called
 * before plan_prune(). */
int owned_plan_services(struct ctx *ctx, struct store *target, bool has_reload,
                        struct plan *plan, struct err *err) must_check;

/* For step_type.own: records what was enabled, deletes what was disabled. */
int owned_service_note(const struct step_run *run, const struct step_row *row,
                       struct err *err) must_check;

#endif
