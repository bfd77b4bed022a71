/* dnszone/lint/lint_dmarc_inner.h: shared by the files of DMARC lint; no other file includes it. */
#ifndef DNSZONE_LINT_LINT_DMARC_INNER_H
#define DNSZONE_LINT_LINT_DMARC_INNER_H

#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/lint/lint_dmarc.h"
#include "dnszone/lint/lint_table.h"

struct lint {
	struct lint_head head;
	const struct lint_dmarc_input *input;
	const struct dmarc_record *record;
};

/* Rows of the table that have no rule, or one that needs look-ups. */
enum code_index {
	CODE_NO_RECORD,
	CODE_TWO_RECORDS,
	CODE_UNREACHABLE,
	CODE_SYNTAX,
	CODE_INHERITED,
	CODE_ORGANIZATION,
	CODE_REPORT_POLICY,
	CODE_NOT_ACCEPTED,
};

/* The number of octets of a text that a message shows. */
static inline int lint_dmarc_shown(size_t len)
{
	return len < 300 ? (int)len : 300;
}

/* The rule of CODE_NOT_ACCEPTED. */
void lint_dmarc_rule_foreign(const struct lint *l);

#endif
