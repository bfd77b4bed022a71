/* Local rules, guess rules, both scopes, explanation, modes. */
#include "tests/unit/spf_fixture.h"

#include <arpa/inet.h>

#include "dnszone/spf/spf_edit.h"

struct row {
	const char *sender; /* domain */
	const char *local, *guess;
	const char *expected; /* "result decided_by [record]" */
	enum spf_guess_scope scope;
	bool does_continue;
	enum spf_mode mode; /* 0: SPF_HEADERS_ONLY */
};

static void run_row(const struct row *row)
{
	struct fixture f;
	open_fixture(&f);
	const struct spf_settings settings = {
		.mode = row->mode ? row->mode : SPF_HEADERS_ONLY,
		.does_continue_on_dns_error = row->does_continue,
		.guess_scope = row->scope,
		.local_rules = row->local,
		.guess_rules = row->guess,
	};
	auto_buf sender = BUF_INIT, got = BUF_INIT;
	buf_printf(&sender, "joe@%s", row->sender);
	check(&f, &settings, buf_text(&sender));
	const struct spf_verdict *v = &f.verdict;
	buf_printf(&got, "%s/%s", spf_result_name(v->result),
	           spf_origin_name(v->decided_by));
	if (v->record.len > 0)
		buf_printf(&got, " %.*s", (int)v->record.len, v->record.at);
	if (strcmp(buf_text(&got), row->expected) != 0)
		fail_msg("%s, local \"%s\", guess \"%s\": \"%s\" instead of \"%s\"",
		         row->sender, row->local ? row->local : "",
		         row->guess ? row->guess : "", buf_text(&got), row->expected);
	close_fixture(&f);
}

static void test_local_rules(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* the manual's example */
		{ "all.test", "a:test.example.com", NULL,
		  "pass/local policy v=spf1 +a +mx +a:test.example.com -all" },
		{ "all.test", NULL, NULL, "fail/record v=spf1 +a +mx -all" },
		{ "all.test", "a:other.test", NULL,
		  "fail/record v=spf1 +a +mx +a:other.test -all" },
		{ "fail.test", "ip4:192.0.2.1", NULL,
		  "fail/record v=spf1 -ip4:192.0.2.0/24 +ip4:192.0.2.1 ?all" },
		{ "bare.test", "ip4:192.0.2.1", NULL, "fail/record v=spf1 -all" },
		{ "explains.test", "ip4:192.0.2.1", NULL,
		  "fail/record v=spf1 -all exp=because.test" },
		/* top level only, in front of the redirect */
		{ "redirect.test", "ip4:192.0.2.1", NULL,
		  "pass/local policy v=spf1 +ip4:192.0.2.1 redirect=bare.test" },
		{ "redirect.test", "ip4:192.0.2.9", NULL,
		  "fail/record v=spf1 +ip4:192.0.2.9 redirect=bare.test" },
		/* an error inside a local rule is no match, and the next one is tried */
		{ "pass.test", "-include:broken.test", NULL,
		  "pass/record v=spf1 ip4:192.0.2.1 -include:broken.test -all" },
		{ "mixed.test",
		  "include:gone.test include:slow.test a:slow.test "
		  "include:broken.test include:twice.test ip4:192.0.2.1",
		  NULL,
		  "pass/local policy v=spf1 ip4:203.0.113.1 +include:gone.test "
		  "+include:slow.test +a:slow.test +include:broken.test "
		  "+include:twice.test +ip4:192.0.2.1 -all exp=because.test" },
		{ "mixed.test", "include:loop.test ip4:192.0.2.1", NULL,
		  "pass/local policy v=spf1 ip4:203.0.113.1 +include:loop.test "
		  "+ip4:192.0.2.1 -all exp=because.test" },
		/* a budget of their own: three void look-ups, and the record's ten stay */
		{ "ten.test", "a:n1.test a:n2.test a:n3.test exists:n4.test", NULL,
		  "fail/record v=spf1 a:n.test a:all.test a:all.test a:all.test "
		  "a:all.test a:all.test a:all.test a:all.test a:all.test a:all.test "
		  "+a:n1.test +a:n2.test +a:n3.test +exists:n4.test -all" },
		{ "minus.test", "a:n3.test a:n4.test include:loop.test", NULL,
		  "fail/record v=spf1 +a:n3.test +a:n4.test +include:loop.test -a:n.test "
		  "-a:n2.test -a:all.test -a:all.test -a:all.test -a:all.test -a:all.test "
		  "-a:all.test -a:all.test -a:all.test -all" },
		/* a record that is wrong stays wrong */
		{ "broken.test", "ip4:192.0.2.1", NULL,
		  "permerror/record v=spf1 frobnicate -all" },
		{ "twice.test", "ip4:192.0.2.1", NULL, "permerror/record" },
		{ "slow.test", "ip4:192.0.2.1", NULL, "temperror/record" },
		/* no record and no guess: the rules alone */
		{ "norecord.test", "ip4:192.0.2.1", NULL,
		  "pass/local policy v=spf1 +ip4:192.0.2.1" },
		{ "norecord.test", "-ip4:192.0.2.1", NULL,
		  "fail/local policy v=spf1 -ip4:192.0.2.1" },
		{ "norecord.test", "ip4:192.0.2.9", NULL,
		  "none/record v=spf1 +ip4:192.0.2.9" },
		{ "norecord.test", " ", NULL, "none/record" },
		{ "gone.test", "ip4:192.0.2.1", NULL,
		  "pass/local policy v=spf1 +ip4:192.0.2.1" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		run_row(&rows[i]);
}

static void test_local_errors(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f);
	const struct spf_settings settings = {
		.mode = SPF_REJECT_FAIL,
		.local_rules = "include:gone.test a:slow.test ip4:192.0.2.9",
	};
	check(&f, &settings, "joe@mixed.test");
	assert_int_equal(f.verdict.result, SPF_FAIL);
	assert_int_equal(f.verdict.local_errors, 2);
	assert_null(f.verdict.problem);
	assert_string_equal(f.verdict.explanation,
	                    "mixed.test explains: joe may not use 192.0.2.1");
	close_fixture(&f);
}

#define MANUAL "v=spf1 +a/24 +mx/24 +ptr ?all" /* the manual's example */

static void test_guess_without_record(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "norecord.test", NULL, MANUAL, "pass/best guess " MANUAL },
		{ "gone.test", NULL, "v=spf1 ?all", "neutral/best guess v=spf1 ?all" },
		{ "gone.test", NULL, "v=spf1 -all", "fail/best guess v=spf1 -all" },
		{ "gone.test", "ip4:192.0.2.1", "v=spf1 +a ?all",
		  "pass/local policy v=spf1 +a +ip4:192.0.2.1 ?all" },
		{ "gone.test", "ip4:192.0.2.9", "v=spf1 +a ?all",
		  "neutral/best guess v=spf1 +a +ip4:192.0.2.9 ?all" },
		/* an error in the guess says nothing */
		{ "gone.test", NULL, "v=spf1 include:slow.test ?all", "none/record" },
		{ "gone.test", NULL, "v=spf1 include:broken.test ?all", "none/record" },
		/* where there is a record, it alone counts */
		{ "bare.test", NULL, "v=spf1 +all", "fail/record v=spf1 -all" },
		{ "broken.test", NULL, "v=spf1 +all",
		  "permerror/record v=spf1 frobnicate -all" },
		{ "twice.test", NULL, "v=spf1 +all", "permerror/record" },
		{ "neutral.test", NULL, "v=spf1 +all", "neutral/record v=spf1 ?all" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		run_row(&rows[i]);
}

static void test_guess_most_permissive(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "pass.test", NULL, "v=spf1 -all",
		  "pass/record v=spf1 ip4:192.0.2.1 -all" },
		{ "bare.test", NULL, "v=spf1 ~all", "softfail/best guess v=spf1 ~all" },
		{ "bare.test", NULL, "v=spf1 ?all", "neutral/best guess v=spf1 ?all" },
		{ "bare.test", NULL, "v=spf1 +all", "pass/best guess v=spf1 +all" },
		{ "bare.test", NULL, "v=spf1 -all", "fail/record v=spf1 -all" },
		{ "neutral.test", NULL, "v=spf1 ~all", "neutral/record v=spf1 ?all" },
		{ "soft.test", NULL, "v=spf1 ?all", "neutral/best guess v=spf1 ?all" },
		{ "soft.test", NULL, "v=spf1 -all",
		  "softfail/record v=spf1 ~all exp=why.test" },
		{ "bare.test", NULL, "v=spf1 include:slow.test ?all",
		  "fail/record v=spf1 -all" },
		{ "bare.test", NULL, "v=spf1 include:gone.test ?all",
		  "fail/record v=spf1 -all" },
		/* (a) none or permerror: (b) holds unless it is a fail or an error */
		{ "gone.test", NULL, "v=spf1 ~all", "softfail/best guess v=spf1 ~all" },
		{ "gone.test", NULL, "v=spf1 -all", "none/record" },
		{ "gone.test", NULL, "v=spf1 include:slow.test ?all", "none/record" },
		{ "broken.test", NULL, "v=spf1 ?all", "neutral/best guess v=spf1 ?all" },
		{ "broken.test", NULL, "v=spf1 -all",
		  "permerror/record v=spf1 frobnicate -all" },
		{ "twice.test", NULL, "v=spf1 +all", "pass/best guess v=spf1 +all" },
		/* the guess alone is (b), the local rules belong to (a) */
		{ "mixed.test", "ip4:192.0.2.1", "v=spf1 -all",
		  "pass/local policy v=spf1 ip4:203.0.113.1 +ip4:192.0.2.1 -all "
		  "exp=because.test" },
		{ "gone.test", "ip4:192.0.2.1", "v=spf1 -all",
		  "pass/local policy v=spf1 +ip4:192.0.2.1" },
		{ "bare.test", "ip4:192.0.2.1", "v=spf1 ?all",
		  "neutral/best guess v=spf1 ?all" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct row row = rows[i];
		row.scope = SPF_GUESS_MOST_PERMISSIVE;
		run_row(&row);
	}
}

static void test_dns_errors(void **state)
{
	(void)state;
	const bool on = true, off = false;
	const enum spf_guess_scope no_record = SPF_GUESS_NO_RECORD,
				   most = SPF_GUESS_MOST_PERMISSIVE;
	const struct row rows[] = {
		{ "slow.test", NULL, "v=spf1 +all", "temperror/record", no_record, off,
		  2 },
		{ "slow.test", NULL, "v=spf1 +all", "temperror/record", no_record, off,
		  1 },
		{ "slow.test", NULL, "v=spf1 +all", "temperror/record", most, off, 2 },
		{ "slow.test", NULL, "v=spf1 +all", "pass/best guess v=spf1 +all", most,
		  off, 1 },
		{ "slow.test", NULL, "v=spf1 +all", "pass/best guess v=spf1 +all",
		  no_record, on, 6 },
		{ "slow.test", NULL, "v=spf1 ~all", "softfail/best guess v=spf1 ~all",
		  no_record, on, 2 },
		{ "slow.test", NULL, "v=spf1 ?all", "neutral/best guess v=spf1 ?all",
		  most, on, 5 },
		{ "slow.test", NULL, "v=spf1 -all", "temperror/record", no_record, on,
		  3 },
		{ "slow.test", NULL, "v=spf1 -all", "temperror/record", most, on, 3 },
		{ "slow.test", NULL, "v=spf1 a:slow.test ?all", "temperror/record", most,
		  on, 3 },
		{ "slow.test", NULL, NULL, "temperror/record", most, on, 3 },
		{ "slow.test", "ip4:192.0.2.1", "v=spf1 ~all",
		  "pass/local policy v=spf1 +ip4:192.0.2.1 ~all", no_record, on, 3 },
		{ "inner.test", NULL, "v=spf1 +all", "pass/best guess v=spf1 +all",
		  no_record, on, 3 },
		{ "inner.test", NULL, "v=spf1 +all",
		  "temperror/record v=spf1 include:slow.test -all", no_record, off, 3 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		run_row(&rows[i]);
}

static void test_insertion(void **state)
{
	(void)state;
	static const struct {
		const char *record, *rules, *expected;
	} rows[] = {
		{ "v=spf1 +a +mx -all", "a:test.example.com",
		  "v=spf1 +a +mx +a:test.example.com -all" },
		{ "v=spf1 a -ip4:192.0.2.1 -all", "a:x.y",
		  "v=spf1 a +a:x.y -ip4:192.0.2.1 -all" },
		{ "v=spf1 a ~mx -ip4:192.0.2.1 -all", "a:x.y",
		  "v=spf1 a ~mx +a:x.y -ip4:192.0.2.1 -all" },
		{ "v=spf1 -a mx ~ip4:192.0.2.1 ~ptr ~all", "a:x.y",
		  "v=spf1 -a mx +a:x.y ~ip4:192.0.2.1 ~ptr ~all" },
		{ "v=spf1 ?include:x.y ?all", "mx", "v=spf1 +mx ?include:x.y ?all" },
		{ "v=spf1 a +mx +all", "a:x.y", "v=spf1 a +mx +a:x.y +all" },
		{ "v=spf1 a -mx exp=e.f -ptr -all", "a:x.y",
		  "v=spf1 a +a:x.y -mx exp=e.f -ptr -all" },
		{ "v=spf1 a mx", "include:spf.example.net a:relay.example.com",
		  "v=spf1 a mx +include:spf.example.net +a:relay.example.com" },
		{ "v=spf1 a redirect=x.y", "mx", "v=spf1 a +mx redirect=x.y" },
		{ "v=spf1 redirect=x.y", "mx", "v=spf1 +mx redirect=x.y" },
		{ "v=spf1 exp=x.y a", "mx", "v=spf1 exp=x.y a +mx" },
		{ "v=spf1", "mx", "v=spf1 +mx" },
		{ "v=spf1  a   -all ", "  mx   ~ptr ", "v=spf1  a   +mx ~ptr -all " },
		{ "v=spf1 -all", "mx", "v=spf1 -all" },
		{ "v=spf1 exp=x.y -all", "mx", "v=spf1 exp=x.y -all" },
		{ "v=spf1 ~all", "mx", "v=spf1 +mx ~all" },
		{ "v=spf1 ?all", "-mx", "v=spf1 -mx ?all" },
		{ "v=spf1 a -all", "", "v=spf1 a -all" },
		/* what follows the first all is never reached */
		{ "v=spf1 a ~all -all", "mx", "v=spf1 a +mx ~all -all" },
		{ "V=SPF1 A -ALL", "mx", "V=SPF1 A +mx -ALL" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static char octets[4096];
		struct arena mem;
		arena_init(&mem, octets, sizeof(octets));
		const struct spf_record *record;
		struct spf_policy policy;
		struct err err;
		assert_int_equal(spf_record_parse_in(&mem, rows[i].record,
		                                     strlen(rows[i].record), &record,
		                                     &err),
		                 0);
		assert_true(spf_edit_insert_local(record, rows[i].rules, &mem, &policy));
		if (policy.text.len != strlen(rows[i].expected) ||
		    memcmp(policy.text.at, rows[i].expected, policy.text.len) != 0)
			fail_msg("%s: \"%.*s\"", rows[i].record, (int)policy.text.len,
			         policy.text.at);
		/* the span holds the rules and nothing else */
		bool is_changed = strcmp(rows[i].record, rows[i].expected) != 0;
		assert_int_equal(policy.local_len > 0, is_changed);
		if (!is_changed)
			continue;
		assert_true(strchr("+-~?", policy.text.at[policy.local_at]));
		assert_int_equal(policy.text.at[policy.local_at - 1], ' ');
		/* no room is no crash */
		mem.used = mem.size;
		assert_false(spf_edit_insert_local(record, rows[i].rules, &mem, &policy));
	}
}

static void test_explanation(void **state)
{
	(void)state;
	static const struct {
		const char *sender, *local, *guess, *explanation, *expected;
		enum spf_mode mode;
	} rows[] = {
		{ "joe@explains.test", NULL, NULL, NULL,
		  "explains.test explains: joe may not use 192.0.2.1", 3 },
		{ "joe@explains.test", NULL, NULL, "ours %{o}",
		  "explains.test explains: joe may not use 192.0.2.1", 3 },
		/* nothing is rejected: the sender's text is not fetched */
		{ "joe@explains.test", NULL, NULL, "ours %{o}", "ours explains.test", 1 },
		/* ours: local rules, guess rules, no exp=, an exp= that is wrong, softfail */
		{ "joe@mixed.test", "-ip4:192.0.2.1", NULL, "ours %{s}",
		  "ours joe@mixed.test", 3 },
		{ "joe@gone.test", NULL, "v=spf1 -all exp=because.test", "ours", "ours",
		  3 },
		{ "joe@bare.test", NULL, NULL, "%{l} %{c} %{r} %{h} %{p}",
		  "joe 192.0.2.1 mx.here.test helo.test unknown", 3 },
		{ "joe@denies.test", NULL, NULL, "ours", "ours", 3 },
		{ "joe@soft.test", NULL, NULL, "ours", "ours", 4 },
		{ "joe@soft.test", NULL, NULL, "ours", "", 3 },
		/* built in */
		{ "joe@bare.test", NULL, NULL, "",
		  "192.0.2.1 is not allowed to send mail from bare.test", 3 },
		{ "joe@soft.test", NULL, NULL, "",
		  "192.0.2.1 is not allowed to send mail from soft.test", 6 },
		{ "joe@neutral.test", NULL, NULL, "",
		  "the SPF record of neutral.test does not say that 192.0.2.1 may send its "
		  "mail",
		  6 },
		{ "joe@gone.test", NULL, NULL, "",
		  "gone.test publishes no SPF record, which is required here", 6 },
		{ "joe@twice.test", NULL, NULL, "",
		  "the SPF record of twice.test is not valid: twice.test has more than one "
		  "SPF record",
		  6 },
		{ "joe@slow.test", NULL, NULL, "ours",
		  "the SPF record of slow.test cannot be checked now, please try again "
		  "later: TXT of slow.test: no answer from the mock",
		  2 },
		{ "joe@pass.test", NULL, NULL, "ours", "", 6 },
		{ "a\r\nb\xc3\xa9@bare.test", NULL, NULL, "%{l}", "a??b??", 3 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		open_fixture(&f);
		const struct spf_settings settings = {
			.mode = rows[i].mode,
			.local_rules = rows[i].local,
			.guess_rules = rows[i].guess,
			.explanation = rows[i].explanation,
		};
		check(&f, &settings, rows[i].sender);
		assert_string_equal(f.verdict.explanation, rows[i].expected);
		close_fixture(&f);
	}
}

static void test_explanation_length(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f);
	const struct spf_settings settings = {
		.mode = SPF_REJECT_FAIL,
		.explanation = "%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}"
			       "%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}",
	};
	check(&f, &settings, "averylonglocalpart@bare.test");
	assert_int_equal(strlen(f.verdict.explanation), SPF_EXPLANATION_MAX);
	close_fixture(&f);
}

static void test_plain(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f);
	const struct spf_settings settings = {
		.mode = SPF_REJECT_FAIL,
		.local_rules = "ip4:192.0.2.1",
		.guess_rules = "v=spf1 +all",
		.guess_scope = SPF_GUESS_MOST_PERMISSIVE,
		.explanation = "ours",
		.is_plain = true,
	};
	check(&f, &settings, "joe@mixed.test");
	assert_int_equal(f.verdict.result, SPF_FAIL);
	assert_string_equal(f.verdict.explanation, "joe may not use 192.0.2.1");
	check(&f, &settings, "joe@gone.test");
	assert_int_equal(f.verdict.result, SPF_NONE);
	close_fixture(&f);
}

static void test_null_sender(void **state)
{
	(void)state;
	static const struct {
		const char *helo;
		enum spf_result result;
		enum spf_action action;
	} rows[] = {
		{ "helo.test", SPF_SOFTFAIL, SPF_ACCEPT },
		{ "helofail.test", SPF_FAIL, SPF_REJECT },
		{ "slow.test", SPF_TEMPERROR, SPF_DEFER },
		{ "[192.0.2.1]", SPF_NONE, SPF_ACCEPT },
		{ "single", SPF_NONE, SPF_ACCEPT },
		{ "", SPF_NONE, SPF_ACCEPT },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		open_fixture(&f);
		const struct spf_settings settings = { .mode = SPF_REJECT_NOT_PASS };
		f.message.helo = octets_of(rows[i].helo);
		check(&f, &settings, "");
		assert_int_equal(f.verdict.identity, SPF_HELO);
		assert_int_equal(f.verdict.result, rows[i].result);
		assert_int_equal(f.verdict.ruling.action, rows[i].action);
		f.message.is_to_postmaster = true;
		check(&f, &settings, "");
		assert_int_equal(f.verdict.ruling.action, SPF_ACCEPT);
		close_fixture(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local_rules),
		cmocka_unit_test(test_local_errors),
		cmocka_unit_test(test_guess_without_record),
		cmocka_unit_test(test_guess_most_permissive),
		cmocka_unit_test(test_dns_errors),
		cmocka_unit_test(test_insertion),
		cmocka_unit_test(test_explanation),
		cmocka_unit_test(test_explanation_length),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_null_sender),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
