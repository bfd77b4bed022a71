/*
 * Typical faults of typed and pasted SPF records: dashes and quotes of word processors, missing
 * blanks, ':' and '=' mixed up, addresses instead of names.  A hint is only a part of a message;
 * the parser determines whether the text is valid.
 */
#include "dnszone/spf/spf_hint.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/macro.h"

static void say(char hint[SPF_HINT_SIZE], const char *fmt, ...) printf_like(2, 3);
static void say(char hint[SPF_HINT_SIZE], const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(hint, SPF_HINT_SIZE, fmt, ap);
	va_end(ap);
}

/* The code point at `at`, U+FFFD if the octets are not UTF-8. */
static uint32_t code_point(const char *text, size_t len, size_t at)
{
	const uint8_t *c = (const uint8_t *)text + at;
	size_t more = c[0] >= 0xf0 ? 3 : c[0] >= 0xe0 ? 2 : c[0] >= 0xc2 ? 1 : 0;
	if (!more || len - at <= more)
		return 0xfffd;
	uint32_t code = c[0] & (0x3fu >> more);
	for (size_t i = 1; i <= more; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0xfffd;
		code = code << 6 | (c[i] & 0x3fu);
	}
	return code;
}

static bool hint_of_code(uint32_t code, char hint[SPF_HINT_SIZE])
{
	static const struct {
		uint32_t first, last;
		const char *what; /* with the code point */
	} rows[] = {
		{ 0x00a0, 0x00a0, N_("U+%04X is a special space; type an ordinary one") },
		{ 0x00ab, 0x00bb, N_("U+%04X is a quotation mark; remove it") },
		{ 0x2000, 0x200b, N_("U+%04X is a special space; type an ordinary one") },
		{ 0x2010, 0x2015, N_("U+%04X is a dash; type '-' (hyphen) instead") },
		{ 0x2018, 0x201f, N_("U+%04X is a quotation mark; remove it") },
		{ 0x202f, 0x202f, N_("U+%04X is a special space; type an ordinary one") },
		{ 0x2212, 0x2212, N_("U+%04X is a dash; type '-' (hyphen) instead") },
		{ 0x223c, 0x223c, N_("U+%04X is not the tilde; type '~' instead") },
		{ 0x3000, 0x3000, N_("U+%04X is a special space; type an ordinary one") },
		{ 0xfeff, 0xfeff, N_("U+%04X is a special space; type an ordinary one") },
		{ 0xff0d, 0xff0d, N_("U+%04X is a dash; type '-' (hyphen) instead") },
		{ 0xff5e, 0xff5e, N_("U+%04X is not the tilde; type '~' instead") },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (code >= rows[i].first && code <= rows[i].last) {
			say(hint, _(rows[i].what), (unsigned)code);
			return true;
		}
	say(hint,
	    _("U+%04X is not ASCII; international names are written as A-labels "
	      "(xn--...)"),
	    (unsigned)code);
	return true;
}

/* Octets that cannot occur in any term. */
static bool hint_of_octets(const char *term, size_t len, char hint[SPF_HINT_SIZE])
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)term[i];
		if (c >= 0x80)
			return hint_of_code(code_point(term, len, i), hint);
		if (c == '\t')
			say(hint, _("a tab does not separate terms; type a space"));
		else if (c < 0x20 || c == 0x7f)
			say(hint, _("the octet %u is a control character; remove it"), c);
		else if (c == '"')
			say(hint, _("remove the quotes, which belong to zone files"));
		else
			continue;
		return true;
	}
	return false;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* Whether the octets are an address of `family`. */
static bool is_address(int family, const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t octets[16];
	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(family, copy, octets) == 1;
}

static size_t until_slash(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	return slash ? (size_t)(slash - text) : len;
}

/* "mx-all": the blank before a final all is missing. */
static bool hint_of_lost_blank(const char *term, size_t len, char hint[SPF_HINT_SIZE])
{
	if (len < 5 || strncasecmp(term + len - 3, "all", 3) != 0 ||
	    !strchr("-~?+", term[len - 4]))
		return false;
	say(hint, _("a space is missing before %call"), term[len - 4]);
	return true;
}

static bool has_letter(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] >= 'a' && text[i] <= 'z') ||
		    (text[i] >= 'A' && text[i] <= 'Z'))
			return true;
	return false;
}

/* The value after the ':' of ip4 and ip6, a and mx. */
static bool hint_of_value(const char *name, size_t name_len, const char *value,
                          size_t len, char hint[SPF_HINT_SIZE])
{
	size_t address = until_slash(value, len);
	bool is_v4 = is_address(AF_INET, value, address);
	bool is_v6 = is_address(AF_INET6, value, address);
	bool is_ip4 = is_word(name, name_len, "ip4"),
	     is_ip6 = is_word(name, name_len, "ip6");
	if ((is_ip4 && is_v6) || (!is_ip4 && !is_ip6 && is_v6))
		say(hint, _("this is an IPv6 address; write ip6:"));
	else if ((is_ip6 && is_v4) || (!is_ip4 && !is_ip6 && is_v4))
		say(hint, _("this is an IPv4 address; write ip4:"));
	else if ((is_ip4 || is_ip6) && memchr(value, '-', len))
		say(hint,
		    _("a range of addresses is written with a prefix length, such as "
		      "192.0.2.0/24"));
	else if ((is_ip4 || is_ip6) && memchr(value, '.', len) && has_letter(value, len))
		say(hint,
		    _("a name is written with a: (its addresses) or include: (its SPF "
		      "record)"));
	else
		return false;
	return true;
}

static bool hint_of_name(const char *term, size_t len, size_t name_len,
                         char hint[SPF_HINT_SIZE])
{
	static const char *const modifiers[] = { "redirect", "exp" };
	for (size_t i = 0; i < ARRAY_LEN(modifiers); i++)
		if (is_word(term, name_len, modifiers[i])) {
			say(hint, _("write %s= with '='"), modifiers[i]);
			return true;
		}
	if (is_word(term, name_len, "ipv4") || is_word(term, name_len, "ipv6") ||
	    is_word(term, name_len, "ip")) {
		say(hint, _("write ip4: or ip6:"));
		return true;
	}
	if (is_address(AF_INET, term, until_slash(term, len))) {
		say(hint, _("this is an IPv4 address; write ip4:"));
		return true;
	}
	if (is_address(AF_INET6, term, until_slash(term, len))) {
		say(hint, _("this is an IPv6 address; write ip6:"));
		return true;
	}
	if (name_len == len && memchr(term, '.', len) && term[len - 1] != '.') {
		say(hint,
		    _("a name is written with a: (its addresses) or include: (its SPF "
		      "record)"));
		return true;
	}
	return false;
}

void spf_term_hint(const char *term, size_t len, char ret_hint[SPF_HINT_SIZE])
{
	*ret_hint = '\0';
	if (len == 0 || hint_of_octets(term, len, ret_hint))
		return;
	if (strchr(",;", term[len - 1])) {
		say(ret_hint, _("terms are separated by spaces; remove the '%c'"),
		    term[len - 1]);
		return;
	}
	size_t sign = strchr("+-~?", *term) ? 1 : 0;
	if (sign && len == 1) {
		say(ret_hint, _("remove the space after '%c'"), *term);
		return;
	}
	term += sign;
	len -= sign;
	if (len > 3 && strncasecmp(term, "all", 3) == 0 && strchr(".:/'`!", term[3])) {
		say(ret_hint, _("remove what follows \"all\""));
		return;
	}
	size_t name_len = 0;
	while (name_len < len && term[name_len] != ':' && term[name_len] != '/')
		name_len++;
	if (hint_of_lost_blank(term, len, ret_hint) ||
	    hint_of_name(term, len, name_len, ret_hint))
		return;
	if (name_len < len && term[name_len] == ':')
		(void)hint_of_value(term, name_len, term + name_len + 1,
		                    len - name_len - 1, ret_hint);
}

/* ---- the beginning ---------------------------------------------------------------------------- */

static const char version[] = "v=spf1";

bool spf_is_meant(const char *text, size_t len)
{
	/* "v=spf1" after blanks, quotes or similar, or with a wrong '=' or blanks */
	char squeezed[8];
	size_t kept = 0;
	for (size_t i = 0; i < len && i < 24 && kept < sizeof(squeezed); i++)
		if ((text[i] >= 'a' && text[i] <= 'z') ||
		    (text[i] >= 'A' && text[i] <= 'Z') ||
		    (text[i] >= '0' && text[i] <= '9'))
			squeezed[kept++] = text[i];
	return (kept >= 5 && strncasecmp(squeezed, "vspf1", 5) == 0) ||
	       (kept >= 4 && strncasecmp(squeezed, "spf1", 4) == 0);
}

void spf_version_hint(const char *text, size_t len, char ret_hint[SPF_HINT_SIZE])
{
	size_t version_len = strlen(version), blanks = 0;
	while (blanks < len && text[blanks] && strchr(" \t\r\n", text[blanks]))
		blanks++;
	bool has_version =
		len >= version_len && strncasecmp(text, version, version_len) == 0;
	if (len == 0)
		say(ret_hint, _("the text is empty"));
	else if (blanks && len - blanks >= version_len &&
	         strncasecmp(text + blanks, version, version_len) == 0)
		say(ret_hint, _("the text begins with a space; remove it"));
	else if (text[0] == '"')
		say(ret_hint,
		    _("the text begins with a quote (\"); remove the quotes, which "
		      "belong to zone files"));
	else if ((uint8_t)text[0] >= 0x80)
		(void)hint_of_code(code_point(text, len, 0), ret_hint);
	else if (has_version && len > version_len)
		say(ret_hint, _("v=spf1 must be followed by a space, not by \"%.*s\""),
		    len - version_len > 20 ? 20 : (int)(len - version_len),
		    text + version_len);
	else
		say(ret_hint, _("the text does not begin with \"v=spf1\" and a space"));
}
