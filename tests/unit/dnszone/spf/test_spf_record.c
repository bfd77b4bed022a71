/* SPF records: every term, every kind of fault with its column, the three settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "dnszone/spf/spf_hint.h"
#include "dnszone/spf/spf_macro.h"
#include "dnszone/spf/spf_record.h"

#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10
#define L63 L60 "abc"

/* One term as text: kind, qualifier, what it names, networks. */
static void show_term(const struct spf_record *record, const struct spf_term *term,
                      struct buf *out)
{
	static const char *const names[] = { "all",      "include", "a",   "mx",
		                             "ptr",      "ip4",     "ip6", "exists",
		                             "redirect", "exp",     "mod" };
	char address[INET6_ADDRSTRLEN];
	if (out->len > 0)
		buf_putc(out, ' ');
	if (term->kind < SPF_REDIRECT)
		buf_printf(out, "%c", term->has_qualifier ? term->qualifier : '(');
	buf_puts(out, names[term->kind]);
	if (term->domain_len > 0)
		buf_printf(out, ":%.*s", (int)term->domain_len,
		           record->text + term->domain_at);
	if (term->kind == SPF_IP4 || term->kind == SPF_IP6)
		buf_printf(out, ":%s",
		           inet_ntop(term->kind == SPF_IP4 ? AF_INET : AF_INET6, term->ip,
		                     address, sizeof(address)));
	if (term->prefix4 != 32)
		buf_printf(out, "/%d", term->prefix4);
	if (term->prefix6 != 128)
		buf_printf(out, "//%d", term->prefix6);
}

static void test_good(void **state)
{
	(void)state;
	static const struct {
		const char *text, *terms;
		unsigned lookups;
	} rows[] = {
		{ "v=spf1", "", 0 },
		{ "v=spf1 ", "", 0 },
		{ "V=SPF1    -ALL   ", "-all", 0 },
		{ "v=spf1 all", "(all", 0 },
		/* RFC 7208 A.1 to A.4 and the examples of sections 4 to 7 */
		{ "v=spf1 +all", "+all", 0 },
		{ "v=spf1 a -all", "(a -all", 1 },
		{ "v=spf1 a:example.org -all", "(a:example.org -all", 1 },
		{ "v=spf1 mx -all", "(mx -all", 1 },
		{ "v=spf1 mx mx:example.org -all", "(mx (mx:example.org -all", 2 },
		{ "v=spf1 mx/30 mx:example.org/30 -all", "(mx/30 (mx:example.org/30 -all",
		  2 },
		{ "v=spf1 ptr -all", "(ptr -all", 1 },
		{ "v=spf1 ip4:192.0.2.128/28 -all", "(ip4:192.0.2.128/28 -all", 0 },
		{ "v=spf1 include:example.com include:example.net -all",
		  "(include:example.com (include:example.net -all", 2 },
		{ "v=spf1 redirect=example.org", "redirect:example.org", 1 },
		{ "v=spf1 mx -all exp=explain._spf.%{d}",
		  "(mx -all exp:explain._spf.%{d}", 1 },
		{ "v=spf1 exists:%{l1r+-}._spf.%{d} -all",
		  "(exists:%{l1r+-}._spf.%{d} -all", 1 },
		{ "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} ?all",
		  "(exists:%{ir}.%{l1r+-}._spf.%{d} ?all", 1 },
		{ "v=spf1 mx/26 exists:%{ir}.sbl.example.org ~all",
		  "(mx/26 (exists:%{ir}.sbl.example.org ~all", 2 },
		{ "v=spf1 a:%{d}/24 -ip6:2001:db8::/32 ~mx//64 ?a/0//0",
		  "(a:%{d}/24 -ip6:2001:db8:://32 ~mx//64 ?a/0//0", 3 },
		{ "v=spf1 a:x.example/24//64 A:X.example//128",
		  "(a:x.example/24//64 (a:X.example", 2 },
		{ "v=spf1 ip4:0.0.0.0/0 ip4:255.255.255.255/32",
		  "(ip4:0.0.0.0/0 (ip4:255.255.255.255", 0 },
		{ "v=spf1 ip6:::1 ip6:::ffff:1.2.3.4/96",
		  "(ip6:::1 (ip6:::ffff:1.2.3.4//96", 0 },
		{ "v=spf1 a:foo:bar/baz.example.com", "(a:foo:bar/baz.example.com", 1 },
		{ "v=spf1 a:_spf.example.com. a:.com-x.c0m", NULL, 0 },
		{ "v=spf1 a:example.4u a:example.xn--zckzah a:example.1-2",
		  "(a:example.4u "
		  "(a:example.xn--zckzah (a:example.1-2",
		  3 },
		{ "v=spf1 a:%{s} a:%% a:x%_ a:x.%- exists:%{D127R.-+,/_=}",
		  "(a:%{s} (a:%% (a:x%_ (a:x.%- (exists:%{D127R.-+,/_=}", 5 },
		{ "v=spf1 x= op_1.a-b=!%{i}&~ x=1 a=b:c", "mod mod:!%{i}&~ mod:1 mod:b:c",
		  0 },
		{ "v=spf1 REDIRECT=a.b EXP=c.d", "redirect:a.b exp:c.d", 1 },
		{ "v=spf1 a:" L63 ".example", "(a:" L63 ".example", 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spf_record *record = NULL;
		struct err err = ERR_INIT;
		int r = spf_record_parse(rows[i].text, strlen(rows[i].text), &record,
		                         &err);
		if (!rows[i].terms) { /* a first label of no octets: grammatical, but no name */
			assert_int_equal(r, ERR_USAGE);
			continue;
		}
		if (r != 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		auto_buf shown = BUF_INIT;
		for (size_t k = 0; k < record->count; k++)
			show_term(record, &record->term[k], &shown);
		assert_string_equal(buf_text(&shown), rows[i].terms);
		assert_int_equal(spf_record_count_lookups(record), rows[i].lookups);
		spf_record_free(record);
	}
	spf_record_free(NULL);
}

static void test_spans(void **state)
{
	(void)state;
	static const char text[] = "v=spf1  ~a:x.y/24 exp=e.f";
	struct spf_record *record;
	struct err err;
	assert_int_equal(spf_record_parse(text, strlen(text), &record, &err), 0);
	assert_int_equal(record->len, strlen(text));
	assert_string_equal(record->text, text);
	assert_int_equal(record->count, 2);
	assert_int_equal(record->term[0].at, 8);
	assert_int_equal(record->term[0].len, 9);
	assert_int_equal(record->term[0].domain_at, 11);
	assert_int_equal(record->term[0].domain_len, 3);
	assert_int_equal(record->term[1].at, 18);
	assert_int_equal(record->term[1].len, 7);
	spf_record_free(record);
}

static void test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned column;
		const char *fault;
	} rows[] = {
		{ "v=spf1 ipv4:192.0.2.1", 8, "did you mean ip4?" },
		{ "v=spf1 -inclde:a.b", 9,
		  "\"-inclde:a.b\": unknown mechanism; did you mean include?" },
		{ "v=spf1 a frobnicate", 10,
		  "unknown mechanism (the mechanisms are "
		  "all include" },
		{ "v=spf1 +", 9, "a mechanism is missing" },
		{ "v=spf1 +-all", 9, "unknown mechanism" },
		{ "v=spf1 :a.b", 8, "a mechanism is missing" },
		{ "v=spf1 a\tmx", 8, "unknown mechanism" },
		{ "v=spf1 -all.", 9, "unknown mechanism" },
		{ "v=spf1 all:a.b", 11, "all must not be followed" },
		{ "v=spf1 -all/8", 12, "all must not be followed" },
		{ "v=spf1 include", 15, "include requires ':' and a domain" },
		{ "v=spf1 include:", 16, "a domain is missing" },
		{ "v=spf1 include:a.b/24", 18, "a domain must end in" },
		{ "v=spf1 include/24", 15, "include must not be followed" },
		{ "v=spf1 exists", 14, "exists requires" },
		{ "v=spf1 exists:", 15, "a domain is missing" },
		{ "v=spf1 a:", 10, "a domain is missing" },
		{ "v=spf1 a:/24", 10, "a domain is missing" },
		{ "v=spf1 ptr/24", 11, "ptr must not be followed" },
		{ "v=spf1 ptr:", 12, "a domain is missing" },
		{ "v=spf1 a:museum", 10, "at least two labels" },
		{ "v=spf1 a:museum.", 10, "at least two labels" },
		{ "v=spf1 a:a.b.1", 14,
		  "a domain must end in a macro or in a top label" },
		{ "v=spf1 a:1.2.3.4", 16, "a domain must end in" },
		{ "v=spf1 a:a.-b", 12, "a domain must end in" },
		{ "v=spf1 a:a.b-", 12, "a domain must end in" },
		{ "v=spf1 a:a.b_c", 12, "a domain must end in" },
		{ "v=spf1 a:a..", 12, "a domain must end in" },
		{ "v=spf1 a:%{d}x", 10, "at least two labels" },
		{ "v=spf1 a:%{d.}x.", 14, "a domain must end in" },
		{ "v=spf1 a:a..b", 12, "an empty label" },
		{ "v=spf1 a:a." L63 "x.b", 12, "a label of more than 63" },
		{ "v=spf1 a:" L63 "." L63 "." L63 "." L60 "xy", 10,
		  "a name of more than 253" },
		{ "v=spf1 a/33", 10, "IPv4 prefix length is a number from 0 to 32" },
		{ "v=spf1 a/08", 10, "IPv4 prefix" },
		{ "v=spf1 a/00", 10, "IPv4 prefix" },
		{ "v=spf1 mx/1000", 11, "IPv4 prefix" },
		{ "v=spf1 a//129", 11, "IPv6 prefix length is a number from 0 to 128" },
		{ "v=spf1 a//064", 11, "IPv6 prefix" },
		{ "v=spf1 a:a.b/33//64", 14, "IPv4 prefix" },
		{ "v=spf1 a/", 9, "a prefix length is" },
		{ "v=spf1 a//", 9, "a prefix length is" },
		{ "v=spf1 a/24/", 9, "a prefix length is" },
		{ "v=spf1 a/24//", 9, "a prefix length is" },
		{ "v=spf1 a/x", 9, "a prefix length is" },
		{ "v=spf1 a///64", 9, "a prefix length is" },
		{ "v=spf1 a/24:a.b", 9, "a prefix length is" },
		{ "v=spf1 ip4", 11, "ip4 requires ':' and an address" },
		{ "v=spf1 ip4/24", 11, "ip4 requires" },
		{ "v=spf1 ip4:", 12, "not followed by an IPv4 address" },
		{ "v=spf1 ip4:1.2.3", 12, "not followed by an IPv4 address" },
		{ "v=spf1 ip4:1.2.3.04", 12, "not followed by an IPv4 address" },
		{ "v=spf1 ip4:1.2.3.256", 12, "not followed by an IPv4 address" },
		{ "v=spf1 ip4:2001:db8::1", 12, "not followed by an IPv4 address" },
		{ "v=spf1 ip4:1.2.3.4:25", 12, "not followed by an IPv4 address" },
		{ "v=spf1 ip4:a.example", 12, "not followed by an IPv4 address" },
		{ "v=spf1 ip4:1.2.3.4/", 20, "IPv4 prefix" },
		{ "v=spf1 ip4:1.2.3.4/33", 20, "IPv4 prefix" },
		{ "v=spf1 ip4:1.2.3.4/032", 20, "IPv4 prefix" },
		{ "v=spf1 ip4:1.2.3.4//32", 20, "IPv4 prefix" },
		{ "v=spf1 ip4:1.2.3.4/+1", 20, "IPv4 prefix" },
		{ "v=spf1 ip6:1.2.3.4", 12, "not followed by an IPv6 address" },
		{ "v=spf1 ip6::1", 12, "not followed by an IPv6 address" },
		{ "v=spf1 ip6:2001:db8::1/129", 24, "IPv6 prefix" },
		{ "v=spf1 ip6:2001:db8::g", 12, "not followed by an IPv6 address" },
		{ "v=spf1 ip6:fe80::1%eth0", 12, "not followed by an IPv6 address" },
		{ "v=spf1 redirect=", 17, "a domain is missing" },
		{ "v=spf1 redirect:a.b", 8, "unknown mechanism" },
		{ "v=spf1 redirect=a.b redirect=c.d", 21,
		  "duplicate modifier "
		  "redirect=" },
		{ "v=spf1 exp=a.b Exp=a.b", 16, "duplicate modifier exp=" },
		{ "v=spf1 exp=", 12, "a domain is missing" },
		{ "v=spf1 exp=a.b/24", 14, "a domain must end in" },
		{ "v=spf1 =x", 8, "the name of a modifier" },
		{ "v=spf1 1x=y", 8, "the name of a modifier" },
		{ "v=spf1 -x=y", 8, "the name of a modifier" },
		{ "v=spf1 x+y=z", 9, "the name of a modifier" },
		{ "v=spf1 ?redirect=a.b", 8, "the name of a modifier" },
		{ "v=spf1 x=%", 10, "'%' without a macro" },
		{ "v=spf1 x=a%(d)", 11, "'%' without a macro" },
		{ "v=spf1 a:%{", 12, "is not followed by a macro letter" },
		{ "v=spf1 a:%{}", 12, "is not followed by a macro letter" },
		{ "v=spf1 a:%{e}", 12, "is not followed by a macro letter" },
		{ "v=spf1 a:%{c}", 12, "only in explanations" },
		{ "v=spf1 a:%{R}", 12, "only in explanations" },
		{ "v=spf1 exp=%{t}", 14, "only in explanations" },
		{ "v=spf1 a:%{d", 13, "does not end in '}'" },
		{ "v=spf1 a:%{dr2}", 14, "does not end in '}'" },
		{ "v=spf1 a:%{d;}", 13, "does not end in '}'" },
		{ "v=spf1 a:%{d0}", 13, "at least one part" },
		{ "v=spf1 a:a\xc3\xbc.example", 11, "not printable ASCII" },
		{ "v=spf1 a:a\x7f.example", 11, "not printable ASCII" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spf_record *record = NULL;
		struct err err = ERR_INIT;
		int r = spf_record_parse(rows[i].text, strlen(rows[i].text), &record,
		                         &err);
		assert_null(record);
		auto_free char *column = xasprintf(
			"is wrong at column %u%s", rows[i].column,
			rows[i].text[0] == 'v' && rows[i].column > 7 ? ", \"" : ":");
		if (r != ERR_USAGE || !strstr(err.text, column) ||
		    !strstr(err.text, rows[i].fault))
			fail_msg("%s: %d \"%s\" lacks \"%s\" or \"%s\"", rows[i].text, r,
			         err.text, column, rows[i].fault);
	}
}

static void test_octets(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "v=spf1 a:example.com\0 -all", 26 },
		{ "v=spf1 a:example.com\0", 21 },
		{ "v=spf1 ip4:1.2.3.4\0 -all", 24 },
		{ "v=spf1 \0", 8 },
		{ "v=spf1 \0a", 9 },
		{ "v=spf1 x=\0", 10 },
		{ "v=spf1 %{\0}", 11 },
		{ "v=spf1 a:%\0", 11 },
		{ "v=spf1\0", 7 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* just as long as it is, so that a sanitizer sees a look behind the end */
		char *exact = malloc(rows[i].len);
		assert_non_null(exact);
		memcpy(exact, rows[i].text, rows[i].len);
		struct spf_record *record = NULL;
		struct err err = ERR_INIT;
		assert_int_equal(spf_record_parse(exact, rows[i].len, &record, &err),
		                 ERR_USAGE);
		free(exact);
	}
}

static void test_macros(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum spf_macro_place place;
		size_t wrong_at; /* SIZE_MAX: right */
	} rows[] = {
		{ "", SPF_IN_RECORD, SIZE_MAX },
		{ "%{s}%{l}%{o}%{d}%{i}%{p}%{h}%{v}", SPF_IN_RECORD, SIZE_MAX },
		{ "%{S}%{L}%{O}%{D}%{I}%{P}%{H}%{V}", SPF_IN_RECORD, SIZE_MAX },
		{ "%{c}%{r}%{t}%{C}%{R}%{T}", SPF_IN_EXPLANATION, SIZE_MAX },
		{ "%{d1}%{d12r}%{dr}%{d.-+,/_=}%{d2r-}", SPF_IN_RECORD, SIZE_MAX },
		{ "%%%_%-", SPF_IN_RECORD, SIZE_MAX },
		{ "a b", SPF_IN_EXPLANATION, SIZE_MAX },
		{ "a b", SPF_IN_RECORD, 1 },
		{ "a%", SPF_IN_RECORD, 1 },
		{ "a%%%", SPF_IN_RECORD, 3 },
		{ "%{ d}", SPF_IN_EXPLANATION, 2 },
		{ "%{d-1}", SPF_IN_RECORD, 4 },
		{ "%{d00}", SPF_IN_RECORD, 3 },
		{ "%{d1", SPF_IN_RECORD, 4 },
		{ "%{c}", SPF_IN_RECORD, 2 },
		{ "%d", SPF_IN_RECORD, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t wrong_at = SIZE_MAX;
		const char *why = spf_macro_string_fault(
			rows[i].text, strlen(rows[i].text), rows[i].place, &wrong_at);
		if ((why == NULL) != (rows[i].wrong_at == SIZE_MAX) ||
		    (why && wrong_at != rows[i].wrong_at))
			fail_msg("%s: %zu %s", rows[i].text, wrong_at,
			         why ? why : "passes");
	}
}

struct setting_row {
	const char *text, *fault;
};

static void test_local_rules(void **state)
{
	(void)state;
	static const struct setting_row rows[] = {
		{ "", NULL },
		{ "include:spf.example.net a:relay.example.com", NULL },
		{ "  a ", NULL },
		{ "v=spf1 a", "accepts mechanisms only; omit \"v=spf1\"" },
		{ "a all", "column 3, \"all\": \"all\" would match" },
		{ "-all", "column 1, \"-all\"" },
		{ "redirect=a.b", "column 1, \"redirect=a.b\": a modifier" },
		{ "a exp=a.b", "column 3, \"exp=a.b\": a modifier" },
		{ "x=1", "a modifier" },
		{ "  ip4:x", "column 7, \"ip4:x\"" },
		{ "a;b", "unknown mechanism" },
		{ "a a a a a a a a a a a", "11 terms" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int r = spf_check_local_rules(rows[i].text, &err);
		if (r != (rows[i].fault ? ERR_USAGE : 0) ||
		    (rows[i].fault && !strstr(err.text, rows[i].fault)))
			fail_msg("%s: %d \"%s\"", rows[i].text, r, err.text);
	}
}

static void test_guess_rules(void **state)
{
	(void)state;
	static const struct {
		const char *text, *whole, *fault;
	} rows[] = {
		{ "", "" },
		{ "  ", "" },
		{ "v=spf1 +a/24 +mx/24 +ptr ?all", "v=spf1 +a/24 +mx/24 +ptr ?all" },
		{ "+a/24 ?all", "v=spf1 +a/24 ?all" },
		{ " V=SPF1 a", "V=SPF1 a" },
		{ "redirect=a.b", "v=spf1 redirect=a.b" },
		{ "v=spf1", "v=spf1" },
		{ "v=spf2 a", NULL, "only v=spf1" },
		{ "V=spf1,a", NULL, "only v=spf1" },
		{ "a/33", NULL, "column 3, \"a/33\"" },
		{ " a/33", NULL, "column 4, \"a/33\"" },
		{ " v=spf1 a/33", NULL, "column 11, \"a/33\"" },
		{ "a mx ptr a mx ptr a mx ptr a mx", NULL, "11 terms" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *whole = NULL;
		struct err err = ERR_INIT;
		int r = spf_check_guess_rules(rows[i].text, &whole, &err);
		if (rows[i].whole) {
			assert_int_equal(r, 0);
			assert_string_equal(whole, rows[i].whole);
		} else if (r != ERR_USAGE || !strstr(err.text, rows[i].fault) || whole) {
			fail_msg("%s: %d \"%s\"", rows[i].text, r, err.text);
		}
		free(whole);
	}
}

static void test_explanation(void **state)
{
	(void)state;
	char long_text[402 + 1];
	memset(long_text, 'x', sizeof(long_text));
	long_text[401] = '\0';
	/* "%%" is one octet, a macro is counted as one */
	char percents[2 * 401 + 1], macros[4 * 401 + 1];
	for (size_t i = 0; i < 401; i++) {
		memcpy(percents + 2 * i, "%%", 3);
		memcpy(macros + 4 * i, "%{d}", 5);
	}
	const struct setting_row rows[] = {
		{ "", NULL },
		{ percents, "401 octets; the limit is 400" },
		{ percents + 2, NULL },
		{ macros, "401 octets; the limit is 400" },
		{ macros + 4, NULL },
		{ "%{i} is not one of %{d}'s mail servers; see %{r} at %{t}%_(%{c}) 100%%",
		  NULL },
		{ "100% sure", "column 4: '%' without a macro" },
		{ "a%{x}", "column 4: \"%{\" is not followed" },
		{ "a\nb", "column 2: an octet that is not printable ASCII" },
		{ "b\xc3\xbc", "column 2: an octet that is not printable ASCII" },
		{ long_text, "401 octets; the limit is 400" },
		{ long_text + 1, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int r = spf_check_explanation(rows[i].text, &err);
		if (r != (rows[i].fault ? ERR_USAGE : 0) ||
		    (rows[i].fault && !strstr(err.text, rows[i].fault)))
			fail_msg("%s: %d \"%s\"", rows[i].text, r, err.text);
	}
}

/* What is not selected at all (RFC 7208 4.5), and what was probably meant. */
static void test_not_spf(void **state)
{
	(void)state;
	static const struct {
		const char *text, *hint;
		bool is_meant;
	} rows[] = {
		{ "", "the text is empty", false },
		{ "v=spf10", "followed by a space, not by \"0\"", true },
		{ "v=spf1\t-all", "followed by a space", true },
		{ "v=spf1include:a.example", "not by \"include:a.example\"", true },
		{ "v=spf1, mx -all", "not by \", mx -all\"", true },
		{ "v=spf1;mx", "not by \";mx\"", true },
		{ " v=spf1 -all", "begins with a space", true },
		{ "\"v=spf1 -all\"", "begins with a quote", true },
		{ "\xe2\x80\x9cv=spf1 -all\xe2\x80\x9d", "U+201C is a quotation mark",
		  true },
		{ "\xef\xbb\xbfv=spf1 -all", "U+FEFF is a special space", true },
		{ "spf1 -all", "does not begin with", true },
		{ "spf=v1 -all", "does not begin with", false },
		{ "v = spf1 -all", "does not begin with", true },
		{ "v:spf1 -all", "does not begin with", true },
		{ "v=spf2.0/pra -all", "does not begin with", false },
		{ "google-site-verification=spf1", "does not begin with", false },
		{ "av=spf1", "does not begin with", false },
		{ "zv=spf1", "does not begin with", false },
		{ "Aspf1", "does not begin with", false },
		{ "Zspf1", "does not begin with", false },
		{ "0v=spf1", "does not begin with", false },
		{ "9v=spf1", "does not begin with", false },
		{ "SPF1", "does not begin with", true },
		{ "vspf", "does not begin with", false },
		{ "                    spf1", "does not begin with", true },
		{ "                     spf1", "does not begin with", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spf_record *record = NULL;
		struct err err = ERR_INIT;
		size_t len = strlen(rows[i].text);
		assert_int_equal(spf_record_parse(rows[i].text, len, &record, &err),
		                 ERR_USAGE);
		if (!strstr(err.text, "not an SPF record: ") ||
		    !strstr(err.text, rows[i].hint) ||
		    spf_is_meant(rows[i].text, len) != rows[i].is_meant)
			fail_msg("%s: %s", rows[i].text, err.text);
	}
}

/* What was probably meant by a term that does not parse; "": nothing is said. */
static void test_hints(void **state)
{
	(void)state;
	static const struct {
		const char *term, *hint;
	} rows[] = {
		{ "ipv4:192.0.2.1", "write ip4: or ip6:" },
		{ "ip:192.0.2.1", "write ip4: or ip6:" },
		{ "ip4:2001:db8::1", "this is an IPv6 address; write ip6:" },
		{ "ip6:192.0.2.1", "this is an IPv4 address; write ip4:" },
		{ "ip4:mail.example.com", "a name is written with a:" },
		{ "ip4:192.0.2.1-192.0.2.9", "a range of addresses" },
		{ "ip4:192.0.2.1-all", "a space is missing before -all" },
		{ "a:192.0.2.1", "this is an IPv4 address; write ip4:" },
		{ "mx:2001:db8::1", "this is an IPv6 address; write ip6:" },
		{ "include:192.0.2.1", "this is an IPv4 address; write ip4:" },
		{ "192.0.2.0/24", "this is an IPv4 address; write ip4:" },
		{ "2001:db8::/32", "this is an IPv6 address; write ip6:" },
		{ "mail.example.com", "a name is written with a:" },
		{ "redirect:example.com", "write redirect= with '='" },
		{ "exp:example.com", "write exp= with '='" },
		{ "-all.", "remove what follows \"all\"" },
		{ "~all;", "remove the ';'" },
		{ "mx,", "remove the ','" },
		{ "mx-all", "a space is missing before -all" },
		{ "mx~all", "a space is missing before ~all" },
		{ "-", "remove the space after '-'" },
		{ "\xe2\x80\x93"
		  "all",
		  "U+2013 is a dash; type '-'" },
		{ "\xe2\x88\xbc"
		  "all",
		  "U+223C is not the tilde" },
		{ "-all\xe2\x80\x9d", "U+201D is a quotation mark" },
		{ "mx\xc2\xa0-all", "U+00A0 is a special space" },
		{ "a:m\xc3\xbcnchen.example", "U+00FC is not ASCII" },
		{ "a:\xff.example", "U+FFFD is not ASCII" },
		{ "a\tmx", "a tab does not separate terms" },
		{ "-all\"", "remove the quotes" },
		{ "frobnicate", "" },
		{ "include:", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *text = xasprintf("v=spf1 %s", rows[i].term);
		struct spf_record *record = NULL;
		struct err err = ERR_INIT;
		assert_int_equal(spf_record_parse(text, strlen(text), &record, &err),
		                 ERR_USAGE);
		if (*rows[i].hint ? !strstr(err.text, rows[i].hint)
		                  : err.text[strlen(err.text) - 1] == ')' &&
		                            !strstr(err.text, "exists)"))
			fail_msg("%s: %s", rows[i].term, err.text);
	}
}

/* RFC 7208 5.1, 6.1: what no check looks at costs nothing. */
static void test_ignored(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned lookups;
	} rows[] = {
		{ "v=spf1 a -all mx include:a.b", 1 }, { "v=spf1 redirect=a.b -all", 0 },
		{ "v=spf1 -all redirect=a.b", 0 },     { "v=spf1 mx redirect=a.b", 2 },
		{ "v=spf1 redirect=a.b mx", 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spf_record *record = NULL;
		struct err err = ERR_INIT;
		assert_int_equal(spf_record_parse(rows[i].text, strlen(rows[i].text),
		                                  &record, &err),
		                 0);
		assert_int_equal(spf_record_count_lookups(record), rows[i].lookups);
		spf_record_free(record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_spf),     cmocka_unit_test(test_hints),
		cmocka_unit_test(test_ignored),     cmocka_unit_test(test_good),
		cmocka_unit_test(test_spans),       cmocka_unit_test(test_faults),
		cmocka_unit_test(test_octets),      cmocka_unit_test(test_macros),
		cmocka_unit_test(test_local_rules), cmocka_unit_test(test_guess_rules),
		cmocka_unit_test(test_explanation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
