/*
 * The name servers to query: as typed, or those of the machine, as the C library reads them from
 * /etc/resolv.conf.
 */
#include "dnszone/query/query_servers.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define DNS_PORT 53
#define TIMEOUT_MAX 30 /* resolv.conf(5): values above it are reduced */
#define ATTEMPTS_MAX 5
#define FILE_MAX ((size_t)16 * 1024)

/* An interface by its name or its number; it need not exist yet. */
static bool parse_scope(const char *text, uint32_t *ret_scope)
{
	int64_t number;
	*ret_scope = if_nametoindex(text);
	if (*ret_scope == 0 && text_to_int(text, 1, INT32_MAX, &number))
		*ret_scope = (uint32_t)number;
	return *ret_scope != 0;
}

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; ends `text` at the '%'. */
static bool parse_address(char *text, struct query_server *server)
{
	char *scope = strchr(text, '%');
	server->scope = 0;
	if (scope)
		*scope++ = '\0';
	if (!address_parse(text, server->address))
		return false;
	return !scope ||
	       (!address_is_ipv4(server->address) && parse_scope(scope, &server->scope));
}

static void set_text(struct query_server *server)
{
	char address[ADDRESS_SIZE], scope[IF_NAMESIZE + 1] = "%";
	bool is_v4 = address_is_ipv4(server->address);
	address_to_text(server->address, address);
	if (server->scope == 0)
		scope[0] = '\0';
	else if (!if_indextoname(server->scope, scope + 1))
		snprintf(scope + 1, IF_NAMESIZE, "%u", server->scope);
	if (server->port == DNS_PORT)
		snprintf(server->text, sizeof(server->text), "%s%s", address, scope);
	else
		snprintf(server->text, sizeof(server->text),
		         is_v4 ? "%s%s:%u" : "[%s%s]:%u", address, scope, server->port);
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
	if (!parse_address(address, ret_server))
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
		               _("the number of name servers must be from 1 to %u, not "
		                 "%zu"),
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

/* ---- resolv.conf(5) -------------------------------------------------------------------------- */

/* "timeout:3" with `name` "timeout:"; text that is not a number is skipped, 0 counts as 1. */
static void take_number(const char *option, const char *name, unsigned max,
                        unsigned *number)
{
	int64_t value;
	if (!text_starts(option, name) ||
	    !text_to_int(option + strlen(name), 0, INT32_MAX, &value))
		return;
	*number = value == 0 ? 1 : value > max ? max : (unsigned)value;
}

static void take_option(const char *option, struct query_servers *servers)
{
	take_number(option, "timeout:", TIMEOUT_MAX, &servers->timeout_s);
	take_number(option, "attempts:", ATTEMPTS_MAX, &servers->attempts);
	if (strcmp(option, "rotate") == 0)
		servers->is_rotated = true;
}

static void take_server(const char *text, struct query_servers *servers)
{
	if (servers->count < QUERY_SERVERS_MAX &&
	    parse_server(text, &servers->at[servers->count]))
		servers->count++;
}

/* A keyword begins its line and is followed by blanks; comments begin with ';' or '#'. */
static void take_line(char *line, struct query_servers *servers)
{
	static const char blanks[] = " \t\r";
	char *rest = NULL;
	line[strcspn(line, ";#")] = '\0';
	if (isspace((unsigned char)line[0]))
		return;
	const char *keyword = strtok_r(line, blanks, &rest);
	if (!keyword)
		return;
	const char *word = strtok_r(NULL, blanks, &rest);
	if (strcmp(keyword, "nameserver") == 0 && word)
		take_server(word, servers);
	for (; strcmp(keyword, "options") == 0 && word;
	     word = strtok_r(NULL, blanks, &rest))
		take_option(word, servers);
}

void query_servers_from_file(const char *text, struct query_servers *ret_servers)
{
	*ret_servers = (struct query_servers){ 0 };
	while (*text) {
		char line[256];
		size_t len = strcspn(text, "\n");
		if (len < sizeof(line)) {
			memcpy(line, text, len);
			line[len] = '\0';
			take_line(line, ret_servers);
		}
		text += len + (text[len] == '\n');
	}
	if (ret_servers->count == 0)
		take_server("127.0.0.1", ret_servers);
}

int query_servers_system(struct query_servers *ret_servers, struct err *err)
{
	static const char path[] = "/etc/resolv.conf";
	char text[FILE_MAX];
	size_t len = 0;
	FILE *file = fopen(path, "re");
	if (!file && errno != ENOENT)
		return err_errno(err, errno, _("cannot read %s"), path);
	if (file) {
		len = fread(text, 1, sizeof(text) - 1, file);
		int failure = ferror(file) ? errno : 0;
		fclose(file);
		if (failure)
			return err_errno(err, failure, _("cannot read %s"), path);
	}
	text[len] = '\0';
	query_servers_from_file(text, ret_servers);
	return 0;
}
