/* dnszone/spf/spf_macro.h: macro-string and domain-spec (RFC 7208 7 and 12): syntax and expansion.
 */
#ifndef DNSZONE_SPF_SPF_MACRO_H
#define DNSZONE_SPF_SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/name/name.h"

/* Where the macro letters c, r and t are allowed, and blanks (RFC 7208 6.2, 7.2). */
enum spf_macro_place { SPF_IN_RECORD, SPF_IN_EXPLANATION };

/* One macro-expand at the start of `len` octets that begin with '%': its length, or 0 with
 * *ret_why (a phrase for a sentence) and *ret_at (offset of the wrong octet). */
size_t spf_macro_expand_len(const char *text, size_t len, enum spf_macro_place place,
                            size_t *ret_at, const char **ret_why) must_check;

/* NULL: the octets are a macro-string (explain-string in an explanation; it may be empty).
 * Otherwise the fault, and *ret_at its offset. */
const char *spf_macro_string_fault(const char *text, size_t len,
                                   enum spf_macro_place place, size_t *ret_at) must_check;

/* The same for a domain-spec, which ends in a macro or in "." toplabel.  One without macros must
 * also be a name that can be queried: labels of 1 to 63 octets, 253 octets together. */
const char *spf_domain_spec_fault(const char *text, size_t len,
                                  size_t *ret_at) must_check;

/* The values of the letters (RFC 7208 7.2).  They are foreign and may contain any octet. */
struct spf_macro_values {
	struct octets local_part;    /* l; with sender_domain: s */
	struct octets sender_domain; /* o */
	struct octets domain;        /* d */
	struct octets helo;          /* h */
	struct octets validated;     /* p; none: "unknown" */
	struct octets receiver;      /* r; none: "unknown" */
	uint8_t client[16];          /* i c v; IPv4 as ::ffff:a.b.c.d */
	int64_t now;                 /* t: Unix seconds */
};

/* Whether a macro of that letter (lower case) is in the text. */
bool spf_macro_has_letter(const char *text, size_t len, char letter) must_check;

/* Expands a valid domain-spec to the name to query, without a final dot.  A name over 253 octets is
 * truncated on the left by whole labels; DNS may still be unable to contain it.  False: it requires
 * a local part that is not ASCII, so it is not a name (RFC 8616 4). */
bool spf_macro_expand_domain(const char *text, size_t len,
                             const struct spf_macro_values *values,
                             char ret_name[NAME_SIZE], size_t *ret_len) must_check;

/* Expands a valid explain-string to text for people: octets that are not printable ASCII become
 * '?'.  Truncated to room - 1 octets, NUL-terminated.  Returns the length. */
size_t spf_macro_expand_text(const char *text, size_t len,
                             const struct spf_macro_values *values, char *out,
                             size_t room);

#endif
