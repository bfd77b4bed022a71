/* The live layer against a name server that misbehaves, on loopback. */
#include "tests/unit/fake_dns.h"

#include "dnszone/query/resolver_cache.h"

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
		{ WRONG_ID, DNS_TEMPFAIL, 0, "do not match the question" },
		{ OTHER_QUESTION, DNS_TEMPFAIL, 0, "do not match the question" },
		{ OTHER_TYPE, DNS_TEMPFAIL, 0, "do not match the question" },
		{ QUESTION_BACK, DNS_TEMPFAIL, 0, "do not match the question" },
		{ SERVFAIL, DNS_TEMPFAIL, 0, "SERVFAIL from 127.0.0.1:" },
		{ REFUSED, DNS_TEMPFAIL, 0, "REFUSED from" },
		{ NXDOMAIN, DNS_NXDOMAIN, 0 },
		{ NODATA, DNS_NODATA, 0 },
		{ FORMERR_TO_EDNS, DNS_OK, 1 },
		{ BARE_FORMERR_TO_EDNS, DNS_OK, 1 },
		{ NOTIMP_TO_EDNS, DNS_OK, 1 },
		{ FORMERR, DNS_TEMPFAIL, 0, "FORMERR from" },
		{ BARE_SERVFAIL, DNS_TEMPFAIL, 0, "SERVFAIL from" },
		{ ODD_RCODE, DNS_TEMPFAIL, 0, "an unexpected error code from" },
		{ CNAME_LOOP, DNS_TEMPFAIL, 0, "a loop of CNAME records" },
		{ CNAME_LONG, DNS_TEMPFAIL, 0, "too many CNAME records" },
		{ CNAME_CHAIN, DNS_OK, 1 },
		{ RUBBISH, DNS_TEMPFAIL, 0, "a malformed answer" },
		{ COUNT_LIES, DNS_TEMPFAIL, 0, "a malformed answer" },
		{ TRUNCATED_NO_TCP, DNS_TEMPFAIL, 0, "over TCP: Connection refused" },
		{ TRUNCATED_TCP, DNS_OK, 1 },
		{ TCP_BIG, DNS_OK, BIG_COUNT },
		{ TCP_DRIP, DNS_TEMPFAIL, 0, "no answer from" },
		{ TCP_HANG_UP, DNS_TEMPFAIL, 0, "over TCP" },
		{ TCP_CUT, DNS_TEMPFAIL, 0, "sent no complete answer over TCP" },
		{ TCP_RUBBISH, DNS_TEMPFAIL, 0, "over TCP" },
		{ TCP_EMPTY, DNS_TEMPFAIL, 0, "sent no complete answer over TCP" },
		{ TCP_SHORT, DNS_TEMPFAIL, 0, "sent no complete answer over TCP" },
		{ TCP_SLOW, DNS_OK, 1 },
		{ TCP_MORE, DNS_OK, 1 },
		{ TCP_OTHER_ID, DNS_TEMPFAIL, 0, "sent no complete answer over TCP" },
		{ TCP_OTHER_QUESTION, DNS_TEMPFAIL, 0,
		  "sent no complete answer over TCP" },
		{ TCP_TRUNCATED, DNS_TEMPFAIL, 0, "a truncated answer" },
		{ UDP_HUGE, DNS_OK, 400 },
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
		bool is_silence = answer.kind == DNS_TEMPFAIL &&
		                  (strstr(answer.why, "no answer from") ||
		                   strstr(answer.why, "TCP"));
		assert_int_equal(answer.has_reply,
		                 answer.kind == DNS_TEMPFAIL && !is_silence);
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
	assert_non_null(strstr(answer.why, "the time limit for all queries was reached"));
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
	assert_string_equal(answer.why, "not enough memory for the answer");
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
		{ SERVFAIL, HONEST, DNS_OK },         { REFUSED, HONEST, DNS_OK },
		{ SILENT, HONEST, DNS_OK },           { SILENT, NXDOMAIN, DNS_NXDOMAIN },
		{ NXDOMAIN, HONEST, DNS_NXDOMAIN }, /* an answer is an answer */
		{ SERVFAIL, REFUSED, DNS_TEMPFAIL },  { FORMERR, HONEST, DNS_OK },
		{ FORMERR_TO_EDNS, REFUSED, DNS_OK }, { NOTIMP_TO_EDNS, REFUSED, DNS_OK },
		{ TRUNCATED_NO_TCP, HONEST, DNS_OK }, { TCP_HANG_UP, HONEST, DNS_OK },
		{ TCP_DRIP, HONEST, DNS_OK },         { WRONG_ID, HONEST, DNS_OK },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_habits),     cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_full_arena), cmocka_unit_test(test_second_server),
		cmocka_unit_test(test_many),       cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_ahead_full), cmocka_unit_test(test_renew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
