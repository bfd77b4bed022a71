/*
 * From fields: a scanner over octets and a grammar without recursion but for one level of groups.
 *
 * RFC 5322 3.4 and 4.4: words and dots are read first; what follows them determines what they are:
 * '@' a local part, '<' a display name, ':' the name of a group.  Each rule returns false after a
 * fault, and nothing goes on from there.
 */
#include "dnszone/dmarc/from_header.h"

#include <string.h>
#include <strings.h>

struct scan {
	const char *text;
	size_t len, at;
	/* what was found so far */
	unsigned addresses; /* with a domain */
	unsigned literals;  /* with an address in brackets instead */
	unsigned strays;    /* "<>", or words alone */
	bool has_several;
	char domain[NAME_SIZE]; /* the first one */
};

static int peek(const struct scan *s)
{
	return s->at < s->len ? (unsigned char)s->text[s->at] : -1;
}

/* Skips one octet if it is next. */
static bool take(struct scan *s, char c)
{
	if (s->at == s->len || s->text[s->at] != c)
		return false;
	s->at++;
	return true;
}

/* ---- white space and comments ------------------------------------------------------------------- */

static bool is_blank(int c)
{
	return c == ' ' || c == '\t';
}

/* A line end that is followed by a blank; mail that passed a milter has LF alone. */
static bool take_fold(struct scan *s)
{
	size_t at = s->at;
	at += at < s->len && s->text[at] == '\r';
	if (at + 1 >= s->len || s->text[at] != '\n' || !is_blank(s->text[at + 1]))
		return false;
	s->at = at + 2;
	return true;
}

static bool take_blank(struct scan *s)
{
	if (is_blank(peek(s))) {
		s->at++;
		return true;
	}
	return take_fold(s);
}

/* RFC 5322 3.2.1, 4.1: '\' and any octet, but here no line end and no NUL. */
static bool take_pair(struct scan *s)
{
	if (peek(s) != '\\' || s->at + 1 == s->len)
		return false;
	char c = s->text[s->at + 1];
	if (c == '\r' || c == '\n' || c == '\0')
		return false;
	s->at += 2;
	return true;
}

/* An octet that means itself in a comment, a quoted string or brackets. */
static bool take_plain(struct scan *s, const char *special)
{
	int c = peek(s);
	if (c <= 0 || c == '\r' || c == '\n' || c == '\\' || strchr(special, c))
		return false;
	s->at++;
	return true;
}

static bool skip_comment(struct scan *s)
{
	unsigned depth = 0;
	do {
		if (take(s, '(')) {
			if (++depth > FROM_COMMENT_DEPTH)
				return false;
		} else if (take(s, ')')) {
			depth--;
		} else if (!take_blank(s) && !take_pair(s) && !take_plain(s, "()")) {
			return false;
		}
	} while (depth > 0);
	return true;
}

/* [CFWS] */
static bool skip_cfws(struct scan *s)
{
	for (;;) {
		if (peek(s) == '(') {
			if (!skip_comment(s))
				return false;
		} else if (!take_blank(s)) {
			return true;
		}
	}
}

/* ---- words -------------------------------------------------------------------------------------- */

static bool is_atext(int c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || (c > 0 && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool take_atom(struct scan *s, struct octets *ret_atom)
{
	size_t from = s->at;
	while (is_atext(peek(s)))
		s->at++;
	*ret_atom = (struct octets){ s->text + from, s->at - from };
	return s->at > from;
}

static bool skip_quoted(struct scan *s)
{
	s->at++;
	while (!take(s, '"'))
		if (!take_blank(s) && !take_pair(s) && !take_plain(s, "\""))
			return false;
	return true;
}

struct words {
	unsigned count;
	bool begins_with_dot;
	bool has_neighbours; /* two words without a dot between them */
};

/* Words, dots, and the white space and comments around them. */
static bool read_words(struct scan *s, struct words *ret_words)
{
	struct octets ignored;
	bool was_word = false;
	*ret_words = (struct words){ 0 };
	for (;;) {
		if (!skip_cfws(s))
			return false;
		int c = peek(s);
		if (c == '.') {
			s->at++;
			ret_words->begins_with_dot |= ret_words->count == 0;
			was_word = false;
			continue;
		}
		if (c == '"') {
			if (!skip_quoted(s))
				return false;
		} else if (!take_atom(s, &ignored)) {
			return true;
		}
		ret_words->count++;
		ret_words->has_neighbours |= was_word;
		was_word = true;
	}
}

/* Words that may be a local part: of dots, also such as RFC 5322 does not allow ("a..b"), since the
 * local part decides nothing. */
static bool is_local_part(const struct words *words)
{
	return words->count > 0 && !words->has_neighbours;
}

/* ---- domains ------------------------------------------------------------------------------------ */

static bool has_encoded_word(struct octets atom)
{
	/* RFC 2047 5: never in an addr-spec; a program that decodes it sees another domain */
	return memmem(atom.at, atom.len, "=?", 2) || memmem(atom.at, atom.len, "?=", 2);
}

/* atom *("." atom) with CFWS anywhere between them, and a final dot; without the CFWS in `text`. */
static bool read_labels(struct scan *s, char *text, size_t room, size_t *ret_len)
{
	size_t len = 0;
	for (;;) {
		struct octets atom;
		if (!skip_cfws(s))
			return false;
		if (!take_atom(s, &atom)) {
			*ret_len = len; /* after a dot: the root's */
			return len > 0;
		}
		if (has_encoded_word(atom) || len + atom.len + 1 > room)
			return false;
		memcpy(text + len, atom.at, atom.len);
		len += atom.len;
		if (!skip_cfws(s))
			return false;
		*ret_len = len;
		if (!take(s, '.'))
			return true;
		text[len++] = '.';
	}
}

static bool skip_literal(struct scan *s)
{
	while (!take(s, ']'))
		if (!take_blank(s) && !take_pair(s) && !take_plain(s, "[]"))
			return false;
	return skip_cfws(s);
}

/* What follows '@'.  `does_count`: it is the domain of an address, not of a route. */
static bool read_domain(struct scan *s, bool does_count)
{
	char text[4 * NAME_SIZE], name[NAME_SIZE];
	size_t len;
	if (!skip_cfws(s))
		return false;
	if (take(s, '[')) {
		s->literals += does_count;
		return skip_literal(s);
	}
	size_t from = s->at;
	if (!read_labels(s, text, sizeof(text), &len))
		return false;
	if (!name_from_mail((struct octets){ text, len }, name)) {
		s->at = from;
		return false;
	}
	if (!does_count)
		return true;
	if (s->addresses++ == 0)
		memcpy(s->domain, name, sizeof(name));
	else
		s->has_several |= strcmp(s->domain, name) != 0;
	return true;
}

/* ---- addresses ---------------------------------------------------------------------------------- */

/* RFC 5322 4.4: *(CFWS / ",") "@" domain *("," [CFWS] ["@" domain]) ":" */
static bool read_route(struct scan *s)
{
	bool has_domain = false;
	for (;;) {
		if (!skip_cfws(s))
			return false;
		if (has_domain && take(s, ':'))
			return true;
		if (take(s, ','))
			continue;
		if (!take(s, '@') || !read_domain(s, false))
			return false;
		has_domain = true;
		if (peek(s) != ',' && peek(s) != ':')
			return false;
	}
}

/* What follows '<'. */
static bool read_angle(struct scan *s)
{
	struct words words;
	if (!skip_cfws(s))
		return false;
	if (take(s, '>')) {
		s->strays++;
		return skip_cfws(s);
	}
	if ((peek(s) == '@' || peek(s) == ',') && !read_route(s))
		return false;
	return read_words(s, &words) && is_local_part(&words) && take(s, '@') &&
	       read_domain(s, true) && take(s, '>') && skip_cfws(s);
}

static bool read_group(struct scan *s);

/* One element of a list; an empty one is allowed (RFC 5322 4.4). */
static bool read_element(struct scan *s, bool is_in_group)
{
	struct words words;
	if (!read_words(s, &words))
		return false;
	bool is_phrase = words.count > 0 && !words.begins_with_dot;
	switch (peek(s)) {
	case '@':
		s->at++;
		return is_local_part(&words) && read_domain(s, true);
	case '<':
		s->at++;
		return !words.begins_with_dot && read_angle(s);
	case ':':
		if (is_in_group || !is_phrase)
			return false;
		s->at++;
		return read_group(s);
	default:
		s->strays += is_phrase;
		return is_phrase || !words.begins_with_dot;
	}
}

/* What follows ':'. */
static bool read_group(struct scan *s)
{
	do
		if (!read_element(s, true))
			return false;
	while (take(s, ','));
	return take(s, ';') && skip_cfws(s);
}

static bool read_list(struct scan *s)
{
	do
		if (!read_element(s, false))
			return false;
	while (take(s, ','));
	return s->at == s->len;
}

/* ---- entry -------------------------------------------------------------------------------------- */

static enum from_fault judge(const struct scan *s)
{
	/* "Doe, John <j@example.com>": what the sender means is for no parser to guess */
	if (s->strays && s->addresses + s->literals > 0)
		return FROM_UNPARSABLE;
	if (s->has_several || (s->addresses && s->literals))
		return FROM_SEVERAL_DOMAINS;
	return s->addresses ? FROM_GOOD : FROM_NO_DOMAIN;
}

void from_header_parse(const struct octets *values, size_t count,
                       struct from_header *ret_from)
{
	*ret_from = (struct from_header){ .fault = FROM_NO_FIELD };
	if (count > 1)
		ret_from->fault = FROM_SEVERAL_FIELDS;
	if (count != 1)
		return;
	struct scan s = { .text = values->at, .len = values->len };
	if (values->len > FROM_FIELD_MAX) {
		ret_from->fault = FROM_TOO_LONG;
		return;
	}
	ret_from->fault = read_list(&s) ? judge(&s) : FROM_UNPARSABLE;
	ret_from->at = s.at;
	if (ret_from->fault == FROM_GOOD)
		memcpy(ret_from->domain, s.domain, sizeof(s.domain));
}

bool from_header_is_name(struct octets name)
{
	while (name.len > 0 && is_blank(name.at[name.len - 1]))
		name.len--;
	return name.len == 4 && strncasecmp(name.at, "From", 4) == 0;
}

static const struct {
	const char *name, *text;
} faults[] = {
	[FROM_GOOD] = { "good", N_("the From field names one domain") },
	[FROM_NO_FIELD] = { "no-field", N_("the message has no From field") },
	[FROM_SEVERAL_FIELDS] = { "several-fields",
	                          N_("the message has several From fields") },
	[FROM_NO_DOMAIN] = { "no-domain", N_("the From field contains no domain") },
	[FROM_SEVERAL_DOMAINS] = { "several-domains",
	                           N_("the From field contains several domains") },
	[FROM_UNPARSABLE] = { "unparsable", N_("the From field cannot be parsed") },
	[FROM_TOO_LONG] = { "too-long", N_("the From field is too long") },
};

const char *from_fault_name(enum from_fault fault)
{
	return faults[fault].name;
}

const char *from_fault_text(enum from_fault fault)
{
	return _(faults[fault].text);
}
