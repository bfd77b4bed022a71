/* core/mta/postfix/postfix_route.h: how mail reaches OpenDKIM.  Pure. */
#ifndef CORE_MTA_POSTFIX_POSTFIX_ROUTE_H
#define CORE_MTA_POSTFIX_POSTFIX_ROUTE_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_observed.h"

struct postfix_route {
	char *own_smtpd,
		*own_non; /* the administrator's own items, as written; NULL: none */
	char *milter;     /* item of main.cf, with braces */
	char *probe;      /* "unix:/path" for probes */
	char *socket; /* "local:/path" for our configuration; NULL: that of the administrator */
	bool in_smtpd, in_non_smtpd;
};
/* Never fails. postfix_route_done() frees its members. */
void postfix_route_find(const struct postfix_observed *observed,
                        struct postfix_route *route);
void postfix_route_done(struct postfix_route *route);

/* Where the signing filter listens once it is ours ("unix:/path", "inet:8891@127.0.0.1").  The
 * caller frees. */
char *postfix_dkim_socket(const struct postfix_observed *observed) must_check;
/* The item of an administrator's list that names the filter's socket ("unix:/path",
 * "inet:port@host"): its endpoint as written.  NULL: none.  The caller frees. */
char *postfix_find_milter(const struct main_cf *cf, const char *list, const char *socket,
                          const char *queue_dir) must_check;

#endif
