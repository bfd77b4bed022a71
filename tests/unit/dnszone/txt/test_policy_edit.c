/* dnszone/policy_edit: SPF terms and DMARC tags put in, changed and taken out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "dnszone/txt/policy_edit.h"

static const struct {
	const char *text, *add, *remove, *wanted; /* wanted NULL: refused */
} spf_rows[] = {
	{ "v=spf1 -all", "mx", NULL, "v=spf1 mx -all" },
	{ "v=spf1  a   -all", "mx", NULL, "v=spf1 a mx -all" },
	{ "v=spf1 a -all", "+A", NULL, "v=spf1 +A -all" },
	{ "v=spf1 a -all", "-a", NULL, "v=spf1 -a -all" },
	{ "v=spf1 a mx -all", "~ALL", NULL, "v=spf1 a mx ~ALL" },
	{ "v=spf1 a -ip4:192.0.2.1 -all", "mx", NULL, "v=spf1 a -ip4:192.0.2.1 mx -all" },
	{ "v=spf1 a exp=e.test", "mx", NULL, "v=spf1 a mx exp=e.test" },
	{ "v=spf1 exp=e.test a redirect=r.test", "mx", NULL,
	  "v=spf1 exp=e.test a mx redirect=r.test" },
	{ "v=spf1 redirect=r.test", "mx", NULL, "v=spf1 mx redirect=r.test" },
	{ "v=spf1 a -all", "exp=e.test", NULL, "v=spf1 a -all exp=e.test" },
	{ "v=spf1 exp=a.test -all", "exp=b.test", NULL, "v=spf1 exp=b.test -all" },
	{ "v=spf1 a:<hostname> -all", "include:<domain>", NULL,
	  "v=spf1 a:<hostname> include:<domain> -all" },
	{ "v=spf1", "mx", NULL, "v=spf1 mx" },
	{ "v=spf1 -all", "", NULL, NULL },
	{ "v=spf1 -all", "a mx", NULL, NULL },
	{ "v=spf1 -all", "v=spf1", NULL, NULL },
	{ "v=spf1 a mx -all", NULL, "MX", "v=spf1 a -all" },
	{ "v=spf1 a +mx -all", NULL, "mx", "v=spf1 a -all" },
	{ "v=spf1 a mx -all", NULL, "+mx", "v=spf1 a -all" },
	{ "v=spf1 a -mx -all", NULL, "mx", NULL },
	{ "v=spf1 a exp=e.test", NULL, "exp=e.test", "v=spf1 a" },
	{ "v=spf1 a", NULL, "v=spf1", NULL },
	{ "v=spf1 a", NULL, "mx", NULL },
};

static void test_spf(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(spf_rows); i++) {
		auto_free char *text = NULL;
		struct err err = ERR_INIT;
		int r = spf_rows[i].add
		                ? policy_edit_spf_add(spf_rows[i].text, spf_rows[i].add,
		                                      &text, &err)
		                : policy_edit_spf_remove(spf_rows[i].text,
		                                         spf_rows[i].remove, &text, &err);
		if (spf_rows[i].wanted) {
			assert_int_equal(r, 0);
			assert_string_equal(text, spf_rows[i].wanted);
		} else {
			assert_true(r < 0);
			assert_true(*err.text);
			assert_null(text);
		}
	}
}

static const struct {
	const char *text, *change[3], *wanted;
} dmarc_rows[] = {
	{ NULL, { "p=none" }, "v=DMARC1; p=none" },
	{ "V=DMARC1; Rua=mailto:a@b.example; P=none; New=1",
	  { "p=reject" },
	  "v=DMARC1; p=reject; rua=mailto:a@b.example; New=1" },
	{ NULL,
	  { "rua=mailto:a@b.test", "p=reject" },
	  "v=DMARC1; p=reject; rua=mailto:a@b.test" },
	{ "v=DMARC1;p=none;pct=5", { "p=reject" }, "v=DMARC1; p=reject; pct=5" },
	{ "v=DMARC1; sp=none; p=none",
	  { "np=reject" },
	  "v=DMARC1; p=none; sp=none; np=reject" },
	{ "v=DMARC1; p=none; sp=none", { "sp=" }, "v=DMARC1; p=none" },
	{ "v=DMARC1; p=none", { "sp=" }, "v=DMARC1; p=none" },
	{ "v=DMARC1; p=none", { "p=reject; sp = none;" }, "v=DMARC1; p=reject; sp=none" },
	{ "v=DMARC1; p=none; x=<domain>",
	  { "p=reject" },
	  "v=DMARC1; p=reject; x=<domain>" },
	{ "v=DMARC1; p=none", { "reject" }, NULL },
	{ "v=DMARC1; p=none", { "p=none; p=reject" }, NULL },
	{ "v=DMARC1; p=none", { "" }, NULL },
	{ "v=DMARC1; p", { "p=none" }, NULL },
};

static void test_dmarc(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dmarc_rows); i++) {
		auto_free char *text = NULL;
		struct err err = ERR_INIT;
		size_t count = 0;
		while (count < 3 && dmarc_rows[i].change[count])
			count++;
		int r = policy_edit_dmarc(dmarc_rows[i].text, dmarc_rows[i].change, count,
		                          &text, &err);
		if (dmarc_rows[i].wanted) {
			assert_int_equal(r, 0);
			assert_string_equal(text, dmarc_rows[i].wanted);
		} else {
			assert_int_equal(r, ERR_USAGE);
			assert_null(text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spf),
		cmocka_unit_test(test_dmarc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
