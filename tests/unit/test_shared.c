/* shared: our part of a file that an admin writes as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/opendkim_conf.h"
#include "core/mta/postfix_main.h"
#include "core/mta/postfix_master.h"
#include "core/mta/shared.h"

#define BEGIN "# mailauthctl: begin (the lines up to the end mark are mailauthctl's)\n"
#define NO_BREAK                                                                           \
	"# mailauthctl: begin; the line above ends without a line break (the lines up to " \
	"the end mark are mailauthctl's)\n"
#define END "# mailauthctl: end\n"

static struct buf text_of(const char *text)
{
	struct buf buf = BUF_INIT;

	buf_puts(&buf, text);
	return buf;
}

static void test_names(void **state)
{
	(void)state;
	for (int i = SHARED_NOT + 1; i < SHARED_COUNT; i++)
		assert_int_equal(shared_find(shared_name((enum shared_format)i)), i);
	assert_int_equal(shared_find(NULL), SHARED_NOT);
	assert_int_equal(shared_find("nothing"), SHARED_NOT);
}

static const struct part_row {
	enum shared_format format;
	const char *text, *part;
} part_rows[] = {
	{ SHARED_MAIN_CF, "a = b\n", "" },
	{ SHARED_MAIN_CF, "", "" },
	{ SHARED_MAIN_CF, "a = b\n" BEGIN "mailauth_milter = x\n" END "c = d\n",
	  BEGIN "mailauth_milter = x\n" END },
	{ SHARED_MAIN_CF,
	  "smtpd_milters = $mailauth_smtpd_milters, inet:a\n" BEGIN
	  "mailauth_smtpd_milters = x\n" END,
	  "smtpd_milters: $mailauth_smtpd_milters\n" BEGIN
	  "mailauth_smtpd_milters = x\n" END },
	{ SHARED_MAIN_CF, "smtpd_milters =\n  inet:a,\n  $mailauth_smtpd_milters\n",
	  "  $mailauth_smtpd_milters\n" },
	{ SHARED_MAIN_CF, "smtpd_milters=$mailauth_smtpd_milters, inet:a\n",
	  "smtpd_milters: $mailauth_smtpd_milters\n" },
	{ SHARED_MAIN_CF, "smtpd_milters = inet:a\n  inet:b $mailauth_smtpd_milters\n",
	  "smtpd_milters: $mailauth_smtpd_milters\n" },
	{ SHARED_MASTER_CF, "smtp inet n - y - - smtpd\n" BEGIN "mailauth-x unix\n" END,
	  BEGIN "mailauth-x unix\n" END },
	{ SHARED_OPENDKIM_CONF,
	  "Syslog yes\n# mailauthctl: the line below\nInclude " OPENDKIM_OURS "\n",
	  "# mailauthctl: the line below\nInclude " OPENDKIM_OURS "\n" },
};

static void test_part(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(part_rows); i++) {
		auto_buf text = text_of(part_rows[i].text), part = BUF_INIT;

		shared_part(part_rows[i].format, &text, &part);
		assert_string_equal(buf_text(&part), part_rows[i].part);
	}
}

#define ITEM "smtpd_milters = $mailauth_smtpd_milters, inet:a\n"
#define BLOCK BEGIN "mailauth_smtpd_milters = x\n" END

static const struct edit_row {
	const char *wrote, *now;
	bool is_edited;
} edit_rows[] = {
	{ ITEM BLOCK, ITEM BLOCK, false },
	{ ITEM BLOCK, "# his\n" ITEM BLOCK "c = d\n", false },
	{ ITEM BLOCK, "smtpd_milters = $mailauth_smtpd_milters, inet:b, inet:a\n" BLOCK,
	  false },
	{ ITEM BLOCK, ITEM BEGIN "mailauth_smtpd_milters = y\n" END, true },
	{ ITEM BLOCK, "smtpd_milters = inet:a\n" BLOCK, true },
	{ ITEM BLOCK, "smtpd_milters = inet:a\n", true },
	{ ITEM BLOCK, "a = b\n", true },
	{ ITEM BLOCK, "", true },
	/* moved, and nothing else was edited */
	{ ITEM BLOCK, "smtpd_milters = inet:a, $mailauth_smtpd_milters\n" BLOCK, true },
	{ ITEM, ITEM BEGIN "mailauth_z = 1\n" END, true },
	{ "a = b\n", "a = c\n", false },
};

static void test_is_edited(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(edit_rows); i++) {
		auto_buf wrote = text_of(edit_rows[i].wrote);
		auto_buf now = text_of(edit_rows[i].now);

		if (shared_is_edited(SHARED_MAIN_CF, &wrote, &now) !=
		    edit_rows[i].is_edited)
			fail_msg("row %zu", i);
	}
}

static const struct graft_row {
	const char *then, *now, *result; /* result NULL: refused */
} graft_rows[] = {
	{ ITEM BLOCK, "smtpd_milters = inet:a\n", ITEM BLOCK },
	{ "a = b\n", ITEM BLOCK, "smtpd_milters = inet:a\n" },
	{ "", BLOCK "c = d\n", "c = d\n" },
	{ ITEM BLOCK, "smtpd_milters = inet:a, inet:b\nrelayhost =\n",
	  "smtpd_milters = $mailauth_smtpd_milters, inet:a, inet:b\nrelayhost =\n" BLOCK },
	{ "a = b\n" ITEM BLOCK,
	  "# his\nsmtpd_milters = inet:z, inet:a\n" BEGIN "mailauth_x = other\n" END,
	  "# his\nsmtpd_milters = $mailauth_smtpd_milters, inet:z, inet:a\n" BLOCK },
	{ "a = b\n" BLOCK, "a = c\nd = e\n", "a = c\nd = e\n" BLOCK },
	{ "a = b\n" NO_BREAK "mailauth_x = 1\n" END, "a = c\n", NULL },
	/* the list that our item stood in is gone */
	{ "a = b\n" ITEM BLOCK, "c = d\n", NULL },
	/* our definition would hide the one that he wrote since */
	{ "a = b\n" BEGIN "mailauth_x = 1\nsmtpd_milters = $mailauth_smtpd_milters\n" END,
	  "a = b\nsmtpd_milters = inet:his\n", NULL },
};

static void test_graft(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(graft_rows); i++) {
		auto_buf then = text_of(graft_rows[i].then);
		auto_buf now = text_of(graft_rows[i].now), result = BUF_INIT;
		auto_buf his = BUF_INIT, left = BUF_INIT;
		bool is_good = shared_graft(SHARED_MAIN_CF, &then, &now, &result);

		if (is_good != (graft_rows[i].result != NULL))
			fail_msg("row %zu: %s", i, buf_text(&result));
		assert_string_equal(buf_text(&result),
		                    is_good ? graft_rows[i].result : "");
		if (!is_good)
			continue;
		shared_strip(SHARED_MAIN_CF, &now, &his);
		shared_strip(SHARED_MAIN_CF, &result, &left);
		assert_string_equal(buf_text(&left), buf_text(&his));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_is_edited),
		cmocka_unit_test(test_graft),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
