/* The block at the end of opendmarc.conf: between its marks only lines with a keyword that earlier
 * versions wrote are ours. */
#include "core/mta/provider/opendmarc.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/mta/host/log_line.h"
#include "core/mta/host/marked_block.h"
#include "core/mta/host/service_kind.h"

static const char *const ours[] = {
	"AuthservID",
	"AuthservIDWithJobID",
	"HoldQuarantinedMessages",
	"IgnoreAuthenticatedClients",
	"IgnoreHosts",
	"PublicSuffixList",
	"RejectFailures",
	"RejectMultiValueFrom",
	"Socket",
	"SPFIgnoreResults",
	"SPFSelfValidate",
	"Syslog",
	"TrustedAuthservIDs",
	"UMask",
};

static bool is_our_keyword(bool *goes_on, const char *line, size_t len)
{
	(void)goes_on;
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		size_t size = strlen(ours[i]);
		if (len > size && strncasecmp(line, ours[i], size) == 0 &&
		    isspace((unsigned char)line[size]))
			return true;
	}
	return false;
}

void opendmarc_conf_ours(const char *text, size_t len, struct spans *into)
{
	marked_block_ours(text, len, is_our_keyword, into);
}

void opendmarc_conf_without(const char *text, size_t len, struct buf *into)
{
	marked_block_without(text, len, is_our_keyword, into);
}

const struct shared_format opendmarc_conf_format = { "opendmarc.conf",
	                                             opendmarc_conf_ours, false, true };

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
