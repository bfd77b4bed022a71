/*
 * Which name servers are asked: as a person types them, or those of the machine.  c-ares reads
 * /etc/resolv.conf; a channel is opened for that and thrown away.
 */
#include <ares.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "dnszone/query.h"

#define DNS_PORT 53

bool query_is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static bool parse_address(const char *text, uint8_t ret_address[16])
{
	uint8_t v4[4];
	if (inet_pton(AF_INET, text, v4) == 1) {
		memset(ret_address, 0, 10);
		memset(ret_address + 10, 0xff, 2);
		memcpy(ret_address + 12, v4, 4);
		return true;
	}
	return inet_pton(AF_INET6, text, ret_address) == 1;
}

static void set_text(struct query_server *server)
{
	char address[INET6_ADDRSTRLEN] = "?";
	bool is_v4 = query_is_ipv4(server->address);
	inet_ntop(is_v4 ? AF_INET : AF_INET6, server->address + (is_v4 ? 12 : 0), address,
	          sizeof(address));
	if (server->port == DNS_PORT)
		snprintf(server->text, sizeof(server->text), "%s", address);
	else
		snprintf(server->text, sizeof(server->text), is_v4 ? "%s:%u" : "[%s]:%u",
		         address, server->port);
}

static bool parse_server(const char *text, struct query_server *ret_server)
{
	char address[64];
	const char *port = NULL;
	size_t len = strlen(text);
	int64_t number = DNS_PORT;
	if (text[0] == '[') {
		const char *end = strchr(text, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return false;
		port = end[1] ? end + 2 : NULL;
		len = (size_t)(end - ++text);
	} else if (strchr(text, ':') == strrchr(text, ':') && strchr(text, ':')) {
		port = strchr(text, ':') + 1;
		len = (size_t)(port - 1 - text);
	}
	if (len >= sizeof(address) || (port && !text_to_int(port, 1, 65535, &number)))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	ret_server->port = (uint16_t)number;
	if (!parse_address(address, ret_server->address))
		return false;
	set_text(ret_server);
	return true;
}

int query_servers_parse(const char *text, struct query_servers *ret_servers,
                        struct err *err)
{
	auto_free char **items = NULL;
	size_t count;
	struct query_servers servers = { 0 };
	text_split_list(text, &items, &count);
	if (count == 0 || count > QUERY_SERVERS_MAX)
		return err_set(err, ERR_USAGE,
		               _("between 1 and %u name servers can be asked, not %zu"),
		               QUERY_SERVERS_MAX, count);
	for (; servers.count < count; servers.count++)
		if (!parse_server(items[servers.count], &servers.at[servers.count]))
			return err_set(err, ERR_USAGE,
			               _("\"%.80s\" is not the address of a name server; "
			                 "examples are 192.0.2.1, 192.0.2.1:5353 and "
			                 "[2001:db8::1]:5353"),
			               items[servers.count]);
	*ret_servers = servers;
	return 0;
}

static void take_server(const struct ares_addr_port_node *node,
                        struct query_server *ret_server)
{
	ret_server->port = node->udp_port > 0 ? (uint16_t)node->udp_port : DNS_PORT;
	if (node->family == AF_INET) {
		memset(ret_server->address, 0, 10);
		memset(ret_server->address + 10, 0xff, 2);
		memcpy(ret_server->address + 12, &node->addr.addr4, 4);
	} else {
		memcpy(ret_server->address, &node->addr.addr6, 16);
	}
	set_text(ret_server);
}

int query_servers_system(struct query_servers *ret_servers, struct err *err)
{
	ares_channel channel;
	struct ares_addr_port_node *list = NULL;
	struct query_servers servers = { 0 };
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS)
		status = ares_init(&channel);
	if (status != ARES_SUCCESS)
		return err_set(err, ERR_FAILED,
		               _("the name servers of this machine are not known "
		                 "(/etc/resolv.conf): %s"),
		               ares_strerror(status));
	if (ares_get_servers_ports(channel, &list) == ARES_SUCCESS)
		for (const struct ares_addr_port_node *node = list;
		     node && servers.count < QUERY_SERVERS_MAX; node = node->next)
			take_server(node, &servers.at[servers.count++]);
	ares_free_data(list);
	ares_destroy(channel);
	ares_library_cleanup();
	if (servers.count == 0)
		return err_set(err, ERR_FAILED, _("/etc/resolv.conf names no server"));
	*ret_servers = servers;
	return 0;
}
