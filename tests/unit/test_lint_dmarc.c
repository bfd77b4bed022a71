/* DMARC lint: each code fires on its fixture, none on a clean record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "dnszone/lint_dmarc.h"
#include "dnszone/resolver_mock.h"

#define GOOD "v=DMARC1; p=reject; rua=mailto:r@clean.test"

static const struct mock_row zone[] = {
	{ "_dmarc.clean.test", "TXT", GOOD },
	{ "_dmarc.clean.test", "TXT", "other=1" },
	{ "_dmarc.other.test", "TXT", "other=1" },
	{ "_dmarc.two.test", "TXT", "v=DMARC1; p=none" },
	{ "_dmarc.two.test", "TXT", "V=dmarc1; p=none" },
	{ "_dmarc.dead.test", "TIMEOUT", NULL },
	{ "clean.test._report._dmarc.takes.test", "TXT", "v=DMARC1;" },
	{ "clean.test._report._dmarc.other.test", "TXT", "other=1" },
	{ "clean.test._report._dmarc.dead.test", "TIMEOUT", NULL },
};

static const struct {
	const char *domain, *text; /* text NULL: what the domain publishes */
	const char *codes; /* all that fire, with their column where there is one */
} rows[] = {
	{ "clean.test", NULL, "" },
	{ "gone.test", NULL, "dmarc-no-record" },
	{ "other.test", NULL, "dmarc-no-record" },
	{ "two.test", NULL, "dmarc-two-records" },
	{ "dead.test", NULL, "dmarc-domain-unreachable" },
	{ "clean.test", "v=DMARC1; p=what", "dmarc-syntax" },
	{ "clean.test", "v=DMARC1; p=none; p=none", "dmarc-syntax" },
	{ "clean.test", "v=DMARC1; p=n\xc3\xb6ne", "dmarc-syntax" },
	{ "clean.test", "v=DMARC1; rua=mailto:r@clean.test", "dmarc-no-policy" },
	{ "clean.test", "v=DMARC1; rua=mailto:r@clean.test; p=reject",
	  "dmarc-policy-not-second@36" },
	{ "clean.test", "v=DMARC1; p=none; rua=mailto:r@clean.test",
	  "dmarc-policy-none@11" },
	{ "clean.test", "v=DMARC1; p=reject", "dmarc-no-reports" },
	{ "clean.test", GOOD "; sp=none; np=QUARANTINE",
	  "dmarc-weaker-below@46 dmarc-weaker-below@55" },
	{ "clean.test", GOOD "; sp=reject", "" },
	{ "clean.test", GOOD "; t=y", "dmarc-test@46" },
	{ "clean.test", GOOD "; t=n", "" },
	{ "clean.test", GOOD "; ri=3600; pct=100; rf=afrf",
	  "dmarc-historic-tag@55 dmarc-historic-tag@64 dmarc-historic-tag@46" },
	{ "clean.test", GOOD "; SP=reject", "dmarc-unknown-tag@46" },
	{ "clean.test", GOOD "; fo=1:d", "dmarc-options-unused@46" },
	{ "clean.test", GOOD "; fo=1; ruf=mailto:f@sub.clean.test", "" },
	{ "sub.clean.test", GOOD, "" },
	{ "clean.test", "v=DMARC1; p=reject; rua=mailto:a@takes.test,mailto:b@clean.test",
	  "" },
	{ "clean.test", "v=DMARC1; p=reject; rua=mailto:a@gone.test!10m,https://x.test/y",
	  "dmarc-reports-not-accepted@21" },
	{ "clean.test", GOOD "; ruf=mailto:a@other.test",
	  "dmarc-reports-not-accepted@46" },
	{ "clean.test", "v=DMARC1; p=reject; rua=mailto:a@dead.test", "" },
};

static void lint_row(size_t i, struct resolver *mock, struct lint_list *list)
{
	struct deadline until = { INT64_MAX };
	struct lint_dmarc_input input = { rows[i].text, rows[i].domain, mock, until };
	if (rows[i].text)
		lint_dmarc_record(&input, list);
	else
		lint_dmarc_domain(rows[i].domain, mock, until, list);
}

static void test_codes(void **state)
{
	(void)state;
	auto_resolver *mock = resolver_mock_new(MOCK_OPEN);
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(zone); i++)
		if (resolver_mock_add(mock, &zone[i], &err) != 0)
			fail_msg("%s", err.text);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		auto_buf got = BUF_INIT;
		lint_row(i, mock, &list);
		for (size_t k = 0; k < list.count; k++) {
			buf_printf(&got, "%s%s", k > 0 ? " " : "",
			           list.finding[k].code->code);
			if (list.finding[k].column > 0)
				buf_printf(&got, "@%zu", list.finding[k].column);
		}
		if (strcmp(buf_text(&got), rows[i].codes) != 0)
			fail_msg("%s \"%s\": \"%s\" instead of \"%s\"", rows[i].domain,
			         rows[i].text ? rows[i].text : "", buf_text(&got),
			         rows[i].codes);
	}
}

/* Nothing is looked up for a text alone. */
static void test_offline(void **state)
{
	(void)state;
	auto_lint_list list = LINT_LIST_INIT;
	lint_dmarc_record(
		&(struct lint_dmarc_input){
			.text = "v=DMARC1; p=reject; rua=mailto:a@gone.test" },
		&list);
	assert_int_equal(list.count, 0);
}

/* Each code has a fixture above, a name of its own, and a sentence. */
static void test_table(void **state)
{
	(void)state;
	const struct lint_code *code;
	for (size_t i = 0; (code = lint_dmarc_code(i)); i++) {
		bool has_fixture = false;
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			has_fixture |= strstr(rows[k].codes, code->code) != NULL;
		if (!has_fixture)
			fail_msg("%s has no fixture", code->code);
		assert_true(strncmp(code->code, "dmarc-", 6) == 0 && *code->message);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(lint_dmarc_code(k)->code, code->code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_offline),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
