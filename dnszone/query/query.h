/*
 * dnszone/query/query.h: the layer of the resolver that queries real servers.
 *
 * One object for one check.  Each query, and each repetition of it, has its own socket, and so its
 * own port, and its own id.  Queries are sent over UDP with EDNS, without EDNS to a server that
 * does not support it, and over TCP if the answer was truncated.  No hosts file, no search domains;
 * a name may contain any octet.  Whatever a server does, a query ends at its deadline, and memory
 * is limited.
 */
#ifndef DNSZONE_QUERY_QUERY_H
#define DNSZONE_QUERY_QUERY_H

#include "dnszone/query/query_servers.h"
#include "dnszone/query/resolver.h"

/* The lowest layer.  `options` NULL: the defaults.  NULL: no memory. */
struct resolver *query_new(const struct query_servers *servers,
                           const struct query_options *options) must_check;

#endif
