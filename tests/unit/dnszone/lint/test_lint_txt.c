/* TXT records by their owner: each place, and each code of MTA-STS, TLS reports and BIMI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "dnszone/lint/lint_txt.h"
#include "tests/unit/lint_rows.h"

static const struct {
	const char *owner, *text;
	const char *codes; /* all that fire, with their column where there is one */
} rows[] = {
	{ "_mta-sts", "v=STSv1; id=20261130T120000;", "" },
	{ "_mta-sts.<domain>.", "v=STSv1;id=1", "" },
	{ "_mta-sts", "id=1; v=STSv1", "mta-sts-syntax" },
	{ "_mta-sts", "v=STSv2; id=1", "mta-sts-syntax" },
	{ "_mta-sts", "v=stsv1; id=1", "mta-sts-syntax" },
	{ "_mta-sts", " v=STSv1; id=1", "mta-sts-syntax" },
	{ "_mta-sts", "\"v=STSv1; id=1\"", "mta-sts-syntax" },
	{ "_mta-sts", "v=STSv1\\; id=1\\;", "mta-sts-syntax" },
	{ "_mta-sts", "v=STSv1; id=1; id=2", "mta-sts-syntax" },
	{ "_mta-sts", "mta-sts.example.com", "mta-sts-syntax" },
	{ "_mta-sts", "v=STSv1", "mta-sts-id" },
	{ "_mta-sts", "v=STSv1; id=", "mta-sts-id@10" },
	{ "_mta-sts", "v=STSv1; id=2026-11-30", "mta-sts-id@10" },
	{ "_mta-sts", "v=STSv1; id=012345678901234567890123456789012", "mta-sts-id@10" },
	{ "_mta-sts", "v=STSv1; id=1; mode=enforce", "mta-sts-unknown-tag@16" },
	{ "_smtp._tls", "v=TLSRPTv1; rua=mailto:tls@example.com", "" },
	{ "_smtp._tls.sub", "v=TLSRPTv1;rua=mailto:a@b.example,https://b.example/t", "" },
	{ "_smtp._tls", "v=TLSRPT1; rua=mailto:tls@example.com", "tlsrpt-syntax" },
	{ "_smtp._tls", "v=TLSRPTv1 rua=mailto:tls@example.com", "tlsrpt-syntax" },
	{ "_smtp._tls", "v=TLSRPTv1", "tlsrpt-no-rua" },
	{ "_smtp._tls", "v=TLSRPTv1; rua=", "tlsrpt-no-rua" },
	{ "_smtp._tls", "v=TLSRPTv1; rua=tls@example.com",
	  "tlsrpt-address@13 tlsrpt-no-rua" },
	{ "_smtp._tls", "v=TLSRPTv1; rua=mailto:a@b.example,mailto:x",
	  "tlsrpt-address@13" },
	{ "_smtp._tls", "v=TLSRPTv1; rua=mailto:a@b.example; ruf=mailto:a@b.example",
	  "tlsrpt-unknown-tag@37" },
	{ "default._bimi",
	  "v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/c.pem", "" },
	{ "default._bimi", "l=https://example.com/logo.svg", "bimi-syntax" },
	{ "default._bimi", "v=BIMI1", "bimi-no-logo" },
	{ "default._bimi", "v=BIMI1; l=; a=;", "bimi-declined@10" },
	{ "s2._bimi",
	  "v=BIMI1; l=http://example.com/logo.svg; a=https://example.com/c.pem",
	  "bimi-logo@10" },
	{ "default._bimi",
	  "v=BIMI1; l=https://example.com/logo.png; a=https://example.com/c.pem",
	  "bimi-logo@10" },
	{ "default._bimi", "v=BIMI1; l=https://example.com/logo.svg; a=c.pem",
	  "bimi-evidence@42" },
	{ "default._bimi", "v=BIMI1; l=https://example.com/logo.svg?x=1",
	  "bimi-no-evidence" },
	{ "default._bimi", "v=BIMI1; l=https://example.com/logo.svg; a=self",
	  "bimi-no-evidence" },
	{ "default._bimi",
	  "v=BIMI1; l=https://e.example/l.svg; a=https://e.example/c; logo=x",
	  "bimi-unknown-tag@60" },
	/* places of other linters */
	{ "_dmarc", "v=DMARC1; p=reject; rua=mailto:a@b.example", "" },
	{ "_DMARC.sub", "v=spf1 -all", "dmarc-syntax" },
	{ "example.net._report._dmarc", "v=DMARC1", "" },
	{ "a.b.example._report._dmarc.<domain>.", "yes", "dmarc-syntax" },
	{ "*._report._dmarc", "v=DMARC1;", "" },
	{ "s1._domainkey", "v=DKIM1; p=", "dkim-revoked@10" },
	{ "a.b._domainkey.sub.example.com", "o=-",
	  "dkim-no-version dkim-no-key dkim-unknown-tag@1" },
	{ "_domainkey", "o=-", "" },
	{ "_domainkey.<domain>.", "v=DKIM1; p=", "dkim-no-selector" },
	{ "<domain>.", "v=spf1 +all", "spf-plus-all@8" },
	{ "sub.<domain>.", "v=spf1include:a.example", "spf-not-selected" },
	{ "www", "\"v=spf1 -all\"", "spf-not-selected" },
	{ "@", "google-site-verification=abc", "" },
	{ "@", "v=verify; p=1", "" },
	{ "<domain>.", "v=DMARC1; p=none", "txt-wrong-owner" },
	{ "dmarc", "v=DMARC1; p=none", "txt-wrong-owner" },
	{ "s1.domainkey", "v=DKIM1; p=", "txt-wrong-owner" },
	{ "mta-sts", "v=STSv1; id=1", "txt-wrong-owner" },
	{ "_tls", "v=TLSRPTv1; rua=x", "txt-wrong-owner" },
	{ "_bimi", "v=BIMI1; l=", "txt-wrong-owner" },
};

static void test_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		auto_buf got = BUF_INIT;
		lint_txt(rows[i].owner, octets_of(rows[i].text), "example.com", &list);
		lint_rows_put(&list, &got);
		if (strcmp(buf_text(&got), rows[i].codes) != 0)
			fail_msg("%s \"%s\": \"%s\" instead of \"%s\"", rows[i].owner,
			         rows[i].text, buf_text(&got), rows[i].codes);
	}
}

/* Whose record it is counts: an SPF record that includes itself. */
static void test_domain(void **state)
{
	(void)state;
	auto_lint_list list = LINT_LIST_INIT;
	lint_txt("<domain>.", octets_of("v=spf1 include:example.com -all"), "example.com",
	         &list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.finding[0].code->code, "spf-includes-itself");
}

/* NUL is data. */
static void test_octets(void **state)
{
	(void)state;
	static const char *const owners[] = { "_mta-sts", "_smtp._tls", "a._bimi",
		                              "a._domainkey" };
	for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		lint_txt(owners[i], (struct octets){ "v=STSv1\0; id=1", 14 }, NULL,
		         &list);
		assert_int_equal(lint_worst(&list), LINT_ERROR);
	}
}

static const char *codes_of(size_t i)
{
	return rows[i].codes;
}

static void test_tables(void **state)
{
	(void)state;
	const struct lint_txt_place *place;
	lint_rows_check(&lint_txt_table, "", codes_of, ARRAY_LEN(rows), "");
	for (size_t i = 0; (place = lint_txt_places(i)); i++) {
		bool is_used = false;
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			is_used |= lint_txt_place(rows[k].owner) == place;
		if (!is_used)
			fail_msg("no row for %s", place->pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
