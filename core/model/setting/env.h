/* core/model/setting/env.h: what <hostname>, <ip> and <ipv6> stand for on this server. */
#ifndef CORE_MODEL_SETTING_ENV_H
#define CORE_MODEL_SETTING_ENV_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/store/store.h"

struct env {
	char *hostname; /* mta.hostname, else the mail server's own; NULL: not known, or
	                   none that others can look up */
	char *ip;       /* dns.ipv4, else the system's public address; NULL: none */
	char *ipv6;
};

/* Whether others may be able to look the name up: it has a dot, is no address, and ends in none of the
 * words that stand for "unknown" ("a1b2c3.localdomain") or for private networks ("mail.local").
 * NULL: false. */
bool env_is_public_name(const char *name) must_check;

/* `server_name` is the mail server's own name (NULL: not known), used where mta.hostname is not
 * set.  Under --root the system's addresses are not those of the host in question: not used. */
int env_load(const struct ctx *ctx, struct store *store, const char *server_name,
             struct env *ret_env, struct err *err) must_check;
void env_done(struct env *env);
#define auto_env cleanup(env_done) struct env

/* The text of a computed setting's value (dns.ipv4, dns.ipv6, mta.hostname, srs.domain) where it
 * is not set; NULL: not known, or not one of them.  Borrowed. */
const char *env_computed(const struct env *env, const char *key);

#endif
