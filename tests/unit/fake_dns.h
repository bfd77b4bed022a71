/*
 * tests/unit/fake_dns.h: a name server on loopback that misbehaves, in a thread of its own, and what
 * tests of the layer that asks it share.
 */
#ifndef TESTS_UNIT_FAKE_DNS_H
#define TESTS_UNIT_FAKE_DNS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/ctx.h"
#include "core/base/macro.h"
#include "dnszone/query/query.h"

#define DEADLINE_MS 300
#define SLACK_MS 1000 /* for a machine that is busy */

enum habit {
	HONEST,
	SILENT,
	WRONG_ID_FIRST, /* a false answer, then the true one */
	WRONG_ID,       /* only false ones */
	OTHER_QUESTION,
	OTHER_TYPE,
	QUESTION_BACK, /* the question itself, QR not set */
	SERVFAIL,
	REFUSED,
	NXDOMAIN,
	NODATA,
	FORMERR_TO_EDNS,      /* an old server */
	BARE_FORMERR_TO_EDNS, /* ... that sends a header alone */
	NOTIMP_TO_EDNS,
	FORMERR,
	BARE_SERVFAIL,
	ODD_RCODE,
	CNAME_LOOP,
	CNAME_LONG,  /* 17 links */
	CNAME_CHAIN, /* 3 links, and the data */
	RUBBISH,     /* the right header and question, then octets */
	COUNT_LIES,  /* 65,535 records announced */
	TRUNCATED_NO_TCP,
	TRUNCATED_TCP, /* the answer comes over TCP */
	TCP_BIG,       /* 60 kB over TCP */
	TCP_DRIP,      /* one octet every 20 ms, for ever */
	TCP_HANG_UP,
	TCP_CUT, /* half a message, then the end */
	TCP_RUBBISH,
	TCP_EMPTY, /* a message of no octets */
	TCP_SHORT, /* ... of four */
	TCP_SLOW,  /* in two parts */
	TCP_MORE,  /* octets after the message */
	TCP_OTHER_ID,
	TCP_OTHER_QUESTION,
	TCP_TRUNCATED,
	UDP_HUGE, /* much more than was asked for, whole over TCP */
	FLOOD,    /* wrong ids without end */
	REFERRAL,
};

struct server;

/* What it does with question number n over UDP, in place of its habit. */
typedef void server_script(struct server *s, unsigned n, const uint8_t *q, size_t len,
                           const struct sockaddr_in *from);

struct server {
	enum habit habit;
	server_script *script; /* NULL: none */
	int udp, tcp, client;
	uint16_t port;
	uint16_t asker; /* the port of the last question over UDP */
	pthread_t thread;
	atomic_bool is_over;
	atomic_uint questions; /* over UDP */
	unsigned hold;         /* answers only when this many questions have come */
	uint8_t held[64][512];
	size_t held_len[64];
	struct sockaddr_in held_from[64];
};

/* ---- messages ------------------------------------------------------------------------ */

struct message {
	uint8_t at[65536 + 2];
	size_t len;
};

static void put(struct message *m, const void *octets, size_t len)
{
	memcpy(m->at + m->len, octets, len);
	m->len += len;
}

static void put16(struct message *m, unsigned value)
{
	const uint8_t octets[] = { (uint8_t)(value >> 8), (uint8_t)value };
	put(m, octets, 2);
}

static size_t question_end(const uint8_t *q)
{
	size_t at = 12;
	while (q[at])
		at += q[at] + 1u;
	return at + 5;
}

/* The header and the question of a reply. */
static void begin(struct message *m, const uint8_t *q, unsigned flags, unsigned answers)
{
	m->len = 0;
	put(m, q, 2);
	put16(m, 0x8180 | flags);
	put16(m, 1);
	put16(m, answers);
	put16(m, 0);
	put16(m, 0);
	put(m, q + 12, question_end(q) - 12);
}

static void put_rr(struct message *m, const char *owner, size_t owner_len, unsigned type,
                   const void *data, size_t len)
{
	static const uint8_t ttl[] = { 0, 0, 1, 0x2c }; /* 300 */
	put(m, owner, owner_len);
	put16(m, type);
	put16(m, 1);
	put(m, ttl, 4);
	put16(m, (unsigned)len);
	put(m, data, len);
}

/* A header without question. */
static void put_bare(struct message *m, const uint8_t *q, unsigned flags)
{
	begin(m, q, flags, 0);
	m->at[5] = 0;
	m->len = 12;
}

#define OWNER_ASKED "\xc0\x0c", 2

static void put_honest(struct message *m, const uint8_t *q)
{
	begin(m, q, 0, 1);
	put_rr(m, OWNER_ASKED, 1, "\xc0\x00\x02\x05", 4);
}

/* Alias number n: "\001<letter>\0". */
static void put_chain(struct message *m, const uint8_t *q, unsigned links, bool is_loop)
{
	begin(m, q, 0, links + !is_loop);
	for (unsigned i = 0; i < links; i++) {
		char owner[] = { 1, (char)('a' + i), 0 },
		     target[] = { 1, (char)('b' + i), 0 };
		if (is_loop && i + 1 == links)
			target[1] = 'b';
		put_rr(m, i ? owner : "\xc0\x0c", i ? 3 : 2, 5, target, 3);
	}
	char last[] = { 1, (char)('a' + links), 0 };
	if (!is_loop)
		put_rr(m, last, 3, 1, "\xc0\x00\x02\x07", 4);
}

#define BIG_COUNT 3700 /* 60 kB */

static void put_big(struct message *m, const uint8_t *q, unsigned count)
{
	begin(m, q, 0, count);
	for (unsigned i = 0; i < count; i++) {
		const uint8_t address[] = { 192, 0, (uint8_t)(i >> 8), (uint8_t)i };
		put_rr(m, OWNER_ASKED, 1, address, 4);
	}
}

/* What the server says over UDP.  False: nothing. */
static bool compose(enum habit habit, const uint8_t *q, size_t len, struct message *m)
{
	put_honest(m, q);
	switch (habit) {
	case SILENT:
		return false;
	case WRONG_ID:
	case FLOOD:
		m->at[0] ^= 0x55;
		break;
	case OTHER_QUESTION:
		m->at[13] ^= 1;
		break;
	case OTHER_TYPE:
		m->at[question_end(q) - 3] = 16;
		break;
	case QUESTION_BACK:
		m->len = 0;
		put(m, q, len);
		break;
	case SERVFAIL:
		begin(m, q, 2, 0);
		break;
	case REFUSED:
		begin(m, q, 5, 0);
		break;
	case NXDOMAIN:
		begin(m, q, 3, 0);
		break;
	case NODATA:
		begin(m, q, 0, 0);
		break;
	case FORMERR_TO_EDNS:
		if (q[11])
			begin(m, q, 1, 0);
		break;
	case BARE_FORMERR_TO_EDNS:
		if (q[11])
			put_bare(m, q, 1);
		break;
	case NOTIMP_TO_EDNS:
		if (q[11])
			begin(m, q, 4, 0);
		break;
	case FORMERR:
		begin(m, q, 1, 0);
		break;
	case BARE_SERVFAIL:
		put_bare(m, q, 2);
		break;
	case ODD_RCODE:
		begin(m, q, 9, 0);
		break;
	case UDP_HUGE:
		put_big(m, q, 400);
		break;
	case CNAME_LOOP:
		put_chain(m, q, 3, true);
		break;
	case CNAME_LONG:
		put_chain(m, q, 17, false);
		break;
	case CNAME_CHAIN:
		put_chain(m, q, 3, false);
		break;
	case RUBBISH:
		begin(m, q, 0, 4);
		put(m, "\xc0\xff\xc0\x0c\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff", 14);
		break;
	case COUNT_LIES:
		m->at[6] = m->at[7] = 0xff;
		break;
	case TRUNCATED_NO_TCP:
	case TRUNCATED_TCP:
	case TCP_BIG:
	case TCP_DRIP:
	case TCP_HANG_UP:
	case TCP_CUT:
	case TCP_RUBBISH:
	case TCP_EMPTY:
	case TCP_SHORT:
	case TCP_SLOW:
	case TCP_MORE:
	case TCP_OTHER_ID:
	case TCP_OTHER_QUESTION:
	case TCP_TRUNCATED:
		begin(m, q, 0x200, 0);
		break;
	case REFERRAL:
		begin(m, q, 0, 0);
		m->at[3] = 0; /* no RA */
		m->at[9] = 1; /* one record in the authority section */
		put_rr(m, "\0", 1, 2, "\1n\0", 3);
		break;
	default:
		break;
	}
	return true;
}

/* ---- the server ---------------------------------------------------------------------- */

static void send_udp(struct server *s, const struct message *m,
                     const struct sockaddr_in *to)
{
	sendto(s->udp, m->at, m->len, MSG_DONTWAIT, (const struct sockaddr *)to,
	       sizeof(*to));
}

static void answer_udp(struct server *s, const uint8_t *q, size_t len,
                       const struct sockaddr_in *from)
{
	static __thread struct message m;
	if (s->habit == WRONG_ID_FIRST) {
		compose(WRONG_ID, q, len, &m);
		send_udp(s, &m, from);
	}
	if (!compose(s->habit, q, len, &m))
		return;
	do
		send_udp(s, &m, from);
	while (s->habit == FLOOD && !s->is_over);
}

static void on_udp(struct server *s)
{
	uint8_t q[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(s->udp, q, sizeof(q), MSG_DONTWAIT,
	                       (struct sockaddr *)&from, &from_len);
	if (len < 17)
		return;
	s->asker = from.sin_port;
	unsigned n = s->questions++;
	if (s->script) {
		s->script(s, n, q, (size_t)len, &from);
		return;
	}
	if (s->hold == 0 || n >= 64) {
		answer_udp(s, q, (size_t)len, &from);
		return;
	}
	memcpy(s->held[n], q, (size_t)len);
	s->held_len[n] = (size_t)len;
	s->held_from[n] = from;
	/* the last question first */
	for (unsigned i = n + 1; i-- > 0 && n + 1 == s->hold;)
		answer_udp(s, s->held[i], s->held_len[i], &s->held_from[i]);
}

static bool read_all(int fd, uint8_t *to, size_t len)
{
	while (len > 0) {
		ssize_t got = recv(fd, to, len, 0);
		if (got <= 0)
			return false;
		to += got;
		len -= (size_t)got;
	}
	return true;
}

static void send_tcp(struct server *s, const struct message *m, size_t announced,
                     size_t len)
{
	uint8_t head[2] = { (uint8_t)(announced >> 8), (uint8_t)announced };
	if (send(s->client, head, 2, MSG_NOSIGNAL) != 2)
		return;
	for (size_t at = 0; at < len && !s->is_over;) {
		size_t part = s->habit == TCP_DRIP   ? 1
		              : s->habit == TCP_SLOW ? (len + 1) / 2
		                                     : len;
		part = part < len - at ? part : len - at;
		ssize_t sent = send(s->client, m->at + at, part, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		at += (size_t)sent;
		/* the pace of the server, nothing waits for it */
		if (at < len && (s->habit == TCP_DRIP || s->habit == TCP_SLOW))
			poll(NULL, 0, 20);
	}
}

static void answer_tcp(struct server *s, const uint8_t *q, struct message *m)
{
	put_honest(m, q);
	size_t announced = 0, len = 0;
	switch (s->habit) {
	case TCP_BIG:
	case TCP_DRIP:
		put_big(m, q, BIG_COUNT);
		break;
	case UDP_HUGE:
		put_big(m, q, 400);
		break;
	case TCP_CUT:
		announced = m->len;
		len = m->len / 2;
		break;
	case TCP_RUBBISH:
		memset(m->at + 2, 0xff, m->len - 2);
		break;
	case TCP_EMPTY:
		m->len = 0;
		break;
	case TCP_SHORT:
		m->len = 4;
		break;
	case TCP_MORE:
		announced = m->len;
		memset(m->at + m->len, 0xff, 1000);
		len = m->len + 1000;
		break;
	case TCP_OTHER_ID:
		m->at[0] ^= 0x55;
		break;
	case TCP_OTHER_QUESTION:
		m->at[13] ^= 1;
		break;
	case TCP_TRUNCATED:
		m->at[2] |= 2;
		break;
	default:
		break;
	}
	send_tcp(s, m, len ? announced : m->len, len ? len : m->len);
}

static void on_tcp(struct server *s)
{
	static __thread struct message m;
	uint8_t q[514];
	s->client = accept(s->tcp, NULL, NULL);
	if (s->client < 0)
		return;
	if (s->habit != TCP_HANG_UP && read_all(s->client, q, 2) &&
	    (size_t)(q[0] << 8 | q[1]) <= 512 &&
	    read_all(s->client, q + 2, (size_t)(q[0] << 8 | q[1])))
		answer_tcp(s, q + 2, &m);
	close(s->client);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	while (!s->is_over) {
		struct pollfd fd[] = { { .fd = s->udp, .events = POLLIN },
			               { .fd = s->tcp, .events = POLLIN } };
		if (poll(fd, s->tcp < 0 ? 1 : 2, 50) <= 0)
			continue;
		if (fd[0].revents)
			on_udp(s);
		if (s->tcp >= 0 && fd[1].revents)
			on_tcp(s);
	}
	return NULL;
}

/* A UDP and a TCP socket on the same free port. */
static bool bind_both(struct server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->udp, (struct sockaddr *)&at, len) == 0 &&
	    getsockname(s->udp, (struct sockaddr *)&at, &len) == 0 &&
	    bind(s->tcp, (struct sockaddr *)&at, len) == 0 && listen(s->tcp, 8) == 0) {
		s->port = ntohs(at.sin_port);
		return true;
	}
	close(s->udp);
	close(s->tcp);
	return false;
}

static struct server *server_run(struct server how)
{
	struct server *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	*s = how;
	unsigned tries = 0;
	while (!bind_both(s))
		assert_true(++tries < 50);
	if (s->habit == TRUNCATED_NO_TCP) {
		close(s->tcp);
		s->tcp = -1;
	}
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	return s;
}

__attribute__((unused)) static struct server *server_start(enum habit habit,
                                                           unsigned hold)
{
	return server_run((struct server){ .habit = habit, .hold = hold });
}

static void server_stop(struct server *s)
{
	s->is_over = true;
	pthread_join(s->thread, NULL);
	close(s->udp);
	if (s->tcp >= 0)
		close(s->tcp);
	free(s);
}

static struct query_servers servers_of(const struct server *a, const struct server *b)
{
	char text[64];
	struct query_servers servers;
	struct err err = ERR_INIT;
	if (b)
		snprintf(text, sizeof(text), "127.0.0.1:%u,127.0.0.1:%u", a->port,
		         b->port);
	else
		snprintf(text, sizeof(text), "127.0.0.1:%u", a->port);
	assert_int_equal(query_servers_parse(text, &servers, &err), 0);
	return servers;
}

__attribute__((unused)) static struct resolver *query_to(const struct server *a,
                                                         const struct server *b)
{
	const struct query_servers servers = servers_of(a, b);
	struct resolver *r = query_new(&servers, NULL);
	assert_non_null(r);
	return r;
}

__attribute__((unused)) static struct dns_name name_of(const char *text)
{
	struct dns_name name;
	assert_true(dns_name_from_text(text, strlen(text), &name));
	return name;
}

__attribute__((unused)) static int64_t ms_since(int64_t start)
{
	return (monotonic_ns() - start) / NS_PER_MS;
}

__attribute__((unused)) static void wait_for_questions(const struct server *s,
                                                       unsigned count)
{
	struct deadline until = deadline_in_ms(10000);
	while (s->questions < count && deadline_left_ms(until) > 0)
		poll(NULL, 0, 1);
	assert_int_equal(s->questions, count);
}

#endif
