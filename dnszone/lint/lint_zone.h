/*
 * dnszone/lint/lint_zone.h: finds faults for mail in a zone file, which name servers' own checks
 * accept.  Nothing is looked up.
 */
#ifndef DNSZONE_LINT_LINT_ZONE_H
#define DNSZONE_LINT_LINT_ZONE_H

#include <stddef.h>

#include "core/base/octets.h"
#include "dnszone/lint/lint.h"
#include "dnszone/lint/lint_table.h"

struct lint_zone_row {
	size_t line; /* of the file, from 1; 0: the whole */
	char *owner; /* presentation form, lower-case, no final dot; NULL: not known */
	struct lint_list list;
	/* of the record, for lint_zone.c */
	char *type;
	char *text;
	size_t len;
	char *target;
};
struct lint_zone {
	struct lint_zone_row
		*row; /* one for each record or fault, in the order of the file */
	size_t count, room;
};
#define LINT_ZONE_INIT ((struct lint_zone){ 0 })
#define auto_lint_zone cleanup(lint_zone_done) struct lint_zone

/* Lints a zone file (zone_scan.h); *zone is empty before.  The column of a finding with a code of
 * this file is that of the line, of any other the one in the text of the record. */
void lint_zone(struct octets text, const char *origin, struct lint_zone *zone);
void lint_zone_done(struct lint_zone *zone);

/* The codes of this file (lint_table.h); none has a rule. */
extern const struct lint_table lint_zone_table;

#endif
