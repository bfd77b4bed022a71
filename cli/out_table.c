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

#include "cli/out_render.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

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

static int scols_flags(const struct out_column *column)
{
	int flags = 0;
	if ((column->flags & OUT_RIGHT) || column->type == OUT_INT)
		flags |= SCOLS_FL_RIGHT;
	if (column->flags & OUT_WRAP)
		flags |= SCOLS_FL_WRAP;
	if (column->flags & OUT_TRUNC)
		flags |= SCOLS_FL_TRUNC;
	return flags;
}

static void add_column(struct libscols_table *table, const struct out_column *column)
{
	auto_buf title = BUF_INIT;
	out_add_clean(&title, title_of(column), true);
	/* A column shrinks to its heading's width.  At width 1 smartcols wraps a letter that takes
	 * two for ever. */
	if (column->flags & OUT_WRAP)
		while (title_width(buf_text(&title)) < 2)
			buf_putc(&title, ' ');
	if (!scols_table_new_column(table, buf_text(&title), 0, scols_flags(column)))
		abort();
}

static void open_table(struct out *out, size_t indent)
{
	struct table_state *state = state_of(out);
	state->table = scols_new_table();
	if (!state->table)
		abort();
	/* Texts come clean from out_add_clean(); smartcols loops for ever on others. */
	expect(scols_table_enable_noencoding(state->table, 1));
	expect(scols_table_set_termforce(state->table, out->width
	                                                       ? SCOLS_TERMFORCE_ALWAYS
	                                                       : SCOLS_TERMFORCE_NEVER));
	if (out->width)
		expect(scols_table_set_termwidth(
			state->table, out->width > indent ? out->width - indent : 1));
	for (size_t i = 0; i < out->column_count; i++)
		if (!(out->columns[i].flags & OUT_HIDE_TABLE))
			add_column(state->table, &out->columns[i]);
}

/* Copies lines without the blanks at their ends; the first, the heading, bold. */
static void add_lines(struct buf *into, const char *text, const char *indent,
                      bool is_bold)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), kept = len;
		while (kept && text[kept - 1] == ' ')
			kept--;
		if (kept)
			buf_puts(into, indent);
		buf_puts(into, is_bold ? BOLD : "");
		buf_add(into, text, kept);
		buf_puts(into, is_bold ? BOLD_OFF : "");
		buf_putc(into, '\n');
		is_bold = false;
		text += len + (text[len] == '\n');
	}
}

static void close_table(struct out *out, struct buf *into, const char *indent)
{
	struct table_state *state = state_of(out);
	auto_free char *text = NULL;
	if (out->row) {
		expect(scols_print_table_to_string(state->table, &text));
		add_lines(into, text ? text : "", indent, out->is_coloured);
	}
	scols_unref_table(state->table);
	state->table = NULL;
}

static void table_begin(struct out *out)
{
	if (out->place == OUT_IN_LIST)
		open_table(out, 0);
}

static void table_nested_begin(struct out *out)
{
	open_table(out, INDENT_LEN);
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
		state->line = scols_table_new_line(state->table, NULL);
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
	expect(scols_line_refer_data(state->line, state->shown++, buf_take(&text)));
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
	scols_unref_table(state->table);
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

const struct out_renderer out_table_renderer = {
	.begin = table_begin,
	.nested_begin = table_nested_begin,
	.cell = table_cell,
	.nested_end = table_nested_end,
	.end = table_end,
	.free = table_free,
};
