/*
 * dnszone/query/query.h: the layer of the resolver that asks real servers.
 *
 * One object for one check.  Each question, and each time it is asked again, has a socket of its
 * own, so a port of its own, and an id of its own.  Questions are sent over UDP with EDNS, without
 * EDNS to a server that does not know it, and over TCP where the answer was truncated.  No hosts file,
 * no search domains, and every octet may be in a name.  Whatever a server does, a question costs at
 * most its deadline, and memory is bounded.
 */
#ifndef DNSZONE_QUERY_QUERY_H
#define DNSZONE_QUERY_QUERY_H

#include "dnszone/query/query_servers.h"
#include "dnszone/query/resolver.h"

/* The lowest layer.  `options` NULL: the defaults.  NULL: no memory. */
struct resolver *query_new(const struct query_servers *servers,
                           const struct query_options *options) must_check;

#endif
