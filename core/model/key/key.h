/*
 * core/model/key/key.h: DKIM keys in the store (public halves; private ones: key_secret.h; key
 * material: key_crypto.h).
 *
 * States: pending (published, not signing yet) -> active -> retiring (after a rotation: published)
 * -> revoked (p= empty) -> gone.  resting: published, its domain does not sign; when due: parked
 * (kept, not published).  Enabled again: resting -> active, parked -> pending.
 */
#ifndef CORE_MODEL_KEY_KEY_H
#define CORE_MODEL_KEY_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/secret.h"
#include "core/model/key/key_crypto.h"
#include "core/store/store.h"

struct key {
	int64_t id, domain_id;
	char *domain; /* name */
	char *selector;
	char *algorithm; /* "rsa", "ed25519" */
	int64_t bits;
	char *state;
	unsigned char *public_key; /* the octets of p=, before base64 */
	size_t public_len;
	struct digest fingerprint; /* SHA-256 of public_key */
	bool has_private;
	int64_t created, since, due; /* Unix seconds; due 0: none */
};
void key_done(struct key *key);
#define auto_key cleanup(key_done) struct key

/* Whether the record of the key is in the zone: in all states except "parked". */
bool key_is_published(const struct key *key);

/* Keys of one domain (domain_id), or of all (0), in the order of domain, selector: a cursor for
 * key_next(), which the caller frees (auto_stmt).  `store` NULL: there are none. */
int key_query(struct store *store, int64_t domain_id, struct stmt **ret_keys,
              struct err *err) must_check;
/* 1: a key, which is borrowed until the next call; keys must not be changed meanwhile.  0: no more. */
int key_next(struct stmt *keys, struct key *ret_key, struct err *err) must_check;
/* The keys of all domains that another step follows by itself, the next one first; at most `limit`. */
int key_query_due(struct store *store, int64_t limit, struct stmt **ret_keys,
                  struct err *err) must_check;
/* One key by its selector.  ERR_MISSING lists the existing selectors. */
int key_find(struct store *store, int64_t domain_id, const char *domain,
             const char *selector, struct key *ret_key, struct err *err) must_check;

/* 1: the id of the key with the selector of the domain `domain`; 0: there is none. */
int key_id_of(struct store *store, const char *domain, const char *selector,
              int64_t *ret_id, struct err *err) must_check;

/* The record's text; revoked keys have an empty p=.  Caller frees. */
char *key_record_text(const struct key *key) must_check;

/* Inserts a pair in `state` ("pending", "parked") under `selector` and records this in the change.
 * A pair whose pkcs8 is not set is a key of which the mail server has the private half. */
int key_insert(struct store *store, const struct ctx *ctx, int64_t domain_id,
               const char *domain, const char *selector, const char *state,
               const struct key_pair *pair, int64_t *ret_id, struct err *err) must_check;

/* Moves a key to another state, due at `due` (0: none), and records this. */
int key_set_state(struct store *store, const struct ctx *ctx, const struct key *key,
                  const char *state, int64_t due, struct err *err) must_check;
/* Notes that an active key retires as soon as a key of another algorithm signs instead: its `due` is
 * now. */
int key_supersede(struct store *store, const struct ctx *ctx, const struct key *key,
                  struct err *err) must_check;
/* Deletes the private half of a revoked key. */
int key_drop_private(struct store *store, const struct key *key,
                     struct err *err) must_check;
/* Deletes a key, private half included, and records this. */
int key_delete(struct store *store, const struct key *key, struct err *err) must_check;

/* The selector after `selector`: "default-2" after "default", "default-3" after "default-2", the
 * first free one, as in key_choose_selector().  Caller frees. */
int key_next_selector(struct store *store, int64_t domain_id, const char *selector,
                      char **ret_selector, struct err *err) must_check;

/* A selector for a new key: the domain's dkim.selector with its placeholders replaced, followed by
 * "-ed25519" for an Ed25519 key in addition to an RSA key (without {algorithm}), then by "-2",
 * "-3"... (without {serial}).  The serial is higher than those of the domain's keys, and the
 * selector is not used by a former key under its name or those of its aliases, or by a record that
 * their zones have of their own.  Caller frees. */
int key_choose_selector(struct store *store, const struct ctx *ctx, int64_t domain_id,
                        const char *domain, const char *algorithm, bool is_beside_rsa,
                        char **ret_selector, struct err *err) must_check;

#endif
