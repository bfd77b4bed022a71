/* Signatures that the test made itself: everything that passes, and every way in which one does not. */
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

/* ---- what passes ------------------------------------------------------------------------------ */

static const struct test_message odd_headers[] = {
	{ { "From: a@author.example", "subject:  two   blanks \t here\t ",
	    "TO:b@c.example" },
	  OCTETS("text\r\n") },
	{ { "From : a@author.example", "Subject\t:folded\n\tagain\r\n  and again",
	    "To:\n b@c.example" },
	  OCTETS("text\r\n") },
	{ { "Received: one", "From: a@author.example", "Received: two", "Subject: first",
	    "Subject: second", "Received: three", "To: x", "To: y" },
	  OCTETS("text\r\n") },
	{ { "From: \xc3\xa4@author.example", "Subject:", "To: \x80\xff\x01" },
	  OCTETS("\x00\x01\x80\xff\r\n") },
	{ { "From: a@author.example", "Subject: bare\rreturn \r x", "To: \r\n " },
	  OCTETS("a\rb\nc\n\rd\r\r\ne \r\n") },
	{ { "From: a@author.example" }, OCTETS_NONE },
};

static const struct octets bodies[] = {
	{ 0 },
	OCTETS("\r\n"),
	OCTETS("\r\n\r\n\r\n"),
	OCTETS(" "),
	OCTETS(" \t\r\n \r\n"),
	OCTETS("text"),
	OCTETS("text "),
	OCTETS("text\r\n"),
	OCTETS("text\r\n\r\n\r\n"),
	OCTETS("text\r\n \r\n\t\r\n"),
	OCTETS("text \r\nmore\r\n"),
	OCTETS(" text  more\t \r\n\r\n\r\n\tend \t "),
	OCTETS("\r\n\r\n text \r\n"),
	OCTETS("text\r"),
	OCTETS("text\r\r\n"),
	OCTETS("text \r \r\n \r"),
	OCTETS("\n\n"),
	OCTETS("\r"),
	OCTETS("text\n \ntext\n"),
	OCTETS("a\0b \0\r\n"),
};

/* In pieces of any size. */
static void check_pieces(struct dkim_fixture *f, const struct signer *signer,
                         const struct test_message *message)
{
	auto_free char *field = NULL;
	struct test_message signed_one = dkim_test_sign(signer, message, &field);
	for (size_t step = 0; step <= message->body.len; step++) {
		const struct dkim_report *report;
		assert_int_equal(signer_verify(f->verifier, &signed_one, step, NOW, NULL,
		                               f->dns, &report),
		                 1);
		dkim_expect(report, DKIM_PASS, NULL, field);
	}
}

static void for_each_canon(struct dkim_fixture *f, const struct test_message *message)
{
	static const char *const canons[] = { "simple", "relaxed" };
	for (size_t i = 0; i < 8; i++) {
		bool is_ed25519 = i & 4;
		const struct signer signer = {
			.key = is_ed25519 ? f->ed25519 : f->rsa,
			.is_ed25519 = is_ed25519,
			.selector = is_ed25519 ? "ed" : "s",
			.header = canons[i & 1],
			.body = canons[i >> 1 & 1],
			.names =
				"From:from:Subject:Subject:to:Received:Received:received:"
				"received:X-None:subject",
		};
		check_pieces(f, &signer, message);
	}
}

static void test_pass(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(odd_headers); i++)
		for_each_canon(*state, &odd_headers[i]);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct test_message message = dkim_test_plain;
		message.body = bodies[i];
		for_each_canon(*state, &message);
	}
}

static void test_tags(void **state)
{
	struct dkim_fixture *f = *state;
	static const struct {
		const char *more;
		enum dkim_result result;
		const char *reason;
	} rows[] = {
		{ " t=1699999999;", DKIM_PASS, NULL },
		{ " t=1700000300;", DKIM_PASS, NULL }, /* clocks differ */
		{ " t=1700000301;", DKIM_PERMERROR, "from the future" },
		{ " t=999999999999;", DKIM_PERMERROR, "from the future" },
		{ " t=9999999999999;", DKIM_PERMERROR, "t= is not a number" },
		{ " t=-1;", DKIM_PERMERROR, "t= is not a number" },
		{ " t=;", DKIM_PERMERROR, "t= is not a number" },
		{ " x=1699999700;", DKIM_PASS, NULL },
		{ " x=1699999699;", DKIM_PERMERROR, "has expired" },
		{ " t=1600000000; x=1600000001;", DKIM_PERMERROR, "has expired" },
		{ " t=1600000001; x=1600000000;", DKIM_PERMERROR, "x= is not after t=" },
		{ " t=1700000000; x=1700000000;", DKIM_PERMERROR, "x= is not after t=" },
		{ " t=0; x=0;", DKIM_PERMERROR, "x= is not after t=" },
		{ " t=1700000000; x=1700000001;", DKIM_PASS, NULL },
		{ " i=@author.example;", DKIM_PASS, NULL },
		{ " i=joe@AUTHOR.example;", DKIM_PASS, NULL },
		{ " i=\"a@b\"@sub.\r\n author.example;", DKIM_PASS, NULL },
		{ " i=@example;", DKIM_PERMERROR, "i= is not an address" },
		{ " i=@other.example;", DKIM_PERMERROR, "not d= or below" },
		{ " i=@notauthor.example;", DKIM_PERMERROR, "not d= or below" },
		{ " i=author.example;", DKIM_PERMERROR, "i= is not an address" },
		{ " i=;", DKIM_PERMERROR, "i= is not an address" },
		{ " q=dns/txt;", DKIM_PASS, NULL },
		{ " q=other : dns/txt;", DKIM_PASS, NULL },
		{ " q=other;", DKIM_PERMERROR, "q= does not contain" },
		{ " z=From:foo|To:bar; unknown=; Q=x; v2 = \t\r\n x y ;", DKIM_PASS,
		  NULL },
		{ " t=1; t=1;", DKIM_PERMERROR, "a tag twice" },
		{ " zz=1; zz=1;", DKIM_PERMERROR, "a tag twice" },
		{ " =x;", DKIM_PERMERROR, "not a list of tags" },
		{ " x y=1;", DKIM_PERMERROR, "not a list of tags" },
		{ " 1a=1;", DKIM_PERMERROR, "not a list of tags" },
		{ ";", DKIM_PERMERROR, "not a list of tags" },
		{ " n=\x01;", DKIM_PERMERROR, "control character" },
		{ " l=1000;", DKIM_PERMERROR, "l= is larger than the body" },
		{ " l=x;", DKIM_PERMERROR, "l= is not a number" },
		{ " l=99999999999999999999999999999999;", DKIM_PERMERROR, "larger" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct signer signer = { .key = f->rsa, .more = rows[i].more };
		dkim_check(f, &signer, &dkim_test_plain, rows[i].result, rows[i].reason);
	}
}

static void test_names(void **state)
{
	struct dkim_fixture *f = *state;
	const struct {
		struct signer signer;
		enum dkim_result result;
		const char *reason;
	} rows[] = {
		{ { .domain = "AUTHOR.Example" }, DKIM_PASS, NULL },
		{ { .selector = "S" }, DKIM_PASS, NULL },
		{ { .domain = "b\xc3\xbc"
		              "cher.example" },
		  DKIM_PASS,
		  NULL },
		{ { .domain = "b\xc3\xbc"
		              "cher.example",
		    .more = " i=x@sub.xn--bcher-kva.example;" },
		  DKIM_PASS,
		  NULL },
		{ { .selector = "b\xc3\xbc"
		                "cher" },
		  DKIM_PASS,
		  NULL },
		{ { .selector = "alias" }, DKIM_PASS, NULL },
		{ { .domain = "author.example." }, DKIM_PERMERROR, "d= is not a domain" },
		{ { .domain = "example" }, DKIM_PERMERROR, "d= is not a domain" },
		{ { .domain = "a b.example" }, DKIM_PERMERROR, "d= is not a domain" },
		{ { .domain = "\xff.example" }, DKIM_PERMERROR, "d= is not a domain" },
		{ { .domain = "" }, DKIM_PERMERROR, "d= is not a domain" },
		{ { .selector = "" }, DKIM_PERMERROR, "s= is not a selector" },
		{ { .selector = "*" }, DKIM_PERMERROR, "s= is not a selector" },
		{ { .selector = "none" }, DKIM_PERMERROR, "no key for the signature" },
		{ { .selector = "nodata" }, DKIM_PERMERROR, "no key for the signature" },
		{ { .selector = "slow" }, DKIM_TEMPERROR, "cannot be queried: " },
		{ { .selector = "bad" }, DKIM_TEMPERROR, "cannot be queried: " },
		{ { .algorithm = "rsa-sha1" }, DKIM_POLICY, "rsa-sha1" },
		{ { .algorithm = "rsa-sha512" }, DKIM_PERMERROR, "a= is not a known" },
		{ { .algorithm = "RSA-SHA256" }, DKIM_PERMERROR, "a= is not a known" },
		{ { .algorithm = "ed25519-sha256" }, DKIM_PERMERROR, "does not fit a=" },
		{ { .names = "to:subject" }, DKIM_PERMERROR, "does not contain From" },
		{ { .names = "from:" }, DKIM_PERMERROR, "h= is not a list" },
		{ { .names = "" }, DKIM_PERMERROR, "h= is not a list" },
		{ { .names = " \r\n from \t:\r\n\tto " }, DKIM_PASS, NULL },
		{ { .header = "relaxed", .body = "x" }, DKIM_PERMERROR, "c= is not" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct signer signer = rows[i].signer;
		signer.key = f->rsa;
		dkim_check(f, &signer, &dkim_test_plain, rows[i].result, rows[i].reason);
	}
}

/* ---- keys ------------------------------------------------------------------------------------- */

static void check_record(struct dkim_fixture *f, const char *record, const char *second,
                         const struct signer *signer, enum dkim_result result,
                         const char *reason, bool is_testing)
{
	auto_resolver *dns = resolver_mock_new(MOCK_OPEN);
	const struct dkim_report *report;
	auto_free char *field = NULL;
	struct test_message message = dkim_test_sign(signer, &dkim_test_plain, &field);
	dkim_test_add_record(dns, "s._domainkey.author.example", "TXT", record);
	if (second)
		dkim_test_add_record(dns, "s._domainkey.author.example", "TXT", second);
	assert_int_equal(signer_verify(f->verifier, &message, 0, NOW, NULL, dns, &report),
	                 1);
	dkim_expect(report, result, reason, record);
	assert_int_equal(report->is_testing, is_testing);
}

static void test_records(void **state)
{
	struct dkim_fixture *f = *state;
	static const struct {
		const char *tags;
		bool has_key;
		enum dkim_result result;
		const char *reason;
		bool is_testing;
	} rows[] = {
		{ "p=", true, DKIM_PASS, NULL, false },
		{ "v=DKIM1; t=y; p=", true, DKIM_PASS, NULL, true },
		{ "v=DKIM1; t=s : y; h=sha1:sha256; s=*; k=rsa; p=", true, DKIM_PASS,
		  NULL, true },
		{ "v=DKIM1; n=a note; g=*; s=other:email; p=", true, DKIM_PASS, NULL,
		  false },
		{ "v=DKIM2; p=", true, DKIM_PERMERROR, "is not DKIM1", false },
		{ "k=rsa; v=DKIM1; p=", true, DKIM_PERMERROR, "first tag", false },
		{ "v=DKIM1; k=RSA; p=", true, DKIM_PERMERROR, "k= of the key", false },
		{ "v=DKIM1; h=sha1; p=", true, DKIM_PERMERROR, "allow sha256", false },
		{ "v=DKIM1; s=tlsrpt; p=", true, DKIM_PERMERROR, "allow email", false },
		{ "v=DKIM1; k=ed25519; p=", true, DKIM_PERMERROR, "not 32 octets",
		  false },
		{ "v=DKIM1; n=1; n=2; p=", true, DKIM_PERMERROR, "a tag twice", false },
		{ "v=DKIM1; t=y; p=", false, DKIM_PERMERROR, "revoked", true },
		{ "v=DKIM1", false, DKIM_PERMERROR, "has no p=", false },
		{ "v=DKIM1; p=abc", false, DKIM_PERMERROR, "not base64", false },
		{ "v=DKIM1; p=abcd", false, DKIM_PERMERROR, "not an RSA key", false },
		{ "", false, DKIM_PERMERROR, "not a list of tags", false },
		{ "junk", false, DKIM_PERMERROR, "not a list of tags", false },
		{ "v=DKIM1; p=\xff", false, DKIM_PERMERROR, "printable ASCII", false },
	};
	const char *key = strstr(f->rsa_record, "p=") + 2;
	const struct signer signer = { .key = f->rsa };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *record =
			xasprintf("%s%s", rows[i].tags, rows[i].has_key ? key : "");
		check_record(f, record, NULL, &signer, rows[i].result, rows[i].reason,
		             rows[i].is_testing);
	}
	check_record(f, f->rsa_record, f->ed25519_record, &signer, DKIM_PERMERROR,
	             "several key records", false);
	check_record(f, f->rsa_record, "v=spf1 -all", &signer, DKIM_PASS, NULL, false);
	check_record(f, "one", "two", &signer, DKIM_PERMERROR, "no key record", false);
	auto_free char *strict = xasprintf("v=DKIM1; t=s; p=%s", key);
	const struct signer below = { .key = f->rsa, .more = " i=@sub.author.example;" };
	check_record(f, strict, NULL, &below, DKIM_PERMERROR, "in a subdomain", false);
	const struct signer same = { .key = f->rsa, .more = " i=x@Author.Example;" };
	check_record(f, strict, NULL, &same, DKIM_PASS, NULL, false);
	auto_free char *other = signer_record(f->short_rsa, false);
	check_record(f, other, NULL, &signer, DKIM_POLICY, "too short: 512 bits", false);
}

static void test_long_key(void **state)
{
	struct dkim_fixture *f = *state;
	/* an RSAPublicKey of 8200 bits; it needs no private half */
	unsigned char der[1040] = {
		0x30, 0x82, 0x04, 0x0a, 0x02, 0x82, 0x04, 0x02, 0x00
	};
	char text[2000] = "p=";
	memset(der + 9, 0xff, 1025);
	memcpy(der + 9 + 1025, "\x02\x03\x01\x00\x01", 5);
	der[3] = 0x0a + 1; /* 4 + 1026 + 5 = 1035 */
	EVP_EncodeBlock((unsigned char *)text + 2, der, 9 + 1025 + 5);
	const struct signer signer = { .key = f->rsa };
	check_record(f, text, NULL, &signer, DKIM_POLICY, "too long: 8200 bits", false);
}

static void test_pkcs1(void **state)
{
	struct dkim_fixture *f = *state;
	unsigned char *der = NULL;
	char text[2000] = "p=";
	int len = i2d_PublicKey(f->rsa, &der);
	EVP_EncodeBlock((unsigned char *)text + 2, der, len);
	OPENSSL_free(der);
	const struct signer signer = { .key = f->rsa };
	check_record(f, text, NULL, &signer, DKIM_PASS, NULL, false);
}

/* ---- what was changed ------------------------------------------------------------------------- */

static void test_changes(void **state)
{
	struct dkim_fixture *f = *state;
	const struct signer signer = { .key = f->rsa,
		                       .header = "relaxed",
		                       .body = "relaxed",
		                       .names = "from:from:to:subject:subject" };
	static const struct {
		size_t at;         /* of the field: 1 From, 2 To, 3 Subject */
		const char *field; /* instead of it */
		bool is_inserted;  /* before it */
		enum dkim_result result;
	} rows[] = {
		{ 1, "FROM :  Author\n\t<a@author.example> ", false, DKIM_PASS },
		{ 1, "From: Author<a@author.example>", false, DKIM_FAIL },
		{ 1, "From: author <a@author.example>", false, DKIM_FAIL },
		{ 1, "From: b@author.example", true, DKIM_FAIL },
		{ 4, "From: b@author.example", true, DKIM_FAIL },
		{ 0, "From: b@author.example", true, DKIM_FAIL },
		{ 2, "To: other", true, DKIM_PASS }, /* the lower one was signed */
		{ 4, "To: other", true, DKIM_FAIL },
		{ 2, "X-To: b@reader.example", false, DKIM_FAIL },
		{ 3, "Subject: Hello there", false, DKIM_FAIL },
		{ 3, "Subject: ", true, DKIM_FAIL },
		{ 3, "X-Other: x", true, DKIM_PASS },
	};
	auto_free char *field = NULL;
	const struct test_message good =
		dkim_test_sign(&signer, &dkim_test_plain, &field);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct test_message changed = good;
		if (rows[i].is_inserted)
			memmove(changed.field + rows[i].at + 1,
			        changed.field + rows[i].at,
			        (TEST_FIELDS - 1 - rows[i].at) *
			                sizeof(changed.field[0]));
		changed.field[rows[i].at] = rows[i].field;
		dkim_check_signed(f, &changed, rows[i].result,
		                  rows[i].result == DKIM_FAIL
		                          ? "the signature did not verify"
		                          : NULL,
		                  rows[i].field);
	}
	struct test_message other_body = good;
	other_body.body = OCTETS("Hello,\r\n\r\n  how are  You?\r\n");
	dkim_check_signed(f, &other_body, DKIM_FAIL, "body hash", "a body");
	other_body.body = OCTETS("Hello,\r\n\r\n how \tare \t you? \t\r\n\r\n");
	dkim_check_signed(f, &other_body, DKIM_PASS, NULL, "a body with other blanks");
}

/* Every octet of the signature itself, but where only the value of b= is left out. */
static void test_own_octets(void **state)
{
	struct dkim_fixture *f = *state;
	const struct signer signer = { .key = f->ed25519,
		                       .is_ed25519 = true,
		                       .selector = "ed",
		                       .header = "simple" };
	auto_free char *field = NULL;
	struct test_message message = dkim_test_sign(&signer, &dkim_test_plain, &field);
	const struct dkim_report *report;
	for (size_t i = strlen("DKIM-Signature:"); i < strlen(field); i++) {
		char was = field[i];
		/* of the last digit in front of "==" only the upper bits count */
		field[i] = was == 'B' ? 'C' : was >= 'A' && was <= 'P' ? 'z' : 'B';
		size_t count = signer_verify(f->verifier, &message, 0, NOW, NULL, f->dns,
		                             &report);
		if (count != 1 || report[0].result == DKIM_PASS)
			fail_msg("octet %zu (%c) is not covered: %s", i, was, field);
		field[i] = was;
	}
	dkim_check_signed(f, &message, DKIM_PASS, NULL, field);
}

/* b= may be folded, stand anywhere, and have white space around. */
static void test_b_place(void **state)
{
	struct dkim_fixture *f = *state;
	const struct signer signer = { .key = f->rsa, .header = "simple" };
	auto_free char *field = signer_sign(&signer, &dkim_test_plain);
	struct test_message message = dkim_test_plain;
	auto_buf folded = BUF_INIT;
	char *b = strstr(field, "\tb=") + 3;
	buf_add(&folded, field, (size_t)(b - field));
	for (const char *c = b; *c; c++) {
		buf_puts(&folded, (c - b) % 20 == 0 ? " \n\t" : "");
		buf_putc(&folded, *c);
	}
	buf_puts(&folded, "\r\n ");
	dkim_test_add_field(&message, folded.at);
	dkim_check_signed(f, &message, DKIM_PASS, NULL, folded.at);
	buf_puts(&folded, ";");
	message.field[0] = folded.at;
	dkim_check_signed(f, &message, DKIM_FAIL, NULL, folded.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pass),     cmocka_unit_test(test_tags),
		cmocka_unit_test(test_names),    cmocka_unit_test(test_records),
		cmocka_unit_test(test_long_key), cmocka_unit_test(test_pkcs1),
		cmocka_unit_test(test_changes),  cmocka_unit_test(test_own_octets),
		cmocka_unit_test(test_b_place),
	};
	return cmocka_run_group_tests(tests, dkim_fixture_open, dkim_fixture_close);
}
