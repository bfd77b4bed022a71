/* OpenDMARC: the lines that earlier versions wrote into an admin's configuration, out again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mta/provider/opendmarc.h"

#define SOCKET "Socket local:/q/opendmarc/opendmarc.sock\nUMask 0007\n"
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
	"Syslog true\n"                                         \
	"PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat\n" SOCKET

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
		{ "", BEGIN LINES END },
		{ "\n", "\n" BEGIN LINES END },
		{ "Socket local:/run/x\n", "Socket local:/run/x\n" BEGIN SOCKET END },
		{ "Socket local:/run/x", "Socket local:/run/x\n" JOINED SOCKET END },
		{ "# c\r\nUMask 2\r\n\r\n", "# c\r\nUMask 2\r\n\r\n" BEGIN SOCKET END },
		{ "   ", "   \n" JOINED SOCKET END },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf without = BUF_INIT;
		opendmarc_conf_without(rows[i].with, strlen(rows[i].with), &without);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
