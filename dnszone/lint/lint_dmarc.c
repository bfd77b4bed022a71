/*
 * DMARC lint: one table, one rule for each code.  Rules that require DNS are in lint_dmarc_look.c.
 *
 * A rule gets the elements of a record that parses; the first codes are about texts that are not
 * records, and about the records of a name.
 */
#include "dnszone/lint/lint_dmarc.h"

#include <string.h>
#include <strings.h>

#include "core/base/err.h"
#include "dnszone/lint/lint_dmarc_inner.h"

static const struct dmarc_element *find(const struct lint *l, enum dmarc_tag tag)
{
	return dmarc_record_find(l->record, tag);
}

static void report(const struct lint *l, const struct dmarc_element *e)
{
	const char *text = l->record->text.at;
	if (e->state == DMARC_NO_EQUALS)
		lint_say(l, e->at + 1, "%.*s", lint_dmarc_shown(e->name_len),
		         text + e->at);
	else
		lint_say(l, e->at + 1, "%.*s=%.*s", lint_dmarc_shown(e->name_len),
		         text + e->at, lint_dmarc_shown(e->value_len),
		         text + e->value_at);
}

static bool is_value(const struct lint *l, const struct dmarc_element *e,
                     const char *value)
{
	return e && strlen(value) == e->value_len &&
	       strncasecmp(l->record->text.at + e->value_at, value, e->value_len) == 0;
}

/* ---- rules on the text ------------------------------------------------------------------------ */

static bool is_policy_tag(enum dmarc_tag tag)
{
	return tag == DMARC_P || tag == DMARC_SP || tag == DMARC_NP;
}

/* RFC 9989 4.10.1: no DMARC, or p=none, because there is no policy. */
static bool is_policy_lost(const struct lint *l)
{
	return l->record->p <= DMARC_POLICY_INVALID ||
	       l->record->sp == DMARC_POLICY_INVALID ||
	       l->record->np == DMARC_POLICY_INVALID;
}

static const struct dmarc_element *bad_policy(const struct lint *l)
{
	for (size_t i = 0; i < l->record->count; i++)
		if (is_policy_tag(l->record->element[i].tag) &&
		    l->record->element[i].state == DMARC_BAD_VALUE)
			return &l->record->element[i];
	return NULL;
}

static void rule_not_processed(const struct lint *l)
{
	if (!is_policy_lost(l) || l->record->has_rua)
		return;
	if (bad_policy(l))
		report(l, bad_policy(l));
	else
		lint_say(l, 0, NULL);
}

static void rule_bad_policy(const struct lint *l)
{
	if (bad_policy(l) && l->record->has_rua)
		report(l, bad_policy(l));
}

static void rule_no_policy(const struct lint *l)
{
	if (l->record->p == DMARC_POLICY_ABSENT && l->record->has_rua && !bad_policy(l))
		lint_say(l, 0, NULL);
}

static void rule_bad_value(const struct lint *l)
{
	for (size_t i = 0; i < l->record->count; i++)
		if (l->record->element[i].state == DMARC_BAD_VALUE &&
		    !is_policy_tag(l->record->element[i].tag))
			report(l, &l->record->element[i]);
}

static void rule_not_a_tag(const struct lint *l)
{
	for (size_t i = 0; i < l->record->count; i++)
		if (l->record->element[i].state == DMARC_NO_EQUALS ||
		    l->record->element[i].state == DMARC_BAD_NAME)
			report(l, &l->record->element[i]);
}

static void rule_again(const struct lint *l)
{
	for (size_t i = 0; i < l->record->count; i++)
		if (l->record->element[i].state == DMARC_AGAIN)
			report(l, &l->record->element[i]);
}

static void rule_empty(const struct lint *l)
{
	if (l->record->empty)
		lint_say(l, l->record->empty_at + 1, NULL);
}

static void rule_capitals(const struct lint *l)
{
	for (size_t i = 0; i < l->record->count; i++) {
		const struct dmarc_element *e = &l->record->element[i];
		const char *name = l->record->text.at + e->at;
		if (e->tag != DMARC_UNKNOWN && e->state != DMARC_AGAIN &&
		    memcmp(dmarc_tag_name(e->tag), name, e->name_len) != 0)
			report(l, e);
	}
}

static void rule_policy_not_second(const struct lint *l)
{
	const struct dmarc_element *policy = find(l, DMARC_P);
	if (policy && policy != &l->record->element[1])
		report(l, policy);
}

static void rule_none(const struct lint *l)
{
	if (l->record->p == DMARC_POLICY_NONE)
		report(l, find(l, DMARC_P));
}

static void rule_no_reports(const struct lint *l)
{
	if (!find(l, DMARC_RUA))
		lint_say(l, 0, NULL);
}

static void rule_weaker_below(const struct lint *l)
{
	const struct dmarc_record *r = l->record;
	if (r->sp > DMARC_POLICY_INVALID && r->sp < r->p)
		report(l, find(l, DMARC_SP));
	if (r->np > DMARC_POLICY_INVALID && r->np < r->p)
		report(l, find(l, DMARC_NP));
}

static void rule_test(const struct lint *l)
{
	if (l->record->is_test && l->record->p > DMARC_POLICY_NONE)
		report(l, find(l, DMARC_T));
}

static void rule_suffix(const struct lint *l)
{
	if (l->record->psd == 'y')
		report(l, find(l, DMARC_PSD));
}

static void rule_own_organization(const struct lint *l)
{
	if (l->record->psd == 'n')
		report(l, find(l, DMARC_PSD));
}

static void rule_nonexistent(const struct lint *l)
{
	const struct dmarc_record *r = l->record;
	if (r->np > DMARC_POLICY_INVALID &&
	    dmarc_record_policy(r, DMARC_OF_NONEXISTENT) !=
	            dmarc_record_policy(r, DMARC_OF_SUBDOMAIN))
		report(l, find(l, DMARC_NP));
}

/* What an absent tag means; for historic tags, what it meant. */
static bool is_default(const struct lint *l, const struct dmarc_element *e)
{
	static const char *const defaults[DMARC_TAG_COUNT] = {
		[DMARC_ADKIM] = "r", [DMARC_ASPF] = "r",   [DMARC_T] = "n",
		[DMARC_PSD] = "u",   [DMARC_FO] = "0",     [DMARC_PCT] = "100",
		[DMARC_RF] = "afrf", [DMARC_RI] = "86400",
	};
	const struct dmarc_record *r = l->record;
	if (e->state != DMARC_GOOD || e->tag == DMARC_UNKNOWN)
		return false;
	if (e->tag == DMARC_SP)
		return r->sp == r->p;
	if (e->tag == DMARC_NP)
		return r->np == (r->sp != DMARC_POLICY_ABSENT ? r->sp : r->p);
	return defaults[e->tag] && is_value(l, e, defaults[e->tag]);
}

static void rule_default(const struct lint *l)
{
	for (size_t i = 0; i < l->record->count; i++)
		if (is_default(l, &l->record->element[i]))
			report(l, &l->record->element[i]);
}

static void rule_historic(const struct lint *l)
{
	for (enum dmarc_tag tag = DMARC_PCT; tag <= DMARC_RI; tag++)
		if (find(l, tag) && !is_default(l, find(l, tag)))
			report(l, find(l, tag));
}

static void rule_unknown(const struct lint *l)
{
	for (size_t i = 0; i < l->record->count; i++) {
		const struct dmarc_element *e = &l->record->element[i];
		if (e->tag == DMARC_UNKNOWN &&
		    (e->state == DMARC_GOOD || e->state == DMARC_BAD_VALUE))
			report(l, e);
	}
}

static void rule_options_unused(const struct lint *l)
{
	const struct dmarc_element *options = find(l, DMARC_FO);
	if (options && !find(l, DMARC_RUF) && !is_default(l, options))
		report(l, options);
}

/* ---- report addresses ------------------------------------------------------------------------- */

/* Runs `each` on the URIs of rua and ruf, if the tag has an effect. */
static void each_uri(const struct lint *l,
                     void (*each)(const struct lint *l, const struct dmarc_uri *uri))
{
	for (enum dmarc_tag tag = DMARC_RUA; tag <= DMARC_RUF; tag++) {
		const struct dmarc_element *e = find(l, tag);
		struct dmarc_uri uri;
		for (size_t at = 0; e && e->state == DMARC_GOOD &&
		                    dmarc_uri_next(l->record, e, &at, &uri);)
			each(l, &uri);
	}
}

static void report_uri(const struct lint *l, const struct dmarc_uri *uri)
{
	lint_say(l, uri->at + 1, "%.*s", lint_dmarc_shown(uri->len),
	         l->record->text.at + uri->at);
}

static void bad_address(const struct lint *l, const struct dmarc_uri *uri)
{
	if (!uri->is_valid || !uri->is_mailto || !uri->has_address)
		report_uri(l, uri);
}

static void rule_address(const struct lint *l)
{
	each_uri(l, bad_address);
}

static void has_size(const struct lint *l, const struct dmarc_uri *uri)
{
	if (uri->is_valid && uri->has_size)
		report_uri(l, uri);
}

static void rule_size(const struct lint *l)
{
	each_uri(l, has_size);
}

static const struct lint_row rows[] = {
	[CODE_NO_RECORD] = { { "dmarc-no-record", LINT_WARNING,
	                       N_("neither the domain nor one above it publishes a DMARC "
	                          "record") } },
	[CODE_TWO_RECORDS] = { { "dmarc-two-records", LINT_ERROR,
	                         N_("the domain has more than one DMARC record, and "
	                            "receivers treat several as none") } },
	[CODE_UNREACHABLE] = { { "dmarc-domain-unreachable", LINT_ERROR,
	                         N_("the domain's DMARC record cannot be looked up") } },
	[CODE_SYNTAX] = { { "dmarc-syntax", LINT_ERROR,
	                    N_("not a DMARC record: receivers ignore the text") } },
	[CODE_INHERITED] = { { "dmarc-inherited", LINT_NOTE,
	                       N_("the domain has no DMARC record of its own; "
	                          "receivers apply the record of a parent domain") } },
	[CODE_ORGANIZATION] = { { "dmarc-organization", LINT_NOTE,
	                          N_("the record is that of a public suffix (psd=y); the "
	                             "organizational domain is one label below it") } },
	[CODE_REPORT_POLICY] = { { "dmarc-report-policy", LINT_NOTE,
	                           N_("a record below _report._dmarc only allows reports; "
	                              "its policy is ignored") } },
	[CODE_NOT_ACCEPTED] = { { "dmarc-reports-not-accepted", LINT_WARNING,
	                          N_("reports go to another organization, which does not "
	                             "publish this record to accept them") },
	                        lint_dmarc_rule_foreign },
	{ { "dmarc-not-processed", LINT_ERROR,
	    N_("p is missing, or p, sp or np has a value that does not exist, and no rua is "
	       "valid: receivers do not apply DMARC at all") },
	  rule_not_processed },
	{ { "dmarc-invalid-policy", LINT_WARNING,
	    N_("a policy that does not exist makes receivers act as if p, sp and np were "
	       "none") },
	  rule_bad_policy },
	{ { "dmarc-no-policy", LINT_WARNING,
	    N_("without p= receivers act as if p were none") },
	  rule_no_policy },
	{ { "dmarc-invalid-value", LINT_WARNING,
	    N_("the tag cannot have this value: receivers ignore it and use the default") },
	  rule_bad_value },
	{ { "dmarc-not-a-tag", LINT_WARNING,
	    N_("this is not a tag (letters, =, a value): receivers ignore it") },
	  rule_not_a_tag },
	{ { "dmarc-tag-again", LINT_WARNING,
	    N_("the tag is repeated in another case: receivers differ in which one "
	       "they use") },
	  rule_again },
	{ { "dmarc-empty-element", LINT_NOTE,
	    N_("there is no tag between two semicolons") },
	  rule_empty },
	{ { "dmarc-capital-tag", LINT_NOTE,
	    N_("a few receivers do not recognize a tag that is written in capitals") },
	  rule_capitals },
	{ { "dmarc-policy-not-second", LINT_NOTE,
	    N_("receivers that implement RFC 7489 require p= directly after v=DMARC1") },
	  rule_policy_not_second },
	{ { "dmarc-policy-none", LINT_NOTE,
	    N_("receivers deliver forged mail as usual and only send reports") },
	  rule_none },
	{ { "dmarc-no-reports", LINT_NOTE,
	    N_("without rua= you receive no reports about mail sent in the name of the "
	       "domain") },
	  rule_no_reports },
	{ { "dmarc-weaker-below", LINT_WARNING,
	    N_("the policy of subdomains is weaker than the domain's, and forgers use "
	       "subdomains") },
	  rule_weaker_below },
	{ { "dmarc-test", LINT_NOTE,
	    N_("t=y asks receivers to apply a policy one level lower than published") },
	  rule_test },
	{ { "dmarc-public-suffix", LINT_NOTE,
	    N_("psd=y declares the domain a public suffix: each domain below it is an "
	       "organization of its own") },
	  rule_suffix },
	{ { "dmarc-own-organization", LINT_NOTE,
	    N_("psd=n declares the domain an organization of its own: it is not aligned "
	       "with domains above it") },
	  rule_own_organization },
	{ { "dmarc-nonexistent-names", LINT_NOTE,
	    N_("np= is the policy of subdomains that do not exist in DNS") },
	  rule_nonexistent },
	{ { "dmarc-restates-default", LINT_NOTE,
	    N_("the tag has the value that applies without it") },
	  rule_default },
	{ { "dmarc-historic-tag", LINT_WARNING,
	    N_("RFC 9989 no longer has this tag: current receivers ignore it") },
	  rule_historic },
	{ { "dmarc-unknown-tag", LINT_WARNING,
	    N_("receivers ignore an unknown tag; a misspelt one has no effect") },
	  rule_unknown },
	{ { "dmarc-options-unused", LINT_NOTE, N_("fo= has no effect without ruf=") },
	  rule_options_unused },
	{ { "dmarc-report-address", LINT_WARNING,
	    N_("receivers send reports only to mailto: and a mail address") },
	  rule_address },
	{ { "dmarc-size-limit", LINT_NOTE,
	    N_("RFC 9989 no longer has size limits (\"!10m\"): receivers ignore it") },
	  rule_size },
};

const struct lint_table lint_dmarc_table = { rows, ARRAY_LEN(rows) };

/* ---- entry ------------------------------------------------------------------------------------ */

void lint_dmarc_record(const struct lint_dmarc_input *input, struct lint_list *list)
{
	struct dmarc_record record;
	struct err err = ERR_INIT;
	struct lint l = { .head.list = list, .input = input, .record = &record };
	if (dmarc_record_parse(input->text, &record, &err) < 0) {
		lint_add_row(list, &rows[CODE_SYNTAX], err.text);
		return;
	}
	lint_run(&lint_dmarc_table, &l);
}

/* RFC 9990 4: v=DMARC1, and at most a rua that replaces that of the domain. */
void lint_dmarc_report(const struct lint_dmarc_input *input, struct lint_list *list)
{
	static void (*const rules[])(const struct lint *l) = {
		rule_bad_value, rule_not_a_tag, rule_again,   rule_empty,
		rule_capitals,  rule_unknown,   rule_address,
	};
	struct dmarc_record record;
	struct err err = ERR_INIT;
	struct lint l = { .head.list = list, .input = input, .record = &record };
	if (dmarc_record_parse(input->text, &record, &err) < 0) {
		lint_add_row(list, &rows[CODE_SYNTAX], err.text);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(rules); k++)
			if (rows[i].rule == rules[k]) {
				l.head.code = &rows[i].code;
				rules[k](&l);
			}
	l.head.code = &rows[CODE_REPORT_POLICY].code;
	if (find(&l, DMARC_P))
		report(&l, find(&l, DMARC_P));
}
