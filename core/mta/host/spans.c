/* Our octets in an admin's text, as sorted spans that do not touch. */
#include "core/mta/host/spans.h"

#include <stdlib.h>

#include "core/base/alloc.h"

void spans_done(struct spans *spans)
{
	free(spans->at);
	*spans = SPANS_INIT;
}

static void add(struct spans *spans, struct span span)
{
	GROW(spans->at, spans->count, spans->room);
	spans->at[spans->count++] = span;
}

void spans_add(struct spans *spans, size_t begin, size_t end)
{
	add(spans, (struct span){ begin, end, false });
}

void spans_add_line(struct spans *spans, size_t begin, size_t end, bool is_joined)
{
	bool joins = is_joined && begin > 0;
	add(spans, (struct span){ begin - joins, end, joins });
}

static int compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	return (x->begin > y->begin) - (x->begin < y->begin);
}

static void merge(struct spans *spans)
{
	size_t kept = 0;
	for (size_t i = 0; i < spans->count; i++) {
		struct span *last = kept ? &spans->at[kept - 1] : NULL;
		const struct span *span = &spans->at[i];
		if (last && span->begin <= last->end) {
			last->end = span->end > last->end ? span->end : last->end;
			last->is_joined |= span->is_joined && span->begin == last->begin;
		} else {
			spans->at[kept++] = *span;
		}
	}
	spans->count = kept;
}

void spans_settle(struct spans *spans, size_t len)
{
	if (spans->count > 1)
		qsort(spans->at, spans->count, sizeof(spans->at[0]), compare);
	merge(spans);
	for (size_t i = 0; i < spans->count; i++) {
		struct span *span = &spans->at[i];
		if (span->is_joined && span->end < len)
			span->begin++;
	}
}

void spans_cut(const struct spans *spans, const char *text, size_t len, struct buf *into)
{
	size_t at = 0;
	buf_add(into, "", 0);
	for (size_t i = 0; i < spans->count; i++) {
		buf_add(into, text + at, spans->at[i].begin - at);
		at = spans->at[i].end;
	}
	buf_add(into, text + at, len - at);
}
