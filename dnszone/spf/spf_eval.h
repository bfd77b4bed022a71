/*
 * dnszone/spf/spf_eval.h: check_host() of RFC 7208 section 4.
 *
 * Always returns one of the seven results, whatever a stranger publishes.  Memory comes from one
 * arena, include and redirect use a fixed array of frames, the number of look-ups is limited, and
 * all of them have one absolute deadline.
 */
#ifndef DNSZONE_SPF_SPF_EVAL_H
#define DNSZONE_SPF_SPF_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "core/base/octets.h"
#include "dnszone/name/name.h"
#include "dnszone/query/resolver.h"
#include "dnszone/spf/spf_record.h"
#include "dnszone/spf/spf_result.h"

#define SPF_VOID_MAX 2          /* RFC 7208 4.6.4 */
#define SPF_NAME_MAX 10         /* of one mx or ptr, RFC 7208 4.6.4 */
#define SPF_TIME_LIMIT_MS 20000 /* for a message, RFC 7208 4.6.4 */
#define SPF_MEMORY (256 * 1024) /* enough for what is not built to exhaust it */

struct spf_limits {
	unsigned lookups; /* at most SPF_LOOKUP_MAX; more counts as that */
	unsigned voids;
};
#define SPF_LIMITS_DEFAULT ((struct spf_limits){ SPF_LOOKUP_MAX, SPF_VOID_MAX })

struct spf_question {
	uint8_t client[16]; /* IPv4 as ::ffff:a.b.c.d */
	/* Of MAIL FROM, or "postmaster" and the HELO name.  The domain may contain U-labels; no
	 * local part means postmaster. */
	struct octets local_part, domain;
	struct octets helo;
	const char *receiver; /* NULL: "unknown" */
	int64_t now;          /* Unix seconds */
};

struct spf_trace;

/* What a check uses; all borrowed. */
struct spf_context {
	struct resolver *dns; /* with a cache on top: the same query may be repeated */
	struct spf_limits limits;
	struct deadline until;
	struct arena *mem;       /* full: permerror or temperror */
	struct spf_trace *trace; /* NULL: none */
	bool is_serial;          /* no queries in advance */
	bool is_unexplained;     /* the record's exp= is not fetched */
};

/* The text of a policy, which may differ from the record in DNS. */
struct spf_policy {
	struct octets text;
	enum spf_origin origin;     /* of its terms, except for */
	size_t local_at, local_len; /* the part of the text that is local rules */
};

struct spf_answer {
	enum spf_result result;
	enum spf_origin decided_by;
	struct octets record; /* the text that was evaluated; none: there was no policy */
	struct octets mechanism;   /* the term of it that matched; none: no term did */
	struct octets explanation; /* expanded exp= of the record, for fail; else none */
	const char *problem;       /* a phrase for temperror and permerror; else NULL */
	unsigned lookups, voids;   /* that were counted, those of local rules included */
	unsigned
		local_errors; /* local terms that ended in an error and so did not match */
};

/* The one SPF record among TXT data (RFC 7208 4.5): SPF_NEUTRAL, SPF_NONE, or SPF_PERMERROR for
 * several. */
enum spf_result spf_pick_record(const struct dns_answer *answer, struct octets *ret_text);

/* Steps 4.3 to 4.5: the record's text as a policy.  Returns SPF_NEUTRAL (one was found), SPF_NONE,
 * SPF_TEMPERROR or SPF_PERMERROR with *ret_problem. */
enum spf_result spf_fetch(const struct spf_context *context, const struct spf_question *q,
                          struct spf_policy *ret_policy,
                          const char **ret_problem) must_check;

/* The whole check.  `policy` NULL: spf_fetch() determines it.  What the answer points to is in the
 * arena or in the policy.  A local term with an error does not match, and local terms have their
 * own look-up budget. */
void spf_eval(const struct spf_context *context, const struct spf_question *q,
              const struct spf_policy *policy, struct spf_answer *ret_answer);

/* Expands our own explanation, which spf_check_explanation() accepted; "%{p}" may look up names.
 * Returns the length. */
size_t spf_eval_explain(const struct spf_context *context, const struct spf_question *q,
                        const char *text, char *out, size_t room);

/* The domain that is checked, as A-labels without final dot; false: none can be (RFC 7208 4.3:
 * malformed, an address in brackets, a single label). */
bool spf_question_domain(const struct spf_question *q,
                         char ret_domain[NAME_SIZE]) must_check;

#endif
