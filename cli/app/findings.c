/* Findings as rows of a listing, or as lines of JSON. */
#include "cli/app/findings.h"

#include <string.h>

#include "core/base/alloc.h"

#define INPUT_LIMIT (64u << 20)

#define FINDING_COLUMNS                                           \
	{ "code", N_("Code"), OUT_TEXT, 0 },                      \
		{ "severity", N_("Severity"), OUT_TEXT, 0 },      \
		{ "column", N_("Column"), OUT_INT, 0 },           \
		{ "message", N_("Message"), OUT_TEXT, OUT_WRAP }, \
	{                                                         \
		"detail", N_("Detail"), OUT_TEXT, OUT_WRAP        \
	}

/* The cells before those of the finding. */
struct place {
	bool has_line, has_owner;
	size_t line; /* 0: null */
	const char *owner;
};

static void put_place(struct app *app, const struct place *place)
{
	if (place->has_line && place->line)
		out_int(app->out, (int64_t)place->line);
	else if (place->has_line)
		out_null(app->out);
	if (place->has_owner)
		out_text(app->out, place->owner);
}

static void put_findings(struct app *app, const struct place *place,
                         const struct lint_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct lint_finding *finding = &list->finding[i];
		put_place(app, place);
		out_text(app->out, finding->code->code);
		out_text(app->out, lint_severity_name(finding->code->severity));
		if (finding->column)
			out_int(app->out, (int64_t)finding->column);
		else
			out_null(app->out);
		out_text(app->out, _(finding->code->message));
		out_text(app->out, finding->detail);
		out_row_end(app->out);
	}
	app->has_found |= lint_worst(list) >= LINT_WARNING;
}

void findings_show(struct app *app, const struct lint_list *list)
{
	static const struct out_column columns[] = { FINDING_COLUMNS };
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	put_findings(app, &(struct place){ 0 }, list);
	out_end(app->out);
}

void findings_begin(struct app *app)
{
	static const struct out_column columns[] = {
		{ "owner", N_("Owner"), OUT_TEXT, 0 }, FINDING_COLUMNS
	};
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
}

void findings_add(struct app *app, const char *owner, const struct lint_list *list)
{
	put_findings(app, &(struct place){ .has_owner = true, .owner = owner }, list);
}

void findings_begin_zone(struct app *app)
{
	static const struct out_column columns[] = {
		{ "line", N_("Line"), OUT_INT, 0 },
		{ "owner", N_("Owner"), OUT_TEXT, 0 },
		FINDING_COLUMNS,
	};
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
}

void findings_add_line(struct app *app, size_t line, const char *owner,
                       const struct lint_list *list)
{
	put_findings(app, &(struct place){ true, true, line, owner }, list);
}

void findings_end(struct app *app)
{
	out_end(app->out);
}

/* ---- many records ----------------------------------------------------------------------------- */

/* As text; JSON cannot contain octets that are not UTF-8, and a NUL would end it. */
static char *shown_text(struct octets octets)
{
	auto_buf text = BUF_INIT;
	for (size_t i = 0; i < octets.len; i++)
		if (octets.at[i])
			buf_putc(&text, octets.at[i]);
		else
			buf_puts(&text, "\xef\xbf\xbd");
	return buf_take(&text);
}

static void put_line(struct app *app, int64_t number, struct octets text,
                     const struct lint_list *list)
{
	static const struct out_column columns[] = {
		{ "line", NULL, OUT_INT, OUT_HIDE_TABLE },
		{ "record", NULL, OUT_TEXT, OUT_HIDE_TABLE },
		{ "severity", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	};
	static const struct out_column finding_columns[] = { FINDING_COLUMNS };
	int worst = lint_worst(list);
	auto_free char *shown = shown_text(text);
	out_line_begin(app->out, columns, ARRAY_LEN(columns));
	out_int(app->out, number);
	out_text(app->out, shown);
	out_text(app->out,
	         worst < 0 ? NULL : lint_severity_name((enum lint_severity)worst));
	out_nested_begin(app->out, "findings", NULL, finding_columns,
	                 ARRAY_LEN(finding_columns));
	put_findings(app, &(struct place){ 0 }, list);
	out_nested_end(app->out);
	out_end(app->out);
}

int findings_of_lines(struct app *app, findings_lint *lint, void *arg, struct err *err)
{
	auto_buf text = BUF_INIT;
	int64_t number = 1;
	int r = app_read_input(app, args_get(app->args, "--records-from"), INPUT_LIMIT,
	                       &text, err);
	if (r < 0)
		return r;
	for (size_t at = 0; at < text.len; number++) {
		const char *line = text.at + at;
		const char *end = memchr(line, '\n', text.len - at);
		size_t len = end ? (size_t)(end - line) : text.len - at;
		auto_lint_list list = LINT_LIST_INIT;
		at += len + 1;
		/* of a file with CR LF line ends */
		if (len && line[len - 1] == '\r')
			len--;
		lint(arg, (struct octets){ line, len }, &list);
		put_line(app, number, (struct octets){ line, len }, &list);
	}
	return 0;
}
