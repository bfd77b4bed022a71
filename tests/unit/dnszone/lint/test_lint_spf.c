/* SPF lint: each code fires on its fixture, none on a clean record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "dnszone/lint/lint_spf.h"
#include "tests/unit/lint_rows.h"
#include "tests/unit/resolver_mock.h"

#define X10(n)                                                           \
	"ip4:11.0." n ".1 ip4:11.0." n ".2 ip4:11.0." n ".3 ip4:11.0." n \
	".4 ip4:11.0." n ".5 "

static const struct mock_row zone[] = {
	{ "clean.test", "TXT", "v=spf1 a mx include:good.test -all" },
	{ "clean.test", "TXT", "other=1" },
	{ "clean.test", "A", "192.0.2.1" },
	{ "clean.test", "MX", "10 clean.test" },
	{ "good.test", "TXT", "v=spf1 ip4:192.0.2.0/24 ~all" },
	{ "empty.test", "TXT", "other=1" },
	{ "two.test", "TXT", "v=spf1 -all" },
	{ "two.test", "TXT", "v=spf1 ?all" },
	{ "dead.test", "TIMEOUT", NULL },
	{ "nested.test", "TXT", "v=spf1 include:five.test include:four.test -all" },
	{ "five.test", "TXT",
	  "v=spf1 a:clean.test a:good.test a:clean.test mx:clean.test a:clean.test -all" },
	{ "four.test", "TXT",
	  "v=spf1 include:good.test a:clean.test mx:clean.test "
	  "exists:clean.test -all" },
	{ "loop.test", "TXT", "v=spf1 include:ring.test -all" },
	{ "ring.test", "TXT", "v=spf1 include:loop.test -all" },
	{ "ten.test", "MX", "1 a.test" },
	{ "ten.test", "MX", "2 b.test" },
	{ "ten.test", "MX", "3 c.test" },
	{ "ten.test", "MX", "4 d.test" },
	{ "ten.test", "MX", "5 e.test" },
	{ "ten.test", "MX", "6 f.test" },
	{ "ten.test", "MX", "7 g.test" },
	{ "ten.test", "MX", "8 h.test" },
	{ "ten.test", "MX", "9 i.test" },
	{ "ten.test", "MX", "10 j.test" },
	{ "eleven.test", "MX", "1 a.test" },
	{ "eleven.test", "MX", "2 b.test" },
	{ "eleven.test", "MX", "3 c.test" },
	{ "eleven.test", "MX", "4 d.test" },
	{ "eleven.test", "MX", "5 e.test" },
	{ "eleven.test", "MX", "6 f.test" },
	{ "eleven.test", "MX", "7 g.test" },
	{ "eleven.test", "MX", "8 h.test" },
	{ "eleven.test", "MX", "9 i.test" },
	{ "eleven.test", "MX", "10 j.test" },
	{ "eleven.test", "MX", "11 k.test" },
	{ "eleven.test", "TXT", "v=spf1 mx -all" },
	{ "open.test", "TXT", "v=spf1 a:clean.test +all" },
	{ "open2.test", "TXT", "v=spf1 a:clean.test +all" },
	{ "dead2.test", "TIMEOUT", NULL },
	{ "twelve.test", "MX", "1 a.test" },
	{ "twelve.test", "MX", "2 b.test" },
	{ "twelve.test", "MX", "3 c.test" },
	{ "twelve.test", "MX", "4 d.test" },
	{ "twelve.test", "MX", "5 e.test" },
	{ "twelve.test", "MX", "6 f.test" },
	{ "twelve.test", "MX", "7 g.test" },
	{ "twelve.test", "MX", "8 h.test" },
	{ "twelve.test", "MX", "9 i.test" },
	{ "twelve.test", "MX", "10 j.test" },
	{ "twelve.test", "MX", "11 k.test" },
	{ "twelve.test", "MX", "12 l.test" },
};

static const struct {
	const char *domain, *text; /* text NULL: what the domain publishes */
	const char *codes; /* all that fire, with their column where there is one */
	bool is_offline;
} rows[] = {
	{ "clean.test", NULL, "" },
	{ "clean.test", "v=spf1 +a +mx -all", "" },
	{ "clean.test", "v=spf1 mx redirect=good.test", "" },
	{ "clean.test", "v=spf1 ra=postmaster rp=10 rr=f:s:e -all", "" },
	{ "clean.test", "v=spf1 mx:ten.test -all", "" },
	{ "clean.test", "v=spf1 exists:%{i}.dead.test include:%{d}.x.test ~all", "" },
	{ "clean.test", "v=spf1 a:gone1.test a:gone2.test -all", "" },
	{ "clean.test", "v=spf1 a:dead.test include:gone.test -all", "", true },
	{ "empty.test", NULL, "spf-no-record" },
	{ "gone.test", NULL, "spf-no-record" },
	{ "two.test", NULL, "spf-two-records" },
	{ "dead.test", NULL, "spf-domain-unreachable" },
	{ "clean.test", "v=spf1 frobnicate -all", "spf-syntax" },
	{ "clean.test", "-all", "spf-not-selected" },
	{ "clean.test", "v=spf1include:good.test", "spf-not-selected" },
	{ "clean.test", "v=spf10", "spf-not-selected" },
	{ "clean.test", " v=spf1 -all", "spf-not-selected" },
	{ "clean.test",
	  "v=spf1 -all include:x.a include:x.b include:x.c include:x.d include:x.e "
	  "include:x.f include:x.g include:x.h include:x.i include:x.j include:x.k",
	  "spf-text-after-all@13 spf-text-after-all@25 spf-text-after-all@37 "
	  "spf-text-after-all@49 spf-text-after-all@61 spf-text-after-all@73 "
	  "spf-text-after-all@85 spf-text-after-all@97 spf-text-after-all@109 "
	  "spf-text-after-all@121 spf-text-after-all@133" },
	{ "eleven.test", NULL, "spf-too-many-mx" },
	{ "clean.test", "v=spf1 mx:eleven.test -all", "spf-too-many-mx" },
	{ "clean.test", "v=spf1 -all mx:eleven.test", "spf-text-after-all@13" },
	{ "clean.test",
	  "v=spf1 a a:b.c a:c.d a:d.e a:e.f a:f.g a:g.h a:h.i a:i.j a:j.k a:k.l -all",
	  "spf-too-many-lookups", true },
	{ "nested.test", NULL, "spf-too-many-lookups" },
	{ "loop.test", NULL, "spf-too-many-lookups" },
	{ "clean.test", "v=spf1 a:gone1.test mx:gone2.test exists:gone3.test -all",
	  "spf-too-many-voids spf-exists-constant@35" },
	{ "clean.test", "v=spf1 include:empty.test -all", "spf-missing-target" },
	{ "clean.test", "v=spf1 redirect=two.test", "spf-missing-target" },
	{ "clean.test", "v=spf1 a:dead.test -all", "spf-target-unreachable" },
	{ "clean.test", "v=spf1 a +all", "spf-plus-all@10" },
	{ "clean.test", "v=spf1 a all", "spf-plus-all@10" },
	{ "clean.test", "v=spf1 ip4:12.0.0.0/7 ip6:::/0 -a/0 ?all",
	  "spf-whole-internet@8 spf-whole-internet@23 spf-neutral-all@37" },
	/* 8 bits of an IPv4 address and 16 of an IPv6 address are the least */
	{ "clean.test",
	  "v=spf1 ip4:12.0.0.0/8 ip6:2c00::/16 a/8 mx/8//16 a//16 ?a/7 -ip4:12.0.0.0/7 -all",
	  "" },
	{ "clean.test", "v=spf1 ip6:2c00::/15 a/7 mx/8//15 a//15 -all",
	  "spf-whole-internet@8 spf-whole-internet@22 spf-whole-internet@26 "
	  "spf-whole-internet@35" },
	{ "clean.test", "v=spf1 -all ip4:0.0.0.0/0 ptr +all",
	  "spf-text-after-all@13 "
	  "spf-text-after-all@27 spf-text-after-all@31" },
	{ "clean.test", "v=spf1 a ptr:clean.test -all", "spf-ptr@10" },
	{ "clean.test", "v=spf1 a -all mx exp=e.test", "spf-text-after-all@15" },
	{ "clean.test", "v=spf1 a mx", "spf-no-all" },
	{ "clean.test", "v=spf1", "spf-no-all" },
	{ "clean.test", "v=spf1 ?all", "spf-neutral-all@8" },
	{ "clean.test", "v=spf1 redirect=good.test -all", "spf-redirect-and-all@8" },
	{ "clean.test", "v=spf1 -all redirect=clean.test", "spf-text-after-all@13" },
	{ "clean.test", "v=spf1 redirect=clean.test -all", "spf-redirect-and-all@8" },
	{ "clean.test", "v=spf1 a mx +a -all", "spf-duplicate-term@13" },
	{ "clean.test", "v=spf1 a ?a -all a",
	  "spf-text-after-all@18 spf-duplicate-term@10" },
	{ "clean.test", "v=spf1 a exq=e.test -all", "spf-unknown-modifier@10" },
	{ "clean.test", "v=spf1 ip4=192.0.2.1 include=good.test a=1 MX=1 -all",
	  "spf-mechanism-as-modifier@8 spf-mechanism-as-modifier@22 "
	  "spf-mechanism-as-modifier@40 spf-mechanism-as-modifier@44 spf-capitals@44" },
	{ "clean.test", "v=spf1 a -all v=spf1 mx -all",
	  "spf-text-after-all@22 "
	  "spf-text-after-all@25 spf-version-again@15" },
	{ "clean.test", "v=spf1 ra=a@b.c rp=101 rp=x rr=x rr=f: rr= -all",
	  "spf-report-modifier@8 spf-report-modifier@17 spf-report-modifier@24 "
	  "spf-report-modifier@29 spf-report-modifier@34 spf-report-modifier@40" },
	{ "clean.test", "v=spf1 include:open.test -all", "spf-target-plus-all" },
	{ "clean.test",
	  "v=spf1 ip4:10.1.2.3 ip4:192.168.0.0/16 ip4:127.0.0.1 ip6:fe80::1 "
	  "ip6:fd00::/8 ip4:169.254.0.1 -all ip4:10.0.0.1",
	  "spf-text-after-all@100 spf-private-address@8 spf-private-address@21 spf-private-address@40 spf-private-address@54 spf-private-address@66 spf-private-address@79" },
	{ "clean.test", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all",
	  "spf-documentation-address@8 spf-documentation-address@22" },
	{ "clean.test", "v=spf1 ip4:11.0.2.1/24 ip4:11.0.2.0/24 ip6:2a00::1/64 -all",
	  "spf-host-bits@8 spf-host-bits@40" },
	{ "clean.test", "v=spf1 exists:clean.test -all", "spf-exists-constant@8" },
	{ "clean.test", "v=spf1 a:good.test-all", "spf-no-all spf-odd-name@8", true },
	{ "clean.test", "v=spf1 include:a.testinclude:good.test ~all", "spf-odd-name@8",
	  true },
	{ "clean.test", "v=spf1 a:xn--bcher-kva.xn--p1ai a:_a.b-c.test -all", "", true },
	{ "clean.test", "v=spf1 exists:%{p}.good.test -all", "spf-macro-p@8" },
	{ "clean.test", "V=SPF1 -all", "spf-capitals@1" },
	{ "clean.test", "v=spf1 a:GOOD.test MX -all", "spf-capitals@20" },
	{ "clean.test", "v=spf1 include:Clean.test. -all", "spf-includes-itself@8",
	  true },
	{ "clean.test", "v=spf1 redirect=CLEAN.test", "spf-includes-itself@8", true },
	{ "clean.test", "v=spf1 a:clean.test mx:clean.test -all", "", true },
	{ "clean.test", "v=spf1 include:other.test -all", "", true },
	{ "clean.test",
	  "v=spf1 " X10("1") X10("2") X10("3") X10("4") X10("5") X10("6") X10("7") "-all",
	  "spf-long-record" },
	{ "clean.test",
	  "v=spf1 " X10("1") X10("2") X10("3") X10("4") X10("5") X10("6") X10("7")
	          X10("8") "-all",
	  "spf-very-long-record" },
};

static void lint_row(size_t i, struct resolver *mock, struct lint_list *list)
{
	struct deadline until = { INT64_MAX };
	struct lint_spf_input input = { .domain = rows[i].domain,
		                        .text = octets_of(rows[i].text),
		                        .dns = rows[i].is_offline ? NULL : mock,
		                        .until = until };
	if (rows[i].text)
		lint_spf_record(&input, list);
	else
		lint_spf_domain(rows[i].domain, mock, until, list);
}

static void test_codes(void **state)
{
	(void)state;
	auto_resolver *mock = lint_rows_zone(zone, ARRAY_LEN(zone));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		auto_buf got = BUF_INIT;
		lint_row(i, mock, &list);
		lint_rows_put(&list, &got);
		if (strcmp(buf_text(&got), rows[i].codes) != 0)
			fail_msg("%s \"%s\": \"%s\" instead of \"%s\"", rows[i].domain,
			         rows[i].text ? rows[i].text : "", buf_text(&got),
			         rows[i].codes);
		assert_int_equal(lint_worst(&list) >= 0, list.count > 0);
	}
}

/* What a survey names: the first of each kind. */
static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *text, *code, *detail;
	} cases[] = {
		{ "v=spf1 a:gone1.test mx:gone2.test a:gone3.test -all",
		  "spf-too-many-voids", "3 look-ups, the first is A gone1.test" },
		{ "v=spf1 mx:gone2.test exists:gone1.test a:gone3.test a:gone4.test -all",
		  "spf-too-many-voids", "4 look-ups, the first is MX gone2.test" },
		{ "v=spf1 include:empty.test include:gone.test -all",
		  "spf-missing-target", "empty.test" },
		{ "v=spf1 include:gone.test include:empty.test -all",
		  "spf-missing-target", "gone.test" },
		{ "v=spf1 include:open.test include:open2.test -all",
		  "spf-target-plus-all", "open.test" },
		{ "v=spf1 mx:eleven.test mx:twelve.test -all", "spf-too-many-mx",
		  "eleven.test has 11 MX records" },
		{ "v=spf1 mx:dead.test a:dead2.test -all", "spf-target-unreachable",
		  "MX dead.test: " },
		{ "v=spf1 a:dead2.test mx:dead.test -all", "spf-target-unreachable",
		  "A dead2.test: " },
	};
	auto_resolver *mock = lint_rows_zone(zone, ARRAY_LEN(zone));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		struct lint_spf_input input = { .domain = "clean.test",
			                        .text = octets_of(cases[i].text),
			                        .dns = mock,
			                        .until = { INT64_MAX } };
		bool is_found = false;
		lint_spf_record(&input, &list);
		for (size_t k = 0; k < list.count; k++) {
			const struct lint_finding *finding = &list.finding[k];
			if (strcmp(finding->code->code, cases[i].code) != 0)
				continue;
			is_found = true;
			if (strncmp(finding->detail, cases[i].detail,
			            strlen(cases[i].detail)) != 0)
				fail_msg("case %zu: %s", i, finding->detail);
		}
		if (!is_found)
			fail_msg("case %zu: no %s", i, cases[i].code);
	}
}

static void test_strings(void **state)
{
	(void)state;
	static const size_t good[] = { 255, 10 }, bad[] = { 10, 256 };
	auto_lint_list list = LINT_LIST_INIT;
	struct lint_spf_input input = { .text = octets_of("v=spf1 -all"),
		                        .string_len = good,
		                        .strings = 2 };
	lint_spf_record(&input, &list);
	assert_int_equal(list.count, 0);
	input.string_len = bad;
	lint_spf_record(&input, &list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.finding[0].code->code, "spf-string-too-long");
	assert_string_equal(list.finding[0].detail, "string 2 has 256 octets");
}

/* RFC 7208 3.4: up to 450 octets are good, up to 512 fit without EDNS. */
static void test_length(void **state)
{
	(void)state;
	static const struct {
		size_t len;
		const char *code; /* NULL: nothing is said */
	} cases[] = {
		{ 450, NULL },
		{ 451, "spf-long-record" },
		{ 512, "spf-long-record" },
		{ 513, "spf-very-long-record" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		auto_buf text = BUF_INIT;
		buf_puts(&text, "v=spf1 -all");
		while (text.len < cases[i].len)
			buf_putc(&text, ' ');
		struct lint_spf_input input = { .text = { text.at, text.len } };
		lint_spf_record(&input, &list);
		assert_int_equal(list.count, cases[i].code != NULL);
		if (cases[i].code)
			assert_string_equal(list.finding[0].code->code, cases[i].code);
	}
}

static const char *codes_of(size_t i)
{
	return rows[i].codes;
}

static void test_table(void **state)
{
	(void)state;
	lint_rows_check(&lint_spf_table, "spf-", codes_of, ARRAY_LEN(rows),
	                "spf-string-too-long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),   cmocka_unit_test(test_names),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_length),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
