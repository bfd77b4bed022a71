/* core/mta/check/validate.h: the data for checking a finished plan before anything is saved. */
#ifndef CORE_MTA_CHECK_VALIDATE_H
#define CORE_MTA_CHECK_VALIDATE_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/check/path_check.h"
#include "core/mta/check/stage.h"
#include "core/mta/plan/plan.h"

/* Each part has a function with this argument; all of it is borrowed. */
struct validation {
	struct ctx *ctx;
	const struct plan
		*plan;        /* pruned: files that it does not contain are unchanged */
	const void *observed; /* the backend's own */
	struct path_check *paths;
	struct stage
		*stage; /* NULL under a root: no program is run, no account is checked */
};

/* The step for that file; NULL: it is unchanged. */
const struct step *validation_step(const struct validation *v,
                                   const char *path) must_check;
/* Appends the future content of the file to `into`: 1 it exists, 0 it does not. */
int validation_read(const struct validation *v, const char *path, struct buf *into,
                    struct err *err) must_check;

#endif
