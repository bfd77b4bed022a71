/*
 * tests/unit/loopback.h: a server on the loopback that has settings, kills who asks at a call, dies, or never
 * answers, and its row, remote_types.  Included by the tests of such servers, once each.
 */
#ifndef TESTS_UNIT_LOOPBACK_H
#define TESTS_UNIT_LOOPBACK_H

#include "tests/unit/fake_host.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "core/base/peer.h"
#include "core/mta/plan/remote.h"

/* ---- the server ---------------------------------------------------------------------------------- */

enum { SETTINGS = 8, TEXT = 128 };

/* Between the server's process and the test's. */
static struct server {
	struct {
		char name[TEXT],
			value[TEXT]; /* name "": free; no setting holds an empty text */
	} setting[SETTINGS];
	int calls;
	int kill_at;       /* the call at which it kills who asks; 0: never */
	bool is_kill_late; /* after it was carried out */
	int mute_from; /* from this call on it carries out and answers nothing; 0: never */
	pid_t victim;
} * server;

static uint16_t port;
static pid_t server_pid;
static char url[64];

static char *find(const char *name, bool is_new)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(server->setting[i].name, name) == 0)
			return server->setting[i].value;
	for (size_t i = 0; is_new && i < SETTINGS; i++)
		if (!server->setting[i].name[0]) {
			strcpy(server->setting[i].name, name);
			return server->setting[i].value;
		}
	return NULL;
}

/* "get NAME", answered by "=VALUE"; "set NAME=VALUE", answered by "ok".  An empty value: not set. */
static void answer(int fd, char *line)
{
	char *name = line + 4, *value = strchr(name, '=');
	bool is_set = strncmp(line, "set ", 4) == 0;
	char text[TEXT + 2];
	int call = ++server->calls;

	if (call == server->kill_at && !server->is_kill_late)
		kill(server->victim, SIGKILL);
	if (server->mute_from && call >= server->mute_from)
		return;
	if (value)
		*value++ = '\0';
	if (is_set)
		strcpy(find(name, true), value);
	if (call == server->kill_at && server->is_kill_late)
		kill(server->victim, SIGKILL);
	snprintf(text, sizeof(text), "%s%s\n", is_set ? "ok" : "=",
	         is_set              ? ""
	         : find(name, false) ? find(name, false)
	                             : "");
	(void)!write(fd, text, strlen(text));
}

static void serve(int fd)
{
	int waiting = -1;

	for (;;) {
		int peer = accept(fd, NULL, NULL);
		char line[2 * TEXT];
		size_t len = 0;

		while (len < sizeof(line) - 1 && read(peer, line + len, 1) == 1 &&
		       line[len] != '\n')
			len++;
		line[len] = '\0';
		close(waiting);
		waiting = -1;
		if (len)
			answer(peer, line);
		/* who gets no answer is left to wait */
		if (server->mute_from && server->calls >= server->mute_from)
			waiting = peer;
		else
			close(peer);
	}
}

/* Once more at the same address. */
static void start_server(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_port = htons(port),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	port = ntohs(address.sin_port);
	snprintf(url, sizeof(url), "127.0.0.1:%u", port);
	server_pid = fork();
	assert_true(server_pid >= 0);
	if (server_pid == 0)
		serve(fd);
	close(fd);
}

static void end_server(void)
{
	if (server_pid) {
		kill(server_pid, SIGKILL);
		waitpid(server_pid, NULL, 0);
	}
	server_pid = 0;
}

/* ---- the transport --------------------------------------------------------------------------------- */

static const struct peer_words words = { "%s: nobody listens", "%s: broken",
	                                 "%s: too late", "%s: closed" };

static int converse(const struct remote_server *at, int64_t deadline, const char *request,
                    struct buf *line, struct err *err)
{
	struct peer peer = PEER(&words, at->url, deadline);
	struct peer_address address;
	int rc;

	assert_true(peer_address_inet(at->url, &address));
	assert_string_equal(at->credentials, "/etc/token");
	server->victim = getpid();
	rc = peer_connect(&peer, &address, err);
	if (!rc)
		rc = peer_send(&peer, request, strlen(request), err);
	if (!rc && peer_receive_line(&peer, TEXT, line, err) < 0)
		rc = err->code;
	peer_done(&peer);
	return rc ? err_set_remedy(err, "start %s", at->url) : 0;
}

static int loopback_get(struct ctx *ctx, const struct remote_server *at, const char *name,
                        int64_t deadline, struct remote_value *ret_value, struct err *err)
{
	auto_free char *request = xasprintf("get %s\n", name);
	auto_buf line = BUF_INIT;
	int rc = converse(at, deadline, request, &line, err);

	(void)ctx;
	if (rc)
		return rc;
	ret_value->is_set = line.len > 1;
	secret_set(&ret_value->text, line.at + 1, line.len - 1);
	return 0;
}

static int loopback_set(struct ctx *ctx, const struct remote_server *at, const char *name,
                        int64_t deadline, const struct remote_value *value,
                        struct err *err)
{
	auto_free char *request =
		xasprintf("set %s=%.*s\n", name, value->is_set ? (int)value->text.len : 0,
	                  value->is_set ? (const char *)value->text.at : "");
	auto_buf line = BUF_INIT;

	(void)ctx;
	return converse(at, deadline, request, &line, err);
}

static const struct remote_type loopback = { "loopback", 200 * NS_PER_MS, loopback_get,
	                                     loopback_set };
const struct remote_type *const remote_types[] = { &loopback, NULL };

static void map_server(void)
{
	server = mmap(NULL, sizeof(*server), PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(server != MAP_FAILED);
	port = 0;
	start_server();
}

__attribute__((unused)) static struct remote_value now(const char *name)
{
	const struct remote_server at = { url, "/etc/token" };
	struct remote_value value = { 0 };
	struct err err = ERR_INIT;

	assert_int_equal(
		loopback_get(NULL, &at, name, monotonic_ns() + NS_PER_SEC, &value, &err),
		0);
	return value;
}

#endif
