/* core/mta/engine/recover.h: undoes a push, at once or after a crash, with the journal only. */
#ifndef CORE_MTA_ENGINE_RECOVER_H
#define CORE_MTA_ENGINE_RECOVER_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/step.h"
#include "core/store/store.h"

/* Undoes the open push `journal`, ranks downwards, and closes it with `why`; `run` has context,
 * target, keys and force.  Objects that others changed meanwhile are left (unless run->force),
 * reported, and counted in *ret_drifted.  Fails if an object could not be restored or reached: the
 * push remains open, and the next run tries again. */
int recover_undo(const struct step_run *run, const struct journal *journal,
                 const char *why, size_t *ret_drifted, struct err *err) must_check;

/* Removes files that only undo required from a completed push, and closes it. */
int recover_finish(struct ctx *ctx, struct store *target, int64_t push_id,
                   struct err *err) must_check;

/* Completes or undoes what the last run left open; `run` as above.  ERR_FAILED if a file had been
 * changed by others. */
int recover_open_push(const struct step_run *run, struct err *err) must_check;

#endif
