/*
 * core/model/key/keygen.h: many key pairs on all cores, outside of every lock.
 *
 * Worker threads take jobs in order and hand pairs back as they become ready; the caller stores
 * them in batches meanwhile.  Ctrl-C ends it after the pairs that are under way.
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
/* Waits for the next pair, at most `timeout_ms`.  1: *ret_index says which job it was of, 0:
 * nothing within the time, negative: a job failed, or ERR_CANCELLED, or all were handed out
 * (ERR_MISSING). */
int keygen_next(struct keygen *keygen, unsigned timeout_ms, size_t *ret_index,
                struct key_pair *ret_pair, struct err *err) must_check;
/* No further job is begun; what is under way is waited for and can still be fetched. */
void keygen_stop(struct keygen *keygen);
void keygen_free(struct keygen *keygen);

#endif
