/* OpenDMARC: our lines in an admin's configuration, out again, and what is checked of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/mta/provider/opendmarc.h"
#include "core/mta/provider/opendmarc_conf.h"

#define LINES                                                   \
	"AuthservID mx.example.net\n"                           \
	"AuthservIDWithJobID false\n"                           \
	"TrustedAuthservIDs mx.example.net\n"                   \
	"IgnoreAuthenticatedClients true\n"                     \
	"IgnoreHosts /etc/mailauthctl/opendmarc/ignore.hosts\n" \
	"RejectFailures true\n"                                 \
	"RejectMultiValueFrom true\n"                           \
	"HoldQuarantinedMessages false\n"                       \
	"SPFIgnoreResults true\n"                               \
	"SPFSelfValidate true\n"                                \
	"Syslog true\n"
#define SOCKET "Socket local:/q/opendmarc/opendmarc.sock\nUMask 0007\n"
#define LIST "PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat\n"

static void test_render(void **state)
{
	(void)state;
	struct opendmarc_setup setup = { .authserv_id = "mx.example.net",
		                         .rejects = true };
	auto_buf plain = BUF_INIT, whole = BUF_INIT;
	opendmarc_render(&setup, &plain);
	assert_string_equal(buf_text(&plain), LINES);
	setup.rejects = false;
	setup.socket = "local:/q/opendmarc/opendmarc.sock";
	setup.suffix_list = OPENDMARC_SUFFIX_LIST;
	opendmarc_render(&setup, &whole);
	assert_non_null(strstr(buf_text(&whole), "\nRejectFailures false\n"
	                                         "RejectMultiValueFrom false\n"));
	assert_non_null(strstr(buf_text(&whole), LIST SOCKET));
	/* every line of it is taken out again */
	auto_buf with = BUF_INIT, without = BUF_INIT;
	opendmarc_conf_with("", 0, buf_text(&whole), &with);
	opendmarc_conf_without(buf_text(&with), with.len, &without);
	assert_string_equal(buf_text(&without), "");
}

#define BEGIN "# mailauthctl: begin (the lines up to the end mark are mailauthctl's)\n"
#define JOINED                                                                       \
	"# mailauthctl: begin; the line above ends without a line break (the lines " \
	"up to the end mark are mailauthctl's)\n"
#define END "# mailauthctl: end\n"

static void test_block(void **state)
{
	(void)state;
	static const struct {
		const char *admin, *with;
	} rows[] = {
		{ "", BEGIN SOCKET END },
		{ "\n", "\n" BEGIN SOCKET END },
		{ "Socket local:/run/x\n", "Socket local:/run/x\n" BEGIN SOCKET END },
		{ "Socket local:/run/x", "Socket local:/run/x\n" JOINED SOCKET END },
		{ "# c\r\nUMask 2\r\n\r\n", "# c\r\nUMask 2\r\n\r\n" BEGIN SOCKET END },
		{ "   ", "   \n" JOINED SOCKET END },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf with = BUF_INIT, again = BUF_INIT, without = BUF_INIT;
		opendmarc_conf_with(rows[i].admin, strlen(rows[i].admin), SOCKET, &with);
		assert_string_equal(buf_text(&with), rows[i].with);
		opendmarc_conf_with(buf_text(&with), with.len, SOCKET, &again);
		assert_string_equal(buf_text(&again), rows[i].with);
		opendmarc_conf_without(buf_text(&with), with.len, &without);
		assert_string_equal(buf_text(&without), rows[i].admin);
	}
}

/* What somebody wrote into the block or behind it stays. */
static void test_edited(void **state)
{
	(void)state;
	static const struct {
		const char *text, *without;
	} rows[] = {
		{ "A b\n" BEGIN SOCKET "DNSTimeout 9\n# mine\n" END "HistoryFile /x\n",
		  "A b\nDNSTimeout 9\n# mine\nHistoryFile /x\n" },
		{ "A b\n" JOINED SOCKET END "HistoryFile /x", "A b\nHistoryFile /x" },
		{ "A b\n" JOINED "Socketeer x\n" END, "A b\nSocketeer x\n" },
		{ BEGIN "socket local:/y\nUMASK\t7\n", "" },
		{ BEGIN SOCKET, "" },
		{ END "Socket local:/y\n", "Socket local:/y\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf without = BUF_INIT;
		opendmarc_conf_without(rows[i].text, strlen(rows[i].text), &without);
		assert_string_equal(buf_text(&without), rows[i].without);
	}
}

static void test_check(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "RejectFailures false\n" LIST BEGIN LINES SOCKET END, NULL },
		{ LIST "Socket inet:8893@localhost\n" BEGIN LINES END, NULL },
		{ LIST BEGIN LINES SOCKET END "rejectfailures false\n",
		  "would set RejectFailures to false instead of true" },
		{ LIST BEGIN LINES SOCKET END "AuthservID HOSTNAME # x\n",
		  "would set AuthservID to HOSTNAME" },
		{ LIST BEGIN LINES END, "it is missing" },
		{ LIST "Socket fax:1\n" BEGIN LINES END, "not valid: fax:1" },
		{ BEGIN LINES SOCKET END, "does not name a PublicSuffixList" },
		{ "PublicSuffixList list.dat\n" BEGIN LINES SOCKET END,
		  "does not name a PublicSuffixList" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int r = opendmarc_conf_check(rows[i].text, LINES, "/q", &err);
		if (rows[i].why ? r == 0 || !strstr(err.text, rows[i].why) : r != 0)
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void test_ignore_hosts(void **state)
{
	(void)state;
	char texts[][20] = { "192.0.2.0/24", "!192.0.2.9", "[2001:db8::]/32", "hash:/x",
		             "198.51.100.3" };
	char *const relayed[] = { texts[0], texts[1], texts[2], texts[3] };
	char *trusted[] = { texts[4] };
	const struct desired desired = { .trusted_relays = trusted,
		                         .trusted_relay_count = 1 };
	auto_plan plan = PLAN_INIT;
	auto_networks hosts = NETWORKS_INIT;
	auto_buf text = BUF_INIT;
	opendmarc_ignore_hosts(&desired, relayed, ARRAY_LEN(relayed), &hosts, &plan);
	networks_render(&hosts, &text);
	assert_string_equal(buf_text(&text), "127.0.0.0/8\n"
	                                     "192.0.2.0/24\n"
	                                     "!192.0.2.9\n"
	                                     "198.51.100.3\n"
	                                     "::1\n"
	                                     "2001:db8::/32\n");
	assert_int_equal(plan.notes, 1);
	assert_non_null(strstr(plan.note[0].text, "mynetworks names hash:/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_render),       cmocka_unit_test(test_block),
		cmocka_unit_test(test_edited),       cmocka_unit_test(test_check),
		cmocka_unit_test(test_ignore_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
