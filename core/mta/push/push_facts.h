/*
 * core/mta/push/push_facts.h: the facts that determine whether and what to push: the store that the
 * host follows, the generations of both, and the backend.  For push*.c only.
 */
#ifndef CORE_MTA_PUSH_PUSH_FACTS_H
#define CORE_MTA_PUSH_PUSH_FACTS_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/push_options.h"
#include "core/store/change.h"
#include "core/store/store.h"

struct push_facts {
	struct target_row old; /* of the host now */
	uint8_t uuid[STORE_UUID_LEN];
	struct generation now;
	const struct mta_backend *backend; /* NULL: none was found */
	bool is_adopted;
	bool is_ours;  /* the host follows this store */
	bool is_known; /* this store contains the host's last change */
};

/* `target` NULL: nothing was pushed to this host yet. */
int push_facts_read(struct ctx *ctx, struct store *store, struct store *target,
                    struct push_facts *ret_facts, struct err *err) must_check;
void push_facts_done(struct push_facts *facts);

/* The random identifier of the store. */
int push_read_uuid(struct store *store, uint8_t uuid[STORE_UUID_LEN],
                   struct err *err) must_check;
/* Digest of all values that appear in files and whose change increases no domain's generation. */
int push_read_inputs(struct store *store, const char *backend, const char *hostname,
                     struct digest *ret_digest, struct err *err) must_check;

/* Whether to push at all.  *ret_why: why nothing is pushed, a clause that can follow "saved; ";
 * NULL: push.  Fails if the push was requested explicitly. */
int push_decide(struct ctx *ctx, struct store *store, const struct push_options *options,
                const struct push_facts *facts, const char **ret_why,
                struct err *err) must_check;
/* Whether every name is compared instead of only those with a later generation.  A setting of the
 * server changes no generation: it affects only files that are rendered each time. */
bool push_must_see_all(const struct push_options *options,
                       const struct push_facts *facts) must_check;

#endif
