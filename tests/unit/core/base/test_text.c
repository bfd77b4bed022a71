/* text.c and words.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/words.h"

#define REFUSED INT64_MIN

static void test_int(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max, value;
	} rows[] = {
		{ "0", 0, 9, 0 },
		{ "9", 0, 9, 9 },
		{ "10", 0, 9, REFUSED },
		{ "-1", 0, 9, REFUSED },
		{ "-1", -1, 9, -1 },
		{ "007", 0, 9, 7 },
		{ "", 0, 9, REFUSED },
		{ "-", -9, 9, REFUSED },
		{ "+1", 0, 9, REFUSED },
		{ " 1", 0, 9, REFUSED },
		{ "1 ", 0, 9, REFUSED },
		{ "1x", 0, 9, REFUSED },
		{ "0x1", 0, 9, REFUSED },
		{ "9223372036854775807", 0, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", 0, INT64_MAX, REFUSED },
		{ "99999999999999999999", 0, INT64_MAX, REFUSED },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t value = REFUSED;
		bool is_good =
			text_to_int(rows[i].text, rows[i].min, rows[i].max, &value);
		if (is_good != (rows[i].value != REFUSED) || value != rows[i].value)
			fail_msg("\"%s\" gave %lld", rows[i].text, (long long)value);
	}
}

static void test_bool(void **state)
{
	static const struct {
		const char *text;
		int value; /* -1: refused */
	} rows[] = {
		{ "on", 1 },   { "ON", 1 }, { "yes", 1 },   { "true", 1 }, { "1", 1 },
		{ "off", 0 },  { "no", 0 }, { "False", 0 }, { "0", 0 },    { "", -1 },
		{ "onn", -1 }, { "o", -1 }, { "2", -1 },    { " on", -1 }, { "none", -1 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool value = false;
		bool is_good = text_to_bool(rows[i].text, &value);
		if (is_good != (rows[i].value >= 0) ||
		    (is_good && value != rows[i].value))
			fail_msg("\"%s\"", rows[i].text);
	}
}

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
		const char *back;
	} rows[] = {
		{ "0", 0, "0" },
		{ "0s", 0, "0" },
		{ "90s", 90, "90s" },
		{ "60s", 60, "1m" },
		{ "15m", 900, "15m" },
		{ "12h", 43200, "12h" },
		{ "24h", 86400, "1d" },
		{ "7d", 604800, "7d" },
		{ "2w", 1209600, "2w" },
		{ "1d12h", 129600, "36h" },
		{ "1w1d1h1m1s", 694861, "694861s" },
		{ "2147483647s", INT32_MAX, "2147483647s" },
		{ "2147483648s", REFUSED, NULL },
		{ "99999999999999999999s", REFUSED, NULL },
		{ "4000w", REFUSED, NULL },
		{ "", REFUSED, NULL },
		{ "90", REFUSED, NULL },
		{ "s", REFUSED, NULL },
		{ "12h1d", REFUSED, NULL },
		{ "1d1d", REFUSED, NULL },
		{ "1D", REFUSED, NULL },
		{ "-1s", REFUSED, NULL },
		{ "1d 1h", REFUSED, NULL },
		{ "1y", REFUSED, NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t seconds = REFUSED;
		char back[32];
		bool is_good = text_to_duration(rows[i].text, &seconds);
		if (is_good != (rows[i].back != NULL) || seconds != rows[i].seconds)
			fail_msg("\"%s\" gave %lld", rows[i].text, (long long)seconds);
		if (!is_good)
			continue;
		text_from_duration(seconds, back);
		assert_string_equal(back, rows[i].back);
	}
}

static void test_clean(void **state)
{
	static const struct {
		const char *text;
		bool is_clean;
	} rows[] = {
		{ "", true },
		{ "plain ~", true },
		{ "tab\t", false },
		{ "line\n", false },
		{ "\x7f", false },
		{ "\xc3\xa4", true },
		{ "\xc2\x9f", false }, /* C1 */
		{ "\xc2\xa0", true },
		{ "\xc3", false },         /* cut short */
		{ "\xa4", false },         /* continuation alone */
		{ "\xc0\xaf", false },     /* overlong */
		{ "\xe0\x9f\xbf", false }, /* overlong */
		{ "\xe2\x82\xac", true },
		{ "\xed\xa0\x80", false }, /* surrogate */
		{ "\xf0\x9f\x98\x80", true },
		{ "\xf4\x90\x80\x80", false }, /* past U+10FFFF */
		{ "\xf0\x8f\xbf\xbf", false }, /* overlong */
		{ "\xff", false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (text_is_clean(rows[i].text) != rows[i].is_clean)
			fail_msg("row %zu", i);
}

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(text_columns("", 0), 0);
	assert_int_equal(text_columns("plain", 5), 5);
	assert_int_equal(text_columns("plain", 3), 3);
	assert_int_equal(text_columns("órdenes", strlen("órdenes")), 7);
	assert_int_equal(text_columns("€ «x»", strlen("€ «x»")), 5);
}

static void test_ends(void **state)
{
	(void)state;
	assert_true(text_starts("user.x", "user."));
	assert_true(text_starts("x", ""));
	assert_false(text_starts("use", "user"));
	assert_true(text_ends("a.zone", ".zone"));
	assert_false(text_ends("zone", ".zone"));
	assert_false(text_ends("a.zone2", ".zone"));
	assert_true(text_same("a", "a"));
	assert_true(text_same(NULL, NULL));
	assert_false(text_same("a", NULL));
	assert_false(text_same(NULL, ""));
	assert_false(text_same("a", "b"));
}

/* "a|b|c" of the words, for comparing. */
static char *joined(char **words, size_t count)
{
	char *all = xstrdup("");
	for (size_t i = 0; i < count; i++) {
		char *more = xasprintf("%s%s%s", all, i ? "|" : "", words[i]);
		free(all);
		all = more;
	}
	assert_null(words[count]);
	return all;
}

static void test_split_list(void **state)
{
	static const struct {
		const char *text, *items;
		size_t count;
	} rows[] = {
		{ "", "", 0 },
		{ " , ,\t", "", 0 },
		{ "a", "a", 1 },
		{ "a,b", "a|b", 2 },
		{ " a ,, b\tc,", "a|b|c", 3 },
		{ "a,b,c,d,e", "a|b|c|d|e", 5 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char **items = NULL;
		size_t count;
		text_split_list(rows[i].text, &items, &count);
		auto_free char *all = joined(items, count);
		assert_int_equal(count, rows[i].count);
		assert_string_equal(all, rows[i].items);
	}
}

static void test_split_words(void **state)
{
	static const struct {
		const char *text, *words; /* NULL: a quote is open */
		size_t count;
	} rows[] = {
		{ "", "", 0 },
		{ "rndc reload", "rndc|reload", 2 },
		{ "  a\t b ", "a|b", 2 },
		{ "a \"b c\" d", "a|b c|d", 3 },
		{ "a\"b c\"d", "ab cd", 1 },
		{ "a \"\" b", "a||b", 3 },
		{ "$HOME ; `x` \\", "$HOME|;|`x`|\\", 4 },
		{ "a \"b", NULL, 0 },
		{ "\"", NULL, 0 },
		{ "a b c d e f g", "a|b|c|d|e|f|g", 7 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char **words = NULL;
		size_t count = 99;
		bool is_good = text_split_words(rows[i].text, &words, &count);
		assert_int_equal(is_good, rows[i].words != NULL);
		if (!is_good) {
			assert_null(words);
			continue;
		}
		auto_free char *all = joined(words, count);
		assert_int_equal(count, rows[i].count);
		assert_string_equal(all, rows[i].words);
	}
}

static void test_time(void **state)
{
	char out[32];
	(void)state;
	text_from_time(0, out);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
	text_from_time(1795341600, out);
	assert_string_equal(out, "2026-11-22T10:00:00Z");
}

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		size_t limit, distance;
	} rows[] = {
		{ "", "", 3, 0 },
		{ "a", "", 3, 1 },
		{ "dkim", "dkim", 3, 0 },
		{ "DKIM", "dkim", 3, 0 },
		{ "dkmi", "dkim", 3, 1 },
		{ "dki", "dkim", 3, 1 },
		{ "dkimm", "dkim", 3, 1 },
		{ "dkin", "dkim", 3, 1 },
		{ "abc", "cab", 3, 2 },
		{ "ca", "abc", 3, 3 },
		{ "kitten", "sitting", 3, 3 },
		{ "kitten", "sitting", 2, 3 },
		{ "a", "abcdef", 2, 3 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (words_distance(rows[i].a, rows[i].b, rows[i].limit) !=
		    rows[i].distance)
			fail_msg("%s, %s: %zu", rows[i].a, rows[i].b,
			         words_distance(rows[i].a, rows[i].b, rows[i].limit));
}

static void test_suggestion(void **state)
{
	static const char *const candidates[] = { "domain", "dkim.sign", "dkim.verify",
		                                  "server", "spf.mode" };
	static const struct {
		const char *typed, *best;
	} rows[] = {
		{ "domian", "domain" }, { "dkim.sing", "dkim.sign" },
		{ "servre", "server" }, { "dkim.ver", "dkim.verify" },
		{ "dom", "domain" },    { "do", NULL },
		{ "xyz", NULL },        { "spf-mode", "spf.mode" },
		{ "", NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct suggestion s;
		suggestion_init(&s, rows[i].typed);
		for (size_t k = 0; k < ARRAY_LEN(candidates); k++)
			suggestion_offer(&s, candidates[k]);
		if (!text_same(s.best, rows[i].best))
			fail_msg("%s: %s", rows[i].typed, s.best ? s.best : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_int),        cmocka_unit_test(test_bool),
		cmocka_unit_test(test_duration),   cmocka_unit_test(test_clean),
		cmocka_unit_test(test_columns),    cmocka_unit_test(test_ends),
		cmocka_unit_test(test_split_list), cmocka_unit_test(test_split_words),
		cmocka_unit_test(test_time),       cmocka_unit_test(test_distance),
		cmocka_unit_test(test_suggestion),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
