/* core/mta/engine/recover.h: takes a push back, live or after a crash, from the journal alone. */
#ifndef CORE_MTA_ENGINE_RECOVER_H
#define CORE_MTA_ENGINE_RECOVER_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/step.h"
#include "core/store/store.h"

/* Undoes the open push `journal`, ranks downwards, and closes it with `why`; `run` has context, target, keys
 * and force.  What somebody else changed meanwhile is left (unless run->force), reported, and counted in
 * *ret_drifted.  Fails when something could not be put back, or not be reached: the push stays open, and the
 * next run tries again. */
int recover_undo(const struct step_run *run, const struct journal *journal,
                 const char *why, size_t *ret_drifted, struct err *err) must_check;

/* Removes what only undo needed from a push that is in force, and closes it. */
int recover_finish(struct ctx *ctx, struct store *target, int64_t push_id,
                   struct err *err) must_check;

/* Whatever the last run left open; `run` as above.  ERR_FAILED when a file had been changed by somebody
 * else. */
int recover_open_push(const struct step_run *run, struct err *err) must_check;

#endif
