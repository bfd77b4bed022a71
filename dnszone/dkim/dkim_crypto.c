/*
 * Signatures of strangers against keys of strangers.  The forms and sizes of keys were checked
 * before (dkim_key_record.c, dkim_verify.c), so OpenSSL reads RSA keys only, of limited size.  Its
 * error queue is left empty.
 */
#include "dnszone/dkim/dkim_crypto.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/base/library.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(ERR_clear_error) \
	CALL(EVP_DigestFinal_ex) \
	CALL(EVP_DigestInit_ex) \
	CALL(EVP_DigestUpdate) \
	CALL(EVP_DigestVerify) \
	CALL(EVP_DigestVerifyInit) \
	CALL(EVP_MD_CTX_free) \
	CALL(EVP_MD_CTX_new) \
	CALL(EVP_PKEY_CTX_free) \
	CALL(EVP_PKEY_CTX_new) \
	CALL(EVP_PKEY_CTX_set_rsa_padding) \
	CALL(EVP_PKEY_CTX_set_signature_md) \
	CALL(EVP_PKEY_free) \
	CALL(EVP_PKEY_new_raw_public_key) \
	CALL(EVP_PKEY_verify) \
	CALL(EVP_PKEY_verify_init) \
	CALL(EVP_sha256) \
	CALL(d2i_PUBKEY) \
	CALL(d2i_PublicKey)
/* clang-format on */
LIBRARY(crypto, LIBRARY_CRYPTO, CALLS)

struct dkim_hash {
	EVP_MD_CTX *md;
	bool is_good;
};

struct dkim_hash *dkim_hash_new(void)
{
	struct dkim_hash *hash = calloc(1, sizeof(*hash));
	if (!hash)
		return NULL;
	hash->md = crypto()->EVP_MD_CTX_new();
	if (!hash->md) {
		free(hash);
		return NULL;
	}
	hash->is_good =
		crypto()->EVP_DigestInit_ex(hash->md, crypto()->EVP_sha256(), NULL) == 1;
	return hash;
}

void dkim_hash_add(struct dkim_hash *hash, const void *octets, size_t len)
{
	hash->is_good =
		hash->is_good && crypto()->EVP_DigestUpdate(hash->md, octets, len) == 1;
}

bool dkim_hash_end(struct dkim_hash *hash, unsigned char ret[DKIM_HASH_LEN])
{
	bool is_good =
		hash->is_good && crypto()->EVP_DigestFinal_ex(hash->md, ret, NULL) == 1;
	if (!is_good)
		crypto()->ERR_clear_error();
	dkim_hash_free(hash);
	return is_good;
}

void dkim_hash_free(struct dkim_hash *hash)
{
	if (!hash)
		return;
	crypto()->EVP_MD_CTX_free(hash->md);
	free(hash);
}

static EVP_PKEY *open_key(const struct dkim_public_key *key)
{
	const unsigned char *at = key->octets;
	switch (key->form) {
	case DKIM_KEY_RSA:
		return crypto()->d2i_PUBKEY(NULL, &at, (long)key->len);
	case DKIM_KEY_PKCS1:
		return crypto()->d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)key->len);
	case DKIM_KEY_ED25519:
		return crypto()->EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		                                             key->octets, key->len);
	default:
		return NULL;
	}
}

static bool prove_rsa(EVP_PKEY *pkey, const unsigned char *hash, struct octets signature)
{
	EVP_PKEY_CTX *ctx = crypto()->EVP_PKEY_CTX_new(pkey, NULL);
	bool is_proven =
		ctx && crypto()->EVP_PKEY_verify_init(ctx) == 1 &&
		crypto()->EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		crypto()->EVP_PKEY_CTX_set_signature_md(ctx, crypto()->EVP_sha256()) ==
			1 &&
		crypto()->EVP_PKEY_verify(ctx, (const unsigned char *)signature.at,
	                                  signature.len, hash, DKIM_HASH_LEN) == 1;
	crypto()->EVP_PKEY_CTX_free(ctx);
	return is_proven;
}

static bool prove_ed25519(EVP_PKEY *pkey, const unsigned char *hash,
                          struct octets signature)
{
	EVP_MD_CTX *md = crypto()->EVP_MD_CTX_new();
	bool is_proven =
		md && crypto()->EVP_DigestVerifyInit(md, NULL, NULL, NULL, pkey) == 1 &&
		crypto()->EVP_DigestVerify(md, (const unsigned char *)signature.at,
	                                   signature.len, hash, DKIM_HASH_LEN) == 1;
	crypto()->EVP_MD_CTX_free(md);
	return is_proven;
}

enum dkim_proof dkim_prove(const struct dkim_public_key *key,
                           const unsigned char hash[DKIM_HASH_LEN],
                           struct octets signature)
{
	EVP_PKEY *pkey = open_key(key);
	enum dkim_proof proof = DKIM_BAD_KEY;
	if (pkey) {
		bool is_proven = key->form == DKIM_KEY_ED25519
		                         ? prove_ed25519(pkey, hash, signature)
		                         : prove_rsa(pkey, hash, signature);
		proof = is_proven ? DKIM_PROVEN : DKIM_DISPROVEN;
	}
	crypto()->EVP_PKEY_free(pkey);
	crypto()->ERR_clear_error();
	return proof;
}
