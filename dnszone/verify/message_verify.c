/*
 * The order of the queries determines how long a message takes.  The keys of the signatures are
 * queried first; the sender's SPF record and the DMARC records of the author, which depend on no
 * other answer, are sent with them.  DMARC's queries about the domains of the signatures are sent
 * with the rest of SPF.
 */
#include "dnszone/verify/message_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ctx.h"
#include "dnszone/name/dns_name.h"
#include "dnszone/spf/spf_trace.h"
#include "dnszone/verify/hidden_field.h"

#define COMMENT_MAX 120

/* When the keys, and then SPF, must be done, in eighths of the time for a message.  A sender names
 * the servers of both: if they are silent, there must be time left for the author's policy. */
#define EIGHTHS_FOR_KEYS 3
#define EIGHTHS_FOR_SPF 6

struct message_verifier {
	struct dkim_verifier *dkim;
	unsigned from_fields, hidden_froms;
	size_t from_len; /* of the first one */
	struct from_header from;
	struct message_signature signature[DKIM_SIGNATURES_MAX + 1];
	char comment[DKIM_SIGNATURES_MAX + 1][COMMENT_MAX];
	char from_text[FROM_FIELD_MAX]; /* the end: it is rarely touched */
};

struct message_verifier *message_verifier_new(void)
{
	struct message_verifier *verifier = calloc(1, sizeof(*verifier));
	if (!verifier)
		return NULL;
	verifier->dkim = dkim_verifier_new();
	if (verifier->dkim)
		return verifier;
	free(verifier);
	return NULL;
}

void message_verifier_free(struct message_verifier *verifier)
{
	if (!verifier)
		return;
	dkim_verifier_free(verifier->dkim);
	free(verifier);
}

void message_verifier_reset(struct message_verifier *verifier)
{
	dkim_verifier_reset(verifier->dkim);
	verifier->from_fields = 0;
	verifier->hidden_froms = 0;
	verifier->from_len = 0;
}

void message_verifier_field(struct message_verifier *verifier, struct octets name,
                            struct octets value)
{
	dkim_verifier_field(verifier->dkim, name, value);
	verifier->hidden_froms += hidden_field_froms(value);
	if (!from_header_is_name(name))
		return;
	if (verifier->from_fields++ > 0)
		return;
	verifier->from_len = value.len;
	if (value.len > 0 && value.len <= sizeof(verifier->from_text))
		memcpy(verifier->from_text, value.at, value.len);
}

bool message_verifier_end_fields(struct message_verifier *verifier, int64_t now)
{
	const struct octets values[2] = { { verifier->from_text, verifier->from_len } };
	/* two fields are as bad as many, and one that is too long is not read */
	size_t count = verifier->from_fields < 2 ? verifier->from_fields : 2;
	/* some programs show the hidden one */
	if (count == 1 && verifier->hidden_froms > 0)
		count = 2;
	from_header_parse(values, count, &verifier->from);
	bool is_good = verifier->from.fault == FROM_GOOD;
	return dkim_verifier_end_fields(verifier->dkim, now,
	                                is_good ? verifier->from.domain : NULL);
}

bool message_verifier_body(struct message_verifier *verifier, const void *octets,
                           size_t len)
{
	return dkim_verifier_body(verifier->dkim, octets, len);
}

const struct from_header *message_verifier_from(const struct message_verifier *verifier)
{
	return &verifier->from;
}

/* ---- signatures ------------------------------------------------------------------------------ */

static enum dmarc_check check_of(enum dkim_result result)
{
	return result == DKIM_PASS        ? DMARC_PASSED
	       : result == DKIM_TEMPERROR ? DMARC_UNDECIDED
	                                  : DMARC_NOT_PASSED;
}

struct message_signature message_signature_of(enum dkim_result result, const char *domain)
{
	return (struct message_signature){
		.result = dkim_result_name(result),
		.domain = domain,
		.selector = "",
		.algorithm = "",
		.b = "",
		.check = check_of(result),
	};
}

/* A signature that was lost with the memory for it has none. */
static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void note_signature(struct message_verifier *verifier, size_t i,
                           const struct dkim_report *report)
{
	struct message_signature *signature = &verifier->signature[i];
	char *comment = verifier->comment[i];
	*signature = message_signature_of(report->result, text_of(report->domain));
	signature->selector = text_of(report->selector);
	signature->algorithm = text_of(report->algorithm);
	signature->b = report->b;
	signature->reason = report->reason;
	if (report->reason)
		snprintf(comment, COMMENT_MAX, "%s", report->reason);
	else if (report->key_bits && strcmp(signature->algorithm, "ed25519-sha256") != 0)
		snprintf(comment, COMMENT_MAX, "%u-bit key", report->key_bits);
	else
		*comment = '\0';
	signature->comment = *comment ? comment : NULL;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void trace_signatures(struct dmarc_trace *trace,
                             const struct message_signature *signature, size_t count)
{
	for (size_t i = 0; trace && i < count; i++, signature++)
		dmarc_trace_add(
			trace, DMARC_EV_PART, "DKIM: %s, d=%s s=%s a=%s%s%s",
			signature->result, or_dash(signature->domain),
			or_dash(signature->selector), or_dash(signature->algorithm),
			signature->reason ? ": " : "", text_of(signature->reason));
	if (!count)
		dmarc_trace_add(trace, DMARC_EV_PART, "DKIM: none");
}

/* ---- queries --------------------------------------------------------------------------------- */

/* What SPF and DMARC will ask in any case. */
static void announce(const struct message_context *context,
                     const struct spf_question *question, const struct from_header *from)
{
	char domain[NAME_SIZE];
	struct dns_name name;
	struct octets sender = OCTETS_NONE;
	bool has_domain = context->checks_spf && spf_question_domain(question, domain);
	if (has_domain && dns_name_from_text(domain, strlen(domain), &name))
		resolver_ask_ahead(context->dns, &name, DNS_TXT, context->until);
	if (has_domain)
		sender = octets_of(domain);
	if (context->checks_dmarc && from->fault == FROM_GOOD)
		dmarc_verdict_ahead(octets_of(from->domain), &sender, sender.len ? 1 : 0,
		                    context->dns, context->until);
}

/* What DMARC asks about the domains of valid signatures. */
static void announce_signatures(const struct message_context *context,
                                const struct from_header *from,
                                const struct message_signature *signature, size_t count)
{
	struct octets domain[DKIM_VERIFIED_MAX];
	size_t known = 0;
	for (size_t i = 0; i < count && known < ARRAY_LEN(domain); i++)
		if (signature[i].check != DMARC_NOT_PASSED)
			domain[known++] = octets_of(signature[i].domain);
	if (context->checks_dmarc && known > 0 && from->fault == FROM_GOOD)
		dmarc_verdict_ahead(octets_of(from->domain), domain, known, context->dns,
		                    context->until);
}

static struct deadline part_of(const struct message_context *context, int64_t began,
                               unsigned eighths)
{
	int64_t whole = context->until.monotonic_ns - began;
	return (struct deadline){ began + (whole > 0 ? whole / 8 * eighths : 0) };
}

static void trace_spf(struct dmarc_trace *trace, const struct spf_trace *spf,
                      const struct message_results *results)
{
	dmarc_trace_add(trace, DMARC_EV_PART, "SPF: %s, %.*s",
	                spf_result_name(results->spf.result),
	                (int)results->spf_domain.len, text_of(results->spf_domain.at));
	for (size_t i = 0; i < spf->count; i++) {
		char line[1000];
		spf_trace_print(&spf->event[i], line, sizeof(line));
		dmarc_trace_add(trace,
		                spf->event[i].kind == SPF_EV_LOOKUP ? DMARC_EV_QUERY
		                                                    : DMARC_EV_RULE,
		                "%s", line);
	}
}

static void check_spf(const struct message_context *context, struct deadline until,
                      const struct message_envelope *envelope,
                      struct message_results *results)
{
	const struct spf_settings settings = { .mode = SPF_HEADERS_ONLY,
		                               .is_plain = true };
	struct spf_message message = { .sender = envelope->sender,
		                       .helo = envelope->helo,
		                       .receiver = context->receiver,
		                       .now = context->now };
	struct spf_context spf = { .dns = context->dns,
		                   .limits = SPF_LIMITS_DEFAULT,
		                   .until = until,
		                   .mem = context->mem };
	struct spf_question question;
	struct spf_trace trace = { 0 };
	char domain[NAME_SIZE];
	if (context->trace && spf_trace_init(&trace, context->mem))
		spf.trace = &trace;
	memcpy(message.client, envelope->client, sizeof(message.client));
	spf.limits.voids = context->void_limit;
	results->has_spf = true;
	results->identity = spf_message_question(&message, &question);
	spf_check(&spf, &settings, &message, &results->spf);
	if (spf_question_domain(&question, domain)) {
		const char *kept = arena_memdup(context->mem, domain, strlen(domain));
		results->spf_domain = octets_of(kept);
	}
	if (context->trace)
		trace_spf(context->trace, &trace, results);
}

static enum dmarc_check check_of_spf(enum spf_result result)
{
	return result == SPF_PASS        ? DMARC_PASSED
	       : result == SPF_TEMPERROR ? DMARC_UNDECIDED
	                                 : DMARC_NOT_PASSED;
}

void message_judge(const struct message_context *context, const struct from_header *from,
                   struct message_results *results)
{
	struct dmarc_identifier identifier[DMARC_IDENTIFIERS_MAX];
	struct dmarc_question question = { .identifier = identifier };
	size_t signature[DMARC_IDENTIFIERS_MAX]; /* whose identifier it is */
	results->has_dmarc = true;
	if (from->fault != FROM_GOOD) {
		dmarc_verdict_without_author(from->fault, context->trace,
		                             &results->dmarc);
		return;
	}
	question.from_domain = octets_of(from->domain);
	if (results->has_spf && results->spf_domain.len > 0)
		identifier[question.count++] = (struct dmarc_identifier){
			DMARC_SPF, check_of_spf(results->spf.result), results->spf_domain
		};
	const size_t first = question.count;
	/* those that prove nothing need no room */
	for (size_t i = 0; i < results->count && question.count < ARRAY_LEN(identifier);
	     i++) {
		const struct message_signature *s = &results->signature[i];
		if (s->check == DMARC_NOT_PASSED || !*s->domain)
			continue;
		signature[question.count] = i;
		identifier[question.count++] =
			(struct dmarc_identifier){ DMARC_DKIM, s->check,
			                           octets_of(s->domain) };
	}
	dmarc_verdict(&question, context->dns, context->until, context->mem,
	              context->trace, &results->dmarc);
	for (size_t i = first; i < question.count; i++)
		if (signature[i] < ARRAY_LEN(results->is_aligned))
			results->is_aligned[signature[i]] = results->dmarc.is_aligned[i];
}

static struct spf_question question_of(const struct message_envelope *envelope)
{
	const struct spf_message message = { .sender = envelope->sender,
		                             .helo = envelope->helo };
	struct spf_question question;
	spf_message_question(&message, &question);
	return question;
}

/* SPF, and the verdict. */
static void check_rest(const struct message_context *context, int64_t began,
                       const struct message_envelope *envelope,
                       const struct from_header *from, struct message_results *results)
{
	announce_signatures(context, from, results->signature, results->count);
	trace_signatures(context->trace, results->signature, results->count);
	if (context->checks_spf)
		check_spf(context, part_of(context, began, EIGHTHS_FOR_SPF), envelope,
		          results);
	if (context->checks_dmarc)
		message_judge(context, from, results);
}

void message_verdict(const struct message_context *context,
                     const struct message_envelope *envelope,
                     const struct from_header *from,
                     const struct message_signature *signature, size_t count,
                     struct message_results *ret_results)
{
	const struct spf_question question = question_of(envelope);
	*ret_results = (struct message_results){ .signature = signature, .count = count };
	announce(context, &question, from);
	check_rest(context, monotonic_ns(), envelope, from, ret_results);
}

void message_verifier_finish(struct message_verifier *verifier,
                             const struct message_context *context,
                             const struct message_envelope *envelope,
                             struct message_results *ret_results)
{
	const struct spf_question question = question_of(envelope);
	const int64_t began = monotonic_ns();
	const struct dkim_report *reports;
	announce(context, &question, &verifier->from);
	size_t count =
		dkim_verifier_finish(verifier->dkim, context->dns,
	                             part_of(context, began, EIGHTHS_FOR_KEYS), &reports);
	if (count > ARRAY_LEN(verifier->signature))
		count = ARRAY_LEN(verifier->signature);
	for (size_t i = 0; i < count; i++)
		note_signature(verifier, i, &reports[i]);
	*ret_results = (struct message_results){ .signature = verifier->signature,
		                                 .count = count };
	check_rest(context, began, envelope, &verifier->from, ret_results);
}

static bool is_domain(struct octets text, const char *domain)
{
	char name[NAME_SIZE];
	return name_from_mail(text, name) && strcmp(name, domain) == 0;
}

bool message_is_proven(const struct message_results *results, const char *domain)
{
	if (results->has_spf && results->spf.result == SPF_PASS &&
	    is_domain(results->spf_domain, domain))
		return true;
	for (size_t i = 0; i < results->count; i++)
		if (results->signature[i].check == DMARC_PASSED &&
		    is_domain(octets_of(results->signature[i].domain), domain))
			return true;
	return false;
}
