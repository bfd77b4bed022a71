/* dnszone/spf/spf_eval_inner.h: one SPF evaluation, shared by spf_eval.c, spf_mech.c and spf_ahead.c. */
#ifndef DNSZONE_SPF_SPF_EVAL_INNER_H
#define DNSZONE_SPF_SPF_EVAL_INNER_H

#include "dnszone/spf/spf_eval.h"
#include "dnszone/spf/spf_macro.h"
#include "dnszone/spf/spf_trace.h"

/* Each include costs a look-up, so this many frames are enough; a redirect takes its frame over. */
#define SPF_FRAME_MAX (SPF_LOOKUP_MAX + 1)
/* Questions asked ahead: the terms of both budgets. */
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

/* The names of the client's address (RFC 7208 5.5), asked for once. */
struct spf_names {
	bool is_known;
	size_t count;
	struct dns_name name[SPF_NAME_MAX];
	enum { NAME_UNCHECKED, NAME_VALID, NAME_INVALID } state[SPF_NAME_MAX];
};

struct spf_ahead {
	size_t count;
	unsigned terms[2]; /* that cost a look-up and were seen; [1]: below local rules */
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
	bool is_top;   /* frame 0 still holds the policy, not what it redirects to */
	unsigned local_errors;
	const char *problem;
	unsigned depth;
	struct spf_names *names;       /* in the arena, once somebody asked */
	struct spf_ahead *ahead;       /* NULL: nothing is asked ahead */
	char sender_domain[NAME_SIZE]; /* stays when frame 0 follows a redirect */
	struct spf_frame frame[SPF_FRAME_MAX];
};

/* ---- spf_eval.c -------------------------------------------------------------------- */

/* Remembers why the term ends in an error; gives `outcome` back. */
enum spf_outcome spf_run_fault(struct spf_run *run, enum spf_outcome outcome,
                               const char *fmt, ...) printf_like(3, 4);

/* Asks, and notes it in the trace.  With `counts` an answer without records is a void look-up.
 * Gives SPF_MATCH (records), SPF_NO_MATCH (none), or an error that is already explained. */
enum spf_outcome spf_run_ask(struct spf_run *run, const struct dns_name *name,
                             enum dns_type type, bool counts,
                             struct dns_answer *ret_answer);

/* The target-name of a domain-spec, or the frame's own domain where there is none.  False: it
 * names nothing that DNS can hold. */
bool spf_run_target(struct spf_run *run, const struct spf_term *term,
                    char ret_domain[NAME_SIZE], size_t *ret_len,
                    struct dns_name *ret_name) must_check;

/* Puts the record of `domain` on the frame at run->depth + 1, or (`is_redirect`) in the place of
 * the one at run->depth.  Gives SPF_ENTERED, or an error that is already explained. */
enum spf_outcome spf_run_enter(struct spf_run *run, const struct spf_term *term,
                               bool is_redirect);

/* ---- spf_mech.c -------------------------------------------------------------------- */

/* Tries one mechanism other than include. */
enum spf_outcome spf_mech_try(struct spf_run *run, const struct spf_term *term);
/* Whether an ip4 or ip6 term holds the client. */
bool spf_mech_ip_matches(const struct spf_term *term, const uint8_t client[16]);
/* The type that holds the client's kind of address. */
enum dns_type spf_address_type(const uint8_t client[16]);
/* Sets values.validated for %{p} as seen from `domain` (RFC 7208 7.3); `scratch` holds it. */
void spf_mech_validated_name(struct spf_run *run, const char *domain, size_t len,
                             char scratch[DNS_NAME_TEXT_SIZE]);

/* ---- spf_ahead.c ------------------------------------------------------------------- */

/* Asks ahead for what the record will need that frame `depth` just got. */
void spf_ahead_record(struct spf_run *run, const struct spf_frame *frame);
/* Asks ahead for the addresses of an mx's hosts, unless that was done. */
void spf_ahead_mx(struct spf_run *run, const struct dns_name *name,
                  const struct dns_answer *mx);
/* Looks whether answers came that lead to further questions.  Never waits. */
void spf_ahead_poll(struct spf_run *run);

#endif
