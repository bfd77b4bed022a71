/*
 * dnszone/name/dns_name.h: domain names in wire form (RFC 1035 3.1), for queries and answers.
 * A label may contain any octet; name.h has the rules for names that a person types.
 */
#ifndef DNSZONE_NAME_DNS_NAME_H
#define DNSZONE_NAME_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"

#define DNS_NAME_WIRE_MAX 255 /* RFC 1035 2.3.4 */
#define DNS_LABEL_MAX 63
#define DNS_NAME_TEXT_SIZE \
	(4 * DNS_NAME_WIRE_MAX + 1) /* every octet as \DDD, and the NUL */

struct dns_name {
	uint8_t len; /* octets of `wire`, the root label counted; 0: no name */
	uint8_t wire
		[DNS_NAME_WIRE_MAX]; /* ASCII lower case, root label last, not compressed */
};

/* From presentation form (RFC 1035 5.1): \DDD and \X are octets, a final dot is allowed, "." is
 * the root.  False: empty text, an empty label, a label over 63 octets, a name over 255 octets, or
 * an invalid escape. */
bool dns_name_from_text(const char *text, size_t len,
                        struct dns_name *ret_name) must_check;
/* From text that is not in presentation form (an expanded SPF macro): the same, but '\' is an
 * ordinary octet; only dots separate labels. */
bool dns_name_from_octets(const void *octets, size_t len,
                          struct dns_name *ret_name) must_check;
/* From a whole name of `len` octets in wire form; compression pointers are refused. */
bool dns_name_from_wire(const uint8_t *wire, size_t len,
                        struct dns_name *ret_name) must_check;

/* Presentation form without final dot ("." for the root); '.' and '\' inside labels as \X, other
 * octets outside 0x21..0x7e as \DDD.  Returns the length. */
size_t dns_name_to_text(const struct dns_name *name, char ret_text[DNS_NAME_TEXT_SIZE]);

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b) must_check;
/* Whether `name` is `parent` or below it. */
bool dns_name_is_at_or_below(const struct dns_name *name,
                             const struct dns_name *parent) must_check;
/* Labels, the root not counted. */
unsigned dns_name_count_labels(const struct dns_name *name) must_check;
/* Drops the first label; false for the root. */
bool dns_name_parent(const struct dns_name *name, struct dns_name *ret_parent) must_check;

/* The PTR name of an address: 16 octets, IPv4 as ::ffff:a.b.c.d -> in-addr.arpa, others ->
 * ip6.arpa (RFC 1035 3.5, RFC 3596 2.5). */
void dns_name_reverse(const uint8_t address[16], struct dns_name *ret_name);

#endif
