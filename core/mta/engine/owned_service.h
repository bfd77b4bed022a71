/* core/mta/engine/owned_service.h: which services we started, and what they were before. */
#ifndef CORE_MTA_ENGINE_OWNED_SERVICE_H
#define CORE_MTA_ENGINE_OWNED_SERVICE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* Looks at the filters that the plan's service steps name and notes in each step what they are.
 * SERVICE_ENABLE is dropped where the service runs and starts with the machine.  SERVICE_DISABLE is
 * dropped where we never enabled it, or where it ran before that and has to go on; where it did not
 * run before, it stays, and the plan's reloads and restarts of that service are dropped.  `target`
 * NULL: nothing was ever enabled.  `has_reload`: mta.reload acts for all services, which may be out
 * of sight; then only what was remembered decides.  To be called before plan_prune(). */
int owned_plan_services(struct ctx *ctx, struct store *target, bool has_reload,
                        struct plan *plan, struct err *err) must_check;

/* For step_type.own: remembers what was enabled, forgets what was disabled. */
int owned_service_note(const struct step_run *run, const struct step_row *row,
                       struct err *err) must_check;

#endif
