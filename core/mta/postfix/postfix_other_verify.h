/* core/mta/postfix/postfix_other_verify.h: filters of an administrator that verify incoming mail, or
 * process it before ours.  Pure. */
#ifndef CORE_MTA_POSTFIX_POSTFIX_OTHER_VERIFY_H
#define CORE_MTA_POSTFIX_POSTFIX_OTHER_VERIFY_H

#include <stdbool.h>

#include "core/mta/plan/plan.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_observed.h"

/* Notes on the filters of smtpd_milters that verify too; a warning for one that removes the results
 * of ours, because it writes under the same `name`.  `signs`: OpenDKIM is ours, and only signs. */
void other_verify_note(const struct postfix_observed *observed, const char *name,
                       bool signs, struct plan *plan);

/* A warning for each list of main.cf and master.cf, as they will be, in which another filter
 * precedes the one of POLICYD_SOCKET. */
void other_verify_warn_order(const struct main_cf *main, const struct master_cf *master,
                             struct plan *plan);

#endif
