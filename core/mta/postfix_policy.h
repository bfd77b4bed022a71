/* core/mta/postfix_policy.h: how Postfix runs its SPF policy service. */
#ifndef CORE_MTA_POSTFIX_POLICY_H
#define CORE_MTA_POSTFIX_POLICY_H

#include "core/base/macro.h"

/* The line of master.cf; `user` runs the program. */
char *postfix_policy_service(const char *user) must_check;

#endif
