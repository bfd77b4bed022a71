/* `spf`: checks of a sender as the mail server makes them, and lint of records. */
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/findings.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "core/base/english.h"
#include "core/model/record/record.h"
#include "core/model/record/record_policy.h"
#include "core/model/setting/spf_setting.h"
#include "dnszone/lint/lint_spf.h"
#include "dnszone/name/name.h"
#include "dnszone/spf/received_spf.h"
#include "dnszone/spf/spf_check.h"
#include "dnszone/spf/spf_trace.h"
#include "dnszone/txt/policy_edit.h"

enum {
	CHECK_MEMORY = 4 * SPF_MEMORY, /* with a trace */
};

/* ---- one check ------------------------------------------------------------------------------- */

struct check {
	struct spf_settings settings;
	struct spf_message message;
	struct spf_verdict verdict;
	struct spf_trace trace;
	struct arena mem;
	struct resolver *dns;
	char received[RECEIVED_SPF_SIZE];
};

static void check_done(struct check *check)
{
	resolver_free(check->dns);
	arena_done(&check->mem);
	spf_setting_done(&check->settings);
}

/* "<>" and "" are the null sender, which is checked by the HELO name. */
static int load_message(struct app *app, struct check *check, struct err *err)
{
	const char *ip = args_get(app->args, "--ip");
	const char *from = args_get(app->args, "--from");
	const char *helo = args_get(app->args, "--helo");
	const char *to = args_get(app->args, "--to");
	struct spf_message *message = &check->message;
	if (!ip || !from)
		return err_set(err, ERR_USAGE, _("\"%s\" requires --ip and --from"),
		               app->row->words);
	if (strcmp(from, "<>") == 0)
		from = "";
	if (!*from && !helo)
		return err_set(err, ERR_USAGE,
		               _("the null sender is checked by its --helo name"));
	const struct env *env;
	if (!address_parse(ip, message->client))
		return err_set(err, ERR_USAGE,
		               _("--ip must be an IPv4 or IPv6 address, not \"%s\""), ip);
	int r = session_env(&app->session, &env, err);
	if (r < 0)
		return r;
	message->sender = octets_of(from);
	message->helo = octets_of(helo);
	message->is_to_postmaster = to && strncasecmp(to, "postmaster", 10) == 0 &&
	                            (!to[10] || to[10] == '@');
	message->receiver = env->hostname;
	message->now = ctx_now(&app->session.ctx);
	return 0;
}

static int run_one(struct app *app, struct check *check, bool is_traced, struct err *err)
{
	int r = load_message(app, check, err);
	if (r >= 0)
		r = spf_setting_load(app->session.store, &check->settings, err);
	check->settings.is_plain = args_has(app->args, "--plain");
	check->settings.is_explained = true;
	if (r >= 0)
		r = app_resolver(app, &check->dns, err);
	if (r < 0)
		return r;
	if (!arena_open(&check->mem, CHECK_MEMORY) ||
	    (is_traced && !spf_trace_init(&check->trace, &check->mem)))
		return err_set(err, ERR_FAILED, _("not enough memory for the check"));
	struct spf_context context = {
		.dns = check->dns,
		.limits = SPF_LIMITS_DEFAULT,
		.until = deadline_in_ms(SPF_TIME_LIMIT_MS),
		.mem = &check->mem,
		.trace = is_traced ? &check->trace : NULL,
	};
	/* the same text as from mailauth-policyd */
	char *paused = english_begin();
	spf_check(&context, &check->settings, &check->message, &check->verdict);
	english_end(paused);
	received_spf(&check->verdict, &check->message, check->received);
	bool is_good = check->settings.is_plain
	                       ? check->verdict.result == SPF_PASS
	                       : check->verdict.ruling.action == SPF_ACCEPT;
	app->has_found = !is_good;
	return 0;
}

static const struct out_column verdict_columns[] = {
	{ "result", N_("Result"), OUT_TEXT, 0 },
	{ "explanation", N_("Explanation"), OUT_TEXT, OUT_WRAP },
	{ "record", N_("Record"), OUT_TEXT, OUT_WRAP },
	{ "mechanism", N_("Mechanism"), OUT_TEXT, 0 },
	{ "decided_by", N_("Decided by"), OUT_TEXT, 0 },
	{ "problem", N_("Problem"), OUT_TEXT, OUT_WRAP },
	{ "lookups", N_("Look-ups"), OUT_INT, 0 },
	{ "void_lookups", N_("Void look-ups"), OUT_INT, 0 },
	{ "received_spf", N_("Received-SPF"), OUT_TEXT, OUT_WRAP },
	{ "action", N_("Action"), OUT_TEXT, 0 },
};

/* "accept", or "reject 550 5.7.23". */
static void put_verdict(struct app *app, const struct check *check)
{
	const struct spf_verdict *verdict = &check->verdict;
	const struct spf_ruling *ruling = &verdict->ruling;
	auto_free char *action =
		ruling->code ? xasprintf("%s %s", spf_action_name(ruling->action),
	                                 ruling->code)
			     : xstrdup(spf_action_name(ruling->action));
	out_text(app->out, spf_result_name(verdict->result));
	out_text(app->out, *verdict->explanation ? verdict->explanation : NULL);
	out_octets(app->out, verdict->record);
	out_octets(app->out, verdict->mechanism);
	bool has_decided = verdict->record.len || verdict->decided_by != SPF_FROM_RECORD;
	out_text(app->out, has_decided ? spf_origin_name(verdict->decided_by) : NULL);
	out_text(app->out, verdict->problem);
	out_int(app->out, verdict->lookups);
	out_int(app->out, verdict->voids);
	out_text(app->out, check->received);
	out_text(app->out, check->settings.is_plain ? NULL : action);
}

static int run_check(struct app *app, struct err *err)
{
	cleanup(check_done) struct check check = { 0 };
	int r = run_one(app, &check, false, err);
	if (r < 0)
		return r;
	out_object_begin(app->out, verdict_columns, ARRAY_LEN(verdict_columns));
	put_verdict(app, &check);
	out_end(app->out);
	return 0;
}

/* ---- the trace ------------------------------------------------------------------------------- */

static void put_tree(struct app *app, const struct spf_trace *trace)
{
	for (size_t i = 0; i < trace->count; i++) {
		char line[1024];
		const struct spf_event *event = &trace->event[i];
		unsigned depth = event->depth * 2 + (event->kind == SPF_EV_RECORD   ? 0
		                                     : event->kind == SPF_EV_LOOKUP ? 2
		                                                                    : 1);
		spf_trace_print(event, line, sizeof(line));
		auto_free char *text = xasprintf("%*s%s\n", (int)depth * 2, "", line);
		out_plain(app->out, text, strlen(text));
	}
	if (trace->is_cut)
		out_plain(app->out, "...\n", 4);
}

static void put_events(struct app *app, const struct spf_trace *trace)
{
	static const char *const kinds[] = { "record", "term", "lookup", "result" };
	static const struct out_column columns[] = {
		{ "kind", NULL, OUT_TEXT, OUT_HIDE_TABLE },
		{ "depth", NULL, OUT_INT, OUT_HIDE_TABLE },
		{ "origin", NULL, OUT_TEXT, OUT_HIDE_TABLE },
		{ "text", NULL, OUT_TEXT, OUT_HIDE_TABLE },
		{ "cost", NULL, OUT_INT, OUT_HIDE_TABLE },
		{ "voids", NULL, OUT_INT, OUT_HIDE_TABLE },
		{ "line", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	};
	out_nested_begin(app->out, "trace", N_("Trace"), columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < trace->count; i++) {
		char line[1024];
		const struct spf_event *event = &trace->event[i];
		spf_trace_print(event, line, sizeof(line));
		out_text(app->out, kinds[event->kind]);
		out_int(app->out, event->depth);
		out_text(app->out, spf_origin_name(event->origin));
		out_octets(app->out, event->text);
		out_int(app->out, event->cost);
		out_int(app->out, event->voids);
		out_text(app->out, line);
		out_row_end(app->out);
	}
	out_nested_end(app->out);
}

static int run_explain(struct app *app, struct err *err)
{
	cleanup(check_done) struct check check = { 0 };
	int r = run_one(app, &check, true, err);
	if (r < 0)
		return r;
	bool is_table = out_get_format(app->out) == OUT_FORMAT_TABLE;
	if (is_table) {
		put_tree(app, &check.trace);
		out_plain(app->out, "\n", 1);
	}
	out_object_begin(app->out, verdict_columns, ARRAY_LEN(verdict_columns));
	put_verdict(app, &check);
	if (!is_table)
		put_events(app, &check.trace);
	out_end(app->out);
	return 0;
}

/* ---- lint ------------------------------------------------------------------------------------ */

/* `arg`: the resolver; NULL: no look-ups. */
static void lint_line(void *arg, struct octets text, struct lint_list *list)
{
	lint_spf_record(
		&(struct lint_spf_input){ .text = text,
	                                  .dns = arg,
	                                  .until = deadline_in_ms(SPF_TIME_LIMIT_MS) },
		list);
}

static int run_lint(struct app *app, struct err *err)
{
	const char *record = args_get(app->args, "--record");
	const char *typed = args_word(app->args, 0);
	char name[NAME_SIZE];
	auto_resolver *dns = NULL;
	auto_lint_list list = LINT_LIST_INIT;
	int r = 0;
	if (typed)
		r = name_parse_owner(typed, name, err);
	if (r >= 0 &&
	    (typed || args_has(app->args, "--resolver") || args_has(app->args, "--zone")))
		r = app_resolver(app, &dns, err);
	if (r < 0)
		return r;
	if (args_has(app->args, "--records-from"))
		return findings_of_lines(app, lint_line, dns, err);
	if (record)
		lint_line(dns, octets_of(record), &list);
	else
		lint_spf_domain(name, dns, deadline_in_ms(SPF_TIME_LIMIT_MS), &list);
	findings_show(app, &list);
	return 0;
}

/* ---- the policy of a domain ------------------------------------------------------------------- */

/* Applies every --remove, then every --add, to the current policy. */
static int edit_policy(struct app *app, const struct domain *domain, char **ret_text,
                       struct err *err)
{
	const struct {
		const char *option;
		int (*edit)(const char *text, const char *term, char **ret_text,
		            struct err *err);
	} edits[] = {
		{ "--remove", policy_edit_spf_remove },
		{ "--add", policy_edit_spf_add },
	};
	auto_free char *text = NULL;
	int r = record_policy_get(app->session.store, domain, POLICY_SPF, &text, err);
	if (r >= 0 && !text)
		r = err_set(err, ERR_MISSING,
		            _("%s has no SPF record to change; to add one, run "
		              "\"mailauthctl spf set %s 'v=spf1 ...'\""),
		            domain->name, domain->name);
	for (size_t k = 0; k < ARRAY_LEN(edits); k++) {
		const char *term;
		for (size_t i = 0;
		     r >= 0 && (term = args_get_nth(app->args, edits[k].option, i));
		     i++) {
			char *edited = NULL;
			r = edits[k].edit(text, term, &edited, err);
			if (r < 0)
				break;
			free(text);
			text = edited;
		}
	}
	if (r < 0)
		return r;
	*ret_text = text;
	text = NULL;
	return 0;
}

/* Either a text, edits, or --reset. */
static int check_set(struct app *app, struct err *err)
{
	bool has_text = args_word(app->args, 1) != NULL;
	bool has_edits = args_has(app->args, "--add") || args_has(app->args, "--remove");
	bool is_reset = args_has(app->args, "--reset");
	if (has_text + has_edits + is_reset == 1 &&
	    !(is_reset && args_has(app->args, "--ttl")))
		return 0;
	return err_set(err, ERR_USAGE,
	               _("\"spf set\" requires the text of the record, --add and "
	                 "--remove, or --reset alone"));
}

static int run_set(struct app *app, struct err *err)
{
	return cmd_set_policy(app, POLICY_SPF, args_word(app->args, 1), edit_policy, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct option_row check_options[] = {
	{ "--ip", "<address>", N_("address of the client"), 0, 0 },
	{ "--from", "<sender>", N_("envelope sender; <> or empty: the null sender"), 0,
	  0 },
	{ "--helo", "<name>", N_("host name in HELO or EHLO"), 0, 0 },
	{ "--to", "<recipient>", N_("recipient; mail to postmaster is never rejected"), 0,
	  0 },
	{ "--plain", NULL, N_("use only RFC 7208, without the settings of the server"), 0,
	  0 },
	OPTION_RESOLVER,
	OPTION_ZONE,
	{ 0 },
};
static const struct option_row lint_options[] = {
	OPTION_RECORD, OPTION_RECORDS_FROM, OPTION_RESOLVER, OPTION_ZONE, { 0 },
};
static const struct option_row set_options[] = {
	{ "--add", "<term>", N_("add this term to the record"), true, 0, OPTION_FOR_ALL },
	{ "--remove", "<term>", N_("remove this term from the record"), true, 0,
	  OPTION_FOR_ALL },
	OPTION_POLICY_RESET,
	OPTION_TTL,
	{ 0 },
};

const struct command commands_spf[] = {
	{ .words = "spf check",
	  .options = check_options,
	  .help = N_("check a sender as the mail server does; exit 3: not accepted"),
	  .example = "mailauthctl spf check --ip 192.0.2.1 --from user@example.com",
	  .needs = NEED_STORE_READ,
	  .run = run_check },
	{ .words = "spf explain",
	  .options = check_options,
	  .help = N_("check a sender, and show every term and look-up"),
	  .example = "mailauthctl spf explain --ip 192.0.2.1 --from user@example.com",
	  .needs = NEED_STORE_READ,
	  .run = run_explain },
	{ .words = "spf lint",
	  .args = "<domain>|--record|--records-from",
	  .options = lint_options,
	  .help = N_("find faults in an SPF record; exit 3: warnings or errors"),
	  .example = "mailauthctl spf lint --record 'v=spf1 mx -all'",
	  .needs = NEED_OWN_ACCESS,
	  .run = run_lint },
	{ .words = "spf set",
	  .args = "<domain> [<record>]",
	  .options = set_options,
	  .help = N_("change the SPF record of a domain"),
	  .example = "mailauthctl spf set example.com 'v=spf1 mx -all'\n"
	             "mailauthctl spf set example.com --add include:spf.example.net",
	  .needs = NEED_OWN_ACCESS | NEED_CHANGE,
	  .check = check_set,
	  .run = run_set },
	{ 0 },
};
