/*
 * dnszone/verify/message_verify.h: what an incoming message proves about its senders: DKIM
 * signatures, SPF of its envelope sender, the DMARC verdict.
 *
 * A verifier is fed a message: header fields from top to bottom, their end, the body in pieces, the
 * end.  Memory does not depend on the message.  All queries of a message have one deadline; what
 * will be queried anyway is announced early, so that an ordinary message takes as long as its SPF
 * record.
 */
#ifndef DNSZONE_VERIFY_MESSAGE_VERIFY_H
#define DNSZONE_VERIFY_MESSAGE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/dkim/dkim_verify.h"
#include "dnszone/dmarc/dmarc_verdict.h"
#include "dnszone/dmarc/from_header.h"
#include "dnszone/name/name.h"
#include "dnszone/query/resolver.h"
#include "dnszone/spf/spf_check.h"

/* For one message: SPF, then DMARC. */
#define MESSAGE_MEMORY (SPF_MEMORY + DMARC_MEMORY)

struct message_envelope {     /* texts are borrowed */
	uint8_t client[16];   /* IPv4 as ::ffff:a.b.c.d */
	struct octets sender; /* MAIL FROM without <>; none: the null sender */
	struct octets helo;
};

/* How a message is verified; all borrowed. */
struct message_context {
	struct resolver *dns; /* with a cache on top */
	struct deadline until;
	struct arena *mem;    /* MESSAGE_MEMORY */
	const char *receiver; /* this host */
	int64_t now;          /* Unix seconds */
	unsigned void_limit;  /* of SPF */
	bool checks_spf, checks_dmarc;
	struct dmarc_trace *trace; /* of all checks; NULL: none */
};

/* What DKIM came to, from our verifier or from another one. */
struct message_signature {
	const char *result;   /* "pass", "fail" ... (RFC 8601 2.7.1) */
	const char *reason;   /* why it is not a pass, a phrase; NULL: none */
	const char *comment;  /* that, or what else people may want to know; NULL: none */
	const char *domain;   /* d=; "": not known, as the next three */
	const char *selector; /* s= */
	const char *algorithm; /* a= */
	const char *b;         /* the first characters of b= */
	enum dmarc_check check;
};

/* A signature that another verifier has tested; `domain`: d=, "": not known. */
struct message_signature message_signature_of(enum dkim_result result,
                                              const char *domain) must_check;

struct message_results { /* what it points to: the verifier's, or in the arena of the check */
	const struct message_signature *signature;
	size_t count;
	bool has_spf;
	enum spf_identity identity;
	struct octets spf_domain; /* that was checked; none: there is none */
	struct spf_verdict spf;
	bool has_dmarc;
	struct dmarc_verdict dmarc;
	bool is_aligned[DKIM_SIGNATURES_MAX + 1]; /* each signature */
};

struct message_verifier;

/* NULL: no memory. */
struct message_verifier *message_verifier_new(void) must_check;
/* Accepts NULL. */
void message_verifier_free(struct message_verifier *verifier);
/* For the next message. */
void message_verifier_reset(struct message_verifier *verifier);

/* As for dkim_verifier_field(). */
void message_verifier_field(struct message_verifier *verifier, struct octets name,
                            struct octets value);
/* After the last field: whether the body is needed. */
bool message_verifier_end_fields(struct message_verifier *verifier,
                                 int64_t now) must_check;
/* As for dkim_verifier_body(). */
bool message_verifier_body(struct message_verifier *verifier, const void *octets,
                           size_t len);
/* After message_verifier_end_fields(): the From field. */
const struct from_header *
message_verifier_from(const struct message_verifier *verifier) must_check;
/* After the body.  Always answers; the results are valid until the verifier is fed again. */
void message_verifier_finish(struct message_verifier *verifier,
                             const struct message_context *context,
                             const struct message_envelope *envelope,
                             struct message_results *ret_results);

/* SPF and DMARC only, with the signatures of another verifier; `from`: the From fields. */
void message_verdict(const struct message_context *context,
                     const struct message_envelope *envelope,
                     const struct from_header *from,
                     const struct message_signature *signature, size_t count,
                     struct message_results *ret_results);

/* The verdict alone, for results of SPF and DKIM that are known already. */
void message_judge(const struct message_context *context, const struct from_header *from,
                   struct message_results *results);

/* Whether a valid signature or an SPF pass is of that domain (A-labels in lower case). */
bool message_is_proven(const struct message_results *results,
                       const char *domain) must_check;

#endif
