/*
 * From a command line to its row.
 *
 * The words that name a command may have options between them.  The line is therefore first split
 * with the options of every command; the row with the most words that begin the line is chosen;
 * then the line is split again with that row's options only, strictly.
 */
#include "cli/line/command.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/words.h"
#include "core/model/setting/setting.h"

/* Its words are the name of a command, not arguments of it. */
const struct command command_help_row = {
	.words = "help",
	.args = "[<command>|<topic>]",
	.help = N_("describe a command with its options and an example, or a topic"),
};

void command_call_done(struct command_call *call)
{
	args_done(&call->args);
	buf_done(&call->text);
	*call = COMMAND_CALL_INIT;
}

/* The number of words of `words` ("server set") if the line, from word `from` on, begins with them.
 */
static size_t words_match(const char *words, const struct args *args, size_t from)
{
	size_t count = 0;
	for (const char *at = words; *at; count++) {
		const char *typed = args_word(args, from + count);
		size_t len = strcspn(at, " ");
		if (!typed || strlen(typed) != len || memcmp(typed, at, len) != 0)
			return 0;
		at += len;
		at += strspn(at, " ");
	}
	return count;
}

const struct command *command_find(const struct command_group *groups,
                                   const struct args *args, size_t from,
                                   size_t *ret_count)
{
	const struct command *best = NULL;
	*ret_count = 0;
	for (const struct command_group *group = groups; group->rows; group++)
		for (const struct command *row = group->rows; row->words; row++) {
			size_t count = words_match(row->words, args, from);
			if (count > *ret_count) {
				best = row;
				*ret_count = count;
			}
		}
	return best;
}

static const struct command_group *find_group(const struct command_group *groups,
                                              const char *noun)
{
	for (const struct command_group *group = groups; group->rows; group++)
		if (noun && group->noun && strcmp(group->noun, noun) == 0)
			return group;
	return NULL;
}

/* The command that was probably intended by the words from `from` on, and the words that were
 * compared (the caller frees); NULL: none is similar. */
static const char *guess(const struct command_group *groups, const struct args *args,
                         size_t from, char **ret_typed)
{
	const char *first = args_word(args, from), *second = args_word(args, from + 1);
	auto_free char *both =
		second ? xasprintf("%s %s", first, second) : xstrdup(first);
	auto_free char *swapped =
		second ? xasprintf("%s %s", second, first) : xstrdup("");
	struct suggestion near_both, near_first;
	suggestion_init(&near_both, both);
	suggestion_init(&near_first, first);
	const char *by_verb = NULL; /* "enable-dkim" for "domain enable-dkim" */
	size_t verb_count = 0;
	for (const struct command_group *group = groups; group->rows; group++) {
		if (group->noun)
			suggestion_offer(&near_first, group->noun);
		for (const struct command *row = group->rows; row->words; row++) {
			if (row->is_hidden)
				continue;
			suggestion_offer(group->noun ? &near_both : &near_first,
			                 row->words);
			if (strcmp(row->words, swapped) == 0) {
				*ret_typed = xstrdup(both);
				return row->words;
			}
			const char *verb = strrchr(row->words, ' ');
			if (verb && strcmp(verb + 1, first) == 0 && ++verb_count)
				by_verb = row->words;
		}
	}
	bool has_pair = near_both.best && second;
	*ret_typed = xstrdup(has_pair ? both : first);
	if (has_pair || find_group(groups, first))
		return near_both.best;
	return verb_count == 1 ? by_verb : near_first.best;
}

static int unknown_command(const struct command_group *groups, const struct args *args,
                           size_t from, struct command_call *call, struct err *err)
{
	const struct command_group *group = find_group(groups, args_word(args, from));
	if (group && !args_word(args, from + 1)) {
		command_help_group(group, &call->text);
		return err_set(err, ERR_USAGE, _("\"%s\" requires a command"),
		               group->noun);
	}
	auto_free char *typed = NULL;
	const char *near = guess(groups, args, from, &typed);
	if (near)
		return err_set(err, ERR_USAGE,
		               _("unknown command \"%s\"; did you mean \"%s\"?"), typed,
		               near);
	if (group) {
		command_help_group(group, &call->text);
		return err_set(err, ERR_USAGE, _("unknown command \"%s %s\""),
		               group->noun, args_word(args, from + 1));
	}
	return err_set(err, ERR_USAGE,
	               _("unknown command \"%s\"; run \"mailauthctl help\" to list the "
	                 "commands"),
	               typed);
}

/* The page of a topic, or the section of a setting.  False: `name` is neither. */
static bool answer_topic(const char *name, struct command_call *call)
{
	const struct help_topic *topic = help_topic_find(call->topics, name);
	const struct help_topic *settings = help_topic_find(call->topics, "settings");
	enum setting_key key;
	struct err ignored = ERR_INIT;
	if (topic) {
		buf_puts(&call->text, help_topic_text(topic));
		return true;
	}
	return settings && setting_find(name, &key, &ignored) == 0 &&
	       help_topic_section(settings, name, &call->text);
}

/* No such topic: suggests the nearest topic, setting or command. */
static int unknown_topic(const struct command_group *groups, const struct args *args,
                         size_t from, struct command_call *call, struct err *err)
{
	const char *name = args_word(args, from);
	struct suggestion near;
	suggestion_init(&near, name);
	for (const struct help_topic *topic = call->topics; topic && topic->name;
	     topic++) {
		suggestion_offer(&near, topic->name);
		suggestion_offer(&near, topic->page);
	}
	for (size_t i = 0; call->topics && i < SETTING_COUNT; i++)
		suggestion_offer(&near, setting_table[i].key);
	for (const struct command_group *group = groups; group->rows; group++)
		if (group->noun)
			suggestion_offer(&near, group->noun);
	if (args_word(args, from + 1) || !near.best || find_group(groups, near.best))
		return unknown_command(groups, args, from, call, err);
	return err_set(err, ERR_USAGE, _("unknown topic \"%s\"; did you mean \"%s\"?"),
	               name, near.best);
}

/* Help for the words from `from` on: nothing, a noun or a command; `is_help`: also a topic or a
 * setting, unless a command has that name. */
static int answer_help(const struct command_group *groups, const struct args *args,
                       size_t from, bool is_help, struct command_call *call,
                       struct err *err)
{
	const char *topic = args_word(args, from);
	size_t count;
	const struct command *row = command_find(groups, args, from, &count);
	const struct command_group *group = find_group(groups, topic);
	if (!topic)
		command_help_all(groups, call->topics, &call->text);
	else if (row)
		command_help(row, &call->text);
	else if (group && !args_word(args, from + 1))
		command_help_group(group, &call->text);
	else if (group || !is_help || args_word(args, from + 1))
		return unknown_command(groups, args, from, call, err);
	else if (!answer_topic(topic, call))
		return unknown_topic(groups, args, from, call, err);
	call->kind = COMMAND_ANSWER;
	return 0;
}

int command_parse_leniently(const struct command_group *groups, int argc, char **argv,
                            struct args *args, struct err *err)
{
	size_t count = 0, room = 0;
	auto_free const struct option_row **tables = NULL;
	GROW(tables, count, room);
	tables[count++] = global_options;
	for (const struct command_group *group = groups; group->rows; group++)
		for (const struct command *row = group->rows; row->words; row++)
			if (row->options) {
				GROW(tables, count, room);
				tables[count++] = row->options;
			}
	return args_parse(argc, argv, tables, count, true, args, err);
}

static int parse_row(const struct command *row, size_t word_count, int argc, char **argv,
                     struct command_call *call, struct err *err)
{
	const struct option_row *const tables[] = { global_options, row->options };
	int r = args_parse(argc, argv, tables, row->options ? 2 : 1, false, &call->args,
	                   err);
	if (!r && words_match(row->words, &call->args, 0) != word_count)
		/* An option of this row has a value that the first pass treated as a word. */
		r = err_set(err, ERR_USAGE, _("\"%s\" must precede its options"),
		            row->words);
	if (!r) {
		args_drop_words(&call->args, word_count);
		r = args_check(&call->args, row->args, row->words, err);
	}
	if (r) {
		command_usage(row, &call->text);
		command_usage_options(row, &call->text);
		return r;
	}
	call->kind = COMMAND_RUN;
	call->row = row;
	return 0;
}

/* A line without a command: the overview, or the fault of its options. */
static int no_command(const struct command_group *groups, int argc, char **argv,
                      struct command_call *call, struct err *err)
{
	const struct option_row *const tables[] = { global_options };
	int r = args_parse(argc, argv, tables, 1, false, &call->args, err);
	if (r)
		return r;
	command_help_all(groups, call->topics, &call->text);
	return err_set(err, ERR_USAGE, "%s", "");
}

static int dispatch(const struct command_group *groups, int argc, char **argv,
                    struct args *lenient, struct command_call *call, struct err *err)
{
	int r = command_parse_leniently(groups, argc, argv, lenient, err);
	if (r)
		return r;
	const char *first = args_word(lenient, 0);
	if (first && strcmp(first, command_help_row.words) == 0)
		return answer_help(groups, lenient, 1, true, call, err);
	if (args_has(lenient, "--help"))
		return answer_help(groups, lenient, 0, false, call, err);
	if (args_has(lenient, "--version")) {
		buf_puts(&call->text, "mailauthctl " MAILAUTHCTL_VERSION "\n");
		call->kind = COMMAND_ANSWER;
		return 0;
	}
	if (!first)
		return no_command(groups, argc, argv, call, err);
	size_t count;
	const struct command *row = command_find(groups, lenient, 0, &count);
	if (!row)
		return unknown_command(groups, lenient, 0, call, err);
	return parse_row(row, count, argc, argv, call, err);
}

int command_dispatch(const struct command_group *groups, int argc, char **argv,
                     struct command_call *call, struct err *err)
{
	struct args lenient = ARGS_INIT;
	int skip = argc > 0;
	int r = dispatch(groups, argc - skip, argv + skip, &lenient, call, err);
	args_done(&lenient);
	return r;
}
