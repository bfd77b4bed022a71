/*
 * dnszone/query.h: the layer of the resolver that asks real servers.
 *
 * One object for one check: it has its own sockets, and so its own ports, opened by the first
 * question.  Questions are sent over UDP with EDNS, and over TCP where the answer was cut.  No
 * hosts file, no search domains.  Whatever a server does, a question costs at most its deadline,
 * and memory is bounded.
 */
#ifndef DNSZONE_QUERY_H
#define DNSZONE_QUERY_H

#include "core/base/err.h"
#include "dnszone/resolver.h"

#define QUERY_SERVERS_MAX 3 /* like resolv.conf(5) */
#define QUERY_WIDTH 32

struct query_server {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;
	char text[64]; /* "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:5353" */
};

struct query_servers {
	struct query_server
		at[QUERY_SERVERS_MAX]; /* in the order in which they are asked */
	unsigned count;
};

/* "ADDR[:PORT]", several separated by commas or blanks; an IPv6 address with a port stands in [].
 * ERR_USAGE. */
int query_servers_parse(const char *text, struct query_servers *ret_servers,
                        struct err *err) must_check;
/* Those of /etc/resolv.conf; 127.0.0.1 where it names none. */
int query_servers_system(struct query_servers *ret_servers, struct err *err) must_check;

/* Whether it is ::ffff:a.b.c.d. */
bool query_is_ipv4(const uint8_t address[16]) must_check;

struct query_options {
	unsigned width;        /* questions in flight, at most 64; 0: QUERY_WIDTH */
	size_t memory;         /* for answers that were asked ahead; 0: 128 KiB */
	bool is_authenticator; /* the servers, and the way to them, are trusted for the AD bit */
};

/* The lowest layer.  `options` NULL: the defaults.  NULL: no memory. */
struct resolver *query_new(const struct query_servers *servers,
                           const struct query_options *options) must_check;

#endif
