/* Nothing here grows: a packet has fixed room, and one that needs more ends the connection. */
#include "cli/policyd/policyd_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#include "core/base/ctx.h"

#define PAGE ((uintptr_t)65536) /* of any processor */
#define KEPT ((size_t)256 * 1024)

/* Whether `fd` is ready before the deadline. */
static bool is_ready(int fd, short events, int64_t until)
{
	for (;;) {
		int64_t left_ms = (until - monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
		struct pollfd wanted = { .fd = fd, .events = events };
		int ready = left_ms <= 0 ? 0 : poll(&wanted, 1, (int)left_ms);
		if (ready > 0 || (ready == 0 && left_ms <= 0))
			return ready > 0;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

/* How many of `len` octets came before the end, a failure or the deadline. */
static size_t read_octets(struct policyd_packets *p, char *into, size_t len,
                          int64_t until)
{
	size_t at = p->count - p->taken;
	at = at < len ? at : len;
	if (at)
		memcpy(into, p->octets + p->taken, at);
	p->taken += at;
	while (at < len && is_ready(p->in, POLLIN, until)) {
		ssize_t got = read(p->in, into + at, len - at);
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			break;
		at += got > 0 ? (size_t)got : 0;
	}
	return at;
}

static bool write_octets(struct policyd_packets *p, const char *octets, size_t len,
                         int64_t until)
{
	for (size_t at = 0; at < len;) {
		if (!is_ready(p->out, POLLOUT, until))
			return false;
		ssize_t put = write(p->out, octets + at, len - at);
		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		at += put > 0 ? (size_t)put : 0;
	}
	return true;
}

bool policyd_packet_send(struct policyd_packets *p, char command, const void *octets,
                         size_t len)
{
	enum { HEAD = 5 };
	char packet[1024];
	const uint32_t size = htonl((uint32_t)len + 1);
	const size_t first = len < sizeof(packet) - HEAD ? len : sizeof(packet) - HEAD;
	memcpy(packet, &size, sizeof(size));
	packet[4] = command;
	if (first)
		memcpy(packet + HEAD, octets, first);
	int64_t until = monotonic_ns() + p->limits->pause_seconds * NS_PER_SEC;
	return write_octets(p, packet, HEAD + first, until) &&
	       write_octets(p, (const char *)octets + first, len - first, until);
}

/* Releases the pages beyond the usual size, after a larger packet. */
static void give_back(struct policyd_packets *p)
{
	const uintptr_t from = ((uintptr_t)p->packet + KEPT + PAGE - 1) & ~(PAGE - 1);
	const uintptr_t to = (uintptr_t)(p->packet + POLICYD_PACKET_MAX) & ~(PAGE - 1);
	if (p->len > KEPT && from < to)
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

bool policyd_packet_receive(struct policyd_packets *p, bool *ret_is_trouble)
{
	uint32_t size;
	char head[sizeof(size)];
	int64_t now = monotonic_ns();
	give_back(p);
	p->len = 0;
	size_t got = read_octets(p, head, 1, now + p->limits->idle_seconds * NS_PER_SEC);
	if (got == 0) /* the end, or nothing for a long time */
		return false;
	*ret_is_trouble = true;
	int64_t until = monotonic_ns() + p->limits->pause_seconds * NS_PER_SEC;
	if (read_octets(p, head + 1, sizeof(head) - 1, until) < sizeof(head) - 1)
		return false;
	memcpy(&size, head, sizeof(size));
	size = ntohl(size);
	if (size == 0 || size > POLICYD_PACKET_MAX) {
		policyd_log(p->log, LOG_ERR, "a packet of %u octets: connection ended",
		            size);
		return false;
	}
	if (read_octets(p, p->packet, size, until) < size)
		return false;
	p->len = size;
	p->packet[size] = '\0';
	*ret_is_trouble = false;
	return true;
}

uint32_t policyd_packet_number(const struct policyd_packets *p, size_t at)
{
	uint32_t value;
	memcpy(&value, p->packet + at, sizeof(value));
	return ntohl(value);
}

const char *policyd_packet_text(const struct policyd_packets *p, size_t *at)
{
	const char *text = p->packet + *at;
	const char *end = *at < p->len ? memchr(text, '\0', p->len - *at) : NULL;
	if (!end)
		return NULL;
	*at += (size_t)(end - text) + 1;
	return text;
}
