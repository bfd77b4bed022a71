/* The live layer against a name server that misbehaves, on loopback. */
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
#include "dnszone/query.h"
#include "dnszone/resolver_cache.h"

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
	FORMERR_TO_EDNS, /* an old server */
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
	FLOOD, /* wrong ids without end */
	REFERRAL,
};

struct server {
	enum habit habit;
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

static void put_big(struct message *m, const uint8_t *q)
{
	begin(m, q, 0, 3700);
	for (unsigned i = 0; i < 3700; i++) {
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

static void send_tcp(struct server *s, const struct message *m, size_t len)
{
	uint8_t head[2] = { (uint8_t)(m->len >> 8), (uint8_t)m->len };
	if (send(s->client, head, 2, MSG_NOSIGNAL) != 2)
		return;
	for (size_t at = 0; at < len && !s->is_over;) {
		size_t part = s->habit == TCP_DRIP ? 1 : len - at;
		ssize_t sent = send(s->client, m->at + at, part, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		at += (size_t)sent;
		if (s->habit == TCP_DRIP) /* the pace of the drip, nothing waits for it */
			poll(NULL, 0, 20);
	}
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
	    read_all(s->client, q + 2, (size_t)(q[0] << 8 | q[1]))) {
		if (s->habit == TCP_BIG || s->habit == TCP_DRIP)
			put_big(&m, q + 2);
		else
			put_honest(&m, q + 2);
		if (s->habit == TCP_RUBBISH)
			memset(m.at + 2, 0xff, m.len - 2);
		send_tcp(s, &m, s->habit == TCP_CUT ? m.len / 2 : m.len);
	}
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

static struct server *server_start(enum habit habit, unsigned hold)
{
	struct server *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->habit = habit;
	s->hold = hold;
	unsigned tries = 0;
	while (!bind_both(s))
		assert_true(++tries < 50);
	if (habit == TRUNCATED_NO_TCP) {
		close(s->tcp);
		s->tcp = -1;
	}
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	return s;
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

static struct resolver *query_to(const struct server *a, const struct server *b)
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
	struct resolver *r = query_new(&servers, NULL);
	assert_non_null(r);
	return r;
}

static struct dns_name name_of(const char *text)
{
	struct dns_name name;
	assert_true(dns_name_from_text(text, strlen(text), &name));
	return name;
}

static int64_t ms_since(int64_t start)
{
	return (monotonic_ns() - start) / NS_PER_MS;
}

/* ---- one question -------------------------------------------------------------------- */

static void test_habits(void **state)
{
	(void)state;
	static const struct {
		enum habit habit;
		enum dns_kind kind;
		size_t count;
		const char *why; /* a part of it */
	} rows[] = {
		{ HONEST, DNS_OK, 1 },
		{ SILENT, DNS_TEMPFAIL, 0, "no answer from 127.0.0.1:" },
		{ WRONG_ID_FIRST, DNS_OK, 1 },
		{ WRONG_ID, DNS_TEMPFAIL, 0, "no answer from" },
		{ OTHER_QUESTION, DNS_TEMPFAIL, 0, "no answer from" },
		{ OTHER_TYPE, DNS_TEMPFAIL, 0, "no answer from" },
		{ QUESTION_BACK, DNS_TEMPFAIL, 0, "" },
		{ SERVFAIL, DNS_TEMPFAIL, 0, "SERVFAIL from 127.0.0.1:" },
		{ REFUSED, DNS_TEMPFAIL, 0, "REFUSED from" },
		{ NXDOMAIN, DNS_NXDOMAIN, 0 },
		{ NODATA, DNS_NODATA, 0 },
		{ FORMERR_TO_EDNS, DNS_OK, 1 },
		{ CNAME_LOOP, DNS_TEMPFAIL, 0, "a loop of CNAME records" },
		{ CNAME_LONG, DNS_TEMPFAIL, 0, "too many CNAME records" },
		{ CNAME_CHAIN, DNS_OK, 1 },
		{ RUBBISH, DNS_TEMPFAIL, 0, "a broken answer" },
		{ COUNT_LIES, DNS_TEMPFAIL, 0, "a broken answer" },
		{ TRUNCATED_NO_TCP, DNS_TEMPFAIL, 0, "" },
		{ TRUNCATED_TCP, DNS_OK, 1 },
		{ TCP_BIG, DNS_OK, 3700 },
		{ TCP_DRIP, DNS_TEMPFAIL, 0, "no answer from" },
		{ TCP_HANG_UP, DNS_TEMPFAIL, 0, "" },
		{ TCP_CUT, DNS_TEMPFAIL, 0, "" },
		{ TCP_RUBBISH, DNS_TEMPFAIL, 0, "" },
		{ FLOOD, DNS_TEMPFAIL, 0, "no answer from" },
		{ REFERRAL, DNS_TEMPFAIL, 0, "refers to other servers" },
	};
	const struct dns_name name = name_of("www.example.org");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena mem = { 0 };
		struct dns_answer answer;
		struct server *s = server_start(rows[i].habit, 0);
		struct resolver *r = query_to(s, NULL);
		assert_true(arena_open(&mem, 1 << 20));
		int64_t start = monotonic_ns();
		/* what must succeed gets time; what must not, little */
		int limit = rows[i].kind == DNS_TEMPFAIL ? DEADLINE_MS : 10000;
		resolver_ask(r, &name, DNS_A, deadline_in_ms(limit), &mem, &answer);
		int64_t ms = ms_since(start);
		if (answer.kind != rows[i].kind || answer.count != rows[i].count ||
		    ms > limit + SLACK_MS)
			fail_msg("habit %u: %s, %zu records, %s, after %d ms",
			         rows[i].habit, dns_kind_name(answer.kind), answer.count,
			         answer.why ? answer.why : "-", (int)ms);
		if (answer.kind == DNS_TEMPFAIL && !strstr(answer.why, rows[i].why))
			fail_msg("habit %u: \"%s\"", rows[i].habit, answer.why);
		if (answer.kind == DNS_OK)
			assert_int_equal(answer.rdata[answer.count - 1].len, 4);
		assert_int_equal(answer.ttl, rows[i].kind == DNS_OK ? 300 : 0);
		resolver_free(r);
		server_stop(s);
	}
}

static void test_nobody_there(void **state)
{
	(void)state;
	struct server *s = server_start(HONEST, 0);
	struct resolver *r = query_to(s, NULL);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	const struct dns_name name = name_of("example.org");
	assert_true(arena_open(&mem, 4096));
	server_stop(s);
	int64_t start = monotonic_ns();
	resolver_ask(r, &name, DNS_TXT, deadline_in_ms(DEADLINE_MS), &mem, &answer);
	assert_int_equal(answer.kind, DNS_TEMPFAIL);
	assert_non_null(strstr(answer.why, "127.0.0.1:"));
	assert_true(ms_since(start) < DEADLINE_MS + SLACK_MS);
	/* and a deadline that has passed asks nobody */
	resolver_ask(r, &name, DNS_TXT, (struct deadline){ 0 }, &mem, &answer);
	assert_int_equal(answer.kind, DNS_TEMPFAIL);
	assert_non_null(strstr(answer.why, "the time for all questions was over"));
	resolver_free(r);
}

static void test_full_arena(void **state)
{
	(void)state;
	struct server *s = server_start(TCP_BIG, 0);
	struct resolver *r = query_to(s, NULL);
	uint8_t room[1000];
	struct arena mem;
	struct dns_answer answer;
	const struct dns_name name = name_of("example.org");
	arena_init(&mem, room, sizeof(room));
	resolver_ask(r, &name, DNS_A, deadline_in_ms(10000), &mem, &answer);
	assert_int_equal(answer.kind, DNS_TEMPFAIL);
	assert_string_equal(answer.why, "no memory is left for the answer");
	resolver_free(r);
	server_stop(s);
}

/* ---- several servers ----------------------------------------------------------------- */

static void test_second_server(void **state)
{
	(void)state;
	static const struct {
		enum habit first, second;
		enum dns_kind kind;
	} rows[] = {
		{ SERVFAIL, HONEST, DNS_OK },        { REFUSED, HONEST, DNS_OK },
		{ SILENT, HONEST, DNS_OK },          { SILENT, NXDOMAIN, DNS_NXDOMAIN },
		{ NXDOMAIN, HONEST, DNS_NXDOMAIN }, /* an answer is an answer */
		{ SERVFAIL, REFUSED, DNS_TEMPFAIL },
	};
	const struct dns_name name = name_of("example.org");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct server *a = server_start(rows[i].first, 0);
		struct server *b = server_start(rows[i].second, 0);
		struct resolver *r = query_to(a, b);
		auto_arena mem = { 0 };
		struct dns_answer answer;
		assert_true(arena_open(&mem, 4096));
		resolver_ask(r, &name, DNS_A, deadline_in_ms(5000), &mem, &answer);
		if (answer.kind != rows[i].kind)
			fail_msg("row %zu: %s, %s", i, dns_kind_name(answer.kind),
			         answer.why ? answer.why : "-");
		if (answer.kind == DNS_TEMPFAIL) {
			char expected[64];
			snprintf(expected, sizeof(expected), "REFUSED from 127.0.0.1:%u",
			         b->port);
			assert_string_equal(answer.why, expected);
		}
		resolver_free(r);
		server_stop(a);
		server_stop(b);
	}
}

/* ---- several questions --------------------------------------------------------------- */

#define MANY 100

struct seen {
	enum dns_kind kind[MANY];
	unsigned times[MANY], total;
};

static void note(void *arg, size_t i, const struct dns_answer *answer)
{
	struct seen *seen = arg;
	assert_true(i < MANY);
	seen->kind[i] = answer->kind;
	seen->times[i]++;
	seen->total++;
}

static void ask_them(struct resolver *r, size_t count, int ms, struct seen *seen)
{
	auto_arena mem = { 0 };
	struct dns_name names[MANY];
	enum dns_type types[MANY];
	assert_true(arena_open(&mem, 1 << 20));
	for (size_t i = 0; i < count; i++) {
		char text[64];
		snprintf(text, sizeof(text), "n%zu.example.org", i);
		names[i] = name_of(text);
		types[i] = DNS_A;
	}
	*seen = (struct seen){ .total = 0 };
	resolver_ask_many(r, count, names, types, deadline_in_ms(ms), &mem, note, seen);
	assert_int_equal(seen->total, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(seen->times[i], 1);
}

static void test_many(void **state)
{
	(void)state;
	struct seen seen;
	/* the server speaks when all of QUERY_WIDTH are there: they are in flight together */
	struct server *s = server_start(HONEST, QUERY_WIDTH);
	struct resolver *r = query_to(s, NULL);
	ask_them(r, QUERY_WIDTH, 10000, &seen);
	for (size_t i = 0; i < QUERY_WIDTH; i++)
		assert_int_equal(seen.kind[i], DNS_OK);
	assert_int_equal(s->questions, QUERY_WIDTH);
	resolver_free(r);
	server_stop(s);

	s = server_start(HONEST, 0);
	r = query_to(s, NULL);
	ask_them(r, MANY, 10000, &seen);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(seen.kind[i], DNS_OK);
	resolver_free(r);
	server_stop(s);

	/* questions that were in flight before it was known that the server is an old one */
	s = server_start(FORMERR_TO_EDNS, 0);
	r = query_to(s, NULL);
	ask_them(r, 8, 10000, &seen);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(seen.kind[i], DNS_OK);
	resolver_free(r);
	server_stop(s);

	/* silence costs one deadline, not one for each question */
	s = server_start(SILENT, 0);
	r = query_to(s, NULL);
	int64_t start = monotonic_ns();
	ask_them(r, MANY, DEADLINE_MS, &seen);
	assert_true(ms_since(start) < DEADLINE_MS + SLACK_MS);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(seen.kind[i], DNS_TEMPFAIL);
	resolver_free(r);
	server_stop(s);
}

static void wait_for_questions(const struct server *s, unsigned count)
{
	struct deadline until = deadline_in_ms(10000);
	while (s->questions < count && deadline_left_ms(until) > 0)
		poll(NULL, 0, 1);
	assert_int_equal(s->questions, count);
}

static void test_ahead(void **state)
{
	(void)state;
	const struct dns_name a = name_of("a.example"), b = name_of("b.example");
	struct deadline until = deadline_in_ms(10000);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 1 << 16));
	/* two asked ahead, the answers come when the third question is there */
	struct server *s = server_start(HONEST, 3);
	struct resolver *r = resolver_cache_new(query_to(s, NULL), 1 << 16);
	const struct dns_name c = name_of("c.example");
	resolver_ask_ahead(r, &a, DNS_A, until);
	resolver_ask_ahead(r, &b, DNS_A, until);
	resolver_ask_ahead(r, &a, DNS_A, until); /* not sent twice */
	wait_for_questions(s, 2);
	assert_false(resolver_peek(r, &a, DNS_A, &mem, &answer));
	resolver_ask(r, &c, DNS_A, until, &mem, &answer);
	assert_int_equal(answer.kind, DNS_OK);
	while (!resolver_peek(r, &a, DNS_A, &mem, &answer))
		assert_true(deadline_left_ms(until) > 0);
	assert_int_equal(answer.kind, DNS_OK);
	resolver_ask(r, &a, DNS_A, until, &mem, &answer);
	assert_int_equal(answer.kind, DNS_OK);
	resolver_ask(r, &b, DNS_A, until, &mem, &answer);
	assert_int_equal(answer.kind, DNS_OK);
	assert_memory_equal(answer.rdata[0].octets, "\xc0\x00\x02\x05", 4);
	assert_int_equal(s->questions, 3);
	resolver_free(r);
	server_stop(s);

	/* what was asked ahead of a silent server changes nothing for the others, and is no answer */
	s = server_start(SILENT, 0);
	r = query_to(s, NULL);
	until = deadline_in_ms(DEADLINE_MS);
	for (unsigned i = 0; i < 200; i++) {
		char text[32];
		snprintf(text, sizeof(text), "n%u.example", i);
		const struct dns_name name = name_of(text);
		resolver_ask_ahead(r, &name, DNS_TXT, until);
	}
	int64_t start = monotonic_ns();
	resolver_ask(r, &a, DNS_A, until, &mem, &answer);
	assert_int_equal(answer.kind, DNS_TEMPFAIL);
	assert_true(ms_since(start) < DEADLINE_MS + SLACK_MS);
	resolver_free(r);
	server_stop(s);
}

/* Answers that were asked ahead and found no room are asked for again. */
static void test_ahead_full(void **state)
{
	(void)state;
	const struct dns_name a = name_of("a.example"), b = name_of("b.example");
	struct server *s = server_start(HONEST, 0);
	struct query_servers servers;
	struct err err = ERR_INIT;
	char text[32];
	snprintf(text, sizeof(text), "127.0.0.1:%u", s->port);
	assert_int_equal(query_servers_parse(text, &servers, &err), 0);
	const struct query_options options = { .memory = 8 };
	struct resolver *r = query_new(&servers, &options);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	struct deadline until = deadline_in_ms(10000);
	assert_non_null(r);
	assert_true(arena_open(&mem, 4096));
	resolver_ask_ahead(r, &a, DNS_A, until);
	wait_for_questions(s, 1);
	resolver_ask(r, &b, DNS_A, until, &mem, &answer);
	assert_int_equal(answer.kind, DNS_OK);
	resolver_ask(r, &a, DNS_A, until, &mem, &answer);
	assert_int_equal(answer.kind, DNS_OK);
	assert_true(s->questions >= 2);
	resolver_free(r);
	server_stop(s);
}

/* A renewed stack knows nothing and asks from another port; what was in flight disturbs nobody. */
static void test_renew(void **state)
{
	(void)state;
	const struct dns_name a = name_of("a.example"), b = name_of("b.example");
	struct server *s = server_start(HONEST, 0);
	struct resolver *r = resolver_cache_new(query_to(s, NULL), 1 << 16);
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 1 << 16));
	uint16_t asker[4];
	for (unsigned check = 0; check < 4; check++) {
		struct deadline until = deadline_in_ms(check == 3 ? 700 : 10000);
		assert_false(resolver_peek(r, &a, DNS_A, &mem, &answer));
		resolver_ask(r, &a, DNS_A, until, &mem, &answer);
		assert_int_equal(answer.kind, DNS_OK);
		assert_int_equal(s->questions, 2 * check + 1);
		asker[check] = s->asker;
		resolver_ask_ahead(r, &b, DNS_A, until);
		wait_for_questions(s, 2 * check + 2);
		assert_true(resolver_renew(r));
		assert_int_equal(resolver_cache_count(r).misses, 0);
	}
	/* chance may give one port again, hardly twice */
	assert_false(asker[0] == asker[1] && asker[1] == asker[2]);
	resolver_free(r);
	server_stop(s);
}

/* ---- servers as text ----------------------------------------------------------------- */

static void test_servers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned count; /* 0: refused */
		const char *last;
	} rows[] = {
		{ "192.0.2.1", 1, "192.0.2.1" },
		{ "192.0.2.1:53", 1, "192.0.2.1" },
		{ "192.0.2.1:5353", 1, "192.0.2.1:5353" },
		{ "2001:db8::1", 1, "2001:db8::1" },
		{ "[2001:db8::1]", 1, "2001:db8::1" },
		{ "[2001:db8::1]:5353", 1, "[2001:db8::1]:5353" },
		{ "192.0.2.1, 192.0.2.2:54 ::1", 3, "::1" },
		{ "", 0 },
		{ "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", 0 },
		{ "ns.example.org", 0 },
		{ "192.0.2.1:0", 0 },
		{ "192.0.2.1:65536", 0 },
		{ "192.0.2.1:", 0 },
		{ "[2001:db8::1", 0 },
		{ "[2001:db8::1]x", 0 },
		{ "192.0.2", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct query_servers servers;
		struct err err = ERR_INIT;
		int r = query_servers_parse(rows[i].text, &servers, &err);
		if (r != (rows[i].count ? 0 : ERR_USAGE))
			fail_msg("\"%s\": %d %s", rows[i].text, r, err.text);
		if (r < 0)
			continue;
		assert_int_equal(servers.count, rows[i].count);
		assert_string_equal(servers.at[servers.count - 1].text, rows[i].last);
	}
}

static void test_system_servers(void **state)
{
	(void)state;
	struct query_servers servers = { .count = 0 };
	struct err err = ERR_INIT;
	assert_int_equal(query_servers_system(&servers, &err), 0);
	assert_in_range(servers.count, 1, QUERY_SERVERS_MAX);
	assert_true(servers.at[0].text[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_habits),     cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_full_arena), cmocka_unit_test(test_second_server),
		cmocka_unit_test(test_many),       cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_ahead_full), cmocka_unit_test(test_renew),
		cmocka_unit_test(test_servers),    cmocka_unit_test(test_system_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
