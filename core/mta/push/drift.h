/* core/mta/push/drift.h: edits of what was pushed, of all kinds (core/mta/engine/drifts.h). */
#ifndef CORE_MTA_PUSH_DRIFT_H
#define CORE_MTA_PUSH_DRIFT_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/engine/drifts.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

/* Checks every file that is ours: a stat for each; only files that look different are read.  `target`
 * may be NULL: none is. */
int drift_scan(struct ctx *ctx, struct store *target, struct drifts *drifts,
               struct err *err) must_check;
/* The same for the files that belong to no single domain, and DRIFT_FIRST of the others.
 * *ret_is_whole: those are all. */
#define DRIFT_FIRST 1000
int drift_scan_first(struct ctx *ctx, struct store *target, struct drifts *drifts,
                     bool *ret_is_whole, struct err *err) must_check;
/* What a scan does not check: what the backend observed for its plan, which was not pruned yet.  `ctx` not
 * NULL: objects of ours that the plan does not contain are queried; fails if a server does not answer. */
int drift_of_observed(struct ctx *ctx, struct store *target, const struct plan *plan,
                      struct drifts *drifts, struct err *err) must_check;
/* Checks the objects of a pruned plan, by what the pruning observed; those that are in `drifts` already are
 * unchanged. */
int drift_of_plan(struct store *target, const struct plan *plan, struct drifts *drifts,
                  struct err *err) must_check;
/* Sets is_planned of those that a step of the plan is about. */
void drift_mark(const struct plan *plan, struct drifts *drifts);

/* Appends the rows as lines for people. */
void drift_show(const struct drifts *drifts, struct buf *out);

#endif
