/* Points in time as people type them; in a zone with summer time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "cli/out/when.h"
#include "core/base/macro.h"

#define NOW 1795348800 /* 2026-11-22T12:00:00Z */

static void test_times(void **state)
{
	static const struct {
		const char *text;
		bool is_end;
		int64_t want; /* 0: refused */
	} rows[] = {
		{ "2026-11-01", false, 1793487600 }, /* 00:00 of +01:00 */
		{ "2026-11-01", true, 1793573999 },  /* 23:59:59 */
		{ "2026-10-25", true, 1792969199 },  /* a day of 25 hours */
		{ "2026-07-01", false, 1782856800 }, /* 00:00 of +02:00 */
		{ "2026-11-01 14:30", false, 1793539800 },
		{ "2026-11-01T14:30", true, 1793539859 },
		{ "2026-11-01 14:30:05", true, 1793539805 },
		{ "2026-11-01T13:30:05Z", false, 1793539805 },
		{ "7d", false, NOW - 7 * 86400 },
		{ "90s", true, NOW - 90 },
		{ "2026-02-30", false, 0 },
		{ "2026-13-01", false, 0 },
		{ "2026-11-01x", false, 0 },
		{ "2026-11-01 25:00", false, 0 },
		{ "yesterday", false, 0 },
		{ "", false, 0 },
	};
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int64_t at = 0;
		int r = when_parse(rows[i].text, NOW, rows[i].is_end, "--since", &at,
		                   &err);
		if (at != rows[i].want || r != (rows[i].want ? 0 : ERR_USAGE))
			fail_msg("%s: %lld, %s", rows[i].text, (long long)at, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_times) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
