/*
 * JSON, written as it arrives: brackets and commas here, keys and values by jansson.  A row of a
 * listing is one line, so that line tools can process it.
 */
#include <jansson.h>
#include <stdlib.h>

#include "cli/out/out_inner.h"
#include "cli/out/out_layout.h"
#include "core/base/library.h"
#include "core/base/text.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(json_array) \
	CALL(json_array_append_new) \
	CALL(json_delete) \
	CALL(json_dump_callback) \
	CALL(json_false) \
	CALL(json_integer) \
	CALL(json_null) \
	CALL(json_string) \
	CALL(json_true)
/* clang-format on */
LIBRARY(jansson, LIBRARY_JANSSON, CALLS)
/* called by its macros */
#define json_false jansson()->json_false
#define json_true jansson()->json_true

/* Called by json_decref(), which is inline in its header. */
void json_delete(json_t *value)
{
	jansson()->json_delete(value);
}

static int write_octets(const char *octets, size_t len, void *arg)
{
	out_write(arg, octets, len);
	return 0; /* out_finish() reports the failure */
}

/* Takes ownership of the reference. */
static void write_value(struct out *out, json_t *value)
{
	if (!value ||
	    jansson()->json_dump_callback(value, write_octets, out, JSON_ENCODE_ANY))
		abort(); /* the text was made valid before, so this is out of memory */
	json_decref(value);
}

static json_t *new_string(const char *text)
{
	auto_buf clean = BUF_INIT;
	out_add_clean(&clean, text, false);
	return jansson()->json_string(buf_text(&clean));
}

static json_t *new_list(const struct out_cell *cell)
{
	json_t *list = jansson()->json_array();
	for (size_t i = 0; i < cell->item_count; i++)
		if (jansson()->json_array_append_new(list, new_string(cell->items[i])))
			abort();
	return list;
}

static json_t *new_value(const struct out_column *column, const struct out_cell *cell)
{
	char time[32];
	if (cell->is_null)
		return jansson()->json_null();
	switch (column->type) {
	case OUT_TEXT:
		return new_string(cell->text);
	case OUT_INT:
		return jansson()->json_integer(cell->number);
	case OUT_BOOL:
		return json_boolean(cell->number);
	case OUT_TIME:
		text_from_time(cell->number, time);
		return jansson()->json_string(time);
	case OUT_LIST:
		return new_list(cell);
	}
	abort();
}

static void json_begin(struct out *out)
{
	out_puts(out, out->place == OUT_IN_OBJECT ? "{" : "[");
}

/* The members of an object are on lines of their own, those of a row on one. */
static void json_cell(struct out *out, const struct out_column *column,
                      const struct out_cell *cell)
{
	if (out->is_line) {
		out_puts(out, out->at                       ? ", "
		              : out->place == OUT_IN_OBJECT ? ""
		              : out->row                    ? ", {"
		                                            : "{");
	} else if (out->place == OUT_IN_OBJECT) {
		out_puts(out, out->at ? ",\n  " : "\n  ");
	} else if (out->at) {
		out_puts(out, ", ");
	} else {
		out_puts(out, out->row ? ",\n" : "\n");
		out_puts(out, out->place == OUT_IN_NESTED ? "    {" : "  {");
	}
	write_value(out, jansson()->json_string(column->key));
	out_puts(out, ": ");
	write_value(out, new_value(column, cell));
}

static void json_row_end(struct out *out)
{
	out_puts(out, "}");
}

static void json_nested_begin(struct out *out)
{
	/* An object has at least one field, so a comma precedes its first listing. */
	out_puts(out, out->is_line ? ", " : ",\n  ");
	write_value(out, jansson()->json_string(out->nested_key));
	out_puts(out, ": [");
}

static void json_nested_end(struct out *out)
{
	out_puts(out, out->row && !out->is_line ? "\n  ]" : "]");
}

static void json_end(struct out *out)
{
	if (out->is_line)
		out_puts(out, "}\n");
	else if (out->is_object)
		out_puts(out, "\n}\n");
	else
		out_puts(out, out->row ? "\n]\n" : "]\n");
}

const struct out_renderer out_json_renderer = {
	.begin = json_begin,
	.nested_begin = json_nested_begin,
	.cell = json_cell,
	.row_end = json_row_end,
	.nested_end = json_nested_end,
	.end = json_end,
};
