/*
 * An SMTP session that delivers nothing.  postscreen greets with several lines and a pause between
 * them; a line is at most 2,000 octets.
 */
#include "core/mta/smtp_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define LINE_LIMIT 2000
#define LINES_LIMIT 100

struct smtp {
	const char *endpoint;
	int fd;
	int64_t deadline;
	struct buf in;
	char line[LINE_LIMIT + 1];
};

static int wait_ready(const struct smtp *s, short events, struct err *err)
{
	for (;;) {
		int64_t left = s->deadline - monotonic_ns();
		struct pollfd fd = { .fd = s->fd, .events = events };
		int r = left <= 0 ? 0 : poll(&fd, 1, (int)(left / NS_PER_MS) + 1);
		if (r > 0)
			return 0;
		if (r == 0)
			return err_set(err, ERR_FAILED,
			               _("the mail server at %s did not answer in time"),
			               s->endpoint);
		if (errno != EINTR)
			return err_errno(err, errno, _("the mail server at %s"),
			                 s->endpoint);
	}
}

/* One line without its end. */
static int read_line(struct smtp *s, struct err *err)
{
	for (;;) {
		const char *feed = s->in.len ? memchr(s->in.at, '\n', s->in.len) : NULL;
		if (feed) {
			size_t len = (size_t)(feed - s->in.at),
			       rest = s->in.len - len - 1;
			memcpy(s->line, s->in.at, len);
			s->line[len && s->line[len - 1] == '\r' ? len - 1 : len] = '\0';
			memmove(s->in.at, feed + 1, rest);
			s->in.len = rest;
			return 0;
		}
		char octets[512];
		if (s->in.len + sizeof(octets) > LINE_LIMIT)
			return err_set(err, ERR_FAILED,
			               _("what answers at %s is no mail server"),
			               s->endpoint);
		int r = wait_ready(s, POLLIN, err);
		if (r < 0)
			return r;
		ssize_t n = recv(s->fd, octets, sizeof(octets), 0);
		if (n == 0)
			return err_set(err, ERR_FAILED,
			               _("the mail server at %s closed the connection"),
			               s->endpoint);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_errno(err, errno, _("the mail server at %s"),
			                 s->endpoint);
		if (n > 0)
			buf_add(&s->in, octets, (size_t)n);
	}
}

/* A whole reply; its last line stays in s->line. */
static int read_reply(struct smtp *s, struct err *err)
{
	for (unsigned lines = 0; lines < LINES_LIMIT; lines++) {
		int r = read_line(s, err);
		if (r < 0)
			return r;
		if (strspn(s->line, "0123456789") != 3)
			return err_set(err, ERR_FAILED,
			               _("what answers at %s is no mail server"),
			               s->endpoint);
		if (s->line[3] != '-')
			return 0;
	}
	return err_set(err, ERR_FAILED, _("what answers at %s is no mail server"),
	               s->endpoint);
}

static int send_text(struct smtp *s, const char *command, struct err *err)
{
	size_t len = strlen(command);
	for (size_t at = 0; at < len;) {
		int r = wait_ready(s, POLLOUT, err);
		if (r < 0)
			return r;
		ssize_t n = send(s->fd, command + at, len - at, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_errno(err, errno, _("the mail server at %s"),
			                 s->endpoint);
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int say(struct smtp *s, const char *command, struct err *err)
{
	int r = send_text(s, command, err);
	return r ? r : read_reply(s, err);
}

static int open_connection(struct smtp *s, struct err *err)
{
	const char *colon = strrchr(s->endpoint, ':');
	size_t host_len = colon ? (size_t)(colon - s->endpoint) : 0;
	bool is_v6 = host_len > 2 && s->endpoint[0] == '[';
	auto_free char *host = xmemdup(s->endpoint + is_v6, host_len - 2 * is_v6);
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	int64_t port;
	if (!colon || !text_to_int(colon + 1, 1, 65535, &port) ||
	    (is_v6 ? inet_pton(AF_INET6, host, &v6.sin6_addr)
	           : inet_pton(AF_INET, host, &v4.sin_addr)) != 1)
		return err_set(err, ERR_FAILED, _("%s is no address of a mail server"),
		               s->endpoint);
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	s->fd = socket(is_v6 ? AF_INET6 : AF_INET,
	               SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return err_errno(err, errno, _("cannot make a socket"));
	int r = is_v6 ? connect(s->fd, (struct sockaddr *)&v6, sizeof(v6))
	              : connect(s->fd, (struct sockaddr *)&v4, sizeof(v4));
	if (r == 0)
		return 0;
	if (errno != EINPROGRESS)
		return err_errno(err, errno, _("no mail server answers at %s"),
		                 s->endpoint);
	r = wait_ready(s, POLLOUT, err);
	if (r < 0)
		return r;
	int failure = 0;
	socklen_t size = sizeof(failure);
	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &failure, &size);
	return failure ? err_errno(err, failure, _("no mail server answers at %s"),
	                           s->endpoint)
	               : 0;
}

/* The address literal of one end of the connection: of the other one when `is_peer`. */
static char *literal(const struct smtp *s, bool is_peer)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} end = { 0 };
	socklen_t size = sizeof(end);
	char text[INET6_ADDRSTRLEN] = "127.0.0.1";
	int r = is_peer ? getpeername(s->fd, &end.any, &size)
	                : getsockname(s->fd, &end.any, &size);
	bool is_v6 = r == 0 && end.any.sa_family == AF_INET6;
	if (is_v6)
		inet_ntop(AF_INET6, &end.v6.sin6_addr, text, sizeof(text));
	else if (r == 0 && end.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &end.v4.sin_addr, text, sizeof(text));
	return xasprintf("[%s%s]", is_v6 ? "IPv6:" : "", text);
}

/* "220 mx.example.com ESMTP": the name, or the server's address where it gives no full name. */
static char *server_name(const struct smtp *s)
{
	const char *name = s->line[3] ? s->line + 4 : "";
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
	bool is_full =
		len < 256 && memchr(name, '.', len) && (!name[len] || name[len] == ' ');
	return is_full ? xmemdup(name, len) : literal(s, true);
}

/* A literal is a full name that no restriction on HELO can dislike. */
static int say_ehlo(struct smtp *s, struct err *err)
{
	auto_free char *own = literal(s, false);
	auto_free char *command = xasprintf("EHLO %s\r\n", own);
	return say(s, command, err);
}

/* What a proxy says first: https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt, version 1. */
static int say_proxy(struct smtp *s, struct err *err)
{
	bool is_v6 = s->endpoint[0] == '[';
	const char *address = is_v6 ? "::1" : "127.0.0.1";
	auto_free char *line = xasprintf("PROXY %s %s %s 40000 25\r\n",
	                                 is_v6 ? "TCP6" : "TCP4", address, address);
	return send_text(s, line, err);
}

static void say_goodbye(struct smtp *s, bool has_transaction)
{
	struct err ignored = ERR_INIT;
	if (text_starts(s->line, "421"))
		return;
	if (has_transaction && say(s, "RSET\r\n", &ignored) < 0)
		return;
	if (say(s, "QUIT\r\n", &ignored) < 0)
		err_clear(&ignored);
}

/* The last answer, or the first that ends it. */
static int converse(struct smtp *s, enum smtp_depth depth, char **ret_answer,
                    struct err *err)
{
	auto_free char *name = NULL, *command = NULL;
	bool has_transaction = false;
	int r = read_reply(s, err);
	if (r == 0) {
		name = server_name(s);
		command = xasprintf("RCPT TO:<postmaster@%s>\r\n", name);
	}
	if (r == 0 && s->line[0] == '2')
		r = say_ehlo(s, err);
	if (r == 0 && s->line[0] == '2' && depth >= SMTP_TO_MAIL) {
		has_transaction = true;
		r = say(s, "MAIL FROM:<>\r\n", err);
	}
	if (r == 0 && s->line[0] == '2' && depth >= SMTP_TO_RCPT)
		r = say(s, command, err);
	if (r < 0)
		return r;
	*ret_answer = xstrdup(s->line);
	for (char *c = *ret_answer; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	say_goodbye(s, has_transaction);
	return 0;
}

static int ask(const struct step *step, int64_t deadline, char **ret_answer,
               struct err *err)
{
	struct smtp s = { .endpoint = step->object, .fd = -1, .deadline = deadline };
	int r = open_connection(&s, err);
	if (r == 0 && step->probe == PROBE_SMTP_PROXY)
		r = say_proxy(&s, err);
	if (r == 0)
		r = converse(&s, step->probe_depth, ret_answer, err);
	close_fd(&s.fd);
	buf_done(&s.in);
	return r;
}

char *smtp_probe_before(const struct step *step, int64_t deadline)
{
	struct err why = ERR_INIT;
	char *answer = NULL;
	return ask(step, deadline, &answer, &why) < 0
	               ? xasprintf(SMTP_SILENT "%s", why.text)
	               : answer;
}

/* Code and enhanced status are the same; words may count seconds. */
static bool is_same_status(const char *a, const char *b)
{
	size_t status = a[3] ? strspn(a + 4, "0123456789.") : 0;
	size_t len = 3 + (status ? 1 + status : 0);
	return strncmp(a, b, len) == 0 && (!b[len] || strchr(" \t", b[len]));
}

bool smtp_is_worse(const char *before, const char *after)
{
	switch (after[0]) {
	case '2':
		return false;
	case '4':
		return !before || !is_same_status(after, before);
	case '5':
		return before && before[0] == '2';
	default:
		return true;
	}
}

/* What Postfix says when a filter does not answer: "451 4.7.1 ..." in the transaction, and from 3.10
 * on (Debian 13) "421 mx.example.com ..." instead of a greeting. */
static bool is_of_filter(const char *answer)
{
	return text_starts(answer, "451 4.7.1 Service unavailable") ||
	       (text_starts(answer, "421 ") &&
	        strstr(answer, " Service unavailable - try"));
}

static int fail(const struct step *step, const char *answer, struct err *err)
{
	if (is_of_filter(answer))
		return err_set(err, ERR_FAILED,
		               _("the mail server at %s cannot reach its filter: %s"),
		               step->object, answer);
	if (step->probe_depth == SMTP_TO_EHLO)
		return err_set(err, ERR_FAILED, _("the mail server at %s says: %s"),
		               step->object, answer);
	return err_set(err, ERR_FAILED,
	               _("the mail server at %s does not take mail for its "
	                 "postmaster: %s"),
	               step->object, answer);
}

int smtp_probe(struct ctx *ctx, const struct step *step, int64_t deadline,
               struct err *err)
{
	const char *before = step->probe_before;
	auto_free char *answer = NULL;
	if (before && text_starts(before, SMTP_SILENT)) {
		ctx_report(
			ctx, REPORT_WARNING,
			_("not asked after the push, because it did not answer before: "
		          "%s"),
			before + strlen(SMTP_SILENT));
		return 0;
	}
	int r = ask(step, deadline, &answer, err);
	if (r < 0)
		return r;
	if (smtp_is_worse(before, answer))
		return fail(step, answer, err);
	if (answer[0] == '4')
		ctx_report(ctx, REPORT_WARNING,
		           _("the mail server at %s does not take mail for its "
		             "postmaster, and did not before: %s"),
		           step->object, answer);
	return 0;
}
