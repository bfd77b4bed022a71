/*
 * dnszone/query_socket.h: the sockets of query.c, in the form in which c-ares takes socket
 * functions; `arg` is a struct query_sockets.
 *
 * They are our own for three things: close-on-exec; knowing which server a packet came from; and
 * an upper limit on packets for one turn of the loop, without which a flood would keep c-ares 1.18
 * reading past every deadline.
 */
#ifndef DNSZONE_QUERY_SOCKET_H
#define DNSZONE_QUERY_SOCKET_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "dnszone/query.h"

struct query_peer {
	int fd; /* -1: free */
	unsigned server;
};

struct query_sockets {
	const struct query_servers *servers;
	/* each channel has at most one UDP and one TCP socket for each of its servers */
	struct query_peer peer[QUERY_SERVERS_MAX * QUERY_SERVERS_MAX * 2];
	unsigned from;      /* the server of the packet that was read last */
	unsigned reads;     /* since the turn began; query.c sets it to 0 */
	unsigned questions; /* in flight: without any there is nothing to be read */
};

void query_sockets_init(struct query_sockets *sockets,
                        const struct query_servers *servers);

/* Whether one that was connected is not closed. */
bool query_sockets_are_open(const struct query_sockets *sockets) must_check;

int query_socket_open(int family, int type, int protocol, void *arg);
int query_socket_close(int fd, void *arg);
int query_socket_connect(int fd, const struct sockaddr *to, socklen_t len, void *arg);
ssize_t query_socket_receive(int fd, void *octets, size_t len, int flags,
                             struct sockaddr *from, socklen_t *from_len, void *arg);
ssize_t query_socket_send(int fd, const struct iovec *part, int count, void *arg);

#endif
