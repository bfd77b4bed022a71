/* Values of main.cf as a service reads them: references, conditions, options of master.cf, and
 * the item of a list that is for no service alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_route.h"

static void test_expand(void **state)
{
	(void)state;
	static const char text[] =
		"x = one\n"
		"y = $x two\n"
		"empty =\n"
		"loop = a$loop\n"
		"nest = ${{$service_name} == {10025} ? {} : {{ unix:$x, k=v }}}\n"
		"neg = ${{$service_name} != {10025} ? {${x}}}\n";
	static const struct {
		const char *text, *service, *value;
	} rows[] = {
		{ "$x", NULL, "one" },
		{ "${x}$(y)-$y", NULL, "oneone two-one two" },
		{ "$$x", NULL, "$x" },
		{ "$unknown.", NULL, "." },
		{ "${x?yes}${empty?yes}${empty:no}${x:no}", NULL, "yesno" },
		{ "${x?{yes}:{no}} ${empty ? {yes} : {no}}", NULL, "yes no" },
		{ "$nest", "10025", "" },
		{ "$nest", "smtp", "{ unix:one, k=v }" },
		{ "$neg|$neg", "10025", "|" },
		{ "$neg", "smtp", "one" },
		{ "${{10} > {9} ? {n} : {s}}${{10} > {9a} ? {n} : {s}}", NULL, "ns" },
		{ "$loop", NULL, "aaaaaaaaaaaaaaa" },
		{ "${x", NULL, "" },
		{ "$queue_directory", NULL, "/var/spool/postfix" },
		{ "${{3.10} >=level {3.9} ? {y} : {n}}${{3.6} <level {3.6} ? {y} : {n}}",
		  NULL, "yn" },
		{ "${{2} <=level {2.1}?{y}}${{$compatibility_level} <level {1} ? {old}}",
		  NULL, "yold" },
		{ "$smtpd_relay_restrictions|", NULL, "|" }, /* level 0 */
		{ "a$", NULL, "a" },
	};
	auto_main_cf cf;
	main_cf_parse(&cf, text, strlen(text));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf value = BUF_INIT;
		main_cf_expand(&cf, rows[i].service, rows[i].text, &value);
		assert_string_equal(buf_text(&value), rows[i].value);
	}
	/* what a service reads, and what no service in particular does */
	static const struct {
		const char *name, *service, *value;
	} values[] = {
		{ "nest", "10025", "" },
		{ "nest", "smtp", "{ unix:one, k=v }" },
		{ "nest", NULL, "{ unix:one, k=v }" },
		{ "neg", "10025", "" },
		{ "neg", "smtp", "one" },
	};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		auto_buf value = BUF_INIT;
		main_cf_value(&cf, values[i].service, values[i].name, &value);
		assert_string_equal(buf_text(&value), values[i].value);
	}
}

/* An option of the service holds before main.cf, for whatever names the parameter. */
static void test_expand_of(void **state)
{
	(void)state;
	static const char text[] = "one = main\n"
				   "two = $one.\n"
				   "three = ${two?{$two}:{none}}\n"
				   "four = 4\n";
	static const char options[] =
		"587 inet n - y - - smtpd -o one=own -o { five = $two x }\n"
		"  -o six=${{$one} == {own} ? {$service_name} : {no}} -o four=4\n"
		"465 inet n - y - - smtpd\n";
	static const struct {
		const char *name, *own, *other;
		bool is_own;
	} rows[] = {
		{ "one", "own", "main", true },     { "two", "own.", "main.", true },
		{ "three", "own.", "main.", true }, { "four", "4", "4", true },
		{ "five", "own. x", "", true },     { "six", "587", "", true },
		{ "seven", "", "", false },
	};
	auto_main_cf cf;
	auto_master_cf master;
	main_cf_parse(&cf, text, strlen(text));
	master_cf_parse(&master, options, strlen(options));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf own = BUF_INIT, other = BUF_INIT;
		main_cf_value_of(&cf, &master.service[0], rows[i].name, &own);
		main_cf_value_of(&cf, &master.service[1], rows[i].name, &other);
		assert_string_equal(buf_text(&own), rows[i].own);
		assert_string_equal(buf_text(&other), rows[i].other);
		assert_int_equal(main_cf_is_own(&cf, &master.service[0], rows[i].name),
		                 rows[i].is_own);
		assert_false(main_cf_is_own(&cf, &master.service[1], rows[i].name));
	}
}

/* What doubles at each level ends soon, whatever comes out of it. */
static void test_expand_bounds(void **state)
{
	(void)state;
	static const char text[] = "two = $two$two.\n"
				   "void = $void$void$void$void\n"
				   "asks = ${asks?{$asks}:{$asks}}${asks:$asks}.\n"
				   "same = ${{$same} == {$same} ? {$same} : {$same}}.\n";
	static const char *const rows[] = { "$two", "$void", "$asks", "$same" };
	auto_main_cf cf;
	main_cf_parse(&cf, text, strlen(text));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf value = BUF_INIT;
		main_cf_expand(&cf, NULL, rows[i], &value);
		if (value.len > 5000)
			fail_msg("%s: %zu octets", rows[i], value.len);
		buf_clear(&value);
		main_cf_value(&cf, NULL, rows[i] + 1, &value);
		if (value.len > 5000)
			fail_msg("%s: %zu octets", rows[i], value.len);
	}
}

/* The item of a list that is of no service in particular, and the socket that it names. */
static void test_find_milter(void **state)
{
	(void)state;
	static const char text[] =
		"smtpd_milters = ${{$service_name} == {smtp} ? {unix:/run/1} : "
		"{unix:/run/2}}, { unix:/run/3, k=v }\n";
	static const struct {
		const char *socket, *item; /* NULL: none */
	} rows[] = {
		{ "unix:/run/1", NULL },
		{ "unix:/run/2", "unix:/run/2" },
		{ "unix:/run/3", "unix:/run/3" },
		{ NULL, NULL },
	};
	auto_main_cf cf;
	main_cf_parse(&cf, text, strlen(text));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *item =
			postfix_find_milter(&cf, "smtpd_milters", rows[i].socket, "/q");
		if (rows[i].item) {
			assert_non_null(item);
			assert_string_equal(item, rows[i].item);
		} else {
			assert_null(item);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_expand_of),
		cmocka_unit_test(test_expand_bounds),
		cmocka_unit_test(test_find_milter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
