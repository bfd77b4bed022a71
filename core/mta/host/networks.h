/* core/mta/host/networks.h: sets of addresses and networks, as in InternalHosts of OpenDKIM. */
#ifndef CORE_MTA_HOST_NETWORKS_H
#define CORE_MTA_HOST_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "core/base/network.h"

struct networks {
	struct network *net;
	size_t count, room;
};

#define NETWORKS_INIT ((struct networks){ 0 })
#define auto_networks cleanup(networks_done) struct networks
void networks_done(struct networks *set);

void networks_add(struct networks *set, const struct network *net);
/* Parses and adds; `exclude` inverts the sign.  False: not an address. */
bool networks_add_text(struct networks *set, const char *text, bool exclude) must_check;

/* One per line, without duplicates, sorted; lower-case compressed IPv6, whole addresses without a
 * prefix length, excluded ones with '!'.  Networks within an excluded one are left out: OpenDKIM
 * prefers the longer prefix, but an exclusion here applies to all of it. */
void networks_render(const struct networks *set, struct buf *into);

#endif
