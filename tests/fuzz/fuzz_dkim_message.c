/*
 * A signed message: the first line is the record of every key, the rest a message with lines of LF or
 * CRLF.  It is verified whole and in pieces, with the same results, each of which can be printed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dnszone/dkim/dkim_message.h"
#include "dnszone/dkim/dkim_verify.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

#define NOW INT64_C(1700000000)

struct one_record {
	struct resolver resolver;
	struct dns_rdata rdata;
};

static void ask(struct resolver *r, const struct dns_name *name, enum dns_type type,
                struct deadline until, struct arena *mem, struct dns_answer *ret_answer)
{
	const struct one_record *record = (const struct one_record *)r;
	(void)until;
	(void)mem;
	CHECK(type == DNS_TXT && name->len > 0);
	*ret_answer = (struct dns_answer){ .kind = DNS_OK,
		                           .count = 1,
		                           .rdata = &record->rdata };
}

static void on_field(void *arg, struct octets name, struct octets value)
{
	CHECK(name.len > 0);
	dkim_verifier_field(arg, name, value);
}

static void on_end_fields(void *arg)
{
	bool is_needed = dkim_verifier_end_fields(arg, NOW, "author.example");
	(void)is_needed;
}

static void on_body(void *arg, const char *octets, size_t len)
{
	CHECK(len > 0);
	dkim_verifier_body(arg, octets, len);
}

static size_t verify(struct dkim_verifier *verifier, const char *octets, size_t len,
                     size_t step, struct resolver *dns,
                     const struct dkim_report **ret_reports)
{
	struct dkim_message message = { .field = on_field,
		                        .end_fields = on_end_fields,
		                        .body = on_body,
		                        .arg = verifier };
	bool goes_on = true;
	for (size_t at = 0; at < len && goes_on; at += step)
		goes_on = dkim_message_feed(&message, octets + at,
		                            len - at < step ? len - at : step);
	dkim_message_end(&message);
	return dkim_verifier_finish(verifier, dns, (struct deadline){ INT64_MAX },
	                            ret_reports);
}

static void check_text(const char *text)
{
	for (; *text; text++)
		CHECK(*text > 0x20 && *text < 0x7f);
}

static void check_report(const struct dkim_report *report)
{
	CHECK(report->result > DKIM_NONE && report->result < DKIM_RESULT_COUNT);
	CHECK((report->result == DKIM_PASS) == !report->reason);
	check_text(report->domain);
	check_text(report->selector);
	check_text(report->algorithm);
	check_text(report->b);
	for (const char *c = report->reason ? report->reason : ""; *c; c++)
		CHECK(*c >= 0x20 && *c < 0x7f);
	if (report->result == DKIM_PASS || report->result == DKIM_FAIL)
		CHECK(*report->domain && *report->selector && *report->b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct resolver_ops ops = { .ask = ask };
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t first = end ? (size_t)(end - data) : len;
	size_t skip = end ? first + 1 : first;
	struct one_record dns = { .resolver = { .ops = &ops },
		                  .rdata = { data, first, 0 } };
	struct dkim_verifier *whole = dkim_verifier_new(), *pieces = dkim_verifier_new();
	CHECK(whole && pieces);
	const struct dkim_report *a, *b;
	const char *octets = (const char *)data + skip;
	size_t count = verify(whole, octets, len - skip, len + 1, &dns.resolver, &a);
	CHECK(count == verify(pieces, octets, len - skip, 3, &dns.resolver, &b));
	for (size_t i = 0; i < count; i++) {
		check_report(&a[i]);
		CHECK(a[i].result == b[i].result && strcmp(a[i].b, b[i].b) == 0);
	}
	dkim_verifier_free(whole);
	dkim_verifier_free(pieces);
	return 0;
}
