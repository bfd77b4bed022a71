/*
 * dnszone/query/resolver_zone.h: answers from zone files (RFC 1034 4.3.2), for trying out what is not
 * published yet.
 *
 * A file with a SOA record is a zone: at and below its name it alone answers, wildcards, "no data"
 * and "no such name" included; names below a delegation (NS) in it are not its own.  A file without
 * one lies over the world: it answers for the records that it holds, everything else goes to the
 * layer below.  Aliases are followed from file to file, and into the layer below.
 */
#ifndef DNSZONE_QUERY_RESOLVER_ZONE_H
#define DNSZONE_QUERY_RESOLVER_ZONE_H

#include "core/base/err.h"
#include "dnszone/query/resolver.h"

/* Takes `below` (NULL: names outside of all zones do not exist).  Never NULL. */
struct resolver *resolver_zone_new(struct resolver *below) must_check;

/* Adds a master file (RFC 1035 5), `len` octets; `label` names it in messages.  Relative names need
 * $ORIGIN in the file; $INCLUDE is refused; of types that resolver.h does not know only the owner counts.
 * ERR_FAILED with the line.  Nothing is added on failure. */
int resolver_zone_add(struct resolver *zone, const char *label, const char *text,
                      size_t len, struct err *err) must_check;

#endif
