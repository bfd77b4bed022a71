/* dnszone/spf/spf_edit.h: inserts local rules into the text of an SPF record. */
#ifndef DNSZONE_SPF_SPF_EDIT_H
#define DNSZONE_SPF_SPF_EDIT_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "dnszone/spf/spf_eval.h"
#include "dnszone/spf/spf_record.h"

/* Inserts `rules` (mechanisms without v=spf1 that spf_check_local_rules() accepted) into `record`:
 * before the trailing run of mechanisms that ends in the record's `all` (the first one: what
 * follows it is never reached) and has its '-', '~' or '?'; without `all`, after the last
 * mechanism.  Modifiers neither end nor begin the run.  The qualifier of each rule is written out.
 * A record whose only mechanism is `-all` is not changed.  *ret_policy has the new text (in `mem`)
 * and the position of the rules in it.  False: `mem` is full. */
bool spf_edit_insert_local(const struct spf_record *record, const char *rules,
                           struct arena *mem, struct spf_policy *ret_policy) must_check;

#endif
