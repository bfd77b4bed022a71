/* The list of the steps of an SPF check.  It is bounded: steps that do not fit are omitted and
 * marked. */
#include "dnszone/spf/spf_trace.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool spf_trace_init(struct spf_trace *trace, struct arena *mem)
{
	*trace = (struct spf_trace){ 0 };
	trace->event = arena_calloc(mem, SPF_TRACE_ROOM, sizeof(*trace->event));
	trace->room = trace->event ? SPF_TRACE_ROOM : 0;
	return trace->event != NULL;
}

struct spf_event *spf_trace_add(struct spf_trace *trace, enum spf_event_kind kind,
                                unsigned depth)
{
	if (!trace)
		return NULL;
	if (trace->count == trace->room) {
		trace->is_cut = true;
		return NULL;
	}
	struct spf_event *event = &trace->event[trace->count++];
	*event = (struct spf_event){ .kind = kind, .depth = depth };
	return event;
}

const char *spf_outcome_name(enum spf_outcome outcome)
{
	static const char *const names[] = { N_("no match"), N_("match"), N_("entered"),
		                             "temperror", "permerror" };
	return _(names[outcome]);
}

/* ---- for people -------------------------------------------------------------------- */

struct line {
	char *at;
	size_t len, room;
};

/* Foreign octets: what is not printable ASCII becomes '?'. */
static void put(struct line *line, struct octets text)
{
	for (size_t i = 0; i < text.len && line->len + 1 < line->room; i++) {
		char c = text.at[i];
		line->at[line->len++] = c < 0x20 || c > 0x7e ? '?' : c;
	}
	line->at[line->len] = '\0';
}

/* Our own text: a translation may contain octets that put() would replace. */
static void puts_text(struct line *line, const char *text)
{
	size_t len = strnlen(text, line->room - line->len - 1);
	memcpy(line->at + line->len, text, len);
	line->len += len;
	line->at[line->len] = '\0';
}

static void put_rdata(struct line *line, enum dns_type type,
                      const struct dns_rdata *rdata)
{
	char text[DNS_NAME_TEXT_SIZE] = "?", number[16];
	struct dns_name name;
	if (type == DNS_TXT) {
		puts_text(line, "\"");
		put(line, (struct octets){ (const char *)rdata->octets, rdata->len });
		puts_text(line, "\"");
		return;
	}
	if (type == DNS_A && rdata->len == 4)
		inet_ntop(AF_INET, rdata->octets, text, sizeof(text));
	else if (type == DNS_AAAA && rdata->len == 16)
		inet_ntop(AF_INET6, rdata->octets, text, sizeof(text));
	else if (dns_name_from_wire(rdata->octets, rdata->len, &name))
		dns_name_to_text(&name, text);
	if (type == DNS_MX) {
		snprintf(number, sizeof(number), "%u ", rdata->preference);
		puts_text(line, number);
	}
	puts_text(line, text);
}

static void put_lookup(struct line *line, const struct spf_event *event)
{
	puts_text(line, dns_type_name(event->type));
	puts_text(line, " ");
	put(line, event->text);
	puts_text(line, ": ");
	if (event->answer.kind == DNS_TEMPFAIL && event->answer.why)
		put(line, octets_of(event->answer.why));
	else if (event->answer.kind != DNS_OK)
		puts_text(line, dns_kind_name(event->answer.kind));
	for (size_t i = 0; i < event->answer.count; i++) {
		puts_text(line, i > 0 ? ", " : "");
		put_rdata(line, event->type, &event->answer.rdata[i]);
	}
	puts_text(line, event->voids > 0 ? _(" (a void look-up)") : "");
}

size_t spf_trace_print(const struct spf_event *event, char *out, size_t room)
{
	struct line line = { out, 0, room };
	out[0] = '\0';
	switch (event->kind) {
	case SPF_EV_RECORD:
		put(&line, event->domain);
		puts_text(&line, ": ");
		put(&line, event->text);
		break;
	case SPF_EV_TERM:
		put(&line, event->text);
		puts_text(&line, ": ");
		puts_text(&line, spf_outcome_name(event->outcome));
		if (event->outcome == SPF_MATCH) {
			puts_text(&line, ", ");
			puts_text(&line, spf_result_name(event->result));
		}
		break;
	case SPF_EV_LOOKUP:
		put_lookup(&line, event);
		break;
	case SPF_EV_RESULT:
		puts_text(&line, _("result: "));
		puts_text(&line, spf_result_name(event->result));
		if (event->text.len > 0) {
			puts_text(&line, ", ");
			put(&line, event->text);
		}
		break;
	}
	if (event->kind != SPF_EV_LOOKUP && event->origin != SPF_FROM_RECORD) {
		puts_text(&line, " (");
		puts_text(&line, spf_origin_name(event->origin));
		puts_text(&line, ")");
	}
	return line.len;
}
