/* How mail reaches OpenDKIM: through the administrator's own socket if main.cf or master.cf names
 * it, else ours. */
#include "core/mta/postfix/postfix_route.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_services.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendkim_conf.h"

void postfix_route_done(struct postfix_route *route)
{
	free(route->own_smtpd);
	free(route->own_non);
	free(route->milter);
	free(route->probe);
	free(route->socket);
}

char *postfix_find_milter(const struct main_cf *cf, const char *list, const char *socket,
                          const char *queue_dir)
{
	const struct filter_socket filter = { socket, queue_dir };
	auto_buf value = BUF_INIT;
	main_cf_value(cf, NULL, list, &value);
	return services_find_socket(buf_text(&value), &filter);
}

/* The same for the lists of master.cf only. */
static char *find_in_services(const struct postfix_observed *observed,
                              const struct main_cf *cf, const char *socket)
{
	static const char *const lists[] = { "smtpd_milters", "non_smtpd_milters" };
	const struct filter_socket filter = { socket, observed->host.queue_dir };
	auto_master_cf master = MASTER_CF_INIT;
	char *found = NULL;
	master_cf_parse(&master, buf_text(&observed->master_cf), observed->master_cf.len);
	for (size_t i = 0; !found && i < master.count * ARRAY_LEN(lists); i++) {
		const struct master_service *service = &master.service[i / 2];
		auto_buf value = BUF_INIT;
		if (!main_cf_is_own(cf, service, lists[i % 2]))
			continue;
		main_cf_value_of(cf, service, lists[i % 2], &value);
		found = services_find_socket(buf_text(&value), &filter);
	}
	return found;
}

void postfix_route_find(const struct postfix_observed *observed,
                        struct postfix_route *route)
{
	const char *queue = observed->host.queue_dir;
	const char *configured = opendkim_conf_get(&observed->dkim.admin, "Socket");
	auto_free char *socket = configured ? opendkim_endpoint(configured, queue) : NULL;
	auto_buf text = BUF_INIT;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &text);
	auto_main_cf cf;
	main_cf_parse(&cf, buf_text(&text), text.len);
	char *in_smtpd = postfix_find_milter(&cf, "smtpd_milters", socket, queue);
	char *in_non = postfix_find_milter(&cf, "non_smtpd_milters", socket, queue);
	auto_free char *in_service =
		in_smtpd || in_non ? NULL : find_in_services(observed, &cf, socket);
	const char *kept = in_smtpd ? in_smtpd : in_non ? in_non : in_service;
	*route = (struct postfix_route){
		.milter = xasprintf("{ %s, %s }",
		                    kept ? kept : "unix:opendkim/opendkim.sock",
		                    POSTFIX_MILTER_OPTIONS),
		.probe = kept ? xstrdup(socket)
		              : xasprintf("unix:%s/opendkim/opendkim.sock", queue),
		.socket =
			kept ? NULL : xasprintf("local:%s/opendkim/opendkim.sock", queue),
		.in_smtpd = !in_smtpd,
		.in_non_smtpd = !in_non,
		.own_smtpd = in_smtpd,
		.own_non = in_non,
	};
}

char *postfix_dkim_socket(const struct postfix_observed *observed)
{
	struct postfix_route route;
	postfix_route_find(observed, &route);
	char *socket = xstrdup(route.probe);
	postfix_route_done(&route);
	return socket;
}
