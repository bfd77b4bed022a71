/* Reading of addresses and networks, and containment. */
#include "core/base/network.h"

#include <arpa/inet.h>
#include <string.h>

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

void network_unmap(struct network *net)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (net->family != AF_INET6 || net->bits < 96 ||
	    memcmp(net->octets, mapped, sizeof(mapped)) != 0)
		return;
	memmove(net->octets, net->octets + 12, 4);
	memset(net->octets + 4, 0, 12);
	net->family = AF_INET;
	net->bits -= 96;
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
