/*
 * A line as bash passes it: one text, with its quotes.
 *
 * bash's own words (COMP_WORDS) are also split at "=" and ":", and are joined differently by each
 * version; the text is not.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/complete/complete.h"
#include "core/base/alloc.h"
#include "core/base/buf.h"

#define BLANKS " \t\n"

/* Reads one word from `at` on: its text without quotes into `word`, up to the blank or the end that
 * closes it.  *ret_kept: octets of `word` up to the last unquoted one of `breaks`, or up to a quote
 * that is still open, which readline treats as the beginning of a word. */
static const char *read_word(const char *at, const char *breaks, struct buf *word,
                             size_t *ret_kept)
{
	char quote = '\0';
	size_t kept = 0, opened = 0;
	for (; *at && (quote || !strchr(BLANKS, *at)); at++) {
		if (quote && *at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '"' || *at == '\'')) {
			quote = *at;
			opened = word->len;
		} else if (*at == '\\' && at[1] &&
		           (!quote || (quote == '"' && strchr("\\\"$`\n", at[1])))) {
			buf_putc(word, *++at);
		} else {
			buf_putc(word, *at);
			if (!quote && strchr(breaks, *at))
				kept = word->len;
		}
	}
	*ret_kept = quote ? opened : kept;
	return at;
}

static void add_word(struct complete_line *line, size_t *room, struct buf *word)
{
	GROW(line->owned, line->owned_count, *room);
	line->owned[line->owned_count++] = buf_take(word);
}

/* FOO=1 before a command. */
static bool is_assignment(const char *word)
{
	size_t name = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                           "0123456789_");
	return name && word[name] == '=';
}

void complete_line_split(const char *before, const char *after, const char *breaks,
                         struct complete_line *ret_line)
{
	struct complete_line line = COMPLETE_LINE_INIT;
	size_t room = 0, kept = 0;
	for (const char *at = before; at;) {
		at += strspn(at, BLANKS);
		auto_buf word = BUF_INIT;
		at = read_word(at, breaks, &word, &kept);
		bool is_last = !*at;
		if (is_last || line.owned_count || !is_assignment(buf_text(&word)))
			add_word(&line, &room, &word);
		if (is_last)
			break;
	}
	line.at = line.owned_count - 1;
	line.dropped = kept;
	/* the part of the word after the cursor is unchanged */
	const char *at = after + strcspn(after, BLANKS);
	for (at += strspn(at, BLANKS); *at; at += strspn(at, BLANKS)) {
		auto_buf word = BUF_INIT;
		at = read_word(at, breaks, &word, &kept);
		add_word(&line, &room, &word);
	}
	line.count = line.owned_count;
	line.word = xcalloc(line.count + 1, sizeof(*line.word));
	for (size_t i = 0; i < line.count; i++)
		line.word[i] = line.owned[i];
	*ret_line = line;
}
