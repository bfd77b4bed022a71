/*
 * The block begins and ends with a comment line of ours; the first one says whether the line above
 * it had no line break, so taking the block out is exact.  Between the marks only lines with a
 * keyword that we write are ours.
 */
#include "core/mta/opendmarc_conf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/opendkim_conf.h"

#define MARK "# mailauthctl: "
#define BEGIN MARK "begin"
#define NO_BREAK "; the line above ends without a line break"
#define END MARK "end"

/* Every keyword that the block may hold (opendmarc.c writes it). */
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

static bool has_prefix(const char *line, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

static bool is_our_keyword(const char *line, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		size_t size = strlen(ours[i]);
		if (len > size && strncasecmp(line, ours[i], size) == 0 &&
		    isspace((unsigned char)line[size]))
			return true;
	}
	return false;
}

void opendmarc_conf_without(const char *text, size_t len, struct buf *into)
{
	bool is_inside = false, owes_break = false;
	for (size_t at = 0; at < len;) {
		const char *line = text + at, *feed = memchr(line, '\n', len - at);
		size_t line_len = feed ? (size_t)(feed - line) + 1 : len - at;
		bool is_mark = has_prefix(line, line_len, MARK);
		if (is_mark && has_prefix(line, line_len, BEGIN))
			is_inside = true;
		else if (is_mark && has_prefix(line, line_len, END))
			is_inside = false;
		if (is_mark && has_prefix(line, line_len, BEGIN NO_BREAK) && into->len &&
		    into->at[into->len - 1] == '\n') {
			into->at[--into->len] = '\0';
			owes_break = true;
		}
		if (!is_mark && !(is_inside && is_our_keyword(line, line_len))) {
			buf_puts(into, owes_break ? "\n" : "");
			owes_break = false;
			buf_add(into, line, line_len);
		}
		at += line_len;
	}
}

void opendmarc_conf_with(const char *text, size_t len, const char *block,
                         struct buf *into)
{
	opendmarc_conf_without(text, len, into);
	bool breaks = into->len && into->at[into->len - 1] != '\n';
	buf_printf(into,
	           "%s" BEGIN
	           "%s (the lines up to the end mark are mailauthctl's)\n%s" END "\n",
	           breaks ? "\n" : "", breaks ? NO_BREAK : "", block);
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
			            _("%s would have %s %s in force instead of %s"),
			            OPENDMARC_CONF, key, now ? now : "-", value);
	}
	if (r < 0)
		return r;
	const char *socket = opendkim_conf_get(&whole, "Socket");
	const char *list = opendkim_conf_get(&whole, "PublicSuffixList");
	auto_free char *endpoint = socket ? opendkim_endpoint(socket, queue_dir) : NULL;
	if (!endpoint)
		return err_set(err, ERR_FAILED,
		               _("the Socket of %s is not understood: %s"),
		               OPENDMARC_CONF, socket ? socket : _("there is none"));
	if (!list || *list != '/')
		return err_set(
			err, ERR_FAILED,
			_("%s names no PublicSuffixList by its path, and without one alignment "
		          "cannot be told: install the package publicsuffix"),
			OPENDMARC_CONF);
	return 0;
}
