/*
 * Tables and "Title: value" lines for people.
 *
 * libsmartcols lays a table out; its lines are taken as text, so that blanks at their ends go, a
 * nested table is indented and the heading is bold on a terminal.  A nested listing waits in
 * `below` until the fields of its object, which are aligned together, were written.
 */
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/out/out_inner.h"
#include "cli/out/out_layout.h"
#include "core/base/alloc.h"
#include "core/base/library.h"
#include "core/base/text.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(scols_cell_get_data) \
	CALL(scols_column_set_flags) \
	CALL(scols_column_set_wrapfunc) \
	CALL(scols_line_get_cell) \
	CALL(scols_line_refer_data) \
	CALL(scols_new_table) \
	CALL(scols_print_table_to_string) \
	CALL(scols_table_enable_noencoding) \
	CALL(scols_table_get_column) \
	CALL(scols_table_get_line) \
	CALL(scols_table_get_ncols) \
	CALL(scols_table_get_nlines) \
	CALL(scols_table_new_column) \
	CALL(scols_table_new_line) \
	CALL(scols_table_set_termforce) \
	CALL(scols_unref_table) \
	CALL(scols_wrapnl_chunksize) \
	CALL(scols_wrapnl_nextchunk)
/* clang-format on */
LIBRARY(smartcols, LIBRARY_SMARTCOLS, CALLS)

#define BOLD "\033[1m"
#define BOLD_OFF "\033[0m"
#define INDENT "  "
#define INDENT_LEN 2

struct table_state {
	struct libscols_table *table; /* of the listing that is open */
	struct libscols_line *line;   /* of the row that is open */
	size_t shown;                 /* cells of this row that are shown */
	struct field {
		const char *title;
		char *text;
	} * fields; /* of the object */
	size_t field_count, field_room;
	struct buf below; /* nested tables */
};

static struct table_state *state_of(struct out *out)
{
	if (!out->state)
		out->state = xcalloc(1, sizeof(struct table_state));
	return out->state;
}

static void expect(int result)
{
	if (result)
		abort(); /* out of memory */
}

static const char *title_of(const struct out_column *column)
{
	return column->title ? _(column->title) : column->key;
}

static size_t title_width(const char *title)
{
	return text_columns(title, strlen(title));
}

static void add_local_time(struct buf *into, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm parts;
	char text[64];
	if (localtime_r(&time, &parts) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts))
		buf_puts(into, text);
	else
		buf_printf(into, "%" PRId64, seconds);
}

static void add_value(struct buf *into, const struct out_column *column,
                      const struct out_cell *cell)
{
	if (cell->is_null || (column->type == OUT_LIST && !cell->item_count)) {
		buf_putc(into, '-');
		return;
	}
	switch (column->type) {
	case OUT_TEXT:
		out_add_clean(into, cell->text, true);
		break;
	case OUT_INT:
		buf_printf(into, "%" PRId64, cell->number);
		break;
	case OUT_BOOL:
		buf_puts(into, cell->number ? _("yes") : _("no"));
		break;
	case OUT_TIME:
		add_local_time(into, cell->number);
		break;
	case OUT_LIST:
		for (size_t i = 0; i < cell->item_count; i++) {
			if (i)
				buf_puts(into, ", ");
			out_add_clean(into, cell->items[i], true);
		}
		break;
	}
}

static bool is_flexible(const struct out_column *column)
{
	return column->flags & OUT_WRAP;
}

static void add_column(struct libscols_table *table, const struct out_column *column)
{
	auto_buf title = BUF_INIT;
	bool is_right = column->flags & OUT_RIGHT || column->type == OUT_INT;
	out_add_clean(&title, title_of(column), true);
	if (!smartcols()->scols_table_new_column(table, buf_text(&title), 0,
	                                         is_right ? SCOLS_FL_RIGHT : 0))
		abort();
}

static void open_table(struct out *out)
{
	struct table_state *state = state_of(out);
	state->table = smartcols()->scols_new_table();
	if (!state->table)
		abort();
	/* Texts come clean from out_add_clean(); smartcols loops for ever on others. */
	expect(smartcols()->scols_table_enable_noencoding(state->table, 1));
	/* The layout is out_layout.c's: smartcols breaks lines in the middle of words. */
	expect(smartcols()->scols_table_set_termforce(state->table,
	                                              SCOLS_TERMFORCE_NEVER));
	for (size_t i = 0; i < out->column_count; i++)
		if (!(out->columns[i].flags & OUT_HIDE_TABLE))
			add_column(state->table, &out->columns[i]);
}

/* ---- a terminal that is narrower than the table ----------------------------------------------- */

static const char *cell_text(struct libscols_line *line, size_t column)
{
	const char *text = smartcols()->scols_cell_get_data(
		smartcols()->scols_line_get_cell(line, column));
	return text ? text : "";
}

/* Measures the columns, and breaks or cuts the cells of those that share the room.  *ret_widths is
 * one for each column that is shown; the caller frees. */
static void lay_out(struct out *out, size_t indent, struct out_column_width **ret_widths)
{
	struct libscols_table *table = state_of(out)->table;
	size_t count = smartcols()->scols_table_get_ncols(table),
	       lines = smartcols()->scols_table_get_nlines(table);
	struct out_column_width *widths = xcalloc(count + 1, sizeof(*widths));
	const struct out_column *column = out->columns;
	*ret_widths = widths;
	for (size_t i = 0; i < count; i++, column++) {
		while (column->flags & OUT_HIDE_TABLE)
			column++;
		widths[i].is_flexible = is_flexible(column);
		widths[i].title = widths[i].natural = title_width(title_of(column));
		for (size_t k = 0; k < lines; k++) {
			size_t columns = out_columns_of(cell_text(
				smartcols()->scols_table_get_line(table, k), i));
			if (columns > widths[i].natural)
				widths[i].natural = columns;
		}
	}
	if (!out_lay_out(widths, count, out->width > indent ? out->width - indent : 1))
		return;
	column = out->columns;
	for (size_t i = 0; i < count; i++, column++) {
		struct libscols_column *own =
			smartcols()->scols_table_get_column(table, i);
		while (column->flags & OUT_HIDE_TABLE)
			column++;
		if (widths[i].is_below)
			expect(smartcols()->scols_column_set_flags(own, SCOLS_FL_HIDDEN));
		if (widths[i].is_below || !widths[i].is_flexible)
			continue;
		expect(smartcols()->scols_column_set_flags(own, SCOLS_FL_WRAP));
		expect(smartcols()->scols_column_set_wrapfunc(
			own, smartcols()->scols_wrapnl_chunksize,
			smartcols()->scols_wrapnl_nextchunk, NULL));
		for (size_t k = 0; k < lines; k++) {
			struct libscols_line *line =
				smartcols()->scols_table_get_line(table, k);
			auto_buf text = BUF_INIT;
			out_add_wrapped(&text, cell_text(line, i), widths[i].width, "");
			expect(smartcols()->scols_line_refer_data(line, i,
			                                          buf_take(&text)));
		}
	}
}

/* How many lines a row takes. */
static size_t row_height(struct libscols_line *line,
                         const struct out_column_width *widths, size_t count)
{
	size_t most = 1;
	for (size_t i = 0; i < count; i++) {
		size_t lines = 1;
		for (const char *at = cell_text(line, i); *at && !widths[i].is_below;
		     at++)
			lines += *at == '\n';
		if (lines > most)
			most = lines;
	}
	return most;
}

/* "    Meaning: ...", for each column that has no room beside the others. */
static void add_below(struct out *out, struct buf *into, const char *indent,
                      struct libscols_line *line, const struct out_column_width *widths)
{
	auto_free char *deeper = xasprintf("%s" INDENT INDENT, indent);
	size_t room = out->width > strlen(deeper) ? out->width - strlen(deeper) : 1;
	size_t i = 0;
	for (size_t k = 0; k < out->column_count; k++) {
		const struct out_column *column = &out->columns[k];
		if (column->flags & OUT_HIDE_TABLE)
			continue;
		const char *text = cell_text(line, i);
		if (widths[i++].is_below && *text && strcmp(text, "-") != 0) {
			auto_free char *whole =
				xasprintf("%s: %s", title_of(column), text);
			buf_puts(into, deeper);
			out_add_wrapped(into, whole, room, deeper);
			buf_putc(into, '\n');
		}
	}
}

/* Copies `count` lines without the blanks at their ends, and gives what is behind them. */
static const char *add_lines(struct buf *into, const char *text, const char *indent,
                             bool is_bold, size_t count)
{
	for (; *text && count; count--) {
		size_t len = strcspn(text, "\n"), kept = len;
		while (kept && text[kept - 1] == ' ')
			kept--;
		if (kept)
			buf_puts(into, indent);
		buf_puts(into, is_bold ? BOLD : "");
		buf_add(into, text, kept);
		buf_puts(into, is_bold ? BOLD_OFF : "");
		buf_putc(into, '\n');
		text += len + (text[len] == '\n');
	}
	return text;
}

static void close_table(struct out *out, struct buf *into, const char *indent)
{
	struct libscols_table *table = state_of(out)->table;
	auto_free char *text = NULL;
	auto_free struct out_column_width *widths = NULL;
	if (out->row) {
		if (out->width)
			lay_out(out, strlen(indent), &widths);
		expect(smartcols()->scols_print_table_to_string(table, &text));
		const char *rest =
			add_lines(into, text ? text : "", indent, out->is_coloured, 1);
		for (size_t i = 0;
		     widths && i < smartcols()->scols_table_get_nlines(table); i++) {
			struct libscols_line *line =
				smartcols()->scols_table_get_line(table, i);
			rest = add_lines(
				into, rest, indent, false,
				row_height(line, widths,
			                   smartcols()->scols_table_get_ncols(table)));
			add_below(out, into, indent, line, widths);
		}
		(void)add_lines(into, rest, indent, false, SIZE_MAX);
	}
	smartcols()->scols_unref_table(table);
	state_of(out)->table = NULL;
}

static void table_begin(struct out *out)
{
	if (out->place == OUT_IN_LIST)
		open_table(out);
}

static void table_nested_begin(struct out *out)
{
	open_table(out);
}

static bool says_nothing(const struct out_column *column, const struct out_cell *cell)
{
	if (cell->is_null)
		return true;
	switch (column->type) {
	case OUT_TEXT:
		return !*cell->text;
	case OUT_LIST:
		return !cell->item_count;
	case OUT_INT:
	case OUT_BOOL:
	case OUT_TIME:
		return !cell->number;
	}
	return false;
}

static void table_cell(struct out *out, const struct out_column *column,
                       const struct out_cell *cell)
{
	struct table_state *state = state_of(out);
	if (out->place != OUT_IN_OBJECT && !out->at) {
		state->shown = 0;
		state->line = smartcols()->scols_table_new_line(state->table, NULL);
		if (!state->line)
			abort();
	}
	if (column->flags & OUT_HIDE_TABLE)
		return;
	if (out->place == OUT_IN_OBJECT && column->flags & OUT_BRIEF &&
	    says_nothing(column, cell))
		return;
	auto_buf text = BUF_INIT;
	add_value(&text, column, cell);
	if (out->place == OUT_IN_OBJECT) {
		GROW(state->fields, state->field_count, state->field_room);
		state->fields[state->field_count++] =
			(struct field){ title_of(column), buf_take(&text) };
		return;
	}
	expect(smartcols()->scols_line_refer_data(state->line, state->shown++,
	                                          buf_take(&text)));
}

static void table_nested_end(struct out *out)
{
	struct buf *below = &state_of(out)->below;
	if (out->row)
		buf_printf(below, "\n%s%s:%s\n", out->is_coloured ? BOLD : "",
		           _(out->nested_title), out->is_coloured ? BOLD_OFF : "");
	close_table(out, below, INDENT);
}

static void write_fields(struct out *out, struct table_state *state)
{
	auto_buf text = BUF_INIT;
	size_t widest = 0;
	for (size_t i = 0; i < state->field_count; i++)
		if (title_width(state->fields[i].title) > widest)
			widest = title_width(state->fields[i].title);
	for (size_t i = 0; i < state->field_count; i++) {
		const struct field *field = &state->fields[i];
		size_t blanks = widest - title_width(field->title) + INDENT_LEN;
		buf_printf(&text, "%s%s:%s%*s%s\n", out->is_coloured ? BOLD : "",
		           field->title, out->is_coloured ? BOLD_OFF : "",
		           *field->text ? (int)blanks : 0, "", field->text);
	}
	out_write(out, buf_text(&text), text.len);
	out_write(out, buf_text(&state->below), state->below.len);
}

static void forget(struct table_state *state)
{
	smartcols()->scols_unref_table(state->table);
	for (size_t i = 0; i < state->field_count; i++)
		free(state->fields[i].text);
	free(state->fields);
	buf_done(&state->below);
	*state = (struct table_state){ 0 };
}

static void table_end(struct out *out)
{
	struct table_state *state = state_of(out);
	if (out->is_object) {
		write_fields(out, state);
	} else {
		auto_buf text = BUF_INIT;
		close_table(out, &text, "");
		out_write(out, buf_text(&text), text.len);
	}
	forget(state);
}

static void table_free(struct out *out)
{
	if (!out->state)
		return;
	forget(out->state);
	free(out->state);
}

const struct out_innerer out_table_renderer = {
	.begin = table_begin,
	.nested_begin = table_nested_begin,
	.cell = table_cell,
	.nested_end = table_nested_end,
	.end = table_end,
	.free = table_free,
};
