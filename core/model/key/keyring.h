/*
 * core/model/key/keyring.h: the states of a domain's keys, inside an open change.
 *
 * No key signs before its record was exported, seen in DNS, or confirmed by an administrator; no
 * record is removed from a zone while mail that its key signed may be in transit.
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

/* Whether DKIM can be enabled: the server permits it, the domain is not an alias, is not suspended,
 * sends mail, and has a DNS service.  ERR_FAILED with the reason and the remedy. */
int keyring_check_enable(struct store *store, const struct domain *domain,
                         struct err *err) must_check;

/* Which pairs must be generated before keyring_enable(): none if there are resting, parked, pending
 * or active keys.  At most two. */
int keyring_missing(struct store *store, const struct domain *domain,
                    struct keygen_job ret_jobs[2], size_t *ret_count,
                    struct err *err) must_check;

enum keyring_outcome {
	KEYRING_UNCHANGED, /* DKIM was on */
	KEYRING_ACTIVE,    /* signs, or will once pushed */
	KEYRING_PENDING,   /* waits for its record to become public */
};

/* Where a missing key comes from. */
enum keyring_maker {
	KEYS_OURS,   /* it is among the pairs */
	KEYS_SERVER, /* the mail server makes it after the push (keyring_learn()) */
};

/* Enables DKIM with the generated pairs (consumed; surplus ones are discarded).  `is_sign_now`: the
 * administrator treats the records as public. */
int keyring_enable(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, enum keyring_maker maker,
                   struct key_pair *pairs, size_t count, bool is_sign_now,
                   enum keyring_outcome *ret_outcome, struct err *err) must_check;

/* The same even if dkim.sign is off for the server: the domain's setting, its keys and its records
 * are saved, and take effect when the server permits it. */
int keyring_switch_on(struct store *store, const struct ctx *ctx,
                      const struct domain *domain, enum keyring_maker maker,
                      struct key_pair *pairs, size_t count, bool is_sign_now,
                      enum keyring_outcome *ret_outcome, struct err *err) must_check;

/* Enables DKIM with the key of that selector: of several parked or resting keys, this one signs
 * once its record is public, and the active one of its algorithm then retires.  A pending key of
 * its algorithm is parked.  Fails: no such key, or it is retiring or revoked. */
int keyring_choose(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, const char *selector, bool is_sign_now,
                   enum keyring_outcome *ret_outcome, struct err *err) must_check;

/* Which keys a rotation replaces. */
enum keyring_scope {
	ROTATE_ALL,
	ROTATE_DUE, /* older than dkim.rotate-after */
};

/* Which pairs must be generated before keyring_rotate(): one for each algorithm of dkim.algorithm
 * without a pending key.  Fails: DKIM is off, the domain does not sign, or the mail server made its
 * keys. */
int keyring_rotate_missing(struct store *store, const struct ctx *ctx,
                           const struct domain *domain, enum keyring_scope scope,
                           struct keygen_job ret_jobs[2], size_t *ret_count,
                           struct err *err) must_check;

/* Adds the generated pairs as pending keys, which replace the active ones once their records are
 * public; until then those sign.  Surplus pairs are ignored.  An active key of an algorithm that
 * dkim.algorithm does not contain any more retires with it.  A repeated call changes nothing. */
int keyring_rotate(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, enum keyring_scope scope,
                   const struct key_pair *pairs, size_t count,
                   struct err *err) must_check;

/* Names of main domains whose DKIM is on, with an active or pending key that the rotation is for. */
int keyring_rotate_each(struct store *store, const struct ctx *ctx,
                        enum keyring_scope scope,
                        int (*each)(void *arg, const char *name, struct err *err),
                        void *arg, struct err *err) must_check;

/* Number of domains whose active key the mail server made, which keyring_rotate_each() leaves out. */
int keyring_count_theirs(struct store *store, int64_t *ret_count,
                         struct err *err) must_check;

/* When an active key is due for rotation by dkim.rotate-after; 0: never. */
int keyring_rotation_due(struct store *store, const struct key *key, int64_t *ret_due,
                         struct err *err) must_check;

/* Which pairs must be generated before keyring_revoke(): one for each algorithm of dkim.algorithm
 * that has neither a pending nor an active key without the revoked one.  Fails: no such key, or the
 * mail server made it. */
int keyring_revoke_missing(struct store *store, const struct domain *domain,
                           const char *selector, struct keygen_job ret_jobs[2],
                           size_t *ret_count, struct err *err) must_check;

/* Revokes the key of that selector: it does not sign any more, and its record becomes an empty p= as
 * soon as the host has stopped signing (keyring_due()).  The pairs become pending.  A parked key,
 * which is not published, is deleted.  *ret_was: its state before, "revoked": nothing is changed. */
int keyring_revoke(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, const char *selector,
                   const struct key_pair *pairs, size_t count, const char **ret_was,
                   struct err *err) must_check;

/* Disables DKIM: active keys are resting, pending ones are parked.  `is_now`: the next export may
 * remove the records, once the host has stopped signing. */
int keyring_disable(struct store *store, const struct ctx *ctx,
                    const struct domain *domain, bool is_now, struct err *err) must_check;

/* Suspends or resumes the keys with their domain; dkim.sign is not changed. */
int keyring_rest(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 bool is_now, struct err *err) must_check;
int keyring_wake(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 struct err *err) must_check;

/* Imports a private key under `selector`: pending if DKIM is on, parked if it is off or with
 * `is_parked`.  Fails: the selector or the key exists, another key of its algorithm is pending. */
int keyring_import(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, const char *selector,
                   const struct key_pair *pair, bool is_parked,
                   struct err *err) must_check;

/* A key that the mail server made, by the octets of its public half (RSA): pending if DKIM is on; a
 * pending key of ours, which that server cannot use, is parked.  Nothing happens if it is known, DKIM is
 * off, or another key of the server is pending.  Fails: it is not an RSA key, its selector belongs to
 * another key. */
int keyring_learn(struct store *store, const struct ctx *ctx, const struct domain *domain,
                  const char *selector, const unsigned char *public_key, size_t len,
                  bool *ret_is_new, struct err *err) must_check;

/* Applies what is due: resting keys are parked, retiring ones revoked and then deleted, former keys
 * deleted; except keys that the host may still sign with (`host_gen`: push.h). */
int keyring_due(struct store *store, const struct ctx *ctx, int64_t host_gen,
                struct err *err) must_check;

#endif
