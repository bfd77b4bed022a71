/* dnszone/dkim/dkim_verify_inner.h: inside a verifier: dkim_verify.c and dkim_verify_key.c. */
#ifndef DNSZONE_DKIM_DKIM_VERIFY_INNER_H
#define DNSZONE_DKIM_DKIM_VERIFY_INNER_H

#include "core/base/arena.h"
#include "dnszone/dkim/dkim_canon.h"
#include "dnszone/dkim/dkim_crypto.h"
#include "dnszone/dkim/dkim_fields.h"
#include "dnszone/dkim/dkim_signature.h"
#include "dnszone/dkim/dkim_verify.h"

/* A hash of the body, which several signatures may share. */
struct dkim_body_hash {
	enum dkim_canon canon;
	bool has_limit;
	uint64_t limit, left;
	struct dkim_hash *hash; /* NULL: it has ended, or there was no memory */
	bool is_good;
	unsigned char value[DKIM_HASH_LEN];
};

struct dkim_entry { /* a signature */
	const struct dkim_field *field;
	struct dkim_signature signature;
	bool is_open; /* no result yet */
	unsigned char header_hash[DKIM_HASH_LEN];
	struct dkim_body_hash *body;
	size_t question; /* of its key */
	struct dkim_report *report;
};

struct dkim_verifier {
	struct arena mem; /* opened for the first field */
	struct dkim_fields fields;
	struct dkim_entry *entry[DKIM_SIGNATURES_MAX];
	size_t entries;
	/* why nothing is tested, and whether a signature was lost that way; NULL: no trouble */
	const char *trouble;
	enum dkim_result trouble_result;
	bool has_lost;
	struct dkim_body body[2]; /* by enum dkim_canon */
	struct dkim_body_hash body_hash[DKIM_VERIFIED_MAX];
	size_t body_hashes;
	struct dkim_report report[DKIM_SIGNATURES_MAX + 1];
};

/* Gives an open entry its result.  `reason` NULL: none. */
void dkim_entry_end(struct dkim_entry *entry, enum dkim_result result,
                    const char *reason);
/* Queries the keys of the open entries, and gives each its result. */
void dkim_verify_keys(struct dkim_verifier *verifier, struct resolver *dns,
                      struct deadline until);

#endif
