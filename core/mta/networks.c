/* Sets of networks: reading, containment, and the text that OpenDKIM reads. */
#include "core/mta/networks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

void networks_done(struct networks *set)
{
	free(set->net);
	*set = NETWORKS_INIT;
}

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

void networks_add(struct networks *set, const struct network *net)
{
	GROW(set->net, set->count, set->room);
	set->net[set->count++] = *net;
}

bool networks_add_text(struct networks *set, const char *text, bool exclude)
{
	struct network net;
	if (!network_parse(text, &net))
		return false;
	net.is_excluded = net.is_excluded || exclude;
	networks_add(set, &net);
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

static int compare(const void *a, const void *b)
{
	const struct network *x = a, *y = b;
	if (x->family != y->family)
		return x->family == AF_INET ? -1 : 1;
	int order = memcmp(x->octets, y->octets, sizeof(x->octets));
	if (order == 0)
		order = x->bits < y->bits ? -1 : x->bits > y->bits;
	return order ? order : (int)x->is_excluded - (int)y->is_excluded;
}

static bool is_excluded(const struct networks *set, const struct network *net)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->net[i].is_excluded && network_holds(&set->net[i], net))
			return true;
	return false;
}

void networks_render(const struct networks *set, struct buf *into)
{
	auto_networks sorted = NETWORKS_INIT;
	for (size_t i = 0; i < set->count; i++)
		if (set->net[i].is_excluded || !is_excluded(set, &set->net[i]))
			networks_add(&sorted, &set->net[i]);
	if (sorted.count > 1)
		qsort(sorted.net, sorted.count, sizeof(sorted.net[0]), compare);
	for (size_t i = 0; i < sorted.count; i++) {
		const struct network *net = &sorted.net[i];
		char text[INET6_ADDRSTRLEN];
		if (i > 0 && compare(&sorted.net[i - 1], net) == 0)
			continue;
		inet_ntop(net->family, net->octets, text, sizeof(text));
		buf_printf(into, "%s%s", net->is_excluded ? "!" : "", text);
		if (net->bits < (net->family == AF_INET ? 32u : 128u))
			buf_printf(into, "/%u", net->bits);
		buf_putc(into, '\n');
	}
}
