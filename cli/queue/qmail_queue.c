/*
 * mailauth-qmail-queue: stands in QMAILQUEUE in front of qmail's own queue program, so that any qmail
 * verifies DKIM, SPF and DMARC of incoming mail with mailauth-policyd.
 *
 * It becomes the next program (execve) once the message is verified: the message is queued once or not at
 * all, by qmail-queue, whose exit status is the one that qmail-smtpd sees.  Every trouble before that is a
 * temporary failure, with which the sending host keeps the message.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/queue/queue_envelope.h"

#ifndef POLICYD_PATH
#define POLICYD_PATH "/usr/local/libexec/mailauthctl/mailauth-policyd"
#endif
#define CONFIG "/etc/mailauthctl/policyd.yaml"
#define TIME_LIMIT 60 /* seconds: mailauth-policyd itself ends within 25 */
#define WORDS_SIZE 1024

extern char **environ;

#define MS_PER_SEC 1000L

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * MS_PER_SEC + now.tv_nsec / 1000000;
}

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value && *value ? value : otherwise;
}

static void become_next(void)
{
	char *argv[] = { (char *)(uintptr_t)variable("MAILAUTH_QUEUE", "bin/qmail-queue"),
		         NULL };
	signal(SIGXFSZ, SIG_DFL);
	execv(argv[0], argv);
	_exit(QUEUE_NO_PROGRAM);
}

/* Mail that is not from outside: of local programs, and of clients that may relay.  Without the file of
 * its settings the verifier is not set up, and nothing relies on it. */
static bool is_unverified(const char *config)
{
	struct stat st;
	if (!getenv("TCPREMOTEIP") || getenv("RELAYCLIENT") || getenv("AUTHINFO") ||
	    getenv("SMTPAUTHUSER"))
		return true;
	return stat(config, &st) < 0 && errno == ENOENT;
}

/* ---- the client ------------------------------------------------------------------------------ */

struct origin {
	struct queue_client client;
	char sender[QUEUE_ADDRESS_MAX + 1];
};

static void read_client(int message, struct queue_client *ret_client)
{
	char text[4096];
	ssize_t len = pread(message, text, sizeof(text), 0);
	queue_read_received(text, len < 0 ? 0 : (size_t)len, ret_client);
}

/* In the child: the environment of the verifier. */
static bool tell_origin(const struct origin *origin)
{
	const char *helo =
		variable("SMTPHELOHOST", variable("HELO", origin->client.helo));
	const char *address = variable("TCP6REMOTEIP", variable("TCPREMOTEIP", ""));
	return setenv("TCPREMOTEIP", address, 1) == 0 &&
	       setenv("SMTPHELOHOST", helo, 1) == 0 &&
	       setenv("SMTPMAILFROM", origin->sender, 1) == 0;
}

/* ---- the verifier ----------------------------------------------------------------------------- */

/* In the child. */
static void run_verifier(const char *config, const struct origin *origin, int from,
                         int to, int errors)
{
	char *argv[] = { (char *)(uintptr_t)variable("MAILAUTH_POLICYD", POLICYD_PATH),
		         (char *)(uintptr_t) "--message", (char *)(uintptr_t) "--config",
		         (char *)(uintptr_t)config, NULL };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGXFSZ, SIG_IGN); /* a write that fails is told by its exit status */
	if (setsid() < 0 || dup2(from, 0) < 0 || dup2(to, 1) < 0 || dup2(errors, 2) < 0 ||
	    chdir("/") < 0 || !tell_origin(origin))
		_exit(1);
	execv(argv[0], argv);
	_exit(1);
}

static bool has_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* Its words, and its exit status; -1: it did not end in time or was killed. */
static int await_verifier(pid_t pid, int errors, char *words)
{
	int64_t limit = strtol(variable("MAILAUTH_TIME_LIMIT", "0"), NULL, 10);
	int64_t deadline = now_ms() + (limit > 0 ? limit : TIME_LIMIT) * MS_PER_SEC;
	size_t len = 0;
	int status;
	for (;;) {
		char octets[256];
		struct pollfd poller = { errors, POLLIN, 0 };
		int64_t left = deadline - now_ms();
		/* it may have ended while what it started has the pipe open: the pipe is not all */
		int ready = poll(&poller, 1, left < 0 ? 0 : left > 100 ? 100 : (int)left);
		ssize_t count = ready > 0 ? read(errors, octets, sizeof(octets)) : -1;
		for (ssize_t i = 0; i < count && len < WORDS_SIZE - 1; i++)
			words[len++] = octets[i];
		words[len] = '\0';
		if (count <= 0 && has_ended(pid, &status))
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		if (left <= 0)
			break;
		if (ready > 0 && count == 0) { /* closed: only its end is awaited */
			struct timespec pause = { 0, 5000000 };
			nanosleep(&pause, NULL);
		}
	}
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return -1;
}

static int verify(const char *config, const struct origin *origin, int from, int to,
                  char *words)
{
	int pipes[2];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0)
		run_verifier(config, origin, from, to, pipes[1]);
	close(pipes[1]);
	int status = pid < 0 ? -1 : await_verifier(pid, pipes[0], words);
	close(pipes[0]);
	return status;
}

/* ---- refusing --------------------------------------------------------------------------------- */

/* qmail-smtpd gives its own words for 31 and 71; with the error descriptor of its build, ours. */
static int refuse(bool is_final, const char *words)
{
	static const char prefix[] = "mailauth-policyd: ";
	const char *at = strstr(words, prefix);
	char reply[256];
	int fd = atoi(variable("MAILAUTH_ERROR_FD", variable("ERROR_FD", "0")));
	if (fd < 2)
		return is_final ? QUEUE_REFUSED : QUEUE_DEFERRED;
	queue_reply(at ? at + strlen(prefix) : "", is_final, reply, sizeof(reply));
	signal(SIGPIPE, SIG_IGN);
	if (write(fd, reply, strlen(reply)) != (ssize_t)strlen(reply))
		return is_final ? QUEUE_REFUSED : QUEUE_DEFERRED;
	return QUEUE_TEXT;
}

/* ---- one message ------------------------------------------------------------------------------ */

/* The descriptors of the next program; it never returns well. */
static int pass_on(int message, int envelope)
{
	if (lseek(message, 0, SEEK_SET) < 0 || lseek(envelope, 0, SEEK_SET) < 0 ||
	    dup2(message, 0) < 0 || dup2(envelope, 1) < 0)
		return QUEUE_READ;
	become_next();
	return QUEUE_NO_PROGRAM;
}

static int handle(const char *config)
{
	struct origin origin;
	char words[WORDS_SIZE] = "";
	/* numbers below 10 may be those of an error descriptor */
	int files[3];
	for (size_t i = 0; i < 3; i++) {
		int fd = queue_open_file();
		files[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
		if (fd >= 0)
			close(fd);
		if (files[i] < 0)
			return QUEUE_NO_FILE;
	}
	int status = queue_copy(0, files[0]);
	if (status == 0)
		status = queue_copy_envelope(1, files[1], origin.sender);
	if (status)
		return status;
	read_client(files[0], &origin.client);
	if (origin.client.is_authenticated)
		return pass_on(files[0], files[1]);
	if (lseek(files[0], 0, SEEK_SET) < 0)
		return QUEUE_READ;
	switch (verify(config, &origin, files[0], files[2], words)) {
	case 0: /* accepted */
	case 3: /* quarantined: marked */
		return pass_on(files[2], files[1]);
	case QUEUE_REFUSED:
		return refuse(true, words);
	default:
		return refuse(false, words);
	}
}

int main(int argc, char **argv)
{
	const char *config = variable("MAILAUTH_CONFIG", CONFIG);
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("mailauth-qmail-queue " MAILAUTHCTL_VERSION);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	if (is_unverified(config))
		become_next();
	signal(SIGXFSZ, SIG_IGN); /* a full disk is a status, not a crash */
	return handle(config);
}
