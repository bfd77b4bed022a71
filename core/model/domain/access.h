/*
 * core/model/domain/access.h: which domains a customer's account may manage, and what a change of its may
 * touch.
 *
 * A domain belongs to the account that its setting `owner` names; an alias without one belongs to
 * its main domain's, a domain without one to the server's.  Ask inside the transaction that reads
 * or changes the domain: an owner may change at any time.
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

/* 1: some domain belongs to an account, 0: none does. */
int access_has_customers(struct store *store, struct err *err) must_check;

/* The names of the account's domains in their order, aliases among them.  The name lives until
 * `each` returns; non-zero from it ends the loop and is given back. */
int access_each(struct store *store, const char *account,
                int (*each)(void *arg, const char *name, struct err *err), void *arg,
                struct err *err) must_check;

/* Whether an account may set it at its domains: what concerns how they sign, and nothing that
 * others' mail or the server's load depends on. */
bool access_may_set(enum setting_key key) must_check;

/* What the open change noted so far is about the account's domains and nothing but their DKIM, SPF
 * and DMARC.  ERR_FAILED otherwise, without naming what it is. */
int access_check_change(struct store *store, const char *account,
                        struct err *err) must_check;

#endif
