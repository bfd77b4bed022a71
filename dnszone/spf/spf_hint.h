/* dnszone/spf/spf_hint.h: what a person probably meant by text that is not an SPF record or not a
 * term of one. */
#ifndef DNSZONE_SPF_SPF_HINT_H
#define DNSZONE_SPF_SPF_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

#define SPF_HINT_SIZE 200

/* A clause on a term that does not parse: "write ip6:, this is an IPv6 address".  Empty: no
 * hint. */
void spf_term_hint(const char *term, size_t len, char ret_hint[SPF_HINT_SIZE]);

/* A clause on why a text is not selected as SPF record (RFC 7208 4.5). */
void spf_version_hint(const char *text, size_t len, char ret_hint[SPF_HINT_SIZE]);

/* Whether the text was meant as an SPF record: it begins like one. */
bool spf_is_meant(const char *text, size_t len) must_check;

#endif
