/*
 * dnszone/livecheck.h: whether a record is really in DNS: every authoritative server of its zone
 * is asked itself.
 */
#ifndef DNSZONE_LIVECHECK_H
#define DNSZONE_LIVECHECK_H

#include "dnszone/query.h"
#include "dnszone/resolver.h"

enum live_state {
	LIVE_SEEN,      /* every server shows it */
	LIVE_MISSING,   /* a server does not have it */
	LIVE_DIFFERENT, /* a server shows another key under that selector */
	LIVE_UNKNOWN,   /* no server, or not every one, could be asked */
};

struct live_answer {
	enum live_state state;
	char detail[320]; /* which server, and why; "" for LIVE_SEEN */
};

/* "seen", "missing", "different", "unknown". */
const char *live_state_name(enum live_state state);

enum live_kind {
	LIVE_DKIM, /* exactly one key record, with the same key and algorithm (RFC 6376 3.6.1) */
	LIVE_POLICY, /* of the TXT records exactly one "v=spf1" or "v=DMARC1", with the same text */
	LIVE_SERIAL, /* a zone: an SOA record with that serial */
};
/* The type of record that is asked for. */
enum dns_type live_type(enum live_kind kind) must_check;

/* What an answer that `server` gave says of `record` (of a zone: its serial in decimal). */
void livecheck_judge(enum live_kind kind, const struct dns_answer *answer,
                     const char *server, const char *record,
                     struct live_answer *ret_answer);
/* Asks all authoritative servers of the zone that holds `owner`, as livecheck_dkim() does. */
void livecheck(enum live_kind kind, const struct query_servers *servers,
               const char *owner, const char *record, struct deadline until,
               struct live_answer *ret_answer);

/* Whether all authoritative servers of the zone that holds `owner` (A-labels, no final dot) show
 * exactly one DKIM key record there, with the same key and algorithm as `record` (RFC 6376 3.6.1).
 * The servers are found through `servers`, a resolver's; at most 8 addresses are asked. */
void livecheck_dkim(const struct query_servers *servers, const char *owner,
                    const char *record, struct deadline until,
                    struct live_answer *ret_answer);

#endif
