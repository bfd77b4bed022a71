/* dnszone/verify/hidden_field: every hidden field of a value as "name|value", joined with '#'. */
#include "dnszone/verify/hidden_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/macro.h"

static void test_fields(void **state)
{
	(void)state;
	static const struct {
		const char *value, *hidden;
		unsigned froms;
	} rows[] = {
		{ " a\rFrom: b", "From| b", 1 },
		{ " a\r\rFROM \t: b\rfrom:c", "FROM \t| b\r#from|c", 2 },
		{ "\rFrom: b", "From| b", 1 },
		{ " a\nFrom: b", "From| b", 1 },
		{ " a\r\nX: y\rFrom: b\r c", "X| y\r#From| b\r c", 1 },
		{ " a\r From: b", "", 0 },
		{ " a\r\n From: b", "", 0 },
		{ " a\n\tFrom: b", "", 0 },
		{ " a\rFromm: b", "Fromm| b", 0 },
		{ " a\rFrom", "", 0 },
		{ " From: b", "", 0 },
		{ "a\r", "", 0 },
		{ "", "", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct octets value = octets_of(rows[i].value);
		struct octets name, hidden;
		size_t at = 0;
		auto_buf text = BUF_INIT;
		while (hidden_field_next(value, &at, &name, &hidden))
			buf_printf(&text, "%s%.*s|%.*s", text.len ? "#" : "",
			           (int)name.len, name.at, (int)hidden.len, hidden.at);
		if (strcmp(buf_text(&text), rows[i].hidden) != 0)
			fail_msg("row %zu: %s", i, buf_text(&text));
		assert_int_equal(hidden_field_froms(value), rows[i].froms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fields) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
