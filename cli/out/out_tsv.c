/*
 * Tab-separated values: one line for each row, after a line with the keys.  A tab, a line break and
 * a backslash in a value are written \t, \n and \\, so every tab separates columns.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/out/out_inner.h"
#include "core/base/text.h"

static void add_escaped(struct buf *into, const char *text)
{
	for (; *text; text++) {
		if (*text == '\t')
			buf_puts(into, "\\t");
		else if (*text == '\n')
			buf_puts(into, "\\n");
		else if (*text == '\r')
			buf_puts(into, "\\r");
		else if (*text == '\\')
			buf_puts(into, "\\\\");
		else
			buf_putc(into, *text);
	}
}

static void add_value(struct buf *into, const struct out_column *column,
                      const struct out_cell *cell)
{
	char time[32];
	if (cell->is_null)
		return;
	switch (column->type) {
	case OUT_TEXT:
		add_escaped(into, cell->text);
		break;
	case OUT_INT:
		buf_printf(into, "%" PRId64, cell->number);
		break;
	case OUT_BOOL:
		buf_puts(into, cell->number ? "true" : "false");
		break;
	case OUT_TIME:
		text_from_time(cell->number, time);
		buf_puts(into, time);
		break;
	case OUT_LIST:
		for (size_t i = 0; i < cell->item_count; i++) {
			if (i)
				buf_putc(into, ',');
			add_escaped(into, cell->items[i]);
		}
		break;
	}
}

static void tsv_begin(struct out *out)
{
	if (out->place == OUT_IN_OBJECT)
		return;
	for (size_t i = 0; i < out->column_count; i++) {
		if (i)
			out_puts(out, "\t");
		out_puts(out, out->columns[i].key);
	}
	out_puts(out, "\n");
}

static void tsv_cell(struct out *out, const struct out_column *column,
                     const struct out_cell *cell)
{
	auto_buf text = BUF_INIT;
	if (out->place == OUT_IN_NESTED)
		buf_printf(&text, "%s.%zu.", out->nested_key, out->row);
	if (out->place != OUT_IN_LIST)
		buf_printf(&text, "%s\t", column->key);
	else if (out->at)
		buf_putc(&text, '\t');
	add_value(&text, column, cell);
	if (out->place != OUT_IN_LIST)
		buf_putc(&text, '\n');
	out_write(out, buf_text(&text), text.len);
}

static void tsv_row_end(struct out *out)
{
	if (out->place == OUT_IN_LIST)
		out_puts(out, "\n");
}

const struct out_renderer out_tsv_renderer = {
	.begin = tsv_begin,
	.cell = tsv_cell,
	.row_end = tsv_row_end,
};
