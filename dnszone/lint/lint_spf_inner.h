/* dnszone/lint/lint_spf_inner.h: shared by the files of SPF lint. */
#ifndef DNSZONE_LINT_LINT_SPF_INNER_H
#define DNSZONE_LINT_LINT_SPF_INNER_H

#include <stdbool.h>

#include "dnszone/lint/lint_spf.h"
#include "dnszone/lint/lint_table.h"
#include "dnszone/spf/spf_record.h"

/* The results of the look-ups that a check can require. */
struct survey {
	unsigned lookups, voids;
	char first_void[300];
	char missing[300];  /* an include or redirect without a record */
	char tempfail[300]; /* a look-up without an answer */
	char many_mx[300];  /* an mx with too many hosts */
	char open[300];     /* an include or redirect whose record lets everybody pass */
};

struct lint {
	struct lint_head head;
	const struct lint_spf_input *input;
	const struct spf_record *record; /* NULL: it does not parse */
	const char *fault;           /* then why; NULL: it is not an SPF record at all */
	const struct survey *survey; /* NULL: nothing was looked up */
};

/* Looks up everything that the record refers to.  False: no memory. */
bool lint_spf_survey(const struct lint_spf_input *input, const struct spf_record *record,
                     struct survey *survey) must_check;

/* Rules: each adds the findings of its code. */
typedef void lint_spf_rule(const struct lint *l);
lint_spf_rule rule_not_spf, rule_syntax, rule_plus_all, rule_whole_internet, rule_ptr,
	rule_after_all, rule_no_all, rule_redirect_and_all, rule_neutral_all,
	rule_duplicate, rule_as_modifier, rule_version_again, rule_report_modifier,
	rule_unknown_modifier, rule_self, rule_private, rule_documentation,
	rule_host_bits, rule_exists, rule_odd_name, rule_validated, rule_capitals,
	rule_long_string, rule_long_record, rule_too_long_record, rule_lookups;

#endif
