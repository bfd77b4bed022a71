/* Signatures for tests; everything here is as simple as it can be. */
#include "tests/unit/dkim_signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "dnszone/dkim/dkim_record.h"
#include "tests/unit/dkim_slow.h"
#include "tests/unit/resolver_mock.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

EVP_PKEY *signer_new_rsa(unsigned bits)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	must(key != NULL);
	return key;
}

EVP_PKEY *signer_new_ed25519(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	must(key != NULL);
	return key;
}

char *signer_record(EVP_PKEY *key, bool is_ed25519)
{
	unsigned char raw[32], *der = NULL;
	size_t len = sizeof(raw);
	if (is_ed25519) {
		must(EVP_PKEY_get_raw_public_key(key, raw, &len) == 1);
		return dkim_record_text("ed25519", raw, len);
	}
	int size = i2d_PUBKEY(key, &der);
	must(size > 0);
	char *text = dkim_record_text("rsa", der, (size_t)size);
	OPENSSL_free(der);
	return text;
}

static void put_base64(struct buf *out, const unsigned char *octets, size_t len)
{
	unsigned char text[4096];
	must(len < 2048);
	int size = EVP_EncodeBlock(text, octets, (int)len);
	buf_add(out, text, (size_t)size);
}

/* The fields of h=, each name's from the bottom up. */
static void put_fields(const struct test_message *message, const char *names,
                       bool is_relaxed, struct buf *out)
{
	bool is_taken[TEST_FIELDS] = { false };
	size_t count = 0;
	while (message->field[count])
		count++;
	auto_free char *list = xstrdup(names);
	char *rest = list;
	for (char *name; (name = strsep(&rest, ":"));) {
		name += strspn(name, " \t\r\n");
		size_t len = strcspn(name, " \t\r\n");
		for (size_t i = count; i-- > 0;) {
			const char *field = message->field[i];
			if (is_taken[i] || strncasecmp(field, name, len) != 0 ||
			    field[len + strspn(field + len, " \t")] != ':')
				continue;
			is_taken[i] = true;
			slow_field(is_relaxed, field, strlen(field), out);
			buf_puts(out, "\r\n");
			break;
		}
	}
}

static void sign_hash(const struct signer *signer, const unsigned char *hash,
                      struct buf *out)
{
	unsigned char signature[1024];
	size_t len = sizeof(signature);
	if (signer->is_ed25519) {
		EVP_MD_CTX *md = EVP_MD_CTX_new();
		must(EVP_DigestSignInit(md, NULL, NULL, NULL, signer->key) == 1);
		must(EVP_DigestSign(md, signature, &len, hash, 32) == 1);
		EVP_MD_CTX_free(md);
	} else {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(signer->key, NULL);
		must(EVP_PKEY_sign_init(ctx) == 1);
		must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1);
		must(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
		must(EVP_PKEY_sign(ctx, signature, &len, hash, 32) == 1);
		EVP_PKEY_CTX_free(ctx);
	}
	put_base64(out, signature, len);
}

static const char * or (const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

char *signer_sign(const struct signer *signer, const struct test_message *message)
{
	const char *header = or (signer->header, "relaxed");
	const char *body = or (signer->body, "relaxed");
	const char *names = or (signer->names, "from:to:subject");
	bool has_limit = signer->limit > 0 || signer->is_limit_zero;
	unsigned char hash[32];
	auto_buf text = BUF_INIT, own = BUF_INIT, data = BUF_INIT;
	slow_body(strcmp(body, "relaxed") == 0, message->body.at, message->body.len,
	          &text);
	SHA256((const unsigned char *)buf_text(&text),
	       has_limit ? (size_t)signer->limit : text.len, hash);
	buf_printf(&own, "DKIM-Signature: v=1; a=%s; c=%s/%s; d=%s; s=%s;\n\th=%s;%s bh=",
	           or (signer->algorithm,
	               signer->is_ed25519 ? "ed25519-sha256" : "rsa-sha256"),
	           header, body, or (signer->domain, "author.example"),
	           or (signer->selector, "s"), names, or (signer->more, ""));
	put_base64(&own, hash, sizeof(hash));
	if (has_limit)
		buf_printf(&own, "; l=%ld", signer->limit);
	buf_puts(&own, ";\n\tb=");
	put_fields(message, names, strcmp(header, "relaxed") == 0, &data);
	slow_field(strcmp(header, "relaxed") == 0, own.at, own.len, &data);
	SHA256((const unsigned char *)data.at, data.len, hash);
	sign_hash(signer, hash, &own);
	return buf_take(&own);
}

size_t signer_verify(struct dkim_verifier *verifier, const struct test_message *message,
                     size_t step, int64_t now, const char *author, struct resolver *dns,
                     const struct dkim_report **ret_reports)
{
	dkim_verifier_reset(verifier);
	for (size_t i = 0; message->field[i]; i++) {
		const char *field = message->field[i], *colon = strchr(field, ':');
		dkim_verifier_field(verifier,
		                    (struct octets){ field, (size_t)(colon - field) },
		                    octets_of(colon + 1));
	}
	bool is_wanted = dkim_verifier_end_fields(verifier, now, author);
	for (size_t at = 0; is_wanted && at < message->body.len;) {
		size_t left = message->body.len - at;
		size_t len = step == 0 || step > left ? left : step;
		is_wanted = dkim_verifier_body(verifier, message->body.at + at, len);
		at += len;
	}
	return dkim_verifier_finish(verifier, dns, (struct deadline){ INT64_MAX },
	                            ret_reports);
}

/* ---- a fixture -------------------------------------------------------------------------------- */

void dkim_test_add_record(struct resolver *dns, const char *name, const char *what,
                          const char *data)
{
	struct err err = ERR_INIT;
	const struct mock_row row = { name, what, data };
	if (resolver_mock_add(dns, &row, &err) != 0)
		fail_msg("%s", err.text);
}

int dkim_fixture_open(void **state)
{
	struct dkim_fixture *f = xcalloc(1, sizeof(*f));
	f->rsa = signer_new_rsa(1024);
	f->short_rsa = signer_new_rsa(512);
	f->ed25519 = signer_new_ed25519();
	f->rsa_record = signer_record(f->rsa, false);
	f->ed25519_record = signer_record(f->ed25519, true);
	f->dns = resolver_mock_new(MOCK_OPEN);
	dkim_test_add_record(f->dns, "s._domainkey.author.example", "TXT", f->rsa_record);
	dkim_test_add_record(f->dns, "ed._domainkey.author.example", "TXT",
	                     f->ed25519_record);
	dkim_test_add_record(f->dns, "s._domainkey.xn--bcher-kva.example", "TXT",
	                     f->rsa_record);
	dkim_test_add_record(f->dns, "xn--bcher-kva._domainkey.author.example", "TXT",
	                     f->rsa_record);
	dkim_test_add_record(f->dns, "alias._domainkey.author.example", "CNAME",
	                     "s._domainkey.author.example");
	dkim_test_add_record(f->dns, "slow._domainkey.author.example", "TIMEOUT", NULL);
	dkim_test_add_record(f->dns, "bad._domainkey.author.example", "SERVFAIL", NULL);
	dkim_test_add_record(f->dns, "nodata._domainkey.author.example", "A",
	                     "192.0.2.1");
	f->verifier = dkim_verifier_new();
	*state = f;
	return 0;
}

int dkim_fixture_close(void **state)
{
	struct dkim_fixture *f = *state;
	EVP_PKEY_free(f->rsa);
	EVP_PKEY_free(f->short_rsa);
	EVP_PKEY_free(f->ed25519);
	free(f->rsa_record);
	free(f->ed25519_record);
	resolver_free(f->dns);
	dkim_verifier_free(f->verifier);
	free(f);
	return 0;
}

const struct test_message dkim_test_plain = {
	{ "From: Author <a@author.example>", "To: b@reader.example", "Subject: Hello" },
	OCTETS("Hello,\r\n\r\n  how are  you?\r\n"),
};

void dkim_test_add_field(struct test_message *message, const char *field)
{
	memmove(message->field + 1, message->field,
	        sizeof(message->field) - sizeof(message->field[0]));
	message->field[0] = field;
}

/* The message with a signature on top; *ret_field: to be freed. */
struct test_message dkim_test_sign(const struct signer *signer,
                                   const struct test_message *message, char **ret_field)
{
	struct test_message copy = *message;
	*ret_field = signer_sign(signer, message);
	dkim_test_add_field(&copy, *ret_field);
	return copy;
}

void dkim_expect(const struct dkim_report *report, enum dkim_result result,
                 const char *reason, const char *what)
{
	if (report->result != result ||
	    (reason && (!report->reason || !strstr(report->reason, reason))) ||
	    !report->reason != (report->result == DKIM_PASS))
		fail_msg("%s: %s (%s) instead of %s (%s)", what,
		         dkim_result_name(report->result), report->reason,
		         dkim_result_name(result), reason ? reason : "");
}

void dkim_check_signed(struct dkim_fixture *f, const struct test_message *message,
                       enum dkim_result result, const char *reason, const char *what)
{
	const struct dkim_report *report;
	assert_int_equal(signer_verify(f->verifier, message, 0, DKIM_TEST_NOW, NULL,
	                               f->dns, &report),
	                 1);
	dkim_expect(report, result, reason, what);
}

/* Signs `message` and checks the result. */
void dkim_check(struct dkim_fixture *f, const struct signer *signer,
                const struct test_message *message, enum dkim_result result,
                const char *reason)
{
	auto_free char *field = NULL;
	struct test_message signed_one = dkim_test_sign(signer, message, &field);
	dkim_check_signed(f, &signed_one, result, reason, field);
}
