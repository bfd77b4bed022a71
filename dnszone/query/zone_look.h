/*
 * dnszone/query/zone_look.h: the records of zones at given owners, queried at their own name
 * servers, many zones in parallel.  The answers are not evaluated here.
 */
#ifndef DNSZONE_QUERY_ZONE_LOOK_H
#define DNSZONE_QUERY_ZONE_LOOK_H

#include <stddef.h>

#include "dnszone/query/query.h"
#include "dnszone/query/resolver.h"

enum zone_state {
	ZONE_SILENT, /* no usable answer of a name server */
	ZONE_EMPTY, /* neither TXT nor CNAME, or what a wildcard gives every name there */
	ZONE_FOUND,
};

#define ZONE_LOOK_TEXTS 32 /* TXT records of one owner that are kept */

struct zone_owner {
	char *owner; /* A-labels, no final dot */
	enum zone_state state;
	char *alias; /* target of a CNAME record at the owner; NULL: there is none */
	char **text; /* TXT records, at the end of the alias too; strings joined */
	size_t count;
};

/* The owners of one zone, or of a name in it. */
struct zone_look {
	char *name; /* the zone is found from here upwards */
	struct zone_owner *owner;
	size_t count, room;
	char why[200]; /* of its owners that are ZONE_SILENT */
};
void zone_look_done(struct zone_look *look);
/* Adds an owner to look up; `owner` is copied. */
void zone_look_add(struct zone_look *look, const char *owner);
/* NULL: it was not added. */
const struct zone_owner *zone_look_find(const struct zone_look *look, const char *owner);

/* The deadline for that number of zones: a few seconds for a few, at most five minutes. */
struct deadline zone_look_deadline(size_t count);

/* Fills the owners of all `looks`, with several threads.  Servers that do not answer are not
 * queried again, so that dead zones hardly delay the others.  `servers`: used to find name servers.
 * `tick` (or NULL) is called in the calling thread with the number that is done.  Ends at `until`,
 * or on a signal that ends the program: owners that were not queried are ZONE_SILENT. */
void zone_look(const struct query_servers *servers, struct zone_look *looks, size_t count,
               struct deadline until, void (*tick)(void *arg, size_t done), void *arg);

#endif
