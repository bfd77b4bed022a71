/* core/job/key_making.h: generates key pairs for many domains, on all cores, with progress. */
#ifndef CORE_JOB_KEY_MAKING_H
#define CORE_JOB_KEY_MAKING_H

#include "core/job/session.h"
#include "core/model/key/keygen.h"

/* Generates a pair for each of `job` and passes it to `each` (which then owns it) with the index of
 * its job, in the order in which they are finished.  The caller holds no lock.  ERR_CANCELLED: a
 * signal arrived; the caller sets the sentence of err. */
int key_making_run(struct session *session, const struct keygen_job *job, size_t count,
                   int (*each)(void *arg, size_t index, struct key_pair *pair,
                               struct err *err),
                   void *arg, struct err *err) must_check;

#endif
