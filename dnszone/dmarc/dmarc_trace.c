/* The list of what a DMARC check did.  Bounded: what does not fit is left out and marked. */
#include "dnszone/dmarc/dmarc_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_LEN 1000

bool dmarc_trace_init(struct dmarc_trace *trace, struct arena *mem)
{
	*trace = (struct dmarc_trace){ .mem = mem };
	trace->event = arena_calloc(mem, DMARC_TRACE_ROOM, sizeof(*trace->event));
	trace->room = trace->event ? DMARC_TRACE_ROOM : 0;
	return trace->event != NULL;
}

void dmarc_trace_add(struct dmarc_trace *trace, enum dmarc_event_kind kind,
                     const char *fmt, ...)
{
	char text[LINE_MAX_LEN + 1];
	va_list ap;
	if (!trace)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	const char *line = trace->count < trace->room
	                           ? arena_memdup(trace->mem, text, strlen(text))
	                           : NULL;
	trace->is_cut |= !line;
	if (line)
		trace->event[trace->count++] = (struct dmarc_event){ kind, line };
}

const char *dmarc_event_name(enum dmarc_event_kind kind)
{
	static const char *const names[] = { "part", "query", "rule" };
	return names[kind];
}
