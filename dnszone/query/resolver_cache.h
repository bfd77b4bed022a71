/*
 * dnszone/query/resolver_cache.h: remembers answers for one check, by name and type, failures included
 * (RFC 7208 4.6: one check sees one state of the world).  No time to live: it is made for a check
 * and freed with it.
 */
#ifndef DNSZONE_QUERY_RESOLVER_CACHE_H
#define DNSZONE_QUERY_RESOLVER_CACHE_H

#include "dnszone/query/resolver.h"

/* Takes `below`; an answer for which `memory` octets have no room left is given, not kept.  NULL:
 * no memory; `below` is then still the caller's. */
struct resolver *resolver_cache_new(struct resolver *below, size_t memory) must_check;

struct resolver_cache_count {
	unsigned hits,
		misses; /* of resolver_ask(); questions asked ahead are not counted */
};
struct resolver_cache_count resolver_cache_count(const struct resolver *cache);

#endif
