/* Messages as they come from files: where fields end, where the body begins, which line ends it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "dnszone/dkim/dkim_message.h"

/* Everything that was called, as text: "[name|value]...{body}". */

static void on_field(void *arg, struct octets name, struct octets value)
{
	struct buf *said = arg;
	buf_putc(said, '[');
	buf_add(said, name.at, name.len);
	buf_putc(said, '|');
	buf_add(said, value.at, value.len);
	buf_putc(said, ']');
}

static void on_end_fields(void *arg)
{
	buf_putc(arg, '{');
}

static void on_body(void *arg, const char *octets, size_t len)
{
	assert_true(len > 0);
	buf_add(arg, octets, len);
}

static bool read_message(const char *text, size_t len, size_t step, struct buf *said)
{
	struct dkim_message message = { .field = on_field,
		                        .end_fields = on_end_fields,
		                        .body = on_body,
		                        .arg = said };
	bool is_good = true;
	for (size_t at = 0; at < len && is_good; at += step)
		is_good = dkim_message_feed(&message, text + at,
		                            len - at < step ? len - at : step);
	dkim_message_end(&message);
	buf_putc(said, '}');
	return is_good;
}

static void test_messages(void **state)
{
	(void)state;
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "", "{}" },
		{ "\n", "{}" },
		{ "\r\n", "{}" },
		{ "\r\nbody", "{body}" },
		{ "A: b\r\n\r\nbody\r\n", "[A| b]{body\r\n}" },
		{ "A: b\n\nbody\n", "[A| b]{body\r\n}" },
		{ "A: b\n\n\n\nbody", "[A| b]{\r\n\r\nbody}" },
		{ "A: b", "[A| b]{}" },
		{ "A: b\r\n", "[A| b]{}" },
		{ "A:b\r\nC:d", "[A|b][C|d]{}" },
		{ "A:\r\n\r\n", "[A|]{}" },
		{ "A \t: b\n\n", "[A \t| b]{}" },
		{ "A: b\r\n\tc\r\n d\r\nE: f\r\n\r\n", "[A| b\r\n\tc\r\n d][E| f]{}" },
		{ "A: b\n\tc\nE: f\n\n", "[A| b\n\tc][E| f]{}" },
		{ "A: b\n \n c\n\n", "[A| b\n \n c]{}" },
		/* what is no field begins the body */
		{ "A: b\nno field\n\nbody\n", "[A| b]{no field\r\n\r\nbody\r\n}" },
		{ "A: b\r\nno field: x\r\n", "[A| b]{no field: x\r\n}" },
		{ " A: b\n\n", "{ A: b\r\n\r\n}" },
		{ ": b\n\n", "{: b\r\n\r\n}" },
		{ "A\x80: b\n", "{A\x80: b\r\n}" },
		{ "no field", "{no field}" },
		/* an mbox */
		{ "From a@b Mon 10:00\nA: b\n\nc\n", "[A| b]{c\r\n}" },
		{ "From : a\nA: b\n\n", "[From | a][A| b]{}" },
		{ "From: a\nFrom a@b 10:00\n", "[From| a]{From a@b 10:00\r\n}" },
		/* line ends as the first one is */
		{ "A: b\r\n\r\none\ntwo\r\nthree\r", "[A| b]{one\ntwo\r\nthree\r}" },
		{ "A: b\n\none\r\ntwo\rthree\n\r\n",
		  "[A| b]{one\r\ntwo\rthree\r\n\r\n}" },
		{ "A: b\rc\r\n\r\n", "[A| b\rc]{}" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t step = 1; step <= strlen(rows[i].text) + 1; step++) {
			auto_buf said = BUF_INIT;
			assert_true(read_message(rows[i].text, strlen(rows[i].text), step,
			                         &said));
			if (strcmp(said.at, rows[i].said) != 0)
				fail_msg("row %zu, pieces of %zu: \"%s\"", i, step,
				         said.at);
		}
}

static void test_too_large(void **state)
{
	(void)state;
	size_t len = DKIM_MESSAGE_FIELD_MAX + 10;
	auto_free char *text = xcalloc(1, len);
	auto_buf said = BUF_INIT;
	memset(text, 'x', len);
	memcpy(text, "A: b\nB:", 7);
	assert_false(read_message(text, len, 4096, &said));
	assert_string_equal(said.at, "{}");
	/* in a body it is nothing special */
	buf_clear(&said);
	memcpy(text, "A: b\n\nB:", 8);
	assert_true(read_message(text, len, 4096, &said));
	assert_int_equal(said.len, strlen("[A| b]{}") + len - 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
