/*
 * The servers of fake_mta: Postfix answers at port 25 and at its policy service's socket, OpenDKIM
 * signs and verifies by the tables that it runs with.  A signature is a header with the right tags;
 * a key is looked up, not used.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/provider/policyd_conf.h"
#include "tests/lib/fake_mta.h"

#define PACKET_LIMIT 65536

static int listen_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 16) < 0)
		_exit(1);
	return fd;
}

static int listen_smtp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_port = htons(SMTP_PORT),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r, tries = 500;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* A child of an earlier process, which has just ended, may still have the port. */
	while ((r = bind(fd, (struct sockaddr *)&address, sizeof(address))) < 0 &&
	       errno == EADDRINUSE && tries-- > 0)
		usleep(10000);
	if (r < 0 || listen(fd, 16) < 0)
		_exit(1);
	return fd;
}

static void tell_ready(int ready)
{
	if (write(ready, ".", 1) != 1)
		_exit(1);
	close(ready);
}

/* A socket on which a server listens, and its answers; -1: closed. */
struct port {
	int fd;
	void (*talk)(FILE *, FILE *);
};

static volatile sig_atomic_t is_hup;

static void note_hup(int number)
{
	(void)number;
	is_hup = 1;
}

/* `lock`: held by the server only, or -1. */
static void take(struct port *ports, unsigned count, unsigned i, int lock)
{
	int fd = accept4(ports[i].fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0 && fork() == 0) {
		for (unsigned k = 0; k < count; k++)
			close(ports[k].fd);
		close(lock);
		alarm(20);
		ports[i].talk(fdopen(fd, "r"), fdopen(dup(fd), "w"));
		_exit(0);
	}
	close(fd);
}

/* `reread`, if any, is called after SIGHUP, which is blocked except during a wait. */
static void serve(struct port *ports, unsigned count, int lock,
                  void (*reread)(struct port *ports))
{
	struct pollfd on[2];
	sigset_t open;
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&open);
	for (;;) {
		for (unsigned i = 0; i < count; i++)
			on[i] = (struct pollfd){ .fd = ports[i].fd, .events = POLLIN };
		int n = ppoll(on, count, NULL, &open);
		if (is_hup && reread) {
			is_hup = 0;
			reread(ports);
			continue;
		}
		for (unsigned i = 0; n > 0 && i < count; i++)
			if (on[i].revents)
				take(ports, count, i, lock);
	}
}

/* ---- mail filters ------------------------------------------------------------------------------ */

struct packet {
	char code;
	size_t len;
	char octets[PACKET_LIMIT + 1];
};

static bool receive(FILE *peer, struct packet *packet)
{
	uint32_t len;
	if (fread(&len, sizeof(len), 1, peer) != 1)
		return false;
	len = ntohl(len);
	if (len == 0 || len > PACKET_LIMIT)
		return false;
	int code = getc(peer);
	packet->code = (char)code;
	packet->len = len - 1;
	packet->octets[packet->len] = '\0';
	return code != EOF && fread(packet->octets, 1, packet->len, peer) == packet->len;
}

static void reply(FILE *peer, char code, const void *octets, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);
	fwrite(&size, sizeof(size), 1, peer);
	putc(code, peer);
	fwrite(octets, 1, len, peer);
	fflush(peer);
}

static void add_header(FILE *peer, const char *name, const char *value)
{
	auto_buf octets = BUF_INIT;
	buf_add(&octets, name, strlen(name) + 1);
	buf_add(&octets, value, strlen(value) + 1);
	reply(peer, 'h', octets.at, octets.len);
}

static const char milter_offer[12] = { 0, 0, 0, 6, 0, 0, 1, (char)0xff, 0, 0, 0, 0 };

static void remove_header(FILE *peer, const char *name, uint32_t index)
{
	auto_buf octets = BUF_INIT;
	index = htonl(index);
	buf_add(&octets, (const char *)&index, sizeof(index));
	buf_add(&octets, name, strlen(name) + 1);
	buf_add(&octets, "", 1);
	reply(peer, 'm', octets.at, octets.len);
}

/* ---- mailauth-policyd -------------------------------------------------------------------------- */

#define RESULTS "Authentication-Results"

/* Results in our name are removed, and where its file says so others are added. */
static void guard(FILE *peer, uint32_t forged)
{
	auto_buf conf = BUF_INIT;
	if (!fake_read(POLICYD_CONF, &conf)) {
		reply(peer, 't', "", 0);
		return;
	}
	while (forged > 0)
		remove_header(peer, RESULTS, forged--);
	const char *name = strstr(buf_text(&conf), "hostname: ");
	if (name && strstr(buf_text(&conf), "dkim-verify: on")) {
		name += strlen("hostname: ");
		auto_free char *results = xasprintf(
			"%.*s; dkim=none%s", (int)strcspn(name, "\n"), name,
			strstr(buf_text(&conf), "dmarc-check: on") ? "; dmarc=none" : "");
		add_header(peer, RESULTS, results);
	}
	reply(peer, 'a', "", 0);
}

static void talk_guard(FILE *in, FILE *peer)
{
	static struct packet packet;
	uint32_t forged = 0;
	while (receive(in, &packet)) {
		switch (packet.code) {
		case 'O':
			reply(peer, 'O', milter_offer, sizeof(milter_offer));
			break;
		case 'D':
			break;
		case 'Q':
			return;
		case 'L':
			forged += strcasecmp(packet.octets, RESULTS) == 0;
			reply(peer, 'c', "", 0);
			break;
		case 'E':
			guard(peer, forged);
			forged = 0;
			break;
		default:
			reply(peer, 'c', "", 0);
			break;
		}
	}
}

/* The service answers both: a question of a mail filter begins with its length, whose first octet is
 * zero, one of the policy protocol with a word. */
static void talk_policy(FILE *in, FILE *peer)
{
	char line[2048];
	int first = getc(in);
	if (first == EOF)
		return;
	ungetc(first, in);
	if (first == 0) {
		talk_guard(in, peer);
		return;
	}
	while (fgets(line, sizeof(line), in))
		if (*line == '\n') {
			if (access(POLICYD_CONF, R_OK) < 0)
				return;
			fputs("action=DUNNO\n\n", peer);
			fflush(peer);
		}
}

/* ---- Postfix ----------------------------------------------------------------------------------- */

/* Whether the filter that main.cf names accepts connections. */
static bool is_filter_there(void)
{
	auto_buf config = BUF_INIT, milters = BUF_INIT;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fake_running(POSTFIX, &config);
	fake_parameter(buf_text(&config), "smtpd_milters", &milters);
	const char *at = strstr(buf_text(&milters), "unix:");
	if (!at)
		return true;
	snprintf(address.sun_path, sizeof(address.sun_path), QUEUE "/%.*s",
	         (int)strcspn(at + 5, ", }"), at + 5);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void talk_smtp(FILE *in, FILE *peer)
{
	char line[2048];
	fputs("220 mx.example.net ESMTP\r\n", peer);
	while (fflush(peer) == 0 && fgets(line, sizeof(line), in)) {
		if (strncasecmp(line, "QUIT", 4) == 0)
			fputs("221 bye\r\n", peer);
		else if (strncasecmp(line, "MAIL", 4) == 0 && !is_filter_there())
			fputs("451 4.7.1 Service unavailable - try again later\r\n",
			      peer);
		else
			fputs("250 ok\r\n", peer);
	}
}

/* The policy service exists while master.cf has it. */
static void set_policy(struct port *policy, const struct buf *config)
{
	bool is_wanted = strstr(buf_text(config), "\n" POLICYD_SERVICE " ") != NULL;
	if (is_wanted && policy->fd < 0)
		policy->fd = listen_unix(QUEUE "/" POLICYD_SOCKET);
	if (!is_wanted && policy->fd >= 0) {
		close(policy->fd);
		policy->fd = -1;
	}
}

static void reread_postfix(struct port *ports)
{
	auto_buf config = BUF_INIT;
	if (!fake_config(POSTFIX, &config))
		return;
	set_policy(&ports[1], &config);
	fake_note_running(POSTFIX, &config);
}

void fake_serve_postfix(int ready)
{
	struct port ports[] = { { -1, talk_smtp }, { -1, talk_policy } };
	auto_buf config = BUF_INIT;
	sigset_t hup;
	int lock = open(QUEUE "/pid/master.pid", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		return;
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);
	signal(SIGHUP, note_hup);
	ports[0].fd = listen_smtp();
	fake_running(POSTFIX, &config);
	set_policy(&ports[1], &config);
	tell_ready(ready);
	serve(ports, ARRAY_LEN(ports), lock, reread_postfix);
}

/* ---- OpenDKIM ---------------------------------------------------------------------------------- */

/* The verdict at the end of a message. */
static char sign(FILE *peer, const char *config, const char *domain)
{
	auto_free char *name = fake_value(config, "sign", domain);
	auto_free char *key = name ? fake_value(config, "key", name) : NULL;
	auto_free char *copy = key ? xstrdup(key) : NULL;
	char *rest = copy;
	if (!name)
		return 'a';
	const char *d = rest ? strsep(&rest, ":") : NULL;
	const char *s = rest ? strsep(&rest, ":") : NULL;
	if (!s || !rest || access(rest, R_OK) < 0)
		return 't';
	auto_free char *header = xasprintf("v=1; d=%s; s=%s; b=x", d, s);
	add_header(peer, "DKIM-Signature", header);
	return 'a';
}

static char judge(FILE *peer, const char *config, const char *domain, bool is_ours)
{
	auto_free char *mode = fake_value(config, "conf", "Mode");
	auto_free char *id = fake_value(config, "conf", "AuthservID");
	if (is_ours)
		return mode && strchr(mode, 's') ? sign(peer, config, domain) : 'a';
	if (mode && strchr(mode, 'v')) {
		auto_free char *results = xasprintf("%s; dkim=none", id ? id : "unnamed");
		add_header(peer, "Authentication-Results", results);
	}
	return 'a';
}

static void talk_milter(FILE *in, FILE *peer)
{
	static struct packet packet;
	auto_buf config = BUF_INIT;
	char domain[256] = "";
	bool is_ours = false;
	fake_running(OPENDKIM, &config);
	while (receive(in, &packet)) {
		char *at = packet.octets, *sign_at;
		switch (packet.code) {
		case 'O':
			reply(peer, 'O', milter_offer, sizeof(milter_offer));
			break;
		case 'D': /* as in OpenDKIM: an authenticated client counts as internal, whatever its address */
			is_ours |= memmem(at, packet.len, "{auth_type}", 11) != NULL;
			break;
		case 'Q':
			return;
		case 'C':
			is_ours = strstr(at, "127.0.0.1") != NULL;
			reply(peer, 'c', "", 0);
			break;
		case 'L':
			sign_at = strcasecmp(at, "From") == 0
			                  ? strchr(at + sizeof("From"), '@')
			                  : NULL;
			if (sign_at)
				snprintf(domain, sizeof(domain), "%s", sign_at + 1);
			reply(peer, 'c', "", 0);
			break;
		case 'E':
			reply(peer, judge(peer, buf_text(&config), domain, is_ours), "",
			      0);
			break;
		default:
			reply(peer, 'c', "", 0);
			break;
		}
	}
}

void fake_serve_opendkim(int ready)
{
	struct port port = { -1, talk_milter };
	auto_buf config = BUF_INIT;
	fake_running(OPENDKIM, &config);
	auto_free char *socket = fake_value(buf_text(&config), "conf", "Socket");
	if (!socket || !text_starts(socket, "local:"))
		return;
	port.fd = listen_unix(socket + 6);
	tell_ready(ready);
	serve(&port, 1, -1, NULL);
}
