/* dnszone/lint/lint_spf.h: finds faults in an SPF record, or in what a domain publishes. */
#ifndef DNSZONE_LINT_LINT_SPF_H
#define DNSZONE_LINT_LINT_SPF_H

#include <stddef.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/lint/lint.h"
#include "dnszone/query/resolver.h"

struct lint_spf_input {
	struct octets text;
	const char *domain; /* A-labels; whose record it is; NULL: not known */
	/* The character-strings that the text is split into, NULL: not known.  A resolver returns
	 * them joined. */
	const size_t *string_len;
	size_t strings;
	struct resolver *dns; /* NULL: nothing is looked up */
	struct deadline until;
};

/* Lints one record. */
void lint_spf_record(const struct lint_spf_input *input, struct lint_list *list);

/* Lints what `domain` publishes: its TXT records, then its one record with all that it includes.
 * A failure to look up is a finding, too. */
void lint_spf_domain(const char *domain, struct resolver *dns, struct deadline until,
                     struct lint_list *list);

/* The codes in their order: lint_table.h. */
extern const struct lint_table lint_spf_table;

#endif
