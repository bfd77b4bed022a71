/*
 * Publication: facts about records (exported, found in DNS, confirmed by an administrator) and
 * their consequences.  Only a key_public row that is ready allows signing.
 */
#include "core/model/key/publish.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/key/publish_inner.h"
#include "core/model/key/ring.h"
#include "core/model/key/signing.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"

enum activate { ACTIVATE_EXPORTED, ACTIVATE_SEEN, ACTIVATE_NOW };

int publish_rule(struct store *store, const struct domain *domain,
                 struct publish_rule *ret_rule, struct err *err)
{
	int64_t activate;
	bool is_hosted;
	int r = setting_number(store, SET_DKIM_ACTIVATE, domain->id, &activate, err);
	if (r >= 0)
		r = setting_is(store, SET_DNS_SERVICE, domain->id, "hosted", &is_hosted,
		               err);
	if (r < 0)
		return r;
	ret_rule->is_export = is_hosted && activate != ACTIVATE_SEEN;
	ret_rule->is_now = activate == ACTIVATE_NOW;
	return 0;
}

/* ---- the change of keys ---------------------------------------------------------------------- */

/* 1: the key may sign for every name that signs with `old` (NULL: none signs). */
static int may_replace(struct store *store, const struct key *old, const struct key *key,
                       struct err *err)
{
	auto_free char *blocker = NULL;
	int r = old ? signing_blocker(store, old->id, key->id, &blocker, err) : 0;
	return r < 0 ? r : !r;
}

/* An active key that ends (key_supersede()) retires once another one signs for all its names. */
static int retire_superseded(struct store *store, const struct ctx *ctx,
                             const struct domain *domain, int64_t wait, struct err *err)
{
	auto_ring ring = { 0 };
	int r = ring_load(store, domain, &ring, err);
	for (size_t i = 0; r >= 0 && i < ring.count; i++) {
		const struct key *old = &ring.key[i];
		int replaced = 0;
		if (!ring_is(old, NULL, "active") || !old->due)
			continue;
		for (size_t j = 0; replaced == 0 && j < ring.count; j++)
			if (ring_is(&ring.key[j], NULL, "active") && !ring.key[j].due)
				replaced = may_replace(store, old, &ring.key[j], err);
		r = replaced > 0 ? key_set_state(store, ctx, old, "retiring",
		                                 ctx_now(ctx) + wait, err)
		                 : replaced;
	}
	return r < 0 ? r : 0;
}

/* The main domain's pending key becomes active when its record is ready under all names that sign;
 * the active one of its kind retires. */
int publish_activate(struct store *store, const struct ctx *ctx,
                     const struct domain *domain, struct err *err)
{
	auto_ring ring = { 0 };
	int64_t wait;
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = setting_number(store, SET_DKIM_RETIRE_AFTER, domain->id, &wait, err);
	for (size_t i = 0; r >= 0 && i < ring.count; i++) {
		const struct key *key = &ring.key[i];
		const struct key *old = ring_find(&ring, key->algorithm, "active");
		int64_t ready;
		if (!ring_is(key, NULL, "pending"))
			continue;
		r = store_get_int(store, &ready, err,
		                  "SELECT p.ready FROM key_public p JOIN domain d"
		                  " ON d.name = p.name WHERE p.key_id = ? AND d.id = ?",
		                  "ii", key->id, key->domain_id);
		if (r > 0)
			r = may_replace(store, old, key, err);
		if (r <= 0)
			continue;
		if (old)
			r = key_set_state(store, ctx, old, "retiring",
			                  ctx_now(ctx) + wait, err);
		if (r >= 0)
			r = key_set_state(store, ctx, key, "active", 0, err);
	}
	return r < 0 ? r : retire_superseded(store, ctx, domain, wait, err);
}

/* A key that replaces another one waits until its record is public, whatever dkim.activate says:
 * the other one signs meanwhile. */
#define REPLACES                                                           \
	"EXISTS (SELECT 1 FROM dkim_key o WHERE o.domain_id = k.domain_id" \
	" AND o.state = 'active' AND o.id <> k.id"                         \
	" AND (o.algorithm = k.algorithm OR o.due IS NOT NULL))"

/* Makes rows ready that now meet dkim.activate; with `now` a row is not even required. */
int publish_refresh(struct store *store, const struct ctx *ctx,
                    const struct domain *domain, struct err *err)
{
	struct publish_rule rule;
	int64_t became = 0;
	int64_t owner = domain->main_id ? domain->main_id : domain->id;
	int r = publish_rule(store, domain, &rule, err);
	if (r >= 0 && rule.is_now) {
		r = store_exec(store, err,
		               "INSERT INTO key_public (key_id, name, ready)"
		               " SELECT k.id, ?1, ?2 FROM dkim_key k"
		               " WHERE k.domain_id = ?3 AND (k.state = 'active'"
		               " OR (k.state = 'pending' AND NOT " REPLACES "))"
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
			"iti", ctx_now(ctx), domain->name, (int64_t)rule.is_export);
		became += store_changes(store);
	}
	if (r >= 0 && became)
		r = change_note(store, "key", domain->name, "publication", NULL, "public",
		                err);
	return r < 0 ? r : publish_activate(store, ctx, domain, err);
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
	struct publish_rule rule = { .is_export = true };
	bool signs = false;
	int r = domain_look(store, name, &domain, err);
	if (r > 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain.id, &signs, err);
	if (r >= 0 && domain.id)
		r = publish_rule(store, &domain, &rule, err);
	*ret_waits = signs && !rule.is_export;
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

int publish_forget(struct store *store, int64_t key_id, struct err *err)
{
	return store_exec(store, err, "DELETE FROM key_public WHERE key_id = ?", "i",
	                  key_id);
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
