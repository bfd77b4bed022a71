/* core/model/record/record_place.h: owner and type of a record, and the domain that the owner
 * belongs to. */
#ifndef CORE_MODEL_RECORD_RECORD_PLACE_H
#define CORE_MODEL_RECORD_RECORD_PLACE_H

#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/store/store.h"

/* Owner and type of the record `id` ("t1", "7"), as stored; both remain NULL without such a
 * record.  Caller frees. */
int record_place(struct store *store, const struct domain *domain, const char *id,
                 char **ret_owner, char **ret_type, struct err *err) must_check;

/* The domain of the store that `owner` (as stored: "www.sub.<domain>.") is at or below, if it
 * is not `domain`; NULL: none.  The delegation of a subdomain (NS, DS) belongs to the
 * parent.  Caller frees. */
int record_other_domain(struct store *store, const struct domain *domain,
                        const char *owner, const char *type, char **ret_name,
                        struct err *err) must_check;

/* Whether mail of the domain is to be signed: dkim.sign is on for the server and for it. */
int record_is_signed(struct store *store, const struct domain *domain,
                     bool *ret_is_signed, struct err *err) must_check;

#endif
