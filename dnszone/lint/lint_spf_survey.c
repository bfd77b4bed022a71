/*
 * SPF lint, the survey: every record that the linted one can reach by include and redirect without
 * macros, each visited once, SURVEY_MAX at most, with the look-ups of all terms counted as if none
 * of them matched.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "dnszone/lint/lint_spf_inner.h"
#include "dnszone/spf/spf_eval.h"

#define SURVEY_MAX 40 /* records; four times what an evaluation may fetch */
#define MX_MAX 10     /* RFC 7208 4.6.4 */

struct visit {
	struct dns_name name;
	char text[DNS_NAME_TEXT_SIZE];
};

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

/* A name without any address is a void look-up for every client. */
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

static void note_mx(struct walk *w, const struct dns_name *name, size_t count)
{
	char text[DNS_NAME_TEXT_SIZE];
	dns_name_to_text(name, text);
	snprintf(w->survey->many_mx, sizeof(w->survey->many_mx),
	         _("%.200s has %zu MX records"), text, count);
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
	if (name.len == 0) /* the record's own domain is unknown */
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
		if (answer.count > MX_MAX && !*w->survey->many_mx)
			note_mx(w, &name, answer.count);
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
	for (size_t i = 0; i < record->count; i++) {
		const struct spf_term *term = &record->term[i];
		if (!spf_term_costs_lookup(term->kind) ||
		    spf_record_is_ignored(record, term))
			continue;
		w->survey->lookups++;
		/* no rule needs more; this also bounds the work for a hostile record */
		if (w->survey->lookups > SURVEY_MAX)
			return;
		look_at_term(w, record, term, own);
	}
}

static bool is_open(const struct spf_record *record)
{
	return record->first_all && record->first_all->qualifier == SPF_Q_PASS;
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
	if (is_open(record) && !*w->survey->open)
		snprintf(w->survey->open, sizeof(w->survey->open), "%.250s",
		         w->visit[i].text);
	look_at_record(w, record, &w->visit[i].name);
}

bool lint_spf_survey(const struct lint_spf_input *input, const struct spf_record *record,
                     struct survey *survey)
{
	struct walk w = { .input = input, .survey = survey };
	struct dns_name own = { 0 };
	if (!arena_open(&w.mem, LINT_MEMORY))
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
