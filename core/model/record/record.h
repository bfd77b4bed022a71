/*
 * core/model/record/record.h: a domain's own records, and its edits of template records.
 *
 * Ids for people: "t<uid>" is a record of the domain's template, "<number>" one of its own.
 * Owners are stored with placeholders ("www.<domain>."), so a renamed domain keeps its records.
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
 * ERR_FAILED: it exists, one too many, or it contradicts the domain's other records. */
int record_add(struct store *store, const struct domain *domain, const char *owner,
               const char *type, const char *rdata, int64_t ttl, int64_t *ret_id,
               struct err *err) must_check;

/* Changes the data (NULL: not) or the TTL of a record; for a template record, the domain then has
 * its own edit, which template_apply() keeps.  A policy must remain one of its kind.  ERR_USAGE:
 * not an id; ERR_MISSING: no such record. */
int record_set(struct store *store, const struct domain *domain, const char *id,
               const char *rdata, int64_t ttl, struct err *err) must_check;

/* Deletes the domain's own record, or removes a template record from this domain. */
int record_remove(struct store *store, const struct domain *domain, const char *id,
                  struct err *err) must_check;

/* Deletes the edit or removal of a template record; id NULL: all edits, removals and own records.
 */
int record_reset(struct store *store, const struct domain *domain, const char *id,
                 struct err *err) must_check;

/* A record as it is at the domain now, in the words of the audit trail ("300 v=spf1 -all").
 * `field`: its owner and type, "www.<domain>. A".  *ret_audit NULL: none with that id, owner and
 * type.  Caller frees. */
int record_look(struct store *store, const struct domain *domain, const char *id,
                const char *field, char **ret_audit, struct err *err) must_check;
/* Sets data and TTL from such words; NULL: deletes the record.  If the result equals the
 * template's, the domain's own edit is deleted; a record that does not exist is created, with its
 * number if that is free. */
int record_restore(struct store *store, const struct domain *domain, const char *id,
                   const char *field, const char *audit, struct err *err) must_check;

/* Replaces rows of a domain, all at once (for an import): `old`, which was loaded, is deleted
 * (NULL: none), `row` is added (NULL: none); both have the same template_uid.  The rows are stored
 * unchanged, and recorded; the caller checks the text (record_text_check) and all records together
 * (records_check_domain). */
struct record_exchange {
	const struct stored_record *old, *row;
};
int record_exchange(struct store *store, const struct domain *domain,
                    const struct record_exchange *pairs, size_t count,
                    struct err *err) must_check;

#endif
