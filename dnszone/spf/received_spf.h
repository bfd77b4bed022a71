/* dnszone/spf/received_spf.h: the Received-SPF header field (RFC 7208 9.1). */
#ifndef DNSZONE_SPF_RECEIVED_SPF_H
#define DNSZONE_SPF_RECEIVED_SPF_H

#include <stddef.h>

#include "dnszone/spf/spf_check.h"

#define RECEIVED_SPF_SIZE 1800 /* holds the longest one and its NUL */

/* The value of the field, what follows "Received-SPF: ", on one line of printable ASCII.  Foreign
 * text stands in quoted strings, its quotes escaped, octets that are not printable ASCII as '?',
 * long values cut: a sender can add neither a line nor an attribute.  Gives the length. */
size_t received_spf(const struct spf_verdict *verdict, const struct spf_message *message,
                    char out[RECEIVED_SPF_SIZE]);

#endif
