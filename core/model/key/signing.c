/*
 * Which name signs with which key: one query over the present state.  keyring.c (a key_public row
 * is ready) and the settings determine that state.
 */
#include "core/model/key/signing.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/setting.h"

/* A domain's own dkim.sign or mail precedes its main domain's; unset means off and on. */
#define SIGNING                                                                         \
	"SELECT d.name, o.name, k.selector, k.algorithm, k.id, k.fingerprint,"          \
	" k.server_owned"                                                               \
	" FROM domain d JOIN domain o ON o.id = coalesce(d.alias_of, d.id)"             \
	" JOIN dkim_key k ON k.domain_id = o.id AND k.state = 'active'"                 \
	" JOIN key_public p ON p.key_id = k.id AND p.name = d.name"                     \
	" WHERE p.ready IS NOT NULL AND d.suspended = 0 AND o.suspended = 0"            \
	" AND coalesce((SELECT value FROM domain_setting WHERE domain_id = d.id"        \
	"  AND key = 'dkim.sign'), (SELECT value FROM domain_setting"                   \
	"  WHERE domain_id = o.id AND key = 'dkim.sign')) = 'on'"                       \
	" AND coalesce((SELECT value FROM domain_setting WHERE domain_id = d.id"        \
	"  AND key = 'mail'), (SELECT value FROM domain_setting WHERE domain_id = o.id" \
	"  AND key = 'mail'), (SELECT value FROM setting WHERE key = 'mail'), 'on') = 'on'"

static int hand_out(struct stmt *stmt,
                    int (*each)(void *arg, const struct signing_row *row,
                                struct err *err),
                    void *arg, struct err *err)
{
	int r;
	while ((r = stmt_next(stmt, err)) > 0) {
		struct signing_row row = {
			.name = stmt_text(stmt, 0),
			.main_name = stmt_text(stmt, 1),
			.selector = stmt_text(stmt, 2),
			.algorithm = stmt_text(stmt, 3),
			.key_id = stmt_int(stmt, 4),
		};
		(void)stmt_octets(stmt, 5, row.fingerprint.at, DIGEST_LEN);
		row.is_server_owned = stmt_int(stmt, 6) != 0;
		r = each(arg, &row, err);
		if (r != 0)
			break;
	}
	return r;
}

static int may_sign(struct store *store, bool *ret_may, struct err *err)
{
	return setting_bool(store, SET_DKIM_SIGN, 0, ret_may, err);
}

int signing_each(struct store *store,
                 int (*each)(void *arg, const struct signing_row *row, struct err *err),
                 void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	bool may = false;
	int r = may_sign(store, &may, err);
	if (r < 0 || !may || !store)
		return r;
	r = store_query(store, &stmt, err, SIGNING " ORDER BY d.name, k.algorithm", "");
	return r < 0 ? r : hand_out(stmt, each, arg, err);
}

int signing_of(struct store *store, const char *name,
               int (*each)(void *arg, const struct signing_row *row, struct err *err),
               void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	bool may = false;
	int r = may_sign(store, &may, err);
	if (r < 0 || !may || !store)
		return r;
	r = store_query(store, &stmt, err, SIGNING " AND d.name = ? ORDER BY k.algorithm",
	                "t", name);
	return r < 0 ? r : hand_out(stmt, each, arg, err);
}

int signing_wish_of(struct store *store, const char *name, struct signing_wish *ret_wish,
                    struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	struct signing_wish wish = { 0 };
	bool may = false, is_on = false, has_mail = false;
	int64_t one;
	int r = store ? domain_look(store, name, &domain, err) : 0;
	*ret_wish = wish;
	if (r <= 0)
		return r;
	r = may_sign(store, &may, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain.id, &is_on, err);
	if (r >= 0)
		r = setting_bool(store, SET_MAIL, domain.id, &has_mail, err);
	if (r >= 0)
		r = setting_number(store, SET_DKIM_RSA_BITS, domain.id, &wish.bits, err);
	if (r >= 0)
		r = store_get_int(store, &one, err,
		                  "SELECT 1 FROM dkim_key WHERE domain_id = ? AND "
		                  "server_owned = 1 AND state IN ('pending', 'active', "
		                  "'resting', 'parked') LIMIT 1",
		                  "i", domain.id);
	if (r < 0)
		return r;
	wish.has_key = r > 0;
	wish.is_wanted =
		may && is_on && has_mail && !domain.is_suspended && !domain.main_id;
	*ret_wish = wish;
	return 0;
}

int signing_is_published(struct store *store, const char *name, const char *selector,
                         struct err *err)
{
	int64_t one;
	/* the facts about a key are deleted when its record leaves the zones */
	return store_get_int(
		store, &one, err,
		"SELECT 1 FROM domain d JOIN dkim_key k"
		" ON k.domain_id = coalesce(d.alias_of, d.id) AND k.selector = ?2"
		" JOIN key_public p ON p.key_id = k.id AND p.name = d.name"
		" WHERE d.name = ?1 AND k.state IN ('pending', 'active', 'retiring', 'resting')"
		" AND coalesce(p.exported, p.seen, p.said, p.ready) IS NOT NULL",
		"tt", name, selector);
}

int signing_blocker(struct store *store, int64_t from, int64_t to, char **ret_name,
                    struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    SIGNING " AND k.id = ? AND NOT EXISTS (SELECT 1 FROM"
	                            " key_public n WHERE n.key_id = ? AND n.name = d.name"
	                            " AND n.ready IS NOT NULL) ORDER BY d.name LIMIT 1",
	                    "ii", from, to);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r > 0)
		*ret_name = xstrdup(stmt_text(stmt, 0));
	return r;
}

int signing_moved(struct store *store, int64_t since,
                  int (*each)(void *arg, const char *name, struct err *err), void *arg,
                  struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = store_query(store, &stmt, err,
	                    "SELECT name FROM domain WHERE gen > ?1 UNION"
	                    " SELECT name FROM former_name WHERE gen > ?1",
	                    "i", since);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		r = each(arg, stmt_text(stmt, 0), err);
		if (r != 0)
			break;
	}
	return r;
}
