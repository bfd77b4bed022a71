/*
 * The argument grammar of a command row: how many words a command takes.
 *
 * A grammar is read anew for each check; it is short, and what an option stands in for depends on
 * the line.  Its parts become a smallest and a largest count and a step (2 for pairs), and a flat
 * list of places, so that a sentence can name the word that is missing.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "core/base/alloc.h"

#define PLACES 16
#define ANY SIZE_MAX

/* min, min + step, ... max words; step 0: exactly min. */
struct arity {
	size_t min, max, step;
};

struct grammar {
	const char *at; /* what is still to be read */
	const struct args *args;
	struct place {
		const char *at; /* "<domain>...|--all", within the grammar */
		size_t len;
		bool is_choice; /* "bash|zsh": the word must be one of these */
	} places[PLACES];
	size_t place_count;
	size_t loop_start, loop_count; /* the places of "[...]..." */
	struct place
		stood_for; /* the place that an option stands in for; at: NULL, none */
	const char *option, *second; /* those options, as they were given */
	size_t option_len, second_len;
};

static bool take(struct grammar *g, const char *text)
{
	size_t len = strlen(text);
	if (strncmp(g->at, text, len) != 0)
		return false;
	g->at += len;
	return true;
}

static size_t add_up(size_t a, size_t b)
{
	return a == ANY || b == ANY ? ANY : a + b;
}

static struct arity join(struct arity a, struct arity b)
{
	return (struct arity){
		.min = a.min + b.min,
		.max = add_up(a.max, b.max),
		.step = !a.step   ? b.step
		        : !b.step ? a.step
		                  : 1,
	};
}

/* Notes which of the options among the alternatives of `place` stand on the line. */
static bool look_for_options(struct grammar *g, const struct place *place)
{
	bool is_found = false;
	for (const char *at = place->at, *end = at + place->len; at < end;) {
		size_t len = strcspn(at, "|");
		if (len > (size_t)(end - at))
			len = (size_t)(end - at);
		size_t name_len = strcspn(at, "=| ]");
		auto_free char *name = xmemdup(at, name_len < len ? name_len : len);
		if (strncmp(name, "--", 2) == 0 && args_has(g->args, name)) {
			const char *given = at;
			if (!g->option) {
				g->option = given;
				g->option_len = strlen(name);
			} else if (!g->second) {
				g->second = given;
				g->second_len = strlen(name);
			}
			g->stood_for = *place;
			is_found = true;
		}
		at += len + (len < (size_t)(end - at));
	}
	return is_found;
}

static struct arity read_place(struct grammar *g)
{
	struct place place = { .at = g->at, .len = strcspn(g->at, " ]") };
	if (!place.len || g->place_count == PLACES)
		abort();
	g->at += place.len;
	if (look_for_options(g, &place))
		return (struct arity){ 0 };
	const char *end = place.at + place.len;
	const char *angle = memchr(place.at, '<', place.len);
	const char *dots = strstr(place.at, "...");
	const char *dashes = strstr(place.at, "--");
	place.is_choice = !angle && !(dashes && dashes < end);
	g->places[g->place_count++] = place;
	if (dots && dots < end)
		return (struct arity){ 1, ANY, 1 };
	return (struct arity){ 1, 1, 0 };
}

static struct arity read_parts(struct grammar *g)
{
	struct arity all = { 0 };
	while (*g->at && *g->at != ']') {
		if (take(g, " "))
			continue;
		if (!take(g, "[")) {
			all = join(all, read_place(g));
			continue;
		}
		size_t start = g->place_count;
		/* NOLINTNEXTLINE(misc-no-recursion): as deep as the brackets of a const table */
		struct arity inner = read_parts(g);
		if (!take(g, "]"))
			abort();
		struct arity part = { 0, inner.max, inner.step ? 1 : inner.min };
		if (take(g, "...")) {
			part = (struct arity){ 0, ANY, inner.min };
			g->loop_start = start;
			g->loop_count = g->place_count - start;
		}
		all = join(all, part);
	}
	return all;
}

/* "<domain>...|--all" -> "<domain>... or --all" */
static char *place_text(const struct place *place)
{
	auto_buf text = BUF_INIT;
	for (size_t i = 0; i < place->len; i++) {
		if (place->at[i] == '|')
			buf_puts(&text, _(" or "));
		else
			buf_putc(&text, place->at[i]);
	}
	return buf_take(&text);
}

static int too_few(const struct grammar *g, const char *command, struct err *err)
{
	size_t i = g->args->word_count;
	if (i >= g->place_count && g->loop_count)
		i = g->loop_start + (i - g->loop_start) % g->loop_count;
	if (i >= g->place_count)
		i = g->place_count - 1;
	auto_free char *text = place_text(&g->places[i]);
	if (!g->args->word_count)
		return err_set(err, ERR_USAGE, _("\"%s\" needs %s"), command, text);
	return err_set(err, ERR_USAGE, _("\"%s\" needs %s behind \"%s\""), command, text,
	               g->args->words[g->args->word_count - 1]);
}

static int too_many(const struct grammar *g, const char *word, const char *command,
                    struct err *err)
{
	if (g->stood_for.at) {
		auto_free char *text = place_text(&g->stood_for);
		return err_set(err, ERR_USAGE,
		               _("\"%s\" takes %s, not both: %.*s and \"%s\""), command,
		               text, (int)g->option_len, g->option, word);
	}
	return err_set(err, ERR_USAGE,
	               _("\"%s\" takes no further word: \"%s\" is one too many"), command,
	               word);
}

/* Words whose place lists the words that may stand there. */
static int check_choices(const struct grammar *g, const char *command, struct err *err)
{
	for (size_t i = 0; i < g->place_count && i < g->args->word_count; i++) {
		const struct place *place = &g->places[i];
		const char *word = g->args->words[i];
		bool is_known = !place->is_choice;
		for (const char *at = place->at, *end = at + place->len;
		     !is_known && at < end;) {
			size_t len = strcspn(at, "| ]");
			is_known = strlen(word) == len && strncmp(at, word, len) == 0;
			at += len + 1;
		}
		if (!is_known) {
			auto_free char *text = place_text(place);
			return err_set(err, ERR_USAGE, _("\"%s\" takes %s, not \"%s\""),
			               command, text, word);
		}
	}
	return 0;
}

int args_check(const struct args *args, const char *grammar, const char *command,
               struct err *err)
{
	struct grammar g = { .at = grammar ? grammar : "", .args = args };
	struct arity arity = read_parts(&g);
	if (*g.at)
		abort();
	size_t count = args->word_count;
	if (g.second)
		return err_set(err, ERR_USAGE, _("\"%s\" takes %.*s or %.*s, not both"),
		               command, (int)g.option_len, g.option, (int)g.second_len,
		               g.second);
	if (count > arity.max)
		return too_many(&g, args->words[arity.max], command, err);
	if (count < arity.min)
		return too_few(&g, command, err);
	if (count > arity.min && (!arity.step || (count - arity.min) % arity.step))
		return too_few(&g, command, err);
	return check_choices(&g, command, err);
}
