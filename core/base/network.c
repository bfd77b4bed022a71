/* Parsing of addresses and networks, and containment. */
#include "core/base/network.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/text.h"

static void clear_host_bits(struct network *net)
{
	for (unsigned bit = net->bits; bit < 128; bit++)
		net->octets[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
}

bool network_parse(const char *text, struct network *ret_net)
{
	struct network net = { 0 };
	if (*text == '!') {
		net.is_excluded = true;
		text++;
	}
	char address[INET6_ADDRSTRLEN + 2];
	size_t len = strcspn(text, "/");
	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	char *host = address;
	if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
		address[len - 1] = '\0';
		host++;
	}
	net.family = strchr(host, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(net.family, host, net.octets) != 1)
		return false;
	int64_t bits = net.family == AF_INET ? 32 : 128;
	if (text[len] == '/' && !text_to_int(text + len + 1, 0, bits, &bits))
		return false;
	net.bits = (unsigned)bits;
	clear_host_bits(&net);
	*ret_net = net;
	return true;
}

bool network_holds(const struct network *outer, const struct network *inner)
{
	if (outer->family != inner->family || outer->bits > inner->bits)
		return false;
	struct network cut = *inner;
	cut.bits = outer->bits;
	clear_host_bits(&cut);
	return memcmp(cut.octets, outer->octets, sizeof(cut.octets)) == 0;
}

bool network_is_in(const struct network *networks, size_t count,
                   const struct network *net)
{
	bool is_held = false;
	for (size_t i = 0; i < count; i++) {
		if (!network_holds(&networks[i], net))
			continue;
		if (networks[i].is_excluded)
			return false;
		is_held = true;
	}
	return is_held;
}

void network_unmap(struct network *net)
{
	if (net->family != AF_INET6 || net->bits < 96 || !address_is_ipv4(net->octets))
		return;
	memmove(net->octets, net->octets + 12, 4);
	memset(net->octets + 4, 0, 12);
	net->family = AF_INET;
	net->bits -= 96;
}

static bool in_block(const uint8_t *octets, const uint8_t *block, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(octets, block, whole) != 0)
		return false;
	return rest == 0 || (octets[whole] ^ block[whole]) >> (8 - rest) == 0;
}

struct block {
	uint8_t octets[16];
	unsigned bits;
	enum network_use use;
};

static const struct block blocks4[] = {
	{ { 0 }, 8, NETWORK_PRIVATE },
	{ { 10 }, 8, NETWORK_PRIVATE },
	{ { 100, 64 }, 10, NETWORK_PRIVATE },
	{ { 127 }, 8, NETWORK_PRIVATE },
	{ { 169, 254 }, 16, NETWORK_PRIVATE },
	{ { 172, 16 }, 12, NETWORK_PRIVATE },
	{ { 192, 0, 0 }, 24, NETWORK_PRIVATE },
	{ { 192, 0, 2 }, 24, NETWORK_DOCUMENTATION },
	{ { 192, 168 }, 16, NETWORK_PRIVATE },
	{ { 198, 18 }, 15, NETWORK_PRIVATE },
	{ { 198, 51, 100 }, 24, NETWORK_DOCUMENTATION },
	{ { 203, 0, 113 }, 24, NETWORK_DOCUMENTATION },
	{ { 224 }, 4, NETWORK_PRIVATE },
	{ { 240 }, 4, NETWORK_PRIVATE },
};

static const struct block blocks6[] = {
	{ { 0 }, 8, NETWORK_PRIVATE }, /* ::, ::1, and addresses that embed IPv4 */
	{ { 1 }, 64, NETWORK_PRIVATE },
	{ { 0x20, 0x01, 0, 0x02, 0, 0 }, 48, NETWORK_PRIVATE },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, NETWORK_DOCUMENTATION },
	{ { 0x3f, 0xff }, 20, NETWORK_DOCUMENTATION },
	{ { 0x5f }, 16, NETWORK_PRIVATE },
	{ { 0xfc }, 7, NETWORK_PRIVATE },
	{ { 0xfe, 0x80 }, 10, NETWORK_PRIVATE },
	{ { 0xfe, 0xc0 }, 10, NETWORK_PRIVATE },
	{ { 0xff }, 8, NETWORK_PRIVATE },
};

enum network_use network_use(int family, const uint8_t *octets, unsigned bits)
{
	const struct block *blocks = family == AF_INET ? blocks4 : blocks6;
	size_t count = family == AF_INET ? ARRAY_LEN(blocks4) : ARRAY_LEN(blocks6);
	for (size_t i = 0; i < count; i++)
		if (blocks[i].bits <= bits &&
		    in_block(octets, blocks[i].octets, blocks[i].bits))
			return blocks[i].use;
	return NETWORK_PUBLIC;
}

bool network_is_world(const struct network *net)
{
	static const struct network mapped = { .family = AF_INET6,
		                               .octets = { [10] = 0xff, [11] = 0xff },
		                               .bits = 96 };
	struct network plain = *net;
	network_unmap(&plain);
	if (plain.family == AF_INET)
		return plain.bits < 8;
	bool is_global = (plain.octets[0] & 0xe0) == 0x20;
	return plain.bits < 7 || (is_global && plain.bits < 16) ||
	       network_holds(&plain, &mapped);
}
