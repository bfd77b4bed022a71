/*
 * A name server for tests, on loopback: answers over UDP and TCP from a table in a text file.
 *
 *     dnsd [--address ADDR] [--port PORT] [--delay MS] [--count FILE] TABLE
 *
 * Prints "ADDR:PORT" once both sockets are there, then serves until it is killed.  --port 0 (the
 * default) takes any free one.  --delay holds every answer back so long, however many are waiting
 * at the same time.  --count: the number of questions so far stands in FILE, after each.
 *
 * A line of the table is "NAME TYPE [DATA]"; '#' begins a comment line.
 *
 *     example.org        TXT      "v=spf1 " "-all"     (or without quotes: the rest of the line)
 *     example.org        A        192.0.2.1            AAAA, MX "10 mail", PTR, NS, CNAME likewise
 *     *.example.org      A        192.0.2.2            any name below that has no line of its own
 *     example.net        SERVFAIL                      also REFUSED, TIMEOUT (no answer), TRUNCATE
 *     example.net        DELAY    50                   this name's answers, in ms
 *
 * The last three hold for every type of that name.  A name without lines, but with names below it,
 * exists without data.  Negative answers carry no SOA.  Not a general server: no compression but of
 * the question's name, no EDNS of its own; an answer over the asked size is cut (TC) over UDP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 65535
#define NAME_TEXT_MAX 1100
#define CLIENTS_MAX 64

enum type {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_OPT = 41,
	TYPE_SERVFAIL = 0x10000, /* the behaviour of a name */
	TYPE_REFUSED,
	TYPE_TIMEOUT,
	TYPE_TRUNCATE,
	TYPE_DELAY,
};

static const struct {
	const char *name;
	enum type type;
} types[] = {
	{ "A", TYPE_A },
	{ "NS", TYPE_NS },
	{ "CNAME", TYPE_CNAME },
	{ "PTR", TYPE_PTR },
	{ "MX", TYPE_MX },
	{ "TXT", TYPE_TXT },
	{ "AAAA", TYPE_AAAA },
	{ "SERVFAIL", TYPE_SERVFAIL },
	{ "REFUSED", TYPE_REFUSED },
	{ "TIMEOUT", TYPE_TIMEOUT },
	{ "TRUNCATE", TYPE_TRUNCATE },
	{ "DELAY", TYPE_DELAY },
};

struct row {
	char *name; /* lower case, no final dot */
	enum type type;
	uint8_t *data; /* rdata as it is sent */
	size_t len;
	int delay_ms;
};

struct waiting { /* an answer that is delayed */
	int64_t due_ns;
	int fd;
	bool is_tcp;
	struct sockaddr_storage to;
	socklen_t to_len;
	uint8_t *octets;
	size_t len;
};

struct client {      /* a TCP connection */
	int fd;      /* -1: free */
	size_t held; /* answers that are pending: not closed before */
	bool is_closing;
	size_t len;
	uint8_t octets[2 + MESSAGE_MAX];
};

struct server {
	struct row *row;
	size_t row_count, row_room;
	struct waiting *waiting;
	size_t waiting_count, waiting_room;
	struct client *client; /* CLIENTS_MAX */
	int udp, tcp;
	int delay_ms;
	const char *count_file;
	unsigned long questions;
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("dnsd: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static void *grow(void *old, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return old;
	*room = *room ? 2 * *room : 64;
	void *grown = reallocarray(old, *room, size);
	if (!grown)
		die("out of memory");
	return grown;
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- the table --------------------------------------------------------------------- */

/* Presentation form to wire form; \DDD and \X are octets.  0: not a name. */
static size_t name_to_wire(const char *text, uint8_t wire[256])
{
	size_t len = 1, label = 0;
	for (; *text && !(text[0] == '.' && text[1] == '\0'); text++) {
		unsigned octet = (uint8_t)*text;
		if (*text == '.') {
			label = len++;
			continue;
		}
		if (*text == '\\' && strspn(text + 1, "0123456789") >= 3) {
			octet = (unsigned)(text[1] - '0') * 100 +
			        (unsigned)(text[2] - '0') * 10 +
			        (unsigned)(text[3] - '0');
			text += 3;
		} else if (*text == '\\' && text[1]) {
			octet = (uint8_t) * ++text;
		}
		if (len >= 254 || len - label > 63)
			return 0;
		wire[len++] = (uint8_t)octet;
		wire[label] = (uint8_t)(len - label - 1);
	}
	if (len == 1)
		len = 0;
	wire[len++] = 0;
	return len;
}

/* "..." strings, or the rest of the line; each at most 255 octets in wire form. */
static size_t txt_to_wire(const char *text, uint8_t *wire, size_t room)
{
	size_t len = 0;
	bool is_quoted = *text == '"';
	do {
		size_t start = len++;
		if (is_quoted)
			text++;
		for (; *text && !(is_quoted && *text == '"'); text++) {
			unsigned octet = (uint8_t)*text;
			if (*text == '\\' && strspn(text + 1, "0123456789") >= 3) {
				octet = (unsigned)(text[1] - '0') * 100 +
				        (unsigned)(text[2] - '0') * 10 +
				        (unsigned)(text[3] - '0');
				text += 3;
			} else if (*text == '\\' && text[1]) {
				octet = (uint8_t) * ++text;
			}
			if (len + 2 >= room)
				die("a TXT record is too long");
			if (len - start == 256) {
				wire[start] = 255;
				start = len++;
			}
			wire[len++] = (uint8_t)octet;
		}
		wire[start] = (uint8_t)(len - start - 1);
		if (is_quoted && *text == '"')
			text++;
		text += strspn(text, " \t");
	} while (is_quoted && *text == '"');
	return len;
}

static size_t data_to_wire(enum type type, const char *text, uint8_t *wire, size_t room)
{
	char *end;
	switch (type) {
	case TYPE_A:
		return inet_pton(AF_INET, text, wire) == 1 ? 4 : 0;
	case TYPE_AAAA:
		return inet_pton(AF_INET6, text, wire) == 1 ? 16 : 0;
	case TYPE_MX: {
		unsigned long preference = strtoul(text, &end, 10);
		wire[0] = (uint8_t)(preference >> 8);
		wire[1] = (uint8_t)preference;
		size_t len = name_to_wire(end + strspn(end, " \t"), wire + 2);
		return len ? len + 2 : 0;
	}
	case TYPE_NS:
	case TYPE_PTR:
	case TYPE_CNAME:
		return name_to_wire(text, wire);
	case TYPE_TXT:
		return txt_to_wire(text, wire, room);
	default:
		return 0;
	}
}

static void add_row(struct server *s, char *name, const char *type_name, const char *data,
                    unsigned line)
{
	static uint8_t wire[MESSAGE_MAX];
	struct row row = { 0 };
	size_t i = 0;
	while (i < sizeof(types) / sizeof(types[0]) && strcmp(types[i].name, type_name))
		i++;
	if (i == sizeof(types) / sizeof(types[0]))
		die("line %u: unknown type %s", line, type_name);
	row.type = types[i].type;
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	size_t len = strlen(name);
	if (len > 1 && name[len - 1] == '.')
		name[len - 1] = '\0';
	row.name = strdup(name);
	if (row.type == TYPE_DELAY) {
		row.delay_ms = atoi(data);
	} else if (row.type < TYPE_SERVFAIL) {
		row.len = data_to_wire(row.type, data, wire, sizeof(wire));
		if (row.len == 0)
			die("line %u: not the data of a %s record: %s", line, type_name,
			    data);
		row.data = malloc(row.len);
		if (row.data)
			memcpy(row.data, wire, row.len);
	}
	if (!row.name || (row.len && !row.data))
		die("out of memory");
	s->row = grow(s->row, s->row_count, &s->row_room, sizeof(*s->row));
	s->row[s->row_count++] = row;
}

static void read_table(struct server *s, const char *path)
{
	FILE *file = fopen(path, "re");
	if (!file)
		die("%s: %s", path, strerror(errno));
	char *line = NULL;
	size_t room = 0;
	for (unsigned number = 1; getline(&line, &room, file) >= 0; number++) {
		line[strcspn(line, "\n")] = '\0';
		char *name = line + strspn(line, " \t");
		if (*name == '\0' || *name == '#')
			continue;
		char *type = name + strcspn(name, " \t");
		if (*type)
			*type++ = '\0';
		type += strspn(type, " \t");
		char *data = type + strcspn(type, " \t");
		if (*data)
			*data++ = '\0';
		add_row(s, name, type, data + strspn(data, " \t"), number);
	}
	free(line);
	fclose(file);
}

/* ---- an answer --------------------------------------------------------------------- */

struct question {
	char name[NAME_TEXT_MAX]; /* lower case, no final dot */
	unsigned type;
	size_t end; /* offset after it */
	size_t udp_size;
};

static bool read_question(const uint8_t *message, size_t len, struct question *ret)
{
	if (len < 12 || (message[2] & 0x80) || message[4] != 0 || message[5] != 1)
		return false;
	size_t at = 12, out = 0;
	while (at < len && message[at] != 0) {
		size_t label = message[at++];
		if (label > 63 || at + label >= len)
			return false;
		if (out > 0)
			ret->name[out++] = '.';
		for (size_t i = 0; i < label; i++) {
			uint8_t c = message[at + i];
			if (c >= 'A' && c <= 'Z')
				c = (uint8_t)(c + 32);
			if (c <= 0x20 || c >= 0x7f || c == '.' || c == '\\')
				out += (size_t)sprintf(ret->name + out, "\\%03u", c);
			else
				ret->name[out++] = (char)c;
		}
		at += label;
	}
	if (at + 5 > len)
		return false;
	ret->name[out] = '\0';
	ret->type = (unsigned)message[at + 1] << 8 | message[at + 2];
	ret->end = at + 5;
	ret->udp_size = 512;
	/* OPT, if it is the only record after the question (RFC 6891 6.1.2). */
	const uint8_t *opt = message + ret->end;
	if (message[11] == 1 && ret->end + 11 <= len && opt[0] == 0 && opt[2] == TYPE_OPT)
		ret->udp_size = (size_t)opt[3] << 8 | opt[4];
	return true;
}

static bool is_below(const char *name, const char *parent)
{
	size_t a = strlen(name), b = strlen(parent);
	return a > b && name[a - b - 1] == '.' && strcmp(name + a - b, parent) == 0;
}

static bool has_name(const struct server *s, const char *name)
{
	for (size_t i = 0; i < s->row_count; i++)
		if (strcmp(s->row[i].name, name) == 0)
			return true;
	return false;
}

/* The name whose rows answer: itself, or the closest wildcard above it. */
static const char *effective_name(const struct server *s, const char *name,
                                  char wildcard[NAME_TEXT_MAX + 2])
{
	if (has_name(s, name))
		return name;
	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		snprintf(wildcard, NAME_TEXT_MAX + 2, "*%s", dot);
		if (has_name(s, wildcard))
			return wildcard;
		if (has_name(s, dot + 1))
			break;
	}
	return name;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

struct answer {
	uint8_t octets[MESSAGE_MAX];
	size_t len;
	unsigned count;
	bool is_full;
};

static void add_record(struct answer *a, const uint8_t *owner, size_t owner_len,
                       const struct row *row)
{
	if (a->len + owner_len + 10 + row->len > sizeof(a->octets)) {
		a->is_full = true;
		return;
	}
	memcpy(a->octets + a->len, owner, owner_len);
	uint8_t *at = a->octets + a->len + owner_len;
	put16(at, (unsigned)row->type);
	put16(at + 2, 1);
	put16(at + 4, 0);
	put16(at + 6, 60);
	put16(at + 8, (unsigned)row->len);
	memcpy(at + 10, row->data, row->len);
	a->len += owner_len + 10 + row->len;
	a->count++;
}

struct behaviour {
	unsigned rcode;
	bool is_silent, is_cut;
	int delay_ms;
};

static void note_behaviour(const struct server *s, const char *name, struct behaviour *b)
{
	for (size_t i = 0; i < s->row_count; i++) {
		const struct row *row = &s->row[i];
		if (row->type < TYPE_SERVFAIL || strcmp(row->name, name) != 0)
			continue;
		if (row->type == TYPE_SERVFAIL)
			b->rcode = 2;
		else if (row->type == TYPE_REFUSED)
			b->rcode = 5;
		else if (row->type == TYPE_TIMEOUT)
			b->is_silent = true;
		else if (row->type == TYPE_TRUNCATE)
			b->is_cut = true;
		else
			b->delay_ms = row->delay_ms;
	}
}

/* The records of a name, through CNAMEs.  False: no such name. */
static bool add_records(const struct server *s, const struct question *q,
                        struct answer *a, struct behaviour *b)
{
	static const uint8_t to_question[2] = { 0xc0, 12 };
	uint8_t owner[256];
	size_t owner_len = sizeof(to_question);
	memcpy(owner, to_question, owner_len);
	char name[NAME_TEXT_MAX], wildcard[NAME_TEXT_MAX + 2];
	snprintf(name, sizeof(name), "%s", q->name);
	for (unsigned links = 0; links < 20; links++) {
		const char *from = effective_name(s, name, wildcard);
		const struct row *alias = NULL;
		bool exists = false;
		note_behaviour(s, from, b);
		for (size_t i = 0; i < s->row_count; i++) {
			const struct row *row = &s->row[i];
			exists |= is_below(row->name, name);
			if (strcmp(row->name, from) != 0)
				continue;
			exists = true;
			if ((unsigned)row->type == q->type)
				add_record(a, owner, owner_len, row);
			if (row->type == TYPE_CNAME)
				alias = row;
		}
		if (!alias || q->type == TYPE_CNAME)
			return exists;
		add_record(a, owner, owner_len, alias);
		memcpy(owner, alias->data, alias->len);
		owner_len = alias->len;
		size_t out = 0;
		for (size_t at = 0; alias->data[at]; at += alias->data[at] + 1u)
			out += (size_t)snprintf(name + out, sizeof(name) - out, "%s%.*s",
			                        out ? "." : "", alias->data[at],
			                        (const char *)alias->data + at + 1);
	}
	return true;
}

/* 0: no answer at all. */
static size_t make_answer(struct server *s, const uint8_t *message, size_t len,
                          bool is_tcp, struct answer *a, int *ret_delay_ms)
{
	struct question q;
	struct behaviour b = { .delay_ms = s->delay_ms };
	if (!read_question(message, len, &q))
		return 0;
	s->questions++;
	memcpy(a->octets, message, q.end);
	a->len = q.end;
	a->count = 0;
	a->is_full = false;
	if (!add_records(s, &q, a, &b))
		b.rcode = 3;
	*ret_delay_ms = b.delay_ms;
	if (b.is_silent)
		return 0;
	bool is_cut = !is_tcp && (b.is_cut || a->is_full || a->len > q.udp_size);
	if (is_cut || b.rcode == 2 || b.rcode == 5) {
		a->len = q.end;
		a->count = 0;
	}
	/* QR, AA, the asker's RD, RA; TC; one question */
	put16(a->octets + 2,
	      0x8480u | (message[2] & 1u) << 8 | b.rcode | (is_cut ? 0x200u : 0));
	put16(a->octets + 4, 1);
	put16(a->octets + 6, a->count);
	put16(a->octets + 8, 0);
	put16(a->octets + 10, 0);
	return a->len;
}

/* ---- sockets ----------------------------------------------------------------------- */

static void send_now(const struct waiting *w)
{
	if (!w->is_tcp) {
		sendto(w->fd, w->octets, w->len, 0, (const struct sockaddr *)&w->to,
		       w->to_len);
		return;
	}
	for (size_t sent = 0; sent < w->len;) {
		ssize_t got = send(w->fd, w->octets + sent, w->len - sent, MSG_NOSIGNAL);
		if (got <= 0)
			return;
		sent += (size_t)got;
	}
}

static struct client *client_of(struct server *s, int fd)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (s->client[i].fd == fd)
			return &s->client[i];
	return NULL;
}

static void drop_if_idle(struct client *c)
{
	if (!c->is_closing || c->held > 0)
		return;
	close(c->fd);
	c->fd = -1;
}

static void write_count(const struct server *s)
{
	if (!s->count_file)
		return;
	char text[32];
	int len = snprintf(text, sizeof(text), "%lu\n", s->questions);
	int fd = open(s->count_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)len) != len)
		die("%s: %s", s->count_file, strerror(errno));
	close(fd);
}

/* Answers at once, or adds the answer to the delayed ones. */
static void answer(struct server *s, const uint8_t *message, size_t len,
                   struct waiting *to)
{
	static struct answer a;
	int delay_ms = 0;
	size_t prefix = to->is_tcp ? 2 : 0;
	size_t answer_len = make_answer(s, message, len, to->is_tcp, &a, &delay_ms);
	write_count(s);
	if (answer_len == 0)
		return;
	to->len = prefix + answer_len;
	to->octets = malloc(to->len);
	if (!to->octets)
		die("out of memory");
	if (to->is_tcp)
		put16(to->octets, (unsigned)answer_len);
	memcpy(to->octets + prefix, a.octets, answer_len);
	if (delay_ms == 0) {
		send_now(to);
		free(to->octets);
		return;
	}
	to->due_ns = now_ns() + delay_ms * INT64_C(1000000);
	if (to->is_tcp)
		client_of(s, to->fd)->held++;
	s->waiting =
		grow(s->waiting, s->waiting_count, &s->waiting_room, sizeof(*s->waiting));
	s->waiting[s->waiting_count++] = *to;
}

/* Sends what is due; returns the time to the next one in ms, -1: none. */
static int send_due(struct server *s)
{
	int64_t now = now_ns(), next = INT64_MAX;
	size_t kept = 0;
	for (size_t i = 0; i < s->waiting_count; i++) {
		struct waiting *w = &s->waiting[i];
		if (w->due_ns > now) {
			next = w->due_ns < next ? w->due_ns : next;
			s->waiting[kept++] = *w;
			continue;
		}
		send_now(w);
		free(w->octets);
		struct client *c = w->is_tcp ? client_of(s, w->fd) : NULL;
		if (c) {
			c->held--;
			drop_if_idle(c);
		}
	}
	s->waiting_count = kept;
	return next == INT64_MAX ? -1 : (int)((next - now + 999999) / 1000000);
}

static void serve_udp(struct server *s)
{
	static uint8_t message[MESSAGE_MAX];
	for (;;) {
		struct waiting to = { .fd = s->udp, .to_len = sizeof(to.to) };
		ssize_t len = recvfrom(s->udp, message, sizeof(message), MSG_DONTWAIT,
		                       (struct sockaddr *)&to.to, &to.to_len);
		if (len < 0)
			return;
		answer(s, message, (size_t)len, &to);
	}
}

static void serve_client(struct server *s, struct client *c)
{
	ssize_t got =
		recv(c->fd, c->octets + c->len, sizeof(c->octets) - c->len, MSG_DONTWAIT);
	if (got <= 0) {
		if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			c->is_closing = true;
			drop_if_idle(c);
		}
		return;
	}
	c->len += (size_t)got;
	for (;;) {
		size_t len = c->len < 2 ? 0 : (size_t)c->octets[0] << 8 | c->octets[1];
		if (c->len < 2 || c->len < 2 + len)
			return;
		struct waiting to = { .fd = c->fd, .is_tcp = true };
		answer(s, c->octets + 2, len, &to);
		memmove(c->octets, c->octets + 2 + len, c->len - 2 - len);
		c->len -= 2 + len;
	}
}

static void accept_client(struct server *s)
{
	int fd = accept4(s->tcp, NULL, NULL, SOCK_CLOEXEC);
	struct client *c = client_of(s, -1);
	if (fd < 0)
		return;
	if (!c) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->held = c->len = 0;
	c->is_closing = false;
}

__attribute__((noreturn)) static void serve(struct server *s)
{
	for (;;) {
		struct pollfd wanted[2 + CLIENTS_MAX] = {
			{ .fd = s->udp, .events = POLLIN },
			{ .fd = s->tcp, .events = POLLIN },
		};
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			wanted[2 + i] = (struct pollfd){ .fd = s->client[i].is_closing
				                                       ? -1
				                                       : s->client[i].fd,
				                         .events = POLLIN };
		if (poll(wanted, 2 + CLIENTS_MAX, send_due(s)) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (wanted[0].revents)
			serve_udp(s);
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			if (wanted[2 + i].revents)
				serve_client(s, &s->client[i]);
		if (wanted[1].revents)
			accept_client(s);
	}
}

/* Both protocols on one port: a free UDP port may be in use for TCP, then another is tried. */
static void open_sockets(struct server *s, const char *address, unsigned port)
{
	bool is_ip6 = strchr(address, ':') != NULL;
	for (unsigned tries = 0; tries < 50; tries++) {
		struct sockaddr_in in = { .sin_family = AF_INET,
			                  .sin_port = htons((uint16_t)port) };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
			                    .sin6_port = htons((uint16_t)port) };
		struct sockaddr *at =
			is_ip6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
		socklen_t len = is_ip6 ? sizeof(in6) : sizeof(in);
		if (inet_pton(at->sa_family, address,
		              is_ip6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr) !=
		    1)
			die("%s is not an address", address);
		s->udp = socket(at->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		s->tcp = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		                0);
		setsockopt(s->tcp, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
		if (bind(s->udp, at, len) == 0 && getsockname(s->udp, at, &len) == 0 &&
		    bind(s->tcp, at, len) == 0 && listen(s->tcp, 64) == 0) {
			port = ntohs(is_ip6 ? in6.sin6_port : in.sin_port);
			printf(is_ip6 ? "[%s]:%u\n" : "%s:%u\n", address, port);
			if (fflush(stdout) != 0)
				die("cannot write");
			return;
		}
		close(s->udp);
		close(s->tcp);
	}
	die("cannot listen on %s port %u: %s", address, port, strerror(errno));
}

int main(int argc, char **argv)
{
	static struct server s;
	const char *address = "127.0.0.1";
	unsigned port = 0;
	int i = 1;
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (strcmp(argv[i], "--address") == 0)
			address = argv[i + 1];
		else if (strcmp(argv[i], "--port") == 0)
			port = (unsigned)atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--delay") == 0)
			s.delay_ms = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--count") == 0)
			s.count_file = argv[i + 1];
		else
			die("unknown option %s", argv[i]);
	}
	if (i + 1 != argc)
		die("usage: dnsd [--address ADDR] [--port PORT] [--delay MS] "
		    "[--count FILE] TABLE");
	signal(SIGPIPE, SIG_IGN);
	read_table(&s, argv[i]);
	s.client = calloc(CLIENTS_MAX, sizeof(*s.client));
	if (!s.client)
		die("out of memory");
	for (size_t k = 0; k < CLIENTS_MAX; k++)
		s.client[k].fd = -1;
	open_sockets(&s, address, port);
	write_count(&s);
	serve(&s);
}
