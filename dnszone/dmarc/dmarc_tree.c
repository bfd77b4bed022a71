/*
 * The tree walk: the name itself, then its parents of seven labels and fewer, up to the top-level
 * domain; a record with psd=y or psd=n ends it.  Which record counts is decided when all are known.
 */
#include "dnszone/dmarc/dmarc_tree.h"

#include <string.h>

#include "core/base/err.h"
#include "dnszone/name/name.h"

#define LABEL "_dmarc."
#define SHOWN_MAX 500 /* octets of a record in the trace */

bool dmarc_lookups_init(struct dmarc_lookups *all, struct resolver *dns,
                        struct deadline until, struct arena *mem,
                        struct dmarc_trace *trace)
{
	*all = (struct dmarc_lookups){
		.dns = dns, .until = until, .mem = mem, .trace = trace
	};
	all->lookup = arena_calloc(mem, DMARC_LOOKUPS_MAX, sizeof(*all->lookup));
	return all->lookup != NULL;
}

/* ---- names -------------------------------------------------------------------------------------- */

static unsigned count_labels(const char *name)
{
	unsigned count = 1;
	for (; *name; name++)
		count += *name == '.';
	return count;
}

/* NULL: a single label has none. */
static const char *parent_of(const char *name)
{
	const char *dot = strchr(name, '.');
	return dot ? dot + 1 : NULL;
}

/* RFC 9989 4.10: the parent, or from names of eight labels and more the one of seven. */
static const char *next_name(const char *name)
{
	do
		name = parent_of(name);
	while (name && count_labels(name) >= DMARC_WALK_MAX);
	return name;
}

/* The end of `name` that has so many labels, or it itself. */
static const char *cut_to(const char *name, unsigned labels)
{
	while (count_labels(name) > labels)
		name = parent_of(name);
	return name;
}

/* False: DNS cannot have that name. */
static bool owner_of(const char *name, struct dns_name *ret_owner)
{
	char text[sizeof(LABEL) + NAME_MAX_LEN] = LABEL;
	size_t len = strlen(name);
	if (len > NAME_MAX_LEN)
		return false;
	memcpy(text + strlen(LABEL), name, len);
	return dns_name_from_octets(text, strlen(LABEL) + len, ret_owner);
}

bool dmarc_is_at_or_below(const char *name, const char *parent)
{
	size_t len = strlen(name), tail = strlen(parent);
	return len >= tail && strcmp(name + len - tail, parent) == 0 &&
	       (len == tail || name[len - tail - 1] == '.');
}

void dmarc_walk_ahead(struct resolver *dns, const char *name, struct deadline until)
{
	struct dns_name owner;
	for (unsigned i = 0; name && i < DMARC_WALK_MAX; i++, name = next_name(name))
		if (owner_of(name, &owner))
			resolver_ask_ahead(dns, &owner, DNS_TXT, until);
}

/* ---- what one name has -------------------------------------------------------------------------- */

struct octets dmarc_pick_record(const struct dns_answer *answer, size_t *ret_count)
{
	struct octets found = OCTETS_NONE;
	*ret_count = 0;
	for (size_t i = 0; i < answer->count; i++) {
		struct octets text = { (const char *)answer->rdata[i].octets,
			               answer->rdata[i].len };
		if (!dmarc_record_is(text))
			continue;
		if (++*ret_count == 1)
			found = text;
	}
	return found;
}

static void trace_lookup(const struct dmarc_lookups *all, const struct dmarc_lookup *l,
                         bool is_queried)
{
	int len = l->first.len < SHOWN_MAX ? (int)l->first.len : SHOWN_MAX;
	if (!all->trace)
		return;
	if (!is_queried)
		dmarc_trace_add(all->trace, DMARC_EV_RULE,
		                _("_dmarc.%s: DNS cannot contain this name"), l->name);
	else if (l->kind == DNS_TEMPFAIL)
		dmarc_trace_add(all->trace, DMARC_EV_QUERY, "TXT _dmarc.%s: %s", l->name,
		                l->why);
	else if (l->kind != DNS_OK)
		dmarc_trace_add(all->trace, DMARC_EV_QUERY, "TXT _dmarc.%s: %s", l->name,
		                dns_kind_name(l->kind));
	else if (l->records == 0)
		dmarc_trace_add(all->trace, DMARC_EV_QUERY,
		                _("TXT _dmarc.%s: no DMARC record"), l->name);
	else if (l->records > 1)
		dmarc_trace_add(
			all->trace, DMARC_EV_QUERY,
			_("TXT _dmarc.%s: %zu DMARC records; several count as none"),
			l->name, l->records);
	else if (!l->text.len)
		dmarc_trace_add(all->trace, DMARC_EV_QUERY,
		                _("TXT _dmarc.%s: \"%.*s\", which is not valid"), l->name,
		                len, l->first.at);
	else
		dmarc_trace_add(all->trace, DMARC_EV_QUERY, "TXT _dmarc.%s: \"%.*s\"",
		                l->name, len, l->first.at);
}

static struct dmarc_lookup *known_lookup(const struct dmarc_lookups *all,
                                         const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->lookup[i].name, name) == 0)
			return &all->lookup[i];
	return NULL;
}

/* Several records count as none, and so does one that is not valid. */
static void read_answer(const struct dns_answer *answer, struct dmarc_lookup *l)
{
	struct dmarc_record record;
	struct err ignored;
	l->kind = answer->kind;
	l->psd = 'u';
	if (answer->kind == DNS_TEMPFAIL)
		l->why = answer->why ? answer->why : dns_kind_name(DNS_TEMPFAIL);
	l->first = dmarc_pick_record(answer, &l->records);
	if (l->records == 1 && dmarc_record_parse(l->first, &record, &ignored) == 0) {
		l->text = l->first;
		l->psd = record.psd;
	}
}

static const struct dmarc_lookup *look_up(struct dmarc_lookups *all, const char *name)
{
	static const struct dmarc_lookup full = { .name = "",
		                                  .kind = DNS_TEMPFAIL,
		                                  .why = "" };
	struct dmarc_lookup *l = known_lookup(all, name);
	struct dns_answer answer = dns_answer_empty(DNS_NXDOMAIN, NULL);
	struct dns_name owner;
	if (l)
		return l;
	if (all->count == DMARC_LOOKUPS_MAX)
		return &full;
	l = &all->lookup[all->count++];
	l->name = name;
	bool is_queried = owner_of(name, &owner);
	if (is_queried) {
		resolver_ask(all->dns, &owner, DNS_TXT, all->until, all->mem, &answer);
		all->queries++;
	}
	read_answer(&answer, l);
	trace_lookup(all, l, is_queried);
	return l;
}

/* ---- the walk ----------------------------------------------------------------------------------- */

/* RFC 9989 4.10.2.  A psd=n ended the walk, so it is the last step.  *ret_policy: the step whose
 * record counts for names without one. */
static const char *organization_of(const struct dmarc_lookups *all,
                                   const struct dmarc_walk *walk,
                                   const struct dmarc_lookup **ret_policy)
{
	const struct dmarc_lookup *shortest = NULL;
	for (size_t i = 0; i < walk->count; i++) {
		const struct dmarc_lookup *step = walk->step[i];
		if (!step->text.len)
			continue;
		shortest = step;
		if (step->psd == 'y' && i > 0) {
			const char *below =
				cut_to(walk->step[0]->name, count_labels(step->name) + 1);
			bool has_record = walk->step[i - 1]->text.len &&
			                  strcmp(walk->step[i - 1]->name, below) == 0;
			*ret_policy = has_record ? walk->step[i - 1] : step;
			dmarc_trace_add(
				all->trace, DMARC_EV_RULE,
				_("organizational domain: %s, one label below the "
			          "public suffix %s (psd=y)"),
				below, step->name);
			return below;
		}
	}
	*ret_policy = shortest;
	if (!shortest) {
		dmarc_trace_add(
			all->trace, DMARC_EV_RULE,
			_("organizational domain: %s, since no name has a record"),
			walk->step[0]->name);
		return walk->step[0]->name;
	}
	if (shortest->psd == 'n')
		dmarc_trace_add(all->trace, DMARC_EV_RULE,
		                _("organizational domain: %s, which says so (psd=n)"),
		                shortest->name);
	else
		dmarc_trace_add(all->trace, DMARC_EV_RULE,
		                _("organizational domain: %s, the highest name with a "
		                  "record"),
		                shortest->name);
	return shortest->name;
}

static void climb(struct dmarc_lookups *all, const char *name, struct dmarc_walk *walk)
{
	for (; name && walk->count < DMARC_WALK_MAX; name = next_name(name)) {
		const struct dmarc_lookup *step = look_up(all, name);
		if (step->kind == DNS_TEMPFAIL) {
			walk->missing = step;
			return;
		}
		walk->step[walk->count++] = step;
		if (step->psd != 'u')
			return;
	}
}

void dmarc_walk(struct dmarc_lookups *all, const char *name, struct dmarc_walk *ret_walk)
{
	struct dmarc_walk *walk = ret_walk;
	const struct dmarc_lookup *policy = NULL;
	*walk = (struct dmarc_walk){ .found = DMARC_FOUND_NONE };
	dmarc_walk_ahead(all->dns, name, all->until);
	climb(all, name, walk);
	if (walk->missing)
		dmarc_trace_add(all->trace, DMARC_EV_RULE,
		                _("organizational domain: not known, since an answer is "
		                  "missing"));
	else
		walk->organization = organization_of(all, walk, &policy);
	/* its own record counts, whatever is above it */
	if (walk->count > 0 && walk->step[0]->text.len)
		policy = walk->step[0];
	if (policy) {
		walk->found = DMARC_FOUND_RECORD;
		walk->owner = policy->name;
		walk->text = policy->text;
	} else if (walk->missing) {
		walk->found = DMARC_FOUND_TEMPFAIL;
	}
}

/* ---- policies below the record's domain --------------------------------------------------------- */

bool dmarc_whom(struct dmarc_lookups *all, const struct dmarc_walk *walk,
                const struct dmarc_record *record, enum dmarc_whom *ret_whom,
                const char **ret_why)
{
	const struct dmarc_lookup *own = walk->step[0];
	struct dns_name name;
	struct dns_answer answer;
	*ret_whom = DMARC_OF_SUBDOMAIN;
	if (strcmp(walk->owner, own->name) == 0) {
		*ret_whom = DMARC_OF_DOMAIN;
		return true;
	}
	if (dmarc_record_policy(record, DMARC_OF_SUBDOMAIN) ==
	    dmarc_record_policy(record, DMARC_OF_NONEXISTENT))
		return true;
	/* RFC 8020: a name with a name below it exists */
	if (own->kind != DNS_NXDOMAIN)
		return true;
	if (!dns_name_from_octets(own->name, strlen(own->name), &name)) {
		*ret_whom = DMARC_OF_NONEXISTENT;
		return true;
	}
	resolver_ask(all->dns, &name, DNS_TXT, all->until, all->mem, &answer);
	all->queries++;
	bool is_missing = answer.kind == DNS_TEMPFAIL;
	const char *why =
		is_missing && answer.why ? answer.why : dns_kind_name(answer.kind);
	dmarc_trace_add(all->trace, DMARC_EV_QUERY, "TXT %s: %s", own->name, why);
	if (answer.kind == DNS_NXDOMAIN)
		*ret_whom = DMARC_OF_NONEXISTENT;
	if (is_missing)
		*ret_why = why;
	return !is_missing;
}
