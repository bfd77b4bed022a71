/*
 * Revocation of one key.  Its record keeps the public half until the host has stopped signing: the
 * key is retiring and due, so that the next keyring_due() revokes it.
 */
#include <string.h>

#include "core/model/key/keyring.h"
#include "core/model/key/keyring_inner.h"
#include "core/model/key/publish.h"
#include "core/model/key/ring.h"
#include "core/model/setting/setting.h"

static const char *const states[] = { "pending", "active",  "retiring",
	                              "revoked", "resting", "parked" };

static const struct key *find(const struct ring *ring, const char *selector)
{
	for (size_t i = 0; i < ring->count; i++)
		if (strcmp(ring->key[i].selector, selector) == 0)
			return &ring->key[i];
	return NULL;
}

static int look(struct store *store, const struct domain *domain, const char *selector,
                struct ring *ring, const struct key **ret_key, struct err *err)
{
	auto_key none = { 0 };
	int r = ring_load(store, domain, ring, err);
	if (r < 0)
		return r;
	if (domain->main_id)
		return err_set(err, ERR_FAILED,
		               _("%s is an alias and signs with the keys of %s; run "
		                 "\"mailauthctl key revoke %s %s\""),
		               domain->name, domain->main_name, domain->main_name,
		               selector);
	*ret_key = find(ring, selector);
	if (!*ret_key) /* which reports the existing selectors */
		return key_find(store, domain->id, domain->name, selector, &none, err);
	if (!(*ret_key)->has_private && !ring_is(*ret_key, NULL, "revoked"))
		return err_set(err, ERR_FAILED,
		               _("the mail server made the key %s of %s and signs with "
		                 "it: have it make a new one"),
		               selector, domain->name);
	return 0;
}

static bool is_at_hand(const struct ring *ring, const char *algorithm,
                       const struct key *revoked)
{
	for (size_t i = 0; i < ring->count; i++) {
		const struct key *key = &ring->key[i];
		if (key != revoked && (ring_is(key, algorithm, "pending") ||
		                       ring_is(key, algorithm, "active")))
			return true;
	}
	return false;
}

int keyring_revoke_missing(struct store *store, const struct domain *domain,
                           const char *selector, struct keygen_job ret_jobs[2],
                           size_t *ret_count, struct err *err)
{
	auto_ring ring = { 0 };
	const struct key *key = NULL;
	const char *algorithms[2];
	size_t count = 0;
	int64_t bits;
	int r = look(store, domain, selector, &ring, &key, err);
	if (r >= 0)
		r = keyring_wanted(store, domain, algorithms, &count, err);
	if (r >= 0)
		r = setting_number(store, SET_DKIM_RSA_BITS, domain->id, &bits, err);
	if (r < 0)
		return r;
	*ret_count = 0;
	/* only these are keys of a domain whose DKIM is on */
	if (!ring_is(key, NULL, "active") && !ring_is(key, NULL, "pending"))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (!is_at_hand(&ring, algorithms[i], key))
			ret_jobs[(*ret_count)++] =
				(struct keygen_job){ algorithms[i], bits };
	return 0;
}

int keyring_revoke(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, const char *selector,
                   const struct key_pair *pairs, size_t count, const char **ret_was,
                   struct err *err)
{
	auto_ring ring = { 0 };
	struct keygen_job jobs[2];
	size_t missing;
	const struct key *key = NULL;
	int r = keyring_revoke_missing(store, domain, selector, jobs, &missing, err);
	if (r >= 0)
		r = look(store, domain, selector, &ring, &key, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (ring_is(key, NULL, states[i]))
			*ret_was = states[i];
	if (ring_is(key, NULL, "revoked"))
		return 0;
	r = ring_is(key, NULL, "parked")
	            ? key_delete(store, key, err)
	            : key_set_state(store, ctx, key, "retiring", ctx_now(ctx), err);
	if (r >= 0)
		r = keyring_insert_made(store, ctx, domain, jobs, missing, pairs, count,
		                        err);
	return r < 0 ? r : publish_refresh(store, ctx, domain, err);
}
