/* dnszone/name/name.h: domain names as text: lower-case A-labels without a final dot. */
#ifndef DNSZONE_NAME_NAME_H
#define DNSZONE_NAME_NAME_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/octets.h"

#define NAME_MAX_LEN 253 /* octets of text, RFC 1035 2.3.4 */
#define NAME_SIZE (NAME_MAX_LEN + 1)

/* Converts what a person types ("Example.COM.", "bücher.example") to a mail domain: lower-case
 * A-labels (UTS 46 non-transitional, through libidn2), no final dot, at least two labels, letters,
 * digits and hyphens (RFC 952; a final label of digits alone is an address, not a domain).  Fails
 * with ERR_USAGE: labels over 63 octets, names over 253, empty labels, '/', '..', spaces, control
 * characters, an IP address. */
int name_parse_domain(const char *text, char ret_name[NAME_SIZE],
                      struct err *err) must_check;

/* The same for any host or owner name: one label is enough and may be a number, '_' is allowed in
 * labels, and "*" as the first label (RFC 4592). */
int name_parse_owner(const char *text, char ret_name[NAME_SIZE],
                     struct err *err) must_check;

/* A fully qualified host name: name_parse_domain's rules (used for mta.hostname, srs.domain). */
int name_parse_host(const char *text, char ret_name[NAME_SIZE],
                    struct err *err) must_check;

/* A DKIM selector (RFC 6376 3.1: sub-domain *( "." sub-domain )): lower-case, letters, digits,
 * hyphens, '_' inside allowed, dots between labels, at most 190 octets. */
int name_parse_selector(const char *text, char ret_selector[NAME_SIZE],
                        struct err *err) must_check;

/* The domain of an address or a signature in foreign mail: lower-case A-labels, at most one final
 * dot removed.  ASCII labels are not changed, of any length and with any printable octet, because a
 * name that cannot be in DNS still has parents that can; others are converted (RFC 8616, UTS 46
 * non-transitional).  False: an empty label, more than 253 octets, a blank or control, invalid
 * UTF-8, or a label that has no A-label. */
bool name_from_mail(struct octets text, char ret_name[NAME_SIZE]) must_check;

/* The U-label form for people; the A-labels if the name has no valid U-label form, or if it
 * contains invisible characters.  Caller frees. */
char *name_to_unicode(const char *name) must_check;

/* Whether `name` is `parent` or below it (both A-labels, no final dot). */
bool name_is_at_or_below(const char *name, const char *parent) must_check;

#endif
