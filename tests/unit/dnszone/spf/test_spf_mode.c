/* The six modes: every mode with every result, and what softens it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dnszone/spf/spf_mode.h"

static void test_modes(void **state)
{
	(void)state;
	/* none neutral pass fail softfail temperror permerror; a d r(5.7.23) p(5.7.24) */
	static const struct {
		const char *plain, *null_sender, *goes_on;
	} rows[] = {
		{ "aaaaaaa", "aaaaaaa", "aaaaaaa" }, { "aaaaada", "aaaaada", "aaaaaaa" },
		{ "aaarada", "aaarada", "aaaraaa" }, { "aaarrda", "aaarada", "aaarraa" },
		{ "ararrda", "aaarada", "ararraa" }, { "rrarrdp", "aaarada", "rrarrdp" },
	};
	static const char *const names[] = { "headers-only",   "defer-dns-errors",
		                             "reject-fail",    "reject-softfail",
		                             "reject-neutral", "reject-not-pass" };
	for (unsigned m = 0; m < SPF_MODE_COUNT; m++) {
		const char number[] = { (char)('1' + m), '\0' };
		enum spf_mode mode = 0;
		assert_true(spf_mode_from_text(names[m], &mode) && mode == m + 1);
		assert_true(spf_mode_from_text(number, &mode) && mode == m + 1);
		assert_string_equal(spf_mode_name(mode), names[m]);
		for (enum spf_result r = 0; r < SPF_RESULT_COUNT; r++) {
			const char expected[] = { rows[m].plain[r],
				                  rows[m].null_sender[r],
				                  rows[m].goes_on[r], 'a', '\0' };
			const struct spf_leniency leniency[] = {
				{ 0 },
				{ .is_null_sender = true },
				{ .does_continue_on_dns_error = true },
				{ .is_postmaster = true }
			};
			for (unsigned k = 0; k < ARRAY_LEN(leniency); k++) {
				struct spf_ruling ruling =
					spf_mode_rule(mode, r, leniency[k]);
				const char *code = ruling.code ? ruling.code : "";
				char got = ruling.action == SPF_ACCEPT       ? 'a'
				           : ruling.action == SPF_DEFER      ? 'd'
				           : strcmp(code, "550 5.7.23") == 0 ? 'r'
				           : strcmp(code, "550 5.7.24") == 0 ? 'p'
				                                             : '?';
				if (got != expected[k] ||
				    (got == 'd' && strcmp(code, "451 4.7.24") != 0) ||
				    (got == 'a' && *code))
					fail_msg("mode %u, %s, %u: %c %s", mode,
					         spf_result_name(r), k, got, code);
			}
		}
	}
	enum spf_mode mode;
	assert_false(spf_mode_from_text("7", &mode));
	assert_false(spf_mode_from_text("", &mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_modes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
