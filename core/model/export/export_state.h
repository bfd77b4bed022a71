/*
 * core/model/export/export_state.h: the state of zone export, for display: what the last run did,
 * and what the next one would write.  Changes nothing, and is fast with many domains: a few zones
 * are compared with their files, of the others it is only known that they changed.
 */
#ifndef CORE_MODEL_EXPORT_EXPORT_STATE_H
#define CORE_MODEL_EXPORT_EXPORT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/setting/env.h"
#include "core/store/store.h"

/* The number of zones that are compared with their files, and of differing ones that are kept. */
#define EXPORT_STATE_COMPARED 50
#define EXPORT_STATE_KEPT 10

/* A zone that the next export writes or removes. */
struct export_due {
	char *name;
	char *before; /* the file's text; NULL: there is none */
	char *after;  /* NULL: the file is removed */
};

struct export_state {
	char *directory; /* as the machine sees it */
	int64_t at;      /* when the last export ended that changed anything, 0: never */
	int64_t files;   /* zones that are there */
	bool is_reload_owed;
	char *complaint; /* output of a failed zone.reload; NULL: none */
	bool is_all; /* a value that appears in every zone differs, or the folder is new */
	int64_t due; /* zones that differ; without is_exact: that may differ */
	bool is_exact;
	struct export_due *row; /* the first that do differ, in the order of names */
	size_t count, room;
};
void export_state_done(struct export_state *state);

/* `store` may be NULL: nothing was exported. */
int export_state_load(struct ctx *ctx, struct store *store, const struct env *env,
                      struct export_state *ret_state, struct err *err) must_check;

enum export_place {
	EXPORT_IS_DONE, /* the file is up to date */
	EXPORT_IS_DUE,
	EXPORT_IS_NONE, /* not served here, and no file */
};
/* The zone of one name, and when its file was written (0: not recorded). */
int export_state_of(struct ctx *ctx, struct store *store, const struct env *env,
                    const char *name, enum export_place *ret_place, int64_t *ret_at,
                    struct err *err) must_check;

#endif
