/* core/base/names.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/names.h"

#define ADDED_MAX 5

static const struct {
	const char *added[ADDED_MAX];
	const char *sorted; /* each with a blank after it */
	bool is_mixed;
} rows[] = {
	{ { NULL }, "", false },
	{ { "b" }, "b ", false },
	{ { "a", "a", "b" }, "a b ", false },
	{ { "b", "a", "c", "a" }, "a b c ", true },
	{ { "a", "B", "", "a.b" }, " B a a.b ", true },
};

static void assert_text(const struct names *names, const char *expected)
{
	auto_buf text = BUF_INIT;
	for (size_t i = 0; i < names->count; i++)
		buf_printf(&text, "%s ", names->name[i]);
	assert_string_equal(buf_text(&text), expected);
}

static void test_sort(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_names names = { 0 };
		for (size_t k = 0; k < ADDED_MAX && rows[i].added[k]; k++) {
			assert_false(names_has(&names, "z"));
			names_add(&names, rows[i].added[k]);
			for (size_t j = 0; j <= k; j++)
				assert_true(names_has(&names, rows[i].added[j]));
		}
		assert_int_equal(names.is_mixed, rows[i].is_mixed);
		names_sort(&names);
		assert_text(&names, rows[i].sorted);
		assert_false(names.is_mixed);
		assert_false(names_has(&names, "z"));
		for (size_t k = 0; k < ADDED_MAX && rows[i].added[k]; k++)
			assert_true(names_has(&names, rows[i].added[k]));
	}
}

/* Until it is sorted, it is a list. */
static void test_order(void **state)
{
	auto_names names = { 0 };
	(void)state;
	names_take(&names, xstrdup("b"));
	names_add(&names, "a");
	names_add(&names, "b");
	assert_text(&names, "b a b ");
	names_done(&names);
	assert_int_equal(names.count, 0);
	names_add(&names, "c");
	assert_text(&names, "c ");
}

static void test_compare(void **state)
{
	const char *list[] = { "b", "a", "C" };
	(void)state;
	SORT(list, ARRAY_LEN(list), names_compare);
	assert_string_equal(list[0], "C");
	assert_string_equal(list[1], "a");
	assert_string_equal(list[2], "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_compare),
	};
	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
