/*
 * Queries ahead: data that a record will probably require is queried at once, so that the waiting
 * times overlap.
 *
 * They never change a result, a count or a trace: queries are sent without waiting, answers are
 * only peeked at, and the arena is reset.  A term that costs a look-up counts here too, whether or
 * not its query is known, so never more is queried ahead than the limits allow an evaluation to
 * query.
 */
#include <string.h>

#include "core/base/err.h"
#include "dnszone/spf/spf_eval_inner.h"

static struct spf_ahead_item *find(struct spf_ahead *ahead, const struct dns_name *name,
                                   enum dns_type type)
{
	for (size_t i = 0; i < ahead->count; i++)
		if (ahead->item[i].type == type &&
		    dns_name_equal(&ahead->item[i].name, name))
			return &ahead->item[i];
	return NULL;
}

static void ask(struct spf_run *run, const struct dns_name *name, enum dns_type type,
                bool is_local)
{
	struct spf_ahead *ahead = run->ahead;
	if (ahead->count == ARRAY_LEN(ahead->item) || find(ahead, name, type))
		return;
	ahead->item[ahead->count++] = (struct spf_ahead_item){
		.name = *name,
		.type = type,
		.is_local = is_local,
		.is_done = type != DNS_TXT && type != DNS_MX,
	};
	resolver_ask_ahead(run->context->dns, name, type, run->context->until);
}

/* The query of the term, if it is known without a macro. */
static void ask_term(struct spf_run *run, const struct spf_record *record,
                     const struct spf_term *term, const struct dns_name *own,
                     bool is_local)
{
	const char *spec = record->text + term->domain_at;
	struct dns_name name = *own;
	enum dns_type type = spf_address_type(run->values.client);
	if (term->kind == SPF_PTR) {
		dns_name_reverse(run->values.client, &name);
		ask(run, &name, DNS_PTR, is_local);
		return;
	}
	if (term->domain_len > 0 &&
	    (memchr(spec, '%', term->domain_len) ||
	     !dns_name_from_octets(spec, term->domain_len, &name)))
		return;
	if (term->kind == SPF_MX)
		type = DNS_MX;
	else if (term->kind == SPF_EXISTS)
		type = DNS_A;
	else if (term->kind != SPF_A)
		type = DNS_TXT;
	ask(run, &name, type, is_local);
}

/* The terms up to one that certainly matches, and the redirect if there is none. */
static void ask_record(struct spf_run *run, const struct spf_record *record,
                       const struct dns_name *own, bool is_local,
                       const struct spf_policy *policy)
{
	bool is_open = true;
	for (unsigned pass = 0; pass < 2 && is_open; pass++)
		for (size_t i = 0; i < record->count && is_open; i++) {
			const struct spf_term *term = &record->term[i];
			bool is_rule = is_local ||
			               (policy &&
			                term->at - policy->local_at < policy->local_len);
			if (term->kind == SPF_ALL)
				is_open = false;
			else if (term->kind == SPF_IP4 || term->kind == SPF_IP6)
				is_open = !spf_mech_ip_matches(term, run->values.client);
			else if (spf_term_costs_lookup(term->kind) &&
			         (term->kind == SPF_REDIRECT) == (pass == 1) &&
			         run->ahead->terms[is_rule] < run->lookup_max) {
				run->ahead->terms[is_rule]++;
				ask_term(run, record, term, own, is_rule);
			}
		}
}

void spf_ahead_record(struct spf_run *run, const struct spf_frame *frame)
{
	struct dns_name own;
	if (!dns_name_from_octets(frame->domain, frame->domain_len, &own))
		return;
	bool is_policy = run->depth == 0 && run->is_top;
	struct spf_ahead_item *item = is_policy ? NULL : find(run->ahead, &own, DNS_TXT);
	if (item && item->is_done)
		return;
	if (item)
		item->is_done = true;
	ask_record(run, frame->record, &own, run->is_local,
	           is_policy ? run->policy : NULL);
}

static void follow_txt(struct spf_run *run, const struct spf_ahead_item *item,
                       const struct dns_answer *answer)
{
	struct octets text;
	const struct spf_record *record;
	struct err err;
	if (spf_pick_record(answer, &text) == SPF_NEUTRAL &&
	    spf_record_parse_in(run->context->mem, text.at, text.len, &record, &err) == 0)
		ask_record(run, record, &item->name, item->is_local, NULL);
}

static void follow_mx(struct spf_run *run, const struct dns_answer *mx)
{
	for (size_t i = 0; i < mx->count && mx->count <= SPF_NAME_MAX; i++) {
		struct dns_name host;
		if (dns_name_from_wire(mx->rdata[i].octets, mx->rdata[i].len, &host) &&
		    host.len > 1)
			resolver_ask_ahead(run->context->dns, &host,
			                   spf_address_type(run->values.client),
			                   run->context->until);
	}
}

void spf_ahead_mx(struct spf_run *run, const struct dns_name *name,
                  const struct dns_answer *mx)
{
	struct spf_ahead_item *item = find(run->ahead, name, DNS_MX);
	if (item && item->is_done)
		return;
	if (item)
		item->is_done = true;
	follow_mx(run, mx);
}

void spf_ahead_poll(struct spf_run *run)
{
	struct arena *mem = run->context->mem;
	/* the list may grow on the way */
	for (size_t i = 0; i < run->ahead->count; i++) {
		struct spf_ahead_item *item = &run->ahead->item[i];
		struct dns_answer answer;
		if (item->is_done)
			continue;
		size_t mark = arena_mark(mem);
		bool was_full = mem->was_full;
		if (resolver_peek(run->context->dns, &item->name, item->type, mem,
		                  &answer)) {
			item->is_done = true;
			if (item->type == DNS_TXT)
				follow_txt(run, item, &answer);
			else
				follow_mx(run, &answer);
		}
		arena_release(mem, mark);
		mem->was_full = was_full;
	}
}
