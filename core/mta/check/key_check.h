/* core/mta/check/key_check.h: key files compared with the keys that the store publishes. */
#ifndef CORE_MTA_CHECK_KEY_CHECK_H
#define CORE_MTA_CHECK_KEY_CHECK_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"

/* Checks that every key file named in the plan's tables contains the key that the store publishes
 * for it. */
int key_check_files(struct ctx *ctx, const struct plan *plan, struct err *err) must_check;

#endif
