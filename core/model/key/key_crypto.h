/* core/model/key/key_crypto.h: DKIM key pairs, by OpenSSL 3's EVP interface (its sole owner). */
#ifndef CORE_MODEL_KEY_KEY_CRYPTO_H
#define CORE_MODEL_KEY_KEY_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/secret.h"

/* A pair that is not in the store yet. */
struct key_pair {
	const char *algorithm; /* "rsa", "ed25519": a literal */
	int64_t bits;
	struct secret pkcs8;
	unsigned char *public_key;
	size_t public_len;
};
void key_pair_done(struct key_pair *pair);
#define auto_key_pair cleanup(key_pair_done) struct key_pair

#define KEY_RSA_MIN 1024 /* RFC 8301 3.2 */
#define KEY_RSA_MAX 4096

/* Generates a pair: "rsa" with `bits` (1024..4096), or "ed25519".  Safe in several threads at once.
 */
int key_generate(const char *algorithm, int64_t bits, struct key_pair *ret_pair,
                 struct err *err) must_check;

/* Reads a private key: PEM (PKCS#1 or PKCS#8) or DER, with CRLF line ends too; base64 of DER
 * without BEGIN and END; an Ed25519 seed of 32 octets, also in base64, also followed by the public
 * key (rspamd's form; but not 32 octets of plain text).  ERR_FAILED with the reason: encrypted, too
 * short, too long, of another kind, a public key only, not readable. */
int key_parse_private(const void *octets, size_t len, struct key_pair *ret_pair,
                      struct err *err) must_check;

/* What a private key contains, determined quickly (microseconds; the check above needs a hundredth
 * of a second and more): its numbers are measured but not verified. */
struct key_sight {
	const char *algorithm; /* "rsa", "ed25519": a literal */
	int64_t bits;
	struct digest fingerprint; /* SHA-256 of the public half, as in struct key */
};
/* The same forms and the same refusals as key_parse_private(). */
int key_look_private(const void *octets, size_t len, struct key_sight *ret_sight,
                     struct err *err) must_check;

/* PKCS#8 DER to PEM text ("BEGIN PRIVATE KEY"). */
int key_der_to_pem(const struct secret *der, struct secret *ret_pem,
                   struct err *err) must_check;

#endif
