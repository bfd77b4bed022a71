/*
 * cli/line/args.h: the words and options of one command line.
 *
 * Options are accepted as `--name value` and `--name=value`, anywhere on the line; `--` ends them;
 * "-" alone is a word.  Names cannot be abbreviated, so a new option cannot change the meaning
 * of an old script.
 */
#ifndef CLI_LINE_ARGS_H
#define CLI_LINE_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/out/out.h"
#include "core/base/buf.h"
#include "core/base/err.h"

/* Who may use an option.  By default, it is closed to customers (cli/line/caller.h). */
enum option_access {
	OPTION_FOR_ADMINS,
	OPTION_FOR_ALL,
	OPTION_STDIN_FOR_ALL,    /* a file: customers "-" only, administrators any */
	OPTION_STDIN_FOR_ADMINS, /* a file; "-" is standard input */
};

struct option_row {
	const char *name;  /* "--alias-of" */
	const char *value; /* "<domain>", or NULL: the option has no value */
	const char *help;  /* one line, N_() */
	bool is_multiple;  /* may be given several times with a value; every one counts */
	char letter;       /* 'h' for -h, 0: none; only for options without a value */
	enum option_access access;
};

/* The options of every command, in the order of the help text; ends in {0}. */
extern const struct option_row global_options[];

struct args {
	const char **words; /* after the command's own words; borrowed from argv */
	size_t word_count;
	struct args_option {
		const struct option_row *row;
		const char *value; /* "" if the option has no value */
	} * options;               /* in the order of the line */
	size_t option_count;
};

#define ARGS_INIT ((struct args){ 0 })
void args_done(struct args *args);

/* The value of an option ("--alias-of"); of one that may be repeated, the last value; "" for one
 * without a value; NULL: not given. */
const char *args_get(const struct args *args, const char *name);
/* The value of occurrence `i` of an option that may be repeated; NULL after the last. */
const char *args_get_nth(const struct args *args, const char *name, size_t i);
bool args_has(const struct args *args, const char *name);
/* The number of words. */
size_t args_count(const struct args *args);
/* Word `i`, NULL after the last. */
const char *args_word(const struct args *args, size_t i);

/* Splits `argv` (argc items, without the program's name) into words and options, which are looked
 * up in `tables` (each ends in {0}).  ERR_USAGE if an option is unknown (with a suggestion if one
 * is similar), lacks its value, has a value that it must not have, or is given twice with a value
 * although it must not be repeated; `is_lenient` ignores such options, to find the words of the
 * command before its own options are known.  The caller initialises `args` and calls args_done() in
 * every case. */
int args_parse(int argc, char **argv, const struct option_row *const *tables,
               size_t table_count, bool is_lenient, struct args *args,
               struct err *err) must_check;

/* Removes the first `count` words: those of the command. */
void args_drop_words(struct args *args, size_t count);

/*
 * The argument grammar of a command row:
 *
 *     <x>               one word                    <x>...          one or more
 *     [<x>]             one or none                 [<x>]...        any number
 *     [<a> <b>]...      any number of pairs         [<a> [<b>]]     none, one or two
 *     bash|zsh          one of these words          <x>...|--all    words, or that option instead
 *
 * At most one part of a grammar may be repeated.  An invalid grammar aborts.
 */

/* ERR_USAGE with a sentence that names the missing or additional word.  `command` is the row's
 * words, for the sentence. */
int args_check(const struct args *args, const char *grammar, const char *command,
               struct err *err) must_check;

/* The part of a grammar that a word belongs to: "<domain>...|--all" (borrowed from it). */
struct args_place {
	const char *at;
	size_t len;
};
/* The place of word `index`; false: no word is possible there.  Depends on the options of `args`,
 * not on its words. */
bool args_place(const struct args *args, const char *grammar, size_t index,
                struct args_place *ret_place) must_check;
/* The alternative after `at` (NULL: the first one) of a place: "<domain>...", then "--all"; NULL:
 * no further one. */
const char *args_alternative(const struct args_place *place, const char *at,
                             size_t *ret_len) must_check;
/* Whether the option is not possible on the line: the words that it replaces are given, or another
 * option that replaces them. */
bool args_has_instead(const struct args *args, const char *grammar,
                      const char *option) must_check;

/* The values of --format; ends in {0}. */
extern const struct format_row {
	const char *name;
	enum out_format format;
	const char *help; /* N_() */
} format_table[];

/* The global options as values. */
struct global_values {
	const char *db;   /* NULL: not given */
	const char *root; /* NULL: not given */
	enum out_format format;
	unsigned wait_seconds;
	bool is_dry_run;
	bool is_push_off;
	bool is_quiet;
	bool is_verbose;
	bool is_colour_off;
};

/* ERR_USAGE: an invalid format or number of seconds.  Of --json and --format, the last one is used.
 */
int args_globals(const struct args *args, struct global_values *ret_values,
                 struct err *err) must_check;

#endif
