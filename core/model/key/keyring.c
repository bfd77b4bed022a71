/*
 * The life of a domain's keys.
 *
 * Invariants: a name signs only through a key_public row that is ready; a key leaves the published
 * states only when it is due and the host has stopped signing with it.
 */
#include "core/model/key/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/model/key/keyring_inner.h"
#include "core/model/key/publish.h"
#include "core/model/key/ring.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"

enum dns_service { DNS_HOSTED, DNS_EXTERNAL, DNS_OFF };
/* ---- switching on ---------------------------------------------------------------------------- */

int keyring_check_enable(struct store *store, const struct domain *domain,
                         struct err *err)
{
	bool may_sign, has_mail;
	int64_t service;
	if (domain->main_id)
		return err_set(err, ERR_FAILED,
		               _("%s is an alias and signs with the keys of %s; run "
		                 "\"mailauthctl domain enable-dkim %s\""),
		               domain->name, domain->main_name, domain->main_name);
	int r = setting_bool(store, SET_DKIM_SIGN, 0, &may_sign, err);
	if (r >= 0)
		r = setting_bool(store, SET_MAIL, domain->id, &has_mail, err);
	if (r >= 0)
		r = setting_number(store, SET_DNS_SERVICE, domain->id, &service, err);
	if (r < 0)
		return r;
	if (!may_sign)
		return err_set(
			err, ERR_FAILED,
			_("DKIM cannot be enabled for %s: dkim.sign is off for the "
		          "server; run \"mailauthctl server set dkim.sign on\""),
			domain->name);
	if (domain->is_suspended)
		return err_set(err, ERR_FAILED,
		               _("DKIM cannot be enabled for %s: it is suspended; run "
		                 "\"mailauthctl domain resume %s\""),
		               domain->name, domain->name);
	if (!has_mail)
		return err_set(err, ERR_FAILED,
		               _("DKIM cannot be enabled for %s: it sends no mail; run "
		                 "\"mailauthctl domain set %s mail on\""),
		               domain->name, domain->name);
	if (service == DNS_OFF)
		return err_set(
			err, ERR_FAILED,
			_("DKIM cannot be enabled for %s: dns.service is off; to serve "
		          "its zone from this host, run \"mailauthctl domain set %s "
		          "dns.service hosted\"; use external instead of hosted to "
		          "print the records for another DNS server"),
			domain->name, domain->name);
	return 0;
}

/* "both" is RSA and Ed25519; rsa comes first, so that Ed25519 is added to it. */
int keyring_wanted(struct store *store, const struct domain *domain,
                   const char *ret_names[2], size_t *ret_count, struct err *err)
{
	auto_free char *algorithm = NULL;
	int r = setting_text(store, SET_DKIM_ALGORITHM, domain->id, &algorithm, err);
	if (r < 0)
		return r;
	*ret_count = 0;
	if (strcmp(algorithm, "ed25519") != 0)
		ret_names[(*ret_count)++] = "rsa";
	if (strcmp(algorithm, "rsa") != 0)
		ret_names[(*ret_count)++] = "ed25519";
	return 0;
}

static bool is_at_hand(const struct ring *ring, const char *algorithm)
{
	static const char *const states[] = { "active", "pending", "resting", "parked" };
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (ring_find(ring, algorithm, states[i]))
			return true;
	return false;
}

int keyring_missing(struct store *store, const struct domain *domain,
                    struct keygen_job ret_jobs[2], size_t *ret_count, struct err *err)
{
	auto_ring ring = { 0 };
	const char *algorithms[2];
	size_t count;
	int64_t bits;
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = keyring_wanted(store, domain, algorithms, &count, err);
	if (r >= 0)
		r = setting_number(store, SET_DKIM_RSA_BITS, domain->id, &bits, err);
	if (r < 0)
		return r;
	*ret_count = 0;
	for (size_t i = 0; i < count; i++)
		if (!is_at_hand(&ring, algorithms[i]))
			ret_jobs[(*ret_count)++] =
				(struct keygen_job){ algorithms[i], bits };
	return 0;
}

static int insert_pair(struct store *store, const struct ctx *ctx,
                       const struct domain *domain, const struct key_pair *pair,
                       struct err *err)
{
	auto_ring ring = { 0 };
	auto_free char *selector = NULL;
	int64_t id;
	int r = ring_load(store, domain, &ring, err);
	if (r < 0)
		return r;
	bool is_beside_rsa = false;
	for (size_t i = 0; i < ring.count; i++)
		if (strcmp(ring.key[i].algorithm, "rsa") == 0)
			is_beside_rsa = true;
	r = key_choose_selector(store, ctx, domain->id, domain->name, pair->algorithm,
	                        is_beside_rsa, &selector, err);
	if (r >= 0)
		r = key_insert(store, ctx, domain->id, domain->name, selector, "pending",
		               pair, &id, err);
	return r;
}

int keyring_insert_made(struct store *store, const struct ctx *ctx,
                        const struct domain *domain, const struct keygen_job *jobs,
                        size_t wanted, const struct key_pair *pairs, size_t count,
                        struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < wanted; i++) {
		const struct key_pair *pair = NULL;
		for (size_t j = 0; j < count; j++)
			if (strcmp(pairs[j].algorithm, jobs[i].algorithm) == 0)
				pair = &pairs[j];
		r = pair ? insert_pair(store, ctx, domain, pair, err)
		         : err_set(err, ERR_FAILED,
		                   _("the keys of %s were changed at the same "
		                     "time; try again"),
		                   domain->name);
	}
	return r;
}

/* Brings the keys of one algorithm back: resting to active; parked to pending if there is no better
 * one. */
static int wake_algorithm(struct store *store, const struct ctx *ctx,
                          const struct domain *domain, const char *algorithm,
                          struct err *err)
{
	auto_ring ring = { 0 };
	int r = ring_load(store, domain, &ring, err);
	if (r < 0)
		return r;
	const struct key *active = ring_find(&ring, algorithm, "active");
	for (size_t i = 0; i < ring.count && r >= 0; i++)
		if (ring_is(&ring.key[i], algorithm, "resting") && !active) {
			active = &ring.key[i];
			r = key_set_state(store, ctx, active, "active", 0, err);
		}
	const struct key *pending = ring_find(&ring, algorithm, "pending");
	/* the newest parked key: ids ascend, selectors do not */
	const struct key *parked = NULL;
	for (size_t i = 0; i < ring.count; i++)
		if (ring_is(&ring.key[i], algorithm, "parked") &&
		    (!parked || ring.key[i].id > parked->id))
			parked = &ring.key[i];
	if (r >= 0 && !active && !pending && parked)
		r = key_set_state(store, ctx, parked, "pending", 0, err);
	return r;
}

int keyring_wake(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 struct err *err)
{
	static const char *const algorithms[] = { "rsa", "ed25519" };
	bool signs;
	int r = setting_bool(store, SET_DKIM_SIGN, domain->id, &signs, err);
	for (size_t i = 0; r >= 0 && signs && i < ARRAY_LEN(algorithms); i++)
		r = wake_algorithm(store, ctx, domain, algorithms[i], err);
	return r < 0 ? r : publish_refresh(store, ctx, domain, err);
}

int keyring_enable(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, enum keyring_maker maker,
                   struct key_pair *pairs, size_t count, bool is_sign_now,
                   enum keyring_outcome *ret_outcome, struct err *err)
{
	int r = keyring_check_enable(store, domain, err);
	return r < 0 ? r
	             : keyring_switch_on(store, ctx, domain, maker, pairs, count,
	                                 is_sign_now, ret_outcome, err);
}

int keyring_switch_on(struct store *store, const struct ctx *ctx,
                      const struct domain *domain, enum keyring_maker maker,
                      struct key_pair *pairs, size_t count, bool is_sign_now,
                      enum keyring_outcome *ret_outcome, struct err *err)
{
	bool was_on;
	struct keygen_job jobs[2];
	size_t missing;
	int r = setting_bool(store, SET_DKIM_SIGN, domain->id, &was_on, err);
	if (r >= 0)
		r = keyring_missing(store, domain, jobs, &missing, err);
	if (r >= 0 && !was_on)
		r = setting_set(store, SET_DKIM_SIGN, domain->id, domain->name, "on",
		                err);
	if (r >= 0 && maker == KEYS_OURS)
		r = keyring_insert_made(store, ctx, domain, jobs, missing, pairs, count,
		                        err);
	if (r >= 0)
		r = keyring_wake(store, ctx, domain, err);
	if (r >= 0 && is_sign_now)
		r = publish_mark(store, ctx, domain, 0, KEY_SAID, err);
	auto_ring ring = { 0 };
	if (r >= 0)
		r = ring_load(store, domain, &ring, err);
	if (r < 0)
		return r;
	bool is_pending = ring_find(&ring, NULL, "pending") != NULL ||
	                  (missing && maker == KEYS_SERVER);
	*ret_outcome = was_on && !missing && !is_sign_now && !is_pending
	                       ? KEYRING_UNCHANGED
	               : is_pending ? KEYRING_PENDING
	                            : KEYRING_ACTIVE;
	return 0;
}

/* ---- switching off --------------------------------------------------------------------------- */

int keyring_rest(struct store *store, const struct ctx *ctx, const struct domain *domain,
                 bool is_now, struct err *err)
{
	auto_ring ring = { 0 };
	int64_t wait;
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = setting_number(store, SET_DKIM_RETIRE_AFTER, domain->id, &wait, err);
	int64_t due = ctx_now(ctx) + (is_now ? 0 : wait);
	for (size_t i = 0; r >= 0 && i < ring.count; i++) {
		const struct key *key = &ring.key[i];
		if (ring_is(key, NULL, "pending")) {
			/* it has not signed anything: its record can be removed at once */
			r = publish_forget(store, key->id, err);
			if (r >= 0)
				r = key_set_state(store, ctx, key, "parked", 0, err);
		} else if (ring_is(key, NULL, "active")) {
			r = key_set_state(store, ctx, key, "resting", due, err);
		} else if (is_now &&
		           (ring_is(key, NULL, "resting") ||
		            ring_is(key, NULL, "retiring")) &&
		           key->due > due) {
			r = key_set_state(store, ctx, key, key->state, due, err);
		}
	}
	return r;
}

int keyring_disable(struct store *store, const struct ctx *ctx,
                    const struct domain *domain, bool is_now, struct err *err)
{
	if (domain->main_id)
		return err_set(
			err, ERR_FAILED,
			_("%s is an alias and signs with the keys of %s; suspend it, or "
		          "disable DKIM for %s"),
			domain->name, domain->main_name, domain->main_name);
	int r = setting_set(store, SET_DKIM_SIGN, domain->id, domain->name, NULL, err);
	if (r >= 0)
		r = keyring_rest(store, ctx, domain, is_now, err);
	return r;
}

/* ---- import ---------------------------------------------------------------------------------- */

int keyring_import(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, const char *selector,
                   const struct key_pair *pair, bool is_parked, struct err *err)
{
	auto_ring ring = { 0 };
	bool signs;
	int64_t id;
	if (domain->main_id)
		return err_set(
			err, ERR_FAILED,
			_("%s is an alias and signs with the keys of %s; import the "
		          "key for that domain"),
			domain->name, domain->main_name);
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ring.count; i++) {
		const struct key *key = &ring.key[i];
		if (strcmp(key->selector, selector) == 0)
			return err_set(err, ERR_FAILED,
			               _("%s already has a key with the selector %s"),
			               domain->name, selector);
		if (key->public_len == pair->public_len &&
		    memcmp(key->public_key, pair->public_key, pair->public_len) == 0)
			return err_set(err, ERR_FAILED,
			               _("%s already has this key with the selector "
			                 "%s"),
			               domain->name, key->selector);
	}
	is_parked |= !signs || domain->is_suspended;
	if (!is_parked && ring_find(&ring, pair->algorithm, "pending"))
		return err_set(err, ERR_FAILED,
		               _("%s already has a pending %s key; that key must "
		                 "become active first"),
		               domain->name, pair->algorithm);
	return key_insert(store, ctx, domain->id, domain->name, selector,
	                  is_parked ? "parked" : "pending", pair, &id, err);
}

/* ---- what time brings ------------------------------------------------------------------------ */

static int collect_due(struct store *store, int64_t now, int64_t host_gen,
                       struct ring *ring, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT k.domain_id, k.id FROM dkim_key k JOIN domain d"
	                    " ON d.id = k.domain_id WHERE k.due <= ? AND d.gen <= ?",
	                    "ii", now, host_gen);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		auto_stmt keys = NULL;
		struct key key;
		r = key_query(store, stmt_int(stmt, 0), &keys, err);
		while (r >= 0 && (r = key_next(keys, &key, err)) > 0)
			if (key.id == stmt_int(stmt, 1))
				ring_add(ring, &key);
	}
	return r;
}

static int step_of_life(struct store *store, const struct ctx *ctx, const struct key *key,
                        struct err *err)
{
	int64_t wait;
	int r;
	if (ring_is(key, NULL, "resting")) {
		r = publish_forget(store, key->id, err);
		return r < 0 ? r : key_set_state(store, ctx, key, "parked", 0, err);
	}
	if (ring_is(key, NULL, "retiring")) {
		r = setting_number(store, SET_DKIM_RETIRE_AFTER, key->domain_id, &wait,
		                   err);
		if (r >= 0)
			r = key_set_state(store, ctx, key, "revoked", ctx_now(ctx) + wait,
			                  err);
		return r < 0 ? r : key_drop_private(store, key, err);
	}
	if (ring_is(key, NULL, "revoked"))
		return key_delete(store, key, err);
	return 0;
}

/* A name that a pending key waited for was removed, or does not sign any more. */
static int activate_waiting(struct store *store, const struct ctx *ctx, struct err *err)
{
	auto_names names = { 0 };
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT DISTINCT d.name FROM dkim_key k JOIN domain d"
	                    " ON d.id = k.domain_id JOIN key_public p"
	                    " ON p.key_id = k.id AND p.name = d.name"
	                    " WHERE k.state = 'pending' AND p.ready IS NOT NULL"
	                    " UNION SELECT d.name FROM dkim_key k JOIN domain d"
	                    " ON d.id = k.domain_id"
	                    " WHERE k.state = 'active' AND k.due IS NOT NULL",
	                    "");
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		names_add(&names, stmt_text(stmt, 0));
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		auto_domain domain = DOMAIN_INIT;
		r = domain_look(store, names.name[i], &domain, err);
		if (r > 0)
			r = publish_activate(store, ctx, &domain, err);
	}
	return r;
}

int keyring_due(struct store *store, const struct ctx *ctx, int64_t host_gen,
                struct err *err)
{
	auto_ring due = { 0 };
	int r = activate_waiting(store, ctx, err);
	if (r >= 0)
		r = collect_due(store, ctx_now(ctx), host_gen, &due, err);
	for (size_t i = 0; r >= 0 && i < due.count; i++)
		r = step_of_life(store, ctx, &due.key[i], err);
	/* records of a former name: its generation increases, so that its zone is written again */
	auto_stmt stmt = NULL;
	if (r >= 0)
		r = store_query(
			store, &stmt, err,
			"SELECT DISTINCT f.name FROM former_key f LEFT JOIN former_name n"
			" ON n.name = f.name WHERE f.until <= ?"
			" AND coalesce(n.gen, 0) <= ?",
			"ii", ctx_now(ctx), host_gen);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		const char *name = stmt_text(stmt, 0);
		r = store_exec(store, err,
		               "DELETE FROM former_key WHERE name = ? AND until <= ?",
		               "ti", name, ctx_now(ctx));
		if (r >= 0)
			r = store_exec(
				store, err,
				"UPDATE former_name SET gen = (SELECT max(id) FROM change)"
				" WHERE name = ?",
				"t", name);
		if (r >= 0)
			r = store_exec(
				store, err,
				"UPDATE domain SET gen = (SELECT max(id) FROM change)"
				" WHERE name = ?",
				"t", name);
		if (r >= 0)
			r = change_note(store, "key", name, "former keys", "published",
			                NULL, err);
	}
	return r;
}
