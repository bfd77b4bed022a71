/* core/model/key/keyring_inner.h: shared by the files of the keyring. */
#ifndef CORE_MODEL_KEY_KEYRING_INNER_H
#define CORE_MODEL_KEY_KEYRING_INNER_H

#include "core/model/key/keyring.h"

/* The algorithms of dkim.algorithm. */
int keyring_wanted(struct store *store, const struct domain *domain,
                   const char *ret_names[2], size_t *ret_count,
                   struct err *err) must_check;

/* Inserts the pair of each job as a pending key.  Fails: there is none of its algorithm. */
int keyring_insert_made(struct store *store, const struct ctx *ctx,
                        const struct domain *domain, const struct keygen_job *jobs,
                        size_t wanted, const struct key_pair *pairs, size_t count,
                        struct err *err) must_check;

#endif
