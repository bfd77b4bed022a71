/*
 * Customers' access.
 *
 * access_check_change() does not trust the commands: all rows that they wrote to the audit trail (a
 * change without rows is not a change) are checked before the change is saved.
 */
#include "core/model/domain/access.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/model/domain/domain_inner.h"
#include "core/store/change.h"
#include "dnszone/txt/policy.h"

/* The account that a domain `d` with the main domain `d.alias_of` belongs to; "" for none. */
#define OWNER                                                                     \
	"coalesce((SELECT s.value FROM domain_setting s WHERE s.domain_id = d.id" \
	" AND s.key = 'owner'),"                                                  \
	" (SELECT s.value FROM domain_setting s WHERE s.domain_id = d.alias_of"   \
	" AND s.key = 'owner'),"                                                  \
	" (SELECT s.value FROM setting s WHERE s.key = 'owner'), '')"

int access_owns(struct store *store, const char *account, int64_t domain_id,
                struct err *err)
{
	int64_t one;
	if (!store || !*account)
		return 0;
	return store_get_int(store, &one, err,
	                     "SELECT 1 FROM domain d WHERE d.id = ? AND " OWNER " = ?",
	                     "it", domain_id, account);
}

int access_has_customers(struct store *store, struct err *err)
{
	int64_t one;
	if (!store)
		return 0;
	return store_get_int(store, &one, err,
	                     "SELECT 1 FROM domain d WHERE " OWNER " <> '' LIMIT 1", "");
}

int access_query(struct store *store, const char *account, int64_t main_id,
                 const char *prefix, struct stmt **ret_domains, struct err *err)
{
	if (!store || !*account)
		return 0;
	return store_query(store, ret_domains, err,
	                   DOMAIN_COLUMNS
	                   "WHERE " OWNER " = ?1 AND (?2 = 0 OR d.alias_of = ?2)"
	                   " AND d.name >= ?3 AND d.name < ?3 || char(0x10ffff)"
	                   " ORDER BY d.name",
	                   "tit", account, main_id, prefix ? prefix : "");
}

bool access_may_set(enum setting_key key)
{
	/* dkim.activate and dkim.retire-after protect mail that is not delivered yet,
	 * dkim.rotate-after causes work; mail, dns.* and owner affect more than signing */
	static const enum setting_key allowed[] = {
		SET_DKIM_ALGORITHM, SET_DKIM_POLICY, SET_DKIM_RSA_BITS,
		SET_DKIM_SELECTOR,  SET_DKIM_SIGN,
	};
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (allowed[i] == key)
			return true;
	return false;
}

/* Data as in the audit trail, with or without a TTL before it. */
static enum policy_kind kind_of(const char *owner, const char *audited)
{
	audited += strspn(audited, "0123456789 ");
	return policy_kind_of(owner, "TXT", audited);
}

/* An SPF policy at the name itself or a DMARC policy at its own, both before and after the change.
 */
static bool is_policy_change(const struct change_item *item)
{
	static const struct {
		const char *field, *owner;
		enum policy_kind kind;
	} places[] = {
		{ "<domain>. TXT", "<domain>.", POLICY_SPF },
		{ "_dmarc.<domain>. TXT", "_dmarc.<domain>.", POLICY_DMARC },
	};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (strcmp(places[i].field, item->field) == 0)
			return (!item->old ||
			        kind_of(places[i].owner, item->old) == places[i].kind) &&
			       (!item->new_value ||
			        kind_of(places[i].owner, item->new_value) ==
			                places[i].kind);
	return false;
}

static bool is_allowed(const struct change_item *item)
{
	struct err ignored = ERR_INIT;
	enum setting_key key;
	if (!item->domain)
		return false;
	if (strcmp(item->object, "key") == 0)
		return true;
	if (strcmp(item->object, "record") == 0)
		return is_policy_change(item);
	return strcmp(item->object, "setting") == 0 &&
	       setting_find(item->field, &key, &ignored) >= 0 && access_may_set(key);
}

struct look {
	struct store *store;
	const char *account;
};

/* An alias shares the changes of its main domain's keys, whichever account manages it. */
static int look_at_item(void *arg, const struct change_item *item, struct err *err)
{
	const struct look *look = arg;
	bool is_key = strcmp(item->object, "key") == 0;
	int64_t id = 0, main_id = 0;
	int r = is_allowed(item) ? store_get_int(look->store, &id, err,
	                                         "SELECT id FROM domain WHERE name = ?",
	                                         "t", item->domain)
	                         : 0;
	if (r > 0)
		r = access_owns(look->store, look->account, id, err);
	if (r == 0 && id && is_key) {
		r = store_get_int(look->store, &main_id, err,
		                  "SELECT coalesce(alias_of, 0) FROM domain WHERE id = ?",
		                  "i", id);
		if (r > 0)
			r = access_owns(look->store, look->account, main_id, err);
	}
	if (r == 0)
		return err_set(
			err, ERR_FAILED,
			_("not saved: the change would affect more than DKIM, SPF and "
		          "DMARC of the domains that the account %s manages"),
			look->account);
	return r < 0 ? r : 0;
}

int access_check_change(struct store *store, const char *account, struct err *err)
{
	struct look look = { store, account };
	struct generation now;
	int r = generation_now(store, &now, err);
	return r < 0 ? r : change_items(store, now.id, look_at_item, &look, err);
}
