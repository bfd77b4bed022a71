/* core/model/key/ring.h: a domain's keys in memory; for keyring.c and publish.c only. */
#ifndef CORE_MODEL_KEY_RING_H
#define CORE_MODEL_KEY_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/key/key.h"
#include "core/store/store.h"

struct ring {
	struct key *key;
	size_t count, room;
};
void ring_done(struct ring *ring);
#define auto_ring cleanup(ring_done) struct ring

/* Adds a copy of a key. */
void ring_add(struct ring *ring, const struct key *key);
/* The keys that `domain` signs with: its main domain's for an alias; none for a domain that is not
 * in the store yet (id 0). */
int ring_load(struct store *store, const struct domain *domain, struct ring *ring,
              struct err *err) must_check;
/* `algorithm` NULL: any. */
bool ring_is(const struct key *key, const char *algorithm, const char *state);
const struct key *ring_find(const struct ring *ring, const char *algorithm,
                            const char *state);

#endif
