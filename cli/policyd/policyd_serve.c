/*
 * One connection: requests are parsed in place, and each answer is sent before the next request is
 * parsed, which may wait for DNS.  On a failure of our own nothing is sent: Postfix sees the end of
 * the connection and takes the configured action.  Answers to earlier requests are still sent.
 */
#include "cli/policyd/policyd_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/policyd/policyd_dmarc.h"
#include "core/base/ctx.h"
#include "core/base/text.h"

#define FIRST_PASSED_FD 3 /* sd_listen_fds(3) */

struct connection {
	struct policyd *policyd;
	int in, out;
	const struct policyd_limits *limits;
	struct policyd_parser parser;
	char input[16 * 1024];
	int64_t began; /* of the request that is being read, or of waiting for one */
};

/* Waits until `fd` is ready or the time has passed (0, errno ETIMEDOUT); -1: errno. */
static int wait_for(int fd, short events, int64_t until)
{
	for (;;) {
		int64_t left_ms = (until - monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
		if (left_ms <= 0) {
			errno = ETIMEDOUT;
			return 0;
		}
		struct pollfd wanted = { .fd = fd, .events = events };
		int ready =
			poll(&wanted, 1, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
		if (ready > 0)
			return 1;
		if (ready < 0 && errno != EINTR)
			return -1;
	}
}

/* False: the client is gone, or does not read. */
static bool send_answer(const struct connection *c, const char *action)
{
	char answer[POLICYD_ACTION_SIZE + 16];
	int64_t until = monotonic_ns() + c->limits->pause_seconds * NS_PER_SEC;
	size_t len = (size_t)snprintf(answer, sizeof(answer), "action=%s\n\n", action);
	size_t sent = 0;
	while (sent < len) {
		if (wait_for(c->out, POLLOUT, until) <= 0)
			return false;
		ssize_t got = write(c->out, answer + sent, len - sent);
		if (got > 0)
			sent += (size_t)got;
		else if (got < 0 && errno != EINTR && errno != EAGAIN)
			return false;
	}
	return true;
}

static const char *decide(struct policyd *policyd, const struct policyd_request *request)
{
	const char *kind = policyd_text(request, POLICYD_REQUEST);
	return strcmp(kind, POLICYD_DMARC_REQUEST) == 0
	               ? policyd_dmarc(policyd, request)
	               : policyd_decide(policyd, request);
}

enum outcome { GOES_ON, HAS_ENDED, IS_TROUBLE };

static enum outcome take_input(struct connection *c, size_t len)
{
	const char *at = c->input;
	while (len > 0) {
		size_t used;
		enum policyd_parse parsed =
			policyd_parser_feed(&c->parser, at, len, &used);
		at += used;
		len -= used;
		if (parsed == POLICYD_MORE)
			break;
		if (parsed == POLICYD_TOO_LARGE) {
			policyd_log(c->policyd->log, LOG_ERR,
			            "a request of more than %d octets: connection ended",
			            POLICYD_REQUEST_MAX);
			return IS_TROUBLE;
		}
		const char *action = decide(c->policyd, &c->parser.request);
		if (!action)
			return IS_TROUBLE;
		if (!send_answer(c, action))
			return HAS_ENDED;
		/* the time of our look-ups does not count against the client */
		c->began = monotonic_ns();
	}
	return GOES_ON;
}

/* Octets read into c->input; 0: the end, or silence until the deadline. */
static size_t read_input(struct connection *c)
{
	bool is_within = policyd_parser_is_within(&c->parser);
	unsigned seconds = is_within ? c->limits->pause_seconds : c->limits->idle_seconds;
	int64_t now = monotonic_ns();
	if (!is_within)
		c->began = now;
	for (;;) {
		int ready = wait_for(c->in, POLLIN, c->began + seconds * NS_PER_SEC);
		if (ready <= 0 && errno == ETIMEDOUT)
			policyd_log(c->policyd->log, LOG_WARNING,
			            "%s within %u s: connection ended",
			            is_within ? "no whole request" : "no request",
			            seconds);
		if (ready <= 0)
			return 0;
		ssize_t got = read(c->in, c->input, sizeof(c->input));
		if (got > 0) {
			if (!is_within)
				c->began = monotonic_ns();
			return (size_t)got;
		}
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (is_within)
			policyd_log(c->policyd->log, LOG_WARNING,
			            "the client closed within a request");
		return 0;
	}
}

int policyd_serve(struct policyd *policyd, int in, int out,
                  const struct policyd_limits *limits)
{
	struct connection *c = calloc(1, sizeof(*c));
	if (!c) {
		policyd_log(policyd->log, LOG_ERR, "there is no memory left");
		return 1;
	}
	c->policyd = policyd;
	c->in = in;
	c->out = out;
	c->limits = limits;
	policyd_parser_init(&c->parser);
	enum outcome outcome = GOES_ON;
	size_t len = read_input(c);
	if (policyd_milter_begins(c->input, len)) {
		const struct policyd_milter milter = { .conf = policyd->conf,
			                               .is_prepared =
			                                       policyd->is_prepared,
			                               .limits = limits,
			                               .log = policyd->log,
			                               .octets = c->input,
			                               .len = len };
		outcome = policyd_milter(&milter, in, out) ? IS_TROUBLE : HAS_ENDED;
	}
	while (outcome == GOES_ON && len > 0) {
		outcome = take_input(c, len);
		len = outcome == GOES_ON ? read_input(c) : 0;
	}
	free(c);
	return outcome == IS_TROUBLE;
}

/* ---- sockets of the service manager ------------------------------------------------ */

/* Descriptors that were passed; 0: none, or for another process. */
static unsigned count_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t number;
	if (!pid || !fds || !text_to_int(pid, 1, INT32_MAX, &number) ||
	    number != getpid() || !text_to_int(fds, 1, 16, &number))
		return 0;
	return (unsigned)number;
}

static void serve_connection(struct policyd *policyd, int fd, unsigned passed,
                             const struct policyd_limits *limits)
{
	for (unsigned i = 0; i < passed; i++)
		close((int)(FIRST_PASSED_FD + i));
	/* _exit(2), because the exit handlers are the parent's. */
	_exit(policyd_serve(policyd, fd, fd, limits));
}

static void reap(unsigned *children, bool waits)
{
	while (*children > 0 && waitpid(-1, NULL, waits ? 0 : WNOHANG) > 0) {
		(*children)--;
		waits = false;
	}
}

static void accept_one(struct policyd *policyd, int listener, unsigned passed,
                       unsigned *children, const struct policyd_limits *limits)
{
	/* Another process may have accepted it: the listener does not block. */
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	pid_t pid = fork();
	if (pid == 0)
		serve_connection(policyd, fd, passed, limits);
	if (pid < 0)
		policyd_log(policyd->log, LOG_ERR, "cannot serve a connection: %s",
		            strerror(errno));
	else
		(*children)++;
	close(fd);
}

static void on_child(int signal_number)
{
	(void)signal_number; /* ppoll(2) ends with EINTR; the handler has nothing to do */
}

int policyd_listen(struct policyd *policyd, const struct policyd_limits *limits)
{
	unsigned passed = count_passed(), children = 0;
	if (passed == 0) {
		policyd_log(policyd->log, LOG_ERR,
		            "--listen: no sockets were handed over (LISTEN_FDS)");
		return 1;
	}
	struct pollfd wanted[16];
	for (unsigned i = 0; i < passed; i++) {
		wanted[i] = (struct pollfd){ .fd = (int)(FIRST_PASSED_FD + i),
			                     .events = POLLIN };
		int flags = fcntl(wanted[i].fd, F_GETFL);
		if (flags < 0 || fcntl(wanted[i].fd, F_SETFL, flags | O_NONBLOCK) < 0) {
			policyd_log(policyd->log, LOG_ERR, "descriptor %d: %s",
			            wanted[i].fd, strerror(errno));
			return 1;
		}
	}
	sigset_t child, before;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = on_child }, NULL);
	for (;;) {
		reap(&children, children >= limits->connections);
		if (ppoll(wanted, passed, NULL, &before) < 0) {
			if (errno == EINTR)
				continue;
			policyd_log(policyd->log, LOG_ERR, "poll: %s", strerror(errno));
			return 1;
		}
		for (unsigned i = 0; i < passed && children < limits->connections; i++)
			if (wanted[i].revents)
				accept_one(policyd, wanted[i].fd, passed, &children,
				           limits);
	}
}
