/* Each wait ends at the deadline of the whole conversation; signals do not end it. */
#include "core/base/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

/* ---- addresses -------------------------------------------------------------------------------- */

int peer_address_unix(const struct ctx *ctx, const char *path,
                      struct peer_address *ret_address, struct err *err)
{
	auto_free char *host_path = ctx_host_path(ctx, path);
	struct peer_address address = { .at.local.sun_family = AF_UNIX,
		                        .len = sizeof(address.at.local) };
	if (strlen(host_path) >= sizeof(address.at.local.sun_path))
		return err_set(err, ERR_FAILED,
		               _("the path of the socket %s is too long"), host_path);
	memcpy(address.at.local.sun_path, host_path, strlen(host_path) + 1);
	*ret_address = address;
	return 0;
}

static bool set_inet(const char *host, const char *port_text,
                     struct peer_address *ret_address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	int64_t port;
	if (!text_to_int(port_text, 1, 65535, &port))
		return false;
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	if (strcasecmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
		*ret_address = (struct peer_address){ .at.v4 = v4, .len = sizeof(v4) };
	else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
		*ret_address = (struct peer_address){ .at.v6 = v6, .len = sizeof(v6) };
	else
		return false;
	return true;
}

bool peer_address_inet(const char *text, struct peer_address *ret_address)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool is_bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
	auto_free char *host = xmemdup(text + is_bracketed, len - 2 * is_bracketed);
	return colon && set_inet(host, colon + 1, ret_address);
}

bool peer_address_milter(const char *text, struct peer_address *ret_address)
{
	const char *at = strchr(text, '@');
	auto_free char *port = xmemdup(text, at ? (size_t)(at - text) : strlen(text));
	return set_inet(at ? at + 1 : "127.0.0.1", port, ret_address);
}

/* ---- a conversation --------------------------------------------------------------------------- */

static int wait_ready(const struct peer *peer, short events, struct err *err)
{
	for (;;) {
		int64_t left = peer->deadline - monotonic_ns();
		struct pollfd fd = { .fd = peer->fd, .events = events };
		int r = left <= 0 ? 0 : poll(&fd, 1, (int)(left / NS_PER_MS) + 1);
		if (r > 0)
			return 0;
		if (r == 0)
			return err_set(err, ERR_FAILED, _(peer->words->late), peer->name);
		if (errno != EINTR)
			return err_errno(err, errno, _(peer->words->broken), peer->name);
	}
}

/* After send() or recv(): the call can be repeated. */
static bool is_passing(ssize_t n)
{
	return n >= 0 || errno == EINTR || errno == EAGAIN;
}

int peer_connect(struct peer *peer, const struct peer_address *address, struct err *err)
{
	int failure = 0;
	socklen_t size = sizeof(failure);
	peer->fd = socket(address->at.any.sa_family,
	                  SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (peer->fd < 0)
		return err_errno(err, errno, _("cannot create a socket"));
	if (connect(peer->fd, &address->at.any, address->len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return err_errno(err, errno, _(peer->words->absent), peer->name);
	int r = wait_ready(peer, POLLOUT, err);
	if (r < 0)
		return r;
	getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &failure, &size);
	return failure ? err_errno(err, failure, _(peer->words->absent), peer->name) : 0;
}

int peer_send(struct peer *peer, const void *octets, size_t len, struct err *err)
{
	for (size_t at = 0; at < len;) {
		int r = wait_ready(peer, POLLOUT, err);
		if (r < 0)
			return r;
		ssize_t n =
			send(peer->fd, (const char *)octets + at, len - at, MSG_NOSIGNAL);
		if (!is_passing(n))
			return err_errno(err, errno, _(peer->words->broken), peer->name);
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int peer_receive_more(struct peer *peer, struct err *err)
{
	for (;;) {
		char octets[512];
		int r = wait_ready(peer, POLLIN, err);
		if (r < 0)
			return r;
		ssize_t n = recv(peer->fd, octets, sizeof(octets), 0);
		if (n == 0)
			return err_set(err, ERR_FAILED, _(peer->words->closed),
			               peer->name);
		if (!is_passing(n))
			return err_errno(err, errno, _(peer->words->broken), peer->name);
		if (n > 0) {
			buf_add(&peer->in, octets, (size_t)n);
			return 0;
		}
	}
}

static void take(struct peer *peer, size_t len)
{
	peer->in.len -= len;
	memmove(peer->in.at, peer->in.at + len, peer->in.len + 1);
}

int peer_receive(struct peer *peer, void *octets, size_t len, struct err *err)
{
	while (peer->in.len < len) {
		int r = peer_receive_more(peer, err);
		if (r < 0)
			return r;
	}
	if (len) {
		memcpy(octets, peer->in.at, len);
		take(peer, len);
	}
	return 0;
}

int peer_receive_line(struct peer *peer, size_t limit, struct buf *line, struct err *err)
{
	const char *feed;
	while (!peer->in.len || !(feed = memchr(peer->in.at, '\n', peer->in.len))) {
		if (peer->in.len > limit)
			return 0;
		int r = peer_receive_more(peer, err);
		if (r < 0)
			return r;
	}
	size_t len = (size_t)(feed - peer->in.at);
	if (len > limit)
		return 0;
	buf_clear(line);
	buf_add(line, peer->in.at, len && feed[-1] == '\r' ? len - 1 : len);
	take(peer, len + 1);
	return 1;
}

void peer_done(struct peer *peer)
{
	close_fd(&peer->fd);
	peer->fd = -1;
	buf_done(&peer->in);
}
