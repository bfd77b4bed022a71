/* check_host(): macros, counts, traces, asking ahead, international names, hostile records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "dnszone/spf/spf_eval.h"
#include "dnszone/spf/spf_macro.h"
#include "dnszone/spf/spf_trace.h"
#include "tests/unit/late_resolver.h"
#include "tests/unit/resolver_mock.h"

/* ---- macros ------------------------------------------------------------------------ */

static struct spf_macro_values example(const char *address)
{
	/* RFC 7208 7.4 */
	struct spf_macro_values values = {
		.local_part = octets_of("strong-bad"),
		.sender_domain = octets_of("email.example.com"),
		.domain = octets_of("email.example.com"),
		.helo = octets_of("mx.example.org"),
		.now = 1234567890,
	};
	if (inet_pton(AF_INET6, address, values.client) != 1) {
		values.client[10] = values.client[11] = 0xff;
		assert_int_equal(inet_pton(AF_INET, address, values.client + 12), 1);
	}
	return values;
}

#define IP6 "2001:db8::cb01"

static void test_macro_text(void **state)
{
	(void)state;
	static const struct {
		const char *text, *ip4, *ip6; /* ip6 NULL: the same */
	} rows[] = {
		{ "%{s}", "strong-bad@email.example.com", NULL },
		{ "%{o}", "email.example.com", NULL },
		{ "%{d}", "email.example.com", NULL },
		{ "%{d4}", "email.example.com", NULL },
		{ "%{d3}", "email.example.com", NULL },
		{ "%{d2}", "example.com", NULL },
		{ "%{d1}", "com", NULL },
		{ "%{dr}", "com.example.email", NULL },
		{ "%{d2r}", "example.email", NULL },
		{ "%{d1r}", "email", NULL },
		{ "%{d99999999999999999999r}", "com.example.email", NULL },
		{ "%{l}", "strong-bad", NULL },
		{ "%{l-}", "strong.bad", NULL },
		{ "%{lr}", "strong-bad", NULL },
		{ "%{lr-}", "bad.strong", NULL },
		{ "%{l1r-}", "strong", NULL },
		{ "%{l1-}", "bad", NULL },
		{ "%{S}", "strong-bad%40email.example.com", NULL },
		{ "%{s2r-.}", "bad@email.strong", NULL },
		{ "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com",
		  "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6."
		  "_spf.example.com" },
		{ "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", NULL },
		{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
		  "3.2.0.192.in-addr.strong.lp._spf.example.com", "" },
		{ "%{d2}.trusted-domains.example.net",
		  "example.com.trusted-domains.example.net", NULL },
		{ "%{c}", "192.0.2.3", IP6 },
		{ "%{h} %{H}", "mx.example.org mx.example.org", NULL },
		{ "%{r} %{p} %{t}", "unknown unknown 1234567890", NULL },
		{ "100%%%_%-", "100% %20", NULL },
		{ "", "", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned k = 0; k < 2; k++) {
			struct spf_macro_values values = example(k ? IP6 : "192.0.2.3");
			const char *expected =
				k && rows[i].ip6 ? rows[i].ip6 : rows[i].ip4;
			char out[300];
			size_t len =
				spf_macro_expand_text(rows[i].text, strlen(rows[i].text),
			                              &values, out, sizeof(out));
			if (k && rows[i].ip6 && !*rows[i].ip6)
				continue;
			assert_string_equal(out, expected);
			assert_int_equal(len, strlen(expected));
		}
}

static void test_macro_domain(void **state)
{
	(void)state;
	struct spf_macro_values values = example("192.0.2.3");
	char name[NAME_SIZE];
	size_t len;
	assert_true(spf_macro_expand_domain("%{d}.", 5, &values, name, &len));
	assert_string_equal(name, "email.example.com");
	/* 15 times 18 octets: whole labels go on the left until 253 are left */
	auto_buf text = BUF_INIT, expected = BUF_INIT;
	for (unsigned i = 0; i < 2000; i++)
		buf_puts(&text, "%{d}.");
	buf_puts(&text, "x.y");
	assert_true(spf_macro_expand_domain(text.at, text.len, &values, name, &len));
	buf_puts(&expected, "example.com.");
	for (unsigned i = 0; i < 13; i++)
		buf_puts(&expected, "email.example.com.");
	buf_puts(&expected, "x.y");
	assert_string_equal(name, buf_text(&expected));
	assert_int_equal(len, 249);
	/* one label of 300 octets cannot be cut at a dot: nothing is left */
	char huge[300];
	memset(huge, 'x', sizeof(huge));
	assert_true(spf_macro_expand_domain(huge, sizeof(huge), &values, name, &len));
	assert_int_equal(len, 0);
	/* RFC 8616 4 */
	values.local_part = octets_of("j\xc3\xb6rg");
	assert_false(spf_macro_expand_domain("%{l}.a.b", 8, &values, name, &len));
	assert_false(spf_macro_expand_domain("%{S}", 4, &values, name, &len));
	assert_true(spf_macro_expand_domain("%%{l}.a", 7, &values, name, &len));
	assert_string_equal(name, "%{l}.a");
	/* a text for people is cut on the right and shows no control character */
	char out[5];
	assert_int_equal(spf_macro_expand_text("%{l}", 4, &values, out, 5), 4);
	assert_string_equal(out, "j??r");
}

/* ---- evaluations ------------------------------------------------------------------- */

static const struct mock_row zone[] = {
	{ "a.test", "TXT", "v=spf1 a -all" },
	{ "a.test", "A", "192.0.2.1" },
	{ "inc.test", "TXT", "v=spf1 include:a.test ?include:b.test a:void.test ~all" },
	{ "b.test", "TXT", "v=spf1 ip4:192.0.2.7 -all" },
	{ "red.test", "TXT", "v=spf1 a:void.test redirect=b.test" },
	{ "redo.test", "TXT", "v=spf1 redirect=longer.redirected.test" },
	{ "longer.redirected.test", "TXT", "v=spf1 exists:%{o}.x.test -all" },
	{ "redo.test.x.test", "A", "127.0.0.2" },
	{ "voids.test", "TXT", "v=spf1 a:v1.test mx:v2.test exists:v3.test ?all" },
	{ "mxvoid.test", "TXT", "v=spf1 mx -all" },
	{ "mxvoid.test", "MX", "10 v1.test" },
	{ "mxvoid.test", "MX", "10 v2.test" },
	{ "mxvoid.test", "MX", "10 v3.test" },
	{ "mxvoid.test", "MX", "10 v4.test" },
	{ "mxvoid.test", "MX", "10 a.test" },
	{ "slow.test", "TIMEOUT", NULL },
	{ "temp.test", "TXT", "v=spf1 a:slow.test -all" },
	{ "matchfirst.test", "TXT", "v=spf1 ip4:192.0.2.1 include:slow.test -all" },
	{ "xn--bcher-kva.test", "TXT", "v=spf1 exists:%{d}.x.test -all" },
	{ "xn--bcher-kva.test.x.test", "A", "127.0.0.2" },
	{ "eai.test", "TXT", "v=spf1 exists:%{l}.x.test ~all" },
	{ "ptr.test", "TXT", "v=spf1 ptr -all" },
	{ "1.2.0.192.in-addr.arpa", "PTR", "a.test" },
	{ "1.2.0.192.in-addr.arpa", "PTR", "host.ptr.test" },
	{ "host.ptr.test", "A", "192.0.2.1" },
	{ "ptrslow.test", "TXT", "v=spf1 ptr -all" },
	{ "9.2.0.192.in-addr.arpa", "TIMEOUT", NULL },
	{ "ten.test", "TXT",
	  "v=spf1 include:t0.test include:t1.test include:t2.test include:t3.test "
	  "include:t4.test include:t5.test include:t6.test include:t7.test include:t8.test "
	  "include:t9.test -all" },
	{ "mxten.test", "TXT", "v=spf1 mx -all" },
	{ "mxmacro.test", "TXT", "v=spf1 mx:%{d2} -all" },
	{ "mxmacro.test", "MX", "10 v1.test" },
	{ "mxmacro.test", "MX", "10 v2.test" },
	{ "mxmacro.test", "MX", "10 v3.test" },
	{ "deep.test", "TXT", "v=spf1 include:d1.test include:d2.test -all" },
	{ "d1.test", "TXT", "v=spf1 a:v1.test -all" },
	{ "d2.test", "TXT", "v=spf1 mx:mxvoid.test -all" },
	{ "twelve.test", "TXT",
	  "v=spf1 a:a1.t a:a2.t a:a3.t a:a4.t a:a5.t a:a6.t a:a7.t a:a8.t a:a9.t a:a10.t "
	  "a:a11.t a:a12.t -all" },
};

struct fixture {
	struct resolver *mock;
	struct late late;
	struct arena mem;
	struct spf_trace trace;
	struct spf_question q;
	struct spf_answer answer;
	struct spf_limits limits;
	bool is_serial;
};

static void open_fixture(struct fixture *f, size_t memory)
{
	struct err err;
	memset(f, 0, sizeof(*f));
	f->mock = resolver_mock_new(MOCK_OPEN);
	for (size_t i = 0; i < ARRAY_LEN(zone); i++)
		if (resolver_mock_add(f->mock, &zone[i], &err) != 0)
			fail_msg("%s", err.text);
	for (unsigned i = 0; i < 10; i++) {
		char name[20], text[60];
		snprintf(name, sizeof(name), "t%u.test", i);
		snprintf(text, sizeof(text), "v=spf1 ip4:203.0.113.%u -all", i);
		const struct mock_row row = { name, "TXT", text };
		assert_int_equal(resolver_mock_add(f->mock, &row, &err), 0);
		snprintf(text, sizeof(text), "10 m%u.test", i);
		const struct mock_row mx = { "mxten.test", "MX", text };
		assert_int_equal(resolver_mock_add(f->mock, &mx, &err), 0);
	}
	assert_true(arena_open(&f->mem, memory));
	late_init(&f->late, f->mock);
	f->limits = SPF_LIMITS_DEFAULT;
	f->q.client[10] = f->q.client[11] = 0xff;
	inet_pton(AF_INET, "192.0.2.1", f->q.client + 12);
	f->q.local_part = octets_of("joe");
	f->q.helo = octets_of("helo.test");
}

static void close_fixture(struct fixture *f)
{
	resolver_free(f->mock);
	arena_done(&f->mem);
}

static void run(struct fixture *f, const char *domain)
{
	const struct spf_context context = {
		.dns = &f->late.resolver,
		.limits = f->limits,
		.until = { INT64_MAX },
		.mem = &f->mem,
		.trace = f->trace.room > 0 ? &f->trace : NULL,
		.is_serial = f->is_serial,
	};
	f->q.domain = octets_of(domain);
	spf_eval(&context, &f->q, NULL, &f->answer);
}

static void test_answers(void **state)
{
	(void)state;
	static const struct {
		const char *domain,
			*expected; /* result, look-ups, voids, mechanism, problem */
	} rows[] = {
		{ "a.test", "pass 1 0 a -" },
		{ "A.Test.", "pass 1 0 a -" },
		{ "inc.test", "pass 2 0 include:a.test -" },
		{ "red.test", "fail 2 1 -all -" },
		/* the sender's domain stays what it is */
		{ "redo.test", "pass 2 0 exists:%{o}.x.test -" },
		{ "voids.test", "permerror 3 3 - more than 2 look-ups found nothing" },
		{ "mxvoid.test", "pass 1 0 mx -" },
		{ "temp.test",
		  "temperror 1 0 - A of slow.test: no answer from the mock" },
		{ "matchfirst.test", "pass 0 0 ip4:192.0.2.1 -" },
		{ "b\xc3\xbc"
		  "cher.test",
		  "pass 1 0 exists:%{d}.x.test -" },
		{ "ptr.test", "pass 1 0 ptr -" },
		{ "gone.test", "none 0 0 - -" },
		{ "slow.test",
		  "temperror 0 0 - TXT of slow.test: no answer from the mock" },
		{ "\xff\xfe.test", "none 0 0 - -" },
		{ "a..test", "none 0 0 - -" },
		{ "test", "none 0 0 - -" },
		{ "test.", "none 0 0 - -" },
		{ "", "none 0 0 - -" },
		{ ".", "none 0 0 - -" },
		{ "[192.0.2.1]", "none 0 0 - -" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		open_fixture(&f, SPF_MEMORY);
		run(&f, rows[i].domain);
		auto_buf got = BUF_INIT;
		const struct spf_answer *a = &f.answer;
		buf_printf(&got, "%s %u %u %.*s %s", spf_result_name(a->result),
		           a->lookups, a->voids,
		           a->mechanism.len > 0 ? (int)a->mechanism.len : 1,
		           a->mechanism.len > 0 ? a->mechanism.at : "-",
		           a->problem ? a->problem : "-");
		assert_string_equal(buf_text(&got), rows[i].expected);
		close_fixture(&f);
	}
}

static void test_limits(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f, SPF_MEMORY);
	f.limits.voids = 3;
	run(&f, "voids.test");
	assert_int_equal(f.answer.result, SPF_NEUTRAL);
	f.limits.voids = 0;
	run(&f, "inc.test");
	assert_int_equal(f.answer.result, SPF_PASS);
	run(&f, "red.test");
	assert_int_equal(f.answer.result, SPF_PERMERROR);
	f.limits = (struct spf_limits){ 1, 100 };
	run(&f, "inc.test");
	assert_int_equal(f.answer.result, SPF_PERMERROR);
	assert_string_equal(f.answer.problem, "more than 1 DNS look-ups are needed");
	f.limits = (struct spf_limits){ 1000, 1000 }; /* not above what RFC 7208 allows */
	run(&f, "twelve.test");
	assert_int_equal(f.answer.result, SPF_PERMERROR);
	assert_int_equal(f.answer.lookups, 11);
	close_fixture(&f);
}

static void test_other_clients(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f, SPF_MEMORY);
	f.q.client[15] = 9; /* its PTR question times out: no match, no temperror */
	run(&f, "ptrslow.test");
	assert_int_equal(f.answer.result, SPF_FAIL);
	/* RFC 8616 4: a local part that is not ASCII never matches in a name */
	f.q.local_part = octets_of("j\xc3\xb6rg");
	run(&f, "eai.test");
	assert_int_equal(f.answer.result, SPF_SOFTFAIL);
	assert_int_equal(f.answer.voids, 0);
	close_fixture(&f);
}

static void test_trace(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f, 1 << 20);
	assert_true(spf_trace_init(&f.trace, &f.mem));
	f.q.client[15] = 8;
	run(&f, "inc.test");
	auto_buf got = BUF_INIT;
	for (size_t i = 0; i < f.trace.count; i++) {
		const struct spf_event *e = &f.trace.event[i];
		char line[500];
		spf_trace_print(e, line, sizeof(line));
		buf_printf(&got, "%*s%s [%u %u]\n", (int)e->depth * 2, "", line, e->cost,
		           e->voids);
	}
	assert_string_equal(
		buf_text(&got),
		"  TXT inc.test: \"v=spf1 include:a.test ?include:b.test a:void.test ~all\" [0 "
		"0]\n"
		"inc.test: v=spf1 include:a.test ?include:b.test a:void.test ~all [0 0]\n"
		"include:a.test: no match [1 0]\n"
		"  TXT a.test: \"v=spf1 a -all\" [0 0]\n"
		"  a.test: v=spf1 a -all [0 0]\n"
		"  a: no match [1 0]\n"
		"    A a.test: 192.0.2.1 [0 0]\n"
		"  -all: match, fail [0 0]\n"
		"  result: fail [0 0]\n"
		"?include:b.test: no match [1 0]\n"
		"  TXT b.test: \"v=spf1 ip4:192.0.2.7 -all\" [0 0]\n"
		"  b.test: v=spf1 ip4:192.0.2.7 -all [0 0]\n"
		"  ip4:192.0.2.7: no match [0 0]\n"
		"  -all: match, fail [0 0]\n"
		"  result: fail [0 0]\n"
		"a:void.test: no match [1 0]\n"
		"  A void.test: no such name (a void look-up) [0 1]\n"
		"~all: match, softfail [0 0]\n"
		"result: softfail [0 0]\n");
	/* cut anywhere, it is the same line, and nothing behind it is touched */
	for (size_t i = 0; i < f.trace.count; i++) {
		char whole[500], cut[500];
		const size_t len =
			spf_trace_print(&f.trace.event[i], whole, sizeof(whole));
		assert_int_equal(len, strlen(whole));
		for (size_t room = 1; room <= len + 1; room++) {
			memset(cut, '!', sizeof(cut));
			assert_int_equal(spf_trace_print(&f.trace.event[i], cut, room),
			                 room - 1);
			assert_memory_equal(cut, whole, room - 1);
			assert_int_equal(cut[room - 1], '\0');
			assert_int_equal(cut[room], '!');
		}
	}
	/* a full trace changes nothing but itself */
	f.trace.count = f.trace.room - 2;
	run(&f, "inc.test");
	assert_int_equal(f.answer.result, SPF_SOFTFAIL);
	assert_true(f.trace.is_cut);
	close_fixture(&f);
}

/* ---- asking ahead ------------------------------------------------------------------ */

static void test_round_trips(void **state)
{
	(void)state;
	static const struct {
		const char *domain;
		unsigned trips, serial_trips, ahead; /* ahead: questions, at most */
	} rows[] = {
		{ "ten.test", 2, 11, 10 },      { "mxten.test", 3, 12, 11 },
		{ "deep.test", 4, 9, 9 },       { "voids.test", 2, 4, 3 },
		{ "matchfirst.test", 1, 1, 0 }, { "twelve.test", 2, 4, 10 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		for (unsigned k = 0; k < 2; k++) {
			open_fixture(&f, SPF_MEMORY);
			f.q.client[15] = rows[i].trips == 1 ? 1 : 200;
			f.is_serial = k == 1;
			run(&f, rows[i].domain);
			unsigned trips = (unsigned)(f.late.now_ms / LATE_MS);
			unsigned expected = k ? rows[i].serial_trips : rows[i].trips;
			if (trips != expected || f.late.ahead > (k ? 0 : rows[i].ahead))
				fail_msg(
					"%s: %u round trips instead of %u, %u asked ahead",
					rows[i].domain, trips, expected, f.late.ahead);
			close_fixture(&f);
		}
	}
}

/* ---- hostile records --------------------------------------------------------------- */

/* Every size of memory from nothing to enough: an answer, never a crash, and an error where the
 * memory was too small. */
static void test_memory(void **state)
{
	(void)state;
	bool has_passed = false;
	for (size_t memory = 0; memory < 40000; memory += memory < 4000 ? 16 : 500) {
		struct fixture f;
		open_fixture(&f, memory);
		run(&f, "inc.test");
		assert_true(f.answer.result == SPF_PASS ||
		            f.answer.result == SPF_TEMPERROR ||
		            f.answer.result == SPF_PERMERROR);
		assert_true(f.answer.result == SPF_PASS || f.answer.problem);
		assert_true(!has_passed || f.answer.result == SPF_PASS);
		has_passed = f.answer.result == SPF_PASS;
		close_fixture(&f);
	}
	assert_true(has_passed);
}

static void run_text(const char *text, size_t len, enum spf_result expected)
{
	struct fixture f;
	struct err err;
	open_fixture(&f, SPF_MEMORY);
	assert_int_equal(resolver_mock_add_txt(f.mock, "hostile.test", text, len, &err),
	                 0);
	static char local[100000];
	memset(local, '.', sizeof(local));
	f.q.local_part = (struct octets){ local, sizeof(local) };
	run(&f, "hostile.test");
	assert_int_equal(f.answer.result, expected);
	close_fixture(&f);
}

static void test_hostile(void **state)
{
	(void)state;
	static const struct {
		const char *head, *again, *tail;
		enum spf_result result;
	} rows[] = {
		{ "v=spf1 ", "a ", "-all", SPF_PERMERROR }, /* terms beyond all memory */
		{ "v=spf1 a:", "%{l}", ".test -all", SPF_FAIL },
		{ "v=spf1 exists:", "%{dr.-+,/_=}", " +all", SPF_PASS },
		{ "v=spf1 ", "(", "", SPF_PERMERROR },
		{ "v=spf1 x=", "%%", " ?all", SPF_NEUTRAL },
		{ "v=spf1", " ", "?all", SPF_NEUTRAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = BUF_INIT;
		buf_puts(&text, rows[i].head);
		while (text.len < 60000)
			buf_puts(&text, rows[i].again);
		buf_puts(&text, rows[i].tail);

		run_text(text.at, text.len, rows[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_macro_text),    cmocka_unit_test(test_macro_domain),
		cmocka_unit_test(test_answers),       cmocka_unit_test(test_limits),
		cmocka_unit_test(test_other_clients), cmocka_unit_test(test_trace),
		cmocka_unit_test(test_round_trips),   cmocka_unit_test(test_memory),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
