/* What signing waits for, as sentences. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/domain/left_out.h"
#include "core/model/key/publish.h"
#include "core/model/key/publish_inner.h"
#include "core/model/key/ring.h"
#include "core/model/key/signing.h"
#include "core/model/setting/setting.h"

#define WAITING                                                                    \
	"SELECT d.name FROM dkim_key k JOIN domain d ON d.id = k.domain_id"        \
	" WHERE k.state = 'pending' UNION"                                         \
	" SELECT d.name FROM dkim_key k JOIN domain d ON d.id = k.domain_id"       \
	" LEFT JOIN key_public p ON p.key_id = k.id AND p.name = d.name"           \
	" WHERE k.state = 'active' AND p.ready IS NULL UNION"                      \
	" SELECT d.name FROM domain d JOIN dkim_key k ON k.domain_id = d.alias_of" \
	" AND k.state = 'active'"                                                  \
	" LEFT JOIN key_public p ON p.key_id = k.id AND p.name = d.name"           \
	" WHERE d.alias_of IS NOT NULL AND p.ready IS NULL"

void publish_waiting_done(struct publish_waiting *waiting)
{
	for (size_t i = 0; i < waiting->count; i++) {
		free(waiting->row[i].name);
		free(waiting->row[i].text);
	}
	free(waiting->row);
}

static int add_waiting(struct store *store, const char *name,
                       struct publish_waiting *waiting, struct err *err)
{
	struct publish_waiting_row row = { 0 };
	auto_domain domain = DOMAIN_INIT;
	int r = domain_look(store, name, &domain, err);
	if (r > 0)
		r = publish_wait_of(store, &domain, &row.wait, &row.text, err);
	if (r < 0 || !row.text)
		return r;
	row.name = xstrdup(name);
	GROW(waiting->row, waiting->count, waiting->room);
	waiting->row[waiting->count++] = row;
	return 0;
}

int publish_waiting_load(struct store *store, int64_t limit,
                         struct publish_waiting *waiting, struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = store_query(store, &stmt, err, WAITING " ORDER BY 1", "");
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		if (waiting->total++ < limit)
			r = add_waiting(store, stmt_text(stmt, 0), waiting, err);
	return r;
}

int publish_waits_for(struct store *store, const struct domain *domain, char **ret_text,
                      struct err *err)
{
	enum publish_wait wait;
	return publish_wait_of(store, domain, &wait, ret_text, err);
}

static int is_left_out(struct store *store, const struct domain *domain,
                       const struct key *key, struct err *err)
{
	auto_free char *ref = xasprintf("%s._domainkey", key->selector);
	return left_out_has(store, domain->name, ref, err);
}

/* 1: the record of the key is public under that name. */
static int is_ready(struct store *store, const struct domain *domain,
                    const struct key *key, struct err *err)
{
	int64_t ready;
	return store_get_int(store, &ready, err,
	                     "SELECT ready FROM key_public WHERE key_id = ? AND name = ?"
	                     " AND ready IS NOT NULL",
	                     "it", key->id, domain->name);
}

/* A pending key whose record is ready under the name: 1 if nothing else is missing; 0: *ret_where is
 * the other name (an alias that signs with the present key, or the main domain) that it needs. */
static int look_elsewhere(struct store *store, const struct domain *domain,
                          const struct key *key, const struct key *active,
                          char **ret_where, struct err *err)
{
	if (domain->main_id && !active)
		*ret_where = xstrdup(domain->main_name);
	if (domain->main_id || !active)
		return *ret_where == NULL;
	int r = signing_blocker(store, active->id, key->id, ret_where, err);
	return r < 0 ? r : !r;
}

/* The key whose record a name waits for; NULL: none.  *ret_where: the name under which it is
 * missing, if that is another one. */
static int find_waiting(struct store *store, const struct domain *domain,
                        const struct ring *ring, const struct key **ret_key,
                        char **ret_where, struct err *err)
{
	int r = 0;
	*ret_key = NULL;
	for (size_t i = 0; r >= 0 && !*ret_key && i < ring->count; i++) {
		const struct key *key = &ring->key[i];
		const struct key *active = ring_find(ring, key->algorithm, "active");
		if (!ring_is(key, NULL, "pending"))
			continue;
		r = is_ready(store, domain, key, err);
		if (r > 0)
			r = look_elsewhere(store, domain, key, active, ret_where, err);
		if (r == 0)
			*ret_key = key;
	}
	for (size_t i = 0; r >= 0 && !*ret_key && i < ring->count; i++) {
		const struct key *key = &ring->key[i];
		if (!ring_is(key, NULL, "active"))
			continue;
		r = is_ready(store, domain, key, err);
		if (r == 0)
			*ret_key = key;
	}
	return r < 0 ? r : 0;
}

static char *waiting_sentence(enum publish_wait wait, const char *name,
                              const char *selector, bool has_reload)
{
	if (wait == PUBLISH_WAITS_EXPORT)
		return xasprintf(
			_("selector %s is waiting for \"mailauthctl zone export\"%s"),
			selector, has_reload ? _(" and zone.reload to succeed") : "");
	return xasprintf(_("selector %s is waiting for its record in DNS: when it is "
	                   "published there, run \"mailauthctl key check --published "
	                   "%s\""),
	                 selector, name);
}

int publish_wait_of(struct store *store, const struct domain *domain,
                    enum publish_wait *ret_wait, char **ret_text, struct err *err)
{
	auto_ring ring = { 0 };
	auto_domain other = DOMAIN_INIT;
	auto_free char *reload = NULL;
	auto_free char *elsewhere = NULL;
	bool signs, may_sign;
	const struct key *waiting;
	struct publish_rule rule;
	*ret_text = NULL;
	*ret_wait = PUBLISH_WAITS_NOT;
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, 0, &may_sign, err);
	if (r >= 0)
		r = setting_text(store, SET_ZONE_RELOAD, 0, &reload, err);
	if (r < 0 || !signs)
		return r < 0 ? r : 0;
	if (!may_sign) {
		*ret_wait = PUBLISH_WAITS_SERVER;
		*ret_text = xstrdup(
			_("on, but not enforced: dkim.sign is off for the server"));
		return 0;
	}
	r = find_waiting(store, domain, &ring, &waiting, &elsewhere, err);
	if (r < 0 || !waiting)
		return r;
	if (elsewhere)
		r = domain_look(store, elsewhere, &other, err);
	const struct domain *where = other.id ? &other : domain;
	if (r >= 0)
		r = publish_rule(store, where, &rule, err);
	if (r >= 0)
		r = is_left_out(store, where, waiting, err);
	if (r < 0)
		return r;
	*ret_wait = r == 0 && rule.is_export ? PUBLISH_WAITS_EXPORT : PUBLISH_WAITS_DNS;
	*ret_text = r > 0 ? xasprintf(_("selector %s is left out of the zone, which has "
	                                "a different key at that name"),
	                              waiting->selector)
	                  : waiting_sentence(*ret_wait, where->name, waiting->selector,
	                                     *reload != '\0');
	if (elsewhere) {
		auto_free char *sentence = *ret_text;
		*ret_text = xasprintf("%s: %s", elsewhere, sentence);
	}
	return 0;
}
