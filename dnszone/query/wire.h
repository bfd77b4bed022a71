/*
 * dnszone/query/wire.h: DNS messages (RFC 1035 4) to and from octets, without a network.
 */
#ifndef DNSZONE_QUERY_WIRE_H
#define DNSZONE_QUERY_WIRE_H

#include "dnszone/query/resolver.h"

#define WIRE_QUESTION_MAX (12 + DNS_NAME_WIRE_MAX + 4 + 11)
#define WIRE_UDP_SIZE 1232 /* accepted in one datagram: no fragments on any usual path */

enum wire_rcode {
	WIRE_NOERROR = 0,
	WIRE_FORMERR = 1,
	WIRE_SERVFAIL = 2,
	WIRE_NXDOMAIN = 3,
	WIRE_NOTIMP = 4,
	WIRE_REFUSED = 5,
};

/* A query for a recursive server: RD, AD (RFC 6840 5.7), with `has_edns` an OPT record without
 * options as the last 11 octets.  `id` must be hard to guess and not in flight.  Returns the
 * length. */
size_t wire_put_question(const struct dns_name *name, enum dns_type type, uint16_t id,
                         bool has_edns, uint8_t ret_packet[WIRE_QUESTION_MAX]);

/* Whether the packet is a reply with this id to this query; the caller drops any other packet. */
bool wire_is_reply(const uint8_t *packet, size_t len, const struct dns_name *name,
                   enum dns_type type, uint16_t id) must_check;
/* Whether it is only a header with this id and an error, which servers send that could not parse
 * the query. */
bool wire_is_bare_error(const uint8_t *packet, size_t len, uint16_t id) must_check;
/* Response code and TC bit of a packet for which one of these two is true. */
unsigned wire_rcode(const uint8_t *packet);
bool wire_is_truncated(const uint8_t *packet);

/* "SERVFAIL from 192.0.2.1" as an answer. */
struct dns_answer wire_failure(unsigned rcode, const char *from, struct arena *mem);

/* Reads such a packet.  The chain of CNAME records that begins at `name` is followed inside it.
 * Malformed packets, other response codes, truncated packets, referrals, loops and chains of more
 * than DNS_CNAME_MAX links are DNS_TEMPFAIL, with `from` (who sent it) in the reason.  Time and
 * memory are limited by the length of the packet and by `mem`. */
void wire_read_reply(const uint8_t *packet, size_t len, const struct dns_name *name,
                     enum dns_type type, const char *from, struct arena *mem,
                     struct dns_answer *ret_answer);

#endif
