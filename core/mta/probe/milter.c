/*
 * A client of the milter protocol, version 6: one connection, one message, one verdict.
 *
 * The filter is a daemon of this machine, but its packets are checked like foreign ones: lengths,
 * counts, missing NULs.  A filter may send its verdict after any command (OpenDKIM accepts messages
 * that it does not sign at the end of headers); the message ends then.
 */
#include "core/mta/probe/milter.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/peer.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"

#define PACKET_LIMIT ((uint32_t)1 << 20)
#define PACKETS_LIMIT 1000
#define HEADERS_LIMIT ((size_t)1 << 20)

#define PROTOCOL_VERSION 6
#define ACTIONS 0x1ffu /* offered in full, because the probe modifies nothing */
#define PROTOCOL_BITS 0x1fffffu

/* SMFIP_*: the filter does not reply to this command. */
#define NO_REPLY_HEADER 0x80u
#define NO_REPLY_CONNECT 0x1000u
#define NO_REPLY_HELO 0x2000u
#define NO_REPLY_MAIL 0x4000u
#define NO_REPLY_RCPT 0x8000u
#define NO_REPLY_EOH 0x40000u
#define NO_REPLY_BODY 0x80000u
/* SMFIP_*: the filter does not request this command. */
#define SKIP_CONNECT 0x1u
#define SKIP_HELO 0x2u
#define SKIP_MAIL 0x4u
#define SKIP_RCPT 0x8u
#define SKIP_BODY 0x10u
#define SKIP_HEADERS 0x20u
#define SKIP_EOH 0x40u
#define LEADING_SPACE 0x100000u

struct session {
	struct peer peer;
	uint32_t protocol;
	bool is_over; /* a verdict was received */
	struct milter_answer *answer;
	struct buf out, in;
	char reply;
	bool skips_body;
};

static const struct peer_words words = {
	.absent = N_("no server answers at %s"),
	.broken = N_("the filter at %s"),
	.late = N_("the filter at %s did not answer in time"),
	.closed = N_("the filter at %s closed the connection during an answer"),
};

/* ---- packets ---------------------------------------------------------------------------------- */

static void put_u32(struct buf *buf, uint32_t value)
{
	value = htonl(value);
	buf_add(buf, &value, sizeof(value));
}

static uint32_t get_u32(const char *octets)
{
	uint32_t value;
	memcpy(&value, octets, sizeof(value));
	return ntohl(value);
}

static int send_packet(struct session *s, char command, const void *octets, size_t len,
                       struct err *err)
{
	buf_clear(&s->out);
	put_u32(&s->out, (uint32_t)len + 1);
	buf_putc(&s->out, command);
	buf_add(&s->out, octets, len);
	return peer_send(&s->peer, s->out.at, s->out.len, err);
}

/* Reads one packet into s->reply and s->in (its octets after the first). */
static int receive_packet(struct session *s, struct err *err)
{
	char head[4];
	int r = peer_receive(&s->peer, head, sizeof(head), err);
	if (r < 0)
		return r;
	uint32_t len = get_u32(head);
	if (len == 0 || len > PACKET_LIMIT)
		return err_set(
			err, ERR_FAILED,
			_("the server at %s does not use the milter protocol (a packet "
		          "of %u octets)"),
			s->peer.name, len);
	r = peer_receive(&s->peer, &s->reply, 1, err);
	if (r < 0)
		return r;
	buf_clear(&s->in);
	buf_reserve(&s->in, len);
	r = peer_receive(&s->peer, s->in.at, len - 1, err);
	if (r < 0)
		return r;
	s->in.len = len - 1;
	s->in.at[s->in.len] = '\0';
	return 0;
}

/* "Name\0value\0" after `skip` octets, as a line of the answer; folds become blanks. */
static void take_header(struct session *s, size_t skip)
{
	struct buf *headers = &s->answer->headers;
	if (s->in.len <= skip || headers->len + s->in.len > HEADERS_LIMIT)
		return;
	const char *name = s->in.at + skip, *end = s->in.at + s->in.len;
	const char *value = memchr(name, '\0', (size_t)(end - name));
	if (!value)
		return;
	value++;
	buf_printf(headers, "%s: ", name);
	for (value += strspn(value, " \t"); value < end && *value; value++) {
		bool is_break = *value == '\r' || *value == '\n' || *value == '\t';
		buf_putc(headers, is_break ? ' ' : *value);
	}
	buf_putc(headers, '\n');
}

/* "index Name\0value\0": a header without a value is removed. */
static void take_change(struct session *s)
{
	struct buf *removed = &s->answer->removed;
	const char *name = s->in.at + 4, *end = s->in.at + s->in.len;
	if (s->in.len <= 4 || removed->len + s->in.len > HEADERS_LIMIT)
		return;
	const char *value = memchr(name, '\0', (size_t)(end - name));
	if (value && (value + 1 == end || !value[1]))
		buf_printf(removed, "%s\n", name);
}

static void give_verdict(struct session *s, enum milter_verdict verdict)
{
	s->answer->verdict = verdict;
	s->is_over = true;
}

/* Reads until the reply that ends a command, and records modifications. */
static int await_reply(struct session *s, bool is_end, struct err *err)
{
	for (unsigned packets = 0; packets < PACKETS_LIMIT; packets++) {
		int r = receive_packet(s, err);
		if (r < 0)
			return r;
		switch (s->reply) {
		case 'c': /* continue */
			if (is_end)
				give_verdict(s, MILTER_ACCEPT);
			return 0;
		case 'a': /* accept */
			give_verdict(s, MILTER_ACCEPT);
			return 0;
		case 'r': /* reject */
			give_verdict(s, MILTER_REJECT);
			return 0;
		case 't': /* tempfail */
		case '4': /* shutdown with 421 */
			give_verdict(s, MILTER_TEMPFAIL);
			return 0;
		case 'd': /* discard */
			give_verdict(s, MILTER_DISCARD);
			return 0;
		case 'y': /* reply code with text */
			give_verdict(s, s->in.len && s->in.at[0] == '4' ? MILTER_TEMPFAIL
			                                                : MILTER_REJECT);
			return 0;
		case 's': /* skip the rest of the body */
			s->skips_body = true;
			return 0;
		case 'h': /* add a header */
			take_header(s, 0);
			break;
		case 'i': /* insert a header at an index */
			take_header(s, 4);
			break;
		case 'm': /* change a header */
			take_change(s);
			break;
		default: /* progress, other modifications */
			break;
		}
	}
	return err_set(err, ERR_FAILED, _("the answer of the filter at %s does not end"),
	               s->peer.name);
}

/* Sends a command and reads its reply, if the filter requests the one and sends the other. */
static int command(struct session *s, char code, const struct buf *octets, uint32_t skip,
                   uint32_t no_reply, struct err *err)
{
	if (s->is_over || s->protocol & skip)
		return 0;
	int r = send_packet(s, code, buf_text(octets), octets->len, err);
	if (r < 0 || s->protocol & no_reply)
		return r;
	return await_reply(s, code == 'E', err);
}

/* ---- macros ----------------------------------------------------------------------------------- */

/* Appends the value of a macro, its name without braces, to `into`; unchanged: it is not sent. */
static void put_macro(const struct milter_message *message, const char *name,
                      struct buf *into)
{
	const char *at = strrchr(message->sender, '@');
	const char *rcpt_at = strrchr(message->recipient, '@');
	const struct {
		const char *name, *value;
		bool is_login;
	} known[] = {
		{ "i", "probe", false },
		{ "j", "localhost", false },
		{ "v", "mailauthctl", false },
		{ "daemon_name", "localhost", false },
		{ "daemon_addr", "127.0.0.1", false },
		{ "client_addr", message->client, false },
		{ "client_name", "unknown", false },
		{ "client_ptr", "unknown", false },
		{ "auth_type", "PLAIN", true },
		{ "auth_authen", message->sender, true },
		{ "mail_addr", message->sender, false },
		{ "mail_host", at ? at + 1 : "", false },
		{ "mail_mailer", "smtp", false },
		{ "rcpt_addr", message->recipient, false },
		{ "rcpt_host", rcpt_at ? rcpt_at + 1 : "", false },
		{ "rcpt_mailer", "smtp", false },
	};
	if (strcmp(name, "_") == 0)
		buf_printf(into, "unknown [%s]", message->client);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].name, name) == 0 &&
		    (!known[i].is_login || message->is_authenticated))
			buf_puts(into, known[i].value);
}

/* Before the command `code`, if the filter requests it: "i\0probe\0{auth_type}\0PLAIN\0". */
static int send_macros(struct session *s, char code, const struct milter_message *message,
                       enum macro_stage stage, uint32_t skip, struct err *err)
{
	static const char *const defaults[MACRO_STAGES] = {
		[MACROS_CONNECT] = "j {daemon_name} {daemon_addr} v _",
		[MACROS_HELO] = "",
		[MACROS_MAIL] =
			"i {auth_type} {auth_authen} {mail_addr} {mail_host} {mail_mailer}",
		[MACROS_RCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
	};
	const char *list =
		message->macros[stage] ? message->macros[stage] : defaults[stage];
	auto_buf octets = BUF_INIT, item = BUF_INIT;
	if (s->is_over || s->protocol & skip)
		return 0;
	buf_putc(&octets, code);
	while (item_list_next(&list, &item)) {
		const char *text = buf_text(&item), *equals = strchr(text, '=');
		auto_free char *name =
			xmemdup(text, equals ? (size_t)(equals - text) : item.len);
		auto_buf value = BUF_INIT;
		if (equals)
			buf_puts(&value, equals + 1);
		else
			put_macro(message, name, &value);
		if (!value.len)
			continue;
		buf_printf(&octets, *name && name[1] ? "{%s}" : "%s", name);
		buf_putc(&octets, '\0');
		buf_add(&octets, value.at, value.len + 1);
	}
	return octets.len > 1 ? send_packet(s, 'D', octets.at, octets.len, err) : 0;
}

/* ---- connection ------------------------------------------------------------------------------- */

static int find_address(struct ctx *ctx, const char *endpoint,
                        struct peer_address *ret_address, struct err *err)
{
	if (text_starts(endpoint, "unix:"))
		return peer_address_unix(ctx, endpoint + strlen("unix:"), ret_address,
		                         err);
	if (!text_starts(endpoint, "inet:"))
		return err_set(err, ERR_FAILED, _("%s is not an address of a filter"),
		               endpoint);
	if (peer_address_milter(endpoint + strlen("inet:"), ret_address))
		return 0;
	return err_set(err, ERR_FAILED,
	               _("the filter's address %s is not a port and a numeric host"),
	               endpoint);
}

static int negotiate(struct session *s, struct err *err)
{
	auto_buf offer = BUF_INIT;
	put_u32(&offer, PROTOCOL_VERSION);
	put_u32(&offer, ACTIONS);
	put_u32(&offer, PROTOCOL_BITS);
	int r = send_packet(s, 'O', offer.at, offer.len, err);
	if (r == 0)
		r = receive_packet(s, err);
	if (r < 0)
		return r;
	if (s->reply != 'O' || s->in.len < 12)
		return err_set(err, ERR_FAILED,
		               _("the server at %s does not use the milter protocol"),
		               s->peer.name);
	s->protocol = get_u32(s->in.at + 8);
	return 0;
}

/* ---- one message ------------------------------------------------------------------------------ */

static int send_connect(struct session *s, const struct milter_message *message,
                        struct err *err)
{
	auto_buf octets = BUF_INIT;
	uint16_t port = htons(25);
	buf_printf(&octets, "[%s]", message->client);
	buf_putc(&octets, '\0');
	buf_putc(&octets, '4');
	buf_add(&octets, &port, sizeof(port));
	buf_add(&octets, message->client, strlen(message->client) + 1);
	int r = send_macros(s, 'C', message, MACROS_CONNECT, SKIP_CONNECT, err);
	if (r == 0)
		r = command(s, 'C', &octets, SKIP_CONNECT, NO_REPLY_CONNECT, err);
	if (r == 0)
		r = send_macros(s, 'H', message, MACROS_HELO, SKIP_HELO, err);
	if (r < 0)
		return r;
	buf_clear(&octets);
	buf_printf(&octets, "[%s]", message->client);
	buf_putc(&octets, '\0');
	return command(s, 'H', &octets, SKIP_HELO, NO_REPLY_HELO, err);
}

static int send_envelope(struct session *s, const struct milter_message *message,
                         struct err *err)
{
	auto_buf octets = BUF_INIT;
	int r = send_macros(s, 'M', message, MACROS_MAIL, SKIP_MAIL, err);
	if (r < 0)
		return r;
	buf_printf(&octets, "<%s>", message->sender);
	buf_putc(&octets, '\0');
	r = command(s, 'M', &octets, SKIP_MAIL, NO_REPLY_MAIL, err);
	if (r == 0)
		r = send_macros(s, 'R', message, MACROS_RCPT, SKIP_RCPT, err);
	if (r < 0)
		return r;
	buf_clear(&octets);
	buf_printf(&octets, "<%s>", message->recipient);
	buf_putc(&octets, '\0');
	return command(s, 'R', &octets, SKIP_RCPT, NO_REPLY_RCPT, err);
}

static int send_content(struct session *s, const struct milter_message *message,
                        struct err *err)
{
	auto_buf octets = BUF_INIT;
	int r = 0;
	for (size_t i = 0; r == 0 && i < message->headers; i++) {
		const struct milter_header *header = &message->header[i];
		buf_clear(&octets);
		buf_add(&octets, header->name, strlen(header->name) + 1);
		buf_puts(&octets, s->protocol & LEADING_SPACE ? " " : "");
		buf_add(&octets, header->value, strlen(header->value) + 1);
		r = command(s, 'L', &octets, SKIP_HEADERS, NO_REPLY_HEADER, err);
	}
	buf_clear(&octets);
	if (r == 0)
		r = command(s, 'N', &octets, SKIP_EOH, NO_REPLY_EOH, err);
	buf_puts(&octets, message->body);
	if (r == 0)
		r = command(s, 'B', &octets, SKIP_BODY, NO_REPLY_BODY, err);
	buf_clear(&octets);
	if (r == 0)
		r = command(s, 'E', &octets, 0, 0, err);
	return r;
}

int milter_ask(struct ctx *ctx, const char *endpoint,
               const struct milter_message *message, int64_t deadline,
               struct milter_answer *ret_answer, struct err *err)
{
	struct milter_answer answer = { 0 };
	struct session s = { .peer = PEER(&words, endpoint, deadline),
		             .answer = &answer };
	struct peer_address address;
	int r = find_address(ctx, endpoint, &address, err);
	if (r == 0)
		r = peer_connect(&s.peer, &address, err);
	if (r == 0)
		r = negotiate(&s, err);
	if (r == 0 && message)
		r = send_connect(&s, message, err);
	if (r == 0 && message)
		r = send_envelope(&s, message, err);
	if (r == 0 && message)
		r = send_content(&s, message, err);
	struct err ignored = ERR_INIT;
	if (r == 0 && send_packet(&s, 'Q', "", 0, &ignored) < 0)
		err_clear(&ignored);
	peer_done(&s.peer);
	buf_done(&s.out);
	buf_done(&s.in);
	if (r == 0)
		*ret_answer = answer;
	else
		milter_answer_done(&answer);
	return r;
}

void milter_answer_done(struct milter_answer *answer)
{
	buf_done(&answer->headers);
	buf_done(&answer->removed);
	*answer = (struct milter_answer){ 0 };
}
