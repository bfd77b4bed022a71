/*
 * Zone files of others: entries are cut here, and ldns reads each as one line.
 *
 * The cut knows quotes, escapes, brackets and comments only.  Owner, TTL, class, type and data are
 * determined by ldns.
 */
#include "dnszone/name/zone_scan.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/library.h"
#include "dnszone/name/dns_name.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(ldns_dname_new_frm_str) \
	CALL(ldns_get_errorstr_by_id) \
	CALL(ldns_rdf_data) \
	CALL(ldns_rdf_deep_free) \
	CALL(ldns_rdf_get_type) \
	CALL(ldns_rdf_size) \
	CALL(ldns_rr_free) \
	CALL(ldns_rr_get_type) \
	CALL(ldns_rr_new_frm_str) \
	CALL(ldns_rr_owner) \
	CALL(ldns_rr_rd_count) \
	CALL(ldns_rr_rdf) \
	CALL(ldns_rr_type2str)
/* clang-format on */
LIBRARY(ldns, LIBRARY_LDNS, CALLS)

#define DEFAULT_TTL 3600

struct scan {
	struct octets text;
	size_t at, line, line_start;
	ldns_rdf *origin, *previous;
	char origin_text[DNS_NAME_TEXT_SIZE];
	struct buf entry; /* without brackets, comments and line breaks */
	struct buf text_octets, spaced;
	struct zone_entry found;
	bool is_open, is_deep, has_nul; /* a quote, a bracket that is not closed; a NUL */
	size_t quoted;
	zone_scan_each *each;
	void *arg;
};

/* ---- cutting ---------------------------------------------------------------------------------- */

static bool is_at_end(const struct scan *s)
{
	return s->at >= s->text.len;
}

static void next_line(struct scan *s)
{
	s->line++;
	s->line_start = s->at;
}

static void put(struct scan *s, char c)
{
	s->has_nul |= !c;
	if (s->entry.len <= ZONE_ENTRY_MAX)
		buf_putc(&s->entry, c);
}

/* At a ';' outside of quotes: keeps the first one of an entry, goes to the end of the line. */
static void cut_comment(struct scan *s, bool is_after_word)
{
	const char *from = s->text.at + s->at;
	const char *end = memchr(from, '\n', s->text.len - s->at);
	size_t len = end ? (size_t)(end - from) : s->text.len - s->at;
	if (!s->found.comment_column && s->entry.len) {
		s->found.comment_line = s->line;
		s->found.comment_column = s->at - s->line_start + 1;
		s->found.is_glued = is_after_word;
		s->found.comment = (struct octets){ from + 1, len - 1 };
	}
	s->at += len;
}

/* From an opening quote to the closing one, both included; a line break ends it, too. */
static void cut_quoted(struct scan *s)
{
	const char *text = s->text.at;
	s->quoted++;
	put(s, text[s->at++]);
	while (!is_at_end(s) && text[s->at] != '\n') {
		char c = text[s->at++];
		put(s, c);
		if (c == '"')
			return;
		if (c == '\\' && !is_at_end(s) && text[s->at] != '\n')
			put(s, text[s->at++]);
	}
	s->is_open = true;
}

/* One entry into s->entry, with its line break consumed. */
static void cut_entry(struct scan *s)
{
	const char *text = s->text.at;
	int depth = 0;
	bool is_after_word = false;
	while (!is_at_end(s)) {
		char c = text[s->at];
		if (c == '"') {
			cut_quoted(s);
			is_after_word = false;
			if (s->is_open)
				depth = 0;
			continue;
		}
		if (c == ';') {
			cut_comment(s, is_after_word);
			continue;
		}
		s->at++;
		is_after_word = !strchr(" \t\r\n()", c);
		if (c == '\n') {
			next_line(s);
			if (depth == 0)
				return;
			put(s, ' ');
		} else if (c == '(' || c == ')') {
			depth += c == '(' ? 1 : depth > 0 ? -1 : 0;
			put(s, ' ');
		} else {
			put(s, c == '\r' || c == '\t' ? ' ' : c);
			if (c == '\\' && !is_at_end(s) && text[s->at] != '\n')
				put(s, text[s->at++]);
		}
	}
	s->is_deep = depth > 0;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static bool name_text(const ldns_rdf *rdf, char ret_text[DNS_NAME_TEXT_SIZE])
{
	struct dns_name name;
	if (!rdf || !dns_name_from_wire(ldns()->ldns_rdf_data(rdf),
	                                ldns()->ldns_rdf_size(rdf), &name))
		return false;
	dns_name_to_text(&name, ret_text);
	return true;
}

static void report(struct scan *s, const char *fault)
{
	s->found.fault = fault;
	s->each(s->arg, &s->found);
}

/* The name after "$ORIGIN", which may be relative to the present one. */
static void read_origin(struct scan *s, const char *word)
{
	auto_free char *name = xmemdup(word, strcspn(word, " "));
	size_t len = strlen(name);
	auto_free char *whole = len && name[len - 1] == '.' ? xstrdup(name)
	                        : strcmp(s->origin_text, ".") == 0
	                                ? xasprintf("%s.", name)
	                                : xasprintf("%s.%s.", name, s->origin_text);
	ldns_rdf *origin = len ? ldns()->ldns_dname_new_frm_str(whole) : NULL;
	if (!origin || !name_text(origin, s->origin_text)) {
		ldns()->ldns_rdf_deep_free(origin);
		report(s, _("$ORIGIN requires a name"));
		return;
	}
	ldns()->ldns_rdf_deep_free(s->origin);
	s->origin = origin;
}

static bool is_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	return strncasecmp(text, word, len) == 0 && (text[len] == ' ' || !text[len]);
}

static void read_directive(struct scan *s, const char *text)
{
	const char *after = text + strcspn(text, " ");
	after += strspn(after, " ");
	if (is_word(text, "$ORIGIN")) {
		read_origin(s, after);
	} else if (!is_word(text, "$TTL")) {
		s->found.is_not_followed =
			is_word(text, "$INCLUDE") || is_word(text, "$GENERATE");
		report(s, s->found.is_not_followed ? _("the line is not followed")
		                                   : _("an unknown directive"));
	}
}

/* The strings of TXT data, joined in two ways. */
static void read_strings(struct scan *s, const ldns_rr *rr)
{
	size_t count = ldns()->ldns_rr_rd_count(rr);
	for (size_t i = 0; i < count; i++) {
		const ldns_rdf *rdf = ldns()->ldns_rr_rdf(rr, i);
		const char *octets = (const char *)ldns()->ldns_rdf_data(rdf);
		size_t len = ldns()->ldns_rdf_size(rdf);
		if (i)
			buf_putc(&s->spaced, ' ');
		if (len < 2)
			continue;
		buf_add(&s->text_octets, octets + 1, len - 1);
		buf_add(&s->spaced, octets + 1, len - 1);
	}
	s->found.strings = count;
	s->found.quoted = s->quoted;
	s->found.text = (struct octets){ buf_text(&s->text_octets), s->text_octets.len };
	s->found.spaced = (struct octets){ buf_text(&s->spaced), s->spaced.len };
}

/* Whether the last word of the entry has a dot, but none at its end. */
static bool ends_relative(const struct buf *entry)
{
	size_t len = entry->len, begin;
	while (len && entry->at[len - 1] == ' ')
		len--;
	for (begin = len; begin && entry->at[begin - 1] != ' ';)
		begin--;
	return len > begin && entry->at[len - 1] != '.' &&
	       memchr(entry->at + begin, '.', len - begin);
}

static void read_target(struct scan *s, const ldns_rr *rr,
                        char target[DNS_NAME_TEXT_SIZE])
{
	size_t count = ldns()->ldns_rr_rd_count(rr);
	const ldns_rdf *last = count ? ldns()->ldns_rr_rdf(rr, count - 1) : NULL;
	if (!last || ldns()->ldns_rdf_get_type(last) != LDNS_RDF_TYPE_DNAME ||
	    !name_text(last, target))
		return;
	s->found.target = target;
	s->found.is_relative = ends_relative(&s->entry);
}

static void read_rr(struct scan *s, const ldns_rr *rr)
{
	char owner[DNS_NAME_TEXT_SIZE], target[DNS_NAME_TEXT_SIZE];
	ldns_rr_type type = ldns()->ldns_rr_get_type(rr);
	auto_free char *type_name = ldns()->ldns_rr_type2str(type);
	if (type == 0) { /* ldns reads "<owner> <word>" */
		report(s, _("it has no record type"));
		return;
	}
	if (!type_name || !name_text(ldns()->ldns_rr_owner(rr), owner)) {
		report(s, _("the owner is not a name in DNS"));
		return;
	}
	s->found.owner = owner;
	s->found.origin = s->origin_text;
	s->found.type = type_name;
	if (type == LDNS_RR_TYPE_TXT || type == LDNS_RR_TYPE_SPF)
		read_strings(s, rr);
	else
		read_target(s, rr, target);
	s->each(s->arg, &s->found);
}

/* "<owner> IN 3600 ..." -> "<owner> 3600 IN ...": ldns reads only the latter, RFC 1035 5.1 allows
 * both.  NULL: it is not of this form.  Caller frees. */
static char *swap_class(const char *entry)
{
	const char *class = entry + strcspn(entry, " ");
	class += strspn(class, " ");
	size_t class_len = strcspn(class, " ");
	const char *ttl = class + class_len + strspn(class + class_len, " ");
	size_t ttl_len = strcspn(ttl, " ");
	if (class_len != 2 || strncasecmp(class, "IN", 2) != 0 || *ttl < '0' ||
	    *ttl > '9')
		return NULL;
	return xasprintf("%.*s%.*s IN%s", (int)(class - entry), entry, (int)ttl_len, ttl,
	                 ttl + ttl_len);
}

static void read_record(struct scan *s)
{
	ldns_rr *rr = NULL;
	auto_free char *swapped = swap_class(buf_text(&s->entry));
	ldns_status status =
		ldns()->ldns_rr_new_frm_str(&rr, swapped ? swapped : buf_text(&s->entry),
	                                    DEFAULT_TTL, s->origin, &s->previous);
	if (status == LDNS_STATUS_OK && rr)
		read_rr(s, rr);
	else
		report(s, ldns()->ldns_get_errorstr_by_id(status));
	ldns()->ldns_rr_free(rr);
}

static void read_entry(struct scan *s)
{
	const char *text = buf_text(&s->entry);
	if (s->has_nul)
		report(s, _("it contains a NUL octet"));
	else if (s->entry.len > ZONE_ENTRY_MAX)
		report(s, _("it is too long"));
	else if (s->is_open)
		report(s, _("a quote (\") is not closed on its line"));
	else if (s->is_deep)
		report(s, _("a round bracket is not closed"));
	else if (*text == '$')
		read_directive(s, text);
	else if (text[strspn(text, " ")])
		read_record(s);
}

void zone_scan(struct octets text, const char *origin, zone_scan_each *each, void *arg)
{
	auto_free char *whole = xasprintf("%s.", origin ? origin : "");
	struct scan s = { .text = text, .line = 1, .each = each, .arg = arg };
	s.origin = ldns()->ldns_dname_new_frm_str(whole);
	if (!s.origin || !name_text(s.origin, s.origin_text))
		abort();
	while (!is_at_end(&s)) {
		buf_clear(&s.entry);
		buf_clear(&s.text_octets);
		buf_clear(&s.spaced);
		s.is_open = s.is_deep = s.has_nul = false;
		s.quoted = 0;
		s.found = (struct zone_entry){ .line = s.line };
		cut_entry(&s);
		read_entry(&s);
	}
	ldns()->ldns_rdf_deep_free(s.origin);
	ldns()->ldns_rdf_deep_free(s.previous);
	buf_done(&s.entry);
	buf_done(&s.text_octets);
	buf_done(&s.spaced);
}
