/* DMARC tags: one table of names and values; report URIs; and what we ourselves would publish. */
#include "dnszone/dmarc/dmarc_value.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "dnszone/name/name.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- values ----------------------------------------------------------------------------------- */

struct tag_row {
	const char *name;
	/* what is allowed, for the sentence; words are between '|' */
	const char *allowed;
	bool (*is_good)(const struct tag_row *row, const char *value, size_t len);
};

static bool is_printable(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value[i] < 0x20 || value[i] > 0x7e)
			return false;
	return len > 0;
}

/* One of row->allowed. */
static bool is_word(const struct tag_row *row, const char *value, size_t len)
{
	for (const char *known = row->allowed; *known;) {
		size_t known_len = strcspn(known, "|");
		if (known_len == len && strncasecmp(known, value, len) == 0)
			return true;
		known += known_len + (known[known_len] == '|');
	}
	return false;
}

/* Items between ':', each one of row->allowed; 0 and 1 exclude each other. */
static bool are_options(const struct tag_row *row, const char *value, size_t len)
{
	bool has_all = false, has_any = false;
	for (size_t at = 0; at <= len;) {
		const char *colon = memchr(value + at, ':', len - at);
		size_t next = colon ? (size_t)(colon - value) : len, end = next;
		while (at < end && is_blank(value[at]))
			at++;
		while (end > at && is_blank(value[end - 1]))
			end--;
		if (!is_word(row, value + at, end - at))
			return false;
		has_all |= value[at] == '0';
		has_any |= value[at] == '1';
		at = next + 1;
	}
	return !(has_all && has_any);
}

static bool is_anything(const struct tag_row *row, const char *value, size_t len)
{
	(void)row;
	return is_printable(value, len);
}

static bool are_uris(const struct tag_row *row, const char *value, size_t len);

#define POLICIES "none|quarantine|reject"
#define URIS N_("mailto: or https: addresses, separated by commas")

static const struct tag_row tag_table[] = {
	[DMARC_V] = { "v", "DMARC1", is_word },
	[DMARC_P] = { "p", POLICIES, is_word },
	[DMARC_SP] = { "sp", POLICIES, is_word },
	[DMARC_NP] = { "np", POLICIES, is_word },
	[DMARC_ADKIM] = { "adkim", "r|s", is_word },
	[DMARC_ASPF] = { "aspf", "r|s", is_word },
	[DMARC_T] = { "t", "y|n", is_word },
	[DMARC_PSD] = { "psd", "y|n|u", is_word },
	[DMARC_FO] = { "fo", "0|1|d|s", are_options },
	[DMARC_RUA] = { "rua", URIS, are_uris },
	[DMARC_RUF] = { "ruf", URIS, are_uris },
	[DMARC_PCT] = { "pct", N_("a number from 0 to 100"), is_anything },
	[DMARC_RF] = { "rf", "afrf", is_anything },
	[DMARC_RI] = { "ri", N_("a number of seconds"), is_anything },
	[DMARC_UNKNOWN] = { NULL, "", is_anything },
};

const char *dmarc_tag_name(enum dmarc_tag tag)
{
	return tag_table[tag].name;
}

const char *dmarc_value_allowed(enum dmarc_tag tag)
{
	return tag == DMARC_UNKNOWN ? _("printable ASCII") : _(tag_table[tag].allowed);
}

bool dmarc_value_is_good(enum dmarc_tag tag, const char *value, size_t len)
{
	return tag_table[tag].is_good(&tag_table[tag], value, len);
}

/* ---- report URIs ------------------------------------------------------------------------------ */

/* RFC 3986 2, and of its reserved characters not those that DMARC lists use. */
static bool is_uri_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '%') {
			if (len - i < 3 ||
			    !strchr("0123456789abcdefABCDEF", text[i + 1]) ||
			    !strchr("0123456789abcdefABCDEF", text[i + 2]) ||
			    !text[i + 1] || !text[i + 2])
				return false;
			i += 2;
		} else if (!is_alpha(c) && !is_digit(c) &&
		           !(c && strchr("-._~:/?#[]@$&'()*+=", c))) {
			return false;
		}
	}
	return len > 0;
}

/* The length of the scheme before ':', 0: none. */
static size_t scheme_len(const char *uri, size_t len)
{
	size_t at = 0;
	while (at < len &&
	       (is_alpha(uri[at]) || (at > 0 && (is_digit(uri[at]) || uri[at] == '+' ||
	                                         uri[at] == '-' || uri[at] == '.'))))
		at++;
	return at < len && uri[at] == ':' ? at : 0;
}

/* RFC 7489 6.4: "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] at the end of a URI.  True: there is none, or
 * *len no longer counts it. */
static bool cut_size(const char *uri, size_t *len, bool *ret_has_size)
{
	const char *mark = memchr(uri, '!', *len);
	size_t at = mark ? (size_t)(mark - uri) + 1 : *len;
	size_t digits = 0;
	*ret_has_size = false;
	if (!mark)
		return true;
	while (at + digits < *len && is_digit(uri[at + digits]))
		digits++;
	size_t left = *len - at - digits;
	if (digits == 0 || left > 1 ||
	    (left == 1 && (!uri[*len - 1] || !strchr("kmgtKMGT", uri[*len - 1]))))
		return false;
	*len = (size_t)(mark - uri);
	*ret_has_size = true;
	return true;
}

static bool is_host(const char *text, size_t len)
{
	char copy[NAME_SIZE + 1], name[NAME_SIZE];
	struct err ignored;
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return name_parse_host(copy, name, &ignored) == 0;
}

/* The part after "mailto:". */
static void read_mailto(const char *value, size_t at, size_t end, struct dmarc_uri *uri)
{
	const char *header = memchr(value + at, '?', end - at); /* RFC 6068 2 */
	const char *mark;
	uri->is_mailto = true;
	if (header)
		end = (size_t)(header - value);
	mark = memrchr(value + at, '@', end - at);
	if (!mark || mark == value + at)
		return;
	uri->host_at = (size_t)(mark - value) + 1;
	uri->host_len = end - uri->host_at;
	uri->has_address = is_host(value + uri->host_at, uri->host_len);
}

/* The part after "https:". */
static void read_https(const char *value, size_t at, size_t end, struct dmarc_uri *uri)
{
	int64_t port;
	if (end - at < 2 || memcmp(value + at, "//", 2) != 0)
		return;
	at += 2;
	size_t host_end = at;
	while (host_end < end && !strchr("/?#:", value[host_end]))
		host_end++;
	bool is_good = is_host(value + at, host_end - at);
	if (host_end < end && value[host_end] == ':') {
		char digits[8];
		size_t len = 0;
		for (size_t i = host_end + 1; i < end && !strchr("/?#", value[i]); i++) {
			if (len + 1 == sizeof(digits))
				return;
			digits[len++] = value[i];
		}
		digits[len] = '\0';
		is_good = is_good && text_to_int(digits, 1, 65535, &port);
	}
	uri->has_address = is_good;
}

/* The URI in [at, end) of a value. */
static struct dmarc_uri read_uri(const char *value, size_t at, size_t end)
{
	while (at < end && is_blank(value[at]))
		at++;
	while (end > at && is_blank(value[end - 1]))
		end--;
	struct dmarc_uri uri = { .at = at, .len = end - at };
	bool is_sized = cut_size(value + at, &uri.len, &uri.has_size);
	size_t scheme = scheme_len(value + at, uri.len);
	/* a scheme alone is a URI by RFC 3986, but has no destination */
	uri.is_valid = is_sized && scheme && is_uri_text(value + at, uri.len) &&
	               uri.len > scheme + 1;
	if (!uri.is_valid)
		return uri;
	end = at + uri.len;
	if (scheme == 6 && strncasecmp(value + at, "mailto", 6) == 0)
		read_mailto(value, at + scheme + 1, end, &uri);
	else if (scheme == 5 && strncasecmp(value + at, "https", 5) == 0)
		read_https(value, at + scheme + 1, end, &uri);
	return uri;
}

bool dmarc_uri_next_of(const char *value, size_t len, size_t *at,
                       struct dmarc_uri *ret_uri)
{
	if (*at > len)
		return false;
	const char *comma = memchr(value + *at, ',', len - *at);
	size_t next = comma ? (size_t)(comma - value) : len;
	*ret_uri = read_uri(value, *at, next);
	*at = next + 1;
	return true;
}

static bool are_uris(const struct tag_row *row, const char *value, size_t len)
{
	struct dmarc_uri uri;
	(void)row;
	for (size_t at = 0; dmarc_uri_next_of(value, len, &at, &uri);)
		if (uri.is_valid)
			return true;
	return false;
}
