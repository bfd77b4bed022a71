/*
 * core/mta/plan/diff.c: the shortest edit script by Myers' greedy algorithm (1986), printed as
 * hunks.
 *
 * Common lines at both ends are removed first, so that one new line in a table of 100,000 costs
 * little.  The search keeps one row of end points for each number of edits and traces back through
 * them; MAX_EDITS bounds its memory.
 */
#include "core/mta/plan/diff.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

#define MAX_EDITS 1000
#define CONTEXT 3

struct text {
	struct diff_piece *line;
	size_t count;
	bool *is_changed;  /* for each line: only this text has it */
	bool has_last_eol; /* the last line ends in a line break */
};

static void text_cut(struct text *text, const char *at, size_t len)
{
	size_t room = 0;

	*text = (struct text){ .has_last_eol = true };
	while (len > 0) {
		const char *end = memchr(at, '\n', len);
		size_t n = end ? (size_t)(end - at) : len;

		GROW(text->line, text->count, room);
		text->line[text->count++] = (struct diff_piece){ at, n };
		text->has_last_eol = end != NULL;
		at += n + (end ? 1 : 0);
		len -= n + (end ? 1 : 0);
	}
	text->is_changed = xcalloc(text->count + 1, sizeof(*text->is_changed));
}

static void text_done(struct text *text)
{
	free(text->line);
	free(text->is_changed);
}

/* A last line without a line break differs from the same line with one. */
static bool is_same(const struct text *a, size_t i, const struct text *b, size_t j)
{
	bool a_eol = i + 1 < a->count || a->has_last_eol;
	bool b_eol = j + 1 < b->count || b->has_last_eol;

	return a_eol == b_eol && a->line[i].len == b->line[j].len &&
	       memcmp(a->line[i].at, b->line[j].at, a->line[i].len) == 0;
}

struct window { /* the lines between the common beginning and the common end */
	const struct text *a, *b;
	size_t from, a_end, b_end;
};

static long run_along(const struct window *w, long x, long y)
{
	long a_len = (long)(w->a_end - w->from), b_len = (long)(w->b_end - w->from);

	while (x < a_len && y < b_len &&
	       is_same(w->a, w->from + (size_t)x, w->b, w->from + (size_t)y))
		x++, y++;
	return x;
}

/* Whether the step to diagonal k with d edits comes from above (an insertion). */
static bool comes_down(const long *row, long d, long k)
{
	/* row holds diagonals -(d-1)..d-1 at index 0..2(d-1) */
	return k == -d || (k != d && row[k - 1 + d - 1] < row[k + 1 + d - 1]);
}

static void mark_all(const struct window *w)
{
	for (size_t i = w->from; i < w->a_end; i++)
		w->a->is_changed[i] = true;
	for (size_t j = w->from; j < w->b_end; j++)
		w->b->is_changed[j] = true;
}

static void walk_back(const struct window *w, long **rows, long d, long k)
{
	for (; d > 0; d--) {
		bool is_down = comes_down(rows[d - 1], d, k);
		long from_k = is_down ? k + 1 : k - 1;
		long x = rows[d - 1][from_k + d - 1];
		long y = x - from_k;

		if (is_down)
			w->b->is_changed[w->from + (size_t)y] = true;
		else
			w->a->is_changed[w->from + (size_t)x] = true;
		k = from_k;
	}
}

static void compare(const struct window *w)
{
	long a_len = (long)(w->a_end - w->from), b_len = (long)(w->b_end - w->from);
	long *rows[MAX_EDITS + 1] = { NULL };
	bool is_found = false;

	for (long d = 0; d <= MAX_EDITS && !is_found; d++) {
		rows[d] = xcalloc((size_t)(2 * d + 1), sizeof(*rows[d]));
		for (long k = -d; k <= d && !is_found; k += 2) {
			long x = 0;

			if (d > 0)
				x = comes_down(rows[d - 1], d, k)
				            ? rows[d - 1][k + 1 + d - 1]
				            : rows[d - 1][k - 1 + d - 1] + 1;
			if (x <= a_len && x - k >= 0 && x - k <= b_len)
				x = run_along(w, x, x - k);
			rows[d][k + d] = x;
			if (x == a_len && x - k == b_len) {
				walk_back(w, rows, d, k);
				is_found = true;
			}
		}
	}
	if (!is_found)
		mark_all(w);
	for (size_t d = 0; d <= MAX_EDITS; d++)
		free(rows[d]);
}

static void put_line(struct buf *out, char sign, const struct text *t, size_t i,
                     bool is_coloured)
{
	const char *colour = sign == '+' ? "\033[32m" : sign == '-' ? "\033[31m" : NULL;

	if (is_coloured && colour)
		buf_puts(out, colour);
	buf_putc(out, sign);
	buf_add(out, t->line[i].at, t->line[i].len);
	if (is_coloured && colour)
		buf_puts(out, "\033[0m");
	buf_putc(out, '\n');
	if (i + 1 == t->count && !t->has_last_eol)
		buf_puts(out, "\\ No newline at end of file\n");
}

/* The first line of a range as unified diffs count it: an empty range names the line before. */
static size_t first_number(size_t from, size_t count)
{
	return count ? from + 1 : from;
}

static void put_hunk(struct buf *out, const struct text *a, const struct text *b,
                     size_t i, size_t j, size_t a_end, size_t b_end, bool is_coloured)
{
	buf_printf(out, "%s@@ -%zu,%zu +%zu,%zu @@%s\n", is_coloured ? "\033[36m" : "",
	           first_number(i, a_end - i), a_end - i, first_number(j, b_end - j),
	           b_end - j, is_coloured ? "\033[0m" : "");
	while (i < a_end || j < b_end) {
		if (i < a_end && a->is_changed[i])
			put_line(out, '-', a, i++, is_coloured);
		else if (j < b_end && b->is_changed[j])
			put_line(out, '+', b, j++, is_coloured);
		else
			put_line(out, ' ', a, i++, is_coloured), j++;
	}
}

static void put_hunks(struct buf *out, const struct text *a, const struct text *b,
                      bool is_coloured)
{
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		size_t start, a_end, b_end, quiet = 0;

		if (!a->is_changed[i] && !b->is_changed[j]) {
			i++, j++;
			continue;
		}
		start = i < CONTEXT ? i : CONTEXT;
		start = j < start ? j : start;
		a_end = i, b_end = j;
		while ((a_end < a->count || b_end < b->count) &&
		       quiet <= (size_t)2 * CONTEXT) {
			bool is_old = a_end < a->count && a->is_changed[a_end];
			bool is_new = b_end < b->count && b->is_changed[b_end];

			quiet = is_old || is_new ? 0 : quiet + 1;
			a_end += is_old || !is_new;
			b_end += is_new || !is_old;
			if (is_old && is_new)
				b_end--;
		}
		if (quiet > CONTEXT) {
			a_end -= quiet - CONTEXT;
			b_end -= quiet - CONTEXT;
		}
		put_hunk(out, a, b, i - start, j - start, a_end, b_end, is_coloured);
		i = a_end, j = b_end;
	}
}

/* Marks lines that only one of both has. */
static void mark(const struct text *a, const struct text *b)
{
	struct window w = { .a = a, .b = b, .a_end = a->count, .b_end = b->count };

	while (w.from < w.a_end && w.from < w.b_end && is_same(a, w.from, b, w.from))
		w.from++;
	while (w.a_end > w.from && w.b_end > w.from &&
	       is_same(a, w.a_end - 1, b, w.b_end - 1))
		w.a_end--, w.b_end--;
	compare(&w);
}

void diff_unified(const char *old, size_t old_len, const char *new_text, size_t new_len,
                  bool is_coloured, struct buf *out)
{
	struct text a, b;

	text_cut(&a, old, old_len);
	text_cut(&b, new_text, new_len);
	mark(&a, &b);
	put_hunks(out, &a, &b, is_coloured);
	text_done(&a);
	text_done(&b);
}

static void end_line(const char *value, size_t len, struct buf *into)
{
	buf_add(into, value, len);
	if (len && value[len - 1] != '\n')
		buf_putc(into, '\n');
}

void diff_values(const char *old, size_t old_len, const char *new_text, size_t new_len,
                 bool is_coloured, struct buf *out)
{
	auto_buf a = BUF_INIT, b = BUF_INIT;

	end_line(old, old_len, &a);
	end_line(new_text, new_len, &b);
	diff_unified(buf_text(&a), a.len, buf_text(&b), b.len, is_coloured, out);
}

static size_t count_changed(const struct text *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->count; i++)
		count += text->is_changed[i];
	return count;
}

void diff_count(const char *old, size_t old_len, const char *new_text, size_t new_len,
                size_t *ret_removed, size_t *ret_added)
{
	struct text a, b;

	text_cut(&a, old, old_len);
	text_cut(&b, new_text, new_len);
	mark(&a, &b);
	*ret_removed = count_changed(&a);
	*ret_added = count_changed(&b);
	text_done(&a);
	text_done(&b);
}

void diff_pieces(struct diff_piece *old, size_t old_count, bool *is_removed,
                 struct diff_piece *new_pieces, size_t new_count, bool *is_added)
{
	const struct text a = { old, old_count, is_removed, true };
	const struct text b = { new_pieces, new_count, is_added, true };

	mark(&a, &b);
}
