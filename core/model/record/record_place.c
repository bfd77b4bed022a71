/* Locations of records: by their id, and among the domains of the store. */
#include "core/model/record/record_place.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"

int record_place(struct store *store, const struct domain *domain, const char *id,
                 char **ret_owner, char **ret_type, struct err *err)
{
	auto_stmt stmt = NULL;
	bool is_template = id[0] == 't' || id[0] == 'T';
	int64_t number;
	if (!text_to_int(id + is_template, 1, INT64_MAX, &number))
		return 0;
	int r = is_template
	                ? store_query(
				  store, &stmt, err,
				  "SELECT owner, type FROM record"
				  " WHERE domain_id = ?1 AND template_uid = ?2 UNION ALL "
				  "SELECT owner, type FROM template_record"
				  " WHERE rev = ?3 AND uid = ?2 LIMIT 1",
				  "iii", domain->id, number, domain->template_rev)
	                : store_query(store, &stmt, err,
	                              "SELECT owner, type FROM record WHERE domain_id = ?"
	                              " AND id = ? AND template_uid IS NULL",
	                              "ii", domain->id, number);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r <= 0)
		return r;
	*ret_owner = xstrdup(stmt_text(stmt, 0));
	*ret_type = xstrdup(stmt_text(stmt, 1));
	return 0;
}

int record_other_domain(struct store *store, const struct domain *domain,
                        const char *owner, const char *type, char **ret_name,
                        struct err *err)
{
	size_t host = strlen(owner) - strlen("<domain>.");
	bool is_delegation = strcmp(type, "NS") == 0 || strcmp(type, "DS") == 0;
	if (host == 0)
		return 0;
	auto_free char *name = xasprintf("%.*s%s", (int)host, owner, domain->name);
	for (const char *at = name; strcmp(at, domain->name) != 0;
	     at = strchr(at, '.') + 1) {
		auto_domain other = DOMAIN_INIT;
		int r = domain_look(store, at, &other, err);
		if (r < 0)
			return r;
		if (r > 0 && !(at == name && is_delegation)) {
			*ret_name = xstrdup(at);
			return 0;
		}
	}
	return 0;
}

int record_is_signed(struct store *store, const struct domain *domain,
                     bool *ret_is_signed, struct err *err)
{
	bool server = false, own = false;
	int r = setting_bool(store, SET_DKIM_SIGN, 0, &server, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain->id, &own, err);
	if (r >= 0)
		*ret_is_signed = server && own;
	return r < 0 ? r : 0;
}
