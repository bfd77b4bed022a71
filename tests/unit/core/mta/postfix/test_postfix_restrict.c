/* smtpd_recipient_restrictions: where our item stands, and that it goes out again exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mta/postfix/postfix_other_spf.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_restrict.h"
#include "core/mta/provider/policyd_conf.h"

#define S "smtpd_recipient_restrictions"
#define O "$mailauth_recipient_restrictions"
#define NEW "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n"
#define NONE "smtpd_relay_restrictions =\n"
#define BEGIN_LINE \
	"# mailauthctl: begin (the lines up to the end mark are mailauthctl's)\n"
#define TIME "mailauth-spf_time_limit = 3600\n"
#define END_LINE "# mailauthctl: end\n"
#define BLOCK(front)                                                             \
	BEGIN_LINE TIME "mailauth_recipient_restrictions = " front POLICYD_CHECK \
			"\n" END_LINE

static const struct main_request request = { .policy = POLICYD_CHECK,
	                                     .policy_socket = POLICYD_SOCKET };

/* Parameters in front, the list as it stands, the list with ours. */
static void test_placed(void **state)
{
	(void)state;
	static const struct {
		const char *params, *before, *after;
	} rows[] = {
		/* directly behind *_unauth_destination, whatever guards besides */
		{ NONE, S " = permit_mynetworks, reject_unauth_destination\n",
		  S " = permit_mynetworks, reject_unauth_destination, " O "\n" },
		{ NEW, S " = permit_mynetworks reject_unauth_destination permit\n",
		  S " = permit_mynetworks reject_unauth_destination, " O " permit\n" },
		{ NONE, S " = permit_mynetworks,defer_unauth_destination,permit\n",
		  S " = permit_mynetworks,defer_unauth_destination, " O ",permit\n" },
		{ NONE, S " = Reject_Unauth_Destination, reject_rbl_client a.example\n",
		  S " = Reject_Unauth_Destination, " O
		    ", reject_rbl_client a.example\n" },
		{ NONE,
		  S " =\n# relay first, reject_unauth_destination\n  permit_mynetworks,\n"
		    "\treject_unauth_destination,\n#  and then\n  reject_rbl_client\tx\n",
		  S " =\n# relay first, reject_unauth_destination\n  permit_mynetworks,\n"
		    "\treject_unauth_destination, " O
		    ",\n#  and then\n  reject_rbl_client\tx\n" },
		{ NONE, S " = reject_unauth_destination ,permit_mynetworks",
		  S " = reject_unauth_destination, " O " ,permit_mynetworks" },
		/* arguments are no restrictions */
		{ NEW, S " = check_client_access permit, reject_invalid_helo_hostname\n",
		  S " = check_client_access permit, reject_invalid_helo_hostname, " O
		    "\n" },
		{ NONE,
		  S " = check_policy_service { unix:a/b, timeout=3s } "
		    "reject_unauth_destination\n",
		  S " = check_policy_service { unix:a/b, timeout=3s } "
		    "reject_unauth_destination, " O "\n" },
		{ NONE,
		  S " = check_sender_access inline:{ a=reject_unauth_destination b=OK }, "
		    "reject_unauth_destination, permit\n",
		  S " = check_sender_access inline:{ a=reject_unauth_destination b=OK }, "
		    "reject_unauth_destination, " O ", permit\n" },
		/* at the end where smtpd_relay_restrictions guards */
		{ NEW, S " = reject_unknown_recipient_domain\n",
		  S " = reject_unknown_recipient_domain, " O "\n" },
		{ "compatibility_level = 3.6\n", S " = reject_rbl_client a.example",
		  S " = reject_rbl_client a.example, " O },
		{ "smtpd_relay_restrictions = permit_mynetworks, reject\n",
		  S " = check_recipient_access hash:/etc/x,\n  reject_rbl_client y\n",
		  S " = check_recipient_access hash:/etc/x,\n  reject_rbl_client y, " O
		    "\n" },
		{ "smtpd_restriction_classes = guard\nguard = defer_unauth_destination\n"
		  "smtpd_relay_restrictions = permit_mynetworks, guard\n",
		  S " = reject_rbl_client y\n", S " = reject_rbl_client y, " O "\n" },
		/* in front of what nothing gets behind */
		{ NEW, S " = permit_mynetworks, permit\n",
		  S " = permit_mynetworks, " O ", permit\n" },
		{ NEW, S " = permit_mynetworks\n  reject\n",
		  S " = permit_mynetworks\n  " O ", reject\n" },
		{ NEW, S " = permit_mynetworks, permit_auth_destination, reject\n",
		  S " = permit_mynetworks, " O ", permit_auth_destination, reject\n" },
		{ NONE, S " = permit_auth_destination, reject_unauth_destination\n",
		  S " = " O ", permit_auth_destination, reject_unauth_destination\n" },
		{ NEW, S " = reject_rbl_client y, warn_if_reject\n",
		  S " = reject_rbl_client y, " O ", warn_if_reject\n" },
		/* only a warning */
		{ NEW,
		  S " = warn_if_reject reject_unauth_destination, permit_mynetworks\n",
		  S " = warn_if_reject reject_unauth_destination, permit_mynetworks, " O
		    "\n" },
		/* through parameters and classes */
		{ "mine = permit_mynetworks, reject_unauth_destination\n",
		  S " = $mine, reject_rbl_client y\n",
		  S " = $mine, " O ", reject_rbl_client y\n" },
		{ NONE
		  "mine = check_client_access hash:\nother = reject_unauth_destination\n",
		  S " = ${mine}/x, ${other?{$other}:{permit}} permit_mynetworks\n",
		  S " = ${mine}/x, ${other?{$other}:{permit}}, " O
		    " permit_mynetworks\n" },
		{ NONE
		  "smtpd_restriction_classes = a, b\nb = reject_unauth_destination\n",
		  S " = permit_mynetworks b\n", S " = permit_mynetworks b, " O "\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = BUF_INIT, want = BUF_INIT, out = BUF_INIT;
		auto_buf again = BUF_INIT, back = BUF_INIT;
		buf_printf(&text, "%s%s", rows[i].params, rows[i].before);
		buf_printf(&want, "%s%s%s%s", rows[i].params, rows[i].after,
		           text.at[text.len - 1] == '\n' ? "" : "\n", BLOCK(""));
		main_cf_render(text.at, text.len, &request, &out);
		if (text.at[text.len - 1] == '\n')
			assert_string_equal(buf_text(&out), buf_text(&want));
		else
			assert_non_null(strstr(buf_text(&out), rows[i].after));
		main_cf_render(out.at, out.len, &request, &again);
		assert_string_equal(buf_text(&again), buf_text(&out));
		main_cf_strip(out.at, out.len, &back);
		assert_string_equal(buf_text(&back), buf_text(&text));
	}
}

#define LATER "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, "
#define RELAYED "$smtpd_relay_restrictions, "

static void test_empty(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ NEW, NEW BLOCK(RELAYED) },
		{ "compatibility_level = 3.6\n",
		  "compatibility_level = 3.6\n" BLOCK(RELAYED) },
		{ "compatibility_level = 1\n",
		  "compatibility_level = 1\n" BLOCK(RELAYED) },
		{ "", BLOCK(LATER) }, /* level 0: no default guards */
		{ NONE, NONE BLOCK(LATER) },
		{ "smtpd_relay_restrictions = permit, reject_unauth_destination\n",
		  "smtpd_relay_restrictions = permit, reject_unauth_destination\n" BLOCK(
			  LATER) },
		{ "smtpd_relay_restrictions = warn_if_reject reject\n",
		  "smtpd_relay_restrictions = warn_if_reject reject\n" BLOCK(LATER) },
		{ NEW S " =\n", NEW S " =" O "\n" BLOCK(RELAYED) },
		{ NEW S " = \n#x\n", NEW S " = " O "\n#x\n" BLOCK(RELAYED) },
		{ NEW S " = $none\n", NEW S " = $none, " O "\n" BLOCK(RELAYED) },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT, want = BUF_INIT, back = BUF_INIT,
			 again = BUF_INIT;
		bool is_set = strstr(rows[i].text, S) != NULL;
		buf_puts(&want, rows[i].want);
		if (!is_set) { /* the list itself stands in the block */
			want.len -= strlen(END_LINE);
			buf_puts(&want, S " = " O "\n" END_LINE);
		}
		main_cf_render(rows[i].text, strlen(rows[i].text), &request, &out);
		assert_string_equal(buf_text(&out), buf_text(&want));
		main_cf_render(out.at, out.len, &request, &again);
		assert_string_equal(buf_text(&again), buf_text(&out));
		main_cf_strip(out.at, out.len, &back);
		assert_string_equal(buf_text(&back), rows[i].text);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		NONE S " = permit_mynetworks\n",
		NONE S " = permit_mynetworks, reject\n",
		NONE S " = permit_mynetworks, permit, reject_unauth_destination\n",
		NONE S " = permit_mynetworks, warn_if_reject reject_unauth_destination\n",
		NONE S " = check_client_access reject_unauth_destination\n",
		S " = reject_rbl_client a.example\n", /* level 0 */
		NEW "mine = permit_mynetworks, permit\n" S " = $mine\n",
		NEW "mine = reject_unauth_destination, permit\n" S " = $mine\n",
		NEW
		"smtpd_restriction_classes = a\na = reject_unauth_destination, permit\n" S
		" = a\n",
		"smtpd_relay_restrictions = $" S ", reject_unauth_destination\n",
		"smtpd_relay_restrictions = permit, reject_unauth_destination\n" S
		" = permit_mynetworks\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		auto_main_cf cf;
		struct restrict_spot spot;
		main_cf_parse(&cf, rows[i], strlen(rows[i]));
		restrict_find(&cf, POLICYD_SOCKET, &spot);
		assert_int_equal(spot.place, RESTRICT_REFUSED);
		assert_non_null(spot.why);
		main_cf_render(rows[i], strlen(rows[i]), &request, &out);
		assert_string_equal(buf_text(&out), rows[i]);
	}
}

/* By hand: the service gets its time limit, in another spelling; the list stays as it is. */
static void test_present(void **state)
{
	(void)state;
	static const char *const rows[] = {
		NONE S " = permit_mynetworks, " POLICYD_CHECK ", permit\n",
		"x = check_policy_service unix:private/mailauth-spf\n" S " = a $x\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT, want = BUF_INIT, back = BUF_INIT;
		buf_printf(&want, "%s" BEGIN_LINE MAIN_TIME_LIMIT " = 1h\n" END_LINE,
		           rows[i]);
		main_cf_render(rows[i], strlen(rows[i]), &request, &out);
		assert_string_equal(buf_text(&out), buf_text(&want));
		main_cf_strip(out.at, out.len, &back);
		assert_string_equal(buf_text(&back), rows[i]);
	}
}

static void test_guards(void **state)
{
	(void)state;
	static const char params[] = "smtpd_restriction_classes = g, p, loop\n"
				     "g = reject_unauth_destination\np = permit\n"
				     "loop = loop\n";
	static const struct {
		const char *list;
		bool guards;
	} rows[] = {
		{ "", false },
		{ "permit_mynetworks", false },
		{ "permit_mynetworks, defer_unauth_destination", true },
		{ "permit_auth_destination reject", true },
		{ "permit_auth_destination", false },
		{ "defer", true },
		{ "permit, reject_unauth_destination", false },
		{ "reject_unauth_destination, permit", true },
		{ "warn_if_reject reject, permit_mynetworks", false },
		{ "warn_if_reject permit_mynetworks, reject", true },
		{ "check_client_access reject", false },
		{ "sleep 1 reject", true },
		{ "reject_rbl_client reject", false },
		{ "g", true },
		{ "p, reject", false },
		{ "loop, reject", true },
		{ "loop", false },
	};
	auto_main_cf cf;
	main_cf_parse(&cf, params, strlen(params));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(restrict_guards(&cf, rows[i].list), rows[i].guards);
}

static void test_notes(void **state)
{
	(void)state;
	static const struct {
		const char *main_cf, *options;
		int notes;
	} rows[] = {
		{ "", "", 0 },
		{ "", " -o " S "=permit_mynetworks", 1 },
		{ "", " -o " S "=", 1 },
		{ "", " -o " S "=permit_sasl_authenticated,reject", 0 },
		{ "", " -o " S "= -o smtpd_relay_restrictions=permit_mynetworks,reject",
		  0 },
		{ "", " -o " S "=$mailauth_recipient_restrictions", 0 },
		{ "smtpd_restriction_classes = c\nc = permit_mynetworks\n" S " = c\n", "",
		  1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf;
		auto_master_cf master;
		auto_plan plan = PLAN_INIT;
		auto_buf text = BUF_INIT;
		buf_printf(&text, "smtp inet n - y - - smtpd%s\n", rows[i].options);
		main_cf_parse(&cf, rows[i].main_cf, strlen(rows[i].main_cf));
		master_cf_parse(&master, text.at, text.len);
		restrict_note(&cf, &master, POLICYD_SOCKET, &plan);
		assert_int_equal(plan.notes, rows[i].notes);
	}
}

static void take_policy(void *arg, const struct master_service *service, const char *list,
                        const char *endpoint)
{
	buf_printf(arg, "%s %s %s;", service ? service->name : "-", list, endpoint);
}

/* Every list of main.cf and of a service, classes, options of the item, parameters. */
static void test_policies(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master, *want;
	} rows[] = {
		{ "", "", "" },
		{ "smtpd_recipient_restrictions = permit_mynetworks, Check_Policy_Service\n"
		  "  unix:private/a, reject\n",
		  "smtp inet n - y - - smtpd\n",
		  "- smtpd_recipient_restrictions unix:private/a;" },
		{ "x = { unix:private/a, timeout = 3s }\n"
		  "smtpd_end_of_data_restrictions = check_policy_service $x\n",
		  "", "- smtpd_end_of_data_restrictions unix:private/a;" },
		{ "smtpd_restriction_classes = one, two\ntwo = check_policy_service "
		  "inet:127.0.0.1:9\n",
		  "", "- two inet:127.0.0.1:9;" },
		{ "smtpd_helo_restrictions = $helo\nhelo = check_policy_service unix:a\n",
		  "26 inet n - y - - smtpd -o helo=\n27 inet n - y - - smtpd\n"
		  "28 inet n - y - - smtpd -o smtpd_etrn_restrictions="
		  "check_policy_service,unix:b\n"
		  "x unix n - y - - cleanup -o smtpd_etrn_restrictions="
		  "check_policy_service,unix:c\n",
		  "- smtpd_helo_restrictions unix:a;28 smtpd_etrn_restrictions unix:b;" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf;
		auto_master_cf master;
		auto_buf found = BUF_INIT;
		main_cf_parse(&cf, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		restrict_each_policy(&cf, &master, take_policy, &found);
		assert_string_equal(buf_text(&found), rows[i].want);
	}
}

/* A second SPF check, by its socket or by what master.cf starts there, and what takes it out. */
static void test_other_spf(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master, *want, *remedy;
	} rows[] = {
		{ "smtpd_recipient_restrictions = check_policy_service unix:private/grey, "
		  "check_policy_service unix:private/mailauth-spf\n",
		  "grey unix - n n - 0 spawn user=x argv=/usr/bin/grey\n", NULL, NULL },
		{ "smtpd_recipient_restrictions = reject_unauth_destination,\n"
		  "  check_policy_service unix:private/policyd-spf\n",
		  "", "uses unix:private/policyd-spf",
		  "sed -E -i --follow-symlinks 's#,?[ \\t]*check_policy_service[, \\t]+"
		  "unix:private/policyd-spf([, \\t}]|$)#\\1#' /p/main.cf; postfix -c /p "
		  "reload" },
		{ "smtpd_data_restrictions = check_policy_service unix:private/p\n",
		  "p unix - n n - 0 spawn user=x argv=/usr/sbin/postfix-policyd-spf-perl\n",
		  "uses unix:private/p", "/p/main.cf;" },
		{ "smtpd_data_restrictions = check_policy_service inet:127.0.0.1:9\n",
		  "127.0.0.1:9 inet n n n - 0 spawn user=x argv=/bin/pypolicyd-spf\n",
		  "uses inet:127.0.0.1:9", "inet:127\\.0\\.0\\.1:9(" },
		{ "",
		  "smtp inet n - y - - smtpd -o smtpd_client_restrictions="
		  "check_policy_service,unix:private/spf\n",
		  "smtpd_client_restrictions (smtp/inet) uses", "' /p/master.cf;" },
		{ "x = unix:private/policyd-spf\nsmtpd_data_restrictions = "
		  "check_policy_service $x\n",
		  "", "uses unix:private/policyd-spf",
		  "remove it from smtpd_data_restrictions" },
		{ "smtpd_milters = unix:/run/smf-spf.sock\n", "",
		  "smtpd_milters names unix:/run/smf-spf.sock", "remove it" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char folder[] = "/p", main_path[] = "/p/main.cf";
		char master_path[] = "/p/master.cf";
		struct postfix_observed observed = { .host = { .config_dir = folder },
			                             .main_path = main_path,
			                             .master_path = master_path };
		auto_main_cf cf;
		auto_master_cf master;
		auto_plan plan = PLAN_INIT;
		buf_puts(&observed.main_cf, rows[i].main);
		buf_puts(&observed.master_cf, rows[i].master);
		main_cf_parse(&cf, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		other_spf_warn(&observed, &cf, &master, &plan);
		assert_int_equal(plan.notes, rows[i].want ? 1 : 0);
		if (rows[i].want) {
			assert_non_null(strstr(plan.note[0].text, rows[i].want));
			assert_non_null(strstr(plan.note[0].remedy, rows[i].remedy));
		}
		buf_done(&observed.main_cf);
		buf_done(&observed.master_cf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies), cmocka_unit_test(test_other_spf),
		cmocka_unit_test(test_placed),   cmocka_unit_test(test_empty),
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_present),
		cmocka_unit_test(test_guards),   cmocka_unit_test(test_notes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
