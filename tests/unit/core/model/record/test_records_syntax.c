/* Records for nsupdate(1) and octoDNS: order, sets, escapes, types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/model/record/records_syntax.h"

#define COUNT_MAX 8

static struct err err;

/* The rows' text for the zone example.com; NULL: refused. */
static char *text_of(const char *syntax_name, const struct record_row *rows)
{
	const struct records_syntax *syntax;
	struct record_row copy[COUNT_MAX];
	struct record_list list = { .row = copy };
	auto_buf text = BUF_INIT;
	while (rows[list.count].owner) {
		copy[list.count] = rows[list.count];
		list.count++;
	}
	assert_int_equal(records_syntax_find(syntax_name, &syntax, &err), 0);
	return syntax->put(&list, "example.com", &text, &err) < 0 ? NULL
	                                                          : buf_take(&text);
}

#define S(text) ((char *)(uintptr_t)(text))
#define ROW(own, seconds, kind_of, data)                                                \
	{                                                                               \
		.owner = S(own), .ttl = (seconds), .type = S(kind_of), .rdata = S(data) \
	}

static void assert_text(const char *syntax, const struct record_row *rows,
                        const char *want)
{
	auto_free char *got = text_of(syntax, rows);
	assert_non_null(got);
	assert_string_equal(got, want);
}

static const struct record_row several[COUNT_MAX] = {
	ROW("example.com", 3600, "SOA", "ns.example.com. a.example.com. 0 1 2 3 4"),
	ROW("example.com", 3600, "NS", "ns.example.com."),
	ROW("sub.example.com", 3600, "NS", "ns.example.net."),
	ROW("example.com", 300, "TXT", "v=spf1 \"a\\b\" \xc3\xa4; -all"),
	ROW("s10._domainkey.example.com", 60, "TXT", "it's"),
	ROW("s9._domainkey.example.com", 60, "CNAME", "s9.example.net."),
	ROW("example.com", 300, "MX", "10 mx.example.com."),
};

static void test_nsupdate(void **state)
{
	(void)state;
	assert_text("nsupdate", several,
	            "; example.com: replaces all records of each name and type below\n"
	            "zone example.com.\n"
	            "update delete example.com. MX\n"
	            "update add example.com. 300 MX 10 mx.example.com.\n"
	            "update delete example.com. TXT\n"
	            "update add example.com. 300 TXT \"v=spf1 \\\"a\\\\b\\\" "
	            "\\195\\164; -all\"\n"
	            "update delete s9._domainkey.example.com.\n"
	            "update add s9._domainkey.example.com. 60 CNAME s9.example.net.\n"
	            "update delete s10._domainkey.example.com. CNAME\n"
	            "update delete s10._domainkey.example.com. TXT\n"
	            "update add s10._domainkey.example.com. 60 TXT \"it's\"\n"
	            "update delete sub.example.com. CNAME\n"
	            "update delete sub.example.com. NS\n"
	            "update add sub.example.com. 3600 NS ns.example.net.\n"
	            "send\n");
	assert_text("nsupdate", (const struct record_row[]){ { 0 } }, "");
}

/* Strings of at most 255 octets; a message does not grow beyond what a server accepts. */
static void test_nsupdate_long(void **state)
{
	static char longest[40001];
	const struct record_row rows[COUNT_MAX] = {
		ROW("a.example.com", 60, "TXT", longest),
		ROW("b.example.com", 60, "TXT", "b"),
	};
	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	auto_free char *got = text_of("nsupdate", rows);
	assert_non_null(strstr(got, "x\"\nsend\nupdate delete b.example.com. CNAME\n"));
	assert_int_equal(strcspn(strchr(got, '"') + 1, "\""), 255);
}

static void test_octodns(void **state)
{
	(void)state;
	assert_text("octodns", several,
	            "---\n# example.com.yaml\n"
	            "'':\n"
	            "- ttl: 300\n  type: MX\n  values:\n"
	            "  - exchange: 'mx.example.com.'\n    preference: 10\n"
	            "- ttl: 300\n  type: TXT\n  values:\n"
	            "  - 'v=spf1 \\034a\\092b\\034 \\195\\164\\; -all'\n"
	            "'s9._domainkey':\n"
	            "- ttl: 60\n  type: CNAME\n  value: 's9.example.net.'\n"
	            "'s10._domainkey':\n"
	            "- ttl: 60\n  type: TXT\n  values:\n  - 'it''s'\n"
	            "'sub':\n"
	            "- ttl: 3600\n  type: NS\n  values:\n  - 'ns.example.net.'\n");
}

static void test_octodns_types(void **state)
{
	const struct record_row rows[COUNT_MAX] = {
		ROW("example.com", 1, "CAA", "0 issue \"ca.example; x=\\\"y\\\"\""),
		ROW("example.com", 1, "NAPTR",
		    "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a b@c!\" ."),
		ROW("example.com", 1, "SRV", "1 2 3 a.example.com."),
		ROW("example.com", 1, "SRV", "1 2 4 a.example.com."),
		ROW("example.com", 1, "TLSA", "3 1 2 abcd"),
	};
	(void)state;
	assert_text("octodns", rows,
	            "---\n# example.com.yaml\n"
	            "'':\n"
	            "- ttl: 1\n  type: CAA\n  values:\n"
	            "  - flags: 0\n    tag: 'issue'\n    value: 'ca.example; x=\"y\"'\n"
	            "- ttl: 1\n  type: NAPTR\n  values:\n"
	            "  - flags: 'u'\n    order: 1\n    preference: 2\n"
	            "    regexp: '!^.*$!sip:a b@c!'\n    replacement: '.'\n"
	            "    service: 'E2U+sip'\n"
	            "- ttl: 1\n  type: SRV\n  values:\n"
	            "  - port: 3\n    priority: 1\n    target: 'a.example.com.'\n"
	            "    weight: 2\n"
	            "  - port: 4\n    priority: 1\n    target: 'a.example.com.'\n"
	            "    weight: 2\n"
	            "- ttl: 1\n  type: TLSA\n  values:\n"
	            "  - certificate_association_data: 'abcd'\n"
	            "    certificate_usage: 3\n    matching_type: 2\n    selector: 1\n");
}

/* The natural order: octoDNS refuses any other. */
static void test_octodns_order(void **state)
{
	static const char *const ordered[] = { "",   "1",   "2",   "10",  "_x", "a",
		                               "a1", "a02", "a2b", "a10", "a-b" };
	(void)state;
	for (size_t i = 0; i + 1 < ARRAY_LEN(ordered); i++) {
		auto_free char *first =
			xasprintf("%s%sexample.com", ordered[i], *ordered[i] ? "." : "");
		auto_free char *second = xasprintf("%s.example.com", ordered[i + 1]);
		const struct record_row rows[COUNT_MAX] = {
			ROW(second, 1, "A", "192.0.2.1"),
			ROW(first, 1, "A", "192.0.2.1"),
		};
		auto_free char *got = text_of("octodns", rows);
		auto_free char *a = xasprintf("\n'%s':", ordered[i]);
		auto_free char *b = xasprintf("\n'%s':", ordered[i + 1]);
		assert_non_null(strstr(got, a));
		assert_non_null(strstr(strstr(got, a), b));
	}
}

static void test_refused(void **state)
{
	const struct record_row rows[COUNT_MAX] = {
		ROW("a.example.com", 1, "HINFO", "\"a\" \"b\""),
	};
	const struct records_syntax *syntax;
	(void)state;
	assert_null(text_of("octodns", rows));
	assert_non_null(strstr(err.text, "HINFO"));
	err_clear(&err);
	assert_int_equal(records_syntax_find("bind", &syntax, &err), ERR_USAGE);
	assert_non_null(strstr(err.text, "\"bind\""));
	for (const struct records_syntax *row = records_syntaxes; row[1].name; row++)
		assert_true(strcmp(row[0].name, row[1].name) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nsupdate),
		cmocka_unit_test(test_nsupdate_long),
		cmocka_unit_test(test_octodns),
		cmocka_unit_test(test_octodns_types),
		cmocka_unit_test(test_octodns_order),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
