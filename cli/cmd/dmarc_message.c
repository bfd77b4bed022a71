/*
 * `dmarc check --message`: From, SPF and DKIM of a message, checked as mailauth-policyd checks a
 * message that a client delivers.
 */
#include <string.h>
#include <strings.h>

#include "cli/cmd/dmarc_input.h"
#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/english.h"
#include "dnszone/dkim/dkim_message.h"
#include "dnszone/spf/spf_check.h"
#include "dnszone/spf/spf_trace.h"

#define MESSAGE_LIMIT ((size_t)256 << 20)

/* ---- reading ---------------------------------------------------------------------------------- */

struct reader {
	struct dmarc_input *input;
	int64_t now;
	struct buf from; /* the value of the first From field */
	size_t from_count;
};

static void read_field(void *arg, struct octets name, struct octets value)
{
	struct reader *reader = arg;
	dkim_verifier_field(reader->input->verifier, name, value);
	if (!from_header_is_name(name) || reader->from_count++ > 0)
		return;
	buf_add(&reader->from, value.at, value.len);
}

static void read_end_fields(void *arg)
{
	struct reader *reader = arg;
	struct dmarc_input *input = reader->input;
	const struct octets value = { buf_text(&reader->from), reader->from.len };
	struct from_header from;
	if (reader->from_count > 1)
		from.fault = FROM_SEVERAL_FIELDS;
	else
		from_header_parse(&value, reader->from_count, &from);
	input->fault = from.fault;
	if (from.fault == FROM_GOOD) {
		memcpy(input->author, from.domain, sizeof(from.domain));
		/* the walk travels together with the keys */
		dmarc_verdict_ahead(octets_of(input->author), NULL, 0, input->dns,
		                    input->until);
	}
	/* the body is passed whether it is needed or not */
	(void)!dkim_verifier_end_fields(input->verifier, reader->now,
	                                from.fault == FROM_GOOD ? input->author : NULL);
}

static void read_body(void *arg, const char *octets, size_t len)
{
	struct reader *reader = arg;
	(void)dkim_verifier_body(reader->input->verifier, octets, len);
}

static int read_message(struct app *app, struct dmarc_input *input, struct err *err)
{
	const char *name = args_get(app->args, "--message");
	auto_buf text = BUF_INIT;
	struct reader reader = { .input = input, .now = ctx_now(&app->session.ctx) };
	struct dkim_message message = {
		.field = read_field,
		.end_fields = read_end_fields,
		.body = read_body,
		.arg = &reader,
	};
	int r = app_read_input(app, name, MESSAGE_LIMIT, &text, err);
	if (r < 0)
		return r;
	bool is_read = dkim_message_feed(&message, buf_text(&text), text.len);
	dkim_message_end(&message);
	buf_done(&reader.from);
	return is_read ? 0
	               : err_set(err, ERR_USAGE, _("%s: a header field is too large"),
	                         name);
}

/* ---- checks ----------------------------------------------------------------------------------- */

static void trace_spf(struct dmarc_input *input, const struct spf_trace *trace)
{
	dmarc_trace_add(input->trace, DMARC_EV_PART, "SPF: %s, %s", input->spf,
	                input->spf_domain);
	for (size_t i = 0; i < trace->count; i++) {
		char line[1000];
		spf_trace_print(&trace->event[i], line, sizeof(line));
		dmarc_trace_add(input->trace,
		                trace->event[i].kind == SPF_EV_LOOKUP ? DMARC_EV_QUERY
		                                                      : DMARC_EV_RULE,
		                "%s", line);
	}
}

/* The sender's record travels together with the keys. */
static void announce_spf(struct dmarc_input *input, const struct spf_message *message)
{
	struct spf_question question;
	char domain[NAME_SIZE];
	struct dns_name name;
	spf_message_question(message, &question);
	if (spf_question_domain(&question, domain) &&
	    dns_name_from_octets(domain, strlen(domain), &name))
		resolver_ask_ahead(input->dns, &name, DNS_TXT, input->until);
}

static int read_sender(struct app *app, struct spf_message *ret_message, struct err *err)
{
	const char *from = args_get(app->args, "--mail-from");
	const char *helo = args_get(app->args, "--helo");
	const char *ip = args_get(app->args, "--ip");
	struct spf_message message = { .now = ctx_now(&app->session.ctx) };
	if (strcmp(from, "<>") == 0)
		from = "";
	if (!*from && !helo)
		return err_set(err, ERR_USAGE,
		               _("the null sender is checked by its --helo name"));
	if (!address_parse(ip, message.client))
		return err_set(err, ERR_USAGE,
		               _("--ip must be an IPv4 or IPv6 address, not \"%s\""), ip);
	message.sender = octets_of(from);
	message.helo = octets_of(helo);
	*ret_message = message;
	return 0;
}

/* RFC 9989 4.4.2: MAIL FROM, or HELO for the null sender; RFC 7208 alone, no rules of ours. */
static int check_spf(struct dmarc_input *input, const struct spf_message *message,
                     struct err *err)
{
	const struct spf_settings settings = { .is_plain = true };
	struct spf_question question;
	struct spf_verdict verdict;
	struct spf_trace trace = { 0 };
	if (input->trace && !spf_trace_init(&trace, &input->mem))
		return err_set(err, ERR_FAILED, _("not enough memory for the check"));
	const struct spf_context context = {
		.dns = input->dns,
		.limits = SPF_LIMITS_DEFAULT,
		.until = input->until,
		.mem = &input->mem,
		.trace = input->trace ? &trace : NULL,
		.is_unexplained = true,
	};
	char *paused = english_begin();
	spf_check(&context, &settings, message, &verdict);
	english_end(paused);
	spf_message_question(message, &question);
	input->spf = spf_result_name(verdict.result);
	input->spf_domain =
		arena_memdup(&input->mem, question.domain.at, question.domain.len);
	if (!input->spf_domain)
		return err_set(err, ERR_FAILED, _("not enough memory for the check"));
	input->identifier[input->question.count++] =
		(struct dmarc_identifier){ DMARC_SPF, dmarc_check_of(input->spf),
		                           octets_of(input->spf_domain) };
	if (input->trace)
		trace_spf(input, &trace);
	return 0;
}

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static void check_dkim(struct dmarc_input *input)
{
	const struct dkim_report *reports;
	size_t count =
		dkim_verifier_finish(input->verifier, input->dns, input->until, &reports);
	for (size_t i = 0; i < count; i++) {
		const struct dkim_report *report = &reports[i];
		struct dmarc_signature *s = &input->signature[input->signatures++];
		*s = (struct dmarc_signature){
			dkim_result_name(report->result), report->reason,
			or_null(report->domain),          or_null(report->selector),
			or_null(report->algorithm),       DMARC_IDENTIFIERS_MAX,
		};
		dmarc_trace_add(input->trace, DMARC_EV_PART,
		                "DKIM: %s, d=%s s=%s a=%s%s%s", s->result,
		                s->domain ? s->domain : "-",
		                s->selector ? s->selector : "-",
		                s->algorithm ? s->algorithm : "-", s->reason ? ": " : "",
		                s->reason ? s->reason : "");
		enum dmarc_check check = dmarc_check_of(s->result);
		if (check == DMARC_NOT_PASSED || !s->domain ||
		    input->question.count == DMARC_IDENTIFIERS_MAX - 1)
			continue;
		s->identifier = input->question.count;
		input->identifier[input->question.count++] =
			(struct dmarc_identifier){ DMARC_DKIM, check,
			                           octets_of(s->domain) };
	}
	if (!count)
		dmarc_trace_add(input->trace, DMARC_EV_PART, "DKIM: none");
}

int dmarc_message_load(struct app *app, struct dmarc_input *input, struct err *err)
{
	struct spf_message message;
	int r = read_sender(app, &message, err);
	if (r < 0)
		return r;
	input->verifier = dkim_verifier_new();
	if (!input->verifier)
		return err_set(err, ERR_FAILED, _("not enough memory for the check"));
	r = read_message(app, input, err);
	if (r < 0)
		return r;
	announce_spf(input, &message);
	check_dkim(input);
	return check_spf(input, &message, err);
}
