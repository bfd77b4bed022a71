/* The kind of mail policy of a TXT record, and the check for that kind. */
#include "dnszone/txt/policy.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "core/base/buf.h"
#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/name/placeholder.h"
#include "dnszone/spf/spf_record.h"

const char *policy_kind_name(enum policy_kind kind)
{
	static const char *const names[] = {
		[POLICY_OTHER] = "other",
		[POLICY_SPF] = "spf",
		[POLICY_DMARC] = "dmarc",
	};
	return names[kind];
}

enum policy_kind policy_kind_of(const char *owner, const char *type, const char *rdata)
{
	static const char version[] = "v=spf1", label[] = "_dmarc";
	if (strcasecmp(type, "TXT") != 0)
		return POLICY_OTHER;
	if (strncasecmp(rdata, version, strlen(version)) == 0 &&
	    (rdata[strlen(version)] == ' ' || rdata[strlen(version)] == '\0'))
		return POLICY_SPF;
	if (strncasecmp(owner, label, strlen(label)) == 0 &&
	    (owner[strlen(label)] == '.' || owner[strlen(label)] == '\0') &&
	    dmarc_record_is(octets_of(rdata)))
		return POLICY_DMARC;
	return POLICY_OTHER;
}

static int check_spf(const char *text, struct err *err)
{
	struct spf_record *record;
	int r = spf_record_parse(text, strlen(text), &record, err);
	if (r < 0)
		return r;
	r = spf_record_check_lookups(record, err);
	spf_record_free(record);
	return r;
}

int policy_check(enum policy_kind kind, const char *rdata, struct err *err)
{
	static const struct placeholder_values sample = {
		.domain = "domain.example",
		.hostname = "hostname.domain.example",
		.ip = "192.0.2.1",
		.ipv6 = "2001:db8::1",
		.ttl = 3600,
	};
	if (kind == POLICY_OTHER)
		return 0;
	auto_buf text = BUF_INIT;
	if (!placeholder_expand(rdata, &sample, &text, NULL))
		return err_set(err, ERR_FAILED, _("a placeholder has no sample value"));
	return kind == POLICY_SPF ? check_spf(buf_text(&text), err)
	                          : dmarc_record_check(buf_text(&text), err);
}
