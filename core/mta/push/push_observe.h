/* core/mta/push/push_observe.h: what a backend observed, before or in the database's transaction. */
#ifndef CORE_MTA_PUSH_PUSH_OBSERVE_H
#define CORE_MTA_PUSH_PUSH_OBSERVE_H

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/push_options.h"
#include "core/store/store.h"

/* What a remote server has, observed before the store's transaction, in which no writer must wait for it. */
struct push_observation {
	const struct mta_backend *backend;
	void *observed;         /* the backend's own; NULL: `failure` says why */
	struct digest settings; /* by which it was observed */
	struct err failure;
};

/* `store` as it is now, open to read.  *ret_observation is NULL where no remote server would be pushed to.  A
 * server that does not answer is no failure: push_prepare() reports it. */
int push_observe(struct ctx *ctx, struct store *store, const struct push_options *options,
                 struct push_observation **ret_observation, struct err *err) must_check;
/* *ret_is_current: the settings by which it was observed are still those of `store`. */
int push_is_current(const struct push_observation *observation, struct store *store,
                    bool *ret_is_current, struct err *err) must_check;
void push_observation_free(struct push_observation *observation);

/* For push.c: `early` where it is of that backend and current, else `own`, into which the backend observes now.  *ret_observed
 * lives as long as both. */
int push_observation_get(struct ctx *ctx, struct store *store,
                         const struct mta_backend *backend,
                         const struct push_observation *early,
                         struct push_observation *own, void **ret_observed,
                         struct err *err) must_check;
/* Frees what it holds. */
void push_observation_done(struct push_observation *observation);

#endif
