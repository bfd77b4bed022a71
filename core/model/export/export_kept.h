/*
 * core/model/export/export_kept.h: zone files that are kept although nothing is exported to them
 * any longer, because zones of an administrator may include them: a name server refuses a zone
 * whose $INCLUDE names a missing file.
 */
#ifndef CORE_MODEL_EXPORT_EXPORT_KEPT_H
#define CORE_MODEL_EXPORT_EXPORT_KEPT_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/store/store.h"

struct export_kept {
	const char *name;
	const char *path;   /* of the file, a path of the machine */
	const char *folder; /* likewise */
	bool is_elsewhere; /* in a folder that zone.directory no longer names: its records
	                    * are not kept up to date */
};

/* Calls `each` for all of them, those of one folder together, in the order of names; a non-zero
 * result ends the loop. */
int export_kept_each(struct ctx *ctx, struct store *store,
                     int (*each)(void *arg, const struct export_kept *kept,
                                 struct err *err),
                     void *arg, struct err *err) must_check;

enum export_kept_state {
	EXPORT_KEPT_NONE, /* no file is known */
	EXPORT_KEPT_WAITS,
	EXPORT_KEPT_DUE, /* it will wait once an export has emptied it */
	EXPORT_KEPT_IN_USE,
};
/* `name` in A-labels. */
int export_kept_look(struct ctx *ctx, struct store *store, const char *name,
                     enum export_kept_state *ret_state, struct err *err) must_check;

/* Inside an open change: removes the kept files of a name, and calls `each` for them; `is_dry_run`:
 * only calls `each`.  Fails with the reason if there are none. */
int export_kept_forget(struct ctx *ctx, struct store *store, const char *name,
                       bool is_dry_run,
                       int (*each)(void *arg, const struct export_kept *kept,
                                   struct err *err),
                       void *arg, struct err *err) must_check;

#endif
