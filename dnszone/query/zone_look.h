/*
 * dnszone/query/zone_look.h: what zones have at given owners, asked at their own name servers, many
 * zones at once.  Values in, values out; nothing is judged here.
 */
#ifndef DNSZONE_QUERY_ZONE_LOOK_H
#define DNSZONE_QUERY_ZONE_LOOK_H

#include <stddef.h>

#include "dnszone/query/query.h"
#include "dnszone/query/resolver.h"

enum zone_state {
	ZONE_SILENT, /* no name server said anything that can be used */
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
/* Adds an owner that is to be looked at; `owner` is copied. */
void zone_look_add(struct zone_look *look, const char *owner);
/* NULL: it was not asked for. */
const struct zone_owner *zone_look_find(const struct zone_look *look, const char *owner);

/* The deadline for so many zones: a few seconds for a few, five minutes at the most. */
struct deadline zone_look_deadline(size_t count);

/* Fills the owners of all `looks`.  Several threads ask; servers that are silent are not asked
 * again, so that dead zones cost the others little.  `servers`: where name servers are found
 * from.  `tick` (NULL: nobody) hears in the calling thread how many are done.  Ends at `until`, or
 * when a signal asks for it: what was not asked then is ZONE_SILENT. */
void zone_look(const struct query_servers *servers, struct zone_look *looks, size_t count,
               struct deadline until, void (*tick)(void *arg, size_t done), void *arg);

#endif
