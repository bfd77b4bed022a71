/* Which name servers are asked, in which order and for how long. */
#include "tests/unit/fake_dns.h"

#include <errno.h>
#include <net/if.h>

/* ---- servers as text ----------------------------------------------------------------- */

static void test_servers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned count; /* 0: refused */
		const char *last;
	} rows[] = {
		{ "192.0.2.1", 1, "192.0.2.1" },
		{ "192.0.2.1:53", 1, "192.0.2.1" },
		{ "192.0.2.1:5353", 1, "192.0.2.1:5353" },
		{ "2001:db8::1", 1, "2001:db8::1" },
		{ "[2001:db8::1]", 1, "2001:db8::1" },
		{ "[2001:db8::1]:5353", 1, "[2001:db8::1]:5353" },
		{ "192.0.2.1, 192.0.2.2:54 ::1", 3, "::1" },
		{ "", 0 },
		{ "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", 0 },
		{ "ns.example.org", 0 },
		{ "192.0.2.1:0", 0 },
		{ "192.0.2.1:65536", 0 },
		{ "192.0.2.1:", 0 },
		{ "[2001:db8::1", 0 },
		{ "[2001:db8::1]x", 0 },
		{ "192.0.2", 0 },
		{ "::1%lo", 1, "::1%lo" },
		{ "[::1%lo]:5353", 1, "[::1%lo]:5353" },
		{ "fe80::1%4242", 1, "fe80::1%4242" },
		{ "fe80::1%", 0 },
		{ "fe80::1%no-such-interface", 0 },
		{ "192.0.2.1%lo", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct query_servers servers;
		struct err err = ERR_INIT;
		int r = query_servers_parse(rows[i].text, &servers, &err);
		if (r != (rows[i].count ? 0 : ERR_USAGE))
			fail_msg("\"%s\": %d %s", rows[i].text, r, err.text);
		if (r < 0)
			continue;
		assert_int_equal(servers.count, rows[i].count);
		assert_string_equal(servers.at[servers.count - 1].text, rows[i].last);
	}
}

static void test_resolv_conf(void **state)
{
	(void)state;
	static const struct {
		const char *text, *servers; /* separated by blanks */
		unsigned timeout_s, attempts;
		bool is_rotated;
	} rows[] = {
		{ "", "127.0.0.1" },
		{ "search example.org\noptions edns0\n", "127.0.0.1" },
		{ "nameserver 192.0.2.1\nnameserver 2001:db8::1\n",
		  "192.0.2.1 2001:db8::1" },
		{ "nameserver 192.0.2.1", "192.0.2.1" }, /* no end of line */
		{ "nameserver\t192.0.2.1 \r\n", "192.0.2.1" },
		{ "nameserver ::1%lo\n", "::1%lo" },
		{ "nameserver fe80::1%4242\n", "fe80::1%4242" },
		{ "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
		  "nameserver 192.0.2.4\n",
		  "192.0.2.1 192.0.2.2 192.0.2.3" },
		/* what cannot be read is skipped */
		{ "nameserver ns.example.org\nnameserver\nnameserver 192.0.2.1\n",
		  "192.0.2.1" },
		{ "nameserver 192.0.2.999\n", "127.0.0.1" },
		{ "nameserver fe80::1%no-such-interface\n", "127.0.0.1" },
		/* comments; a keyword begins its line and is a whole word */
		{ "# nameserver 192.0.2.9\n;nameserver 192.0.2.9\nnameserver 192.0.2.1 # x\n",
		  "192.0.2.1" },
		{ " nameserver 192.0.2.9\nnameservers 192.0.2.9\nNameserver 192.0.2.9\n",
		  "127.0.0.1" },
		{ "options timeout:3 attempts:4 rotate\n", "127.0.0.1", 3, 4, true },
		{ "options\trotate\toptions timeout:1\noptions attempts:2\n", "127.0.0.1",
		  1, 2, true },
		/* as the C library caps them */
		{ "options timeout:30 attempts:5\n", "127.0.0.1", 30, 5 },
		{ "options timeout:31 attempts:6\n", "127.0.0.1", 30, 5 },
		{ "options timeout:999999 attempts:999999\n", "127.0.0.1", 30, 5 },
		{ "options timeout:0 attempts:0\n", "127.0.0.1", 1, 1 },
		{ "options timeout:-1 attempts:x timeout: rotates\n", "127.0.0.1" },
		{ "options timeout:2\noptions timeout:7\n", "127.0.0.1", 7 },
		{ " options rotate\noption rotate\n#options rotate\n", "127.0.0.1" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct query_servers servers;
		char text[256] = "";
		query_servers_from_file(rows[i].text, &servers);
		for (unsigned k = 0; k < servers.count; k++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			         k ? " " : "", servers.at[k].text);
		if (strcmp(text, rows[i].servers) != 0 ||
		    servers.timeout_s != rows[i].timeout_s ||
		    servers.attempts != rows[i].attempts ||
		    servers.is_rotated != rows[i].is_rotated)
			fail_msg("row %zu: %s, timeout %u, attempts %u, rotate %d", i,
			         text, servers.timeout_s, servers.attempts,
			         servers.is_rotated);
	}
	struct query_servers servers;
	query_servers_from_file("nameserver ::1%lo\n", &servers);
	assert_int_equal(servers.at[0].scope, if_nametoindex("lo"));
	assert_int_equal(servers.at[0].port, 53);
	assert_int_equal(servers.at[0].address[15], 1);
}

/* A line of any length, and many of them. */
static void test_long_resolv_conf(void **state)
{
	(void)state;
	static char text[100000];
	struct query_servers servers;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "nameserver ", 11);
	memcpy(text + sizeof(text) - 24, "\nnameserver 192.0.2.1\n", 22);
	text[sizeof(text) - 2] = '\0';
	query_servers_from_file(text, &servers);
	assert_int_equal(servers.count, 1);
	assert_string_equal(servers.at[0].text, "192.0.2.1");
}

/* ---- what comes of the options ------------------------------------------------------- */

static struct dns_answer ask_with(const struct query_servers *servers, unsigned count,
                                  int ms, struct arena *mem)
{
	struct resolver *r = query_new(servers, NULL);
	struct dns_answer answer = { 0 };
	const struct dns_name name = name_of("a.example");
	assert_non_null(r);
	while (count-- > 0)
		resolver_ask(r, &name, DNS_A, deadline_in_ms(ms), mem, &answer);
	resolver_free(r);
	return answer;
}

static void test_timeout_and_attempts(void **state)
{
	(void)state;
	auto_arena mem = { 0 };
	assert_true(arena_open(&mem, 1 << 16));
	for (unsigned attempts = 1; attempts <= 2; attempts++) {
		struct server *s = server_start(SILENT, 0);
		struct query_servers servers = servers_of(s, NULL);
		servers.timeout_s = 1;
		servers.attempts = attempts;
		int64_t start = monotonic_ns();
		struct dns_answer answer = ask_with(&servers, 1, 20000, &mem);
		int64_t ms = ms_since(start);
		assert_int_equal(answer.kind, DNS_TEMPFAIL);
		assert_non_null(strstr(answer.why, "no answer from 127.0.0.1:"));
		assert_int_equal(s->questions, attempts);
		assert_in_range(ms, 1000 * attempts, 1000 * attempts + SLACK_MS);
		server_stop(s);
	}
}

/* The next server is asked when the one whose turn it is has failed, not when its time is over. */
static void test_prompt(void **state)
{
	static const enum habit faults[] = { SERVFAIL, REFUSED, TRUNCATED_NO_TCP,
		                             TCP_HANG_UP };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		auto_arena mem = { 0 };
		struct server *a = server_start(faults[i], 0);
		struct server *b = server_start(HONEST, 0);
		struct query_servers servers = servers_of(a, b);
		servers.timeout_s = 20;
		assert_true(arena_open(&mem, 1 << 16));
		int64_t start = monotonic_ns();
		struct dns_answer answer = ask_with(&servers, 1, 60000, &mem);
		assert_int_equal(answer.kind, DNS_OK);
		assert_in_range(ms_since(start), 0, 10000);
		server_stop(a);
		server_stop(b);
	}
}

/* Both servers are asked in each attempt; without rotate the first one begins. */
static void test_order(void **state)
{
	(void)state;
	auto_arena mem = { 0 };
	assert_true(arena_open(&mem, 1 << 16));
	for (unsigned is_rotated = 0; is_rotated < 2; is_rotated++) {
		struct server *a = server_start(HONEST, 0), *b = server_start(HONEST, 0);
		struct query_servers servers = servers_of(a, b);
		servers.is_rotated = is_rotated;
		assert_int_equal(ask_with(&servers, 6, 10000, &mem).kind, DNS_OK);
		assert_int_equal(a->questions, is_rotated ? 3 : 6);
		assert_int_equal(b->questions, is_rotated ? 3 : 0);
		server_stop(a);
		server_stop(b);
	}
	/* a deadline that is shorter than the timeout still lets the second server answer */
	struct server *a = server_start(SILENT, 0), *b = server_start(HONEST, 0);
	struct query_servers servers = servers_of(a, b);
	servers.timeout_s = 30;
	servers.attempts = 1;
	assert_int_equal(ask_with(&servers, 1, 1000, &mem).kind, DNS_OK);
	server_stop(a);
	server_stop(b);
}

static void test_ipv6(void **state)
{
	(void)state;
	static const char *const texts[] = { "[::1]:%u", "[::1%%lo]:%u" };
	struct sockaddr_in6 at = { .sin6_family = AF_INET6,
		                   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in6 from;
	socklen_t len = sizeof(at), from_len;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0)
		skip();
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		static struct message m;
		struct query_servers servers;
		struct err err = ERR_INIT;
		char text[64];
		uint8_t q[512];
		auto_arena mem = { 0 };
		struct dns_answer answer;
		const struct dns_name name = name_of("a.example");
		struct deadline until = deadline_in_ms(10000);
		snprintf(text, sizeof(text), texts[i], ntohs(at.sin6_port));
		assert_int_equal(query_servers_parse(text, &servers, &err), 0);
		assert_string_equal(servers.at[0].text, text);
		struct resolver *r = query_new(&servers, NULL);
		assert_non_null(r);
		assert_true(arena_open(&mem, 4096));
		resolver_ask_ahead(r, &name, DNS_A, until);
		from_len = sizeof(from);
		assert_true(recvfrom(fd, q, sizeof(q), 0, (struct sockaddr *)&from,
		                     &from_len) > 17);
		put_honest(&m, q);
		assert_int_equal(
			sendto(fd, m.at, m.len, 0, (struct sockaddr *)&from, from_len),
			m.len);
		resolver_ask(r, &name, DNS_A, until, &mem, &answer);
		assert_int_equal(answer.kind, DNS_OK);
		resolver_free(r);
	}
	close(fd);
}

/* Without its interface the kernel takes no link-local address at all. */
static void test_scope(void **state)
{
	(void)state;
	struct query_servers servers;
	auto_arena mem = { 0 };
	query_servers_from_file("nameserver fe80::1%lo\noptions timeout:1 attempts:1\n",
	                        &servers);
	assert_true(arena_open(&mem, 4096));
	struct dns_answer answer = ask_with(&servers, 1, 300, &mem);
	assert_int_equal(answer.kind, DNS_TEMPFAIL);
	assert_non_null(strstr(answer.why, "fe80::1%lo"));
	assert_null(strstr(answer.why, strerror(EINVAL)));
}

static void test_system_servers(void **state)
{
	(void)state;
	struct query_servers servers = { .count = 0 };
	struct err err = ERR_INIT;
	assert_int_equal(query_servers_system(&servers, &err), 0);
	assert_in_range(servers.count, 1, QUERY_SERVERS_MAX);
	assert_true(servers.at[0].text[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_resolv_conf),
		cmocka_unit_test(test_long_resolv_conf),
		cmocka_unit_test(test_timeout_and_attempts),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_system_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
