/* `dmarc check` and `dmarc explain`: the verdict on identifiers or a message. */
#include <stdio.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/cmd/dmarc_input.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/model/setting/setting.h"
#include "dnszone/dmarc/dmarc_verdict.h"

struct check {
	struct dmarc_input input;
	enum dmarc_disposition disposition;
};

static void check_done(struct check *check)
{
	dmarc_input_done(&check->input);
}

/* An exception keeps the message from being refused, and the reason says so. */
static void spare(struct app *app, struct check *check, struct dmarc_verdict *verdict)
{
	const struct dmarc_input *input = &check->input;
	const char *exception =
		exceptions_find(&input->exceptions, &input->results,
	                        input->has_client ? &input->client : NULL);
	if (!exception)
		return;
	if (strcmp(exception, EXCEPTION_CLIENT) == 0)
		exception = args_get(app->args, "--ip");
	auto_free char *reason = xstrdup(verdict->reason);
	snprintf(verdict->reason, sizeof(verdict->reason),
	         _("%s; not refused, since %s is an exception"), reason, exception);
	check->disposition = DMARC_DELIVER;
}

static int run_one(struct app *app, struct check *check, bool is_traced, struct err *err)
{
	bool does_reject = true;
	int r = 0;
	if (!args_has(app->args, "--plain"))
		r = setting_bool(app->session.store, SET_DMARC_REJECT, 0, &does_reject,
		                 err);
	if (r >= 0)
		r = dmarc_input_load(app, &check->input, is_traced, err);
	if (r < 0)
		return r;
	struct dmarc_verdict *verdict = &check->input.results.dmarc;
	check->disposition = dmarc_verdict_disposition(verdict, does_reject);
	if (check->disposition >= DMARC_REJECT)
		spare(app, check, verdict);
	app->has_found =
		check->disposition != DMARC_DELIVER || verdict->result == DMARC_TEMPERROR;
	return 0;
}

/* ---- output ----------------------------------------------------------------------------------- */

static const struct out_column verdict_columns[] = {
	{ "result", N_("Result"), OUT_TEXT, 0 },
	{ "from_domain", N_("From domain"), OUT_TEXT, 0 },
	{ "policy", N_("Policy"), OUT_TEXT, 0 },
	{ "disposition", N_("Disposition"), OUT_TEXT, 0 },
	{ "organizational_domain", N_("Organizational domain"), OUT_TEXT, 0 },
	{ "record_domain", N_("Domain of the record"), OUT_TEXT, 0 },
	{ "record", N_("Record"), OUT_TEXT, OUT_WRAP },
	{ "spf_aligned", N_("SPF aligned"), OUT_BOOL, 0 },
	{ "dkim_aligned", N_("DKIM aligned"), OUT_BOOL, 0 },
	{ "spf", "SPF", OUT_TEXT, 0 },
	{ "spf_domain", N_("SPF domain"), OUT_TEXT, 0 },
	{ "queries", N_("DMARC queries"), OUT_INT, 0 },
	{ "reason", N_("Reason"), OUT_TEXT, OUT_WRAP },
};

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static void put_verdict(struct app *app, const struct check *check)
{
	const struct message_results *results = &check->input.results;
	const struct dmarc_verdict *verdict = &results->dmarc;
	struct out *out = app->out;
	/* without a policy there is no organization that anything is compared with */
	bool has_policy = verdict->result != DMARC_NONE;
	out_text(out, dmarc_result_name(verdict->result));
	out_text(out, or_null(verdict->from_domain));
	out_text(out, dmarc_verdict_policy(verdict));
	out_text(out, dmarc_disposition_name(check->disposition));
	out_text(out, has_policy ? or_null(verdict->organizational_domain) : NULL);
	out_text(out, or_null(verdict->record_domain));
	out_octets(out, verdict->record);
	out_bool(out, verdict->is_spf_aligned);
	out_bool(out, verdict->is_dkim_aligned);
	out_text(out, results->has_spf ? spf_result_name(results->spf.result) : NULL);
	out_text(out, results->spf_domain.len ? results->spf_domain.at : NULL);
	out_int(out, verdict->queries);
	out_text(out, verdict->reason);
}

static void put_signatures(struct app *app, const struct check *check)
{
	static const struct out_column columns[] = {
		{ "result", N_("Result"), OUT_TEXT, 0 },
		{ "reason", N_("Reason"), OUT_TEXT, OUT_WRAP },
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "selector", N_("Selector"), OUT_TEXT, 0 },
		{ "algorithm", N_("Algorithm"), OUT_TEXT, 0 },
		{ "aligned", N_("Aligned"), OUT_BOOL, 0 },
	};
	out_nested_begin(app->out, "signatures", N_("Signatures"), columns,
	                 ARRAY_LEN(columns));
	const struct message_results *results = &check->input.results;
	for (size_t i = 0; i < results->count; i++) {
		const struct message_signature *s = &results->signature[i];
		out_text(app->out, s->result);
		out_text(app->out, s->reason);
		out_text(app->out, or_null(s->domain));
		out_text(app->out, or_null(s->selector));
		out_text(app->out, or_null(s->algorithm));
		out_bool(app->out, results->is_aligned[i]);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
}

int cmd_dmarc_check(struct app *app, struct err *err)
{
	cleanup(check_done) struct check check = { 0 };
	int r = run_one(app, &check, false, err);
	if (r < 0)
		return r;
	out_object_begin(app->out, verdict_columns, ARRAY_LEN(verdict_columns));
	put_verdict(app, &check);
	put_signatures(app, &check);
	out_end(app->out);
	return 0;
}

static void put_tree(struct app *app, const struct dmarc_trace *trace)
{
	for (size_t i = 0; i < trace->count; i++) {
		const struct dmarc_event *event = &trace->event[i];
		if (event->kind != DMARC_EV_PART)
			out_plain(app->out, "  ", 2);
		out_line(app->out, event->line);
	}
	if (trace->is_cut)
		out_line(app->out, "...");
}

static void put_events(struct app *app, const struct dmarc_trace *trace)
{
	static const struct out_column columns[] = {
		{ "kind", NULL, OUT_TEXT, OUT_HIDE_TABLE },
		{ "line", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	};
	out_nested_begin(app->out, "trace", N_("Trace"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < trace->count; i++) {
		out_text(app->out, dmarc_event_name(trace->event[i].kind));
		out_text(app->out, trace->event[i].line);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
}

int cmd_dmarc_explain(struct app *app, struct err *err)
{
	cleanup(check_done) struct check check = { 0 };
	int r = run_one(app, &check, true, err);
	if (r < 0)
		return r;
	bool is_table = out_get_format(app->out) == OUT_FORMAT_TABLE;
	if (is_table) {
		put_tree(app, check.input.context.trace);
		out_plain(app->out, "\n", 1);
	}
	out_object_begin(app->out, verdict_columns, ARRAY_LEN(verdict_columns));
	put_verdict(app, &check);
	put_signatures(app, &check);
	if (!is_table)
		put_events(app, check.input.context.trace);
	out_end(app->out);
	return 0;
}
