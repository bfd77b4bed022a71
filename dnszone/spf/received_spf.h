/* dnszone/spf/received_spf.h: the Received-SPF header field (RFC 7208 9.1). */
#ifndef DNSZONE_SPF_RECEIVED_SPF_H
#define DNSZONE_SPF_RECEIVED_SPF_H

#include <stddef.h>

#include "dnszone/spf/spf_check.h"

#define RECEIVED_SPF_SIZE 1800 /* of the longest one with its NUL */

/* The value of the field, without "Received-SPF: ", on one line of printable ASCII.  Foreign text
 * is in quoted strings, its quotes escaped, octets that are not printable ASCII replaced by '?',
 * long values truncated: a sender can add neither a line nor an attribute.  Returns the length. */
size_t received_spf(const struct spf_verdict *verdict, const struct spf_message *message,
                    char out[RECEIVED_SPF_SIZE]);

#endif
