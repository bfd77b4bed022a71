/*
 * Typed and pasted data that means something else than it appears to: TXT data with the quotes of a
 * zone file, names without their final dot.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "dnszone/name/rr.h"

/* ---- quotes ----------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The length of one escape after the '\\' at `at` (RFC 1035 5.1), 0: not an escape. */
static size_t read_escape(const char *at, struct buf *out)
{
	if (!is_digit(at[0])) {
		/* an escape of placeholder.h, which is processed later */
		if (at[0] == '<')
			buf_putc(out, '\\');
		if (at[0])
			buf_putc(out, at[0]);
		return at[0] != '\0';
	}
	if (!is_digit(at[1]) || !is_digit(at[2]))
		return 0;
	int octet = (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
	if (octet == 0 || octet > 255)
		return 0;
	buf_putc(out, (char)octet);
	return 3;
}

/* Reads the string whose quote is at *at; false: it does not end. */
static bool read_string(const char **at, struct buf *out)
{
	for (++*at; **at && **at != '"'; ++*at) {
		if (**at != '\\') {
			buf_putc(out, **at);
			continue;
		}
		size_t len = read_escape(*at + 1, out);
		if (!len)
			return false;
		*at += len;
	}
	return *(*at)++ == '"';
}

char *rr_txt_unquote(const char *text)
{
	auto_buf out = BUF_INIT;
	const char *at = text + strspn(text, " ");
	if (*at != '"')
		return NULL;
	while (*at == '"') {
		if (!read_string(&at, &out))
			return NULL;
		at += strspn(at, " ");
	}
	return *at ? NULL : xstrdup(buf_text(&out));
}

/* ---- final dots ------------------------------------------------------------------------------- */

static bool is_address(const char *word, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t octets[16];
	if (len && word[len - 1] == '.')
		len--;
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, word, len);
	copy[len] = '\0';
	return address_parse(copy, octets);
}

/* Which words of the data of common types are names; other types are not checked. */
static const struct name_words {
	const char *type;
	size_t first, count;
} name_words[] = {
	{ "AFSDB", 1, 1 }, { "CNAME", 0, 1 }, { "DNAME", 0, 1 }, { "HTTPS", 1, 1 },
	{ "KX", 1, 1 },    { "MX", 1, 1 },    { "NAPTR", 5, 1 }, { "NS", 0, 1 },
	{ "PTR", 0, 1 },   { "RP", 0, 2 },    { "RT", 1, 1 },    { "SOA", 0, 2 },
	{ "SRV", 3, 1 },   { "SVCB", 1, 1 },
};

static bool is_name_word(const char *type, size_t i)
{
	for (size_t k = 0; k < ARRAY_LEN(name_words); k++)
		if (strcmp(name_words[k].type, type) == 0)
			return i >= name_words[k].first &&
			       i < name_words[k].first + name_words[k].count;
	return false;
}

static enum rr_doubt doubt_of(const char *word, size_t len, const char *origin)
{
	size_t origin_len = strlen(origin);
	if (is_address(word, len))
		return RR_ADDRESS;
	if (len == 0 || word[len - 1] == '.' || !memchr(word, '.', len))
		return RR_CLEAR;
	bool is_own = len >= origin_len &&
	              strncasecmp(word + len - origin_len, origin, origin_len) == 0 &&
	              (len == origin_len || word[len - origin_len - 1] == '.');
	return is_own ? RR_OWN : RR_FAR;
}

enum rr_doubt rr_find_doubt(const char *type, const char *rdata, const char *origin,
                            char *ret_name, size_t size)
{
	const char *at = rdata + strspn(rdata, " ");
	for (size_t i = 0; *at; i++) {
		size_t len = strcspn(at, " ");
		enum rr_doubt doubt = is_name_word(type, i) && len < size
		                              ? doubt_of(at, len, origin)
		                              : RR_CLEAR;
		if (doubt != RR_CLEAR) {
			memcpy(ret_name, at, len);
			ret_name[len] = '\0';
			return doubt;
		}
		at += len;
		at += strspn(at, " ");
	}
	return RR_CLEAR;
}

char *rr_with_dot(const char *rdata, const char *name)
{
	auto_buf out = BUF_INIT;
	for (const char *at = rdata; *at;) {
		size_t blanks = strspn(at, " "), len = strcspn(at + blanks, " ");
		buf_add(&out, at, blanks + len);
		if (len == strlen(name) && strncasecmp(at + blanks, name, len) == 0)
			buf_putc(&out, '.');
		at += blanks + len;
	}
	return buf_take(&out);
}
