/* dns_name: names in wire form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "core/base/macro.h"
#include "dnszone/name/dns_name.h"

#define L10 "abcdefghij"
#define L63 L10 L10 L10 L10 L10 L10 "abc"
#define L61 L10 L10 L10 L10 L10 L10 "a"

static struct dns_name name_of(const char *text)
{
	struct dns_name name;
	if (!dns_name_from_text(text, strlen(text), &name))
		fail_msg("\"%s\" is not a name", text);
	return name;
}

/* ---- names --------------------------------------------------------------------------- */

static void test_name_text(void **state)
{
	(void)state;
	static const struct {
		const char *text, *back; /* NULL: refused */
	} rows[] = {
		{ "example.org", "example.org" },
		{ "Example.ORG.", "example.org" },
		{ ".", "." },
		{ "_dmarc.a-b.example", "_dmarc.a-b.example" },
		{ "a\\.b.example", "a\\.b.example" },
		{ "a\\046b.example", "a\\.b.example" },
		{ "\\000\\255.x", "\\000\\255.x" },
		{ "\\065bc", "abc" },
		{ "a\\\\b", "a\\\\b" },
		{ "sp ace", "sp\\032ace" },
		{ "\xc3\xa4.x", "\\195\\164.x" },
		{ L63 ".x", L63 ".x" },
		{ L63 "." L63 "." L63 "." L61, L63 "." L63 "." L63 "." L61 },
		{ "", NULL },
		{ "..", NULL },
		{ ".x", NULL },
		{ "a..b", NULL },
		{ "a.b..", NULL },
		{ L63 "x.y", NULL },
		{ L63 "." L63 "." L63 "." L61 "x", NULL },
		{ L63 "." L63 "." L63 "." L61 ".x", NULL },
		{ "a\\", NULL },
		{ "a\\25", NULL },
		{ "a\\256", NULL },
		{ "a\\2x5", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_name name, again;
		char text[DNS_NAME_TEXT_SIZE];
		bool is_name =
			dns_name_from_text(rows[i].text, strlen(rows[i].text), &name);
		if (is_name != (rows[i].back != NULL))
			fail_msg("\"%s\"", rows[i].text);
		if (!is_name)
			continue;
		assert_int_equal(dns_name_to_text(&name, text), strlen(rows[i].back));
		assert_string_equal(text, rows[i].back);
		again = name_of(text);
		assert_true(dns_name_equal(&name, &again));
		assert_true(dns_name_from_wire(name.wire, name.len, &again));
		assert_true(dns_name_equal(&name, &again));
	}
}

static void test_name_octets(void **state)
{
	(void)state;
	struct dns_name name;
	char text[DNS_NAME_TEXT_SIZE];
	assert_true(dns_name_from_octets("a\\.b\0c", 6, &name));
	assert_int_equal(dns_name_to_text(&name, text), 10);
	assert_string_equal(text, "a\\\\.b\\000c");
	assert_false(dns_name_from_octets("", 0, &name));
}

static void test_name_wire(void **state)
{
	(void)state;
	static const struct {
		const char *wire;
		size_t len;
		bool is_name;
	} rows[] = {
		{ "\0", 1, true },         { "\1A\0", 3, true },  { "\1a\0\0", 4, false },
		{ "\1a", 2, false },       { "\2a\0", 3, false }, { "\xc0\0", 2, false },
		{ "\1a\xc0\0", 4, false }, { "", 0, false },      { "\100a\0", 3, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_name name;
		if (dns_name_from_wire((const uint8_t *)rows[i].wire, rows[i].len,
		                       &name) != rows[i].is_name)
			fail_msg("row %zu", i);
	}
}

static void test_name_tree(void **state)
{
	(void)state;
	static const struct {
		const char *name, *parent;
		bool is_below;
	} rows[] = {
		{ "example.org", "example.org", true },
		{ "a.example.org", "EXAMPLE.org", true },
		{ "aexample.org", "example.org", false },
		{ "example.org", "a.example.org", false },
		{ "example.org", ".", true },
		{ ".", ".", true },
		{ "a\\007example.org", "example.org", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_name name = name_of(rows[i].name),
				parent = name_of(rows[i].parent);
		if (dns_name_is_at_or_below(&name, &parent) != rows[i].is_below)
			fail_msg("%s %s", rows[i].name, rows[i].parent);
	}
	struct dns_name name = name_of("a.b.c"), expected = name_of("b.c");
	assert_int_equal(dns_name_count_labels(&name), 3);
	assert_true(dns_name_parent(&name, &name));
	assert_true(dns_name_equal(&name, &expected));
	name = name_of(".");
	assert_int_equal(dns_name_count_labels(&name), 0);
	assert_false(dns_name_parent(&name, &name));
}

static void test_name_reverse(void **state)
{
	(void)state;
	static const struct {
		const char *address, *text;
	} rows[] = {
		{ "::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa" },
		{ "2001:db8::cb01",
		  "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0."
		  "2.ip6.arpa" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t address[16];
		struct dns_name name;
		char text[DNS_NAME_TEXT_SIZE];
		assert_int_equal(inet_pton(AF_INET6, rows[i].address, address), 1);
		dns_name_reverse(address, &name);
		dns_name_to_text(&name, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_text),    cmocka_unit_test(test_name_octets),
		cmocka_unit_test(test_name_wire),    cmocka_unit_test(test_name_tree),
		cmocka_unit_test(test_name_reverse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
