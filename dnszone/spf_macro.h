/* dnszone/spf_macro.h: the syntax of macro-string and domain-spec (RFC 7208 7.1 and 12). */
#ifndef DNSZONE_SPF_MACRO_H
#define DNSZONE_SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

/* Where the macro letters c, r and t are allowed, and blanks (RFC 7208 6.2, 7.2). */
enum spf_macro_place { SPF_IN_RECORD, SPF_IN_EXPLANATION };

/* One macro-expand at the start of `len` octets that begin with '%': its length, or 0 with
 * *ret_why (a phrase for a sentence) and *ret_at (offset of the wrong octet). */
size_t spf_macro_expand_len(const char *text, size_t len, enum spf_macro_place place,
                            size_t *ret_at, const char **ret_why) must_check;

/* NULL: the octets are a macro-string (explain-string in an explanation; empty is one).  Otherwise
 * what is wrong with them, and *ret_at the offset of it. */
const char *spf_macro_string_fault(const char *text, size_t len,
                                   enum spf_macro_place place, size_t *ret_at) must_check;

/* The same for a domain-spec, which ends in a macro or in "." toplabel.  One without macros must
 * also be a name that can be asked for: labels of 1 to 63 octets, 253 together. */
const char *spf_domain_spec_fault(const char *text, size_t len,
                                  size_t *ret_at) must_check;

#endif
