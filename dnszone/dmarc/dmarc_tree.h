/*
 * dnszone/dmarc/dmarc_tree.h: which DMARC record applies to a name: the tree walk (RFC 9989 4.10).
 */
#ifndef DNSZONE_DMARC_DMARC_TREE_H
#define DNSZONE_DMARC_DMARC_TREE_H

#include "core/base/arena.h"
#include "core/base/octets.h"
#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/name/dns_name.h"
#include "dnszone/query/resolver.h"

#define DMARC_WALK_MAX 8 /* queries of one walk */

enum dmarc_found {
	DMARC_FOUND_NONE,     /* no name has one record */
	DMARC_FOUND_RECORD,   /* `owner` has it */
	DMARC_FOUND_TEMPFAIL, /* the policy record is not known: an answer is missing */
};

struct dmarc_walk {
	enum dmarc_found found;
	struct dns_name owner; /* of the policy record, without "_dmarc" */
	struct dns_name
		organization; /* the organizational domain; len 0: an answer is missing */
	struct octets
		text; /* the policy record; in `mem`, or in the answer that was given */
	size_t records_at_start; /* how many DMARC records the name itself has */
	struct octets at_start;  /* the first of them, also where it is not valid */
	const char *why;         /* an answer is missing; else NULL */
};

/* Walks from `name` upwards.  A record at the name itself is the policy record; otherwise that of
 * the organizational domain, or of the public suffix above it (4.10.1, 4.10.2). */
void dmarc_walk(const struct dns_name *name, struct resolver *dns, struct deadline until,
                struct arena *mem, struct dmarc_walk *ret_walk);

/* The DMARC record among TXT data; *ret_count: how many there are. */
struct octets dmarc_pick_record(const struct dns_answer *answer, size_t *ret_count);

#endif
