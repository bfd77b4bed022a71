/*
 * Canonicalization of header fields and of bodies.
 *
 * White space and line ends are delayed until it is known whether they count: white space until
 * text follows in the line, line ends until text follows in the body.  Only their number is kept,
 * so memory is constant.
 */
#include "dnszone/dkim/dkim_canon.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- header fields ---------------------------------------------------------------------------- */

struct output {
	dkim_sink *sink;
	void *arg;
	bool has_text; /* of the value, relaxed */
	bool has_blank;
};

static void put(const struct output *out, const char *octets, size_t len)
{
	if (len > 0)
		out->sink(out->arg, octets, len);
}

/* As it is, but every line break is CRLF. */
static void put_simple(const struct output *out, struct octets text)
{
	size_t from = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] != '\n' || (i > 0 && text.at[i - 1] == '\r'))
			continue;
		put(out, text.at + from, i - from);
		put(out, "\r", 1);
		from = i;
	}
	put(out, text.at + from, text.len - from);
}

/* Length of the line break at the front; 0: there is none. */
static size_t break_len(const char *text, size_t len)
{
	if (len >= 2 && text[0] == '\r' && text[1] == '\n')
		return 2;
	return len >= 1 && text[0] == '\n';
}

/* RFC 6376 3.4.2: line breaks, and white space at both ends, are removed; other white space becomes
 * one blank. */
static void put_relaxed(struct output *out, struct octets text)
{
	for (size_t i = 0; i < text.len;) {
		size_t skipped = break_len(text.at + i, text.len - i);
		if (skipped == 0 && is_blank(text.at[i])) {
			out->has_blank = true;
			skipped = 1;
		}
		if (skipped > 0) {
			i += skipped;
			continue;
		}
		size_t end = i + 1;
		while (end < text.len && !is_blank(text.at[end]) &&
		       text.at[end] != '\r' && text.at[end] != '\n')
			end++;
		if (out->has_blank && out->has_text)
			put(out, " ", 1);
		put(out, text.at + i, end - i);
		out->has_blank = false;
		out->has_text = true;
		i = end;
	}
}

static void put_lower(const struct output *out, struct octets name)
{
	char piece[64];
	size_t len = 0;
	while (name.len > 0 && is_blank(name.at[name.len - 1]))
		name.len--;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		piece[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		if (len == sizeof(piece)) {
			put(out, piece, len);
			len = 0;
		}
	}
	put(out, piece, len);
}

void dkim_canon_field(enum dkim_canon canon, const struct dkim_canon_field *field,
                      dkim_sink *sink, void *arg)
{
	struct output out = { .sink = sink, .arg = arg };
	struct octets before = { field->value.at, field->cut_at };
	struct octets after = { field->value.at + field->cut_end,
		                field->value.len - field->cut_end };
	if (field->cut_end == field->cut_at) {
		before = field->value;
		after = octets_of("");
	}
	if (canon == DKIM_RELAXED) {
		put_lower(&out, field->name);
		put(&out, ":", 1);
		put_relaxed(&out, before);
		put_relaxed(&out, after);
	} else {
		put(&out, field->name.at, field->name.len);
		put(&out, ":", 1);
		put_simple(&out, before);
		put_simple(&out, after);
	}
	if (!field->is_last)
		put(&out, "\r\n", 2);
}

/* ---- bodies ----------------------------------------------------------------------------------- */

void dkim_body_init(struct dkim_body *body, enum dkim_canon canon, dkim_sink *sink,
                    void *arg)
{
	*body = (struct dkim_body){ .canon = canon, .sink = sink, .arg = arg };
}

static void emit(struct dkim_body *body, const char *octets, size_t len)
{
	body->total += len;
	body->sink(body->arg, octets, len);
}

static void emit_newlines(struct dkim_body *body, uint64_t count)
{
	static const char lines[] = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
				    "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
	enum { LINES = (sizeof(lines) - 1) / 2 };
	for (; count > LINES; count -= LINES)
		emit(body, lines, (size_t)2 * LINES);
	if (count > 0)
		emit(body, lines, (size_t)(2 * count));
}

static void emit_text(struct dkim_body *body, const char *octets, size_t len)
{
	emit_newlines(body, body->newlines);
	body->newlines = 0;
	if (body->has_blank)
		emit(body, " ", 1);
	body->has_blank = false;
	emit(body, octets, len);
}

void dkim_body_feed(struct dkim_body *body, const char *octets, size_t len)
{
	for (size_t i = 0; i < len;) {
		char c = octets[i];
		if (body->has_cr) {
			body->has_cr = false;
			if (c == '\n') {
				body->newlines++;
				body->has_blank = false;
				i++;
				continue;
			}
			emit_text(body, "\r", 1);
		}
		bool is_blank_here = body->canon == DKIM_RELAXED && is_blank(c);
		if (c == '\r' || is_blank_here) {
			body->has_cr = c == '\r';
			body->has_blank = body->has_blank || is_blank_here;
			i++;
			continue;
		}
		size_t end = i + 1;
		while (end < len && octets[end] != '\r' &&
		       !(body->canon == DKIM_RELAXED && is_blank(octets[end])))
			end++;
		emit_text(body, octets + i, end - i);
		i = end;
	}
}

void dkim_body_end(struct dkim_body *body)
{
	if (body->has_cr)
		emit_text(body, "\r", 1);
	body->has_cr = false;
	/* RFC 6376 3.4.3: a body without text is one CRLF; 3.4.4: it is nothing */
	if (body->total > 0 || body->canon == DKIM_SIMPLE)
		emit_newlines(body, 1);
}
