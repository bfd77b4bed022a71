/*
 * dnszone/query/resolver_zone.h: answers from zone files (RFC 1034 4.3.2), to test records before
 * they are published.
 *
 * A file with an SOA record is a zone: it answers all queries at and below its name, wildcards, "no
 * data" and "no such name" included, except for names below a delegation (NS) in it.  A file
 * without an SOA record is an overlay: it answers for its records, and all other queries are passed
 * to the layer below.  Aliases are followed from file to file, and into the layer below.
 */
#ifndef DNSZONE_QUERY_RESOLVER_ZONE_H
#define DNSZONE_QUERY_RESOLVER_ZONE_H

#include "core/base/err.h"
#include "dnszone/query/resolver.h"

/* Takes ownership of `below` (NULL: outside of all zones, only names with records, and those above
 * them, exist).  Never NULL. */
struct resolver *resolver_zone_new(struct resolver *below) must_check;

/* Adds a master file (RFC 1035 5), `len` octets; `label` names it in messages.  Relative names need
 * $ORIGIN in the file; $INCLUDE is refused; of types that are not in resolver.h, only the owner is
 * used.  Fails with ERR_FAILED and the line.  Nothing is added on failure. */
int resolver_zone_add(struct resolver *zone, const char *label, const char *text,
                      size_t len, struct err *err) must_check;

#endif
