/* dkim_record.c: what a verifier takes for the key's record, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "dnszone/dkim/dkim_record.h"

/* A SubjectPublicKeyInfo of RSA in miniature: the wrapping, then what PKCS#1 has. */
#define WRAP                                                                           \
	"\x30\x20\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x0f" \
	"\x00"
#define PKCS1 "\x30\x0a\x02\x04\x7f\x11\x22\x33\x02\x03\x01\x00\x01"
/* base64 of the two together, and of PKCS1 alone */
#define P "MCAwDQYJKoZIhvcNAQEBBQADDwAwCgIEfxEiMwIDAQAB"
#define INNER "MAoCBH8RIjMCAwEAAQ=="
#define OTHER "MCAwDQYJKoZIhvcNAQEBBQADDwAwCgIEfxEiNAIDAQAB"

/* RFC 8463 A.2, 32 octets; and the same as a SubjectPublicKeyInfo (RFC 8410) */
#define ED "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define ED_SPKI "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

struct row {
	const char *shown;
	const char *fault; /* NULL: it fits */
	const char *said;  /* a part of the sentence */
};

static void check(const char *wanted, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct dkim_verdict verdict;
		char text[256];
		dkim_record_judge(rows[i].shown, strlen(rows[i].shown), wanted, &verdict);
		dkim_verdict_say(&verdict, text, sizeof(text));
		if (!text_same(dkim_fault_key(verdict.fault), rows[i].fault))
			fail_msg("%s: %s (%s)", rows[i].shown,
			         dkim_fault_key(verdict.fault), text);
		if (rows[i].said && !strstr(text, rows[i].said))
			fail_msg("%s: %s", rows[i].shown, text);
		assert_int_equal(!*text, !rows[i].fault);
	}
}

static void test_rsa(void **state)
{
	static const struct row rows[] = {
		{ "v=DKIM1; k=rsa; p=" P, NULL },
		{ "v=DKIM1; p=" P, NULL },
		{ "p=" P, NULL },
		{ "k=rsa;p=" P, NULL },
		{ " v = DKIM1 ;\tk = rsa ; p = " P " ; ", NULL },
		{ "v=DKIM1;k=rsa;p=" P ";", NULL },
		/* white space in p= means nothing, wherever a string was cut */
		{ "v=DKIM1; k=rsa; p=MCAwDQYJKoZI hvcNAQEBBQADDwAw\r\n CgIEfxEiMwIDAQAB",
		  NULL },
		/* the order after v=, tags that nobody knows, those that are history */
		{ "v=DKIM1; p=" P "; k=rsa; n=a note", NULL },
		{ "v=DKIM1; k=rsa; x=1; g=*; a_b=c; p=" P, NULL },
		{ "v=DKIM1; V=other; K=ed25519; k=rsa; p=" P, NULL },
		{ "v=DKIM1; k=rsa; n=back\\; t=s; p=" P, NULL },
		{ "v=DKIM1; k=rsa; n=\"quoted\"; p=" P, NULL },
		{ "v=DKIM1; k=rsa; t=s; p=" P, NULL },
		{ "v=DKIM1; k=rsa; t=y:s; p=" P, NULL },
		{ "v=DKIM1; k=rsa; h=sha256; s=email; p=" P, NULL },
		{ "v=DKIM1; k=rsa; h=sha1:sha256; s=tlsrpt:*; p=" P, NULL },
		{ "v=DKIM1; k=rsa; h= sha1 : sha256 ; s= tlsrpt : email ; p=" P, NULL },

		{ "", "empty", "is empty" },
		{ "  ", "empty" },
		{ "v=dkim1; k=rsa; p=" P, "version", "v= is \"dkim1\"" },
		{ "v=DKIM2; k=rsa; p=" P, "version", "\"DKIM2\"" },
		{ "v=; k=rsa; p=" P, "version", "\"\"" },
		{ "v=spf1 -all", "version", "\"spf1 -all\"" },
		{ "v=DKI M1; p=" P, "version" },
		{ "k=rsa; v=DKIM1; p=" P, "version-place", "not the first tag" },
		{ "p=" P "; v=DKIM1", "version-place" },
		{ "k=rsa; v=dkim1; p=" P, "version" },
		{ "v=DKIM1; k=ed25519; p=" P, "algorithm", "k= is \"ed25519\"" },
		{ "v=DKIM1; k=RSA; p=" P, "algorithm", "\"RSA\"" },
		{ "v=DKIM1; k=; p=" P, "algorithm" },
		{ "v=DKIM1; h=sha1; p=" P, "hash", "h= is \"sha1\"" },
		{ "v=DKIM1; h=; p=" P, "hash" },
		{ "v=DKIM1; h=SHA256; p=" P, "hash" },
		{ "v=DKIM1; h=sha256x:xsha256; p=" P, "hash" },
		{ "v=DKIM1; s=tlsrpt; p=" P, "service", "s= is \"tlsrpt\"" },
		{ "v=DKIM1; s=; p=" P, "service" },
		{ "v=DKIM1; s=Email; p=" P, "service" },

		{ "v=DKIM1; k=rsa", "no-key", "has no p=" },
		{ "v=DKIM1; k=rsa; P=" P, "no-key" },
		{ "hello=world", "no-key" },
		{ "v=DKIM1; k=rsa; p=", "revoked", "p= is empty" },
		{ "v=DKIM1; k=rsa; p= \t ", "revoked" },
		{ "v=DKIM1; k=rsa; p=" P "; p=" P, "tag-twice", "the tag p twice" },
		{ "v=DKIM1; k=rsa; k=rsa; p=" P, "tag-twice", "the tag k twice" },
		{ "v=DKIM1; v=DKIM1; p=" P, "tag-twice", "the tag v twice" },
		{ "v=DKIM1; n=a; n=b; p=" P, "tag-twice", "the tag n twice" },

		/* zone-file escapes and quotes that became data */
		{ "v=DKIM1\\; k=rsa\\; p=" P, "backslash", "backslash" },
		{ "v=DKIM1; k=rsa\\; p=" P, "backslash" },
		{ "k=rsa\\; p=" P, "backslash" },
		{ "v=DKIM1; h=sha256\\; p=" P, "backslash" },
		{ "\"v=DKIM1; k=rsa; p=" P "\"", "quoted", "quotation marks" },
		{ "v=DKIM1; k=rsa; p=\"" P "\"", "quoted" },
		{ "v=DKIM1; k=rsa; p=MCAwDQYJKoZI\" \"hvcNAQEBBQADDwAwCgIEfxEiMwIDAQAB",
		  "quoted" },
		{ "\"v=DKIM1; k=rsa; \" \"p=" P "\"", "quoted" },
		/* ... but not where something else is wrong */
		{ "v=DKIM1; n=a\\;b=c; p=" OTHER, "other-key" },
		{ "v=DKIM1; n=\"a\"; p=", "revoked" },

		{ "google-site-verification=abc", "syntax" },
		{ "hello world", "syntax", "\"hello world\"" },
		{ "v=DKIM1;; p=" P, "syntax" },
		{ "v=DKIM1; p=" P ";;", "syntax" },
		{ "v=DKIM1; n=\xc3\xbc; p=" P, "octet", "195" },
		{ "v=DKIM1; n=\x01; p=" P, "octet", "the octet 1," },

		{ "v=DKIM1; p=" OTHER, "other-key", "another key" },
		{ "v=DKIM1; p=" P "AAAA", "other-key" },
		{ "v=DKIM1; p=not base64!", "base64", "base64" },
		{ "v=DKIM1; p=" P "A", "base64" },
		{ "v=DKIM1; p====", "base64" },
		{ "v=DKIM1; p=" INNER, "encoding", "encoding" },
		{ "v=DKIM1; p=MCAwDQYJKoZIhvcNAQEB", "cut", "first part" },
		{ "v=DKIM1; p=MCAwDQYJKoZIhvcNAQEBBQA", "cut" },
		{ "v=DKIM1; p=MCAwDQYJKoZIhvcNAQ==", "cut" },
	};
	(void)state;
	auto_free char *wanted = dkim_record_text(
		"rsa", (const unsigned char *)(WRAP PKCS1), sizeof(WRAP PKCS1) - 1);
	assert_string_equal(wanted, "v=DKIM1; k=rsa; p=" P);
	check(wanted, rows, ARRAY_LEN(rows));
}

static void test_ed25519(void **state)
{
	static const struct row rows[] = {
		{ "v=DKIM1; k=ed25519; p=" ED, NULL },
		/* bits behind the last octet are not the key's (RFC 4648 3.5) */
		{ "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=", NULL },
		{ "v=DKIM1; p=" ED, "algorithm", "k= is \"rsa\"" },
		{ "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo",
		  "cut" },
		{ "v=DKIM1; k=ed25519; p=" ED_SPKI, "encoding" },
		{ "v=DKIM1; k=ed25519; p=" P, "other-key" },
	};
	(void)state;
	check("v=DKIM1; k=ed25519; p=" ED, rows, ARRAY_LEN(rows));
}

static void test_revoked_wanted(void **state)
{
	static const struct row rows[] = {
		{ "v=DKIM1; k=rsa; p=", NULL },
		{ "v=DKIM1; k=rsa; p=" P, "other-key" },
	};
	(void)state;
	check("v=DKIM1; k=rsa; p=", rows, ARRAY_LEN(rows));
}

static void test_octets(void **state)
{
	static const char text[] = "v=DKIM1; p=" P "\0; n=x";
	struct dkim_verdict verdict;
	char said[256];
	(void)state;
	dkim_record_judge(text, sizeof(text) - 1, "v=DKIM1; k=rsa; p=" P, &verdict);
	assert_int_equal(verdict.fault, DKIM_OCTET);
	dkim_record_judge("", 0, "v=DKIM1; k=rsa; p=" P, &verdict);
	assert_int_equal(verdict.fault, DKIM_EMPTY);
	/* a long value is cut, and prints as it is on a terminal */
	dkim_record_judge("v=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\t", 54,
	                  "v=DKIM1; k=rsa; p=" P, &verdict);
	dkim_verdict_say(&verdict, said, sizeof(said));
	assert_non_null(strstr(said, "aaa...\""));
}

static void test_several(void **state)
{
	struct dkim_verdict verdict;
	char said[256];
	(void)state;
	dkim_record_count(1, &verdict);
	assert_int_equal(verdict.fault, DKIM_FITS);
	dkim_record_count(3, &verdict);
	assert_string_equal(dkim_fault_key(verdict.fault), "several-records");
	dkim_verdict_say(&verdict, said, sizeof(said));
	assert_non_null(strstr(said, "3 TXT records"));
}

static void test_testing(void **state)
{
	static const struct {
		const char *text;
		bool is_testing;
	} rows[] = {
		{ "v=DKIM1; t=y; p=" P, true },   { "v=DKIM1; t=s:y; p=" P, true },
		{ "v=DKIM1; t= y ; p=" P, true }, { "v=DKIM1; t=s; p=" P, false },
		{ "v=DKIM1; t=yy; p=" P, false }, { "v=DKIM1; p=" P, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dkim_verdict verdict;
		dkim_record_judge(rows[i].text, strlen(rows[i].text),
		                  "v=DKIM1; k=rsa; p=" P, &verdict);
		assert_int_equal(verdict.fault, DKIM_FITS);
		assert_int_equal(verdict.is_testing, rows[i].is_testing);
	}
}

/* Keys of JSON: none doubled, none missing. */
static void test_table(void **state)
{
	(void)state;
	assert_null(dkim_fault_key(DKIM_FITS));
	for (unsigned i = DKIM_FITS + 1; i < DKIM_FAULTS; i++) {
		const char *key = dkim_fault_key((enum dkim_fault)i);
		assert_non_null(key);
		assert_int_equal(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-"),
		                 strlen(key));
		for (unsigned k = 1; k < i; k++)
			assert_string_not_equal(key, dkim_fault_key((enum dkim_fault)k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rsa),     cmocka_unit_test(test_ed25519),
		cmocka_unit_test(test_octets),  cmocka_unit_test(test_revoked_wanted),
		cmocka_unit_test(test_several), cmocka_unit_test(test_testing),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests_name("dkim_record", tests, NULL, NULL);
}
