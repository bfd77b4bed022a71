/*
 * Host name and addresses.  The system's public address is the first global one of an interface
 * that is up, by the same test that is applied to dns.ipv4 and dns.ipv6.
 */
#include "core/model/setting/env.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/model/setting/setting.h"

static char *public_address(int family, enum setting_key key)
{
	struct ifaddrs *all = NULL;
	char *found = NULL;
	if (getifaddrs(&all) < 0)
		return NULL;
	for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next) {
		char text[INET6_ADDRSTRLEN];
		struct err ignored = ERR_INIT;
		if (!one->ifa_addr || one->ifa_addr->sa_family != family ||
		    !(one->ifa_flags & IFF_UP))
			continue;
		const void *octets =
			family == AF_INET
				? (const void *)&(
					  (const struct sockaddr_in *)(const void *)
						  one->ifa_addr)
					  ->sin_addr
				: &((const struct sockaddr_in6 *)(const void *)
		                            one->ifa_addr)
					   ->sin6_addr;
		if (inet_ntop(family, octets, text, sizeof(text)) &&
		    setting_parse(&setting_table[key], text, &found, &ignored) < 0)
			found = NULL;
	}
	freeifaddrs(all);
	return found;
}

/* The setting's text, or NULL if it is empty. */
static int text_or_null(struct store *store, enum setting_key key, char **ret_text,
                        struct err *err)
{
	char *text;
	int r = setting_text(store, key, 0, &text, err);
	if (r < 0)
		return r;
	if (!*text) {
		free(text);
		text = NULL;
	}
	*ret_text = text;
	return 0;
}

bool env_is_public_name(const char *name)
{
	/* Postfix's name for "unknown"; RFC 6761 and 6762; reserved by ICANN; RFC 8375 */
	static const char *const private_tops[] = { "localdomain", "localhost",
		                                    "invalid",     "local",
		                                    "internal",    "home.arpa" };
	size_t len = name ? strlen(name) : 0;
	if (len && name[len - 1] == '.')
		len--;
	auto_free char *text = xmemdup(name ? name : "", len);
	const char *top = strrchr(text, '.');
	if (!top || top == text || top[1 + strspn(top + 1, "0123456789")] == '\0')
		return false; /* no dot, or an address */
	for (size_t i = 0; i < ARRAY_LEN(private_tops); i++) {
		size_t top_len = strlen(private_tops[i]);
		if (len > top_len && text[len - top_len - 1] == '.' &&
		    strcasecmp(text + len - top_len, private_tops[i]) == 0)
			return false;
	}
	return true;
}

int env_load(const struct ctx *ctx, struct store *store, const char *server_name,
             struct env *ret_env, struct err *err)
{
	auto_env env = { 0 };
	int r = text_or_null(store, SET_MTA_HOSTNAME, &env.hostname, err);
	if (r >= 0)
		r = text_or_null(store, SET_DNS_IPV4, &env.ip, err);
	if (r >= 0)
		r = text_or_null(store, SET_DNS_IPV6, &env.ipv6, err);
	if (r < 0)
		return r;
	if (!env.hostname)
		env.hostname = xstrdup(server_name);
	if (!env_is_public_name(env.hostname)) {
		free(env.hostname);
		env.hostname = NULL;
	}
	if (!env.ip && !ctx->is_rooted)
		env.ip = public_address(AF_INET, SET_DNS_IPV4);
	if (!env.ipv6 && !ctx->is_rooted)
		env.ipv6 = public_address(AF_INET6, SET_DNS_IPV6);
	*ret_env = env;
	env = (struct env){ 0 };
	return 0;
}

void env_done(struct env *env)
{
	free(env->hostname);
	free(env->ip);
	free(env->ipv6);
	*env = (struct env){ 0 };
}

const char *env_computed(const struct env *env, const char *key)
{
	const struct {
		enum setting_key key;
		const char *value;
	} computed[] = {
		{ SET_DNS_IPV4, env->ip },
		{ SET_DNS_IPV6, env->ipv6 },
		{ SET_MTA_HOSTNAME, env->hostname },
		{ SET_SRS_DOMAIN, env->hostname },
	};
	for (size_t i = 0; i < ARRAY_LEN(computed); i++)
		if (strcmp(setting_table[computed[i].key].key, key) == 0)
			return computed[i].value;
	return NULL;
}
