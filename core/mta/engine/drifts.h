/*
 * core/mta/engine/drifts.h: edits of what we wrote, as each kind of step finds them.
 *
 * A file that is only ours has drifted if its content, mode or owner changed or if it was removed; a
 * file that we share, if our part of it changed.  A file that was only touched has not.  A setting of
 * a server that is reached over a connection has drifted if it has another value or none.
 */
#ifndef CORE_MTA_ENGINE_DRIFTS_H
#define CORE_MTA_ENGINE_DRIFTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/remote.h"
#include "core/mta/plan/step.h"
#include "core/store/store.h"

struct drift {
	const struct step_type *type;
	char *path;      /* step_title() */
	char *parameter; /* of a shared file: where the first difference is; NULL: unknown */
	char *what;      /* "was edited since it was pushed", ... */
	char *diff; /* from what was pushed to what is there; NULL: a secret, no text */
	bool is_planned; /* the plan names it: used by push.c */
	bool is_restored; /* only ours and removed: nothing is lost if it is written again */
	struct remote_value now; /* settings */
};

struct drifts {
	struct drift *row; /* sorted by path */
	size_t count, room;
};

#define DRIFTS_INIT ((struct drifts){ 0 })
#define auto_drifts cleanup(drifts_done) struct drifts
void drifts_done(struct drifts *drifts);

/* A new row, to be completed; takes `what`. */
struct drift *drifts_add(struct drifts *drifts, const struct step_type *type,
                         const char *path, char *what);
void drifts_sort(struct drifts *drifts);
/* The row of that path among the first `count`, which are sorted.  NULL: none. */
struct drift *drifts_find(const struct drifts *drifts, size_t count,
                          const char *path) must_check;

/* For step_type.drift, scan, query and accept. */
int drift_of_file(struct store *target, const struct step *step, struct drifts *drifts,
                  struct err *err) must_check;
int drift_scan_files(struct ctx *ctx, struct store *target, int64_t limit,
                     struct drifts *drifts, bool *ret_is_whole,
                     struct err *err) must_check;
int drift_accept_file(const struct step_run *run, const struct drift *drift,
                      struct err *err) must_check;
int drift_of_setting(struct store *target, const struct step *step, struct drifts *drifts,
                     struct err *err) must_check;
int drift_query_settings(struct ctx *ctx, struct store *target, const struct plan *plan,
                         struct drifts *drifts, struct err *err) must_check;
int drift_accept_setting(const struct step_run *run, const struct drift *drift,
                         struct err *err) must_check;

#endif
