/* core/base/address: the two families in one form, there and back. */
#include "core/base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_texts(void **state)
{
	(void)state;
	static const struct {
		const char *text, *canonical; /* NULL: not an address */
		bool is_ipv4;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },        { "0.0.0.0", "0.0.0.0", true },
		{ "2001:DB8:0::1", "2001:db8::1", false }, { "::", "::", false },
		{ "::ffff:192.0.2.1", "192.0.2.1", true }, { "192.0.2.256", NULL, false },
		{ "192.0.2.1/24", NULL, false },           { "[::1]", NULL, false },
		{ "fe80::1%eth0", NULL, false },           { "", NULL, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t address[16];
		char text[ADDRESS_SIZE];
		assert_int_equal(address_parse(rows[i].text, address),
		                 rows[i].canonical != NULL);
		if (!rows[i].canonical)
			continue;
		assert_int_equal(address_is_ipv4(address), rows[i].is_ipv4);
		address_to_text(address, text);
		assert_string_equal(text, rows[i].canonical);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
