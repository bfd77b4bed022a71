/*
 * Only two kinds of messages are refused: those for which a policy requests it, and those for which
 * no policy can be determined.  All others are delivered with a field that contains the results.
 *
 * Replies and log lines contain names that strangers choose: they are truncated, and have printable
 * ASCII only.
 */
#include "cli/policyd/policyd_outcome.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "core/base/address.h"
#include "core/base/ctx.h"

#define NAME_SHOWN 260
#define REASON_SHOWN 200

struct network policyd_client(const uint8_t address[16])
{
	struct network client = { .family = AF_INET6, .bits = 128 };
	memcpy(client.octets, address, sizeof(client.octets));
	network_unmap(&client);
	return client;
}

/* The reply is a format string for some mail servers. */
static void write_reply(const struct dmarc_verdict *dmarc,
                        enum dmarc_disposition disposition, char *out, size_t room)
{
	char domain[NAME_SHOWN], reason[REASON_SHOWN];
	policyd_log_word(dmarc->from_domain, strlen(dmarc->from_domain), domain,
	                 sizeof(domain));
	policyd_log_phrase(dmarc->reason, strlen(dmarc->reason), reason, sizeof(reason));
	if (disposition == DMARC_DEFER)
		snprintf(
			out, room,
			"451 4.7.1 DMARC of %s cannot be checked now, try again later: %s",
			domain, reason);
	else if (dmarc->from_domain[0] == '\0')
		snprintf(out, room, "550 5.7.1 DMARC requires one author domain: %s",
		         reason);
	else if (dmarc->result == DMARC_PERMERROR)
		snprintf(out, room, "550 5.7.1 DMARC of %s cannot be checked: %s", domain,
		         reason);
	else
		snprintf(out, room,
		         "550 5.7.1 The DMARC policy of %s refuses this message: neither "
		         "SPF nor DKIM authenticates its author",
		         domain);
	for (char *c = out; *c; c++)
		if (*c == '%')
			*c = '?';
}

void policyd_outcome(const struct policyd_conf *conf,
                     const struct message_results *results, const struct network *client,
                     struct policyd_outcome *ret_outcome)
{
	*ret_outcome = (struct policyd_outcome){ .disposition = DMARC_DELIVER };
	if (!results->has_dmarc)
		return;
	const struct dmarc_verdict *dmarc = &results->dmarc;
	enum dmarc_disposition disposition =
		dmarc_verdict_disposition(dmarc, conf->settings.rejects_dmarc);
	if (disposition >= DMARC_REJECT) {
		ret_outcome->exception =
			exceptions_find(&conf->exceptions, results, client);
		if (ret_outcome->exception)
			disposition = DMARC_DELIVER;
		else
			write_reply(dmarc, disposition, ret_outcome->reply,
			            sizeof(ret_outcome->reply));
	}
	ret_outcome->disposition = disposition;
}

size_t policyd_outcome_field(const struct policyd_outcome *outcome,
                             const struct policyd_conf *conf,
                             const struct message_results *results,
                             const struct message_envelope *envelope, const char *folding,
                             char *out, size_t room)
{
	const struct auth_results field = {
		.authserv_id = conf->settings.hostname,
		.client = envelope->client,
		.disposition = dmarc_disposition_name(outcome->disposition),
		.folding = folding,
		.results = results,
	};
	return auth_results_write(&field, out, room);
}

/* ---- the log --------------------------------------------------------------------------------- */

struct line {
	char at[1900]; /* policyd_log() truncates at 2 kB */
	size_t len;
};

static void add(struct line *line, const char *fmt, ...) printf_like(2, 3);

static void add(struct line *line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int len =
		vsnprintf(line->at + line->len, sizeof(line->at) - line->len, fmt, args);
	va_end(args);
	line->len += len > 0 ? (size_t)len : 0;
	if (line->len >= sizeof(line->at))
		line->len = sizeof(line->at) - 1;
}

static void add_word(struct line *line, const char *format, struct octets value)
{
	char word[130];
	policyd_log_word(value.at, value.len, word, sizeof(word));
	add(line, " %s=", format);
	add(line, "%s", word);
}

static void add_envelope(struct line *line, const struct message_envelope *envelope)
{
	char address[ADDRESS_SIZE];
	address_to_text(envelope->client, address);
	add(line, " client=%s", address);
	add_word(line, "helo", envelope->helo);
	add_word(line, "sender", envelope->sender);
}

/* "pass:d/s", for as many as there is room. */
static void add_signatures(struct line *line, const struct message_results *results)
{
	size_t shown = 0;
	add(line, " dkim=%s", results->count == 0 ? "none" : "");
	for (; shown < results->count && line->len < 900; shown++) {
		const struct message_signature *signature = &results->signature[shown];
		char domain[NAME_SHOWN], selector[64];
		policyd_log_word(signature->domain, strlen(signature->domain), domain,
		                 sizeof(domain));
		policyd_log_word(signature->selector, strlen(signature->selector),
		                 selector, sizeof(selector));
		add(line, "%s%s:%s/%s", shown ? "," : "", signature->result, domain,
		    selector);
	}
	if (shown < results->count)
		add(line, ",and %zu more", results->count - shown);
}

static void add_dmarc(struct line *line, const struct message_results *results,
                      const struct policyd_outcome *outcome)
{
	const struct dmarc_verdict *dmarc = &results->dmarc;
	const char *policy = dmarc_verdict_policy(dmarc);
	char reason[REASON_SHOWN];
	add(line, " dmarc=%s", dmarc_result_name(dmarc->result));
	add_word(line, "from", octets_of(dmarc->from_domain));
	add(line, " policy=%s dis=%s", policy ? policy : "",
	    dmarc_disposition_name(outcome->disposition));
	if (outcome->exception)
		add(line, " exception=%s", outcome->exception);
	policyd_log_phrase(dmarc->reason, strlen(dmarc->reason), reason, sizeof(reason));
	add(line, " reason=\"%s\"", reason);
}

void policyd_outcome_log(const struct policyd_log *log,
                         const struct policyd_account *account)
{
	struct line line = { .len = 0 };
	const struct message_results *results = account->results;
	add(&line, "%s:", account->id[0] ? account->id : "-");
	add_envelope(&line, account->envelope);
	if (account->unverified)
		add(&line, " result=unverified decided_by=\"%s\"", account->unverified);
	if (results) {
		add_signatures(&line, results);
		if (results->has_spf) {
			add(&line, " spf=%s", spf_result_name(results->spf.result));
			add_word(&line,
			         results->identity == SPF_HELO ? "spf_helo"
			                                       : "spf_mailfrom",
			         results->spf_domain);
		}
		if (results->has_dmarc)
			add_dmarc(&line, results, account->outcome);
	}
	int64_t us = (monotonic_ns() - account->began) / 1000;
	bool is_refused = account->outcome && account->outcome->reply[0] != '\0';
	add(&line, " forged=%zu action=%.*s time=%" PRId64 ".%03" PRId64 "ms",
	    account->forged, is_refused ? 3 : 6,
	    is_refused ? account->outcome->reply : "accept", us / 1000, us % 1000);
	policyd_log(log, LOG_INFO, "%s", line.at);
}
