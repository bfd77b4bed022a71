/* The rows of mail servers, of their services and probes, and of the files that are shared with an
 * administrator: pointers, nothing else. */
#include "core/mta/push/registry.h"

#include <string.h>

#include "core/mta/host/service_kind.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/probe/map_probe.h"
#include "core/mta/probe/milter.h"
#include "core/mta/probe/policy_probe.h"
#include "core/mta/probe/smtp_probe.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendkim_conf.h"
#include "core/mta/provider/opendmarc.h"
#include "core/mta/provider/postsrsd.h"
#include "core/mta/provider/postsrsd_conf.h"
#include "core/mta/qmail/qmail_dkim.h"
#include "core/mta/qmail/qmail_probe.h"
#include "core/mta/qmail/qmail_service.h"

/* Of tests: never in a program that is installed. */
#ifndef REGISTRY_MORE
#define REGISTRY_MORE
#define FORMATS_MORE
#define SERVICES_MORE
#define PROBES_MORE
#endif

/* `auto` takes the first that is there. */
const struct mta_backend *const registry[] = { &postfix_backend,
	                                       &exim_backend,
	                                       &qmail_backend,
	                                       &smartermail_backend,
	                                       &icewarp_backend,
	                                       &mailenable_backend,
	                                       &mailenable_standard_backend,
	                                       &directory_backend,
	                                       REGISTRY_MORE };
const unsigned registry_count = ARRAY_LEN(registry);

const struct mta_backend *registry_find(const char *name)
{
	for (unsigned i = 0; i < registry_count; i++)
		if (strcmp(registry[i]->name, name) == 0)
			return registry[i];
	return NULL;
}

const struct shared_format *const shared_formats[] = {
	&main_cf_format,       &master_cf_format,      &opendkim_conf_format,
	&postsrsd_conf_format, &opendmarc_conf_format, &qmail_dkimkeys_format,
	FORMATS_MORE
};
const unsigned shared_format_count = ARRAY_LEN(shared_formats);

const struct service_kind *const service_kinds[] = {
	&postfix_service,  &opendkim_service, &opendmarc_service,
	&postsrsd_service, &qmail_service,    SERVICES_MORE
};
const unsigned service_kind_count = ARRAY_LEN(service_kinds);

const struct probe_type *const probe_types[] = {
	&milter_probe,       &milter_sign_probe,  &milter_verify_probe,
	&milter_dmarc_probe, &milter_guard_probe, &smtp_probe,
	&smtp_proxy_probe,   &policy_probe,       &map_probe,
	&qmail_smtpd_probe,  &qmail_sign_probe,   &qmail_verify_probe,
	PROBES_MORE
};
const unsigned probe_type_count = ARRAY_LEN(probe_types);
