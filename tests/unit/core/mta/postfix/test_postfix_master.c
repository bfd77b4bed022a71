/* master.cf: services and overrides; what they mean for our filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/mta/postfix/postfix_macros.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_services.h"

static const char master_text[] =
	"# service type private unpriv chroot wakeup maxproc command\n"
	"  stray continuation\n"
	"smtp      inet  n - y - - smtpd\n"
	"submission inet n - n - - smtpd\n"
	"  -o syslog_name=postfix/submission\n"
	"# a comment inside\n"
	"\n"
	"  -o { smtpd_milters = inet:a:1, inet:b:2 } -o smtpd_sasl_auth_enable=yes\n"
	"  -o content_filter=\n"
	"127.0.0.1:10025 inet n - n - - smtpd -o content_filter= -omynetworks=127.0.0.0/8\n"
	"10026 inet n - n - - smtpd -o content_filter= -o mynetworks=127.0.0.0/8,[::1]/128\n"
	"10027 inet n - n - - smtpd -o content_filter=\n"
	"10028 inet n - n - - smtpd -o content_filter= -o mynetworks=10.0.0.0/8\n"
	"pickup unix n - y 60 1 pickup\n"
	"short unix n -\n"
	"cleanup unix n - y - 0 cleanup -o content_filter=a -o content_filter=b\r\n"
	"last unix - - n - - smtp";

static void test_parse(void **state)
{
	(void)state;
	auto_master_cf cf;
	master_cf_parse(&cf, master_text, strlen(master_text));
	assert_int_equal(cf.count, 9);
	static const char *const names[] = { "smtp",   "submission", "127.0.0.1:10025",
		                             "10026",  "10027",      "10028",
		                             "pickup", "cleanup",    "last" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_string_equal(cf.service[i].name, names[i]);
	assert_string_equal(cf.service[0].type, "inet");
	assert_string_equal(cf.service[0].chroot, "y");
	assert_string_equal(cf.service[8].command, "smtp");
	const struct master_service *submission = &cf.service[1];
	assert_string_equal(master_override(submission, "smtpd_milters"),
	                    "inet:a:1, inet:b:2");
	assert_string_equal(master_override(submission, "syslog_name"),
	                    "postfix/submission");
	assert_string_equal(master_override(submission, "content_filter"), "");
	assert_null(master_override(submission, "smtpd_milter"));
	assert_string_equal(master_override(&cf.service[2], "mynetworks"), "127.0.0.0/8");
	assert_string_equal(master_override(&cf.service[7], "content_filter"), "b");
}

static void check_reinjecting(const char *main_text, const char *want)
{
	auto_main_cf cf;
	auto_master_cf master;
	main_cf_parse(&cf, main_text, strlen(main_text));
	master_cf_parse(&master, master_text, strlen(master_text));
	auto_services services = SERVICES_INIT;
	auto_buf found = BUF_INIT;
	services_read(&cf, &master, NULL, false, &services);
	for (size_t i = 0; services.ways.reinjecting[i]; i++)
		buf_printf(&found, "%s ", services.ways.reinjecting[i]);
	assert_string_equal(buf_text(&found), want);
}

/* Who only sends, and who reads non_smtpd_milters. */
static void test_sending(void **state)
{
	(void)state;
	static const struct {
		const char *master, *submission, *cleanup;
	} rows[] = {
		{ "", "", "cleanup " },
		{ "smtp inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes\n"
		  "submission inet n - y - - smtpd\n"
		  "192.0.2.1:465 inet n - y - - smtpd\n"
		  "2525 inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes\n"
		  "2526 inet n - y - - smtpd\n"
		  "587 inet n - y - - postscreen\n"
		  "cleanup unix n - y - 0 cleanup\n"
		  "subcleanup unix n - y - 0 cleanup\n",
		  "submission 192.0.2.1:465 2525 ", "cleanup subcleanup " },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf;
		auto_master_cf master;
		auto_services services = SERVICES_INIT;
		auto_buf submission = BUF_INIT, cleanup = BUF_INIT;
		main_cf_parse(&cf, "", 0);
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		services_read(&cf, &master, NULL, false, &services);
		for (size_t k = 0; services.submission[k]; k++)
			buf_printf(&submission, "%s ", services.submission[k]);
		for (size_t k = 0; services.cleanup[k]; k++)
			buf_printf(&cleanup, "%s ", services.cleanup[k]);
		assert_string_equal(buf_text(&submission), rows[i].submission);
		assert_string_equal(buf_text(&cleanup), rows[i].cleanup);
	}
}

static void test_reinjecting(void **state)
{
	(void)state;
	check_reinjecting("content_filter = scan:[127.0.0.1]:10024\n",
	                  "127.0.0.1:10025 10026 10027 10028 ");
	check_reinjecting("content_filter =\n", "127.0.0.1:10025 10026 10028 ");
	check_reinjecting("", "127.0.0.1:10025 10026 10028 ");
}

static void check_notes(const char *main_text, const char *master, const char *want)
{
	auto_main_cf cf;
	auto_master_cf services;
	auto_services sorted = SERVICES_INIT;
	auto_plan plan = PLAN_INIT;
	main_cf_parse(&cf, main_text, strlen(main_text));
	master_cf_parse(&services, master, strlen(master));
	const struct filter_socket filter = { "inet:8891@127.0.0.1", "/q" };
	services_read(&cf, &services, NULL, false, &sorted);
	services_note(&cf, &services, &sorted, &filter, &plan);
	assert_int_equal(plan.notes, want ? 1 : 0);
	if (want)
		assert_non_null(strstr(plan.note[0].text, want));
}

static void test_notes(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master, *want;
	} rows[] = {
		{ "", "smtp inet n - y - - smtpd\n", NULL },
		{ "", "smtp inet n - y - - smtpd -o smtpd_milters=\n",
		  "smtp/inet in master.cf sets" },
		{ "",
		  "smtp inet n - y - - smtpd -o smtpd_milters=$mailauth_smtpd_milters\n",
		  NULL },
		{ "",
		  "smtp inet n - y - - smtpd -o receive_override_options=no_x,no_milters\n",
		  "no_milters" },
		{ "receive_override_options = no_milters\n",
		  "smtp inet n - y - - smtpd\n", "no_milters" },
		{ "", "cleanup unix n - y - 0 cleanup -o non_smtpd_milters=\n",
		  "cleanup/unix in master.cf sets non_smtpd_milters" },
		{ "", "smtp inet n - y - - smtpd -o smtpd_proxy_filter=127.0.0.1:9\n",
		  "smtpd_proxy_filter" },
		/* the filter's socket, however it is written */
		{ "", "587 inet n - y - - smtpd -o smtpd_milters=inet:127.0.0.1:8891\n",
		  NULL },
		{ "x = inet:localhost:8891\n",
		  "465 inet n - y - - smtpd -o smtpd_milters=$x\n", NULL },
		{ "",
		  "587 inet n - y - - smtpd -o { smtpd_milters = { inet:[127.0.0.1]:8891, "
		  "default_action=accept } }\n",
		  NULL },
		{ "", "587 inet n - y - - smtpd -o smtpd_milters=inet:127.0.0.1:18891\n",
		  "587/inet in master.cf sets smtpd_milters itself: mail through it is "
		  "neither" },
		{ "", "smtp inet n - y - - smtpd -o smtpd_milters=inet:127.0.0.1:8891\n",
		  "is not verified" },
		{ "content_filter = scan:[127.0.0.1]:10024\n",
		  "smtp inet n - y - - smtpd\nscan unix - - n - - smtp\n"
		  "127.0.0.1:10025 inet n - n - - smtpd\n",
		  "127.0.0.1:10025 accepts mail" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_notes(rows[i].main, rows[i].master, rows[i].want);
}

struct told {
	const struct main_cf *cf;
	const struct filter_socket *filter;
	struct buf text;
};

static void tell(void *arg, const struct master_service *service, const char *parameter,
                 bool is_meant, const char *sentence)
{
	struct told *told = arg;
	auto_free char *remedy = services_override_remedy(told->cf, service, parameter,
	                                                  told->filter, "/p");
	(void)sentence;
	buf_printf(&told->text, "%s\n", is_meant ? "meant" : remedy);
}

/* What brings mail back keeps all that the admin has there; what is meant is left alone. */
static void test_remedies(void **state)
{
	(void)state;
#define RELOAD "; postfix -c /p reload\n"
	static const struct {
		const char *main, *master, *want;
	} rows[] = {
		{ "", "587 inet n - y - - smtpd -o smtpd_milters=\n",
		  "postconf -c /p -PX 587/inet/smtpd_milters" RELOAD },
		{ "mailauth_smtpd_milters = x\nmailauth_submission_milters = y\n",
		  "587 inet n - y - - smtpd -o smtpd_milters=inet:av:1,unix:b\n",
		  "postconf -c /p -P '587/inet/smtpd_milters=$mailauth_smtpd_milters,"
		  "inet:av:1,unix:b,$mailauth_submission_milters'" RELOAD },
		{ "mailauth_guard_milters = x\nsmtpd_milters = inet:localhost:8891\n",
		  "smtp inet n - y - - smtpd -o smtpd_milters=inet:av:1\n",
		  "postconf -c /p -P 'smtp/inet/smtpd_milters=$mailauth_guard_milters,"
		  "inet:av:1,inet:localhost:8891'" RELOAD },
		{ "",
		  "smtp inet n - y - - smtpd -o { smtpd_milters = { inet:av:1, a=b } }\n",
		  "add \"$mailauth_smtpd_milters\" to smtpd_milters of smtp/inet in "
		  "master.cf\n" },
		{ "",
		  "smtp inet n - y - - smtpd -o "
		  "receive_override_options=no_milters,no_address_mappings\n",
		  "postconf -c /p -P "
		  "'smtp/inet/receive_override_options=no_address_mappings'" RELOAD },
		{ "",
		  "smtp inet n - y - - smtpd -o receive_override_options=no_milters\n",
		  "postconf -c /p -PX smtp/inet/receive_override_options" RELOAD },
		{ "receive_override_options = no_milters, no_header_body_checks\n",
		  "smtp inet n - y - - smtpd\n",
		  "postconf -c /p -e 'receive_override_options=no_header_body_checks'" RELOAD },
		/* after a content filter, for quarantine, for copies */
		{ "", "smtpd pass - - y - - smtpd -o smtpd_proxy_filter=127.0.0.1:9\n",
		  "pass mail to that filter after the queue (content_filter) or as a "
		  "milter, so that its content can be signed and checked\n" },
		{ "", "127.0.0.1:10025 inet n - y - - smtpd -o smtpd_milters=\n",
		  "meant\n" },
		{ "", "10026 inet n - y - - smtpd -o smtpd_milters=\n", "meant\n" },
		{ "",
		  "10026 inet n - y - - smtpd -o receive_override_options=no_milters\n",
		  "meant\n" },
		/* local programs, where a filter returns mail by them */
		{ "",
		  "pickup unix n - y 60 1 pickup -o "
		  "receive_override_options=no_milters\n",
		  "postconf -c /p -PX pickup/unix/receive_override_options" RELOAD },
		{ "content_filter = f:\n",
		  "pickup unix n - y 60 1 pickup -o receive_override_options=no_milters\n"
		  "f unix - n n - - pipe user=x argv=/usr/sbin/sendmail\n",
		  "meant\n" },
		{ "", "cleanup unix n - y - 0 cleanup -o non_smtpd_milters=\n",
		  "postconf -c /p -PX cleanup/unix/non_smtpd_milters" RELOAD },
		{ "",
		  "pickup unix n - y 60 1 pickup -o cleanup_service_name=b\n"
		  "cleanup unix n - y - 0 cleanup -o non_smtpd_milters=\n",
		  "meant\n" },
	};
	const struct filter_socket filter = { "inet:8891@127.0.0.1", "/q" };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf;
		auto_master_cf master;
		auto_services services = SERVICES_INIT;
		struct told told = { &cf, &filter, BUF_INIT };
		main_cf_parse(&cf, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		services_read(&cf, &master, NULL, false, &services);
		services_each_override(&cf, &master, &services, &filter, tell, &told);
		assert_string_equal(buf_text(&told.text), rows[i].want);
		buf_done(&told.text);
	}
}

/* What is changed behind a signature of port 25 is worth a word where customers log in there. */
static void test_order(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master;
		bool is_told;
	} rows[] = {
		{ "smtpd_milters = unix:av\n", "smtp inet n - y - - smtpd\n", false },
		{ "smtpd_milters = unix:av\nsmtpd_sasl_auth_enable = yes\n",
		  "smtp inet n - y - - smtpd\n", true },
		{ "smtpd_milters = unix:av\n",
		  "25 inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes\n", true },
		{ "smtpd_milters = unix:av\nsmtpd_sasl_auth_enable = yes\n",
		  "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd -o "
		  "smtpd_sasl_auth_enable=no\nsubmission inet n - y - - smtpd\n",
		  false },
		{ "smtpd_milters = unix:av\n",
		  "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd -o "
		  "smtpd_sasl_auth_enable=yes\n",
		  false },
		{ "smtpd_sasl_auth_enable = yes\n", "smtp inet n - y - - smtpd\n",
		  false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf;
		auto_master_cf master;
		auto_plan plan = PLAN_INIT;
		main_cf_parse(&cf, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		services_note_order(&cf, &master, &plan);
		assert_int_equal(plan.notes, rows[i].is_told);
	}
}

/* Services whose own list of macros keeps from the signer who logged in. */
static void test_macros(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master;
		const char *note;  /* NULL: none */
		const char *error; /* NULL: none */
	} rows[] = {
		{ "", "587 inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes\n", NULL,
		  NULL },
		{ "",
		  "587 inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes\n"
		  "  -o { milter_mail_macros = i {mail_addr} }\n",
		  "587/inet in master.cf sets milter_mail_macros without {auth_type} "
		  "{auth_authen}: mail of customers who log in to this service is not "
		  "signed; run "
		  "\"postconf -c /etc/postfix -P '587/inet/milter_mail_macros=i,{mail_addr},"
		  "{auth_type},{auth_authen}'; postfix -c /etc/postfix reload\"",
		  NULL },
		{ "smtpd_sasl_auth_enable = yes\nall = {auth_type}\n",
		  "25 inet n - y - - smtpd -o milter_mail_macros=$all\n", NULL, NULL },
		{ "smtpd_sasl_auth_enable = no\n",
		  "25 inet n - y - - smtpd -o milter_mail_macros=i\n", NULL, NULL },
		/* everybody would look logged in */
		{ "milter_macro_defaults = auth_type=TLS\n", "25 inet n - y - - smtpd\n",
		  NULL, "milter_macro_defaults of 25/inet" },
		{ "",
		  "smtpd pass - - y - - smtpd -o milter_macro_defaults={auth_type}=x\n",
		  NULL, "milter_macro_defaults of smtpd/pass" },
		{ "", "587 inet n - y - - smtpd -o milter_macro_defaults=auth_type=x\n",
		  NULL, NULL },
		{ "milter_macro_defaults = auth_types=x, j=y\n",
		  "25 inet n - y - - smtpd\n", NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf;
		auto_master_cf master;
		auto_plan plan = PLAN_INIT;
		struct err err = ERR_INIT;
		main_cf_parse(&cf, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		macros_note(&cf, &master, "/etc/postfix", &plan);
		assert_int_equal(plan.notes, rows[i].note ? 1 : 0);
		if (rows[i].note)
			assert_string_equal(plan.note[0].text, rows[i].note);
		assert_int_equal(macros_check(&cf, &master, &err),
		                 rows[i].error ? ERR_FAILED : 0);
		if (rows[i].error)
			assert_non_null(strstr(err.text, rows[i].error));
	}
}

static void test_endpoint(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master, *want; /* NULL: no place */
	} rows[] = {
		{ "", "smtp inet n - y - - smtpd\n", "127.0.0.1:25" },
		{ "", "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n",
		  "127.0.0.1:25" },
		{ "",
		  "submission inet n - y - - smtpd\nsmtp inet n - y - - smtpd\n"
		  "smtps inet n - y - - smtpd -o smtpd_tls_wrappermode=yes\n",
		  "127.0.0.1:25 127.0.0.1:587 (customers)" },
		{ "master_service_disable = !25/inet, inet\n",
		  "submission inet n - y - - smtpd\n25 inet n - y - - smtpd\n",
		  "127.0.0.1:25" },
		{ "master_service_disable = inet\n", "25 inet n - y - - smtpd\n", NULL },
		{ "", "submission inet n - y - - smtpd\n", "127.0.0.1:587 (customers)" },
		{ "", "smtps inet n - y - - smtpd -o smtpd_tls_wrappermode=yes\n", NULL },
		{ "", "smtp unix n - y - - smtp\n", NULL },
		{ "inet_interfaces = 192.0.2.7, 192.0.2.8\n", "25 inet n - y - - smtpd\n",
		  "192.0.2.7:25" },
		{ "inet_interfaces = 192.0.2.7, localhost\n", "25 inet n - y - - smtpd\n",
		  "127.0.0.1:25" },
		{ "inet_interfaces = mail.example.net\n", "25 inet n - y - - smtpd\n",
		  NULL },
		{ "inet_protocols = ipv6\n", "25 inet n - y - - smtpd\n", "[::1]:25" },
		{ "inet_interfaces = 2001:db8::1\n", "25 inet n - y - - smtpd\n",
		  "[2001:db8::1]:25" },
		{ "", "192.0.2.1:2525 inet n - y - - smtpd\n", "192.0.2.1:2525" },
		{ "", "localhost:25 inet n - y - - smtpd\n", "127.0.0.1:25" },
		/* addresses as people write them */
		{ "", "[127.0.0.1]:10025 inet n - y - - smtpd\n", "127.0.0.1:10025" },
		{ "", "[::1]:10025 inet n - y - - smtpd\n", "[::1]:10025" },
		{ "", "::1:10025 inet n - y - - smtpd\n", "[::1]:10025" },
		{ "", "0.0.0.0:25 inet n - y - - smtpd\n", "127.0.0.1:25" },
		{ "", "[::]:25 inet n - y - - smtpd\n", "[::1]:25" },
		{ "", ":26 inet n - y - - smtpd\n", "127.0.0.1:26" },
		{ "", "mx.example.test:26 inet n - y - - smtpd\n", NULL },
		{ "inet_protocols = ipv6\n", "localhost:25 inet n - y - - smtpd\n",
		  "[::1]:25" },
		{ "inet_interfaces = 127.0.0.2\n", "25 inet n - y - - smtpd\n",
		  "127.0.0.2:25" },
		{ "inet_interfaces = [::1]\n", "25 inet n - y - - smtpd\n", "[::1]:25" },
		{ "inet_interfaces = $who\nwho = 192.0.2.7, 127.0.0.1\n",
		  "25 inet n - y - - smtpd\n", "127.0.0.1:25" },
		{ "inet_interfaces = $myhostname\nmyhostname = mx.example.test\n",
		  "25 inet n - y - - smtpd\n", NULL },
		/* names of /etc/services */
		{ "", "urd inet n - y - - smtpd\nsubmissions inet n - y - - smtpd\n",
		  "127.0.0.1:465 (customers) 127.0.0.1:465 (customers)" },
		{ "", "no-such-service inet n - y - - smtpd\n", NULL },
		/* parameters behind parameters */
		{ "wrap = yes\n",
		  "465 inet n - y - - smtpd -o smtpd_tls_wrappermode=$wrap\n", NULL },
		{ "smtpd_tls_wrappermode = ${x?no}${x:YES}\n",
		  "465 inet n - y - - smtpd\n26 inet n - y - - smtpd "
		  "-o smtpd_tls_wrappermode=no\n",
		  "127.0.0.1:26" },
		{ "login = yes\n",
		  "2525 inet n - y - - smtpd -o smtpd_sasl_auth_enable=$login\n",
		  "127.0.0.1:2525 (customers)" },
		/* the PROXY protocol */
		{ "smtpd_upstream_proxy_protocol = haproxy\n",
		  "25 inet n - y - - smtpd\n"
		  "26 inet n - y - - smtpd -o smtpd_upstream_proxy_protocol=\n",
		  "127.0.0.1:25 (proxied) 127.0.0.1:26" },
		{ "p = haproxy\n",
		  "587 inet n - y - - smtpd -o smtpd_upstream_proxy_protocol=${p}\n",
		  "127.0.0.1:587 (customers) (proxied)" },
		{ "postscreen_upstream_proxy_protocol = haproxy\n",
		  "25 inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n",
		  "127.0.0.1:25 (proxied)" },
		/* what is no port of this machine */
		{ "", "smtp unix n - y - - smtpd\nmx pass - - y - - smtpd\n", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf cf;
		auto_master_cf services;
		main_cf_parse(&cf, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&services, rows[i].master, strlen(rows[i].master));
		auto_endpoints found = ENDPOINTS_INIT;
		auto_buf all = BUF_INIT;
		services_smtp_endpoints(&cf, &services, &found);
		for (size_t k = 0; k < found.count; k++)
			buf_printf(&all, "%s%s%s%s", k ? " " : "", found.at[k].address,
			           found.at[k].is_submission ? " (customers)" : "",
			           found.at[k].is_proxied ? " (proxied)" : "");
		assert_string_equal(buf_text(&all), rows[i].want ? rows[i].want : "");
	}
}

#define LINE "mailauth-spf unix - n n - 0 spawn user=nobody argv=/x"
#define BEGIN_LINE \
	"# mailauthctl: begin (the lines up to the end mark are mailauthctl's)\n"
#define END_LINE "# mailauthctl: end\n"

static void test_own_block(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"smtp inet n - y - - smtpd\n",
		"smtp inet n - y - - smtpd\n  -o a=b",
		"smtp inet n - y - - smtpd\r\n\r\n# x",
		"# mailauth-spf unix - n n - 0 spawn\n\n\n",
		"mailauth-other unix - - - - - spawn\n   user=nobody\n",
		"  -o stray=1\n",
		"\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT, again = BUF_INIT, back = BUF_INIT;
		auto_master_cf cf;
		master_cf_render(rows[i], strlen(rows[i]), LINE, &out);
		assert_non_null(strstr(buf_text(&out), "\n" LINE "\n" END_LINE));
		assert_memory_equal(buf_text(&out), rows[i], strlen(rows[i]));
		master_cf_parse(&cf, out.at, out.len);
		assert_string_equal(cf.service[cf.count - 1].name, "mailauth-spf");
		assert_int_equal(cf.service[cf.count - 1].options, 0);
		master_cf_render(out.at, out.len, LINE, &again);
		assert_string_equal(buf_text(&again), buf_text(&out));
		master_cf_strip(out.at, out.len, &back);
		assert_string_equal(buf_text(&back), rows[i]);
	}
}

/* Edited by hand: what is not ours stays. */
static void test_edited_block(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "a\n" BEGIN_LINE LINE "\n" END_LINE "b\n", "a\nb\n" },
		{ BEGIN_LINE LINE "\n  more\n" END_LINE "b\n", "b\n" },
		{ BEGIN_LINE "x y\n  -o z\n" LINE "\n# c\n" END_LINE,
		  "x y\n  -o z\n# c\n" },
		{ BEGIN_LINE LINE "\nb\n", "b\n" },
		{ LINE "\n" END_LINE, LINE "\n" },
		{ "a\n# mailauthctl: begin; the line above ends without a line break x\n" LINE
		  "\n" END_LINE "b\n",
		  "a\nb\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = BUF_INIT;
		master_cf_strip(rows[i].text, strlen(rows[i].text), &out);
		assert_string_equal(buf_text(&out), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),        cmocka_unit_test(test_reinjecting),
		cmocka_unit_test(test_sending),      cmocka_unit_test(test_notes),
		cmocka_unit_test(test_remedies),     cmocka_unit_test(test_order),
		cmocka_unit_test(test_endpoint),     cmocka_unit_test(test_own_block),
		cmocka_unit_test(test_edited_block), cmocka_unit_test(test_macros),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
