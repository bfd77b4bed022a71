/* The signed messages of RFC 6376 and RFC 8463, from $TESTDATA/dkim: they pass, as they are, with
 * lines of LF and in pieces, and none does once anything in it is changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "dnszone/dkim/dkim_message.h"
#include "dnszone/dkim/dkim_verify.h"
#include "tests/unit/resolver_mock.h"

#define NOW INT64_C(1700000000)

static const char *const files[] = { "rfc6376-a2-signed.eml", "rfc6376-rawrsa-signed.eml",
	                             "rfc8463-a3-signed.eml" };

/* False: there is no test data. */
static bool read_file(const char *name, struct buf *into)
{
	const char *folder = getenv("TESTDATA");
	if (!folder || !*folder)
		return false;
	auto_free char *path = xasprintf("%s/dkim/%s", folder, name);
	FILE *file = fopen(path, "rb");
	char piece[4096];
	size_t len;
	if (!file)
		return false;
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(into, piece, len);
	fclose(file);
	return true;
}

static struct resolver *open_keys(void)
{
	auto_buf table = BUF_INIT;
	struct resolver *dns;
	struct err err = ERR_INIT;
	if (!read_file("keys.tsv", &table))
		return NULL;
	dns = resolver_mock_new(MOCK_OPEN);
	char *rest = table.at;
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *text = strchr(line, '\t');
		if (!text)
			continue;
		*text++ = '\0';
		const struct mock_row row = { line, "TXT", text };
		if (resolver_mock_add(dns, &row, &err) != 0)
			fail_msg("%s", err.text);
	}
	return dns;
}

static void on_field(void *arg, struct octets name, struct octets value)
{
	dkim_verifier_field(arg, name, value);
}

static void on_end_fields(void *arg)
{
	bool needs_body = dkim_verifier_end_fields(arg, NOW, NULL);
	(void)needs_body;
}

static void on_body(void *arg, const char *octets, size_t len)
{
	dkim_verifier_body(arg, octets, len);
}

/* Feeds a message in pieces of `step` octets. */
static size_t verify(struct dkim_verifier *verifier, struct resolver *dns,
                     const struct buf *text, size_t step,
                     const struct dkim_report **ret_reports)
{
	struct dkim_message message = { .field = on_field,
		                        .end_fields = on_end_fields,
		                        .body = on_body,
		                        .arg = verifier };
	dkim_verifier_reset(verifier);
	for (size_t at = 0; at < text->len; at += step) {
		size_t len = text->len - at < step ? text->len - at : step;
		assert_true(dkim_message_feed(&message, text->at + at, len));
	}
	dkim_message_end(&message);
	return dkim_verifier_finish(verifier, dns, deadline_in_ms(1000), ret_reports);
}

static void expect_pass(struct dkim_verifier *verifier, struct resolver *dns,
                        const struct buf *text, size_t step, const char *name)
{
	const struct dkim_report *report;
	size_t count = verify(verifier, dns, text, step, &report);
	assert_int_equal(count, strstr(name, "8463") ? 2 : 1);
	for (size_t i = 0; i < count; i++)
		if (report[i].result != DKIM_PASS)
			fail_msg("%s, signature %zu, pieces of %zu: %s (%s)", name, i,
			         step, dkim_result_name(report[i].result),
			         report[i].reason);
}

static void without_cr(const struct buf *from, struct buf *into)
{
	for (size_t i = 0; i < from->len; i++)
		if (from->at[i] != '\r')
			buf_putc(into, from->at[i]);
}

static void test_pass(void **state)
{
	(void)state;
	struct resolver *dns = open_keys();
	if (!dns)
		skip();
	struct dkim_verifier *verifier = dkim_verifier_new();
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_buf text = BUF_INIT, lf = BUF_INIT;
		assert_true(read_file(files[i], &text));
		without_cr(&text, &lf);
		for (size_t step = 1; step < 80; step++) {
			expect_pass(verifier, dns, &text, step, files[i]);
			expect_pass(verifier, dns, &lf, step, files[i]);
		}
		expect_pass(verifier, dns, &text, SIZE_MAX / 2, files[i]);
	}
	dkim_verifier_free(verifier);
	resolver_free(dns);
}

static void test_report(void **state)
{
	(void)state;
	struct resolver *dns = open_keys();
	if (!dns)
		skip();
	struct dkim_verifier *verifier = dkim_verifier_new();
	const struct dkim_report *report;
	auto_buf text = BUF_INIT;
	assert_true(read_file("rfc8463-a3-signed.eml", &text));
	assert_int_equal(verify(verifier, dns, &text, SIZE_MAX / 2, &report), 2);
	assert_string_equal(report[0].domain, "football.example.com");
	assert_string_equal(report[0].selector, "brisbane");
	assert_string_equal(report[0].algorithm, "ed25519-sha256");
	assert_string_equal(report[0].b, "/gCrinpc");
	assert_int_equal(report[0].identity.len, strlen("@football.example.com"));
	assert_int_equal(report[0].key_bits, 256);
	assert_string_equal(report[1].selector, "test");
	assert_string_equal(report[1].algorithm, "rsa-sha256");
	assert_int_equal(report[1].key_bits, 1024);
	assert_null(report[1].reason);
	dkim_verifier_free(verifier);
	resolver_free(dns);
}

/* Simple canonicalization: any other octet anywhere. */
static void test_changed(void **state)
{
	(void)state;
	struct resolver *dns = open_keys();
	if (!dns)
		skip();
	struct dkim_verifier *verifier = dkim_verifier_new();
	const struct dkim_report *report;
	auto_buf text = BUF_INIT;
	assert_true(read_file("rfc6376-a2-signed.eml", &text));
	for (size_t i = 0; i < text.len; i++) {
		char was = text.at[i];
		if (was == '\r' || was == '\n')
			continue;
		text.at[i] = was == 'x' ? 'y' : 'x';
		size_t count = verify(verifier, dns, &text, SIZE_MAX / 2, &report);
		if (count > 0 && report[0].result == DKIM_PASS)
			fail_msg("octet %zu (%c) is not covered", i, was);
		text.at[i] = was;
	}
	dkim_verifier_free(verifier);
	resolver_free(dns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
