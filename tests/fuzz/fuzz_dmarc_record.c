/*
 * The text of a DMARC record: its elements lie in the text and in order, what it asks for is always a
 * policy, and lint with a DNS in which every name has this very record ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "dnszone/dmarc/dmarc_tree.h"
#include "dnszone/dmarc/dmarc_verdict.h"
#include "dnszone/lint/lint_dmarc.h"
#include "dnszone/query/resolver.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

struct mirror {
	struct resolver resolver;
	struct dns_rdata txt;
};

static void mirror_ask(struct resolver *r, const struct dns_name *name,
                       enum dns_type type, struct deadline until, struct arena *mem,
                       struct dns_answer *ret_answer)
{
	const struct mirror *mirror = (const struct mirror *)r;
	struct dns_answer one = { .kind = DNS_OK, .count = 1, .rdata = &mirror->txt };
	(void)name;
	(void)until;
	if (type == DNS_TXT)
		(void)dns_answer_copy(&one, mem, ret_answer);
	else
		*ret_answer = dns_answer_empty(DNS_NODATA, NULL);
}

static const struct resolver_ops mirror_ops = { .ask = mirror_ask };

static void check_elements(const struct dmarc_record *record)
{
	size_t behind = 0;
	for (size_t i = 0; i < record->count; i++) {
		const struct dmarc_element *e = &record->element[i];
		CHECK(e->at >= behind && e->name_len + (e->state == DMARC_BAD_NAME) > 0);
		behind = e->at + e->name_len;
		if (e->state != DMARC_NO_EQUALS) {
			CHECK(e->value_at > behind);
			behind = e->value_at + e->value_len;
		}
		CHECK(behind <= record->text.len);
		struct dmarc_uri uri;
		size_t uri_behind = e->value_at;
		for (size_t at = 0; e->state != DMARC_NO_EQUALS &&
		                    dmarc_uri_next(record, e, &at, &uri);) {
			CHECK(uri.at >= uri_behind && uri.at + uri.len <= behind);
			uri_behind = uri.at + uri.len;
			CHECK(!uri.has_address || uri.is_valid);
			CHECK(!uri.host_len ||
			      (uri.host_at >= uri.at &&
			       uri.host_at + uri.host_len <= uri_behind));
		}
	}
}

static void check_policy(const struct dmarc_record *record)
{
	enum dmarc_policy own = dmarc_record_policy(record, DMARC_OF_DOMAIN);
	for (enum dmarc_whom whom = DMARC_OF_DOMAIN; whom <= DMARC_OF_NONEXISTENT;
	     whom++) {
		enum dmarc_policy policy = dmarc_record_policy(record, whom);
		CHECK(policy >= DMARC_POLICY_INVALID && policy <= DMARC_POLICY_REJECT);
		CHECK((policy == DMARC_POLICY_INVALID) == (own == DMARC_POLICY_INVALID));
		CHECK((dmarc_policy_word(policy) == NULL) ==
		      (policy == DMARC_POLICY_INVALID));
	}
	CHECK(strchr("ynu", record->psd) && record->psd);
}

/* A verdict on names that all have this record, or none: it says what the record says, within its
 * queries, and nothing but an aligned identifier passes. */
static void check_verdict(const struct dmarc_record *record, struct resolver *dns)
{
	static const char *const domains[] = { "b.example.com", "x.a.b.example.com",
		                               "com", "other.test" };
	struct dmarc_identifier identifier[ARRAY_LEN(domains)];
	struct dmarc_question question = { octets_of("a.b.example.com"), identifier, 0 };
	auto_arena mem = { 0 };
	struct dmarc_trace trace;
	struct dmarc_verdict verdict;
	for (size_t i = 0; i < ARRAY_LEN(domains); i++)
		identifier[question.count++] =
			(struct dmarc_identifier){ i % 2 ? DMARC_SPF : DMARC_DKIM,
			                           DMARC_PASSED, octets_of(domains[i]) };
	CHECK(arena_open(&mem, DMARC_MEMORY) && dmarc_trace_init(&trace, &mem));
	dmarc_verdict(&question, dns, (struct deadline){ INT64_MAX }, &mem, &trace,
	              &verdict);
	CHECK(verdict.queries <= DMARC_LOOKUPS_MAX + 1 && *verdict.reason &&
	      trace.count > 0);
	CHECK((verdict.result == DMARC_PASS) ==
	      (verdict.is_spf_aligned || verdict.is_dkim_aligned));
	CHECK(verdict.result != DMARC_PERMERROR);
	if (verdict.result ==
	    DMARC_TEMPERROR) /* a record that does not fit into the memory */
		return;
	if (!record ||
	    dmarc_record_policy(record, DMARC_OF_DOMAIN) == DMARC_POLICY_INVALID) {
		CHECK(verdict.result == DMARC_NONE && !dmarc_verdict_policy(&verdict));
		return;
	}
	CHECK(verdict.policy == dmarc_record_policy(record, DMARC_OF_DOMAIN));
	CHECK(strcmp(verdict.record_domain, "a.b.example.com") == 0);
	CHECK(!verdict.is_aligned[3]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct octets text = { (const char *)data, len };
	struct dmarc_record record;
	struct err err = ERR_INIT;
	int r = dmarc_record_parse(text, &record, &err);
	CHECK(r == 0 || (r == ERR_FAILED && *err.text));
	CHECK(r != 0 || dmarc_record_is(text));
	if (r == 0) {
		check_elements(&record);
		check_policy(&record);
	}
	struct mirror mirror = { { &mirror_ops, NULL }, { .octets = data, .len = len } };
	const struct lint_dmarc_input input = {
		text, "a.b.example.com", &mirror.resolver, { INT64_MAX }
	};
	auto_lint_list list = LINT_LIST_INIT, report = LINT_LIST_INIT,
		       domain = LINT_LIST_INIT;
	lint_dmarc_record(&input, &list);
	lint_dmarc_report(&input, &report);
	lint_dmarc_domain("a.b.example.com", &mirror.resolver, input.until, &domain);
	CHECK(r == 0 || lint_worst(&list) == LINT_ERROR);
	check_verdict(r == 0 ? &record : NULL, &mirror.resolver);
	return 0;
}
