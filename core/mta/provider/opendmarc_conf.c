/* Our block at the end: the last value of a keyword counts.  Between the marks only lines with a
 * keyword that we write are ours. */
#include "core/mta/provider/opendmarc_conf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/marked_block.h"
#include "core/mta/provider/opendkim_conf.h"

/* Every keyword that the block may contain (opendmarc.c writes it). */
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

void opendmarc_conf_with(const char *text, size_t len, const char *block,
                         struct buf *into)
{
	marked_block_with(text, len, block, is_our_keyword, into);
}

int opendmarc_conf_check(const char *text, const char *block, const char *queue_dir,
                         struct err *err)
{
	auto_opendkim_conf whole = OPENDKIM_CONF_INIT, wanted = OPENDKIM_CONF_INIT;
	int r = opendkim_conf_parse(&whole, text, NULL, NULL, err);
	if (r == 0)
		r = opendkim_conf_parse(&wanted, block, NULL, NULL, err);
	for (size_t i = 0; r == 0 && i < wanted.count; i++) {
		const char *key = wanted.row[i].key, *value = wanted.row[i].value;
		const char *now = opendkim_conf_get(&whole, key);
		if (!text_same(now, value))
			r = err_set(err, ERR_FAILED,
			            _("%s would set %s to %s instead of %s"),
			            OPENDMARC_CONF, key, now ? now : "-", value);
	}
	if (r < 0)
		return r;
	const char *socket = opendkim_conf_get(&whole, "Socket");
	const char *list = opendkim_conf_get(&whole, "PublicSuffixList");
	auto_free char *endpoint = socket ? opendkim_endpoint(socket, queue_dir) : NULL;
	if (!endpoint)
		return err_set(err, ERR_FAILED, _("the Socket of %s is not valid: %s"),
		               OPENDMARC_CONF, socket ? socket : _("it is missing"));
	if (!list || *list != '/')
		return err_set(
			err, ERR_FAILED,
			_("%s does not name a PublicSuffixList by its path, and DMARC "
		          "alignment cannot be determined without it: install the "
		          "package publicsuffix"),
			OPENDMARC_CONF);
	return 0;
}

const struct shared_format opendmarc_conf_format = { "opendmarc.conf",
	                                             opendmarc_conf_ours, false, true };
