/*
 * The first mark says whether the line above it had no line break, so that taking the block out is
 * exact.
 */
#include "core/mta/marked_block.h"

#include <string.h>

#define MARK "# mailauthctl: "
#define BEGIN MARK "begin"
#define NO_BREAK "; the line above ends without a line break"
#define END MARK "end"

bool marked_line_begins(const char *line, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

void marked_block_without(const char *text, size_t len, marked_line *is_ours,
                          struct buf *into)
{
	bool is_inside = false, was_ours = false, owes_break = false;
	for (size_t at = 0; at < len;) {
		const char *line = text + at, *feed = memchr(line, '\n', len - at);
		size_t line_len = feed ? (size_t)(feed - line) + 1 : len - at;
		bool is_mark = marked_line_begins(line, line_len, MARK);
		if (marked_line_begins(line, line_len, BEGIN))
			is_inside = true;
		else if (marked_line_begins(line, line_len, END))
			is_inside = false;
		was_ours = is_inside && !is_mark && is_ours(was_ours, line, line_len);
		if (marked_line_begins(line, line_len, BEGIN NO_BREAK) && into->len &&
		    into->at[into->len - 1] == '\n') {
			into->at[--into->len] = '\0';
			owes_break = true;
		}
		if (!is_mark && !was_ours) {
			buf_puts(into, owes_break ? "\n" : "");
			owes_break = false;
			buf_add(into, line, line_len);
		}
		at += line_len;
	}
}

void marked_block_with(const char *text, size_t len, const char *lines,
                       marked_line *is_ours, struct buf *into)
{
	marked_block_without(text, len, is_ours, into);
	bool breaks = into->len && into->at[into->len - 1] != '\n';
	buf_printf(into,
	           "%s" BEGIN
	           "%s (the lines up to the end mark are mailauthctl's)\n%s" END "\n",
	           breaks ? "\n" : "", breaks ? NO_BREAK : "", lines);
}
