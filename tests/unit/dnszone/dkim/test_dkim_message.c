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

/* "[field]" for the octets of each field, "{" where the body begins, '!' if it is not separated. */
struct places {
	struct dkim_message message;
	const char *text;
	struct buf said;
};

static void on_place(void *arg, struct octets name, struct octets value)
{
	struct places *places = arg;
	const struct dkim_message *m = &places->message;
	assert_memory_equal(places->text + m->field_at, name.at, name.len);
	assert_true(m->field_end - m->field_at >= name.len + 1 + value.len);
	buf_printf(&places->said, "[%.*s]", (int)(m->field_end - m->field_at),
	           places->text + m->field_at);
}

static void on_end_places(void *arg)
{
	struct places *places = arg;
	const struct dkim_message *m = &places->message;
	buf_printf(&places->said, "%s{%s", m->is_unseparated ? "!" : "",
	           places->text + m->header_end);
}

static void on_no_body(void *arg, const char *octets, size_t len)
{
	(void)arg;
	(void)octets;
	(void)len;
}

static void test_places(void **state)
{
	(void)state;
	static const struct {
		const char *text, *said;
		size_t header_at;
	} rows[] = {
		{ "A: b\r\nC: d\r\n e\r\n\r\nx", "[A: b\r\n][C: d\r\n e\r\n]{\r\nx", 0 },
		{ "A: b", "[A: b]{", 0 },
		{ "A: b\n", "[A: b\n]{", 0 },
		{ "", "{", 0 },
		{ "\n", "{\n", 0 },
		{ "From x y\nA: b\n\nx", "[A: b\n]{\nx", 9 },
		{ "From x y\n A: b\n", "!{ A: b\n", 9 },
		{ "From x y", "!{From x y", 0 },
		{ "From : x y\nA: b\n", "[From : x y\n][A: b\n]{", 0 },
		{ " A: b\nC: d\n", "!{ A: b\nC: d\n", 0 },
		{ "A: b\nno field\nC: d\n", "[A: b\n]!{no field\nC: d\n", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t step = 1; step <= strlen(rows[i].text) + 1; step++) {
			struct places places = {
				.message = { .field = on_place,
				             .end_fields = on_end_places,
				             .body = on_no_body },
				.text = rows[i].text,
			};
			size_t len = strlen(rows[i].text);
			places.message.arg = &places;
			for (size_t at = 0; at < len; at += step) {
				size_t part = len - at < step ? len - at : step;
				assert_true(dkim_message_feed(&places.message,
				                              rows[i].text + at, part));
			}
			dkim_message_end(&places.message);
			if (strcmp(buf_text(&places.said), rows[i].said) != 0 ||
			    places.message.header_at != rows[i].header_at)
				fail_msg("row %zu, pieces of %zu: \"%s\"", i, step,
				         buf_text(&places.said));
			buf_done(&places.said);
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
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
