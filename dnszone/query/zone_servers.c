/* NS records from the name upwards, then the addresses of their names. */
#include "dnszone/query/zone_servers.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/err.h"

static bool is_alias(struct resolver *via, const struct dns_name *name,
                     struct deadline until, struct arena *mem)
{
	struct dns_answer answer;
	resolver_ask(via, name, DNS_CNAME, until, mem, &answer);
	return answer.kind == DNS_OK && answer.count;
}

static bool is_known(const struct zone_servers *servers,
                     const struct query_server *server)
{
	for (size_t i = 0; i < servers->count; i++)
		if (memcmp(servers->at[i].address, server->address,
		           sizeof(server->address)) == 0)
			return true;
	return false;
}

static void add_addresses(struct zone_servers *servers, const struct dns_answer *answer)
{
	for (size_t k = 0; answer->kind == DNS_OK && k < answer->count; k++) {
		const struct dns_rdata *rdata = &answer->rdata[k];
		char text[INET6_ADDRSTRLEN];
		struct query_servers parsed;
		struct err ignored = ERR_INIT;
		if (servers->count < ARRAY_LEN(servers->at) &&
		    inet_ntop(rdata->len == 4 ? AF_INET : AF_INET6, rdata->octets, text,
		              sizeof(text)) &&
		    query_servers_parse(text, &parsed, &ignored) == 0 &&
		    !is_known(servers, &parsed.at[0]))
			servers->at[servers->count++] = parsed.at[0];
	}
}

static void keep_answer(void *arg, size_t i, const struct dns_answer *answer)
{
	((struct dns_answer *)arg)[i] = *answer;
}

/* IPv4 first, so that a host without IPv6 does not fail once for each server. */
static void look_up(struct resolver *via, const struct dns_answer *ns, size_t max,
                    struct deadline until, struct arena *mem,
                    struct zone_servers *servers)
{
	struct dns_name names[2 * ZONE_SERVERS_MAX];
	enum dns_type types[2 * ZONE_SERVERS_MAX];
	struct dns_answer answers[2 * ZONE_SERVERS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < ns->count && count < max; i++)
		if (dns_name_from_wire(ns->rdata[i].octets, ns->rdata[i].len,
		                       &names[count]))
			types[count++] = DNS_A;
	for (size_t i = 0; i < count; i++) {
		names[count + i] = names[i];
		types[count + i] = DNS_AAAA;
	}
	resolver_ask_many(via, 2 * count, names, types, until, mem, keep_answer, answers);
	for (size_t i = 0; i < 2 * count; i++)
		add_addresses(servers, &answers[i]);
}

void zone_servers_find(struct resolver *via, const struct dns_name *name, size_t max,
                       struct deadline until, struct arena *mem,
                       struct zone_servers *ret_servers)
{
	struct dns_name parent;
	*ret_servers = (struct zone_servers){ .state = ZONE_SERVERS_NONE, .zone = *name };
	for (struct dns_name *at = &ret_servers->zone; dns_name_count_labels(at);
	     *at = parent) {
		struct dns_answer answer;
		resolver_ask(via, at, DNS_NS, until, mem, &answer);
		if (answer.kind == DNS_TEMPFAIL) {
			ret_servers->state = ZONE_SERVERS_UNKNOWN;
			ret_servers->why = answer.why;
			return;
		}
		if (answer.kind == DNS_OK && answer.count &&
		    !is_alias(via, at, until, mem)) {
			ret_servers->state = ZONE_SERVERS_FOUND;
			look_up(via, &answer, max, until, mem, ret_servers);
			return;
		}
		if (!dns_name_parent(at, &parent))
			return;
	}
}
