/*
 * core/model/domain/access.h: which domains the account of a customer may manage, and what it may
 * change.
 *
 * A domain belongs to the account that its setting `owner` names; an alias without one belongs to
 * the owner of its main domain, a domain without one to that of the server.  Call these functions
 * inside the transaction that reads or changes the domain: the owner may change at any time.
 */
#ifndef CORE_MODEL_DOMAIN_ACCESS_H
#define CORE_MODEL_DOMAIN_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/model/setting/setting.h"
#include "core/store/store.h"

/* 1: the domain is the account's, 0: it is not, negative: failed. */
int access_owns(struct store *store, const char *account, int64_t domain_id,
                struct err *err) must_check;

/* 1: a domain belongs to an account, 0: no domain does. */
int access_has_customers(struct store *store, struct err *err) must_check;

/* As domain_query(), of the account's domains, aliases among them. */
int access_query(struct store *store, const char *account, int64_t main_id,
                 const char *prefix, struct stmt **ret_domains,
                 struct err *err) must_check;

/* Whether an account may set it for its domains: settings of signing that affect neither mail of
 * others nor the load of the server. */
bool access_may_set(enum setting_key key) must_check;

/* Checks that the items of the open change so far concern only the DKIM, SPF and DMARC of the
 * account's domains.  ERR_FAILED otherwise, without naming the item. */
int access_check_change(struct store *store, const char *account,
                        struct err *err) must_check;

#endif
