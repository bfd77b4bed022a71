/* dnszone/spf/spf_mode.h: what each of the six modes does with each of the seven results. */
#ifndef DNSZONE_SPF_SPF_MODE_H
#define DNSZONE_SPF_SPF_MODE_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "dnszone/spf/spf_eval.h"

enum spf_mode { /* numbers as in the setting spf.mode */
	        SPF_HEADERS_ONLY = 1,
	        SPF_DEFER_DNS_ERRORS,
	        SPF_REJECT_FAIL,
	        SPF_REJECT_SOFTFAIL,
	        SPF_REJECT_NEUTRAL,
	        SPF_REJECT_NOT_PASS,
};
#define SPF_MODE_COUNT 6

enum spf_action { SPF_ACCEPT, SPF_DEFER, SPF_REJECT };

struct spf_ruling {
	enum spf_action action;
	const char *code; /* "550 5.7.23"; accept: NULL */
};

/* What makes a mode more lenient. */
struct spf_leniency {
	bool is_null_sender;             /* only fail rejects */
	bool is_postmaster;              /* the recipient: never rejected or deferred */
	bool does_continue_on_dns_error; /* temperror is accepted, except by mode 6 */
};

/* A `mode` outside the six is treated as SPF_HEADERS_ONLY. */
struct spf_ruling spf_mode_rule(enum spf_mode mode, enum spf_result result,
                                struct spf_leniency leniency) must_check;

/* "headers-only"; NULL outside the six. */
const char *spf_mode_name(enum spf_mode mode);
/* Its name or number ("3"). */
bool spf_mode_from_text(const char *text, enum spf_mode *ret_mode) must_check;
/* "accept", "defer", "reject". */
const char *spf_action_name(enum spf_action action);

#endif
