/*
 * Rotation: a new key is pending next to the active one, which signs until the record of the new key
 * is public (publish_activate()).
 */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/model/key/keyring.h"
#include "core/model/key/keyring_inner.h"
#include "core/model/key/publish.h"
#include "core/model/key/ring.h"
#include "core/model/setting/setting.h"

int keyring_rotation_due(struct store *store, const struct key *key, int64_t *ret_due,
                         struct err *err)
{
	int64_t after = 0;
	*ret_due = 0;
	if (!ring_is(key, NULL, "active") || !key->has_private)
		return 0;
	int r = setting_number(store, SET_DKIM_ROTATE_AFTER, key->domain_id, &after, err);
	if (r >= 0 && after)
		*ret_due = key->created + after;
	return r < 0 ? r : 0;
}

static int is_due(struct store *store, const struct ctx *ctx, const struct key *key,
                  enum keyring_scope scope, bool *ret_is_due, struct err *err)
{
	int64_t due = 0;
	int r = scope == ROTATE_DUE ? keyring_rotation_due(store, key, &due, err) : 0;
	*ret_is_due = scope == ROTATE_ALL || (due && due <= ctx_now(ctx));
	return r;
}

/* Whether any active key is due, and which of the present ones are. */
static int find_due(struct store *store, const struct ctx *ctx, const struct ring *ring,
                    enum keyring_scope scope, bool is_due_of[], bool *ret_is_any,
                    struct err *err)
{
	int r = 0;
	*ret_is_any = scope == ROTATE_ALL;
	for (size_t i = 0; r >= 0 && i < ring->count; i++) {
		r = is_due(store, ctx, &ring->key[i], scope, &is_due_of[i], err);
		*ret_is_any |= is_due_of[i] && ring_is(&ring->key[i], NULL, "active");
	}
	return r;
}

static int check(struct store *store, const struct domain *domain,
                 const struct ring *ring, struct err *err)
{
	bool signs;
	if (domain->main_id)
		return err_set(err, ERR_FAILED,
		               _("%s is an alias and signs with the keys of %s; run "
		                 "\"mailauthctl key rotate %s\""),
		               domain->name, domain->main_name, domain->main_name);
	int r = keyring_check_enable(store, domain, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0 && !signs)
		r = err_set(err, ERR_FAILED,
		            _("DKIM is off for %s; run \"mailauthctl domain enable-dkim "
		              "%s\""),
		            domain->name, domain->name);
	for (size_t i = 0; r >= 0 && i < ring->count; i++)
		if (!ring->key[i].has_private && !ring_is(&ring->key[i], NULL, "revoked"))
			r = err_set(err, ERR_FAILED,
			            _("the mail server makes the keys of %s itself: have "
			              "it make a new one"),
			            domain->name);
	return r;
}

int keyring_rotate_missing(struct store *store, const struct ctx *ctx,
                           const struct domain *domain, enum keyring_scope scope,
                           struct keygen_job ret_jobs[2], size_t *ret_count,
                           struct err *err)
{
	auto_ring ring = { 0 };
	const char *algorithms[2];
	size_t count;
	int64_t bits;
	bool is_any = false;
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = check(store, domain, &ring, err);
	auto_free bool *is_due_of = xcalloc(ring.count + 1, sizeof(*is_due_of));
	if (r >= 0)
		r = find_due(store, ctx, &ring, scope, is_due_of, &is_any, err);
	if (r >= 0)
		r = keyring_wanted(store, domain, algorithms, &count, err);
	if (r >= 0)
		r = setting_number(store, SET_DKIM_RSA_BITS, domain->id, &bits, err);
	if (r < 0)
		return r;
	*ret_count = 0;
	for (size_t i = 0; is_any && i < count; i++) {
		const struct key *active = ring_find(&ring, algorithms[i], "active");
		if (ring_find(&ring, algorithms[i], "pending") ||
		    (active && !is_due_of[active - ring.key]))
			continue;
		ret_jobs[(*ret_count)++] = (struct keygen_job){ algorithms[i], bits };
	}
	return 0;
}

/* The active keys of other algorithms end with those that are replaced. */
static int supersede_others(struct store *store, const struct ctx *ctx,
                            const struct domain *domain, enum keyring_scope scope,
                            struct err *err)
{
	auto_ring ring = { 0 };
	const char *algorithms[2];
	size_t count;
	int r = ring_load(store, domain, &ring, err);
	if (r >= 0)
		r = keyring_wanted(store, domain, algorithms, &count, err);
	for (size_t i = 0; r >= 0 && i < ring.count; i++) {
		const struct key *key = &ring.key[i];
		bool is_wanted = false, due = false;
		for (size_t j = 0; j < count; j++)
			is_wanted |= strcmp(algorithms[j], key->algorithm) == 0;
		if (is_wanted || !ring_is(key, NULL, "active") || key->due)
			continue;
		r = is_due(store, ctx, key, scope, &due, err);
		if (r >= 0 && due)
			r = key_supersede(store, ctx, key, err);
	}
	return r;
}

int keyring_rotate(struct store *store, const struct ctx *ctx,
                   const struct domain *domain, enum keyring_scope scope,
                   const struct key_pair *pairs, size_t count, struct err *err)
{
	struct keygen_job jobs[2];
	size_t missing;
	int r = keyring_rotate_missing(store, ctx, domain, scope, jobs, &missing, err);
	if (r >= 0)
		r = keyring_insert_made(store, ctx, domain, jobs, missing, pairs, count,
		                        err);
	if (r >= 0)
		r = supersede_others(store, ctx, domain, scope, err);
	return r < 0 ? r : publish_refresh(store, ctx, domain, err);
}

/* ---- which domains --------------------------------------------------------------------------- */

/* The shortest dkim.rotate-after of the server and the domains; 0: none rotates. */
static int shortest(struct store *store, int64_t *ret_seconds, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT value FROM setting WHERE key = 'dkim.rotate-after'"
	                    " UNION SELECT value FROM domain_setting"
	                    " WHERE key = 'dkim.rotate-after'",
	                    "");
	*ret_seconds = 0;
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		int64_t seconds;
		if (text_to_duration(stmt_text(stmt, 0), &seconds) && seconds &&
		    (!*ret_seconds || seconds < *ret_seconds))
			*ret_seconds = seconds;
	}
	return r;
}

/* Due: an active key of ours is, and no pending one replaces it yet. */
static int is_for(struct store *store, const struct ctx *ctx, const struct domain *domain,
                  enum keyring_scope scope, bool *ret_is_for, struct err *err)
{
	auto_ring ring = { 0 };
	bool is_signing = false;
	*ret_is_for = false;
	int r = setting_bool(store, SET_DKIM_SIGN, domain->id, &is_signing, err);
	if (r >= 0 && is_signing)
		r = ring_load(store, domain, &ring, err);
	for (size_t i = 0; r >= 0 && i < ring.count; i++) {
		const struct key *key = &ring.key[i];
		bool due = false;
		if (!ring_is(key, NULL, "active") ||
		    (scope == ROTATE_DUE &&
		     (key->due || ring_find(&ring, key->algorithm, "pending"))))
			continue;
		r = is_due(store, ctx, key, scope, &due, err);
		*ret_is_for |= due;
	}
	return r;
}

int keyring_rotate_each(struct store *store, const struct ctx *ctx,
                        enum keyring_scope scope,
                        int (*each)(void *arg, const char *name, struct err *err),
                        void *arg, struct err *err)
{
	auto_names names = { 0 };
	auto_stmt stmt = NULL;
	bool may_sign = false;
	int64_t after = 0;
	int r = store && scope == ROTATE_DUE ? shortest(store, &after, err) : 0;
	if (r >= 0 && store && (scope == ROTATE_ALL || after))
		r = setting_bool(store, SET_DKIM_SIGN, 0, &may_sign, err);
	if (r < 0 || !may_sign)
		return r;
	r = store_query(store, &stmt, err,
	                "SELECT DISTINCT d.name FROM dkim_key k JOIN domain d"
	                " ON d.id = k.domain_id WHERE k.state = 'active'"
	                " AND k.server_owned = 0 AND d.suspended = 0 AND k.created <= ?"
	                " ORDER BY d.name",
	                "i", scope == ROTATE_DUE ? ctx_now(ctx) - after : INT64_MAX);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		names_add(&names, stmt_text(stmt, 0));
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		auto_domain domain = DOMAIN_INIT;
		bool is_it = false;
		r = domain_look(store, names.name[i], &domain, err);
		if (r > 0)
			r = is_for(store, ctx, &domain, scope, &is_it, err);
		if (r >= 0 && is_it)
			r = each(arg, domain.name, err);
	}
	return r < 0 ? r : 0;
}

int keyring_count_theirs(struct store *store, int64_t *ret_count, struct err *err)
{
	*ret_count = 0;
	return store ? store_get_int(store, ret_count, err,
	                             "SELECT count(DISTINCT domain_id) FROM dkim_key"
	                             " WHERE state = 'active' AND server_owned = 1",
	                             "")
	             : 0;
}
