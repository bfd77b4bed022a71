/*
 * From an unfinished line to the words that can follow at its cursor.
 *
 * args_parse() splits the line as it does when the line is run, with a mark as the word at the
 * cursor.  The position of the mark in the result is that of an option's value, a word of the
 * command or an argument.  The grammar then names the placeholder.
 */
#include "cli/complete/complete.h"

#include <stdlib.h>
#include <string.h>

#include "cli/out/out_layout.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"
#include "core/store/schema.h"

#define HELP_MOST 72 /* octets of a candidate's help */

/* Not a word that can be typed. */
static const char mark[] = "\001";

void complete_line_done(struct complete_line *line)
{
	for (size_t i = 0; i < line->owned_count; i++)
		free(line->owned[i]);
	free(line->owned);
	free(line->word);
	*line = COMPLETE_LINE_INIT;
}

static void complete_done(struct complete *c)
{
	args_done(&c->args);
	free(c->taken);
	store_close(c->store);
	ctx_done(&c->own_ctx);
	for (size_t i = 0; i < c->found_count; i++) {
		free(c->found[i].text);
		free(c->found[i].help);
	}
	free(c->found);
	free(c->expected);
}

/* ---- candidates ------------------------------------------------------------------------------- */

/* Printable on one line of a terminal. */
static char *help_text(const char *help)
{
	auto_buf text = BUF_INIT;
	out_add_clean(&text, help, true);
	if (text.len > HELP_MOST) {
		text.len = HELP_MOST;
		while (text.len && ((unsigned char)text.at[text.len] & 0xC0) == 0x80)
			text.len--;
		text.at[text.len] = '\0';
		buf_puts(&text, "...");
	}
	return buf_take(&text);
}

void complete_put(struct complete *c, const char *text, const char *help)
{
	for (size_t i = 0; i < c->taken_count; i++)
		if (strcmp(c->taken[i], text) == 0)
			return;
	GROW(c->found, c->found_count, c->found_room);
	c->found[c->found_count++] = (struct complete_word){
		.text = xstrdup(text),
		.help = help && *help ? help_text(help) : NULL,
	};
}

void complete_offer(struct complete *c, const char *text, const char *help)
{
	if (text_starts(text, c->typed))
		complete_put(c, text, help);
}

static int by_text(const void *a, const void *b)
{
	const struct complete_word *x = a, *y = b;
	return strverscmp(x->text, y->text);
}

static void write_answer(struct complete *c, struct buf *into)
{
	static const char *const how[] = {
		[COMPLETE_WORDS] = ":words",
		[COMPLETE_OPEN] = ":open",
		[COMPLETE_FILES] = ":files",
		[COMPLETE_FOLDERS] = ":folders",
	};
	size_t dropped = c->line->dropped;
	buf_puts(into, how[c->how]);
	if (c->expected && *c->expected)
		buf_printf(into, "\t%s", c->expected);
	buf_putc(into, '\n');
	if (c->found_count && !c->is_in_order)
		qsort(c->found, c->found_count, sizeof(*c->found), by_text);
	for (size_t i = 0; i < c->found_count; i++) {
		const struct complete_word *word = &c->found[i];
		if (i && strcmp(word[-1].text, word->text) == 0)
			continue;
		auto_free char *whole = xasprintf("%.*s%s", (int)c->lead,
		                                  c->line->word[c->line->at], word->text);
		buf_puts(into, strlen(whole) >= dropped ? whole + dropped : "");
		if (word->help)
			buf_printf(into, "\t%s", word->help);
		buf_putc(into, '\n');
	}
}

/* ---- the line --------------------------------------------------------------------------------- */

/* The items after the program's name, with `at_cursor` instead of the word at the cursor (NULL:
 * without it); with `is_before`, only those before it.  The caller frees the array. */
static char **items(const struct complete_line *line, const char *at_cursor,
                    bool is_before, int *ret_count)
{
	char **item = xcalloc(line->count + 1, sizeof(*item));
	int count = 0;
	for (size_t i = 1; i < line->count && !(is_before && i > line->at); i++) {
		const char *word = i == line->at ? at_cursor : line->word[i];
		if (word)
			item[count++] = (char *)(uintptr_t)word;
	}
	*ret_count = count;
	return item;
}

/* Splits the line with the options of its row, or of all rows. */
static void parse(const struct complete *c, const struct command *row,
                  const char *at_cursor, bool is_before, struct args *args)
{
	const struct option_row *const tables[] = { global_options,
		                                    row ? row->options : NULL };
	struct err ignored = ERR_INIT;
	int count;
	auto_free char **item = items(c->line, at_cursor, is_before, &count);
	int r = row ? args_parse(count, item, tables, tables[1] ? 2 : 1, true, args,
	                         &ignored)
	            : command_parse_leniently(c->groups, count, item, args, &ignored);
	(void)r; /* lenient: it never fails for a fault of the line */
}

static bool is_mark(const char *word)
{
	return strcmp(word, mark) == 0;
}

static bool mark_index(const struct args *args, size_t *ret_index)
{
	for (size_t i = 0; i < args->word_count; i++)
		if (is_mark(args->words[i])) {
			*ret_index = i;
			return true;
		}
	return false;
}

/* Whether a "--" before the cursor ended the options. */
static bool is_closed(const struct complete *c)
{
	struct args args = ARGS_INIT;
	parse(c, c->row, "--", true, &args);
	bool is_word =
		args.word_count && strcmp(args.words[args.word_count - 1], "--") == 0;
	args_done(&args);
	return is_word;
}

static const struct option_row *find_option(const struct option_row *rows,
                                            const char *name, size_t len)
{
	for (const struct option_row *row = rows; row && row->name; row++)
		if (strlen(row->name) == len && strncmp(row->name, name, len) == 0)
			return row;
	return NULL;
}

/* "<domain>..." or "<domain>": the placeholder alone; the caller frees. */
static char *placeholder_of(const char *at, size_t len)
{
	const char *end = memchr(at, '>', len);
	return *at == '<' && end ? xmemdup(at, (size_t)(end - at) + 1) : NULL;
}

const char *complete_word_at(const struct complete *c, const char *placeholder)
{
	const char *nearest = NULL;
	struct args_place place;
	for (size_t i = 0; c->row && i < c->index && i < c->args.word_count; i++)
		if (args_place(&c->args, c->row->args, i, &place) &&
		    strncmp(place.at, placeholder, strlen(placeholder)) == 0)
			nearest = c->args.words[i];
	return nearest;
}

/* Words of the line at places for `placeholder`. */
static void take_words(struct complete *c, const char *placeholder)
{
	struct args_place place;
	c->taken = xcalloc(c->args.word_count + 1, sizeof(*c->taken));
	for (size_t i = 0; i < c->args.word_count; i++)
		if (args_place(&c->args, c->row->args, i, &place) &&
		    strncmp(place.at, placeholder, strlen(placeholder)) == 0)
			c->taken[c->taken_count++] = c->args.words[i];
}

static void offer_source(struct complete *c, const char *at, size_t len, bool is_argument)
{
	auto_free char *placeholder = placeholder_of(at, len);
	const struct complete_source *source =
		placeholder ? complete_source_find(placeholder) : NULL;
	if (!source)
		return;
	if (!source->offer)
		c->expected = xstrdup(placeholder);
	if (is_argument && source->is_once)
		take_words(c, placeholder);
	c->placeholder = placeholder;
	if (source->offer)
		source->offer(c);
	c->placeholder = NULL;
}

/* ---- options ---------------------------------------------------------------------------------- */

static void offer_options_of(struct complete *c, const struct option_row *rows,
                             const struct args *given)
{
	for (const struct option_row *row = rows; row && row->name; row++)
		if ((row->is_multiple || !args_has(given, row->name)) &&
		    !(c->row && args_has_instead(given, c->row->args, row->name)))
			complete_offer(c, row->name, _(row->help));
}

/* Options that the line does not contain yet, before or after the cursor. */
static void offer_options(struct complete *c, size_t row_words, bool is_own_only)
{
	struct args given = ARGS_INIT;
	parse(c, c->row, NULL, false, &given);
	if (c->row && given.word_count >= row_words)
		args_drop_words(&given, row_words);
	offer_options_of(c, c->row ? c->row->options : NULL, &given);
	if (!is_own_only)
		offer_options_of(c, global_options, &given);
	args_done(&given);
}

static void offer_value(struct complete *c, const struct option_row *option)
{
	offer_source(c, option->value, strlen(option->value), false);
	if (c->expected) {
		free(c->expected);
		c->expected = xstrdup(_(option->help));
	}
}

/* "--format=js" */
static void offer_attached_value(struct complete *c)
{
	size_t len = strcspn(c->typed, "=");
	const struct option_row *option = find_option(global_options, c->typed, len);
	if (!option && c->row)
		option = find_option(c->row->options, c->typed, len);
	c->lead = len + 1;
	c->typed += len + 1;
	if (option && option->value)
		offer_value(c, option);
}

/* ---- words ------------------------------------------------------------------------------------ */

/* Word `count` of a row whose first `count` words are on the line; NULL: it does not match, or has
 * no more words. */
static const char *next_word(const char *words, const struct args *args, size_t from,
                             size_t count)
{
	const char *at = words;
	for (size_t i = 0; i < count; i++) {
		size_t len = strcspn(at, " ");
		const char *typed = args_word(args, from + i);
		if (!*at || !typed || strlen(typed) != len || memcmp(typed, at, len) != 0)
			return NULL;
		at += len;
		at += strspn(at, " ");
	}
	return *at ? at : NULL;
}

/* The next word of the commands that begin with words `from` to `at` of the line. */
static void offer_commands(struct complete *c, const struct args *args, size_t from,
                           size_t at)
{
	for (const struct command_group *group = c->groups; group->rows; group++) {
		if (group->noun && at == from)
			complete_offer(c, group->noun, _(group->help));
		for (const struct command *row = group->rows; row->words; row++) {
			const char *next = next_word(row->words, args, from, at - from);
			if (!next || row->is_hidden || (group->noun && at == from))
				continue;
			size_t len = strcspn(next, " ");
			auto_free char *word = xmemdup(next, len);
			complete_offer(c, word, next[len] ? NULL : _(row->help));
		}
	}
	if (at == 0)
		complete_offer(c, command_help_row.words, _(command_help_row.help));
}

/* Topics of `help` besides commands; settings only after their first letter. */
static void offer_topics(struct complete *c)
{
	for (const struct help_topic *topic = c->app->topics; topic && topic->name;
	     topic++)
		complete_offer(c, topic->name, _(topic->help));
	for (size_t i = 0; c->app->topics && *c->typed && i < SETTING_COUNT; i++)
		complete_offer(c, setting_table[i].key, _(setting_table[i].help));
}

/* What can be at the place of the cursor's word: placeholders, words, options that replace it. */
static void offer_place(struct complete *c, const struct args_place *place)
{
	struct args_place before;
	bool is_first = c->index == 0 ||
	                !args_place(&c->args, c->row->args, c->index - 1, &before) ||
	                before.at != place->at;
	size_t len;
	for (const char *at = NULL; (at = args_alternative(place, at, &len));) {
		auto_free char *text = xmemdup(at, len);
		if (*text == '<') {
			offer_source(c, at, len, true);
			continue;
		}
		text[strcspn(text, "=")] = '\0';
		const struct option_row *option =
			find_option(c->row->options, text, strlen(text));
		if (!option)
			complete_offer(c, text, NULL);
		else if (is_first && !*c->typed && c->how <= COMPLETE_OPEN)
			complete_put(c, text, _(option->help));
	}
}

static void offer_words(struct complete *c, const struct args *args, size_t row_words,
                        bool is_open)
{
	size_t at;
	if (!mark_index(args, &at))
		return;
	bool is_help = at > 0 && strcmp(args->words[0], command_help_row.words) == 0;
	offer_commands(c, args, is_help, at);
	if (is_help && at == 1)
		offer_topics(c);
	if (is_help || !c->row)
		return;
	struct args_place place;
	if (args_place(&c->args, c->row->args, c->index, &place))
		offer_place(c, &place);
	else if (!c->found_count && !*c->typed && is_open)
		offer_options(c, row_words, true);
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* The option whose value is at the cursor; NULL: none. */
static const struct option_row *marked_option(const struct args *args)
{
	for (size_t i = 0; i < args->option_count; i++)
		if (is_mark(args->options[i].value))
			return args->options[i].row;
	return NULL;
}

static void look(struct complete *c)
{
	struct args args = ARGS_INIT;
	size_t row_words = 0, at = 0;
	parse(c, NULL, mark, false, &args);
	c->row = command_find(c->groups, &args, 0, &row_words);
	if (c->row && c->row->is_hidden)
		c->row = NULL;
	parse(c, c->row, mark, false, &c->args);
	const struct option_row *option = marked_option(&c->args);
	if (mark_index(&c->args, &at) && at < row_words)
		c->row = NULL; /* the word was the value of one of its options */
	if (c->row) {
		args_drop_words(&c->args, row_words);
		c->index = option ? c->args.word_count : at - row_words;
	}
	bool is_open = !is_closed(c);
	if (option)
		offer_value(c, option);
	else if (is_open && text_starts(c->typed, "--") && strchr(c->typed, '='))
		offer_attached_value(c);
	else if (is_open && *c->typed == '-')
		offer_options(c, row_words, false);
	else
		offer_words(c, &args, row_words, is_open);
	args_done(&args);
}

void complete(const struct command_group *groups, struct app *app,
              const struct complete_line *line, struct buf *into)
{
	cleanup(complete_done) struct complete c = {
		.groups = groups,
		.app = app,
		.line = line,
		.typed = line->word[line->at],
		.own_ctx = { .root_fd = -1 },
	};
	look(&c);
	write_answer(&c, into);
}

/* ---- root and database ------------------------------------------------------------------------ */

/* "~/mail.db": the shell has not expanded it yet. */
static char *with_home(const char *path)
{
	const char *home = getenv("HOME");
	return text_starts(path, "~/") && home ? path_join(home, path + 2)
	                                       : xstrdup(path);
}

struct ctx *complete_ctx(struct complete *c)
{
	const char *root = args_get(&c->args, "--root");
	if (c->has_ctx)
		return c->ctx;
	c->has_ctx = true;
	c->ctx = &c->app->session.ctx;
	if (root) {
		struct err ignored = ERR_INIT;
		auto_free char *path = with_home(root);
		c->ctx = ctx_init(&c->own_ctx, path, &ignored) < 0 ? NULL : &c->own_ctx;
	}
	return c->ctx;
}

struct store *complete_store(struct complete *c)
{
	struct ctx *ctx = complete_ctx(c);
	if (!ctx || c->has_store)
		return c->store;
	c->has_store = true;
	const char *db = args_get(&c->args, "--db");
	auto_free char *typed = db ? with_home(db) : NULL;
	auto_free char *path = NULL;
	struct err ignored = ERR_INIT;
	int r = 0;
	if (!typed && ctx == &c->app->session.ctx)
		path = xstrdup(c->app->session.db_path);
	else
		r = app_db_path(ctx, typed, &path, &ignored);
	if (r >= 0)
		r = store_open(path, &schema_store, STORE_GLANCE, &c->store, &ignored);
	return r < 0 ? NULL : c->store;
}
