/*
 * DKIM key pairs through OpenSSL's EVP interface, used in this file only.
 *
 * Input may be any file: PEM is split into blocks here, so that OpenSSL never reads an encrypted
 * key and never asks for a passphrase.  Messages name the kind of content, never the content.
 * OpenSSL's error queue belongs to a thread; it is left empty.
 */
#include "core/model/key/key_crypto.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/base/alloc.h"
#include "core/base/library.h"
#include "dnszone/dkim/dkim_key.h"

void key_pair_done(struct key_pair *pair)
{
	secret_done(&pair->pkcs8);
	free(pair->public_key);
	*pair = (struct key_pair){ 0 };
}

/* clang-format off */
#define CALLS(CALL) \
	CALL(ASN1_get_object) \
	CALL(ASN1_object_size) \
	CALL(ASN1_put_object) \
	CALL(BIO_ctrl) \
	CALL(BIO_free) \
	CALL(BIO_new) \
	CALL(BIO_new_mem_buf) \
	CALL(BIO_s_secmem) \
	CALL(BN_free) \
	CALL(BN_is_odd) \
	CALL(BN_is_one) \
	CALL(CRYPTO_clear_free) \
	CALL(CRYPTO_free) \
	CALL(CRYPTO_malloc) \
	CALL(CRYPTO_secure_clear_free) \
	CALL(CRYPTO_secure_free) \
	CALL(ERR_clear_error) \
	CALL(ERR_peek_last_error) \
	CALL(ERR_reason_error_string) \
	CALL(EVP_PKEY2PKCS8) \
	CALL(EVP_PKEY_CTX_free) \
	CALL(EVP_PKEY_CTX_new) \
	CALL(EVP_PKEY_Q_keygen) \
	CALL(EVP_PKEY_check) \
	CALL(EVP_PKEY_free) \
	CALL(EVP_PKEY_get0_type_name) \
	CALL(EVP_PKEY_get_bits) \
	CALL(EVP_PKEY_get_bn_param) \
	CALL(EVP_PKEY_get_raw_public_key) \
	CALL(EVP_PKEY_is_a) \
	CALL(EVP_PKEY_new_raw_private_key) \
	CALL(OBJ_nid2obj) \
	CALL(OBJ_obj2nid) \
	CALL(OPENSSL_cleanse) \
	CALL(PEM_read_bio_ex) \
	CALL(PEM_write_bio_PKCS8_PRIV_KEY_INFO) \
	CALL(PKCS8_PRIV_KEY_INFO_free) \
	CALL(PKCS8_pkey_get0) \
	CALL(X509_PUBKEY_free) \
	CALL(X509_PUBKEY_new) \
	CALL(X509_PUBKEY_set0_param) \
	CALL(X509_SIG_free) \
	CALL(d2i_AutoPrivateKey) \
	CALL(d2i_PKCS8_PRIV_KEY_INFO) \
	CALL(d2i_PUBKEY) \
	CALL(d2i_X509_SIG) \
	CALL(i2d_PKCS8_PRIV_KEY_INFO) \
	CALL(i2d_PUBKEY) \
	CALL(i2d_X509_PUBKEY)
/* clang-format on */
LIBRARY(crypto, LIBRARY_CRYPTO, CALLS)
/* called by OpenSSL's macros */
#define BIO_ctrl crypto()->BIO_ctrl
#define CRYPTO_clear_free crypto()->CRYPTO_clear_free
#define CRYPTO_free crypto()->CRYPTO_free
#define CRYPTO_malloc crypto()->CRYPTO_malloc
#define CRYPTO_secure_clear_free crypto()->CRYPTO_secure_clear_free
#define CRYPTO_secure_free crypto()->CRYPTO_secure_free
#define EVP_PKEY_Q_keygen crypto()->EVP_PKEY_Q_keygen

#define INPUT_MAX ((size_t)64 * 1024)
#define ED25519_LEN 32
#define PEM_BEGIN "-----BEGIN "

static void free_pkey(EVP_PKEY **pkey)
{
	crypto()->EVP_PKEY_free(*pkey);
}

static void free_pkcs8(PKCS8_PRIV_KEY_INFO **info)
{
	crypto()->PKCS8_PRIV_KEY_INFO_free(*info);
}

#define auto_pkey cleanup(free_pkey) EVP_PKEY *
#define auto_pkcs8 cleanup(free_pkcs8) PKCS8_PRIV_KEY_INFO *

static int ssl_fail(struct err *err, const char *what)
{
	const char *reason =
		crypto()->ERR_reason_error_string(crypto()->ERR_peek_last_error());
	return err_set(err, ERR_FAILED, "%s: %s", what,
	               reason ? reason : _("OpenSSL failed"));
}

static int put_private(EVP_PKEY *pkey, struct key_pair *pair, struct err *err)
{
	auto_pkcs8 info = crypto()->EVP_PKEY2PKCS8(pkey);
	unsigned char *der = NULL;
	int len = info ? crypto()->i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	if (len <= 0)
		return ssl_fail(err, _("the private key cannot be written as PKCS#8"));
	secret_set(&pair->pkcs8, der, (size_t)len);
	OPENSSL_clear_free(der, (size_t)len);
	return 0;
}

static int put_public(EVP_PKEY *pkey, struct key_pair *pair, struct err *err)
{
	if (strcmp(pair->algorithm, "ed25519") == 0) {
		unsigned char raw[ED25519_LEN];
		size_t len = sizeof(raw);
		if (crypto()->EVP_PKEY_get_raw_public_key(pkey, raw, &len) != 1 ||
		    len != sizeof(raw))
			return ssl_fail(err, _("the public key cannot be derived"));
		pair->public_key = (unsigned char *)xmemdup(raw, len);
		pair->public_len = len;
		return 0;
	}
	unsigned char *der = NULL;
	int len = crypto()->i2d_PUBKEY(pkey, &der);
	if (len <= 0)
		return ssl_fail(err, _("the public key cannot be derived"));
	pair->public_key = (unsigned char *)xmemdup(der, (size_t)len);
	pair->public_len = (size_t)len;
	OPENSSL_free(der);
	return 0;
}

/* `algorithm` is a literal. */
static int to_pair(EVP_PKEY *pkey, const char *algorithm, struct key_pair *ret_pair,
                   struct err *err)
{
	auto_key_pair pair = { .algorithm = algorithm,
		               .bits = crypto()->EVP_PKEY_get_bits(pkey) };
	if (strcmp(algorithm, "ed25519") == 0)
		pair.bits = 256; /* EVP reports 253: the order of the group */
	int r = put_private(pkey, &pair, err);
	if (r >= 0)
		r = put_public(pkey, &pair, err);
	if (r < 0)
		return r;
	*ret_pair = pair;
	pair = (struct key_pair){ 0 };
	return 0;
}

static int generate(const char *algorithm, int64_t bits, struct key_pair *ret_pair,
                    struct err *err)
{
	bool is_rsa = strcmp(algorithm, "rsa") == 0;
	if (!is_rsa && strcmp(algorithm, "ed25519") != 0)
		return err_set(err, ERR_FAILED,
		               _("the key types are rsa and ed25519, not \"%s\""),
		               algorithm);
	if (is_rsa && (bits < KEY_RSA_MIN || bits > KEY_RSA_MAX))
		return err_set(err, ERR_FAILED,
		               _("an RSA key has %d to %d bits, not %" PRId64),
		               KEY_RSA_MIN, KEY_RSA_MAX, bits);
	auto_pkey pkey = is_rsa ? EVP_RSA_gen((size_t)bits)
	                        : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!pkey)
		return ssl_fail(err, is_rsa ? _("the RSA key cannot be generated")
		                            : _("the Ed25519 key cannot be generated"));
	return to_pair(pkey, is_rsa ? "rsa" : "ed25519", ret_pair, err);
}

int key_generate(const char *algorithm, int64_t bits, struct key_pair *ret_pair,
                 struct err *err)
{
	crypto()->ERR_clear_error();
	int r = generate(algorithm, bits, ret_pair, err);
	crypto()->ERR_clear_error();
	return r;
}

/* Both forms begin with other members than a private key: an AlgorithmIdentifier. */
static bool is_encrypted_der(const unsigned char *der, size_t len)
{
	const unsigned char *at = der;
	X509_SIG *sig = crypto()->d2i_X509_SIG(NULL, &at, (long)len);
	crypto()->X509_SIG_free(sig);
	return sig != NULL;
}

static bool is_public_der(const unsigned char *der, size_t len)
{
	const unsigned char *at = der;
	EVP_PKEY *pkey = crypto()->d2i_PUBKEY(NULL, &at, (long)len);
	crypto()->EVP_PKEY_free(pkey);
	return pkey != NULL;
}

static int fail_encrypted(struct err *err)
{
	return err_set(
		err, ERR_FAILED,
		_("the private key is encrypted with a passphrase; decrypt it first: "
	          "\"openssl pkey -in FILE -out NEWFILE\""));
}

static int fail_public(struct err *err)
{
	return err_set(err, ERR_FAILED,
	               _("this is a public key; the private key is required"));
}

static int check_rsa(EVP_PKEY *pkey, struct err *err)
{
	int bits = crypto()->EVP_PKEY_get_bits(pkey);
	if (bits < KEY_RSA_MIN)
		return err_set(err, ERR_FAILED,
		               _("the RSA key has %d bits, which is too short: "
		                 "verifiers require at least %d (RFC 8301)"),
		               bits, KEY_RSA_MIN);
	if (bits > KEY_RSA_MAX)
		return err_set(
			err, ERR_FAILED,
			_("the RSA key has %d bits, which is too long: verifiers are "
		          "not required to support more than %d (RFC 8301)"),
			bits, KEY_RSA_MAX);
	BIGNUM *e = NULL;
	bool is_usable =
		crypto()->EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
		crypto()->BN_is_odd(e) && !crypto()->BN_is_one(e);
	crypto()->BN_free(e);
	if (!is_usable)
		return err_set(err, ERR_FAILED,
		               _("the RSA key has an invalid exponent (even, or 1)"));
	EVP_PKEY_CTX *check = crypto()->EVP_PKEY_CTX_new(pkey, NULL);
	bool is_sound = check && crypto()->EVP_PKEY_check(check) == 1;
	crypto()->EVP_PKEY_CTX_free(check);
	if (!is_sound)
		return err_set(err, ERR_FAILED,
		               _("the RSA key is damaged: its numbers are "
		                 "inconsistent"));
	return 0;
}

static int check_pkey(EVP_PKEY *pkey, const char **ret_algorithm, struct err *err)
{
	const char *kind = crypto()->EVP_PKEY_get0_type_name(pkey);
	if (crypto()->EVP_PKEY_is_a(pkey, "ED25519")) {
		*ret_algorithm = "ed25519";
		return 0;
	}
	if (!crypto()->EVP_PKEY_is_a(pkey, "RSA"))
		return err_set(
			err, ERR_FAILED,
			_("the private key is of the type %s; DKIM supports only RSA "
		          "and Ed25519 keys (RFC 8301, RFC 8463)"),
			kind ? kind : _("unknown"));
	*ret_algorithm = "rsa";
	return check_rsa(pkey, err);
}

static int parse_der(const unsigned char *der, size_t len, struct key_pair *ret_pair,
                     struct err *err)
{
	if (is_encrypted_der(der, len))
		return fail_encrypted(err);
	if (is_public_der(der, len))
		return fail_public(err);
	const unsigned char *at = der;
	auto_pkey pkey = crypto()->d2i_AutoPrivateKey(NULL, &at, (long)len);
	if (!pkey)
		return err_set(
			err, ERR_FAILED,
			_("no readable private key: neither PKCS#8 nor PKCS#1, in PEM "
		          "or in DER"));
	if (at != der + len)
		return err_set(err, ERR_FAILED,
		               _("the private key is followed by other octets"));
	const char *algorithm = NULL;
	int r = check_pkey(pkey, &algorithm, err);
	if (r < 0)
		return r;
	return to_pair(pkey, algorithm, ret_pair, err);
}

/* One block of a PEM file, in OpenSSL's memory, which is wiped when it is freed. */
struct pem {
	char *label, *header;
	unsigned char *der;
	long len;
};

static void pem_done(struct pem *pem)
{
	OPENSSL_secure_free(pem->label);
	OPENSSL_secure_free(pem->header);
	OPENSSL_secure_clear_free(pem->der, (size_t)pem->len);
	*pem = (struct pem){ 0 };
}

static bool is_private_label(const char *label)
{
	static const char tail[] = "PRIVATE KEY";
	size_t len = strlen(label);
	return len >= sizeof(tail) - 1 &&
	       strcmp(label + len - (sizeof(tail) - 1), tail) == 0;
}

static bool pem_read(BIO *bio, struct pem *ret_pem)
{
	return crypto()->PEM_read_bio_ex(bio, &ret_pem->label, &ret_pem->header,
	                                 &ret_pem->der, &ret_pem->len,
	                                 PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE) == 1;
}

/* Finds the first private key of the file; parameters and certificates may precede it. */
static int find_private(BIO *bio, struct pem *ret_pem, struct err *err)
{
	bool has_public = false, has_other = false;
	for (;;) {
		cleanup(pem_done) struct pem pem = { 0 };
		if (!pem_read(bio, &pem))
			break;
		if (is_private_label(pem.label)) {
			*ret_pem = pem;
			pem = (struct pem){ 0 };
			return 0;
		}
		has_public |= strstr(pem.label, "PUBLIC KEY") != NULL;
		has_other = true;
	}
	if (has_public)
		return fail_public(err);
	if (has_other)
		return err_set(err, ERR_FAILED,
		               _("the PEM file contains no private key"));
	return err_set(
		err, ERR_FAILED,
		_("the PEM file is damaged: it has no complete block from BEGIN to "
	          "END"));
}

/* The one private key of the file. */
static int read_pem(const unsigned char *octets, size_t len, struct pem *ret_pem,
                    struct err *err)
{
	cleanup(pem_done) struct pem pem = { 0 }, second = { 0 };
	BIO *bio = crypto()->BIO_new_mem_buf(octets, (int)len);
	if (!bio)
		abort(); /* out of memory */
	int r = find_private(bio, &pem, err);
	while (r >= 0 && pem_read(bio, &second)) {
		if (is_private_label(second.label))
			r = err_set(
				err, ERR_FAILED,
				_("the file contains more than one private key; write "
			          "the right one to a file of its own"));
		pem_done(&second);
	}
	crypto()->BIO_free(bio);
	if (r < 0)
		return r;
	if (strcmp(pem.label, "ENCRYPTED PRIVATE KEY") == 0 ||
	    strstr(pem.header, "ENCRYPTED"))
		return fail_encrypted(err);
	if (strcmp(pem.label, "OPENSSH PRIVATE KEY") == 0)
		return err_set(
			err, ERR_FAILED,
			_("the key is in OpenSSH's own format; \"ssh-keygen -p -m PEM "
		          "-f FILE\" converts an RSA key"));
	*ret_pem = pem;
	pem = (struct pem){ 0 };
	return 0;
}

/* ---- keys without an armour -------------------------------------------------------------------- */

/* PKCS#8 of an Ed25519 key up to its seed (RFC 8410 7). */
static const unsigned char ed25519_head[16] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30,
	                                        0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
	                                        0x04, 0x22, 0x04, 0x20 };

/* Whether the 64 octets are a seed and its public key. */
static bool is_seed_with_public(const unsigned char *octets)
{
	unsigned char public_key[ED25519_LEN];
	size_t len = sizeof(public_key);
	auto_pkey pkey = crypto()->EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	                                                        octets, ED25519_LEN);
	return pkey &&
	       crypto()->EVP_PKEY_get_raw_public_key(pkey, public_key, &len) == 1 &&
	       memcmp(public_key, octets + ED25519_LEN, ED25519_LEN) == 0;
}

/* An Ed25519 seed as in rspamd and RFC 8463 A.2, alone or followed by the public key, to PKCS#8. */
static bool seed_to_der(const unsigned char *octets, size_t len, struct secret *ret_der)
{
	unsigned char der[sizeof(ed25519_head) + ED25519_LEN];
	if (len != ED25519_LEN &&
	    (len != 2 * ED25519_LEN || !is_seed_with_public(octets)))
		return false;
	memcpy(der, ed25519_head, sizeof(ed25519_head));
	memcpy(der + sizeof(ed25519_head), octets, ED25519_LEN);
	secret_set(ret_der, der, sizeof(der));
	crypto()->OPENSSL_cleanse(der, sizeof(der));
	return true;
}

/* Base64 and blanks up to the end; false: something else. */
static bool decode_base64(const unsigned char *text, size_t len, struct secret *ret)
{
	auto_secret room = SECRET_INIT;
	size_t count;
	secret_set(&room, text, len); /* more than is decoded; wiped in full */
	if (!dkim_base64_read((struct octets){ (const char *)text, len }, room.at, len,
	                      &count) ||
	    count == 0)
		return false;
	secret_set(ret, room.at, count);
	return true;
}

/* 32 octets of text are not a random seed. */
static bool is_text(const unsigned char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (octets[i] < 0x20
		            ? octets[i] != '\n' && octets[i] != '\r' && octets[i] != '\t'
		            : octets[i] > 0x7e)
			return false;
	return true;
}

/* DER from base64 without BEGIN and END, or from a seed; false: it is DER itself, or neither. */
static bool bare_to_der(const unsigned char *octets, size_t len, struct secret *ret_der)
{
	auto_secret decoded = SECRET_INIT;
	if (!is_text(octets, len))
		return seed_to_der(octets, len, ret_der);
	if (!decode_base64(octets, len, &decoded))
		return false;
	if (!seed_to_der(decoded.at, decoded.len, ret_der))
		secret_set(ret_der, decoded.at, decoded.len);
	return true;
}

/* PEM, DER, base64 of DER or a seed to DER, which is passed to `take`. */
static int open_private(const void *octets, size_t len,
                        int (*take)(const unsigned char *der, size_t len, void *arg,
                                    struct err *err),
                        void *arg, struct err *err)
{
	if (len == 0)
		return err_set(err, ERR_FAILED, _("it is empty"));
	if (len > INPUT_MAX)
		return err_set(err, ERR_FAILED,
		               _("the data is too long for a private key: more than "
		                 "%zu octets"),
		               INPUT_MAX);
	crypto()->ERR_clear_error();
	/* from BEGIN on, so that a byte order mark or text on its line is ignored */
	const unsigned char *begin = memmem(octets, len, PEM_BEGIN, strlen(PEM_BEGIN));
	size_t before = begin ? (size_t)(begin - (const unsigned char *)octets) : 0;
	cleanup(pem_done) struct pem pem = { 0 };
	auto_secret bare = SECRET_INIT;
	int r = begin ? read_pem(begin, len - before, &pem, err) : 0;
	if (r >= 0 && begin)
		r = take(pem.der, (size_t)pem.len, arg, err);
	else if (r >= 0 && bare_to_der(octets, len, &bare))
		r = take(bare.at, bare.len, arg, err);
	else if (r >= 0)
		r = take(octets, len, arg, err);
	crypto()->ERR_clear_error();
	return r;
}

static int take_pair(const unsigned char *der, size_t len, void *arg, struct err *err)
{
	return parse_der(der, len, arg, err);
}

int key_parse_private(const void *octets, size_t len, struct key_pair *ret_pair,
                      struct err *err)
{
	return open_private(octets, len, take_pair, ret_pair, err);
}

/* ---- a cheap look ------------------------------------------------------------------------------ */

/* The DER element at *at; *at moves to the octet after it. */
static bool next_element(const unsigned char **at, const unsigned char *end, int tag,
                         const unsigned char **ret_content, size_t *ret_len)
{
	long len = 0;
	int found = 0, class = 0;
	const unsigned char *content = *at;
	int how = crypto()->ASN1_get_object(&content, &len, &found, &class, end - *at);
	if ((how & 0x81) || found != tag || class != V_ASN1_UNIVERSAL || len < 0)
		return false;
	*ret_content = content;
	*ret_len = (size_t)len;
	*at = content + len;
	return true;
}

/* SubjectPublicKeyInfo of the two INTEGERs n and e of the private key. */
static bool digest_rsa(const unsigned char *numbers, size_t len, struct digest *ret)
{
	int total = crypto()->ASN1_object_size(1, (int)len, V_ASN1_SEQUENCE);
	unsigned char *sequence = OPENSSL_malloc((size_t)total), *at = sequence;
	unsigned char *der = NULL;
	X509_PUBKEY *info = crypto()->X509_PUBKEY_new();
	if (!sequence || !info)
		abort(); /* out of memory */
	crypto()->ASN1_put_object(&at, 1, (int)len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(at, numbers, len);
	int n = -1;
	if (crypto()->X509_PUBKEY_set0_param(info,
	                                     crypto()->OBJ_nid2obj(NID_rsaEncryption),
	                                     V_ASN1_NULL, NULL, sequence, total))
		n = crypto()->i2d_X509_PUBKEY(info, &der);
	else
		OPENSSL_free(sequence);
	if (n > 0)
		digest_of(der, (size_t)n, ret);
	OPENSSL_free(der);
	crypto()->X509_PUBKEY_free(info);
	return n > 0;
}

/* RSAPrivateKey of RFC 8017 A.1.2: nine INTEGERs, the second and third are the public half. */
static bool look_rsa(const unsigned char *der, size_t len, struct key_sight *ret)
{
	enum { VERSION, MODULUS, EXPONENT, COUNT = 9 };
	const unsigned char *end = der + len, *content = NULL, *first = NULL;
	const unsigned char *last = NULL;
	size_t size;
	if (!next_element(&der, end, V_ASN1_SEQUENCE, &content, &size) || der != end)
		return false;
	der = content;
	for (int i = 0; i < COUNT; i++) {
		first = i == MODULUS ? der : first;
		if (!next_element(&der, end, V_ASN1_INTEGER, &content, &size) || !size)
			return false;
		last = i == EXPONENT ? der : last;
		if (i != MODULUS)
			continue;
		bool has_sign = content[0] == 0 && size > 1;
		unsigned top = content[has_sign];
		ret->bits = (int64_t)(size - has_sign) * 8;
		for (; ret->bits && !(top & 0x80); top <<= 1)
			ret->bits--;
	}
	ret->algorithm = "rsa";
	return der == end && digest_rsa(first, (size_t)(last - first), &ret->fingerprint);
}

static int take_sight(const unsigned char *der, size_t len, void *arg, struct err *err)
{
	struct key_sight *ret = arg;
	const unsigned char *at = der, *inner = NULL;
	const ASN1_OBJECT *kind = NULL;
	int inner_len = 0;
	auto_pkcs8 info = crypto()->d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)len);
	bool is_pkcs8 = info && at == der + len &&
	                crypto()->PKCS8_pkey_get0(&kind, &inner, &inner_len, NULL, info);
	if (look_rsa(is_pkcs8 ? inner : der, is_pkcs8 ? (size_t)inner_len : len, ret) &&
	    (!is_pkcs8 || crypto()->OBJ_obj2nid(kind) == NID_rsaEncryption) &&
	    ret->bits >= KEY_RSA_MIN && ret->bits <= KEY_RSA_MAX)
		return 0;
	/* an Ed25519 key contains no public half; for other content the parser reports the fault */
	auto_key_pair pair = { 0 };
	int r = parse_der(der, len, &pair, err);
	if (r < 0)
		return r;
	*ret = (struct key_sight){ .algorithm = pair.algorithm, .bits = pair.bits };
	digest_of(pair.public_key, pair.public_len, &ret->fingerprint);
	return 0;
}

int key_look_private(const void *octets, size_t len, struct key_sight *ret_sight,
                     struct err *err)
{
	struct key_sight sight = { 0 };
	int r = open_private(octets, len, take_sight, &sight, err);
	if (r >= 0)
		*ret_sight = sight;
	return r;
}

static int der_to_pem(const struct secret *der, BIO *bio, struct err *err)
{
	const unsigned char *at = der->at;
	auto_pkcs8 info = crypto()->d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der->len);
	if (!info || at != der->at + der->len)
		return err_set(
			err, ERR_FAILED,
			_("a private key in the database is damaged: it is not PKCS#8"));
	if (crypto()->PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info) != 1)
		return ssl_fail(err, _("the private key cannot be written as PEM"));
	return 0;
}

int key_der_to_pem(const struct secret *der, struct secret *ret_pem, struct err *err)
{
	crypto()->ERR_clear_error();
	BIO *bio = crypto()->BIO_new(crypto()->BIO_s_secmem());
	if (!bio)
		abort(); /* out of memory */
	int r = der_to_pem(der, bio, err);
	if (r >= 0) {
		char *text = NULL;
		long len = BIO_get_mem_data(bio, &text);
		secret_set(ret_pem, text, (size_t)len);
	}
	crypto()->BIO_free(bio);
	crypto()->ERR_clear_error();
	return r;
}
