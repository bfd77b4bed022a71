/* core/mta/check/key_check.h: key files and the keys that the store publishes. */
#ifndef CORE_MTA_CHECK_KEY_CHECK_H
#define CORE_MTA_CHECK_KEY_CHECK_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"

/* Every key file that the plan's tables name holds the key that the store publishes for it. */
int key_check_files(struct ctx *ctx, const struct plan *plan, struct err *err) must_check;

#endif
