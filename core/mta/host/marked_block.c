/*
 * The first mark records whether the line above it had no line break, so that removing the block is
 * exact.
 */
#include "core/mta/host/marked_block.h"

#include <ctype.h>
#include <string.h>

bool marked_line_begins(const char *line, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

/* Only blanks from `at` on. */
static bool is_rest_blank(const char *line, size_t len, size_t at)
{
	while (at < len && isspace((unsigned char)line[at]))
		at++;
	return at == len;
}

enum mark marked_line_kind(const char *line, size_t len)
{
	const size_t begin = strlen(MARKED_BEGIN), end = strlen(MARKED_END);
	if (marked_line_begins(line, len, MARKED_BEGIN MARKED_NO_BREAK))
		return MARK_BEGIN_JOINED;
	if (marked_line_begins(line, len, MARKED_BEGIN) &&
	    (is_rest_blank(line, len, begin) ||
	     marked_line_begins(line + begin, len - begin, " (")))
		return MARK_BEGIN;
	if (marked_line_begins(line, len, MARKED_END) && is_rest_blank(line, len, end))
		return MARK_END;
	return MARK_NONE;
}

void marked_block_ours(const char *text, size_t len, marked_line *is_ours,
                       struct spans *into)
{
	bool is_inside = false, goes_on = false;
	for (size_t at = 0; at < len;) {
		const char *line = text + at, *feed = memchr(line, '\n', len - at);
		size_t line_len = feed ? (size_t)(feed - line) + 1 : len - at;
		enum mark mark = marked_line_kind(line, line_len);
		if (mark != MARK_NONE) {
			is_inside = mark != MARK_END;
			goes_on = false;
		}
		if (mark != MARK_NONE || (is_inside && is_ours(&goes_on, line, line_len)))
			spans_add_line(into, at, at + line_len,
			               mark == MARK_BEGIN_JOINED);
		at += line_len;
	}
	spans_settle(into, len);
}

void marked_block_without(const char *text, size_t len, marked_line *is_ours,
                          struct buf *into)
{
	auto_spans ours = SPANS_INIT;
	marked_block_ours(text, len, is_ours, &ours);
	spans_cut(&ours, text, len, into);
}

void marked_block_with(const char *text, size_t len, const char *lines,
                       marked_line *is_ours, struct buf *into)
{
	marked_block_without(text, len, is_ours, into);
	bool breaks = into->len && into->at[into->len - 1] != '\n';
	buf_printf(into,
	           "%s" MARKED_BEGIN
	           "%s (the lines up to the end mark are mailauthctl's)\n%s" MARKED_END
	           "\n",
	           breaks ? "\n" : "", breaks ? MARKED_NO_BREAK : "", lines);
}
