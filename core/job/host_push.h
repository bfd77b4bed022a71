/*
 * core/job/host_push.h: pushes to the mail server of this host that a person requests;
 * session->push has the options.  Each is one change that is pushed; with session->is_dry_run it is
 * only displayed.
 */
#ifndef CORE_JOB_HOST_PUSH_H
#define CORE_JOB_HOST_PUSH_H

#include "core/job/session.h"

/* Pushes the state of the store, or removes what was pushed.  The store changes only if a filter is
 * replaced (core/job/takeover.h). */
int host_push_run(struct session *session, struct err *err) must_check;
/* The same for a host that begins to follow this store: its name is stored, because records and
 * authserv-id contain it. */
int host_push_adopt(struct session *session, struct err *err) must_check;
/* Restores the files of an earlier push. */
int host_push_rollback(struct session *session, struct err *err) must_check;

#endif
