/* core/mta/check/validate.h: what is known when a finished plan is checked before anything is saved. */
#ifndef CORE_MTA_CHECK_VALIDATE_H
#define CORE_MTA_CHECK_VALIDATE_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/check/path_check.h"
#include "core/mta/check/stage.h"
#include "core/mta/plan/plan.h"

/* Each part has a function that takes it; all of it is borrowed. */
struct validation {
	struct ctx *ctx;
	const struct plan *plan; /* pruned: what is not in it stands already */
	const void *observed;    /* the backend's own */
	struct path_check *paths;
	struct stage
		*stage; /* NULL under a root: no program is run, no account is judged */
};

/* The step for that file; NULL: it stays as it is. */
const struct step *validation_step(const struct validation *v,
                                   const char *path) must_check;
/* The file as it will stand, appended to `into`: 1 it is there, 0 it is not. */
int validation_read(const struct validation *v, const char *path, struct buf *into,
                    struct err *err) must_check;

#endif
