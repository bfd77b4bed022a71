/*
 * The mechanisms of RFC 7208 section 5 that do not evaluate another record, and the validated names
 * of an address (5.5), used by ptr and %{p}.
 *
 * Only the look-up that a term names itself can be a void one; look-ups of the addresses of MX
 * hosts and of PTR names are not counted.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/address.h"
#include "dnszone/spf/spf_eval_inner.h"

static bool is_same_network(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

enum dns_type spf_address_type(const uint8_t client[16])
{
	return address_is_ipv4(client) ? DNS_A : DNS_AAAA;
}

bool spf_mech_ip_matches(const struct spf_term *term, const uint8_t client[16])
{
	bool is_ip4 = address_is_ipv4(client);
	if (is_ip4 != (term->kind == SPF_IP4))
		return false;
	return is_ip4 ? is_same_network(term->ip, client + 12, term->prefix4)
	              : is_same_network(term->ip, client, term->prefix6);
}

/* Whether one of the addresses has the client's first prefix4 (IPv4) or prefix6 bits. */
static bool holds_client(const struct dns_answer *answer, const uint8_t client[16],
                         unsigned prefix4, unsigned prefix6)
{
	bool is_ip4 = address_is_ipv4(client);
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_rdata *rdata = &answer->rdata[i];
		if (rdata->len == (is_ip4 ? 4 : 16) &&
		    is_same_network(rdata->octets, is_ip4 ? client + 12 : client,
		                    is_ip4 ? prefix4 : prefix6))
			return true;
	}
	return false;
}

/* Compares the addresses of one name with the term's networks. */
static enum spf_outcome try_addresses(struct spf_run *run, const struct spf_term *term,
                                      const struct dns_name *name, bool counts)
{
	const uint8_t *client = run->values.client;
	struct arena *mem = run->context->mem;
	struct dns_answer answer;
	size_t mark = arena_mark(mem);
	enum spf_outcome outcome =
		spf_run_ask(run, name, spf_address_type(client), counts, &answer);
	if (outcome == SPF_MATCH &&
	    !holds_client(&answer, client, term->prefix4, term->prefix6))
		outcome = SPF_NO_MATCH;
	/* A trace refers to memory of the answers, and a problem was added after them. */
	if (!run->context->trace && outcome <= SPF_MATCH)
		arena_release(mem, mark);
	return outcome;
}

/* RFC 7208 5.4 and 4.6.4: more than ten names are an error, whatever their order. */
static enum spf_outcome try_mx(struct spf_run *run, const struct spf_term *term,
                               const struct dns_name *name)
{
	struct dns_answer answer;
	enum spf_outcome outcome = spf_run_ask(run, name, DNS_MX, true, &answer);
	if (outcome != SPF_MATCH)
		return outcome;
	if (answer.count > SPF_NAME_MAX)
		return spf_run_fault(run, SPF_TERM_PERMERROR,
		                     "an mx has more than %d names", SPF_NAME_MAX);
	if (run->ahead && answer.count > 1)
		spf_ahead_mx(run, name, &answer);
	for (size_t i = 0; i < answer.count; i++) {
		struct dns_name host;
		/* the root is the null MX of RFC 7505 */
		if (!dns_name_from_wire(answer.rdata[i].octets, answer.rdata[i].len,
		                        &host) ||
		    host.len <= 1)
			continue;
		outcome = try_addresses(run, term, &host, false);
		if (outcome != SPF_NO_MATCH)
			return outcome;
	}
	return SPF_NO_MATCH;
}

/* ---- names of the client's address ------------------------------------------------- */

/* Queries the PTR records once for a check; only the first ten count (RFC 7208 4.6.4). */
static enum spf_outcome client_names(struct spf_run *run, bool counts)
{
	struct spf_names *names = run->names;
	if (!names)
		names = run->names = arena_alloc(run->context->mem, sizeof(*names));
	if (!names)
		return spf_run_fault(run, SPF_TERM_PERMERROR, "%s",
		                     "the check needs more memory than it may use");
	struct dns_name reverse;
	struct dns_answer answer;
	dns_name_reverse(run->values.client, &reverse);
	enum spf_outcome outcome = spf_run_ask(run, &reverse, DNS_PTR, counts, &answer);
	if (names->is_known)
		return outcome;
	names->is_known = true;
	for (size_t i = 0; i < answer.count && names->count < SPF_NAME_MAX; i++)
		if (dns_name_from_wire(answer.rdata[i].octets, answer.rdata[i].len,
		                       &names->name[names->count]))
			names->count++;
	return outcome;
}

/* RFC 7208 5.5: an error skips the name. */
static bool is_valid(struct spf_run *run, size_t i)
{
	struct spf_names *names = run->names;
	const uint8_t *client = run->values.client;
	if (names->state[i] == NAME_UNCHECKED) {
		struct dns_answer answer;
		bool is_ok = spf_run_ask(run, &names->name[i], spf_address_type(client),
		                         false, &answer) == SPF_MATCH &&
		             holds_client(&answer, client, 32, 128);
		names->state[i] = is_ok ? NAME_VALID : NAME_INVALID;
	}
	return names->state[i] == NAME_VALID;
}

static enum spf_outcome try_ptr(struct spf_run *run, const struct dns_name *target)
{
	enum spf_outcome outcome = client_names(run, true);
	/* RFC 7208 5.5: a DNS error is no match */
	if (outcome != SPF_MATCH)
		return outcome == SPF_TERM_TEMPERROR ? SPF_NO_MATCH : outcome;
	for (size_t i = 0; i < run->names->count; i++)
		if (dns_name_is_at_or_below(&run->names->name[i], target) &&
		    is_valid(run, i))
			return SPF_MATCH;
	return SPF_NO_MATCH;
}

void spf_mech_validated_name(struct spf_run *run, const char *domain, size_t len,
                             char scratch[DNS_NAME_TEXT_SIZE])
{
	const char *problem = run->problem;
	struct dns_name target;
	run->values.validated = OCTETS_NONE;
	if (!dns_name_from_octets(domain, len, &target))
		target.len = 0;
	if (client_names(run, false) == SPF_MATCH) {
		/* the domain itself, then a name below it, then any */
		for (unsigned pass = 0; pass < 3 && run->values.validated.len == 0;
		     pass++)
			for (size_t i = 0; i < run->names->count; i++) {
				const struct dns_name *name = &run->names->name[i];
				bool is_fit = pass == 2 ||
				              (target.len > 0 &&
				               (pass == 0 ? dns_name_equal(name, &target)
				                          : dns_name_is_at_or_below(
								    name, &target)));
				if (!is_fit || !is_valid(run, i))
					continue;
				size_t text_len = dns_name_to_text(name, scratch);
				run->values.validated =
					(struct octets){ scratch, text_len };
				break;
			}
	}
	run->problem = problem; /* RFC 7208 7.3: an error only means "unknown" */
}

/* ---- all of them ------------------------------------------------------------------- */

enum spf_outcome spf_mech_try(struct spf_run *run, const struct spf_term *term)
{
	if (term->kind == SPF_ALL)
		return SPF_MATCH;
	if (term->kind == SPF_IP4 || term->kind == SPF_IP6)
		return spf_mech_ip_matches(term, run->values.client) ? SPF_MATCH
		                                                     : SPF_NO_MATCH;
	char domain[NAME_SIZE];
	size_t len;
	struct dns_name name;
	struct dns_answer answer;
	/* RFC 7208 4.8: a text that cannot be a name in DNS does not match */
	if (!spf_run_target(run, term, domain, &len, &name))
		return SPF_NO_MATCH;
	switch (term->kind) {
	case SPF_A:
		return try_addresses(run, term, &name, true);
	case SPF_MX:
		return try_mx(run, term, &name);
	case SPF_PTR:
		return try_ptr(run, &name);
	default: /* RFC 7208 5.7: exists queries type A for any client */
		return spf_run_ask(run, &name, DNS_A, true, &answer);
	}
}
