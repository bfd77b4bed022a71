/*
 * A DKIM-Signature field to a struct.
 *
 * Every tag is read, also after a fault, so that a report can name the signature; the first fault
 * in the order of the table is the one that is reported.
 */
#include "dnszone/dkim/dkim_signature.h"

#include <string.h>
#include <strings.h>

#include "dnszone/dkim/dkim_key.h"
#include "dnszone/name/tags.h"

#define TAGS_MAX 64
#define DOMAIN_TEXT_MAX 1024 /* octets of U-labels that are converted */

static const char *const algorithms[] = {
	[DKIM_ALGORITHM_UNKNOWN] = "",
	[DKIM_RSA_SHA1] = "rsa-sha1",
	[DKIM_RSA_SHA256] = "rsa-sha256",
	[DKIM_ED25519_SHA256] = "ed25519-sha256",
};

const char *dkim_algorithm_name(enum dkim_algorithm algorithm)
{
	return algorithms[algorithm];
}

struct reader {
	struct octets value;
	struct arena *mem;
	struct dkim_signature *s;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_text(struct octets text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

/* A copy without white space; none: the arena is full, or there is nothing. */
static struct octets squeeze(struct octets text, struct arena *mem)
{
	char *copy = arena_memdup(mem, text.at, text.len);
	size_t len = 0;
	for (size_t i = 0; copy && i < text.len; i++)
		if (!is_blank(text.at[i]))
			copy[len++] = text.at[i];
	return (struct octets){ copy, len };
}

/* ---- names ------------------------------------------------------------------------------------ */

/* RFC 6376 3.5: A-labels, RFC 8616 4: or U-labels.  No final dot. */
static bool read_name(struct octets text, bool is_selector, char ret_name[NAME_SIZE])
{
	char plain[DOMAIN_TEXT_MAX + 1];
	bool is_ascii = true;
	struct err ignored = ERR_INIT;
	if (text.len == 0 || text.len > DOMAIN_TEXT_MAX || text.at[text.len - 1] == '.' ||
	    memchr(text.at, '\0', text.len))
		return false;
	for (size_t i = 0; i < text.len; i++)
		is_ascii = is_ascii && !((unsigned char)text.at[i] & 0x80);
	if (is_ascii && text.len > NAME_MAX_LEN)
		return false;
	memcpy(plain, text.at, text.len);
	plain[text.len] = '\0';
	if (!is_selector)
		return name_parse_domain(plain, ret_name, &ignored) == 0;
	/* an owner may be "*", a selector not */
	return is_ascii ? name_parse_selector(plain, ret_name, &ignored) == 0
	                : plain[0] != '*' &&
	                          name_parse_owner(plain, ret_name, &ignored) == 0;
}

/* RFC 5322 2.2: printable ASCII except the colon. */
static bool is_field_name(struct octets name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] < 0x21 || name.at[i] > 0x7e || name.at[i] == ':')
			return false;
	return name.len > 0;
}

bool dkim_names_next(struct octets names, size_t *at, struct octets *ret_name)
{
	if (*at > names.len)
		return false;
	const char *from = names.at + *at;
	size_t rest = names.len - *at;
	const char *colon = rest > 0 ? memchr(from, ':', rest) : NULL;
	size_t len = colon ? (size_t)(colon - from) : rest;
	*at += len + 1;
	while (len > 0 && is_blank(*from)) {
		from++;
		len--;
	}
	while (len > 0 && is_blank(from[len - 1]))
		len--;
	*ret_name = (struct octets){ from, len };
	return true;
}

/* ---- the tags --------------------------------------------------------------------------------- */

/* A reader returns NULL or what is wrong. */

static const char *read_v(struct reader *r, struct octets text)
{
	(void)r;
	return is_text(text, "1") ? NULL : "v= is not 1";
}

static const char *read_a(struct reader *r, struct octets text)
{
	for (unsigned i = DKIM_RSA_SHA1; i < ARRAY_LEN(algorithms); i++)
		if (is_text(text, algorithms[i]))
			r->s->algorithm = (enum dkim_algorithm)i;
	return r->s->algorithm == DKIM_ALGORITHM_UNKNOWN ? "a= is not a known algorithm"
	                                                 : NULL;
}

static const char *read_d(struct reader *r, struct octets text)
{
	return read_name(text, false, r->s->domain) ? NULL : "d= is not a domain";
}

static const char *read_s(struct reader *r, struct octets text)
{
	return read_name(text, true, r->s->selector) ? NULL : "s= is not a selector";
}

static const char *read_h(struct reader *r, struct octets text)
{
	struct octets name;
	bool has_from = false;
	size_t at = 0;
	while (dkim_names_next(text, &at, &name)) {
		if (!is_field_name(name))
			return "h= is not a list of header field names";
		has_from = has_from ||
		           (name.len == 4 && strncasecmp(name.at, "from", 4) == 0);
	}
	r->s->names = text;
	return has_from ? NULL : "h= does not contain From";
}

/* "simple" or "relaxed", the body's after a slash. */
static const char *read_c(struct reader *r, struct octets text)
{
	static const struct {
		const char *name;
		enum dkim_canon header, body;
	} rows[] = {
		{ "simple", DKIM_SIMPLE, DKIM_SIMPLE },
		{ "simple/simple", DKIM_SIMPLE, DKIM_SIMPLE },
		{ "simple/relaxed", DKIM_SIMPLE, DKIM_RELAXED },
		{ "relaxed", DKIM_RELAXED, DKIM_SIMPLE },
		{ "relaxed/simple", DKIM_RELAXED, DKIM_SIMPLE },
		{ "relaxed/relaxed", DKIM_RELAXED, DKIM_RELAXED },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (is_text(text, rows[i].name)) {
			r->s->header_canon = rows[i].header;
			r->s->body_canon = rows[i].body;
			return NULL;
		}
	return "c= is not a known canonicalization";
}

static const char *read_q(struct reader *r, struct octets text)
{
	(void)r;
	return tags_list_has_in(text, "dns/txt") ? NULL : "q= does not contain dns/txt";
}

/* A number beyond what the type has is its largest (RFC 6376 3.5, t= and x=). */
static bool read_number(struct octets text, size_t digits_max, uint64_t max,
                        uint64_t *ret_number)
{
	uint64_t number = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (c < '0' || c > '9')
			return false;
		uint64_t digit = (uint64_t)(c - '0');
		number = number > (max - digit) / 10 ? max : number * 10 + digit;
	}
	*ret_number = number;
	return text.len > 0 && text.len <= digits_max;
}

static const char *read_l(struct reader *r, struct octets text)
{
	r->s->has_limit = true;
	return read_number(text, 76, UINT64_MAX, &r->s->limit) ? NULL
	                                                       : "l= is not a number";
}

/* RFC 6376 3.5: Unix seconds, 12 digits at most. */
static bool read_time(struct octets text, int64_t *ret_time)
{
	uint64_t number;
	bool is_good = read_number(text, 12, INT64_MAX, &number);
	if (is_good)
		*ret_time = (int64_t)number;
	return is_good;
}

static const char *read_t(struct reader *r, struct octets text)
{
	return read_time(text, &r->s->signed_at) ? NULL : "t= is not a number";
}

static const char *read_x(struct reader *r, struct octets text)
{
	return read_time(text, &r->s->expires_at) ? NULL : "x= is not a number";
}

static const char *read_bh(struct reader *r, struct octets text)
{
	return text.len > 0 && dkim_base64_read(text, r->s->body_hash, DKIM_BODY_HASH_MAX,
	                                        &r->s->body_hash_len)
	               ? NULL
	               : "bh= is not the base64 of a hash";
}

static const char *read_b(struct reader *r, struct octets text)
{
	unsigned char *out = arena_alloc(r->mem, DKIM_SIGNATURE_OCTETS_MAX);
	size_t len;
	r->s->b_text = squeeze(text, r->mem);
	if (!out || !r->s->b_text.at)
		return "not enough memory for the signature";
	if (text.len == 0)
		return "b= is empty";
	if (!dkim_base64_read(text, out, DKIM_SIGNATURE_OCTETS_MAX, &len))
		return "b= is not base64, or too long";
	r->s->b = (struct octets){ (const char *)out, len };
	return NULL;
}

/* [ Local-part ] "@" domain, white space anywhere (dkim-quoted-printable, 2.11). */
static const char *read_i(struct reader *r, struct octets text)
{
	char domain[NAME_SIZE];
	struct octets all = squeeze(text, r->mem);
	if (!all.at)
		return "not enough memory for the signature";
	const char *at = all.len > 0 ? memrchr(all.at, '@', all.len) : NULL;
	if (!at ||
	    !read_name((struct octets){ at + 1, all.len - (size_t)(at + 1 - all.at) },
	               false, domain))
		return "i= is not an address";
	r->s->identity = all;
	if (*r->s->domain && !name_is_at_or_below(domain, r->s->domain))
		return "the domain of i= is not d= or below it";
	r->s->is_below = strcmp(domain, r->s->domain) != 0;
	return NULL;
}

/* In the order in which faults are reported; i= needs d=. */
static const struct row {
	const char *name;
	const char *(*read)(struct reader *r, struct octets text);
	const char *missing; /* NULL: it may be */
} rows[] = {
	{ "v", read_v, "v= is missing" },
	{ "a", read_a, "a= is missing" },
	{ "d", read_d, "d= is missing" },
	{ "s", read_s, "s= is missing" },
	{ "b", read_b, "b= is missing" },
	{ "bh", read_bh, "bh= is missing" },
	{ "h", read_h, "h= is missing" },
	{ "i", read_i, NULL },
	{ "c", read_c, NULL },
	{ "q", read_q, NULL },
	{ "l", read_l, NULL },
	{ "t", read_t, NULL },
	{ "x", read_x, NULL },
};

static const struct tag_span *find(const struct reader *r, const struct tag_span *spans,
                                   size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (is_text((struct octets){ r->value.at + spans[i].name_at,
		                             spans[i].name_len },
		            name))
			return &spans[i];
	return NULL;
}

/* Tags contain printable ASCII and, in names (RFC 8616), UTF-8, which their readers check. */
static bool has_control(struct octets text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if ((c < 0x20 && !is_blank((char)c)) || c == 0x7f)
			return true;
	}
	return false;
}

static const char *read_row(struct reader *r, const struct row *row,
                            const struct tag_span *span)
{
	if (!span)
		return row->missing;
	if (row->read == read_b) {
		r->s->b_at = span->equals + 1;
		r->s->b_end = span->end;
	}
	return row->read(
		r, (struct octets){ r->value.at + span->value_at, span->value_len });
}

const char *dkim_signature_read(struct octets value, struct arena *mem,
                                struct dkim_signature *ret)
{
	struct tag_span span[TAGS_MAX];
	size_t count = 0;
	const char *problem = NULL;
	struct reader r = { .value = value, .mem = mem, .s = ret };
	*ret = (struct dkim_signature){ .signed_at = -1, .expires_at = -1 };
	if (has_control(value))
		return "the signature contains a control character";
	switch (tags_read_spans(value, span, ARRAY_LEN(span), &count)) {
	case TAGS_FINE:
		break;
	case TAGS_TWICE:
		return "the signature contains a tag twice";
	case TAGS_MANY:
		return "the signature has too many tags";
	default:
		return "the signature is not a list of tags";
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *fault =
			read_row(&r, &rows[i], find(&r, span, count, rows[i].name));
		problem = problem ? problem : fault;
	}
	/* RFC 6376 3.5: x= MUST be greater than t= */
	if (!problem && ret->expires_at >= 0 && ret->expires_at <= ret->signed_at)
		problem = "x= is not after t=";
	return problem;
}
