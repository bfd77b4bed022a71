/*
 * cli/policyd/policyd_packet.h: packets of the milter protocol on one connection: a length, a
 * command, octets.
 */
#ifndef CLI_POLICYD_POLICYD_PACKET_H
#define CLI_POLICYD_POLICYD_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/policyd/policyd_log.h"
#include "core/base/macro.h"

/* Longer ones end the connection.  Postfix sends at most 100 kB of a header field, 64 kB of a body.
 */
#define POLICYD_PACKET_MAX ((size_t)1 << 20)

struct policyd_limits {
	unsigned pause_seconds; /* within a request, and for taking an answer */
	unsigned idle_seconds;  /* between requests */
	unsigned connections;   /* at a time; policyd_listen() */
};

struct policyd_packets {
	int in, out;
	const struct policyd_limits *limits;
	const struct policyd_log *log;
	const char *octets; /* read from the connection already; borrowed */
	size_t count, taken;
	size_t len; /* of the packet, its command counted */
	/* The last packet, a NUL after it.  The memory of a large one is released. */
	char packet[POLICYD_PACKET_MAX + 1];
};

/* One packet; false: no more of them.  *ret_is_trouble: it is not the client's orderly end. */
bool policyd_packet_receive(struct policyd_packets *packets,
                            bool *ret_is_trouble) must_check;

/* False: the client has disconnected, or does not read. */
bool policyd_packet_send(struct policyd_packets *packets, char command,
                         const void *octets, size_t len) must_check;

/* A number in network order at `at`, which must be within the packet. */
uint32_t policyd_packet_number(const struct policyd_packets *packets,
                               size_t at) must_check;
/* The next text that ends in NUL; *at moves after it.  NULL: none. */
const char *policyd_packet_text(const struct policyd_packets *packets,
                                size_t *at) must_check;

#endif
