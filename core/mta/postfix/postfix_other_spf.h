/*
 * core/mta/postfix/postfix_other_spf.h: an SPF check of the administrator's in addition to ours:
 * two Received-SPF fields and two policies.  Pure.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_OTHER_SPF_H
#define CORE_MTA_POSTFIX_POSTFIX_OTHER_SPF_H

#include "core/mta/plan/plan.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_observed.h"

/* A warning for each, once; `cf` without ours.  Its remedy is a command if the item is contiguous
 * in main.cf or master.cf. */
void other_spf_warn(const struct postfix_observed *observed, const struct main_cf *cf,
                    const struct master_cf *master, struct plan *plan);

#endif
