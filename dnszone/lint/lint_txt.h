/*
 * dnszone/lint/lint_txt.h: checks TXT records for mail by their owner: one table from owners to
 * lints.  Also here: the lints of MTA-STS (RFC 8461), TLS reports (RFC 8460) and BIMI, which have
 * no file of their own.
 */
#ifndef DNSZONE_LINT_LINT_TXT_H
#define DNSZONE_LINT_LINT_TXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/lint/lint.h"

struct lint_txt_place {
	/* labels that the owner begins with; "*" is one label or more; "": any other owner */
	const char *pattern;
	/* A text with an error is not saved: only this kind of record is possible there. */
	bool does_refuse;
	/* `domain`: A-labels, whose record it is; NULL: not known */
	void (*lint)(struct octets text, const char *domain, struct lint_list *list);
};

/* The table's row for an owner, with or without domain ("_dmarc", "s1._domainkey.<domain>.",
 * "_dmarc.example.com"); never NULL. */
const struct lint_txt_place *lint_txt_place(const char *owner) must_check;
/* The rows in their order, for tests; NULL after the last one. */
const struct lint_txt_place *lint_txt_places(size_t i);

/* Lints the text of a TXT record at `owner`; nothing is looked up. */
void lint_txt(const char *owner, struct octets text, const char *domain,
              struct lint_list *list);

/* The codes of this file (lint_table.h); none has a rule. */
extern const struct lint_table lint_txt_table;

#endif
