/*
 * tests/unit/dkim_slow.h: DKIM canonicalization a second time, as plainly as RFC 6376 3.4 says it:
 * the whole text at once, each step over all of it.  For tests to compare with and to sign with.
 */
#ifndef TESTS_UNIT_DKIM_SLOW_H
#define TESTS_UNIT_DKIM_SLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/base/buf.h"

/* The text with `what` (of `what_len` octets) replaced. */
static inline void slow_replace(struct buf *text, const char *what, size_t what_len,
                                const char *with)
{
	auto_buf out = BUF_INIT;
	for (size_t i = 0; i < text->len;) {
		if (text->len - i >= what_len &&
		    memcmp(text->at + i, what, what_len) == 0) {
			buf_puts(&out, with);
			i += what_len;
		} else {
			buf_putc(&out, text->at[i++]);
		}
	}
	buf_clear(text);
	buf_add(text, buf_text(&out), out.len);
}

/* Repeats it until nothing is left to replace. */
static inline void slow_replace_all(struct buf *text, const char *what, const char *with)
{
	size_t before;
	do {
		before = text->len;
		slow_replace(text, what, strlen(what), with);
	} while (text->len != before);
}

static inline void slow_crlf(struct buf *text)
{
	slow_replace(text, "\r\n", 2, "\n");
	slow_replace(text, "\n", 1, "\r\n");
}

/* "Name: value" in any folding, to its canonical form without the final CRLF. */
static inline void slow_field(bool is_relaxed, const char *octets, size_t len,
                              struct buf *out)
{
	auto_buf text = BUF_INIT;
	buf_add(&text, octets, len);
	slow_crlf(&text);
	if (is_relaxed) {
		slow_replace(&text, "\r\n", 2, "");
		slow_replace(&text, "\t", 1, " ");
		slow_replace_all(&text, "  ", " ");
		char *colon = memchr(text.at, ':', text.len);
		for (char *c = text.at; c < colon; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
		auto_buf value = BUF_INIT;
		char *from = colon + 1, *end = text.at + text.len;
		while (from < end && *from == ' ')
			from++;
		while (end > from && end[-1] == ' ')
			end--;
		buf_add(&value, from, (size_t)(end - from));
		while (colon > text.at && colon[-1] == ' ')
			colon--;
		buf_add(out, text.at, (size_t)(colon - text.at));
		buf_putc(out, ':');
		buf_add(out, buf_text(&value), value.len);
		return;
	}
	buf_add(out, text.at, text.len);
}

static inline void slow_body(bool is_relaxed, const char *octets, size_t len,
                             struct buf *out)
{
	auto_buf text = BUF_INIT;
	if (len > 0)
		buf_add(&text, octets, len);
	if (text.len > 0 && (text.len < 2 || memcmp(text.at + text.len - 2, "\r\n", 2)))
		buf_puts(&text, "\r\n");
	if (is_relaxed) {
		slow_replace(&text, "\t", 1, " ");
		slow_replace_all(&text, "  ", " ");
		slow_replace_all(&text, " \r\n", "\r\n");
	}
	while (text.len >= 4 && memcmp(text.at + text.len - 4, "\r\n\r\n", 4) == 0)
		text.len -= 2;
	if (is_relaxed && text.len == 2 && memcmp(text.at, "\r\n", 2) == 0)
		text.len = 0;
	if (!is_relaxed && text.len == 0)
		buf_puts(&text, "\r\n");
	if (text.len > 0)
		buf_add(out, text.at, text.len);
}

#endif
