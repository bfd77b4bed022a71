/* Each address of each authoritative server is queried for CNAME and data at once. */
#include "dnszone/query/authority.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/base/alloc.h"
#include "dnszone/name/dns_name.h"
#include "dnszone/query/zone_servers.h"

/* One server at one link of the chain. */
struct server {
	struct query_server at;
	struct resolver *direct;
	struct dns_answer cname, data;
};

struct link {
	struct server server[AUTHORITY_SERVERS_MAX];
	size_t count;
};

struct asking {
	const struct authority_way *way;
	enum dns_type type;
	struct deadline until;
	struct arena *mem;
	struct authority *authority;
};

static void say(struct authority *authority, enum authority_state state, const char *fmt,
                ...) printf_like(3, 4);
static void say(struct authority *authority, enum authority_state state, const char *fmt,
                ...)
{
	va_list ap;
	va_start(ap, fmt);
	authority->state = state;
	vsnprintf(authority->why, sizeof(authority->why), fmt, ap);
	va_end(ap);
}

/* ---- servers --------------------------------------------------------------------------------- */

/* Connecting a datagram socket sends nothing: it queries the kernel for a route. */
static bool has_route(const struct query_server *server)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		                   .sin6_port = htons(server->port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		                  .sin_port = htons(server->port) };
	bool is_v4 = address_is_ipv4(server->address);
	memcpy(&v6.sin6_addr, server->address, 16);
	memcpy(&v4.sin_addr, server->address + 12, 4);
	auto_close int fd =
		socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno != EAFNOSUPPORT;
	return connect(fd, is_v4 ? (const struct sockaddr *)&v4 : (const void *)&v6,
	               is_v4 ? sizeof(v4) : sizeof(v6)) == 0 ||
	       (errno != ENETUNREACH && errno != EADDRNOTAVAIL);
}

int authority_open(void *arg, const struct query_server *server,
                   struct resolver **ret_resolver)
{
	static const struct query_options options = { .width = 2, .memory = 1 << 17 };
	struct query_servers one = { .at = { *server }, .count = 1 };
	(void)arg;
	if (!has_route(server))
		return 0;
	*ret_resolver = query_new(&one, &options);
	return *ret_resolver ? 1 : -1;
}

static void close_servers(struct link *link)
{
	for (size_t i = 0; i < link->count; i++)
		resolver_free(link->server[i].direct);
	link->count = 0;
}

/* False: err is set. */
static bool open_servers(struct asking *asking, const struct zone_servers *servers,
                         struct link *link)
{
	for (size_t i = 0; i < servers->count && link->count < AUTHORITY_SERVERS_MAX;
	     i++) {
		struct server *server = &link->server[link->count];
		*server = (struct server){ .at = servers->at[i] };
		int r = asking->way->open(asking->way->arg, &server->at, &server->direct);
		link->count += r > 0;
		if (r < 0) {
			say(asking->authority, AUTHORITY_UNKNOWN, _("not enough memory"));
			return false;
		}
	}
	return true;
}

/* False: err is set. */
static bool find_servers(struct asking *asking, const struct dns_name *name,
                         struct link *link)
{
	struct authority *authority = asking->authority;
	struct zone_servers servers;
	char text[DNS_NAME_TEXT_SIZE];
	zone_servers_find(asking->way->via, name, ZONE_SERVERS_MAX, asking->until,
	                  asking->mem, &servers);
	if (!open_servers(asking, &servers, link))
		return false;
	dns_name_to_text(servers.state == ZONE_SERVERS_NONE ? name : &servers.zone, text);
	if (servers.state == ZONE_SERVERS_UNKNOWN)
		say(authority, AUTHORITY_UNKNOWN, _("name servers of %s: %s"), text,
		    servers.why);
	else if (servers.state == ZONE_SERVERS_NONE)
		say(authority, AUTHORITY_UNKNOWN,
		    _("no name server is authoritative for %s"), text);
	else if (!servers.count)
		say(authority, AUTHORITY_UNKNOWN,
		    _("the name servers of %s have no address"), text);
	else if (!link->count)
		say(authority, AUTHORITY_UNKNOWN,
		    _("this host has no route to the name servers of %s"), text);
	return link->count > 0;
}

/* ---- questions ------------------------------------------------------------------------------- */

static void collect(struct asking *asking, struct resolver *direct,
                    const struct dns_name *name, enum dns_type type,
                    struct dns_answer *ret_answer)
{
	if (!resolver_peek(direct, name, type, asking->mem, ret_answer))
		resolver_ask(direct, name, type, asking->until, asking->mem, ret_answer);
}

/* All queries are sent before the first answer is awaited, so that a silent server does not delay
 * the others. */
static void ask_servers(struct asking *asking, const struct dns_name *name,
                        struct link *link)
{
	for (size_t i = 0; i < link->count; i++) {
		resolver_ask_ahead(link->server[i].direct, name, DNS_CNAME,
		                   asking->until);
		resolver_ask_ahead(link->server[i].direct, name, asking->type,
		                   asking->until);
	}
	for (size_t i = 0; i < link->count; i++) {
		struct server *server = &link->server[i];
		collect(asking, server->direct, name, DNS_CNAME, &server->cname);
		collect(asking, server->direct, name, asking->type, &server->data);
	}
}

static bool has_alias(const struct server *server)
{
	return server->cname.kind == DNS_OK && server->cname.count;
}

static bool is_same_alias(const struct server *a, const struct server *b)
{
	return has_alias(a) && has_alias(b) && a->cname.count == 1 &&
	       b->cname.count == 1 && a->cname.rdata[0].len == b->cname.rdata[0].len &&
	       memcmp(a->cname.rdata[0].octets, b->cname.rdata[0].octets,
	              a->cname.rdata[0].len) == 0;
}

/* One server has a CNAME, and this one does not have the same. */
static void tell_split(struct asking *asking, const struct server *has,
                       const struct server *other)
{
	struct authority *authority = asking->authority;
	if (has == other)
		say(authority, AUTHORITY_DIFFERENT, _("%s returns several CNAME records"),
		    has->at.text);
	else if (other->cname.kind == DNS_TEMPFAIL)
		say(authority, AUTHORITY_UNKNOWN, "%s", other->cname.why);
	else if (!has_alias(other) && other->data.kind != DNS_OK)
		say(authority, AUTHORITY_MISSING,
		    _("%s does not have the CNAME record that %s returns"),
		    other->at.text, has->at.text);
	else
		say(authority, AUTHORITY_DIFFERENT,
		    _("%s does not return the same CNAME record as %s"), other->at.text,
		    has->at.text);
}

/* 1: *name is the target of the CNAME, which all servers return; 0: none returns one; negative: err
 * is set. */
static int next_name(struct asking *asking, const struct link *link,
                     struct dns_name *name)
{
	const struct server *first = NULL;
	for (size_t i = 0; !first && i < link->count; i++)
		if (has_alias(&link->server[i]))
			first = &link->server[i];
	if (!first)
		return 0;
	for (size_t i = 0; i < link->count; i++)
		if (!is_same_alias(first, &link->server[i])) {
			tell_split(asking, first, &link->server[i]);
			return -1;
		}
	if (dns_name_from_wire(first->cname.rdata[0].octets, first->cname.rdata[0].len,
	                       name))
		return 1;
	say(asking->authority, AUTHORITY_UNKNOWN, _("a malformed answer from %s"),
	    first->at.text);
	return -1;
}

static void keep_replies(struct asking *asking, const struct link *link)
{
	for (size_t i = 0; i < link->count; i++)
		asking->authority->reply[i] =
			(struct authority_reply){ link->server[i].at,
			                          link->server[i].data };
	asking->authority->count = link->count;
}

/* One name of the chain; 1: the next one is in *name. */
static int ask_link(struct asking *asking, struct dns_name *name)
{
	struct link link = { .count = 0 };
	int r = -1;
	if (find_servers(asking, name, &link)) {
		ask_servers(asking, name, &link);
		r = next_name(asking, &link, name);
		if (r == 0)
			keep_replies(asking, &link);
	}
	close_servers(&link);
	return r;
}

void authority_ask(const struct authority_way *way, const char *owner, enum dns_type type,
                   struct deadline until, struct arena *mem,
                   struct authority *ret_authority)
{
	struct asking asking = { way, type, until, mem, ret_authority };
	struct dns_name chain[DNS_CNAME_MAX + 1], name;
	*ret_authority = (struct authority){ .state = AUTHORITY_ANSWERED };
	if (!dns_name_from_text(owner, strlen(owner), &name)) {
		say(ret_authority, AUTHORITY_UNKNOWN, _("%s is not a name in DNS"),
		    owner);
		return;
	}
	for (;;) {
		for (unsigned i = 0; i < ret_authority->links; i++)
			if (dns_name_equal(&chain[i], &name)) {
				say(ret_authority, AUTHORITY_DIFFERENT,
				    _("a loop of CNAME records"));
				return;
			}
		chain[ret_authority->links] = ret_authority->asked = name;
		if (ask_link(&asking, &name) <= 0)
			return;
		if (ret_authority->links++ == DNS_CNAME_MAX) {
			say(ret_authority, AUTHORITY_DIFFERENT,
			    _("more than %d CNAME records in a row"), DNS_CNAME_MAX);
			return;
		}
	}
}
