/*
 * core/base/peer.h: a conversation with a server of this host over TCP or a UNIX socket, with one
 * absolute deadline for all of it: connect, send, read octets or lines.
 *
 * The socket never blocks.  What is received is not checked here; the caller limits its length.
 */
#ifndef CORE_BASE_PEER_H
#define CORE_BASE_PEER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"

struct peer_address {
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len;
};

/* `path` is inside the root of `ctx`.  Fails: too long for the address of a socket. */
int peer_address_unix(const struct ctx *ctx, const char *path,
                      struct peer_address *ret_address, struct err *err) must_check;
/* "HOST:PORT" or "[HOST]:PORT", HOST numeric or "localhost", which is 127.0.0.1. */
bool peer_address_inet(const char *text, struct peer_address *ret_address) must_check;
/* libmilter's order: "PORT@HOST", or "PORT" at 127.0.0.1; HOST as above, never in brackets. */
bool peer_address_milter(const char *text, struct peer_address *ret_address) must_check;

/* Sentences about a kind of server, N_(); each has one %s, the name of the peer. */
struct peer_words {
	const char *absent; /* no server listens; the reason of the system follows */
	const char
		*broken;  /* the conversation failed; the reason of the system follows */
	const char *late; /* the deadline is over */
	const char *closed; /* the server closed the connection */
};

struct peer {
	const struct peer_words *words;
	const char *name; /* in messages; borrowed */
	int64_t deadline; /* monotonic nanoseconds */
	int fd;           /* -1: not connected */
	struct buf in;    /* received and not read yet */
};

#define PEER(kind, shown, until) \
	((struct peer){ .words = (kind), .name = (shown), .deadline = (until), .fd = -1 })

/* Each fails with one of the peer's sentences. */
int peer_connect(struct peer *peer, const struct peer_address *address,
                 struct err *err) must_check;
int peer_send(struct peer *peer, const void *octets, size_t len,
              struct err *err) must_check;
/* Waits until at least one more octet is in peer->in. */
int peer_receive_more(struct peer *peer, struct err *err) must_check;
/* Receives exactly `len` octets. */
int peer_receive(struct peer *peer, void *octets, size_t len, struct err *err) must_check;
/* Receives one line; *line is the line without CR LF or LF.  1: done; 0: it has more than `limit`
 * octets. */
int peer_receive_line(struct peer *peer, size_t limit, struct buf *line,
                      struct err *err) must_check;

/* Closes the connection.  Accepts a peer that was never connected. */
void peer_done(struct peer *peer);

#endif
