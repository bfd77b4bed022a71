/* ASCII spellings of text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/ascii.h"

static const struct row {
	const char *text;
	const char *ascii; /* NULL: none */
} rows[] = {
	{ "", "" },
	{ "plain %{i} ~", "plain %{i} ~" },
	{ "¡Correo rechazado! ¿Por qué? El año pasado: pingüino", /* Spanish */
	  "Correo rechazado! Por que? El ano pasado: pinguino" },
	{ "ÀÿßÆœŁıſžŽ", "AyssAEoeLiszZ" },
	{ "«a» “b” ‘c’ – — …", "\"a\" \"b\" 'c' - - ..." },
	{ "10 €\u00a0net", "10 EUR net" },
	{ "e\u0301", "e" },
	{ "Отклонено", NULL },
	{ "ok \u0180", NULL }, /* the first letter behind the table */
	{ "\u00a6", NULL },
	{ "\U0001F600", NULL },
};

static void spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		bool is_spelled = ascii_spell(rows[i].text, &out);
		assert_int_equal(is_spelled, rows[i].ascii != NULL);
		if (rows[i].ascii)
			assert_string_equal(buf_text(&out), rows[i].ascii);
	}
}

/* Each letter up to the last one of the table has a spelling in ASCII letters. */
static void whole_table(void **state)
{
	(void)state;
	for (unsigned c = 0xc0; c < 0x180; c++) {
		const char text[] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)),
			              '\0' };
		auto_buf out = BUF_INIT;
		assert_true(ascii_spell(text, &out));
		assert_in_range(out.len, 1, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings),
		cmocka_unit_test(whole_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
