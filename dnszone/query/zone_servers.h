/* dnszone/query/zone_servers.h: which servers are authoritative for a name. */
#ifndef DNSZONE_QUERY_ZONE_SERVERS_H
#define DNSZONE_QUERY_ZONE_SERVERS_H

#include "dnszone/query/query.h"
#include "dnszone/query/resolver.h"

#define ZONE_SERVERS_MAX 16

enum zone_servers_state {
	ZONE_SERVERS_FOUND, /* the zone has NS records; `count` 0: their names have no address */
	ZONE_SERVERS_NONE,    /* neither the name nor one above it has NS records */
	ZONE_SERVERS_UNKNOWN, /* a look-up failed */
};

struct zone_servers {
	enum zone_servers_state state;
	struct dns_name zone; /* that has the NS records, or whose look-up failed */
	const char *why;      /* ZONE_SERVERS_UNKNOWN; in `mem` or static */
	struct query_server at[2 * ZONE_SERVERS_MAX]; /* IPv4 first, each address once */
	size_t count;
};

/* The zone is the nearest one at or above `name` that has NS records (RFC 2181 6.1), so a
 * delegation below a zone is found; a name with a CNAME is not a zone cut, although a resolver
 * follows it.  At most `max` (ZONE_SERVERS_MAX) of the zone's servers are looked up, in parallel.
 */
void zone_servers_find(struct resolver *via, const struct dns_name *name, size_t max,
                       struct deadline until, struct arena *mem,
                       struct zone_servers *ret_servers);

#endif
