/*
 * core/mta/push/backend_choose.h: which mail server pushes go to, and what it does not give of what the
 * settings ask for.
 */
#ifndef CORE_MTA_PUSH_BACKEND_CHOOSE_H
#define CORE_MTA_PUSH_BACKEND_CHOOSE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/backend.h"
#include "core/store/store.h"

/* The backend that pushes go to: mta.backend where it names one, else the adopted one, else the
 * first running (under the root: present) one.  *ret_backend NULL: none.  `ret_is_adopted`: the
 * host was adopted with it, or it needs no adoption (directory). */
int backend_choose(struct ctx *ctx, struct store *store,
                   const struct mta_backend **ret_backend, bool *ret_is_adopted,
                   struct err *err) must_check;

/* The mail server's own full host name, for mta.hostname's default: of the chosen backend, else
 * this machine's where it has a dot.  NULL: none.  Caller frees. */
int backend_hostname(struct ctx *ctx, struct store *store, char **ret_name,
                     struct err *err) must_check;

/* Feature by feature: what the effective settings ask for and the chosen backend does not give.
 * `each` gets "saved, not enforced: no SPF service" and the like. */
int backend_shortfalls(struct ctx *ctx, struct store *store,
                       void (*each)(void *arg, enum mta_feature feature,
                                    const char *sentence),
                       void *arg, struct err *err) must_check;
/* Refuses (ERR_FAILED) a value that the adopted server, or the one that mta.backend names, cannot
 * honour on this host; names the server and the nearest thing it can do.  NULL: not set. */
int backend_check_setting(struct ctx *ctx, struct store *store, const char *setting,
                          const char *value, struct err *err) must_check;

#endif
