/* A domain's keys in memory: copies, so that they can be changed during an iteration. */
#include "core/model/key/ring.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

void ring_done(struct ring *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		key_done(&ring->key[i]);
	free(ring->key);
}

void ring_add(struct ring *ring, const struct key *key)
{
	GROW(ring->key, ring->count, ring->room);
	struct key *copy = &ring->key[ring->count++];
	*copy = *key;
	copy->domain = xstrdup(key->domain);
	copy->selector = xstrdup(key->selector);
	copy->algorithm = xstrdup(key->algorithm);
	copy->state = xstrdup(key->state);
	copy->public_key = (unsigned char *)xmemdup(key->public_key, key->public_len);
}

int ring_load(struct store *store, const struct domain *domain, struct ring *ring,
              struct err *err)
{
	auto_stmt keys = NULL;
	struct key key;
	if (!domain->id)
		return 0;
	int r = key_query(store, domain->main_id ? domain->main_id : domain->id, &keys,
	                  err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0)
		ring_add(ring, &key);
	return r;
}

bool ring_is(const struct key *key, const char *algorithm, const char *state)
{
	return (!algorithm || strcmp(key->algorithm, algorithm) == 0) &&
	       strcmp(key->state, state) == 0;
}

const struct key *ring_find(const struct ring *ring, const char *algorithm,
                            const char *state)
{
	for (size_t i = 0; i < ring->count; i++)
		if (ring_is(&ring->key[i], algorithm, state))
			return &ring->key[i];
	return NULL;
}
