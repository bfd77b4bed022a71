/* `doctor`: checks for common faults; each finding has its remedy. */
#include <string.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "cli/out/out_layout.h"
#include "core/base/alloc.h"
#include "core/mta/doctor/doctor.h"

static const struct doctor_check *find_check(const char *name, struct err *err)
{
	const struct doctor_check *check = doctor_find(name);
	auto_buf names = BUF_INIT;
	for (const struct doctor_check *row = doctor_checks; !check && row->name; row++)
		buf_printf(&names, "%s%s", names.len ? ", " : "", row->name);
	if (!check)
		err_set(err, ERR_USAGE, _("unknown check \"%s\"; the checks are: %s"),
		        name, buf_text(&names));
	return check;
}

/* Names of checks and name servers are checked without the store and the host. */
static int check_line(struct app *app, struct err *err)
{
	struct query_servers servers;
	const char *typed = args_get(app->args, "--resolver");
	for (size_t i = 0; i < args_count(app->args); i++)
		if (!find_check(args_word(app->args, i), err))
			return err->code;
	return typed ? query_servers_parse(typed, &servers, err) : 0;
}

/* ---- for people ------------------------------------------------------------------------------- */

static const struct {
	const char *word, *colour;
} looks[DOCTOR_STATE_COUNT] = {
	[DOCTOR_OK] = { N_("ok"), "\033[32m" },
	[DOCTOR_NOTE] = { N_("note"), "\033[36m" },
	[DOCTOR_SKIPPED] = { N_("skipped"), "\033[2m" },
	[DOCTOR_WARNING] = { N_("warning"), "\033[33m" },
	[DOCTOR_PROBLEM] = { N_("problem"), "\033[1;31m" },
};

#define WORD_WIDTH 9
#define TEXT_INDENT (2 + WORD_WIDTH + 1)

static bool is_shown(const struct app *app, const struct doctor_finding *finding)
{
	return !app->opt.is_quiet || finding->state >= DOCTOR_WARNING;
}

/* A remedy is one line, however long, so that it can be copied. */
static void put_finding(const struct doctor_finding *finding, bool is_coloured,
                        unsigned width, struct buf *into)
{
	const char *word = _(looks[finding->state].word);
	auto_buf text = BUF_INIT;
	buf_puts(&text, finding->text);
	if (finding->more)
		buf_printf(&text, _(" (and %zu more of this kind)"), finding->more);
	buf_printf(into, "  %s%-*s%s ", is_coloured ? looks[finding->state].colour : "",
	           WORD_WIDTH, word, is_coloured ? "\033[0m" : "");
	if (width > TEXT_INDENT)
		out_add_wrapped(into, buf_text(&text), width - TEXT_INDENT,
		                "            ");
	else
		buf_puts(into, buf_text(&text));
	buf_putc(into, '\n');
	if (finding->remedy)
		buf_printf(into, "  %*s -> %s\n", WORD_WIDTH, "", finding->remedy);
}

/* One check, printed as soon as it has run. */
static void show_check(struct app *app, const struct doctor *d,
                       const struct doctor_check *check)
{
	bool is_coloured = !app->opt.is_colour_off && out_can_colour(stdout);
	auto_buf text = BUF_INIT;
	for (size_t i = d->begin; i < d->count; i++)
		if (is_shown(app, &d->finding[i]))
			put_finding(&d->finding[i], is_coloured, out_get_width(app->out),
			            &text);
	if (!text.len)
		return;
	auto_free char *head =
		xasprintf("%s%s (%s)%s\n", is_coloured ? "\033[1m" : "", _(check->title),
	                  check->name, is_coloured ? "\033[0m" : "");
	out_plain(app->out, head, strlen(head));
	out_plain(app->out, buf_text(&text), text.len);
}

/* ---- for programs ----------------------------------------------------------------------------- */

static void put_row(struct app *app, const struct doctor_finding *finding)
{
	auto_free char *text = finding->more ? xasprintf(_("%s (and %zu more of this "
	                                                   "kind)"),
	                                                 finding->text, finding->more)
	                                     : xstrdup(finding->text);
	out_text(app->out, finding->check);
	out_text(app->out, doctor_state_name(finding->state));
	out_text(app->out, finding->subject);
	out_text(app->out, text);
	out_text(app->out, finding->remedy);
	out_row_end(app->out);
}

/* ---- the command ------------------------------------------------------------------------------ */

static void run_one(struct app *app, struct doctor *d, const struct doctor_check *check)
{
	bool is_table = out_get_format(app->out) == OUT_FORMAT_TABLE;
	doctor_run(d, check);
	if (is_table)
		show_check(app, d, check);
	for (size_t i = d->begin; i < d->count; i++) {
		app->has_found |= d->finding[i].state >= DOCTOR_WARNING;
		if (!is_table && is_shown(app, &d->finding[i]))
			put_row(app, &d->finding[i]);
	}
}

static bool is_wanted(const struct app *app, const char *name)
{
	for (size_t i = 0; i < args_count(app->args); i++)
		if (strcmp(args_word(app->args, i), name) == 0)
			return true;
	return args_count(app->args) == 0;
}

/* The last line of a table. */
static void show_sum(struct app *app, const struct doctor *d)
{
	size_t count[DOCTOR_STATE_COUNT] = { 0 };
	for (size_t i = 0; i < d->count; i++)
		count[d->finding[i].state] += 1 + d->finding[i].more;
	auto_free char *text = xasprintf(
		_("problems: %zu, warnings: %zu, skipped: %zu\n"), count[DOCTOR_PROBLEM],
		count[DOCTOR_WARNING], count[DOCTOR_SKIPPED]);
	out_plain(app->out, text, strlen(text));
}

static int run_doctor(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "check", N_("Check"), OUT_TEXT, 0 },
		{ "state", N_("State"), OUT_TEXT, 0 },
		{ "subject", N_("Subject"), OUT_TEXT, 0 },
		{ "finding", N_("Finding"), OUT_TEXT, OUT_WRAP },
		{ "remedy", N_("Remedy"), OUT_TEXT, OUT_WRAP },
	};
	struct query_servers servers;
	const char *typed = args_get(app->args, "--resolver");
	bool is_table = out_get_format(app->out) == OUT_FORMAT_TABLE;
	if (typed && query_servers_parse(typed, &servers, err) < 0)
		return err->code;
	struct doctor d;
	doctor_init(&d, &app->session.ctx, app->session.db_path, typed ? &servers : NULL,
	            args_has(app->args, "--all"));
	if (!is_table)
		out_list_begin(app->out, columns, ARRAY_LEN(columns));
	for (const struct doctor_check *row = doctor_checks; row->name; row++)
		if (is_wanted(app, row->name))
			run_one(app, &d, row);
	if (!is_table)
		out_end(app->out);
	else if (!app->opt.is_quiet)
		show_sum(app, &d);
	doctor_done(&d);
	return 0;
}

static const struct option_row doctor_options[] = {
	{ "--all", NULL, N_("check every domain and key instead of a sample"), 0, 0 },
	OPTION_RESOLVER,
	{ 0 },
};

const struct command commands_doctor[] = {
	{ .words = "doctor",
	  .args = "[<check>]...",
	  .options = doctor_options,
	  .help = N_("check for common faults; exit 3: something was found"),
	  .example = "mailauthctl doctor\nmailauthctl --quiet doctor cron services",
	  .check = check_line,
	  .run = run_doctor },
	{ 0 },
};
