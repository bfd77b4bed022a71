/*
 * Domain names, and the only user of libidn2.
 *
 * The result is always lower-case ASCII that check_labels() has checked, whatever libidn2 returned.
 * Plain ASCII without "xn--" is never passed to libidn2: its tables cost start-up time.
 */
#include "dnszone/name/name.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/library.h"
#include "core/base/text.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(idn2_free) \
	CALL(idn2_strerror) \
	CALL(idn2_to_ascii_8z) \
	CALL(idn2_to_unicode_8z8z)
/* clang-format on */
LIBRARY(idn2, LIBRARY_IDN2, CALLS)

#define LABEL_MAX_LEN 63 /* RFC 1035 2.3.4 */
#define SELECTOR_MAX_LEN 190
#define ACE_PREFIX "xn--"
#define IDN_FLAGS (IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT)

struct rules {
	const char *noun;
	size_t max_len;
	unsigned min_labels;
	bool is_international;
	bool has_inner_underscore;   /* '_' inside a label */
	bool has_leading_underscore; /* '_' at the beginning of a label */
	bool has_wildcard;           /* "*" as the first label */
	bool may_be_number;          /* a last label of digits */
};

/* Typed text as part of a message: short, and only clean UTF-8. */
struct shown {
	char text[128];
};

static struct shown show(const char *text)
{
	struct shown shown;
	size_t len = strlen(text), room = sizeof(shown.text) - 4;
	bool is_cut = len > room;
	if (is_cut)
		for (len = room; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	memcpy(shown.text, text, len);
	strcpy(shown.text + len, is_cut ? "..." : "");
	if (!text_is_clean(shown.text))
		for (char *c = shown.text; *c; c++)
			if (*c < 0x20 || *c >= 0x7f)
				*c = '?';
	return shown;
}

/* "<text>" is not <noun>: <why> */
static int printf_like(4, 5) refuse(struct err *err, const struct rules *rules,
                                    const char *text, const char *fmt, ...)
{
	char why[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_USAGE, _("\"%s\" is not %s: %s"), show(text).text,
	               _(rules->noun), why);
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static bool is_ace(const char *label)
{
	return strncasecmp(label, ACE_PREFIX, strlen(ACE_PREFIX)) == 0;
}

static bool has_ace_label(const char *name)
{
	for (; name; name = strchr(name, '.'), name = name ? name + 1 : NULL)
		if (is_ace(name))
			return true;
	return false;
}

/* An A-label must be equal to the conversion of its own U-label (RFC 5891 5.4). */
static bool is_real_ace(const char *label)
{
	char *u_label = NULL, *a_label = NULL;
	bool holds = idn2()->idn2_to_unicode_8z8z(label, &u_label, 0) == IDN2_OK &&
	             !is_ascii(u_label) &&
	             idn2()->idn2_to_ascii_8z(u_label, &a_label, IDN_FLAGS) == IDN2_OK &&
	             strcasecmp(label, a_label) == 0;
	idn2()->idn2_free(u_label);
	idn2()->idn2_free(a_label);
	return holds;
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int check_octets(const char *label, const char *text, const struct rules *rules,
                        struct err *err)
{
	for (const char *c = label; *c; c++) {
		if (is_letter_or_digit(*c) || *c == '-')
			continue;
		bool is_first = c == label;
		if (*c == '_' && (is_first ? rules->has_leading_underscore
		                           : rules->has_inner_underscore))
			continue;
		if (*c == ' ')
			return refuse(err, rules, text, _("it contains a space"));
		if (*c == '_' && rules->has_inner_underscore)
			return refuse(err, rules, text, _("\"%s\" begins with '_'"),
			              show(label).text);
		return refuse(err, rules, text, _("it contains '%c'"), *c);
	}
	return 0;
}

static int check_label(const char *label, bool is_first, const char *text,
                       const struct rules *rules, struct err *err)
{
	size_t len = strlen(label);
	if (len == 0)
		return refuse(err, rules, text, _("it has an empty label"));
	if (len > LABEL_MAX_LEN)
		return refuse(err, rules, text,
		              _("the label \"%s\" has %zu octets; the limit is %d"),
		              show(label).text, len, LABEL_MAX_LEN);
	if (is_first && rules->has_wildcard && strcmp(label, "*") == 0)
		return 0;
	int r = check_octets(label, text, rules, err);
	if (r < 0)
		return r;
	if (label[0] == '-' || label[len - 1] == '-')
		return refuse(err, rules, text, _("\"%s\" begins or ends with a hyphen"),
		              label);
	if (label[len - 1] == '_' && !rules->has_leading_underscore)
		return refuse(err, rules, text, _("\"%s\" ends with '_'"), label);
	if (is_ace(label) && !is_real_ace(label))
		return refuse(err, rules, text,
		              _("\"%s\" does not decode to an international label"),
		              label);
	return 0;
}

/* Splits `ascii` into labels, checks them, and copies them in lower case without the final dot. */
static int check_labels(const char *ascii, const char *text, const struct rules *rules,
                        char ret_name[NAME_SIZE], struct err *err)
{
	size_t len = strlen(ascii);
	if (len > 0 && ascii[len - 1] == '.')
		len--;
	if (len == 0)
		return refuse(err, rules, text, "%s",
		              *text ? _("it has an empty label") : _("it is empty"));
	auto_free char *name = xmemdup(ascii, len);
	unsigned labels = 0;
	const char *last = name;
	for (char *rest = name, *label; (label = strsep(&rest, ".")); labels++) {
		int r = check_label(label, labels == 0, text, rules, err);
		if (r < 0)
			return r;
		last = label;
	}
	if (len > rules->max_len)
		return refuse(err, rules, text, _("it has %zu octets; the limit is %zu"),
		              len, rules->max_len);
	if (!rules->may_be_number && last[strspn(last, "0123456789")] == '\0')
		return refuse(
			err, rules, text,
			_("its last label \"%s\" has only digits, as in an IP address"),
			last);
	if (labels < rules->min_labels)
		return refuse(err, rules, text,
		              _("it has only one label, as in \"%s.example\""), name);
	for (size_t i = 0; i < len; i++)
		ret_name[i] = ascii[i] >= 'A' && ascii[i] <= 'Z' ? (char)(ascii[i] | 0x20)
		                                                 : ascii[i];
	ret_name[len] = '\0';
	return 0;
}

/* The first ASCII octet that is not allowed in a label; libidn2's message would be about a failed
 * round trip. */
static const char *odd_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x80 && !is_letter_or_digit(*text) &&
		    !strchr("-_.*", *text))
			return text;
	return NULL;
}

/* Also with a final dot: "192.0.2.1." */
static bool is_address(const char *text)
{
	unsigned char address[16];
	char plain[INET6_ADDRSTRLEN];
	size_t len = strlen(text);
	len -= len > 0 && text[len - 1] == '.';
	if (text[0] == '[' || len >= sizeof(plain))
		return text[0] == '[';
	memcpy(plain, text, len);
	plain[len] = '\0';
	return address_parse(plain, address);
}

static int parse(const char *text, const struct rules *rules, char ret_name[NAME_SIZE],
                 struct err *err)
{
	if (!text_is_clean(text))
		return refuse(err, rules, text,
		              _("it contains a control character or is not UTF-8"));
	if (is_address(text))
		return refuse(err, rules, text, _("it is an IP address"));
	if (is_ascii(text))
		return check_labels(text, text, rules, ret_name, err);
	if (!rules->is_international)
		return refuse(err, rules, text,
		              _("only ASCII letters, digits and hyphens are allowed"));
	const char *odd = odd_ascii(text);
	if (odd)
		return refuse(err, rules, text, _("it contains '%c'"), *odd);
	if (strstr(text, ".."))
		return refuse(err, rules, text, _("it has an empty label"));
	char *ascii = NULL;
	int r = idn2()->idn2_to_ascii_8z(text, &ascii, IDN_FLAGS);
	if (r != IDN2_OK)
		return refuse(err, rules, text, "%s", idn2()->idn2_strerror(r));
	r = check_labels(ascii, text, rules, ret_name, err);
	idn2()->idn2_free(ascii);
	return r;
}

int name_parse_domain(const char *text, char ret_name[NAME_SIZE], struct err *err)
{
	static const struct rules rules = {
		.noun = N_("a domain name"),
		.max_len = NAME_MAX_LEN,
		.min_labels = 2,
		.is_international = true,
	};
	return parse(text, &rules, ret_name, err);
}

int name_parse_owner(const char *text, char ret_name[NAME_SIZE], struct err *err)
{
	static const struct rules rules = {
		.noun = N_("a name in DNS"),
		.max_len = NAME_MAX_LEN,
		.min_labels = 1,
		.is_international = true,
		.has_inner_underscore = true,
		.has_leading_underscore = true,
		.has_wildcard = true,
		.may_be_number = true,
	};
	return parse(text, &rules, ret_name, err);
}

int name_parse_host(const char *text, char ret_name[NAME_SIZE], struct err *err)
{
	static const struct rules rules = {
		.noun = N_("a full host name"),
		.max_len = NAME_MAX_LEN,
		.min_labels = 2,
		.is_international = true,
	};
	return parse(text, &rules, ret_name, err);
}

int name_parse_selector(const char *text, char ret_selector[NAME_SIZE], struct err *err)
{
	static const struct rules rules = {
		.noun = N_("a DKIM selector"),
		.max_len = SELECTOR_MAX_LEN,
		.min_labels = 1,
		.has_inner_underscore = true,
		.may_be_number = true,
	};
	if (text_ends(text, ".") && *text)
		return refuse(err, &rules, text, _("it ends with a dot"));
	return parse(text, &rules, ret_selector, err);
}

/* ---- names in foreign mail ---------------------------------------------------------------------- */

/* UTS 46 maps these to nothing: two names that look alike and differ in octets would be one. */
static bool has_ignored(const char *label)
{
	static const char *const ignored[] = {
		"\xc2\xad",     "\xcd\x8f",     "\xe1\xa0\x8b", "\xe1\xa0\x8c",
		"\xe1\xa0\x8d", "\xe1\xa0\x8f", "\xe2\x80\x8b", "\xe2\x81\xa0",
		"\xe2\x81\xa4", "\xef\xbb\xbf",
	};
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (strstr(label, ignored[i]))
			return true;
	/* U+FE00 to U+FE0F, U+1BCA0 to U+1BCA3, U+E0100 to U+E01EF */
	for (; *label; label++) {
		const unsigned char *c = (const unsigned char *)label;
		if (c[0] == 0xef && c[1] == 0xb8 && c[2] >= 0x80 && c[2] <= 0x8f)
			return true;
		if (c[0] == 0xf0 && c[1] == 0x9b && c[2] == 0xb2 && c[3] >= 0xa0 &&
		    c[3] <= 0xa3)
			return true;
		if (c[0] == 0xf3 && c[1] == 0xa0 && c[2] >= 0x84 && c[2] <= 0x87)
			return true;
	}
	return false;
}

/* `label` is not ASCII.  What UTS 46 would make several labels of, or other ASCII than a host name
 * has, is refused: it is no U-label. */
static bool to_a_label(const char *label, char ret_label[LABEL_MAX_LEN + 1])
{
	char *ascii = NULL;
	bool is_good = text_is_clean(label) && !has_ignored(label) &&
	               idn2()->idn2_to_ascii_8z(label, &ascii, IDN_FLAGS) == IDN2_OK &&
	               *ascii && strlen(ascii) <= LABEL_MAX_LEN;
	for (const char *c = ascii; is_good && *c; c++)
		is_good = is_letter_or_digit(*c) || *c == '-' || *c == '_';
	if (is_good)
		strcpy(ret_label, ascii);
	idn2()->idn2_free(ascii);
	return is_good;
}

/* Appends the label; false: see name_from_mail(). */
static bool add_mail_label(const char *at, size_t len, char *name, size_t *name_len)
{
	char label[4 * NAME_SIZE], a_label[LABEL_MAX_LEN + 1];
	if (len == 0 || len >= sizeof(label))
		return false;
	memcpy(label, at, len);
	label[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)label[i] <= 0x20 || label[i] == 0x7f)
			return false;
	const char *from = label;
	if (!is_ascii(label)) {
		if (!to_a_label(label, a_label))
			return false;
		from = a_label;
		len = strlen(a_label);
	}
	if (*name_len + len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		name[(*name_len)++] = from[i] >= 'A' && from[i] <= 'Z'
		                              ? (char)(from[i] | 0x20)
		                              : from[i];
	return true;
}

bool name_from_mail(struct octets text, char ret_name[NAME_SIZE])
{
	char name[NAME_SIZE];
	size_t len = 0;
	if (text.len > 0 && text.at[text.len - 1] == '.')
		text.len--;
	if (text.len == 0)
		return false;
	for (size_t at = 0; at <= text.len;) {
		const char *dot = memchr(text.at + at, '.', text.len - at);
		size_t end = dot ? (size_t)(dot - text.at) : text.len;
		if (!add_mail_label(text.at + at, end - at, name, &len))
			return false;
		if (dot && len == NAME_MAX_LEN)
			return false;
		if (dot)
			name[len++] = '.';
		at = end + 1;
	}
	name[len] = '\0';
	memcpy(ret_name, name, len + 1);
	return true;
}

/* ZERO WIDTH (NON-)JOINER are allowed in U-labels, but are invisible. */
static bool is_visible(const char *u_labels)
{
	return text_is_clean(u_labels) && !strstr(u_labels, "\xe2\x80\x8c") &&
	       !strstr(u_labels, "\xe2\x80\x8d");
}

char *name_to_unicode(const char *name)
{
	if (!has_ace_label(name))
		return xstrdup(name);
	char *u_labels = NULL, *again = NULL;
	/* A text that converts back to the same A-labels contains code points of IDNA 2008 only: no
	 * control, format or unassigned ones. */
	bool is_good = idn2()->idn2_to_unicode_8z8z(name, &u_labels, 0) == IDN2_OK &&
	               is_visible(u_labels) &&
	               idn2()->idn2_to_ascii_8z(u_labels, &again, IDN_FLAGS) == IDN2_OK &&
	               strcmp(again, name) == 0;
	char *shown = xstrdup(is_good ? u_labels : name);
	idn2()->idn2_free(u_labels);
	idn2()->idn2_free(again);
	return shown;
}

bool name_is_at_or_below(const char *name, const char *parent)
{
	size_t len = strlen(name), tail = strlen(parent);
	if (tail == 0 || strcmp(name, parent) == 0)
		return true;
	return len > tail + 1 && name[len - tail - 1] == '.' &&
	       strcmp(name + len - tail, parent) == 0;
}
