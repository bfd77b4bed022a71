/*
 * SPF lint, rules about a record's text and about the result of its survey.  Terms that a check
 * ignores (spf_record_is_ignored) are skipped.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "core/base/err.h"
#include "core/base/network.h"
#include "dnszone/lint/lint_spf_inner.h"
#include "dnszone/spf/spf_hint.h"
#include "dnszone/spf/spf_macro.h"

#define PAIRS_MAX 200  /* terms */
#define STRING_MAX 255 /* RFC 1035 3.3 */
#define SIZE_GOOD 450  /* RFC 7208 3.4: then a reply fits 512 octets */
#define SIZE_MAX_OCTETS 512

static size_t column_of(const struct spf_term *term)
{
	return term->at + 1;
}

static int shown_len(const struct spf_term *term)
{
	return term->len < 100 ? (int)term->len : 100;
}

static void report_term(const struct lint *l, const struct spf_term *term)
{
	lint_say(l, column_of(term), "%.*s", shown_len(term), l->record->text + term->at);
}

static const struct spf_term *all_of(const struct lint *l)
{
	return l->record ? l->record->first_all : NULL;
}

static const struct spf_term *redirect_of(const struct lint *l)
{
	for (size_t i = 0; l->record && i < l->record->count; i++)
		if (l->record->term[i].kind == SPF_REDIRECT)
			return &l->record->term[i];
	return NULL;
}

/* The next term at or after *at that a check evaluates; NULL: none. */
static const struct spf_term *next_term(const struct lint *l, size_t *at)
{
	while (l->record && *at < l->record->count) {
		const struct spf_term *term = &l->record->term[(*at)++];
		if (!spf_record_is_ignored(l->record, term))
			return term;
	}
	return NULL;
}

/* ---- rules on the text ------------------------------------------------------------- */

void rule_not_spf(const struct lint *l)
{
	char hint[SPF_HINT_SIZE];
	struct octets text = l->input->text;
	if (spf_record_has_version(text.at, text.len))
		return;
	spf_version_hint(text.at, text.len, hint);
	lint_say(l, 0, "%s", hint);
}

void rule_syntax(const struct lint *l)
{
	if (l->fault)
		lint_say(l, 0, "%s", l->fault);
}

void rule_plus_all(const struct lint *l)
{
	const struct spf_term *all = all_of(l);
	if (all && all->qualifier == SPF_Q_PASS)
		report_term(l, all);
}

/* Of the network of ip4 or ip6. */
static enum network_use use_of(const struct spf_term *term)
{
	return term->kind == SPF_IP4 ? network_use(AF_INET, term->ip, term->prefix4)
	                             : network_use(AF_INET6, term->ip, term->prefix6);
}

/* "0.0.0.0/0" and equivalents have the effect of +all. */
void rule_whole_internet(const struct lint *l)
{
	const struct spf_term *term;
	for (size_t i = 0; (term = next_term(l, &i));) {
		bool is_wide = (term->kind == SPF_IP4 && term->prefix4 < 8 &&
		                use_of(term) == NETWORK_PUBLIC) ||
		               (term->kind == SPF_IP6 && term->prefix6 < 16 &&
		                use_of(term) == NETWORK_PUBLIC) ||
		               ((term->kind == SPF_A || term->kind == SPF_MX) &&
		                (term->prefix4 < 8 || term->prefix6 < 16));
		if (is_wide && term->qualifier == SPF_Q_PASS)
			report_term(l, term);
	}
}

void rule_ptr(const struct lint *l)
{
	const struct spf_term *term;
	for (size_t i = 0; (term = next_term(l, &i));)
		if (term->kind == SPF_PTR)
			report_term(l, term);
}

/* A redirect before all appears to have an effect: rule_redirect_and_all(). */
void rule_after_all(const struct lint *l)
{
	const struct spf_term *all = all_of(l);
	for (size_t i = 0; all && i < l->record->count; i++)
		if (&l->record->term[i] > all &&
		    spf_record_is_ignored(l->record, &l->record->term[i]))
			report_term(l, &l->record->term[i]);
}

void rule_no_all(const struct lint *l)
{
	if (l->record && !all_of(l) && !redirect_of(l))
		lint_say(l, 0, NULL);
}

void rule_redirect_and_all(const struct lint *l)
{
	const struct spf_term *redirect = redirect_of(l);
	if (redirect && all_of(l) && redirect < all_of(l))
		report_term(l, redirect);
}

void rule_neutral_all(const struct lint *l)
{
	const struct spf_term *all = all_of(l);
	if (all && all->qualifier == SPF_Q_NEUTRAL)
		report_term(l, all);
}

static bool is_same_term(const struct spf_record *record, const struct spf_term *a,
                         const struct spf_term *b)
{
	size_t skip_a = a->has_qualifier, skip_b = b->has_qualifier;
	return a->kind == b->kind && a->len - skip_a == b->len - skip_b &&
	       strncasecmp(record->text + a->at + skip_a, record->text + b->at + skip_b,
	                   a->len - skip_a) == 0;
}

void rule_duplicate(const struct lint *l)
{
	const struct spf_term *term;
	/* pairs are not compared in a record of thousands of terms */
	for (size_t i = 0; i < PAIRS_MAX && (term = next_term(l, &i));)
		for (const struct spf_term *other = l->record->term; other < term;
		     other++) {
			if (term->kind == SPF_ALL ||
			    spf_record_is_ignored(l->record, other) ||
			    !is_same_term(l->record, other, term))
				continue;
			report_term(l, term);
			break;
		}
}

/* ---- modifiers ---------------------------------------------------------------------- */

struct word {
	const char *at;
	size_t len;
};

/* The name of a modifier. */
static struct word name_of(const struct lint *l, const struct spf_term *term)
{
	const char *at = l->record->text + term->at;
	const char *equals = memchr(at, '=', term->len);
	return (struct word){ at, equals ? (size_t)(equals - at) : 0 };
}

static bool is_one_of(struct word word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == word.len &&
		    strncasecmp(words[i], word.at, word.len) == 0)
			return true;
	return false;
}

enum modifier { AS_MECHANISM, VERSION_AGAIN, REPORT, OTHER_MODIFIER };

/* Why an unknown modifier was probably written: its name means something in another place. */
static enum modifier modifier_of(const struct lint *l, const struct spf_term *term)
{
	static const char *const mechanisms[] = { "all",  "include", "a",     "mx",
		                                  "ptr",  "ip",      "ip4",   "ip6",
		                                  "ipv4", "ipv6",    "exists" };
	static const char *const reports[] = { "ra", "rp", "rr" }; /* RFC 6652 */
	static const char *const versions[] = { "v" };
	struct word name = name_of(l, term);
	return is_one_of(name, mechanisms, ARRAY_LEN(mechanisms)) ? AS_MECHANISM
	       : is_one_of(name, versions, ARRAY_LEN(versions))   ? VERSION_AGAIN
	       : is_one_of(name, reports, ARRAY_LEN(reports))     ? REPORT
	                                                          : OTHER_MODIFIER;
}

static void report_modifiers(const struct lint *l, enum modifier kind)
{
	for (size_t i = 0; l->record && i < l->record->count; i++) {
		const struct spf_term *term = &l->record->term[i];
		if (term->kind == SPF_UNKNOWN_MODIFIER && modifier_of(l, term) == kind)
			report_term(l, term);
	}
}

void rule_as_modifier(const struct lint *l)
{
	report_modifiers(l, AS_MECHANISM);
}

void rule_version_again(const struct lint *l)
{
	report_modifiers(l, VERSION_AGAIN);
}

void rule_unknown_modifier(const struct lint *l)
{
	report_modifiers(l, OTHER_MODIFIER);
}

/* RFC 6652 3: rp is 0 to 100, rr a list of words. */
static bool is_good_report(struct word name, struct word value)
{
	static const char *const results[] = { "all", "e", "f", "s", "n" };
	if (name.at[1] == 'a' || name.at[1] == 'A')
		return value.len > 0 && !memchr(value.at, '@', value.len);
	if (name.at[1] == 'p' || name.at[1] == 'P') {
		unsigned number = 0;
		for (size_t i = 0; i < value.len && i < 4; i++)
			number = value.at[i] >= '0' && value.at[i] <= '9'
			                 ? number * 10 + (unsigned)(value.at[i] - '0')
			                 : 1000;
		return value.len > 0 && value.len <= 3 && number <= 100;
	}
	while (value.len) {
		const char *colon = memchr(value.at, ':', value.len);
		size_t len = colon ? (size_t)(colon - value.at) : value.len;
		if (!is_one_of((struct word){ value.at, len }, results,
		               ARRAY_LEN(results)))
			return false;
		value.at += len + (colon != NULL);
		value.len -= len + (colon != NULL);
		if (colon && !value.len)
			return false;
	}
	return true;
}

void rule_report_modifier(const struct lint *l)
{
	for (size_t i = 0; l->record && i < l->record->count; i++) {
		const struct spf_term *term = &l->record->term[i];
		if (term->kind != SPF_UNKNOWN_MODIFIER || modifier_of(l, term) != REPORT)
			continue;
		struct word value = { l->record->text + term->domain_at,
			              term->domain_len };
		if (!value.len || !is_good_report(name_of(l, term), value))
			report_term(l, term);
	}
}

/* ---- names and addresses ----------------------------------------------------------- */

void rule_self(const struct lint *l)
{
	struct dns_name own, name;
	const struct spf_term *term;
	if (!l->input->domain ||
	    !dns_name_from_octets(l->input->domain, strlen(l->input->domain), &own))
		return;
	for (size_t i = 0; (term = next_term(l, &i));) {
		bool is_own = (term->kind == SPF_INCLUDE || term->kind == SPF_REDIRECT) &&
		              dns_name_from_octets(l->record->text + term->domain_at,
		                                   term->domain_len, &name) &&
		              dns_name_equal(&name, &own);
		if (is_own)
			report_term(l, term);
	}
}

static void report_use(const struct lint *l, enum network_use use)
{
	const struct spf_term *term;
	for (size_t i = 0; (term = next_term(l, &i));)
		if ((term->kind == SPF_IP4 || term->kind == SPF_IP6) &&
		    use_of(term) == use)
			report_term(l, term);
}

void rule_private(const struct lint *l)
{
	report_use(l, NETWORK_PRIVATE);
}

void rule_documentation(const struct lint *l)
{
	report_use(l, NETWORK_DOCUMENTATION);
}

void rule_host_bits(const struct lint *l)
{
	const struct spf_term *term;
	for (size_t i = 0; (term = next_term(l, &i));) {
		unsigned bits = term->kind == SPF_IP4 ? 32 : 128;
		unsigned prefix = term->kind == SPF_IP4 ? term->prefix4 : term->prefix6;
		bool has_bits = false;
		if (term->kind != SPF_IP4 && term->kind != SPF_IP6)
			continue;
		for (unsigned bit = prefix; bit < bits; bit++)
			has_bits |= term->ip[bit / 8] >> (7 - bit % 8) & 1;
		if (has_bits)
			report_term(l, term);
	}
}

void rule_exists(const struct lint *l)
{
	const struct spf_term *term;
	for (size_t i = 0; (term = next_term(l, &i));)
		if (term->kind == SPF_EXISTS &&
		    !memchr(l->record->text + term->domain_at, '%', term->domain_len))
			report_term(l, term);
}

/* RFC 7208 allows nearly any octet in a domain; host names have few.  In "a:example.com-all" a
 * blank is missing: no top-level domain contains a hyphen except those with "--". */
static bool is_odd(const char *name, size_t len)
{
	size_t label = 0;
	if (len && name[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		if (c == '.')
			label = i + 1;
		else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		           (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return true;
	}
	return memchr(name + label, '-', len - label) &&
	       !memmem(name + label, len - label, "--", 2);
}

void rule_odd_name(const struct lint *l)
{
	const struct spf_term *term;
	for (size_t i = 0; (term = next_term(l, &i));) {
		const char *name = l->record->text + term->domain_at;
		if (term->kind != SPF_UNKNOWN_MODIFIER && term->domain_len &&
		    !memchr(name, '%', term->domain_len) &&
		    is_odd(name, term->domain_len))
			report_term(l, term);
	}
}

/* RFC 7208 7.2: "p" SHOULD NOT be used, as ptr. */
void rule_validated(const struct lint *l)
{
	const struct spf_term *term;
	for (size_t i = 0; (term = next_term(l, &i));)
		if (term->domain_len && term->kind != SPF_UNKNOWN_MODIFIER &&
		    spf_macro_has_letter(l->record->text + term->domain_at,
		                         term->domain_len, 'p'))
			report_term(l, term);
}

/* ---- the whole ---------------------------------------------------------------------- */

/* Names of terms are case-insensitive; a few programs that read records treat them otherwise. */
void rule_capitals(const struct lint *l)
{
	size_t end = 6; /* of v=spf1 */
	if (!l->record)
		return;
	for (size_t i = 0; i < end; i++)
		if (l->record->text[i] >= 'A' && l->record->text[i] <= 'Z') {
			lint_say(l, 1, "%.6s", l->record->text);
			return;
		}
	for (size_t i = 0; i < l->record->count; i++) {
		const struct spf_term *term = &l->record->term[i];
		for (size_t at = term->at;
		     at < term->at + term->len && !strchr(":/=", l->record->text[at]);
		     at++)
			if (l->record->text[at] >= 'A' && l->record->text[at] <= 'Z') {
				report_term(l, term);
				return;
			}
	}
}

void rule_long_string(const struct lint *l)
{
	for (size_t i = 0; l->input->string_len && i < l->input->strings; i++)
		if (l->input->string_len[i] > STRING_MAX)
			lint_say(l, 0, _("string %zu has %zu octets"), i + 1,
			         l->input->string_len[i]);
}

void rule_long_record(const struct lint *l)
{
	if (l->input->text.len > SIZE_GOOD && l->input->text.len <= SIZE_MAX_OCTETS)
		lint_say(l, 0, _("%zu octets"), l->input->text.len);
}

void rule_too_long_record(const struct lint *l)
{
	if (l->input->text.len > SIZE_MAX_OCTETS)
		lint_say(l, 0, _("%zu octets"), l->input->text.len);
}

void rule_lookups(const struct lint *l)
{
	unsigned count = l->record ? spf_record_count_lookups(l->record) : 0;
	if (l->survey && l->survey->lookups > count)
		count = l->survey->lookups;
	if (count > SPF_LOOKUP_MAX)
		lint_say(l, 0, _("%u look-ups"), count);
}
