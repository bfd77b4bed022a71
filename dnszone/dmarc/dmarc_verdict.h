/*
 * dnszone/dmarc/dmarc_verdict.h: the DMARC verdict on one message (RFC 9989).
 *
 * The caller has extracted the author domain (from_header.h), and has checked SPF of MAIL FROM, or
 * of HELO for the null sender, and the DKIM signatures.
 */
#ifndef DNSZONE_DMARC_DMARC_VERDICT_H
#define DNSZONE_DMARC_DMARC_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/dmarc/dmarc_record.h"
#include "dnszone/dmarc/dmarc_trace.h"
#include "dnszone/dmarc/from_header.h"
#include "dnszone/name/name.h"
#include "dnszone/query/resolver.h"

#define DMARC_IDENTIFIERS_MAX 32   /* further ones are ignored */
#define DMARC_WALKS_MAX 10         /* identifiers with a walk of their own */
#define DMARC_MEMORY (1024 * 1024) /* enough for what is not built to exhaust it */
#define DMARC_REASON_MAX 500

/* ---- the question --------------------------------------------------------------------------------- */

enum dmarc_source { DMARC_SPF, DMARC_DKIM };

/* The result of the check of an identifier, as far as DMARC distinguishes results. */
enum dmarc_check {
	DMARC_NOT_PASSED, /* fail, none, policy, permerror ...: never aligned */
	DMARC_PASSED,
	DMARC_UNDECIDED, /* temperror */
};

struct dmarc_identifier {
	enum dmarc_source source;
	enum dmarc_check check;
	struct octets domain; /* of MAIL FROM or HELO; d= */
};

struct dmarc_question {
	struct octets from_domain;
	const struct dmarc_identifier
		*identifier; /* DKIM: in any order, several allowed */
	size_t count;
};

/* ---- the verdict ---------------------------------------------------------------------------------- */

enum dmarc_result {
	DMARC_NONE,
	DMARC_PASS,
	DMARC_FAIL,
	DMARC_TEMPERROR,
	DMARC_PERMERROR
};

struct dmarc_verdict {
	enum dmarc_result result;    /* DMARC_PERMERROR: there is no author domain */
	char from_domain[NAME_SIZE]; /* lower-case A-labels; "": none */
	char organizational_domain[NAME_SIZE]; /* of the author; "": not known */
	char record_domain
		[NAME_SIZE];  /* whose policy record applies; "": none, or not known */
	struct octets record; /* its text; in the arena of the check */
	/* After sp, np and t: none, quarantine, reject.  DMARC_POLICY_ABSENT: no record applies, or
	 * it is not known; DMARC_POLICY_INVALID: the record has no valid policy (RFC 9989 4.10.1).
	 */
	enum dmarc_policy policy;
	bool is_spf_aligned, is_dkim_aligned;
	bool is_aligned[DMARC_IDENTIFIERS_MAX]; /* for each identifier of the question */
	unsigned queries;
	char reason[DMARC_REASON_MAX + 1]; /* a clause: why this result; printable */
};

/* Always answers.  `dns` with a cache on top; `mem` may be shared with other checks of the message
 * and must outlive the verdict; `trace` NULL: none. */
void dmarc_verdict(const struct dmarc_question *question, struct resolver *dns,
                   struct deadline until, struct arena *mem, struct dmarc_trace *trace,
                   struct dmarc_verdict *ret_verdict);

/* The verdict on a message without author domain: DMARC_PERMERROR with the reason. */
void dmarc_verdict_without_author(enum from_fault fault, struct dmarc_trace *trace,
                                  struct dmarc_verdict *ret_verdict);

/* Announces what the verdict will probably query, before the checks of the identifiers are done:
 * their answers then travel together with the keys.  `domains` are those of the identifiers. */
void dmarc_verdict_ahead(struct octets from_domain, const struct octets *domains,
                         size_t count, struct resolver *dns, struct deadline until);

/* "none", "pass", "fail", "temperror", "permerror". */
const char *dmarc_result_name(enum dmarc_result result) must_check;

/* The value of policy.dmarc (RFC 9989 9.1): "none", "quarantine", "reject"; NULL: no record
 * applies, or an answer is missing. */
const char *dmarc_verdict_policy(const struct dmarc_verdict *verdict) must_check;

enum dmarc_disposition {
	DMARC_DELIVER,    /* unchanged */
	DMARC_QUARANTINE, /* delivered and marked */
	DMARC_REJECT,     /* 550 5.7.1 */
	DMARC_DEFER,      /* 451: the policy would refuse, and an answer is missing */
};
/* What becomes of the message; `does_reject`: the setting dmarc.reject, and no exception applies.
 * A message with an error that is not refused is delivered; the result is the error. */
enum dmarc_disposition dmarc_verdict_disposition(const struct dmarc_verdict *verdict,
                                                 bool does_reject) must_check;
/* "none", "quarantine", "reject", "defer". */
const char *dmarc_disposition_name(enum dmarc_disposition disposition) must_check;

#endif
