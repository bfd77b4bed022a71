/* Key pairs: made, read, refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPENSSL_SUPPRESS_DEPRECATED /* RSA_set0_key: the way to keys whose numbers are wrong */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/model/key/key.h"
#include "core/model/key/key_crypto.h"

/* ---- what a file may hold ---- */

static EVP_PKEY *rsa(unsigned bits)
{
	EVP_PKEY *pkey = EVP_RSA_gen(bits);
	assert_non_null(pkey);
	return pkey;
}

static EVP_PKEY *of_kind(const char *name)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, name);
	assert_non_null(pkey);
	return pkey;
}

static EVP_PKEY *rsa_pss(void)
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(c, 1024), 1);
	assert_int_equal(EVP_PKEY_generate(c, &pkey), 1);
	EVP_PKEY_CTX_free(c);
	return pkey;
}

static EVP_PKEY *dsa(void)
{
	EVP_PKEY *parameters = NULL, *pkey = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	assert_int_equal(EVP_PKEY_paramgen_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(c, 1024), 1);
	assert_int_equal(EVP_PKEY_paramgen(c, &parameters), 1);
	EVP_PKEY_CTX_free(c);
	c = EVP_PKEY_CTX_new(parameters, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_int_equal(EVP_PKEY_generate(c, &pkey), 1);
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(parameters);
	return pkey;
}

enum form {
	PKCS8,
	PKCS8_DER,
	PKCS1,
	PKCS1_DER,
	PUBLIC,
	PUBLIC_DER,
	LOCKED,
	LOCKED_DER,
	LOCKED_1
};

/* The octets of a file of that form; consumes the key. */
static struct buf file_of(EVP_PKEY *pkey, enum form form)
{
	static const unsigned char word[] = "secret";
	struct buf out = BUF_INIT;
	char *at;
	int ok = 0;
	BIO *bio = BIO_new(BIO_s_mem());
	switch (form) {
	case PKCS8:
		ok = PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
		break;
	case PKCS8_DER:
		ok = i2d_PKCS8PrivateKey_bio(bio, pkey, NULL, NULL, 0, NULL, NULL);
		break;
	case PKCS1:
		ok = PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL,
		                                          NULL);
		break;
	case PKCS1_DER:
		ok = i2d_PrivateKey_bio(bio, pkey);
		break;
	case PUBLIC:
		ok = PEM_write_bio_PUBKEY(bio, pkey);
		break;
	case PUBLIC_DER:
		ok = i2d_PUBKEY_bio(bio, pkey);
		break;
	case LOCKED:
		ok = PEM_write_bio_PrivateKey(bio, pkey, EVP_aes_128_cbc(), word, 6, NULL,
		                              NULL);
		break;
	case LOCKED_DER:
		ok = i2d_PKCS8PrivateKey_bio(bio, pkey, EVP_aes_128_cbc(),
		                             (const char *)word, 6, NULL, NULL);
		break;
	case LOCKED_1:
		ok = PEM_write_bio_PrivateKey_traditional(bio, pkey, EVP_aes_128_cbc(),
		                                          word, 6, NULL, NULL);
		break;
	}
	assert_int_equal(ok, 1);
	long len = BIO_get_mem_data(bio, &at);
	buf_add(&out, at, (size_t)len);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	return out;
}

static BIGNUM *number(int bits)
{
	BIGNUM *n = BN_new();
	assert_int_equal(BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
	return n;
}

/* An RSA key whose numbers are of the right size and mean nothing. */
static EVP_PKEY *rsa_of_noise(int bits, unsigned long exponent)
{
	RSA *key = RSA_new();
	BIGNUM *e = BN_new();
	BN_set_word(e, exponent);
	RSA_set0_key(key, number(bits), e, number(bits));
	RSA_set0_factors(key, number(bits / 2), number(bits / 2));
	RSA_set0_crt_params(key, number(bits / 2), number(bits / 2), number(bits / 2));
	EVP_PKEY *pkey = EVP_PKEY_new();
	assert_int_equal(EVP_PKEY_assign_RSA(pkey, key), 1);
	return pkey;
}

/* ---- pairs ---- */

/* The cheap look finds what the proof finds. */
static void check_same_sight(const struct key_pair *pair, const void *octets, size_t len)
{
	struct err err = ERR_INIT;
	struct key_sight sight = { 0 };
	struct digest want;
	if (key_look_private(octets, len, &sight, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(sight.algorithm, pair->algorithm);
	assert_int_equal(sight.bits, pair->bits);
	digest_of(pair->public_key, pair->public_len, &want);
	assert_memory_equal(sight.fingerprint.at, want.at, DIGEST_LEN);
	assert_int_equal(ERR_peek_error(), 0);
}

static void check_same_pair(const struct key_pair *a, const struct key_pair *b)
{
	assert_string_equal(a->algorithm, b->algorithm);
	assert_int_equal(a->bits, b->bits);
	assert_int_equal(a->public_len, b->public_len);
	assert_memory_equal(a->public_key, b->public_key, a->public_len);
	assert_int_equal(a->pkcs8.len, b->pkcs8.len);
	assert_memory_equal(a->pkcs8.at, b->pkcs8.at, a->pkcs8.len);
}

static void test_generate(void **state)
{
	static const struct {
		const char *algorithm;
		int64_t bits, expect_bits;
		size_t public_len; /* 0: whatever */
	} rows[] = {
		{ "rsa", 1024, 1024, 162 },
		{ "rsa", 1028, 1028, 162 },
		{ "rsa", 2048, 2048, 294 },
		{ "ed25519", 0, 256, 32 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		auto_key_pair made = { 0 }, from_der = { 0 }, from_pem = { 0 };
		auto_secret pem = SECRET_INIT;
		ERR_put_error(ERR_LIB_USER, 0, 1, __FILE__, __LINE__);
		assert_int_equal(
			key_generate(rows[i].algorithm, rows[i].bits, &made, &err), 0);
		assert_int_equal(ERR_peek_error(), 0);
		assert_string_equal(made.algorithm, rows[i].algorithm);
		assert_int_equal(made.bits, rows[i].expect_bits);
		assert_int_equal(made.public_len, rows[i].public_len);
		assert_int_equal(
			key_parse_private(made.pkcs8.at, made.pkcs8.len, &from_der, &err),
			0);
		check_same_pair(&made, &from_der);
		assert_int_equal(key_der_to_pem(&made.pkcs8, &pem, &err), 0);
		assert_memory_equal(pem.at, "-----BEGIN PRIVATE KEY-----\n", 28);
		assert_int_equal(pem.at[pem.len - 1], '\n');
		assert_int_equal(key_parse_private(pem.at, pem.len, &from_pem, &err), 0);
		check_same_pair(&made, &from_pem);
		check_same_sight(&made, pem.at, pem.len);
		check_same_sight(&made, made.pkcs8.at, made.pkcs8.len);
	}
}

static void test_generate_refuses(void **state)
{
	static const struct {
		const char *algorithm;
		int64_t bits;
		const char *text;
	} rows[] = {
		{ "rsa", 1023, "an RSA key has 1024 to 4096 bits, not 1023" },
		{ "rsa", 4097, "an RSA key has 1024 to 4096 bits, not 4097" },
		{ "dsa", 1024, "the key types are rsa and ed25519, not \"dsa\"" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct key_pair pair = { .bits = 7 };
		assert_int_equal(
			key_generate(rows[i].algorithm, rows[i].bits, &pair, &err),
			ERR_FAILED);
		assert_string_equal(err.text, rows[i].text);
		assert_int_equal(pair.bits, 7);
	}
}

static void test_damaged_der(void **state)
{
	struct err err = ERR_INIT;
	auto_key_pair pair = { 0 };
	auto_secret pem = SECRET_INIT;
	(void)state;
	assert_int_equal(key_generate("ed25519", 0, &pair, &err), 0);
	pair.pkcs8.at[0] ^= 1;
	assert_int_equal(key_der_to_pem(&pair.pkcs8, &pem, &err), ERR_FAILED);
	assert_string_equal(err.text,
	                    "a private key in the database is damaged: it is not PKCS#8");
	assert_null(pem.at);
}

/* What an editor or another system makes of a PEM file. */
static void put_around(struct buf *out, const char *pem, const char *before,
                       const char *line_end, const char *after)
{
	buf_puts(out, before);
	for (const char *c = pem; *c; c++) {
		if (*c == '\n')
			buf_puts(out, line_end);
		else
			buf_putc(out, *c);
	}
	buf_puts(out, after);
}

static void test_parse_forms(void **state)
{
	static const struct {
		enum form form;
		const char *before, *line_end, *after;
	} rows[] = {
		{ PKCS8, "", "\n", "" },
		{ PKCS1, "", "\n", "" },
		{ PKCS8, "", "\r\n", "" },
		{ PKCS1, "", "\r\n", "" },
		{ PKCS8, "Bag Attributes\n  friendlyName: x\n\n", "\n", "" },
		{ PKCS8, "\xef\xbb\xbf", "\n", "" },
		{ PKCS1, "", "  \n", "\n\n# behind\n" },
		{ PKCS1, "-----BEGIN X-----\nAAAA\n-----END X-----\n", "\n", "" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		auto_key_pair pair = { 0 };
		auto_buf text = BUF_INIT;
		auto_buf pem = file_of(rsa(1024), rows[i].form);
		put_around(&text, pem.at, rows[i].before, rows[i].line_end,
		           rows[i].after);
		if (key_parse_private(text.at, text.len, &pair, &err) != 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(pair.bits, 1024);
		assert_string_equal(pair.algorithm, "rsa");
		assert_int_equal(ERR_peek_error(), 0);
		check_same_sight(&pair, text.at, text.len);
	}
	for (enum form form = PKCS8_DER; form <= PKCS1_DER;
	     form += PKCS1_DER - PKCS8_DER) {
		struct err err = ERR_INIT;
		auto_key_pair pair = { 0 };
		auto_buf der = file_of(rsa(1024), form);
		assert_int_equal(key_parse_private(der.at, der.len, &pair, &err), 0);
		assert_int_equal(pair.bits, 1024);
		/* PKCS#1 becomes PKCS#8 */
		assert_int_equal(form == PKCS8_DER, pair.pkcs8.len == der.len);
		check_same_sight(&pair, der.at, der.len);
	}
}

/* OpenSSL reads the PEM text that goes to the mail server, and finds the same public half. */
static void test_pem_is_read_by_others(void **state)
{
	struct err err = ERR_INIT;
	auto_key_pair pair = { 0 };
	auto_secret pem = SECRET_INIT;
	unsigned char *public_key = NULL;
	(void)state;
	assert_int_equal(key_generate("rsa", 1024, &pair, &err), 0);
	assert_int_equal(key_der_to_pem(&pair.pkcs8, &pem, &err), 0);
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	assert_non_null(pkey);
	int len = i2d_PUBKEY(pkey, &public_key);
	assert_int_equal(len, pair.public_len);
	assert_memory_equal(public_key, pair.public_key, pair.public_len);
	OPENSSL_free(public_key);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
}

static void check_refused(const char *name, const struct buf *file, const char *text)
{
	static const char *const proofs[] = { "an invalid exponent", "are inconsistent" };
	struct err err = ERR_INIT, look_err = ERR_INIT;
	struct key_sight sight = { .bits = 7 };
	bool needs_proof = false;
	for (size_t i = 0; i < ARRAY_LEN(proofs); i++)
		needs_proof |= strstr(text, proofs[i]) != NULL;
	assert_int_equal(key_look_private(file->at, file->len, &sight, &look_err),
	                 needs_proof ? 0 : ERR_FAILED);
	if (!needs_proof && !strstr(look_err.text, text))
		fail_msg("look: %s: %s", name, look_err.text);
	assert_int_equal(sight.bits == 7, !needs_proof);
	struct key_pair pair = { .bits = 7 };
	assert_int_equal(key_parse_private(file->at, file->len, &pair, &err), ERR_FAILED);
	if (!strstr(err.text, text))
		fail_msg("%s: %s", name, err.text);
	assert_int_equal(pair.bits, 7);
	assert_null(pair.pkcs8.at);
	assert_int_equal(ERR_peek_error(), 0);
}

static void test_parse_refuses_kinds(void **state)
{
	static const char locked[] = "is encrypted with a passphrase";
	static const char public_only[] = "is a public key; the private";
	struct {
		const char *name;
		EVP_PKEY *pkey;
		enum form form;
		const char *text;
	} rows[] = {
		{ "PKCS#8 encrypted", rsa(1024), LOCKED, locked },
		{ "PKCS#8 DER encrypted", rsa(1024), LOCKED_DER, locked },
		{ "PKCS#1 encrypted", rsa(1024), LOCKED_1, locked },
		{ "Ed25519 encrypted", of_kind("ED25519"), LOCKED, locked },
		{ "RSA public", rsa(1024), PUBLIC, public_only },
		{ "RSA public DER", rsa(1024), PUBLIC_DER, public_only },
		{ "Ed25519 public", of_kind("ED25519"), PUBLIC, public_only },
		{ "EC", EVP_EC_gen("P-256"), PKCS8, "of the type EC" },
		{ "EC traditional", EVP_EC_gen("P-256"), PKCS1, "of the type EC" },
		{ "EC DER", EVP_EC_gen("P-256"), PKCS1_DER, "of the type EC" },
		{ "DSA", dsa(), PKCS8, "of the type DSA" },
		{ "RSA-PSS", rsa_pss(), PKCS8, "of the type RSA-PSS" },
		{ "Ed448", of_kind("ED448"), PKCS8, "of the type ED448" },
		{ "X25519", of_kind("X25519"), PKCS8, "of the type X25519" },
		{ "short", rsa(1016), PKCS8, "has 1016 bits, which is too short" },
		{ "very short", rsa(512), PKCS1, "has 512 bits, which is too short" },
		{ "long", rsa_of_noise(4104, 65537), PKCS1,
		  "has 4104 bits, which is too long" },
		{ "even", rsa_of_noise(1024, 65536), PKCS1, "has an invalid exponent" },
		{ "one", rsa_of_noise(1024, 1), PKCS1, "has an invalid exponent" },
		{ "noise", rsa_of_noise(1024, 65537), PKCS1,
		  "its numbers are inconsistent" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf file = file_of(rows[i].pkey, rows[i].form);
		check_refused(rows[i].name, &file, rows[i].text);
	}
}

static void test_parse_refuses_garbage(void **state)
{
	static const char none[] = "no readable private key";
	static const char damaged[] = "the PEM file is damaged";
	static const struct {
		const char *octets, *text;
	} rows[] = {
		{ "", "it is empty" },
		{ "hello\n", none },
		{ "\x30\x82\x01\x0a", none },
		{ "-----BEGIN PRIVATE KEY-----\n", damaged },
		{ "-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----\n", damaged },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		  none },
		{ "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
		  damaged },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		  damaged },
		{ "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		  "contains no private key" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
		  "OpenSSH's own format" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf file = { (char *)(uintptr_t)rows[i].octets,
			            strlen(rows[i].octets), 0 };
		check_refused(rows[i].octets, &file, rows[i].text);
	}
	auto_buf two = file_of(rsa(1024), PKCS8), other = file_of(rsa(1024), PKCS8);
	buf_puts(&two, other.at);
	check_refused("two", &two, "more than one private key");
	auto_buf tail = file_of(rsa(1024), PKCS8_DER);
	buf_putc(&tail, 'x');
	check_refused("tail", &tail, "followed by other octets");
	auto_buf cut = file_of(rsa(1024), PKCS8_DER);
	cut.len -= 10;
	check_refused("cut", &cut, none);
	auto_buf large = file_of(rsa(1024), PKCS8);
	while (large.len <= 64 * 1024)
		buf_putc(&large, '\n');
	check_refused("large", &large,
	              "too long for a private key: more than 65536 octets");
	large.len--;
	struct err err = ERR_INIT;
	auto_key_pair pair = { 0 };
	assert_int_equal(key_parse_private(large.at, large.len, &pair, &err), 0);
}

/* ---- the keys of RFC 8463 ---- */

static void read_test_file(const char *name, struct buf *into)
{
	auto_free char *path = xasprintf("%s/dkim/%s", getenv("TESTDATA"), name);
	FILE *file = fopen(path, "r");
	char piece[512];
	size_t len;
	if (!file)
		fail_msg("cannot open %s", path);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(into, piece, len);
	fclose(file);
}

static void check_record(const char *name, const struct key_pair *pair)
{
	struct key key = {
		.algorithm = (char *)(uintptr_t)pair->algorithm,
		.state = (char *)(uintptr_t) "active",
		.public_key = pair->public_key,
		.public_len = pair->public_len,
	};
	auto_buf table = BUF_INIT;
	auto_free char *record = key_record_text(&key);
	auto_free char *line = xasprintf("%s\t%s\n", name, record);
	read_test_file("keys.tsv", &table);
	if (!strstr(table.at, line))
		fail_msg("keys.tsv has no line %s", line);
}

static void test_rfc8463(void **state)
{
	static const unsigned char before[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30,
		                                0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
		                                0x04, 0x22, 0x04, 0x20 };
	struct err err = ERR_INIT;
	auto_buf pem = BUF_INIT, seed = BUF_INIT;
	auto_key_pair rsa_pair = { 0 }, ed_pair = { 0 };
	unsigned char der[80];
	(void)state;
	if (!getenv("TESTDATA") || !*getenv("TESTDATA"))
		skip();
	read_test_file("rfc8463-a2-test-rsa.key.pem", &pem);
	assert_int_equal(key_parse_private(pem.at, pem.len, &rsa_pair, &err), 0);
	check_record("test._domainkey.football.example.com", &rsa_pair);

	read_test_file("rfc8463-a2-brisbane-ed25519.seed.b64", &seed);
	memcpy(der, before, sizeof(before));
	assert_int_equal(
		EVP_DecodeBlock(der + sizeof(before), (unsigned char *)seed.at, 44), 33);
	assert_int_equal(key_parse_private(der, sizeof(before) + 32, &ed_pair, &err), 0);
	check_record("brisbane._domainkey.football.example.com", &ed_pair);
}

/* Of RFC 8032 7.1, test 1: the seed and its public key. */
static const char seed_text[] = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
static const char public_text[] = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

static void check_bare(const void *octets, size_t len)
{
	struct err err = ERR_INIT;
	auto_key_pair pair = { 0 };
	if (key_parse_private(octets, len, &pair, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(pair.algorithm, "ed25519");
	struct key record = { .algorithm = (char *)(uintptr_t)pair.algorithm,
		              .state = (char *)(uintptr_t) "active",
		              .public_key = pair.public_key,
		              .public_len = pair.public_len };
	auto_free char *text = key_record_text(&record);
	assert_non_null(strstr(text, public_text));
	check_same_sight(&pair, octets, len);
}

static void refuse_bare(const void *octets, size_t len)
{
	struct err err = ERR_INIT;
	auto_key_pair pair = { 0 };
	struct key_sight sight;
	assert_int_equal(key_parse_private(octets, len, &pair, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "no readable private key"));
	err_clear(&err);
	assert_int_equal(key_look_private(octets, len, &sight, &err), ERR_FAILED);
}

/* Keys as rspamd keeps them, and base64 of DER as OpenDKIM does. */
static void test_bare(void **state)
{
	unsigned char seed[66];
	auto_buf text = BUF_INIT, der = BUF_INIT;
	(void)state;
	assert_int_equal(EVP_DecodeBlock(seed, (const unsigned char *)seed_text, 44), 33);
	assert_int_equal(
		EVP_DecodeBlock(seed + 32, (const unsigned char *)public_text, 44), 33);
	check_bare(seed, 32);
	check_bare(seed, 64);
	check_bare(seed_text, 44);
	buf_printf(&text, " %.20s\r\n%s\n\n", seed_text, seed_text + 20);
	check_bare(text.at, text.len);
	unsigned char both[128];
	int len = EVP_EncodeBlock(both, seed, 64);
	check_bare(both, (size_t)len);
	seed[40] ^= 1; /* another's public key */
	refuse_bare(seed, 64);
	refuse_bare(seed, 33);
	refuse_bare(seed, 31);
	refuse_bare(seed_text, 43);
	refuse_bare("thirty-two octets that are text.", 32);
	refuse_bare("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf=2A", 44);
	refuse_bare("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A===", 46);
	refuse_bare(" \n", 2);

	der = file_of(rsa(1024), PKCS1_DER);
	buf_clear(&text);
	buf_reserve(&text, 2 * der.len);
	text.len = (size_t)EVP_EncodeBlock((unsigned char *)text.at,
	                                   (const unsigned char *)der.at, (int)der.len);
	struct err err = ERR_INIT;
	auto_key_pair pair = { 0 };
	assert_int_equal(key_parse_private(text.at, text.len, &pair, &err), 0);
	check_same_sight(&pair, text.at, text.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_generate),
		cmocka_unit_test(test_generate_refuses),
		cmocka_unit_test(test_damaged_der),
		cmocka_unit_test(test_parse_forms),
		cmocka_unit_test(test_pem_is_read_by_others),
		cmocka_unit_test(test_parse_refuses_kinds),
		cmocka_unit_test(test_parse_refuses_garbage),
		cmocka_unit_test(test_rfc8463),
	};
	return cmocka_run_group_tests_name("key_crypto", tests, NULL, NULL);
}
