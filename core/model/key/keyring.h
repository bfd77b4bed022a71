/*
 * core/model/key/keyring.h: the life of a domain's keys (semantics 1), inside an open change.
 *
 * No key signs before its record was exported, seen in DNS, or an administrator said so; no record
 * leaves a zone while mail that its key signed may be under way.
 */
#ifndef CORE_MODEL_KEY_KEYRING_H
#define CORE_MODEL_KEY_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/key/key.h"
#include "core/model/key/keygen.h"
#include "core/store/store.h"

/* Whether DKIM may be switched on: the server allows it, the domain is no alias, not suspended,
 * sends mail, and has a DNS service.  ERR_FAILED with the reason and the way out. */
int keyring_check_enable(struct store *store, const struct domain *domain,
                         struct err *err) must_check;

/* Which pairs have to be made before keyring_enable(): none where keys rest, are parked, pending
 * or active already.  At most two. */
int keyring_missing(struct store *store, const struct domain *domain,
                    struct keygen_job ret_jobs[2], size_t *ret_count,
                    struct err *err) must_check;

enum keyring_outcome {
	KEYRING_UNCHANGED, /* DKIM was on */
	KEYRING_ACTIVE,    /* signs, or will once pushed */
	KEYRING_PENDING,   /* waits for its record to become public */
};

/* Switches DKIM on with the pairs that were made (consumed; surplus ones are dropped).
 * `is_sign_now`: the administrator takes the records for public. */
int keyring_enable(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, struct key_pair *pairs, size_t count,
                   bool is_sign_now, enum keyring_outcome *ret_outcome,
                   struct err *err) must_check;

/* The same whatever the server forbids: the domain's wish, its keys and its records are there, and
 * come into effect when the server allows it. */
int keyring_switch_on(struct store *store, const struct ctx *ctx,
                      const struct domain *domain, struct key_pair *pairs, size_t count,
                      bool is_sign_now, enum keyring_outcome *ret_outcome,
                      struct err *err) must_check;

/* Switches DKIM on with the key of that selector: of several keys that are kept or rest this one signs
 * once its record is public, and the active one of its kind retires then.  A pending key of its
 * kind is parked.  Fails: there is no such key, or it is being taken out of use. */
int keyring_choose(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, const char *selector, bool is_sign_now,
                   enum keyring_outcome *ret_outcome, struct err *err) must_check;

/* Switches DKIM off: active keys rest, pending ones are parked.  `is_now`: the records may leave
 * with the next export, once the host has stopped signing. */
int keyring_disable(struct store *store, const struct ctx *ctx,
                    const struct domain *domain, bool is_now, struct err *err) must_check;

/* Keys rest or wake with their domain (suspend, resume); dkim.sign stays as it is. */
int keyring_rest(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 bool is_now, struct err *err) must_check;
int keyring_wake(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 struct err *err) must_check;

/* Takes a private key over under `selector`: pending where DKIM is on, parked where it is off or
 * `is_parked` says so.
 * Fails: the selector or the key is there already, another key of its kind is pending. */
int keyring_import(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, const char *selector,
                   const struct key_pair *pair, bool is_parked,
                   struct err *err) must_check;

/* What time brings: resting keys that are due are parked, retiring ones revoked and then deleted,
 * former keys go; nothing that the host may still sign with (`host_gen`: push.h). */
int keyring_due(struct store *store, const struct ctx *ctx, int64_t host_gen,
                struct err *err) must_check;

#endif
