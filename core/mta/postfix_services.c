/*
 * What main.cf and master.cf say together: services that customers send through, services that an
 * override takes away from us, and the address that smtpd answers at.
 */
#include "core/mta/postfix_services.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

void services_value(const struct main_cf *main, const struct master_service *service,
                    const char *name, struct buf *into)
{
	const char *override = master_override(service, name);
	if (override)
		main_cf_expand(main, service->name, override, into);
	else
		main_cf_value(main, service->name, name, into);
}

static bool is_empty_for(const struct main_cf *main, const struct master_service *service,
                         const char *name)
{
	auto_buf value = BUF_INIT;
	services_value(main, service, name, &value);
	return buf_text(&value)[strspn(buf_text(&value), " \t")] == '\0';
}

bool services_is_submission(const struct master_service *service)
{
	static const char *const ports[] = { "submission", "submissions", "smtps", "587",
		                             "465" };
	const char *port = master_port(service);
	if (!master_is_smtpd(service) || strcmp(service->type, "inet") != 0 ||
	    strcmp(port, "smtp") == 0 || strcmp(port, "25") == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (strcmp(port, ports[i]) == 0)
			return true;
	return text_same(master_override(service, "smtpd_sasl_auth_enable"), "yes");
}

static const char **find_unmiltered(const struct filter_ways *ways, size_t room)
{
	const char *const *const lists[] = { ways->reinjecting, ways->proxied };
	const char **names = xcalloc(2 * room, sizeof(names[0]));
	size_t count = 0;
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; lists[l][i]; i++)
			names[count++] = lists[l][i];
	return names;
}

void services_read(const struct main_cf *main, const struct master_cf *master,
                   const struct filter_tables *tables, bool has_other,
                   struct services *ret_services)
{
	const size_t room = master->count + 2;
	const char **submission = xcalloc(room, sizeof(submission[0]));
	const char **cleanup = xcalloc(room, sizeof(cleanup[0]));
	size_t submissions = 0, cleanups = 0;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if (services_is_submission(service))
			submission[submissions++] = service->name;
		if (strcmp(service->command, "cleanup") == 0)
			cleanup[cleanups++] = service->name;
	}
	if (cleanups == 0)
		cleanup[0] = "cleanup";
	*ret_services = (struct services){ .submission = submission, .cleanup = cleanup };
	filter_ways_find(main, master, tables, has_other, &ret_services->ways);
	ret_services->unmiltered = find_unmiltered(&ret_services->ways, room);
}

void services_done(struct services *services)
{
	filter_ways_done(&services->ways);
	free(services->unmiltered);
	free(services->submission);
	free(services->cleanup);
	*services = SERVICES_INIT;
}

static bool has_no_milters(const struct main_cf *main,
                           const struct master_service *service)
{
	auto_buf options = BUF_INIT;
	services_value(main, service, "receive_override_options", &options);
	return main_list_has(buf_text(&options), "no_milters");
}

bool services_names_filter(const struct main_cf *main,
                           const struct master_service *service, const char *list,
                           const char *own_item)
{
	auto_buf value = BUF_INIT, item = BUF_INIT;
	services_value(main, service, list, &value);
	for (const char *at = buf_text(&value); own_item && main_list_next(&at, &item);) {
		auto_free char *endpoint =
			xmemdup(buf_text(&item), strcspn(buf_text(&item), ", \t"));
		if (strcmp(endpoint, own_item) == 0)
			return true;
	}
	return false;
}

/* What a list of the service's own takes away; NULL: nothing, it names the filter for those who only
 * send. */
static char *list_override(const struct main_cf *main,
                           const struct master_service *service, const char *list,
                           const char *own_item)
{
	if (!services_names_filter(main, service, list, own_item))
		return xasprintf(
			_("%s/%s in master.cf sets %s itself: mail through it is neither "
		          "signed "
		          "nor verified"),
			service->name, service->type, list);
	if (services_is_submission(service) || !master_is_smtpd(service))
		return NULL;
	return xasprintf(_("%s/%s in master.cf sets %s itself: DMARC is not checked for "
	                   "mail through it"),
	                 service->name, service->type, list);
}

/* Why mail through the service meets none of our milters, and by which parameter; NULL: it does. */
static char *override_of(const struct main_cf *main, const struct master_service *service,
                         const char *own_item, const char **ret_parameter)
{
	bool from_program = strcmp(service->command, "pickup") == 0;
	bool is_cleanup = strcmp(service->command, "cleanup") == 0;
	const char *list = is_cleanup ? "non_smtpd_milters" : "smtpd_milters";
	const char *own = master_override(service, list);
	if (own && (master_is_smtpd(service) || is_cleanup) &&
	    !strstr(own, "mailauth_")) {
		*ret_parameter = list;
		return list_override(main, service, list, own_item);
	}
	if ((master_is_smtpd(service) || from_program) && has_no_milters(main, service)) {
		*ret_parameter = "receive_override_options";
		return xasprintf(
			_("%s/%s has receive_override_options with no_milters: mail "
		          "through it is "
		          "neither signed nor verified"),
			service->name, service->type);
	}
	if (master_is_smtpd(service) &&
	    !is_empty_for(main, service, "smtpd_proxy_filter")) {
		*ret_parameter = "smtpd_proxy_filter";
		return xasprintf(
			_("%s/%s passes mail to an smtpd_proxy_filter, so milters never "
		          "see its content: mail through it is not signed, and DKIM and "
		          "DMARC are not checked (SPF is)"),
			service->name, service->type);
	}
	return NULL;
}

void services_each_override(const struct main_cf *main, const struct master_cf *master,
                            const char *own_item,
                            void (*each)(void *arg, const struct master_service *service,
                                         const char *parameter, bool is_private,
                                         const char *sentence),
                            void *arg)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		const char *parameter = NULL;
		auto_free char *sentence =
			override_of(main, service, own_item, &parameter);
		if (sentence)
			each(arg, service, parameter,
			     filter_service_is_private(main, service), sentence);
	}
}

static void note_override(void *arg, const struct master_service *service,
                          const char *parameter, bool is_private, const char *sentence)
{
	(void)service;
	(void)parameter;
	(void)is_private;
	plan_note(arg, "%s", sentence);
}

void services_note(const struct main_cf *main, const struct master_cf *master,
                   const struct services *services, const char *own_item,
                   struct plan *plan)
{
	services_each_override(main, master, own_item, note_override, plan);
	const char *const *names = services->ways.reinjecting;
	for (size_t i = 0; names[i]; i++)
		plan_note(plan,
		          _("%s accepts mail that a content filter returns: filters of "
		            "mailauthctl do not process it again"),
		          names[i]);
}

void services_note_order(const struct main_cf *main, bool is_last, struct plan *plan)
{
	auto_buf value = BUF_INIT, item = BUF_INIT, names = BUF_INIT;
	main_cf_value(main, NULL, "smtpd_milters", &value);
	const char *at = buf_text(&value);
	while (main_list_next(&at, &item))
		buf_printf(&names, "%s%.*s", names.len ? ", " : "",
		           (int)strcspn(buf_text(&item), ", \t"), buf_text(&item));
	if (!names.len)
		return;
	if (is_last)
		plan_note(
			plan,
			_("mta.filter-position is last: mail from outside meets %s "
		          "before its "
		          "signatures are verified, and what is changed there breaks them"),
			buf_text(&names));
	else
		plan_note(
			plan,
			_("mail that customers send through the service for the world "
		          "(smtp) is "
		          "signed before it meets %s, and what is changed there breaks the "
		          "signature; through a submission service it is signed last"),
			buf_text(&names));
}

static bool is_address(const char *host)
{
	unsigned char octets[16];
	return inet_pton(AF_INET, host, octets) == 1 ||
	       inet_pton(AF_INET6, host, octets) == 1;
}

static char *endpoint(const char *host, const char *port)
{
	static const struct {
		const char *name, *number;
	} ports[] = { { "smtp", "25" }, { "submission", "587" } };
	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (strcmp(port, ports[i].name) == 0)
			port = ports[i].number;
	int64_t number;
	if (!text_to_int(port, 1, 65535, &number))
		return NULL;
	if (strcasecmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (host[0] != '[' && strchr(host, ':'))
		return xasprintf("[%s]:%s", host, port);
	return host[0] == '[' || is_address(host) ? xasprintf("%s:%s", host, port) : NULL;
}

/* An address of this machine that Postfix listens on. */
static char *listening_host(const struct main_cf *main)
{
	auto_buf interfaces = BUF_INIT, protocols = BUF_INIT, item = BUF_INIT;
	main_cf_value(main, NULL, "inet_interfaces", &interfaces);
	main_cf_value(main, NULL, "inet_protocols", &protocols);
	bool only6 = main_list_has(buf_text(&protocols), "ipv6") &&
	             !main_list_has(buf_text(&protocols), "ipv4");
	const char *own = only6 ? "::1" : "127.0.0.1";
	const char *at = buf_text(&interfaces);
	char *found = NULL;
	while (main_list_next(&at, &item)) {
		const char *host = buf_text(&item);
		if (strcasecmp(host, "all") == 0 ||
		    strcasecmp(host, "loopback-only") == 0 || master_is_loopback(host)) {
			free(found);
			return xstrdup(own);
		}
		if (!found && is_address(host))
			found = xstrdup(host);
	}
	return found;
}

/* master_service_disable: types and "name/type", the first that matches counts, "!" keeps one. */
static bool is_disabled(const struct main_cf *main, const struct master_service *service)
{
	auto_buf list = BUF_INIT, item = BUF_INIT;
	auto_free char *full = xasprintf("%s/%s", service->name, service->type);
	main_cf_value(main, NULL, "master_service_disable", &list);
	const char *at = buf_text(&list);
	while (main_list_next(&at, &item)) {
		bool keeps = buf_text(&item)[0] == '!';
		const char *pattern = buf_text(&item) + keeps;
		if (strcmp(pattern, service->type) == 0 || strcmp(pattern, full) == 0)
			return !keeps;
	}
	return false;
}

void services_smtp_endpoints(const struct main_cf *main, const struct master_cf *master,
                             char ***ret, size_t *ret_count)
{
	auto_free char *listening = listening_host(main);
	auto_buf first = BUF_INIT, others = BUF_INIT;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if (strcmp(service->type, "inet") != 0 ||
		    (!master_is_smtpd(service) &&
		     strcmp(service->command, "postscreen") != 0) ||
		    text_same(master_override(service, "smtpd_tls_wrappermode"), "yes") ||
		    is_disabled(main, service))
			continue;
		auto_free char *host = master_host(service);
		const char *port = master_port(service);
		auto_free char *found = host || listening
		                                ? endpoint(host ? host : listening, port)
		                                : NULL;
		if (found)
			buf_printf(text_ends(found, ":25") ? &first : &others, "%s ",
			           found);
	}
	buf_puts(&first, buf_text(&others));
	text_split_list(buf_text(&first), ret, ret_count);
}
