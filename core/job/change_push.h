/*
 * core/job/change_push.h: change and push: one transaction with its audit rows, and the push to the
 * mail server that follows.
 *
 *   target lock, push_recover; store lock; BEGIN IMMEDIATE
 *   change_begin, the body, check of the caller's access, rules between settings, change_end,
 *   push_prepare
 *   COMMIT; the store lock is released; messages are passed on
 *   push_switch; the target lock is released
 *
 * A failure before the COMMIT leaves everything unchanged.  A failure after it reports that the
 * change is saved but not in use.
 */
#ifndef CORE_JOB_CHANGE_PUSH_H
#define CORE_JOB_CHANGE_PUSH_H

#include "core/job/session.h"

/* Changes the store (session->store), inside the transaction. */
typedef int change_body(struct session *session, void *arg, struct err *err);

enum change_way {
	CHANGE_SAVED,  /* the store only */
	CHANGE_PUSHED, /* also pushed, unless session->is_push_off */
};

/* Runs `body` as one change. A dry run is displayed (the observer's preview) and rolled back. A
 * body that changes nothing adds no row to the audit trail. */
int change_push_run(struct session *session, enum change_way way, change_body *body,
                    void *arg, struct err *err) must_check;

/* Runs `body` as a change that is not displayed and always rolled back, to determine its result.
 * Its messages are passed on if it fails. */
int change_push_try(struct session *session, change_body *body, void *arg,
                    struct err *err) must_check;

#endif
