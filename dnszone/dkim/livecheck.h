/*
 * dnszone/dkim/livecheck.h: whether a record is in DNS: every authoritative server of its zone is
 * queried.
 */
#ifndef DNSZONE_DKIM_LIVECHECK_H
#define DNSZONE_DKIM_LIVECHECK_H

#include "dnszone/query/authority.h"
#include "dnszone/query/query.h"
#include "dnszone/query/resolver.h"

enum live_state {
	LIVE_SEEN,      /* every server returns it */
	LIVE_MISSING,   /* a server does not have it */
	LIVE_DIFFERENT, /* a server returns another record, or one that verifiers refuse */
	LIVE_UNKNOWN,   /* not every server could be queried */
};

struct live_answer {
	enum live_state state;
	char detail[600];  /* which server, and why; "" for LIVE_SEEN */
	const char *fault; /* for JSON: dkim_fault_key(), or "cname"; NULL: it fits,
	                    * or there is nothing to judge */
	bool is_testing;   /* LIVE_DKIM: the record has t=y */
};

/* "seen", "missing", "different", "unknown". */
const char *live_state_name(enum live_state state);

enum live_kind {
	LIVE_DKIM, /* exactly one record, which verifiers accept for this key (dkim_record.h) */
	LIVE_POLICY, /* of the TXT records exactly one "v=spf1" or "v=DMARC1", with the same text */
	LIVE_SERIAL, /* a zone: an SOA record with that serial */
};
/* The type of record to query. */
enum dns_type live_type(enum live_kind kind) must_check;

/* Compares an answer of `server` with `record` (for a zone: its serial in decimal). */
void livecheck_judge(enum live_kind kind, const struct dns_answer *answer,
                     const char *server, const char *record,
                     struct live_answer *ret_answer);

/* Whether all authoritative servers of the zone that contains `owner` (A-labels, no final dot), or
 * of the target of its CNAMEs (authority.h), return `record`.  `servers`: recursive ones, used to
 * find them. */
void livecheck(enum live_kind kind, const struct query_servers *servers,
               const char *owner, const char *record, struct deadline until,
               struct live_answer *ret_answer);
/* The same with another way to reach servers. */
void livecheck_ask(const struct authority_way *way, enum live_kind kind,
                   const char *owner, const char *record, struct deadline until,
                   struct live_answer *ret_answer);

struct live_question {
	enum live_kind kind;
	const char *owner, *record; /* borrowed */
	bool is_asked;              /* false: no time was left, as the answer reports */
	struct live_answer answer;
};
/* Many in parallel: up to 32 in flight, started in the given order, each with `each_ms` for all its
 * servers.  None is started after `until`, or after a signal that ends the program.  Takes no lock
 * and uses no store: a caller reads what to query, queries, and saves the results in a change that
 * checks that they still apply. */
void livecheck_many(const struct query_servers *servers, struct live_question *question,
                    size_t count, int64_t each_ms, struct deadline until);

#endif
