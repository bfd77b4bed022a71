/* A domain's policies by kind: finds the record, the rest is record.h's. */
#include "core/model/record/record_policy.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/record/record.h"

static const char *owner_of(enum policy_kind kind)
{
	return kind == POLICY_DMARC ? "_dmarc.<domain>." : "<domain>.";
}

/* *ret_id NULL: there is no such record.  *ret_text NULL: the template's is removed. */
static int find(struct store *store, const struct domain *domain, enum policy_kind kind,
                char **ret_id, char **ret_text, struct err *err)
{
	auto_stmt stmt = NULL;
	/* its own record replaces that of the template (records.h) */
	int r = store_query(
		store, &stmt, err,
		"SELECT 1 AS rank, CAST(r.id AS TEXT), r.rdata FROM record r"
		" WHERE r.domain_id = ?1 AND r.template_uid IS NULL AND r.owner = ?2"
		" AND r.kind = ?3 UNION ALL "
		"SELECT 2, 't' || t.uid, CASE WHEN r.id IS NULL THEN t.rdata ELSE r.rdata END"
		" FROM template_record t LEFT JOIN record r ON r.domain_id = ?1"
		" AND r.template_uid = t.uid"
		" WHERE t.rev = ?4 AND t.owner = ?2 AND t.kind = ?3 "
		/* the template no longer contains the record that the domain edited */
		"UNION ALL SELECT 3, 't' || r.template_uid, r.rdata FROM record r"
		" WHERE r.domain_id = ?1 AND r.template_uid IS NOT NULL AND r.owner = ?2"
		" AND r.kind = ?3 AND r.rdata IS NOT NULL"
		" ORDER BY rank LIMIT 1",
		"itti", domain->id, owner_of(kind), policy_kind_name(kind),
		domain->template_rev);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r < 0)
		return r;
	*ret_id = r ? xstrdup(stmt_text(stmt, 1)) : NULL;
	*ret_text = r ? xstrdup(stmt_text(stmt, 2)) : NULL;
	return 0;
}

int record_policy_get(struct store *store, const struct domain *domain,
                      enum policy_kind kind, char **ret_text, struct err *err)
{
	auto_free char *id = NULL;
	return find(store, domain, kind, &id, ret_text, err);
}

int record_policy_set(struct store *store, const struct domain *domain,
                      enum policy_kind kind, const char *text, int64_t ttl,
                      struct err *err)
{
	auto_free char *id = NULL;
	auto_free char *now = NULL;
	int64_t added;
	int r = policy_kind_of(owner_of(kind), "TXT", text) == kind
	                ? 0
	                : policy_check(kind, text, err);
	if (r < 0)
		return r;
	r = find(store, domain, kind, &id, &now, err);
	if (r < 0)
		return r;
	if (id)
		return record_set(store, domain, id, text, ttl, err);
	return record_add(store, domain, owner_of(kind), "TXT", text, ttl, &added, err);
}

int record_policy_reset(struct store *store, const struct domain *domain,
                        enum policy_kind kind, struct err *err)
{
	auto_free char *own = NULL;
	auto_free char *own_text = NULL;
	auto_free char *edited = NULL;
	auto_free char *edited_text = NULL;
	int r = find(store, domain, kind, &own, &own_text, err);
	if (r >= 0 && own && *own != 't')
		r = record_remove(store, domain, own, err);
	/* now the template's */
	if (r >= 0)
		r = find(store, domain, kind, &edited, &edited_text, err);
	if (r >= 0 && edited)
		r = record_reset(store, domain, edited, err);
	return r;
}
