/*
 * cli/out/out_inner.h: between out.c and the renderers; no other file includes it.
 *
 * out.c checks the order of calls and the columns; a renderer gets complete, valid steps.
 */
#ifndef CLI_OUT_OUT_INNER_H
#define CLI_OUT_OUT_INNER_H

#include "cli/out/out.h"
#include "core/base/buf.h"

struct out_cell {
	bool is_null;
	const char *text;         /* OUT_TEXT */
	int64_t number;           /* OUT_INT, OUT_BOOL, OUT_TIME */
	const char *const *items; /* OUT_LIST */
	size_t item_count;
};

enum out_place { OUT_IN_LIST, OUT_IN_OBJECT, OUT_IN_NESTED };

struct out_renderer {
	/* All but `cell` may be NULL. */
	void (*begin)(struct out *out);        /* a listing or an object: out->place */
	void (*nested_begin)(struct out *out); /* out->nested_key and _title are set */
	void (*cell)(struct out *out, const struct out_column *column,
	             const struct out_cell *cell);
	void (*row_end)(struct out *out);
	void (*nested_end)(struct out *out);
	void (*end)(struct out *out);
	void (*free)(struct out *out);
};

extern const struct out_renderer out_table_renderer, out_json_renderer, out_tsv_renderer;

struct out {
	enum out_format format;
	const struct out_renderer *renderer;
	void *state; /* the renderer's own */
	FILE *stream;
	bool is_coloured;
	unsigned width;  /* 0: unlimited */
	int write_errno; /* of the first write that failed; 0: none did */
	bool is_open;    /* between begin and end */
	bool is_object;  /* the outermost is an object */
	bool is_line; /* ... on one line of JSON; `kept` is the format's own renderer */
	const struct out_renderer *kept;
	enum out_place place;
	const struct out_column *columns; /* of the present place */
	size_t column_count;
	size_t at;  /* the column of the next cell */
	size_t row; /* rows that were ended in this place */
	const char *nested_key, *nested_title;
};

/* Writes; a failure is recorded. */
void out_write(struct out *out, const char *octets, size_t len);
void out_puts(struct out *out, const char *text);

#endif
