/*
 * cli/complete/complete.h: the words that are possible at the cursor of a command line.
 *
 * The functions of the shells (completions/) run `mailauthctl __complete`.  Its answer comes from
 * the same tables as help and usage errors: the command rows with their grammar and options, the
 * settings, the formats, the backends; complete_source.c lists what completes each placeholder.
 *
 * Nothing is written, locked, migrated or queried.  Without a readable database, candidates from it
 * are omitted.
 *
 * The answer is a line with the kind, and one line for each candidate:
 *
 *     :words<tab>what is expected        :words  the candidates below, a blank after the chosen one
 *     enable-dkim<tab>sign its mail      :open   the same without the blank: a list continues
 *     ...                                :files, :folders  names of the file system; no candidates
 *
 * Candidates may have no help.  "What is expected" is for words that cannot be listed.
 */
#ifndef CLI_COMPLETE_COMPLETE_H
#define CLI_COMPLETE_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/app/app.h"
#include "cli/line/command.h"
#include "core/base/buf.h"
#include "core/store/store.h"

struct complete_line {
	const char **word; /* without quotes; word[0] is the program */
	size_t count;
	size_t at;      /* the word at the cursor: its part before the cursor */
	size_t dropped; /* octets at its beginning that the shell keeps */
	char **owned;   /* complete_line_split(): the words' memory */
	size_t owned_count;
};
#define COMPLETE_LINE_INIT ((struct complete_line){ 0 })
void complete_line_done(struct complete_line *line);

/* Splits a line as bash does (quotes, backslashes); `before` is the text before the cursor, `after`
 * the rest.  readline replaces only the text after the last one of `breaks` (COMP_WORDBREAKS) in
 * the word: `dropped` is the length of the rest. */
void complete_line_split(const char *before, const char *after, const char *breaks,
                         struct complete_line *ret_line);

/* Appends the answer.  `groups` ends in {0}; `app`: its root and database are used unless the
 * line names others. */
void complete(const struct command_group *groups, struct app *app,
              const struct complete_line *line, struct buf *into);

/* ---- for complete_source.c -------------------------------------------------------------------- */

struct complete {
	const struct command_group *groups;
	struct app *app;
	const struct complete_line *line;
	const struct command *row; /* NULL: not known yet */
	struct args args; /* the line's words and options, the row's own words left out */
	size_t index;     /* the cursor's among args.words */
	const char *typed; /* what candidates begin with */
	size_t lead; /* octets of the word before `typed`: "--format=", "a.example," */
	const char *placeholder; /* what is completed, "<domain>"; NULL: none */
	const char **taken;      /* words that are not offered once more */
	size_t taken_count;
	struct ctx own_ctx; /* of a --root on the line */
	struct ctx *ctx;    /* NULL: its root is not there */
	struct store *store;
	bool has_ctx, has_store; /* that it was looked for */

	enum complete_how {
		COMPLETE_WORDS,
		COMPLETE_OPEN,
		COMPLETE_FILES,
		COMPLETE_FOLDERS
	} how;
	struct complete_word {
		char *text, *help; /* help: NULL or not empty */
	} * found;
	size_t found_count, found_room;
	bool is_in_order; /* as they were offered; else sorted by strverscmp(3) */
	char *expected;   /* for people, if no words can be listed; NULL: nothing */
};

/* Adds a candidate if it begins with the typed text and is not taken.  `help`: NULL or text, which
 * may be foreign. */
void complete_offer(struct complete *c, const char *text, const char *help);
/* The same without a comparison with the typed text. */
void complete_put(struct complete *c, const char *text, const char *help);
/* The context and the store of the line; NULL: none. */
struct ctx *complete_ctx(struct complete *c);
struct store *complete_store(struct complete *c);
/* The last word before the cursor whose place is `placeholder`; NULL: none. */
const char *complete_word_at(const struct complete *c, const char *placeholder);

/* What completes a placeholder of an argument grammar or of an option's value: one row each,
 * sorted; ends in {0}. */
struct complete_source {
	const char *placeholder;           /* "<domain>" */
	void (*offer)(struct complete *c); /* NULL: it cannot be listed */
	bool is_once; /* a word that was given is not offered again */
};
extern const struct complete_source complete_sources[];
const struct complete_source *complete_source_find(const char *placeholder) must_check;

#endif
