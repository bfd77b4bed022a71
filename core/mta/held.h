/* core/mta/held.h: what on this host is ours, and what stood there before (table held). */
#ifndef CORE_MTA_HELD_H
#define CORE_MTA_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan.h"
#include "core/store/store.h"

/* Takes over what the push `push_id` made, replaced and removed.  In the caller's transaction. */
int held_update(struct store *target, int64_t push_id, struct err *err) must_check;
/* Nothing is ours any more. */
int held_forget(struct store *target, struct err *err) must_check;

/* Adds steps that take away every file and folder that is ours and that the plan does not treat
 * already; what stood there before our first push is put back.  A file that somebody edited since
 * is left with a note, unless `force`. */
int held_plan_removal(struct ctx *ctx, struct store *target, bool force,
                      struct plan *plan, struct err *err) must_check;

/* Notes for files that are ours alone and that somebody edited since the last push: the plan
 * overwrites them, and the history keeps what stood there. */
int held_note_edits(struct store *target, struct plan *plan, struct err *err) must_check;

#endif
