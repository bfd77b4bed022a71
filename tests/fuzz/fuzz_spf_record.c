/*
 * The text of an SPF record: parsed on the heap and in an arena with the same outcome, sound spans,
 * local rules put into it (the result parses again), and evaluated against a DNS in which every
 * name has this very record.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "dnszone/query/resolver.h"
#include "dnszone/spf/spf_edit.h"
#include "dnszone/spf/spf_eval.h"
#include "dnszone/spf/spf_record.h"
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

/* TXT: the record; A: an address; MX and PTR: the name itself; AAAA: no data. */
static void mirror_ask(struct resolver *r, const struct dns_name *name,
                       enum dns_type type, struct deadline until, struct arena *mem,
                       struct dns_answer *ret_answer)
{
	static const uint8_t address[4] = { 192, 0, 2, 9 };
	const struct mirror *mirror = (const struct mirror *)r;
	struct dns_rdata rdata = mirror->txt;
	struct dns_answer one = { .kind = DNS_OK, .count = 1, .rdata = &rdata };
	(void)until;
	if (type == DNS_A)
		rdata = (struct dns_rdata){ .octets = address, .len = 4 };
	else if (type != DNS_TXT)
		rdata = (struct dns_rdata){ .octets = name->wire, .len = name->len };
	if (type == DNS_AAAA)
		*ret_answer = dns_answer_empty(DNS_NODATA, NULL);
	else
		(void)dns_answer_copy(&one, mem, ret_answer);
}

static bool mirror_peek(struct resolver *r, const struct dns_name *name,
                        enum dns_type type, struct arena *mem,
                        struct dns_answer *ret_answer)
{
	mirror_ask(r, name, type, (struct deadline){ 0 }, mem, ret_answer);
	return true;
}

static const struct resolver_ops mirror_ops = { .ask = mirror_ask, .peek = mirror_peek };

static void check_terms(const struct spf_record *record)
{
	size_t behind = 0;
	for (size_t i = 0; i < record->count; i++) {
		const struct spf_term *term = &record->term[i];
		CHECK(term->at >= behind && term->len > 0);
		behind = term->at + term->len;
		CHECK(behind <= record->len);
		CHECK(term->domain_at + term->domain_len <= behind);
		CHECK(term->prefix4 <= 32 && term->prefix6 <= 128);
	}
}

static void check_edit(const struct spf_record *record, struct arena *mem)
{
	struct spf_policy policy;
	const struct spf_record *edited;
	struct err err;
	if (!spf_edit_insert_local(record, "ip4:192.0.2.1 -a:x.test", mem, &policy))
		return;
	CHECK(policy.local_at + policy.local_len <= policy.text.len);
	int r = spf_record_parse_in(mem, policy.text.at, policy.text.len, &edited, &err);
	CHECK(r == 0 || mem->was_full);
	CHECK(r < 0 || edited->count == record->count + (policy.local_len > 0 ? 2 : 0));
}

static struct spf_answer evaluate(struct mirror *mirror, bool is_serial, uint8_t *octets,
                                  size_t size)
{
	struct arena mem;
	arena_init(&mem, octets, size);
	const struct spf_context context = { .dns = &mirror->resolver,
		                             .limits = SPF_LIMITS_DEFAULT,
		                             .mem = &mem,
		                             .is_serial = is_serial };
	const struct spf_question question = {
		.client = { [10] = 0xff, 0xff, 203, 0, 113, 1 },
		.local_part = { "j.o-e", 5 },
		.domain = { "example.com", 11 },
		.helo = { "helo.example", 12 },
	};
	struct spf_answer answer;
	spf_eval(&context, &question, NULL, &answer);
	CHECK(answer.result < SPF_RESULT_COUNT);
	CHECK(answer.lookups <= SPF_LOOKUP_MAX + 1);
	CHECK((answer.problem != NULL) ==
	      (answer.result == SPF_TEMPERROR || answer.result == SPF_PERMERROR));
	return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t octets[SPF_MEMORY];
	struct spf_record *whole = NULL;
	const struct spf_record *bounded = NULL;
	struct arena mem;
	struct err err = { 0 }, err_in = { 0 };
	arena_init(&mem, octets, sizeof(octets));
	const char *text = (const char *)data;
	int r = spf_record_parse(text, len, &whole, &err);
	int r_in = spf_record_parse_in(&mem, text, len, &bounded, &err_in);
	CHECK(r == r_in || mem.was_full);
	CHECK(mem.was_full || strcmp(err.text, err_in.text) == 0);
	if (r == 0 && r_in == 0) {
		CHECK(whole->count == bounded->count);
		check_terms(bounded);
		check_edit(bounded, &mem);
	}
	spf_record_free(whole);
	struct mirror mirror = { { &mirror_ops, NULL }, { .octets = data, .len = len } };
	struct spf_answer serial = evaluate(&mirror, true, octets, sizeof(octets));
	struct spf_answer ahead = evaluate(&mirror, false, octets, sizeof(octets));
	CHECK(serial.result == ahead.result && serial.lookups == ahead.lookups &&
	      serial.voids == ahead.voids);
	(void)evaluate(&mirror, false, octets, 3000);
	return 0;
}
