/*
 * core/mta/push/push_observe.c: a server that is reached over the network is queried before the
 * database's transaction, at the address in the settings.  If these change meanwhile, it is queried
 * again.
 */
#include "core/mta/push/push_observe.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/setting/setting.h"
#include "core/mta/engine/target.h"
#include "core/mta/push/push_facts.h"
#include "core/mta/push/registry.h"

static int read_settings(struct store *store, struct digest *ret_digest, struct err *err)
{
	struct digest_state *state = digest_new();
	int rc = setting_digest(store, "mta.", state, err);

	digest_finish(state, ret_digest);
	return rc;
}

static bool has_remote_backend(void)
{
	for (unsigned i = 0; i < registry_count; i++)
		if (registry[i]->is_remote)
			return true;
	return false;
}

/* NULL: no such server. */
static int find_backend(struct ctx *ctx, struct store *store,
                        const struct push_options *options,
                        const struct mta_backend **ret_backend, struct err *err)
{
	auto_store target = NULL;
	struct push_facts f = { 0 };
	const struct mta_backend *backend;
	int rc = target_open(ctx, false, false, &target, err);

	if (!rc)
		rc = push_facts_read(ctx, store, target, &f, err);
	if (rc)
		return rc;
	backend = f.is_ours ? registry_find(f.old.backend) : f.backend;
	if (backend && backend->is_remote && (f.is_ours || options->is_adoption))
		*ret_backend = backend;
	push_facts_done(&f);
	return 0;
}

int push_observe(struct ctx *ctx, struct store *store, const struct push_options *options,
                 struct push_observation **ret_observation, struct err *err)
{
	const struct mta_backend *backend = NULL;
	struct push_observation *observation;
	struct digest settings;
	int rc = has_remote_backend() ? find_backend(ctx, store, options, &backend, err)
	                              : 0;

	if (rc || !backend)
		return rc;
	rc = read_settings(store, &settings, err);
	if (rc)
		return rc;
	observation = xcalloc(1, sizeof(*observation));
	observation->backend = backend;
	observation->settings = settings;
	if (backend->observe(ctx, store, &observation->observed, &observation->failure))
		observation->observed = NULL;
	*ret_observation = observation;
	return 0;
}

int push_is_current(const struct push_observation *observation, struct store *store,
                    bool *ret_is_current, struct err *err)
{
	struct digest now;
	int rc = read_settings(store, &now, err);

	if (!rc)
		*ret_is_current =
			memcmp(now.at, observation->settings.at, DIGEST_LEN) == 0;
	return rc;
}

int push_observation_get(struct ctx *ctx, struct store *store,
                         const struct mta_backend *backend,
                         const struct push_observation *early,
                         struct push_observation *own, void **ret_observed,
                         struct err *err)
{
	bool is_current = false;
	int rc = early && early->backend == backend
	                 ? push_is_current(early, store, &is_current, err)
	                 : 0;

	if (!rc && is_current && early->failure.code) {
		*err = early->failure;
		return err->code;
	}
	if (rc || is_current) {
		*ret_observed = rc ? NULL : early->observed;
		return rc;
	}
	own->backend = backend;
	rc = backend->observe(ctx, store, &own->observed, err);
	if (!rc)
		*ret_observed = own->observed;
	return rc;
}

void push_observation_done(struct push_observation *observation)
{
	if (observation->observed && observation->backend->observed_free)
		observation->backend->observed_free(observation->observed);
	*observation = (struct push_observation){ 0 };
}

void push_observation_free(struct push_observation *observation)
{
	if (!observation)
		return;
	push_observation_done(observation);
	free(observation);
}
