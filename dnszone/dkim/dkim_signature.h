/* dnszone/dkim/dkim_signature.h: the DKIM-Signature field (RFC 6376 3.5, RFC 8463, RFC 8616). */
#ifndef DNSZONE_DKIM_DKIM_SIGNATURE_H
#define DNSZONE_DKIM_DKIM_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/dkim/dkim_canon.h"
#include "dnszone/name/name.h"

#define DKIM_SIGNATURE_OCTETS_MAX 1024 /* of b= decoded: RSA of 8192 bits */
#define DKIM_BODY_HASH_MAX 64

enum dkim_algorithm {
	DKIM_ALGORITHM_UNKNOWN,
	DKIM_RSA_SHA1, /* known, never tested: RFC 8301 3.1 */
	DKIM_RSA_SHA256,
	DKIM_ED25519_SHA256,
};
/* "rsa-sha256"; "" for DKIM_ALGORITHM_UNKNOWN. */
const char *dkim_algorithm_name(enum dkim_algorithm algorithm);

struct dkim_signature {
	enum dkim_algorithm algorithm;
	char domain[NAME_SIZE];   /* d= in lower-case A-labels */
	char selector[NAME_SIZE]; /* s=: likewise */
	struct octets identity;   /* i= without white space; none: there is no i= */
	bool is_below;            /* the domain of i= is not d=, but below it */
	enum dkim_canon header_canon, body_canon;
	struct octets names; /* h=, for dkim_names_next() */
	bool has_limit;      /* l= */
	uint64_t limit;
	int64_t signed_at, expires_at; /* t=, x=: Unix seconds; -1: there is none */
	unsigned char body_hash[DKIM_BODY_HASH_MAX];
	size_t body_hash_len;
	struct octets b;      /* decoded */
	struct octets b_text; /* without white space */
	size_t b_at,
		b_end; /* its place in the field's value, white space around it included */
};

/* Reads the field's value.  NULL: it is valid.  Otherwise what is wrong, a phrase; *ret then has
 * what was readable, to be reported, and "" or nothing for the rest.  What it points to is in
 * `value` and in `mem`; a full arena is a fault too, with mem->was_full. */
const char *dkim_signature_read(struct octets value, struct arena *mem,
                                struct dkim_signature *ret) must_check;

/* The next name of an h=; *at is 0 at first.  False: there is none. */
bool dkim_names_next(struct octets names, size_t *at, struct octets *ret_name) must_check;

#endif
