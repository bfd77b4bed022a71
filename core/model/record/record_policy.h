/*
 * core/model/record/record_policy.h: the one SPF and the one DMARC policy of a domain, whichever record
 * holds it: the template's, the domain's edit of that, or a record of its own.
 */
#ifndef CORE_MODEL_RECORD_RECORD_POLICY_H
#define CORE_MODEL_RECORD_RECORD_POLICY_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/store/store.h"
#include "dnszone/txt/policy.h"

/* The policy at the domain's own name (SPF) or at _dmarc below it, placeholders as they stand.
 * *ret_text NULL: there is none.  The caller frees it. */
int record_policy_get(struct store *store, const struct domain *domain,
                      enum policy_kind kind, char **ret_text, struct err *err) must_check;

/* Gives it another text or TTL (TTL_UNSAID: as it was), as record_set() does, or adds it. */
int record_policy_set(struct store *store, const struct domain *domain,
                      enum policy_kind kind, const char *text, int64_t ttl,
                      struct err *err) must_check;

/* The template's again: an edit is forgotten, a record of its own removed. */
int record_policy_reset(struct store *store, const struct domain *domain,
                        enum policy_kind kind, struct err *err) must_check;

#endif
