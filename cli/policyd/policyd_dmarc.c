/*
 * The value is a From field or the author domain itself.  A truncated value has no author domain:
 * the missing end may contain another author.  A truncated list of signatures is not used at all,
 * because it may end within a name.
 */
#include "cli/policyd/policyd_dmarc.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "cli/policyd/policyd_incoming.h"
#include "cli/policyd/policyd_outcome.h"
#include "cli/policyd/policyd_results.h"
#include "core/base/address.h"
#include "core/base/ctx.h"

struct signatures {
	struct message_signature at[DKIM_VERIFIED_MAX];
	char domain[DKIM_VERIFIED_MAX][NAME_SIZE];
	size_t count;
};

static bool result_of(const char *text, size_t len, enum dkim_result *ret_result)
{
	for (unsigned i = 0; i < DKIM_RESULT_COUNT; i++) {
		const char *name = dkim_result_name((enum dkim_result)i);
		if (strlen(name) == len && strncasecmp(name, text, len) == 0) {
			*ret_result = (enum dkim_result)i;
			return true;
		}
	}
	return false;
}

static bool is_separator(char c)
{
	return c == ' ' || c == ',' || c == ';';
}

/* "pass:example.org": others are ignored. */
static void add_signature(struct signatures *signatures, const char *item, size_t len)
{
	const char *colon = memchr(item, ':', len);
	enum dkim_result result;
	if (!colon || signatures->count == ARRAY_LEN(signatures->at) ||
	    !result_of(item, (size_t)(colon - item), &result))
		return;
	char *domain = signatures->domain[signatures->count];
	len -= (size_t)(colon - item) + 1;
	while (len > 0 && colon[len] == '.')
		len--;
	if (len == 0 || len >= NAME_SIZE)
		return;
	for (size_t i = 0; i < len; i++) {
		char c = colon[1 + i];
		domain[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	domain[len] = '\0';
	signatures->at[signatures->count++] = message_signature_of(result, domain);
}

static void read_signatures(const char *text, struct signatures *signatures)
{
	signatures->count = 0;
	while (*text) {
		size_t len = 0;
		while (text[len] && !is_separator(text[len]))
			len++;
		add_signature(signatures, text, len);
		text += len;
		while (is_separator(*text))
			text++;
	}
}

static void read_from(const struct policyd_value *value, struct from_header *ret_from)
{
	char address[POLICYD_VALUE_MAX + 3];
	struct octets field = { value->text, value->len };
	if (value->is_cut) {
		*ret_from = (struct from_header){ .fault = FROM_TOO_LONG };
		return;
	}
	if (value->len > 0 && !memchr(value->text, '@', value->len) &&
	    !strpbrk(value->text, "<>:;,\" ()")) {
		field.len =
			(size_t)snprintf(address, sizeof(address), "a@%s", value->text);
		field.at = address;
	}
	from_header_parse(&field, value->is_given && value->len > 0, ret_from);
}

/* The results of a message whose signatures are not known. */
static void refuse_list(const struct from_header *from, struct signatures *signatures,
                        struct message_results *ret_results)
{
	struct dmarc_verdict *dmarc = &ret_results->dmarc;
	*ret_results = (struct message_results){ .signature = signatures->at,
		                                 .count = 1,
		                                 .has_dmarc = true };
	dmarc->result = DMARC_PERMERROR;
	snprintf(dmarc->reason, sizeof(dmarc->reason),
	         "the list of DKIM results is longer than %d octets", POLICYD_VALUE_MAX);
	if (from->fault == FROM_GOOD)
		strcpy(dmarc->from_domain, from->domain);
	signatures->at[0] = message_signature_of(DKIM_PERMERROR, "");
	signatures->at[0].comment = dmarc->reason;
}

static const char *skip_reason(const struct policyd *policyd,
                               const struct policyd_request *request,
                               uint8_t ret_client[16])
{
	const char *address = policyd_text(request, POLICYD_CLIENT_ADDRESS);
	if (!policyd->conf->settings.checks_dmarc)
		return "dmarc-check is off";
	if (!address_parse(address, ret_client))
		return "no client address";
	if (policyd_text(request, POLICYD_SASL_USERNAME)[0] != '\0')
		return "authenticated client";
	const struct network client = policyd_client(ret_client);
	return policyd_conf_is_trusted(policyd->conf, &client) ? "trusted relay" : NULL;
}

static struct octets octets_of_value(const struct policyd_request *request,
                                     enum policyd_attribute which)
{
	const struct policyd_value *value = &request->value[which];
	if (value->is_cut) /* the end that is missing is the domain */
		return which == POLICYD_SENDER ? octets_of("?@") : OCTETS_NONE;
	return (struct octets){ value->text, value->len };
}

const char *policyd_dmarc(struct policyd *policyd, const struct policyd_request *request)
{
	static const char front[] = "PREPEND " RESULTS_FIELD ": ";
	struct message_envelope envelope = {
		.sender = octets_of_value(request, POLICYD_SENDER),
		.helo = octets_of_value(request, POLICYD_HELO_NAME),
	};
	struct message_results results;
	struct policyd_outcome outcome;
	struct signatures signatures;
	struct from_header from;
	policyd_conf_follow(policyd->conf, policyd->log);
	struct policyd_account account = { .id = policyd_text(request, POLICYD_INSTANCE),
		                           .envelope = &envelope,
		                           .began = monotonic_ns() };
	account.unverified = skip_reason(policyd, request, envelope.client);
	snprintf(policyd->answer, sizeof(policyd->answer), "DUNNO");
	if (!account.unverified) {
		struct resolver *dns = policyd_dns_renew(&policyd->dns, policyd->conf);
		if (!dns) {
			policyd_log(policyd->log, LOG_ERR,
			            "there is no memory left: connection ended");
			return NULL;
		}
		policyd_dns_limit(&policyd->dns);
		arena_reset(&policyd->mem);
		read_signatures(policyd_text(request, POLICYD_DKIM), &signatures);
		read_from(&request->value[POLICYD_FROM], &from);
		const struct message_context context =
			policyd_context(policyd->conf, dns, &policyd->mem);
		const struct network client = policyd_client(envelope.client);
		if (request->value[POLICYD_DKIM].is_cut)
			refuse_list(&from, &signatures, &results);
		else
			message_verdict(&context, &envelope, &from, signatures.at,
			                signatures.count, &results);
		policyd_outcome(policyd->conf, &results, &client, &outcome);
		account.results = &results;
		account.outcome = &outcome;
		size_t len = strlen(strcpy(policyd->answer, front));
		policyd_outcome_field(&outcome, policyd->conf, &results, &envelope, " ",
		                      policyd->answer + len,
		                      sizeof(policyd->answer) - len);
		if (outcome.reply[0] != '\0')
			snprintf(policyd->answer, sizeof(policyd->answer), "%s",
			         outcome.reply);
	}
	policyd_outcome_log(policyd->log, &account);
	return policyd->answer;
}
