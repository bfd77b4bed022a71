/* core/mta/push/absence.h: why no mail server can be pushed to, and the next step. */
#ifndef CORE_MTA_PUSH_ABSENCE_H
#define CORE_MTA_PUSH_ABSENCE_H

#include "core/base/ctx.h"
#include "core/store/store.h"

struct absence {
	char *sentence; /* what was found instead, and the next step */
	char *remedy;   /* only the command of that step */
};

/* For a host for which backend_choose() finds no server: one that does not run, another one, or
 * none at all. */
void absence_look(struct ctx *ctx, struct store *store, struct absence *ret_absence);
void absence_done(struct absence *absence);

#endif
