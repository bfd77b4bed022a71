/* core/base/peer.h: addresses, and conversations with a listener of this process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/peer.h"

#define LONG_NS (30 * NS_PER_SEC)
#define SHORT_NS (50 * NS_PER_MS)

static const struct peer_words words = {
	.absent = "nobody is at %s",
	.broken = "%s broke",
	.late = "%s is late",
	.closed = "%s closed",
};

/* ---- addresses -------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	bool is_milter;
	const char *expected; /* "ADDRESS PORT"; NULL: refused */
} addresses[] = {
	{ "127.0.0.1:25", false, "127.0.0.1 25" },
	{ "LocalHost:25", false, "127.0.0.1 25" },
	{ "[127.0.0.1]:25", false, "127.0.0.1 25" },
	{ "[::1]:65535", false, "::1 65535" },
	{ "::1:25", false, "::1 25" },
	{ "127.0.0.1", false, NULL },
	{ "127.0.0.1:", false, NULL },
	{ "127.0.0.1:0", false, NULL },
	{ "127.0.0.1:65536", false, NULL },
	{ "mx.test:25", false, NULL },
	{ ":25", false, NULL },
	{ "[]:25", false, NULL },
	{ "", false, NULL },
	{ "8891@127.0.0.1", true, "127.0.0.1 8891" },
	{ "8891@localhost", true, "127.0.0.1 8891" },
	{ "8891@::1", true, "::1 8891" },
	{ "8891", true, "127.0.0.1 8891" },
	{ "8891@mx.test", true, NULL },
	{ "8891@[::1]", true, NULL },
	{ "8891@", true, NULL },
	{ "@127.0.0.1", true, NULL },
	{ "127.0.0.1:8891", true, NULL },
	{ "", true, NULL },
};

static char *text_of(const struct peer_address *address)
{
	char text[INET6_ADDRSTRLEN];
	bool is_v6 = address->at.any.sa_family == AF_INET6;
	assert_non_null(inet_ntop(address->at.any.sa_family,
	                          is_v6 ? (const void *)&address->at.v6.sin6_addr
	                                : &address->at.v4.sin_addr,
	                          text, sizeof(text)));
	assert_int_equal(address->len,
	                 is_v6 ? sizeof(address->at.v6) : sizeof(address->at.v4));
	return xasprintf(
		"%s %d", text,
		ntohs(is_v6 ? address->at.v6.sin6_port : address->at.v4.sin_port));
}

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct peer_address address;
		bool is = addresses[i].is_milter
		                  ? peer_address_milter(addresses[i].text, &address)
		                  : peer_address_inet(addresses[i].text, &address);
		assert_int_equal(is, addresses[i].expected != NULL);
		if (is) {
			auto_free char *text = text_of(&address);
			assert_string_equal(text, addresses[i].expected);
		}
	}
}

static void test_paths(void **state)
{
	static char root[] = "/jail";
	struct ctx ctx = { .root = root };
	struct peer_address address;
	struct err err = ERR_INIT;
	char path[200];
	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	for (size_t len = 102; len <= 103; len++) {
		path[len] = '\0'; /* sun_path has 108 octets, one for the NUL */
		int r = peer_address_unix(&ctx, path, &address, &err);
		assert_int_equal(r, len == 102 ? 0 : ERR_FAILED);
		path[len] = 'x';
	}
	assert_int_equal(address.at.local.sun_family, AF_UNIX);
	assert_int_equal(strlen(address.at.local.sun_path), 107);
	assert_memory_equal(address.at.local.sun_path, "/jail/xx", 8);
	assert_non_null(strstr(err.text, "is too long"));
}

/* ---- conversations ---------------------------------------------------------------------------- */

struct pair {
	int listener, other; /* the server's end */
	struct peer peer;
	struct err err;
};

static void listen_on(struct pair *pair, struct peer_address *address)
{
	assert_true(peer_address_inet("127.0.0.1:1", address));
	address->at.v4.sin_port = 0;
	pair->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(pair->listener, &address->at.any, address->len), 0);
	assert_int_equal(getsockname(pair->listener, &address->at.any, &address->len), 0);
}

static void open_pair(struct pair *pair, int64_t ns)
{
	struct peer_address address;
	*pair = (struct pair){ .peer = PEER(&words, "here", monotonic_ns() + LONG_NS) };
	listen_on(pair, &address);
	assert_int_equal(listen(pair->listener, 1), 0);
	assert_int_equal(peer_connect(&pair->peer, &address, &pair->err), 0);
	pair->other = accept(pair->listener, NULL, NULL);
	assert_true(pair->other >= 0);
	pair->peer.deadline = monotonic_ns() + ns;
}

static void answer(const struct pair *pair, const char *text)
{
	assert_int_equal(write(pair->other, text, strlen(text)), strlen(text));
}

static void close_pair(struct pair *pair)
{
	close_fd(&pair->listener);
	close_fd(&pair->other);
	pair->other = -1;
	peer_done(&pair->peer);
	peer_done(&pair->peer);
}

static void test_absent(void **state)
{
	struct pair pair = { .other = -1, .peer = PEER(&words, "there", 0) };
	struct peer_address address;
	(void)state;
	pair.peer.deadline = monotonic_ns() + LONG_NS;
	listen_on(&pair, &address); /* bound, but it does not listen */
	assert_int_equal(peer_connect(&pair.peer, &address, &pair.err), ERR_FAILED);
	assert_string_equal(pair.err.text, "nobody is at there: Connection refused");
	close_pair(&pair);
}

static void test_lines(void **state)
{
	struct pair pair;
	auto_buf line = BUF_INIT;
	char octets[4];
	(void)state;
	open_pair(&pair, LONG_NS);
	answer(&pair, "one\r\n\ntwo\nabcdlonger than that\n");
	assert_int_equal(peer_receive_line(&pair.peer, 10, &line, &pair.err), 1);
	assert_string_equal(buf_text(&line), "one");
	assert_int_equal(peer_receive_line(&pair.peer, 10, &line, &pair.err), 1);
	assert_string_equal(buf_text(&line), "");
	assert_int_equal(peer_receive_line(&pair.peer, 3, &line, &pair.err), 1);
	assert_string_equal(buf_text(&line), "two");
	assert_int_equal(peer_receive(&pair.peer, octets, 4, &pair.err), 0);
	assert_memory_equal(octets, "abcd", 4);
	assert_int_equal(peer_receive_line(&pair.peer, 15, &line, &pair.err), 0);
	close_pair(&pair);
}

/* More than the buffers of both ends hold: the rest is sent as it is read. */
static void test_much(void **state)
{
	enum { MUCH = 1 << 20 };
	struct pair pair;
	auto_free char *octets = xcalloc(MUCH, 1);
	(void)state;
	open_pair(&pair, SHORT_NS);
	memset(octets, 'y', MUCH);
	int r = 0;
	for (unsigned i = 0; r == 0 && i < 64; i++)
		r = peer_send(&pair.peer, octets, MUCH, &pair.err);
	assert_int_equal(r, ERR_FAILED);
	assert_string_equal(pair.err.text, "here is late");
	close_pair(&pair);
}

static void test_late(void **state)
{
	struct pair pair;
	auto_buf line = BUF_INIT;
	(void)state;
	open_pair(&pair, LONG_NS);
	answer(&pair, "no end");
	assert_int_equal(peer_receive_more(&pair.peer, &pair.err), 0);
	pair.peer.deadline = monotonic_ns() + SHORT_NS;
	assert_int_equal(peer_receive_line(&pair.peer, 100, &line, &pair.err),
	                 ERR_FAILED);
	assert_string_equal(pair.err.text, "here is late");
	assert_string_equal(buf_text(&pair.peer.in), "no end");
	close_pair(&pair);
}

static void test_closed(void **state)
{
	struct pair pair;
	char octets[10];
	(void)state;
	open_pair(&pair, LONG_NS);
	answer(&pair, "half");
	close_fd(&pair.other);
	pair.other = -1;
	assert_int_equal(peer_receive(&pair.peer, octets, 5, &pair.err), ERR_FAILED);
	assert_string_equal(pair.err.text, "here closed");
	assert_int_equal(peer_receive(&pair.peer, octets, 4, &pair.err), 0);
	assert_memory_equal(octets, "half", 4);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_paths),
		cmocka_unit_test(test_absent),    cmocka_unit_test(test_lines),
		cmocka_unit_test(test_much),      cmocka_unit_test(test_late),
		cmocka_unit_test(test_closed),
	};
	return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
