/* Content filters: the services that accept what they return, and ways back that are not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/mta/postfix/postfix_filters.h"
#include "tests/unit/file_root.h"

#define ENTRY "smtp inet n - y - - smtpd\n"
#define SCAN "scan unix - - n - 2 smtp\n"
#define PROG "prog unix - n n - - pipe user=x argv=/usr/bin/f /usr/sbin/sendmail -i\n"
#define TO_SCAN "content_filter = scan:[127.0.0.1]:10024\n"

struct row {
	const char *main, *master;
	const char *parameter, *target; /* of a table; NULL: none */
	const char *unreadable;
	const char *reinjecting, *proxied;
	const char *unknown; /* words of the sentence; NULL: every way is known */
	const char *remote;  /* "*": anywhere */
};

static void check_row(const struct row *row)
{
	auto_main_cf main;
	auto_master_cf master;
	auto_filter_tables tables = FILTER_TABLES_INIT;
	auto_filter_ways ways = FILTER_WAYS_INIT;
	auto_buf reinjecting = BUF_INIT, proxied = BUF_INIT, remote = BUF_INIT;
	main_cf_parse(&main, row->main, strlen(row->main));
	master_cf_parse(&master, row->master, strlen(row->master));
	if (row->parameter) {
		GROW(tables.use, tables.count, tables.room);
		tables.use[tables.count++] = (struct filter_use){
			.target = xstrdup(row->target),
			.parameter = xstrdup(row->parameter),
			.table = xstrdup("regexp:/etc/postfix/x"),
		};
	}
	tables.unreadable = xstrdup(row->unreadable);
	filter_ways_find(&main, &master, &tables, false, &ways);
	for (size_t i = 0; ways.reinjecting[i]; i++)
		buf_printf(&reinjecting, "%s ", ways.reinjecting[i]);
	for (size_t i = 0; ways.proxied[i]; i++)
		buf_printf(&proxied, "%s ", ways.proxied[i]);
	for (size_t i = 0; i < ways.remotes; i++)
		buf_printf(&remote, "%s ", ways.remote[i]);
	if (ways.is_anywhere)
		buf_puts(&remote, "*");
	assert_string_equal(buf_text(&reinjecting),
	                    row->reinjecting ? row->reinjecting : "");
	assert_string_equal(buf_text(&proxied), row->proxied ? row->proxied : "");
	assert_string_equal(buf_text(&remote), row->remote ? row->remote : "");
	if (row->unknown)
		assert_non_null(ways.unknown && strstr(ways.unknown, row->unknown)
		                        ? ways.unknown
		                        : NULL);
	else
		assert_null(ways.unknown);
}

/* However a service that takes mail back says so. */
static void test_reinjecting(void **state)
{
	(void)state;
	static const char *const services[] = {
		"127.0.0.1:10025 inet n - n - - smtpd",
		"[127.0.0.1]:10025 inet n - n - - smtpd",
		"localhost:10025 inet n - n - - smtpd",
		"[::1]:10025 inet n - n - - smtpd",
		"::1:10025 inet n - n - - smtpd",
		"127.0.0.1:10025 inet n - n - - smtpd -o content_filter=",
		"127.0.0.1:10025 inet n - n - - smtpd -o smtpd_milters=",
		"127.0.0.1:10025 inet n - n - - smtpd -o content_filter=prog:",
		"127.0.0.1:10025 inet n - n - - smtpd -o "
		"receive_override_options=no_header_body_checks",
		"10025 inet n - n - - smtpd -o content_filter=",
		"10025 inet n - n - - smtpd -o content_filter=$undefined",
		"10025 inet n - n - - smtpd -o content_filter=scan:[127.0.0.1]:10026",
		"10025 inet n - n - - smtpd -o mynetworks=127.0.0.0/8",
		"10025 inet n - n - - smtpd -o mynetworks=127.0.0.0/8,192.0.2.20",
		"10025 inet n - n - - smtpd -o mynetworks=hash:/etc/postfix/n",
		"10025 inet n - n - - smtpd -o "
		"smtpd_client_restrictions=permit_mynetworks,reject",
		"192.0.2.1:10025 inet n - n - - smtpd -o "
		"smtpd_relay_restrictions=permit_mynetworks,reject",
		"10025 inet n - n - - smtpd -o "
		"{ smtpd_recipient_restrictions = permit_mynetworks, reject }",
		"10025 inet n - n - - smtpd -o "
		"smtpd_client_restrictions=check_client_access,cidr:/etc/postfix/c,reject",
		"10025 inet n - n - - smtpd -o smtpd_sasl_auth_enable=no -o "
		"smtpd_client_restrictions=permit_mynetworks,reject",
		"127.0.0.1:25 inet n - n - - smtpd -o content_filter=",
		"25 inet n - n - - smtpd -o content_filter= -o "
		"smtpd_client_restrictions=permit_mynetworks,reject",
	};
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		for (unsigned sasl = 0; sasl < 2; sasl++) {
			auto_free char *main =
				xasprintf(TO_SCAN "%s",
			                  sasl ? "smtpd_sasl_auth_enable = yes\n" : "");
			auto_free char *master =
				xasprintf(ENTRY SCAN PROG "%s\n", services[i]);
			auto_free char *want = xasprintf(
				"%.*s ", (int)strcspn(services[i], " "), services[i]);
			auto_filter_ways ways = FILTER_WAYS_INIT;
			auto_main_cf cf;
			auto_master_cf parsed;
			auto_buf found = BUF_INIT;
			main_cf_parse(&cf, main, strlen(main));
			master_cf_parse(&parsed, master, strlen(master));
			filter_ways_find(&cf, &parsed, NULL, false, &ways);
			for (size_t k = 0; ways.reinjecting[k]; k++)
				buf_printf(&found, "%s ", ways.reinjecting[k]);
			assert_string_equal(buf_text(&found), want);
		}
}

/* What is no way back: where customers log in, where the world sends, where nothing is filtered. */
static void test_others(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", ENTRY "127.0.0.1:2525 inet n - n - - smtpd\n" },
		/* made for it, whatever leads there */
		{ "", ENTRY "127.0.0.1:10025 inet n - n - - smtpd -o content_filter=\n",
		  .reinjecting = "127.0.0.1:10025 " },
		{ "", ENTRY "127.0.0.1:2525 inet n - n - - smtpd -o content_filter= -o "
		            "smtpd_sasl_auth_enable=yes\n" },
		{ TO_SCAN,
		  ENTRY SCAN "submission inet n - n - - smtpd -o "
		             "smtpd_sasl_auth_enable=yes\n"
		             "127.0.0.1:10025 inet n - n - - smtpd\n",
		  .reinjecting = "127.0.0.1:10025 " },
		{ TO_SCAN "smtpd_sasl_auth_enable = yes\n",
		  ENTRY SCAN
		  "127.0.0.1:587 inet n - n - - smtpd\n"
		  "2525 inet n - n - - smtpd -o "
		  "smtpd_client_restrictions=permit_sasl_authenticated,reject\n"
		  "127.0.0.1:10025 inet n - n - - smtpd\n",
		  .reinjecting = "127.0.0.1:10025 " },
		/* the world's other port is filtered */
		{ TO_SCAN,
		  ENTRY SCAN "2525 inet n - n - - smtpd\n"
		             "127.0.0.1:10025 inet n - n - - smtpd\n",
		  .reinjecting = "127.0.0.1:10025 " },
		/* one that only this machine has, on the port of mail that comes in */
		{ TO_SCAN "inet_interfaces = loopback-only\n",
		  ENTRY SCAN "10025 inet n - n - - smtpd\n", .reinjecting = "10025 " },
		{ "",
		  "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd -o "
		  "content_filter=scan:[127.0.0.1]:10024\n"
		  "10025 inet n - n - - smtpd\n" SCAN,
		  .reinjecting = "10025 " },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

#define BACK "127.0.0.1:10025 inet n - n - - smtpd\n"
#define SPAWN "127.0.0.1:10024 inet n n n - - spawn user=x "

static void test_unknown(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* a program */
		{ "content_filter = prog:dummy\n", ENTRY PROG, .unknown = "sendmail(1)" },
		{ "", "smtp inet n - n - - smtpd -o content_filter=prog\n" PROG,
		  .unknown = "sendmail(1)" },
		{ "content_filter = prog\n", ENTRY PROG BACK, .unknown = "sendmail(1)",
		  .reinjecting = "127.0.0.1:10025 " },
		{ "content_filter = gone:x\n", ENTRY BACK, .unknown = "gone:x",
		  .reinjecting = "127.0.0.1:10025 " },
		/* another name of the same length, and a listener of the same name */
		{ "content_filter = scam:[127.0.0.1]:10024\n", ENTRY SCAN BACK,
		  .unknown = "scam:[127.0.0.1]:10024",
		  .reinjecting = "127.0.0.1:10025 " },
		{ TO_SCAN, ENTRY "scan inet n - n - 1 postscreen\n" SCAN BACK,
		  .reinjecting = "127.0.0.1:10025 " },
		/* two in a row: the second one returns by a program */
		{ TO_SCAN,
		  ENTRY SCAN PROG "127.0.0.1:10025 inet n - n - - smtpd -o "
		                  "content_filter=prog:\n",
		  .unknown = "sendmail(1)", .reinjecting = "127.0.0.1:10025 " },
		/* a program that spawn starts where the filter is asked */
		{ TO_SCAN, ENTRY SCAN BACK SPAWN "argv=/f /usr/sbin/sendmail -i\n",
		  .unknown = "a program that can return it through sendmail(1)",
		  .reinjecting = "127.0.0.1:10025 " },
		{ TO_SCAN, ENTRY SCAN BACK SPAWN "argv=/f --sendmail localhost 10025\n",
		  .unknown = "sendmail(1)", .reinjecting = "127.0.0.1:10025 " },
		{ TO_SCAN, ENTRY SCAN BACK SPAWN "argv=/f\n", .unknown = "sendmail(1)",
		  .reinjecting = "127.0.0.1:10025 " },
		{ TO_SCAN, ENTRY SCAN BACK SPAWN "argv=/f localhost 110025\n",
		  .unknown = "sendmail(1)", .reinjecting = "127.0.0.1:10025 " },
		{ TO_SCAN, ENTRY SCAN BACK SPAWN "argv=/f localhost 10025\n",
		  .reinjecting = "127.0.0.1:10025 " },
		{ TO_SCAN,
		  ENTRY SCAN BACK SPAWN
		  "argv=/f localhost 1\n127.0.0.1: inet n - n - - smtpd\n",
		  .unknown = "sendmail(1)",
		  .reinjecting = "127.0.0.1:10025 127.0.0.1: " },
		{ TO_SCAN, ENTRY SCAN BACK SPAWN "argv=/f 127.0.0.1:10025 -v\n",
		  .reinjecting = "127.0.0.1:10025 " },
		{ "",
		  "smtp inet n - n - - smtpd -o smtpd_proxy_filter=:10024\n" BACK SPAWN
		  "argv=/f /usr/sbin/sendmail\n",
		  .unknown = "sendmail(1)", .reinjecting = "127.0.0.1:10025 ",
		  .proxied = "smtp " },
		{ "",
		  "smtp inet n - n - - smtpd -o smtpd_proxy_filter=unix:private/f\n" BACK
		  "f unix - n n - - spawn user=x argv=/f /usr/sbin/sendmail\n",
		  .unknown = "sendmail(1)", .reinjecting = "127.0.0.1:10025 ",
		  .proxied = "smtp " },
		/* deliveries to a program that names sendmail, and what may lead there */
		{ "virtual_transport = prog:\n", ENTRY PROG, .unknown = "prog/unix" },
		{ "mailbox_transport = prog\n", ENTRY PROG, .unknown = "prog/unix" },
		{ "mailbox_transport = lmtp:unix:private/prog\n", ENTRY PROG,
		  .unknown = "prog/unix" },
		{ "mailbox_transport = lmtp:unix:private/progs\n", ENTRY PROG },
		{ "",
		  "smtp inet n - n - - smtpd\n x unix - n n - - smtp\n" PROG
		  "other unix - - n - - lmtp -o default_transport=prog:x\n",
		  .unknown = "prog/unix" },
		{ "transport_maps = hash:/t\n", ENTRY PROG, .unknown = "prog/unix" },
		{ "sender_dependent_default_transport_maps = hash:/t\n", ENTRY PROG,
		  .unknown = "prog/unix" },
		{ "smtpd_data_restrictions = check_policy_service unix:private/p\n",
		  ENTRY PROG, .unknown = "prog/unix" },
		{ "smtpd_data_restrictions = check_policy_service "
		  "{ unix:private/p, timeout=1s }\n",
		  ENTRY "p unix - n n - - spawn user=x argv=/p /usr/sbin/sendmail\n",
		  .unknown = "p/unix" },
		{ "smtpd_data_restrictions = check_policy_service "
		  "unix:private/mailauth-spf\n",
		  ENTRY PROG },
		{ "", ENTRY PROG },
		{ "transport_maps =\nx = progs:y\n", ENTRY PROG },
		{ "transport_maps = hash:/t\n",
		  ENTRY "d unix - n n - - pipe user=x argv=/usr/lib/dovecot-lda\n" },
		/* a policy service may answer FILTER with a transport that nothing names */
		{ "smtpd_data_restrictions = check_policy_service unix:private/p\n",
		  ENTRY SCAN BACK, .reinjecting = "127.0.0.1:10025 " },
		{ "",
		  "smtp inet n - n - - smtpd -o "
		  "smtpd_end_of_data_restrictions=check_policy_service,inet:[::1]:9\n" SCAN
		          BACK,
		  .reinjecting = "127.0.0.1:10025 " },
		{ "smtpd_data_restrictions = check_policy_service unix:private/p\n",
		  ENTRY "relay unix - - n - - smtp\n" BACK },
		{ "smtpd_data_restrictions = check_policy_service unix:private/p\n"
		  "relay_transport = scan\n",
		  ENTRY SCAN BACK },
		/* nothing takes back */
		{ TO_SCAN, ENTRY SCAN, .unknown = "[127.0.0.1]:10024" },
		{ "content_filter = scan:[192.0.2.20]:10024\n", ENTRY SCAN,
		  .unknown = "192.0.2.20", .remote = "192.0.2.20 " },
		{ "content_filter = scan:[192.0.2.20]:10024\n", ENTRY SCAN BACK,
		  .unknown = "192.0.2.20", .remote = "192.0.2.20 ",
		  .reinjecting = "127.0.0.1:10025 " },
		{ "content_filter = scan:[ipv6:2001:db8::20]:10024\n", ENTRY SCAN,
		  .unknown = "2001:db8::20", .remote = "2001:db8::20 " },
		{ "content_filter = scan:filter.example.net\n", ENTRY SCAN,
		  .unknown = "filter.example.net", .remote = "*" },
		{ "content_filter = scan:[192.0.2.20]:10024\n",
		  ENTRY SCAN "10025 inet n - n - - smtpd -o mynetworks=192.0.2.20\n",
		  .reinjecting = "10025 " },
		{ "myhostname = mx.example.net\ncontent_filter = "
		  "scan:[mx.example.net]:10024\n",
		  ENTRY SCAN BACK, .reinjecting = "127.0.0.1:10025 " },
		{ "myhostname = mx.example.net\ncontent_filter = "
		  "scan:[MX.Example.NET]:10024\n",
		  ENTRY SCAN BACK, .reinjecting = "127.0.0.1:10025 " },
		{ "inet_interfaces = 127.0.0.1, 192.0.2.20\ncontent_filter = "
		  "scan:[192.0.2.20]:10024\n",
		  ENTRY SCAN BACK, .reinjecting = "127.0.0.1:10025 " },
		/* before the queue */
		{ "",
		  "smtp inet n - n - - smtpd -o smtpd_proxy_filter=127.0.0.1:10024\n" BACK,
		  .reinjecting = "127.0.0.1:10025 ", .proxied = "smtp " },
		{ "smtpd_proxy_filter = inet:[127.0.0.1]:10024\n",
		  ENTRY "127.0.0.1:10025 inet n - n - - smtpd -o smtpd_proxy_filter=\n",
		  .reinjecting = "127.0.0.1:10025 ", .proxied = "smtp " },
		{ "", "smtp inet n - n - - smtpd -o smtpd_proxy_filter=:10024\n",
		  .unknown = ":10024", .proxied = "smtp " },
		/* tables */
		{ "", ENTRY SCAN BACK, "header_checks", "scan:[127.0.0.1]:10024",
		  .reinjecting = "127.0.0.1:10025 " },
		/* a listener whose mail the table's action does not meet */
		{ "",
		  ENTRY SCAN "10025 inet n - n - - smtpd -o "
		             "receive_override_options=no_header_body_checks\n",
		  "header_checks", "scan:[127.0.0.1]:10024", .reinjecting = "10025 " },
		{ "",
		  ENTRY SCAN "10025 inet n - n - - smtpd -o "
		             "receive_override_options=no_address_mappings\n",
		  "header_checks", "scan:[127.0.0.1]:10024",
		  .unknown = "regexp:/etc/postfix/x" },
		{ "", ENTRY PROG, "smtpd_sender_restrictions", "prog:x",
		  .unknown = "regexp:/etc/postfix/x" },
		{ "", ENTRY SCAN, "body_checks", "scan:[127.0.0.1]:10024",
		  .unknown = "regexp:/etc/postfix/x" },
		{ "", ENTRY SCAN BACK, "body_checks", "scan:[$1]:10024",
		  .unknown = "regexp:/etc/postfix/x", .reinjecting = "127.0.0.1:10025 " },
		/* a FILTER that only chooses how mail leaves */
		{ "", ENTRY SCAN, "header_checks", "scan:" },
		{ "", ENTRY "discard unix - - y - - discard\n", "header_checks",
		  "discard:" },
		/* tables that cannot be searched */
		{ "", ENTRY, .unreadable = "mysql:/x", .unknown = "mysql:/x" },
		{ TO_SCAN, ENTRY SCAN BACK, .unreadable = "mysql:/x",
		  .reinjecting = "127.0.0.1:10025 " },
		{ TO_SCAN, ENTRY SCAN PROG BACK, .unreadable = "mysql:/x",
		  .reinjecting = "127.0.0.1:10025 ", .unknown = "mysql:/x" },
		{ "", ENTRY "2525 inet n - n - - smtpd\n", .unreadable = "mysql:/x",
		  .unknown = "mysql:/x" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void collect(void *arg, const char *target)
{
	buf_printf(arg, "%s ", target);
}

static void test_targets(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "example.com FILTER scan:[127.0.0.1]:10024\n",
		  "scan:[127.0.0.1]:10024 " },
		{ "example.com\tfilter\tscan:x\nexample.net OK", "scan:x " },
		{ "# example.com FILTER scan:x\n  # y FILTER z:\n", "" },
		{ "/^From: .*@x/ FILTER prog:\r\n/y/\n  FILTER b:c\n", "prog: b:c " },
		{ "{ {192.0.2.0/24 = FILTER a:b}, {x = OK} }", "a:b " },
		{ "FILTER a:b", "a:b " },
		{ "{FILTER a:b}", "a:b " },
		{ "/FILTERED/ REJECT\n/x/ FILTER\n", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf found = BUF_INIT;
		filter_targets(rows[i].text, collect, &found);
		assert_string_equal(buf_text(&found), rows[i].want);
	}
}

/* Every place that can hold a table, and every kind of table. */
static void test_tables(void **state)
{
	(void)state;
	static const struct {
		const char *main, *master, *want, *unreadable;
	} rows[] = {
		{ "header_checks = regexp:/h\n", ENTRY, "header_checks=h:x ", NULL },
		{ "smtpd_sender_restrictions = permit_mynetworks, check_sender_access "
		  "hash:/t\n",
		  ENTRY, "smtpd_sender_restrictions=t:x ", NULL },
		{ "smtpd_client_restrictions = texthash:/t\n", ENTRY,
		  "smtpd_client_restrictions=t:x ", NULL },
		{ "smtpd_client_restrictions = check_client_access proxy:texthash:/t\n",
		  ENTRY, "smtpd_client_restrictions=t:x ", NULL },
		{ "smtpd_restriction_classes = strict\nstrict = check_helo_access "
		  "pcre:/h\n",
		  ENTRY, "strict=h:x ", NULL },
		{ "access = texthash:/t\nsmtpd_data_restrictions = check_client_access "
		  "$access\n",
		  ENTRY, "smtpd_data_restrictions=t:x ", NULL },
		{ "body_checks = inline:{ {a = FILTER i:x} }\n", ENTRY,
		  "body_checks=i:x ", NULL },
		{ "smtpd_relay_restrictions = check_client_access "
		  "unionmap:{texthash:/none,static:{FILTER s:x}}\n",
		  ENTRY, "smtpd_relay_restrictions=s:x ",
		  "unionmap:{texthash:/none,static:{FILTER s:x}}" },
		{ "",
		  "smtp inet n - - - - smtpd -o smtpd_helo_restrictions="
		  "check_helo_access,cidr:/t\n",
		  "smtp/smtpd_helo_restrictions=t:x ", NULL },
		{ "smtpd_sender_restrictions = $mine\n",
		  ENTRY "26 inet n - - - - smtpd -o mine=check_sender_access,cidr:/t\n",
		  "26/smtpd_sender_restrictions=t:x ", NULL },
		{ "",
		  "26 inet n - - - - smtpd -o smtpd_restriction_classes=mine -o "
		  "mine=check_sender_access,$table -o table=cidr:/t\n",
		  "26/mine=t:x ", NULL },
		{ "", "out unix n - y - 0 cleanup -o header_checks=regexp:/h\n",
		  "out/header_checks=h:x ", NULL },
		/* others' tables */
		{ "virtual_alias_maps = regexp:/h\n", ENTRY, "", NULL },
		{ "smtpd_recipient_restrictions = check_policy_service unix:private/p, "
		  "check_policy_service { inet:127.0.0.1:9, timeout=3s }, "
		  "reject_rbl_client zen.example.org=127.0.0.[2..11]\n",
		  ENTRY, "", NULL },
		/* what cannot be searched */
		{ "smtpd_sender_restrictions = check_sender_access mysql:/my.cf\n", ENTRY,
		  "", "mysql:/my.cf" },
		{ "header_checks = proxy:pgsql:/my.cf\n", ENTRY, "",
		  "proxy:pgsql:/my.cf" },
		{ "header_checks = regexp:/none\n", ENTRY, "", "regexp:/none" },
		{ "smtpd_sender_restrictions = hash:/none\n", ENTRY, "", "hash:/none" },
	};
	make_file("/h", "/^x/ FILTER h:x\n", 0644);
	make_file("/t", "x FILTER t:x\n", 0644);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf main;
		auto_master_cf master;
		auto_filter_tables tables = FILTER_TABLES_INIT;
		auto_buf found = BUF_INIT;
		main_cf_parse(&main, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		assert_int_equal(filter_tables_read(&ctx, &main, &master, &tables, &err),
		                 0);
		for (size_t k = 0; k < tables.count; k++)
			buf_printf(&found, "%s%s%s=%s ",
			           tables.use[k].service ? tables.use[k].service : "",
			           tables.use[k].service ? "/" : "",
			           tables.use[k].parameter, tables.use[k].target);
		assert_string_equal(buf_text(&found), rows[i].want);
		if (rows[i].unreadable)
			assert_string_equal(tables.unreadable, rows[i].unreadable);
		else
			assert_null(tables.unreadable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reinjecting),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_targets),
		cmocka_unit_test_setup_teardown(test_tables, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
