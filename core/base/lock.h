/*
 * core/base/lock.h: one writer at a time, by flock(2) on a file that is never unlinked.
 *
 * Locks are always taken in this order: export, target, store.  A process that waits gets the lock
 * before the one that released it takes it again, so bulk work that releases the lock between its
 * batches lets others in.  The file contains "<pid> <command>" of the holder, which the message of
 * a waiting process names.  Close-on-exec; the kernel releases the lock when the process ends.
 */
#ifndef CORE_BASE_LOCK_H
#define CORE_BASE_LOCK_H

#include "core/base/ctx.h"
#include "core/base/err.h"

struct lock;

/* Takes the lock at `host_path` (a path of the machine; created with 0600 if absent).  After 1 s a
 * note (ctx_report) names the holder; after ctx->wait_seconds, fails with ERR_BUSY.  SIGINT or
 * SIGTERM meanwhile: ERR_CANCELLED.  `what` is the noun of the message: "the store". */
int lock_take(struct ctx *ctx, const char *host_path, const char *what,
              struct lock **ret_lock, struct err *err) must_check;
/* Whether a process holds an exclusive flock(2) on the file that `fd` has open.  Read from
 * /proc/locks: trying the lock would prevent a process that starts meanwhile from taking it.  The
 * lock is tried only where /proc/locks cannot be read. */
bool lock_is_held(const struct ctx *ctx, int fd) must_check;

/* Releases it.  Accepts NULL. */
void lock_free(struct lock *lock);
#define auto_lock cleanup(lock_freep) struct lock *
void lock_freep(struct lock **lock);

#endif
