/*
 * Every octet in a name: through text and back, in a zone file, in a question, and in the data of an
 * answer, which ldns decodes.  ASCII letters are folded, nothing else changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "core/base/macro.h"
#include "dnszone/query/resolver_zone.h"
#include "dnszone/query/wire.h"

/* "a?b.?.x", with the octet in two places. */
static void make_wire(unsigned octet, uint8_t wire[9])
{
	const uint8_t octets[] = { 3,   'a', (uint8_t)octet, 'b', 1, (uint8_t)octet, 1,
		                   'x', 0 };
	memcpy(wire, octets, sizeof(octets));
}

static struct dns_name name_with(unsigned octet)
{
	uint8_t wire[9];
	struct dns_name name;
	make_wire(octet, wire);
	assert_true(dns_name_from_wire(wire, sizeof(wire), &name));
	return name;
}

static void test_text(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		struct dns_name name = name_with(c), back;
		char text[DNS_NAME_TEXT_SIZE];
		unsigned folded = c >= 'A' && c <= 'Z' ? c + 32 : c;
		assert_int_equal(name.wire[2], folded);
		assert_int_equal(name.wire[5], folded);
		assert_true(
			dns_name_from_text(text, dns_name_to_text(&name, text), &back));
		assert_true(dns_name_equal(&name, &back));
		/* as other programs may write it */
		int len = snprintf(text, sizeof(text), "a\\%03ub.\\%03u.x.", c, c);
		assert_true(dns_name_from_text(text, (size_t)len, &back));
		assert_true(dns_name_equal(&name, &back));
		/* text of a macro has no escapes: a dot cuts, everything else is an octet */
		const char raw[] = { 'a', (char)c, 'b', '.', (char)c, '.', 'x' };
		assert_int_equal(dns_name_from_octets(raw, sizeof(raw), &back), c != '.');
		if (c != '.')
			assert_true(dns_name_equal(&name, &back));
	}
}

static void test_zone(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		struct resolver *zone = resolver_zone_new(NULL);
		auto_arena mem = { 0 };
		struct dns_answer answer;
		struct err err = ERR_INIT;
		char text[200];
		const struct dns_name name = name_with(c);
		assert_non_null(zone);
		assert_true(arena_open(&mem, 8192));
		int len = snprintf(text, sizeof(text),
		                   "$ORIGIN x.\n@ 60 SOA n h 1 1 1 1 1\n"
		                   "a\\%03ub.\\%03u 60 A 192.0.2.5\n",
		                   c, c);
		if (resolver_zone_add(zone, "x.zone", text, (size_t)len, &err) < 0)
			fail_msg("octet %u: %s", c, err.text);
		resolver_ask(zone, &name, DNS_A, deadline_in_ms(1000), &mem, &answer);
		if (answer.kind != DNS_OK)
			fail_msg("octet %u: %s", c, dns_kind_name(answer.kind));
		resolver_free(zone);
	}
}

static size_t put_question(const struct dns_name *name, enum dns_type type,
                           uint8_t packet[WIRE_QUESTION_MAX])
{
	size_t len = wire_put_question(name, type, 7, false, packet);
	packet[2] = 0x81, packet[3] = 0x80;
	return len;
}

/* The name as the target of MX, NS, PTR, CNAME and in SOA. */
static void test_data(void **state)
{
	(void)state;
	static const enum dns_type types[] = { DNS_MX, DNS_NS, DNS_PTR, DNS_CNAME,
		                               DNS_SOA };
	static const uint8_t serial[20] = { 0 };
	for (unsigned i = 0; i < 256 * ARRAY_LEN(types); i++) {
		unsigned c = i / ARRAY_LEN(types);
		enum dns_type type = types[i % ARRAY_LEN(types)];
		const struct dns_name name = name_with(c);
		uint8_t packet[WIRE_QUESTION_MAX + 100] = { 0 }, data[64] = { 0 };
		size_t len = put_question(&name, type, packet);
		size_t data_len = type == DNS_MX ? 2 : 0;
		auto_arena mem = { 0 };
		struct dns_answer answer;
		assert_memory_equal(packet + 12, name.wire, name.len);
		for (unsigned copies = type == DNS_SOA ? 2 : 1; copies > 0; copies--) {
			make_wire(c, data + data_len);
			data_len += 9;
		}
		if (type == DNS_SOA) {
			memcpy(data + data_len, serial, sizeof(serial));
			data_len += sizeof(serial);
		}
		const uint8_t head[] = { 0xc0, 12, 0, (uint8_t)type,    0, 1, 0, 0,
			                 0,    60, 0, (uint8_t)data_len };
		packet[7] = 1;
		memcpy(packet + len, head, sizeof(head));
		memcpy(packet + len + sizeof(head), data, data_len);
		len += sizeof(head) + data_len;
		assert_true(arena_open(&mem, 8192));
		assert_true(wire_is_reply(packet, len, &name, type, 7));
		wire_read_reply(packet, len, &name, type, "S", &mem, &answer);
		if (answer.kind != DNS_OK || answer.count != 1)
			fail_msg("octet %u, type %d: %s", c, (int)type,
			         answer.why ? answer.why : dns_kind_name(answer.kind));
		assert_memory_equal(answer.rdata[0].octets, name.wire, name.len);
		assert_int_equal(answer.rdata[0].len, type == DNS_SOA ? 9 + 9 + 20 : 9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_data),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
