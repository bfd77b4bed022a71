/*
 * core/mta/push/drift.h: what somebody else did to what we wrote.
 *
 * A file that is ours alone drifts when its content, mode or owner is another one or when it is
 * gone; one that we share when our part of it does.  A file that was only touched has not.
 * A setting of a server that is reached over a connection drifts when it has another value or none.
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
	char *parameter; /* of a shared file: where the first difference is; NULL: not told */
	char *what;      /* "was edited since it was pushed", ... */
	char *diff; /* from what was pushed to what is there; NULL: a secret, no text */
	bool is_planned; /* the plan names it: used by push.c */
	bool is_restored; /* ours alone and gone: nothing is lost when it is written again */
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

/* Looks at every file that is ours: a stat for each, and only what looks different is read. */
int drift_scan(struct ctx *ctx, struct store *target, struct drifts *drifts,
               struct err *err) must_check;
/* The same for the files that serve no single domain and DRIFT_FIRST of the others.
 * *ret_is_whole: those are all. */
#define DRIFT_FIRST 1000
int drift_scan_first(struct ctx *ctx, struct store *target, struct drifts *drifts,
                     bool *ret_is_whole, struct err *err) must_check;
/* Looks at the files and settings of a pruned plan, by what the pruning saw; those that are in `drifts` already
 * are left as they are. */
int drift_of_plan(struct store *target, const struct plan *plan, struct drifts *drifts,
                  struct err *err) must_check;

/* The settings of an observed plan, before it is pruned, by what the backend observed.  `ctx` given: one of
 * ours that the plan does not name is asked for; it fails when that server does not answer. */
int drift_of_settings(struct ctx *ctx, struct store *target, const struct plan *plan,
                      struct drifts *drifts, struct err *err) must_check;
/* The step that sets that setting.  NULL: none. */
const struct step *drift_step(const struct plan *plan,
                              const struct drift_setting *setting) must_check;

/* For people. */
void drift_show(const struct drifts *drifts, struct buf *out);

#endif
