/*
 * cli/out/out.h: the result of a command as typed columns; renderers write it as table, JSON or
 * TSV.
 *
 *     out_list_begin(out, columns, n);               out_object_begin(out, columns, n);
 *     { out_text(out, ...); out_bool(out, ...);      out_text(out, ...); out_int(out, ...);
 *       out_row_end(out); } ...                      { out_nested_begin(...); rows; out_nested_end(out); } ...
 *     out_end(out);                                  out_end(out);
 *
 * Cells are set in the order of the columns, each once; an additional, missing or wrongly typed
 * cell aborts.  Texts are borrowed for the call only.  Columns must be valid until out_end() or
 * out_nested_end().  JSON and TSV are written row by row; a table is written at its end.
 * out_finish() reports a failed write.
 *
 * Tables follow LC_CTYPE, which language_init() sets: if it is not UTF-8, all characters except
 * ASCII become '?'.  Headings of tables are translated; keys never are.
 */
#ifndef CLI_OUT_OUT_H
#define CLI_OUT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/octets.h"

enum out_format { OUT_FORMAT_TABLE, OUT_FORMAT_JSON, OUT_FORMAT_TSV };

enum out_type {
	OUT_TEXT, /* UTF-8; octets that are none become U+FFFD, in a table controls become '?' */
	OUT_INT,  /* right-aligned in a table */
	OUT_BOOL, /* table "yes"/"no"; JSON and TSV true/false */
	OUT_TIME, /* Unix seconds; table: local time; JSON and TSV: ISO 8601, UTC */
	OUT_LIST, /* table "a, b"; JSON: array of strings; TSV "a,b" */
};

enum out_flag {
	OUT_RIGHT = 1 << 0,      /* table: right-aligned */
	OUT_WRAP = 1 << 1,       /* table: may be wrapped on a narrow terminal */
	OUT_HIDE_TABLE = 1 << 3, /* in JSON and TSV only */
	OUT_BRIEF = 1 << 4, /* table: a field of an object is left out if it is empty:
	                       null, no, 0, an empty text */
};

struct out_column {
	const char *key;   /* JSON key: an interface */
	const char *title; /* heading, N_(); may be NULL with OUT_HIDE_TABLE */
	enum out_type type;
	unsigned flags; /* of enum out_flag */
};

struct out;

/* `stream` is borrowed.  `width`: columns of the terminal; 0: determined from the terminal,
 * unlimited if `stream` is not a terminal. */
struct out *out_new(enum out_format format, FILE *stream, bool is_coloured,
                    unsigned width) must_check;
void out_free(struct out *out);
enum out_format out_get_format(const struct out *out);
unsigned out_get_width(const struct out *out); /* columns; 0: unlimited */

/* Whether colours are used: a terminal that is not dumb, without NO_COLOR. */
bool out_can_colour(FILE *stream) must_check;

/* A listing: JSON array of objects; TSV: a line with the keys, then the rows; table: heading and
 * rows, or nothing without rows.  One listing or one object for each command. */
void out_list_begin(struct out *out, const struct out_column *columns, size_t count);
/* One object: JSON object; TSV: "key<tab>value" lines; table: "Title: value" lines. */
void out_object_begin(struct out *out, const struct out_column *columns, size_t count);
/* One object on one line of JSON, whatever the format: out_end() ends it, and another one may
 * follow. */
void out_line_begin(struct out *out, const struct out_column *columns, size_t count);
void out_row_end(struct out *out); /* of a listing; nothing in an object */
void out_end(struct out *out);

/* A listing inside an object, after its cells: JSON: array under `key`; TSV: lines
 * "key.0.selector<tab>..."; table: a titled table below the fields, left out without rows. */
void out_nested_begin(struct out *out, const char *key, const char *title,
                      const struct out_column *columns, size_t count);
void out_nested_end(struct out *out);

void out_text(struct out *out, const char *text); /* NULL: null; table "-"; TSV empty */
/* Foreign octets; none: null; NUL becomes '?'. */
void out_octets(struct out *out, struct octets octets);
void out_int(struct out *out, int64_t value);
void out_bool(struct out *out, bool value);
void out_time(struct out *out, int64_t unix_seconds); /* 0: never, as null */
void out_list(struct out *out, const char *const *items, size_t count);
void out_null(struct out *out); /* for a column of any type */

/* Verbatim text: a zone, a single value.  With JSON, the callers emit objects instead. */
void out_plain(struct out *out, const char *text, size_t len);
/* The same for a text and a line break. */
void out_line(struct out *out, const char *text);

/* Flushes.  ERR_FAILED: this or an earlier write failed. */
int out_finish(struct out *out, struct err *err) must_check;

#endif
