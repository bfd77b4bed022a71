/* core/base/network.c: what is an address, what holds what, and whose a block is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/network.h"

static void test_parse(void **state)
{
	(void)state;
	static const struct {
		const char *text, *address; /* NULL: refused */
		unsigned bits;
		bool is_excluded;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", 32, false },
		{ "192.0.2.255/24", "192.0.2.0", 24, false },
		{ "192.0.2.255/25", "192.0.2.128", 25, false },
		{ "192.0.2.255/31", "192.0.2.254", 31, false },
		{ "192.0.2.255/32", "192.0.2.255", 32, false },
		{ "255.255.255.255/0", "0.0.0.0", 0, false },
		{ "!192.0.2.1", "192.0.2.1", 32, true },
		{ "!2001:db8::/32", "2001:db8::", 32, true },
		{ "2001:db8::1", "2001:db8::1", 128, false },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 127, false },
		{ "[2001:db8::1]", "2001:db8::1", 128, false },
		{ "[2001:db8:ffff::]/33", "2001:db8:8000::", 33, false },
		{ "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]/128",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128, false },
		{ "", NULL, 0, false },
		{ "!", NULL, 0, false },
		{ "!!192.0.2.1", NULL, 0, false },
		{ "[]", NULL, 0, false },
		{ "[::1", NULL, 0, false },
		{ "::1]", NULL, 0, false },
		{ "/24", NULL, 0, false },
		{ "192.0.2.1/", NULL, 0, false },
		{ "192.0.2.1/33", NULL, 0, false },
		{ "192.0.2.1/-1", NULL, 0, false },
		{ "192.0.2.1/24/24", NULL, 0, false },
		{ "192.0.2.1/255.255.255.0", NULL, 0, false },
		{ "::1/129", NULL, 0, false },
		{ "192.0.2", NULL, 0, false },
		{ "192.0.2.1 ", NULL, 0, false },
		{ "mx.example.com", NULL, 0, false },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL, 0,
		  false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network net = { .bits = 77 };
		char address[INET6_ADDRSTRLEN];
		if (network_parse(rows[i].text, &net) != (rows[i].address != NULL))
			fail_msg("%s", rows[i].text);
		if (!rows[i].address) {
			assert_int_equal(net.bits, 77);
			continue;
		}
		inet_ntop(net.family, net.octets, address, sizeof(address));
		if (strcmp(address, rows[i].address) != 0 || net.bits != rows[i].bits ||
		    net.is_excluded != rows[i].is_excluded)
			fail_msg("%s: %s/%u", rows[i].text, address, net.bits);
	}
}

static void test_holds(void **state)
{
	(void)state;
	static const struct {
		const char *outer, *inner;
		bool holds;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", true },
		{ "192.0.2.0/24", "192.0.2.128/25", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/24", "192.0.1.255", false },
		{ "192.0.2.0/25", "192.0.2.0/24", false },
		{ "192.0.2.0/25", "192.0.2.128", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "::", false },
		{ "::/0", "0.0.0.0", false },
		{ "::/0", "::1", true },
		{ "2001:db8::/33", "2001:db8:7fff::", true },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "!192.0.2.0/24", "192.0.2.1", true }, /* signs do not count */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network outer, inner;
		assert_true(network_parse(rows[i].outer, &outer));
		assert_true(network_parse(rows[i].inner, &inner));
		if (network_holds(&outer, &inner) != rows[i].holds)
			fail_msg("%s %s", rows[i].outer, rows[i].inner);
	}
}

/* The first and the last address of each block, and their neighbours, which are public where no other
 * block begins. */
static void test_blocks(void **state)
{
	(void)state;
	static const struct {
		const char *before, *first, *last, *after; /* NULL: not public */
		enum network_use use;
	} rows[] = {
		{ NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0", NETWORK_PRIVATE },
		{ "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0",
		  NETWORK_PRIVATE },
		{ "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0",
		  NETWORK_PRIVATE },
		{ "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0",
		  NETWORK_PRIVATE },
		{ "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0",
		  NETWORK_PRIVATE },
		{ "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0",
		  NETWORK_PRIVATE },
		{ "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0",
		  NETWORK_PRIVATE },
		{ "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0",
		  NETWORK_DOCUMENTATION },
		{ "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0",
		  NETWORK_PRIVATE },
		{ "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0",
		  NETWORK_PRIVATE },
		{ "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0",
		  NETWORK_DOCUMENTATION },
		{ "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0",
		  NETWORK_DOCUMENTATION },
		{ "223.255.255.255", "224.0.0.0", "239.255.255.255", NULL,
		  NETWORK_PRIVATE },
		{ NULL, "240.0.0.0", "255.255.255.255", NULL, NETWORK_PRIVATE },
		{ NULL, "::", "ff:ffff::", NULL, NETWORK_PRIVATE },
		{ NULL, "100::", "100::ffff:ffff:ffff:ffff",
		  "100:0:0:1::", NETWORK_PRIVATE },
		{ "2001:1:ffff::", "2001:2::", "2001:2:0:ffff::", "2001:2:1::",
		  NETWORK_PRIVATE },
		{ "2001:db7:ffff::", "2001:db8::", "2001:db8:ffff::", "2001:db9::",
		  NETWORK_DOCUMENTATION },
		{ "3ffe:ffff::", "3fff::", "3fff:fff:ffff::", "3fff:1000::",
		  NETWORK_DOCUMENTATION },
		{ "5eff:ffff::", "5f00::", "5f00:ffff::", "5f01::", NETWORK_PRIVATE },
		{ "fbff:ffff::", "fc00::", "fdff:ffff::", "fe00::", NETWORK_PRIVATE },
		{ "fe7f:ffff::", "fe80::", "febf:ffff::", NULL, NETWORK_PRIVATE },
		{ NULL, "fec0::", "feff:ffff::", NULL, NETWORK_PRIVATE },
		{ NULL, "ff00::", "ffff:ffff::", NULL, NETWORK_PRIVATE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct {
			const char *text;
			enum network_use use;
		} addresses[] = { { rows[i].before, NETWORK_PUBLIC },
			          { rows[i].first, rows[i].use },
			          { rows[i].last, rows[i].use },
			          { rows[i].after, NETWORK_PUBLIC } };
		for (size_t k = 0; k < ARRAY_LEN(addresses); k++) {
			struct network net;
			if (!addresses[k].text)
				continue;
			assert_true(network_parse(addresses[k].text, &net));
			if (network_use(net.family, net.octets, net.bits) !=
			    addresses[k].use)
				fail_msg("%s", addresses[k].text);
		}
	}
}

/* A network is what its block is where the block holds all of it. */
static void test_networks(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum network_use use;
	} rows[] = {
		{ "10.0.0.0/8", NETWORK_PRIVATE },
		{ "10.0.0.0/7", NETWORK_PUBLIC },
		{ "169.254.0.0/16", NETWORK_PRIVATE },
		{ "192.0.2.0/24", NETWORK_DOCUMENTATION },
		{ "192.0.2.0/23", NETWORK_PUBLIC },
		{ "0.0.0.0/0", NETWORK_PUBLIC },
		{ "fe80::/10", NETWORK_PRIVATE },
		{ "fe80::/9", NETWORK_PUBLIC },
		{ "::/0", NETWORK_PUBLIC },
		{ "::ffff:192.0.2.1", NETWORK_PRIVATE },
		{ "64:ff9b:1::", NETWORK_PRIVATE },
		{ "64:ff9b::1", NETWORK_PRIVATE },
		{ "2a00::1", NETWORK_PUBLIC },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct network net;
		assert_true(network_parse(rows[i].text, &net));
		if (network_use(net.family, net.octets, net.bits) != rows[i].use)
			fail_msg("%s", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
