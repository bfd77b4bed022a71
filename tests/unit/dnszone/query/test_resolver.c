/* Cache, mock and zone files as layers; replies read without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>

#include "core/base/macro.h"
#include "dnszone/query/resolver_cache.h"
#include "dnszone/query/resolver_zone.h"
#include "dnszone/query/wire.h"
#include "tests/unit/resolver_mock.h"

static struct dns_name name_of(const char *text)
{
	struct dns_name name;
	if (!dns_name_from_text(text, strlen(text), &name))
		fail_msg("\"%s\" is not a name", text);
	return name;
}

/* ---- layers -------------------------------------------------------------------------- */

/* "ok 300: 192.0.2.1, 10 mail.example" */
static const char *show(const struct dns_answer *answer, enum dns_type type)
{
	static char text[4096];
	size_t len =
		(size_t)snprintf(text, sizeof(text), "%s", dns_kind_name(answer->kind));
	if (answer->kind == DNS_TEMPFAIL)
		len += (size_t)snprintf(text + len, 200, ": %s", answer->why);
	else
		assert_null(answer->why);
	assert_int_equal(answer->count > 0, answer->kind == DNS_OK);
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_rdata *rdata = &answer->rdata[i];
		char data[DNS_NAME_TEXT_SIZE];
		struct dns_name name;
		if (type == DNS_A || type == DNS_AAAA)
			inet_ntop(type == DNS_A ? AF_INET : AF_INET6, rdata->octets, data,
			          sizeof(data));
		else if (type == DNS_TXT || type == DNS_SOA)
			snprintf(data, sizeof(data), "%zu %.60s", rdata->len,
			         (const char *)rdata->octets);
		else if (dns_name_from_wire(rdata->octets, rdata->len, &name))
			dns_name_to_text(&name, data);
		else
			fail_msg("no name");
		len += (size_t)snprintf(text + len, 1100, "%s", i ? ", " : ": ");
		if (type == DNS_MX)
			len += (size_t)snprintf(text + len, 10, "%u ", rdata->preference);
		len += (size_t)snprintf(text + len, 1100, "%s", data);
	}
	return text;
}

struct ask_row {
	const char *name;
	enum dns_type type;
	const char *answer;
};

static void ask_rows(struct resolver *r, const struct ask_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		auto_arena mem = { 0 };
		struct dns_answer answer;
		const struct dns_name name = name_of(rows[i].name);
		assert_true(arena_open(&mem, 8192));
		resolver_ask(r, &name, rows[i].type, deadline_in_ms(1000), &mem, &answer);
		if (strcmp(show(&answer, rows[i].type), rows[i].answer) != 0)
			fail_msg("%s %s: \"%s\" instead of \"%s\"", rows[i].name,
			         dns_type_name(rows[i].type), show(&answer, rows[i].type),
			         rows[i].answer);
	}
}

static struct resolver *mock_of(enum mock_mode mode, const struct mock_row *rows,
                                size_t count)
{
	struct resolver *mock = resolver_mock_new(mode);
	struct err err = ERR_INIT;
	for (size_t i = 0; i < count; i++)
		if (resolver_mock_add(mock, &rows[i], &err) < 0)
			fail_msg("%s", err.text);
	return mock;
}

static const struct mock_row world[] = {
	{ "example.org", "A", "192.0.2.1" },
	{ "Example.org", "MX", "10 Mail.example.org" },
	{ "example.org", "MX", "20 b.example.org." },
	{ "example.org", "TXT", "v=spf1 -all" },
	{ "six.example.org", "AAAA", "2001:db8::1" },
	{ "1.2.0.192.in-addr.arpa", "PTR", "example.org" },
	{ "www.example.org", "CNAME", "example.org" },
	{ "loop.example.org", "CNAME", "LOOP.example.org" },
	{ "slow.example.org", "TIMEOUT", NULL },
	{ "half.example.org", "TXT", "here" },
	{ "half.example.org", "TIMEOUT", NULL },
	{ "one.example.org", "A", "192.0.2.3" },
	{ "one.example.org", "SERVFAIL", "TXT" },
	{ "deep.tree.example.org", "A", "192.0.2.4" },
	{ "abc.example.org", "A", "192.0.2.5" },
	{ "z.ab.example.org", "A", "192.0.2.6" },
	{ "a.abc.example.org", "A", "192.0.2.7" },
	{ "a.example.org", "A", "192.0.2.8" },
};

static void test_mock(void **state)
{
	(void)state;
	static const struct ask_row rows[] = {
		{ "EXAMPLE.org.", DNS_A, "ok: 192.0.2.1" },
		{ "example.org", DNS_MX, "ok: 10 mail.example.org, 20 b.example.org" },
		{ "example.org", DNS_TXT, "ok: 11 v=spf1 -all" },
		{ "example.org", DNS_AAAA, "no data" },
		{ "six.example.org", DNS_AAAA, "ok: 2001:db8::1" },
		{ "1.2.0.192.in-addr.arpa", DNS_PTR, "ok: example.org" },
		{ "www.example.org", DNS_A, "ok: 192.0.2.1" },
		{ "www.example.org", DNS_AAAA, "no data" },
		{ "www.example.org", DNS_CNAME, "ok: example.org" },
		{ "loop.example.org", DNS_A,
		  "temporary failure: a loop of CNAME records" },
		{ "slow.example.org", DNS_A,
		  "temporary failure: no answer from the mock" },
		{ "half.example.org", DNS_TXT, "ok: 4 here" },
		{ "half.example.org", DNS_A,
		  "temporary failure: no answer from the mock" },
		{ "one.example.org", DNS_A, "ok: 192.0.2.3" },
		{ "one.example.org", DNS_TXT,
		  "temporary failure: SERVFAIL from the mock" },
		{ "one.example.org", DNS_MX, "no data" },
		{ "tree.example.org", DNS_A, "no data" },
		{ "ree.example.org", DNS_A, "no such name" },
		{ "abc.example.org", DNS_A, "ok: 192.0.2.5" },
		{ "ab.example.org", DNS_A, "no data" },
		{ "z.ab.example.org", DNS_A, "ok: 192.0.2.6" },
		{ "a.abc.example.org", DNS_A, "ok: 192.0.2.7" },
		{ "a.example.org", DNS_A, "ok: 192.0.2.8" },
		{ "abcd.example.org", DNS_A, "no such name" },
		{ "example.com", DNS_A, "no such name" },
	};
	auto_resolver *mock = mock_of(MOCK_OPEN, world, ARRAY_LEN(world));
	ask_rows(mock, rows, ARRAY_LEN(rows));
	assert_int_equal(resolver_mock_count(mock).asked, ARRAY_LEN(rows));

	static const struct mock_row bad[] = {
		{ "a..b", "A", "192.0.2.1" }, { "a", "A", "2001:db8::1" },
		{ "a", "AAAA", "x" },         { "a", "MX", "mail" },
		{ "a", "MX", "65536 mail" },  { "a", "SPF", "x" },
		{ "a", "TIMEOUT", "x" },      { "a", "PTR", "a..b" },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(resolver_mock_add(mock, &bad[i], &err), ERR_USAGE);
	}
}

static void test_strict_mock(void **state)
{
	(void)state;
	static const struct ask_row rows[] = {
		{ "example.org", DNS_A, "ok: 192.0.2.1" },
		{ "example.org", DNS_AAAA,
		  "temporary failure: the mock has no such row" },
		{ "example.com", DNS_A, "temporary failure: the mock has no such row" },
	};
	auto_resolver *mock = mock_of(MOCK_STRICT, world, ARRAY_LEN(world));
	ask_rows(mock, rows, ARRAY_LEN(rows));
	assert_int_equal(resolver_mock_count(mock).unexpected, 2);
}

static void count_answers(void *arg, size_t i, const struct dns_answer *answer)
{
	((enum dns_kind *)arg)[i] = answer->kind;
}

static void test_cache(void **state)
{
	(void)state;
	static const struct ask_row rows[] = {
		{ "example.org", DNS_A, "ok: 192.0.2.1" },
		{ "example.org", DNS_A, "ok: 192.0.2.1" },
		{ "example.org", DNS_TXT, "ok: 11 v=spf1 -all" },
		{ "slow.example.org", DNS_A,
		  "temporary failure: no answer from the mock" },
		{ "slow.example.org", DNS_A,
		  "temporary failure: no answer from the mock" },
		{ "no.example.org", DNS_A, "no such name" },
		{ "no.example.org", DNS_A, "no such name" },
		{ "example.org", DNS_TXT, "ok: 11 v=spf1 -all" },
	};
	struct resolver *mock = mock_of(MOCK_OPEN, world, ARRAY_LEN(world));
	auto_resolver *cache = resolver_cache_new(mock, 65536);
	assert_non_null(cache);
	ask_rows(cache, rows, ARRAY_LEN(rows));
	assert_int_equal(resolver_cache_count(cache).hits, 4);
	assert_int_equal(resolver_cache_count(cache).misses, 4);
	assert_int_equal(resolver_mock_count(mock).asked, 4);

	/* known ones of many are not asked again; the numbers are those of the caller's list */
	const struct dns_name names[] = { name_of("example.org"),
		                          name_of("six.example.org"),
		                          name_of("no.example.org"),
		                          name_of("example.org") };
	const enum dns_type types[] = { DNS_TXT, DNS_AAAA, DNS_A, DNS_MX };
	enum dns_kind kinds[4] = { DNS_TEMPFAIL, DNS_TEMPFAIL, DNS_TEMPFAIL,
		                   DNS_TEMPFAIL };
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 65536));
	resolver_ask_many(cache, 4, names, types, deadline_in_ms(1000), &mem,
	                  count_answers, kinds);
	assert_int_equal(kinds[0], DNS_OK);
	assert_int_equal(kinds[1], DNS_OK);
	assert_int_equal(kinds[2], DNS_NXDOMAIN);
	assert_int_equal(kinds[3], DNS_OK);
	assert_int_equal(resolver_mock_count(mock).asked, 6);
	assert_true(resolver_peek(cache, &names[3], DNS_MX, &mem, &answer));
	assert_false(resolver_peek(cache, &names[3], DNS_NS, &mem, &answer));
	resolver_ask_ahead(cache, &names[3], DNS_MX, deadline_in_ms(1000));
	assert_int_equal(resolver_mock_count(mock).ahead, 0);
	resolver_ask_ahead(cache, &names[3], DNS_NS, deadline_in_ms(1000));
	assert_int_equal(resolver_mock_count(mock).ahead, 1);
}

/* An answer for which there is no room is given, and asked for again. */
/* RFC 6761 6.4: the server is not asked for "invalid" and what is below it; a strict mock counts what it
 * is asked for. */
static void test_invalid(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool is_local;
	} rows[] = {
		{ "invalid", true },
		{ "INVALID.", true },
		{ "probe.invalid", true },
		{ "_dmarc.a.b.Invalid", true },
		{ "xinvalid", false },
		{ "x\\.invalid", false },
		{ "x\\007invalid",
		  false }, /* the octets of the label, but no border before it */
		{ "invalid.example", false },
		{ "invali", false },
		{ ".", false },
	};
	struct resolver *mock = mock_of(MOCK_STRICT, NULL, 0);
	auto_resolver *cache = resolver_cache_new(mock, 65536);
	auto_arena mem = { 0 };
	assert_non_null(cache);
	assert_true(arena_open(&mem, 8192));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct dns_name name = name_of(rows[i].name);
		const unsigned before = resolver_mock_count(mock).asked;
		const unsigned ahead = resolver_mock_count(mock).ahead;
		struct dns_answer answer;
		resolver_ask_ahead(cache, &name, DNS_TXT, deadline_in_ms(1000));
		resolver_ask(cache, &name, DNS_TXT, deadline_in_ms(1000), &mem, &answer);
		if ((answer.kind == DNS_NXDOMAIN) != rows[i].is_local ||
		    (resolver_mock_count(mock).asked == before) != rows[i].is_local ||
		    (resolver_mock_count(mock).ahead == ahead) != rows[i].is_local)
			fail_msg("%s", rows[i].name);
	}
}

static void test_full_cache(void **state)
{
	(void)state;
	static const struct ask_row rows[] = {
		{ "example.org", DNS_A, "ok: 192.0.2.1" },
		{ "example.org", DNS_A, "ok: 192.0.2.1" },
	};
	struct resolver *mock = mock_of(MOCK_OPEN, world, ARRAY_LEN(world));
	auto_resolver *cache = resolver_cache_new(mock, 16);
	ask_rows(cache, rows, ARRAY_LEN(rows));
	assert_int_equal(resolver_mock_count(mock).asked, 2);

	/* and a caller without room is told so */
	uint8_t room[8];
	struct arena mem;
	struct dns_answer answer;
	const struct dns_name name = name_of("example.org");
	arena_init(&mem, room, sizeof(room));
	resolver_ask(cache, &name, DNS_A, deadline_in_ms(1000), &mem, &answer);
	assert_int_equal(answer.kind, DNS_TEMPFAIL);
	assert_string_equal(answer.why, "not enough memory for the answer");
}

/* ---- zone files ---------------------------------------------------------------------- */

static const char zone_text[] = "$ORIGIN example.org.\n"
				"$TTL 600\n"
				"@ IN SOA ns hostmaster 1 3600 600 86400 120\n"
				"  IN NS ns\n"
				"  IN MX 10 Mail\n"
				"  IN TXT \"v=spf1 \" \"include:other.example -all\"\n"
				"ns 60 IN A 192.0.2.53\n"
				"mail IN A 192.0.2.25\n"
				"www IN CNAME mail\n"
				"out IN CNAME far.example.com.\n"
				"gone IN CNAME nothing\n"
				"loop IN CNAME pool\n"
				"pool IN CNAME loop\n"
				"*.wild IN TXT \"star\"\n"
				"a.wild IN A 192.0.2.9\n"
				"x.y.z IN A 192.0.2.8\n"
				"sub IN NS ns.sub\n"
				"ns.sub IN A 192.0.2.7\n"
				"caa IN CAA 0 issue \"ca.example\"\n";
static const char overlay_text[] =
	"over.example.com. 300 IN TXT \"laid over\"\n"
	"_dmarc.over.example.com. 300 IN TXT \"v=DMARC1; p=none\"\n";

static const struct mock_row below_zones[] = {
	{ "far.example.com", "A", "198.51.100.1" },
	{ "over.example.com", "A", "198.51.100.2" },
	{ "over.example.com", "TXT", "below" },
	{ "host.sub.example.org", "A", "198.51.100.3" },
	{ "mail.example.org", "AAAA", "2001:db8::bad" },
};

static struct resolver *zone_over(struct resolver *below)
{
	struct resolver *zone = resolver_zone_new(below);
	struct err err = ERR_INIT;
	if (resolver_zone_add(zone, "a.zone", zone_text, strlen(zone_text), &err) < 0 ||
	    resolver_zone_add(zone, "b.zone", overlay_text, strlen(overlay_text), &err) <
	            0)
		fail_msg("%s", err.text);
	return zone;
}

static void test_zone(void **state)
{
	(void)state;
	static const struct ask_row rows[] = {
		{ "example.org", DNS_MX, "ok: 10 mail.example.org" },
		{ "example.org", DNS_TXT, "ok: 33 v=spf1 include:other.example -all" },
		{ "example.org", DNS_A, "no data" },
		{ "mail.example.org", DNS_A, "ok: 192.0.2.25" },
		{ "mail.example.org", DNS_AAAA, "no data" },
		{ "www.example.org", DNS_A, "ok: 192.0.2.25" },
		{ "www.example.org", DNS_TXT, "no data" },
		{ "out.example.org", DNS_A, "ok: 198.51.100.1" },
		{ "out.example.org", DNS_MX, "no data" },
		{ "gone.example.org", DNS_A, "no such name" },
		{ "loop.example.org", DNS_A,
		  "temporary failure: a loop of CNAME records in the zone files" },
		{ "any.wild.example.org", DNS_TXT, "ok: 4 star" },
		{ "any.at.wild.example.org", DNS_TXT, "ok: 4 star" },
		{ "any.wild.example.org", DNS_A, "no data" },
		{ "a.wild.example.org", DNS_TXT, "no data" },
		{ "b.a.wild.example.org", DNS_TXT, "no such name" },
		{ "y.z.example.org", DNS_A, "no data" },
		{ "w.z.example.org", DNS_A, "no such name" },
		{ "caa.example.org", DNS_A, "no data" },
		{ "host.sub.example.org", DNS_A, "ok: 198.51.100.3" },
		{ "over.example.com", DNS_TXT, "ok: 9 laid over" },
		{ "over.example.com", DNS_A, "ok: 198.51.100.2" },
		{ "_dmarc.over.example.com", DNS_A, "no such name" },
		{ "example.net", DNS_A, "no such name" },
	};
	auto_resolver *zone =
		zone_over(mock_of(MOCK_OPEN, below_zones, ARRAY_LEN(below_zones)));
	ask_rows(zone, rows, ARRAY_LEN(rows));
	auto_resolver *alone = zone_over(NULL);
	static const struct ask_row alone_rows[] = {
		{ "mail.example.org", DNS_A, "ok: 192.0.2.25" },
		{ "out.example.org", DNS_A, "no such name" },
		{ "example.net", DNS_A, "no such name" },
	};
	ask_rows(alone, alone_rows, ARRAY_LEN(alone_rows));
}

static void test_zone_ttl(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t ttl;
	} rows[] = {
		{ "ns.example.org", 60 },
		{ "www.example.org", 600 },
		{ "none.example.org", 120 },
		{ "out.example.org", 600 },
	};
	auto_resolver *zone =
		zone_over(mock_of(MOCK_OPEN, below_zones, ARRAY_LEN(below_zones)));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena mem = { 0 };
		struct dns_answer answer;
		const struct dns_name name = name_of(rows[i].name);
		assert_true(arena_open(&mem, 8192));
		resolver_ask(zone, &name, DNS_A, deadline_in_ms(1000), &mem, &answer);
		assert_int_equal(answer.ttl, rows[i].ttl);
	}
}

static void test_zone_many(void **state)
{
	(void)state;
	struct resolver *mock = mock_of(MOCK_OPEN, below_zones, ARRAY_LEN(below_zones));
	auto_resolver *zone = zone_over(mock);
	const struct dns_name names[] = { name_of("far.example.com"),
		                          name_of("mail.example.org"),
		                          name_of("none.example.org") };
	const enum dns_type types[] = { DNS_A, DNS_A, DNS_A };
	enum dns_kind kinds[3] = { DNS_TEMPFAIL, DNS_TEMPFAIL, DNS_TEMPFAIL };
	auto_arena mem = { 0 };
	struct dns_answer answer;
	assert_true(arena_open(&mem, 8192));
	resolver_ask_many(zone, 3, names, types, deadline_in_ms(1000), &mem,
	                  count_answers, kinds);
	assert_int_equal(kinds[0], DNS_OK);
	assert_int_equal(kinds[1], DNS_OK);
	assert_int_equal(kinds[2], DNS_NXDOMAIN);
	assert_int_equal(resolver_mock_count(mock).asked, 1);
	for (size_t i = 0; i < 3; i++)
		resolver_ask_ahead(zone, &names[i], DNS_A, deadline_in_ms(1000));
	assert_int_equal(resolver_mock_count(mock).ahead, 1);
	assert_true(resolver_peek(zone, &names[1], DNS_A, &mem, &answer));
	assert_false(resolver_peek(zone, &names[0], DNS_A, &mem, &answer));
}

static void test_bad_zone(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "is not a zone file" },
		{ "a.example. 300 IN A 192.0.2\n", "bad.zone, line 1:" },
		{ "a.example. 300 IN A 192.0.2.1\nb.example. 300 IN A x\n",
		  "bad.zone, line 2:" },
		{ "$INCLUDE /etc/passwd\n", "bad.zone, line 1: $INCLUDE" },
		{ "a. 1 IN SOA a. a. 1 1 1 1 1\na. 1 IN SOA a. a. 1 1 1 1 1\n",
		  "a second SOA record" },
		{ "a. 1 IN SOA a. a. 1 1 1 1 1\nb. 1 IN A 192.0.2.1\n",
		  "b is outside of" },
	};
	auto_resolver *zone = resolver_zone_new(NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int r = resolver_zone_add(zone, "bad.zone", rows[i].text,
		                          strlen(rows[i].text), &err);
		if (r != ERR_FAILED || !strstr(err.text, rows[i].why))
			fail_msg("row %zu: %d \"%s\"", i, r, err.text);
	}
	static const struct ask_row nothing[] = { { "a.example", DNS_A,
		                                    "no such name" } };
	ask_rows(zone, nothing, 1);
}

/* ---- replies ------------------------------------------------------------------------- */

#define Q "\3www\1x\0\0\1\0\1" /* www.x A, 11 octets */
#define ASKED "\xc0\x0c"
#define TAIL(type, ttl, len) "\0" type "\0\1\0\0\0" ttl "\0" len
#define WHY "temporary failure: "

static void test_replies(void **state)
{
	(void)state;
#define REPLY(flags, counts, rest)                  \
	"\1\2" flags "\0\1\0" counts "\0\0" Q rest, \
		sizeof("\1\2" flags "\0\1\0" counts "\0\0" Q rest) - 1
	static const struct {
		const char *packet;
		size_t len;
		const char *answer;
		uint32_t ttl;
		bool is_authentic;
	} rows[] = {
		{ REPLY("\x81\xa0", "\1\0\0", ASKED TAIL("\1", "\7", "\4") "\xc0\0\2\1"),
		  "ok: 192.0.2.1", 7, true },
		{ REPLY("\x81\x80", "\2\0\0",
		        ASKED TAIL("\1", "\7",
		                   "\4") "\xc0\0\2\1" /* twice, with two ttls */
		        ASKED TAIL("\1", "\5", "\4") "\xc0\0\2\2"),
		  "ok: 192.0.2.1, 192.0.2.2", 5 },
		/* an alias behind its data, in capitals */
		{ REPLY("\x81\x80", "\2\0\0",
		        "\1Y\0" TAIL("\1", "\7", "\4") "\xc0\0\2\1" ASKED TAIL(
				"\5", "\3", "\3") "\1y\0"),
		  "ok: 192.0.2.1", 3 },
		/* data of somebody else */
		{ REPLY("\x81\x80", "\1\0\0",
		        "\1y\0" TAIL("\1", "\7", "\4") "\xc0\0\2\1"),
		  "no data", 0 },
		{ REPLY("\x81\x83", "\0\0\1",
		        "\1x\0" TAIL("\6", "\7",
		                     "\x16") "\0\0"
		                             "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\4"),
		  "no such name", 4 },
		/* an alias to a name that does not exist */
		{ REPLY("\x81\x83", "\1\0\0", ASKED TAIL("\5", "\3", "\3") "\1y\0"),
		  "no such name", 0 },
		/* class CHAOS */
		{ REPLY("\x81\x80", "\1\0\0", ASKED "\0\1\0\3\0\0\0\1\0\4\xc0\0\2\1"),
		  "no data", 0 },
		/* a ttl over 2^31 - 1 counts as 0 */
		{ REPLY("\x81\x80", "\1\0\0",
		        ASKED "\0\1\0\1\xff\xff\xff\xff\0\4\xc0\0\2\1"),
		  "ok: 192.0.2.1", 0 },
		{ REPLY("\x81\x80", "\1\0\0", ASKED TAIL("\1", "\7", "\3") "\xc0\0\2"),
		  WHY "malformed data in the answer from S" },
		{ REPLY("\x81\x80", "\1\0\0", ASKED TAIL("\1", "\7", "\5") "\xc0\0\2\1"),
		  WHY "a malformed answer from S" },
		{ REPLY("\x81\x80", "\1\0\0", ASKED TAIL("\5", "\7", "\2") "\xc0\x0b"),
		  WHY "a malformed answer from S" },
		/* pointers: to itself, forwards, into the header */
		{ REPLY("\x81\x80", "\1\0\0",
		        "\xc0\x17" TAIL("\1", "\7", "\4") "\xc0\0\2\1"),
		  WHY "a malformed answer from S" },
		{ REPLY("\x81\x80", "\1\0\0",
		        "\xc0\x19" TAIL("\1", "\7", "\4") "\xc0\0\2\1"),
		  WHY "a malformed answer from S" },
		{ REPLY("\x81\x80", "\1\0\0",
		        "\xc0\x04" TAIL("\1", "\7", "\4") "\xc0\0\2\1"),
		  WHY "a malformed answer from S" },
		{ REPLY("\x81\x80", "\1\0\0",
		        "\x80\x0c" TAIL("\1", "\7", "\4") "\xc0\0\2\1"),
		  WHY "a malformed answer from S" },
		{ REPLY("\x81\x80", "\2\0\0", ASKED TAIL("\5", "\3", "\3") "\1y\0"),
		  WHY "a malformed answer from S" },
		{ REPLY("\x81\x80", "\1\0\0", ASKED TAIL("\5", "\3", "\2") ASKED),
		  WHY "a loop of CNAME records from S" },
		{ REPLY("\x83\x80", "\0\0\0", ""), WHY "a truncated answer from S" },
		{ REPLY("\x81\x82", "\0\0\0", ""), WHY "SERVFAIL from S" },
		{ REPLY("\x81\x85", "\0\0\0", ""), WHY "REFUSED from S" },
		{ REPLY("\x81\x89", "\0\0\0", ""),
		  WHY "an unexpected error code from S" },
		{ REPLY("\x01\x80", "\0\0\0", ""), WHY "a malformed answer from S" },
		{ "\1\2\x81", 3, WHY "a malformed answer from S" },
		{ "", 0, WHY "a malformed answer from S" },
	};
#undef REPLY
	const struct dns_name name = name_of("WWW.x");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena mem = { 0 };
		struct dns_answer answer;
		/* exactly as long as it is, so that a sanitizer sees what is read behind it */
		uint8_t *packet = malloc(rows[i].len + !rows[i].len);
		memcpy(packet, rows[i].packet, rows[i].len);
		assert_true(arena_open(&mem, 8192));
		wire_read_reply(packet, rows[i].len, &name, DNS_A, "S", &mem, &answer);
		free(packet);
		if (strcmp(show(&answer, DNS_A), rows[i].answer) != 0 ||
		    answer.ttl != rows[i].ttl ||
		    answer.is_authentic != rows[i].is_authentic)
			fail_msg("row %zu: \"%s\", ttl %u, instead of \"%s\", ttl %u", i,
			         show(&answer, DNS_A), answer.ttl, rows[i].answer,
			         rows[i].ttl);
	}
}

static void test_reply_types(void **state)
{
	(void)state;
	static const struct {
		enum dns_type type;
		const char *data;
		size_t len;
		const char *answer;
	} rows[] = {
		{ DNS_TXT, "\2ab\0\3c\0d", 8, "ok: 5 abc" }, /* NUL is data */
		{ DNS_TXT, "\0", 1, "ok: 0 " },
		{ DNS_TXT, "\2a", 2, WHY "malformed data in the answer from S" },
		{ DNS_TXT, "", 0, WHY "malformed data in the answer from S" },
		{ DNS_AAAA, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16,
		  "ok: 2001:db8::1" },
		{ DNS_AAAA, "\x20\1", 2, WHY "malformed data in the answer from S" },
		{ DNS_MX, "\1\2\4MAIL\xc0\x0c", 9, "ok: 258 mail.www.x" },
		{ DNS_MX, "\1\2\4MAIL\xc0\x0cz", 10,
		  WHY "malformed data in the answer from S" },
		{ DNS_MX, "\1", 1, WHY "malformed data in the answer from S" },
		{ DNS_PTR, "\1P\0", 3, "ok: p" },
		{ DNS_PTR, "\xc0\x0c\0", 3, WHY "malformed data in the answer from S" },
		{ DNS_NS, "\0", 1, "ok: ." },
		{ DNS_CNAME, "\1c\0", 3, "ok: c" },
	};
	const struct dns_name name = name_of("www.x");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena mem = { 0 };
		struct dns_answer answer;
		uint8_t packet[WIRE_QUESTION_MAX + 64];
		size_t len = wire_put_question(&name, rows[i].type, 7, false, packet);
		assert_int_equal(len, 23);
		packet[2] = 0x81, packet[3] = 0x80, packet[7] = 1;
		memcpy(packet + len, "\xc0\x0c\0\0\0\1\0\0\0\1\0", 11);
		packet[len + 3] = (uint8_t)rows[i].type;
		packet[len + 11] = (uint8_t)rows[i].len;
		memcpy(packet + len + 12, rows[i].data, rows[i].len);
		len += 12 + rows[i].len;
		assert_true(wire_is_reply(packet, len, &name, rows[i].type, 7));
		assert_false(wire_is_reply(packet, len, &name, rows[i].type, 8));
		assert_true(arena_open(&mem, 8192));
		wire_read_reply(packet, len, &name, rows[i].type, "S", &mem, &answer);
		if (strcmp(show(&answer, rows[i].type), rows[i].answer) != 0)
			fail_msg("row %zu: \"%s\"", i, show(&answer, rows[i].type));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mock),      cmocka_unit_test(test_strict_mock),
		cmocka_unit_test(test_cache),     cmocka_unit_test(test_full_cache),
		cmocka_unit_test(test_zone),      cmocka_unit_test(test_zone_ttl),
		cmocka_unit_test(test_zone_many), cmocka_unit_test(test_bad_zone),
		cmocka_unit_test(test_replies),   cmocka_unit_test(test_reply_types),
		cmocka_unit_test(test_invalid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
