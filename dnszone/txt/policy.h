/*
 * dnszone/txt/policy.h: which TXT records are mail policies, and whether their text is valid.
 *
 * kind: 'spf' at any name (RFC 7208 4.5: "v=spf1" and then a blank or the end), 'dmarc' at
 * _dmarc.<name> (RFC 9989: it begins with the tag v and exactly DMARC1), 'other' for the rest, type
 * SPF (99) included.
 */
#ifndef DNSZONE_TXT_POLICY_H
#define DNSZONE_TXT_POLICY_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/base/macro.h"

enum policy_kind { POLICY_OTHER, POLICY_SPF, POLICY_DMARC };

/* "other", "spf", "dmarc", as in the database. */
const char *policy_kind_name(enum policy_kind kind);

/* The kind of a record; `owner` may contain placeholders and a final dot ("_dmarc.<domain>."). */
enum policy_kind policy_kind_of(const char *owner, const char *type, const char *rdata);

/* Checks the text of a policy record: SPF through spf_record_parse() (plus: more than 10 look-ups
 * is refused), DMARC through its tags (v first, p valid, sp np t psd adkim aspf fo rua ruf valid;
 * unknown tags are kept).  Placeholders are replaced by example values first.  Fails with ERR_USAGE
 * and a whole sentence.  Other kinds are always accepted. */
int policy_check(enum policy_kind kind, const char *rdata, struct err *err) must_check;

#endif
