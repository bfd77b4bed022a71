/*
 * cli/line/command.h: the rows of commands, and finding the row for a command line.
 *
 * Every command is one row; help, usage errors and completion are loops over the rows.  The rows
 * of one noun are in cmd_<noun>.c with their handlers; commands.c lists the groups.
 */
#ifndef CLI_LINE_COMMAND_H
#define CLI_LINE_COMMAND_H

#include "cli/line/args.h"
#include "cli/line/help_topic.h"
#include "core/base/buf.h"
#include "core/base/err.h"

struct app;

/* What the application prepares before the handler runs, and completes after it. */
enum command_need {
	/* The store; without a database, the defaults. */
	NEED_STORE_READ = 1 << 0,
	/* Runs inside a change of the store: one transaction, audited. */
	NEED_CHANGE = 1 << 1,
	/* A change that is pushed to the mail server. */
	NEED_PUSH = 1 << 2,
	/* May export zones; with NEED_CHANGE the export lock is taken before it. */
	NEED_EXPORT = 1 << 3,
	/* Calls a job that opens changes of its own (core/job). */
	NEED_STORE_WRITE = 1 << 4,
	/* Open to customers, for the domains of their accounts. */
	NEED_OWN_ACCESS = 1 << 5,
};

struct command {
	const char *words; /* "server set" */
	const char *
		args; /* "<setting> <value> [<setting> <value>]...": see args.h; NULL: none */
	const struct option_row *options; /* its own, ends in {0}; NULL: none */
	const char *help;                 /* one line, N_() */
	/* "mailauthctl server set dkim.verify on"; may have several lines; NULL: none. */
	const char *example;
	unsigned needs; /* of enum command_need */
	/* Checks what can be checked without the store or the host; NULL: nothing.  Before any
	 * lock. */
	int (*check)(struct app *app, struct err *err);
	int (*run)(struct app *app, struct err *err);
	bool is_hidden; /* for other programs: not in help, suggestions and completion */
};

/* The commands of one noun, or those of a single word. */
struct command_group {
	const char *noun; /* "server"; NULL: its rows are commands of one word */
	const char *help; /* one line, N_(); NULL without a noun */
	const struct command *rows; /* ends in {0} */
};

/* What a command line requests. */
struct command_call {
	enum {
		COMMAND_RUN, /* run `row` with `args` */
		COMMAND_ANSWER, /* help or version: print `text` to standard output, exit 0 */
	} kind;
	const struct command *row; /* COMMAND_RUN: never NULL */
	struct args args;
	struct buf
		text; /* COMMAND_ANSWER: the answer; failure: the text below the sentence */
	const struct help_topic *topics; /* set by the caller: of `help`; NULL: none */
};

#define COMMAND_CALL_INIT ((struct command_call){ 0 })
void command_call_done(struct command_call *call);

/* The help text's own command: answered by command_dispatch(), not a row of a group. */
extern const struct command command_help_row;

/* The row with the most words that match the line from word `from` on, and the number of these
 * words; NULL: none. */
const struct command *command_find(const struct command_group *groups,
                                   const struct args *args, size_t from,
                                   size_t *ret_count) must_check;
/* Splits a line before its command is known: with the options of all commands, ignoring unknown
 * options.  Frees the previous content of `args`. */
int command_parse_leniently(const struct command_group *groups, int argc, char **argv,
                            struct args *args, struct err *err) must_check;

/* Finds the row, parses its options and checks the number of words.  `groups` ends in {0}; argv[0]
 * is skipped.  `help`, `--help` and `--version` are answered here, even if the rest of the line
 * is incomplete.
 *
 * ERR_USAGE: `err` has one sentence (without the program's name), with a suggestion if one is
 * similar, and call->text the usage line, with its line break, or nothing.  A line without any word
 * has an empty sentence and the overview as text.  The caller initialises `call` and calls
 * command_call_done() in every case. */
int command_dispatch(const struct command_group *groups, int argc, char **argv,
                     struct command_call *call, struct err *err) must_check;

/* "usage: mailauthctl server set <setting> <value> ...\n" */
void command_usage(const struct command *row, struct buf *into);
/* Its options, in lines below that one; nothing without options. */
void command_usage_options(const struct command *row, struct buf *into);
/* Usage, help, options and example of one command. */
void command_help(const struct command *row, struct buf *into);
/* The rows of one group. */
void command_help_group(const struct command_group *group, struct buf *into);
/* All groups, the topics of `help` (NULL: none) and the global options. */
void command_help_all(const struct command_group *groups, const struct help_topic *topics,
                      struct buf *into);

#endif
