/* Names, placeholders, serials, tag lists and policies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/macro.h"
#include "dnszone/dkim/dkim_record.h"
#include "dnszone/name/name.h"
#include "dnszone/name/placeholder.h"
#include "dnszone/name/serial.h"
#include "dnszone/name/tags.h"
#include "dnszone/txt/policy.h"

#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10
#define L63 L60 "abc"
#define L64 L60 "abcd"
/* 3 labels of 63 and their dots are 192 octets */
#define N253 L63 "." L63 "." L63 "." L60 "a"
#define N254 L63 "." L63 "." L63 "." L60 "ab"

typedef int parse_fn(const char *text, char ret_name[NAME_SIZE], struct err *err);

struct name_row {
	const char *text;
	const char *name;  /* NULL: refused */
	const char *fault; /* part of the sentence */
};

static void check_names(parse_fn *parse, const struct name_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[NAME_SIZE] = "untouched";
		struct err err = ERR_INIT;
		int r = parse(rows[i].text, name, &err);
		if (rows[i].name) {
			if (r != 0)
				fail_msg("%s: %s", rows[i].text, err.text);
			assert_string_equal(name, rows[i].name);
			/* what came out goes in again */
			assert_int_equal(parse(name, name, &err), 0);
			assert_string_equal(name, rows[i].name);
			continue;
		}
		if (r != ERR_USAGE)
			fail_msg("%s: not refused, became %s", rows[i].text, name);
		assert_string_equal(name, "untouched");
		if (!strstr(err.text, rows[i].fault))
			fail_msg("%s: \"%s\" lacks \"%s\"", rows[i].text, err.text,
			         rows[i].fault);
	}
}

static void test_domain(void **state)
{
	(void)state;
	static const struct name_row rows[] = {
		{ "example.com", "example.com" },
		{ "Example.COM.", "example.com" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.example.",
		  "xn--bcher-kva.example" },
		/* u and a combining diaeresis: NFC */
		{ "bu\xcc\x88"
		  "cher.example",
		  "xn--bcher-kva.example" },
		{ "XN--BCHER-KVA.example", "xn--bcher-kva.example" },
		{ "stra\xc3\x9f"
		  "e.example",
		  "xn--strae-oqa.example" }, /* non-transitional */
		{ "\xe4\xbe\x8b\xe5\xad\x90\xe3\x80\x82\xe6\xb5\x8b\xe8\xaf\x95",
		  "xn--fsqu00a.xn--0zwm56d" }, /* U+3002 is a dot */
		{ "r3---sn.example", "r3---sn.example" },
		{ "1.example", "1.example" },
		{ "example.4u", "example.4u" },
		{ L63 ".example", L63 ".example" },
		{ N253, N253 },
		{ N253 ".", N253 },
		{ "", NULL, "\"\" is not a domain name: it is empty" },
		{ ".", NULL, "empty label" },
		{ "com", NULL, "it has only one label" },
		{ "com.", NULL, "it has only one label" },
		{ ".example.com", NULL, "empty label" },
		{ "foo..example", NULL,
		  "\"foo..example\" is not a domain name: it has an empty label" },
		{ "example.com..", NULL, "empty label" },
		{ "b\xc3\xbc..example", NULL, "empty label" },
		{ L64 ".example", NULL, "64 octets; the limit is 63" },
		{ N254, NULL, "it has 254 octets; the limit is 253" },
		{ "exa mple.com", NULL, "space" },
		{ " example.com", NULL, "space" },
		{ "example.com\n", NULL, "control character" },
		{ "exa\tmple.com", NULL, "control character" },
		{ "exa\x7fmple.com", NULL, "control character" },
		{ "exa\xffmple.com", NULL, "not UTF-8" },
		{ "exa\xc2\x85mple.com", NULL, "control character" },
		{ "example.com/x", NULL, "it contains '/'" },
		{ "../etc.example", NULL, "empty label" },
		{ "a@example.com", NULL, "it contains '@'" },
		{ "_dmarc.example.com", NULL, "it contains '_'" },
		{ "*.example.com", NULL, "it contains '*'" },
		{ "-a.example", NULL, "hyphen" },
		{ "a-.example", NULL, "hyphen" },
		{ "192.0.2.1", NULL, "it is an IP address" },
		{ "2001:db8::1", NULL, "it is an IP address" },
		{ "[192.0.2.1]", NULL, "it is an IP address" },
		{ "example.123", NULL, "only digits" },
		{ "1.2.3.4.5", NULL, "only digits" },
		{ "xn--.example", NULL, "hyphen" },
		{ "xn--a.example", NULL, "does not decode" },
		{ "xn--example.com", NULL, "does not decode" },
		{ "xn--99999999999.example", NULL, "does not decode" },
		{ "xn--abc-.example", NULL, "hyphen" },
		{ "a\xe2\x80\xaeg.example", NULL, "is not a domain name" }, /* U+202E */
		{ "a\xe2\x80\x8bg.example",
		  "ag.example" }, /* U+200B is ignored by UTS 46 */
		{ "a\xe2\x84\x80.example", NULL,
		  "it contains '/'" }, /* U+2100 maps to a/c */
		{ "_b\xc3\xbc.example", NULL, "is not a domain name" },
	};
	check_names(name_parse_domain, rows, ARRAY_LEN(rows));
}

static void test_host(void **state)
{
	(void)state;
	static const struct name_row rows[] = {
		{ "Mail.Example.COM.", "mail.example.com" },
		{ "mx1.b\xc3\xbc"
		  "cher.example",
		  "mx1.xn--bcher-kva.example" },
		{ "localhost", NULL,
		  "\"localhost\" is not a full host name: it has only one label" },
		{ "192.0.2.1", NULL, "it is an IP address" },
		{ "mail_1.example.com", NULL, "it contains '_'" },
		{ "", NULL, "it is empty" },
	};
	check_names(name_parse_host, rows, ARRAY_LEN(rows));
}

static void test_owner(void **state)
{
	(void)state;
	static const struct name_row rows[] = {
		{ "www", "www" },
		{ "_dmarc", "_dmarc" },
		{ "_DMARC.Example.com.", "_dmarc.example.com" },
		{ "my_sel._domainkey", "my_sel._domainkey" },
		{ "*", "*" },
		{ "*.example.com", "*.example.com" },
		{ "10", "10" },
		{ "1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa" },
		{ "_dmarc.b\xc3\xbc"
		  "cher.example",
		  "_dmarc.xn--bcher-kva.example" },
		{ "a.*.example", NULL, "it contains '*'" },
		{ "a*.example", NULL, "it contains '*'" },
		{ "a;b", NULL, "it contains ';'" },
		{ "a\\.b", NULL, "it contains '\\'" },
		{ "a\"b", NULL, "it contains '\"'" },
		{ "$ttl", NULL, "it contains '$'" },
		{ "@", NULL, "it contains '@'" },
		{ "_", "_" },
		{ "192.0.2.1", NULL, "IP address" },
		{ "192.0.2.1.", NULL, "IP address" },
	};
	check_names(name_parse_owner, rows, ARRAY_LEN(rows));
}

static void test_selector(void **state)
{
	(void)state;
	static const struct name_row rows[] = {
		{ "default", "default" },
		{ "S1", "s1" },
		{ "2026-11", "2026-11" },
		{ "20261122", "20261122" },
		{ "mail.2026", "mail.2026" },
		{ "my_sel", "my_sel" },
		{ L63 "." L63 "." L60 "ab", L63 "." L63 "." L60 "ab" }, /* 190 */
		{ L63 "." L63 "." L60 "abc", NULL,
		  "it has 191 octets; the limit is "
		  "190" },
		{ "", NULL, "it is empty" },
		{ "_a", NULL, "\"_a\" begins with '_'" },
		{ "a_", NULL, "ends with '_'" },
		{ "-a", NULL, "hyphen" },
		{ "a.", NULL, "ends with a dot" },
		{ "a..b", NULL, "empty label" },
		{ "b\xc3\xbc", NULL, "ASCII" },
		{ "a b", NULL, "space" },
		{ "*", NULL, "it contains '*'" },
		{ "<domain>", NULL, "it contains '<'" },
	};
	check_names(name_parse_selector, rows, ARRAY_LEN(rows));
}

static void test_unicode(void **state)
{
	(void)state;
	static const struct {
		const char *name, *shown;
	} rows[] = {
		{ "example.com", "example.com" },
		{ "xn--bcher-kva.example", "b\xc3\xbc"
		                           "cher.example" },
		{ "_dmarc.xn--bcher-kva.example", "_dmarc.b\xc3\xbc"
		                                  "cher.example" },
		{ "xn--strae-oqa.example", "stra\xc3\x9f"
		                           "e.example" },
		{ "xn--a.example", "xn--a.example" },
		{ "xn--99999999999.example", "xn--99999999999.example" },
		/* ZERO WIDTH NON-JOINER between two letters that join (valid, but not visible) */
		{ "xn--mgba3gch31f060k.example", "xn--mgba3gch31f060k.example" },
		{ "xn--ls8h.example", "xn--ls8h.example" }, /* U+1F4A9 */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *shown = name_to_unicode(rows[i].name);
		assert_string_equal(shown, rows[i].shown);
	}
}

static void test_below(void **state)
{
	(void)state;
	assert_true(name_is_at_or_below("example.com", "example.com"));
	assert_true(name_is_at_or_below("a.example.com", "example.com"));
	assert_true(name_is_at_or_below("a.b.example.com", "example.com"));
	assert_false(name_is_at_or_below("aexample.com", "example.com"));
	assert_false(name_is_at_or_below("com", "example.com"));
	assert_false(name_is_at_or_below("example.com.org", "example.com"));
	assert_false(name_is_at_or_below(".example.com", "example.com"));
}

static void test_placeholders(void **state)
{
	(void)state;
	for (unsigned i = 1; i < placeholder_count; i++)
		assert_true(strcmp(placeholder_table[i - 1].name,
		                   placeholder_table[i].name) < 0);
	static const struct placeholder_values all = { "d.example", "h.example",
		                                       "192.0.2.1", "2001:db8::1", 3600 };
	static const struct placeholder_values few = { .domain = "d.example", .ttl = 60 };
	static const struct {
		const struct placeholder_values *values;
		const char *text, *expanded, *lacking;
	} rows[] = {
		{ &all, "<domain>.", "d.example." },
		{ &all, "<domain><hostname> <ip>/<ipv6>,<ttl>",
		  "d.exampleh.example 192.0.2.1/2001:db8::1,3600" },
		{ &all, "a < b <x> <> <domain <Domain> <",
		  "a < b <x> <> <domain <Domain> <" },
		{ &all, "<<domain>>", "<d.example>" },
		{ &all, "\\<domain> \\<x>", "<domain> <x>" },
		{ &all, "\\\\<domain> \\\\\\<ttl>", "\\d.example \\<ttl>" },
		{ &all, "a\\b \\< \\<> \\\\ \\", "a\\b \\< \\<> \\\\ \\" },
		{ &few, "\\<hostname>", "<hostname>" },
		{ &few, "\\\\<hostname>", NULL, "hostname" },
		{ &few, "<domain> <ttl>", "d.example 60" },
		{ &few, "+a:<hostname>", NULL, "hostname" },
		{ &few, "<domain> <ip> <ipv6>", NULL, "ip" },
		{ &few, "", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		buf_puts(&out, "kept ");
		const char *lacking = NULL;
		bool is_whole =
			placeholder_expand(rows[i].text, rows[i].values, &out, &lacking);
		assert_int_equal(is_whole, rows[i].expanded != NULL);
		assert_memory_equal(out.at, "kept ", 5);
		assert_string_equal(out.at + 5, rows[i].expanded ? rows[i].expanded : "");
		if (!is_whole)
			assert_string_equal(lacking, rows[i].lacking);
	}
}

static void test_placeholder_check(void **state)
{
	(void)state;
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{ "v=spf1 +a:<hostname> <domain> <ip> <ipv6> <ttl> -all", NULL },
		{ "a < b, <>, <a b>, <x@y>, <", NULL },
		{ "<hostnam>",
		  "<hostnam> is not a placeholder; did you mean <hostname>?" },
		{ "<Domain>", "did you mean <domain>?" },
		{ "<domain> <ipv4>", "did you mean <ip" },
		{ "<selector>", "<selector> is not a placeholder; the placeholders are "
		                "<domain>" },
		{ "<selector>", "For the literal text <selector>, write \\<selector>" },
		{ "\\<selector> \\\\\\<x> a\\", NULL },
		{ "\\\\<selector>", "<selector> is not a placeholder" },
		{ "\\<selector><x>", "<x> is not a placeholder" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int r = placeholder_check(rows[i].text, &err);
		assert_int_equal(r, rows[i].fault ? ERR_USAGE : 0);
		if (rows[i].fault && !strstr(err.text, rows[i].fault))
			fail_msg("%s: %s", rows[i].text, err.text);
	}
}

static void test_serial(void **state)
{
	(void)state;
	enum { NOV_22 = 1795305600 }; /* 2026-11-22 00:00:00 UTC */
	static const struct {
		uint32_t last;
		int64_t now;
		uint32_t next;
	} rows[] = {
		{ 0, NOV_22, 2026112200 },
		{ 0, NOV_22 - 1, 2026112100 },
		{ 0, NOV_22 + 86399, 2026112200 },
		{ 1, NOV_22, 2026112200 },
		{ 2026112100, NOV_22, 2026112200 },
		{ 2026112199, NOV_22, 2026112200 },
		{ 2026112200, NOV_22, 2026112201 },
		{ 2026112299, NOV_22, 2026112300 },
		{ 2026112300, NOV_22, 2026112301 },          /* ran ahead of the day */
		{ 2026112305, NOV_22 - 864000, 2026112306 }, /* the clock went back */
		{ UINT32_MAX, NOV_22, 2026112200 }, /* RFC 1982: less than 2^31 ahead */
		{ UINT32_MAX, NOV_22 - INT64_C(1795305600), 1970010100 },
		{ 4294967294, INT64_C(253402300799), 4294967295 }, /* year 9999 */
		{ 4294967295, INT64_C(253402300799), 1 },
		{ 4000000000, NOV_22, 4000000001 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(serial_next(rows[i].last, rows[i].now), rows[i].next);
}

static void test_tags(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shown, *fault;
	} rows[] = {
		{ "v=DKIM1; k=rsa; p=AAA=", "v@0=[DKIM1] k@9=[rsa] p@16=[AAA=] " },
		{ " v = DMARC1 ;\tp=none;", "v@1=[DMARC1] p@14=[none] " },
		{ "p=", "p@0=[] " },
		{ "n=a b  c ;", "n@0=[a b  c] " },
		{ "V=1;v=2", "V@0=[1] v@4=[2] " },
		{ "o=-", "o@0=[-] " },
		{ "a_1=x; ", "a_1@0=[x] " },
		{ "", NULL, "column 1: a tag without a name" },
		{ ";", NULL, "column 1: a tag without a name" },
		{ "a=1;;b=2", NULL, "column 5: a tag without a name" },
		{ "a=1;;", NULL, "column 5: a tag without a name" },
		{ "a=1; =2", NULL, "column 6: a tag without a name" },
		{ "a=1; b", NULL, "column 6: \"b\" has no '='" },
		{ "a=1; 1b=2", NULL, "column 6: \"1b\" is not a tag name" },
		{ "v=1 p=2; a b=3", NULL, "\"a b\" is not a tag name" },
		{ "a=1; a=2", NULL, "column 6: duplicate tag a" },
		{ "a=\x01", NULL, "column 3 contains the octet 1" },
		{ "a=\xc3\xbc", NULL, "column 3 contains the octet 195" },
		{ "a=\x7f", NULL, "column 3 contains the octet 127" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tags tags = { 0 };
		struct err err = ERR_INIT;
		int r = tags_parse(rows[i].text, &tags, &err);
		if (!rows[i].shown) {
			assert_int_equal(r, ERR_USAGE);
			if (!strstr(err.text, rows[i].fault))
				fail_msg("%s: %s", rows[i].text, err.text);
			continue;
		}
		if (r != 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		auto_buf shown = BUF_INIT;
		for (size_t k = 0; k < tags.count; k++)
			buf_printf(&shown, "%s@%zu=[%s] ", tags.tag[k].name,
			           tags.tag[k].at, tags.tag[k].value);
		assert_string_equal(buf_text(&shown), rows[i].shown);
		assert_string_equal(tags_get(&tags, tags.tag[0].name), tags.tag[0].value);
		assert_null(tags_get(&tags, "absent"));
		tags_done(&tags);
	}
}

static void test_kind(void **state)
{
	(void)state;
	static const struct {
		const char *owner, *type, *rdata;
		enum policy_kind kind;
	} rows[] = {
		{ "<domain>.", "TXT", "v=spf1 +a -all", POLICY_SPF },
		{ "example.com", "TXT", "v=spf1", POLICY_SPF },
		{ "example.com", "txt", "V=SPF1 -all", POLICY_SPF },
		{ "_dmarc.example.com", "TXT", "v=spf1 -all", POLICY_SPF },
		{ "example.com", "TXT", "v=spf10 -all", POLICY_OTHER },
		{ "example.com", "TXT", "v=spf1\t-all", POLICY_OTHER },
		{ "example.com", "TXT", " v=spf1 -all", POLICY_OTHER },
		{ "example.com", "SPF", "v=spf1 -all", POLICY_OTHER },
		{ "example.com", "TXT", "v=DMARC1; p=none", POLICY_OTHER },
		{ "_dmarc.<domain>.", "TXT", "v=DMARC1; p=none", POLICY_DMARC },
		{ "_dmarc.sub.example.com", "TXT", "v=DMARC1;p=none", POLICY_DMARC },
		{ "_dmarc", "TXT", "V = DMARC1 ; p=none", POLICY_DMARC },
		{ "_DMARC.example.com", "TXT", "v=DMARC1", POLICY_DMARC },
		{ "_dmarc.example.com", "TXT", "v=dmarc1", POLICY_OTHER },
		{ "_dmarc", "TXT", " v=DMARC1; p=none", POLICY_OTHER },
		{ "a._report._dmarc.example.com", "TXT", "v=DMARC1; p=none",
		  POLICY_OTHER },
		{ "_dmarc.example.com", "TXT", "v=DMARC12; p=none", POLICY_OTHER },
		{ "_dmarc.example.com", "TXT", "p=none; v=DMARC1", POLICY_OTHER },
		{ "_dmarcs.example.com", "TXT", "v=DMARC1; p=none", POLICY_OTHER },
		{ "a._dmarc.example.com", "TXT", "v=DMARC1; p=none", POLICY_OTHER },
		{ "_dmarc.example.com", "CNAME", "v=DMARC1; p=none", POLICY_OTHER },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (policy_kind_of(rows[i].owner, rows[i].type, rows[i].rdata) !=
		    rows[i].kind)
			fail_msg("row %zu: %s %s", i, rows[i].owner, rows[i].rdata);
	assert_string_equal(policy_kind_name(POLICY_OTHER), "other");
	assert_string_equal(policy_kind_name(POLICY_SPF), "spf");
	assert_string_equal(policy_kind_name(POLICY_DMARC), "dmarc");
}

struct policy_row {
	const char *text, *fault;
};

static void check_policies(enum policy_kind kind, const struct policy_row *rows,
                           size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err err = ERR_INIT;
		int r = policy_check(kind, rows[i].text, &err);
		if (r != (rows[i].fault ? ERR_USAGE : 0) ||
		    (rows[i].fault && !strstr(err.text, rows[i].fault)))
			fail_msg("%s: %d \"%s\"", rows[i].text, r, err.text);
	}
}

static void test_dmarc(void **state)
{
	(void)state;
	static const struct policy_row rows[] = {
		{ "v=DMARC1; p=none", NULL },
		{ "v=DMARC1;p=Reject;", NULL },
		{ "V = DMARC1 ; P = quarantine;;", NULL },
		{ " v=DMARC1; p=none", "begins with a space" },
		{ "v=DMARC1; p=none; sp=reject; np=quarantine; t=y; psd=u; adkim=s; aspf=R; fo=1:d:s",
		  NULL },
		{ "v=DMARC1; p=none; pct=0; rf=afrf; ri=86400", NULL },
		{ "v=DMARC1; p=none; future=anything here", NULL },
		{ "v=DMARC1; rua=mailto:d@example.com", NULL },
		{ "v=DMARC1; p=none; rua=mailto:dmarc@<domain>,mailto:a@b.example!10m",
		  NULL },
		{ "v=DMARC1; p=none; rua=MAILTO:a@b.example , https://r.example:8443/x?y",
		  NULL },
		{ "v=DMARC1; p=none; ruf=mailto:a@b.example?subject=x", NULL },
		{ "v=dmarc1; p=none", "must be DMARC1 in capitals, not dmarc1" },
		{ "v=DMARC1 p=none", "followed by ';', not by \" p=none\"" },
		{ "p=none; v=DMARC1", "does not begin with" },
		{ "v=DMARC1", "neither p=" },
		{ "v=DMARC1; sp=none", "neither p=" },
		{ "v=DMARC1; p=", "column 11: p=, but p must be none|quarantine|reject" },
		{ "v=DMARC1; p=non", "p=non, but p must be" },
		{ "v=DMARC1; p=none|reject", "but p must be" },
		{ "v=DMARC1; p=none; sp=all", "column 19: sp=all" },
		{ "v=DMARC1; p=none; np=x", "np=x" },
		{ "v=DMARC1; p=none; t=yes", "t must be y|n" },
		{ "v=DMARC1; p=none; psd=x", "psd must be y|n|u" },
		{ "v=DMARC1; p=none; adkim=x", "adkim must be r|s" },
		{ "v=DMARC1; p=none; aspf=", "aspf must be r|s" },
		{ "v=DMARC1; p=none; pct=101", "pct must be a number from 0 to 100" },
		{ "v=DMARC1; p=none; pct=-1", "pct must be" },
		{ "v=DMARC1; p=none; pct=-0", "pct must be" },
		{ "v=DMARC1; p=none; ri=1h", "ri must be a number of seconds" },
		{ "v=DMARC1; p=none; rf=xml", "rf must be" },
		{ "v=DMARC1; p=none; fo=2", "fo must be 0|1|d|s" },
		{ "v=DMARC1; p=none; fo=1:", "fo must be" },
		{ "v=DMARC1; p=none; fo=1,d", "fo must be" },
		{ "v=DMARC1; p=none; rua=d@example.com", "rua must be mailto: or "
		                                         "https:" },
		{ "v=DMARC1; p=none; rua=", "rua must be" },
		{ "v=DMARC1; p=none; rua=mailto:a@b.example,", "rua must be" },
		{ "v=DMARC1; p=none; rua=mailto:@b.example", "rua must be" },
		{ "v=DMARC1; p=none; rua=mailto:a@", "rua must be" },
		{ "v=DMARC1; p=none; rua=mailto:a@b.example mailto:c@d.example",
		  "rua must be" },
		{ "v=DMARC1; p=none; rua=mailto:a@b.example!10x", "rua must be" },
		{ "v=DMARC1; p=none; rua=mailto:a@b.example!", "rua must be" },
		{ "v=DMARC1; p=none; ruf=http://b.example/", "ruf must be" },
		{ "v=DMARC1; p=none; ruf=https:///x", "ruf must be" },
		{ "v=DMARC1; p=none; p=reject", "column 19: duplicate tag p" },
		{ "v=DMARC1; p=none; P=reject", "column 19: duplicate tag P" },
		{ "v=DMARC1; p=none; s-p=none", "\"s-p\" is not a tag name" },
		{ "v=DMARC1; p=none; x=", "x must be printable ASCII" },
		{ "v=DMARC1; p", "has no '='" },
	};
	check_policies(POLICY_DMARC, rows, ARRAY_LEN(rows));
}

static void test_spf_policy(void **state)
{
	(void)state;
	static const struct policy_row rows[] = {
		{ "v=spf1 +a +mx +a:<hostname> -all", NULL },
		{ "v=spf1 ip4:<ip> ip6:<ipv6> include:_spf.<domain> -all", NULL },
		{ "v=spf1 a mx ptr a:b.c mx:b.c ptr:b.c exists:b.c include:b.c include:d.c "
		  "redirect=b.c",
		  NULL },
		{ "v=spf1 a mx ptr a:b.c mx:b.c ptr:b.c exists:b.c include:b.c include:d.c a:e.c "
		  "redirect=b.c",
		  "11 terms require a DNS look-up" },
		{ "v=spf1 a:<nothing> -all", "column 10" },
		{ "v=spf1 ipv4:192.0.2.1 -all", "did you mean ip4?" },
	};
	check_policies(POLICY_SPF, rows, ARRAY_LEN(rows));
	static const struct policy_row other = { "v=spf1 nonsense", NULL };
	check_policies(POLICY_OTHER, &other, 1);
}

static void test_dkim(void **state)
{
	(void)state;
	/* RFC 4648 10 */
	static const struct {
		const char *octets, *base64;
	} rows[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfb", "//77" },
		{ "\xfb\xef\xbe", "++++" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *text =
			dkim_record_text("rsa", (const unsigned char *)rows[i].octets,
		                         strlen(rows[i].octets));
		auto_free char *wanted =
			xasprintf("v=DKIM1; k=rsa; p=%s", rows[i].base64);
		assert_string_equal(text, wanted);
	}
	auto_free char *revoked = dkim_record_text("ed25519", NULL, 0);
	assert_string_equal(revoked, "v=DKIM1; k=ed25519; p=");
	/* RFC 8463 A.2 */
	static const unsigned char key[32] = {
		0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
		0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
		0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
	};
	auto_free char *ed25519 = dkim_record_text("ed25519", key, sizeof(key));
	assert_string_equal(ed25519, "v=DKIM1; k=ed25519; "
	                             "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_selector),
		cmocka_unit_test(test_unicode),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_placeholder_check),
		cmocka_unit_test(test_serial),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_kind),
		cmocka_unit_test(test_dmarc),
		cmocka_unit_test(test_spf_policy),
		cmocka_unit_test(test_dkim),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
