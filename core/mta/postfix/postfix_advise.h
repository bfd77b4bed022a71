/* core/mta/postfix/postfix_advise.h: the functions of Postfix's row for `doctor` (contracts in
 * backend.h). */
#ifndef CORE_MTA_POSTFIX_POSTFIX_ADVISE_H
#define CORE_MTA_POSTFIX_POSTFIX_ADVISE_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

extern const struct mta_fault postfix_faults[];

int postfix_advise(struct ctx *ctx, struct store *store, const struct plan *probes,
                   void (*each)(void *arg, const struct mta_advice *advice), void *arg,
                   struct err *err) must_check;
int postfix_each_access(struct ctx *ctx, struct store *store, const struct plan *probes,
                        void (*each)(void *arg, const struct mta_access *access),
                        void *arg, struct err *err) must_check;

#endif
