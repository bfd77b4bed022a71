/*
 * The argument grammar of a command row: how many words a command accepts.
 *
 * A grammar is parsed for each check, because options on the line can replace a place.  The result
 * is a minimum, a maximum and a step (2 for pairs), and a flat list of places, so that a message
 * can name the missing word.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/line/args.h"
#include "core/base/alloc.h"

#define PLACES 16
#define ANY SIZE_MAX

/* min, min + step, ... max words; step 0: exactly min. */
struct arity {
	size_t min, max, step;
};

struct grammar {
	const char *at; /* the rest of the text */
	const struct args *args;
	struct args_place places[PLACES];
	size_t place_count;
	size_t loop_start, loop_count; /* the places of "[...]..." */
	struct args_place
		stood_for; /* the place that an option replaces; at: NULL, none */
	const char *option, *second; /* those options, as they were typed */
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

const char *args_alternative(const struct args_place *place, const char *at,
                             size_t *ret_len)
{
	const char *end = place->at + place->len;
	if (at)
		at += strcspn(at, "| ]") + 1;
	else
		at = place->at;
	if (at >= end)
		return NULL;
	*ret_len = strcspn(at, "| ]");
	return at;
}

/* "--domains-from=<file>": the name alone. */
static size_t name_len(const char *alternative)
{
	return strcspn(alternative, "=| ]");
}

/* Records which options among the alternatives of `place` are on the line. */
static bool look_for_options(struct grammar *g, const struct args_place *place)
{
	bool is_found = false;
	size_t len;
	for (const char *at = NULL; (at = args_alternative(place, at, &len));) {
		auto_free char *name = xmemdup(at, name_len(at));
		if (strncmp(name, "--", 2) != 0 || !args_has(g->args, name))
			continue;
		if (!g->option) {
			g->option = at;
			g->option_len = strlen(name);
		} else if (!g->second) {
			g->second = at;
			g->second_len = strlen(name);
		}
		g->stood_for = *place;
		is_found = true;
	}
	return is_found;
}

static struct arity read_place(struct grammar *g)
{
	struct args_place place = { .at = g->at, .len = strcspn(g->at, " ]") };
	if (!place.len || g->place_count == PLACES)
		abort();
	g->at += place.len;
	if (look_for_options(g, &place))
		return (struct arity){ 0 };
	const char *dots = strstr(place.at, "...");
	g->places[g->place_count++] = place;
	if (dots && dots < place.at + place.len)
		return (struct arity){ 1, ANY, 1 };
	return (struct arity){ 1, 1, 0 };
}

/* "bash|zsh": the word must be one of these. */
static bool is_choice(const struct args_place *place)
{
	const char *dashes = strstr(place->at, "--");
	return !memchr(place->at, '<', place->len) &&
	       !(dashes && dashes < place->at + place->len);
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
static char *place_text(const struct args_place *place)
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

/* The place of word `i`; of the last one if there are too many words. */
static const struct args_place *place_of(const struct grammar *g, size_t i)
{
	if (i >= g->place_count && g->loop_count)
		i = g->loop_start + (i - g->loop_start) % g->loop_count;
	return &g->places[i < g->place_count ? i : g->place_count - 1];
}

static int too_few(const struct grammar *g, const char *command, struct err *err)
{
	auto_free char *text = place_text(place_of(g, g->args->word_count));
	if (!g->args->word_count)
		return err_set(err, ERR_USAGE, _("\"%s\" requires %s"), command, text);
	return err_set(err, ERR_USAGE, _("\"%s\" requires %s after \"%s\""), command,
	               text, g->args->words[g->args->word_count - 1]);
}

static int too_many(const struct grammar *g, const char *word, const char *command,
                    struct err *err)
{
	if (g->stood_for.at) {
		auto_free char *text = place_text(&g->stood_for);
		return err_set(err, ERR_USAGE,
		               _("\"%s\" accepts %s, not both: %.*s and \"%s\""), command,
		               text, (int)g->option_len, g->option, word);
	}
	return err_set(err, ERR_USAGE,
	               _("\"%s\" does not accept another argument: \"%s\""), command,
	               word);
}

/* Words whose place lists the allowed words. */
static int check_choices(const struct grammar *g, const char *command, struct err *err)
{
	for (size_t i = 0; i < g->place_count && i < g->args->word_count; i++) {
		const struct args_place *place = &g->places[i];
		const char *word = g->args->words[i];
		bool is_known = !is_choice(place);
		size_t len;
		for (const char *at = NULL;
		     !is_known && (at = args_alternative(place, at, &len));)
			is_known = strlen(word) == len && strncmp(at, word, len) == 0;
		if (!is_known) {
			auto_free char *text = place_text(place);
			return err_set(err, ERR_USAGE,
			               _("\"%s\" requires %s, not \"%s\""), command, text,
			               word);
		}
	}
	return 0;
}

bool args_place(const struct args *args, const char *grammar, size_t index,
                struct args_place *ret_place)
{
	struct grammar g = { .at = grammar ? grammar : "", .args = args };
	struct arity arity = read_parts(&g);
	if (index >= arity.max)
		return false;
	*ret_place = *place_of(&g, index);
	return true;
}

static bool has_alternative(const struct args_place *place, const char *option)
{
	size_t len;
	for (const char *at = NULL; (at = args_alternative(place, at, &len));)
		if (strlen(option) == name_len(at) &&
		    strncmp(at, option, strlen(option)) == 0)
			return true;
	return false;
}

bool args_has_instead(const struct args *args, const char *grammar, const char *option)
{
	struct grammar g = { .at = grammar ? grammar : "", .args = args };
	read_parts(&g);
	if (g.stood_for.at && has_alternative(&g.stood_for, option))
		return true;
	for (size_t i = 0; i < g.place_count && i < args->word_count; i++)
		if (has_alternative(&g.places[i], option))
			return true;
	return false;
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
		return err_set(err, ERR_USAGE, _("\"%s\" accepts %.*s or %.*s, not both"),
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
