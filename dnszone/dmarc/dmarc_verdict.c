/*
 * The verdict: policy record, alignment, policy.
 *
 * A missing answer matters only if it could change the result: an aligned pass is final, and an
 * identifier that cannot be aligned in any case counts as absent (RFC 9989 5.3.6).
 */
#include "dnszone/dmarc/dmarc_verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "dnszone/dmarc/dmarc_tree.h"

enum alignment { NOT_ALIGNED, ALIGNED, NOT_KNOWN };

struct candidate {
	const struct dmarc_identifier *identifier;
	size_t index; /* in the question */
	enum alignment alignment;
	const char *name; /* in the arena; NULL: not a domain name */
};

struct run {
	struct dmarc_lookups all;
	struct dmarc_walk author;
	struct dmarc_record record;
	struct candidate candidate[DMARC_IDENTIFIERS_MAX];
	size_t count;
	unsigned walks;
	struct dmarc_verdict *verdict;
};

static void printf_like(3, 4) decide(struct dmarc_verdict *verdict,
                                     enum dmarc_result result, const char *fmt, ...)
{
	va_list ap;
	verdict->result = result;
	va_start(ap, fmt);
	vsnprintf(verdict->reason, sizeof(verdict->reason), fmt, ap);
	va_end(ap);
	for (char *c = verdict->reason; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

/* ---- identifiers -------------------------------------------------------------------------------- */

static const char *source_name(const struct dmarc_identifier *identifier)
{
	return identifier->source == DMARC_SPF ? "SPF" : "DKIM";
}

/* Identifiers whose check did not fail, with their names.  False: the arena is full. */
static bool load_candidates(struct run *run, const struct dmarc_question *question)
{
	char name[NAME_SIZE];
	for (size_t i = 0; i < question->count && i < DMARC_IDENTIFIERS_MAX; i++) {
		const struct dmarc_identifier *identifier = &question->identifier[i];
		struct candidate *c = &run->candidate[run->count];
		if (identifier->check == DMARC_NOT_PASSED)
			continue;
		*c = (struct candidate){ .identifier = identifier, .index = i };
		if (name_from_mail(identifier->domain, name)) {
			c->name = arena_memdup(run->all.mem, name, strlen(name));
			if (!c->name)
				return false;
		}
		run->count++;
	}
	return true;
}

static bool is_strict(const struct run *run, const struct candidate *c)
{
	return c->identifier->source == DMARC_SPF ? run->record.is_aspf_strict
	                                          : run->record.is_adkim_strict;
}

/* Whether a walk from the name can find it aligned; determined by the name only. */
static bool needs_walk(const struct run *run, const struct candidate *c)
{
	const char *organization = run->author.organization;
	const char *author = run->verdict->from_domain;
	if (!c->name || strcmp(c->name, author) == 0 || is_strict(run, c))
		return false;
	if (organization)
		return dmarc_is_at_or_below(c->name, organization);
	/* any name above the author may be the organizational domain: at least the last label is
	 * common */
	const char *dot = strrchr(author, '.');
	return dmarc_is_at_or_below(c->name, dot ? dot + 1 : author);
}

static enum alignment compare_organizations(struct run *run, const char *name)
{
	const struct dmarc_walk *author = &run->author;
	struct dmarc_walk walk;
	if (run->walks++ >= DMARC_WALKS_MAX) {
		dmarc_trace_add(run->all.trace, DMARC_EV_RULE,
		                _("not aligned: %d other identifiers were looked up"),
		                DMARC_WALKS_MAX);
		return NOT_ALIGNED;
	}
	dmarc_walk(&run->all, name, &walk);
	if (!walk.organization)
		return NOT_KNOWN;
	if (author->organization)
		return strcmp(walk.organization, author->organization) == 0 ? ALIGNED
		                                                            : NOT_ALIGNED;
	return dmarc_is_at_or_below(run->verdict->from_domain, walk.organization)
	               ? NOT_KNOWN
	               : NOT_ALIGNED;
}

static enum alignment align(struct run *run, const struct candidate *c)
{
	struct dmarc_trace *trace = run->all.trace;
	const char *organization = run->author.organization;
	enum alignment alignment = NOT_ALIGNED;
	if (!c->name) {
		dmarc_trace_add(trace, DMARC_EV_RULE,
		                _("not aligned: not a domain name"));
	} else if (strcmp(c->name, run->verdict->from_domain) == 0) {
		alignment = ALIGNED;
		dmarc_trace_add(trace, DMARC_EV_RULE,
		                _("aligned: it is the author domain"));
	} else if (is_strict(run, c)) {
		dmarc_trace_add(trace, DMARC_EV_RULE,
		                _("not aligned: %s=s requires the author domain itself"),
		                c->identifier->source == DMARC_SPF ? "aspf" : "adkim");
	} else if (needs_walk(run, c)) {
		alignment = compare_organizations(run, c->name);
		if (alignment == ALIGNED)
			dmarc_trace_add(trace, DMARC_EV_RULE,
			                _("aligned: the organizational domain is the "
			                  "author's"));
		else if (alignment == NOT_ALIGNED)
			dmarc_trace_add(trace, DMARC_EV_RULE,
			                _("not aligned: the organizational domain is not "
			                  "the author's"));
		else
			dmarc_trace_add(trace, DMARC_EV_RULE,
			                _("alignment not known, since an answer is "
			                  "missing"));
	} else if (organization) {
		dmarc_trace_add(trace, DMARC_EV_RULE,
		                _("not aligned: it is not %s or below it"), organization);
	} else {
		dmarc_trace_add(trace, DMARC_EV_RULE,
		                _("not aligned: no domain is above both names"));
	}
	return alignment;
}

static void align_one(struct run *run, struct candidate *c)
{
	const struct dmarc_identifier *identifier = c->identifier;
	int len = identifier->domain.len < NAME_MAX_LEN ? (int)identifier->domain.len
	                                                : NAME_MAX_LEN;
	dmarc_trace_add(run->all.trace, DMARC_EV_PART, _("%s identifier (%s): %.*s"),
	                source_name(identifier),
	                identifier->check == DMARC_PASSED ? "pass" : "temperror", len,
	                identifier->domain.at);
	c->alignment = align(run, c);
	if (c->alignment != ALIGNED || identifier->check != DMARC_PASSED)
		return;
	run->verdict->is_aligned[c->index] = true;
	if (identifier->source == DMARC_SPF)
		run->verdict->is_spf_aligned = true;
	else
		run->verdict->is_dkim_aligned = true;
}

/* All walks, and the query of find_policy(), then take one round trip. */
static void announce_walks(struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (needs_walk(run, &run->candidate[i]))
			dmarc_walk_ahead(run->all.dns, run->candidate[i].name,
			                 run->all.until);
}

/* The passed ones first; the undecided ones matter only if none of those is aligned. */
static void align_all(struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->candidate[i].identifier->check == DMARC_PASSED)
			align_one(run, &run->candidate[i]);
	if (run->verdict->is_spf_aligned || run->verdict->is_dkim_aligned)
		return;
	for (size_t i = 0; i < run->count; i++)
		if (run->candidate[i].identifier->check == DMARC_UNDECIDED)
			align_one(run, &run->candidate[i]);
}

/* The first one that leaves the result open; NULL: none does. */
static const struct candidate *open_candidate(const struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->candidate[i].alignment == NOT_KNOWN ||
		    (run->candidate[i].alignment == ALIGNED &&
		     run->candidate[i].identifier->check == DMARC_UNDECIDED))
			return &run->candidate[i];
	return NULL;
}

/* ---- the policy --------------------------------------------------------------------------------- */

static void trace_policy(const struct run *run, enum dmarc_whom whom)
{
	const char *tag = dmarc_record_policy_tag(&run->record, whom);
	const char *word = dmarc_policy_word(run->verdict->policy);
	if (!tag)
		dmarc_trace_add(
			run->all.trace, DMARC_EV_RULE,
			_("policy: none, since p is missing, or p, sp or np is not "
		          "valid, and rua is valid"));
	else if (run->record.is_test)
		dmarc_trace_add(run->all.trace, DMARC_EV_RULE,
		                _("policy: %s, from %s=, one step milder for t=y"), word,
		                tag);
	else
		dmarc_trace_add(run->all.trace, DMARC_EV_RULE, _("policy: %s, from %s="),
		                word, tag);
}

/* Determines the policy.  *ret_why: an answer is missing for it; else NULL. */
static void find_policy(struct run *run, const char **ret_why)
{
	enum dmarc_whom whom;
	struct dmarc_verdict *verdict = run->verdict;
	*ret_why = NULL;
	if (!dmarc_whom(&run->all, &run->author, &run->record, &whom, ret_why)) {
		dmarc_trace_add(run->all.trace, DMARC_EV_RULE,
		                _("policy: not known, since an answer is missing"));
		return;
	}
	if (whom == DMARC_OF_NONEXISTENT)
		dmarc_trace_add(run->all.trace, DMARC_EV_RULE, _("%s does not exist"),
		                verdict->from_domain);
	verdict->policy = dmarc_record_policy(&run->record, whom);
	trace_policy(run, whom);
}

/* ---- the verdict -------------------------------------------------------------------------------- */

static void conclude(struct run *run, const char *policy_why)
{
	struct dmarc_verdict *verdict = run->verdict;
	const struct candidate *open = open_candidate(run);
	if (verdict->is_spf_aligned && verdict->is_dkim_aligned)
		decide(verdict, DMARC_PASS, _("SPF and DKIM are aligned with %s"),
		       verdict->from_domain);
	else if (verdict->is_spf_aligned)
		decide(verdict, DMARC_PASS, _("SPF is aligned with %s"),
		       verdict->from_domain);
	else if (verdict->is_dkim_aligned)
		decide(verdict, DMARC_PASS, _("DKIM is aligned with %s"),
		       verdict->from_domain);
	else if (open && open->alignment == NOT_KNOWN)
		decide(verdict, DMARC_TEMPERROR,
		       _("whether %s is aligned with %s is not known, since a DNS answer is "
		         "missing"),
		       open->name, verdict->from_domain);
	else if (open)
		decide(verdict, DMARC_TEMPERROR,
		       _("%s of %s, which is aligned with %s, ended in a temporary error"),
		       source_name(open->identifier), open->name, verdict->from_domain);
	else if (policy_why)
		decide(verdict, DMARC_TEMPERROR, _("whether %s exists is not known: %s"),
		       verdict->from_domain, policy_why);
	else
		decide(verdict, DMARC_FAIL, _("neither SPF nor DKIM is aligned with %s"),
		       verdict->from_domain);
}

static void judge(struct run *run)
{
	struct dmarc_verdict *verdict = run->verdict;
	struct dmarc_walk *author = &run->author;
	const char *why;
	struct err ignored;
	dmarc_trace_add(run->all.trace, DMARC_EV_PART, _("author domain: %s"),
	                verdict->from_domain);
	dmarc_walk(&run->all, verdict->from_domain, author);
	if (author->organization)
		strcpy(verdict->organizational_domain, author->organization);
	if (author->found == DMARC_FOUND_TEMPFAIL) {
		decide(verdict, DMARC_TEMPERROR, _("_dmarc.%s cannot be looked up: %s"),
		       author->missing->name, author->missing->why);
		return;
	}
	if (author->found == DMARC_FOUND_NONE ||
	    dmarc_record_parse(author->text, &run->record, &ignored) < 0) {
		dmarc_trace_add(run->all.trace, DMARC_EV_RULE, _("policy record: none"));
		decide(verdict, DMARC_NONE, _("%s has no DMARC record"),
		       verdict->from_domain);
		return;
	}
	strcpy(verdict->record_domain, author->owner);
	verdict->record = author->text;
	dmarc_trace_add(run->all.trace, DMARC_EV_RULE, _("policy record: that of %s"),
	                author->owner);
	if (dmarc_record_policy(&run->record, DMARC_OF_DOMAIN) == DMARC_POLICY_INVALID) {
		verdict->policy = DMARC_POLICY_INVALID;
		dmarc_trace_add(
			run->all.trace, DMARC_EV_RULE,
			_("policy: not valid, and no rua is valid: DMARC does not "
		          "apply"));
		decide(verdict, DMARC_NONE, _("the record of %s has no valid policy"),
		       author->owner);
		return;
	}
	announce_walks(run);
	find_policy(run, &why);
	align_all(run);
	conclude(run, why);
}

static void trace_result(struct dmarc_trace *trace, const struct dmarc_verdict *verdict)
{
	dmarc_trace_add(trace, DMARC_EV_PART, _("result: %s, since %s"),
	                dmarc_result_name(verdict->result), verdict->reason);
}

void dmarc_verdict(const struct dmarc_question *question, struct resolver *dns,
                   struct deadline until, struct arena *mem, struct dmarc_trace *trace,
                   struct dmarc_verdict *ret_verdict)
{
	struct dmarc_verdict *verdict = ret_verdict;
	*verdict = (struct dmarc_verdict){ .result = DMARC_NONE };
	if (!name_from_mail(question->from_domain, verdict->from_domain)) {
		*verdict->from_domain = '\0';
		dmarc_verdict_without_author(FROM_UNPARSABLE, trace, verdict);
		return;
	}
	struct run *run = arena_alloc(mem, sizeof(*run));
	if (!run || !dmarc_lookups_init(&run->all, dns, until, mem, trace)) {
		decide(verdict, DMARC_TEMPERROR, _("not enough memory for the check"));
		return;
	}
	run->verdict = verdict;
	if (!load_candidates(run, question))
		decide(verdict, DMARC_TEMPERROR, _("not enough memory for the check"));
	else
		judge(run);
	verdict->queries = run->all.queries;
	trace_result(trace, verdict);
}

void dmarc_verdict_without_author(enum from_fault fault, struct dmarc_trace *trace,
                                  struct dmarc_verdict *ret_verdict)
{
	*ret_verdict = (struct dmarc_verdict){ .result = DMARC_PERMERROR };
	decide(ret_verdict, DMARC_PERMERROR, "%s", from_fault_text(fault));
	trace_result(trace, ret_verdict);
}

/* Whether the names have their last two labels in common, which names of one organization nearly
 * always do. */
static bool is_probably_related(const char *a, const char *b)
{
	const char *end = strchr(b, '\0');
	unsigned dots = 0;
	while (end > b && dots < 2)
		dots += *--end == '.';
	return dmarc_is_at_or_below(a, dots == 2 ? end + 1 : end);
}

void dmarc_verdict_ahead(struct octets from_domain, const struct octets *domains,
                         size_t count, struct resolver *dns, struct deadline until)
{
	char author[NAME_SIZE], name[NAME_SIZE];
	if (!name_from_mail(from_domain, author))
		return;
	dmarc_walk_ahead(dns, author, until);
	for (size_t i = 0; i < count && i < DMARC_WALKS_MAX; i++)
		if (name_from_mail(domains[i], name) && strcmp(name, author) != 0 &&
		    is_probably_related(name, author))
			dmarc_walk_ahead(dns, name, until);
}

const char *dmarc_result_name(enum dmarc_result result)
{
	static const char *const names[] = { "none", "pass", "fail", "temperror",
		                             "permerror" };
	return names[result];
}

const char *dmarc_verdict_policy(const struct dmarc_verdict *verdict)
{
	return verdict->result == DMARC_TEMPERROR ? NULL
	                                          : dmarc_policy_word(verdict->policy);
}

enum dmarc_disposition dmarc_verdict_disposition(const struct dmarc_verdict *verdict,
                                                 bool does_reject)
{
	bool is_refused = verdict->policy == DMARC_POLICY_REJECT && does_reject;
	switch (verdict->result) {
	case DMARC_NONE:
	case DMARC_PASS:
		return DMARC_DELIVER;
	case DMARC_FAIL:
		return is_refused                                   ? DMARC_REJECT
		       : verdict->policy >= DMARC_POLICY_QUARANTINE ? DMARC_QUARANTINE
		                                                    : DMARC_DELIVER;
	case DMARC_TEMPERROR:
		return is_refused ? DMARC_DEFER : DMARC_DELIVER;
	case DMARC_PERMERROR:
		break;
	}
	/* RFC 9989 11.5: an author domain that cannot be found is the known way round DMARC */
	return does_reject ? DMARC_REJECT : DMARC_QUARANTINE;
}

const char *dmarc_disposition_name(enum dmarc_disposition disposition)
{
	static const char *const names[] = { "none", "quarantine", "reject", "defer" };
	return names[disposition];
}
