/*
 * The widths of the columns of a table on a narrower terminal, and texts broken into lines between
 * words.
 *
 * Names and numbers are never broken, so that they can be copied.  Columns with OUT_WRAP share the
 * remaining width; columns that would get too little of it are printed below their row, the last
 * one first.
 */
#include "cli/out/out_layout.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/base/alloc.h"

#define LEAST 16 /* the smallest column width that is readable for prose */

/* The octets of the character at `at` (1 if invalid), and its columns. */
static size_t next_char(const char *at, size_t *ret_columns)
{
	wchar_t code;
	mbstate_t state = { 0 };
	size_t len = mbrtowc(&code, at, MB_CUR_MAX, &state);
	bool is_good = len && len <= MB_CUR_MAX;
	int columns = is_good ? wcwidth(code) : 1;
	*ret_columns = columns < 0 ? 1 : (size_t)columns;
	return is_good ? len : 1;
}

size_t out_columns_of(const char *text, size_t len)
{
	size_t sum = 0, columns;
	for (size_t at = 0; at < len; sum += columns)
		at += next_char(text + at, &columns);
	return sum;
}

size_t out_widest_line(const char *text)
{
	size_t most = 0;
	while (*text) {
		size_t len = strcspn(text, "\n"), columns = out_columns_of(text, len);
		if (columns > most)
			most = columns;
		text += len + (text[len] == '\n');
	}
	return most;
}

/* How many octets of `text`, up to `len`, fit into `width` columns; at least one character. */
static size_t fitting(const char *text, size_t len, size_t width)
{
	size_t taken = 0, sum = 0, columns;
	while (taken < len) {
		size_t octets = next_char(text + taken, &columns);
		if (taken && sum + columns > width)
			break;
		sum += columns;
		taken += octets;
	}
	return taken;
}

void out_add_wrapped(struct buf *into, const char *text, size_t width, const char *indent)
{
	size_t at = 0; /* columns used in this line */
	while (*text) {
		size_t len = strcspn(text, " ");
		auto_free char *word = xmemdup(text, len);
		size_t columns = out_columns_of(word, len);
		if (at && at + 1 + columns > width) {
			buf_printf(into, "\n%s", indent);
			at = 0;
		}
		if (at) {
			buf_putc(into, ' ');
			at++;
		}
		const char *rest = word;
		for (; columns > width && *rest;
		     columns = out_columns_of(rest, strlen(rest))) {
			size_t part = fitting(rest, strlen(rest), width);
			buf_add(into, rest, part);
			rest += part;
			if (*rest)
				buf_printf(into, "\n%s", indent);
		}
		buf_puts(into, rest);
		at += columns;
		text += len;
		text += strspn(text, " ");
	}
}

/* The smallest width of a flexible column. */
static size_t least_of(const struct out_column_width *column)
{
	size_t least = column->natural < LEAST ? column->natural : LEAST;
	return least > column->title ? least : column->title;
}

/* Each gets the width that it needs, the narrowest first, or its share of the rest. */
static void share(struct out_column_width *columns, size_t count, size_t room)
{
	for (;;) {
		struct out_column_width *narrowest = NULL;
		size_t left = 0;
		for (size_t i = 0; i < count; i++) {
			struct out_column_width *c = &columns[i];
			if (!c->is_flexible || c->is_below || c->width)
				continue;
			left++;
			if (!narrowest || c->natural < narrowest->natural)
				narrowest = c;
		}
		if (!narrowest)
			return;
		size_t part = room / left;
		if (part < least_of(narrowest))
			part = least_of(narrowest);
		narrowest->width = narrowest->natural < part ? narrowest->natural : part;
		room = room > narrowest->width ? room - narrowest->width : 0;
	}
}

bool out_lay_out(struct out_column_width *columns, size_t count, size_t width)
{
	size_t total = count ? count - 1 : 0, shown = count;
	for (size_t i = 0; i < count; i++)
		total += columns[i].natural;
	if (total <= width)
		return false;
	for (;;) {
		size_t fixed = shown - 1, least = 0;
		struct out_column_width *last = NULL;
		for (size_t i = 0; i < count; i++) {
			struct out_column_width *c = &columns[i];
			if (c->is_below)
				continue;
			if (c->is_flexible) {
				last = c;
				least += least_of(c);
			} else {
				fixed += c->natural;
			}
		}
		size_t room = width > fixed ? width - fixed : 0;
		if (last && least > room && shown > 1) {
			last->is_below = true;
			shown--;
			continue;
		}
		if (shown == 1 && last)
			last->width = room ? room : 1;
		else
			share(columns, count, room);
		return true;
	}
}
