/* core/mta/engine/recover.h: takes a push back, live or after a crash, from the journal alone. */
#ifndef CORE_MTA_ENGINE_RECOVER_H
#define CORE_MTA_ENGINE_RECOVER_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* Undoes the open push `journal`, ranks downwards, and closes it with `why`.  Files that somebody
 * else changed meanwhile are left (unless `force`), reported, and counted in *ret_drifted.  Fails
 * when something could not be put back: the push stays open, and the next run tries again. */
int recover_undo(struct ctx *ctx, struct store *target, const struct journal *journal,
                 const char *why, bool force, size_t *ret_drifted,
                 struct err *err) must_check;

/* Removes what only undo needed from a push that is in force, and closes it. */
int recover_finish(struct ctx *ctx, struct store *target, int64_t push_id,
                   struct err *err) must_check;

/* Whatever the last run left open.  ERR_FAILED when a file had been changed by somebody else. */
int recover_open_push(struct ctx *ctx, struct store *target, bool force,
                      struct err *err) must_check;

/* The command of mta.reload, split into words and run, 30 s at most.  `actions` is what it stands
 * for, "reload=opendkim enable=postsrsd", and is MAILAUTHCTL_ACTIONS in its environment. */
int recover_run_reload(struct ctx *ctx, const char *command, const char *actions,
                       struct err *err) must_check;
/* Adds one action to such a text. */
void recover_add_action(struct buf *actions, enum service_action action,
                        const char *service);

#endif
