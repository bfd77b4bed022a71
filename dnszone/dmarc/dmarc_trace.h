/* dnszone/dmarc/dmarc_trace.h: what a DMARC check did, as lines for people in their order. */
#ifndef DNSZONE_DMARC_DMARC_TRACE_H
#define DNSZONE_DMARC_DMARC_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/macro.h"

#define DMARC_TRACE_ROOM \
	300 /* events; DMARC_LOOKUPS_MAX queries and some rules for each walk */

enum dmarc_event_kind {
	DMARC_EV_PART, /* what the following events are about: the author domain, an identifier */
	DMARC_EV_QUERY, /* a query and its answer */
	DMARC_EV_RULE,  /* what follows from the answers */
};

struct dmarc_event {
	enum dmarc_event_kind kind;
	const char *
		line; /* translated; foreign octets that are not printable ASCII are '?' */
};

struct dmarc_trace {
	struct dmarc_event *event;
	size_t count, room;
	bool is_cut; /* more happened than there was room for */
	struct arena *mem;
};

/* Room for DMARC_TRACE_ROOM events, whose lines are in `mem`, too.  False: it is full, and the
 * trace is empty. */
bool dmarc_trace_init(struct dmarc_trace *trace, struct arena *mem) must_check;

/* Adds a line; nothing if `trace` is NULL. */
void dmarc_trace_add(struct dmarc_trace *trace, enum dmarc_event_kind kind,
                     const char *fmt, ...) printf_like(3, 4);

/* "part", "query", "rule". */
const char *dmarc_event_name(enum dmarc_event_kind kind) must_check;

#endif
