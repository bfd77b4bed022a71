/* dnszone/lint/lint_dmarc.h: finds faults in a DMARC record (RFC 9989), or in what a domain
 * publishes. */
#ifndef DNSZONE_LINT_LINT_DMARC_H
#define DNSZONE_LINT_LINT_DMARC_H

#include <stddef.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/lint/lint.h"
#include "dnszone/query/resolver.h"

struct lint_dmarc_input {
	struct octets text;
	const char *domain;   /* A-labels; whose policy it is; NULL: not known */
	struct resolver *dns; /* NULL: nothing is looked up */
	struct deadline until;
};

/* Lints one policy record. */
void lint_dmarc_record(const struct lint_dmarc_input *input, struct lint_list *list);

/* Lints one record at <domain>._report._dmarc.<target>: it permits reports and is not a policy. */
void lint_dmarc_report(const struct lint_dmarc_input *input, struct lint_list *list);

/* Lints what `domain` publishes at _dmarc.<domain>; without a record, names the one that applies
 * to it.  "_dmarc.<domain>" is treated as the domain, "<domain>._report._dmarc.<target>" for the
 * record that allows reports.  A failure to look up is a finding, too. */
void lint_dmarc_domain(const char *domain, struct resolver *dns, struct deadline until,
                       struct lint_list *list);

/* The codes in their order: lint_table.h. */
extern const struct lint_table lint_dmarc_table;

#endif
