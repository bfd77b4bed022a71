/*
 * Tables and "Title: value" lines for people.
 *
 * Cells are stored as texts until the listing ends, because the widest one of a column determines
 * where the next begins.  A nested listing is stored in `below` until the fields of its object,
 * which are aligned together, were written.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/out/out_inner.h"
#include "cli/out/out_layout.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define BOLD "\033[1m"
#define BOLD_OFF "\033[0m"
#define INDENT "  "
#define INDENT_LEN 2

struct table_state {
	char **cell; /* cells of the open listing: the displayed ones, row by row */
	size_t cells, cell_room;
	struct field {
		const char *title;
		char *text;
	} * fields; /* fields of the object */
	size_t field_count, field_room;
	struct buf below; /* nested tables */
};

static struct table_state *state_of(struct out *out)
{
	if (!out->state)
		out->state = xcalloc(1, sizeof(struct table_state));
	return out->state;
}

static const char *title_of(const struct out_column *column)
{
	return column->title ? _(column->title) : column->key;
}

/* ---- values ---------------------------------------------------------------------------------- */

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

/* ---- a table --------------------------------------------------------------------------------- */

struct table {
	const struct out *out;
	struct table_column {
		const struct out_column *column;
		char *title;
	} * columns;                     /* the displayed ones */
	struct out_column_width *widths; /* of each */
	size_t count;
	char **cell;
	size_t rows;
};

static void table_init(struct table *table, const struct out *out, char **cell,
                       size_t cells)
{
	*table = (struct table){ .out = out, .cell = cell };
	table->columns = xcalloc(out->column_count + 1, sizeof(*table->columns));
	table->widths = xcalloc(out->column_count + 1, sizeof(*table->widths));
	for (size_t i = 0; i < out->column_count; i++) {
		const struct out_column *column = &out->columns[i];
		auto_buf title = BUF_INIT;
		if (column->flags & OUT_HIDE_TABLE)
			continue;
		out_add_clean(&title, title_of(column), true);
		table->columns[table->count++] =
			(struct table_column){ column, buf_take(&title) };
	}
	table->rows = table->count ? cells / table->count : 0;
}

static void table_done(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->columns[i].title);
	free(table->columns);
	free(table->widths);
}

static char **cell_at(const struct table *table, size_t row, size_t column)
{
	return &table->cell[row * table->count + column];
}

/* Widths of the longest line of each cell, and of the heading. */
static void measure(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct out_column_width *width = &table->widths[i];
		width->is_flexible = table->columns[i].column->flags & OUT_WRAP;
		width->title = width->natural = out_widest_line(table->columns[i].title);
		for (size_t row = 0; row < table->rows; row++) {
			size_t columns = out_widest_line(*cell_at(table, row, i));
			if (columns > width->natural)
				width->natural = columns;
		}
	}
}

/* Breaks the cells of the columns that share the width of a terminal which is narrower than the
 * table. */
static void lay_out(struct table *table, size_t indent)
{
	unsigned width = table->out->width;
	measure(table);
	if (!width || !out_lay_out(table->widths, table->count,
	                           width > indent ? width - indent : 1))
		return;
	for (size_t i = 0; i < table->count; i++) {
		const struct out_column_width *own = &table->widths[i];
		for (size_t row = 0;
		     own->is_flexible && !own->is_below && row < table->rows; row++) {
			char **cell = cell_at(table, row, i);
			auto_buf text = BUF_INIT;
			out_add_wrapped(&text, *cell, own->width, "");
			free(*cell);
			*cell = buf_take(&text);
		}
	}
	measure(table);
}

/* Adds one line of a row: of each column the text up to a line break; the remaining text is in
 * `rest`.  False: no text was left. */
static bool add_line(const struct table *table, const char **rest, struct buf *into)
{
	bool has_more = false;
	for (size_t i = 0; i < table->count; i++) {
		const struct out_column_width *width = &table->widths[i];
		const struct out_column *column = table->columns[i].column;
		if (width->is_below)
			continue;
		const char *part = rest[i];
		size_t len = strcspn(part, "\n");
		size_t pad = width->natural - out_columns_of(part, len);
		bool is_right = column->flags & OUT_RIGHT || column->type == OUT_INT;
		rest[i] += len + (part[len] == '\n');
		has_more |= *rest[i] != '\0';
		buf_printf(into, "%*s%.*s%*s ", is_right ? (int)pad : 0, "", (int)len,
		           part, is_right ? 0 : (int)pad, "");
	}
	while (into->len && into->at[into->len - 1] == ' ')
		into->at[--into->len] = '\0';
	return has_more;
}

static void add_row(const struct table *table, const char **rest, const char *indent,
                    bool is_bold, struct buf *into)
{
	bool has_more;
	do {
		auto_buf line = BUF_INIT;
		has_more = add_line(table, rest, &line);
		buf_printf(into, "%s%s%s%s\n", line.len ? indent : "",
		           is_bold ? BOLD : "", buf_text(&line), is_bold ? BOLD_OFF : "");
	} while (has_more);
}

/* "    Meaning: ...", for each column that is printed below its row. */
static void add_below(const struct table *table, size_t row, const char *indent,
                      struct buf *into)
{
	auto_free char *deeper = xasprintf("%s" INDENT INDENT, indent);
	size_t width = table->out->width;
	size_t room = width > strlen(deeper) ? width - strlen(deeper) : 1;
	for (size_t i = 0; i < table->count; i++) {
		const char *text = *cell_at(table, row, i);
		if (!table->widths[i].is_below || !*text || strcmp(text, "-") == 0)
			continue;
		auto_free char *whole =
			xasprintf("%s: %s", title_of(table->columns[i].column), text);
		buf_puts(into, deeper);
		out_add_wrapped(into, whole, room, deeper);
		buf_putc(into, '\n');
	}
}

static void add_table(struct table *table, const char *indent, struct buf *into)
{
	auto_free const char **rest = xcalloc(table->count + 1, sizeof(*rest));
	lay_out(table, strlen(indent));
	for (size_t i = 0; i < table->count; i++)
		rest[i] = table->columns[i].title;
	add_row(table, rest, indent, table->out->is_coloured, into);
	for (size_t row = 0; row < table->rows; row++) {
		for (size_t i = 0; i < table->count; i++)
			rest[i] = *cell_at(table, row, i);
		add_row(table, rest, indent, false, into);
		add_below(table, row, indent, into);
	}
}

static void forget_cells(struct table_state *state)
{
	while (state->cells)
		free(state->cell[--state->cells]);
}

static void close_table(struct out *out, const char *indent, struct buf *into)
{
	struct table_state *state = state_of(out);
	cleanup(table_done) struct table table;
	table_init(&table, out, state->cell, state->cells);
	if (out->row)
		add_table(&table, indent, into);
	forget_cells(state);
}

/* ---- the renderer ---------------------------------------------------------------------------- */

static void table_cell(struct out *out, const struct out_column *column,
                       const struct out_cell *cell)
{
	struct table_state *state = state_of(out);
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
	} else {
		GROW(state->cell, state->cells, state->cell_room);
		state->cell[state->cells++] = buf_take(&text);
	}
}

static void table_nested_end(struct out *out)
{
	struct buf *below = &state_of(out)->below;
	if (out->row)
		buf_printf(below, "\n%s%s:%s\n", out->is_coloured ? BOLD : "",
		           _(out->nested_title), out->is_coloured ? BOLD_OFF : "");
	close_table(out, INDENT, below);
}

static size_t title_width(const char *title)
{
	return text_columns(title, strlen(title));
}

static void write_fields(struct out *out, struct table_state *state)
{
	auto_buf text = BUF_INIT;
	size_t widest = 0;
	for (size_t i = 0; i < state->field_count; i++) {
		size_t width = title_width(state->fields[i].title);
		if (width > widest)
			widest = width;
	}
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

static void table_free(struct out *out)
{
	struct table_state *state = out->state;
	if (!state)
		return;
	forget_cells(state);
	free(state->cell);
	for (size_t i = 0; i < state->field_count; i++)
		free(state->fields[i].text);
	free(state->fields);
	buf_done(&state->below);
	free(state);
	out->state = NULL;
}

static void table_end(struct out *out)
{
	if (out->is_object) {
		write_fields(out, state_of(out));
	} else {
		auto_buf text = BUF_INIT;
		close_table(out, "", &text);
		out_write(out, buf_text(&text), text.len);
	}
	table_free(out);
}

const struct out_renderer out_table_renderer = {
	.cell = table_cell,
	.nested_end = table_nested_end,
	.end = table_end,
	.free = table_free,
};
