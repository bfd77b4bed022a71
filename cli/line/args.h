/*
 * cli/line/args.h: the words and options of one command line.
 *
 * Options are accepted as `--name value` and `--name=value`, anywhere on the line; `--` ends them;
 * "-" alone is a word.  Names are never abbreviated, so that a new option cannot change what an
 * old script means.
 */
#ifndef CLI_LINE_ARGS_H
#define CLI_LINE_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/out/out.h"
#include "core/base/buf.h"
#include "core/base/err.h"

/* Who may use an option.  What a row does not say is closed to customers (cli/line/caller.h). */
enum option_access {
	OPTION_FOR_ADMINS,
	OPTION_FOR_ALL,
	OPTION_STDIN_FOR_ALL,    /* a file: customers "-" only, administrators any */
	OPTION_STDIN_FOR_ADMINS, /* a file; "-" is standard input */
};

struct option_row {
	const char *name;  /* "--alias-of" */
	const char *value; /* "<domain>", or NULL: the option takes none */
	const char *help;  /* one line, N_() */
	bool is_multiple;  /* may be given several times with a value; every one counts */
	char letter;       /* 'h' for -h, 0: none; only for options without a value */
	enum option_access access;
};

/* The options of every command, in the order of the help text; ends in {0}. */
extern const struct option_row global_options[];

struct args {
	const char **words; /* behind the command's own words; borrowed from argv */
	size_t word_count;
	struct args_option {
		const struct option_row *row;
		const char *value; /* "" where the option takes none */
	} * options;               /* in the order of the line */
	size_t option_count;
};

#define ARGS_INIT ((struct args){ 0 })
void args_done(struct args *args);

/* The value of an option ("--alias-of"); of one that may be repeated the last one; "" for one that
 * takes none; NULL: not given. */
const char *args_get(const struct args *args, const char *name);
/* The value of occurrence `i` of an option that may be repeated; NULL behind the last. */
const char *args_get_nth(const struct args *args, const char *name, size_t i);
bool args_has(const struct args *args, const char *name);
/* How many words there are. */
size_t args_count(const struct args *args);
/* Word `i`, NULL behind the last. */
const char *args_word(const struct args *args, size_t i);

/* Cuts `argv` (argc items, the program's name not among them) into words and options, which are
 * looked up in `tables` (each ends in {0}).  ERR_USAGE when an option is unknown (with a suggestion
 * where one is near), lacks its value, has one too many or has a value and is given twice without being
 * one that may be repeated; `is_lenient` passes over such options: for the search of the command's
 * words, before its own options are known.  The caller initialises `args` and calls args_done() in
 * every case. */
int args_parse(int argc, char **argv, const struct option_row *const *tables,
               size_t table_count, bool is_lenient, struct args *args,
               struct err *err) must_check;

/* Takes the first `count` words away: those that named the command. */
void args_drop_words(struct args *args, size_t count);

/*
 * The argument grammar of a command row:
 *
 *     <x>               one word                    <x>...          one or more
 *     [<x>]             one or none                 [<x>]...        any number
 *     [<a> <b>]...      any number of pairs         [<a> [<b>]]     none, one or two
 *     bash|zsh          one of these words          <x>...|--all    words, or that option instead
 *
 * At most one part of a grammar may repeat.  A grammar that cannot be read aborts.
 */

/* ERR_USAGE with a sentence that names what is missing or too much.  `command` is the row's words,
 * for the sentence. */
int args_check(const struct args *args, const char *grammar, const char *command,
               struct err *err) must_check;

/* The part of a grammar that a word stands for: "<domain>...|--all" (borrowed from it). */
struct args_place {
	const char *at;
	size_t len;
};
/* The place of word `index`; false: no word may stand there.  Which options `args` has counts, its
 * words do not. */
bool args_place(const struct args *args, const char *grammar, size_t index,
                struct args_place *ret_place) must_check;
/* The alternative behind `at` (NULL: the first one) of a place: "<domain>...", then "--all"; NULL:
 * there is no more. */
const char *args_alternative(const struct args_place *place, const char *at,
                             size_t *ret_len) must_check;
/* Whether the line has no room for the option: it stands for words that are there, or another one
 * stands for them already. */
bool args_has_instead(const struct args *args, const char *grammar,
                      const char *option) must_check;

/* What --format takes; ends in {0}. */
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

/* ERR_USAGE: a format or a number of seconds that is none.  --json and --format: the last wins. */
int args_globals(const struct args *args, struct global_values *ret_values,
                 struct err *err) must_check;

#endif
