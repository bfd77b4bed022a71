/*
 * core/model/domain/domain.h: the domains of this server, and their aliases.
 *
 * An alias has a main domain, signs with its own name and the main domain's keys, and inherits its
 * settings; an alias cannot have aliases.  Changes run inside an open change (change.h).
 */
#ifndef CORE_MODEL_DOMAIN_DOMAIN_H
#define CORE_MODEL_DOMAIN_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/names.h"
#include "core/model/setting/setting.h"
#include "core/store/store.h"

struct domain {
	int64_t id;
	char *name;      /* A-labels */
	int64_t main_id; /* of its main domain; 0: it is none's alias */
	char *main_name; /* NULL likewise */
	bool is_suspended; /* its own flag; an alias is also suspended with its main domain */
	int64_t template_rev;
	int64_t created;
};

#define DOMAIN_INIT ((struct domain){ 0 })
#define auto_domain cleanup(domain_done) struct domain
void domain_done(struct domain *domain);

/* The domain that a person typed.  ERR_USAGE: not a name; ERR_MISSING: not in the store; the
 * message suggests a similar name. */
int domain_find(struct store *store, const char *typed, struct domain *ret_domain,
                struct err *err) must_check;
/* 1: found, 0: not in the store. `name` in A-labels. */
int domain_look(struct store *store, const char *name, struct domain *ret_domain,
                struct err *err) must_check;
/* The name in the store of which `name` is probably a typing error: one letter inserted, omitted,
 * replaced, or two exchanged; names that differ only in digits are not similar.  NULL: none. */
int domain_near(struct store *store, const char *name, char **ret_near,
                struct err *err) must_check;

/* Adds it with the newest template.  `main` (NULL: none) is the main domain of an alias.  Fails:
 * it exists already, an alias of an alias, a former key of that name prevents it. */
int domain_add(struct store *store, const struct ctx *ctx, const char *typed,
               const struct domain *main, struct domain *ret_domain,
               struct err *err) must_check;
/* The same for a name in A-labels that is not in the store. */
int domain_insert(struct store *store, const struct ctx *ctx, const char *name,
                  const struct domain *main, struct domain *ret_domain,
                  struct err *err) must_check;

/* ERR_FAILED if a former key of `name` (mail that it signed may be in transit) has the selector of
 * another key of the domain `main_id`: an alias publishes its main domain's selectors. */
int domain_check_former_keys(struct store *store, const char *name, int64_t main_id,
                             struct err *err) must_check;

/* The domains in the order of names: all of them (main_id 0), or the aliases of one.  `prefix` (NULL:
 * all): only names that begin with it.  A cursor for domain_next(), which the caller frees
 * (auto_stmt).  `store` NULL: there are none. */
int domain_query(struct store *store, int64_t main_id, const char *prefix,
                 struct stmt **ret_domains, struct err *err) must_check;
/* 1: a domain, which is borrowed until the next call; 0: no more. */
int domain_next(struct stmt *domains, struct domain *ret_domain,
                struct err *err) must_check;

/* The last name in that order, within the prefix.  NULL: there is none.  Caller frees. */
int domain_last(struct store *store, const char *prefix, char **ret_name,
                struct err *err) must_check;

/* Adds the names whose domains changed last, the last one first; at most `limit` (-1: all). */
int domain_newest(struct store *store, int64_t limit, struct names *names,
                  struct err *err) must_check;

/* The number of domains. */
int domain_count(struct store *store, int64_t *ret_count, struct err *err) must_check;

#endif
