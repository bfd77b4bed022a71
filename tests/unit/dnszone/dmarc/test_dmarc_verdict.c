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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public_cases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
