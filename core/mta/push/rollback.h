/*
 * core/mta/push/rollback.h: the files as they were after an earlier push, as a plan.
 *
 * The journal has the old state of each path: that which the first later push that changed it
 * found.  In an administrator's file only our part is restored.
 */
#ifndef CORE_MTA_PUSH_ROLLBACK_H
#define CORE_MTA_PUSH_ROLLBACK_H

#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* The push whose result is to be restored: `asked`, or (0) the one before the last whose result is
 * in use.  Fails: there is none, it is not in the history, was undone, or a removal followed it. */
int rollback_choose(struct store *target, int64_t asked, int64_t *ret_push,
                    struct err *err) must_check;

/* The files and folders that differ from their state after that push: pruned, in no order, with
 * ranks of their kind.  Inside a transaction of the store, which is the source of key files that no
 * longer exist here.  Fails, with the file and the remedy: a secret that is not available, a shared
 * file in which the position of our part no longer exists, a key that would sign and is not
 * published. */
int rollback_plan(struct ctx *ctx, const struct mta_backend *backend, struct store *store,
                  struct store *target, int64_t push_id, struct plan *plan,
                  struct err *err) must_check;

#endif
