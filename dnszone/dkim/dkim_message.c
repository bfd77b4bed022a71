/*
 * Header fields line by line: a field is complete when a line follows that does not continue it.
 */
#include "dnszone/dkim/dkim_message.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of the name before the colon, including white space after it; 0: not a field. */
static size_t name_len(const char *line, size_t len)
{
	const char *colon = len > 0 ? memchr(line, ':', len) : NULL;
	size_t end = colon ? (size_t)(colon - line) : 0, last = end;
	while (last > 0 && is_blank(line[last - 1]))
		last--;
	for (size_t i = 0; i < last; i++)
		if (line[i] < 0x21 || line[i] > 0x7e)
			return 0;
	return last > 0 ? end : 0;
}

/* Octets without the line break at their end. */
static size_t without_break(const char *at, size_t len)
{
	if (len > 0 && at[len - 1] == '\n')
		len--;
	return len > 0 && at[len - 1] == '\r' ? len - 1 : len;
}

/* Gives the field away that precedes the line being read. */
static void give_field(struct dkim_message *m)
{
	if (m->line_at == 0)
		return;
	size_t len = without_break(m->held.at, m->line_at);
	size_t name = name_len(m->held.at, len);
	m->field_at = m->held_at;
	m->field_end = m->held_at + m->line_at;
	m->held_at = m->field_end;
	m->field(m->arg, (struct octets){ m->held.at, name },
	         (struct octets){ m->held.at + name + 1, len - name - 1 });
	m->held.len -= m->line_at;
	memmove(m->held.at, m->held.at + m->line_at, m->held.len + 1);
	m->line_at = 0;
}

static void give_body(struct dkim_message *m, const char *octets, size_t len)
{
	size_t from = 0;
	for (size_t i = 0; i < len && !m->is_crlf; i++) {
		bool is_bare = octets[i] == '\n' && !m->has_cr;
		m->has_cr = octets[i] == '\r';
		if (!is_bare)
			continue;
		if (i > from)
			m->body(m->arg, octets + from, i - from);
		m->body(m->arg, "\r\n", 2);
		from = i + 1;
	}
	if (len > from)
		m->body(m->arg, octets + from, len - from);
}

static void begin_body(struct dkim_message *m)
{
	m->is_in_body = true;
	m->header_end = m->held_at;
	m->end_fields(m->arg);
}

/* The line at held.at + line_at is complete. */
static void end_line(struct dkim_message *m)
{
	const char *line = m->held.at + m->line_at;
	size_t len = m->held.len - m->line_at, bare = without_break(line, len);
	bool is_first = !m->has_first;
	if (is_first)
		m->is_crlf = len - bare == 2;
	m->has_first = true;
	if (is_first && len > bare && bare > 5 && memcmp(line, "From ", 5) == 0 &&
	    name_len(line, bare) != 4 + strspn(line + 4, " \t")) {
		m->header_at = m->held_at = len;
		buf_clear(&m->held);
		return;
	}
	if (m->line_at > 0 && bare > 0 && is_blank(*line)) {
		m->line_at = m->held.len;
		return;
	}
	give_field(m);
	if (bare > 0 && name_len(m->held.at, bare) > 0) {
		m->line_at = m->held.len;
		return;
	}
	m->is_unseparated = bare > 0;
	begin_body(m);
	if (bare > 0)
		give_body(m, m->held.at, m->held.len);
	buf_clear(&m->held);
}

bool dkim_message_feed(struct dkim_message *message, const char *octets, size_t len)
{
	struct dkim_message *m = message;
	while (len > 0 && !m->is_in_body && !m->is_too_large) {
		const char *newline = memchr(octets, '\n', len);
		size_t part = newline ? (size_t)(newline - octets) + 1 : len;
		m->is_too_large = part > DKIM_MESSAGE_FIELD_MAX - m->held.len;
		if (m->is_too_large)
			break;
		buf_add(&m->held, octets, part);
		octets += part;
		len -= part;
		if (newline)
			end_line(m);
	}
	if (len > 0 && m->is_in_body)
		give_body(m, octets, len);
	return !m->is_too_large;
}

void dkim_message_end(struct dkim_message *message)
{
	struct dkim_message *m = message;
	if (!m->is_in_body && !m->is_too_large && m->held.len > m->line_at)
		end_line(m);
	if (!m->is_in_body && !m->is_too_large)
		give_field(m);
	if (!m->is_in_body)
		begin_body(m);
	buf_done(&m->held);
}
