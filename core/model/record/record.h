/*
 * core/model/record/record.h: a domain's own records, and its edits of template records.
 *
 * Ids that people use: "t<uid>" names a record of the domain's template, "<number>" one of its own.
 * Owners are kept with placeholders ("www.<domain>."), so a renamed domain keeps its records.
 * Everything runs inside an open change, and after each edit all effective records of the domain
 * are checked (records_check).
 */
#ifndef CORE_MODEL_RECORD_RECORD_H
#define CORE_MODEL_RECORD_RECORD_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/record/stored.h"
#include "core/store/store.h"

#define RECORD_COUNT_MAX \
	1000 /* records of a domain's own, edits of template records included */

/* Adds a record of the domain's own.  `owner` as people type it, also "www.example.com"; `ttl` in
 * seconds, or TTL_UNSAID or TTL_DEFAULT.  ERR_USAGE: not an owner, a type or data of that type;
 * ERR_FAILED: there already, one too many, or it contradicts the domain's other records. */
int record_add(struct store *store, const struct domain *domain, const char *owner,
               const char *type, const char *rdata, int64_t ttl, int64_t *ret_id,
               struct err *err) must_check;

/* Gives a record other data (NULL: as it was) or another TTL; of a template record the domain then
 * has an edit of its own, which template_apply() leaves alone.  A policy stays one of its kind.
 * ERR_USAGE: not an id; ERR_MISSING: no such record. */
int record_set(struct store *store, const struct domain *domain, const char *id,
               const char *rdata, int64_t ttl, struct err *err) must_check;

/* Deletes a record of its own, or takes a template record out of this domain. */
int record_remove(struct store *store, const struct domain *domain, const char *id,
                  struct err *err) must_check;

/* Forgets the edit or removal of a template record; id NULL: all edits, removals and own records. */
int record_reset(struct store *store, const struct domain *domain, const char *id,
                 struct err *err) must_check;

/* A record as it is at the domain now, in the words of the audit trail ("300 v=spf1 -all").  `field`:
 * its owner and type, "www.<domain>. A".  *ret_audit NULL: there is none of that id, owner and type.
 * Caller frees. */
int record_look(struct store *store, const struct domain *domain, const char *id,
                const char *field, char **ret_audit, struct err *err) must_check;
/* Gives it the data and TTL that such words say; NULL: it goes.  Where it is what the template says,
 * the domain's own edit of it goes; one that is not there is made, under its number where that is
 * free. */
int record_restore(struct store *store, const struct domain *domain, const char *id,
                   const char *field, const char *audit, struct err *err) must_check;

/* Rows of a domain that become others, all at once (an import): `old`, which was loaded, goes (NULL:
 * none), `row` comes (NULL: none); both have the same template_uid.  What each
 * has is taken as it is, and noted; that it is checked text (record_text_check) and that all
 * records go together (records_check_domain) is for the caller to see to. */
struct record_exchange {
	const struct stored_record *old, *row;
};
int record_exchange(struct store *store, const struct domain *domain,
                    const struct record_exchange *pairs, size_t count,
                    struct err *err) must_check;

#endif
