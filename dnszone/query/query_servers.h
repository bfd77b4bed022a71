/* dnszone/query/query_servers.h: the name servers that are queried, and how. */
#ifndef DNSZONE_QUERY_QUERY_SERVERS_H
#define DNSZONE_QUERY_QUERY_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/macro.h"

#define QUERY_SERVERS_MAX 3 /* like resolv.conf(5) */
#define QUERY_WIDTH 32

struct query_server {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint32_t scope;      /* number of the interface of a link-local address; else 0 */
	uint16_t port;
	char text
		[64]; /* "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:5353", "fe80::1%eth0" */
};

struct query_servers {
	struct query_server at[QUERY_SERVERS_MAX]; /* in the order of queries */
	unsigned count;
	unsigned
		timeout_s; /* wait for one server before the next is queried; 0: our default */
	unsigned attempts; /* how often each of them is queried; 0: our default */
	bool is_rotated;   /* each question begins with another server */
};

/* "ADDR[:PORT]", several separated by commas or blanks; an IPv6 address with a port is in [],
 * and one with a scope is "fe80::1%eth0".  Fails with ERR_USAGE. */
int query_servers_parse(const char *text, struct query_servers *ret_servers,
                        struct err *err) must_check;
/* The text of a resolv.conf(5): "nameserver", and of "options" timeout, attempts and rotate, within
 * the limits of the C library (30 s, 5, 3 servers).  Invalid lines are ignored; 127.0.0.1 if no
 * server is named. */
void query_servers_from_file(const char *text, struct query_servers *ret_servers);
/* Those of /etc/resolv.conf; 127.0.0.1 without that file. */
int query_servers_system(struct query_servers *ret_servers, struct err *err) must_check;

struct query_options {
	unsigned width;        /* questions in flight, at most 64; 0: QUERY_WIDTH */
	size_t memory;         /* for answers of queries in advance; 0: 128 KiB */
	bool is_authenticator; /* the servers, and the way to them, are trusted for the AD bit */
};

#endif
