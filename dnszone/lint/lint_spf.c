/*
 * SPF lint: one table, one rule for each code.  A rule that requires DNS uses a survey
 * (lint_spf_survey.c).
 */
#include "dnszone/lint/lint_spf.h"

#include <string.h>

#include "core/base/err.h"
#include "dnszone/lint/lint_spf_inner.h"
#include "dnszone/spf/spf_eval.h"

/* ---- rules on the survey ----------------------------------------------------------- */

static void rule_voids(const struct lint *l)
{
	if (l->survey && l->survey->voids > SPF_VOID_MAX)
		lint_say(l, 0, _("%u look-ups, the first is %s"), l->survey->voids,
		         l->survey->first_void);
}

static void rule_missing_target(const struct lint *l)
{
	if (l->survey && *l->survey->missing)
		lint_say(l, 0, "%s", l->survey->missing);
}

static void rule_tempfail(const struct lint *l)
{
	if (l->survey && *l->survey->tempfail)
		lint_say(l, 0, "%s", l->survey->tempfail);
}

static void rule_many_mx(const struct lint *l)
{
	if (l->survey && *l->survey->many_mx)
		lint_say(l, 0, "%s", l->survey->many_mx);
}

static void rule_open_target(const struct lint *l)
{
	if (l->survey && *l->survey->open)
		lint_say(l, 0, "%s", l->survey->open);
}

enum code_index { CODE_NO_RECORD, CODE_TWO_RECORDS, CODE_UNREACHABLE };

static const struct lint_row rows[] = {
	[CODE_NO_RECORD] = { { "spf-no-record", LINT_WARNING,
	                       N_("the domain publishes no SPF record") } },
	[CODE_TWO_RECORDS] = { { "spf-two-records", LINT_ERROR,
	                         N_("the domain has more than one SPF record; every check "
	                            "of it ends in permerror") } },
	[CODE_UNREACHABLE] = { { "spf-domain-unreachable", LINT_ERROR,
	                         N_("the domain's records cannot be looked up") } },
	{ { "spf-not-selected", LINT_ERROR,
	    N_("not an SPF record: receivers ignore the text, and the result is none") },
	  rule_not_spf },
	{ { "spf-syntax", LINT_ERROR,
	    N_("the record is not valid; every check of it ends in permerror") },
	  rule_syntax },
	{ { "spf-too-many-lookups", LINT_ERROR,
	    N_("a check may need more than 10 look-ups and then ends in permerror") },
	  rule_lookups },
	{ { "spf-too-many-voids", LINT_ERROR,
	    N_("more than 2 look-ups find nothing; a check then ends in permerror") },
	  rule_voids },
	{ { "spf-too-many-mx", LINT_ERROR,
	    N_("an mx term with more than 10 hosts makes a check end in permerror (RFC 7208 "
	       "4.6.4)") },
	  rule_many_mx },
	{ { "spf-missing-target", LINT_ERROR,
	    N_("an include or redirect leads to a domain without one SPF record; a check "
	       "that gets there ends in permerror") },
	  rule_missing_target },
	{ { "spf-target-unreachable", LINT_WARNING,
	    N_("a name in the record could not be looked up") },
	  rule_tempfail },
	{ { "spf-plus-all", LINT_ERROR,
	    N_("+all allows all hosts to send mail for the domain") },
	  rule_plus_all },
	{ { "spf-whole-internet", LINT_WARNING,
	    N_("a network of this size allows very many hosts to send mail for the "
	       "domain") },
	  rule_whole_internet },
	{ { "spf-ptr", LINT_WARNING,
	    N_("ptr is slow, unreliable and should not be used (RFC 7208 5.5)") },
	  rule_ptr },
	{ { "spf-text-after-all", LINT_NOTE, N_("receivers ignore what follows all") },
	  rule_after_all },
	{ { "spf-no-all", LINT_WARNING,
	    N_("without all or redirect any other sender is neutral") },
	  rule_no_all },
	{ { "spf-neutral-all", LINT_NOTE,
	    N_("?all makes no statement about other senders") },
	  rule_neutral_all },
	{ { "spf-redirect-and-all", LINT_WARNING,
	    N_("redirect is ignored in a record that has all") },
	  rule_redirect_and_all },
	{ { "spf-duplicate-term", LINT_WARNING,
	    N_("duplicate term; the second never matches") },
	  rule_duplicate },
	{ { "spf-mechanism-as-modifier", LINT_WARNING,
	    N_("a mechanism is written with ':'; with '=' it is an unknown modifier, which "
	       "receivers ignore") },
	  rule_as_modifier },
	{ { "spf-version-again", LINT_WARNING,
	    N_("two records are joined in one text; receivers ignore the second v=spf1 and "
	       "everything after the first all") },
	  rule_version_again },
	{ { "spf-report-modifier", LINT_WARNING,
	    N_("this is not a value of ra=, rp= or rr= (RFC 6652)") },
	  rule_report_modifier },
	{ { "spf-unknown-modifier", LINT_WARNING,
	    N_("an unknown modifier is ignored; a misspelt one has no effect") },
	  rule_unknown_modifier },
	{ { "spf-includes-itself", LINT_ERROR,
	    N_("the record refers back to itself until the look-ups are used up") },
	  rule_self },
	{ { "spf-target-plus-all", LINT_WARNING,
	    N_("the record of an include or redirect allows all hosts to send mail for "
	       "the domain") },
	  rule_open_target },
	{ { "spf-private-address", LINT_WARNING,
	    N_("mail never arrives from a private or special-purpose address") },
	  rule_private },
	{ { "spf-documentation-address", LINT_NOTE,
	    N_("this address is reserved for examples (RFC 5737, RFC 3849)") },
	  rule_documentation },
	{ { "spf-host-bits", LINT_NOTE,
	    N_("the address has bits beyond its prefix length, which receivers ignore") },
	  rule_host_bits },
	{ { "spf-exists-constant", LINT_WARNING,
	    N_("exists without a macro has the same result for every sender") },
	  rule_exists },
	{ { "spf-odd-name", LINT_WARNING,
	    N_("no host has such a name; a space may be missing") },
	  rule_odd_name },
	{ { "spf-macro-p", LINT_WARNING,
	    N_("the macro letter p is slow and unreliable, as ptr is (RFC 7208 7.2)") },
	  rule_validated },
	{ { "spf-capitals", LINT_NOTE,
	    N_("a few receivers do not recognize terms that are written in capitals") },
	  rule_capitals },
	{ { "spf-string-too-long", LINT_ERROR,
	    N_("a character-string of a TXT record can have at most 255 octets") },
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

const struct lint_table lint_spf_table = { rows, ARRAY_LEN(rows) };

/* ---- entry ------------------------------------------------------------------------- */

void lint_spf_record(const struct lint_spf_input *input, struct lint_list *list)
{
	struct spf_record *record = NULL;
	struct survey survey = { 0 };
	struct err err = ERR_INIT;
	struct lint l = { .head.list = list, .input = input };
	if (spf_record_has_version(input->text.at, input->text.len) &&
	    spf_record_parse(input->text.at, input->text.len, &record, &err) < 0)
		l.fault = err.text;
	l.record = record;
	if (record && input->dns && lint_spf_survey(input, record, &survey))
		l.survey = &survey;
	lint_run(&lint_spf_table, &l);
	spf_record_free(record);
}

void lint_spf_domain(const char *domain, struct resolver *dns, struct deadline until,
                     struct lint_list *list)
{
	auto_arena mem = { 0 };
	struct dns_answer answer;
	struct octets text;
	if (!lint_look_up(domain, dns, until, &rows[CODE_UNREACHABLE], list, &mem,
	                  &answer))
		return;
	enum spf_result found = spf_pick_record(&answer, &text);
	if (found == SPF_NONE)
		lint_add_row(list, &rows[CODE_NO_RECORD], NULL);
	else if (found == SPF_PERMERROR)
		lint_add_row(list, &rows[CODE_TWO_RECORDS], NULL);
	else
		lint_spf_record(&(struct lint_spf_input){ .text = text,
		                                          .domain = domain,
		                                          .dns = dns,
		                                          .until = until },
		                list);
}
