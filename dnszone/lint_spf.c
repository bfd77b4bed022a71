/*
 * SPF lint: one table, one rule for each code.
 *
 * A rule that needs DNS works on a survey: every record that the linted one can reach by include
 * and redirect without macros, each visited once, SURVEY_MAX at most, with the look-ups of all
 * terms counted as if none of them matched.
 */
#include "dnszone/lint_spf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "dnszone/spf_eval_inner.h"
#include "dnszone/spf_record.h"

#define SURVEY_MAX 40 /* records; four times what an evaluation may fetch */
#define PAIRS_MAX 200 /* terms */
#define SURVEY_MEMORY (1 << 20)
#define STRING_MAX 255 /* RFC 1035 3.3 */
#define SIZE_GOOD 450  /* RFC 7208 3.4: then a reply fits 512 octets */
#define SIZE_MAX_OCTETS 512

struct visit {
	struct dns_name name;
	char text[DNS_NAME_TEXT_SIZE];
};

struct survey {
	unsigned lookups, voids;
	char first_void[300];
	char missing[300];  /* an include or redirect without a record */
	char tempfail[300]; /* a look-up without an answer */
};

struct lint {
	const struct lint_spf_input *input;
	const struct spf_record *record; /* NULL: it does not parse */
	const char *fault;               /* then why */
	const struct survey *survey;     /* NULL: nothing was looked up */
	const struct lint_code *code;    /* of the rule that runs */
	struct lint_list *list;
};

static size_t column_of(const struct spf_term *term)
{
	return term->at + 1;
}

static int shown_len(const struct spf_term *term)
{
	return term->len < 100 ? (int)term->len : 100;
}

static void report_term(const struct lint *l, const struct spf_term *term)
{
	lint_add(l->list, l->code, column_of(term), "%.*s", shown_len(term),
	         l->record->text + term->at);
}

static const struct spf_term *find(const struct spf_record *record,
                                   enum spf_term_kind kind)
{
	for (size_t i = 0; i < record->count; i++)
		if (record->term[i].kind == kind)
			return &record->term[i];
	return NULL;
}

/* ---- rules on the text ------------------------------------------------------------- */

static void rule_syntax(const struct lint *l)
{
	if (!l->record)
		lint_add(l->list, l->code, 0, "%s", l->fault);
}

static void rule_plus_all(const struct lint *l)
{
	const struct spf_term *all = l->record ? find(l->record, SPF_ALL) : NULL;
	if (all && all->qualifier == SPF_Q_PASS)
		report_term(l, all);
}

/* "0.0.0.0/0" and its like are +all in disguise. */
static void rule_whole_internet(const struct lint *l)
{
	for (size_t i = 0; l->record && i < l->record->count; i++) {
		const struct spf_term *term = &l->record->term[i];
		bool is_wide = (term->kind == SPF_IP4 && term->prefix4 < 8) ||
		               (term->kind == SPF_IP6 && term->prefix6 < 16) ||
		               ((term->kind == SPF_A || term->kind == SPF_MX) &&
		                (term->prefix4 < 8 || term->prefix6 < 16));
		if (is_wide && term->qualifier == SPF_Q_PASS)
			report_term(l, term);
	}
}

static void rule_ptr(const struct lint *l)
{
	for (size_t i = 0; l->record && i < l->record->count; i++)
		if (l->record->term[i].kind == SPF_PTR)
			report_term(l, &l->record->term[i]);
}

static void rule_after_all(const struct lint *l)
{
	const struct spf_term *all = l->record ? find(l->record, SPF_ALL) : NULL;
	for (size_t i = 0; all && i < l->record->count; i++) {
		const struct spf_term *term = &l->record->term[i];
		if (term > all && term->kind < SPF_REDIRECT)
			report_term(l, term);
	}
}

static void rule_no_all(const struct lint *l)
{
	if (l->record && !find(l->record, SPF_ALL) && !find(l->record, SPF_REDIRECT))
		lint_add(l->list, l->code, 0, NULL);
}

static void rule_redirect_and_all(const struct lint *l)
{
	const struct spf_term *redirect =
		l->record ? find(l->record, SPF_REDIRECT) : NULL;
	if (redirect && find(l->record, SPF_ALL))
		report_term(l, redirect);
}

static void rule_neutral_all(const struct lint *l)
{
	const struct spf_term *all = l->record ? find(l->record, SPF_ALL) : NULL;
	if (all && all->qualifier == SPF_Q_NEUTRAL)
		report_term(l, all);
}

static bool is_same_term(const struct spf_record *record, const struct spf_term *a,
                         const struct spf_term *b)
{
	size_t skip_a = a->has_qualifier, skip_b = b->has_qualifier;
	return a->kind == b->kind && a->len - skip_a == b->len - skip_b &&
	       strncasecmp(record->text + a->at + skip_a, record->text + b->at + skip_b,
	                   a->len - skip_a) == 0;
}

static void rule_duplicate(const struct lint *l)
{
	/* a record of thousands of terms is no place to look for pairs */
	for (size_t i = 0; l->record && i < l->record->count && i < PAIRS_MAX; i++)
		for (size_t k = 0; k < i; k++) {
			if (l->record->term[i].kind == SPF_ALL ||
			    !is_same_term(l->record, &l->record->term[k],
			                  &l->record->term[i]))
				continue;
			report_term(l, &l->record->term[i]);
			break;
		}
}

static void rule_unknown_modifier(const struct lint *l)
{
	for (size_t i = 0; l->record && i < l->record->count; i++)
		if (l->record->term[i].kind == SPF_UNKNOWN_MODIFIER)
			report_term(l, &l->record->term[i]);
}

static void rule_self(const struct lint *l)
{
	struct dns_name own, name;
	if (!l->record || !l->input->domain ||
	    !dns_name_from_octets(l->input->domain, strlen(l->input->domain), &own))
		return;
	for (size_t i = 0; i < l->record->count; i++) {
		const struct spf_term *term = &l->record->term[i];
		bool is_own = (term->kind == SPF_INCLUDE || term->kind == SPF_REDIRECT) &&
		              dns_name_from_octets(l->record->text + term->domain_at,
		                                   term->domain_len, &name) &&
		              dns_name_equal(&name, &own);
		if (is_own)
			report_term(l, term);
	}
}

static void rule_long_string(const struct lint *l)
{
	for (size_t i = 0; l->input->string_len && i < l->input->strings; i++)
		if (l->input->string_len[i] > STRING_MAX)
			lint_add(l->list, l->code, 0, _("string %zu has %zu octets"),
			         i + 1, l->input->string_len[i]);
}

static void rule_long_record(const struct lint *l)
{
	if (l->input->text.len > SIZE_GOOD && l->input->text.len <= SIZE_MAX_OCTETS)
		lint_add(l->list, l->code, 0, _("%zu octets"), l->input->text.len);
}

static void rule_too_long_record(const struct lint *l)
{
	if (l->input->text.len > SIZE_MAX_OCTETS)
		lint_add(l->list, l->code, 0, _("%zu octets"), l->input->text.len);
}

static void rule_lookups(const struct lint *l)
{
	unsigned count = l->record ? spf_record_count_lookups(l->record) : 0;
	if (l->survey && l->survey->lookups > count)
		count = l->survey->lookups;
	if (count > SPF_LOOKUP_MAX)
		lint_add(l->list, l->code, 0, _("%u look-ups"), count);
}

/* ---- rules on the survey ----------------------------------------------------------- */

static void rule_voids(const struct lint *l)
{
	if (l->survey && l->survey->voids > SPF_VOID_MAX)
		lint_add(l->list, l->code, 0, _("%u look-ups, the first is %s"),
		         l->survey->voids, l->survey->first_void);
}

static void rule_missing_target(const struct lint *l)
{
	if (l->survey && *l->survey->missing)
		lint_add(l->list, l->code, 0, "%s", l->survey->missing);
}

static void rule_tempfail(const struct lint *l)
{
	if (l->survey && *l->survey->tempfail)
		lint_add(l->list, l->code, 0, "%s", l->survey->tempfail);
}

/* lint_spf_domain() looks at what a name has. */
static void rule_of_domain(const struct lint *l)
{
	(void)l;
}

enum code_index { CODE_NO_RECORD, CODE_TWO_RECORDS, CODE_UNREACHABLE };

static const struct lint_row {
	struct lint_code code;
	void (*rule)(const struct lint *l);
} lint_table[] = {
	[CODE_NO_RECORD] = { { "spf-no-record", LINT_WARNING,
	                       N_("the domain publishes no SPF record") },
	                     rule_of_domain },
	[CODE_TWO_RECORDS] = { { "spf-two-records", LINT_ERROR,
	                         N_("the domain has more than one SPF record; every check "
	                            "of it ends in permerror") },
	                       rule_of_domain },
	[CODE_UNREACHABLE] = { { "spf-domain-unreachable", LINT_ERROR,
	                         N_("the domain's records cannot be looked up") },
	                       rule_of_domain },
	{ { "spf-syntax", LINT_ERROR,
	    N_("the record is not valid; every check of it ends in permerror") },
	  rule_syntax },
	{ { "spf-too-many-lookups", LINT_ERROR,
	    N_("a check may need more than 10 look-ups and then ends in permerror") },
	  rule_lookups },
	{ { "spf-too-many-voids", LINT_ERROR,
	    N_("more than 2 look-ups find nothing; a check then ends in permerror") },
	  rule_voids },
	{ { "spf-missing-target", LINT_ERROR,
	    N_("an include or redirect leads to a domain without one SPF record; a check "
	       "that gets there ends in permerror") },
	  rule_missing_target },
	{ { "spf-target-unreachable", LINT_WARNING,
	    N_("a name in the record could not be looked up") },
	  rule_tempfail },
	{ { "spf-plus-all", LINT_ERROR,
	    N_("+all lets the whole world send mail for the domain") },
	  rule_plus_all },
	{ { "spf-whole-internet", LINT_WARNING,
	    N_("a network this wide lets almost anybody send mail for the domain") },
	  rule_whole_internet },
	{ { "spf-ptr", LINT_WARNING,
	    N_("ptr is slow, unreliable and should not be used (RFC 7208 5.5)") },
	  rule_ptr },
	{ { "spf-text-after-all", LINT_WARNING,
	    N_("what follows all is never looked at") },
	  rule_after_all },
	{ { "spf-no-all", LINT_WARNING,
	    N_("without all or redirect any other sender is neutral") },
	  rule_no_all },
	{ { "spf-neutral-all", LINT_NOTE,
	    N_("?all says nothing about any other sender") },
	  rule_neutral_all },
	{ { "spf-redirect-and-all", LINT_WARNING,
	    N_("redirect is ignored in a record that has all") },
	  rule_redirect_and_all },
	{ { "spf-duplicate-term", LINT_WARNING,
	    N_("the same term is there twice; the second never decides") },
	  rule_duplicate },
	{ { "spf-unknown-modifier", LINT_WARNING,
	    N_("an unknown modifier is ignored; a misspelt one does nothing") },
	  rule_unknown_modifier },
	{ { "spf-includes-itself", LINT_ERROR,
	    N_("the record leads back to itself until the look-ups are used up") },
	  rule_self },
	{ { "spf-string-too-long", LINT_ERROR,
	    N_("a character-string of a TXT record holds at most 255 octets") },
	  rule_long_string },
	{ { "spf-long-record", LINT_NOTE,
	    N_("the record is over 450 octets; with others at the name a reply may need "
	       "TCP (RFC 7208 3.4)") },
	  rule_long_record },
	{ { "spf-very-long-record", LINT_WARNING,
	    N_("the record is over 512 octets; replies need TCP or EDNS, which some "
	       "receivers lack (RFC 7208 3.4)") },
	  rule_too_long_record },
};

/* ---- the survey -------------------------------------------------------------------- */

struct walk {
	const struct lint_spf_input *input;
	struct survey *survey;
	struct arena mem;
	struct visit *visit; /* records, in the order they were found */
	size_t count;
};

static void ask(struct walk *w, const struct dns_name *name, enum dns_type type,
                struct dns_answer *ret_answer)
{
	char text[DNS_NAME_TEXT_SIZE];
	resolver_ask(w->input->dns, name, type, w->input->until, &w->mem, ret_answer);
	if (ret_answer->kind != DNS_TEMPFAIL || *w->survey->tempfail)
		return;
	dns_name_to_text(name, text);
	snprintf(w->survey->tempfail, sizeof(w->survey->tempfail), "%s %.150s: %.100s",
	         dns_type_name(type), text, ret_answer->why ? ret_answer->why : "");
}

static bool is_void(const struct dns_answer *answer)
{
	return answer->kind == DNS_NODATA || answer->kind == DNS_NXDOMAIN;
}

static void count_void(struct walk *w, const struct dns_name *name, enum dns_type type)
{
	char text[DNS_NAME_TEXT_SIZE];
	if (w->survey->voids++ > 0)
		return;
	dns_name_to_text(name, text);
	snprintf(w->survey->first_void, sizeof(w->survey->first_void), "%s %.200s",
	         dns_type_name(type), text);
}

/* A name without any address is void for every client. */
static void look_at_addresses(struct walk *w, const struct dns_name *name, bool is_exists)
{
	struct dns_answer answer;
	ask(w, name, DNS_A, &answer);
	if (is_void(&answer) && !is_exists)
		ask(w, name, DNS_AAAA, &answer);
	if (is_void(&answer))
		count_void(w, name, DNS_A);
}

static void visit_later(struct walk *w, const struct dns_name *name)
{
	if (w->count == SURVEY_MAX)
		return;
	struct visit *visit = &w->visit[w->count++];
	visit->name = *name;
	dns_name_to_text(name, visit->text);
}

static void look_at_term(struct walk *w, const struct spf_record *record,
                         const struct spf_term *term, const struct dns_name *own)
{
	struct dns_name name = *own;
	struct dns_answer answer;
	const char *spec = record->text + term->domain_at;
	if (term->domain_len > 0 &&
	    (memchr(spec, '%', term->domain_len) ||
	     !dns_name_from_octets(spec, term->domain_len, &name)))
		return;
	if (name.len == 0) /* the record's own domain is not known */
		return;
	switch (term->kind) {
	case SPF_A:
		look_at_addresses(w, &name, false);
		break;
	case SPF_EXISTS:
		look_at_addresses(w, &name, true);
		break;
	case SPF_MX:
		ask(w, &name, DNS_MX, &answer);
		if (is_void(&answer))
			count_void(w, &name, DNS_MX);
		break;
	case SPF_INCLUDE:
	case SPF_REDIRECT:
		visit_later(w, &name);
		break;
	default:
		break;
	}
}

static void look_at_record(struct walk *w, const struct spf_record *record,
                           const struct dns_name *own)
{
	bool has_all = find(record, SPF_ALL) != NULL;
	for (size_t i = 0; i < record->count; i++) {
		const struct spf_term *term = &record->term[i];
		if (term->kind == SPF_ALL)
			break;
		if (term->kind == SPF_REDIRECT && has_all)
			continue;
		w->survey->lookups += spf_term_costs_lookup(term->kind);
		/* enough is known, and a hostile record ends here */
		if (w->survey->lookups > SURVEY_MAX)
			return;
		if (spf_term_costs_lookup(term->kind))
			look_at_term(w, record, term, own);
	}
}

static void visit(struct walk *w, size_t i)
{
	struct dns_answer answer;
	struct octets text;
	struct err err;
	const struct spf_record *record;
	ask(w, &w->visit[i].name, DNS_TXT, &answer);
	if (answer.kind == DNS_TEMPFAIL)
		return;
	if (is_void(&answer))
		count_void(w, &w->visit[i].name, DNS_TXT);
	if (spf_pick_record(&answer, &text) != SPF_NEUTRAL ||
	    spf_record_parse_in(&w->mem, text.at, text.len, &record, &err) < 0) {
		if (!*w->survey->missing)
			snprintf(w->survey->missing, sizeof(w->survey->missing), "%.250s",
			         w->visit[i].text);
		return;
	}
	look_at_record(w, record, &w->visit[i].name);
}

/* False: there is no memory for it. */
static bool survey_record(const struct lint_spf_input *input,
                          const struct spf_record *record, struct survey *survey)
{
	struct walk w = { .input = input, .survey = survey };
	struct dns_name own = { 0 };
	if (!arena_open(&w.mem, SURVEY_MEMORY))
		return false;
	w.visit = xcalloc(SURVEY_MAX, sizeof(*w.visit));
	if (input->domain &&
	    !dns_name_from_octets(input->domain, strlen(input->domain), &own))
		own.len = 0;
	look_at_record(&w, record, &own);
	for (size_t i = 0; i < w.count; i++)
		visit(&w, i);
	arena_done(&w.mem);
	free(w.visit);
	return true;
}

/* ---- entry ------------------------------------------------------------------------- */

static void run_rules(struct lint *l)
{
	for (size_t i = 0; i < ARRAY_LEN(lint_table); i++) {
		l->code = &lint_table[i].code;
		lint_table[i].rule(l);
	}
}

void lint_spf_record(const struct lint_spf_input *input, struct lint_list *list)
{
	struct spf_record *record = NULL;
	struct survey survey = { 0 };
	struct err err = ERR_INIT;
	struct lint l = { .input = input, .list = list };
	if (spf_record_parse(input->text.at, input->text.len, &record, &err) < 0)
		l.fault = err.text;
	l.record = record;
	if (record && input->dns && survey_record(input, record, &survey))
		l.survey = &survey;
	run_rules(&l);
	spf_record_free(record);
}

void lint_spf_domain(const char *domain, struct resolver *dns, struct deadline until,
                     struct lint_list *list)
{
	struct arena mem;
	struct dns_name name;
	struct dns_answer answer = { .kind = DNS_TEMPFAIL };
	struct octets text;
	if (!dns_name_from_octets(domain, strlen(domain), &name) ||
	    !arena_open(&mem, SURVEY_MEMORY)) {
		lint_add(list, &lint_table[CODE_UNREACHABLE].code, 0, "%.200s", domain);
		return;
	}
	resolver_ask(dns, &name, DNS_TXT, until, &mem, &answer);
	enum spf_result found = spf_pick_record(&answer, &text);
	if (answer.kind == DNS_TEMPFAIL)
		lint_add(list, &lint_table[CODE_UNREACHABLE].code, 0, "%s",
		         answer.why ? answer.why : domain);
	else if (found == SPF_NONE)
		lint_add(list, &lint_table[CODE_NO_RECORD].code, 0, NULL);
	else if (found == SPF_PERMERROR)
		lint_add(list, &lint_table[CODE_TWO_RECORDS].code, 0, NULL);
	else
		lint_spf_record(&(struct lint_spf_input){ .text = text,
		                                          .domain = domain,
		                                          .dns = dns,
		                                          .until = until },
		                list);
	arena_done(&mem);
}

const struct lint_code *lint_spf_code(size_t i)
{
	return i < ARRAY_LEN(lint_table) ? &lint_table[i].code : NULL;
}
