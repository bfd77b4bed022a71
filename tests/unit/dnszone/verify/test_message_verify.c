/* dnszone/verify/message_verify: messages without signatures, and other verifiers' signatures; the signed
 * ones are in tests/policyd/verify.sh. */
#include "dnszone/verify/message_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/address.h"
#include "dnszone/query/resolver_cache.h"
#include "tests/unit/resolver_mock.h"

struct world {
	struct resolver *mock, *dns;
	struct arena mem;
	struct message_context context;
};

static void open_world(struct world *world)
{
	static const struct mock_row rows[] = {
		{ "a.example", "TXT", "v=spf1 ip4:192.0.2.1 -all" },
		{ "_dmarc.a.example", "TXT", "v=DMARC1; p=reject" },
		{ "_dmarc.b.example", "TXT", "v=DMARC1; p=reject; adkim=s" },
		{ "down.example", "SERVFAIL", NULL },
	};
	struct err err = ERR_INIT;
	world->mock = resolver_mock_new(MOCK_OPEN);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(resolver_mock_add(world->mock, &rows[i], &err), 0);
	world->dns = resolver_cache_new(world->mock, 65536);
	assert_non_null(world->dns);
	assert_true(arena_open(&world->mem, MESSAGE_MEMORY));
	world->context = (struct message_context){
		.dns = world->dns,
		.until = deadline_in_ms(1000),
		.mem = &world->mem,
		.receiver = "mx.example.net",
		.void_limit = 2,
		.checks_spf = true,
		.checks_dmarc = true,
	};
}

static void close_world(struct world *world)
{
	resolver_free(world->dns);
	arena_done(&world->mem);
}

static struct message_envelope envelope_of(const char *sender, const char *helo)
{
	struct message_envelope envelope = { .sender = octets_of(sender),
		                             .helo = octets_of(helo) };
	assert_true(address_parse("192.0.2.1", envelope.client));
	return envelope;
}

static void test_messages(void **state)
{
	(void)state;
	static const struct {
		const char *from[2]; /* fields */
		const char *sender, *helo;
		enum spf_result spf;
		const char *domain; /* of SPF */
		enum dmarc_result dmarc;
	} rows[] = {
		{ { "a@a.example" },
		  "x@a.example",
		  "h.example",
		  SPF_PASS,
		  "a.example",
		  DMARC_PASS },
		{ { "a@A.Example" },
		  "x@sub.a.example",
		  "h",
		  SPF_NONE,
		  "sub.a.example",
		  DMARC_FAIL },
		{ { "a@a.example" }, "", "a.example", SPF_PASS, "a.example", DMARC_PASS },
		{ { "a@b.example" },
		  "x@a.example",
		  "h",
		  SPF_PASS,
		  "a.example",
		  DMARC_FAIL },
		{ { "a@c.example" },
		  "x@a.example",
		  "h",
		  SPF_PASS,
		  "a.example",
		  DMARC_NONE },
		{ { "a@a.example" },
		  "x@down.example",
		  "h",
		  SPF_TEMPERROR,
		  "down.example",
		  DMARC_FAIL },
		{ { "a@down.example" },
		  "x@a.example",
		  "h",
		  SPF_PASS,
		  "a.example",
		  DMARC_NONE },
		{ { NULL }, "x@a.example", "h", SPF_PASS, "a.example", DMARC_PERMERROR },
		{ { "a@a.example", "a@a.example" },
		  "x@a.example",
		  "h",
		  SPF_PASS,
		  "a.example",
		  DMARC_PERMERROR },
		{ { "a@a.example <" }, "x", "h", SPF_NONE, "", DMARC_PERMERROR },
	};
	struct message_verifier *verifier = message_verifier_new();
	assert_non_null(verifier);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world world;
		struct message_results results;
		open_world(&world);
		message_verifier_reset(verifier);
		message_verifier_field(verifier, octets_of("Subject"), octets_of(" x"));
		for (size_t k = 0; k < 2 && rows[i].from[k]; k++)
			message_verifier_field(verifier, octets_of("From"),
			                       octets_of(rows[i].from[k]));
		assert_false(message_verifier_end_fields(verifier, 0));
		const struct message_envelope envelope =
			envelope_of(rows[i].sender, rows[i].helo);
		message_verifier_finish(verifier, &world.context, &envelope, &results);
		assert_int_equal(results.count, 0);
		if (results.spf.result != rows[i].spf)
			fail_msg("row %zu: spf %s", i,
			         spf_result_name(results.spf.result));
		assert_int_equal(results.identity,
		                 *rows[i].sender ? SPF_MAILFROM : SPF_HELO);
		assert_int_equal(results.spf_domain.len, strlen(rows[i].domain));
		if (results.dmarc.result != rows[i].dmarc)
			fail_msg("row %zu: dmarc %s (%s)", i,
			         dmarc_result_name(results.dmarc.result),
			         results.dmarc.reason);
		assert_int_equal(message_is_proven(&results, "a.example"),
		                 rows[i].spf == SPF_PASS);
		close_world(&world);
	}
	message_verifier_free(verifier);
}

/* A From field inside another field counts, wherever it is; alone it is none. */
static void test_hidden_from(void **state)
{
	(void)state;
	static const struct {
		const char *name[2], *value[2];
		enum from_fault fault;
	} rows[] = {
		{ { "From", "X" }, { " a@a.example", " y" }, FROM_GOOD },
		{ { "From", "X" },
		  { " a@a.example", " y\rFrom: b@b.example" },
		  FROM_SEVERAL_FIELDS },
		{ { "X", "From" },
		  { " y\rfrom :\rZ: z", " a@a.example" },
		  FROM_SEVERAL_FIELDS },
		{ { "From", "X" },
		  { " a@a.example\rFrom: b@b.example", " y" },
		  FROM_SEVERAL_FIELDS },
		{ { "X", "Y" }, { " y\rFrom: b@b.example", " y" }, FROM_NO_FIELD },
	};
	struct message_verifier *verifier = message_verifier_new();
	assert_non_null(verifier);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		message_verifier_reset(verifier);
		for (size_t k = 0; k < 2; k++)
			message_verifier_field(verifier, octets_of(rows[i].name[k]),
			                       octets_of(rows[i].value[k]));
		assert_false(message_verifier_end_fields(verifier, 0));
		if (message_verifier_from(verifier)->fault != rows[i].fault)
			fail_msg("row %zu", i);
	}
	message_verifier_free(verifier);
}

/* Neither the longest From field nor one more octet is cut. */
static void test_long_from(void **state)
{
	(void)state;
	char *value = malloc(FROM_FIELD_MAX + 1);
	assert_non_null(value);
	struct message_verifier *verifier = message_verifier_new();
	assert_non_null(verifier);
	for (size_t more = 0; more < 2; more++) {
		struct world world;
		struct message_results results;
		open_world(&world);
		memset(value, ' ', FROM_FIELD_MAX + 1);
		memcpy(value, "a@a.example", strlen("a@a.example"));
		message_verifier_reset(verifier);
		message_verifier_field(verifier, octets_of("from"),
		                       (struct octets){ value, FROM_FIELD_MAX + more });
		assert_false(message_verifier_end_fields(verifier, 0));
		const struct message_envelope envelope = envelope_of("x@a.example", "h");
		message_verifier_finish(verifier, &world.context, &envelope, &results);
		assert_int_equal(results.dmarc.result,
		                 more ? DMARC_PERMERROR : DMARC_PASS);
		close_world(&world);
	}
	message_verifier_free(verifier);
	free(value);
}

static void test_other_verifiers(void **state)
{
	(void)state;
	static const struct {
		const char *domain;
		enum dmarc_check check;
		enum dmarc_result want;
	} rows[] = {
		{ "b.example", DMARC_PASSED, DMARC_PASS },
		{ "sub.b.example", DMARC_PASSED, DMARC_FAIL }, /* adkim=s */
		{ "b.example", DMARC_NOT_PASSED, DMARC_FAIL },
		{ "b.example", DMARC_UNDECIDED, DMARC_TEMPERROR },
		{ "c.example", DMARC_UNDECIDED, DMARC_FAIL },
	};
	const struct from_header from = { .fault = FROM_GOOD, .domain = "b.example" };
	const struct message_envelope envelope = envelope_of("x@a.example", "h");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct message_signature signature = { .domain = rows[i].domain,
			                                     .check = rows[i].check };
		struct world world;
		struct message_results results;
		open_world(&world);
		message_verdict(&world.context, &envelope, &from, &signature, 1,
		                &results);
		if (results.dmarc.result != rows[i].want)
			fail_msg("row %zu: %s", i,
			         dmarc_result_name(results.dmarc.result));
		assert_int_equal(message_is_proven(&results, rows[i].domain),
		                 rows[i].check == DMARC_PASSED);
		close_world(&world);
	}
	/* names, not their letters */
	const struct message_signature mixed = { .domain = "B\xc3\xbc.Example",
		                                 .check = DMARC_PASSED };
	const struct message_results proven = { .signature = &mixed,
		                                .count = 1,
		                                .has_spf = true,
		                                .spf = { .result = SPF_PASS },
		                                .spf_domain = octets_of("C.example.") };
	assert_true(message_is_proven(&proven, "xn--b-eha.example"));
	assert_true(message_is_proven(&proven, "c.example"));
	assert_false(message_is_proven(&proven, "example"));
	struct world world;
	struct message_results results;
	open_world(&world);
	world.context.checks_dmarc = false;
	message_verdict(&world.context, &envelope, &from, NULL, 0, &results);
	assert_true(results.has_spf);
	assert_false(results.has_dmarc);
	world.context.checks_spf = false;
	message_verdict(&world.context, &envelope, &from, NULL, 0, &results);
	assert_false(results.has_spf);
	assert_int_equal(resolver_mock_count(world.mock).asked, 1);
	close_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_hidden_from),
		cmocka_unit_test(test_long_from),
		cmocka_unit_test(test_other_verifiers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
