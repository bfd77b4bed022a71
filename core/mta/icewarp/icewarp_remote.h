/*
 * core/mta/icewarp/icewarp_remote.h: what a push changes of an IceWarp server, as settings:
 *
 *	DOMAIN dkim	selector, switch and private key of the domain (struct iw_dkim), a secret
 *	server NAME	a variable of the server
 *
 * Selector and key are one setting, because they must change at once: a signature with the key of another
 * selector fails.
 */
#ifndef CORE_MTA_ICEWARP_ICEWARP_REMOTE_H
#define CORE_MTA_ICEWARP_ICEWARP_REMOTE_H

#include "core/mta/icewarp/icewarp_session.h"
#include "core/mta/plan/remote.h"

extern const struct remote_type icewarp_remote;

/* The value of a variable: "true" and "1" are one. */
void iw_variable_value(const struct iw_property *property,
                       struct remote_value *ret_value);

/* The value of "DOMAIN dkim": "selector TEXT", "active 0|1", then the key as PEM (PKCS#8), however the
 * server writes it. */
void iw_dkim_text(const char *selector, bool is_active, const void *key, size_t len,
                  struct remote_value *ret_value);
/* What the server has; not set: neither selector nor key.  *ret_exists false: no such domain. */
int iw_dkim_read(struct iw_session *session, const char *domain, int64_t deadline,
                 bool *ret_exists, bool *ret_is_supported, struct remote_value *ret_value,
                 struct err *err) must_check;

#endif
