/*
 * core/mta/plan/shared.c: our part of a text that an administrator edits too.
 *
 * Each format determines which octets are ours; a text is split into words, separators and line
 * breaks at these borders.  To insert an old part into a newer text, the administrator's old and
 * newer texts are compared, and each piece of ours is inserted after the word that it followed, or
 * else before the one that it preceded.  The result is used only if removing our part from it gives
 * the administrator's text octet by octet, and our part is the intended one.
 */
#include "core/mta/plan/shared.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/names.h"
#include "core/mta/plan/diff.h"

const char *shared_name(const struct shared_format *format)
{
	return format ? format->name : NULL;
}

const struct shared_format *shared_find(const char *name)
{
	for (unsigned i = 0; i < shared_format_count; i++)
		if (name && strcmp(shared_formats[i]->name, name) == 0)
			return shared_formats[i];
	return NULL;
}

static void find_ours(const struct shared_format *format, const struct buf *text,
                      struct spans *into)
{
	if (format)
		format->ours(buf_text(text), text->len, into);
}

void shared_strip(const struct shared_format *format, const struct buf *text,
                  struct buf *into)
{
	auto_spans ours = SPANS_INIT;

	if (!format)
		return;
	find_ours(format, text, &ours);
	spans_cut(&ours, buf_text(text), text->len, into);
}

/* ---- pieces ----------------------------------------------------------------------------------- */

struct pieces {
	struct diff_piece *at;
	size_t count, room;
	bool *is_alone; /* for each piece: it is ours; the other text does not contain it */
};

enum piece_class { PIECE_WORD, PIECE_BLANKS, PIECE_SINGLE };

static enum piece_class class_of(char c)
{
	if (c == '\n' || c == ',' || c == '=')
		return PIECE_SINGLE;
	return c == ' ' || c == '\t' || c == '\r' ? PIECE_BLANKS : PIECE_WORD;
}

/* Splits `text`; is_alone: which pieces are ours. */
static void cut(const struct buf *text, const struct spans *ours, struct pieces *ret)
{
	const char *octets = buf_text(text);
	size_t span = 0;

	*ret = (struct pieces){ 0 };
	ret->is_alone = xcalloc(text->len + 1, sizeof(*ret->is_alone));
	for (size_t at = 0; at < text->len;) {
		enum piece_class class = class_of(octets[at]);
		size_t end = at + 1, border = text->len;
		bool is_ours;

		while (span < ours->count && ours->at[span].end <= at)
			span++;
		is_ours = span < ours->count && ours->at[span].begin <= at;
		if (span < ours->count)
			border = is_ours ? ours->at[span].end : ours->at[span].begin;
		while (class != PIECE_SINGLE && end < border &&
		       class_of(octets[end]) == class)
			end++;
		GROW(ret->at, ret->count, ret->room);
		ret->is_alone[ret->count] = is_ours;
		ret->at[ret->count++] = (struct diff_piece){ octets + at, end - at };
		at = end;
	}
}

static void cut_along(const struct shared_format *format, const struct buf *text,
                      struct pieces *ret)
{
	auto_spans ours = SPANS_INIT;

	find_ours(format, text, &ours);
	cut(text, &ours, ret);
}

/* The administrator's pieces of `all`. */
static void pick_his(const struct pieces *all, struct pieces *ret)
{
	*ret = (struct pieces){ 0 };
	ret->is_alone = xcalloc(all->count + 1, sizeof(*ret->is_alone));
	for (size_t i = 0; i < all->count; i++) {
		if (all->is_alone[i])
			continue;
		GROW(ret->at, ret->count, ret->room);
		ret->at[ret->count++] = all->at[i];
	}
}

static void pieces_done(struct pieces *pieces)
{
	free(pieces->at);
	free(pieces->is_alone);
}

#define auto_pieces cleanup(pieces_done) struct pieces

static void compare(struct pieces *old, struct pieces *now)
{
	memset(old->is_alone, 0, old->count);
	memset(now->is_alone, 0, now->count);
	diff_pieces(old->at, old->count, old->is_alone, now->at, now->count,
	            now->is_alone);
}

static bool is_piece(const struct diff_piece *piece, char c)
{
	return piece->len == 1 && piece->at[0] == c;
}

static bool is_word(const struct diff_piece *piece)
{
	return class_of(piece->at[0]) == PIECE_WORD;
}

/* ---- our part --------------------------------------------------------------------------------- */

/* One line, pieces [from, to), without the blanks at its end. */
struct piece_line {
	const struct pieces *all;
	size_t from, to;
	bool has_ours, has_his; /* words */
	bool is_comment;
};

static struct piece_line line_at(const struct pieces *all, size_t from)
{
	struct piece_line line = { .all = all, .from = from, .to = from };

	for (; line.to < all->count && !is_piece(&all->at[line.to], '\n'); line.to++) {
		bool is_ours = all->is_alone[line.to];

		if (is_word(&all->at[line.to])) {
			if (!line.has_ours && !line.has_his)
				line.is_comment = all->at[line.to].at[0] == '#';
			line.has_ours = line.has_ours || is_ours;
			line.has_his = line.has_his || !is_ours;
		}
	}
	return line;
}

/* A line that is entirely ours, and not our item in a list of the administrator's that continues.
 * `was_own`: the line above is one, ignoring comments and blank lines. */
static bool is_own_line(const struct piece_line *line, bool was_own)
{
	return line->has_ours && !line->has_his &&
	       (was_own || is_word(&line->all->at[line->from]));
}

static void put_line(const struct piece_line *line, const struct diff_piece *name,
                     struct buf *into)
{
	const struct pieces *all = line->all;
	size_t end = line->to;

	if (!line->has_ours)
		return;
	if (line->has_his)
		buf_printf(into, "%.*s:", name ? (int)name->len : 0,
		           name ? name->at : "");
	while (end > line->from && class_of(all->at[end - 1].at[0]) == PIECE_BLANKS)
		end--;
	for (size_t i = line->from; i < end; i++) {
		const struct diff_piece *piece = &all->at[i];

		if (line->has_his && all->is_alone[i] && is_word(piece))
			buf_putc(into, ' ');
		if (!line->has_his || (all->is_alone[i] && is_word(piece)))
			buf_add(into, piece->at, piece->len);
	}
	buf_putc(into, '\n');
}

void shared_part(const struct shared_format *format, const struct buf *text,
                 struct buf *into)
{
	auto_pieces all = { 0 };
	const struct diff_piece *name = NULL; /* of the logical line */
	struct piece_line line;

	cut_along(format, text, &all);
	for (size_t from = 0; from < all.count; from = line.to + 1) {
		line = line_at(&all, from);
		if (from < line.to && is_word(&all.at[from]) && all.at[from].at[0] != '#')
			name = &all.at[from];
		put_line(&line, name, into);
	}
	buf_add(into, "", 0);
}

static bool is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_text(a), buf_text(b), a->len) == 0;
}

/* Our lines in an order that does not depend on their positions. */
static void sort_lines(const struct buf *text, struct buf *into)
{
	auto_free char *copy = xmemdup(buf_text(text), text->len);
	char **line = NULL, *save = NULL;
	size_t count = 0, room = 0;

	for (char *at = strtok_r(copy, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save)) {
		GROW(line, count, room);
		line[count++] = at;
	}
	SORT(line, count, names_compare);
	for (size_t i = 0; i < count; i++)
		buf_printf(into, "%s\n", line[i]);
	free(line);
}

static bool has_same_part(const struct shared_format *format, const struct buf *a,
                          const struct buf *b)
{
	auto_buf part_a = BUF_INIT, part_b = BUF_INIT;
	auto_buf sorted_a = BUF_INIT, sorted_b = BUF_INIT;

	shared_part(format, a, &part_a);
	shared_part(format, b, &part_b);
	sort_lines(&part_a, &sorted_a);
	sort_lines(&part_b, &sorted_b);
	return is_same(&sorted_a, &sorted_b);
}

/* The text without the lines that are entirely ours and without the blanks at line ends: our
 * remaining parts are items in the administrator's lines. */
static void put_rest(const struct shared_format *format, const struct buf *text,
                     struct buf *into)
{
	auto_pieces all = { 0 };
	struct piece_line line;
	bool is_own = false;

	cut_along(format, text, &all);
	for (size_t from = 0; from < all.count; from = line.to + 1) {
		size_t end;

		line = line_at(&all, from);
		if (line.has_ours || (line.has_his && !line.is_comment))
			is_own = is_own_line(&line, is_own);
		if (is_own && line.has_ours)
			continue;
		end = line.to;
		while (end > from && class_of(all.at[end - 1].at[0]) == PIECE_BLANKS)
			end--;
		for (size_t i = from; i < end; i++)
			buf_add(into, all.at[i].at, all.at[i].len);
		buf_putc(into, '\n');
	}
}

/* Whether our items have the same positions in the administrator's lists. */
static bool has_same_rest(const struct shared_format *format, const struct buf *a,
                          const struct buf *b)
{
	auto_buf rest_a = BUF_INIT, rest_b = BUF_INIT;

	put_rest(format, a, &rest_a);
	put_rest(format, b, &rest_b);
	return is_same(&rest_a, &rest_b);
}

bool shared_is_edited(const struct shared_format *format, const struct buf *wrote,
                      const struct buf *now)
{
	auto_buf his_then = BUF_INIT, his_now = BUF_INIT;

	if (is_same(wrote, now))
		return false;
	if (!has_same_part(format, wrote, now))
		return true;
	shared_strip(format, wrote, &his_then);
	shared_strip(format, now, &his_now);
	return is_same(&his_then, &his_now) && !has_same_rest(format, wrote, now);
}

/* Only comments and blank lines of the administrator's after the last line of ours. */
static bool has_last_word(const struct shared_format *format, const struct buf *text)
{
	auto_pieces all = { 0 };
	struct piece_line line;
	bool is_last = true;

	cut_along(format, text, &all);
	for (size_t from = 0; from < all.count; from = line.to + 1) {
		line = line_at(&all, from);
		if (line.has_ours || (line.has_his && !line.is_comment))
			is_last = line.has_ours;
	}
	return is_last;
}

bool shared_holds(const struct shared_format *format, const struct buf *wanted,
                  const struct buf *now)
{
	auto_buf his_wanted = BUF_INIT, his_now = BUF_INIT;

	if (format == NULL || !has_same_part(format, wanted, now))
		return false;
	shared_strip(format, wanted, &his_wanted);
	shared_strip(format, now, &his_now);
	return is_same(&his_wanted, &his_now) && has_same_rest(format, wanted, now) &&
	       (!(format && format->is_last) || has_last_word(format, now));
}

/* ---- an old part in a newer text -------------------------------------------------------------- */

#define NOWHERE ((size_t)-1)

struct graft {
	struct pieces ours;      /* the old text; is_alone: of our part */
	struct pieces then, now; /* the admin's old and present text */
	size_t *place;           /* the index in `now` of a piece of `then`, or NOWHERE */
};

static void find_places(struct graft *g)
{
	size_t at = 0;

	compare(&g->then, &g->now);
	g->place = xcalloc(g->then.count + 1, sizeof(*g->place));
	for (size_t i = 0; i < g->then.count; i++) {
		g->place[i] = NOWHERE;
		if (g->then.is_alone[i])
			continue;
		while (at < g->now.count && g->now.is_alone[at])
			at++;
		g->place[i] = at++;
	}
}

static bool is_equal(const struct diff_piece *a, const struct diff_piece *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

/* Whether what preceded `then`[k] is inserted before which piece of the present text. */
static size_t find_gap(const struct graft *g, size_t k)
{
	if (k == g->then.count && (k == 0 || g->place[k - 1] != NOWHERE))
		return g->now.count;
	/* blanks are equal everywhere: the word before them is more specific */
	if (k > 1 && class_of(g->then.at[k - 1].at[0]) == PIECE_BLANKS &&
	    g->place[k - 2] != NOWHERE) {
		size_t gap = g->place[k - 2] + 1;

		return gap + (gap < g->now.count &&
		              class_of(g->now.at[gap].at[0]) == PIECE_BLANKS);
	}
	if (k > 0 && g->place[k - 1] != NOWHERE)
		return g->place[k - 1] + 1;
	return k < g->then.count ? g->place[k] : NOWHERE;
}

static void put_pieces(const struct pieces *pieces, size_t from, size_t to,
                       struct buf *into)
{
	for (size_t i = from; i < to; i++)
		buf_add(into, pieces->at[i].at, pieces->at[i].len);
}

static bool put_all(const struct graft *g, struct buf *into)
{
	size_t k = 0, done = 0; /* number of pieces of `then` passed, of `now` written */

	for (size_t i = 0; i < g->ours.count;) {
		size_t end = i, gap;

		if (!g->ours.is_alone[i]) {
			i++, k++;
			continue;
		}
		while (end < g->ours.count && g->ours.is_alone[end])
			end++;
		gap = find_gap(g, k);
		if (gap == NOWHERE || gap < done)
			return false;
		put_pieces(&g->now, done, gap, into);
		put_pieces(&g->ours, i, end, into);
		done = gap;
		i = end;
	}
	put_pieces(&g->now, done, g->now.count, into);
	return k == g->then.count;
}

/* Whether a line begins with that word. */
static bool has_name(const struct pieces *text, const struct diff_piece *name)
{
	for (size_t i = 0; i < text->count; i++)
		if ((i == 0 || is_piece(&text->at[i - 1], '\n')) &&
		    is_equal(&text->at[i], name))
			return true;
	return false;
}

/* Whether a line of ours would override one that the administrator added since. */
static bool hides_his(const struct graft *g)
{
	for (size_t i = 0; i < g->ours.count; i++) {
		const struct diff_piece *piece = &g->ours.at[i];

		if (g->ours.is_alone[i] && is_word(piece) && piece->at[0] != '#' &&
		    (i == 0 || is_piece(piece - 1, '\n')) && has_name(&g->now, piece) &&
		    !has_name(&g->then, piece))
			return true;
	}
	return false;
}

bool shared_graft(const struct shared_format *format, const struct buf *then,
                  const struct buf *now, struct buf *into)
{
	auto_buf his_then = BUF_INIT, his_now = BUF_INIT, text = BUF_INIT;
	auto_buf check = BUF_INIT;
	struct graft g = { 0 };
	bool is_good;

	shared_strip(format, then, &his_then);
	shared_strip(format, now, &his_now);
	if (is_same(&his_then, &his_now)) {
		buf_add(into, buf_text(then), then->len);
		return true;
	}
	cut_along(format, then, &g.ours);
	pick_his(&g.ours, &g.then);
	cut(&his_now, &(struct spans){ 0 }, &g.now);
	find_places(&g);
	is_good = put_all(&g, &text);
	if (format && format->has_names && hides_his(&g))
		is_good = false;
	shared_strip(format, &text, &check);
	is_good = is_good && is_same(&check, &his_now) &&
	          has_same_part(format, &text, then);
	if (is_good)
		buf_add(into, buf_text(&text), text.len);
	pieces_done(&g.ours);
	pieces_done(&g.then);
	pieces_done(&g.now);
	free(g.place);
	return is_good;
}
