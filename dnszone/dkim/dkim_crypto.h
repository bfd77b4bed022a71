/*
 * dnszone/dkim/dkim_crypto.h: SHA-256 and the test of signatures, through OpenSSL's libcrypto,
 * which is opened at the first call.  No function aborts: input that OpenSSL refuses is a result.
 */
#ifndef DNSZONE_DKIM_DKIM_CRYPTO_H
#define DNSZONE_DKIM_DKIM_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/dkim/dkim_key_record.h"

#define DKIM_HASH_LEN 32

struct dkim_hash;

/* NULL: no memory. */
struct dkim_hash *dkim_hash_new(void) must_check;
void dkim_hash_add(struct dkim_hash *hash, const void *octets, size_t len);
/* False: a call failed since the beginning.  Frees the hash in any case. */
bool dkim_hash_end(struct dkim_hash *hash, unsigned char ret[DKIM_HASH_LEN]) must_check;
/* Accepts NULL. */
void dkim_hash_free(struct dkim_hash *hash);

enum dkim_proof {
	DKIM_PROVEN,
	DKIM_DISPROVEN,
	DKIM_BAD_KEY, /* OpenSSL does not accept it */
};
/* RSA: PKCS#1 v1.5 with SHA-256 (RFC 6376 3.3.2); Ed25519: PureEdDSA of the hash (RFC 8463 3). */
enum dkim_proof dkim_prove(const struct dkim_public_key *key,
                           const unsigned char hash[DKIM_HASH_LEN],
                           struct octets signature) must_check;

#endif
