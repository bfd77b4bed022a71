/* core/mta/provider/rspamd: what lets it write Authentication-Results. */
#include "core/mta/provider/rspamd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_results(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool writes;
	} rows[] = {
		{ "", false },
		{ "use = [\"authentication-results\"];\n", true },
		{ "use = [ \"x-spamd-bar\",\n  \"authentication-results\" ];\n", true },
		{ "\"use\": [\"authentication-results\"]", true },
		{ "skip_local = true; use=[authentication-results]", true },
		{ "use = \"authentication-results\";\n", true },
		{ "use [\"authentication-results\"]", true },
		{ "extended_spam_headers = true;\nuse = [\"x-spam-level\"];\n"
		  "routines { authentication-results { remove = 1; } }\n",
		  false },
		{ "# use = [\"authentication-results\"];\n", false },
		{ "/* use = [\"authentication-results\"]; */ use = [];\n", false },
		{ "/* use = [\"authentication-results\"];", false },
		{ "use = [ # authentication-results\n \"x-virus\" ]\n", false },
		{ "reuse = [\"authentication-results\"];\n", false },
		{ "authenticated_headers = [\"authentication-results\"];\n", false },
		{ "use", false },
		{ "use = ", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rspamd_writes_results(rows[i].text) != rows[i].writes)
			fail_msg("row %zu: %s", i, rows[i].text);
}

static void test_items(void **state)
{
	(void)state;
	assert_true(rspamd_is_item("inet:localhost:11332"));
	assert_true(rspamd_is_item("unix:/run/rspamd/milter.sock"));
	assert_false(rspamd_is_item("inet:localhost:8891"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_items),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
