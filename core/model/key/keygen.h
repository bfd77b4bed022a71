/*
 * core/model/key/keygen.h: generates many key pairs on all cores, without any lock.
 *
 * Worker threads take jobs in order and return pairs as they become ready; the caller stores them
 * in batches meanwhile.  Ctrl-C ends this after the pairs that have been started.
 */
#ifndef CORE_MODEL_KEY_KEYGEN_H
#define CORE_MODEL_KEY_KEYGEN_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/model/key/key.h"

struct keygen;

struct keygen_job {
	const char *algorithm; /* "rsa", "ed25519" */
	int64_t bits;
};

/* Starts one thread for each core (at most `count`).  `jobs` must live until keygen_free(). */
struct keygen *keygen_new(const struct keygen_job *jobs, size_t count) must_check;
/* Waits for the next pair, at most `timeout_ms`.  1: *ret_index is its job, 0: no pair within the
 * time, negative: a job failed, or ERR_CANCELLED, or all pairs were returned (ERR_MISSING). */
int keygen_next(struct keygen *keygen, unsigned timeout_ms, size_t *ret_index,
                struct key_pair *ret_pair, struct err *err) must_check;
/* Starts no further job; pairs that have been started are completed and can still be fetched. */
void keygen_stop(struct keygen *keygen);
void keygen_free(struct keygen *keygen);

#endif
