/* shared: our part of a file that an admin writes as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/plan/shared.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/provider/opendkim_conf.h"
#include "core/mta/provider/opendmarc.h"
#include "core/mta/provider/postsrsd_conf.h"

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
	for (unsigned i = 0; i < shared_format_count; i++)
		assert_ptr_equal(shared_find(shared_name(shared_formats[i])),
		                 shared_formats[i]);
	assert_null(shared_find(NULL));
	assert_null(shared_find("nothing"));
}

static const struct part_row {
	const struct shared_format *format;
	const char *text, *part;
} part_rows[] = {
	{ &main_cf_format, "a = b\n", "" },
	{ &main_cf_format, "", "" },
	{ &main_cf_format, "a = b\n" BEGIN "mailauth_milter = x\n" END "c = d\n",
	  BEGIN "mailauth_milter = x\n" END },
	{ &main_cf_format,
	  "smtpd_milters = $mailauth_smtpd_milters, inet:a\n" BEGIN
	  "mailauth_smtpd_milters = x\n" END,
	  "smtpd_milters: $mailauth_smtpd_milters\n" BEGIN
	  "mailauth_smtpd_milters = x\n" END },
	{ &main_cf_format, "smtpd_milters =\n  inet:a,\n  $mailauth_smtpd_milters\n",
	  "  $mailauth_smtpd_milters\n" },
	{ &main_cf_format, "smtpd_milters=$mailauth_smtpd_milters, inet:a\n",
	  "smtpd_milters: $mailauth_smtpd_milters\n" },
	{ &main_cf_format, "smtpd_milters = inet:a\n  inet:b $mailauth_smtpd_milters\n",
	  "smtpd_milters: $mailauth_smtpd_milters\n" },
	{ &master_cf_format, "smtp inet n - y - - smtpd\n" BEGIN "mailauth-x unix\n" END,
	  BEGIN "mailauth-x unix\n" END },
	{ &opendkim_conf_format,
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

#define MASTER "smtp inet n - y - - smtpd\n"
#define SPAWN "mailauth-spf unix - n n - 0 spawn\n  user=mailauth\n"
#define DKIM "# mailauthctl: the line below\nInclude " OPENDKIM_OURS "\n"
#define DMARC BEGIN "Socket local:x\nRejectFailures true\n" END
#define SRS BEGIN "# Changes between these lines are overwritten.\nSRS_DOMAIN='x'\n"
#define SRS_LIST "SRS_EXCLUDE_DOMAINS=\"${SRS_EXCLUDE_DOMAINS-}\"'\na.example\n'\n" END

/* What an admin may do to a file that is his, too: `is_held`: and there is nothing to push. */
static const struct edit_row {
	const struct shared_format *format;
	const char *wrote, *now;
	bool is_edited, is_held;
} edit_rows[] = {
	{ &main_cf_format, ITEM BLOCK, ITEM BLOCK, false, true },
	{ &main_cf_format, ITEM BLOCK, "# his\n" ITEM BLOCK "c = d\n", false, true },
	{ &main_cf_format, ITEM BLOCK,
	  "smtpd_milters = $mailauth_smtpd_milters, inet:b, inet:a\n" BLOCK, false,
	  true },
	/* comments and blank lines anywhere, words of our own marks in them too */
	{ &main_cf_format, ITEM BLOCK, ITEM BLOCK "# admin was here\n", false, true },
	{ &main_cf_format, ITEM BLOCK, ITEM BLOCK "# mailauthctl: begin here\n", false,
	  true },
	{ &main_cf_format, ITEM BLOCK, ITEM BLOCK "# mailauthctl: ended\n\n\n", false,
	  true },
	{ &main_cf_format, ITEM BLOCK, ITEM BLOCK "# (the lines are mailauthctl's)\n",
	  false, true },
	{ &main_cf_format, ITEM BLOCK, ITEM "# mailauthctl: his\n" BLOCK, false, true },
	{ &main_cf_format, ITEM BLOCK, ITEM "\n\n" BLOCK "\n", false, true },
	{ &main_cf_format, ITEM BLOCK,
	  ITEM BEGIN "# inside\n\nmailauth_smtpd_milters = x\n" END, false, true },
	{ &main_cf_format, ITEM BLOCK,
	  ITEM BEGIN "relayhost = y\nmailauth_smtpd_milters = x\n" END, false, true },
	{ &main_cf_format, ITEM BLOCK, BLOCK ITEM, false, true },
	{ &main_cf_format, ITEM BLOCK, ITEM "a =\n  b\n  c\n" BLOCK "d =\n  e\n", false,
	  true },
	{ &main_cf_format, "a = b\n" NO_BREAK "mailauth_x = 1\n" END,
	  "a = b\n" NO_BREAK "mailauth_x = 1\n" END "# his\n", false, false },
	{ &main_cf_format, ITEM BLOCK,
	  "smtpd_milters = $mailauth_smtpd_milters, inet:a\r\n# mailauthctl: begin (the "
	  "lines up to the end mark are mailauthctl's)\r\nmailauth_smtpd_milters = x\r\n"
	  "# mailauthctl: end\r\n",
	  false, true },
	/* our own lines */
	{ &main_cf_format, ITEM BLOCK, ITEM BEGIN "mailauth_smtpd_milters = y\n" END,
	  true, false },
	{ &main_cf_format, ITEM BLOCK, ITEM BEGIN "mailauth_smtpd_milters = x\n y\n" END,
	  true, false },
	{ &main_cf_format, ITEM BLOCK, ITEM BLOCK " y\n", true, false },
	{ &main_cf_format, ITEM BLOCK, ITEM BEGIN "#mailauth_smtpd_milters = x\n" END,
	  true, false },
	{ &main_cf_format, ITEM BLOCK, "smtpd_milters = inet:a\n" BLOCK, true, false },
	{ &main_cf_format, ITEM BLOCK, "smtpd_milters = inet:a\n", true, false },
	{ &main_cf_format, ITEM BLOCK, "a = b\n", true, false },
	{ &main_cf_format, ITEM BLOCK, "", true, false },
	/* moved in its list, and nothing else was edited */
	{ &main_cf_format, ITEM BLOCK,
	  "smtpd_milters = inet:a, $mailauth_smtpd_milters\n" BLOCK, true, false },
	{ &main_cf_format, ITEM, ITEM BEGIN "mailauth_z = 1\n" END, true, false },
	{ &main_cf_format, "a = b\n", "a = c\n", false, true },

	{ &master_cf_format, MASTER BEGIN SPAWN END,
	  MASTER BEGIN SPAWN END "# and here\n", false, true },
	{ &master_cf_format, MASTER BEGIN SPAWN END,
	  MASTER "\n# x\n" BEGIN "# in\n" SPAWN "\n" END "lmtp unix - - n - - lmtp\n",
	  false, true },
	{ &master_cf_format, MASTER BEGIN SPAWN END,
	  MASTER BEGIN "mailauth-spf unix - n n - 0 spawn\n# in\n  user=mailauth\n" END,
	  false, true },
	{ &master_cf_format, MASTER BEGIN SPAWN END,
	  MASTER BEGIN "mailauth-spf unix - n n - 0 spawn\n  user=root\n" END, true,
	  false },
	{ &master_cf_format, MASTER BEGIN SPAWN END, MASTER BEGIN SPAWN "  -v\n" END,
	  true, false },

	{ &opendkim_conf_format, "A b\n" DKIM, "A b\n" DKIM "# the line below\n\n", false,
	  true },
	{ &opendkim_conf_format, "A b\n" DKIM, "# top\nA b\n\n" DKIM, false, true },
	/* his line has the last word: ours must move, which is no fault of his */
	{ &opendkim_conf_format, "A b\n" DKIM, "A b\n" DKIM "Socket x\n", false, false },
	{ &opendkim_conf_format, "A b\n" DKIM, "A b\n", true, false },
	{ &opendmarc_conf_format, "A b\n" DMARC, "A b\n" DMARC "# his\n", false, true },
	{ &opendmarc_conf_format, "A b\n" DMARC,
	  "A b\n" BEGIN "# in\nSocket local:x\n\nRejectFailures true\n" END, false,
	  true },
	{ &opendmarc_conf_format, "A b\n" DMARC, "A b\n" DMARC "Socket y\n", false,
	  false },
	{ &opendmarc_conf_format, "A b\n" DMARC,
	  "A b\n" BEGIN "Socket local:x\nRejectFailures false\n" END, true, false },
	{ &postsrsd_conf_format, "A=b\n" SRS SRS_LIST, "A=b\n" SRS SRS_LIST "# his\n",
	  false, true },
	{ &postsrsd_conf_format, "A=b\n" SRS SRS_LIST,
	  "# top\nA=b\n" SRS "\n# in\n" SRS_LIST, false, true },
	{ &postsrsd_conf_format, "A=b\n" SRS SRS_LIST,
	  "A=b\n" SRS SRS_LIST "SRS_DOMAIN=y\n", false, false },
	{ &postsrsd_conf_format, "A=b\n" SRS SRS_LIST,
	  "A=b\n" SRS
	  "SRS_EXCLUDE_DOMAINS=\"${SRS_EXCLUDE_DOMAINS-}\"'\n# in\na.example\n"
	  "'\n" END,
	  true, false },
};

/* What a push would write: his octets as they are now, our part as we wrote it.  False: not known. */
static bool wanted_of(const struct edit_row *row, const struct buf *wrote,
                      const struct buf *now, struct buf *into)
{
	auto_buf his = BUF_INIT, his_then = BUF_INIT;

	shared_strip(row->format, now, &his);
	shared_strip(row->format, wrote, &his_then);
	if (his.len == his_then.len && memcmp(his.at, his_then.at, his.len) == 0)
		buf_add(into, wrote->at, wrote->len);
	else
		return shared_graft(row->format, wrote, now, into);
	return true;
}

static void test_is_edited(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(edit_rows); i++) {
		const struct edit_row *row = &edit_rows[i];
		auto_buf wrote = text_of(row->wrote), now = text_of(row->now);
		auto_buf wanted = BUF_INIT;

		if (shared_is_edited(row->format, &wrote, &now) != row->is_edited)
			fail_msg("row %zu: %s", i, row->now);
		if (wanted_of(row, &wrote, &now, &wanted) &&
		    shared_holds(row->format, &wanted, &now) != row->is_held)
			fail_msg("row %zu: %s\nwanted %s", i, row->now,
			         buf_text(&wanted));
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
		bool is_good = shared_graft(&main_cf_format, &then, &now, &result);

		if (is_good != (graft_rows[i].result != NULL))
			fail_msg("row %zu: %s", i, buf_text(&result));
		assert_string_equal(buf_text(&result),
		                    is_good ? graft_rows[i].result : "");
		if (!is_good)
			continue;
		shared_strip(&main_cf_format, &now, &his);
		shared_strip(&main_cf_format, &result, &left);
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
