/* The owners of TXT records for mail, and three small kinds of record. */
#include "dnszone/lint/lint_txt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "core/base/text.h"
#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/lint/lint_dkim.h"
#include "dnszone/lint/lint_dmarc.h"
#include "dnszone/lint/lint_spf.h"
#include "dnszone/lint/lint_table.h"
#include "dnszone/name/tags.h"
#include "dnszone/spf/spf_hint.h"

enum code_index {
	STS_SYNTAX,
	STS_ID,
	STS_TAG,
	TLS_SYNTAX,
	TLS_NO_RUA,
	TLS_ADDRESS,
	TLS_TAG,
	BIMI_SYNTAX,
	BIMI_NO_LOGO,
	BIMI_LOGO,
	BIMI_EVIDENCE,
	BIMI_NO_EVIDENCE,
	BIMI_DECLINED,
	BIMI_TAG,
	WRONG_OWNER,
};

static const struct lint_row rows[] = {
	[STS_SYNTAX] = { { "mta-sts-syntax", LINT_ERROR,
	                   N_("not an MTA-STS record (\"v=STSv1; id=...\"): senders ignore it") } },
	[STS_ID] = { { "mta-sts-id", LINT_ERROR,
	               N_("id= must be 1 to 32 letters and digits: senders ignore the record") } },
	[STS_TAG] = { { "mta-sts-unknown-tag", LINT_WARNING,
	                N_("MTA-STS records have v= and id= only; the policy itself is a file "
	                   "on the web server mta-sts.<domain>") } },
	[TLS_SYNTAX] = { { "tlsrpt-syntax", LINT_ERROR,
	                   N_("not a TLS reporting record (\"v=TLSRPTv1; rua=...\"): senders "
	                      "ignore it") } },
	[TLS_NO_RUA] = { { "tlsrpt-no-rua", LINT_ERROR,
	                   N_("without a valid rua= no reports are sent") } },
	[TLS_ADDRESS] = { { "tlsrpt-address", LINT_WARNING,
	                    N_("reports go only to mailto: and a mail address, or to https:") } },
	[TLS_TAG] = { { "tlsrpt-unknown-tag", LINT_WARNING,
	                N_("TLS reporting records have v= and rua= only") } },
	[BIMI_SYNTAX] = { { "bimi-syntax", LINT_ERROR,
	                    N_("not a BIMI record (\"v=BIMI1; l=...; a=...\"): receivers ignore "
	                       "it") } },
	[BIMI_NO_LOGO] = { { "bimi-no-logo", LINT_ERROR,
	                     N_("the record has no l= with the logo's address") } },
	[BIMI_LOGO] = { { "bimi-logo", LINT_ERROR,
	                  N_("l= must be the https: address of an SVG file") } },
	[BIMI_EVIDENCE] = { { "bimi-evidence", LINT_ERROR,
	                      N_("a= must be the https: address of a certificate (PEM)") } },
	[BIMI_NO_EVIDENCE] = { { "bimi-no-evidence", LINT_NOTE,
	                         N_("without a= most receivers do not show the logo") } },
	[BIMI_DECLINED] = { { "bimi-declined", LINT_NOTE,
	                      N_("an empty l= declares that the domain has no logo") } },
	[BIMI_TAG] = { { "bimi-unknown-tag", LINT_WARNING,
	                 N_("receivers ignore an unknown tag; a misspelt one has no effect") } },
	[WRONG_OWNER] = { { "txt-wrong-owner", LINT_WARNING,
	                    N_("a record of this kind has no effect at this name") } },
};

const struct lint_table lint_txt_table = { rows, ARRAY_LEN(rows) };

/* ---- three kinds of record -------------------------------------------------------------------- */

static void report(struct lint_list *list, enum code_index code, const struct tag *tag)
{
	lint_add_tag(list, &rows[code].code, tag);
}

/* The tags of a text that begins with "v=<version>"; false: the fault was reported. */
static bool parse(struct octets octets, const char *version, enum code_index code,
                  struct tags *tags, struct lint_list *list)
{
	auto_free char *text = lint_text(octets);
	auto_free char *begin = xasprintf("v=%s", version);
	struct err err = ERR_INIT;
	const char *after = text_starts(text, begin) ? text + strlen(begin) : "x";
	after += strspn(after, " \t");
	if (*after && *after != ';') {
		lint_add(list, &rows[code].code, 0,
		         *text == '"' ? _("the text begins with a quote (\"); remove the "
		                          "quotes, which belong to zone files")
		         : text_starts(text, begin) || *text == ' '
		                 ? _("the text must begin with \"%s;\", without a "
		                     "space before it")
		                 : _("the text does not begin with \"%s;\""),
		         begin);
		return false;
	}
	if (tags_parse(text, tags, &err) == 0)
		return true;
	lint_add(list, &rows[code].code, 0, "%s%s", err.text,
	         strstr(text, "\\;")
	                 ? _(" (remove the backslashes, which belong to zone files)")
	                 : "");
	return false;
}

/* RFC 8461 3.1 */
static void lint_sts(struct octets text, const char *domain, struct lint_list *list)
{
	static const char *const known[] = { "v", "id" };
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	struct tags tags = { 0 };
	(void)domain;
	if (!parse(text, "STSv1", STS_SYNTAX, &tags, list))
		return;
	const struct tag *id = tags_find(&tags, "id");
	if (!id)
		lint_add_row(list, &rows[STS_ID], NULL);
	else if (!*id->value || strlen(id->value) > 32 ||
	         id->value[strspn(id->value, allowed)])
		report(list, STS_ID, id);
	lint_add_unknown_tags(list, &rows[STS_TAG].code, &tags, known, ARRAY_LEN(known));
	tags_done(&tags);
}

/* RFC 8460 3 */
static void lint_tls(struct octets text, const char *domain, struct lint_list *list)
{
	static const char *const known[] = { "v", "rua" };
	struct tags tags = { 0 };
	struct dmarc_uri uri;
	size_t good = 0;
	(void)domain;
	if (!parse(text, "TLSRPTv1", TLS_SYNTAX, &tags, list))
		return;
	const struct tag *rua = tags_find(&tags, "rua");
	for (size_t at = 0;
	     rua && dmarc_uri_next_of(rua->value, strlen(rua->value), &at, &uri);) {
		bool is_good = uri.is_valid && uri.has_address && !uri.has_size;
		good += is_good;
		if (!is_good && *rua->value)
			lint_add(list, &rows[TLS_ADDRESS].code, rua->at + 1, "%.*s",
			         (int)uri.len, rua->value + uri.at);
	}
	if (!good)
		lint_add_row(list, &rows[TLS_NO_RUA], NULL);
	lint_add_unknown_tags(list, &rows[TLS_TAG].code, &tags, known, ARRAY_LEN(known));
	tags_done(&tags);
}

/* A web address; `ending`: that of its path, NULL: any. */
static bool is_web(const char *value, const char *ending)
{
	struct dmarc_uri uri;
	size_t at = 0, path = strcspn(value, "?#");
	if (strchr(value, ',') || !dmarc_uri_next_of(value, strlen(value), &at, &uri) ||
	    !uri.is_valid || uri.is_mailto || !uri.has_address)
		return false;
	size_t len = ending ? strlen(ending) : 0;
	return len <= path &&
	       strncasecmp(value + path - len, ending ? ending : "", len) == 0;
}

/* draft-brand-indicators-for-message-identification 4.2 */
static void lint_bimi(struct octets text, const char *domain, struct lint_list *list)
{
	static const char *const known[] = { "v", "l", "a", "avp", "lps" };
	struct tags tags = { 0 };
	(void)domain;
	if (!parse(text, "BIMI1", BIMI_SYNTAX, &tags, list))
		return;
	const struct tag *logo = tags_find(&tags, "l"), *evidence = tags_find(&tags, "a");
	bool has_evidence =
		evidence && *evidence->value && strcmp(evidence->value, "self") != 0;
	if (!logo)
		lint_add_row(list, &rows[BIMI_NO_LOGO], NULL);
	else if (!*logo->value)
		report(list, BIMI_DECLINED, logo);
	else if (!is_web(logo->value, ".svg"))
		report(list, BIMI_LOGO, logo);
	if (has_evidence && !is_web(evidence->value, NULL))
		report(list, BIMI_EVIDENCE, evidence);
	if (logo && *logo->value && !has_evidence)
		lint_add_row(list, &rows[BIMI_NO_EVIDENCE], NULL);
	lint_add_unknown_tags(list, &rows[BIMI_TAG].code, &tags, known, ARRAY_LEN(known));
	tags_done(&tags);
}

/* ---- the table -------------------------------------------------------------------------------- */

static void lint_policy(struct octets text, const char *domain, struct lint_list *list)
{
	lint_dmarc_record(&(struct lint_dmarc_input){ .text = text, .domain = domain },
	                  list);
}

static void lint_report(struct octets text, const char *domain, struct lint_list *list)
{
	lint_dmarc_report(&(struct lint_dmarc_input){ .text = text, .domain = domain },
	                  list);
}

static void lint_key(struct octets text, const char *domain, struct lint_list *list)
{
	(void)domain;
	lint_dkim_record(text, list);
}

static void lint_key_policy(struct octets text, const char *domain,
                            struct lint_list *list)
{
	(void)domain;
	lint_dkim_policy(text, list);
}

/* SPF may be at any name; records that belong below a label of their own may not. */
static void lint_other(struct octets text, const char *domain, struct lint_list *list)
{
	static const struct {
		const char *begin, *owner;
	} kinds[] = {
		{ "v=DMARC1", "_dmarc" },       { "v=DKIM1", "<selector>._domainkey" },
		{ "v=STSv1", "_mta-sts" },      { "v=TLSRPTv1", "_smtp._tls" },
		{ "v=BIMI1", "default._bimi" },
	};
	if (spf_is_meant(text.at, text.len)) {
		lint_spf_record(
			&(struct lint_spf_input){ .text = text, .domain = domain }, list);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t len = strlen(kinds[i].begin);
		if (text.len >= len && strncasecmp(text.at, kinds[i].begin, len) == 0)
			lint_add(list, &rows[WRONG_OWNER].code, 0, _("%s belongs at %s"),
			         kinds[i].begin, kinds[i].owner);
	}
}

/* The first row that matches counts. */
static const struct lint_txt_place places[] = {
	{ "_dmarc", true, lint_policy },    { "*._report._dmarc", true, lint_report },
	{ "*._domainkey", true, lint_key }, { "_domainkey", false, lint_key_policy },
	{ "_mta-sts", true, lint_sts },     { "_smtp._tls", true, lint_tls },
	{ "*._bimi", true, lint_bimi },     { "", false, lint_other },
};

/* Whether `owner` begins with the labels of `labels`. */
static bool has_labels(const char *owner, const char *labels)
{
	size_t len = strlen(labels);
	return strncasecmp(owner, labels, len) == 0 && (!owner[len] || owner[len] == '.');
}

static bool is_at(const char *owner, const char *pattern)
{
	if (*pattern != '*')
		return !*pattern || has_labels(owner, pattern);
	while ((owner = strchr(owner, '.')))
		if (has_labels(++owner, pattern + 2))
			return true;
	return false;
}

const struct lint_txt_place *lint_txt_place(const char *owner)
{
	size_t i = 0;
	while (!is_at(owner, places[i].pattern))
		i++; /* the last row matches all */
	return &places[i];
}

const struct lint_txt_place *lint_txt_places(size_t i)
{
	return i < ARRAY_LEN(places) ? &places[i] : NULL;
}

void lint_txt(const char *owner, struct octets text, const char *domain,
              struct lint_list *list)
{
	lint_txt_place(owner)->lint(text, domain, list);
}
