/*
 * From a request to an action.
 *
 * Data that a stranger controls (names, sender, records) can lead to any of the seven results, but
 * never to no check: of an unreadable sender the readable part is checked.  Only facts from the
 * mail server itself (authenticated, trusted, not a policy request) skip the check.
 */
#include "cli/policyd/policyd_decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>

#include "core/base/address.h"
#include "core/base/ctx.h"
#include "core/base/octets.h"
#include "dnszone/spf/received_spf.h"
#include "dnszone/spf/spf_check.h"
#include "dnszone/verify/message_verify.h"

#define DUNNO "DUNNO"

bool policyd_init(struct policyd *policyd, struct policyd_conf *conf,
                  const struct policyd_log *log)
{
	*policyd = (struct policyd){ .log = log, .conf = conf };
	return arena_open(&policyd->mem, MESSAGE_MEMORY);
}

void policyd_done(struct policyd *policyd)
{
	policyd_dns_done(&policyd->dns);
	arena_done(&policyd->mem);
}

static bool is_text(const struct policyd_request *request, enum policyd_attribute which,
                    const char *wanted)
{
	return strcmp(policyd_text(request, which), wanted) == 0;
}

/* ---- what is not checked ----------------------------------------------------------- */

/* An address, not a network; IPv4 in any form. */
static bool parse_client(const char *text, struct network *ret_client)
{
	if (strpbrk(text, "!/[]") || !network_parse(text, ret_client))
		return false;
	network_unmap(ret_client);
	return true;
}

/* NULL: the sender must be checked.  Otherwise the reason for the log. */
static const char *skip_reason(const struct policyd *policyd,
                               const struct policyd_request *request,
                               struct network *ret_client)
{
	if (!is_text(request, POLICYD_PROTOCOL_STATE, "RCPT"))
		return "other protocol state";
	if (!policyd->conf->settings.is_checked)
		return "check is off";
	if (!parse_client(policyd_text(request, POLICYD_CLIENT_ADDRESS), ret_client))
		return "no client address";
	if (policyd_text(request, POLICYD_SASL_USERNAME)[0] != '\0')
		return "authenticated client";
	if (policyd_conf_is_trusted(policyd->conf, ret_client))
		return "trusted relay";
	return NULL;
}

/* RFC 5321 4.5.1: any case, with or without a domain. */
static bool is_to_postmaster(const struct policyd_request *request)
{
	const struct policyd_value *to = &request->value[POLICYD_RECIPIENT];
	static const char name[] = "postmaster";
	size_t len = strlen(name);
	if (to->is_cut || strncasecmp(to->text, name, len) != 0)
		return false;
	return to->text[len] == '\0' ||
	       (to->text[len] == '@' && !strchr(to->text + len + 1, '@'));
}

/* ---- verdicts ---------------------------------------------------------------------- */

/* Instance, client, HELO name and sender; 0: this message cannot be recognised again. */
static size_t make_key(const struct policyd_request *request, char key[POLICYD_KEY_SIZE])
{
	static const enum policyd_attribute parts[] = {
		POLICYD_INSTANCE,
		POLICYD_CLIENT_ADDRESS,
		POLICYD_HELO_NAME,
		POLICYD_SENDER,
	};
	size_t len = 0;
	if (request->value[POLICYD_INSTANCE].len == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const struct policyd_value *part = &request->value[parts[i]];
		if (part->is_cut || POLICYD_KEY_SIZE - len < part->len + 1)
			return 0;
		memcpy(key + len, part->text, part->len + 1);
		len += part->len + 1;
	}
	return len;
}

static struct policyd_verdict *find_verdict(struct policyd *policyd, const char *key,
                                            size_t key_len)
{
	for (size_t i = 0; i < POLICYD_REMEMBERED && key_len > 0; i++) {
		struct policyd_verdict *verdict = &policyd->verdict[i];
		if (verdict->key_len == key_len &&
		    memcmp(verdict->key, key, key_len) == 0)
			return verdict;
	}
	return NULL;
}

static struct policyd_verdict *new_verdict(struct policyd *policyd, const char *key,
                                           size_t key_len)
{
	struct policyd_verdict *verdict = &policyd->verdict[policyd->next];
	policyd->next = (policyd->next + 1) % POLICYD_REMEMBERED;
	verdict->key_len = key_len;
	memcpy(verdict->key, key, key_len);
	verdict->has_header = false;
	verdict->refusal[0] = '\0';
	return verdict;
}

static struct octets octets_of_value(const struct policyd_value *value)
{
	return (struct octets){ value->text, value->len };
}

static struct spf_message message_of(const struct policyd *policyd,
                                     const struct policyd_request *request,
                                     const struct network *client)
{
	const struct policyd_value *sender = &request->value[POLICYD_SENDER];
	const struct policyd_value *helo = &request->value[POLICYD_HELO_NAME];
	struct spf_message message = {
		/* A truncated sender lacks its end, the domain: checked as a sender without one. */
		.sender = sender->is_cut ? octets_of("?@") : octets_of_value(sender),
		.helo = helo->is_cut ? OCTETS_NONE : octets_of_value(helo),
		.receiver = policyd->conf->settings.hostname,
		.now = time(NULL),
	};
	if (client->family == AF_INET)
		address_of_ipv4(client->octets, message.client);
	else
		memcpy(message.client, client->octets, 16);
	return message;
}

static void note_verdict(const struct spf_verdict *spf, const struct spf_message *message,
                         struct policyd_verdict *verdict)
{
	char header[RECEIVED_SPF_SIZE], mechanism[100], problem[160];
	received_spf(spf, message, header);
	snprintf(verdict->header, sizeof(verdict->header), "PREPEND Received-SPF: %s",
	         header);
	if (spf->ruling.action != SPF_ACCEPT)
		snprintf(verdict->refusal, sizeof(verdict->refusal), "%s %s",
		         spf->ruling.code, spf->explanation);
	policyd_log_phrase(spf->mechanism.at, spf->mechanism.len, mechanism,
	                   sizeof(mechanism));
	const char *why = spf->problem ? spf->problem : "";
	policyd_log_phrase(why, strlen(why), problem, sizeof(problem));
	snprintf(
		verdict->result, sizeof(verdict->result),
		"result=%s identity=%s decided_by=\"%s\" mechanism=\"%s\" problem=\"%s\" "
		"lookups=%u voids=%u",
		spf_result_name(spf->result),
		spf->identity == SPF_HELO ? "helo" : "mailfrom",
		spf_origin_name(spf->decided_by), mechanism, problem, spf->lookups,
		spf->voids);
}

/* False: out of memory. */
static bool check(struct policyd *policyd, const struct spf_message *message,
                  struct policyd_verdict *verdict)
{
	const struct policyd_settings *settings = &policyd->conf->settings;
	struct resolver *dns = policyd_dns_renew(&policyd->dns, policyd->conf);
	if (!dns)
		return false;
	policyd_dns_limit(&policyd->dns);
	arena_reset(&policyd->mem);
	struct spf_context context = {
		.dns = dns,
		.limits = SPF_LIMITS_DEFAULT,
		.until = deadline_in_ms(settings->time_limit * INT64_C(1000)),
		.mem = &policyd->mem,
	};
	context.limits.voids = settings->void_limit;
	struct spf_verdict spf;
	spf_check(&context, &settings->spf, message, &spf);
	note_verdict(&spf, message, verdict);
	return true;
}

/* ---- the answer -------------------------------------------------------------------- */

static const char *action_for(struct policyd_verdict *verdict, bool is_spared)
{
	if (verdict->refusal[0] != '\0' && !is_spared)
		return verdict->refusal;
	if (verdict->has_header)
		return DUNNO;
	verdict->has_header = true;
	return verdict->header;
}

static void log_decision(const struct policyd *policyd,
                         const struct policyd_request *request, const char *result,
                         const char *action, int64_t began)
{
	static const enum policyd_attribute parts[] = {
		POLICYD_CLIENT_ADDRESS,
		POLICYD_HELO_NAME,
		POLICYD_SENDER,
		POLICYD_RECIPIENT,
	};
	char word[ARRAY_LEN(parts)][260];
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		policyd_log_word(request->value[parts[i]].text,
		                 request->value[parts[i]].len, word[i], sizeof(word[i]));
	char verb[16];
	size_t len = strcspn(action, " ");
	policyd_log_word(action, len, verb, sizeof(verb));
	int64_t us = (monotonic_ns() - began) / 1000;
	policyd_log(policyd->log, LOG_INFO,
	            "client=%s helo=%s sender=<%s> recipient=<%s> %s action=%s "
	            "time=%" PRId64 ".%03" PRId64 "ms",
	            word[0], word[1], word[2], word[3], result, verb, us / 1000,
	            us % 1000);
}

const char *policyd_decide(struct policyd *policyd, const struct policyd_request *request)
{
	int64_t began = monotonic_ns();
	if (!is_text(request, POLICYD_REQUEST, "smtpd_access_policy")) {
		policyd_log(policyd->log, LOG_ERR,
		            "not a request of an access policy client: connection ended");
		return NULL;
	}
	policyd_conf_follow(policyd->conf, policyd->log);
	struct network client;
	const char *skipped = skip_reason(policyd, request, &client);
	if (skipped) {
		char result[64];
		snprintf(result, sizeof(result), "result=unchecked decided_by=\"%s\"",
		         skipped);
		log_decision(policyd, request, result, DUNNO, began);
		return DUNNO;
	}
	char key[POLICYD_KEY_SIZE];
	size_t key_len = make_key(request, key);
	struct policyd_verdict *verdict = find_verdict(policyd, key, key_len);
	if (!verdict) {
		struct spf_message message = message_of(policyd, request, &client);
		verdict = new_verdict(policyd, key, key_len);
		if (!check(policyd, &message, verdict)) {
			verdict->key_len = 0;
			policyd_log(policyd->log, LOG_ERR,
			            "there is no memory left: connection ended");
			return NULL;
		}
	}
	const char *action = action_for(verdict, is_to_postmaster(request));
	log_decision(policyd, request, verdict->result, action, began);
	return action;
}
