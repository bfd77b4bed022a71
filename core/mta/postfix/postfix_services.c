/*
 * Facts from main.cf and master.cf together: services that customers send through, services with an
 * override that disables ours, and the address that smtpd answers at.
 */
#include "core/mta/postfix/postfix_services.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_smtpd.h"
#include "core/mta/provider/opendkim_conf.h"

static bool is_empty_for(const struct main_cf *main, const struct master_service *service,
                         const char *name)
{
	auto_buf value = BUF_INIT;
	main_cf_value_of(main, service, name, &value);
	return buf_text(&value)[strspn(buf_text(&value), " \t")] == '\0';
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
		if (smtpd_is_submission(main, service))
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
	main_cf_value_of(main, service, "receive_override_options", &options);
	return item_list_has(buf_text(&options), "no_milters");
}

static bool is_socket(const char *text, const struct filter_socket *filter)
{
	auto_free char *plain = opendkim_endpoint(text, filter->queue_dir);
	/* an absolute path of a chrooted smtpd begins at the queue directory */
	auto_free char *inside =
		plain && text_starts(plain, "unix:/")
			? xasprintf("unix:%s%s", filter->queue_dir, plain + 5)
			: NULL;
	return text_same(plain, filter->socket) || text_same(inside, filter->socket);
}

char *services_find_socket(const char *list, const struct filter_socket *filter)
{
	auto_buf item = BUF_INIT;
	while (filter->socket && item_list_next(&list, &item)) {
		auto_free char *text =
			xmemdup(buf_text(&item), strcspn(buf_text(&item), ", \t"));
		if (is_socket(text, filter))
			return xstrdup(text);
	}
	return NULL;
}

bool services_names_filter(const struct main_cf *main,
                           const struct master_service *service, const char *list,
                           const struct filter_socket *filter)
{
	auto_buf value = BUF_INIT;
	main_cf_value_of(main, service, list, &value);
	auto_free char *found = services_find_socket(buf_text(&value), filter);
	return found != NULL;
}

/* Which checks a list of the service itself disables; NULL: none, because the list names the filter
 * and mail through the service is not checked with DMARC anyway. */
static char *list_override(const struct main_cf *main,
                           const struct master_service *service, const char *list,
                           const struct filter_socket *filter)
{
	if (!services_names_filter(main, service, list, filter))
		return xasprintf(
			_("%s/%s in master.cf sets %s itself: mail through it is neither "
		          "signed "
		          "nor verified"),
			service->name, service->type, list);
	if (smtpd_is_submission(main, service) || !master_is_smtpd(service))
		return NULL;
	return xasprintf(_("%s/%s in master.cf sets %s itself: mail through it is not "
	                   "verified"),
	                 service->name, service->type, list);
}

/* Why mail through the service meets none of our milters, and by which parameter; NULL: it does. */
static char *override_of(const struct main_cf *main, const struct master_service *service,
                         const struct filter_socket *filter, const char **ret_parameter)
{
	bool from_program = strcmp(service->command, "pickup") == 0;
	bool is_cleanup = strcmp(service->command, "cleanup") == 0;
	const char *list = is_cleanup ? "non_smtpd_milters" : "smtpd_milters";
	const char *own = master_override(service, list);
	if (own && (master_is_smtpd(service) || is_cleanup) &&
	    !strstr(own, "mailauth_")) {
		*ret_parameter = list;
		return list_override(main, service, list, filter);
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
			_("%s/%s passes mail to an smtpd_proxy_filter, so milters "
		          "never receive its content: mail through it is not signed, "
		          "and DKIM and DMARC are not checked (SPF is)"),
			service->name, service->type);
	}
	return NULL;
}

static bool is_among(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* The cleanup service that mail of local programs goes through. */
static bool is_pickups(const struct main_cf *main, const struct master_cf *master,
                       const struct master_service *cleanup)
{
	auto_buf name = BUF_INIT;
	main_cf_value(main, NULL, "cleanup_service_name", &name);
	for (size_t i = 0; i < master->count; i++)
		if (strcmp(master->service[i].command, "pickup") == 0) {
			buf_clear(&name);
			main_cf_value_of(main, &master->service[i],
			                 "cleanup_service_name", &name);
		}
	return strcmp(buf_text(&name), cleanup->name) == 0;
}

/* An override of a port for quarantine, copies or returned mail prevents that mail is signed twice;
 * so does one for local programs if a filter returns mail through them. */
static bool is_meant(const struct main_cf *main, const struct master_cf *master,
                     const struct services *services,
                     const struct master_service *service)
{
	if (strcmp(service->command, "pickup") == 0)
		return services->ways.unknown != NULL;
	if (!master_is_smtpd(service))
		return services->ways.unknown || !is_pickups(main, master, service);
	return smtpd_is_private(main, service) ||
	       is_among(services->ways.reinjecting, service->name) ||
	       (!smtpd_is_world(service) && !smtpd_is_submission(main, service));
}

void services_each_override(const struct main_cf *main, const struct master_cf *master,
                            const struct services *services,
                            const struct filter_socket *filter,
                            void (*each)(void *arg, const struct master_service *service,
                                         const char *parameter, bool is_meant,
                                         const char *sentence),
                            void *arg)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		const char *parameter = NULL;
		auto_free char *sentence = override_of(main, service, filter, &parameter);
		if (sentence)
			each(arg, service, parameter,
			     is_meant(main, master, services, service), sentence);
	}
}

static void note_override(void *arg, const struct master_service *service,
                          const char *parameter, bool is_meant_so, const char *sentence)
{
	(void)service;
	(void)parameter;
	(void)is_meant_so;
	plan_note(arg, "%s", sentence);
}

void services_note(const struct main_cf *main, const struct master_cf *master,
                   const struct services *services, const struct filter_socket *filter,
                   struct plan *plan)
{
	services_each_override(main, master, services, filter, note_override, plan);
	const char *const *names = services->ways.reinjecting;
	for (size_t i = 0; names[i]; i++)
		plan_note(plan,
		          _("%s accepts mail that a content filter returns: filters of "
		            "mailauthctl do not process it again"),
		          names[i]);
}

/* ---- what brings mail back -------------------------------------------------------------------- */

/* The endpoint by which an administrator's list in main.cf names the filter, as written; NULL: it
 * does not. */
static char *own_endpoint(const struct main_cf *main, const char *list,
                          const struct filter_socket *filter)
{
	auto_buf value = BUF_INIT, admin = BUF_INIT;
	auto_main_cf cf;
	main_cf_strip(main->text, main->len, &admin);
	main_cf_parse(&cf, buf_text(&admin), admin.len);
	main_cf_value(&cf, NULL, list, &value);
	return services_find_socket(buf_text(&value), filter);
}

static void add_item(struct buf *list, const char *item)
{
	if (item && *item)
		buf_printf(list, "%s%s", list->len ? "," : "", item);
}

/* Ours before the service's own, or after them for mail that is signed last. */
static void list_with_ours(const struct main_cf *main,
                           const struct master_service *service, const char *list,
                           const struct filter_socket *filter, struct buf *into)
{
	static const char *const front[] = { MAIN_GUARD_REF, MAIN_SMTPD_REF };
	static const char *const programs[] = { MAIN_NON_SMTPD_REF };
	bool is_smtpd = master_is_smtpd(service);
	const char *const *refs = is_smtpd ? front : programs;
	size_t count = is_smtpd ? ARRAY_LEN(front) : ARRAY_LEN(programs);
	auto_free char *own = own_endpoint(main, list, filter);
	for (size_t i = 0; i < count; i++)
		if (main_cf_find(main, refs[i] + 1))
			add_item(into, refs[i]);
	auto_buf item = BUF_INIT;
	for (const char *at = master_override(service, list); item_list_next(&at, &item);)
		add_item(into, buf_text(&item));
	if (own && !services_names_filter(main, service, list, filter))
		add_item(into, own);
	if (is_smtpd && main_cf_find(main, &MAIN_SUBMISSION_REF[1]))
		add_item(into, MAIN_SUBMISSION_REF);
}

static void options_without(const char *options, const char *word, struct buf *into)
{
	auto_buf item = BUF_INIT;
	while (item_list_next(&options, &item))
		if (strcasecmp(buf_text(&item), word) != 0)
			add_item(into, buf_text(&item));
}

char *services_override_remedy(const struct main_cf *main,
                               const struct master_service *service,
                               const char *parameter, const struct filter_socket *filter,
                               const char *folder)
{
	const char *own = master_override(service, parameter);
	bool is_options = strcmp(parameter, "receive_override_options") == 0;
	auto_buf value = BUF_INIT, next = BUF_INIT;
	if (strcmp(parameter, "smtpd_proxy_filter") == 0)
		return xstrdup(
			_("pass mail to that filter after the queue (content_filter) "
		          "or as a milter, so that its content can be signed and "
		          "checked"));
	main_cf_value_of(main, service, parameter, &value);
	if (is_options)
		options_without(buf_text(&value), "no_milters", &next);
	else if (value.len)
		list_with_ours(main, service, parameter, filter, &next);
	/* postconf accepts no blanks there, and a shell no quotes */
	if ((own && !is_options && strpbrk(own, "{}'")) || strchr(buf_text(&next), '\''))
		return xasprintf(_("add \"%s\" to %s of %s/%s in master.cf"),
		                 master_is_smtpd(service) ? MAIN_SMTPD_REF
		                                          : MAIN_NON_SMTPD_REF,
		                 parameter, service->name, service->type);
	if (own && next.len)
		return xasprintf("postconf -c %s -P '%s/%s/%s=%s'; postfix -c %s reload",
		                 folder, service->name, service->type, parameter,
		                 buf_text(&next), folder);
	if (own)
		return xasprintf("postconf -c %s -PX %s/%s/%s; postfix -c %s reload",
		                 folder, service->name, service->type, parameter, folder);
	if (next.len)
		return xasprintf("postconf -c %s -e '%s=%s'; postfix -c %s reload",
		                 folder, parameter, buf_text(&next), folder);
	return xasprintf("postconf -c %s -X %s; postfix -c %s reload", folder, parameter,
	                 folder);
}

/* Whether customers can authenticate on the port for mail from the world. */
static bool has_world_login(const struct main_cf *main, const struct master_cf *master)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if (master_is_smtpd(service) && !smtpd_is_submission(main, service) &&
		    smtpd_is_world(service) &&
		    smtpd_is_yes(main, service, "smtpd_sasl_auth_enable"))
			return true;
	}
	return false;
}

void services_note_order(const struct main_cf *main, const struct master_cf *master,
                         struct plan *plan)
{
	auto_buf value = BUF_INIT, item = BUF_INIT, names = BUF_INIT;
	main_cf_value(main, NULL, "smtpd_milters", &value);
	const char *at = buf_text(&value);
	while (item_list_next(&at, &item))
		buf_printf(&names, "%s%.*s", names.len ? ", " : "",
		           (int)strcspn(buf_text(&item), ", \t"), buf_text(&item));
	if (names.len && has_world_login(main, master))
		plan_note(plan,
		          _("mail that customers send through the public service "
		            "(smtp) is signed before %s processes it, and changes by "
		            "that filter break the signature; through a submission "
		            "service it is signed last"),
		          buf_text(&names));
}

/* Numeric, in brackets or not: the text without them (the caller frees).  NULL: a name. */
static char *numeric_host(const char *host)
{
	unsigned char octets[16];
	size_t len = strlen(host);
	bool is_framed = len > 2 && host[0] == '[' && host[len - 1] == ']';
	auto_free char *text = xmemdup(host + is_framed, len - 2 * is_framed);
	/* a socket that is bound to all addresses answers on loopback */
	if (strcmp(text, "0.0.0.0") == 0)
		return xstrdup("127.0.0.1");
	if (strcmp(text, "::") == 0)
		return xstrdup("::1");
	return address_parse(text, octets) ? xstrdup(text) : NULL;
}

static char *endpoint(const char *host, const char *port)
{
	int number = smtpd_port(port);
	if (!number)
		return NULL;
	return xasprintf(strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, number);
}

/* The address for a host that main.cf or master.cf names; NULL: unknown. */
static char *host_address(const struct main_cf *main, const char *host)
{
	auto_buf protocols = BUF_INIT;
	if (strcasecmp(host, "localhost") != 0 && strcasecmp(host, "all") != 0 &&
	    strcasecmp(host, "loopback-only") != 0)
		return numeric_host(host);
	main_cf_value(main, NULL, "inet_protocols", &protocols);
	return xstrdup(item_list_has(buf_text(&protocols), "ipv6") &&
	                               !item_list_has(buf_text(&protocols), "ipv4")
	                       ? "::1"
	                       : "127.0.0.1");
}

/* An address of this machine that Postfix listens on, loopback if possible. */
static char *listening_host(const struct main_cf *main)
{
	auto_buf interfaces = BUF_INIT, item = BUF_INIT;
	main_cf_value(main, NULL, "inet_interfaces", &interfaces);
	const char *at = buf_text(&interfaces);
	char *found = NULL;
	while (item_list_next(&at, &item)) {
		char *address = host_address(main, buf_text(&item));
		bool is_own = address && master_is_loopback(address);
		if (is_own || !found) {
			free(found);
			found = address;
		} else {
			free(address);
		}
		if (is_own)
			break;
	}
	return found;
}

/* master_service_disable: types and "name/type", the first match counts, "!" keeps one enabled. */
static bool is_disabled(const struct main_cf *main, const struct master_service *service)
{
	auto_buf list = BUF_INIT, item = BUF_INIT;
	auto_free char *full = xasprintf("%s/%s", service->name, service->type);
	main_cf_value(main, NULL, "master_service_disable", &list);
	const char *at = buf_text(&list);
	while (item_list_next(&at, &item)) {
		bool keeps = buf_text(&item)[0] == '!';
		const char *pattern = buf_text(&item) + keeps;
		if (strcmp(pattern, service->type) == 0 || strcmp(pattern, full) == 0)
			return !keeps;
	}
	return false;
}

void endpoints_done(struct endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->count; i++)
		free(endpoints->at[i].address);
	free(endpoints->at);
	*endpoints = ENDPOINTS_INIT;
}

/* Whether it can be probed: it is open, on a port of its own, and begins in clear text. */
static bool is_askable(const struct main_cf *main, const struct master_service *service)
{
	bool is_postscreen = strcmp(service->command, "postscreen") == 0;
	return strcmp(service->type, "inet") == 0 &&
	       (master_is_smtpd(service) || is_postscreen) &&
	       (is_postscreen || !smtpd_is_yes(main, service, "smtpd_tls_wrappermode")) &&
	       !is_disabled(main, service);
}

static bool is_proxied(const struct main_cf *main, const struct master_service *service)
{
	return !is_empty_for(main, service,
	                     master_is_smtpd(service)
	                             ? "smtpd_upstream_proxy_protocol"
	                             : "postscreen_upstream_proxy_protocol");
}

static void add_endpoint(struct endpoints *endpoints, struct smtp_endpoint one)
{
	size_t at = endpoints->count;
	GROW(endpoints->at, endpoints->count, endpoints->room);
	endpoints->count++;
	if (text_ends(one.address, ":25")) { /* before those of other ports */
		size_t first = 0;
		while (first < at && text_ends(endpoints->at[first].address, ":25"))
			first++;
		memmove(&endpoints->at[first + 1], &endpoints->at[first],
		        (at - first) * sizeof(one));
		at = first;
	}
	endpoints->at[at] = one;
}

void services_smtp_endpoints(const struct main_cf *main, const struct master_cf *master,
                             struct endpoints *ret_endpoints)
{
	auto_free char *listening = listening_host(main);
	*ret_endpoints = ENDPOINTS_INIT;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if (!is_askable(main, service))
			continue;
		auto_free char *named = master_host(service);
		auto_free char *host =
			named ? host_address(main, named) : xstrdup(listening);
		char *address = host ? endpoint(host, master_port(service)) : NULL;
		if (address)
			add_endpoint(ret_endpoints,
			             (struct smtp_endpoint){
					     .address = address,
					     .is_submission =
						     smtpd_is_submission(main, service),
					     .is_proxied = is_proxied(main, service),
				     });
	}
}
