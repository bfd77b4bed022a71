/* What zones have: against a name server on loopback that knows a few names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "dnszone/query/zone_look.h"

enum { TXT = 16, CNAME = 5, NXDOMAIN = 3, REFUSED = 5 };

/* "*.name" is a wildcard.  Nobody is authoritative: answers come through the resolver. */
static const struct {
	const char *name;
	unsigned type;
	const char *data;
} records[] = {
	{ "own.example", TXT, "v=spf1 mx -all" },
	{ "own.example", TXT, "verification" },
	{ "_dmarc.own.example", CNAME, "dmarc.example.net" },
	{ "_dmarc.own.example", TXT, "v=DMARC1; p=reject" }, /* of its target */
	{ "dangling.own.example", CNAME, "nowhere.example.net" },
	{ "*.wild.example", TXT, "v=spf1 -all" },
	{ "real.wild.example", TXT, "v=spf1 mx -all" },
	{ "same.wild.example", TXT,
	  "v=spf1 -all" }, /* cannot be told from the wildcard */
	{ "*.alias.example", CNAME, "www.example.net" },
	{ "a.b.alias.example", TXT, "below a name that exists" },
	{ "mute.own.example", CNAME, "mute.example.net" }, /* no answer for TXT */
	{ "*.two.example", TXT, "a" },
	{ "*.two.example", TXT, "b" },
	{ "turned.two.example", TXT, "b" },
	{ "turned.two.example", TXT, "a" },
	{ "one.two.example", TXT, "a" },
	{ "three.two.example", TXT, "a" },
	{ "three.two.example", TXT, "b" },
	{ "three.two.example", TXT, "c" },
	{ "other.two.example", TXT, "a" },
	{ "other.two.example", TXT, "c" },
	{ "alias.two.example", CNAME, "x.example" },
	{ "alias.two.example", TXT, "a" },
	{ "alias.two.example", TXT, "b" },
	{ "*.link.example", CNAME, "x.example" },
	{ "same.link.example", CNAME, "x.example" },
	{ "elsewhere.link.example", CNAME, "y.example" },
	{ "text.link.example", TXT, "a" },
};

struct server {
	int fd;
	uint16_t port;
	pthread_t thread;
	atomic_bool is_over;
	atomic_uint questions;
};

struct message {
	uint8_t at[2048];
	size_t len;
};

static void put(struct message *m, const void *octets, size_t len)
{
	memcpy(m->at + m->len, octets, len);
	m->len += len;
}

static void put16(struct message *m, size_t value)
{
	const uint8_t octets[] = { (uint8_t)(value >> 8), (uint8_t)value };
	put(m, octets, 2);
}

static void put_name(struct message *m, const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '.')) {
		len = strcspn(text, ".");
		const uint8_t octet = (uint8_t)len;
		put(m, &octet, 1);
		put(m, text, len);
	}
	put(m, "", 1);
}

static void put_data(struct message *m, size_t i)
{
	struct message data = { .len = 0 };
	const uint8_t len = (uint8_t)strlen(records[i].data);
	if (records[i].type == CNAME) {
		put_name(&data, records[i].data);
	} else {
		put(&data, &len, 1);
		put(&data, records[i].data, len);
	}
	put(m, "\xc0\x0c", 2);
	put16(m, records[i].type);
	put(m, "\0\1\0\0\0\x3c", 6);
	put16(m, data.len);
	put(m, data.at, data.len);
}

static bool is_at(const char *pattern, const char *name)
{
	if (pattern[0] != '*')
		return strcasecmp(pattern, name) == 0;
	const char *rest = strchr(name, '.');
	bool exists = false;
	for (size_t i = 0; i < ARRAY_LEN(records); i++)
		exists |= strcasecmp(records[i].name, name) == 0;
	return !exists && rest && strcasecmp(rest, pattern + 1) == 0;
}

/* "n7.many.example" has one text, "texts.many.example" 40. */
static unsigned put_many(struct message *m, const char *name)
{
	unsigned count = strcasecmp(name, "texts.many.example") == 0 ? 40 : 1;
	const char *dot = strchr(name, '.');
	if (!dot || strcasecmp(dot, ".many.example") != 0)
		return 0;
	if (count == 1 && (name[0] != 'n' ||
	                   strspn(name + 1, "0123456789") != (size_t)(dot - name - 1)))
		return 0;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t text[] = { 2, (uint8_t)('0' + i / 10),
			                 (uint8_t)('0' + i % 10) };
		put(m, "\xc0\x0c", 2);
		put16(m, TXT);
		put(m, "\0\1\0\0\0\x3c", 6);
		put16(m, sizeof(text));
		put(m, text, sizeof(text));
	}
	return count;
}

/* False: no reply. */
static bool answer(const uint8_t *q, struct message *m)
{
	char name[300] = "";
	size_t at = 12;
	for (; q[at]; at += q[at] + 1u)
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%.*s",
		         *name ? "." : "", q[at], (const char *)q + at + 1);
	unsigned type = q[at + 2], count = 0;
	if (strstr(name, "silent") || (strstr(name, "mute") && type == TXT))
		return false;
	m->len = 0;
	put(m, q, 2);
	put16(m, 0x8180 | (strstr(name, "refused") ? REFUSED : NXDOMAIN));
	put(m, "\0\1\0\0\0\0\0\0", 8);
	put(m, q + 12, at + 5 - 12);
	for (size_t i = 0; i < ARRAY_LEN(records) && !strstr(name, "refused"); i++)
		if (records[i].type == type && is_at(records[i].name, name)) {
			put_data(m, i);
			count++;
		}
	if (type == TXT)
		count += put_many(m, name);
	if (count)
		m->at[3] &= 0xf0;
	m->at[7] = (uint8_t)count;
	return true;
}

static void *serve(void *arg)
{
	struct server *server = arg;
	while (!atomic_load(&server->is_over)) {
		struct pollfd poll_fd = { .fd = server->fd, .events = POLLIN };
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		uint8_t question[1500];
		struct message reply;
		if (poll(&poll_fd, 1, 20) <= 0)
			continue;
		ssize_t len = recvfrom(server->fd, question, sizeof(question), 0,
		                       (struct sockaddr *)&from, &from_len);
		if (len < 17)
			continue;
		atomic_fetch_add(&server->questions, 1);
		if (answer(question, &reply))
			sendto(server->fd, reply.at, reply.len, 0,
			       (struct sockaddr *)&from, from_len);
	}
	return NULL;
}

static int set_up(void **state)
{
	struct server *server = xcalloc(1, sizeof(*server));
	struct sockaddr_in here = { .sin_family = AF_INET,
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);
	int room = 1 << 20;
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(server->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&here, len) < 0 ||
	    getsockname(server->fd, (struct sockaddr *)&here, &len) < 0)
		return -1;
	server->port = ntohs(here.sin_port);
	*state = server;
	return pthread_create(&server->thread, NULL, serve, server);
}

static int tear_down(void **state)
{
	struct server *server = *state;
	atomic_store(&server->is_over, true);
	pthread_join(server->thread, NULL);
	close(server->fd);
	free(server);
	return 0;
}

static struct query_servers servers_of(const struct server *server)
{
	struct query_servers servers;
	struct err err = ERR_INIT;
	char text[64];
	snprintf(text, sizeof(text), "127.0.0.1:%u", (unsigned)server->port);
	assert_int_equal(query_servers_parse(text, &servers, &err), 0);
	return servers;
}

/* "empty", "silent", "CNAME x", "CNAME x TXT ...", "TXT a|b" */
static void check(const struct zone_look *look, const char *owner, const char *want)
{
	auto_buf text = BUF_INIT;
	const struct zone_owner *found = zone_look_find(look, owner);
	assert_non_null(found);
	if (found->state != ZONE_FOUND)
		buf_puts(&text, found->state == ZONE_EMPTY ? "empty" : "silent");
	if (found->alias)
		buf_printf(&text, "CNAME %s ", found->alias);
	for (size_t i = 0; i < found->count; i++)
		buf_printf(&text, "%s%s", i ? "|" : "TXT ", found->text[i]);
	assert_string_equal(buf_text(&text), want);
}

static void test_found(void **state)
{
	const struct query_servers servers = servers_of(*state);
	cleanup(zone_look_done) struct zone_look look = { .name = xstrdup(
								  "own.example") };
	zone_look_add(&look, "own.example");
	zone_look_add(&look, "_dmarc.own.example");
	zone_look_add(&look, "dangling.own.example");
	zone_look_add(&look, "default._domainkey.own.example");
	zone_look_add(&look, "mute.own.example");
	zone_look_add(&look, "own.example");
	assert_int_equal(look.count, 5);
	zone_look(&servers, &look, 1, zone_look_deadline(1), NULL, NULL);
	check(&look, "own.example", "TXT v=spf1 mx -all|verification");
	check(&look, "_dmarc.own.example",
	      "CNAME dmarc.example.net TXT v=DMARC1; p=reject");
	check(&look, "dangling.own.example", "CNAME nowhere.example.net ");
	check(&look, "default._domainkey.own.example", "empty");
	/* an alias that leads to a dead server is one */
	check(&look, "mute.own.example", "CNAME mute.example.net ");
}

/* More owners than one round has room for, more texts than are kept. */
static void test_many(void **state)
{
	enum { COUNT = 70 };
	const struct query_servers servers = servers_of(*state);
	cleanup(zone_look_done) struct zone_look look = { .name = xstrdup(
								  "many.example") };
	for (size_t i = 0; i < COUNT; i++) {
		auto_free char *owner = xasprintf("n%zu.many.example", i);
		zone_look_add(&look, owner);
	}
	zone_look_add(&look, "texts.many.example");
	zone_look_add(&look, "none.many.example");
	assert_int_equal(look.count, COUNT + 2);
	assert_null(zone_look_find(&look, "n70.many.example"));
	zone_look(&servers, &look, 1, zone_look_deadline(1), NULL, NULL);
	for (size_t i = 0; i < COUNT; i++)
		check(&look, look.owner[i].owner, "TXT 00");
	check(&look, "none.many.example", "empty");
	const struct zone_owner *texts = zone_look_find(&look, "texts.many.example");
	assert_int_equal(texts->count, ZONE_LOOK_TEXTS);
	assert_string_equal(texts->text[0], "00");
	assert_string_equal(texts->text[ZONE_LOOK_TEXTS - 1], "31");
}

/* Five seconds, 5 ms more for each zone, 300 more at most. */
static void test_deadline(void **state)
{
	(void)state;
	static const struct {
		size_t count;
		int64_t ms;
	} rows[] = { { 0, 5000 },       { 1, 5005 },       { 1000, 10000 },
		     { 60000, 305000 }, { 60001, 305000 }, { 1000000, 305000 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t began = monotonic_ns();
		int64_t until = zone_look_deadline(rows[i].count).monotonic_ns;
		int64_t spent = monotonic_ns() - began;
		assert_in_range(until - began, rows[i].ms * NS_PER_MS,
		                rows[i].ms * NS_PER_MS + spent);
	}
}

/* One text of a wildcard's two, or one more, is an owner's own. */
static void test_nearly_wildcards(void **state)
{
	const struct query_servers servers = servers_of(*state);
	cleanup(zone_look_done) struct zone_look look = { .name = xstrdup(
								  "two.example") };
	static const struct {
		const char *owner, *want;
	} rows[] = {
		{ "any.two.example", "empty" },
		{ "turned.two.example", "empty" },
		{ "one.two.example", "TXT a" },
		{ "three.two.example", "TXT a|b|c" },
		{ "other.two.example", "TXT a|c" },
		{ "alias.two.example", "CNAME x.example TXT a|b" },
		{ "any.link.example", "empty" },
		{ "same.link.example", "empty" },
		{ "elsewhere.link.example", "CNAME y.example " },
		{ "text.link.example", "TXT a" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		zone_look_add(&look, rows[i].owner);
	zone_look(&servers, &look, 1, zone_look_deadline(1), NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&look, rows[i].owner, rows[i].want);
}

/* Before the end, after it: nothing is asked any more. */
static void test_no_time(void **state)
{
	struct server *server = *state;
	const struct query_servers servers = servers_of(server);
	cleanup(zone_look_done) struct zone_look look = { .name = xstrdup(
								  "own.example") };
	zone_look_add(&look, "own.example");
	zone_look(&servers, &look, 1, deadline_in_ms(0), NULL, NULL);
	check(&look, "own.example", "silent");
	assert_string_equal(look.why, "there was no time left");
	assert_int_equal(atomic_load(&server->questions), 0);
}

static void test_wildcards(void **state)
{
	const struct query_servers servers = servers_of(*state);
	struct zone_look look[2] = { { .name = xstrdup("wild.example") },
		                     { .name = xstrdup("alias.example") } };
	zone_look_add(&look[0], "_dmarc.wild.example");
	zone_look_add(&look[0], "real.wild.example");
	zone_look_add(&look[0], "same.wild.example");
	zone_look_add(&look[0], "wild.example");
	zone_look_add(&look[1], "_dmarc.alias.example");
	zone_look_add(&look[1], "a.b.alias.example");
	zone_look(&servers, look, 2, zone_look_deadline(2), NULL, NULL);
	check(&look[0], "_dmarc.wild.example", "empty");
	check(&look[0], "real.wild.example", "TXT v=spf1 mx -all");
	check(&look[0], "same.wild.example", "empty");
	check(&look[0], "wild.example", "empty");
	check(&look[1], "_dmarc.alias.example", "empty");
	check(&look[1], "a.b.alias.example", "TXT below a name that exists");
	zone_look_done(&look[0]);
	zone_look_done(&look[1]);
}

static void count_ticks(void *arg, size_t done)
{
	*(size_t *)arg = done;
}

/* Zones with answers are not held up by those without. */
static void test_silence(void **state)
{
	enum { COUNT = 300 };
	struct server *server = *state;
	const struct query_servers servers = servers_of(server);
	struct zone_look *look = xcalloc(COUNT, sizeof(*look));
	size_t done = 0;
	for (size_t i = 0; i < COUNT; i++) {
		look[i].name = xasprintf(i % 100 == 0 ? "own%zu.example"
		                         : i % 2      ? "silent%zu.example"
		                                      : "refused%zu.example",
		                         i);
		zone_look_add(&look[i], look[i].name);
	}
	int64_t began = monotonic_ns();
	struct deadline until = deadline_in_ms(1500);
	zone_look(&servers, look, COUNT, until, count_ticks, &done);
	int64_t took = (monotonic_ns() - began) / NS_PER_MS;
	assert_in_range(took, 1000, 4000);
	assert_int_equal(done, COUNT);
	check(&look[0], "own0.example", "empty");
	check(&look[1], "silent1.example", "silent");
	check(&look[2], "refused2.example", "silent");
	assert_non_null(strstr(look[2].why, "REFUSED from 127.0.0.1"));
	assert_non_null(strstr(look[1].why, "no answer from 127.0.0.1"));
	for (size_t i = 0; i < COUNT; i++)
		zone_look_done(&look[i]);
	free(look);
}

/* A resolver that never answers is given up after its first zones. */
static void test_deaf(void **state)
{
	enum { COUNT = 5000 };
	struct server *server = *state;
	const struct query_servers servers = servers_of(server);
	struct zone_look *look = xcalloc(COUNT, sizeof(*look));
	for (size_t i = 0; i < COUNT; i++) {
		look[i].name = xasprintf("silent%zu.example", i);
		zone_look_add(&look[i], look[i].name);
	}
	int64_t began = monotonic_ns();
	zone_look(&servers, look, COUNT, zone_look_deadline(COUNT), NULL, NULL);
	assert_in_range((monotonic_ns() - began) / NS_PER_MS, 0, 8000);
	check(&look[COUNT - 1], "silent4999.example", "silent");
	assert_string_equal(look[COUNT - 1].why,
	                    "the name servers of this host do not answer");
	assert_in_range(atomic_load(&server->questions), 1, 1000);
	for (size_t i = 0; i < COUNT; i++)
		zone_look_done(&look[i]);
	free(look);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_found),    T(test_many),
		T(test_deadline), T(test_nearly_wildcards),
		T(test_no_time),  T(test_wildcards),
		T(test_silence),  T(test_deaf),
	};
	return cmocka_run_group_tests_name("zone_look", tests, NULL, NULL);
}
