/* The sockets of one check: see the header for why they are not c-ares's own. */
#include "dnszone/query_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PACKETS_PER_TURN 256

void query_sockets_init(struct query_sockets *sockets,
                        const struct query_servers *servers)
{
	*sockets = (struct query_sockets){ .servers = servers };
	for (size_t i = 0; i < ARRAY_LEN(sockets->peer); i++)
		sockets->peer[i].fd = -1;
}

bool query_sockets_are_open(const struct query_sockets *sockets)
{
	for (size_t i = 0; i < ARRAY_LEN(sockets->peer); i++)
		if (sockets->peer[i].fd >= 0)
			return true;
	return false;
}

int query_socket_open(int family, int type, int protocol, void *arg)
{
	(void)arg;
	return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static struct query_peer *find_peer(struct query_sockets *sockets, int fd)
{
	for (size_t i = 0; i < ARRAY_LEN(sockets->peer); i++)
		if (sockets->peer[i].fd == fd)
			return &sockets->peer[i];
	return NULL;
}

int query_socket_close(int fd, void *arg)
{
	struct query_peer *peer = find_peer(arg, fd);
	if (peer)
		peer->fd = -1;
	return close(fd);
}

static unsigned server_of(const struct query_sockets *sockets, const struct sockaddr *to)
{
	for (unsigned i = 0; i < sockets->servers->count; i++) {
		const struct query_server *server = &sockets->servers->at[i];
		const struct sockaddr_in *v4 = (const void *)to;
		const struct sockaddr_in6 *v6 = (const void *)to;
		bool is_v4 = query_is_ipv4(server->address);
		if (is_v4 ? to->sa_family == AF_INET &&
		                    v4->sin_port == htons(server->port) &&
		                    memcmp(&v4->sin_addr, server->address + 12, 4) == 0
		          : to->sa_family == AF_INET6 &&
		                    v6->sin6_port == htons(server->port) &&
		                    memcmp(&v6->sin6_addr, server->address, 16) == 0)
			return i;
	}
	return 0;
}

int query_socket_connect(int fd, const struct sockaddr *to, socklen_t len, void *arg)
{
	struct query_sockets *sockets = arg;
	struct query_peer *peer = find_peer(sockets, -1);
	if (peer)
		*peer = (struct query_peer){ fd, server_of(sockets, to) };
	return connect(fd, to, len);
}

ssize_t query_socket_receive(int fd, void *octets, size_t len, int flags,
                             struct sockaddr *from, socklen_t *from_len, void *arg)
{
	struct query_sockets *sockets = arg;
	const struct query_peer *peer = find_peer(sockets, fd);
	if (sockets->reads++ >= PACKETS_PER_TURN || sockets->questions == 0) {
		errno = EAGAIN;
		return -1;
	}
	sockets->from = peer ? peer->server : 0;
	return recvfrom(fd, octets, len, flags, from, from_len);
}

ssize_t query_socket_send(int fd, const struct iovec *part, int count, void *arg)
{
	(void)arg;
	struct msghdr message = { .msg_iovlen = (size_t)count };
	memcpy(&message.msg_iov, &part, sizeof(part)); /* only read by the kernel */
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}
