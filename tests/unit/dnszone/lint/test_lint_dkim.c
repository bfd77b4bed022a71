/* DKIM lint: each code fires on its fixture, none on a clean record; keys of every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "dnszone/dkim/dkim_key.h"
#include "dnszone/dkim/dkim_record.h"
#include "dnszone/lint/lint_dkim.h"
#include "tests/unit/lint_rows.h"
#include "tests/unit/resolver_mock.h"

/* RFC 8463 A.2 */
#define ED "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* ---- keys ------------------------------------------------------------------------------------- */

static void put_tlv(struct buf *out, unsigned char kind, const char *value, size_t len)
{
	buf_putc(out, (char)kind);
	if (len < 128) {
		buf_putc(out, (char)len);
	} else {
		buf_putc(out, (char)0x82);
		buf_putc(out, (char)(len >> 8));
		buf_putc(out, (char)(len & 255));
	}
	buf_add(out, value, len);
}

/* RSAPublicKey with a modulus of that many bits. */
static void put_rsa(struct buf *out, unsigned bits)
{
	auto_buf number = BUF_INIT, pair = BUF_INIT;
	if (bits % 8 == 0)
		buf_putc(&number, 0);
	buf_putc(&number, (char)(0xff >> (7 - (bits - 1) % 8)));
	for (unsigned i = 1; i < (bits + 7) / 8; i++)
		buf_putc(&number, 0x55);
	put_tlv(&pair, 0x02, number.at, number.len);
	put_tlv(&pair, 0x02, "\x01\x00\x01", 3);
	put_tlv(out, 0x30, pair.at, pair.len);
}

static void put_spki(struct buf *out, const char *oid, size_t oid_len, const char *key,
                     size_t key_len)
{
	auto_buf name = BUF_INIT, string = BUF_INIT, whole = BUF_INIT;
	put_tlv(&name, 0x06, oid, oid_len);
	put_tlv(&name, 0x05, "", 0);
	put_tlv(&whole, 0x30, name.at, name.len);
	buf_putc(&string, 0);
	buf_add(&string, key, key_len);
	put_tlv(&whole, 0x03, string.at, string.len);
	put_tlv(out, 0x30, whole.at, whole.len);
}

/* "{2048}" is base64 of such a key, "{-2048}" without SubjectPublicKeyInfo, "{ed}" an Ed25519 key
 * with one, "{cut}" a key that lacks its end. */
static void put_key(const char *name, struct buf *out)
{
	auto_buf der = BUF_INIT, rsa = BUF_INIT;
	bool is_bare = *name == '-', is_cut = strncmp(name, "cut", 3) == 0;
	if (strncmp(name, "ed", 2) == 0) {
		put_spki(&der, "\x2b\x65\x70", 3, "0123456789abcdef0123456789abcdef", 32);
	} else {
		put_rsa(&rsa, is_cut ? 2048 : (unsigned)atoi(name + is_bare));
		put_spki(&der, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9, rsa.at,
		         rsa.len);
	}
	const struct buf *key = is_bare ? &rsa : &der;
	auto_free char *text = dkim_record_text("rsa", (const unsigned char *)key->at,
	                                        key->len - (is_cut ? 9 : 0));
	buf_puts(out, strstr(text, "p=") + 2);
}

static void expand(const char *text, struct buf *out)
{
	while (*text) {
		if (*text != '{') {
			buf_putc(out, *text++);
			continue;
		}
		put_key(text + 1, out);
		text = strchr(text, '}') + 1;
	}
}

/* ---- codes ------------------------------------------------------------------------------------ */

static const struct mock_row zone[] = {
	{ "good._domainkey.clean.test", "TXT", "v=DKIM1; k=ed25519; p=" ED },
	{ "two._domainkey.clean.test", "TXT", "v=DKIM1; k=ed25519; p=" ED },
	{ "two._domainkey.clean.test", "TXT", "v=DKIM1; p=" },
	{ "dead._domainkey.clean.test", "TIMEOUT", NULL },
	{ "cname._domainkey.clean.test", "CNAME", "good._domainkey.clean.test" },
};

static const struct {
	const char *
		text; /* "@name": what is published there; "_text": at _domainkey itself */
	const char *codes;
} rows[] = {
	{ "@good", "" },
	{ "@cname", "" },
	{ "@gone", "dkim-no-record" },
	{ "@two", "dkim-two-records dkim-revoked@10" },
	{ "@dead", "dkim-domain-unreachable" },
	{ "_o=-", "" },
	{ "_o=~; r=postmaster@example.com", "" },
	{ "_anything", "" },
	{ "_v=DKIM1; k=ed25519; p=" ED, "dkim-no-selector" },
	{ "_p={2048}", "dkim-no-selector" },
	{ "v=DKIM1; k=rsa; p={2048}", "" },
	{ "v=DKIM1; p={4096};", "" },
	{ "v=DKIM1; h=sha256; k=rsa; s=email; n=a note; p={3072}", "" },
	{ "v=DKIM1; h=sha1 : sha256; s=other:*; p={2048}", "" },
	{ "", "dkim-syntax" },
	{ "   ", "dkim-syntax" },
	{ "v=DKIM1; p", "dkim-syntax" },
	{ "v=DKIM1;; p={2048}", "dkim-syntax" },
	{ "v=DKIM1; p={2048}; p={2048}", "dkim-syntax" },
	{ "v=DKIM1; p=\xc3\xa4", "dkim-syntax" },
	{ "\"v=DKIM1; p={2048}\"", "dkim-syntax" },
	{ "v=DKIM1\\; k=rsa\\; p={2048}", "dkim-version@1 dkim-algorithm@11" },
	{ "v=DKIM2; p={2048}", "dkim-version@1" },
	{ "v=dkim1; p={2048}", "dkim-version@1" },
	{ "k=rsa; v=DKIM1; p={2048}", "dkim-version-not-first@8" },
	{ "k=rsa; p={2048}", "dkim-no-version" },
	{ "v=DKIM1; k=RSA; p={2048}", "dkim-algorithm@10" },
	{ "v=DKIM1; k=dsa; p={2048}", "dkim-algorithm@10" },
	{ "v=DKIM1; h=sha1; p={2048}", "dkim-hash@10" },
	{ "v=DKIM1; h=; p={2048}", "dkim-hash@10" },
	{ "v=DKIM1; s=tlsrpt; p={2048}", "dkim-service@10" },
	{ "v=DKIM1; k=rsa", "dkim-no-key" },
	{ "v=DKIM1; P={2048}", "dkim-no-key dkim-unknown-tag@10" },
	{ "v=DKIM1; k=rsa; p=", "dkim-revoked@17" },
	{ "v=DKIM1; p=abc", "dkim-base64@10" },
	{ "v=DKIM1; p=-----BEGIN PUBLIC KEY-----abcd", "dkim-base64@10" },
	{ "v=DKIM1; p=\"abcd\"", "dkim-base64@10" },
	{ "v=DKIM1; p=YWJj", "dkim-bad-key@10" },
	{ "v=DKIM1; p={cut}", "dkim-bad-key@10" },
	{ "v=DKIM1; p={2048}AAAA", "dkim-bad-key@10" },
	{ "v=DKIM1; p={ed}", "dkim-bad-key@10" },
	{ "v=DKIM1; p=" ED, "dkim-bad-key@10" },
	{ "v=DKIM1; p={-2048}", "dkim-bare-key@10" },
	{ "v=DKIM1; k=ed25519; p={ed}", "dkim-ed25519-length@21" },
	{ "v=DKIM1; k=ed25519; p={2048}", "dkim-ed25519-length@21" },
	{ "v=DKIM1; k=ed25519; p=YWJj", "dkim-ed25519-length@21" },
	{ "v=DKIM1; p={1023}", "dkim-key-too-short@10" },
	{ "v=DKIM1; p={512}", "dkim-key-too-short@10" },
	{ "v=DKIM1; p={1024}", "dkim-short-key@10" },
	{ "v=DKIM1; p={2047}", "dkim-short-key@10" },
	{ "v=DKIM1; p={4097}", "dkim-long-key@10" },
	{ "v=DKIM1; t=y; p={2048}", "dkim-test@10" },
	{ "v=DKIM1; t=s; p={2048}", "dkim-strict@10" },
	{ "v=DKIM1; t=y : s; p={2048}", "dkim-test@10 dkim-strict@10" },
	{ "v=DKIM1; t=y:x; p={2048}", "dkim-test@10 dkim-unknown-flag@10" },
	{ "v=DKIM1; g=; p={2048}", "dkim-granularity@10" },
	{ "v=DKIM1; g=joe; p={2048}", "dkim-granularity@10" },
	{ "v=DKIM1; g=*; p={2048}", "dkim-obsolete-tag@10" },
	{ "v=DKIM1; key=rsa; p={2048}", "dkim-unknown-tag@10" },
	{ "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQ HOg7hcvPapiMlrwIaaPcHURo=",
	  "dkim-blank-in-key@21" },
};

static void lint_row(size_t i, struct resolver *mock, struct lint_list *list)
{
	const char *text = rows[i].text;
	auto_buf whole = BUF_INIT;
	expand(text + (*text == '@' || *text == '_'), &whole);
	if (*text == '@') {
		buf_puts(&whole, "._domainkey.clean.test");
		lint_dkim_owner(buf_text(&whole), mock, (struct deadline){ INT64_MAX },
		                list);
	} else if (*text == '_') {
		lint_dkim_policy((struct octets){ buf_text(&whole), whole.len }, list);
	} else {
		lint_dkim_record((struct octets){ buf_text(&whole), whole.len }, list);
	}
}

static void test_codes(void **state)
{
	(void)state;
	auto_resolver *mock = lint_rows_zone(zone, ARRAY_LEN(zone));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		auto_buf got = BUF_INIT;
		lint_row(i, mock, &list);
		lint_rows_put(&list, &got);
		if (strcmp(buf_text(&got), rows[i].codes) != 0)
			fail_msg("\"%s\": \"%s\" instead of \"%s\"", rows[i].text,
			         buf_text(&got), rows[i].codes);
	}
}

/* Where text was taken out of a zone file as it stands, the detail says so. */
static void test_details(void **state)
{
	(void)state;
	static const struct {
		const char *text, *detail;
	} cases[] = {
		{ "\"v=DKIM1; p=a\"", "remove the quotes" },
		{ "v=DKIM1\\; p\\;", "remove the backslashes" },
		{ "v=DKIM1; p=-----BEGIN PUBLIC KEY-----",
		  "between the lines BEGIN and END" },
		{ "v=DKIM1; p=" ED, "32 octets are an Ed25519 key" },
		{ "v=DKIM1; p=a; p=b", "duplicate tag p" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_lint_list list = LINT_LIST_INIT;
		lint_dkim_record(octets_of(cases[i].text), &list);
		assert_true(list.count > 0);
		if (!list.finding[0].detail ||
		    !strstr(list.finding[0].detail, cases[i].detail))
			fail_msg("%s: %s", cases[i].text, list.finding[0].detail);
	}
}

static void test_base64(void **state)
{
	(void)state;
	static const struct {
		const char *text, *octets; /* NULL: it is none */
	} cases[] = {
		{ "", "" },           { "YQ==", "a" },          { "YWI=", "ab" },
		{ "YWJj", "abc" },    { "Y W\tJ\r\nj", "abc" }, { "YWJjZA==", "abcd" },
		{ "Y", NULL },        { "YQ", NULL },           { "YQ=", NULL },
		{ "YQ===", NULL },    { "Y===", NULL },         { "=", NULL },
		{ "YQ==YQ==", NULL }, { "YW-j", NULL },         { "YW_j", NULL },
		{ "YQ==Y", NULL },    { "Y=Q=", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf out = BUF_INIT;
		bool is_good =
			dkim_base64_decode(cases[i].text, strlen(cases[i].text), &out);
		if (is_good != (cases[i].octets != NULL) ||
		    (is_good && strcmp(buf_text(&out), cases[i].octets) != 0))
			fail_msg("%s: %d \"%s\"", cases[i].text, is_good, buf_text(&out));
	}
}

/* Every octet that is cut off or added makes it another thing; no length leads outside. */
static void test_der(void **state)
{
	(void)state;
	auto_buf rsa = BUF_INIT, der = BUF_INIT;
	unsigned bits;
	put_rsa(&rsa, 2048);
	put_spki(&der, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9, rsa.at, rsa.len);
	const unsigned char *octets = (const unsigned char *)der.at;
	assert_int_equal(dkim_key_look(octets, der.len, &bits), DKIM_KEY_RSA);
	assert_int_equal(bits, 2048);
	for (size_t len = 0; len < der.len; len++) {
		auto_free char *copy = xmemdup(der.at, len);
		assert_int_equal(dkim_key_look((unsigned char *)copy, len, &bits),
		                 DKIM_KEY_OTHER);
	}
	buf_putc(&der, 0);
	assert_int_equal(dkim_key_look((unsigned char *)der.at, der.len, &bits),
	                 DKIM_KEY_OTHER);
}

static const char *codes_of(size_t i)
{
	return rows[i].codes;
}

static void test_table(void **state)
{
	(void)state;
	lint_rows_check(&lint_dkim_table, "dkim-", codes_of, ARRAY_LEN(rows), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),  cmocka_unit_test(test_details),
		cmocka_unit_test(test_base64), cmocka_unit_test(test_der),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
