/*
 * dnszone/query/resolver.h: one query, one answer.
 *
 * Layers form a stack: each answers what it can and passes the rest to the one below (live:
 * query.h; cache of one check: resolver_cache.h; zone files: resolver_zone.h; tests have a mock).
 * A failure to get an answer is an answer (DNS_TEMPFAIL), so nothing here fills a struct err.
 * Callers use resolver_ask() and the functions after it, never `ops`.  One thread for each stack.
 */
#ifndef DNSZONE_QUERY_RESOLVER_H
#define DNSZONE_QUERY_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "dnszone/name/dns_name.h"

enum dns_kind {
	DNS_OK,       /* at least one record of the type */
	DNS_NODATA,   /* the name exists, it has no record of the type */
	DNS_NXDOMAIN, /* no such name */
	DNS_TEMPFAIL, /* no usable answer; `why` has the reason */
};

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME =
		5, /* queried by authority.c only: elsewhere chains are followed first */
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
};

#define DNS_CNAME_MAX \
	16 /* links of one chain; a longer one, or a loop, is DNS_TEMPFAIL */

struct dns_rdata {
	const uint8_t
		*octets; /* A 4, AAAA 16; PTR, NS, MX: a wire name in lower case; TXT: its
	                          strings joined (any octet); SOA: the two names and 20 octets */
	size_t len;
	uint16_t preference; /* MX only */
};

struct dns_answer { /* its pointers are into the caller's arena, or to constants */
	enum dns_kind kind;
	const char
		*why; /* DNS_TEMPFAIL: "no answer from 192.0.2.1 within 5 s"; else NULL */
	bool has_reply; /* DNS_TEMPFAIL: a server answered, but not the query */
	uint32_t
		ttl; /* seconds; smallest of the chain and the data; negative: of the SOA, or 0 */
	bool is_authentic; /* the AD bit, where the answering server is trusted for it */
	size_t count;      /* of records; 0 unless DNS_OK */
	const struct dns_rdata *rdata;
};

struct deadline {
	int64_t monotonic_ns; /* absolute, of monotonic_ns(); one for a whole check */
};

/* The deadline `ms` milliseconds from now. */
struct deadline deadline_in_ms(int64_t ms);
/* What is left in milliseconds, rounded up; 0 when it has passed; at most INT32_MAX. */
int deadline_left_ms(struct deadline until);

struct resolver;

/* Called once for each query, in the order of the answers. */
typedef void dns_done(void *arg, size_t i, const struct dns_answer *answer);

struct resolver_ops {
	void (*ask)(struct resolver *r, const struct dns_name *name, enum dns_type type,
	            struct deadline until, struct arena *mem,
	            struct dns_answer *ret_answer);
	/* NULL: one after the other. */
	void (*ask_many)(struct resolver *r, size_t count, const struct dns_name *names,
	                 const enum dns_type *types, struct deadline until,
	                 struct arena *mem, dns_done *done, void *arg);
	/* NULL: no queries in advance. */
	void (*ask_ahead)(struct resolver *r, const struct dns_name *name,
	                  enum dns_type type, struct deadline until);
	/* NULL: never. */
	bool (*peek)(struct resolver *r, const struct dns_name *name, enum dns_type type,
	             struct arena *mem, struct dns_answer *ret_answer);
	/* This layer only.  NULL: not supported. */
	bool (*renew)(struct resolver *r);
	void (*free)(struct resolver *r); /* this layer only */
};

/* First member of each layer's own struct. */
struct resolver {
	const struct resolver_ops *ops;
	struct resolver *below; /* owned; NULL: the lowest */
};

/* Always gives an answer, shortly after `until` at the latest. */
void resolver_ask(struct resolver *r, const struct dns_name *name, enum dns_type type,
                  struct deadline until, struct arena *mem,
                  struct dns_answer *ret_answer);
/* Several queries in parallel; returns when all are answered.  The live layer has at most its width
 * in flight. */
void resolver_ask_many(struct resolver *r, size_t count, const struct dns_name *names,
                       const enum dns_type *types, struct deadline until,
                       struct arena *mem, dns_done *done, void *arg);
/* Announces a query that will probably follow.  Never waits and changes no answer: the live layer
 * sends it, receives its answer while resolver_ask() waits for others, and a later resolver_ask()
 * uses that answer or waits for it. */
void resolver_ask_ahead(struct resolver *r, const struct dns_name *name,
                        enum dns_type type, struct deadline until);
/* The answer, if it is known without waiting.  False: it is not. */
bool resolver_peek(struct resolver *r, const struct dns_name *name, enum dns_type type,
                   struct arena *mem, struct dns_answer *ret_answer) must_check;
/* Resets a stack for the next check, at less cost than a new one: discards answers, queries in
 * flight and sockets.  False: a layer does not support this; free the stack. */
bool resolver_renew(struct resolver *r) must_check;
/* Frees the layer and all below it.  Accepts NULL. */
void resolver_free(struct resolver *r);

void resolver_free_ptr(struct resolver **r);
#define auto_resolver cleanup(resolver_free_ptr) struct resolver

/* ---- for layers -------------------------------------------------------------------- */

/* An answer without records; `why` (constant or in the arena) for DNS_TEMPFAIL only. */
struct dns_answer dns_answer_empty(enum dns_kind kind, const char *why);
/* A copy whose data is in `mem`.  False: no room; *ret_answer is a DNS_TEMPFAIL with that reason.
 */
bool dns_answer_copy(const struct dns_answer *answer, struct arena *mem,
                     struct dns_answer *ret_answer);
/* Passes the query to the layer below; without one the answer is `otherwise`. */
void resolver_ask_below(struct resolver *r, const struct dns_name *name,
                        enum dns_type type, struct deadline until, struct arena *mem,
                        enum dns_kind otherwise, struct dns_answer *ret_answer);

/* "TXT"; NULL for a type that is not in enum dns_type. */
const char *dns_type_name(enum dns_type type);
/* Any case; false: not in enum dns_type. */
bool dns_type_from_text(const char *text, enum dns_type *ret_type) must_check;
const char *dns_kind_name(
	enum dns_kind kind); /* "ok", "no data", "no such name", "temporary failure" */

#endif
