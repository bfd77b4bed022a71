/*
 * core/mta/push/push_observe.c: a server that is reached over the network is queried before the
 * database's transaction, at the address in the settings.  If these change meanwhile, it is queried
 * again.
 */
#include "core/mta/push/push_observe.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/key/signing.h"
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

/* NULL: no such server.  *ret_since: names that moved later are to be pushed; 0: all. */
static int find_backend(struct ctx *ctx, struct store *store,
                        const struct push_options *options,
                        const struct mta_backend **ret_backend, int64_t *ret_since,
                        struct err *err)
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
	*ret_since = f.is_ours && f.backend && !push_must_see_all(options, &f)
	                     ? f.old.gen.id
	                     : 0;
	push_facts_done(&f);
	return 0;
}

struct names_of {
	const struct mta_backend *backend;
	void *observed;
};

static int observe_name(void *arg, const char *name, struct err *err)
{
	const struct names_of *of = arg;

	return of->backend->observe_name(of->observed, name, err);
}

int push_observe_names(const struct mta_backend *backend, void *observed,
                       struct store *store, int64_t since, struct err *err)
{
	struct names_of of = { backend, observed };

	return backend->observe_name && observed
	               ? signing_moved(store, since, observe_name, &of, err)
	               : 0;
}

int push_observe(struct ctx *ctx, struct store *store, const struct push_options *options,
                 struct push_observation **ret_observation, struct err *err)
{
	const struct mta_backend *backend = NULL;
	struct push_observation *observation;
	struct digest settings;
	int64_t since = 0;
	int rc = has_remote_backend()
	                 ? find_backend(ctx, store, options, &backend, &since, err)
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
	else if (push_observe_names(backend, observation->observed, store, since,
	                            &observation->failure)) {
		backend->observed_free(observation->observed);
		observation->observed = NULL;
	}
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
