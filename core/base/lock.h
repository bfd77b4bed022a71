/*
 * core/base/lock.h: one writer at a time, by flock(2) on a file that is never unlinked.
 *
 * Order everywhere: export, target, store.  Who waits comes before who takes it again: bulk work
 * that releases the lock between its batches lets others in.  The file holds "<pid> <command>" of who has it, so
 * that a waiter can say for whom he waits.  Close-on-exec; the kernel drops it when we die.
 */
#ifndef CORE_BASE_LOCK_H
#define CORE_BASE_LOCK_H

#include "core/base/ctx.h"
#include "core/base/err.h"

struct lock;

/* Takes the lock at `host_path` (as the machine sees it; made 0600 when absent).  After 1 s the
 * person is told (ctx_report note) for whom we wait; after ctx->wait_seconds ERR_BUSY.  SIGINT or
 * SIGTERM meanwhile: ERR_CANCELLED.  `what` is the noun of the message: "the store". */
int lock_take(struct ctx *ctx, const char *host_path, const char *what,
              struct lock **ret_lock, struct err *err) must_check;
/* Gives it back.  NULL is fine. */
void lock_free(struct lock *lock);
#define auto_lock cleanup(lock_freep) struct lock *
void lock_freep(struct lock **lock);

#endif
