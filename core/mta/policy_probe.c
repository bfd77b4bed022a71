/*
 * One request of the policy delegation protocol.  Postfix's master makes the socket itself, so a
 * connection alone says nothing: a program that cannot be started closes it without an answer.
 */
#include "core/mta/policy_probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define ANSWER_LIMIT 4096

static char *compose(const char *client, const char *domain, const char *sender)
{
	return xasprintf("request=smtpd_access_policy\n"
	                 "protocol_state=RCPT\n"
	                 "protocol_name=ESMTP\n"
	                 "client_address=%s\n"
	                 "client_name=%s\n"
	                 "helo_name=%s\n"
	                 "sender=%s\n"
	                 "recipient=postmaster@localhost\n"
	                 "instance=mailauthctl.probe\n"
	                 "\n",
	                 client, domain, domain, sender);
}

struct conversation {
	const char *endpoint;
	int fd;
	int64_t deadline;
};

static int wait_ready(const struct conversation *c, short events, struct err *err)
{
	for (;;) {
		int64_t left = c->deadline - monotonic_ns();
		struct pollfd fd = { .fd = c->fd, .events = events };
		int r = left <= 0 ? 0 : poll(&fd, 1, (int)(left / NS_PER_MS) + 1);
		if (r > 0)
			return 0;
		if (r == 0)
			return err_set(
				err, ERR_FAILED,
				_("the policy service at %s did not answer in time"),
				c->endpoint);
		if (errno != EINTR)
			return err_errno(err, errno, _("the policy service at %s"),
			                 c->endpoint);
	}
}

static int open_connection(struct ctx *ctx, struct conversation *c, struct err *err)
{
	const char *path = text_starts(c->endpoint, "unix:") ? c->endpoint + 5 : "";
	auto_free char *host_path = ctx_host_path(ctx, path);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(host_path) >= sizeof(address.sun_path))
		return err_set(err, ERR_FAILED,
		               _("the path of the socket %s is too long"), host_path);
	memcpy(address.sun_path, host_path, strlen(host_path) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return err_errno(err, errno, _("cannot make a socket"));
	if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_errno(err, errno, _("no policy service answers at %s"),
		                 c->endpoint);
	return 0;
}

static int say(const struct conversation *c, const char *request, struct err *err)
{
	for (size_t at = 0; at < strlen(request);) {
		int r = wait_ready(c, POLLOUT, err);
		if (r < 0)
			return r;
		ssize_t n = send(c->fd, request + at, strlen(request) - at, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_errno(err, errno, _("the policy service at %s"),
			                 c->endpoint);
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int hear(const struct conversation *c, struct buf *answer, struct err *err)
{
	while (!strstr(buf_text(answer), "\n\n")) {
		char octets[512];
		int r = wait_ready(c, POLLIN, err);
		if (r < 0)
			return r;
		ssize_t n = recv(c->fd, octets, sizeof(octets), 0);
		if (n == 0 || answer->len + sizeof(octets) > ANSWER_LIMIT)
			return err_set(
				err, ERR_FAILED,
				_("the policy service at %s gave no answer: what the mail log "
			          "says of spawn and mailauth-policyd tells why"),
				c->endpoint);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_errno(err, errno, _("the policy service at %s"),
			                 c->endpoint);
		if (n > 0)
			buf_add(answer, octets, (size_t)n);
	}
	return 0;
}

/* *answer: the action, without what ends it. */
static int converse(struct ctx *ctx, const char *endpoint, const char *request,
                    int64_t deadline, struct buf *answer, struct err *err)
{
	auto_buf text = BUF_INIT;
	struct conversation c = { .endpoint = endpoint, .fd = -1, .deadline = deadline };
	int r = open_connection(ctx, &c, err);
	if (r == 0)
		r = say(&c, request, err);
	if (r == 0)
		r = hear(&c, &text, err);
	close_fd(&c.fd);
	if (r == 0 && strncasecmp(buf_text(&text), "action=", 7) != 0)
		return err_set(
			err, ERR_FAILED,
			_("the policy service at %s gave an answer without action"),
			endpoint);
	if (r == 0)
		buf_add(answer, buf_text(&text) + 7, strcspn(buf_text(&text) + 7, "\n"));
	return r;
}

int policy_probe(struct ctx *ctx, const struct step *step, int64_t deadline,
                 struct err *err)
{
	auto_buf answer = BUF_INIT;
	auto_free char *request = compose("127.0.0.1", "localhost", "");
	int r = converse(ctx, step->object, request, deadline, &answer, err);
	if (r == 0 && strcasecmp(buf_text(&answer), "DUNNO") != 0)
		r = err_set(err, ERR_FAILED,
		            _("the policy service at %s says \"%s\" of mail from this "
		              "machine, which is not to be checked"),
		            step->object, buf_text(&answer));
	return r;
}

int policy_ask(struct ctx *ctx, const char *endpoint, const char *domain,
               int64_t deadline, struct buf *answer, struct err *err)
{
	auto_free char *sender = xasprintf("postmaster@%s", domain);
	auto_free char *request = compose("192.0.2.1", domain, sender);
	return converse(ctx, endpoint, request, deadline, answer, err);
}
