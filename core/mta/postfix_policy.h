/* core/mta/postfix_policy.h: the steps that give Postfix its SPF policy service.  Pure. */
#ifndef CORE_MTA_POSTFIX_POLICY_H
#define CORE_MTA_POSTFIX_POLICY_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "core/mta/postfix.h"

/* Whether main.cf is to ask the service.  Where it is wished for and cannot be, a note says why;
 * ERR_FAILED where it was wished for on purpose and main.cf has no good place for it. */
int postfix_policy_decide(const struct desired *desired, const struct mta_seen *seen,
                          struct plan *plan, bool *ret_is_wanted,
                          struct err *err) must_check;

/* Its file, its line in master.cf, and that it answers; or all of that out, after main.cf let go. */
int postfix_policy_plan(const struct desired *desired, const struct mta_seen *seen,
                        bool is_wanted, struct plan *plan, struct err *err) must_check;

/* The line of master.cf; `user` runs the program. */
char *postfix_policy_service(const char *user) must_check;

#endif
