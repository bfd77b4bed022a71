/* dnszone/spf/spf_eval_inner.h: one SPF evaluation, shared by spf_eval.c, spf_mech.c and
 * spf_ahead.c. */
#ifndef DNSZONE_SPF_SPF_EVAL_INNER_H
#define DNSZONE_SPF_SPF_EVAL_INNER_H

#include "dnszone/spf/spf_eval.h"
#include "dnszone/spf/spf_macro.h"
#include "dnszone/spf/spf_trace.h"

/* Each include costs a look-up, so this many frames are enough; a redirect reuses its frame. */
#define SPF_FRAME_MAX (SPF_LOOKUP_MAX + 1)
/* Queries sent in advance: the terms of both budgets. */
#define SPF_AHEAD_MAX (2 * SPF_LOOKUP_MAX)

struct spf_frame {
	const struct spf_record *record;
	size_t next; /* index of the term to be tried */
	size_t domain_len;
	char domain[NAME_SIZE];  /* whose record it is: %{d} */
	struct spf_event *event; /* of the term that is tried; NULL: no trace */
};

struct spf_budget {
	unsigned lookups, voids; /* used up */
};

/* The names of the client's address (RFC 7208 5.5), looked up once. */
struct spf_names {
	bool is_known;
	size_t count;
	struct dns_name name[SPF_NAME_MAX];
	enum { NAME_UNCHECKED, NAME_VALID, NAME_INVALID } state[SPF_NAME_MAX];
};

struct spf_ahead {
	size_t count;
	unsigned
		terms[2]; /* counted so far that cost a look-up; [1]: below local rules */
	struct spf_ahead_item {
		struct dns_name name;
		enum dns_type type; /* DNS_TXT and DNS_MX lead to further questions */
		bool is_local, is_done;
	} item[SPF_AHEAD_MAX];
};

struct spf_run {
	const struct spf_context *context;
	const struct spf_policy *policy; /* what frame 0 began with */
	struct spf_macro_values values;
	unsigned lookup_max;
	struct spf_budget budget[2]; /* [1]: of local rules */
	bool is_local; /* the term of frame 0 that is tried is a local rule */
	bool is_top;   /* frame 0 still has the policy, not what it redirects to */
	unsigned local_errors;
	const char *problem;
	unsigned depth;
	struct spf_names *names;       /* in the arena, after the first use */
	struct spf_ahead *ahead;       /* NULL: no queries in advance */
	char sender_domain[NAME_SIZE]; /* unchanged when frame 0 follows a redirect */
	struct spf_frame frame[SPF_FRAME_MAX];
};

/* ---- spf_eval.c -------------------------------------------------------------------- */

/* Records why the term ends in an error; returns `outcome`. */
enum spf_outcome spf_run_fault(struct spf_run *run, enum spf_outcome outcome,
                               const char *fmt, ...) printf_like(3, 4);

/* Queries, and records this in the trace.  With `counts`, an answer without records is a void
 * look-up.  Returns SPF_MATCH (records), SPF_NO_MATCH (none), or an error that is already
 * explained. */
enum spf_outcome spf_run_ask(struct spf_run *run, const struct dns_name *name,
                             enum dns_type type, bool counts,
                             struct dns_answer *ret_answer);

/* The target-name of a domain-spec, or the frame's own domain without one.  False: it is not a name
 * that DNS can contain. */
bool spf_run_target(struct spf_run *run, const struct spf_term *term,
                    char ret_domain[NAME_SIZE], size_t *ret_len,
                    struct dns_name *ret_name) must_check;

/* Puts the record of `domain` on the frame at run->depth + 1, or (`is_redirect`) replaces the one
 * at run->depth.  Returns SPF_ENTERED, or an error that is already explained. */
enum spf_outcome spf_run_enter(struct spf_run *run, const struct spf_term *term,
                               bool is_redirect);

/* ---- spf_mech.c -------------------------------------------------------------------- */

/* Tries one mechanism other than include. */
enum spf_outcome spf_mech_try(struct spf_run *run, const struct spf_term *term);
/* Whether an ip4 or ip6 term contains the client. */
bool spf_mech_ip_matches(const struct spf_term *term, const uint8_t client[16]);
/* The record type for the client's address family. */
enum dns_type spf_address_type(const uint8_t client[16]);
/* Sets values.validated for %{p} as seen from `domain` (RFC 7208 7.3); `scratch` is its memory. */
void spf_mech_validated_name(struct spf_run *run, const char *domain, size_t len,
                             char scratch[DNS_NAME_TEXT_SIZE]);

/* ---- spf_ahead.c ------------------------------------------------------------------- */

/* Sends in advance the queries for the record of `frame`. */
void spf_ahead_record(struct spf_run *run, const struct spf_frame *frame);
/* Sends in advance the queries for the addresses of the hosts of an mx, unless that was done. */
void spf_ahead_mx(struct spf_run *run, const struct dns_name *name,
                  const struct dns_answer *mx);
/* Sends the queries that follow from answers received so far.  Never waits. */
void spf_ahead_poll(struct spf_run *run);

#endif
