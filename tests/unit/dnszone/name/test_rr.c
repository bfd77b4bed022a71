/* Records as text, and zones read back. */
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
#include "dnszone/name/rr.h"

#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10
#define L63 L60 "abc"
#define X63X3 L63 "." L63 "." L63

static void test_type(void **state)
{
	(void)state;
	static const struct {
		const char *text, *type, *fault;
	} rows[] = {
		{ "txt", "TXT" },
		{ "Mx", "MX" },
		{ "AAAA", "AAAA" },
		{ "CAA", "CAA" },
		{ "https", "HTTPS" },
		{ "svcb", "SVCB" },
		{ "DNSKEY", "DNSKEY" },
		{ "DS", "DS" },
		{ "TYPE16", "TXT" },
		{ "type731", "TYPE731" },
		{ "TYPE65534", "TYPE65534" },
		{ "spf", NULL, "SPF records have the type TXT" },
		{ "TYPE99", NULL, "SPF records have the type TXT" },
		{ "", NULL, "\"\" is not a record type" },
		{ "TX", NULL, "\"TX\" is not a record type" },
		{ "TXTT", NULL, "is not a record type" },
		{ "TXT ", NULL, "is not a record type" },
		{ "TYPE", NULL, "is not a record type" },
		{ "TYPE65536", NULL, "is not a record type" },
		{ "TYPE-1", NULL, "is not a record type" },
		{ "TYPE16x", NULL, "is not a record type" },
		{ "A\tB", NULL, "is not a record type" },
		{ "IN", NULL, "is not a record type" },
		{ "any", NULL, "records of type any are made by" },
		{ "AXFR", NULL, "cannot be kept" },
		{ "IXFR", NULL, "cannot be kept" },
		{ "MAILB", NULL, "cannot be kept" },
		{ "OPT", NULL, "cannot be kept" },
		{ "TKEY", NULL, "cannot be kept" },
		{ "TSIG", NULL, "cannot be kept" },
		{ "RRSIG", NULL, "cannot be kept" },
		{ "NSEC", NULL, "cannot be kept" },
		{ "NSEC3", NULL, "cannot be kept" },
		{ "NSEC3PARAM", NULL, "cannot be kept" },
		{ "TYPE46", NULL, "cannot be kept" },
		{ "TYPE255", NULL, "cannot be kept" },
		{ "TYPE0", NULL, "cannot be kept" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char type[16] = "untouched";
		struct err err = ERR_INIT;
		int r = rr_parse_type(rows[i].text, type, &err);
		assert_string_equal(type, rows[i].type ? rows[i].type : "untouched");
		if (r != (rows[i].fault ? ERR_USAGE : 0) ||
		    (rows[i].fault && !strstr(err.text, rows[i].fault)))
			fail_msg("%s: %d \"%s\"", rows[i].text, r, err.text);
	}
}

struct data_row {
	const char *type, *rdata, *wanted, *fault;
};

static const struct data_row good_rows[] = {
	{ "A", "192.0.2.1", "192.0.2.1" },
	{ "A", "  192.0.2.1 ", "192.0.2.1" },
	{ "A", "\\# 4 c0000201", "192.0.2.1" },
	{ "AAAA", "2001:DB8:0::1", "2001:db8::1" },
	{ "MX", "10 mail", "10 mail.example.com." },
	{ "MX", "010   Mail.Example.ORG.", "10 mail.example.org." },
	{ "MX", "0 .", "0 ." },
	{ "MX", "10 @", "10 example.com." },
	{ "MX", "65535 (a)", "65535 a.example.com." },
	{ "MX",
	  "10 b\xc3\xbc"
	  "cher.example.",
	  "10 xn--bcher-kva.example." },
	{ "MX",
	  "10 b\xc3\xbc"
	  "cher",
	  "10 xn--bcher-kva.example.com." },
	{ "CNAME", "WWW", "www.example.com." },
	{ "CNAME", "_x.y.", "_x.y." },
	{ "DNAME", "Foo.", "foo." },
	{ "NS", "ns1", "ns1.example.com." },
	{ "PTR", "Host.Example.", "host.example." },
	{ "SRV", "0 5 5060 Sip", "0 5 5060 sip.example.com." },
	{ "SOA", "ns hostmaster 2026112200 3600 600 604800 300",
	  "ns.example.com. hostmaster.example.com. 2026112200 3600 600 604800 300" },
	{ "SOA", "ns h\\.m ( 4294967295 1h 10m 1w 5m )",
	  "ns.example.com. h\\.m.example.com. 4294967295 3600 600 604800 300" },
	{ "CAA", "0 issue \"letsencrypt.org\"", "0 issue \"letsencrypt.org\"" },
	{ "CAA", "0 issue letsencrypt.org", "0 issue \"letsencrypt.org\"" },
	{ "CAA", "128 issue \";\"", "128 issue \";\"" },
	{ "CAA", "0 issue \"ca.example; policy=ev\"",
	  "0 issue \"ca.example; policy=ev\"" },
	{ "CAA", "0 iodef \"a\\\"b\\\\c  d\"", "0 iodef \"a\\\"b\\\\c  d\"" },
	{ "TLSA", "3 1 1 0123 45AB", "3 1 1 012345ab" },
	{ "SSHFP", "1 1 123456789abcdef67890123456789abcdef67890",
	  "1 1 123456789abcdef67890123456789abcdef67890" },
	{ "HTTPS", "1 . alpn=\"h2,h3\" port=443", "1 . alpn=h2,h3 port=443" },
	{ "SVCB", "0 Foo", "0 foo.example.com." },
	{ "NAPTR", "100 10 u \"E2U+sip\" \"!^.*$!sip:info@example.com!\" .",
	  "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" ." },
	{ "LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
	  "52 22 23.000 N 04 53 32.000 E -2m 0.00m 10000m 10m" },
	{ "DNSKEY",
	  "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0d "
	  "xCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
	  "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0d"
	  "xCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==" },
	{ "DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
	  "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118" },
	{ "HINFO", "PC \"a; b\\\"c \\\\\"", "\"PC\" \"a; b\\\"c \\\\\"" },
	{ "HINFO", "\"\xc3\xbc\" x", "\"\\195\\188\" \"x\"" },
	{ "APL", "1:192.168.32.0/21  !1:192.168.38.0/28",
	  "1:192.168.32.0/21 !1:192.168.38.0/28" },
	{ "URI", "10 1 \"ftp://ftp1.example.com/public\"",
	  "10 1 \"ftp://ftp1.example.com/public\"" },
	{ "TYPE731", "\\# 6 abcdef 012345", "\\# 6 abcdef012345" },
	{ "NS", X63X3 ".", X63X3 "." },
	/* TXT stays what was typed */
	{ "TXT", "", "" },
	{ "TXT", "v=DMARC1; p=none", "v=DMARC1; p=none" },
	{ "TXT", " \"a\" \\ ; (b) $ORIGIN \xc3\xbc ",
	  " \"a\" \\ ; (b) $ORIGIN \xc3\xbc " },
	{ "SPF", "v=spf1 -all", "v=spf1 -all" },
};

static void test_canonical(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_rows); i++) {
		const struct data_row *row = &good_rows[i];
		struct err err = ERR_INIT;
		char *first auto_free = NULL, *second auto_free = NULL;
		if (rr_canonical(row->type, row->rdata, "example.com", &first, &err) != 0)
			fail_msg("%s %s: %s", row->type, row->rdata, err.text);
		assert_string_equal(first, row->wanted);
		/* a fixed point, and independent of the origin */
		if (rr_canonical(row->type, first, "other.example", &second, &err) != 0)
			fail_msg("%s %s: again: %s", row->type, first, err.text);
		assert_string_equal(second, first);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const struct data_row rows[] = {
		{ "A", "", NULL, "\"\" is not A data" },
		{ "A", "192.0.2.01", NULL, "\"192.0.2.01\" is not A data" },
		{ "A", "192.0.2.1 x", NULL, "superfluous text" },
		{ "A", "192.0.2.1\n@ 60 IN A 192.0.2.2", NULL, "line break" },
		{ "A", "192.0.2.1\r", NULL, "line break" },
		{ "A", "192.0.2.1\t", NULL, "control character" },
		{ "A", "192.0.2.1\x7f", NULL, "control character" },
		{ "A", "192.0.2.\xff", NULL, "not UTF-8" },
		{ "A", "192.0.2.1 ; comment", NULL, "holds ';' outside of quotes" },
		{ "A", "192.0.2.1;comment", NULL, "holds ';' outside of quotes" },
		{ "A", "$ORIGIN example.org.", NULL, "is not A data" },
		{ "A", "\\# 4 c00002", NULL, "is not A data" },
		{ "AAAA", "192.0.2.1", NULL, "is not AAAA data" },
		{ "MX", "10", NULL, "value expected" },
		{ "MX", "10 mail extra", NULL, "superfluous text" },
		{ "MX", "65536 mail", NULL,
		  "\"65536\" in the MX data is not a number from 0 to 65535" },
		{ "MX", "-1 mail", NULL, "not a number from 0 to 65535" },
		{ "MX", "+1 mail", NULL, "not a number" },
		{ "MX", "1x mail", NULL, "not a number" },
		{ "MX", "10 a..b", NULL, "is not MX data" },
		{ "MX", "10 " L63 "x", NULL, "is not MX data" },
		{ "MX", "10 \"mail\"", NULL, "takes no quotes" },
		{ "MX", "10 (mail", NULL, "round brackets" },
		{ "MX", "10 mail)", NULL, "round brackets" },
		{ "MX", "10 ((mail))", NULL, "round brackets" },
		{ "MX", "10 b\xc3\xbc/x", NULL, "it holds '/'" },
		{ "NS", X63X3 "." L60 "ab.", NULL, "is not NS data" },
		{ "NS", X63X3 "." L60, NULL,
		  "NS data" }, /* with the origin it is too long */
		{ "CNAME", "www foo", NULL, "superfluous text" },
		{ "SRV", "0 5 99999 sip", NULL, "\"99999\" in the SRV data" },
		{ "SOA", "ns h 4294967296 1 1 1 1", NULL,
		  "\"4294967296\" in the SOA data" },
		{ "SOA", "ns h -1 1 1 1 1", NULL, "\"-1\" in the SOA data" },
		{ "SOA", "ns h 1 1 1 1 9999999999", NULL,
		  "\"9999999999\" in the SOA data" },
		{ "SOA", "ns h 1 1 1 1", NULL, "value expected" },
		{ "CAA", "256 issue \"x\"", NULL, "\"256\" in the CAA data" },
		{ "CAA", "0 issue \"unclosed", NULL, "a quote (\") is not closed" },
		{ "CAA", "0 issue \"unclosed\\\"", NULL, "a quote (\") is not closed" },
		{ "CAA", "0 issue ;", NULL, "holds ';' outside of quotes" },
		{ "CAA", "0 issue \"a\" \"b\"", NULL, "superfluous text" },
		{ "CAA", "0 is_sue \"a\"", NULL, "is not CAA data" },
		{ "CAA", "0 issue \xc3\xbc", NULL, "is not ASCII" },
		{ "TLSA", "3 1 1 012", NULL, "an odd number of hexadecimal digits (3)" },
		{ "TLSA", "3 1 1 zz", NULL, "is not TLSA data" },
		{ "TLSA", "3 1 256 00", NULL, "TLSA data" },
		{ "LOC", "52 22 23.000 N 4 53 32.000 E -2.00m xxx", NULL,
		  "\"xxx\" has no place in LOC data" },
		{ "TYPE731", "abc", NULL, "is not TYPE731 data" },
		{ "TYPE731", "\\# 6 abcd", NULL, "is not TYPE731 data" },
		{ "MX", "10 a\\034b.", NULL, "not every reader" },
		{ "X25", "1\\0092", NULL, "not every reader" },
		{ "HTTPS", "1 . alpn=\"h;2\"", NULL, "not every reader" },
		{ "TXT", "a\nb", NULL, "line break" },
		{ "TXT", "a\x01", NULL, "control character" },
		{ "TXT", "\xff", NULL, "not UTF-8" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		char *rdata = NULL;
		int r = rr_canonical(rows[i].type, rows[i].rdata, "example.com", &rdata,
		                     &err);
		if (r != ERR_USAGE || !strstr(err.text, rows[i].fault))
			fail_msg("%s %s: %d \"%s\" %s", rows[i].type, rows[i].rdata, r,
			         err.text, rdata ? rdata : "");
		assert_null(rdata);
	}
}

static void test_txt_limit(void **state)
{
	(void)state;
	/* 255 strings: 2 quotes each, a blank between them */
	enum { MAX = 65535 - 3 * 255 + 1 };
	auto_free char *text = xcalloc(MAX + 2, 1);
	memset(text, 'x', MAX + 1);
	char *rdata = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(rr_canonical("TXT", text, "example.com", &rdata, &err),
	                 ERR_USAGE);
	assert_string_equal(
		err.text,
		"the TXT data takes 65536 octets in a zone file, 65535 are allowed");
	text[MAX] = '\0';
	assert_int_equal(rr_canonical("TXT", text, "example.com", &rdata, &err), 0);
	/* and it is a record */
	auto_buf zone = BUF_INIT;
	rr_put_line(&zone, "example.com", 60, "TXT", rdata);
	size_t records = 0;
	assert_int_equal(
		zone_read_back(zone.at, zone.len, "example.com", false, &records, &err),
		0);
	assert_int_equal(records, 1);
	free(rdata);
}

static void test_put_txt(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		const char *wanted;
	} rows[] = {
		{ "", 0, "\"\"" },
		{ "a", 1, "\"a\"" },
		{ "a;b", 3, "\"a;b\"" },
		{ "\"\\", 2, "\"\\\"\\\\\"" },
		{ "\xc3\xbc", 2, "\"\\195\\188\"" },
		{ "\0\t\x7f~ ", 5, "\"\\000\\009\\127~ \"" },
		{ "\\065", 4, "\"\\\\065\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		rr_put_txt(&out, rows[i].text, rows[i].len);
		assert_string_equal(out.at, rows[i].wanted);
	}
}

static void test_txt_strings(void **state)
{
	(void)state;
	static const struct {
		size_t len, strings;
	} rows[] = {
		{ 0, 1 }, { 254, 1 }, { 255, 1 }, { 256, 2 }, { 510, 2 }, { 511, 3 }
	};
	char text[512];
	memset(text, 'k', sizeof(text));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		rr_put_txt(&out, text, rows[i].len);
		assert_int_equal(out.len, rows[i].len + 3 * rows[i].strings - 1);
		for (size_t at = 0; at + 258 < out.len; at += 258)
			assert_memory_equal(out.at + at + 256, "\" \"", 3);
	}
	/* an escape is not cut, and counts as one octet */
	auto_buf out = BUF_INIT;
	text[254] = '"';
	text[255] = '\\';
	rr_put_txt(&out, text, 257);
	assert_memory_equal(out.at + 255, "\\\"\" \"\\\\k\"", 9);
}

static void test_put_line(void **state)
{
	(void)state;
	auto_buf out = BUF_INIT;
	rr_put_line(&out, "example.com", 3600, "MX", "10 mail.example.com.");
	rr_put_line(&out, "_dmarc.example.com", 0, "TXT", "v=DMARC1; p=none");
	rr_put_line(&out, "example.com", RR_TTL_MAX, "TXT", "");
	assert_string_equal(out.at, "example.com. 3600 IN MX 10 mail.example.com.\n"
	                            "_dmarc.example.com. 0 IN TXT \"v=DMARC1; p=none\"\n"
	                            "example.com. 2147483647 IN TXT \"\"\n");
	auto_free char *soa = rr_soa_with_serial(
		"ns.example.com. h\\.m.example.com. 1 3600 600 604800 300",
		UINT32_C(4294967295));
	assert_string_equal(
		soa, "ns.example.com. h\\.m.example.com. 4294967295 3600 600 604800 300");
}

#define SOA \
	"example.com. 3600 IN SOA ns.example.com. h.example.com. 1 3600 600 604800 300\n"
#define NS "example.com. 3600 IN NS ns.example.com.\n"

static void test_zone(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool must_be_zone;
		size_t records;
		const char *fault;
	} rows[] = {
		{ "", false, 0 },
		{ "; made by hand\n\n", false, 0 },
		{ SOA NS, true, 2 },
		{ "; c\n" SOA NS "www.example.com. 60 IN CNAME example.com.\n", true, 3 },
		{ "a.b.example.com. 0 IN A 192.0.2.1\n*.example.com. 1 IN A 192.0.2.1\n",
		  false, 2 },
		{ "example.com. 60 IN TXT \"a;b\" \"\\\"\\\\\\195\"\n", false, 0,
		  "line 1: a reader would take other data" }, /* two short strings: not ours */
		{ "example.com. 60 IN TXT \"a;b\\\"\\\\\\195\"\n", false, 1 },
		{ "example.com. 60 IN SPF \"v=spf1 -all\"\n", false, 1 },
		{ "example.com. 60 IN CAA 0 issue \"ca.example; x=y\"\n", false, 1 },
		{ "example.com. 60 IN TXT a;b\n", false, 0, "other data" },
		{ "example.com. 60 IN TXT \"a\n", false, 0, "line 1" },
		{ "example.com. 60 IN MX 10 a. ; b\n", false, 0, "other data" },
		{ "example.com. 60 IN MX 10 mail\n", false, 0,
		  "a name in the data does not end in a dot" },
		{ "example.com. 60 IN MX 10 @\n", false, 0, "does not end in a dot" },
		{ "example.com. 60 IN MX 10\n", false, 0, "line 1: Syntax error" },
		{ "example.com. 60 IN MX 10 a. b.\n", false, 0, "line 1: Syntax error" },
		{ "example.com. 60 IN NOSUCH x\n", false, 0, "line 1: " },
		{ NS "example.org. 60 IN A 192.0.2.1\n", false, 0,
		  "the zone of example.com is wrong in line 2: the owner is outside" },
		{ "aexample.com. 60 IN A 192.0.2.1\n", false, 0, "outside" },
		{ "com. 60 IN A 192.0.2.1\n", false, 0, "outside" },
		{ "example.com 60 IN A 192.0.2.1\n", false, 0, "it is not \"<owner>." },
		{ "Example.com. 60 IN A 192.0.2.1\n", false, 0, "it is not" },
		{ "www\\.example.com. 60 IN A 192.0.2.1\n", false, 0, "it is not" },
		{ "example.com. IN A 192.0.2.1\n", false, 0, "it is not" },
		{ "example.com. 60 CH A 192.0.2.1\n", false, 0, "it is not" },
		{ "example.com. 60 IN A\n", false, 0, "it is not" },
		{ "$ORIGIN example.com.\n", false, 0, "it is not" },
		{ " 60 IN A 192.0.2.1\n", false, 0, "it is not" },
		{ "example.com. 1h IN A 192.0.2.1\n", false, 0, "another TTL" },
		{ "example.com. 060 IN A 192.0.2.1\n", false, 0, "another TTL" },
		{ "example.com. 4294967356 IN A 192.0.2.1\n", false, 0, "another TTL" },
		{ "example.com. 2147483648 IN A 192.0.2.1\n", false, 0, "another TTL" },
		{ "example.com. 60 IN A 192.0.2.1", false, 0,
		  "does not end with a line break" },
		{ NS, true, 0, "has 0 SOA records" },
		{ SOA SOA NS, true, 0, "has 2 SOA records" },
		{ SOA, true, 0, "has no NS record at its own name" },
		{ SOA "sub.example.com. 60 IN NS ns.example.com.\n", true, 0,
		  "has no NS" },
		{ "a." SOA NS, false, 0, "line 1: a SOA record that is not at" },
		{ SOA NS
		  "w.example.com. 60 IN CNAME a.\nw.example.com. 60 IN A 192.0.2.1\n",
		  true, 0, "line 4: w.example.com has a CNAME record" },
		{ SOA NS
		  "w.example.com. 60 IN TXT \"\"\nv.example.com. 60 IN A 192.0.2.1\n"
		  "w.example.com. 60 IN CNAME a.\n",
		  true, 0,
		  "line 5: w.example.com has a CNAME record, so it can have no other (line 3)" },
		{ SOA NS "example.com. 60 IN CNAME a.\n", true, 0, "line 3" },
		{ SOA NS
		  "w.example.com. 60 IN CNAME a.\naw.example.com. 60 IN A 192.0.2.1\n",
		  true, 4 },
		/* parts of a zone may have their SOA and the rest of a name elsewhere */
		{ "w.example.com. 60 IN CNAME a.\nw.example.com. 60 IN A 192.0.2.1\n",
		  false, 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t records = SIZE_MAX;
		struct err err = ERR_INIT;
		int r = zone_read_back(rows[i].text, strlen(rows[i].text), "example.com",
		                       rows[i].must_be_zone, &records, &err);
		if (r != (rows[i].fault ? ERR_FAILED : 0) ||
		    (rows[i].fault && !strstr(err.text, rows[i].fault)))
			fail_msg("row %zu: %s: %d \"%s\"", i, rows[i].text, r, err.text);
		assert_int_equal(records, rows[i].fault ? SIZE_MAX : rows[i].records);
	}
	size_t records;
	struct err err;
	assert_int_equal(
		zone_read_back("; \0\n", 4, "example.com", false, &records, &err),
		ERR_FAILED);
}

/* What rr_canonical() takes, rr_put_line() writes and zone_read_back() reads. */
static void test_round(void **state)
{
	(void)state;
	auto_buf zone = BUF_INIT;
	struct err err = ERR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(good_rows); i++) {
		auto_free char *rdata = NULL;
		assert_int_equal(rr_canonical(good_rows[i].type, good_rows[i].rdata,
		                              "example.com", &rdata, &err),
		                 0);
		rr_put_line(&zone, "example.com", 300, good_rows[i].type, rdata);
	}
	size_t records = 0;
	if (zone_read_back(zone.at, zone.len, "example.com", false, &records, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(records, ARRAY_LEN(good_rows));
}

/* TXT data as a reader of zone files joins it; NULL: it stays as it is. */
static void test_unquote(void **state)
{
	(void)state;
	static const struct {
		const char *typed, *text;
	} rows[] = {
		{ "\"v=spf1 -all\"", "v=spf1 -all" },
		{ "\"v=DKIM1; p=ab\" \"cd\"", "v=DKIM1; p=abcd" },
		{ "  \"a\"\"b\"   \"c\"  ", "abc" },
		{ "\"\"", "" },
		{ "\"a\\\"b\\\\c\\;d\"", "a\"b\\c;d" },
		{ "\"\\195\\164\"", "\xc3\xa4" },
		{ "\"a \\<word>\"", "a \\<word>" },
		{ "v=spf1 -all", NULL },
		{ "\"v=spf1 -all", NULL },
		{ "\"a\" b", NULL },
		{ "a \"b\"", NULL },
		{ "\"a\\\"", NULL },
		{ "\"\\000\"", NULL },
		{ "\"\\256\"", NULL },
		{ "\"\\25\"", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *text = rr_txt_unquote(rows[i].typed);
		if ((text != NULL) != (rows[i].text != NULL) ||
		    (text && strcmp(text, rows[i].text) != 0))
			fail_msg("%s: %s", rows[i].typed, text ? text : "NULL");
	}
	/* what we write ourselves comes back */
	auto_buf out = BUF_INIT;
	static const char odd[] = "a\"b\\c;d \xc3\xa4";
	rr_put_txt(&out, odd, strlen(odd));
	auto_free char *back = rr_txt_unquote(buf_text(&out));
	assert_string_equal(back, odd);
}

static void test_doubt(void **state)
{
	(void)state;
	static const struct {
		const char *type, *rdata;
		enum rr_doubt doubt;
		const char *name, *dotted;
	} rows[] = {
		{ "MX", "10 mail", RR_CLEAR },
		{ "MX", "10 mail.example.com.", RR_CLEAR },
		{ "MX", "0 .", RR_CLEAR },
		{ "MX", "10 mail.example.com", RR_OWN, "mail.example.com",
		  "10 mail.example.com." },
		{ "MX", "10  Mail.EXAMPLE.com", RR_OWN, "Mail.EXAMPLE.com",
		  "10  Mail.EXAMPLE.com." },
		{ "MX", "10 example.com", RR_OWN, "example.com", "10 example.com." },
		{ "MX", "10 badexample.com", RR_FAR, "badexample.com",
		  "10 badexample.com." },
		{ "MX", "10 mx.example.net", RR_FAR, "mx.example.net",
		  "10 mx.example.net." },
		{ "MX", "10 192.0.2.1", RR_ADDRESS, "192.0.2.1", "10 192.0.2.1." },
		{ "MX", "10 192.0.2.1.", RR_ADDRESS, "192.0.2.1.", "10 192.0.2.1.." },
		{ "MX", "10 2001:db8::1", RR_ADDRESS, "2001:db8::1", "10 2001:db8::1." },
		{ "CNAME", "www.example.com", RR_OWN, "www.example.com",
		  "www.example.com." },
		{ "NS", "192.0.2.1", RR_ADDRESS, "192.0.2.1", "192.0.2.1." },
		{ "PTR", "host.example.com", RR_OWN, "host.example.com",
		  "host.example.com." },
		{ "SRV", "0 5 587 mail.example.com", RR_OWN, "mail.example.com",
		  "0 5 587 mail.example.com." },
		{ "SRV", "0 5 587 .", RR_CLEAR },
		{ "SOA", "ns1. root.example.com 1 2 3 4 5", RR_OWN, "root.example.com",
		  "ns1. root.example.com. 1 2 3 4 5" },
		{ "DNAME", "other.test", RR_FAR, "other.test", "other.test." },
		{ "A", "192.0.2.1", RR_CLEAR },
		{ "CAA", "0 issue \"ca.example.com\"", RR_CLEAR },
		{ "TXT", "10 mail.example.com", RR_CLEAR },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[64] = "";
		enum rr_doubt doubt = rr_find_doubt(rows[i].type, rows[i].rdata,
		                                    "example.com", name, sizeof(name));
		if (doubt != rows[i].doubt ||
		    (rows[i].name && strcmp(name, rows[i].name) != 0))
			fail_msg("%s %s: %d %s", rows[i].type, rows[i].rdata, doubt,
			         name);
		auto_free char *dotted = rr_with_dot(rows[i].rdata, name);
		if (rows[i].dotted)
			assert_string_equal(dotted, rows[i].dotted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unquote),  cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_type),     cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_txt_limit),
		cmocka_unit_test(test_put_txt),  cmocka_unit_test(test_txt_strings),
		cmocka_unit_test(test_put_line), cmocka_unit_test(test_zone),
		cmocka_unit_test(test_round),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
