/*
 * core/mta/push/backend_choose.h: the mail server that pushes are for, and features that the
 * settings request and that it lacks.
 */
#ifndef CORE_MTA_PUSH_BACKEND_CHOOSE_H
#define CORE_MTA_PUSH_BACKEND_CHOOSE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/key/keyring.h"
#include "core/mta/plan/backend.h"
#include "core/store/store.h"

/* The backend of pushes: mta.backend if it names one, else the adopted one, else the first running
 * (under a root: present) one.  *ret_backend NULL: none.  `ret_is_adopted`: the
 * host was adopted with it, or it needs no adoption (directory). */
int backend_choose(struct ctx *ctx, struct store *store,
                   const struct mta_backend **ret_backend, bool *ret_is_adopted,
                   struct err *err) must_check;

/* The mail server's own full host name, for mta.hostname's default: of the chosen backend, else
 * this machine's if it has a dot.  NULL: none.  Caller frees. */
int backend_hostname(struct ctx *ctx, struct store *store, char **ret_name,
                     struct err *err) must_check;

/* Calls `each` for every feature that the effective settings request and the chosen backend does
 * not enforce, with a sentence such as "saved, not enforced: no SPF service". */
int backend_shortfalls(struct ctx *ctx, struct store *store,
                       void (*each)(void *arg, enum mta_feature feature,
                                    const char *sentence),
                       void *arg, struct err *err) must_check;
/* Which side makes the keys of domains: the adopted server, or the one that mta.backend names, if
 * it accepts none of ours. */
int backend_key_maker(struct ctx *ctx, struct store *store, enum keyring_maker *ret_maker,
                      struct err *err) must_check;
/* Refuses (ERR_FAILED) a value that the adopted server, or the one that mta.backend names, does not
 * support on this host; names the server and the nearest alternative.  `value` NULL: unset.  For
 * mta.backend, every value that was set is checked with that server.  The transaction has the new
 * values. */
int backend_check_setting(struct ctx *ctx, struct store *store, const char *setting,
                          const char *value, struct err *err) must_check;
/* The same for a value of a domain, which the remedy names. */
int backend_check_domain_setting(struct ctx *ctx, struct store *store, const char *domain,
                                 const char *setting, const char *value,
                                 struct err *err) must_check;

#endif
