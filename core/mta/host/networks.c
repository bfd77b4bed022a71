/* Sets of networks: parsing, containment, and the text that OpenDKIM reads. */
#include "core/mta/host/networks.h"

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
