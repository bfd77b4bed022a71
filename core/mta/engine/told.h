/*
 * core/mta/engine/told.h: notes that an administrator has heard.
 *
 * Most notes of a plan are about the host as it is, and hold at each later push: what the last push
 * told is not told again.  `mta status`, `mta plan` and doctor show all of them.
 */
#ifndef CORE_MTA_ENGINE_TOLD_H
#define CORE_MTA_ENGINE_TOLD_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* ret_is_told, one for each note of the plan: whether it is among those kept.  `target` NULL: none
 * is. */
int told_read(struct store *target, const struct plan *plan, bool *ret_is_told,
              struct err *err) must_check;
/* Keeps those of the plan that are marked, and no other. */
int told_write(struct store *target, const struct plan *plan, const bool *is_told,
               struct err *err) must_check;

#endif
