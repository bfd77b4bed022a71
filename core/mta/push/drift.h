/*
 * core/mta/push/drift.h: edits by others of files and settings that we wrote.
 *
 * A file that is only ours has drifted if its content, mode or owner differs, or if it was removed;
 * a shared one if our part of it differs.  A changed time stamp is not drift.  A setting of a
 * remote server has drifted if its value differs, or if it was removed.
 */
#ifndef CORE_MTA_PUSH_DRIFT_H
#define CORE_MTA_PUSH_DRIFT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/remote.h"
#include "core/store/store.h"

struct drift {
	char *path;      /* of a setting: "URL NAME" */
	char *parameter; /* of a shared file: that of the first difference; NULL: unknown */
	char *what;      /* "was edited since it was pushed", ... */
	char *diff; /* from the pushed to the present text; NULL: a secret, no text */
	bool is_planned;  /* the plan names it: used by push.c */
	bool is_restored; /* only ours, and removed: writing it again overwrites no edit */
	struct drift_setting *setting; /* NULL: a file */
};

struct drift_setting {
	char *url, *name;
	struct remote_value now;
};

struct drifts {
	struct drift *row; /* sorted by path */
	size_t count, room;
};

#define DRIFTS_INIT ((struct drifts){ 0 })
#define auto_drifts cleanup(drifts_done) struct drifts
void drifts_done(struct drifts *drifts);

/* Compares every file of ours: a stat(2) for each, and only those whose attributes differ are read.
 */
int drift_scan(struct ctx *ctx, struct store *target, struct drifts *drifts,
               struct err *err) must_check;
/* The same for the files that do not belong to one domain, and DRIFT_FIRST of the others.
 * *ret_is_whole: these are all. */
#define DRIFT_FIRST 1000
int drift_scan_first(struct ctx *ctx, struct store *target, struct drifts *drifts,
                     bool *ret_is_whole, struct err *err) must_check;
/* Compares the files and settings of a pruned plan, with the state that the pruning observed; rows
 * that are in `drifts` already are not changed. */
int drift_of_plan(struct store *target, const struct plan *plan, struct drifts *drifts,
                  struct err *err) must_check;

/* Compares the settings of an observed plan, before it is pruned, with what the backend observed.
 * `ctx` not NULL: settings of ours that the plan does not name are read from their server; fails if
 * that does not answer. */
int drift_of_settings(struct ctx *ctx, struct store *target, const struct plan *plan,
                      struct drifts *drifts, struct err *err) must_check;
/* The step that sets that setting.  NULL: none. */
const struct step *drift_step(const struct plan *plan,
                              const struct drift_setting *setting) must_check;

/* Appends the rows as lines for people. */
void drift_show(const struct drifts *drifts, struct buf *out);

#endif
