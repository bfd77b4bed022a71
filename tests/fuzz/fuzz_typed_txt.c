/*
 * What people type and paste as records: the first octet picks the owner, the rest is the text.  Lint
 * ends; quotes are taken off as ours are put on; placeholders become text that needs no more of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "dnszone/lint/lint_txt.h"
#include "dnszone/name/placeholder.h"
#include "dnszone/name/rr.h"
#include "dnszone/spf/spf_hint.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static void check_text(const char *text)
{
	static const struct placeholder_values values = { "d.example", "h.example",
		                                          "192.0.2.1", "2001:db8::1",
		                                          60 };
	auto_buf quoted = BUF_INIT, expanded = BUF_INIT;
	struct err err = ERR_INIT;
	char name[32];
	rr_put_txt(&quoted, text, strlen(text));
	auto_free char *back = rr_txt_unquote(buf_text(&quoted));
	CHECK(back && strcmp(back, text) == 0);
	auto_free char *unquoted = rr_txt_unquote(text);
	CHECK(!unquoted || strlen(unquoted) < strlen(text));
	CHECK(placeholder_expand(text, &values, &expanded, NULL));
	int r = placeholder_check(text, &err);
	CHECK(r == 0 || *err.text);
	enum rr_doubt doubt =
		rr_find_doubt("MX", text, "example.com", name, sizeof(name));
	auto_free char *dotted = rr_with_dot(text, doubt == RR_CLEAR ? "x" : name);
	CHECK(doubt == RR_CLEAR || strlen(dotted) > strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const owners[] = { "_dmarc",       "a._report._dmarc",
		                              "s._domainkey", "_domainkey",
		                              "_mta-sts",     "_smtp._tls",
		                              "s._bimi",      "<domain>." };
	if (!len)
		return 0;
	auto_lint_list list = LINT_LIST_INIT;
	char hint[SPF_HINT_SIZE];
	struct octets text = { (const char *)data + 1, len - 1 };
	lint_txt(owners[*data % ARRAY_LEN(owners)], text, "example.com", &list);
	spf_term_hint(text.at, text.len, hint);
	spf_version_hint(text.at, text.len, hint);
	CHECK(strlen(hint) < sizeof(hint));
	auto_free char *copy = xmemdup(text.at, text.len);
	check_text(copy);
	return 0;
}
