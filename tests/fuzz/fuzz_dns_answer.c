/*
 * A reply as a name server may send it, to the question in its own first octets: the first octet
 * chooses the type that was asked for, the rest is the packet.  What is read must be sound.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/macro.h"
#include "dnszone/query/wire.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static void check_rdata(enum dns_type type, const struct dns_rdata *rdata)
{
	struct dns_name name;
	char text[DNS_NAME_TEXT_SIZE];
	switch (type) {
	case DNS_A:
		CHECK(rdata->len == 4);
		break;
	case DNS_AAAA:
		CHECK(rdata->len == 16);
		break;
	case DNS_TXT:
		CHECK(rdata->len <= UINT16_MAX);
		break;
	case DNS_SOA:
		CHECK(rdata->len >= 22 && rdata->len <= 530);
		break;
	default:
		CHECK(dns_name_from_wire(rdata->octets, rdata->len, &name));
		CHECK(dns_name_to_text(&name, text) == strlen(text));
	}
}

static void check_answer(enum dns_type type, const struct dns_answer *answer)
{
	CHECK((answer->kind == DNS_TEMPFAIL) == (answer->why != NULL));
	CHECK((answer->kind == DNS_OK) == (answer->count > 0));
	for (size_t i = 0; i < answer->count; i++)
		check_rdata(type, &answer->rdata[i]);
}

/* The name at octet 12 as the question, so that most inputs get past the comparison. */
static void take_question(const uint8_t *packet, size_t len, struct dns_name *ret_name)
{
	size_t at = 12;
	while (at < len && packet[at] != 0 && packet[at] <= DNS_LABEL_MAX)
		at += packet[at] + 1u;
	if (at >= len || !dns_name_from_wire(packet + 12, at + 1 - 12, ret_name))
		*ret_name = (struct dns_name){ .len = 3, .wire = { 1, 'x', 0 } };
}

/* What is looked at before anything else is read: never both, and neither without its id. */
static void check_header(const uint8_t *packet, size_t len, const struct dns_name *name,
                         enum dns_type type)
{
	uint16_t id = len < 2 ? 0 : (uint16_t)(packet[0] << 8 | packet[1]);
	bool is_reply = wire_is_reply(packet, len, name, type, id);
	bool is_bare = wire_is_bare_error(packet, len, id);
	CHECK(!is_reply || !is_bare);
	CHECK(!wire_is_reply(packet, len, name, type, id ^ 1));
	CHECK(!wire_is_bare_error(packet, len, id ^ 1));
	if (!is_reply && !is_bare)
		return;
	CHECK(len >= 12 && wire_rcode(packet) <= 15);
	CHECK(wire_is_truncated(packet) == ((packet[2] & 2) != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const enum dns_type types[] = { DNS_A,   DNS_NS, DNS_CNAME, DNS_SOA,
		                               DNS_PTR, DNS_MX, DNS_TXT,   DNS_AAAA };
	static const size_t sizes[] = { 1 << 18, 300 };
	static uint8_t room[1 << 18];
	struct dns_name name;
	if (len == 0)
		return 0;
	enum dns_type type = types[data[0] % ARRAY_LEN(types)];
	take_question(data + 1, len - 1, &name);
	check_header(data + 1, len - 1, &name, type);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct arena mem;
		struct dns_answer answer;
		arena_init(&mem, room, sizes[i]);
		wire_read_reply(data + 1, len - 1, &name, type, "192.0.2.1", &mem,
		                &answer);
		check_answer(type, &answer);
	}
	return 0;
}
