/*
 * dnszone/dkim/dkim_verify.h: verification of the DKIM signatures of a message (RFC 6376, with RFC
 * 8301, 8463 and 8616).
 *
 * The caller passes header fields from top to bottom, their end, the body in pieces of any size,
 * and the end.  Memory does not depend on the message: header fields are limited, a body is hashed
 * as it arrives.  libcrypto is opened when a message has a signature that can be tested, and not
 * before.  The keys of all signatures are queried in parallel, each name once, CNAMEs are followed.
 * The time is an argument.
 *
 *	verifier = dkim_verifier_new();
 *	for each field
 *		dkim_verifier_field(verifier, name, value);
 *	if (dkim_verifier_end_fields(verifier, now, "author.example"))
 *		for each piece
 *			if (!dkim_verifier_body(verifier, octets, len))
 *				break;
 *	count = dkim_verifier_finish(verifier, dns, until, &reports);
 *	...
 *	dkim_verifier_reset(verifier);	(for the next message)
 */
#ifndef DNSZONE_DKIM_DKIM_VERIFY_H
#define DNSZONE_DKIM_DKIM_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/dkim/dkim_result.h"
#include "dnszone/query/resolver.h"

#define DKIM_VERIFIED_MAX 10   /* signatures of a message that are tested */
#define DKIM_SIGNATURES_MAX 64 /* that are read and reported */
#define DKIM_FIELDS_MAX 4096   /* header fields of a message */
#define DKIM_FIELDS_OCTETS_MAX ((size_t)512 * 1024)
#define DKIM_RSA_MIN 1024   /* bits, RFC 8301 3.2 */
#define DKIM_RSA_MAX 8192   /* bits; our own limit */
#define DKIM_CLOCK_SKEW 300 /* seconds by which clocks may differ, for t= and x= */
#define DKIM_B_SHOWN_MAX 32

struct dkim_report { /* of one signature; what it points to belongs to the verifier */
	enum dkim_result result;
	/* A phrase in English, printable ASCII; NULL for a pass.  Only why a query failed is in the
	 * language of the program. */
	const char *reason;
	/* "" where the signature has no valid one */
	const char *domain;    /* d=: lower-case A-labels */
	const char *selector;  /* s=: likewise */
	const char *algorithm; /* a=: "rsa-sha256", "ed25519-sha256", "rsa-sha1" */
	struct octets
		identity; /* i= without white space, foreign octets; none: the default,
	                            "@<domain>" */
	char b[DKIM_B_SHOWN_MAX +
	       1];         /* the first characters of b=, base64: 8, or as many as
	                                 distinguish it from other signatures (RFC 6008 3) */
	unsigned key_bits; /* 0: the key is not known */
	bool is_testing;   /* t=y in the key's record: RFC 6376 3.6.1 */
	bool is_authentic; /* the key's answer has the AD bit */
};

struct dkim_verifier;

/* NULL: no memory. */
struct dkim_verifier *dkim_verifier_new(void) must_check;
/* Accepts NULL. */
void dkim_verifier_free(struct dkim_verifier *verifier);
/* For the next message; reports of the last one become invalid. */
void dkim_verifier_reset(struct dkim_verifier *verifier);

/* A header field; both are copied.  `name`: what precedes the colon.  `value`: everything after the
 * colon, the white space there too, without the final line break; lines inside are folded with CRLF
 * or LF, which counts as CRLF.  (A milter gets the white space only with SMFIP_HDR_LEADSPC; without
 * it, signatures with c=simple fail unless the caller restores the usual blank.)  Fields beyond the
 * limits make all signatures neutral. */
void dkim_verifier_field(struct dkim_verifier *verifier, struct octets name,
                         struct octets value);

/* After the last field.  `now`: Unix seconds, for t= and x=.  `author`: the domain of From in
 * lower-case A-labels: of more than DKIM_VERIFIED_MAX signatures, those whose d= is closest to it
 * are tested; NULL: the first ones are.  True: the body is needed. */
bool dkim_verifier_end_fields(struct dkim_verifier *verifier, int64_t now,
                              const char *author) must_check;

/* A piece of the body, its line ends CRLF; a CR or LF alone is an ordinary octet.  False: no more
 * of it is needed (it may be passed nevertheless). */
bool dkim_verifier_body(struct dkim_verifier *verifier, const void *octets, size_t len);

/* After the body: queries the keys and tests.  Returns the number of reports, one for each
 * signature from top to bottom; 0: the message is not signed.  Queries what is needed, possibly
 * nothing.  `dns` NULL: nothing is queried, and signatures that need a key are temperror. */
size_t dkim_verifier_finish(struct dkim_verifier *verifier, struct resolver *dns,
                            struct deadline until,
                            const struct dkim_report **ret_reports) must_check;

#endif
