/*
 * The verdict: the public cases of $TESTDATA/dmarc/evaluation.tsv, rows of our own, what becomes of
 * the message, and how many round trips the queries take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dnszone/dmarc/dmarc_tree.h"
#include "dnszone/dmarc/dmarc_verdict.h"
#include "dnszone/query/resolver_cache.h"
#include "tests/unit/dnszone/dmarc/dmarc_world.h"
#include "tests/unit/late_resolver.h"

#define MEMORY (4 << 20)

static const struct deadline never = { INT64_MAX };

static enum dmarc_check check_of(const char *result, size_t len)
{
	if (len == 4 && memcmp(result, "pass", 4) == 0)
		return DMARC_PASSED;
	return len == 9 && memcmp(result, "temperror", 9) == 0 ? DMARC_UNDECIDED
	                                                       : DMARC_NOT_PASSED;
}

/* "pass:example.com,fail:..." or "none". */
static size_t add_identifiers(const char *list, enum dmarc_source source,
                              struct dmarc_identifier *identifier, size_t count)
{
	while (*list) {
		size_t item = strcspn(list, ","), result = strcspn(list, ":,");
		if (result < item)
			identifier[count++] = (struct dmarc_identifier){
				source,
				check_of(list, result),
				{ list + result + 1, item - result - 1 },
			};
		list += item + (list[item] == ',');
	}
	return count;
}

struct one {
	struct arena mem;
	struct dmarc_trace trace;
	struct dmarc_verdict verdict;
};

static void ask(struct one *one, const char *from, const char *spf, const char *dkim,
                struct resolver *dns, bool is_traced)
{
	struct dmarc_identifier identifier[DMARC_IDENTIFIERS_MAX + 10];
	struct dmarc_question question = { octets_of(from), identifier, 0 };
	question.count = add_identifiers(spf, DMARC_SPF, identifier, 0);
	question.count = add_identifiers(dkim, DMARC_DKIM, identifier, question.count);
	assert_true(arena_open(&one->mem, MEMORY));
	assert_true(!is_traced || dmarc_trace_init(&one->trace, &one->mem));
	dmarc_verdict(&question, dns, never, &one->mem, is_traced ? &one->trace : NULL,
	              &one->verdict);
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static void test_public_cases(void **state)
{
	(void)state;
	enum { ID, SOURCE, RFC, FROM, SPF, DKIM, DNS, RESULT, POLICY, ORG, NOTE };
	char *column[NOTE + 1];
	char *line = NULL;
	size_t room = 0, count = 0, faults = 0;
	FILE *file = tsv_open("dmarc/evaluation.tsv");
	if (!file)
		skip();
	while (tsv_next(file, &line, &room, column, ARRAY_LEN(column))) {
		auto_resolver *mock = world_new(column[DNS]);
		struct one one = { 0 };
		count++;
		ask(&one, column[FROM], column[SPF], column[DKIM], mock, true);
		const struct dmarc_verdict *v = &one.verdict;
		const char *policy = or_dash(dmarc_verdict_policy(v));
		const char *result = dmarc_result_name(v->result);
		bool is_right = strcmp(result, column[RESULT]) == 0 &&
		                strcmp(policy, column[POLICY]) == 0 &&
		                (strcmp(column[ORG], "-") == 0 ||
		                 strcmp(column[ORG], v->organizational_domain) == 0) &&
		                *v->reason &&
		                (v->result == DMARC_PASS) ==
		                        (v->is_spf_aligned || v->is_dkim_aligned);
		if (!is_right) {
			faults++;
			print_error("%s: %s %s %s instead of %s %s %s: %s\n", column[ID],
			            result, policy, v->organizational_domain,
			            column[RESULT], column[POLICY], column[ORG],
			            column[NOTE]);
			for (size_t i = 0; i < one.trace.count; i++)
				print_error("  %s\n", one.trace.event[i].line);
		}
		arena_done(&one.mem);
	}
	free(line);
	fclose(file);
	printf("%zu cases\n", count);
	assert_int_equal(count, 160);
	assert_int_equal(faults, 0);
}

/* ---- our own ------------------------------------------------------------------------------------ */

static void test_rows(void **state)
{
	(void)state;
	static const struct {
		const char *from, *spf, *dkim, *dns,
			*answer; /* "result policy org spf dkim" */
		unsigned queries;
	} rows[] = {
		{ "example.com", "", "", "", "none - example.com no no", 2 },
		{ "Example.COM.", "pass:example.com", "pass:example.com",
		  "_dmarc.example.com=v=DMARC1; p=reject",
		  "pass reject example.com yes yes", 2 },
		{ "b\xc3\xbc"
		  "cher.example",
		  "",
		  "pass:B\xc3\x9c"
		  "CHER.example",
		  "_dmarc.xn--bcher-kva.example=v=DMARC1; p=reject",
		  "pass reject xn--bcher-kva.example no yes", 2 },
		{ "a..b", "", "", "", "permerror - - no no", 0 },
		{ "a b", "", "", "", "permerror - - no no", 0 },
		{ "", "", "", "", "permerror - - no no", 0 },
		/* what a name has is queried once, whoever walks over it */
		{ "a.example.com", "pass:b.example.com", "pass:c.example.com",
		  "_dmarc.example.com=v=DMARC1; p=reject",
		  "pass reject example.com yes yes", 5 },
		/* neither a name elsewhere nor a strict one is walked from */
		{ "example.com", "pass:a.example.com", "pass:a.example.net",
		  "_dmarc.example.com=v=DMARC1; p=reject; aspf=s",
		  "fail reject example.com no no", 2 },
		/* an identifier that was not decided is not looked at beside an aligned one */
		{ "example.com", "temperror:x.example.com", "pass:example.com",
		  "_dmarc.example.com=v=DMARC1; p=reject|servfail:_dmarc.x.example.com",
		  "pass reject example.com no yes", 2 },
		{ "example.com", "temperror:x.example.com", "pass:example.net",
		  "_dmarc.example.com=v=DMARC1; p=reject|servfail:_dmarc.x.example.com",
		  "temperror - example.com no no", 3 },
		{ "example.com", "temperror:x.example.net", "",
		  "_dmarc.example.com=v=DMARC1; p=reject",
		  "fail reject example.com no no", 2 },
		/* one label in common is enough to leave it open, none is not */
		{ "example.com", "pass:example.net", "",
		  "_dmarc.example.com=v=DMARC1; p=reject|servfail:_dmarc.com",
		  "fail reject - no no", 2 },
		/* ... but not where its own organization is known to be another one */
		{ "example.com", "pass:example2.com", "",
		  "_dmarc.example.com=v=DMARC1; p=reject|servfail:_dmarc.com"
		  "|_dmarc.example2.com=v=DMARC1; p=none; psd=n",
		  "fail reject - no no", 3 },
		{ "example.com", "pass:not a name", "pass:..",
		  "_dmarc.example.com=v=DMARC1; p=reject",
		  "fail reject example.com no no", 2 },
		/* whether the name exists matters for the policy, not for an aligned pass */
		{ "a.example.com", "", "",
		  "_dmarc.example.com=v=DMARC1; p=reject; np=none|servfail:a.example.com",
		  "temperror - example.com no no", 4 },
		{ "a.example.com", "", "pass:example.com",
		  "_dmarc.example.com=v=DMARC1; p=reject; np=none|servfail:a.example.com",
		  "pass - example.com no yes", 4 },
		/* not queried: np says what sp says; after t=y; the name has a name below it */
		{ "a.example.com", "", "",
		  "_dmarc.example.com=v=DMARC1; p=none; sp=reject; np=reject",
		  "fail reject example.com no no", 3 },
		{ "a.example.com", "", "",
		  "_dmarc.example.com=v=DMARC1; p=none; sp=quarantine; np=none; t=y",
		  "fail none example.com no no", 3 },
		{ "a.example.com", "", "",
		  "_dmarc.example.com=v=DMARC1; p=none; np=reject|_dmarc.a.example.com=x",
		  "fail none example.com no no", 3 },
		/* more identifiers than are walked from */
		{ "example.com", "",
		  "pass:a.example.com,pass:b.example.com,pass:c.example.com,pass:d.example.com,"
		  "pass:e.example.com,pass:f.example.com,pass:g.example.com,pass:h.example.com,"
		  "pass:i.example.com,pass:j.example.com,pass:k.example.com",
		  "_dmarc.example.com=v=DMARC1; p=reject|_dmarc.a.example.com=v=DMARC1; psd=n"
		  "|_dmarc.b.example.com=v=DMARC1; psd=n|_dmarc.c.example.com=v=DMARC1; psd=n"
		  "|_dmarc.d.example.com=v=DMARC1; psd=n|_dmarc.e.example.com=v=DMARC1; psd=n"
		  "|_dmarc.f.example.com=v=DMARC1; psd=n|_dmarc.g.example.com=v=DMARC1; psd=n"
		  "|_dmarc.h.example.com=v=DMARC1; psd=n|_dmarc.i.example.com=v=DMARC1; psd=n"
		  "|_dmarc.j.example.com=v=DMARC1; psd=n",
		  "fail reject example.com no no", 12 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *dns = xstrdup(rows[i].dns);
		auto_resolver *mock = world_new(dns);
		struct one one = { 0 };
		ask(&one, rows[i].from, rows[i].spf, rows[i].dkim, mock, true);
		const struct dmarc_verdict *v = &one.verdict;
		auto_free char *got =
			xasprintf("%s %s %s %s %s", dmarc_result_name(v->result),
		                  or_dash(dmarc_verdict_policy(v)),
		                  or_dash(v->organizational_domain),
		                  v->is_spf_aligned ? "yes" : "no",
		                  v->is_dkim_aligned ? "yes" : "no");
		if (strcmp(got, rows[i].answer) != 0 || v->queries != rows[i].queries) {
			for (size_t k = 0; k < one.trace.count; k++)
				print_error("  %s\n", one.trace.event[k].line);
			fail_msg("row %zu: \"%s\" %u instead of \"%s\" %u", i, got,
			         v->queries, rows[i].answer, rows[i].queries);
		}
		arena_done(&one.mem);
	}
}

static void test_dispositions(void **state)
{
	(void)state;
	static const struct {
		enum dmarc_result result;
		enum dmarc_policy policy;
		const char *refused, *marked; /* with dmarc.reject, and without */
	} rows[] = {
		{ DMARC_NONE, DMARC_POLICY_ABSENT, "none", "none" },
		{ DMARC_NONE, DMARC_POLICY_INVALID, "none", "none" },
		{ DMARC_PASS, DMARC_POLICY_REJECT, "none", "none" },
		{ DMARC_FAIL, DMARC_POLICY_NONE, "none", "none" },
		{ DMARC_FAIL, DMARC_POLICY_QUARANTINE, "quarantine", "quarantine" },
		{ DMARC_FAIL, DMARC_POLICY_REJECT, "reject", "quarantine" },
		{ DMARC_TEMPERROR, DMARC_POLICY_ABSENT, "none", "none" },
		{ DMARC_TEMPERROR, DMARC_POLICY_QUARANTINE, "none", "none" },
		{ DMARC_TEMPERROR, DMARC_POLICY_REJECT, "defer", "none" },
		{ DMARC_PERMERROR, DMARC_POLICY_ABSENT, "reject", "quarantine" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct dmarc_verdict verdict = { .result = rows[i].result,
			                               .policy = rows[i].policy };
		assert_string_equal(
			dmarc_disposition_name(dmarc_verdict_disposition(&verdict, true)),
			rows[i].refused);
		assert_string_equal(dmarc_disposition_name(
					    dmarc_verdict_disposition(&verdict, false)),
		                    rows[i].marked);
		assert_int_equal(dmarc_verdict_policy(&verdict) != NULL,
		                 rows[i].policy > DMARC_POLICY_INVALID &&
		                         rows[i].result != DMARC_TEMPERROR);
	}
	struct dmarc_verdict verdict;
	for (enum from_fault fault = FROM_NO_FIELD; fault <= FROM_TOO_LONG; fault++) {
		dmarc_verdict_without_author(fault, NULL, &verdict);
		assert_int_equal(verdict.result, DMARC_PERMERROR);
		assert_string_equal(verdict.reason, from_fault_text(fault));
	}
}

/* A full arena is an answer that is missing. */
static void test_memory(void **state)
{
	(void)state;
	char dns[] = "_dmarc.example.com=v=DMARC1; p=reject";
	auto_resolver *mock = world_new(dns);
	const struct dmarc_identifier identifier = { DMARC_DKIM, DMARC_PASSED,
		                                     octets_of("example.com") };
	const struct dmarc_question question = { octets_of("example.com"), &identifier,
		                                 1 };
	bool has_passed = false;
	for (size_t size = 64; size < 40000; size += 64) {
		auto_arena mem = { 0 };
		struct dmarc_verdict verdict;
		assert_true(arena_open(&mem, size));
		dmarc_verdict(&question, mock, never, &mem, NULL, &verdict);
		has_passed |= verdict.result == DMARC_PASS;
		assert_int_equal(verdict.result,
		                 has_passed ? DMARC_PASS : DMARC_TEMPERROR);
	}
	assert_true(has_passed);
}

/* Walks of eight names, five keys beside them: announced, they travel together. */
static void test_round_trips(void **state)
{
	(void)state;
	char dns[] = "_dmarc.f.example.com=v=DMARC1; p=none; np=reject; psd=n";
	static const char *const keys[] = { "k1._domainkey.a.f.example.com",
		                            "k2._domainkey.b.f.example.com",
		                            "k3._domainkey.c.f.example.com",
		                            "k4._domainkey.d.f.example.com",
		                            "k5._domainkey.e.f.example.com" };
	static const char *const signers = "pass:a.f.example.com,pass:b.f.example.com,"
					   "pass:c.f.example.com,pass:d.f.example.com,"
					   "pass:e.f.example.com";
	static const char author[] = "a.b.c.d.e.f.g.h.f.example.com";
	auto_resolver *mock = world_new(dns);
	static struct late late;
	struct dns_name name[ARRAY_LEN(keys)];
	struct one one = { 0 };
	late_init(&late, mock);
	dmarc_verdict_ahead(octets_of(author), NULL, 0, &late.resolver, never);
	assert_int_equal(late.ahead, DMARC_WALK_MAX);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		assert_true(dns_name_from_text(keys[i], strlen(keys[i]), &name[i]));
		resolver_ask_ahead(&late.resolver, &name[i], DNS_TXT, never);
	}
	auto_arena mem = { 0 };
	assert_true(arena_open(&mem, MEMORY));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct dns_answer answer;
		resolver_ask(&late.resolver, &name[i], DNS_TXT, never, &mem, &answer);
	}
	assert_int_equal(late.now_ms, LATE_MS);
	ask(&one, author, "", signers, &late.resolver, false);
	assert_int_equal(one.verdict.result, DMARC_PASS);
	assert_true(one.verdict.is_dkim_aligned);
	/* the walk is there; the identifiers' walks and the name's existence: one more */
	assert_int_equal(late.now_ms, 2 * LATE_MS);
	arena_done(&one.mem);

	/* announced with the identifiers: only existence is one more */
	late_init(&late, mock);
	struct octets domains[] = { octets_of("a.f.example.com"),
		                    octets_of("b.f.example.com"),
		                    octets_of("c.f.example.com"),
		                    octets_of("d.f.example.com"),
		                    octets_of("e.f.example.com"),
		                    octets_of("other.example"),
		                    octets_of("..") };
	struct one ahead = { 0 };
	dmarc_verdict_ahead(octets_of(author), domains, ARRAY_LEN(domains),
	                    &late.resolver, never);
	assert_null(late_find(&late, &name[0], DNS_TXT));
	struct dns_name unrelated;
	assert_true(dns_name_from_text("_dmarc.other.example", 20, &unrelated));
	assert_null(late_find(&late, &unrelated, DNS_TXT));
	ask(&ahead, author, "", signers, &late.resolver, false);
	assert_int_equal(ahead.verdict.result, DMARC_PASS);
	assert_int_equal(ahead.verdict.queries, one.verdict.queries);
	assert_int_equal(late.now_ms, 2 * LATE_MS);
	arena_done(&ahead.mem);

	/* nothing announced: one for the author, one for the rest */
	struct one alone = { 0 };
	late_init(&late, mock);
	ask(&alone, author, "", signers, &late.resolver, false);
	assert_int_equal(alone.verdict.queries, one.verdict.queries);
	assert_int_equal(late.now_ms, 2 * LATE_MS);
	arena_done(&alone.mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),         cmocka_unit_test(test_dispositions),
		cmocka_unit_test(test_memory),       cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_public_cases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
