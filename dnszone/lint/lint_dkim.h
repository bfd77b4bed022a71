/* dnszone/lint/lint_dkim.h: finds faults in a DKIM key record (RFC 6376 3.6.1, 8301, 8463). */
#ifndef DNSZONE_LINT_LINT_DKIM_H
#define DNSZONE_LINT_LINT_DKIM_H

#include <stddef.h>

#include "core/base/octets.h"
#include "dnszone/lint/lint.h"
#include "dnszone/query/resolver.h"

/* Lints one record. */
void lint_dkim_record(struct octets text, struct lint_list *list);

/* Lints a text at "_domainkey" itself, where only a historic policy may be. */
void lint_dkim_policy(struct octets text, struct lint_list *list);

/* Lints what is published at `owner` ("<selector>._domainkey.<domain>", A-labels).  A failure to
 * look up is a finding, too. */
void lint_dkim_owner(const char *owner, struct resolver *dns, struct deadline until,
                     struct lint_list *list);

/* The codes in their order: lint_table.h. */
extern const struct lint_table lint_dkim_table;

#endif
