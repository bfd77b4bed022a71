/* cli/policyd/policyd_dns.h: the resolver of a process, as good as new for each check, and the
 * processor time that one check may use. */
#ifndef CLI_POLICYD_POLICYD_DNS_H
#define CLI_POLICYD_POLICYD_DNS_H

#include <stdint.h>

#include "cli/policyd/policyd_conf.h"
#include "core/base/macro.h"
#include "dnszone/query/resolver.h"

struct policyd_dns {
	struct resolver *dns; /* renewed for each check; NULL: none yet */
	unsigned version;     /* of the settings that it was made for */
	uint64_t
		cpu_seconds; /* the processor time at which the process ends; 0: none yet */
};

/* A resolver with an empty cache, for the present name servers.  NULL: no memory. */
struct resolver *policyd_dns_renew(struct policyd_dns *dns,
                                   const struct policyd_conf *conf) must_check;
/* Limits the processor time from now on, for one check. */
void policyd_dns_limit(struct policyd_dns *dns);
void policyd_dns_done(struct policyd_dns *dns);

#endif
