/*
 * DMARC lint: one table, one rule for each code.
 *
 * A rule sees the tags of a record that parses; the first rules are about records that do not, and
 * about what a name has.
 */
#include "dnszone/lint_dmarc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "dnszone/dmarc_record.h"
#include "dnszone/name.h"
#include "dnszone/tags.h"

#define LINT_MEMORY (1 << 20)
#define TARGETS_MAX 10 /* report addresses that are looked up */

struct lint {
	const struct lint_dmarc_input *input;
	const struct tags *tags;      /* NULL: the record does not hold */
	const char *fault;            /* then why */
	const struct lint_code *code; /* of the rule that runs */
	struct lint_list *list;
};

static const struct tag *find(const struct lint *l, const char *name)
{
	for (size_t i = 0; l->tags && i < l->tags->count; i++)
		if (strcmp(l->tags->tag[i].name, name) == 0)
			return &l->tags->tag[i];
	return NULL;
}

static void report(const struct lint *l, const struct tag *tag)
{
	lint_add(l->list, l->code, tag->at + 1, "%.100s=%.300s", tag->name, tag->value);
}

/* 0 none, 1 quarantine, 2 reject; -1: no such tag. */
static int strictness(const struct lint *l, const char *name)
{
	static const char *const words[] = { "none", "quarantine", "reject" };
	const struct tag *tag = find(l, name);
	for (size_t i = 0; tag && i < ARRAY_LEN(words); i++)
		if (strcasecmp(tag->value, words[i]) == 0)
			return (int)i;
	return -1;
}

/* ---- rules on the text ------------------------------------------------------------------------ */

static void rule_syntax(const struct lint *l)
{
	if (!l->tags)
		lint_add(l->list, l->code, 0, "%s", l->fault);
}

static void rule_no_policy(const struct lint *l)
{
	if (l->tags && !find(l, "p"))
		lint_add(l->list, l->code, 0, NULL);
}

static void rule_policy_not_second(const struct lint *l)
{
	const struct tag *policy = find(l, "p");
	if (policy && policy != &l->tags->tag[1])
		report(l, policy);
}

static void rule_none(const struct lint *l)
{
	if (strictness(l, "p") == 0)
		report(l, find(l, "p"));
}

static void rule_no_reports(const struct lint *l)
{
	if (l->tags && !find(l, "rua"))
		lint_add(l->list, l->code, 0, NULL);
}

static void rule_weaker_below(const struct lint *l)
{
	static const char *const below[] = { "sp", "np" };
	for (size_t i = 0; i < ARRAY_LEN(below); i++) {
		int level = strictness(l, below[i]);
		if (level >= 0 && level < strictness(l, "p"))
			report(l, find(l, below[i]));
	}
}

static void rule_test(const struct lint *l)
{
	const struct tag *test = find(l, "t");
	if (test && strcasecmp(test->value, "y") == 0 && strictness(l, "p") > 0)
		report(l, test);
}

static void rule_historic(const struct lint *l)
{
	static const char *const historic[] = { "pct", "rf", "ri" };
	for (size_t i = 0; i < ARRAY_LEN(historic); i++)
		if (find(l, historic[i]))
			report(l, find(l, historic[i]));
}

static void rule_unknown(const struct lint *l)
{
	static const char *const known[] = { "v",     "p",   "sp",   "np", "t",
		                             "psd",   "rua", "fo",   "rf", "ri",
		                             "adkim", "ruf", "aspf", "pct" };
	for (size_t i = 0; l->tags && i < l->tags->count; i++) {
		bool is_known = false;
		for (size_t k = 0; k < ARRAY_LEN(known); k++)
			is_known |= strcmp(known[k], l->tags->tag[i].name) == 0;
		if (!is_known)
			report(l, &l->tags->tag[i]);
	}
}

static void rule_options_unused(const struct lint *l)
{
	if (find(l, "fo") && !find(l, "ruf"))
		report(l, find(l, "fo"));
}

/* ---- report addresses of others --------------------------------------------------------------- */

/* A TXT record as text; a NUL in it becomes an octet that no tag list may hold. */
static char *text_of(const struct dns_rdata *rdata)
{
	char *text = xmemdup(rdata->octets, rdata->len);
	for (size_t i = 0; i < rdata->len; i++)
		if (!text[i])
			text[i] = 1;
	return text;
}

/* The domain of "mailto:user@host!10m?..."; false: it is no mailto. */
static bool target_of(const char *uri, char ret_name[NAME_SIZE])
{
	struct err ignored = ERR_INIT;
	uri += strspn(uri, " \t");
	if (strncasecmp(uri, "mailto:", strlen("mailto:")) != 0)
		return false;
	auto_free char *text = xstrdup(uri);
	text[strcspn(text, "!?, \t")] = '\0';
	const char *at = strrchr(text, '@');
	return at && name_parse_host(at + 1, ret_name, &ignored) >= 0;
}

static void look_at_target(const struct lint *l, const struct tag *tag,
                           const char *target)
{
	struct arena mem;
	struct dns_name name;
	struct dns_answer answer = { .kind = DNS_TEMPFAIL };
	auto_free char *owner =
		xasprintf("%s._report._dmarc.%s", l->input->domain, target);
	if (!arena_open(&mem, LINT_MEMORY))
		return;
	if (dns_name_from_octets(owner, strlen(owner), &name))
		resolver_ask(l->input->dns, &name, DNS_TXT, l->input->until, &mem,
		             &answer);
	bool is_allowed = answer.kind == DNS_TEMPFAIL; /* nothing is known */
	for (size_t i = 0; i < answer.count; i++) {
		auto_free char *text = text_of(&answer.rdata[i]);
		is_allowed |= dmarc_record_is(text);
	}
	if (!is_allowed)
		lint_add(l->list, l->code, tag->at + 1, "%.400s", owner);
	arena_done(&mem);
}

/* RFC 7489 7.1.  Names of one tree are taken for one organization. */
static void rule_foreign_reports(const struct lint *l)
{
	static const char *const tags[] = { "rua", "ruf" };
	size_t looked = 0;
	for (size_t i = 0; i < ARRAY_LEN(tags) && l->input->domain && l->input->dns;
	     i++) {
		const struct tag *tag = find(l, tags[i]);
		auto_free char *uris = tag ? xstrdup(tag->value) : NULL;
		for (char *rest = uris, *uri; rest && (uri = strsep(&rest, ","));) {
			char target[NAME_SIZE];
			if (looked < TARGETS_MAX && target_of(uri, target) &&
			    !name_is_at_or_below(target, l->input->domain) &&
			    !name_is_at_or_below(l->input->domain, target)) {
				looked++;
				look_at_target(l, tag, target);
			}
		}
	}
}

/* lint_dmarc_domain() looks at what a name has. */
static void rule_of_domain(const struct lint *l)
{
	(void)l;
}

enum code_index { CODE_NO_RECORD, CODE_TWO_RECORDS, CODE_UNREACHABLE };

static const struct lint_row {
	struct lint_code code;
	void (*rule)(const struct lint *l);
} lint_table[] = {
	[CODE_NO_RECORD] = { { "dmarc-no-record", LINT_WARNING,
	                       N_("the domain publishes no DMARC record") },
	                     rule_of_domain },
	[CODE_TWO_RECORDS] = { { "dmarc-two-records", LINT_ERROR,
	                         N_("the domain has more than one DMARC record, and "
	                            "receivers take several for none") },
	                       rule_of_domain },
	[CODE_UNREACHABLE] = { { "dmarc-domain-unreachable", LINT_ERROR,
	                         N_("the domain's DMARC record cannot be looked up") },
	                       rule_of_domain },
	{ { "dmarc-syntax", LINT_ERROR,
	    N_("the record is not valid; receivers take it for none") },
	  rule_syntax },
	{ { "dmarc-no-policy", LINT_WARNING,
	    N_("without p= receivers act as if it said p=none") },
	  rule_no_policy },
	{ { "dmarc-policy-not-second", LINT_NOTE,
	    N_("receivers that follow RFC 7489 want p= right behind v=DMARC1") },
	  rule_policy_not_second },
	{ { "dmarc-policy-none", LINT_NOTE,
	    N_("receivers deliver forged mail as usual; reports alone come of it") },
	  rule_none },
	{ { "dmarc-no-reports", LINT_NOTE,
	    N_("without rua= nobody tells who sends in the domain's name") },
	  rule_no_reports },
	{ { "dmarc-weaker-below", LINT_WARNING,
	    N_("names below the domain are held to less than the domain itself, and forgers "
	       "take those") },
	  rule_weaker_below },
	{ { "dmarc-test", LINT_NOTE,
	    N_("t=y asks receivers to apply one step less than the policy says") },
	  rule_test },
	{ { "dmarc-historic-tag", LINT_WARNING,
	    N_("RFC 9989 has no such tag any more: receivers of today ignore it") },
	  rule_historic },
	{ { "dmarc-unknown-tag", LINT_WARNING,
	    N_("an unknown tag is ignored; a misspelt one does nothing") },
	  rule_unknown },
	{ { "dmarc-options-unused", LINT_NOTE, N_("fo= counts only together with ruf=") },
	  rule_options_unused },
	{ { "dmarc-reports-not-accepted", LINT_WARNING,
	    N_("reports go to another organization, which does not say by this record that "
	       "it takes them") },
	  rule_foreign_reports },
};

/* ---- entry ------------------------------------------------------------------------------------ */

void lint_dmarc_record(const struct lint_dmarc_input *input, struct lint_list *list)
{
	struct tags tags = { 0 };
	struct err err = ERR_INIT;
	struct lint l = { .input = input, .list = list, .tags = &tags };
	if (dmarc_record_check(input->text, &err) < 0 ||
	    tags_parse(input->text, &tags, &err) < 0) {
		l.tags = NULL;
		l.fault = err.text;
	}
	for (size_t i = 0; i < ARRAY_LEN(lint_table); i++) {
		l.code = &lint_table[i].code;
		lint_table[i].rule(&l);
	}
	tags_done(&tags);
}

/* RFC 9989: other TXT records at the name are passed over, several of ours count as none. */
void lint_dmarc_domain(const char *domain, struct resolver *dns, struct deadline until,
                       struct lint_list *list)
{
	struct arena mem;
	struct dns_name name;
	struct dns_answer answer = { .kind = DNS_TEMPFAIL };
	auto_free char *owner = xasprintf("_dmarc.%s", domain);
	auto_free char *found = NULL;
	size_t count = 0;
	if (!dns_name_from_octets(owner, strlen(owner), &name) ||
	    !arena_open(&mem, LINT_MEMORY)) {
		lint_add(list, &lint_table[CODE_UNREACHABLE].code, 0, "%.200s", owner);
		return;
	}
	resolver_ask(dns, &name, DNS_TXT, until, &mem, &answer);
	for (size_t i = 0; i < answer.count; i++) {
		auto_free char *text = text_of(&answer.rdata[i]);
		if (!dmarc_record_is(text))
			continue;
		count++;
		free(found);
		found = xstrdup(text);
	}
	if (answer.kind == DNS_TEMPFAIL)
		lint_add(list, &lint_table[CODE_UNREACHABLE].code, 0, "%s",
		         answer.why ? answer.why : owner);
	else if (count == 0)
		lint_add(list, &lint_table[CODE_NO_RECORD].code, 0, NULL);
	else if (count > 1)
		lint_add(list, &lint_table[CODE_TWO_RECORDS].code, 0, NULL);
	else
		lint_dmarc_record(&(struct lint_dmarc_input){ .text = found,
		                                              .domain = domain,
		                                              .dns = dns,
		                                              .until = until },
		                  list);
	arena_done(&mem);
}

const struct lint_code *lint_dmarc_code(size_t i)
{
	return i < ARRAY_LEN(lint_table) ? &lint_table[i].code : NULL;
}
