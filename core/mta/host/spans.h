/*
 * core/mta/host/spans.h: which octets of a text are ours, if an administrator edits the text too.
 * Pure; it cannot fail.
 */
#ifndef CORE_MTA_HOST_SPANS_H
#define CORE_MTA_HOST_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"

struct span {
	size_t begin, end;
	bool is_joined; /* begins with the line break that the line above it lacked: ours only
	                   while nothing follows */
};

struct spans {
	struct span *at;
	size_t count, room;
};

#define SPANS_INIT ((struct spans){ 0 })
#define auto_spans cleanup(spans_done) struct spans
void spans_done(struct spans *spans);

void spans_add(struct spans *spans, size_t begin, size_t end);
/* A span from `begin` on, and the line break before it where `is_joined`. */
void spans_add_line(struct spans *spans, size_t begin, size_t end, bool is_joined);

/* Sorts and merges, and decides about the joined ones, for a text of `len` octets.  After the last
 * spans_add(). */
void spans_settle(struct spans *spans, size_t len);
/* The octets that are in none of the settled spans, appended to `into`. */
void spans_cut(const struct spans *spans, const char *text, size_t len, struct buf *into);

#endif
