/*
 * Publication: facts about records (exported, found in DNS, confirmed by an administrator) and
 * their consequences.  Only a key_public row that is ready allows signing.
 */
#include "core/model/key/publish.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/domain/left_out.h"
#include "core/model/key/ring.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"

enum dns_service { DNS_HOSTED, DNS_EXTERNAL, DNS_OFF };
enum activate { ACTIVATE_EXPORTED, ACTIVATE_SEEN, ACTIVATE_NOW };

/* Whether the record under `domain` counts as public enough to sign.  Hosted zones: as
 * dkim.activate requires; external ones are never exported, so they require DNS or an
 * administrator. */
static int requirement(struct store *store, const struct domain *domain,
                       int64_t *ret_activate, struct err *err)
{
	int64_t service;
	int r = setting_number(store, SET_DKIM_ACTIVATE, domain->id, ret_activate, err);
	if (r >= 0)
		r = setting_number(store, SET_DNS_SERVICE, domain->id, &service, err);
	if (r >= 0 && service != DNS_HOSTED && *ret_activate == ACTIVATE_EXPORTED)
		*ret_activate = ACTIVATE_SEEN;
	return r;
}

/* The main domain's pending key becomes active when its record is ready; the active one of its kind
 * retires. */
static int activate_ready(struct store *store, const struct ctx *ctx,
                          const struct domain *domain, struct err *err)
{
	auto_ring ring = { 0 };
	int64_t wait;
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = setting_number(store, SET_DKIM_RETIRE_AFTER, domain->id, &wait, err);
	for (size_t i = 0; r >= 0 && i < ring.count; i++) {
		const struct key *key = &ring.key[i];
		int64_t ready;
		if (!ring_is(key, NULL, "pending"))
			continue;
		r = store_get_int(
			store, &ready, err,
			"SELECT ready FROM key_public WHERE key_id = ? AND name = ?",
			"it", key->id, domain->name);
		if (r <= 0)
			continue;
		const struct key *old = ring_find(&ring, key->algorithm, "active");
		if (old)
			r = key_set_state(store, ctx, old, "retiring",
			                  ctx_now(ctx) + wait, err);
		if (r >= 0)
			r = key_set_state(store, ctx, key, "active", 0, err);
	}
	return r < 0 ? r : 0;
}

/* Makes rows ready that now meet dkim.activate; with `now` a row is not even required. */
int publish_refresh(struct store *store, const struct ctx *ctx,
                    const struct domain *domain, struct err *err)
{
	int64_t activate, became = 0;
	int64_t owner = domain->main_id ? domain->main_id : domain->id;
	int r = requirement(store, domain, &activate, err);
	if (r >= 0 && activate == ACTIVATE_NOW) {
		r = store_exec(store, err,
		               "INSERT INTO key_public (key_id, name, ready)"
		               " SELECT id, ?1, ?2 FROM dkim_key WHERE domain_id = ?3"
		               " AND state IN ('pending', 'active')"
		               " ON CONFLICT DO UPDATE SET ready = excluded.ready"
		               " WHERE ready IS NULL",
		               "tii", domain->name, ctx_now(ctx), owner);
		became += store_changes(store);
	}
	if (r >= 0) {
		r = store_exec(
			store, err,
			"UPDATE key_public SET ready = ?1 WHERE name = ?2 AND ready IS NULL"
			" AND (said IS NOT NULL OR seen IS NOT NULL"
			" OR (?3 AND exported IS NOT NULL))",
			"iti", ctx_now(ctx), domain->name,
			(int64_t)(activate == ACTIVATE_EXPORTED));
		became += store_changes(store);
	}
	if (r >= 0 && became)
		r = change_note(store, "key", domain->name, "publication", NULL, "public",
		                err);
	if (r >= 0 && !domain->main_id)
		r = activate_ready(store, ctx, domain, err);
	return r;
}

/* One statement for each fact: SQL is a literal. */
static const char *const mark_sql[] = {
	/* a record that is left out of a zone with its own is not exported */
	[KEY_EXPORTED] = "INSERT INTO key_public (key_id, name, exported)"
			 " SELECT id, ?1, ?2 FROM dkim_key WHERE domain_id = ?3"
			 " AND state IN ('pending', 'active', 'retiring', 'resting')"
			 " AND (?4 = 0 OR id = ?4)"
			 " AND NOT EXISTS (SELECT 1 FROM zone_look z WHERE z.name = ?1"
			 " AND z.ref = selector || '._domainkey' AND z.had IS NOT NULL)"
			 " ON CONFLICT DO UPDATE SET exported = excluded.exported",
	[KEY_SEEN] = "INSERT INTO key_public (key_id, name, seen)"
		     " SELECT id, ?1, ?2 FROM dkim_key WHERE domain_id = ?3"
		     " AND state IN ('pending', 'active', 'retiring', 'resting')"
		     " AND (?4 = 0 OR id = ?4)"
		     " ON CONFLICT DO UPDATE SET seen = excluded.seen",
	[KEY_SAID] = "INSERT INTO key_public (key_id, name, said)"
		     " SELECT id, ?1, ?2 FROM dkim_key WHERE domain_id = ?3"
		     " AND state IN ('pending', 'active', 'retiring', 'resting')"
		     " AND (?4 = 0 OR id = ?4)"
		     " ON CONFLICT DO UPDATE SET said = excluded.said",
};

int publish_mark(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 int64_t key_id, enum key_fact fact, struct err *err)
{
	int r = store_exec(store, err, mark_sql[fact], "tiii", domain->name, ctx_now(ctx),
	                   domain->main_id ? domain->main_id : domain->id, key_id);
	if (r >= 0 && fact == KEY_SAID && store_changes(store) > 0)
		r = change_note(store, "key", domain->name, "published", NULL, "said",
		                err);
	return r < 0 ? r : publish_refresh(store, ctx, domain, err);
}

/* Whether a name waits for DNS rather than for an export or an administrator. */
static int waits_for_dns(struct store *store, const char *name, bool *ret_waits,
                         struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int64_t activate = 0;
	bool signs = false;
	int r = domain_look(store, name, &domain, err);
	if (r > 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain.id, &signs, err);
	if (r >= 0 && domain.id)
		r = requirement(store, &domain, &activate, err);
	*ret_waits = signs && activate == ACTIVATE_SEEN;
	return r < 0 ? r : 0;
}

int publish_each_unseen(struct store *store, int64_t limit,
                        int (*each)(void *arg, const char *name, int64_t key_id,
                                    struct err *err),
                        void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int64_t any;
	int r = store_get_int(store, &any, err,
	                      "SELECT 1 FROM (SELECT key, value FROM setting UNION ALL"
	                      " SELECT key, value FROM domain_setting)"
	                      " WHERE (key = 'dkim.activate' AND value = 'seen')"
	                      " OR (key = 'dns.service' AND value = 'external') LIMIT 1",
	                      "");
	if (r <= 0)
		return r;
	r = store_query(store, &stmt, err,
	                "SELECT d.name, k.id FROM dkim_key k"
	                " JOIN domain d ON d.id = k.domain_id OR d.alias_of = k.domain_id"
	                " LEFT JOIN key_public p ON p.key_id = k.id AND p.name = d.name"
	                " LEFT JOIN key_asked a ON a.key_id = k.id AND a.name = d.name"
	                " WHERE k.state IN ('pending', 'active') AND p.ready IS NULL"
	                " ORDER BY coalesce(a.asked, 0), d.name, k.id",
	                "");
	while (r >= 0 && limit > 0 && (r = stmt_next(stmt, err)) > 0) {
		bool waits = false;
		r = waits_for_dns(store, stmt_text(stmt, 0), &waits, err);
		if (r < 0 || !waits)
			continue;
		limit--;
		r = each(arg, stmt_text(stmt, 0), stmt_int(stmt, 1), err);
	}
	return r < 0 ? r : 0;
}

int publish_asked(struct store *store, const struct ctx *ctx, const char *name,
                  int64_t key_id, struct err *err)
{
	return store_exec(store, err,
	                  "INSERT INTO key_asked (key_id, name, asked)"
	                  " SELECT id, ?2, ?3 FROM dkim_key WHERE id = ?1"
	                  " ON CONFLICT DO UPDATE SET asked = excluded.asked",
	                  "iti", key_id, name, ctx_now(ctx));
}

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

int publish_forget(struct store *store, int64_t key_id, struct err *err)
{
	return store_exec(store, err, "DELETE FROM key_public WHERE key_id = ?", "i",
	                  key_id);
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

int publish_wait_of(struct store *store, const struct domain *domain,
                    enum publish_wait *ret_wait, char **ret_text, struct err *err)
{
	auto_ring ring = { 0 };
	bool signs, may_sign, has_reload;
	int64_t activate, service, ready = 0;
	auto_free char *reload = NULL;
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, 0, &may_sign, err);
	if (r >= 0)
		r = requirement(store, domain, &activate, err);
	if (r >= 0)
		r = setting_number(store, SET_DNS_SERVICE, domain->id, &service, err);
	if (r >= 0)
		r = setting_text(store, SET_ZONE_RELOAD, 0, &reload, err);
	if (r < 0)
		return r;
	*ret_text = NULL;
	*ret_wait = PUBLISH_WAITS_NOT;
	if (!signs)
		return 0;
	if (!may_sign) {
		*ret_wait = PUBLISH_WAITS_SERVER;
		*ret_text = xstrdup(
			_("on, but not enforced: dkim.sign is off for the server"));
		return 0;
	}
	const struct key *waiting = ring_find(&ring, NULL, "pending");
	const struct key *active = ring_find(&ring, NULL, "active");
	if (!waiting && active) {
		r = store_get_int(
			store, &ready, err,
			"SELECT ready FROM key_public WHERE key_id = ? AND name = ?",
			"it", active->id, domain->name);
		if (r < 0)
			return r;
		waiting = r ? NULL : active;
	}
	r = waiting ? is_left_out(store, domain, waiting, err) : 0;
	if (r != 0) {
		*ret_wait = PUBLISH_WAITS_DNS;
		*ret_text = r < 0 ? NULL
		                  : xasprintf(_("selector %s is left out of the zone, "
		                                "which has a different key at that "
		                                "name"),
		                              waiting->selector);
		return r < 0 ? r : 0;
	}
	has_reload = *reload != '\0';
	bool is_export = service == DNS_HOSTED && activate == ACTIVATE_EXPORTED;
	if (waiting)
		*ret_wait = is_export ? PUBLISH_WAITS_EXPORT : PUBLISH_WAITS_DNS;
	if (waiting && is_export)
		*ret_text = xasprintf(
			_("selector %s is waiting for \"mailauthctl zone export\"%s"),
			waiting->selector,
			has_reload ? _(" and zone.reload to succeed") : "");
	else if (waiting)
		*ret_text = xasprintf(
			_("selector %s is waiting for its record in DNS: when it is "
		          "published there, run \"mailauthctl key check --published "
		          "%s\""),
			waiting->selector, domain->name);
	return 0;
}

int publish_each(struct store *store, int64_t key_id,
                 int (*each)(void *arg, const struct publish_row *row, struct err *err),
                 void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT name, exported, seen, said, ready FROM key_public"
	                    " WHERE key_id = ? ORDER BY name",
	                    "i", key_id);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		struct publish_row row = {
			stmt_text(stmt, 0), stmt_int(stmt, 1), stmt_int(stmt, 2),
			stmt_int(stmt, 3),  stmt_int(stmt, 4),
		};
		r = each(arg, &row, err);
		if (r != 0)
			break;
	}
	return r;
}
