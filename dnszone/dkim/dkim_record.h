/*
 * dnszone/dkim/dkim_record.h: the TXT record of a DKIM key (RFC 6376 3.6.1, RFC 8463 4): its text,
 * and a comparison with a record in DNS, by the rules of verifiers.
 */
#ifndef DNSZONE_DKIM_DKIM_RECORD_H
#define DNSZONE_DKIM_DKIM_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

/* The text of a record: "v=DKIM1; k=<algorithm>; p=<base64>".
 * `algorithm`: "rsa" (public is a DER SubjectPublicKeyInfo) or "ed25519" (public is the 32 octets,
 * RFC 8463 4.2).  public NULL: revoked, an empty p=.  The caller frees. */
char *dkim_record_text(const char *algorithm, const unsigned char *public_key,
                       size_t len) must_check;

/* Why a verifier does not accept the record for the key.  In the order of dkim_record.c's table. */
enum dkim_fault {
	DKIM_FITS,
	DKIM_COUNT, /* not exactly one TXT record at the name (RFC 6376 3.6.2.2: undefined) */
	DKIM_EMPTY,
	DKIM_OCTET,
	DKIM_BACKSLASH, /* zone-file escapes that became data */
	DKIM_QUOTED,    /* zone-file quotes that became data */
	DKIM_SYNTAX,
	DKIM_TAG_TWICE,
	DKIM_VERSION_PLACE,
	DKIM_VERSION,
	DKIM_ALGORITHM,
	DKIM_HASH,
	DKIM_SERVICE,
	DKIM_NO_KEY,
	DKIM_REVOKED,
	DKIM_BASE64,
	DKIM_CUT,
	DKIM_ENCODING, /* the same key, wrapped so that verifiers do not read it */
	DKIM_OTHER_KEY,
	DKIM_FAULTS /* how many there are */
};

struct dkim_verdict {
	enum dkim_fault fault;
	char what[48]; /* what the sentence names (a value, a tag), printable; "" */
	bool is_testing; /* t=y: a verifier may treat the domain as one that only tests DKIM */
};

/* The name of a fault in JSON, which never changes: "tag-twice"; NULL for DKIM_FITS. */
const char *dkim_fault_key(enum dkim_fault fault);
/* One clause about the record without a final dot, translated: "the tag p is in the record twice";
 * "" for DKIM_FITS. */
void dkim_verdict_say(const struct dkim_verdict *verdict, char *ret_text, size_t size);

/* Compares the data of one TXT record (its strings joined, any octets) with `wanted`, a text of
 * dkim_record_text().  Tags as RFC 6376 3.2 has them: names and values are case-sensitive, unknown
 * tags are ignored, white space in p= has no meaning. */
void dkim_record_judge(const void *octets, size_t len, const char *wanted,
                       struct dkim_verdict *ret_verdict);
/* The verdict for a name with `count` records: only one record is valid. */
void dkim_record_count(size_t count, struct dkim_verdict *ret_verdict);

#endif
