/*
 * dnszone/txt/policy_edit.h: edits the text of a policy.
 *
 * Text may contain placeholders; policy_check() determines whether the result is valid.
 */
#ifndef DNSZONE_TXT_POLICY_EDIT_H
#define DNSZONE_TXT_POLICY_EDIT_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/base/macro.h"

/* Adds a mechanism before the first `all` (without `all`: after the last mechanism), a modifier at
 * the end.  If the mechanism exists with another qualifier, it gets the new one; an existing `all`,
 * or modifier of that name, gets the new value.  ERR_USAGE: `term` is not one term.  The caller
 * frees *ret_text. */
int policy_edit_spf_add(const char *text, const char *term, char **ret_text,
                        struct err *err) must_check;
/* Removes a term; "mx" and "+mx" are the same.  ERR_MISSING: it is not in the text. */
int policy_edit_spf_remove(const char *text, const char *term, char **ret_text,
                           struct err *err) must_check;

/* Sets tags of a DMARC record ("p=reject", or "p=reject; rua=mailto:x@example.com"); an empty value
 * ("rua=") removes the tag.  The others are kept, v is first and p second.  `text` NULL: no record
 * yet.  ERR_USAGE: not a tag list. */
int policy_edit_dmarc(const char *text, const char *const *change, size_t count,
                      char **ret_text, struct err *err) must_check;

#endif
