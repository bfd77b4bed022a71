/* dnszone/name/placeholder.h: <domain> <hostname> <ip> <ipv6> <ttl> in template records: one table.
 */
#ifndef DNSZONE_NAME_PLACEHOLDER_H
#define DNSZONE_NAME_PLACEHOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct placeholder_values {
	const char *domain;   /* A-labels, never NULL */
	const char *hostname; /* NULL: not known */
	const char *ip;       /* IPv4; NULL: not known */
	const char *ipv6;     /* NULL: not known */
	uint32_t ttl;
};

/* One row for each placeholder: name without <>, one line of help. */
struct placeholder_row {
	const char *name, *help;
};
extern const struct placeholder_row placeholder_table[];
extern const unsigned placeholder_count;

/* Appends `text` with every placeholder replaced; "\\<word>" becomes the text "<word>",
 * "\\\\<word>" a backslash and the value.  False: a required value is not known;
 * *ret_lacking (may be NULL) names the placeholder, `out` is unchanged. */
bool placeholder_expand(const char *text, const struct placeholder_values *values,
                        struct buf *out, const char **ret_lacking);

/* Refuses (ERR_USAGE, with a suggestion and the way to escape it) "<word>" that is not a
 * placeholder. */
int placeholder_check(const char *text, struct err *err);

#endif
