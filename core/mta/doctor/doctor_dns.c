/* The system's name servers, and the records of our own names that others require. */
#include "core/mta/doctor/doctor_dns.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "core/base/names.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/env.h"
#include "core/model/setting/setting.h"
#include "core/mta/push/backend_choose.h"
#include "dnszone/name/dns_name.h"
#include "dnszone/query/resolver_cache.h"
#include "dnszone/spf/spf_record.h"

#define CACHE_MEMORY ((size_t)2 << 20)
#define ANSWER_MEMORY ((size_t)1 << 18)
#define ONE_MS 5000  /* for one name server */
#define SLOW_MS 1000 /* a mail server makes several queries for each message */
#define NAMES_MS 10000

int doctor_servers(const struct doctor *d, struct query_servers *ret_servers,
                   struct err *err)
{
	if (!d->servers)
		return query_servers_system(ret_servers, err);
	*ret_servers = *d->servers;
	return 0;
}

struct resolver *doctor_open_dns(struct doctor *d, const struct query_servers *servers)
{
	struct resolver *live = query_new(servers, NULL);
	struct resolver *cache = live ? resolver_cache_new(live, CACHE_MEMORY) : NULL;
	if (!cache) {
		resolver_free(live);
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL, _("not enough memory"));
	}
	return cache;
}

void doctor_ask(struct resolver *dns, const char *name, enum dns_type type,
                struct deadline until, struct arena *mem, struct dns_answer *ret_answer)
{
	struct dns_name wire;
	if (dns_name_from_text(name, strlen(name), &wire))
		resolver_ask(dns, &wire, type, until, mem, ret_answer);
	else
		*ret_answer = dns_answer_empty(DNS_NXDOMAIN, NULL);
}

/* mta.hostname or the mail server's own; NULL: unknown.  Caller frees. */
static char *host_name(struct doctor *d)
{
	struct err ignored = ERR_INIT;
	auto_env env = { 0 };
	auto_free char *server = NULL;
	if (backend_hostname(d->ctx, d->store, &server, &ignored) < 0 ||
	    env_load(d->ctx, d->store, server, &env, &ignored) < 0)
		return NULL;
	return xstrdup(env.hostname);
}

char *doctor_known_name(struct doctor *d)
{
	auto_names newest = { 0 };
	struct err ignored = ERR_INIT;
	if (d->store && domain_newest(d->store, 1, &newest, &ignored) == 0 &&
	    newest.count)
		return xstrdup(newest.name[0]);
	char *name = host_name(d);
	return name ? name : xstrdup(".");
}

static void ask_server(struct doctor *d, const struct query_server *server,
                       const char *name)
{
	const struct query_servers one = { .at = { *server }, .count = 1 };
	auto_resolver *dns = query_new(&one, NULL);
	struct arena mem = { 0 };
	struct dns_answer answer = dns_answer_empty(DNS_TEMPFAIL, _("not enough memory"));
	int64_t began = monotonic_ns();
	if (dns && arena_open(&mem, ANSWER_MEMORY))
		doctor_ask(dns, name, DNS_SOA, deadline_in_ms(ONE_MS), &mem, &answer);
	int64_t took = (monotonic_ns() - began) / NS_PER_MS;
	const char *remedy = d->servers ? _("choose another one with --resolver")
	                                : _("name a server that answers in "
	                                    "/etc/resolv.conf");
	if (answer.kind == DNS_TEMPFAIL)
		doctor_add(d, DOCTOR_PROBLEM, server->text, remedy,
		           _("the name server %s does not answer about %s: %s"),
		           server->text, name, answer.why);
	else if (took > SLOW_MS)
		doctor_add(d, DOCTOR_WARNING, server->text, remedy,
		           _("the name server %s took %" PRId64 " ms: each message "
		             "waits for it several times"),
		           server->text, took);
	else
		doctor_add(d, DOCTOR_OK, server->text, NULL,
		           _("%s answered in %" PRId64 " ms"), server->text, took);
	arena_done(&mem);
}

void doctor_resolver(struct doctor *d)
{
	struct query_servers servers;
	struct err err = ERR_INIT;
	auto_free char *name = doctor_known_name(d);
	if (doctor_servers(d, &servers, &err) < 0) {
		doctor_add_err(d, DOCTOR_PROBLEM, "/etc/resolv.conf", &err,
		               _("name a server in /etc/resolv.conf"));
		return;
	}
	for (unsigned i = 0; i < servers.count; i++)
		ask_server(d, &servers.at[i], name);
}

/* ---- our own names --------------------------------------------------------------------------- */

struct name_check {
	struct doctor *d;
	struct resolver *dns;
	struct arena *mem;
	struct deadline until;
};

/* The number of addresses of the name, and whether `address` (text; NULL: none) is one; -1:
 * unknown. */
static int count_addresses(struct name_check *n, const char *name, const char *address,
                           bool *ret_has)
{
	static const struct {
		enum dns_type type;
		int family;
	} kinds[] = { { DNS_A, AF_INET }, { DNS_AAAA, AF_INET6 } };
	int count = 0;
	*ret_has = false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct dns_answer answer;
		doctor_ask(n->dns, name, kinds[i].type, n->until, n->mem, &answer);
		if (answer.kind == DNS_TEMPFAIL)
			return -1;
		for (size_t k = 0; k < answer.count; k++) {
			char text[INET6_ADDRSTRLEN];
			count++;
			*ret_has |= inet_ntop(kinds[i].family, answer.rdata[k].octets,
			                      text, sizeof(text)) &&
			            text_same(text, address);
		}
	}
	return count;
}

static void look_back(struct name_check *n, const char *address, const char *hostname)
{
	struct dns_answer answer;
	struct dns_name reverse;
	uint8_t octets[16];
	bool has = false;
	if (!address_parse(address, octets))
		return;
	dns_name_reverse(octets, &reverse);
	resolver_ask(n->dns, &reverse, DNS_PTR, n->until, n->mem, &answer);
	for (size_t i = 0; i < answer.count; i++) {
		struct dns_name name;
		char text[DNS_NAME_TEXT_SIZE];
		if (!dns_name_from_wire(answer.rdata[i].octets, answer.rdata[i].len,
		                        &name))
			continue;
		dns_name_to_text(&name, text);
		has |= strcasecmp(text, hostname) == 0;
	}
	if (answer.kind != DNS_TEMPFAIL && !has)
		doctor_add(n->d, DOCTOR_WARNING, address,
		           _("ask the provider of the address to set its PTR record"),
		           _("the address %s does not resolve to %s: many servers "
		             "refuse mail from it"),
		           address, hostname);
}

/* Whether it has an address in DNS. */
static bool look_at_hostname(struct name_check *n, const struct env *env)
{
	bool has_ip, has_ipv6;
	if (!env->hostname) {
		doctor_add(n->d, DOCTOR_WARNING, NULL,
		           "mailauthctl server set mta.hostname <name>",
		           _("this host has no fully qualified name"));
		return false;
	}
	int count = count_addresses(n, env->hostname, env->ip, &has_ip);
	if (count >= 0)
		count = count_addresses(n, env->hostname, env->ipv6, &has_ipv6);
	if (count < 0)
		doctor_add(n->d, DOCTOR_SKIPPED, env->hostname,
		           "mailauthctl doctor resolver",
		           _("no name server answers about %s"), env->hostname);
	else if (count == 0)
		doctor_add(n->d, DOCTOR_WARNING, env->hostname,
		           "mailauthctl server set mta.hostname <name>",
		           _("%s has no address in DNS"), env->hostname);
	else if ((env->ip && !has_ip) || (env->ipv6 && !has_ipv6))
		doctor_add(n->d, DOCTOR_WARNING, env->hostname,
		           _("add an A or AAAA record, or set dns.ipv4 and dns.ipv6"),
		           _("%s is not among the addresses of %s in DNS"),
		           env->ip && !has_ip ? env->ip : env->ipv6, env->hostname);
	if (count > 0 && env->ip)
		look_back(n, env->ip, env->hostname);
	if (count > 0 && env->ipv6)
		look_back(n, env->ipv6, env->hostname);
	return count > 0;
}

static void look_at_srs(struct name_check *n, const char *name)
{
	struct dns_answer mx, txt;
	bool has_spf = false, ignored;
	doctor_ask(n->dns, name, DNS_MX, n->until, n->mem, &mx);
	doctor_ask(n->dns, name, DNS_TXT, n->until, n->mem, &txt);
	if (mx.kind != DNS_TEMPFAIL && mx.kind != DNS_OK &&
	    count_addresses(n, name, NULL, &ignored) == 0)
		doctor_add(n->d, DOCTOR_PROBLEM, name,
		           _("add an MX record that points to this host"),
		           _("srs.domain %s has neither an MX record nor an address: "
		             "bounces of forwarded mail are lost"),
		           name);
	for (size_t i = 0; i < txt.count; i++)
		has_spf |= spf_record_has_version((const char *)txt.rdata[i].octets,
		                                  txt.rdata[i].len);
	if (txt.kind != DNS_TEMPFAIL && !has_spf)
		doctor_add(n->d, DOCTOR_WARNING, name,
		           _("add the record \"v=spf1 mx -all\""),
		           _("srs.domain %s has no SPF record: forwarded mail does not "
		             "pass SPF"),
		           name);
}

static void look_at_names(struct name_check *n)
{
	struct doctor *d = n->d;
	struct err err = ERR_INIT;
	auto_free char *server = NULL, *srs = NULL;
	auto_env env = { 0 };
	bool has_srs = false;
	int r = backend_hostname(d->ctx, d->store, &server, &err);
	if (r >= 0)
		r = env_load(d->ctx, d->store, server, &env, &err);
	if (r >= 0)
		r = setting_bool(d->store, SET_SRS_ENABLED, 0, &has_srs, &err);
	if (r >= 0)
		r = setting_text(d->store, SET_SRS_DOMAIN, 0, &srs, &err);
	if (r < 0) {
		doctor_add_failure(d, NULL, &err);
		return;
	}
	bool is_found = look_at_hostname(n, &env);
	const char *name = *srs ? srs : env.hostname;
	if (has_srs && name)
		look_at_srs(n, name);
	if (is_found && !doctor_has_trouble(d))
		doctor_add(d, DOCTOR_OK, env.hostname, NULL, _("%s was found"),
		           env.hostname);
}

void doctor_hostname(struct doctor *d)
{
	struct query_servers servers;
	struct arena mem = { 0 };
	struct err err = ERR_INIT;
	if (doctor_servers(d, &servers, &err) < 0) {
		doctor_add_err(d, DOCTOR_SKIPPED, NULL, &err, NULL);
		return;
	}
	auto_resolver *dns = doctor_open_dns(d, &servers);
	struct name_check n = { d, dns, &mem, deadline_in_ms(NAMES_MS) };
	if (dns && arena_open(&mem, ANSWER_MEMORY))
		look_at_names(&n);
	arena_done(&mem);
}
