/*
 * core/mta/push/rollback.h: the files as they were after an earlier push, as a plan.
 *
 * What each path was is known from the journal: the first push since then that changed it says what
 * it found.  Files of an admin get our old part back and nothing else.
 */
#ifndef CORE_MTA_PUSH_ROLLBACK_H
#define CORE_MTA_PUSH_ROLLBACK_H

#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* The push whose result is meant: `asked`, or (0) the one before the last whose result is in force.
 * Fails: there is none, it is not in the history, was undone, or everything was taken out since. */
int rollback_choose(struct store *target, int64_t asked, int64_t *ret_push,
                    struct err *err) must_check;

/* The files and folders that differ from how they were after that push: pruned, in no order, with
 * ranks of their kind.  Inside a transaction of the store, which is asked for key files that are
 * not here any more.  Fails, naming the file and what to do: a secret that cannot be had, a shared
 * file where our part has no place any more, a key that would sign and is not published. */
int rollback_plan(struct ctx *ctx, const struct mta_backend *backend, struct store *store,
                  struct store *target, int64_t push_id, struct plan *plan,
                  struct err *err) must_check;

#endif
