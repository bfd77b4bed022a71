/* Fresh ports and one state of the world for each check, without the cost of a new stack. */
#include "cli/policyd/policyd_dns.h"

#include <sys/resource.h>

#include "dnszone/query/query.h"
#include "dnszone/query/resolver_cache.h"

#define CACHE_MEMORY (256 * 1024)
#define CPU_SECONDS \
	10 /* processor time of one check; none within its limits comes near */

void policyd_dns_done(struct policyd_dns *dns)
{
	resolver_free(dns->dns);
	dns->dns = NULL;
}

/* One check gets CPU_SECONDS at least, twice as many at most: the limit is moved only when less
 * is left. */
void policyd_dns_limit(struct policyd_dns *dns)
{
	struct rusage used;
	struct rlimit limit;
	if (getrusage(RUSAGE_SELF, &used) < 0)
		return;
	uint64_t now = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1;
	if (now + CPU_SECONDS <= dns->cpu_seconds || getrlimit(RLIMIT_CPU, &limit) < 0)
		return;
	rlim_t most = now + 2 * CPU_SECONDS;
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	if (setrlimit(RLIMIT_CPU, &limit) == 0)
		dns->cpu_seconds = most;
}

struct resolver *policyd_dns_renew(struct policyd_dns *dns,
                                   const struct policyd_conf *conf)
{
	bool is_usable = dns->dns && dns->version == conf->version;
	if (is_usable && resolver_renew(dns->dns))
		return dns->dns;
	policyd_dns_done(dns);
	struct resolver *query = query_new(&conf->servers, NULL);
	if (!query)
		return NULL;
	dns->dns = resolver_cache_new(query, CACHE_MEMORY);
	dns->version = conf->version;
	if (!dns->dns)
		resolver_free(query);
	return dns->dns;
}
