/*
 * core/model/undo/undo.h: undoes an earlier change, as a new change.
 *
 * The items of the change get their old values, the last item first, through the same functions as
 * the commands of an administrator, so that every rule is checked.  All of it or nothing: the
 * caller rolls back on failure.
 *
 * Refused: an item that was changed again since (unless forced), and items that cannot be restored:
 * a private key that was deleted, a key that has signed, a secret that was replaced, a template
 * revision that is no longer kept.  The results of time, exports and DNS (the state of a key, a
 * record that became public) follow from settings and are not part of a change.  A removed domain
 * is restored with its settings and records, without its keys; a key that was made when DKIM was
 * enabled is kept and resting.
 */
#ifndef CORE_MODEL_UNDO_UNDO_H
#define CORE_MODEL_UNDO_UNDO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/store/store.h"

/* Inside an open change.  `is_forced`: despite later changes of the same items.  `touched` is
 * called for each domain whose records may have to be exported before it signs again.  ERR_MISSING:
 * no such change; ERR_FAILED names what prevents it. */
int undo_change(struct store *store, struct ctx *ctx, int64_t id, bool is_forced,
                void (*touched)(void *arg, const char *domain), void *arg,
                struct err *err) must_check;

#endif
