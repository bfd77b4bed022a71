/*
 * check_host() of RFC 7208 section 4.
 *
 * A loop over a fixed array of frames.  An include pushes one and costs a look-up; a redirect
 * reuses its frame; so the look-up limit is the depth limit.  Errors propagate through the frames
 * to the result or, if the term of the top record is a local rule, to that term, which then does
 * not match.
 */
#include "dnszone/spf/spf_eval.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "dnszone/spf/spf_eval_inner.h"

#define PROBLEM_MAX 200
#define PART_MAX \
	255 /* octets of a local part or HELO name that macros see (RFC 5321 4.5.3.1) */

/* ---- what is checked --------------------------------------------------------------- */

/* RFC 7208 4.3 */
bool spf_question_domain(const struct spf_question *q, char ret_domain[NAME_SIZE])
{
	char text[4 * NAME_SIZE];
	size_t len = q->domain.len;
	if (len == 0 || len >= sizeof(text) || memchr(q->domain.at, '\0', len))
		return false;
	memcpy(text, q->domain.at, len);
	text[len] = '\0';
	bool is_ascii = true;
	for (size_t i = 0; i < len; i++)
		is_ascii = is_ascii && (unsigned char)text[i] < 0x80;
	if (!is_ascii) {
		struct err err;
		return name_parse_owner(text, ret_domain, &err) == 0 &&
		       strchr(ret_domain, '.');
	}
	len -= text[len - 1] == '.';
	if (len == 0 || len > NAME_MAX_LEN || text[0] == '[')
		return false;
	struct dns_name name;
	if (!dns_name_from_octets(text, len, &name) || dns_name_count_labels(&name) < 2)
		return false;
	memcpy(ret_domain, text, len);
	ret_domain[len] = '\0';
	return true;
}

static struct octets at_most(struct octets text, size_t max)
{
	return (struct octets){ text.at, text.len < max ? text.len : max };
}

/* False: there is no domain to check. */
static bool run_init(struct spf_run *run, const struct spf_context *context,
                     const struct spf_question *q)
{
	/* without the frames, which are filled when they are entered */
	memset(run, 0, offsetof(struct spf_run, frame));
	run->context = context;
	run->is_top = true;
	run->lookup_max = context->limits.lookups < SPF_LOOKUP_MAX
	                          ? context->limits.lookups
	                          : SPF_LOOKUP_MAX;
	struct spf_frame *frame = &run->frame[0];
	frame->event = NULL;
	frame->next = 0;
	bool is_good = spf_question_domain(q, frame->domain);
	frame->domain_len = is_good ? strlen(frame->domain) : 0;
	run->values.domain = (struct octets){ frame->domain, frame->domain_len };
	memcpy(run->sender_domain, frame->domain, frame->domain_len);
	run->values.sender_domain =
		(struct octets){ run->sender_domain, frame->domain_len };
	run->values.local_part = q->local_part.len > 0 ? at_most(q->local_part, PART_MAX)
	                                               : octets_of("postmaster");
	run->values.helo = at_most(q->helo, PART_MAX);
	run->values.receiver = octets_of(q->receiver);
	run->values.now = q->now;
	memcpy(run->values.client, q->client, sizeof(q->client));
	return is_good;
}

/* ---- questions --------------------------------------------------------------------- */

enum spf_outcome spf_run_fault(struct spf_run *run, enum spf_outcome outcome,
                               const char *fmt, ...)
{
	char text[PROBLEM_MAX + 1];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	run->problem = arena_memdup(run->context->mem, text, strlen(text));
	if (!run->problem)
		run->problem = "the check needs more memory than it may use";
	return outcome;
}

static enum spf_origin origin_now(const struct spf_run *run)
{
	return run->is_local ? SPF_FROM_LOCAL
	       : run->policy ? run->policy->origin
	                     : SPF_FROM_RECORD;
}

static void trace_lookup(const struct spf_run *run, const struct dns_name *name,
                         enum dns_type type, const struct dns_answer *answer,
                         bool is_void)
{
	if (!run->context->trace)
		return;
	struct spf_event *event =
		spf_trace_add(run->context->trace, SPF_EV_LOOKUP, run->depth + 1);
	if (!event)
		return;
	char text[DNS_NAME_TEXT_SIZE];
	size_t len = dns_name_to_text(name, text);
	event->text.at = arena_memdup(run->context->mem, text, len);
	event->text.len = event->text.at ? len : 0;
	event->origin = origin_now(run);
	event->type = type;
	event->answer = *answer;
	event->voids = is_void;
}

enum spf_outcome spf_run_ask(struct spf_run *run, const struct dns_name *name,
                             enum dns_type type, bool counts,
                             struct dns_answer *ret_answer)
{
	const struct spf_context *c = run->context;
	if (run->ahead)
		spf_ahead_poll(run);
	resolver_ask(c->dns, name, type, c->until, c->mem, ret_answer);
	bool is_void = counts && (ret_answer->kind == DNS_NODATA ||
	                          ret_answer->kind == DNS_NXDOMAIN);
	struct spf_budget *budget = &run->budget[run->is_local];
	budget->voids += is_void;
	trace_lookup(run, name, type, ret_answer, is_void);
	if (ret_answer->kind == DNS_TEMPFAIL) {
		char text[DNS_NAME_TEXT_SIZE];
		dns_name_to_text(name, text);
		return spf_run_fault(run, SPF_TERM_TEMPERROR, "%s of %.100s: %s",
		                     dns_type_name(type), text,
		                     ret_answer->why ? ret_answer->why : "no answer");
	}
	if (is_void && budget->voids > c->limits.voids)
		return spf_run_fault(run, SPF_TERM_PERMERROR,
		                     "more than %u look-ups found nothing",
		                     c->limits.voids);
	return ret_answer->kind == DNS_OK ? SPF_MATCH : SPF_NO_MATCH;
}

bool spf_run_target(struct spf_run *run, const struct spf_term *term,
                    char ret_domain[NAME_SIZE], size_t *ret_len,
                    struct dns_name *ret_name)
{
	const struct spf_frame *frame = &run->frame[run->depth];
	if (term->domain_len == 0) {
		memcpy(ret_domain, frame->domain, frame->domain_len + 1);
		*ret_len = frame->domain_len;
		return dns_name_from_octets(ret_domain, *ret_len, ret_name);
	}
	const char *spec = frame->record->text + term->domain_at;
	char scratch[DNS_NAME_TEXT_SIZE];
	run->values.domain = (struct octets){ frame->domain, frame->domain_len };
	if (spf_macro_has_letter(spec, term->domain_len, 'p'))
		spf_mech_validated_name(run, frame->domain, frame->domain_len, scratch);
	bool is_name = spf_macro_expand_domain(spec, term->domain_len, &run->values,
	                                       ret_domain, ret_len);
	run->values.validated = OCTETS_NONE;
	return is_name && dns_name_from_octets(ret_domain, *ret_len, ret_name);
}

/* ---- records ----------------------------------------------------------------------- */

enum spf_result spf_pick_record(const struct dns_answer *answer, struct octets *ret_text)
{
	enum spf_result result = SPF_NONE;
	for (size_t i = 0; i < answer->count; i++) {
		struct octets text = { (const char *)answer->rdata[i].octets,
			               answer->rdata[i].len };
		if (!spf_record_has_version(text.at, text.len))
			continue;
		if (result != SPF_NONE)
			return SPF_PERMERROR;
		*ret_text = text;
		result = SPF_NEUTRAL;
	}
	return result;
}

static void trace_record(const struct spf_run *run, const struct spf_frame *frame,
                         struct octets text)
{
	struct spf_event *event =
		spf_trace_add(run->context->trace, SPF_EV_RECORD, run->depth);
	if (!event)
		return;
	event->text = text;
	event->origin = origin_now(run);
	event->domain.at =
		arena_memdup(run->context->mem, frame->domain, frame->domain_len);
	event->domain.len = event->domain.at ? frame->domain_len : 0;
}

/* Parses the record's text into the terms of the frame at run->depth. */
static enum spf_outcome load(struct spf_run *run, struct octets text)
{
	struct spf_frame *frame = &run->frame[run->depth];
	trace_record(run, frame, text);
	struct err err;
	frame->next = 0;
	/* If parsing fails there is no term. */
	static const struct spf_record empty;
	frame->record = &empty;
	if (spf_record_parse_in(run->context->mem, text.at, text.len, &frame->record,
	                        &err) < 0)
		return spf_run_fault(run, SPF_TERM_PERMERROR, "%.60s: %.130s",
		                     frame->domain, err.text);
	if (run->ahead)
		spf_ahead_record(run, frame);
	return SPF_ENTERED;
}

/* RFC 7208 4.4, 4.5: the text of the one record, or why there is none. */
static enum spf_result fetch(struct spf_run *run, const struct dns_name *name,
                             const char *domain, bool counts, struct octets *ret_text)
{
	struct dns_answer answer;
	switch (spf_run_ask(run, name, DNS_TXT, counts, &answer)) {
	case SPF_TERM_TEMPERROR:
		return SPF_TEMPERROR;
	case SPF_TERM_PERMERROR:
		return SPF_PERMERROR;
	default:
		break;
	}
	enum spf_result result = spf_pick_record(&answer, ret_text);
	if (result == SPF_PERMERROR)
		spf_run_fault(run, SPF_TERM_PERMERROR,
		              "%.100s has more than one SPF record", domain);
	return result;
}

enum spf_outcome spf_run_enter(struct spf_run *run, const struct spf_term *term,
                               bool is_redirect)
{
	char domain[NAME_SIZE];
	size_t len;
	struct dns_name name;
	struct octets text;
	enum spf_result result = SPF_NONE;
	/* RFC 7208 4.3: an invalid name gives none */
	if (spf_run_target(run, term, domain, &len, &name) &&
	    dns_name_count_labels(&name) >= 2)
		result = fetch(run, &name, domain, true, &text);
	else
		len = 0;
	if (result == SPF_TEMPERROR)
		return SPF_TERM_TEMPERROR;
	if (result == SPF_PERMERROR)
		return SPF_TERM_PERMERROR;
	if (result == SPF_NONE) {
		domain[len] = '\0';
		return spf_run_fault(run, SPF_TERM_PERMERROR,
		                     is_redirect ? "redirect=%.100s: there is no SPF "
		                                   "record"
		                                 : "include:%.100s: there is no SPF "
		                                   "record",
		                     domain);
	}
	if (is_redirect && run->depth == 0)
		run->is_top = false;
	run->depth += !is_redirect;
	struct spf_frame *frame = &run->frame[run->depth];
	memcpy(frame->domain, domain, len + 1);
	frame->domain_len = len;
	if (!is_redirect)
		frame->event = NULL;
	else if (frame->event)
		frame->event->outcome = SPF_MATCH;
	return load(run, text);
}

/* ---- the loop ---------------------------------------------------------------------- */

static bool is_local_term(const struct spf_run *run, const struct spf_term *term)
{
	return run->depth == 0 && run->is_top &&
	       term->at - run->policy->local_at < run->policy->local_len;
}

static enum spf_result qualified(const struct spf_term *term)
{
	switch (term->qualifier) {
	case SPF_Q_PASS:
		return SPF_PASS;
	case SPF_Q_FAIL:
		return SPF_FAIL;
	case SPF_Q_SOFTFAIL:
		return SPF_SOFTFAIL;
	default:
		return SPF_NEUTRAL;
	}
}

/* The next term to evaluate; at the end of the record its redirect, or NULL. */
static const struct spf_term *next_term(struct spf_frame *frame)
{
	const struct spf_record *record = frame->record;
	while (frame->next < record->count) {
		const struct spf_term *term = &record->term[frame->next++];
		if (term->kind < SPF_REDIRECT)
			return term;
	}
	if (frame->next++ == record->count)
		for (size_t i = 0; i < record->count; i++)
			if (record->term[i].kind == SPF_REDIRECT)
				return &record->term[i];
	return NULL;
}

static enum spf_outcome try_term(struct spf_run *run, const struct spf_term *term)
{
	struct spf_frame *frame = &run->frame[run->depth];
	if (run->depth == 0)
		run->is_local = is_local_term(run, term);
	frame->event = spf_trace_add(run->context->trace, SPF_EV_TERM, run->depth);
	bool costs = spf_term_costs_lookup(term->kind);
	if (frame->event) {
		frame->event->text =
			(struct octets){ frame->record->text + term->at, term->len };
		frame->event->origin = origin_now(run);
		frame->event->outcome = SPF_ENTERED;
		frame->event->cost = costs;
	}
	if (costs && ++run->budget[run->is_local].lookups > run->lookup_max)
		return spf_run_fault(run, SPF_TERM_PERMERROR,
		                     "more than %u DNS look-ups are needed",
		                     run->lookup_max);
	if (term->kind == SPF_INCLUDE || term->kind == SPF_REDIRECT)
		return spf_run_enter(run, term, term->kind == SPF_REDIRECT);
	return spf_mech_try(run, term);
}

/* RFC 7208 5.2: the effect of the included record's result. */
static enum spf_outcome include_outcome(enum spf_result result)
{
	switch (result) {
	case SPF_PASS:
		return SPF_MATCH;
	case SPF_TEMPERROR:
		return SPF_TERM_TEMPERROR;
	case SPF_PERMERROR:
	case SPF_NONE:
		return SPF_TERM_PERMERROR;
	default:
		return SPF_NO_MATCH;
	}
}

static void trace_outcome(struct spf_frame *frame, enum spf_outcome outcome,
                          enum spf_result result)
{
	if (!frame->event)
		return;
	frame->event->outcome = outcome;
	frame->event->result = result;
}

static void trace_result(const struct spf_run *run, enum spf_result result)
{
	struct spf_event *event =
		spf_trace_add(run->context->trace, SPF_EV_RESULT, run->depth);
	if (!event)
		return;
	event->result = result;
	event->origin = origin_now(run);
	if (result == SPF_TEMPERROR || result == SPF_PERMERROR)
		event->text = octets_of(run->problem);
}

static bool is_error(enum spf_outcome outcome)
{
	return outcome == SPF_TERM_TEMPERROR || outcome == SPF_TERM_PERMERROR;
}

/* An error below a local rule: the rule does not match, and the top record continues. */
static void drop_local_term(struct spf_run *run, enum spf_outcome outcome)
{
	for (unsigned i = 0; i <= run->depth; i++)
		trace_outcome(&run->frame[i], outcome, SPF_NONE);
	run->depth = 0;
	run->local_errors++;
	run->problem = NULL;
}

/* Whether the outcome of a term at run->depth is the result of its record. */
static bool decide(struct spf_run *run, const struct spf_term *term,
                   enum spf_outcome outcome, enum spf_result *ret_result)
{
	bool is_decided = outcome == SPF_MATCH || is_error(outcome);
	if (outcome == SPF_MATCH)
		*ret_result = qualified(term);
	else if (is_decided)
		*ret_result =
			outcome == SPF_TERM_TEMPERROR ? SPF_TEMPERROR : SPF_PERMERROR;
	trace_outcome(&run->frame[run->depth], outcome,
	              is_decided ? *ret_result : SPF_NONE);
	return is_decided;
}

/* Evaluates the next term of the record at run->depth.  True: that record has its result; *ret_term
 * is the term that matched, NULL: none did. */
static bool step(struct spf_run *run, enum spf_result *ret_result,
                 const struct spf_term **ret_term)
{
	const struct spf_term *term = next_term(&run->frame[run->depth]);
	*ret_term = NULL;
	*ret_result = SPF_NEUTRAL; /* RFC 7208 4.7 */
	if (!term)
		return true;
	enum spf_outcome outcome = try_term(run, term);
	if (is_error(outcome) && run->is_local) {
		drop_local_term(run, outcome);
		return false;
	}
	if (outcome == SPF_ENTERED || !decide(run, term, outcome, ret_result))
		return false;
	*ret_term = outcome == SPF_MATCH ? term : NULL;
	return true;
}

/* A record has its result: returns to the include that uses it, as far up as it determines the
 * result.  True: the top record has its result. */
static bool leave(struct spf_run *run, enum spf_result *result,
                  const struct spf_term **ret_term)
{
	for (;;) {
		trace_result(run, *result);
		if (run->depth == 0)
			return true;
		run->depth--;
		const struct spf_frame *frame = &run->frame[run->depth];
		const struct spf_term *term = &frame->record->term[frame->next - 1];
		enum spf_outcome outcome = include_outcome(*result);
		if (!decide(run, term, outcome, result))
			return false;
		*ret_term = outcome == SPF_MATCH ? term : NULL;
	}
}

/* Evaluates frame 0. */
static enum spf_result run_frames(struct spf_run *run, const struct spf_term **ret_term)
{
	enum spf_result result;
	for (;;)
		if (step(run, &result, ret_term) && leave(run, &result, ret_term))
			return result;
}

/* ---- explanations ------------------------------------------------------------------ */

/* RFC 7208 6.2: any fault means that there is none. */
static struct octets explain(struct spf_run *run)
{
	const struct spf_frame *frame = &run->frame[0];
	const struct spf_record *record = frame->record;
	const struct spf_term *exp = NULL;
	for (size_t i = 0; i < record->count; i++)
		if (record->term[i].kind == SPF_EXP)
			exp = &record->term[i];
	char domain[NAME_SIZE], text[SPF_EXPLANATION_MAX + 1],
		scratch[DNS_NAME_TEXT_SIZE];
	size_t len, wrong_at;
	struct dns_name name;
	struct dns_answer answer;
	if (!exp || !spf_run_target(run, exp, domain, &len, &name) ||
	    spf_run_ask(run, &name, DNS_TXT, false, &answer) != SPF_MATCH ||
	    answer.count != 1)
		return OCTETS_NONE;
	struct octets raw = { (const char *)answer.rdata[0].octets, answer.rdata[0].len };
	if (spf_macro_string_fault(raw.at, raw.len, SPF_IN_EXPLANATION, &wrong_at))
		return OCTETS_NONE;
	run->values.domain = (struct octets){ frame->domain, frame->domain_len };
	if (spf_macro_has_letter(raw.at, raw.len, 'p'))
		spf_mech_validated_name(run, frame->domain, frame->domain_len, scratch);
	len = spf_macro_expand_text(raw.at, raw.len, &run->values, text, sizeof(text));
	struct octets explanation = { arena_memdup(run->context->mem, text, len), len };
	return explanation.at ? explanation : OCTETS_NONE;
}

size_t spf_eval_explain(const struct spf_context *context, const struct spf_question *q,
                        const char *text, char *out, size_t room)
{
	struct spf_run run;
	char scratch[DNS_NAME_TEXT_SIZE];
	size_t len = strlen(text);
	bool is_good = run_init(&run, context, q);
	if (is_good && spf_macro_has_letter(text, len, 'p'))
		spf_mech_validated_name(&run, run.frame[0].domain,
		                        run.frame[0].domain_len, scratch);
	return spf_macro_expand_text(text, len, &run.values, out, room);
}

/* ---- the whole --------------------------------------------------------------------- */

static enum spf_result fetch_policy(struct spf_run *run, struct spf_policy *ret_policy)
{
	const struct spf_frame *frame = &run->frame[0];
	struct dns_name name;
	struct octets text;
	if (!dns_name_from_octets(frame->domain, frame->domain_len, &name))
		return SPF_NONE;
	enum spf_result result = fetch(run, &name, frame->domain, false, &text);
	if (result == SPF_NEUTRAL)
		*ret_policy = (struct spf_policy){ .text = text };
	return result;
}

enum spf_result spf_fetch(const struct spf_context *context, const struct spf_question *q,
                          struct spf_policy *ret_policy, const char **ret_problem)
{
	struct spf_run run;
	enum spf_result result = SPF_NONE;
	if (run_init(&run, context, q))
		result = fetch_policy(&run, ret_policy);
	*ret_problem = run.problem;
	return result;
}

static void evaluate(struct spf_run *run, struct spf_answer *ret)
{
	const struct spf_term *term = NULL;
	ret->record = run->policy->text;
	/* not in the arena: queries ahead must not use the memory of the check */
	struct spf_ahead ahead;
	ahead.count = ahead.terms[0] = ahead.terms[1] = 0;
	run->ahead = run->context->is_serial ? NULL : &ahead;
	if (load(run, run->policy->text) == SPF_ENTERED) {
		ret->result = run_frames(run, &term);
	} else {
		ret->result = SPF_PERMERROR;
		trace_result(run, SPF_PERMERROR);
	}
	ret->decided_by = term && run->is_local ? SPF_FROM_LOCAL : run->policy->origin;
	if (term)
		ret->mechanism = (struct octets){ run->frame[0].record->text + term->at,
			                          term->len };
	if (ret->result == SPF_FAIL && ret->decided_by == SPF_FROM_RECORD &&
	    !run->context->is_unexplained)
		ret->explanation = explain(run);
	run->ahead = NULL;
}

void spf_eval(const struct spf_context *context, const struct spf_question *q,
              const struct spf_policy *policy, struct spf_answer *ret_answer)
{
	struct spf_run run;
	struct spf_policy fetched;
	struct spf_answer answer = { .result = SPF_NONE };
	if (run_init(&run, context, q)) {
		answer.result = policy ? SPF_NEUTRAL : fetch_policy(&run, &fetched);
		run.policy = policy ? policy : &fetched;
		if (answer.result == SPF_NEUTRAL)
			evaluate(&run, &answer);
	}
	if (answer.result == SPF_TEMPERROR || answer.result == SPF_PERMERROR)
		answer.problem = run.problem;
	answer.lookups = run.budget[0].lookups + run.budget[1].lookups;
	answer.voids = run.budget[0].voids + run.budget[1].voids;
	answer.local_errors = run.local_errors;
	*ret_answer = answer;
}
