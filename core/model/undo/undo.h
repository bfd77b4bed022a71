/*
 * core/model/undo/undo.h: takes an earlier change back, as a change of its own.
 *
 * What the change made different gets its old value again, last thing first, through the same doors
 * as an administrator's commands, so that every rule holds.  All of it or nothing: the caller rolls
 * back on failure.
 *
 * Refused: something that was changed again since (unless forced), and what cannot come back: a
 * private key that is gone, a key that has signed, a secret that was replaced, a template revision
 * that is not kept any more.  What time, exports and DNS brought about (the state of a key, a record
 * that became public) follows from settings and is no part of it.  A removed domain comes back with
 * its settings and records, without its keys; a key that enabling DKIM made is kept, and rests.
 */
#ifndef CORE_MODEL_UNDO_UNDO_H
#define CORE_MODEL_UNDO_UNDO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/store/store.h"

/* Inside an open change.  `is_forced`: over later changes of the same things.  `touched` is called for
 * each domain whose records may have to be exported before it signs again.  ERR_MISSING: there is no
 * such change; ERR_FAILED names what stands in the way. */
int undo_change(struct store *store, struct ctx *ctx, int64_t id, bool is_forced,
                void (*touched)(void *arg, const char *domain), void *arg,
                struct err *err) must_check;

#endif
