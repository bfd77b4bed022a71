/*
 * SPF records: text to terms.
 *
 * The text may come from DNS and contain any octet, NUL too, so every function gets a length; terms
 * are offsets into the record's own copy.  The grammar is that of RFC 7208 section 12: words are
 * separated by blanks, a word with '=' before any ':' or '/' is a modifier, all others are
 * mechanisms.
 */
#include "dnszone/spf/spf_record.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/words.h"
#include "dnszone/spf/spf_hint.h"
#include "dnszone/spf/spf_macro.h"

#define VERSION "v=spf1"
#define VERSION_LEN (sizeof(VERSION) - 1)

enum domain_rule { NO_DOMAIN, MAY_DOMAIN, MUST_DOMAIN };

static const struct term_row {
	const char *name;
	enum domain_rule domain;
	bool has_cidr;
	bool costs_lookup; /* RFC 7208 4.6.4 */
} term_table[] = {
	[SPF_ALL] = { "all", NO_DOMAIN },
	[SPF_INCLUDE] = { "include", MUST_DOMAIN, .costs_lookup = true },
	[SPF_A] = { "a", MAY_DOMAIN, .has_cidr = true, .costs_lookup = true },
	[SPF_MX] = { "mx", MAY_DOMAIN, .has_cidr = true, .costs_lookup = true },
	[SPF_PTR] = { "ptr", MAY_DOMAIN, .costs_lookup = true },
	[SPF_IP4] = { "ip4", NO_DOMAIN },
	[SPF_IP6] = { "ip6", NO_DOMAIN },
	[SPF_EXISTS] = { "exists", MUST_DOMAIN, .costs_lookup = true },
	[SPF_REDIRECT] = { "redirect", MUST_DOMAIN, .costs_lookup = true },
	[SPF_EXP] = { "exp", MUST_DOMAIN },
	[SPF_UNKNOWN_MODIFIER] = { NULL, NO_DOMAIN },
};

struct parser {
	const char *what; /* the noun for it in messages */
	size_t shift; /* octets that we inserted before it: columns do not count them */
	struct spf_record *record;
	struct err *err;
};

/* "<what>, column <n>, "<term>": <why>" */
static int printf_like(4, 5) fault(const struct parser *p, const struct spf_term *term,
                                   size_t at, const char *fmt, ...)
{
	char why[400], shown[104];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	size_t len = term->len < 100 ? term->len : 100;
	for (size_t i = 0; i < len; i++) {
		char c = p->record->text[term->at + i];
		shown[i] = c < 0x20 || c > 0x7e ? '?' : c;
	}
	strcpy(shown + len, len < term->len ? "..." : "");
	char hint[SPF_HINT_SIZE];
	spf_term_hint(p->record->text + term->at, term->len, hint);
	return err_set(p->err, ERR_USAGE,
	               *hint ? _("%s is wrong at column %zu, \"%s\": %s (%s)")
	                     : _("%s is wrong at column %zu, \"%s\": %s%s"),
	               p->what, at - p->shift + 1, shown, why, hint);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- CIDR lengths ------------------------------------------------------------------ */

/* The start of the "/" 1*DIGIT that ends at `end`; `end` itself if there is none. */
static size_t slash_number_at(const char *text, size_t from, size_t end)
{
	size_t at = end;
	while (at > from && is_digit(text[at - 1]))
		at--;
	return at < end && at > from && text[at - 1] == '/' ? at - 1 : end;
}

static int read_prefix(const struct parser *p, const struct spf_term *term, size_t at,
                       size_t end, unsigned max, uint8_t *ret_prefix)
{
	const char *text = p->record->text;
	unsigned prefix = 0;
	bool is_good = end > at && end - at <= 3 && !(text[at] == '0' && end - at > 1);
	for (size_t i = at; i < end && is_good; i++) {
		is_good = is_digit(text[i]);
		prefix = prefix * 10 + (unsigned)(text[i] - '0');
	}
	if (!is_good || prefix > max)
		return fault(p, term, at,
		             _("an %s prefix length is a number from 0 to %u"),
		             max == 32 ? "IPv4" : "IPv6", max);
	*ret_prefix = (uint8_t)prefix;
	return 0;
}

/* [ "/" ip4-length ] [ "//" ip6-length ] at the end of a or mx; *end moves to its start. */
static int read_dual_cidr(const struct parser *p, struct spf_term *term, size_t from,
                          size_t *end)
{
	const char *text = p->record->text;
	size_t at = slash_number_at(text, from, *end);
	if (at < *end && at > from && text[at - 1] == '/') {
		int r = read_prefix(p, term, at + 1, *end, 128, &term->prefix6);
		if (r < 0)
			return r;
		*end = at - 1;
		at = slash_number_at(text, from, *end);
	}
	if (at < *end) {
		int r = read_prefix(p, term, at + 1, *end, 32, &term->prefix4);
		if (r < 0)
			return r;
		*end = at;
	}
	return 0;
}

/* ---- terms ------------------------------------------------------------------------- */

/* The domain-spec in [at, end) into `term`. */
static int read_domain(const struct parser *p, struct spf_term *term, size_t at,
                       size_t end)
{
	size_t wrong_at = 0;
	const char *why =
		spf_domain_spec_fault(p->record->text + at, end - at, &wrong_at);
	if (end == at)
		return fault(p, term, at, "%s", _("a domain is missing"));
	if (why)
		return fault(p, term, at + wrong_at, "%s", why);
	term->domain_at = at;
	term->domain_len = end - at;
	return 0;
}

/* ip4 or ip6: ":" address [ "/" length ] from `at` to the end of the term. */
static int read_network(const struct parser *p, struct spf_term *term, size_t at)
{
	const char *text = p->record->text;
	size_t end = term->at + term->len;
	bool is_ip4 = term->kind == SPF_IP4;
	if (at == end || text[at] != ':')
		return fault(p, term, at, _("%s requires ':' and an address"),
		             term_table[term->kind].name);
	at++;
	const char *slash = memchr(text + at, '/', end - at);
	size_t address_end = slash ? (size_t)(slash - text) : end;
	char address[INET6_ADDRSTRLEN];
	size_t len = address_end - at;
	bool is_short = len < sizeof(address) && !memchr(text + at, '\0', len);
	snprintf(address, sizeof(address), "%.*s", is_short ? (int)len : 0, text + at);
	if (inet_pton(is_ip4 ? AF_INET : AF_INET6, address, term->ip) != 1)
		return fault(p, term, at, _("%s: is not followed by an %s address"),
		             term_table[term->kind].name, is_ip4 ? "IPv4" : "IPv6");
	if (!slash)
		return 0;
	return is_ip4 ? read_prefix(p, term, address_end + 1, end, 32, &term->prefix4)
	              : read_prefix(p, term, address_end + 1, end, 128, &term->prefix6);
}

/* The part after the name of a mechanism, from `at` on. */
static int read_arguments(const struct parser *p, struct spf_term *term, size_t at)
{
	const struct term_row *row = &term_table[term->kind];
	const char *text = p->record->text;
	size_t end = term->at + term->len;
	if (term->kind == SPF_IP4 || term->kind == SPF_IP6)
		return read_network(p, term, at);
	if (row->has_cidr) {
		int r = read_dual_cidr(p, term, at, &end);
		if (r < 0)
			return r;
	}
	if (at < end && text[at] == ':' && row->domain != NO_DOMAIN)
		return read_domain(p, term, at + 1, end);
	if (at < end && row->has_cidr && text[at] == '/')
		return fault(
			p, term, at, "%s",
			_("a prefix length is \"/\" and 0 to 32 for IPv4, \"//\" and 0 to 128 "
		          "for IPv6"));
	if (at < end)
		return fault(p, term, at, _("%s must not be followed by anything here"),
		             row->name);
	if (row->domain == MUST_DOMAIN)
		return fault(p, term, at, _("%s requires ':' and a domain"), row->name);
	return 0;
}

static bool is_name(const char *text, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(text, name, len) == 0;
}

static int unknown_mechanism(const struct parser *p, const struct spf_term *term,
                             size_t at, size_t len)
{
	if (len == 0)
		return fault(p, term, at, "%s", _("a mechanism is missing"));
	char name[16]; /* longer words are not similar to any */
	size_t keep = len < sizeof(name) ? len : sizeof(name) - 1;
	memcpy(name, p->record->text + at, keep);
	name[keep] = '\0';
	struct suggestion near;
	suggestion_init(&near, name);
	for (size_t i = 0; i < SPF_REDIRECT; i++)
		suggestion_offer(&near, term_table[i].name);
	if (near.best)
		return fault(p, term, at, _("unknown mechanism; did you mean %s?"),
		             near.best);
	return fault(
		p, term, at, "%s",
		_("unknown mechanism (the mechanisms are all include a mx ptr ip4 ip6 "
	          "exists)"));
}

static int read_mechanism(const struct parser *p, struct spf_term *term)
{
	const char *text = p->record->text;
	size_t at = term->at, end = term->at + term->len;
	term->has_qualifier = text[at] != '\0' && strchr("+-~?", text[at]);
	term->qualifier = term->has_qualifier ? (enum spf_qualifier)text[at] : SPF_Q_PASS;
	at += term->has_qualifier;
	size_t name_end = at;
	while (name_end < end && text[name_end] != ':' && text[name_end] != '/')
		name_end++;
	for (enum spf_term_kind kind = SPF_ALL; kind < SPF_REDIRECT; kind++) {
		if (!is_name(text + at, name_end - at, term_table[kind].name))
			continue;
		term->kind = kind;
		return read_arguments(p, term, name_end);
	}
	return unknown_mechanism(p, term, at, name_end - at);
}

/* name "=" macro-string; name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static int read_modifier(const struct parser *p, struct spf_term *term, size_t equals_at)
{
	const char *text = p->record->text;
	size_t at = term->at, end = term->at + term->len, wrong_at = 0;
	for (; at < equals_at; at++) {
		bool is_later = is_digit(text[at]) || text[at] == '-' ||
		                text[at] == '_' || text[at] == '.';
		if (!is_alpha(text[at]) && !(is_later && at > term->at))
			break;
	}
	if (at < equals_at || at == term->at)
		return fault(p, term, at, "%s",
		             _("the name of a modifier begins with a letter, followed "
		               "by letters, digits, '-', '_' or '.'"));
	term->kind = SPF_UNKNOWN_MODIFIER;
	for (enum spf_term_kind kind = SPF_REDIRECT; kind < SPF_UNKNOWN_MODIFIER; kind++)
		if (is_name(text + term->at, equals_at - term->at, term_table[kind].name))
			term->kind = kind;
	if (term->kind != SPF_UNKNOWN_MODIFIER) {
		for (size_t i = 0; i < p->record->count; i++)
			if (p->record->term[i].kind == term->kind)
				return fault(p, term, term->at,
				             _("duplicate modifier %s="),
				             term_table[term->kind].name);
		return read_domain(p, term, equals_at + 1, end);
	}
	const char *why = spf_macro_string_fault(
		text + equals_at + 1, end - equals_at - 1, SPF_IN_RECORD, &wrong_at);
	if (why)
		return fault(p, term, equals_at + 1 + wrong_at, "%s", why);
	term->domain_at = equals_at + 1;
	term->domain_len = end - equals_at - 1;
	return 0;
}

static int read_term(const struct parser *p, struct spf_term *term)
{
	const char *text = p->record->text;
	term->prefix4 = 32;
	term->prefix6 = 128;
	term->qualifier = SPF_Q_PASS;
	for (size_t at = term->at; at < term->at + term->len; at++) {
		if (text[at] == '=')
			return read_modifier(p, term, at);
		if (text[at] == ':' || text[at] == '/')
			break;
	}
	return read_mechanism(p, term);
}

/* ---- records ----------------------------------------------------------------------- */

/* The next word at or after *at; an empty one at the end. */
static size_t next_word(const struct spf_record *record, size_t *at)
{
	while (*at < record->len && record->text[*at] == ' ')
		++*at;
	const char *blank = *at < record->len
	                            ? memchr(record->text + *at, ' ', record->len - *at)
	                            : NULL;
	return (blank ? (size_t)(blank - record->text) : record->len) - *at;
}

static size_t count_words(const struct spf_record *record)
{
	size_t count = 0, len;
	for (size_t at = VERSION_LEN; (len = next_word(record, &at)) > 0; at += len)
		count++;
	return count;
}

static int read_terms(const struct parser *p)
{
	struct spf_record *record = p->record;
	size_t len;
	for (size_t at = VERSION_LEN; (len = next_word(record, &at)) > 0; at += len) {
		struct spf_term *term = &record->term[record->count];
		*term = (struct spf_term){ .at = at, .len = len };
		int r = read_term(p, term);
		if (r < 0)
			return r;
		if (term->kind == SPF_ALL && !record->first_all)
			record->first_all = term;
		record->count++;
	}
	return 0;
}

bool spf_record_has_version(const char *text, size_t len)
{
	return len >= VERSION_LEN && strncasecmp(text, VERSION, VERSION_LEN) == 0 &&
	       (len == VERSION_LEN || text[VERSION_LEN] == ' ');
}

static int no_version(const char *text, size_t len, struct err *err)
{
	char hint[SPF_HINT_SIZE];
	spf_version_hint(text, len, hint);
	return err_set(err, ERR_USAGE, _("not an SPF record: %s"), hint);
}

static int parse(const char *what, size_t shift, const char *text, size_t len,
                 struct spf_record **ret_record, struct err *err)
{
	if (!spf_record_has_version(text, len))
		return no_version(text, len, err);
	struct spf_record *record = xcalloc(1, sizeof(*record));
	struct parser p = { .what = what, .shift = shift, .record = record, .err = err };
	record->own = xmemdup(text, len);
	record->text = record->own;
	record->len = len;
	record->term = xcalloc(count_words(record), sizeof(*record->term));
	int r = read_terms(&p);
	if (r < 0) {
		spf_record_free(record);
		return r;
	}
	*ret_record = record;
	return 0;
}

int spf_record_parse(const char *text, size_t len, struct spf_record **ret_record,
                     struct err *err)
{
	return parse(_("the SPF record"), 0, text, len, ret_record, err);
}

int spf_record_parse_in(struct arena *mem, const char *text, size_t len,
                        const struct spf_record **ret_record, struct err *err)
{
	const char *what = _("the SPF record");
	if (!spf_record_has_version(text, len))
		return no_version(text, len, err);
	struct spf_record *record = arena_alloc(mem, sizeof(*record));
	if (record) {
		record->text = text;
		record->len = len;
		record->term =
			arena_calloc(mem, count_words(record), sizeof(*record->term));
	}
	if (!record || !record->term)
		return err_set(err, ERR_FAILED, _("%s is too long for its terms"), what);
	struct parser p = { .what = what, .record = record, .err = err };
	int r = read_terms(&p);
	if (r == 0)
		*ret_record = record;
	return r;
}

void spf_record_free(struct spf_record *record)
{
	if (!record)
		return;
	free(record->own);
	free(record->term);
	free(record);
}

const char *spf_term_name(enum spf_term_kind kind)
{
	return term_table[kind].name;
}

bool spf_term_costs_lookup(enum spf_term_kind kind)
{
	return term_table[kind].costs_lookup;
}

bool spf_record_is_ignored(const struct spf_record *record, const struct spf_term *term)
{
	if (!record->first_all)
		return false;
	return term->kind == SPF_REDIRECT ||
	       (term->kind < SPF_REDIRECT && term > record->first_all);
}

unsigned spf_record_count_lookups(const struct spf_record *record)
{
	unsigned count = 0;
	for (size_t i = 0; i < record->count; i++)
		count += term_table[record->term[i].kind].costs_lookup &&
		         !spf_record_is_ignored(record, &record->term[i]);
	return count;
}

int spf_record_check_lookups(const struct spf_record *record, struct err *err)
{
	unsigned count = spf_record_count_lookups(record);
	if (count <= SPF_LOOKUP_MAX)
		return 0;
	return err_set(err, ERR_USAGE,
	               _("%u terms require a DNS look-up (include, a, mx, ptr, exists, "
	                 "redirect), but an SPF check ends with an error after %d"),
	               count, SPF_LOOKUP_MAX);
}

/* ---- settings ---------------------------------------------------------------------- */

int spf_check_local_rules(const char *text, struct err *err)
{
	const char *what = _("the list of local SPF rules"),
		   *first = text + strspn(text, " ");
	if (spf_record_has_version(first, strlen(first)))
		return err_set(err, ERR_USAGE,
		               _("%s accepts mechanisms only; omit \"v=spf1\""), what);
	auto_buf whole = BUF_INIT;
	buf_printf(&whole, "%s %s", VERSION, text);
	struct spf_record *record;
	int r = parse(what, VERSION_LEN + 1, whole.at, whole.len, &record, err);
	if (r < 0)
		return r;
	const struct parser p = { what, VERSION_LEN + 1, record, err };
	for (size_t i = 0; i < record->count && r == 0; i++) {
		const struct spf_term *term = &record->term[i];
		if (term->kind == SPF_ALL)
			r = fault(&p, term, term->at, "%s",
			          _("\"all\" would match every sender"));
		else if (term->kind >= SPF_REDIRECT)
			r = fault(&p, term, term->at, "%s",
			          _("a modifier is not a mechanism"));
	}
	if (r == 0)
		r = spf_record_check_lookups(record, err);
	spf_record_free(record);
	return r;
}

int spf_check_guess_rules(const char *text, char **ret_text, struct err *err)
{
	const char *first = text + strspn(text, " ");
	if (!*first) {
		*ret_text = xstrdup("");
		return 0;
	}
	bool is_whole = spf_record_has_version(first, strlen(first));
	/* By the grammar another version is an unknown modifier, which would have no effect. */
	if (!is_whole && strncasecmp(first, "v=", 2) == 0)
		return err_set(
			err, ERR_USAGE,
			_("the SPF guess policy is wrong at column %zu: it contains "
		          "only v=spf1"),
			(size_t)(first - text) + 1);
	auto_buf whole = BUF_INIT;
	buf_printf(&whole, "%s%s", is_whole ? "" : VERSION " ", first);
	/* unsigned arithmetic: dropped blanks count, inserted octets do not */
	size_t shift = (is_whole ? 0 : VERSION_LEN + 1) - (size_t)(first - text);
	struct spf_record *record;
	int r = parse(_("the SPF guess policy"), shift, whole.at, whole.len, &record,
	              err);
	if (r < 0)
		return r;
	r = spf_record_check_lookups(record, err);
	spf_record_free(record);
	if (r == 0)
		*ret_text = buf_take(&whole);
	return r;
}

int spf_check_explanation(const char *text, struct err *err)
{
	size_t len = strlen(text), wrong_at = 0;
	const char *why =
		spf_macro_string_fault(text, len, SPF_IN_EXPLANATION, &wrong_at);
	if (why)
		return err_set(err, ERR_USAGE,
		               _("the SPF explanation is wrong at column %zu: %s"),
		               wrong_at + 1, why);
	/* The expansion of a macro is not known here; the rest of the text counts. */
	size_t literal = 0;
	for (size_t at = 0; at < len; literal++)
		at += text[at] != '%'       ? 1
		      : text[at + 1] == '{' ? strcspn(text + at, "}") + 1
		                            : 2;
	if (literal > SPF_EXPLANATION_MAX)
		return err_set(err, ERR_USAGE,
		               _("the SPF explanation has %zu octets; the limit is %d"),
		               literal, SPF_EXPLANATION_MAX);
	return 0;
}
