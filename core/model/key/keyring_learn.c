/* Keys that the mail server made: it has their private half, the store their record. */
#include "core/model/key/keyring.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/model/key/publish.h"
#include "core/model/key/ring.h"
#include "core/model/setting/setting.h"
#include "dnszone/dkim/dkim_key.h"

/* Whether the key is there already: 1; its selector is another key's: a failure. */
static int look_for(const struct ring *ring, const struct domain *domain,
                    const char *selector, const struct key_pair *pair, struct err *err)
{
	for (size_t i = 0; i < ring->count; i++) {
		const struct key *key = &ring->key[i];
		bool is_same =
			key->public_len == pair->public_len &&
			memcmp(key->public_key, pair->public_key, pair->public_len) == 0;
		if (is_same)
			return 1;
		if (strcmp(key->selector, selector) == 0)
			return err_set(
				err, ERR_FAILED,
				_("the mail server has another DKIM key of %s with "
			          "the selector %s than the database: have it make "
			          "one with another selector"),
				domain->name, selector);
	}
	return 0;
}

/* 1: another key of the server waits already. */
static int make_room(struct store *store, const struct ctx *ctx, const struct ring *ring,
                     struct err *err)
{
	const struct key *pending = ring_find(ring, "rsa", "pending");
	int r;
	if (!pending)
		return 0;
	if (!pending->has_private)
		return 1;
	r = publish_forget(store, pending->id, err);
	return r < 0 ? r : key_set_state(store, ctx, pending, "parked", 0, err);
}

int keyring_learn(struct store *store, const struct ctx *ctx, const struct domain *domain,
                  const char *selector, const unsigned char *public_key, size_t len,
                  bool *ret_is_new, struct err *err)
{
	auto_ring ring = { 0 };
	struct key_pair pair = { .algorithm = "rsa", .public_len = len };
	unsigned bits = 0;
	bool signs;
	int64_t id;
	*ret_is_new = false;
	if (dkim_key_look(public_key, len, &bits) != DKIM_KEY_RSA || bits < KEY_RSA_MIN ||
	    bits > KEY_RSA_MAX)
		return err_set(
			err, ERR_FAILED,
			_("the DKIM key %s of %s that the mail server made is not an "
		          "RSA key of 1024 to 4096 bits"),
			selector, domain->name);
	pair.bits = bits;
	int r = setting_bool(store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r < 0 || !signs || domain->main_id)
		return r;
	pair.public_key = (unsigned char *)xmemdup(public_key, len);
	r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = look_for(&ring, domain, selector, &pair, err);
	if (r == 0)
		r = make_room(store, ctx, &ring, err);
	if (r == 0) {
		r = key_insert(store, ctx, domain->id, domain->name, selector, "pending",
		               &pair, &id, err);
		*ret_is_new = r >= 0;
	}
	if (r >= 0 && *ret_is_new)
		r = publish_refresh(store, ctx, domain, err);
	key_pair_done(&pair);
	return r < 0 ? r : 0;
}
