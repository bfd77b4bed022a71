/* dnszone/verify/auth_results: the field for results of every kind, and octets that try to be more. */
#include "dnszone/verify/auth_results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/address.h"

#define ID "mx.example.net"

static struct message_signature signature(const char *result, const char *comment,
                                          const char *domain)
{
	return (struct message_signature){
		.result = result,
		.comment = comment,
		.domain = domain,
		.selector = "s1",
		.algorithm = "rsa-sha256",
		.b = "ab/d+f==",
		.check = strcmp(result, "pass") == 0 ? DMARC_PASSED : DMARC_NOT_PASSED,
	};
}

static size_t write_field(const struct message_results *results, const char *folding,
                          char *out, size_t room)
{
	uint8_t client[16];
	assert_true(address_parse("192.0.2.1", client));
	const struct auth_results field = { .authserv_id = ID,
		                            .client = client,
		                            .disposition = "none",
		                            .folding = folding,
		                            .results = results };
	memset(out, 'x', room);
	size_t len = auth_results_write(&field, out, room);
	assert_int_equal(strlen(out), len);
	return len;
}

static void expect(const struct message_results *results, const char *want)
{
	char out[4096];
	(void)write_field(results, " ", out, sizeof(out));
	assert_string_equal(out, want);
}

static void test_methods(void **state)
{
	(void)state;
	const struct message_signature signatures[] = {
		signature("pass", "2048-bit key", "a.example"),
		signature("permerror", "no (key) \\ here\n", ""),
	};
	struct message_results results = { 0 };
	expect(&results, ID "; dkim=none");
	results.signature = signatures;
	results.count = 2;
	expect(&results, ID "; dkim=pass (2048-bit key) header.d=a.example header.s=s1 "
	                    "header.a=rsa-sha256 header.b=\"ab/d+f==\"; "
	                    "dkim=permerror (no ?key? ? here?) header.s=s1 "
	                    "header.a=rsa-sha256 header.b=\"ab/d+f==\"");
	results.count = 0;
	results.has_spf = true;
	results.spf.result = SPF_SOFTFAIL;
	results.spf_domain = octets_of("b.example");
	expect(&results,
	       ID "; dkim=none; spf=softfail (192.0.2.1) smtp.mailfrom=b.example");
	results.identity = SPF_HELO;
	results.spf.problem = "two records";
	expect(&results,
	       ID "; dkim=none; spf=softfail (two records) smtp.helo=b.example");
	results.has_spf = false;
	results.has_dmarc = true;
	results.dmarc = (struct dmarc_verdict){ .result = DMARC_PASS,
		                                .policy = DMARC_POLICY_REJECT };
	strcpy(results.dmarc.from_domain, "a.example");
	expect(&results, ID "; dkim=none; dmarc=pass (p=reject dis=none) "
	                    "header.from=a.example policy.dmarc=reject");
	results.dmarc = (struct dmarc_verdict){ .result = DMARC_PERMERROR };
	strcpy(results.dmarc.reason, "several From fields");
	expect(&results,
	       ID "; dkim=none; dmarc=permerror (dis=none) (several From fields)");
}

/* What a stranger chose stays inside of its value. */
static void test_hostile(void **state)
{
	(void)state;
	struct message_results results = { .has_spf = true, .has_dmarc = true };
	const char domain[] = "a\r\n;dkim=pass\0\"\\\xc3";
	results.spf_domain = (struct octets){ domain, sizeof(domain) - 1 };
	results.dmarc.result = DMARC_NONE;
	strcpy(results.dmarc.from_domain, "a;b=\"c\"");
	expect(&results, ID "; dkim=none; spf=none (192.0.2.1) "
	                    "smtp.mailfrom=\"a??;dkim=pass?\\\"\\\\?\"; "
	                    "dmarc=none (dis=none) header.from=\"a;b=\\\"c\\\"\"");
}

/* Lines are folded between values, and none is longer than its one value requires. */
static void test_folding(void **state)
{
	(void)state;
	char out[4096], domain[240];
	memset(domain, 'd', sizeof(domain) - 1);
	domain[sizeof(domain) - 1] = '\0';
	const struct message_signature signatures[] = {
		signature("pass", "2048-bit key", "a.example"),
		signature("fail", "the body was changed", domain),
	};
	const struct message_results results = { .signature = signatures, .count = 2 };
	(void)write_field(&results, "\n\t", out, sizeof(out));
	assert_non_null(
		strstr(out, ID ";\n\tdkim=pass (2048-bit key) header.d=a.example"));
	assert_non_null(
		strstr(out, ";\n\tdkim=fail (the body was changed)\n\theader.d=d"));
	for (const char *line = out; *line;) {
		size_t len = strcspn(line, "\n");
		assert_true(len <= 79 || memchr(line, 'd', len));
		assert_true(len < 300);
		line += len + (line[len] == '\n');
		assert_true(*line == '\0' || *line == '\t');
	}
}

/* What does not fit is left out whole; valid signatures are the last to go. */
static void test_room(void **state)
{
	(void)state;
	struct message_signature signatures[64];
	for (size_t i = 0; i < 64; i++)
		signatures[i] = signature(i == 63 ? "pass" : "fail", "a reason",
		                          i == 63 ? "good.example" : "bad.example");
	struct message_results results = { .signature = signatures,
		                           .count = 64,
		                           .has_spf = true };
	results.spf.result = SPF_PASS;
	results.spf_domain = octets_of("b.example");
	char *out = malloc(AUTH_RESULTS_SIZE);
	assert_non_null(out);
	(void)write_field(&results, "\n\t", out, AUTH_RESULTS_SIZE);
	const char *at = out;
	for (size_t i = 0; i < 64; i++, at++)
		assert_non_null(at = strstr(at, "dkim="));
	for (size_t room = 1; room < 2048; room++) {
		size_t len = write_field(&results, " ", out, room);
		assert_true(len < room);
		bool has_spf =
			strstr(out, "spf=pass (192.0.2.1) smtp.mailfrom=b.example");
		bool has_dkim = strstr(out, "dkim=");
		assert_true(has_spf || !has_dkim);
		assert_true(!has_dkim || strstr(out, "dkim=pass"));
	}
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
