/*
 * core/model/record/record_policy.h: the SPF and the DMARC policy of a domain, in whichever record
 * it is: of the template, the domain's edit of that, or a record of its own.
 */
#ifndef CORE_MODEL_RECORD_RECORD_POLICY_H
#define CORE_MODEL_RECORD_RECORD_POLICY_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/store/store.h"
#include "dnszone/txt/policy.h"

/* The policy at the domain's own name (SPF) or at _dmarc below it, with placeholders.
 * *ret_text NULL: no policy.  The caller frees it. */
int record_policy_get(struct store *store, const struct domain *domain,
                      enum policy_kind kind, char **ret_text, struct err *err) must_check;

/* Sets its text or TTL (TTL_UNSAID: unchanged) as record_set() does, or adds it. */
int record_policy_set(struct store *store, const struct domain *domain,
                      enum policy_kind kind, const char *text, int64_t ttl,
                      struct err *err) must_check;

/* Restores the policy of the template: deletes an edit, or a record of the domain's own. */
int record_policy_reset(struct store *store, const struct domain *domain,
                        enum policy_kind kind, struct err *err) must_check;

#endif
