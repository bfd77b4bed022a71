/*
 * One key of several: the administrator selects the one that signs.  A pending key of the same kind
 * must not replace it later, so it is parked again; it has signed nothing.
 */
#include <string.h>

#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"
#include "core/model/key/ring.h"
#include "core/model/setting/setting.h"

static int park_pending(struct store *store, const struct ctx *ctx,
                        const struct ring *ring, const struct key *chosen,
                        struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < ring->count; i++) {
		const struct key *key = &ring->key[i];
		if (!ring_is(key, chosen->algorithm, "pending") || key->id == chosen->id)
			continue;
		r = publish_forget(store, key->id, err);
		if (r >= 0)
			r = key_set_state(store, ctx, key, "parked", 0, err);
	}
	return r;
}

static const struct key *find(const struct ring *ring, const char *selector)
{
	for (size_t i = 0; i < ring->count; i++)
		if (strcmp(ring->key[i].selector, selector) == 0)
			return &ring->key[i];
	return NULL;
}

static int fail_unfit(struct store *store, const struct domain *domain,
                      const char *selector, const struct key *key, struct err *err)
{
	auto_key none = { 0 };
	if (!key)
		return key_find(store, domain->id, domain->name, selector, &none, err);
	return err_set(err, ERR_FAILED, _("the key %s of %s is %s and cannot sign again"),
	               selector, domain->name, key->state);
}

int keyring_choose(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, const char *selector, bool is_sign_now,
                   enum keyring_outcome *ret_outcome, struct err *err)
{
	auto_ring ring = { 0 }, now = { 0 };
	bool was_on;
	int r = keyring_check_enable(store, domain, err);
	if (r >= 0)
		r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain->id, &was_on, err);
	if (r < 0)
		return r;
	const struct key *key = find(&ring, selector);
	if (!key || ring_is(key, NULL, "retiring") || ring_is(key, NULL, "revoked"))
		return fail_unfit(store, domain, selector, key, err);
	bool waits = ring_is(key, NULL, "parked") || ring_is(key, NULL, "resting");
	const struct key *active = ring_find(&ring, key->algorithm, "active");
	/* its record is public already: no wait, except for a key that signs now */
	bool is_at_once = ring_is(key, NULL, "resting") && !active;
	if (!was_on)
		r = setting_set(store, SET_DKIM_SIGN, domain->id, domain->name, "on",
		                err);
	if (r >= 0)
		r = park_pending(store, ctx, &ring, key, err);
	if (r >= 0 && waits)
		r = key_set_state(store, ctx, key, is_at_once ? "active" : "pending", 0,
		                  err);
	if (r >= 0)
		r = is_sign_now ? publish_mark(store, ctx, domain, key->id, KEY_SAID, err)
		                : publish_refresh(store, ctx, domain, err);
	if (r >= 0)
		r = ring_load(store, domain, &now, err);
	if (r < 0)
		return r;
	const struct key *then = find(&now, selector);
	bool is_same = then && strcmp(then->state, key->state) == 0 && was_on;
	*ret_outcome = then && ring_is(then, NULL, "pending") ? KEYRING_PENDING
	               : is_same                              ? KEYRING_UNCHANGED
	                                                      : KEYRING_ACTIVE;
	return 0;
}
