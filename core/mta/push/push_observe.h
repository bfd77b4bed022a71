/* core/mta/push/push_observe.h: what a backend observed, before or in the database's transaction.
 */
#ifndef CORE_MTA_PUSH_PUSH_OBSERVE_H
#define CORE_MTA_PUSH_PUSH_OBSERVE_H

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/push_options.h"
#include "core/store/store.h"

/* The state of a remote server, observed before the store's transaction, so that no writer has to
 * wait for that server. */
struct push_observation {
	const struct mta_backend *backend;
	void *observed;         /* the backend's own; NULL: see `failure` */
	struct digest settings; /* by which it was observed */
	struct err failure;
};

/* With the present state of `store`, open for reading.  *ret_observation is NULL if no remote
 * server would be pushed to.  A server that does not answer is not a failure: push_prepare()
 * reports it. */
int push_observe(struct ctx *ctx, struct store *store, const struct push_options *options,
                 struct push_observation **ret_observation, struct err *err) must_check;
/* *ret_is_current: the settings by which it was observed are still those of `store`. */
int push_is_current(const struct push_observation *observation, struct store *store,
                    bool *ret_is_current, struct err *err) must_check;
void push_observation_free(struct push_observation *observation);

/* Observes the names that changed after generation `since` (0: all) and were not observed yet. */
int push_observe_names(const struct mta_backend *backend, void *observed,
                       struct store *store, int64_t since, struct err *err) must_check;
/* For push.c: the observation of `early` if it is of that backend and up to date, else that of
 * `own`, which the backend fills now.  *ret_observed is valid as long as both. */
int push_observation_get(struct ctx *ctx, struct store *store,
                         const struct mta_backend *backend,
                         const struct push_observation *early,
                         struct push_observation *own, void **ret_observed,
                         struct err *err) must_check;
/* Frees its members. */
void push_observation_done(struct push_observation *observation);

#endif
