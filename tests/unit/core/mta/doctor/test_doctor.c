/* doctor*.c: what needs no host, and livecheck_judge(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/doctor/doctor.h"
#include "core/mta/push/registry.h"
#include "dnszone/dkim/livecheck.h"

/* ---- the table ------------------------------------------------------------------------------- */

static void test_table(void **state)
{
	(void)state;
	for (const struct doctor_check *row = doctor_checks; row->name; row++) {
		assert_ptr_equal(doctor_find(row->name), row); /* names are unique */
		assert_non_null(row->title);
		assert_non_null(row->run);
		assert_null(strpbrk(row->name, " -ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
	}
	assert_null(doctor_find("nonsense"));
	assert_null(doctor_find(""));
	for (int i = 0; i < DOCTOR_STATE_COUNT; i++)
		assert_non_null(doctor_state_name(i));
}

/* ---- findings -------------------------------------------------------------------------------- */

/* The remedy is the error's own, or the one of the check; a quoted command in the fault is not one. */
static void test_remedy(void **state)
{
	static const struct {
		const char *remedy, *fallback, *text, *expected;
	} rows[] = {
		{ "chmod o+r /x", NULL, "run \"mailauthctl help\"; it is old; so is that",
		  "chmod o+r /x" },
		{ "chmod o+r /x", "look", "/x is old", "chmod o+r /x" },
		{ NULL, "look", "/x is old; run \"mailauthctl help\"", "look" },
		{ NULL, NULL, "", NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ctx ctx = { .root_fd = -1 };
		struct err err = ERR_INIT;
		struct doctor d;
		doctor_init(&d, &ctx, "/nonexistent/database", NULL, false);
		d.check = "keys";
		err_set(&err, ERR_FAILED, "%s", rows[i].text);
		if (rows[i].remedy)
			err_add_remedy(&err, "%s", rows[i].remedy);
		doctor_add_err(&d, DOCTOR_PROBLEM, NULL, &err, rows[i].fallback);
		assert_string_equal(d.finding[0].text, rows[i].text);
		if (rows[i].expected)
			assert_string_equal(d.finding[0].remedy, rows[i].expected);
		else
			assert_null(d.finding[0].remedy);
		doctor_done(&d);
	}
}

/* Many of a kind: ten are told, the rest is counted; other kinds and states are not among them. */
static void test_similar(void **state)
{
	static const struct {
		bool is_all;
		size_t count, more;
	} rows[] = { { false, DOCTOR_SIMILAR + 2, 15 }, { true, 27, 0 } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ctx ctx = { .root_fd = -1 };
		struct doctor d;
		doctor_init(&d, &ctx, "/nonexistent/database", NULL, rows[i].is_all);
		assert_null(d.store);
		d.check = "keys";
		for (int k = 0; k < 25; k++)
			doctor_add(&d, DOCTOR_WARNING, NULL, NULL, "%d is wrong", k);
		doctor_add(&d, DOCTOR_PROBLEM, NULL, NULL, "%d is broken", 1);
		doctor_add(&d, DOCTOR_NOTE, NULL, "look", "that is all");
		if (!rows[i].is_all) /* told once */
			doctor_add(&d, DOCTOR_NOTE, NULL, "look", "that is all");
		assert_int_equal(d.count, rows[i].count);
		assert_string_equal(d.finding[9].text, "9 is wrong");
		assert_int_equal(d.finding[9].more, rows[i].more);
		assert_string_equal(d.finding[d.count - 1].remedy, "look");
		assert_true(doctor_has_trouble(&d));
		doctor_done(&d);
	}
}

/* ---- thresholds ------------------------------------------------------------------------------ */

static void test_space(void **state)
{
	static const struct {
		uint64_t megabytes;
		int64_t inodes;
		enum doctor_state state;
	} rows[] = {
		{ 0, -1, DOCTOR_PROBLEM },      { 3, 100000, DOCTOR_PROBLEM },
		{ 4, 100000, DOCTOR_WARNING },  { 63, -1, DOCTOR_WARNING },
		{ 64, -1, DOCTOR_OK },          { 64, 1000, DOCTOR_OK },
		{ 1000, 999, DOCTOR_WARNING },  { 1000, 99, DOCTOR_PROBLEM },
		{ 1000000, 0, DOCTOR_PROBLEM }, { 1000000, INT64_MAX, DOCTOR_OK },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(doctor_space(rows[i].megabytes << 20, rows[i].inodes),
		                 rows[i].state);
}

static void test_age(void **state)
{
	static const struct {
		int64_t last, now;
		enum doctor_state state;
	} rows[] = {
		{ 0, 1000000, DOCTOR_PROBLEM },
		{ 1000000, 1000000, DOCTOR_OK },
		{ 1000000, 1001800, DOCTOR_OK },
		{ 1000000, 1001801, DOCTOR_WARNING },
		{ 1000000, 1003600, DOCTOR_WARNING },
		{ 1000000, 1003601, DOCTOR_PROBLEM },
		{ 1000300, 1000000, DOCTOR_OK }, /* the clock check tells that */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(doctor_age(rows[i].last, rows[i].now), rows[i].state);
}

static void test_versions(void **state)
{
	static const struct {
		const char *program, *version;
		bool is_faulty;
	} rows[] = {
		{ "postfix", "2.11.3", true },  { "postfix", "3.4.13", true },
		{ "postfix", "3.5.22", true },  { "postfix", "3.5.23", false },
		{ "postfix", "3.5.25", false }, { "postfix", "3.6.12", true },
		{ "postfix", "3.6.13", false }, { "postfix", "3.7.8", true },
		{ "postfix", "3.7.11", false }, { "postfix", "3.8.3", true },
		{ "postfix", "3.8.4", false },  { "postfix", "3.9.0", false },
		{ "postfix", "3.10.1", false }, { "postfix", "3.11-20250101", false },
		{ "postfix", "new", false },    { "postfix", NULL, false },
		{ "exim", "3.4.13", false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(doctor_version_fault(registry_find(rows[i].program),
		                                      rows[i].version) != NULL,
		                 rows[i].is_faulty);
}

/* ---- answers of name servers ----------------------------------------------------------------- */

#define SPF "v=spf1 mx -all"
#define DMARC "v=DMARC1; p=none"
/* two names of one octet each, then serial 2026112201, and four numbers */
#define SOA(serial) "\0\0" serial "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"

static void test_judge(void **state)
{
	static const struct {
		enum live_kind kind;
		enum dns_kind answer;
		const char *text[3];
		size_t len; /* of octets that are no text */
		const char *record;
		enum live_state state;
	} rows[] = {
		{ LIVE_POLICY, DNS_OK, { SPF }, 0, SPF, LIVE_SEEN },
		{ LIVE_POLICY, DNS_OK, { "v=spf1  mx -all " }, 0, SPF, LIVE_SEEN },
		{ LIVE_POLICY,
		  DNS_OK,
		  { "site=1", SPF, "v=spf10 x" },
		  0,
		  SPF,
		  LIVE_SEEN },
		{ LIVE_POLICY, DNS_OK, { "V=SPF1 mx -all" }, 0, SPF, LIVE_DIFFERENT },
		{ LIVE_POLICY, DNS_OK, { "v=spf1 mx ~all" }, 0, SPF, LIVE_DIFFERENT },
		{ LIVE_POLICY, DNS_OK, { SPF, SPF }, 0, SPF, LIVE_DIFFERENT },
		{ LIVE_POLICY, DNS_OK, { "site=1", "spf1" }, 0, SPF, LIVE_MISSING },
		{ LIVE_POLICY, DNS_NODATA, { NULL }, 0, SPF, LIVE_MISSING },
		{ LIVE_POLICY, DNS_NXDOMAIN, { NULL }, 0, DMARC, LIVE_MISSING },
		{ LIVE_POLICY, DNS_TEMPFAIL, { NULL }, 0, DMARC, LIVE_UNKNOWN },
		{ LIVE_POLICY, DNS_OK, { DMARC }, 0, DMARC, LIVE_SEEN },
		{ LIVE_POLICY, DNS_OK, { DMARC, SPF }, 0, DMARC, LIVE_SEEN },
		{ LIVE_POLICY,
		  DNS_OK,
		  { "v=DMARC1; p=reject" },
		  0,
		  DMARC,
		  LIVE_DIFFERENT },
		{ LIVE_DKIM,
		  DNS_OK,
		  { "v=DKIM1; p=AA BB" },
		  0,
		  "v=DKIM1; k=rsa; p=AABB",
		  LIVE_SEEN },
		{ LIVE_DKIM,
		  DNS_OK,
		  { "v=DKIM1; p=AA" },
		  0,
		  "v=DKIM1; k=rsa; p=AABB",
		  LIVE_DIFFERENT },
		/* a key whose strings became records of their own */
		{ LIVE_DKIM,
		  DNS_OK,
		  { "v=DKIM1; k=rsa; p=AA", "BB" },
		  0,
		  "v=DKIM1; k=rsa; p=AABB",
		  LIVE_DIFFERENT },
		{ LIVE_SERIAL,
		  DNS_OK,
		  { SOA("\x78\xc4\x7b\x19") },
		  22,
		  "2026142489",
		  LIVE_SEEN },
		{ LIVE_SERIAL,
		  DNS_OK,
		  { SOA("\x78\xc4\x7b\x18") },
		  22,
		  "2026142489",
		  LIVE_DIFFERENT },
		{ LIVE_SERIAL, DNS_OK, { "short" }, 5, "1", LIVE_DIFFERENT },
		{ LIVE_SERIAL, DNS_NODATA, { NULL }, 0, "1", LIVE_MISSING },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_rdata rdata[3];
		struct dns_answer answer = dns_answer_empty(rows[i].answer, "no answer");
		struct live_answer live;
		answer.rdata = rdata;
		for (size_t k = 0; k < 3 && rows[i].text[k]; k++)
			rdata[answer.count++] = (struct dns_rdata){
				.octets = (const uint8_t *)rows[i].text[k],
				.len = rows[i].len ? rows[i].len
				                   : strlen(rows[i].text[k]),
			};
		livecheck_judge(rows[i].kind, &answer, "DNS", rows[i].record, &live);
		if (live.state != rows[i].state)
			print_error("row %zu: %s\n", i, live.detail);
		assert_int_equal(live.state, rows[i].state);
		assert_int_equal(live.state == LIVE_SEEN, !*live.detail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),   cmocka_unit_test(test_remedy),
		cmocka_unit_test(test_similar), cmocka_unit_test(test_space),
		cmocka_unit_test(test_age),     cmocka_unit_test(test_versions),
		cmocka_unit_test(test_judge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
