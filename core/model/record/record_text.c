/*
 * Owners and data as typed.  The stored form has the placeholder <domain> instead of the name, so
 * that a template fits every domain and a renamed domain keeps its records.
 */
#include "core/model/record/record_text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/lint/lint_txt.h"
#include "dnszone/name/name.h"
#include "dnszone/name/rr.h"

#define DOMAIN_MARK "<domain>"

const struct placeholder_values record_sample_values = {
	.domain = "domain.example",
	.hostname = "hostname.domain.example",
	.ip = "192.0.2.1",
	.ipv6 = "2001:db8::1",
	.ttl = 3600,
};

/* ---- owners --------------------------------------------------------------------------------- */

/* Removes `.tail` (or all of it, if it is `tail`) from the end of `text`.  False: it does not end
 * so. */
static bool cut_tail(char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);
	if (len < tail_len || strcasecmp(text + len - tail_len, tail) != 0)
		return false;
	if (len > tail_len && text[len - tail_len - 1] != '.')
		return false;
	text[len > tail_len ? len - tail_len - 1 : 0] = '\0';
	return true;
}

int record_text_owner(const char *typed, const char *domain, char **ret_owner,
                      struct err *err)
{
	char name[NAME_SIZE];
	int r = placeholder_check(typed, err);
	if (r < 0)
		return r;
	size_t len = strlen(typed);
	bool is_absolute = len > 1 && typed[len - 1] == '.';
	auto_free char *below = xmemdup(typed, is_absolute ? len - 1 : len);
	if (strcmp(below, "@") == 0 || !*below) {
		*ret_owner = xstrdup(DOMAIN_MARK ".");
		return 0;
	}
	/* "www.example.com" at example.com is never meant as www.example.com.example.com */
	bool has_domain =
		cut_tail(below, DOMAIN_MARK) || (domain && cut_tail(below, domain));
	if (is_absolute && !has_domain)
		return err_set(err, ERR_USAGE, _("%s is not at or below %s"), typed,
		               domain ? domain : DOMAIN_MARK);
	if (strchr(below, '<'))
		return err_set(err, ERR_USAGE,
		               _("the name \"%s\" may contain <domain> only at its "
		                 "end"),
		               typed);
	if (!*below) {
		*ret_owner = xstrdup(DOMAIN_MARK ".");
		return 0;
	}
	r = name_parse_owner(below, name, err);
	if (r < 0)
		return r;
	const char *sample = domain ? domain : record_sample_values.domain;
	if (strlen(name) + 1 + strlen(sample) > NAME_MAX_LEN)
		return err_set(err, ERR_USAGE, _("%s.%s is longer than %d octets"), name,
		               sample, NAME_MAX_LEN);
	*ret_owner = xasprintf("%s." DOMAIN_MARK ".", name);
	return 0;
}

/* ---- data ----------------------------------------------------------------------------------- */

static bool is_txt(const char *type)
{
	return strcmp(type, "TXT") == 0 || strcmp(type, "SPF") == 0;
}

/* The length of the placeholder of a full name at `text`, 0: none. */
static size_t full_name_at(const char *text)
{
	static const char *const marks[] = { DOMAIN_MARK, "<hostname>" };
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (text_starts(text, marks[i]))
			return strlen(marks[i]);
	return 0;
}

bool record_text_expand(const char *type, const char *rdata,
                        const struct placeholder_values *values, struct buf *out,
                        const char **ret_lacking)
{
	if (is_txt(type) || !strchr(rdata, '<'))
		return placeholder_expand(rdata, values, out, ret_lacking);
	auto_buf dotted = BUF_INIT;
	while (*rdata) {
		size_t len = full_name_at(rdata);
		if (!len) {
			buf_putc(&dotted, *rdata++);
			continue;
		}
		buf_add(&dotted, rdata, len);
		rdata += len;
		if (*rdata == '\0' || *rdata == ' ')
			buf_putc(&dotted, '.');
	}
	return placeholder_expand(buf_text(&dotted), values, out, ret_lacking);
}

static bool is_at_dmarc(const char *owner)
{
	return text_starts(owner, "_dmarc.");
}

static int check_length(const char *data, struct err *err)
{
	size_t len = strlen(data);
	if (len <= RECORD_DATA_MAX)
		return 0;
	return err_set(err, ERR_USAGE,
	               _("the data has %zu octets; the limit for a record is %d"), len,
	               RECORD_DATA_MAX);
}

static struct placeholder_values values_at(const char *domain)
{
	struct placeholder_values values = record_sample_values;
	if (domain)
		values.domain = domain;
	return values;
}

void record_text_lint(const char *owner, const char *type, const char *rdata,
                      const char *domain, struct lint_list *list)
{
	struct placeholder_values values = values_at(domain);
	auto_buf text = BUF_INIT;
	if (strcmp(type, "TXT") != 0)
		return;
	placeholder_expand(rdata, &values, &text, NULL);
	lint_txt(owner, (struct octets){ buf_text(&text), text.len }, domain, list);
}

/* Refuses text that is not valid for the only purpose that its owner allows. */
static int check_place(const char *owner, const char *type, const char *rdata,
                       const char *domain, struct err *err)
{
	auto_lint_list list = LINT_LIST_INIT;
	if (!lint_txt_place(owner)->does_refuse)
		return 0;
	record_text_lint(owner, type, rdata, domain, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct lint_finding *finding = &list.finding[i];
		if (finding->code->severity == LINT_ERROR)
			return err_set(err, ERR_USAGE, "%s: %s%s%s (%s)", owner,
			               _(finding->code->message),
			               finding->detail ? ": " : "",
			               finding->detail ? finding->detail : "",
			               finding->code->code);
	}
	return 0;
}

int record_text_check(const char *owner, const char *type, const char *rdata,
                      const char *domain, enum policy_kind *ret_kind, struct err *err)
{
	struct placeholder_values values = values_at(domain);
	auto_free char *canonical = NULL;
	auto_buf text = BUF_INIT;
	int r = check_length(rdata, err);
	if (r >= 0)
		r = placeholder_check(rdata, err);
	if (r < 0)
		return r;
	record_text_expand(type, rdata, &values, &text, NULL);
	r = rr_canonical(type, buf_text(&text), values.domain, &canonical, err);
	if (r >= 0)
		r = check_length(canonical, err);
	if (r < 0)
		return r;
	enum policy_kind kind = policy_kind_of(owner, type, canonical);
	r = policy_check(kind, rdata, err);
	if (r >= 0 && kind != POLICY_DMARC && is_txt(type) && is_at_dmarc(owner))
		r = dmarc_record_check(canonical, err);
	else if (r >= 0 && kind != POLICY_DMARC)
		r = check_place(owner, type, rdata, domain, err);
	if (r >= 0)
		*ret_kind = kind;
	return r;
}

enum rr_doubt record_text_doubt(const char *type, const char *rdata, const char *domain,
                                char *ret_name, size_t size)
{
	struct placeholder_values values = values_at(domain);
	auto_buf text = BUF_INIT;
	record_text_expand(type, rdata, &values, &text, NULL);
	return rr_find_doubt(type, buf_text(&text), values.domain, ret_name, size);
}

char *record_text_say_doubt(enum rr_doubt doubt, const char *type, const char *name,
                            const char *domain)
{
	const char *below = domain ? domain : DOMAIN_MARK;
	if (doubt == RR_ADDRESS)
		return xasprintf(
			_("%s data contains the name of a host, not an address: add an "
		          "A or AAAA record for %s and use its name"),
			type, name);
	return xasprintf(
		_("\"%s\" has no final dot and is read as %s.%s.; write \"%s.\" for "
	          "exactly that name, or \"%s.%s.\" to confirm the longer name"),
		name, name, below, name, name, below);
}

int record_text_check_ttl(int64_t ttl, struct err *err)
{
	if (ttl == TTL_UNSAID || ttl == TTL_DEFAULT || (ttl >= 0 && ttl <= RR_TTL_MAX))
		return 0;
	return err_set(err, ERR_USAGE,
	               _("a TTL of %" PRId64 " is not in the range 0 to %d seconds"), ttl,
	               RR_TTL_MAX);
}

/* ---- kinds ---------------------------------------------------------------------------------- */

const char *record_text_policy(enum policy_kind kind)
{
	return kind == POLICY_SPF ? "SPF" : "DMARC";
}

enum policy_kind record_text_kind(const char *stored)
{
	for (enum policy_kind kind = POLICY_SPF; kind <= POLICY_DMARC; kind++)
		if (strcmp(policy_kind_name(kind), stored) == 0)
			return kind;
	return POLICY_OTHER;
}

#define TTL_MARK "<ttl> "

/* The length of a number and the blank after it at the beginning. */
static size_t number_len(const char *text)
{
	size_t len = strspn(text, "0123456789");
	return len && text[len] == ' ' ? len + 1 : 0;
}

char *record_text_audit(const char *rdata, int64_t ttl)
{
	if (ttl >= 0)
		return xasprintf("%" PRId64 " %s", ttl, rdata);
	/* "10 mail.<domain>." of an MX record is not a TTL of 10 */
	bool is_like_ttl = number_len(rdata) || text_starts(rdata, TTL_MARK);
	return xasprintf("%s%s", is_like_ttl ? TTL_MARK : "", rdata);
}

void record_text_parse_audit(const char *audit, const char **ret_rdata, int64_t *ret_ttl)
{
	size_t len = number_len(audit);
	*ret_ttl = TTL_DEFAULT;
	*ret_rdata = audit;
	if (text_starts(audit, TTL_MARK)) {
		*ret_rdata = audit + strlen(TTL_MARK);
	} else if (len) {
		auto_free char *number = xmemdup(audit, len - 1);
		if (text_to_int(number, 0, RR_TTL_MAX, ret_ttl))
			*ret_rdata = audit + len;
	}
}
