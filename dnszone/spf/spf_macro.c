/*
 * SPF macros: the grammar of RFC 7208 section 12 and the expansion of section 7, on octets with a
 * length.
 *
 * An expansion may be much longer than the part that is kept (many macros, long values), so it is
 * written to a buffer of fixed size: a name keeps its right end, a text for people its left end.
 */
#include "dnszone/spf/spf_macro.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/address.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

static size_t fault(size_t at, const char *why, size_t *ret_at, const char **ret_why)
{
	*ret_at = at;
	*ret_why = why;
	return 0;
}

/* "%{" macro-letter transformers *delimiter "}" */
static size_t braces_len(const char *text, size_t len, enum spf_macro_place place,
                         size_t *ret_at, const char **ret_why)
{
	size_t at = 2;
	char letter = at < len ? text[at] : '\0';
	if (is_one_of(letter, "cCrRtT") && place == SPF_IN_RECORD)
		return fault(at,
		             _("the macro letters c, r and t are allowed only in "
		               "explanations"),
		             ret_at, ret_why);
	if (!is_one_of(letter, "sSlLoOdDiIpPhHvVcCrRtT"))
		return fault(
			at,
			_("\"%{\" is not followed by a macro letter (s l o d i p h v)"),
			ret_at, ret_why);
	size_t digits_at = ++at;
	bool is_zero = true;
	for (; at < len && is_digit(text[at]); at++)
		is_zero = is_zero && text[at] == '0';
	if (at > digits_at && is_zero)
		return fault(digits_at, _("a macro must keep at least one part, not 0"),
		             ret_at, ret_why);
	if (at < len && is_one_of(text[at], "rR"))
		at++;
	while (at < len && is_one_of(text[at], ".-+,/_="))
		at++;
	if (at == len || text[at] != '}')
		return fault(at, _("a macro does not end in '}'"), ret_at, ret_why);
	return at + 1;
}

size_t spf_macro_expand_len(const char *text, size_t len, enum spf_macro_place place,
                            size_t *ret_at, const char **ret_why)
{
	if (len >= 2 && is_one_of(text[1], "%_-"))
		return 2;
	if (len >= 2 && text[1] == '{')
		return braces_len(text, len, place, ret_at, ret_why);
	return fault(0,
	             _("'%' without a macro after it; for the sign itself write "
	               "\"%%\""),
	             ret_at, ret_why);
}

/* Parses a macro-string; *ret_last_macro is the start of a macro at its end, else len. */
static const char *walk(const char *text, size_t len, enum spf_macro_place place,
                        size_t *ret_at, size_t *ret_last_macro, bool *ret_has_macro)
{
	*ret_has_macro = false;
	*ret_last_macro = len;
	for (size_t at = 0; at < len;) {
		if (text[at] == '%') {
			size_t wrong_at;
			const char *why;
			size_t macro_len = spf_macro_expand_len(text + at, len - at,
			                                        place, &wrong_at, &why);
			if (macro_len == 0) {
				*ret_at = at + wrong_at;
				return why;
			}
			*ret_has_macro = true;
			if (at + macro_len == len)
				*ret_last_macro = at;
			at += macro_len;
			continue;
		}
		bool is_blank = text[at] == ' ' && place == SPF_IN_EXPLANATION;
		if (!is_blank && (text[at] < 0x21 || text[at] > 0x7e)) {
			*ret_at = at;
			return _("an octet that is not printable ASCII");
		}
		at++;
	}
	return NULL;
}

const char *spf_macro_string_fault(const char *text, size_t len,
                                   enum spf_macro_place place, size_t *ret_at)
{
	size_t last_macro;
	bool has_macro;
	return walk(text, len, place, ret_at, &last_macro, &has_macro);
}

/* toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum ) */
static bool is_toplabel(const char *label, size_t len)
{
	bool has_alpha = false, has_hyphen = false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alpha(label[i]) && !is_digit(label[i]) && label[i] != '-')
			return false;
		has_alpha = has_alpha || is_alpha(label[i]);
		has_hyphen = has_hyphen || label[i] == '-';
	}
	return len > 0 && label[0] != '-' && label[len - 1] != '-' &&
	       (has_alpha || has_hyphen);
}

/* RFC 1035 2.3.4, for a name without macros. */
static const char *name_fault(const char *name, size_t len, size_t *ret_at)
{
	size_t label_at = 0;
	for (size_t at = 0; at <= len; at++) {
		if (at < len && name[at] != '.')
			continue;
		*ret_at = label_at;
		if (at == label_at)
			return _("an empty label");
		if (at - label_at > 63)
			return _("a label of more than 63 octets");
		label_at = at + 1;
	}
	*ret_at = 0;
	return len > NAME_MAX_LEN ? _("a name of more than 253 octets") : NULL;
}

const char *spf_domain_spec_fault(const char *text, size_t len, size_t *ret_at)
{
	size_t last_macro;
	bool has_macro;
	const char *why = walk(text, len, SPF_IN_RECORD, ret_at, &last_macro, &has_macro);
	if (why)
		return why;
	if (last_macro < len)
		return NULL;
	size_t end = len > 0 && text[len - 1] == '.' ? len - 1 : len;
	const char *dot = end > 0 ? memrchr(text, '.', end) : NULL;
	size_t label_at = dot ? (size_t)(dot - text) + 1 : 0;
	*ret_at = label_at;
	if (!dot)
		return _("a domain requires at least two labels, or a macro at its "
		         "end");
	if (!is_toplabel(text + label_at, end - label_at))
		return _(
			"a domain must end in a macro or in a top label of letters, digits and inner "
			"hyphens that is not a number");
	return has_macro ? NULL : name_fault(text, end, ret_at);
}

/* ---- expansion --------------------------------------------------------------------- */

#define TAIL_MAX 1024  /* a name keeps its last 253 octets: room for several of them */
#define PARTS_MAX 1000 /* "%{d999}" and more keep all: a name has at most 127 labels */

struct sink {
	char *at;
	size_t len, room;
	bool is_name; /* full: for a name the left end is dropped, else the new octets are */
};

static void put(struct sink *sink, char c)
{
	if (sink->len == sink->room) {
		if (!sink->is_name)
			return;
		size_t keep = sink->room / 2;
		memmove(sink->at, sink->at + sink->len - keep, keep);
		sink->len = keep;
	}
	if (!sink->is_name && (c < 0x20 || c > 0x7e))
		c = '?';
	sink->at[sink->len++] = c;
}

static void put_escaped(struct sink *sink, char c, bool is_url)
{
	static const char hex[] = "0123456789ABCDEF";
	if (!is_url || is_alpha(c) || is_digit(c) || is_one_of(c, "-._~")) {
		put(sink, c);
		return;
	}
	put(sink, '%');
	put(sink, hex[(uint8_t)c >> 4]);
	put(sink, hex[(uint8_t)c & 15]);
}

struct macro {
	char letter; /* lower case */
	bool is_url; /* it was upper case */
	bool is_reversed;
	unsigned parts; /* 0: all */
	const char *delimiters;
	size_t delimiter_count; /* 0: "." */
};

/* `text` is a valid "%{" ... "}". */
static struct macro read_macro(const char *text, size_t len)
{
	struct macro m = { .letter = (char)(text[2] | 0x20),
		           .is_url = text[2] >= 'A' && text[2] <= 'Z' };
	size_t at = 3;
	for (; is_digit(text[at]); at++)
		if (m.parts < PARTS_MAX)
			m.parts = m.parts * 10 + (unsigned)(text[at] - '0');
	m.is_reversed = text[at] == 'r' || text[at] == 'R';
	at += m.is_reversed;
	m.delimiters = text + at;
	m.delimiter_count = len - at - 1;
	return m;
}

static bool is_delimiter(const struct macro *m, char c)
{
	return m->delimiter_count == 0
	               ? c == '.'
	               : memchr(m->delimiters, c, m->delimiter_count) != NULL;
}

/* The right-hand parts in their order, joined by dots. */
static void put_parts(struct sink *sink, const struct macro *m, struct octets value)
{
	size_t from = value.len;
	for (unsigned parts = m->parts; from > 0; from--)
		if (is_delimiter(m, value.at[from - 1]) && m->parts > 0 && --parts == 0)
			break;
	for (size_t i = from; i < value.len; i++)
		if (is_delimiter(m, value.at[i]))
			put(sink, '.');
		else
			put_escaped(sink, value.at[i], m->is_url);
}

/* Reversed, the right-hand parts are the first ones, last of them first. */
static void put_reversed_parts(struct sink *sink, const struct macro *m,
                               struct octets value)
{
	size_t end = 0;
	for (unsigned parts = m->parts; end < value.len; end++)
		if (is_delimiter(m, value.at[end]) && m->parts > 0 && --parts == 0)
			break;
	for (;;) {
		size_t from = end;
		while (from > 0 && !is_delimiter(m, value.at[from - 1]))
			from--;
		for (size_t i = from; i < end; i++)
			put_escaped(sink, value.at[i], m->is_url);
		if (from == 0)
			return;
		put(sink, '.');
		end = from - 1;
	}
}

/* 32 hexadecimal digits with dots between them, as in ip6.arpa. */
static struct octets nibbles(const uint8_t address[16], char out[64])
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < 32; i++) {
		out[2 * i] = hex[i % 2 ? address[i / 2] & 15 : address[i / 2] >> 4];
		out[2 * i + 1] = '.';
	}
	return (struct octets){ out, 63 };
}

static struct octets address_text(const uint8_t address[16], char out[64])
{
	address_to_text(address, out);
	return octets_of(out);
}

static struct octets or_unknown(struct octets value)
{
	return value.len > 0 ? value : octets_of("unknown");
}

/* Every letter except s, which consists of two values. */
static struct octets letter_value(char letter, const struct spf_macro_values *values,
                                  char scratch[64])
{
	bool is_ip4 = address_is_ipv4(values->client);
	switch (letter) {
	case 'l':
		return values->local_part;
	case 'o':
		return values->sender_domain;
	case 'd':
		return values->domain;
	case 'h':
		return values->helo;
	case 'p':
		return or_unknown(values->validated);
	case 'r':
		return or_unknown(values->receiver);
	case 'v':
		return octets_of(is_ip4 ? "in-addr" : "ip6");
	case 'c':
		return address_text(values->client, scratch);
	case 'i':
		return is_ip4 ? address_text(values->client, scratch)
		              : nibbles(values->client, scratch);
	default:
		snprintf(scratch, 64, "%" PRId64, values->now);
		return octets_of(scratch);
	}
}

static void put_value(struct sink *sink, const struct macro *m, struct octets value)
{
	if (m->is_reversed)
		put_reversed_parts(sink, m, value);
	else
		put_parts(sink, m, value);
}

static void put_macro(struct sink *sink, const struct macro *m,
                      const struct spf_macro_values *values)
{
	char scratch[64], whole[1024];
	if (m->letter != 's') {
		put_value(sink, m, letter_value(m->letter, values, scratch));
		return;
	}
	/* A part may contain the '@', so the sender must be contiguous. */
	struct octets l = values->local_part, o = values->sender_domain;
	o.len = o.len < sizeof(whole) / 2 ? o.len : sizeof(whole) / 2;
	size_t room = sizeof(whole) - 1 - o.len;
	l.len = l.len < room ? l.len : room;
	if (l.len > 0)
		memcpy(whole, l.at, l.len);
	whole[l.len] = '@';
	if (o.len > 0)
		memcpy(whole + l.len + 1, o.at, o.len);
	put_value(sink, m, (struct octets){ whole, l.len + 1 + o.len });
}

static void expand(struct sink *sink, const char *text, size_t len,
                   const struct spf_macro_values *values)
{
	for (size_t at = 0; at < len;) {
		if (text[at] != '%') {
			put(sink, text[at++]);
			continue;
		}
		size_t wrong_at;
		const char *why;
		size_t macro_len = spf_macro_expand_len(
			text + at, len - at, SPF_IN_EXPLANATION, &wrong_at, &why);
		if (macro_len == 0) /* impossible in valid text */
			return;
		if (macro_len > 2) {
			struct macro m = read_macro(text + at, macro_len);
			put_macro(sink, &m, values);
		} else if (text[at + 1] == '-') {
			put(sink, '%');
			put(sink, '2');
			put(sink, '0');
		} else {
			put(sink, text[at + 1] == '_' ? ' ' : '%');
		}
		at += macro_len;
	}
}

bool spf_macro_has_letter(const char *text, size_t len, char letter)
{
	for (size_t at = 0; at + 2 < len; at++) {
		if (text[at] != '%')
			continue;
		if (text[at + 1] == '{' && (text[at + 2] | 0x20) == letter)
			return true;
		at++; /* "%%" and similar are two octets */
	}
	return false;
}

static bool is_ascii(struct octets text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((uint8_t)text.at[i] >= 0x80)
			return false;
	return true;
}

bool spf_macro_expand_domain(const char *text, size_t len,
                             const struct spf_macro_values *values,
                             char ret_name[NAME_SIZE], size_t *ret_len)
{
	if (!is_ascii(values->local_part) && (spf_macro_has_letter(text, len, 'l') ||
	                                      spf_macro_has_letter(text, len, 's')))
		return false;
	char tail[TAIL_MAX];
	struct sink sink = { .at = tail, .room = sizeof(tail), .is_name = true };
	expand(&sink, text, len, values);
	size_t end = sink.len, from = 0;
	if (end > 0 && tail[end - 1] == '.')
		end--;
	/* RFC 7208 7.3: by successive labels on the left */
	if (end > NAME_MAX_LEN) {
		from = end - NAME_MAX_LEN;
		while (from < end && tail[from - 1] != '.')
			from++;
	}
	memcpy(ret_name, tail + from, end - from);
	ret_name[end - from] = '\0';
	*ret_len = end - from;
	return true;
}

size_t spf_macro_expand_text(const char *text, size_t len,
                             const struct spf_macro_values *values, char *out,
                             size_t room)
{
	struct sink sink = { .at = out, .room = room - 1 };
	expand(&sink, text, len, values);
	out[sink.len] = '\0';
	return sink.len;
}
