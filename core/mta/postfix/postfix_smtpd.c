/* The purpose of one smtpd service of master.cf, from its options and main.cf. */
#include "core/mta/postfix/postfix_smtpd.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_restrict.h"

bool smtpd_is_yes(const struct main_cf *main, const struct master_service *service,
                  const char *name)
{
	auto_buf value = BUF_INIT;
	main_cf_value_of(main, service, name, &value);
	return strcasecmp(buf_text(&value), "yes") == 0;
}

int smtpd_port(const char *port)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
		{ "smtp", 25 },
		{ "submission", 587 },
		{ "smtps", 465 },
		{ "submissions", 465 },
	};
	int64_t number;
	if (text_to_int(port, 1, 65535, &number))
		return (int)number;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(port, known[i].name) == 0)
			return known[i].number;
	const struct servent *entry = getservbyname(port, "tcp");
	return entry ? ntohs((uint16_t)entry->s_port) : 0;
}

/* A port of RFC 6409 or 8314, or one for which authentication was enabled separately; never the one
 * that receives mail from the world. */
bool smtpd_is_submission(const struct main_cf *main, const struct master_service *service)
{
	int number = smtpd_port(master_port(service));
	if (!master_is_smtpd(service) || strcmp(service->type, "inet") != 0 ||
	    number == 25)
		return false;
	return number == 587 || number == 465 ||
	       (master_override(service, "smtpd_sasl_auth_enable") &&
	        smtpd_is_yes(main, service, "smtpd_sasl_auth_enable"));
}

bool smtpd_is_world(const struct master_service *service)
{
	return strcmp(service->type, "pass") == 0 ||
	       smtpd_port(master_port(service)) == 25;
}

bool smtpd_listens_on_loopback(const struct main_cf *main,
                               const struct master_service *service)
{
	auto_free char *host = master_host(service);
	auto_buf interfaces = BUF_INIT, item = BUF_INIT;
	if (strcmp(service->type, "inet") != 0)
		return strcmp(service->type, "unix") == 0;
	if (host)
		return master_is_loopback(host);
	main_cf_value(main, NULL, "inet_interfaces", &interfaces);
	const char *at = buf_text(&interfaces);
	bool any = false;
	while (item_list_next(&at, &item)) {
		if (strcasecmp(buf_text(&item), "loopback-only") != 0 &&
		    !master_is_loopback(buf_text(&item)))
			return false;
		any = true;
	}
	return any;
}

bool smtpd_is_private(const struct main_cf *main, const struct master_service *service)
{
	return smtpd_listens_on_loopback(main, service) ||
	       restrict_is_closed(main, service) ||
	       (master_override(service, "mynetworks") && !smtpd_is_world(service));
}
