/* dnszone/dkim/dkim_key.h: the p= of a DKIM key record (RFC 6376 3.6.1, RFC 8463 4), decoded
 * without a cryptographic library. */
#ifndef DNSZONE_DKIM_DKIM_KEY_H
#define DNSZONE_DKIM_DKIM_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "core/base/octets.h"

/* Appends the octets of base64 text (RFC 4648 4, padding required); white space is ignored.  False:
 * it is not base64; `out` then contains the octets before the fault. */
bool dkim_base64_decode(const char *text, size_t len, struct buf *out) must_check;
/* The same into `room` octets, which are a limit: false also if there are more. */
bool dkim_base64_read(struct octets text, unsigned char *out, size_t room,
                      size_t *ret_len) must_check;

enum dkim_key_form {
	DKIM_KEY_RSA,   /* SubjectPublicKeyInfo: every verifier reads it */
	DKIM_KEY_PKCS1, /* a bare RSAPublicKey: some verifiers do */
	DKIM_KEY_ED25519, /* SubjectPublicKeyInfo of Ed25519; records require only 32 octets */
	DKIM_KEY_OTHER, /* neither, or octets are missing or surplus */
};

/* The DER of a key; *ret_bits: the length of an RSA modulus, else 0. */
enum dkim_key_form dkim_key_look(const unsigned char *octets, size_t len,
                                 unsigned *ret_bits) must_check;

#endif
