/* core/base/network.h: addresses and networks as people write them. */
#ifndef CORE_BASE_NETWORK_H
#define CORE_BASE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/macro.h"

struct network {
	int family;         /* AF_INET, AF_INET6 */
	uint8_t octets[16]; /* host bits are zero */
	unsigned bits;      /* length of the prefix */
	bool is_excluded;
};

/* "192.0.2.1", "192.0.2.0/24", "::1", "[2001:db8::]/32", each with a '!' in front where it is
 * excluded; host bits are zeroed.  False: not an address. */
bool network_parse(const char *text, struct network *ret_net) must_check;

/* Whether `outer` holds all of `inner` (signs are not looked at). */
bool network_holds(const struct network *outer, const struct network *inner) must_check;

/* An IPv4 address that is written as IPv6 (::ffff:192.0.2.1, a prefix of 96 or more) becomes what
 * it stands for. */
void network_unmap(struct network *net);

/* IANA's registries of special-purpose addresses (RFC 6890) and multicast. */
enum network_use {
	NETWORK_PUBLIC,
	NETWORK_PRIVATE,       /* no mail comes from there over the Internet */
	NETWORK_DOCUMENTATION, /* for examples: RFC 5737, 3849, 9637 */
};
/* Of the block that holds all `bits` (32 or 128: one address) of `octets`, host bits included. */
enum network_use network_use(int family, const uint8_t *octets, unsigned bits) must_check;

/* Whether it takes in more of the world than one organization has: IPv4 shorter than /8, IPv6 global
 * unicast shorter than /16, everything else shorter than /7, and what holds all of IPv4. */
bool network_is_world(const struct network *net) must_check;

#endif
