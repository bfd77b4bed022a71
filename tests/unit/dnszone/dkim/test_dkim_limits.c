/* What a verifier limits: l=, the need of a body, several signatures and many, large headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/unit/dkim_signer.h"
#include "tests/unit/resolver_mock.h"

#define NOW DKIM_TEST_NOW

/* ---- l= --------------------------------------------------------------------------------------- */

static void test_limit(void **state)
{
	struct dkim_fixture *f = *state;
	static const struct {
		const char *body; /* canonical: signed whole */
		long limit;
		struct octets read;
		enum dkim_result result;
		const char *reason;
	} rows[] = {
		{ "12345\r\n", 7, OCTETS("12345\r\n"), DKIM_PASS, NULL },
		{ "12345\r\n", 7, OCTETS("12345\r\n\r\n"), DKIM_PASS, NULL },
		{ "12345\r\n", 7, OCTETS("12345"), DKIM_PASS, NULL },
		{ "12345\r\n", 7, OCTETS("12345\r\nmore"), DKIM_POLICY, "uncovered" },
		{ "12345\r\n", 3, OCTETS("12345\r\n"), DKIM_POLICY, "uncovered" },
		{ "12345\r\n", 3, OCTETS("123xx"), DKIM_POLICY, "uncovered" },
		{ "12345\r\n", 3, OCTETS("12x45\r\n"), DKIM_FAIL, "body hash" },
		{ "12345\r\n", 7, OCTETS("1234\r\n"), DKIM_PERMERROR, "larger" },
		{ "12345\r\n", 0, OCTETS("12345\r\n"), DKIM_POLICY, "uncovered" },
		{ "", 0, OCTETS_NONE, DKIM_PASS, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct signer signer = { .key = f->rsa,
			                       .limit = rows[i].limit,
			                       .is_limit_zero = rows[i].limit == 0 };
		struct test_message message = dkim_test_plain;
		auto_free char *field = NULL;
		message.body = octets_of(rows[i].body);
		message = dkim_test_sign(&signer, &message, &field);
		message.body = rows[i].read;
		for (size_t step = 0; step < 12; step++) {
			const struct dkim_report *report;
			signer_verify(f->verifier, &message, step, NOW, NULL, f->dns,
			              &report);
			dkim_expect(report, rows[i].result, rows[i].reason,
			            rows[i].read.at);
		}
	}
}

/* Hashes of the body are shared only where nothing differs: l=0 is not no l=. */
static void test_shared_hash(void **state)
{
	struct dkim_fixture *f = *state;
	const struct signer signers[] = {
		{ .key = f->rsa },
		{ .key = f->rsa, .is_limit_zero = true },
		{ .key = f->rsa, .body = "simple" },
		{ .key = f->rsa, .limit = 5 },
		{ .key = f->rsa, .names = "from" },
	};
	char *field[ARRAY_LEN(signers)];
	struct test_message message = dkim_test_plain;
	const struct dkim_report *report;
	for (size_t i = ARRAY_LEN(signers); i-- > 0;) {
		field[i] = signer_sign(&signers[i], &dkim_test_plain);
		dkim_test_add_field(&message, field[i]);
	}
	assert_int_equal(
		signer_verify(f->verifier, &message, 0, NOW, NULL, f->dns, &report),
		ARRAY_LEN(signers));
	for (size_t i = 0; i < ARRAY_LEN(signers); i++) {
		bool is_limited = i == 1 || i == 3;
		dkim_expect(&report[i], is_limited ? DKIM_POLICY : DKIM_PASS,
		            is_limited ? "uncovered" : NULL, field[i]);
		free(field[i]);
	}
}

/* Once an l= is exceeded, the rest of a body changes nothing. */
static void test_needs_body(void **state)
{
	struct dkim_fixture *f = *state;
	const struct signer signer = { .key = f->rsa, .limit = 3 };
	auto_free char *field = NULL;
	struct test_message message = dkim_test_sign(&signer, &dkim_test_plain, &field);
	const struct dkim_report *report;
	dkim_verifier_reset(f->verifier);
	assert_false(dkim_verifier_end_fields(f->verifier, NOW, NULL));
	dkim_verifier_reset(f->verifier);
	dkim_verifier_field(f->verifier, octets_of("DKIM-Signature"), octets_of(" x"));
	assert_false(dkim_verifier_end_fields(f->verifier, NOW, NULL));
	assert_int_equal(dkim_verifier_finish(f->verifier, f->dns,
	                                      (struct deadline){ INT64_MAX }, &report),
	                 1);
	dkim_expect(report, DKIM_PERMERROR, "not a list", "x");
	dkim_verifier_reset(f->verifier);
	for (size_t i = 0; message.field[i]; i++) {
		const char *colon = strchr(message.field[i], ':');
		dkim_verifier_field(f->verifier,
		                    (struct octets){ message.field[i],
		                                     (size_t)(colon - message.field[i]) },
		                    octets_of(colon + 1));
	}
	assert_true(dkim_verifier_end_fields(f->verifier, NOW, NULL));
	assert_true(dkim_verifier_body(f->verifier, "Hel", 3));
	assert_false(dkim_verifier_body(f->verifier, "lo", 2));
	assert_false(dkim_verifier_body(f->verifier, "anything", 8));
	assert_int_equal(dkim_verifier_finish(f->verifier, f->dns,
	                                      (struct deadline){ INT64_MAX }, &report),
	                 1);
	dkim_expect(report, DKIM_POLICY, "uncovered", field);
}

/* ---- several signatures, limits --------------------------------------------------------------- */

/* The same key is queried once; DKIM-Signature in h= means the others. */
static void test_several(void **state)
{
	struct dkim_fixture *f = *state;
	const struct signer first = { .key = f->rsa, .body = "simple" };
	const struct signer second = { .key = f->rsa,
		                       .names = "from:dkim-signature:dkim-signature" };
	auto_free char *one = NULL, *two = NULL;
	struct test_message message = dkim_test_sign(&first, &dkim_test_plain, &one);
	message = dkim_test_sign(&second, &message, &two);
	const struct dkim_report *report;
	unsigned before = resolver_mock_count(f->dns).asked;
	assert_int_equal(
		signer_verify(f->verifier, &message, 0, NOW, NULL, f->dns, &report), 2);
	assert_int_equal(resolver_mock_count(f->dns).asked, before + 1);
	dkim_expect(&report[0], DKIM_PASS, NULL, two);
	dkim_expect(&report[1], DKIM_PASS, NULL, one);
	message.field[1] = "DKIM-Signature: v=1";
	assert_int_equal(
		signer_verify(f->verifier, &message, 0, NOW, NULL, f->dns, &report), 2);
	dkim_expect(&report[0], DKIM_FAIL, "the signature", two);
	dkim_expect(&report[1], DKIM_PERMERROR, "a= is missing", "v=1");
	/* none is queried whose body does not fit */
	message.body = OCTETS("other");
	before = resolver_mock_count(f->dns).asked;
	assert_int_equal(
		signer_verify(f->verifier, &message, 0, NOW, NULL, f->dns, &report), 2);
	dkim_expect(&report[0], DKIM_FAIL, "the body hash", two);
	assert_int_equal(resolver_mock_count(f->dns).asked, before);
}

/* 13 signatures of other domains around one of the author's. */
static void test_choice(void **state)
{
	struct dkim_fixture *f = *state;
	enum { OTHERS = 13, PLACE = 12 };
	char domain[OTHERS][32];
	char *fields[OTHERS + 1];
	struct test_message message = dkim_test_plain;
	const struct dkim_report *report;
	for (size_t i = 0; i <= OTHERS; i++) {
		struct signer signer = { .key = f->rsa };
		if (i != PLACE) {
			size_t n = i > PLACE ? i - 1 : i;
			snprintf(domain[n], sizeof(domain[n]), "list%zu.%s", n,
			         n == 11 ? "author.example" : "test");
			signer.domain = domain[n];
		}
		fields[i] = signer_sign(&signer, &dkim_test_plain);
	}
	for (size_t i = OTHERS + 1; i-- > 0;)
		dkim_test_add_field(&message, fields[i]);
	assert_int_equal(signer_verify(f->verifier, &message, 0, NOW, "author.example",
	                               f->dns, &report),
	                 OTHERS + 1);
	dkim_expect(&report[PLACE], DKIM_PASS, NULL, "the author's");
	dkim_expect(&report[11], DKIM_PERMERROR, "no key", "below the author's");
	for (size_t i = 0; i <= OTHERS; i++)
		if (i < 8)
			dkim_expect(&report[i], DKIM_PERMERROR, "no key", fields[i]);
		else if (i != 11 && i != PLACE)
			dkim_expect(&report[i], DKIM_NEUTRAL, "more signatures",
			            fields[i]);
	signer_verify(f->verifier, &message, 0, NOW, NULL, f->dns, &report);
	dkim_expect(&report[9], DKIM_PERMERROR, "no key", fields[9]);
	dkim_expect(&report[PLACE], DKIM_NEUTRAL, "more signatures", fields[PLACE]);
	for (size_t i = 0; i <= OTHERS; i++)
		free(fields[i]);
}

/* The author's own domain is closer than any below it. */
static void test_choice_exact(void **state)
{
	struct dkim_fixture *f = *state;
	char domain[DKIM_VERIFIED_MAX][32], *fields[DKIM_VERIFIED_MAX + 1];
	struct test_message message = dkim_test_plain;
	const struct dkim_report *report;
	for (size_t i = 0; i <= DKIM_VERIFIED_MAX; i++) {
		struct signer signer = { .key = f->rsa };
		if (i < DKIM_VERIFIED_MAX) {
			snprintf(domain[i], sizeof(domain[i]), "list%zu.author.example",
			         i);
			signer.domain = domain[i];
		}
		fields[i] = signer_sign(&signer, &dkim_test_plain);
	}
	for (size_t i = DKIM_VERIFIED_MAX + 1; i-- > 0;)
		dkim_test_add_field(&message, fields[i]);
	assert_int_equal(signer_verify(f->verifier, &message, 0, NOW, "author.example",
	                               f->dns, &report),
	                 DKIM_VERIFIED_MAX + 1);
	dkim_expect(&report[DKIM_VERIFIED_MAX], DKIM_PASS, NULL, "the author's");
	dkim_expect(&report[DKIM_VERIFIED_MAX - 2], DKIM_PERMERROR, "no key", "below");
	dkim_expect(&report[DKIM_VERIFIED_MAX - 1], DKIM_NEUTRAL, "more", "the last");
	for (size_t i = 0; i <= DKIM_VERIFIED_MAX; i++)
		free(fields[i]);
}

/* RFC 6008 3 */
static void test_shown(void **state)
{
	struct dkim_fixture *f = *state;
	static const struct test_message message = {
		{ "DKIM-Signature: b= AAAA BBBB CC/D", "DKIM-Signature: b=AAAABBBBCD",
		  "DKIM-Signature: b=AAAA", "DKIM-Signature: v=1",
		  "DKIM-Signature: b==" },
		OCTETS_NONE,
	};
	static const char *const shown[] = { "AAAABBBBCC", "AAAABBBBCD", "AAAA", "",
		                             "=" };
	const struct dkim_report *report;
	assert_int_equal(
		signer_verify(f->verifier, &message, 0, NOW, NULL, f->dns, &report),
		ARRAY_LEN(shown));
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		assert_string_equal(report[i].b, shown[i]);
}

static void test_too_many(void **state)
{
	struct dkim_fixture *f = *state;
	const struct signer signer = { .key = f->rsa };
	auto_free char *field = signer_sign(&signer, &dkim_test_plain);
	struct test_message message = dkim_test_plain;
	const struct dkim_report *report;
	for (size_t i = 0; i <= DKIM_SIGNATURES_MAX; i++)
		dkim_test_add_field(&message, field);
	assert_int_equal(
		signer_verify(f->verifier, &message, 0, NOW, NULL, f->dns, &report),
		DKIM_SIGNATURES_MAX + 1);
	dkim_expect(&report[0], DKIM_PASS, NULL, "first");
	dkim_expect(&report[9], DKIM_PASS, NULL, "tenth");
	dkim_expect(&report[10], DKIM_NEUTRAL, "more signatures", "eleventh");
	dkim_expect(&report[DKIM_SIGNATURES_MAX], DKIM_NEUTRAL, "too many", "last");
	assert_string_equal(report[DKIM_SIGNATURES_MAX].domain, "");
}

static void feed(struct dkim_fixture *f, const struct test_message *message)
{
	for (size_t i = 0; message->field[i]; i++) {
		const char *colon = strchr(message->field[i], ':');
		dkim_verifier_field(
			f->verifier,
			(struct octets){ message->field[i],
		                         (size_t)(colon - message->field[i]) },
			octets_of(colon + 1));
	}
}

static void test_large_header(void **state)
{
	struct dkim_fixture *f = *state;
	const struct signer signer = { .key = f->rsa };
	auto_free char *field = NULL;
	struct test_message message = dkim_test_sign(&signer, &dkim_test_plain, &field);
	auto_free char *large = xcalloc(1, DKIM_FIELDS_OCTETS_MAX + 1);
	const struct dkim_report *report;
	memset(large, 'x', DKIM_FIELDS_OCTETS_MAX);
	/* the signature before or after what is too large; in any case nothing passes */
	for (int is_after = 0; is_after < 2; is_after++) {
		dkim_verifier_reset(f->verifier);
		if (!is_after)
			feed(f, &message);
		dkim_verifier_field(f->verifier, octets_of("X"), octets_of(large));
		if (is_after)
			feed(f, &message);
		assert_false(dkim_verifier_end_fields(f->verifier, NOW, NULL));
		assert_int_equal(dkim_verifier_finish(f->verifier, f->dns,
		                                      (struct deadline){ INT64_MAX },
		                                      &report),
		                 1);
		dkim_expect(report, DKIM_NEUTRAL, "too large", "large");
		assert_string_equal(report->domain, is_after ? "" : "author.example");
	}
	dkim_verifier_reset(f->verifier);
	feed(f, &message);
	for (size_t i = 0; i < DKIM_FIELDS_MAX; i++)
		dkim_verifier_field(f->verifier, octets_of("X"), octets_of("x"));
	assert_false(dkim_verifier_end_fields(f->verifier, NOW, NULL));
	assert_int_equal(dkim_verifier_finish(f->verifier, f->dns,
	                                      (struct deadline){ INT64_MAX }, &report),
	                 1);
	dkim_expect(report, DKIM_NEUTRAL, "too many header fields", "many");
}

/* 4,000 fields with one name, and 40 signatures whose h= repeats it: bisection and marks, no
 * search through all. */
static void test_hostile(void **state)
{
	struct dkim_fixture *f = *state;
	enum { SIGNATURES = 40, NAMES = 2000 };
	auto_buf names = BUF_INIT;
	buf_puts(&names,
	         " v=1; a=rsa-sha256; c=relaxed/relaxed; d=author.example; s=s; "
	         "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA; h=from");
	for (int i = 0; i < NAMES; i++)
		buf_puts(&names, i % 2 ? ":x" : ":y");
	dkim_verifier_reset(f->verifier);
	for (int i = 0; i < DKIM_FIELDS_MAX - SIGNATURES; i++)
		dkim_verifier_field(f->verifier, octets_of("x"), octets_of(" \n \n y"));
	for (int i = 0; i < SIGNATURES; i++)
		dkim_verifier_field(f->verifier, octets_of("DKIM-Signature"),
		                    octets_of(names.at));
	assert_true(dkim_verifier_end_fields(f->verifier, NOW, NULL));
	const struct dkim_report *report;
	assert_int_equal(dkim_verifier_finish(f->verifier, f->dns,
	                                      (struct deadline){ INT64_MAX }, &report),
	                 SIGNATURES);
	dkim_expect(&report[0], DKIM_FAIL, "the signature did not verify", "first");
	dkim_expect(&report[10], DKIM_NEUTRAL, "more signatures", "eleventh");
}

static void test_nothing(void **state)
{
	struct dkim_fixture *f = *state;
	const struct dkim_report *report;
	assert_int_equal(signer_verify(f->verifier, &dkim_test_plain, 0, NOW, NULL,
	                               f->dns, &report),
	                 0);
	dkim_verifier_reset(f->verifier);
	assert_int_equal(
		dkim_verifier_finish(f->verifier, NULL, (struct deadline){ 0 }, &report),
		0);
	const struct signer signer = { .key = f->rsa };
	auto_free char *field = NULL;
	struct test_message message = dkim_test_sign(&signer, &dkim_test_plain, &field);
	assert_int_equal(
		signer_verify(f->verifier, &message, 0, NOW, NULL, NULL, &report), 1);
	dkim_expect(report, DKIM_TEMPERROR, "no resolver", "no resolver");
	dkim_verifier_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),        cmocka_unit_test(test_shared_hash),
		cmocka_unit_test(test_needs_body),   cmocka_unit_test(test_several),
		cmocka_unit_test(test_choice),       cmocka_unit_test(test_choice_exact),
		cmocka_unit_test(test_shown),        cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_large_header), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_nothing),
	};
	return cmocka_run_group_tests(tests, dkim_fixture_open, dkim_fixture_close);
}
