/*
 * The settings at the beginning of a connection determine what the filter requests: header fields
 * and the end of the message to remove forged results; also the client, the envelope and the body
 * if mail is verified.  It answers as few commands as the client allows.
 *
 * Fields are removed from the last to the first: whichever way a client counts meanwhile, the
 * numbers stay right.
 *
 * Packets and the list of fields to remove have a fixed size.  A message that exceeds it is
 * refused; a packet that exceeds it ends the connection.
 */
#include "cli/policyd/policyd_milter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>

#include "cli/policyd/policyd_incoming.h"
#include "cli/policyd/policyd_outcome.h"
#include "cli/policyd/policyd_results.h"
#include "core/base/address.h"
#include "core/base/ctx.h"
#include "dnszone/verify/hidden_field.h"

#define JOB_MAX 64
#define HELO_MAX 512
#define SENDER_MAX 2048 /* Postfix accepts no longer line */
#define VERSION_MIN 2u
#define VERSION_MAX 6u

#define ACTION_ADD_HEADERS 0x1u
#define ACTION_CHANGE_HEADERS 0x10u
#define ACTION_CHOOSE_MACROS 0x100u
#define STAGE_MAIL 2u

/* SMFIP_*: what is not sent, and what is not answered. */
#define NO_CONNECT 0x1u
#define NO_HELO 0x2u
#define NO_MAIL 0x4u
#define NO_RCPT 0x8u
#define NO_BODY 0x10u
#define NO_EOH 0x40u
#define NO_REPLY_HEADER 0x80u
#define NO_UNKNOWN 0x100u
#define NO_DATA 0x200u
#define CAN_SKIP 0x400u
#define NO_REPLY_CONNECT 0x1000u
#define NO_REPLY_HELO 0x2000u
#define NO_REPLY_MAIL 0x4000u
#define NO_REPLY_EOH 0x40000u
#define NO_REPLY_BODY 0x80000u
#define LEADING_SPACE 0x100000u

#define GUARD_WANTS                                                                 \
	(NO_CONNECT | NO_HELO | NO_MAIL | NO_RCPT | NO_BODY | NO_EOH | NO_UNKNOWN | \
	 NO_DATA | NO_REPLY_HEADER)
/* NO_REPLY_BODY only where the rest of a body cannot be skipped. */
#define VERIFIER_WANTS                                                     \
	(NO_RCPT | NO_UNKNOWN | NO_DATA | NO_REPLY_HEADER | CAN_SKIP |     \
	 NO_REPLY_CONNECT | NO_REPLY_HELO | NO_REPLY_MAIL | NO_REPLY_EOH | \
	 NO_REPLY_BODY | LEADING_SPACE)

struct text { /* truncated where it is too long */
	char at[SENDER_MAX];
	size_t len;
};

struct session {
	const struct policyd_milter *milter;
	uint32_t protocol;
	char job[JOB_MAX]; /* queue id, for the log */
	uint32_t fields;   /* Authentication-Results fields of this message so far */
	uint32_t forged[RESULTS_FORGED_MAX]; /* indexes of the fields to remove, from 1 */
	size_t forged_count;
	bool has_hidden; /* results_hide_claim() of any field */
	unsigned froms;
	/* where mail is verified */
	bool verifies;
	bool wants_body, has_ended_fields;
	const char
		*unverified; /* after the last field: why this message is not verified */
	bool has_client, is_authenticated;
	uint8_t client[16];
	struct text helo, sender;
	struct policyd_incoming incoming;
	char field[4 + sizeof(RESULTS_FIELD) + 1 + AUTH_RESULTS_SIZE];
	struct policyd_packets packets; /* the end: it is rarely touched */
};

static bool send_packet(struct session *s, char command, const void *octets, size_t len)
{
	return policyd_packet_send(&s->packets, command, octets, len);
}

/* ---- the connection -------------------------------------------------------------------------- */

static void begin_message(struct session *s)
{
	policyd_conf_follow(s->milter->conf, s->milter->log);
	s->fields = 0;
	s->forged_count = 0;
	s->has_hidden = false;
	s->froms = 0;
	s->job[0] = '\0';
	s->is_authenticated = false;
	s->sender.len = 0;
	s->has_ended_fields = false;
	s->wants_body = false;
	if (s->verifies)
		policyd_incoming_reset(&s->incoming);
}

static bool begin_verifying(struct session *s)
{
	if (s->verifies)
		return true;
	if (s->milter->is_prepared &&
	    policyd_incoming_init(&s->incoming, s->milter->conf)) {
		s->verifies = true;
		return true;
	}
	policyd_log(s->milter->log, LOG_ERR, "%s",
	            s->milter->is_prepared
	                    ? "there is no memory left: connection ended"
	                    : "dkim-verify was switched on: connection ended");
	return false;
}

static bool answer_offer(struct session *s, uint32_t version, uint32_t offered)
{
	static const char macros[] = "{auth_authen}";
	uint32_t actions = ACTION_CHANGE_HEADERS;
	char answer[4 * sizeof(uint32_t) + sizeof(macros)];
	if (s->verifies)
		actions |= ACTION_ADD_HEADERS | (offered & ACTION_CHOOSE_MACROS);
	const bool chooses = actions & ACTION_CHOOSE_MACROS;
	const uint32_t numbers[] = {
		htonl(version < VERSION_MAX ? version : VERSION_MAX),
		htonl(actions),
		htonl(s->protocol),
		htonl(STAGE_MAIL),
	};
	memcpy(answer, numbers, sizeof(numbers));
	memcpy(answer + sizeof(numbers), macros, sizeof(macros));
	return send_packet(s, 'O', answer,
	                   chooses ? sizeof(answer) : 3 * sizeof(uint32_t));
}

static bool negotiate(struct session *s)
{
	const bool is_whole = s->packets.len >= 13;
	const uint32_t version = is_whole ? policyd_packet_number(&s->packets, 1) : 0;
	const uint32_t offered = is_whole ? policyd_packet_number(&s->packets, 5) : 0;
	if (s->milter->conf->settings.verifies_dkim && !begin_verifying(s))
		return false;
	const uint32_t needed =
		ACTION_CHANGE_HEADERS | (s->verifies ? ACTION_ADD_HEADERS : 0);
	if (version < VERSION_MIN || (offered & needed) != needed) {
		policyd_log(s->milter->log, LOG_ERR,
		            "the mail server does not let header fields be changed");
		return false;
	}
	s->protocol = policyd_packet_number(&s->packets, 9) &
	              (s->verifies ? VERIFIER_WANTS : GUARD_WANTS);
	if (s->protocol & CAN_SKIP)
		s->protocol &= ~NO_REPLY_BODY;
	return answer_offer(s, version, offered);
}

/* Macros: the queue id is used in the log. */
static void take_macros(struct session *s)
{
	size_t at = 2;
	const char *name, *value;
	const bool is_mail = s->packets.len > 1 && s->packets.packet[1] == 'M';
	while ((name = policyd_packet_text(&s->packets, &at)) &&
	       (value = policyd_packet_text(&s->packets, &at))) {
		if (strcmp(name, "i") == 0 || strcmp(name, "{i}") == 0)
			policyd_log_word(value, strlen(value), s->job, sizeof(s->job));
		if (is_mail && strcmp(name, "{auth_authen}") == 0 && *value)
			s->is_authenticated = true;
	}
}

/* The host's name, a family, its port and address. */
static void take_client(struct session *s)
{
	static const char front[] = "IPv6:"; /* as sendmail writes it */
	const struct policyd_packets *p = &s->packets;
	size_t at = 1;
	s->has_client = false;
	s->helo.len = 0;
	if (!policyd_packet_text(p, &at) || at + 3 > p->len ||
	    (p->packet[at] != '4' && p->packet[at] != '6'))
		return;
	at += 3;
	const char *address = policyd_packet_text(p, &at);
	if (address && strncasecmp(address, front, strlen(front)) == 0)
		address += strlen(front);
	s->has_client = address && address_parse(address, s->client);
}

static void keep_text(struct text *text, const char *value, size_t most)
{
	text->len = strnlen(value, most);
	memcpy(text->at, value, text->len);
}

static void take_sender(struct session *s)
{
	size_t at = 1;
	const char *value = policyd_packet_text(&s->packets, &at);
	if (!value)
		return;
	size_t len = strlen(value);
	const bool is_bracketed = len >= 2 && value[0] == '<' && value[len - 1] == '>';
	/* The end that is missing is the domain. */
	if (len > sizeof(s->sender.at)) {
		keep_text(&s->sender, "?@", sizeof(s->sender.at));
		return;
	}
	keep_text(&s->sender, value + is_bracketed, len - 2 * is_bracketed);
}

static void take_helo(struct session *s)
{
	size_t at = 1;
	const char *value = policyd_packet_text(&s->packets, &at);
	s->helo.len = 0;
	if (value && strlen(value) <= HELO_MAX)
		keep_text(&s->helo, value, HELO_MAX);
}

/* ---- the message ----------------------------------------------------------------------------- */

/* Why this message is not verified; NULL: it is. */
static const char *skip_reason(const struct session *s)
{
	if (!s->has_client)
		return "no client address";
	if (s->is_authenticated)
		return "authenticated client";
	const struct network client = policyd_client(s->client);
	if (policyd_conf_is_trusted(s->milter->conf, &client))
		return "trusted relay";
	return NULL;
}

static void verify_field(struct session *s, struct octets name, struct octets value)
{
	if (s->protocol & LEADING_SPACE) {
		message_verifier_field(s->incoming.verifier, name, value);
		return;
	}
	/* The client removed the blank after the colon: meanwhile the NUL before the value is one. */
	char *front = s->packets.packet + (value.at - s->packets.packet) - 1;
	*front = ' ';
	message_verifier_field(s->incoming.verifier, name,
	                       (struct octets){ front, value.len + 1 });
	*front = '\0';
}

/* Name and value as they stand in the message: octets after a NUL belong to the value. */
static bool read_field(const struct policyd_packets *packets, struct octets *ret_name,
                       struct octets *ret_value)
{
	size_t at = 1;
	const char *name = policyd_packet_text(packets, &at);
	const char *value = name ? policyd_packet_text(packets, &at) : NULL;
	if (!value)
		return false;
	size_t len = (size_t)(packets->packet + packets->len - value);
	*ret_name = octets_of(name);
	*ret_value = (struct octets){ value, len - (value[len - 1] == '\0') };
	return true;
}

static void take_field(struct session *s)
{
	const char *hostname = s->milter->conf->settings.hostname;
	struct octets name, value;
	if (!read_field(&s->packets, &name, &value))
		return;
	s->froms += from_header_is_name(name) + hidden_field_froms(value);
	if (s->verifies && !s->has_ended_fields && !skip_reason(s))
		verify_field(s, name, value);
	s->has_hidden = s->has_hidden || results_hide_claim(value, hostname);
	if (!results_is_field(name))
		return;
	s->fields++;
	if (!results_claim(value, hostname))
		return;
	if (s->forged_count < RESULTS_FORGED_MAX)
		s->forged[s->forged_count] = s->fields;
	s->forged_count++;
}

static void end_fields(struct session *s)
{
	if (!s->verifies || s->has_ended_fields)
		return;
	s->has_ended_fields = true;
	s->unverified = skip_reason(s);
	s->wants_body = !s->unverified &&
	                message_verifier_end_fields(s->incoming.verifier, time(NULL));
}

static void take_body(struct session *s)
{
	end_fields(s);
	if (s->wants_body && s->packets.len > 1)
		s->wants_body = message_verifier_body(
			s->incoming.verifier, s->packets.packet + 1, s->packets.len - 1);
}

static bool refuse(struct session *s, const char *reply)
{
	policyd_log(s->milter->log, LOG_NOTICE, "%s: %s", s->job[0] ? s->job : "-",
	            reply);
	return send_packet(s, 'y', reply, strlen(reply) + 1);
}

static bool remove_field(struct session *s, uint32_t number)
{
	static const char tail[] = RESULTS_FIELD "\0"; /* name, and a value of nothing */
	char octets[sizeof(number) + sizeof(tail)];
	number = htonl(number);
	memcpy(octets, &number, sizeof(number));
	memcpy(octets + sizeof(number), tail, sizeof(tail));
	return send_packet(s, 'm', octets, sizeof(octets));
}

/* On top of all others. */
static bool add_field(struct session *s, const struct policyd_outcome *outcome,
                      const struct message_results *results,
                      const struct message_envelope *envelope)
{
	const uint32_t place = 0;
	size_t len = 0;
	memcpy(s->field, &place, sizeof(place));
	len += sizeof(place);
	memcpy(s->field + len, RESULTS_FIELD, sizeof(RESULTS_FIELD));
	len += sizeof(RESULTS_FIELD);
	if (s->protocol & LEADING_SPACE)
		s->field[len++] = ' ';
	len += policyd_outcome_field(outcome, s->milter->conf, results, envelope, "\n\t",
	                             s->field + len, AUTH_RESULTS_SIZE);
	s->field[len++] = '\0';
	return send_packet(s, 'i', s->field, len);
}

static bool accept_message(struct session *s)
{
	for (size_t i = s->forged_count; i > 0; i--)
		if (!remove_field(s, s->forged[i - 1]))
			return false;
	return true;
}

static bool end_verified(struct session *s)
{
	const char *unverified = s->unverified;
	const struct message_envelope envelope = {
		.sender = { s->sender.at, s->sender.len },
		.helo = { s->helo.at, s->helo.len },
	};
	struct message_envelope whole = envelope;
	struct message_results results;
	struct policyd_outcome outcome;
	struct policyd_account account = { .id = s->job,
		                           .envelope = &whole,
		                           .unverified = unverified,
		                           .forged = s->forged_count,
		                           .began = monotonic_ns() };
	if (s->has_client)
		memcpy(whole.client, s->client, sizeof(whole.client));
	bool is_sent = true;
	if (!unverified) {
		const struct network client = policyd_client(s->client);
		if (!policyd_incoming_finish(&s->incoming, &whole, &results)) {
			policyd_log(s->milter->log, LOG_ERR,
			            "there is no memory left: connection ended");
			return false;
		}
		policyd_outcome(s->milter->conf, &results, &client, &outcome);
		account.results = &results;
		account.outcome = &outcome;
		if (outcome.reply[0] != '\0')
			is_sent = send_packet(s, 'y', outcome.reply,
			                      strlen(outcome.reply) + 1);
	}
	if (!account.outcome || outcome.reply[0] == '\0') {
		is_sent = accept_message(s);
		if (is_sent && account.outcome)
			is_sent = add_field(s, &outcome, &results, &whole);
		is_sent = is_sent && send_packet(s, 'c', "", 0);
	}
	policyd_outcome_log(s->milter->log, &account);
	return is_sent;
}

static bool end_guarded(struct session *s)
{
	if (!accept_message(s) || !send_packet(s, 'c', "", 0))
		return false;
	if (s->forged_count)
		policyd_log(s->milter->log, LOG_NOTICE,
		            "%s: %zu forged " RESULTS_FIELD " taken out",
		            s->job[0] ? s->job : "-", s->forged_count);
	return true;
}

static bool end_message(struct session *s)
{
	const struct policyd_settings *settings = &s->milter->conf->settings;
	/* where DMARC is checked, it judges From */
	const bool is_one_from =
		settings->is_one_from && !(s->verifies && settings->checks_dmarc);
	bool is_sent;
	take_body(s);
	if (s->forged_count > RESULTS_FORGED_MAX)
		is_sent = refuse(s, RESULTS_TOO_MANY);
	else if (s->has_hidden)
		is_sent = refuse(s, RESULTS_HIDDEN);
	else if (is_one_from && s->froms > 1)
		is_sent = refuse(s, "550 5.7.1 More than one From field");
	else
		is_sent = s->verifies ? end_verified(s) : end_guarded(s);
	begin_message(s);
	return is_sent;
}

static bool answer(struct session *s, uint32_t unanswered)
{
	return s->protocol & unanswered || send_packet(s, 'c', "", 0);
}

/* False: the client is gone. */
static bool take_packet(struct session *s)
{
	switch (s->packets.packet[0]) {
	case 'O':
		return negotiate(s);
	case 'D':
		take_macros(s);
		return true;
	case 'A': /* the message is given up */
		begin_message(s);
		return true;
	case 'K': /* the connection is, and another one follows */
		begin_message(s);
		s->has_client = false;
		s->helo.len = 0;
		return true;
	case 'C':
		take_client(s);
		return answer(s, NO_REPLY_CONNECT);
	case 'H':
		take_helo(s);
		return answer(s, NO_REPLY_HELO);
	case 'M':
		take_sender(s);
		return answer(s, NO_REPLY_MAIL);
	case 'L':
		take_field(s);
		return answer(s, NO_REPLY_HEADER);
	case 'N':
		end_fields(s);
		return answer(s, NO_REPLY_EOH);
	case 'B':
		take_body(s);
		if (s->protocol & CAN_SKIP && !s->wants_body)
			return send_packet(s, 's', "", 0);
		return answer(s, NO_REPLY_BODY);
	case 'E':
		return end_message(s);
	default: /* commands that this client cannot omit */
		return send_packet(s, 'c', "", 0);
	}
}

bool policyd_milter_begins(const char *octets, size_t len)
{
	return len && *octets == '\0';
}

int policyd_milter(const struct policyd_milter *milter, int in, int out)
{
	struct session *s = calloc(1, sizeof(*s));
	bool is_trouble = false;
	if (!s) {
		policyd_log(milter->log, LOG_ERR, "there is no memory left");
		return 1;
	}
	s->milter = milter;
	s->packets.in = in;
	s->packets.out = out;
	s->packets.limits = milter->limits;
	s->packets.log = milter->log;
	s->packets.octets = milter->octets;
	s->packets.count = milter->len;
	while (policyd_packet_receive(&s->packets, &is_trouble) &&
	       s->packets.packet[0] != 'Q')
		if (!take_packet(s)) {
			is_trouble = true;
			break;
		}
	policyd_incoming_done(&s->incoming);
	free(s);
	return is_trouble;
}
