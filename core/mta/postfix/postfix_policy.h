/* core/mta/postfix/postfix_policy.h: how Postfix runs mailauth-policyd. */
#ifndef CORE_MTA_POSTFIX_POSTFIX_POLICY_H
#define CORE_MTA_POSTFIX_POSTFIX_POLICY_H

#include "core/base/macro.h"
#include "core/mta/postfix/postfix_observed.h"

/* The line of master.cf; `user` runs the program. */
char *postfix_policy_service(const char *user) must_check;

/* Why no account can run the service, as one clause; the caller frees.  NULL: one can. */
char *postfix_policy_why_not(const struct postfix_observed *observed) must_check;

#endif
