/*
 * dnszone/dmarc/dmarc_tree.h: which DMARC record applies to a name: the tree walk (RFC 9989 4.10).
 *
 * Names are text: lower-case A-labels without final dot, as name_from_mail() or name_parse_owner()
 * writes them.  Those of a walk are ends of the text that it began with, so that text must remain
 * valid as long as the results.
 */
#ifndef DNSZONE_DMARC_DMARC_TREE_H
#define DNSZONE_DMARC_DMARC_TREE_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/octets.h"
#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/dmarc/dmarc_trace.h"
#include "dnszone/query/resolver.h"

#define DMARC_WALK_MAX 8 /* queries of one walk */
/* Names that one check can query: walks of the author domain and of DMARC_WALKS_MAX identifiers. */
#define DMARC_LOOKUPS_MAX (11 * DMARC_WALK_MAX)

/* What is published at _dmarc.<name>. */
struct dmarc_lookup {
	const char *name;
	enum dns_kind kind; /* DNS_NXDOMAIN also where no query is possible */
	const char *why;    /* DNS_TEMPFAIL */
	size_t records;     /* DMARC records, valid or not */
	struct octets first;
	struct octets
		text; /* the only one, if it is valid; len 0: none, which includes several */
	char psd;     /* of `text`; 'u' without one */
};

/* One check: what it uses, and what it has looked up.  Each name is queried once. */
struct dmarc_lookups {
	struct resolver *dns;
	struct deadline until;
	struct arena *mem;         /* full: answers are missing */
	struct dmarc_trace *trace; /* NULL: none */
	unsigned queries;          /* that were made, of other types included */
	struct dmarc_lookup *lookup;
	size_t count;
};

/* False: `mem` has no room. */
bool dmarc_lookups_init(struct dmarc_lookups *all, struct resolver *dns,
                        struct deadline until, struct arena *mem,
                        struct dmarc_trace *trace) must_check;

enum dmarc_found {
	DMARC_FOUND_NONE,     /* no name has one record */
	DMARC_FOUND_RECORD,   /* `owner` has it */
	DMARC_FOUND_TEMPFAIL, /* the policy record is not known: an answer is missing */
};

struct dmarc_walk {
	enum dmarc_found found;
	const char *owner; /* of the policy record, without "_dmarc"; NULL: none */
	const char
		*organization; /* the organizational domain; NULL: an answer is missing */
	struct octets text;    /* the policy record */
	const struct dmarc_lookup *step[DMARC_WALK_MAX]; /* from the name upwards */
	size_t count;
	const struct dmarc_lookup
		*missing; /* the step without an answer, not counted; or NULL */
};

/* Walks from `name` upwards.  A record at the name itself is the policy record; otherwise that of
 * the organizational domain, or of the public suffix above it (4.10.1, 4.10.2). */
void dmarc_walk(struct dmarc_lookups *all, const char *name, struct dmarc_walk *ret_walk);

/* Announces the queries of that walk (resolver_ask_ahead()), so that they travel while others are
 * waited for.  It can be called as soon as a domain is known, with the resolver that is used later.
 */
void dmarc_walk_ahead(struct resolver *dns, const char *name, struct deadline until);

/* For which name a policy is requested (RFC 9989 4.10.1), of a walk that found a record.
 * Queries whether the name exists only if `record` has another policy for names that do not.
 * False: that answer is missing, and *ret_why is the reason. */
bool dmarc_whom(struct dmarc_lookups *all, const struct dmarc_walk *walk,
                const struct dmarc_record *record, enum dmarc_whom *ret_whom,
                const char **ret_why) must_check;

/* The DMARC record among TXT data; *ret_count: how many there are. */
struct octets dmarc_pick_record(const struct dns_answer *answer, size_t *ret_count);

/* Whether `name` is `parent` or below it. */
bool dmarc_is_at_or_below(const char *name, const char *parent) must_check;

#endif
