/*
 * DMARC lint, look-ups: what a domain publishes, and whether other organizations accept the reports
 * that a record sends to them.
 */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "dnszone/dmarc/dmarc_tree.h"
#include "dnszone/lint/lint_dmarc_inner.h"
#include "dnszone/name/name.h"

#define TARGETS_MAX 10 /* report addresses that are looked up */

/* ---- reports to others ------------------------------------------------------------------------ */

struct foreign {
	const struct lint *l;
	struct arena mem;
	struct dmarc_lookups all;
	const char *organization; /* of the domain; NULL: not known yet */
	char known[TARGETS_MAX][NAME_SIZE];
	size_t count;
};

/* Whether both names belong to one organization; true if unknown. */
static bool is_own(struct foreign *f, const char *target)
{
	const struct lint_dmarc_input *input = f->l->input;
	struct dmarc_walk walk;
	if (name_is_at_or_below(target, input->domain))
		return true;
	if (!f->organization) {
		dmarc_walk(&f->all, input->domain, &walk);
		if (!walk.organization)
			return true;
		f->organization = walk.organization;
	}
	dmarc_walk(&f->all, target, &walk);
	return !walk.organization || strcmp(walk.organization, f->organization) == 0;
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
	return answer.kind == DNS_TEMPFAIL; /* unknown */
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
		if (strcmp(f->known[i], target) == 0)
			return;
	strcpy(f->known[f->count++], target);
	auto_free char *owner =
		xasprintf("%s._report._dmarc.%s", l->input->domain, target);
	if (!is_own(f, target) && !is_accepted(f, owner))
		lint_say(l, uri->at + 1, "%.400s", owner);
}

/* RFC 9990 4: an external destination publishes that it accepts the reports. */
void lint_dmarc_rule_foreign(const struct lint *l)
{
	struct foreign f = { .l = l };
	if (!l->input->domain || !l->input->dns || !arena_open(&f.mem, LINT_MEMORY))
		return;
	bool has_room =
		dmarc_lookups_init(&f.all, l->input->dns, l->input->until, &f.mem, NULL);
	for (enum dmarc_tag tag = DMARC_RUA; has_room && tag <= DMARC_RUF; tag++) {
		const struct dmarc_element *e = dmarc_record_find(l->record, tag);
		struct dmarc_uri uri;
		for (size_t at = 0; e && dmarc_uri_next(l->record, e, &at, &uri);)
			look_at_uri(&f, &uri);
	}
	arena_done(&f.mem);
}

/* ---- what a domain publishes ------------------------------------------------------------------- */

/* "_dmarc.example.com asks for none: v=DMARC1; ..." */
static void tell_inherited(struct dmarc_lookups *all, const struct dmarc_walk *walk,
                           struct lint_list *list)
{
	struct dmarc_record record;
	struct err ignored;
	enum dmarc_whom whom = DMARC_OF_SUBDOMAIN;
	const char *why;
	if (dmarc_record_parse(walk->text, &record, &ignored) < 0)
		return;
	if (!dmarc_whom(all, walk, &record, &whom, &why))
		whom = DMARC_OF_SUBDOMAIN;
	enum dmarc_policy policy = dmarc_record_policy(&record, whom);
	const char *tag = dmarc_record_policy_tag(&record, whom);
	const struct lint_code *code = &lint_dmarc_table.row[CODE_INHERITED].code;
	const char *word = dmarc_policy_word(policy);
	int len = lint_dmarc_shown(walk->text.len);
	if (policy == DMARC_POLICY_INVALID)
		lint_add(list, code, 0,
		         _("_dmarc.%.253s, which has no valid policy: %.*s"), walk->owner,
		         len, walk->text.at);
	else if (!tag)
		lint_add(list, code, 0, _("_dmarc.%.253s, which asks for \"%s\": %.*s"),
		         walk->owner, word, len, walk->text.at);
	else if (record.is_test)
		lint_add(list, code, 0,
		         _("_dmarc.%.253s, which asks for \"%s\" (%s=, one step milder "
		           "for t=y): %.*s"),
		         walk->owner, word, tag, len, walk->text.at);
	else
		lint_add(list, code, 0,
		         _("_dmarc.%.253s, which asks for \"%s\" (%s=): %.*s"),
		         walk->owner, word, tag, len, walk->text.at);
	if (record.psd == 'y' && walk->organization)
		lint_add(list, &lint_dmarc_table.row[CODE_ORGANIZATION].code, 0, "%.253s",
		         walk->organization);
}

static void lint_walk(struct dmarc_lookups *all, const struct dmarc_walk *walk,
                      const char *domain, struct lint_list *list)
{
	if (walk->found == DMARC_FOUND_TEMPFAIL) {
		lint_add_row(list, &lint_dmarc_table.row[CODE_UNREACHABLE],
		             walk->missing->why);
		return;
	}
	const struct dmarc_lookup *own = walk->step[0];
	if (walk->found == DMARC_FOUND_RECORD && own->text.len) {
		lint_dmarc_record(&(struct lint_dmarc_input){ .text = walk->text,
		                                              .domain = domain,
		                                              .dns = all->dns,
		                                              .until = all->until },
		                  list);
		return;
	}
	if (own->records > 1)
		lint_add_row(list, &lint_dmarc_table.row[CODE_TWO_RECORDS], NULL);
	else if (own->records == 1)
		/* one that is there and cannot be read, with the reason */
		lint_dmarc_record(&(struct lint_dmarc_input){ .text = own->first }, list);
	if (walk->found == DMARC_FOUND_RECORD)
		tell_inherited(all, walk, list);
	else if (own->records == 0)
		lint_add_row(list, &lint_dmarc_table.row[CODE_NO_RECORD], NULL);
}

/* "_dmarc.example.com" was typed instead of example.com. */
static const char *without_label(const char *domain)
{
	static const char label[] = "_dmarc.";
	bool has_label = strncmp(domain, label, strlen(label)) == 0;
	return has_label ? domain + strlen(label) : domain;
}

/* <domain>._report._dmarc.<target>; RFC 9990 4: one valid record of several is enough. */
static void lint_report_owner(const char *owner, struct resolver *dns,
                              struct deadline until, struct lint_list *list)
{
	auto_arena mem = { 0 };
	struct dns_answer answer;
	size_t count = 0;
	if (!lint_look_up(owner, dns, until, &lint_dmarc_table.row[CODE_UNREACHABLE],
	                  list, &mem, &answer))
		return;
	struct octets text = dmarc_pick_record(&answer, &count);
	if (!count)
		lint_add_row(list, &lint_dmarc_table.row[CODE_NOT_ACCEPTED], owner);
	else
		lint_dmarc_report(&(struct lint_dmarc_input){ .text = text }, list);
}

void lint_dmarc_domain(const char *domain, struct resolver *dns, struct deadline until,
                       struct lint_list *list)
{
	auto_arena mem = { 0 };
	struct dmarc_lookups all;
	struct dmarc_walk walk;
	domain = without_label(domain);
	if (strstr(domain, "._report._dmarc.")) {
		lint_report_owner(domain, dns, until, list);
		return;
	}
	if (!arena_open(&mem, LINT_MEMORY) ||
	    !dmarc_lookups_init(&all, dns, until, &mem, NULL)) {
		lint_add_row(list, &lint_dmarc_table.row[CODE_UNREACHABLE], domain);
		return;
	}
	dmarc_walk(&all, domain, &walk);
	lint_walk(&all, &walk, domain, list);
}
