/*
 * DMARC lint: one table, one rule for each code.
 *
 * A rule sees the elements of a record that parses; the first codes are about texts that are no
 * record, and about what a name has.
 */
#include "dnszone/lint_dmarc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "dnszone/dmarc_record.h"
#include "dnszone/dmarc_tree.h"
#include "dnszone/name.h"

#define LINT_MEMORY (1 << 20)
#define TARGETS_MAX 10 /* report addresses that are looked up */

struct lint {
	const struct lint_dmarc_input *input;
	const struct dmarc_record *record;
	const struct lint_code *code; /* of the rule that runs */
	struct lint_list *list;
};

static const struct dmarc_element *find(const struct lint *l, enum dmarc_tag tag)
{
	return dmarc_record_find(l->record, tag);
}

static int shown(size_t len)
{
	return len < 300 ? (int)len : 300;
}

static void report(const struct lint *l, const struct dmarc_element *e)
{
	const char *text = l->record->text.at;
	if (e->state == DMARC_NO_EQUALS)
		lint_add(l->list, l->code, e->at + 1, "%.*s", shown(e->name_len),
		         text + e->at);
	else
		lint_add(l->list, l->code, e->at + 1, "%.*s=%.*s", shown(e->name_len),
		         text + e->at, shown(e->value_len), text + e->value_at);
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

/* RFC 9989 4.10.1: no DMARC at all, or p=none, for want of a policy. */
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
		lint_add(l->list, l->code, 0, NULL);
}

static void rule_bad_policy(const struct lint *l)
{
	if (bad_policy(l) && l->record->has_rua)
		report(l, bad_policy(l));
}

static void rule_no_policy(const struct lint *l)
{
	if (l->record->p == DMARC_POLICY_ABSENT && l->record->has_rua && !bad_policy(l))
		lint_add(l->list, l->code, 0, NULL);
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
		lint_add(l->list, l->code, l->record->empty_at + 1, NULL);
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
		lint_add(l->list, l->code, 0, NULL);
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

/* What the tag means where it is absent; historic ones: what they meant. */
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

/* Runs `each` on the URIs of rua and ruf, where the tag counts at all. */
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
	lint_add(l->list, l->code, uri->at + 1, "%.*s", shown(uri->len),
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

/* ---- reports to others ------------------------------------------------------------------------ */

struct foreign {
	const struct lint *l;
	struct arena mem;
	struct dns_name organization; /* of the domain; len 0: not known yet */
	char seen[TARGETS_MAX][NAME_SIZE];
	size_t count;
};

/* Whether both names belong to one organization; unknown counts as yes. */
static bool is_own(struct foreign *f, const char *target)
{
	const struct lint_dmarc_input *input = f->l->input;
	struct dns_name name;
	struct dmarc_walk walk;
	if (name_is_at_or_below(target, input->domain))
		return true;
	if (!f->organization.len) {
		if (!dns_name_from_octets(input->domain, strlen(input->domain), &name))
			return true;
		dmarc_walk(&name, input->dns, input->until, &f->mem, &walk);
		if (!walk.organization.len)
			return true;
		f->organization = walk.organization;
	}
	if (!dns_name_from_octets(target, strlen(target), &name))
		return true;
	dmarc_walk(&name, input->dns, input->until, &f->mem, &walk);
	return !walk.organization.len ||
	       dns_name_equal(&walk.organization, &f->organization);
}

static bool is_accepted(struct foreign *f, const char *owner)
{
	const struct lint_dmarc_input *input = f->l->input;
	struct dns_name name;
	struct dns_answer answer = { .kind = DNS_TEMPFAIL };
	if (dns_name_from_octets(owner, strlen(owner), &name))
		resolver_ask(input->dns, &name, DNS_TXT, input->until, &f->mem, &answer);
	for (size_t i = 0; i < answer.count; i++)
		if (dmarc_record_is((struct octets){ (const char *)answer.rdata[i].octets,
		                                     answer.rdata[i].len }))
			return true;
	return answer.kind == DNS_TEMPFAIL; /* nothing is known */
}

static void look_at_uri(struct foreign *f, const struct dmarc_uri *uri)
{
	const struct lint *l = f->l;
	struct err ignored = ERR_INIT;
	char target[NAME_SIZE];
	if (!uri->is_mailto || !uri->has_address || f->count == TARGETS_MAX)
		return;
	auto_free char *host = xmemdup(l->record->text.at + uri->host_at, uri->host_len);
	if (name_parse_host(host, target, &ignored) < 0)
		return;
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->seen[i], target) == 0)
			return;
	strcpy(f->seen[f->count++], target);
	auto_free char *owner =
		xasprintf("%s._report._dmarc.%s", l->input->domain, target);
	if (!is_own(f, target) && !is_accepted(f, owner))
		lint_add(l->list, l->code, uri->at + 1, "%.400s", owner);
}

/* RFC 9990 4: an external destination says that it takes the reports. */
static void rule_foreign_reports(const struct lint *l)
{
	struct foreign f = { .l = l };
	if (!l->input->domain || !l->input->dns || !arena_open(&f.mem, LINT_MEMORY))
		return;
	for (enum dmarc_tag tag = DMARC_RUA; tag <= DMARC_RUF; tag++) {
		const struct dmarc_element *e = find(l, tag);
		struct dmarc_uri uri;
		for (size_t at = 0; e && dmarc_uri_next(l->record, e, &at, &uri);)
			look_at_uri(&f, &uri);
	}
	arena_done(&f.mem);
}

/* The entries below look at these themselves. */
static void rule_elsewhere(const struct lint *l)
{
	(void)l;
}

enum code_index {
	CODE_NO_RECORD,
	CODE_TWO_RECORDS,
	CODE_UNREACHABLE,
	CODE_SYNTAX,
	CODE_INHERITED,
	CODE_REPORT_POLICY,
	CODE_NOT_ACCEPTED,
};

static const struct lint_row {
	struct lint_code code;
	void (*rule)(const struct lint *l);
} lint_table[] = {
	[CODE_NO_RECORD] = { { "dmarc-no-record", LINT_WARNING,
	                       N_("neither the domain nor one above it publishes a DMARC "
	                          "record") },
	                     rule_elsewhere },
	[CODE_TWO_RECORDS] = { { "dmarc-two-records", LINT_ERROR,
	                         N_("the domain has more than one DMARC record, and "
	                            "receivers treat several as none") },
	                       rule_elsewhere },
	[CODE_UNREACHABLE] = { { "dmarc-domain-unreachable", LINT_ERROR,
	                         N_("the domain's DMARC record cannot be looked up") },
	                       rule_elsewhere },
	[CODE_SYNTAX] = { { "dmarc-syntax", LINT_ERROR,
	                    N_("not a DMARC record: receivers ignore the text") },
	                  rule_elsewhere },
	[CODE_INHERITED] = { { "dmarc-inherited", LINT_NOTE,
	                       N_("the domain has no DMARC record of its own; receivers "
	                          "apply that of a domain above it") },
	                     rule_elsewhere },
	[CODE_REPORT_POLICY] = { { "dmarc-report-policy", LINT_NOTE,
	                           N_("a record below _report._dmarc only allows reports; "
	                              "its policy is ignored") },
	                         rule_elsewhere },
	[CODE_NOT_ACCEPTED] = { { "dmarc-reports-not-accepted", LINT_WARNING,
	                          N_("reports go to another organization, which does not "
	                             "publish this record to accept them") },
	                        rule_foreign_reports },
	{ { "dmarc-not-processed", LINT_ERROR,
	    N_("p is missing, or p, sp or np has a value that does not exist, and no rua is "
	       "valid: receivers do not apply DMARC at all") },
	  rule_not_processed },
	{ { "dmarc-invalid-policy", LINT_WARNING,
	    N_("a policy that does not exist makes receivers act as if p, sp and np were "
	       "none") },
	  rule_bad_policy },
	{ { "dmarc-no-policy", LINT_WARNING,
	    N_("without p= receivers act as if it said p=none") },
	  rule_no_policy },
	{ { "dmarc-invalid-value", LINT_WARNING,
	    N_("the tag cannot have this value: receivers ignore it and use the default") },
	  rule_bad_value },
	{ { "dmarc-not-a-tag", LINT_WARNING,
	    N_("this is not a tag (letters, =, a value): receivers ignore it") },
	  rule_not_a_tag },
	{ { "dmarc-tag-again", LINT_WARNING,
	    N_("the same tag is there in other letters: receivers differ in which one they "
	       "use") },
	  rule_again },
	{ { "dmarc-empty-element", LINT_NOTE,
	    N_("there is nothing between two semicolons") },
	  rule_empty },
	{ { "dmarc-capital-tag", LINT_NOTE,
	    N_("a few receivers do not know a tag that is written in capitals") },
	  rule_capitals },
	{ { "dmarc-policy-not-second", LINT_NOTE,
	    N_("receivers that follow RFC 7489 want p= directly after v=DMARC1") },
	  rule_policy_not_second },
	{ { "dmarc-policy-none", LINT_NOTE,
	    N_("receivers deliver forged mail as usual and only send reports") },
	  rule_none },
	{ { "dmarc-no-reports", LINT_NOTE,
	    N_("without rua= you receive no reports of who sends in the domain's name") },
	  rule_no_reports },
	{ { "dmarc-weaker-below", LINT_WARNING,
	    N_("the policy of subdomains is weaker than the domain's, and forgers use "
	       "subdomains") },
	  rule_weaker_below },
	{ { "dmarc-test", LINT_NOTE,
	    N_("t=y asks receivers to apply one step less than the policy says") },
	  rule_test },
	{ { "dmarc-public-suffix", LINT_NOTE,
	    N_("psd=y declares the domain a public suffix: each domain below it is an "
	       "organization of its own") },
	  rule_suffix },
	{ { "dmarc-restates-default", LINT_NOTE,
	    N_("the tag has the value that applies without it") },
	  rule_default },
	{ { "dmarc-historic-tag", LINT_WARNING,
	    N_("RFC 9989 no longer has this tag: receivers of today ignore it") },
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

static void add_elsewhere(struct lint_list *list, enum code_index code,
                          const char *detail)
{
	lint_add(list, &lint_table[code].code, 0, detail ? "%s" : NULL, detail);
}

/* ---- entry ------------------------------------------------------------------------------------ */

void lint_dmarc_record(const struct lint_dmarc_input *input, struct lint_list *list)
{
	struct dmarc_record record;
	struct err err = ERR_INIT;
	struct lint l = { .input = input, .list = list, .record = &record };
	if (dmarc_record_parse(input->text, &record, &err) < 0) {
		add_elsewhere(list, CODE_SYNTAX, err.text);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(lint_table); i++) {
		l.code = &lint_table[i].code;
		lint_table[i].rule(&l);
	}
}

/* RFC 9990 4: v=DMARC1, and at most a rua that takes the place of the domain's own. */
void lint_dmarc_report(const struct lint_dmarc_input *input, struct lint_list *list)
{
	static void (*const rules[])(const struct lint *l) = {
		rule_bad_value, rule_not_a_tag, rule_again,   rule_empty,
		rule_capitals,  rule_unknown,   rule_address,
	};
	struct dmarc_record record;
	struct err err = ERR_INIT;
	struct lint l = { .input = input, .list = list, .record = &record };
	if (dmarc_record_parse(input->text, &record, &err) < 0) {
		add_elsewhere(list, CODE_SYNTAX, err.text);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(lint_table); i++)
		for (size_t k = 0; k < ARRAY_LEN(rules); k++)
			if (lint_table[i].rule == rules[k]) {
				l.code = &lint_table[i].code;
				rules[k](&l);
			}
	l.code = &lint_table[CODE_REPORT_POLICY].code;
	if (find(&l, DMARC_P))
		report(&l, find(&l, DMARC_P));
}

/* "_dmarc.example.com asks for none: v=DMARC1; ..." */
static void tell_inherited(const struct dmarc_walk *walk, enum dmarc_whom whom,
                           struct lint_list *list)
{
	char owner[DNS_NAME_TEXT_SIZE];
	struct dmarc_record record;
	struct err ignored;
	dns_name_to_text(&walk->owner, owner);
	if (dmarc_record_parse(walk->text, &record, &ignored) < 0)
		return;
	enum dmarc_policy policy = dmarc_record_policy(&record, whom);
	lint_add(list, &lint_table[CODE_INHERITED].code, 0,
	         policy == DMARC_POLICY_INVALID
	                 ? _("_dmarc.%.253s, which has no valid policy: %s%.*s")
	                 : _("_dmarc.%.253s, which asks for \"%s\": %.*s"),
	         owner, policy == DMARC_POLICY_INVALID ? "" : dmarc_policy_word(policy),
	         shown(walk->text.len), walk->text.at);
}

static enum dmarc_whom whom_of(const struct dns_name *name, struct resolver *dns,
                               struct deadline until, struct arena *mem)
{
	struct dns_answer answer;
	resolver_ask(dns, name, DNS_TXT, until, mem, &answer);
	return answer.kind == DNS_NXDOMAIN ? DMARC_OF_NONEXISTENT : DMARC_OF_SUBDOMAIN;
}

static void lint_walk(const struct dmarc_walk *walk, const struct dns_name *name,
                      const char *domain, struct resolver *dns, struct deadline until,
                      struct arena *mem, struct lint_list *list)
{
	auto_free char *owner = xasprintf("_dmarc.%s", domain);
	if (walk->found == DMARC_FOUND_TEMPFAIL) {
		add_elsewhere(list, CODE_UNREACHABLE, *walk->why ? walk->why : owner);
		return;
	}
	bool is_own =
		walk->found == DMARC_FOUND_RECORD && dns_name_equal(&walk->owner, name);
	if (is_own) {
		lint_dmarc_record(&(struct lint_dmarc_input){ .text = walk->text,
		                                              .domain = domain,
		                                              .dns = dns,
		                                              .until = until },
		                  list);
		return;
	}
	if (walk->records_at_start > 1)
		add_elsewhere(list, CODE_TWO_RECORDS, NULL);
	else if (walk->records_at_start == 1)
		/* one that is there and cannot be read, with the reason */
		lint_dmarc_record(&(struct lint_dmarc_input){ .text = walk->at_start },
		                  list);
	if (walk->found == DMARC_FOUND_RECORD)
		tell_inherited(walk, whom_of(name, dns, until, mem), list);
	else if (walk->records_at_start == 0)
		add_elsewhere(list, CODE_NO_RECORD, NULL);
}

/* "_dmarc.example.com" is typed for example.com. */
static const char *without_label(const char *domain)
{
	static const char label[] = "_dmarc.";
	bool has_label = strncmp(domain, label, strlen(label)) == 0;
	return has_label ? domain + strlen(label) : domain;
}

/* <domain>._report._dmarc.<target>; RFC 9990 4: any of several records will do. */
static void lint_report_owner(const char *owner, struct resolver *dns,
                              struct deadline until, struct arena *mem,
                              struct lint_list *list)
{
	struct dns_name name;
	struct dns_answer answer = { .kind = DNS_TEMPFAIL };
	size_t count = 0;
	if (dns_name_from_octets(owner, strlen(owner), &name))
		resolver_ask(dns, &name, DNS_TXT, until, mem, &answer);
	struct octets text = dmarc_pick_record(&answer, &count);
	if (answer.kind == DNS_TEMPFAIL)
		add_elsewhere(list, CODE_UNREACHABLE, answer.why ? answer.why : owner);
	else if (!count)
		add_elsewhere(list, CODE_NOT_ACCEPTED, owner);
	else
		lint_dmarc_report(&(struct lint_dmarc_input){ .text = text }, list);
}

void lint_dmarc_domain(const char *domain, struct resolver *dns, struct deadline until,
                       struct lint_list *list)
{
	struct arena mem;
	struct dns_name name;
	struct dmarc_walk walk;
	domain = without_label(domain);
	if (!dns_name_from_octets(domain, strlen(domain), &name) ||
	    !arena_open(&mem, LINT_MEMORY)) {
		add_elsewhere(list, CODE_UNREACHABLE, domain);
		return;
	}
	if (strstr(domain, "._report._dmarc.")) {
		lint_report_owner(domain, dns, until, &mem, list);
		arena_done(&mem);
		return;
	}
	dmarc_walk(&name, dns, until, &mem, &walk);
	lint_walk(&walk, &name, domain, dns, until, &mem, list);
	arena_done(&mem);
}

const struct lint_code *lint_dmarc_code(size_t i)
{
	return i < ARRAY_LEN(lint_table) ? &lint_table[i].code : NULL;
}
