/* Key pairs: made, read, refused; many at once; their rows and selectors in the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPENSSL_SUPPRESS_DEPRECATED /* RSA_set0_key: the way to keys whose numbers are wrong */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/signals.h"
#include "core/base/text.h"
#include "core/model/key.h"
#include "core/model/key_crypto.h"
#include "core/model/key_secret.h"
#include "core/model/keygen.h"
#include "core/model/setting.h"
#include "core/store/change.h"
#include "core/store/schema.h"
#include "core/store/store.h"

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
		{ "dsa", 1024, "there are rsa and ed25519 keys, not \"dsa\"" },
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
	struct err err = ERR_INIT;
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
	static const char public_only[] = "is a public key only";
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
		{ "EC", EVP_EC_gen("P-256"), PKCS8, "of the kind EC" },
		{ "EC traditional", EVP_EC_gen("P-256"), PKCS1, "of the kind EC" },
		{ "EC DER", EVP_EC_gen("P-256"), PKCS1_DER, "of the kind EC" },
		{ "DSA", dsa(), PKCS8, "of the kind DSA" },
		{ "RSA-PSS", rsa_pss(), PKCS8, "of the kind RSA-PSS" },
		{ "Ed448", of_kind("ED448"), PKCS8, "of the kind ED448" },
		{ "X25519", of_kind("X25519"), PKCS8, "of the kind X25519" },
		{ "short", rsa(1016), PKCS8, "has 1016 bits, which is too short" },
		{ "very short", rsa(512), PKCS1, "has 512 bits, which is too short" },
		{ "long", rsa_of_noise(4104, 65537), PKCS1,
		  "has 4104 bits, which is too long" },
		{ "even", rsa_of_noise(1024, 65536), PKCS1,
		  "has an exponent that no such key" },
		{ "one", rsa_of_noise(1024, 1), PKCS1,
		  "has an exponent that no such key" },
		{ "noise", rsa_of_noise(1024, 65537), PKCS1,
		  "its numbers do not fit together" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf file = file_of(rows[i].pkey, rows[i].form);
		check_refused(rows[i].name, &file, rows[i].text);
	}
}

static void test_parse_refuses_garbage(void **state)
{
	static const char none[] = "there is no private key that can be read";
	static const char damaged[] = "the PEM file is damaged";
	static const struct {
		const char *octets, *text;
	} rows[] = {
		{ "", "there is nothing in it" },
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
		  "holds no private key" },
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
	check_refused("tail", &tail, "other octets follow");
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

/* ---- many at once ---- */

static void test_keygen(void **state)
{
	struct keygen_job jobs[12];
	bool is_here[ARRAY_LEN(jobs)] = { false };
	struct err err = ERR_INIT;
	size_t index;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		jobs[i] = i % 3 ? (struct keygen_job){ "ed25519", 0 }
		                : (struct keygen_job){ "rsa", 1024 };
	struct keygen *keygen = keygen_new(jobs, ARRAY_LEN(jobs));
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		auto_key_pair pair = { 0 };
		int r;
		while ((r = keygen_next(keygen, 10, &index, &pair, &err)) == 0)
			;
		assert_int_equal(r, 1);
		assert_true(index < ARRAY_LEN(jobs) && !is_here[index]);
		is_here[index] = true;
		assert_string_equal(pair.algorithm, jobs[index].algorithm);
		assert_true(pair.pkcs8.len > 32);
	}
	struct key_pair none = { 0 };
	assert_int_equal(keygen_next(keygen, 10, &index, &none, &err), ERR_MISSING);
	keygen_free(keygen);
	keygen_free(NULL);
}

static void test_keygen_nothing(void **state)
{
	struct err err = ERR_INIT;
	struct key_pair none = { 0 };
	size_t index;
	(void)state;
	struct keygen *keygen = keygen_new(NULL, 0);
	assert_int_equal(keygen_next(keygen, 10, &index, &none, &err), ERR_MISSING);
	keygen_free(keygen);
}

/* Fetches what comes until it ends; gives the last answer. */
static int drain(struct keygen *keygen, size_t *ret_count, struct err *err)
{
	int r;
	*ret_count = 0;
	do {
		auto_key_pair pair = { 0 };
		size_t index;
		r = keygen_next(keygen, 1000, &index, &pair, err);
		*ret_count += r > 0;
	} while (r >= 0);
	return r;
}

#define MANY 4000

static struct keygen_job *many_jobs(void)
{
	struct keygen_job *jobs = xcalloc(MANY, sizeof(*jobs));
	for (size_t i = 0; i < MANY; i++)
		jobs[i] = (struct keygen_job){ "rsa", 1024 };
	return jobs;
}

static void test_keygen_cancelled(void **state)
{
	auto_free struct keygen_job *jobs = many_jobs();
	struct err err = ERR_INIT;
	auto_key_pair first = { 0 };
	size_t index, count;
	(void)state;
	signals_init();
	struct keygen *keygen = keygen_new(jobs, MANY);
	assert_int_equal(keygen_next(keygen, 60000, &index, &first, &err), 1);
	raise(SIGTERM);
	assert_int_equal(drain(keygen, &count, &err), ERR_CANCELLED);
	assert_true(count < MANY - 1);
	auto_free char *text =
		xasprintf("interrupted: %zu of %d keys were made", count + 1, MANY);
	assert_string_equal(err.text, text);
	/* it stays so, even where signals are held back from now on */
	signals_hold();
	assert_int_equal(drain(keygen, &count, &err), ERR_CANCELLED);
	assert_int_equal(count, 0);
	signals_release();
	keygen_free(keygen);
	signals_init();
}

/* Calls `each` (may be NULL) with the SigBlk mask of every thread but this one; their number. */
static size_t other_threads(void (*each)(unsigned long long blocked))
{
	size_t count = 0;
	DIR *dir = opendir("/proc/self/task");
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		char line[256];
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		count++;
		auto_free char *path =
			xasprintf("/proc/self/task/%s/status", entry->d_name);
		FILE *file = each ? fopen(path, "r") : NULL;
		while (file && fgets(line, sizeof(line), file))
			if (strncmp(line, "SigBlk:", 7) == 0)
				each(strtoull(line + 7, NULL, 16));
		if (file)
			fclose(file);
	}
	closedir(dir);
	return count;
}

static void wait_until_threads(size_t expected)
{
	for (int i = 0; i < 60000 && other_threads(NULL) != expected; i++)
		usleep(1000);
	assert_int_equal(other_threads(NULL), expected);
}

static void check_blocked(unsigned long long blocked)
{
	static const int numbers[] = {
		SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGALRM, SIGCHLD
	};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (!(blocked >> (numbers[i] - 1) & 1))
			fail_msg("a worker takes signal %d", numbers[i]);
}

static void test_keygen_blocks_signals(void **state)
{
	auto_free struct keygen_job *jobs = many_jobs();
	sigset_t here;
	(void)state;
	struct keygen *keygen = keygen_new(jobs, MANY);
	assert_true(other_threads(check_blocked) > 0);
	pthread_sigmask(SIG_SETMASK, NULL, &here);
	assert_false(sigismember(&here, SIGTERM));
	keygen_free(keygen);
}

static void test_keygen_finished_come_first(void **state)
{
	auto_free struct keygen_job *jobs = many_jobs();
	struct err err = ERR_INIT;
	size_t index, count, before = other_threads(NULL);
	(void)state;
	signals_init();
	struct keygen *keygen = keygen_new(jobs, MANY);
	auto_key_pair pair = { 0 };
	assert_int_equal(keygen_next(keygen, 60000, &index, &pair, &err), 1);
	/* whoever made that pair has begun another one */
	raise(SIGTERM);
	wait_until_threads(before);
	assert_int_equal(drain(keygen, &count, &err), ERR_CANCELLED);
	assert_true(count >= 1);
	keygen_free(keygen);
	signals_init();
}

static void test_keygen_stopped(void **state)
{
	auto_free struct keygen_job *jobs = many_jobs();
	struct err err = ERR_INIT;
	size_t count;
	(void)state;
	struct keygen *keygen = keygen_new(jobs, MANY);
	keygen_stop(keygen);
	assert_int_equal(drain(keygen, &count, &err), ERR_MISSING);
	assert_true(count < MANY);
	keygen_free(keygen);
	/* nobody fetches: a leak checker sees whether free takes all */
	keygen = keygen_new(jobs, MANY);
	keygen_free(keygen);
}

static void test_keygen_failed(void **state)
{
	struct keygen_job jobs[] = { { "ed25519", 0 }, { "rsa", 7 }, { "ed25519", 0 } };
	struct err err = ERR_INIT;
	size_t count;
	(void)state;
	struct keygen *keygen = keygen_new(jobs, ARRAY_LEN(jobs));
	assert_int_equal(drain(keygen, &count, &err), ERR_FAILED);
	assert_string_equal(err.text, "an RSA key has 1024 to 4096 bits, not 7");
	assert_in_range(count, 1, 2);
	keygen_free(keygen);
}

/* ---- rows ---- */

#define NOON INT64_C(1795391999) /* 2026-11-22T23:59:59Z */

static int64_t now_is_noon(const struct ctx *ctx)
{
	(void)ctx;
	return NOON;
}

struct world {
	char folder[64];
	char *path;
	struct store *store;
	struct ctx ctx;
	struct key_pair pair; /* one that any test may insert */
};

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	struct world *w = xcalloc(1, sizeof(*w));
	snprintf(w->folder, sizeof(w->folder), "/tmp/test_model.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->path = xasprintf("%s/store.db", w->folder);
	w->ctx =
		(struct ctx){ .actor = (char *)(uintptr_t) "tester", .now = now_is_noon };
	assert_int_equal(
		store_open(w->path, &schema_store, STORE_CREATE, &w->store, &err), 0);
	assert_int_equal(store_begin(w->store, true, &err), 0);
	assert_int_equal(change_begin(w->store, &w->ctx, "test", &err), 0);
	assert_int_equal(
		store_script(w->store,
	                     "INSERT INTO domain (id, name, alias_of, template_rev,"
	                     " created, gen) VALUES (1, 'example.com', NULL, 1, 0, 1),"
	                     " (2, 'a.example', NULL, 1, 0, 1),"
	                     " (3, 'alias.example', 1, 1, 0, 1)",
	                     &err),
		0);
	assert_int_equal(key_generate("ed25519", 0, &w->pair, &err), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	store_close(w->store);
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		auto_free char *path = xasprintf("%s%s", w->path, tails[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(w->folder), 0);
	key_pair_done(&w->pair);
	free(w->path);
	free(w);
	return 0;
}

static int64_t number_of(struct world *w, const char *sql)
{
	struct err err = ERR_INIT;
	int64_t value = -1;
	assert_int_equal(store_get_int(w->store, &value, &err, sql, ""), 1);
	return value;
}

static int64_t insert(struct world *w, int64_t domain_id, const char *domain,
                      const char *selector, const char *state)
{
	struct err err = ERR_INIT;
	int64_t id = 0;
	if (key_insert(w->store, &w->ctx, domain_id, domain, selector, state, &w->pair,
	               &id, &err) != 0)
		fail_msg("%s: %s", selector, err.text);
	return id;
}

static void check_last_note(struct world *w, const char *domain, const char *field,
                            const char *old, const char *new_value)
{
	struct err err = ERR_INIT;
	auto_stmt stmt = NULL;
	assert_int_equal(
		store_query(w->store, &stmt, &err,
	                    "SELECT object, domain, field, old, new FROM change_item"
	                    " ORDER BY change_id DESC, seq DESC LIMIT 1",
	                    ""),
		0);
	assert_int_equal(stmt_next(stmt, &err), 1);
	assert_string_equal(stmt_text(stmt, 0), "key");
	assert_string_equal(stmt_text(stmt, 1), domain);
	assert_string_equal(stmt_text(stmt, 2), field);
	assert_string_equal(stmt_text(stmt, 3) ? stmt_text(stmt, 3) : "NULL",
	                    old ? old : "NULL");
	assert_string_equal(stmt_text(stmt, 4) ? stmt_text(stmt, 4) : "NULL",
	                    new_value ? new_value : "NULL");
}

static void test_insert_and_find(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_key key = { 0 };
	struct digest digest;
	char hex[2 * DIGEST_LEN + 1];
	int64_t id = insert(w, 1, "example.com", "default", "pending");
	assert_int_equal(key_find(w->store, 1, "example.com", "default", &key, &err), 0);
	digest_of(w->pair.public_key, w->pair.public_len, &digest);
	digest_hex(&digest, hex);
	assert_int_equal(key.id, id);
	assert_int_equal(key.domain_id, 1);
	assert_string_equal(key.domain, "example.com");
	assert_string_equal(key.selector, "default");
	assert_string_equal(key.algorithm, "ed25519");
	assert_int_equal(key.bits, 256);
	assert_string_equal(key.state, "pending");
	assert_int_equal(key.public_len, 32);
	assert_memory_equal(key.public_key, w->pair.public_key, 32);
	assert_memory_equal(key.fingerprint.at, digest.at, DIGEST_LEN);
	assert_true(key.has_private);
	assert_int_equal(key.created, NOON);
	assert_int_equal(key.since, NOON);
	assert_int_equal(key.due, 0);
	auto_free char *note = xasprintf("ed25519 256 pending SHA256:%.16s", hex);
	check_last_note(w, "example.com", "default", NULL, note);

	int64_t other = 0;
	assert_int_equal(key_insert(w->store, &w->ctx, 1, "example.com", "default",
	                            "parked", &w->pair, &other, &err),
	                 ERR_FAILED);
	assert_string_equal(err.text,
	                    "example.com has a key with the selector default already");
	assert_int_equal(number_of(w, "SELECT count(*) FROM dkim_private"), 1);
}

static void test_find_names_the_others(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct key key = { .id = 7 };
	assert_int_equal(key_find(w->store, 1, "example.com", "x", &key, &err),
	                 ERR_MISSING);
	assert_string_equal(err.text, "example.com has no keys");
	insert(w, 1, "example.com", "one", "parked");
	insert(w, 1, "example.com", "default", "parked");
	insert(w, 2, "a.example", "x", "parked");
	assert_int_equal(key_find(w->store, 1, "example.com", "x", &key, &err),
	                 ERR_MISSING);
	assert_string_equal(err.text,
	                    "example.com has no key with the selector x; there is "
	                    "default, one");
	for (int i = 0; i < 9; i++) {
		char selector[16];
		snprintf(selector, sizeof(selector), "s%d", i);
		insert(w, 1, "example.com", selector, "parked");
	}
	assert_int_equal(key_find(w->store, 1, "example.com", "x", &key, &err),
	                 ERR_MISSING);
	assert_string_equal(err.text,
	                    "example.com has no key with the selector x; there is "
	                    "default, one, s0, s1, s2, s3, s4, s5, s6, s7, ...");
	assert_int_equal(key_find(NULL, 1, "example.com", "x", &key, &err), ERR_MISSING);
	assert_int_equal(key.id, 7);
}

static int collect(void *arg, const struct key *key, struct err *err)
{
	(void)err;
	buf_printf(arg, "%s/%s ", key->domain, key->selector);
	return strcmp(key->selector, "stop") == 0 ? 5 : 0;
}

static void test_each(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_buf seen = BUF_INIT;
	assert_int_equal(key_each(w->store, 0, collect, &seen, &err), 0);
	assert_int_equal(key_each(NULL, 0, collect, &seen, &err), 0);
	assert_int_equal(seen.len, 0);
	insert(w, 1, "example.com", "b", "parked");
	insert(w, 1, "example.com", "a", "parked");
	insert(w, 2, "a.example", "c", "parked");
	assert_int_equal(key_each(w->store, 0, collect, &seen, &err), 0);
	assert_string_equal(buf_text(&seen), "a.example/c example.com/a example.com/b ");
	buf_clear(&seen);
	assert_int_equal(key_each(w->store, 1, collect, &seen, &err), 0);
	assert_string_equal(buf_text(&seen), "example.com/a example.com/b ");
	buf_clear(&seen);
	insert(w, 2, "a.example", "stop", "parked");
	assert_int_equal(key_each(w->store, 0, collect, &seen, &err), 5);
	assert_string_equal(buf_text(&seen), "a.example/c a.example/stop ");
}

static void test_set_state(void **state)
{
	static const struct {
		const char *state;
		int64_t due;
		bool is_published;
		bool has_p; /* the record has something behind p= */
	} rows[] = {
		{ "pending", 0, true, true },   { "active", 0, true, true },
		{ "retiring", 77, true, true }, { "revoked", 78, true, false },
		{ "resting", 79, true, true },  { "parked", 0, false, true },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	int64_t id = insert(w, 1, "example.com", "default", "parked");
	auto_free char *before = xstrdup("parked");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_key key = { 0 }, after = { 0 };
		assert_int_equal(store_exec(w->store, &err,
		                            "UPDATE dkim_key SET since = 1 WHERE id = ?",
		                            "i", id),
		                 0);
		assert_int_equal(
			key_find(w->store, 1, "example.com", "default", &key, &err), 0);
		assert_int_equal(key_set_state(w->store, &w->ctx, &key, rows[i].state,
		                               rows[i].due, &err),
		                 0);
		assert_int_equal(
			key_find(w->store, 1, "example.com", "default", &after, &err), 0);
		assert_string_equal(after.state, rows[i].state);
		assert_int_equal(after.due, rows[i].due);
		assert_int_equal(after.since, NOON);
		assert_int_equal(after.created, NOON);
		check_last_note(w, "example.com", "default", before, rows[i].state);
		assert_int_equal(key_is_published(&after), rows[i].is_published);
		auto_free char *record = key_record_text(&after);
		assert_int_equal(strlen(record), rows[i].has_p ? 66 : 22);
		free(before);
		before = xstrdup(rows[i].state);
	}
	assert_int_equal(number_of(w, "SELECT count(*) FROM dkim_key WHERE due IS NULL"),
	                 1);
}

static void test_secret(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_secret der = SECRET_INIT, pem = SECRET_INIT;
	auto_key_pair back = { 0 };
	int64_t id = insert(w, 1, "example.com", "default", "pending");
	assert_int_equal(key_secret_der(w->store, id, &der, &err), 0);
	assert_int_equal(der.len, w->pair.pkcs8.len);
	assert_memory_equal(der.at, w->pair.pkcs8.at, der.len);
	assert_int_equal(key_secret_pem(w->store, id, &pem, &err), 0);
	assert_int_equal(key_parse_private(pem.at, pem.len, &back, &err), 0);
	check_same_pair(&back, &w->pair);
	assert_int_equal(key_secret_der(w->store, id + 1, &der, &err), ERR_MISSING);
	assert_int_equal(key_secret_pem(w->store, id + 1, &pem, &err), ERR_MISSING);
}

/* Whether the database's files hold the octets anywhere. */
static bool is_on_disk(struct world *w, const void *octets, size_t len)
{
	static const char *const tails[] = { "", "-wal" };
	bool is_there = false;
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		auto_free char *path = xasprintf("%s%s", w->path, tails[i]);
		auto_buf all = BUF_INIT;
		char piece[4096];
		size_t got;
		FILE *file = fopen(path, "r");
		while (file && (got = fread(piece, 1, sizeof(piece), file)) > 0)
			buf_add(&all, piece, got);
		if (file)
			fclose(file);
		is_there |= memmem(buf_text(&all), all.len, octets, len) != NULL;
	}
	return is_there;
}

static void test_delete(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	auto_key key = { 0 };
	insert(w, 1, "example.com", "default", "active");
	const unsigned char *seed = w->pair.pkcs8.at + w->pair.pkcs8.len - 32;
	assert_int_equal(store_commit(w->store, &err), 0);
	assert_true(is_on_disk(w, seed, 32));
	assert_int_equal(store_begin(w->store, true, &err), 0);
	assert_int_equal(change_begin(w->store, &w->ctx, "test", &err), 0);
	assert_int_equal(key_find(w->store, 1, "example.com", "default", &key, &err), 0);
	assert_int_equal(key_delete(w->store, &key, &err), 0);
	check_last_note(w, "example.com", "default", "active", NULL);
	assert_int_equal(store_commit(w->store, &err), 0);
	assert_int_equal(number_of(w, "SELECT count(*) FROM dkim_private"), 0);
	assert_int_equal(number_of(w, "SELECT count(*) FROM dkim_key"), 0);
	/* its domain and the alias that signs with it moved */
	assert_int_equal(number_of(w, "SELECT count(*) FROM domain WHERE gen = 2"), 2);
	assert_false(is_on_disk(w, seed, 32));
}

static void test_choose_selector(void **state)
{
	static const struct {
		const char *pattern, *algorithm;
		bool is_beside_rsa;
		const char *keys;   /* of the domain */
		const char *former; /* "<name>/<selector>" */
		const char *selector;
	} rows[] = {
		{ "default", "rsa", false, "", "", "default" },
		{ "default", "rsa", true, "", "", "default" },
		{ "default", "ed25519", false, "", "", "default" },
		{ "default", "ed25519", true, "", "", "default-ed25519" },
		{ "default", "rsa", false, "default", "", "default-2" },
		{ "default", "rsa", false, "default default-2 default-4", "",
		  "default-3" },
		{ "default", "ed25519", true, "default default-ed25519", "",
		  "default-ed25519-2" },
		{ "default", "rsa", false, "", "example.com/default", "default-2" },
		{ "default", "rsa", false, "", "alias.example/default", "default-2" },
		{ "default", "rsa", false, "", "a.example/default", "default" },
		{ "default", "rsa", false, "default-2", "alias.example/default",
		  "default-3" },
		{ "k%Y%m%d", "rsa", false, "", "", "k20261122" },
		{ "%d.%m-%Y", "ed25519", true, "", "", "22.11-2026-ed25519" },
		{ "K%Y", "rsa", false, "k2026", "", "k2026-2" },
	};
	struct world *w = *state;
	struct err err = ERR_INIT;
	setenv("TZ", "Asia/Tokyo", 1); /* where the next day has begun */
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char **keys = NULL, **former = NULL;
		auto_free char *selector = NULL;
		size_t key_count, former_count;
		assert_int_equal(
			store_script(w->store,
		                     "DELETE FROM dkim_key; DELETE FROM former_key",
		                     &err),
			0);
		text_split_list(rows[i].keys, &keys, &key_count);
		for (size_t k = 0; k < key_count; k++)
			insert(w, 1, "example.com", keys[k], "parked");
		text_split_list(rows[i].former, &former, &former_count);
		for (size_t k = 0; k < former_count; k++) {
			char *slash = strchr(former[k], '/');
			*slash = '\0';
			assert_int_equal(store_exec(w->store, &err,
			                            "INSERT INTO former_key VALUES"
			                            " (?, ?, 'rsa', x'00', 99)",
			                            "tt", former[k], slash + 1),
			                 0);
		}
		assert_int_equal(setting_set(w->store, SET_DKIM_SELECTOR, 1,
		                             "example.com", rows[i].pattern, &err),
		                 0);
		assert_int_equal(key_choose_selector(w->store, &w->ctx, 1, "example.com",
		                                     rows[i].algorithm,
		                                     rows[i].is_beside_rsa, &selector,
		                                     &err),
		                 0);
		if (strcmp(selector, rows[i].selector) != 0)
			fail_msg("row %zu: %s, not %s", i, selector, rows[i].selector);
	}
	unsetenv("TZ");
	tzset();
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generate),
		cmocka_unit_test(test_generate_refuses),
		cmocka_unit_test(test_damaged_der),
		cmocka_unit_test(test_parse_forms),
		cmocka_unit_test(test_pem_is_read_by_others),
		cmocka_unit_test(test_parse_refuses_kinds),
		cmocka_unit_test(test_parse_refuses_garbage),
		cmocka_unit_test(test_rfc8463),
		cmocka_unit_test(test_keygen),
		cmocka_unit_test(test_keygen_nothing),
		cmocka_unit_test(test_keygen_cancelled),
		cmocka_unit_test(test_keygen_blocks_signals),
		cmocka_unit_test(test_keygen_finished_come_first),
		cmocka_unit_test(test_keygen_stopped),
		cmocka_unit_test(test_keygen_failed),
		IN_STORE(test_insert_and_find),
		IN_STORE(test_find_names_the_others),
		IN_STORE(test_each),
		IN_STORE(test_set_state),
		IN_STORE(test_secret),
		IN_STORE(test_delete),
		IN_STORE(test_choose_selector),
	};
	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
