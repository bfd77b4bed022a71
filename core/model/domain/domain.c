/* Domains and aliases: finding, adding, listing. */
#include "core/model/domain/domain.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/words.h"
#include "core/model/domain/domain_inner.h"
#include "core/store/change.h"
#include "dnszone/name/name.h"

void domain_done(struct domain *domain)
{
	free(domain->name);
	free(domain->main_name);
	*domain = DOMAIN_INIT;
}

/* Borrows from the statement. */
static struct domain read_row(struct stmt *stmt)
{
	return (struct domain){
		.id = stmt_int(stmt, 0),
		.name = (char *)(uintptr_t)stmt_text(stmt, 1),
		.main_id = stmt_int(stmt, 2),
		.main_name = (char *)(uintptr_t)stmt_text(stmt, 3),
		.is_suspended = stmt_int(stmt, 4) != 0,
		.template_rev = stmt_int(stmt, 5),
		.created = stmt_int(stmt, 6),
	};
}

int domain_look(struct store *store, const char *name, struct domain *ret_domain,
                struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = store_query(store, &stmt, err, DOMAIN_COLUMNS "WHERE d.name = ?", "t",
	                    name);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r <= 0)
		return r;
	struct domain row = read_row(stmt);
	row.name = xstrdup(row.name);
	row.main_name = xstrdup(row.main_name);
	*ret_domain = row;
	return 1;
}

static bool differ_in_digits_only(const char *a, const char *b)
{
	for (;;) {
		a += strspn(a, "0123456789");
		b += strspn(b, "0123456789");
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

int domain_near(struct store *store, const char *name, char **ret_near, struct err *err)
{
	auto_stmt stmt = NULL;
	*ret_near = NULL;
	if (!store || strlen(name) < 6)
		return 0;
	int r = store_query(store, &stmt, err,
	                    "SELECT name FROM domain WHERE length(name) BETWEEN ? AND ?",
	                    "ii", (int64_t)strlen(name) - 1, (int64_t)strlen(name) + 1);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		const char *there = stmt_text(stmt, 0);
		if (words_distance(name, there, 1) != 1 ||
		    differ_in_digits_only(name, there))
			continue;
		*ret_near = xstrdup(there);
		return 0;
	}
	return r;
}

int domain_find(struct store *store, const char *typed, struct domain *ret_domain,
                struct err *err)
{
	char name[NAME_SIZE];
	int r = name_parse_domain(typed, name, err);
	if (r >= 0)
		r = domain_look(store, name, ret_domain, err);
	if (r != 0)
		return r < 0 ? r : 0;
	auto_free char *near = NULL;
	r = domain_near(store, name, &near, err);
	if (r < 0)
		return r;
	if (near)
		return err_set(err, ERR_MISSING,
		               _("domain %s not found; did you mean %s?"), name, near);
	return err_set(err, ERR_MISSING,
	               _("domain %s not found; to add it, run \"mailauthctl domain add "
	                 "%s\""),
	               name, name);
}

int domain_check_former_keys(struct store *store, const char *name, int64_t main_id,
                             struct err *err)
{
	auto_free char *selector = NULL;
	int r = store_get_text(store, &selector, err,
	                       "SELECT f.selector FROM former_key f JOIN dkim_key k"
	                       " ON k.selector = f.selector AND k.public <> f.public"
	                       " WHERE f.name = ? AND k.domain_id = ?",
	                       "ti", name, main_id);
	if (r > 0)
		return err_set(
			err, ERR_FAILED,
			_("%s still publishes a different key with the selector %s, "
		          "for mail in transit; add it as an alias after that record "
		          "is removed"),
			name, selector);
	return r;
}

int domain_add(struct store *store, const struct ctx *ctx, const char *typed,
               const struct domain *main, struct domain *ret_domain, struct err *err)
{
	char name[NAME_SIZE];
	auto_domain there = DOMAIN_INIT;
	int r = name_parse_domain(typed, name, err);
	if (r >= 0)
		r = domain_look(store, name, &there, err);
	if (r < 0)
		return r;
	if (r > 0)
		return err_set(err, ERR_FAILED, _("%s already exists"), name);
	return domain_insert(store, ctx, name, main, ret_domain, err);
}

int domain_insert(struct store *store, const struct ctx *ctx, const char *name,
                  const struct domain *main, struct domain *ret_domain, struct err *err)
{
	int64_t rev = 0, id = 0, now = ctx_now(ctx);
	int r = 0;
	if (main && main->main_id)
		return err_set(
			err, ERR_FAILED,
			_("%s is itself an alias of %s; use that domain as the main "
		          "domain"),
			main->name, main->main_name);
	if (main)
		r = domain_check_former_keys(store, name, main->id, err);
	if (r >= 0)
		r = store_get_int(store, &rev, err, "SELECT max(rev) FROM template", "");
	if (r >= 0)
		r = store_exec(
			store, err,
			"INSERT INTO domain (name, alias_of, template_rev, created, gen)"
			" VALUES (?, ?, ?, ?, (SELECT max(id) FROM change))",
			"t?ii", name, main == NULL, main ? main->id : (int64_t)0, rev,
			now);
	if (r >= 0)
		id = store_last_id(store);
	if (r >= 0)
		r = change_note(store, "domain", name, main ? "alias-of" : "domain", NULL,
		                main ? main->name : name, err);
	if (r < 0)
		return r;
	*ret_domain = (struct domain){
		.id = id,
		.name = xstrdup(name),
		.main_id = main ? main->id : 0,
		.main_name = main ? xstrdup(main->name) : NULL,
		.template_rev = rev,
		.created = now,
	};
	return 0;
}

int domain_query(struct store *store, int64_t main_id, const char *prefix,
                 struct stmt **ret_domains, struct err *err)
{
	if (!store)
		return 0;
	if (main_id)
		return store_query(store, ret_domains, err,
		                   DOMAIN_COLUMNS "WHERE d.alias_of = ? ORDER BY d.name",
		                   "i", main_id);
	if (prefix && *prefix)
		return store_query(store, ret_domains, err,
		                   DOMAIN_COLUMNS
		                   "WHERE d.name >= ?1 AND d.name < ?1 || char(0x10ffff)"
		                   " ORDER BY d.name",
		                   "t", prefix);
	return store_query(store, ret_domains, err, DOMAIN_COLUMNS "ORDER BY d.name", "");
}

int domain_next(struct stmt *domains, struct domain *ret_domain, struct err *err)
{
	int r = domains ? stmt_next(domains, err) : 0;
	if (r > 0)
		*ret_domain = read_row(domains);
	return r;
}

int domain_last(struct store *store, const char *prefix, char **ret_name, struct err *err)
{
	*ret_name = NULL;
	if (!store)
		return 0;
	int r = store_get_text(store, ret_name, err,
	                       "SELECT name FROM domain WHERE name >= ?1"
	                       " AND name < ?1 || char(0x10ffff)"
	                       " ORDER BY name DESC LIMIT 1",
	                       "t", prefix);
	return r < 0 ? r : 0;
}

int domain_newest(struct store *store, int64_t limit, struct names *names,
                  struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT name FROM domain ORDER BY gen DESC, name LIMIT ?",
	                    "i", limit);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0)
		names_add(names, stmt_text(stmt, 0));
	return r;
}

int domain_count(struct store *store, int64_t *ret_count, struct err *err)
{
	*ret_count = 0;
	if (!store)
		return 0;
	int r = store_get_int(store, ret_count, err, "SELECT count(*) FROM domain", "");
	return r < 0 ? r : 0;
}
