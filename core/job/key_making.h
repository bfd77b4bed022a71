/* core/job/key_making.h: key pairs for many domains, on all cores, with progress. */
#ifndef CORE_JOB_KEY_MAKING_H
#define CORE_JOB_KEY_MAKING_H

#include "core/job/session.h"
#include "core/model/key/keygen.h"

/* Makes a pair for each of `job` and passes it to `each` (which owns it from then on) with the index of
 * its job, in the order in which they get ready.  The caller holds no lock.  ERR_CANCELLED: a signal
 * came; err has no sentence for people yet. */
int key_making_run(struct session *session, const struct keygen_job *job, size_t count,
                   int (*each)(void *arg, size_t index, struct key_pair *pair,
                               struct err *err),
                   void *arg, struct err *err) must_check;

#endif
