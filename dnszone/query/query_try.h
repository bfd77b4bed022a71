/*
 * dnszone/query/query_try.h: one query to one server, once: a socket, an id, and the answer.
 *
 * A socket is connected, so the kernel drops packets from another address or port, and reports if
 * no program listens there.  It has its port for one query.  Nothing here waits.
 */
#ifndef DNSZONE_QUERY_QUERY_TRY_H
#define DNSZONE_QUERY_QUERY_TRY_H

#include "dnszone/query/query_servers.h"
#include "dnszone/query/wire.h"

#define QUERY_SOCKETS_IDLE 16

struct query_try {
	int fd;          /* -1: none */
	unsigned number; /* of this try among those of its question */
	unsigned server;
	bool is_tcp, is_ipv6;
	bool is_sent;  /* TCP: the connection is there, and the question on its way */
	bool is_plain; /* without EDNS */
	uint16_t id;
	uint16_t len;  /* TCP: of the answer, once its first two octets have come */
	uint32_t done; /* TCP: octets that have come, those two included */
	uint8_t head[2];
	uint8_t *octets; /* TCP: the answer, owned */
};

enum try_outcome {
	TRY_WAITS,  /* no packet yet */
	TRY_PACKET, /* one was read */
	TRY_CUT,    /* a datagram that is longer than the room for it */
	TRY_FAILED, /* errno; 0: the server closed before its answer was complete */
};

/* UDP sockets for the next queries: without a peer, a port or a packet, so equivalent to new ones,
 * at a third of the cost. */
struct query_sockets {
	int idle[2][QUERY_SOCKETS_IDLE]; /* [is IPv6] */
	unsigned count[2];
};

void query_sockets_done(struct query_sockets *sockets);

/* Sends the query over UDP; the caller has set try->id and is_plain.  False: errno. */
bool query_try_udp(struct query_try *try, struct query_sockets *sockets,
                   const struct query_server *server, const struct dns_name *name,
                   enum dns_type type) must_check;
/* Begins a connection; query_try_read() sends the query once it is established.  False: errno. */
bool query_try_tcp(struct query_try *try, const struct query_server *server) must_check;

/* The events to wait for: POLLIN, POLLOUT. */
short query_try_events(const struct query_try *try) must_check;
/* Reads at most one packet.  TRY_PACKET: *ret_packet is in `room` or belongs to the
 * try. */
enum try_outcome query_try_read(struct query_try *try, const struct dns_name *name,
                                enum dns_type type, uint8_t *room, size_t size,
                                const uint8_t **ret_packet, size_t *ret_len) must_check;
void query_try_close(struct query_try *try, struct query_sockets *sockets);

#endif
