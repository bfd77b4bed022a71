/*
 * core/job/host_push.h: the mail server of this host, as a person pushes it: session->push says how.
 *
 * Each is one change that is pushed; with session->is_dry_run it is only shown.
 */
#ifndef CORE_JOB_HOST_PUSH_H
#define CORE_JOB_HOST_PUSH_H

#include "core/job/session.h"

/* Pushes what the store says, or removes it.  The store changes only where a filter is replaced
 * (core/job/takeover.h). */
int host_push_run(struct session *session, struct err *err) must_check;
/* The same for a host that begins to follow this store: its name is kept from now on, because records
 * and authserv-id have it. */
int host_push_adopt(struct session *session, struct err *err) must_check;
/* The files of an earlier push. */
int host_push_rollback(struct session *session, struct err *err) must_check;

#endif
