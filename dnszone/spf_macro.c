/* The macro part of the grammar of RFC 7208 section 12, on octets with a length. */
#include "dnszone/spf_macro.h"

#include <string.h>

#include "dnszone/name.h"

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
		             _("the macro letters c, r and t are for explanations only"),
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
		return fault(digits_at, _("a macro keeps at least one part, not 0"),
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
	return fault(0, _("'%' begins no macro; the sign itself is \"%%\""), ret_at,
	             ret_why);
}

/* Walks over a macro-string; *ret_last_macro is where a macro that ends it begins, else len. */
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

/* RFC 1035 2.3.4, for a name that is known as it is written. */
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
		return _("a domain needs at least two labels, or a macro at its end");
	if (!is_toplabel(text + label_at, end - label_at))
		return _(
			"a domain must end in a macro or in a top label of letters, digits and inner "
			"hyphens that is not a number");
	return has_macro ? NULL : name_fault(text, end, ret_at);
}
