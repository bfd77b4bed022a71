/* DMARC lint: each code fires on its fixture, none on a clean record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "dnszone/lint/lint_dmarc.h"
#include "tests/unit/lint_rows.h"
#include "tests/unit/resolver_mock.h"

#define GOOD "v=DMARC1; p=reject; rua=mailto:r@clean.test"

static const struct mock_row zone[] = {
	{ "_dmarc.clean.test", "TXT", GOOD },
	{ "_dmarc.clean.test", "TXT", "other=1" },
	{ "_dmarc.other.test", "TXT", "other=1" },
	{ "_dmarc.two.test", "TXT", "v=DMARC1; p=none" },
	{ "_dmarc.two.test", "TXT", "V=DMARC1; p=none" },
	{ "_dmarc.dropped.test", "TXT", "v=DMARC1; p=reject; rua=mailto:r@clean.test" },
	{ "_dmarc.dropped.test", "TXT", "v=dmarc1; p=none" },
	{ "_dmarc.dropped.test", "TXT", " v=DMARC1; p=none" },
	{ "_dmarc.twice.test", "TXT", "v=DMARC1; p=none; p=none" },
	{ "_dmarc.dead.test", "TIMEOUT", NULL },
	{ "_dmarc.sub.test", "TXT", "v=DMARC1; p=reject; sp=quarantine; np=none" },
	{ "there.sub.test", "A", "192.0.2.1" },
	{ "_dmarc.two.sub.test", "TXT", "v=DMARC1; p=none" },
	{ "_dmarc.two.sub.test", "TXT", "v=DMARC1; p=reject" },
	{ "_dmarc.suffix.test", "TXT", "v=DMARC1; p=reject; psd=y" },
	{ "_dmarc.mild.test", "TXT", "v=DMARC1; p=reject; t=y" },
	{ "_dmarc.nothing.test", "TXT", "v=DMARC1; rua=mailto:a@nothing.test" },
	{ "_dmarc.lost.test", "TXT", "v=DMARC1; sp=reject" },
	{ "dropped.test._report._dmarc.clean.test", "TXT", "v=DMARC1;" },
	{ "clean.test._report._dmarc.takes.test", "TXT", "v=DMARC1;" },
	{ "clean.test._report._dmarc.other.test", "TXT", "other=1" },
	{ "clean.test._report._dmarc.dead.test", "TIMEOUT", NULL },
};

static const struct {
	const char *domain, *text; /* text NULL: what the domain publishes */
	const char *codes; /* all that fire, with their column where there is one */
} rows[] = {
	{ "clean.test", NULL, "" },
	{ "_dmarc.clean.test", NULL, "" },
	{ "gone.test", NULL, "dmarc-no-record" },
	{ "other.test", NULL, "dmarc-no-record" },
	{ "two.test", NULL, "dmarc-two-records" },
	{ "dropped.test", NULL, "" },
	{ "twice.test", NULL, "dmarc-syntax" },
	{ "dead.test", NULL, "dmarc-domain-unreachable" },
	{ "there.sub.test", NULL, "dmarc-inherited" },
	{ "two.sub.test", NULL, "dmarc-two-records dmarc-inherited" },
	{ "clean.test", "v=DMARC1; p=none; p=none", "dmarc-syntax" },
	{ "clean.test", "v=DMARC1; p=none; x=1; x=2", "dmarc-syntax" },
	{ "clean.test", " v=DMARC1; p=reject", "dmarc-syntax" },
	{ "clean.test", "v=dmarc1; p=reject", "dmarc-syntax" },
	{ "clean.test", "\"" GOOD "\"", "dmarc-syntax" },
	{ "clean.test", "v=DMARC1\\; p=reject", "dmarc-syntax" },
	{ "clean.test", "v=DMARC1; p=what", "dmarc-not-processed@11 dmarc-no-reports" },
	{ "clean.test", "v=DMARC1; p=n\xc3\xb6ne",
	  "dmarc-not-processed@11 dmarc-no-reports" },
	{ "clean.test", "v=DMARC1; sp=none", "dmarc-not-processed dmarc-no-reports" },
	{ "clean.test", "v=DMARC1; p=reject; sp=all; np=x",
	  "dmarc-not-processed@21 dmarc-no-reports" },
	{ "clean.test", GOOD "; sp=invalid", "dmarc-invalid-policy@46" },
	{ "clean.test", "v=DMARC1; p=nope; rua=mailto:r@clean.test",
	  "dmarc-invalid-policy@11" },
	{ "clean.test", "v=DMARC1; rua=mailto:r@clean.test", "dmarc-no-policy" },
	{ "clean.test", GOOD "; adkim=x; t=; psd=no",
	  "dmarc-invalid-value@46 dmarc-invalid-value@55 dmarc-invalid-value@59" },
	{ "clean.test", "v=DMARC1; p=reject; rua=r@clean.test",
	  "dmarc-invalid-value@21" },
	{ "clean.test", GOOD "; fo:1; s-p=none",
	  "dmarc-not-a-tag@46 dmarc-not-a-tag@52" },
	{ "clean.test", GOOD "; P=none", "dmarc-tag-again@46" },
	{ "clean.test", GOOD ";;", "dmarc-empty-element@45" },
	{ "clean.test", GOOD ";", "" },
	{ "clean.test", "V=DMARC1; P=reject; rua=mailto:r@clean.test",
	  "dmarc-capital-tag@1 dmarc-capital-tag@11" },
	{ "clean.test", "v=DMARC1; rua=mailto:r@clean.test; p=reject",
	  "dmarc-policy-not-second@36" },
	{ "clean.test", "v=DMARC1; p=none; rua=mailto:r@clean.test",
	  "dmarc-policy-none@11" },
	{ "clean.test", "v=DMARC1; p=reject", "dmarc-no-reports" },
	{ "clean.test", GOOD "; sp=none; np=QUARANTINE",
	  "dmarc-weaker-below@46 dmarc-weaker-below@55 dmarc-nonexistent-names@55" },
	{ "clean.test", GOOD "; sp=reject; adkim=R; aspf=r; t=n; psd=u",
	  "dmarc-restates-default@46 dmarc-restates-default@57 dmarc-restates-default@66 "
	  "dmarc-restates-default@74 dmarc-restates-default@79" },
	{ "clean.test", GOOD "; sp=quarantine; np=quarantine",
	  "dmarc-weaker-below@46 dmarc-weaker-below@61 dmarc-restates-default@61" },
	{ "clean.test", GOOD "; t=y", "dmarc-test@46" },
	{ "clean.test", GOOD "; psd=y", "dmarc-public-suffix@46" },
	{ "clean.test", GOOD "; psd=n", "dmarc-own-organization@46" },
	{ "clean.test", "v=DMARC1; p=quarantine; np=reject; rua=mailto:r@clean.test",
	  "dmarc-nonexistent-names@25" },
	{ "x.y.suffix.test", NULL, "dmarc-inherited dmarc-organization" },
	{ "clean.test", GOOD "; ri=3600; pct=50; rf=x",
	  "dmarc-historic-tag@55 dmarc-historic-tag@63 dmarc-historic-tag@46" },
	{ "clean.test", GOOD "; ri=86400; pct=100; rf=afrf; fo=0",
	  "dmarc-restates-default@46 dmarc-restates-default@56 dmarc-restates-default@65 "
	  "dmarc-restates-default@74" },
	{ "clean.test", GOOD "; SP=reject",
	  "dmarc-capital-tag@46 dmarc-restates-default@46" },
	{ "clean.test", GOOD "; spp=reject; x=\xff",
	  "dmarc-invalid-value@58 dmarc-unknown-tag@46 dmarc-unknown-tag@58" },
	{ "clean.test", GOOD "; fo=1:d", "dmarc-options-unused@46" },
	{ "clean.test", GOOD "; fo=1; ruf=mailto:f@sub.clean.test", "" },
	{ "clean.test",
	  "v=DMARC1; p=reject; rua=https://clean.test/r,mailto:x,,mailto:r@clean.test",
	  "dmarc-report-address@25 dmarc-report-address@46 dmarc-report-address@55" },
	{ "clean.test", "v=DMARC1; p=reject; rua=mailto:r@clean.test!10m",
	  "dmarc-size-limit@25" },
	{ "sub.clean.test", GOOD, "" },
	{ "a.clean.test", "v=DMARC1; p=reject; rua=mailto:r@b.clean.test", "" },
	{ "clean.test", "v=DMARC1; p=reject; rua=mailto:a@takes.test,mailto:b@clean.test",
	  "" },
	{ "clean.test", "v=DMARC1; p=reject; rua=mailto:a@gone.test,mailto:b@gone.test",
	  "dmarc-reports-not-accepted@25" },
	{ "clean.test", GOOD "; ruf=mailto:a@other.test",
	  "dmarc-reports-not-accepted@50" },
	{ "clean.test", "v=DMARC1; p=reject; rua=mailto:a@dead.test", "" },
	/* below _report._dmarc */
	{ "clean.test._report._dmarc.takes.test", NULL, "" },
	{ "clean.test._report._dmarc.other.test", NULL, "dmarc-reports-not-accepted" },
	{ "clean.test._report._dmarc.gone.test", NULL, "dmarc-reports-not-accepted" },
	{ "clean.test._report._dmarc.dead.test", NULL, "dmarc-domain-unreachable" },
	{ "report", "v=DMARC1", "" },
	{ "report", "v=DMARC1; p=none; rua=mailto:a@clean.test",
	  "dmarc-report-policy@11" },
	{ "report", "v=DMARC1;; rua=mailto:a",
	  "dmarc-empty-element@10 dmarc-report-address@16" },
	{ "report", "yes", "dmarc-syntax" },
};

static void lint_row(size_t i, struct resolver *mock, struct lint_list *list)
{
	struct deadline until = { INT64_MAX };
	struct lint_dmarc_input input = { octets_of(rows[i].text), rows[i].domain, mock,
		                          until };
	if (strcmp(rows[i].domain, "report") == 0)
		lint_dmarc_report(&input, list);
	else if (rows[i].text)
		lint_dmarc_record(&input, list);
	else
		lint_dmarc_domain(rows[i].domain, mock, until, list);
}

static void test_codes(void **state)
{
	(void)state;
	auto_resolver *mock = lint_rows_zone(zone, ARRAY_LEN(zone));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		auto_buf got = BUF_INIT;
		lint_row(i, mock, &list);
		lint_rows_put(&list, &got);
		if (strcmp(buf_text(&got), rows[i].codes) != 0)
			fail_msg("%s \"%s\": \"%s\" instead of \"%s\"", rows[i].domain,
			         rows[i].text ? rows[i].text : "", buf_text(&got),
			         rows[i].codes);
	}
}

/* Which record counts for a name without one, and what of it. */
static void test_inherited(void **state)
{
	(void)state;
	static const struct {
		const char *domain, *detail;
	} cases[] = {
		{ "there.sub.test",
		  "_dmarc.sub.test, which asks for \"quarantine\" (sp=): v=DMARC1; "
		  "p=reject; sp=quarantine; np=none" },
		{ "gone.there.sub.test",
		  "_dmarc.sub.test, which asks for \"none\" (np=): v=DMARC1; "
		  "p=reject; sp=quarantine; np=none" },
		{ "a.mild.test",
		  "_dmarc.mild.test, which asks for \"quarantine\" (p=, one step milder for "
		  "t=y): v=DMARC1; p=reject; t=y" },
		{ "a.nothing.test",
		  "_dmarc.nothing.test, which asks for \"none\": v=DMARC1; "
		  "rua=mailto:a@nothing.test" },
		{ "a.lost.test",
		  "_dmarc.lost.test, which has no valid policy: v=DMARC1; sp=reject" },
	};
	auto_resolver *mock = lint_rows_zone(zone, ARRAY_LEN(zone));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		lint_dmarc_domain(cases[i].domain, mock, (struct deadline){ INT64_MAX },
		                  &list);
		assert_int_equal(list.count, 1);
		assert_string_equal(list.finding[0].code->code, "dmarc-inherited");
		assert_string_equal(list.finding[0].detail, cases[i].detail);
	}
}

/* Nothing is looked up for a text alone. */
static void test_offline(void **state)
{
	(void)state;
	auto_lint_list list = LINT_LIST_INIT;
	lint_dmarc_record(
		&(struct lint_dmarc_input){
			.text = octets_of("v=DMARC1; p=reject; rua=mailto:a@gone.test") },
		&list);
	assert_int_equal(list.count, 0);
}

static const char *codes_of(size_t i)
{
	return rows[i].codes;
}

static void test_table(void **state)
{
	(void)state;
	lint_rows_check(&lint_dmarc_table, "dmarc-", codes_of, ARRAY_LEN(rows), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_offline),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
