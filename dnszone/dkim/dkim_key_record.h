/*
 * dnszone/dkim/dkim_key_record.h: a key record as a verifier reads it (RFC 6376 3.6.1 and 6.1.2,
 * RFC 8301, RFC 8463 4).  Tags, base64 and keys are read by the functions that lint uses.
 */
#ifndef DNSZONE_DKIM_DKIM_KEY_RECORD_H
#define DNSZONE_DKIM_DKIM_KEY_RECORD_H

#include <stdbool.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/dkim/dkim_key.h"

#define DKIM_KEY_OCTETS_MAX 2048 /* more than RSA of 8192 bits has */
#define DKIM_ED25519_LEN 32

struct dkim_public_key {
	enum dkim_key_form form; /* DKIM_KEY_ED25519: the 32 octets alone */
	unsigned bits;           /* of RSA; Ed25519: 256 */
	bool is_testing;         /* t=y */
	bool is_strict;          /* t=s: the domain of i= must be d= */
	size_t len;
	unsigned char octets[DKIM_KEY_OCTETS_MAX];
};

/* Whether the TXT data is a key record, valid or not: other data at the name is ignored. */
bool dkim_key_record_is(struct octets text) must_check;

/* NULL: *ret_key is a key for signatures of mail with SHA-256.  Otherwise the reason why the record
 * has none, a phrase; of *ret_key, is_testing is set then. */
const char *dkim_key_record_read(struct octets text,
                                 struct dkim_public_key *ret_key) must_check;

#endif
