/*
 * The six modes: one table.  Codes are those of RFC 7372: 5.7.23 for a result that the mode does
 * not accept, x.7.24 for a check that was not possible.  The two rules that are not in the table
 * (null sender, continue on DNS errors) and the recipient postmaster only soften a row.
 */
#include "dnszone/spf/spf_mode.h"

#include <stddef.h>
#include <string.h>

enum cell { A, D, R, P };

static const struct spf_ruling rulings[] = {
	[A] = { SPF_ACCEPT, NULL },
	[D] = { SPF_DEFER, "451 4.7.24" },
	[R] = { SPF_REJECT, "550 5.7.23" },
	[P] = { SPF_REJECT, "550 5.7.24" },
};

static const struct mode_row {
	const char *name;
	enum cell cell[SPF_RESULT_COUNT];
} mode_table[] = {
	/* none, neutral, pass, fail, softfail, temperror, permerror */
	[SPF_HEADERS_ONLY] = { "headers-only", { A, A, A, A, A, A, A } },
	[SPF_DEFER_DNS_ERRORS] = { "defer-dns-errors", { A, A, A, A, A, D, A } },
	[SPF_REJECT_FAIL] = { "reject-fail", { A, A, A, R, A, D, A } },
	[SPF_REJECT_SOFTFAIL] = { "reject-softfail", { A, A, A, R, R, D, A } },
	[SPF_REJECT_NEUTRAL] = { "reject-neutral", { A, R, A, R, R, D, A } },
	[SPF_REJECT_NOT_PASS] = { "reject-not-pass", { R, R, A, R, R, D, P } },
};

static bool is_mode(enum spf_mode mode)
{
	return mode >= SPF_HEADERS_ONLY && mode <= SPF_REJECT_NOT_PASS;
}

struct spf_ruling spf_mode_rule(enum spf_mode mode, enum spf_result result,
                                struct spf_leniency leniency)
{
	if (!is_mode(mode))
		mode = SPF_HEADERS_ONLY;
	enum cell cell = mode_table[mode].cell[result];
	if (leniency.is_postmaster)
		cell = A;
	else if (leniency.is_null_sender && result != SPF_FAIL && result != SPF_TEMPERROR)
		cell = A;
	else if (leniency.does_continue_on_dns_error && result == SPF_TEMPERROR &&
	         mode != SPF_REJECT_NOT_PASS)
		cell = A;
	return rulings[cell];
}

const char *spf_mode_name(enum spf_mode mode)
{
	return is_mode(mode) ? mode_table[mode].name : NULL;
}

bool spf_mode_from_text(const char *text, enum spf_mode *ret_mode)
{
	for (enum spf_mode mode = SPF_HEADERS_ONLY; mode <= SPF_REJECT_NOT_PASS; mode++) {
		const char number[] = { (char)('0' + mode), '\0' };
		if (strcmp(text, mode_table[mode].name) != 0 && strcmp(text, number) != 0)
			continue;
		*ret_mode = mode;
		return true;
	}
	return false;
}

const char *spf_action_name(enum spf_action action)
{
	static const char *const names[] = { "accept", "defer", "reject" };
	return names[action];
}
