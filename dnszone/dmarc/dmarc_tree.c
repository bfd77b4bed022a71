/*
 * The tree walk: the name itself, then its parents of seven labels and fewer, up to the top-level
 * domain; a record with psd=y or psd=n ends it.  Which record counts is decided when all are known.
 */
#include "dnszone/dmarc/dmarc_tree.h"

#include <string.h>

struct step {
	struct dns_name name;
	struct octets text; /* len 0: no record, or several */
	char psd;
};

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

/* "_dmarc." in front of a name; false: it does not fit. */
static bool owner_of(const struct dns_name *name, struct dns_name *ret_owner)
{
	static const uint8_t label[] = { 6, '_', 'd', 'm', 'a', 'r', 'c' };
	if (name->len + sizeof(label) > DNS_NAME_WIRE_MAX)
		return false;
	memcpy(ret_owner->wire, label, sizeof(label));
	memcpy(ret_owner->wire + sizeof(label), name->wire, name->len);
	ret_owner->len = (uint8_t)(name->len + sizeof(label));
	return true;
}

/* RFC 9989 4.10: the parent, or from names of eight labels and more the one of seven. */
static bool next_name(const struct dns_name *name, struct dns_name *ret_next)
{
	*ret_next = *name;
	do {
		if (!dns_name_parent(ret_next, ret_next))
			return false;
	} while (dns_name_count_labels(ret_next) >= DMARC_WALK_MAX);
	return dns_name_count_labels(ret_next) > 0;
}

/* What one name has.  Several records count as none, and so does one that is not valid. */
static bool look(struct step *step, struct resolver *dns, struct deadline until,
                 struct arena *mem, struct dmarc_walk *walk, size_t *ret_count,
                 struct octets *ret_picked)
{
	struct dns_name owner;
	struct dns_answer answer = dns_answer_empty(DNS_NXDOMAIN, NULL);
	struct dmarc_record record;
	struct err ignored;
	if (owner_of(&step->name, &owner))
		resolver_ask(dns, &owner, DNS_TXT, until, mem, &answer);
	if (answer.kind == DNS_TEMPFAIL) {
		walk->why = answer.why ? answer.why : "";
		return false;
	}
	step->text = *ret_picked = dmarc_pick_record(&answer, ret_count);
	step->psd = 'u';
	if (*ret_count != 1 || dmarc_record_parse(step->text, &record, &ignored) < 0)
		step->text = OCTETS_NONE;
	else
		step->psd = record.psd;
	return true;
}

/* The name with `labels` labels above `name`, or it itself. */
static struct dns_name cut_to(struct dns_name name, unsigned labels)
{
	while (dns_name_count_labels(&name) > labels && dns_name_parent(&name, &name))
		;
	return name;
}

/* RFC 9989 4.10.2.  A psd=n ended the walk, so it is the last step.  *ret_policy: the step whose record counts for names without one. */
static struct dns_name organization_of(const struct step *step, size_t count,
                                       size_t *ret_policy)
{
	size_t shortest = 0;
	for (size_t i = 0; i < count; i++) {
		if (!step[i].text.len)
			continue;
		shortest = i;
		if (step[i].psd == 'y' && i > 0) {
			struct dns_name below = cut_to(
				step[0].name, dns_name_count_labels(&step[i].name) + 1);
			bool has_record = step[i - 1].text.len &&
			                  dns_name_equal(&below, &step[i - 1].name);
			*ret_policy = has_record ? i - 1 : i;
			return below;
		}
	}
	*ret_policy = shortest;
	return step[shortest].name;
}

/* Fills step[] and *ret_count.  False: an answer is missing. */
static bool climb(struct step *step, size_t *ret_count, struct resolver *dns,
                  struct deadline until, struct arena *mem, struct dmarc_walk *walk)
{
	size_t count = 0;
	do {
		size_t records = 0;
		struct octets picked = OCTETS_NONE;
		bool is_answered =
			look(&step[count], dns, until, mem, walk, &records, &picked);
		if (count == 0) {
			walk->records_at_start = records;
			walk->at_start = picked;
		}
		*ret_count = count + is_answered;
		if (!is_answered)
			return false;
		if (step[count++].psd != 'u' || count == DMARC_WALK_MAX)
			break;
	} while (next_name(&step[count - 1].name, &step[count].name));
	return true;
}

void dmarc_walk(const struct dns_name *name, struct resolver *dns, struct deadline until,
                struct arena *mem, struct dmarc_walk *ret_walk)
{
	struct step step[DMARC_WALK_MAX];
	size_t count = 0, policy = 0;
	*ret_walk = (struct dmarc_walk){ .found = DMARC_FOUND_NONE };
	step[0].name = *name;
	if (climb(step, &count, dns, until, mem, ret_walk))
		ret_walk->organization = organization_of(step, count, &policy);
	else if (count == 0 || !step[0].text.len)
		ret_walk->found = DMARC_FOUND_TEMPFAIL;
	if (ret_walk->found == DMARC_FOUND_TEMPFAIL)
		return;
	if (step[0].text.len)
		policy = 0;
	if (!step[policy].text.len)
		return;
	ret_walk->found = DMARC_FOUND_RECORD;
	ret_walk->owner = step[policy].name;
	ret_walk->text = step[policy].text;
}
