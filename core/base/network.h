/* core/base/network.h: addresses and networks as people write them. */
#ifndef CORE_BASE_NETWORK_H
#define CORE_BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"

struct network {
	int family;         /* AF_INET, AF_INET6 */
	uint8_t octets[16]; /* host bits are zero */
	unsigned bits;      /* length of the prefix */
	bool is_excluded;
};

/* "192.0.2.1", "192.0.2.0/24", "::1", "[2001:db8::]/32", each with a leading '!' if it is
 * excluded; host bits are zeroed.  False: not an address. */
bool network_parse(const char *text, struct network *ret_net) must_check;

/* Whether `outer` contains all of `inner`; is_excluded is ignored. */
bool network_holds(const struct network *outer, const struct network *inner) must_check;

/* Whether one of the networks contains all of `net`, and no excluded one does. */
bool network_is_in(const struct network *networks, size_t count,
                   const struct network *net) must_check;

/* An IPv4 address that is written as IPv6 (::ffff:192.0.2.1, a prefix of 96 or more) becomes the
 * IPv4 address. */
void network_unmap(struct network *net);

/* IANA's registries of special-purpose addresses (RFC 6890) and multicast. */
enum network_use {
	NETWORK_PUBLIC,
	NETWORK_PRIVATE,       /* not a source of mail over the Internet */
	NETWORK_DOCUMENTATION, /* for examples: RFC 5737, 3849, 9637 */
};
/* The use of the block with the first `bits` (32 or 128: one address) of `octets`, host bits
 * included. */
enum network_use network_use(int family, const uint8_t *octets, unsigned bits) must_check;

/* Whether it contains more addresses than one organization has: IPv4 shorter than /8, IPv6 global
 * unicast shorter than /16, others shorter than /7, and any network that contains all of IPv4. */
bool network_is_world(const struct network *net) must_check;

#endif
