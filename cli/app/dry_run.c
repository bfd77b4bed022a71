/*
 * A dry run for people and for programs: rows of the store, records, then the mail server's files.
 */
#include "cli/app/dry_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/app/changes.h"
#include "core/base/alloc.h"
#include "core/job/preview.h"
#include "core/mta/plan/diff.h"
#include "core/store/change.h"
#include "dnszone/name/rr.h"

/* ---- for people ------------------------------------------------------------------------------ */

#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

static void put_coloured(struct buf *out, const char *colour, bool is_coloured,
                         const char *text)
{
	if (is_coloured)
		buf_puts(out, colour);
	buf_puts(out, text);
	if (is_coloured)
		buf_puts(out, PLAIN);
}

static void put_record(struct buf *out, const struct preview_record *row,
                       bool is_coloured)
{
	auto_buf line = BUF_INIT;
	auto_buf safe = BUF_INIT;
	auto_free char *owner = xmemdup(row->owner, strlen(row->owner) - 1);
	buf_putc(&line, row->is_added ? '+' : '-');
	rr_put_line(&line, owner, row->ttl, row->type, row->rdata);
	size_t len = line.len;
	while (len && buf_text(&line)[len - 1] == '\n')
		len--;
	buf_add(&safe, buf_text(&line), len);
	put_coloured(out, row->is_added ? GREEN : RED, is_coloured, buf_text(&safe));
	buf_putc(out, '\n');
}

static void show_due(const struct preview *view, bool is_coloured, struct buf *out)
{
	const struct export_state *export = &view->export;
	for (size_t i = 0; i < export->count; i++) {
		const struct export_due *due = &export->row[i];
		const char *before = due->before ? due->before : "";
		const char *after = due->after ? due->after : "";
		auto_free char *path =
			xasprintf("%s/%s.zone", export->directory, due->name);
		auto_free char *old =
			xasprintf("--- %s", due->before ? path : "/dev/null");
		auto_free char *new =
			xasprintf("+++ %s", due->after ? path : "/dev/null");
		put_coloured(out, BOLD, is_coloured, old);
		buf_putc(out, '\n');
		put_coloured(out, BOLD, is_coloured, new);
		buf_putc(out, '\n');
		diff_unified(before, strlen(before), after, strlen(after), is_coloured,
		             out);
	}
	int64_t more = export->due - (int64_t) export->count;
	if (export->due && more > 0)
		buf_printf(out,
		           export->is_exact
		                   ? ngettext("and %" PRId64 " more zone\n",
		                              "and %" PRId64 " more zones\n",
		                              (unsigned long)more)
		                   : ngettext("and up to %" PRId64 " more zone\n",
		                              "and up to %" PRId64 " more zones\n",
		                              (unsigned long)more),
		           more);
}

static void show_zones(const struct preview *view, bool is_coloured, struct buf *out)
{
	const char *zone = "";
	for (size_t i = 0; i < view->records; i++) {
		const struct preview_record *row = &view->record[i];
		if (strcmp(zone, row->zone) != 0) {
			auto_free char *header = xasprintf(_("zone %s"), row->zone);
			put_coloured(out, BOLD, is_coloured, header);
			buf_putc(out, '\n');
		}
		zone = row->zone;
		put_record(out, row, is_coloured);
	}
	if (view->omitted > 0)
		buf_printf(out,
		           ngettext("and up to %" PRId64 " more zone\n",
		                    "and up to %" PRId64 " more zones\n",
		                    (unsigned long)view->omitted),
		           view->omitted);
	show_due(view, is_coloured, out);
}

static void show_waits(const struct preview *view, struct buf *out)
{
	for (size_t i = 0; i < view->waits; i++)
		buf_printf(out, "%s%s%s\n",
		           view->wait[i].domain ? view->wait[i].domain : "",
		           view->wait[i].domain ? ": " : "", view->wait[i].reason);
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void emit_records(const struct preview *view, struct out *out)
{
	static const struct out_column columns[] = {
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
		{ "action", N_("Action"), OUT_TEXT, 0 },
		{ "owner", N_("Owner"), OUT_TEXT, 0 },
		{ "ttl", N_("TTL"), OUT_INT, 0 },
		{ "type", N_("Type"), OUT_TEXT, 0 },
		{ "data", N_("Data"), OUT_TEXT, 0 },
	};
	out_nested_begin(out, "records", N_("Records"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < view->records; i++) {
		const struct preview_record *row = &view->record[i];
		out_text(out, row->zone);
		out_text(out, row->is_added ? "add" : "remove");
		out_text(out, row->owner);
		out_int(out, row->ttl);
		out_text(out, row->type);
		out_text(out, row->rdata);
		out_row_end(out);
	}
	out_nested_end(out);
}

static void emit_due(const struct preview *view, struct out *out)
{
	static const struct out_column columns[] = {
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
		{ "action", N_("Action"), OUT_TEXT, 0 },
	};
	const struct export_state *export = &view->export;
	out_nested_begin(out, "zones", N_("Zones"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < export->count; i++) {
		out_text(out, export->row[i].name);
		out_text(out, export->row[i].after ? "write" : "remove");
		out_row_end(out);
	}
	out_nested_end(out);
}

static void emit_preview(const struct preview *view, struct out *out)
{
	static const struct out_column columns[] = {
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "reason", N_("Reason"), OUT_TEXT, 0 },
	};
	emit_records(view, out);
	emit_due(view, out);
	out_nested_begin(out, "pending", N_("Pending"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < view->waits; i++) {
		out_text(out, view->wait[i].domain);
		out_text(out, view->wait[i].reason);
		out_row_end(out);
	}
	out_nested_end(out);
}

/* ---- a change -------------------------------------------------------------------------------- */

/* What would be done, collected inside the transaction. */
struct dry_run {
	bool is_changed;
	int64_t id; /* of the change, if is_changed */
	struct push *push;
	struct preview view;
	struct buf plan; /* drift and steps, as text */
};

static int show_object(struct app *app, struct dry_run *run, struct err *err)
{
	static const struct out_column columns[] = {
		{ "plan", N_("Plan"), OUT_TEXT, 0 },
		{ "records_omitted", NULL, OUT_INT, OUT_HIDE_TABLE },
		{ "zones_due", NULL, OUT_INT, OUT_HIDE_TABLE },
	};
	int r = 0;
	out_object_begin(app->out, columns, ARRAY_LEN(columns));
	out_text(app->out, run->push ? buf_text(&run->plan) : NULL);
	out_int(app->out, run->view.omitted);
	out_int(app->out, run->view.export.due);
	out_nested_begin(app->out, "changes", N_("Changes"), changes_columns,
	                 CHANGES_COLUMNS);
	if (run->is_changed)
		r = change_items(app->session.store, run->id, changes_emit, app->out,
		                 err);
	out_nested_end(app->out);
	if (app->session.push.is_explicit)
		changes_drifts(app->out, run->push ? push_drifts(run->push) : NULL);
	emit_preview(&run->view, app->out);
	out_end(app->out);
	return r;
}

/* Sections that are not empty, each below its heading. */
static void show_section(struct app *app, bool is_coloured, const char *heading,
                         const struct buf *text, bool *is_first)
{
	auto_buf head = BUF_INIT;
	if (!text->len)
		return;
	buf_printf(&head, "%s%s%s:%s\n", *is_first ? "" : "\n",
	           is_coloured ? "\033[1m" : "", heading, is_coloured ? "\033[0m" : "");
	*is_first = false;
	out_plain(app->out, buf_text(&head), head.len);
	out_plain(app->out, buf_text(text), text->len);
}

static int show_rows(struct app *app, struct dry_run *run, struct err *err)
{
	int r;
	if (!run->is_changed)
		return 0;
	out_list_begin(app->out, changes_columns, CHANGES_COLUMNS);
	r = change_items(app->session.store, run->id, changes_emit, app->out, err);
	out_end(app->out);
	return r;
}

static int show_sections(struct app *app, struct dry_run *run, bool is_coloured,
                         struct err *err)
{
	auto_buf zones = BUF_INIT;
	auto_buf waits = BUF_INIT;
	bool is_first = !run->is_changed;
	int r = show_rows(app, run, err);
	show_zones(&run->view, is_coloured, &zones);
	show_waits(&run->view, &waits);
	show_section(app, is_coloured, _("DNS"), &zones, &is_first);
	show_section(app, is_coloured, _("Mail server"), &run->plan, &is_first);
	show_section(app, is_coloured, _("Pending"), &waits, &is_first);
	return r;
}

int dry_run_show(void *arg, bool is_changed, struct push *push, struct err *err)
{
	struct app *app = arg;
	struct dry_run run = { .is_changed = is_changed, .push = push };
	enum out_format format = out_get_format(app->out);
	bool is_coloured = format == OUT_FORMAT_TABLE && !app->opt.is_colour_off &&
	                   out_can_colour(stdout);
	struct generation now = { 0, 0 };
	int r = generation_now(app->session.store, &now, err);
	run.id = now.id;
	if (r >= 0)
		r = preview_load(&app->session, is_changed, format == OUT_FORMAT_JSON,
		                 &run.view, err);
	if (push) {
		app->has_plan = push_plan(push)->count != 0;
		app->has_drift = push_drifts(push)->count != 0;
		drift_show(push_drifts(push), &run.plan);
		plan_show(push_plan(push), is_coloured, &run.plan);
	}
	if (r >= 0 && format == OUT_FORMAT_JSON) {
		r = show_object(app, &run, err);
	} else if (r >= 0 && format == OUT_FORMAT_TSV) {
		r = show_rows(app, &run, err);
		out_plain(app->out, buf_text(&run.plan), run.plan.len);
	} else if (r >= 0) {
		r = show_sections(app, &run, is_coloured, err);
	}
	buf_done(&run.plan);
	preview_done(&run.view);
	return r;
}

/* ---- an export ------------------------------------------------------------------------------- */

static int show_zone(void *arg, const char *name, enum export_action action,
                     struct err *err)
{
	static const char *const words[] = {
		[EXPORT_UNCHANGED] = NULL,
		[EXPORT_WRITTEN] = "write",
		[EXPORT_REMOVED] = "remove",
		[EXPORT_FAILED] = "failed",
	};
	struct app *app = arg;
	(void)err;
	if (words[action]) {
		out_text(app->out, name);
		out_text(app->out, words[action]);
		out_row_end(app->out);
	}
	return 0;
}

int dry_run_show_export(void *arg, const struct export *export, struct err *err)
{
	static const struct out_column columns[] = {
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
		{ "action", N_("Action"), OUT_TEXT, 0 },
	};
	struct app *app = arg;
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	int r = export_each(export, show_zone, app, err);
	out_end(app->out);
	return r;
}
