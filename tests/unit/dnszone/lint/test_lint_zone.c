/* Lint of zone files: each code has a zone that causes it, and what is usual in zones causes none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "dnszone/lint/lint_zone.h"
#include "tests/unit/lint_rows.h"

#define ED "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define SPF "\"v=spf1 mx -all\""
#define DMARC "\"v=DMARC1; p=reject; rua=mailto:d@example.com\""

static const struct {
	const char *zone;
	const char *
		codes; /* "<line>:<code>@<column>", of warnings and errors, and of zone-... */
} rows[] = {
	{ "", "0:zone-no-records" },
	{ "; only a comment\n\n   \n", "0:zone-no-records" },
	/* ---- usual zones -------------------------------------------------------------------- */
	{ "$TTL 1h\n@ IN SOA ns hostmaster (\n 1 ; serial\n 7200 3600 ; refresh\n 1209600 3600 )\n"
	  " IN NS ns\n IN MX 10 mail\nmail 3600 IN A 192.0.2.1\nns IN 3600 A 192.0.2.2\n"
	  "@ IN TXT " SPF "\n_dmarc TXT " DMARC " ; a comment\n"
	  "k._domainkey TXT ( \"v=DKIM1; k=ed25519; \" ; first\n \"p=" ED "\" )\n",
	  "" },
	{ "@ TXT " SPF "\r\n_dmarc TXT " DMARC "\r\n", "" },
	{ "a TXT \"x;y\" \"z\\\";\" ;tail\n", "" },
	{ "a TXT v=spf1\\ -all\n", "" },
	{ "a TXT token\n\tTXT other words\n", "" },
	{ "a TXT \"v=spf1 -all\";tail\n", "" },
	{ "a TXT token ; of a provider\n", "" },
	{ "a CNAME b.c\nb.c A 192.0.2.1\n", "" },
	{ "a CNAME b\n", "" },
	{ "a CNAME x.example.net.\na RRSIG CNAME 13 3 60 20300101000000 20200101000000 1 "
	  "example.com. AAAA\n",
	  "" },
	{ "$ORIGIN sub\n_dmarc TXT " DMARC "\n$ORIGIN example.net.\n_dmarc TXT " DMARC
	  "\n",
	  "" },
	{ "b.b A 192.0.2.1\n$ORIGIN test.\nb.test A 192.0.2.1\n", "" },
	/* ---- text that is not what was meant ------------------------------------------------ */
	{ "_dmarc TXT v=DMARC1; p=none\n", "1:zone-text-cut@20" },
	{ "_dmarc TXT v=DMARC1 ; p=none\n", "1:zone-text-cut@21" },
	{ "_dmarc TXT (\n v=DMARC1;\n p=none )\n", "1:zone-text-cut@10" },
	{ "@ TXT v=spf1 mx -all\n", "1:zone-text-unquoted" },
	{ "@ TXT \"v=spf1 mx\" -all\n", "1:zone-text-unquoted" },
	{ "@ TXT \"\\\"v=spf1 mx -all\\\"\"\n", "1:zone-quotes-in-text" },
	{ "@ SPF " SPF "\n", "1:zone-type-spf" },
	{ "@ TXT \"v=spf1 mx\n@ TXT " SPF "\n", "1:zone-syntax" },
	{ "@ TXT ( " SPF "\n@ TXT " SPF "\n", "1:zone-syntax" },
	{ "@ MX mail\n@ TXT " SPF "\n", "1:zone-syntax" },
	{ "$ORIGIN\n$NEW x\n@ TXT " SPF "\n", "1:zone-syntax 2:zone-syntax" },
	{ "$INCLUDE other\n$GENERATE 1-2 a$ A 192.0.2.$\n",
	  "1:zone-not-followed 2:zone-not-followed" },
	/* ---- names -------------------------------------------------------------------------- */
	{ "_dmarc.example.com TXT " DMARC "\n", "1:zone-doubled-origin" },
	{ "_dmarc.example.com. TXT " DMARC "\n", "" },
	{ "@ MX 10 mail.example.com\n", "1:zone-doubled-origin" },
	{ "k._domainkey CNAME k.example.net\n", "1:zone-missing-dot" },
	{ "a CNAME b\na TXT " SPF "\n", "2:zone-beside-cname" },
	{ "a TXT " SPF "\nA CNAME b\n", "1:zone-beside-cname" },
	/* ---- several at an owner, and content ------------------------------------------------ */
	{ "@ TXT " SPF "\n@ TXT \"token\"\n@ TXT \"v=spf1 -all\"\n",
	  "3:spf-two-records" },
	{ "@ TXT " SPF "\n@ TXT \"v=spf10\"\n", "2:spf-not-selected" },
	{ "_dmarc TXT " DMARC "\n_dmarc TXT " DMARC "\n", "2:dmarc-two-records" },
	{ "k._domainkey TXT \"p=\"\nk._domainkey TXT \"p=\"\n", "2:dkim-two-records" },
	{ "@ TXT " DMARC "\n", "1:txt-wrong-owner" },
	{ "k._domainkey TXT \"v=DKIM1; p=MIIBIj\" \"ANB\"\n", "1:dkim-base64@10" },
	{ "@ TXT \"v=spf1 mx\"\n_dmarc TXT \"v=DMARC1; p=rejct\"\n",
	  "1:spf-no-all 2:dmarc-not-processed@11" },
};

static void put_row(struct buf *out, const struct lint_zone_row *row)
{
	for (size_t i = 0; i < row->list.count; i++) {
		const struct lint_finding *finding = &row->list.finding[i];
		if (finding->code->severity == LINT_NOTE &&
		    strncmp(finding->code->code, "zone-", 5) != 0)
			continue;
		buf_printf(out, "%s%zu:%s", out->len ? " " : "", row->line,
		           finding->code->code);
		if (finding->column)
			buf_printf(out, "@%zu", finding->column);
	}
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_lint_zone zone = LINT_ZONE_INIT;
		auto_buf found = BUF_INIT;
		lint_zone(octets_of(rows[i].zone), "example.com", &zone);
		for (size_t k = 0; k < zone.count; k++)
			put_row(&found, &zone.row[k]);
		if (strcmp(buf_text(&found), rows[i].codes) != 0)
			fail_msg("%s: \"%s\", expected \"%s\"", rows[i].zone,
			         buf_text(&found), rows[i].codes);
	}
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < lint_zone_table.count; i++) {
		const char *code = lint_zone_table.row[i].code.code;
		bool has_fixture = false;
		for (size_t k = 0; k < ARRAY_LEN(rows) && !has_fixture; k++)
			has_fixture = strstr(rows[k].codes, code) != NULL;
		if (!has_fixture)
			fail_msg("%s has no fixture", code);
		assert_true(strncmp(code, "zone-", 5) == 0);
	}
}

/* A file of anything has a bounded number of rows. */
static void test_bounds(void **state)
{
	(void)state;
	auto_buf text = BUF_INIT;
	auto_lint_zone zone = LINT_ZONE_INIT, large = LINT_ZONE_INIT,
		       nul = LINT_ZONE_INIT;
	for (size_t i = 0; i < 1000; i++)
		buf_puts(&text, "no record\n");
	lint_zone((struct octets){ text.at, text.len }, NULL, &zone);
	assert_int_equal(zone.count, 100);
	buf_clear(&text);
	buf_puts(&text, "a TXT (");
	for (size_t i = 0; i < 100000; i++)
		buf_puts(&text, " x");
	buf_puts(&text, ")\nb TXT x\n");
	lint_zone((struct octets){ text.at, text.len }, NULL, &large);
	assert_int_equal(large.count, 2);
	assert_string_equal(large.row[0].list.finding[0].code->code, "zone-syntax");
	assert_string_equal(large.row[1].owner, "b");
	lint_zone((struct octets){ "a TXT x\0y\n", 10 }, NULL, &nul);
	assert_string_equal(nul.row[0].list.finding[0].code->code, "zone-syntax");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
