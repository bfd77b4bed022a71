/*
 * core/mta/shared.c: our part of a text that an admin writes as well.
 *
 * A text is cut into words, separators and line breaks.  What the text has and the stripped text
 * has not is ours.  Putting an old part into a newer text: the old stripped text and the newer one
 * are compared, and each piece of ours goes behind the word that it stood behind, or else in front
 * of the one that it stood in front of.  The result counts only if taking our part out of it gives
 * the admin's text to the octet, and our part is the one that was meant.
 */
#include "core/mta/shared.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/diff.h"
#include "core/mta/opendkim_conf.h"
#include "core/mta/opendmarc_conf.h"
#include "core/mta/postfix_main.h"
#include "core/mta/postfix_master.h"

static const struct shared_row {
	const char *name;
	void (*strip)(const char *text, size_t len, struct buf *into);
	bool has_names; /* a line begins with a name, and the last line of a name counts */
} shared_rows[SHARED_COUNT] = {
	[SHARED_MAIN_CF] = { "main.cf", main_cf_strip, true },
	[SHARED_MASTER_CF] = { "master.cf", master_cf_strip, true },
	[SHARED_OPENDKIM_CONF] = { "opendkim.conf", opendkim_conf_without, false },
	[SHARED_OPENDMARC_CONF] = { "opendmarc.conf", opendmarc_conf_without, false },
};

const char *shared_name(enum shared_format format)
{
	return shared_rows[format].name;
}

enum shared_format shared_find(const char *name)
{
	for (int i = 0; i < SHARED_COUNT; i++)
		if (name && shared_rows[i].name && strcmp(shared_rows[i].name, name) == 0)
			return (enum shared_format)i;
	return SHARED_NOT;
}

void shared_strip(enum shared_format format, const struct buf *text, struct buf *into)
{
	if (shared_rows[format].strip)
		shared_rows[format].strip(buf_text(text), text->len, into);
}

/* ---- pieces ----------------------------------------------------------------------------------- */

struct pieces {
	struct diff_piece *at;
	size_t count, room;
	bool *is_alone; /* for each: the other text has it not */
};

enum piece_class { PIECE_WORD, PIECE_BLANKS, PIECE_SINGLE };

static enum piece_class class_of(char c)
{
	if (c == '\n' || c == ',' || c == '=')
		return PIECE_SINGLE;
	return c == ' ' || c == '\t' || c == '\r' ? PIECE_BLANKS : PIECE_WORD;
}

static void cut(const struct buf *text, struct pieces *ret)
{
	const char *octets = buf_text(text);

	*ret = (struct pieces){ 0 };
	for (size_t at = 0; at < text->len;) {
		enum piece_class class = class_of(octets[at]);
		size_t end = at + 1;

		while (class != PIECE_SINGLE && end < text->len &&
		       class_of(octets[end]) == class)
			end++;
		GROW(ret->at, ret->count, ret->room);
		ret->at[ret->count++] = (struct diff_piece){ octets + at, end - at };
		at = end;
	}
	ret->is_alone = xcalloc(ret->count + 1, sizeof(*ret->is_alone));
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

static void put_line(const struct pieces *all, size_t from, size_t to,
                     const struct diff_piece *name, struct buf *into)
{
	bool has_ours = false, has_his = false;

	for (size_t i = from; i < to; i++) {
		has_ours = has_ours || (all->is_alone[i] && is_word(&all->at[i]));
		has_his = has_his || (!all->is_alone[i] && is_word(&all->at[i]));
	}
	if (!has_ours)
		return;
	if (has_his)
		buf_printf(into, "%.*s:", name ? (int)name->len : 0,
		           name ? name->at : "");
	for (size_t i = from; i < to; i++) {
		const struct diff_piece *piece = &all->at[i];

		if (has_his && all->is_alone[i] && is_word(piece))
			buf_putc(into, ' ');
		if (!has_his || (all->is_alone[i] && is_word(piece)))
			buf_add(into, piece->at, piece->len);
	}
	buf_putc(into, '\n');
}

void shared_part(enum shared_format format, const struct buf *text, struct buf *into)
{
	auto_buf stripped = BUF_INIT;
	auto_pieces his = { 0 }, all = { 0 };
	const struct diff_piece *name = NULL; /* of the logical line */

	shared_strip(format, text, &stripped);
	cut(&stripped, &his);
	cut(text, &all);
	compare(&his, &all);
	for (size_t from = 0, to; from < all.count; from = to + 1) {
		for (to = from; to < all.count && !is_piece(&all.at[to], '\n');)
			to++;
		if (from < to && is_word(&all.at[from]) && all.at[from].at[0] != '#')
			name = &all.at[from];
		put_line(&all, from, to, name, into);
	}
	buf_add(into, "", 0);
}

static bool is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_text(a), buf_text(b), a->len) == 0;
}

static bool has_same_part(enum shared_format format, const struct buf *a,
                          const struct buf *b)
{
	auto_buf part_a = BUF_INIT, part_b = BUF_INIT;

	shared_part(format, a, &part_a);
	shared_part(format, b, &part_b);
	return is_same(&part_a, &part_b);
}

bool shared_is_edited(enum shared_format format, const struct buf *wrote,
                      const struct buf *now)
{
	auto_buf his_then = BUF_INIT, his_now = BUF_INIT;

	if (is_same(wrote, now))
		return false;
	shared_strip(format, wrote, &his_then);
	shared_strip(format, now, &his_now);
	return is_same(&his_then, &his_now) || !has_same_part(format, wrote, now);
}

/* ---- an old part in a newer text -------------------------------------------------------------- */

#define NOWHERE ((size_t)-1)

struct graft {
	struct pieces ours;      /* the old text; is_alone: of our part */
	struct pieces then, now; /* the admin's old and present text */
	size_t *place;           /* where a piece of `then` is in `now`, or NOWHERE */
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

/* Where lines of ours stand between lines of his, the comparison cannot know which line break is
 * whose: ours are those behind. */
static void slide_line_breaks(struct pieces *ours)
{
	for (size_t i = 0, end; i < ours->count; i = end) {
		end = i + 1;
		if (!ours->is_alone[i])
			continue;
		while (end < ours->count && ours->is_alone[end])
			end++;
		if (end < ours->count && is_piece(&ours->at[i], '\n') &&
		    is_equal(&ours->at[i], &ours->at[end])) {
			ours->is_alone[i] = false;
			ours->is_alone[end++] = true;
		}
	}
}

/* In front of which piece of the present text goes what stood in front of `then`[k]? */
static size_t find_gap(const struct graft *g, size_t k)
{
	if (k == g->then.count && (k == 0 || g->place[k - 1] != NOWHERE))
		return g->now.count;
	/* blanks are the same everywhere: the word in front of them tells more */
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
	size_t k = 0, done = 0; /* pieces of `then` passed, of `now` written */

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

/* Whether a line of ours would hide one that the admin wrote since. */
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

bool shared_graft(enum shared_format format, const struct buf *then,
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
	cut(then, &g.ours);
	cut(&his_then, &g.then);
	cut(&his_now, &g.now);
	compare(&g.then, &g.ours);
	slide_line_breaks(&g.ours);
	find_places(&g);
	is_good = put_all(&g, &text);
	if (shared_rows[format].has_names && hides_his(&g))
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
