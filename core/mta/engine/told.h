/*
 * core/mta/engine/told.h: notes that were reported to an administrator.
 *
 * Most notes of a plan are about the host and apply to each later push: a note of the last push is
 * not reported again.  `mta status`, `mta plan` and doctor print all of them.
 */
#ifndef CORE_MTA_ENGINE_TOLD_H
#define CORE_MTA_ENGINE_TOLD_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* ret_is_told, one for each note of the plan: whether it is recorded.  `target` NULL: none is. */
int told_read(struct store *target, const struct plan *plan, bool *ret_is_told,
              struct err *err) must_check;
/* Records the marked notes of the plan, and no others. */
int told_write(struct store *target, const struct plan *plan, const bool *is_told,
               struct err *err) must_check;

#endif
