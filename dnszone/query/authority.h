/*
 * dnszone/query/authority.h: what each authoritative server of a name answers, queried directly,
 * without a cache.
 */
#ifndef DNSZONE_QUERY_AUTHORITY_H
#define DNSZONE_QUERY_AUTHORITY_H

#include "dnszone/query/query.h"
#include "dnszone/query/resolver.h"

#define AUTHORITY_SERVERS_MAX 16 /* addresses that are queried */

enum authority_state {
	AUTHORITY_ANSWERED, /* the replies contain the answer of each server, failures included */
	AUTHORITY_MISSING, /* a server does not have the CNAME that another one shows */
	AUTHORITY_DIFFERENT, /* unusable CNAMEs: a loop, too many, different on the servers */
	AUTHORITY_UNKNOWN, /* no server was found, or no memory */
};

struct authority_reply {
	struct query_server server;
	struct dns_answer answer;
};

struct authority {
	enum authority_state state;
	char why[320]; /* a clause; "" for AUTHORITY_ANSWERED */
	struct dns_name
		asked;  /* where the CNAMEs end; the owner itself where there are none */
	unsigned links; /* CNAMEs on the way */
	struct authority_reply reply[AUTHORITY_SERVERS_MAX];
	size_t count;
};

/* How servers are found and reached. */
struct authority_way {
	struct resolver *via; /* finds name servers and their addresses */
	/* 1: *ret_resolver queries only this server; 0: this host has no route to such an address;
	 * negative: no memory.  authority_open() is the one for real servers. */
	int (*open)(void *arg, const struct query_server *server,
	            struct resolver **ret_resolver);
	void *arg;
};
int authority_open(void *arg, const struct query_server *server,
                   struct resolver **ret_resolver);

/* Queries every authoritative server of the zone that contains `owner`, in parallel.  The zone is
 * the nearest one at or above the name that has NS records, also one that is delegated below
 * another.  A CNAME at the owner is followed, at most DNS_CNAME_MAX times, and each target is
 * queried at its own authoritative servers, whatever the servers of the zone before answer for it.
 * Addresses of a family that this host cannot reach are ignored if another one remains.  What the
 * answer points to is in `mem`. */
void authority_ask(const struct authority_way *way, const char *owner, enum dns_type type,
                   struct deadline until, struct arena *mem,
                   struct authority *ret_authority);

#endif
