/*
 * Sockets of queries.
 *
 * The kernel chooses the port: connect(2) of an unbound socket assigns a random free one of
 * /proc/sys/net/ipv4/ip_local_port_range (28,232 by default), from the generator of getrandom(2).
 * Dissolving the connection releases the port (udp(7), AF_UNSPEC), so the next query on the same
 * socket has another one.
 */
#include "dnszone/query/query_try.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/address.h"

#define STRAYS_MAX 4 /* above this number a socket is closed */

static int family_of(const struct query_server *server)
{
	return address_is_ipv4(server->address) ? AF_INET : AF_INET6;
}

static int open_socket(int family, int type)
{
	return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int connect_to(int fd, const struct query_server *server)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		                  .sin_port = htons(server->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		                   .sin6_port = htons(server->port),
		                   .sin6_scope_id = server->scope };
	if (family_of(server) == AF_INET) {
		memcpy(&v4.sin_addr, server->address + 12, 4);
		return connect(fd, (const struct sockaddr *)&v4, sizeof(v4));
	}
	memcpy(&v6.sin6_addr, server->address, 16);
	return connect(fd, (const struct sockaddr *)&v6, sizeof(v6));
}

/* ---- idle sockets ---------------------------------------------------------------------------- */

static int take_socket(struct query_sockets *sockets, int family)
{
	unsigned *count = &sockets->count[family == AF_INET6];
	if (*count > 0)
		return sockets->idle[family == AF_INET6][--*count];
	return open_socket(family, SOCK_DGRAM);
}

/* Dissolves the connection.  The port is released, so no more packets can arrive, and those that
 * did are read: no later query may receive them.  False: the socket cannot be reused. */
static bool make_idle(int fd)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	uint8_t octet;
	if (connect(fd, &nobody, sizeof(nobody)) < 0)
		return false;
	for (unsigned i = 0; i < STRAYS_MAX; i++)
		if (recv(fd, &octet, 1, 0) < 0 && errno == EAGAIN)
			return true;
	return false;
}

static void give_socket(struct query_sockets *sockets, int fd, bool is_ipv6)
{
	unsigned *count = &sockets->count[is_ipv6];
	if (*count < QUERY_SOCKETS_IDLE && make_idle(fd))
		sockets->idle[is_ipv6][(*count)++] = fd;
	else
		close(fd);
}

void query_sockets_done(struct query_sockets *sockets)
{
	for (size_t i = 0; i < ARRAY_LEN(sockets->idle); i++)
		while (sockets->count[i] > 0)
			close(sockets->idle[i][--sockets->count[i]]);
}

/* ---- one try --------------------------------------------------------------------------------- */

bool query_try_udp(struct query_try *try, struct query_sockets *sockets,
                   const struct query_server *server, const struct dns_name *name,
                   enum dns_type type)
{
	uint8_t packet[WIRE_QUESTION_MAX];
	size_t len = wire_put_question(name, type, try->id, !try->is_plain, packet);
	try->fd = take_socket(sockets, family_of(server));
	if (try->fd < 0)
		return false;
	try->is_ipv6 = family_of(server) == AF_INET6;
	if (connect_to(try->fd, server) == 0 &&
	    send(try->fd, packet, len, MSG_NOSIGNAL) == (ssize_t)len)
		return true;
	int failure = errno;
	query_try_close(try, sockets);
	errno = failure;
	return false;
}

bool query_try_tcp(struct query_try *try, const struct query_server *server)
{
	try->fd = open_socket(family_of(server), SOCK_STREAM);
	if (try->fd < 0)
		return false;
	try->is_tcp = true;
	if (connect_to(try->fd, server) == 0 || errno == EINPROGRESS)
		return true;
	int failure = errno;
	close(try->fd);
	try->fd = -1;
	errno = failure;
	return false;
}

short query_try_events(const struct query_try *try)
{
	return try->is_tcp && !try->is_sent ? POLLOUT : POLLIN;
}

static bool may_come_later(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* The connection was established, or has failed. */
static enum try_outcome send_tcp(struct query_try *try, const struct dns_name *name,
                                 enum dns_type type)
{
	uint8_t message[2 + WIRE_QUESTION_MAX];
	size_t len = wire_put_question(name, type, try->id, !try->is_plain, message + 2);
	message[0] = (uint8_t)(len >> 8);
	message[1] = (uint8_t)len;
	/* it fits into the empty buffer of a new connection */
	if (send(try->fd, message, len + 2, MSG_NOSIGNAL) != (ssize_t)len + 2)
		return may_come_later() ? TRY_WAITS : TRY_FAILED;
	try->is_sent = true;
	return TRY_WAITS;
}

/* One read(2): of the length, or of that many octets. */
static enum try_outcome receive_tcp(struct query_try *try)
{
	bool is_head = try->done < 2;
	uint8_t *to = is_head ? try->head + try->done : try->octets + try->done - 2;
	size_t wanted = is_head ? 2 - try->done : try->len + 2u - try->done;
	ssize_t got = recv(try->fd, to, wanted, 0);
	if (got < 0)
		return may_come_later() ? TRY_WAITS : TRY_FAILED;
	errno = 0;
	if (got == 0)
		return TRY_FAILED;
	try->done += (uint32_t)got;
	if (is_head && try->done == 2) {
		try->len = (uint16_t)(try->head[0] << 8 | try->head[1]);
		try->octets = malloc(try->len + 1u);
		if (!try->octets) {
			errno = ENOMEM;
			return TRY_FAILED;
		}
	}
	return try->done == try->len + 2u ? TRY_PACKET : TRY_WAITS;
}

static enum try_outcome receive_udp(const struct query_try *try, uint8_t *room,
                                    size_t size, size_t *ret_len)
{
	ssize_t got = recv(try->fd, room, size, MSG_TRUNC);
	if (got < 0)
		return may_come_later() ? TRY_WAITS : TRY_FAILED;
	*ret_len = (size_t)got;
	return *ret_len > size ? TRY_CUT : TRY_PACKET;
}

enum try_outcome query_try_read(struct query_try *try, const struct dns_name *name,
                                enum dns_type type, uint8_t *room, size_t size,
                                const uint8_t **ret_packet, size_t *ret_len)
{
	*ret_packet = room;
	if (!try->is_tcp)
		return receive_udp(try, room, size, ret_len);
	if (!try->is_sent)
		return send_tcp(try, name, type);
	enum try_outcome outcome = receive_tcp(try);
	*ret_packet = try->octets;
	*ret_len = try->len;
	return outcome;
}

void query_try_close(struct query_try *try, struct query_sockets *sockets)
{
	if (try->fd >= 0 && try->is_tcp)
		close(try->fd);
	else if (try->fd >= 0)
		give_socket(sockets, try->fd, try->is_ipv6);
	free(try->octets);
	*try = (struct query_try){ .fd = -1 };
}
