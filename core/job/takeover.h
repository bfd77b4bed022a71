/*
 * core/job/takeover.h: imports the keys of the filter that ours replaces (--replace-filter) in the
 * same change, and lists the domains that remain signed and those that will no longer be signed.
 */
#ifndef CORE_JOB_TAKEOVER_H
#define CORE_JOB_TAKEOVER_H

#include "core/job/session.h"

/* Inside a change.  Does nothing without --replace-filter, if ours signs already, or without a
 * filter of an administrator.  Reports once. */
int takeover_run(struct session *session, struct err *err) must_check;

#endif
