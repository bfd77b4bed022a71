/* Our block in an administrator's zone file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "dnszone/name/zone_block.h"

#define NOW INT64_C(1700000000) /* 2023-11-14 */
#define BEGIN "; mailauthctl: begin (the lines up to the end mark are mailauthctl's)\n"
#define END "; mailauthctl: end\n"
#define SOA(serial) "@ 60 IN SOA ns a " serial " 1 2 3 4\n"
#define OURS                                          \
	"example.com. 60 IN TXT \"v=spf1 mx -all\"\n" \
	"_dmarc.example.com. 60 IN TXT \"v=DMARC1; p=none\"\n"

static const struct zone_block_record ours[] = {
	{ "example.com", 60, "TXT", "v=spf1 mx -all" },
	{ "_dmarc.example.com", 60, "TXT", "v=DMARC1; p=none" },
	{ "www.example.com", 60, "A", "192.0.2.1" },
};

static struct err err;

/* The first `count` of our records into `text`; NULL: refused; "same": not changed. */
static char *put(const char *text, size_t count)
{
	auto_buf out = BUF_INIT;
	bool is_changed;
	err_clear(&err);
	if (zone_block_put((struct octets){ text, strlen(text) }, "example.com", ours,
	                   count, NOW, &out, &is_changed, &err) < 0)
		return NULL;
	return is_changed ? buf_take(&out) : xstrdup("same");
}

static void assert_put(const char *text, size_t count, const char *want)
{
	auto_free char *got = put(text, count);
	if (!got)
		fail_msg("%s", err.text);
	assert_string_equal(got, want);
}

static void assert_refused(const char *text, const char *why)
{
	auto_free char *got = put(text, 3);
	if (got)
		fail_msg("not refused: %s%s", text, got);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
}

static void test_new(void **state)
{
	(void)state;
	assert_put(SOA("5"), 2, SOA("2023111400") BEGIN OURS END);
	assert_put("$TTL 1\n@ IN SOA ns a ( ; 7\n\t2023111400 ; serial\n1 2 3 4 )", 2,
	           "$TTL 1\n@ IN SOA ns a ( ; 7\n\t2023111401 ; serial\n1 2 3 4 )\n" BEGIN
	                   OURS END);
	assert_put(SOA("4294967295"), 0, "same");
	assert_put("@ 60 IN SOA ns a\\ 7.b 5 1 2 3 4\n", 2,
	           "@ 60 IN SOA ns a\\ 7.b 2023111400 1 2 3 4\n" BEGIN OURS END);
	/* what the file has already is not repeated, other text stays beside ours */
	assert_put(SOA("5") "@ IN TXT \"token\" \"v=spf1\"\n@ TXT \"v=spf1 mx -all\"\n",
	           1, "same");
	assert_put(SOA("5") "@ TXT token\n", 1,
	           SOA("2023111400") "@ TXT token\n" BEGIN
	                             "example.com. 60 IN TXT \"v=spf1 mx -all\"\n" END);
}

static void test_again(void **state)
{
	static const char text[] =
		SOA("2023111400") BEGIN OURS END "mail 60 IN A 192.0.2.2\n";
	(void)state;
	assert_put(text, 2, "same");
	assert_put(text, 1,
	           SOA("2023111401") BEGIN
	           "example.com. 60 IN TXT \"v=spf1 mx -all\"\n" END
	           "mail 60 IN A 192.0.2.2\n");
	assert_put(BEGIN "www.example.com. 1 IN A 192.0.2.9\n" END SOA("5"), 0,
	           BEGIN END SOA("2023111400"));
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused("mail IN A 192.0.2.1\n", "no SOA record of example.com");
	assert_refused(SOA("5") "sub IN SOA ns a 5 1 2 3 4\n", "line 2: the SOA");
	assert_refused("sub IN SOA ns a 5 1 2 3 4\n", "line 1: the SOA");
	assert_refused(SOA("-5"), "line 1: the serial");
	assert_refused(SOA("5") "\nwww IN A 192.0.2\n", "line 3: ");
	assert_refused(SOA("5") "www IN TXT ( a\n", "line 2: ");
	assert_refused(SOA("5") "@ IN TXT \"v=spf1 -all\"\n",
	               "line 2: example.com has another TXT record");
	assert_refused(SOA("5") "\n_dmarc TXT \"x\"\n", "line 3: _dmarc.example.com");
	assert_refused(SOA("5") "WWW A 192.0.2.3\n",
	               "line 2: www.example.com has another A");
	assert_refused(SOA("5") "_dmarc CNAME x\n", "another CNAME");
	assert_refused(SOA("5") BEGIN, "line 2: the marks");
	assert_refused(SOA("5") END, "line 2: the marks");
	assert_refused(SOA("5") BEGIN END BEGIN END, "line 4: the marks");
	assert_refused("", "no SOA record");
	assert_refused(SOA("5") BEGIN "a.example.net. 1 IN A 192.0.2.1\n" END,
	               "line 3: the block has records of another domain");
}

/* What follows the block must not take an owner from it, nor what precedes it enclose it. */
static void test_depends(void **state)
{
	(void)state;
	assert_refused(SOA("5") "mail A 192.0.2.2\n" BEGIN END " AAAA ::1\n",
	               "depends on the line before it");
	assert_refused(SOA("5") "mail TXT ( \"a\"\n" BEGIN END "\"b\" )\n", "line ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_depends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
