/*
 * OpenDMARC's settings.  It has no DKIM of its own and trusts every Authentication-Results field of
 * its authserv-id, so only OpenDKIM may write one (policyd_milter.h ensures that); it determines
 * SPF itself, not from a header.  HoldQuarantinedMessages would put p=quarantine mail into a queue
 * that is not monitored.  It does not check a From field with several domains, which would bypass
 * p=reject: if that policy is applied, such mail is refused too.
 */
#include "core/mta/provider/opendmarc.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/host/log_line.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/provider/opendmarc_conf.h"

int opendmarc_check_name(const char *authserv_id, struct err *err)
{
	if (!authserv_id || !*authserv_id) {
		err_set(err, ERR_FAILED,
		        _("DMARC cannot be checked: the name in which OpenDKIM and "
		          "OpenDMARC trust each other is not known"));
		return err_add_remedy(err, "mailauthctl server set mta.hostname <name>");
	}
	if (strlen(authserv_id) > OPENDMARC_ID_MAX)
		return err_set(
			err, ERR_FAILED,
			_("DMARC cannot be checked: OpenDMARC compares the first %d octets of an "
		          "authserv-id, and \"%s\" has %zu; set mta.hostname to a shorter one"),
			OPENDMARC_ID_MAX, authserv_id, strlen(authserv_id));
	return 0;
}

void opendmarc_render(const struct opendmarc_setup *setup, struct buf *into)
{
	const char *rejects = setup->rejects ? "true" : "false";
	buf_printf(into,
	           "AuthservID %s\n"
	           "AuthservIDWithJobID false\n"
	           "TrustedAuthservIDs %s\n"
	           "IgnoreAuthenticatedClients true\n"
	           "IgnoreHosts " OPENDMARC_IGNORE_HOSTS "\n"
	           "RejectFailures %s\n"
	           "RejectMultiValueFrom %s\n"
	           "HoldQuarantinedMessages false\n"
	           "SPFIgnoreResults true\n"
	           "SPFSelfValidate true\n"
	           "Syslog true\n",
	           setup->authserv_id, setup->authserv_id, rejects, rejects);
	if (setup->suffix_list)
		buf_printf(into, "PublicSuffixList %s\n", setup->suffix_list);
	if (setup->socket)
		buf_printf(into, "Socket %s\nUMask 0007\n", setup->socket);
}

static void add_networks(char *const *texts, size_t count, const char *from,
                         struct networks *set, struct plan *plan)
{
	for (size_t i = 0; i < count; i++)
		if (!networks_add_text(set, texts[i], false))
			plan_note(plan,
			          _("%s names %s, which cannot be read as a network: "
			            "mail from it is checked with DMARC unless "
			            "mta.trusted-relays contains it"),
			          from, texts[i]);
}

void opendmarc_ignore_hosts(const struct desired *desired, char *const *relayed,
                            size_t relayed_count, struct networks *set, struct plan *plan)
{
	char own[][12] = { "127.0.0.0/8", "::1" };
	char *const always[] = { own[0], own[1] };
	add_networks(relayed, relayed_count, "mynetworks", set, plan);
	add_networks(always, ARRAY_LEN(always), "loopback", set, plan);
	add_networks(desired->trusted_relays, desired->trusted_relay_count,
	             "mta.trusted-relays", set, plan);
}

/* ---- the service ------------------------------------------------------------------------------- */

static bool is_refusal(const struct log_line *line, const char *log_name)
{
	return log_line_is_of(line, log_name) &&
	       (log_line_begins(line, OPENDMARC_CONF ": ") ||
	        log_line_has(line, ": configuration error at line "));
}

/* OpenDMARC 1.4.2 takes SIGUSR1 as OpenDKIM does, but fails to read its configuration again
 * ("/etc/opendmarc.conf: " in the log, with no reason) and keeps the old one: that is no reload. */
const struct service_kind opendmarc_service = {
	.name = "opendmarc",
	.config = OPENDMARC_CONF,
	.config_option = "-c",
	.pid_file = "/run/opendmarc/opendmarc.pid",
	.is_refusal = is_refusal,
};
