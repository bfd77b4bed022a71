/* core/model/setting/env.h: the values of <hostname>, <ip> and <ipv6> on this server. */
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

/* Whether other hosts can probably look up the name: it has a dot, is not an address, and does not
 * end in a label for "unknown" ("a1b2c3.localdomain") or for private networks ("mail.local").
 * NULL: false. */
bool env_is_public_name(const char *name) must_check;

/* `server_name` is the mail server's own name (NULL: not known), used if mta.hostname is not
 * set.  With --root the addresses of the system are those of another host and are not used. */
int env_load(const struct ctx *ctx, struct store *store, const char *server_name,
             struct env *ret_env, struct err *err) must_check;
void env_done(struct env *env);
#define auto_env cleanup(env_done) struct env

/* The value of a computed setting (dns.ipv4, dns.ipv6, mta.hostname, srs.domain) that is not set;
 * NULL: not known, or not one of them.  Borrowed. */
const char *env_computed(const struct env *env, const char *key);

#endif
