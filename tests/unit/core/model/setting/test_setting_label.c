/* Labels of a hosting panel: each selects its value, and none can be mistaken for another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/setting/setting_label.h"

static void order_and_values(void **state)
{
	(void)state;
	for (unsigned i = 0; i < setting_label_count; i++) {
		const struct setting_label *row = &setting_labels[i];
		assert_true(!i || setting_labels[i - 1].key <= row->key);
		assert_true(strcmp(row->language, "en") == 0 ||
		            strcmp(row->language, "es") == 0);
		if (!row->value)
			continue;
		auto_free char *canonical = NULL;
		struct err err = ERR_INIT;
		assert_int_equal(setting_parse(&setting_table[row->key], row->value,
		                               &canonical, &err),
		                 0);
		assert_string_equal(canonical, row->value);
		assert_string_equal(setting_label_value(row->key, row->text), row->value);
		/* our words keep their meaning: a label is not one of them */
		assert_true(setting_parse(&setting_table[row->key], row->text, &canonical,
		                          &err) < 0);
		err_clear(&err);
	}
}

/* Each mode has a label. */
static void every_mode(void **state)
{
	(void)state;
	for (int k = 0; setting_table[SET_SPF_MODE].words[k]; k++) {
		bool has_label = false;
		for (unsigned i = 0; i < setting_label_count; i++)
			has_label |= setting_labels[i].key == SET_SPF_MODE &&
			             setting_labels[i].value &&
			             strcmp(setting_labels[i].value,
			                    setting_table[SET_SPF_MODE].words[k]) == 0;
		assert_true(has_label);
	}
}

static const struct typed_row {
	enum setting_key key;
	const char *text;
	const char *value; /* NULL: no label */
} typed[] = {
	{ SET_SPF_MODE, "Only create Received SPF-headers, never block", "headers-only" },
	{ SET_SPF_MODE, "  only create RECEIVED-SPF headers, never block ",
	  "headers-only" },
	{ SET_SPF_MODE, "Solo crear cabeceras SPF recibidas, nunca bloquear",
	  "headers-only" },
	{ SET_SPF_MODE, "SOLO CREAR CABECERAS SPF RECIBIDAS, NUNCA BLOQUEAR.",
	  "headers-only" },
	{ SET_SPF_MODE, "Reject mail if SPF resolves to \"softfail\"",
	  "reject-softfail" },
	{ SET_SPF_MODE, "Reject mails when SPF resolves to fail (deny)", "reject-fail" },
	{ SET_SPF_MODE, "Reject mail if SPF resolves to \"fail\" (deny)", "reject-fail" },
	{ SET_SPF_MODE, "Use temporary error notices when you have DNS lookup problems",
	  "defer-dns-errors" },
	{ SET_SPF_MODE, "Reject mail if SPF resolves to", NULL },
	{ SET_SPF_MODE, "Reject mail if SPF resolves to failure", NULL },
	{ SET_SPF_MODE, "SPF checking mode", NULL }, /* the field, not a value */
	{ SET_SPF_MODE, "headers-only", NULL },
	{ SET_SPF_MODE, "", NULL },
	{ SET_SPF_CHECK, "ACTIVAR PROTECCIÓN SPAM SPF", "on" },
	{ SET_SPF_CHECK, "Verify incoming mail", NULL }, /* of another setting */
	{ SET_DKIM_VERIFY, "verify incoming mail", "on" },
	{ SET_DKIM_VERIFY, "verify\xc3", NULL },
};

static void what_is_typed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
		const char *value = setting_label_value(typed[i].key, typed[i].text);
		if (typed[i].value)
			assert_string_equal(value, typed[i].value);
		else
			assert_null(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_values),
		cmocka_unit_test(every_mode),
		cmocka_unit_test(what_is_typed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
