/*
 * DMARC lint, what is looked up: what a domain publishes, and whether other organizations accept the
 * reports that a record sends to them.
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
	struct dns_name organization; /* of the domain; len 0: not known yet */
	char known[TARGETS_MAX][NAME_SIZE];
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
		if (strcmp(f->known[i], target) == 0)
			return;
	strcpy(f->known[f->count++], target);
	auto_free char *owner =
		xasprintf("%s._report._dmarc.%s", l->input->domain, target);
	if (!is_own(f, target) && !is_accepted(f, owner))
		lint_say(l, uri->at + 1, "%.400s", owner);
}

/* RFC 9990 4: an external destination says that it takes the reports. */
void lint_dmarc_rule_foreign(const struct lint *l)
{
	struct foreign f = { .l = l };
	if (!l->input->domain || !l->input->dns || !arena_open(&f.mem, LINT_MEMORY))
		return;
	for (enum dmarc_tag tag = DMARC_RUA; tag <= DMARC_RUF; tag++) {
		const struct dmarc_element *e = dmarc_record_find(l->record, tag);
		struct dmarc_uri uri;
		for (size_t at = 0; e && dmarc_uri_next(l->record, e, &at, &uri);)
			look_at_uri(&f, &uri);
	}
	arena_done(&f.mem);
}

/* ---- what a domain publishes ------------------------------------------------------------------- */

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
	lint_add(list, &lint_dmarc_table.row[CODE_INHERITED].code, 0,
	         policy == DMARC_POLICY_INVALID
	                 ? _("_dmarc.%.253s, which has no valid policy: %s%.*s")
	                 : _("_dmarc.%.253s, which asks for \"%s\": %.*s"),
	         owner, policy == DMARC_POLICY_INVALID ? "" : dmarc_policy_word(policy),
	         lint_dmarc_shown(walk->text.len), walk->text.at);
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
		lint_add_row(list, &lint_dmarc_table.row[CODE_UNREACHABLE],
		             *walk->why ? walk->why : owner);
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
		lint_add_row(list, &lint_dmarc_table.row[CODE_TWO_RECORDS], NULL);
	else if (walk->records_at_start == 1)
		/* one that is there and cannot be read, with the reason */
		lint_dmarc_record(&(struct lint_dmarc_input){ .text = walk->at_start },
		                  list);
	if (walk->found == DMARC_FOUND_RECORD)
		tell_inherited(walk, whom_of(name, dns, until, mem), list);
	else if (walk->records_at_start == 0)
		lint_add_row(list, &lint_dmarc_table.row[CODE_NO_RECORD], NULL);
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
	struct dns_name name;
	struct dmarc_walk walk;
	domain = without_label(domain);
	if (strstr(domain, "._report._dmarc.")) {
		lint_report_owner(domain, dns, until, list);
		return;
	}
	if (!dns_name_from_octets(domain, strlen(domain), &name) ||
	    !arena_open(&mem, LINT_MEMORY)) {
		lint_add_row(list, &lint_dmarc_table.row[CODE_UNREACHABLE], domain);
		return;
	}
	dmarc_walk(&name, dns, until, &mem, &walk);
	lint_walk(&walk, &name, domain, dns, until, &mem, list);
}
