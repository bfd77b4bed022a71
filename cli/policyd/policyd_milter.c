/*
 * The filter requests header fields and the end of the message only, and answers only the end if
 * the client allows that.  Fields are removed from the last to the first, so that the indexes are
 * right whether or not a client renumbers them meanwhile.
 *
 * Packets and the list of fields to remove have a fixed size.  A message that exceeds it is
 * refused; a packet that exceeds it ends the connection.
 */
#include "cli/policyd/policyd_milter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/policyd/policyd_results.h"
#include "core/base/ctx.h"

#define PACKET_MAX ((size_t)1 << 20)
#define FORGED_MAX 10000
#define JOB_MAX 64
#define VERSION_MIN 2u
#define VERSION_MAX 6u

#define ACTION_CHANGE_HEADERS 0x10u
/* SMFIP_*: connection, HELO, MAIL, RCPT, body, end of headers, unknown commands and DATA are not
 * requested; headers are not answered. */
#define NO_REPLY_HEADER 0x80u
#define PROTOCOL_WANTED \
	(0x1u | 0x2u | 0x4u | 0x8u | 0x10u | 0x40u | 0x100u | 0x200u | NO_REPLY_HEADER)

struct session {
	const struct policyd_milter *milter;
	int in, out;
	size_t taken; /* octets that were already read */
	uint32_t protocol;
	char job[JOB_MAX]; /* queue id, for the log */
	uint32_t fields;   /* Authentication-Results fields of this message so far */
	uint32_t forged[FORGED_MAX]; /* indexes of the fields to remove, from 1 */
	size_t forged_count;
	unsigned froms;
	char packet[PACKET_MAX + 1]; /* after the length; followed by a NUL */
	size_t len;
};

/* ---- octets ---------------------------------------------------------------------------------- */

/* Whether `fd` is ready before the deadline. */
static bool is_ready(int fd, short events, int64_t until)
{
	for (;;) {
		int64_t left_ms = (until - monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
		struct pollfd wanted = { .fd = fd, .events = events };
		int ready = left_ms <= 0 ? 0 : poll(&wanted, 1, (int)left_ms);
		if (ready > 0 || (ready == 0 && left_ms <= 0))
			return ready > 0;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

/* The number of `len` octets that arrived before the end, a failure or the deadline. */
static size_t read_octets(struct session *s, char *into, size_t len, int64_t until)
{
	size_t at = s->milter->len - s->taken;
	at = at < len ? at : len;
	if (at)
		memcpy(into, s->milter->octets + s->taken, at);
	s->taken += at;
	while (at < len && is_ready(s->in, POLLIN, until)) {
		ssize_t got = read(s->in, into + at, len - at);
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			break;
		at += got > 0 ? (size_t)got : 0;
	}
	return at;
}

static bool send_packet(struct session *s, char command, const void *octets, size_t len)
{
	char packet[256];
	if (len + 5 > sizeof(packet))
		return false;
	uint32_t size = htonl((uint32_t)len + 1);
	memcpy(packet, &size, sizeof(size));
	packet[4] = command;
	if (len)
		memcpy(packet + 5, octets, len);
	int64_t until = monotonic_ns() + s->milter->limits->pause_seconds * NS_PER_SEC;
	for (size_t at = 0; at < len + 5;) {
		if (!is_ready(s->out, POLLOUT, until))
			return false;
		ssize_t put = write(s->out, packet + at, len + 5 - at);
		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		at += put > 0 ? (size_t)put : 0;
	}
	return true;
}

/* Reads one packet into s->packet; false: no more packets. */
static bool receive_packet(struct session *s, bool *ret_is_trouble)
{
	const struct policyd_limits *limits = s->milter->limits;
	uint32_t size;
	char head[sizeof(size)];
	int64_t now = monotonic_ns();
	size_t got = read_octets(s, head, 1, now + limits->idle_seconds * NS_PER_SEC);
	if (got == 0) /* the end, or silence until the deadline */
		return false;
	*ret_is_trouble = true;
	int64_t until = monotonic_ns() + limits->pause_seconds * NS_PER_SEC;
	if (read_octets(s, head + 1, sizeof(head) - 1, until) < sizeof(head) - 1)
		return false;
	memcpy(&size, head, sizeof(size));
	s->len = ntohl(size);
	if (s->len == 0 || s->len > PACKET_MAX) {
		policyd_log(s->milter->log, LOG_ERR,
		            "a packet of %zu octets: connection ended", s->len);
		return false;
	}
	if (read_octets(s, s->packet, s->len, until) < s->len)
		return false;
	s->packet[s->len] = '\0';
	*ret_is_trouble = false;
	return true;
}

/* ---- commands -------------------------------------------------------------------------------- */

static void begin_message(struct session *s)
{
	policyd_conf_follow(s->milter->conf, s->milter->log);
	s->fields = 0;
	s->forged_count = 0;
	s->froms = 0;
	s->job[0] = '\0';
}

static uint32_t number_at(const struct session *s, size_t at)
{
	uint32_t value;
	memcpy(&value, s->packet + at, sizeof(value));
	return ntohl(value);
}

static bool negotiate(struct session *s)
{
	if (s->len < 13 || number_at(s, 1) < VERSION_MIN ||
	    !(number_at(s, 5) & ACTION_CHANGE_HEADERS)) {
		policyd_log(s->milter->log, LOG_ERR,
		            "the mail server does not let header fields be changed");
		return false;
	}
	uint32_t version = number_at(s, 1);
	s->protocol = number_at(s, 9) & PROTOCOL_WANTED;
	const uint32_t answer[] = { htonl(version < VERSION_MAX ? version : VERSION_MAX),
		                    htonl(ACTION_CHANGE_HEADERS), htonl(s->protocol) };
	return send_packet(s, 'O', answer, sizeof(answer));
}

/* The next text of a packet that ends in NUL; NULL: none. */
static const char *next_text(const struct session *s, size_t *at)
{
	const char *text = s->packet + *at;
	const char *end = *at < s->len ? memchr(text, '\0', s->len - *at) : NULL;
	if (!end)
		return NULL;
	*at += (size_t)(end - text) + 1;
	return text;
}

/* Macros: the queue id is used in the log. */
static void take_macros(struct session *s)
{
	size_t at = 2;
	const char *name, *value;
	while ((name = next_text(s, &at)) && (value = next_text(s, &at)))
		if (strcmp(name, "i") == 0 || strcmp(name, "{i}") == 0)
			policyd_log_word(value, strlen(value), s->job, sizeof(s->job));
}

static void take_field(struct session *s)
{
	size_t at = 1;
	const char *name = next_text(s, &at);
	const char *value = name ? next_text(s, &at) : NULL;
	if (!value)
		return;
	size_t from = strlen("From");
	if (strncasecmp(name, "From", from) == 0 &&
	    name[from + strspn(name + from, " \t")] == '\0')
		s->froms++;
	if (!results_is_field(name))
		return;
	s->fields++;
	if (!results_claim(value, strlen(value), s->milter->conf->settings.hostname))
		return;
	if (s->forged_count < FORGED_MAX)
		s->forged[s->forged_count] = s->fields;
	s->forged_count++;
}

static bool refuse(struct session *s, const char *reply)
{
	policyd_log(s->milter->log, LOG_NOTICE, "%s: %s", s->job[0] ? s->job : "-",
	            reply);
	return send_packet(s, 'y', reply, strlen(reply) + 1);
}

static bool remove_field(struct session *s, uint32_t number)
{
	static const char tail[] =
		"Authentication-Results\0"; /* the name, and an empty value */
	char octets[sizeof(number) + sizeof(tail)];
	number = htonl(number);
	memcpy(octets, &number, sizeof(number));
	memcpy(octets + sizeof(number), tail, sizeof(tail));
	return send_packet(s, 'm', octets, sizeof(octets));
}

static bool end_message(struct session *s)
{
	bool is_sent = true;
	if (s->forged_count > FORGED_MAX)
		is_sent = refuse(s, "550 5.7.1 Too many Authentication-Results fields");
	else if (s->milter->conf->settings.is_one_from && s->froms > 1)
		is_sent = refuse(s, "550 5.7.1 More than one From field");
	else {
		for (size_t i = s->forged_count; is_sent && i > 0; i--)
			is_sent = remove_field(s, s->forged[i - 1]);
		is_sent = is_sent && send_packet(s, 'c', "", 0);
		if (s->forged_count)
			policyd_log(s->milter->log, LOG_NOTICE,
			            "%s: %zu forged Authentication-Results taken out",
			            s->job[0] ? s->job : "-", s->forged_count);
	}
	begin_message(s);
	return is_sent;
}

/* False: the client is gone. */
static bool take_packet(struct session *s)
{
	switch (s->packet[0]) {
	case 'O':
		return negotiate(s);
	case 'D':
		take_macros(s);
		return true;
	case 'A': /* the message is aborted */
	case 'K': /* the connection ends, and another one follows */
		begin_message(s);
		return true;
	case 'L':
		take_field(s);
		return s->protocol & NO_REPLY_HEADER || send_packet(s, 'c', "", 0);
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
	s->in = in;
	s->out = out;
	while (receive_packet(s, &is_trouble) && s->packet[0] != 'Q')
		if (!take_packet(s)) {
			is_trouble = true;
			break;
		}
	free(s);
	return is_trouble;
}
