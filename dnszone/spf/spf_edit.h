/* dnszone/spf/spf_edit.h: local rules put into the text of an SPF record. */
#ifndef DNSZONE_SPF_SPF_EDIT_H
#define DNSZONE_SPF_SPF_EDIT_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "dnszone/spf/spf_eval.h"
#include "dnszone/spf/spf_record.h"

/* Puts `rules` (mechanisms without v=spf1, as spf_check_local_rules() let them pass) into `record`:
 * in front of the trailing run of mechanisms that ends in the record's `all` (the first one: what
 * follows it is never reached) and shares its '-', '~' or '?'; without `all` after the last
 * mechanism.  Modifiers neither end nor begin the run.  Each rule gets its qualifier written out.
 * A record whose only mechanism is `-all` stays as it is.
 *
 * *ret_policy has the new text (in `mem`) and where in it the rules stand.  False: `mem` is full. */
bool spf_edit_insert_local(const struct spf_record *record, const char *rules,
                           struct arena *mem, struct spf_policy *ret_policy) must_check;

#endif
