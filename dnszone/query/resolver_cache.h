/*
 * dnszone/query/resolver_cache.h: caches the answers of one check, by name and type, failures
 * included (RFC 7208 4.6: a check uses one state of DNS).  Without times to live: it is created for
 * a check and freed after it.
 */
#ifndef DNSZONE_QUERY_RESOLVER_CACHE_H
#define DNSZONE_QUERY_RESOLVER_CACHE_H

#include "dnszone/query/resolver.h"

/* Takes ownership of `below`; answers that exceed `memory` octets are not cached.  NULL: no memory;
 * the caller still owns `below`. */
struct resolver *resolver_cache_new(struct resolver *below, size_t memory) must_check;

struct resolver_cache_count {
	unsigned hits, misses; /* of resolver_ask(); queries in advance are not counted */
};
struct resolver_cache_count resolver_cache_count(const struct resolver *cache);

#endif
