/* dnszone/spf/spf_trace.h: what an SPF check did, as a flat list of events in their order. */
#ifndef DNSZONE_SPF_SPF_TRACE_H
#define DNSZONE_SPF_SPF_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/query/resolver.h"
#include "dnszone/spf/spf_result.h"

#define SPF_TRACE_ROOM 1000 /* events; a check within the limits needs fewer than 400 */

enum spf_event_kind {
	SPF_EV_RECORD, /* a record is evaluated from here on */
	SPF_EV_TERM,   /* a mechanism or redirect; events of its own follow, one deeper */
	SPF_EV_LOOKUP, /* a question to DNS and its answer */
	SPF_EV_RESULT, /* a record came to a result */
};

enum spf_outcome {
	SPF_NO_MATCH,
	SPF_MATCH,   /* redirect: its record replaces this one */
	SPF_ENTERED, /* not known yet: the included record follows */
	SPF_TERM_TEMPERROR,
	SPF_TERM_PERMERROR,
};

struct spf_event {
	enum spf_event_kind kind;
	unsigned depth; /* 0: the top record */
	enum spf_origin origin;
	struct octets
		text; /* record, term, name that was queried; RESULT: the problem, or none */
	struct octets domain;     /* RECORD: whose it is */
	enum spf_outcome outcome; /* TERM */
	enum spf_result
		result;     /* RESULT; TERM that matched: according to its qualifier */
	enum dns_type type; /* LOOKUP */
	struct dns_answer answer; /* LOOKUP; in the arena of the check */
	unsigned cost,
		voids; /* what it added to the two counts; TERM: cost, LOOKUP: voids */
};

struct spf_trace {
	struct spf_event *event;
	size_t count, room;
	bool is_cut; /* more happened than there was room for */
};

/* Room for SPF_TRACE_ROOM events in `mem`.  False: it is full, and the trace is empty. */
bool spf_trace_init(struct spf_trace *trace, struct arena *mem) must_check;

/* Adds a zeroed event; NULL: there is no trace, or it is full (is_cut). */
struct spf_event *spf_trace_add(struct spf_trace *trace, enum spf_event_kind kind,
                                unsigned depth);

const char *spf_outcome_name(enum spf_outcome outcome);

/* One event as one line for people, without indentation and line break; foreign octets that are
 * not printable ASCII become '?'.  Truncated to room - 1. */
size_t spf_trace_print(const struct spf_event *event, char *out, size_t room);

#endif
