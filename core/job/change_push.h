/*
 * core/job/change_push.h: change and push: one transaction with its audit rows, and the push to the
 * mail server that follows from it.
 *
 *   target lock, push_recover; store lock; BEGIN IMMEDIATE
 *   change_begin, the body, who may change this, rules between settings, change_end, push_prepare
 *   COMMIT; the store lock is released; messages are passed on
 *   push_switch; the target lock is released
 *
 * Whatever fails before the COMMIT leaves nothing changed.  A failure after it says that the change
 * is saved and not in use.
 */
#ifndef CORE_JOB_CHANGE_PUSH_H
#define CORE_JOB_CHANGE_PUSH_H

#include "core/job/session.h"

/* What changes the store (session->store), inside of the transaction. */
typedef int change_body(struct session *session, void *arg, struct err *err);

enum change_way {
	CHANGE_SAVED,  /* in the store alone */
	CHANGE_PUSHED, /* and pushed, unless session->is_push_off */
};

/* Runs `body` as one change.  A dry run is shown (the observer's preview) and rolled back.  A body
 * that changes nothing leaves no trace. */
int change_push_run(struct session *session, enum change_way way, change_body *body,
                    void *arg, struct err *err) must_check;

/* Runs `body` as a change that is not shown and always rolled back: to find something out.  Its
 * messages are passed on when it fails. */
int change_push_try(struct session *session, change_body *body, void *arg,
                    struct err *err) must_check;

#endif
