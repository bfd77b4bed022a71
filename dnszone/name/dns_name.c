/*
 * Names in wire form, to and from text.
 *
 * Every struct dns_name that is made here is complete: labels of 1 to 63 octets, one root label at
 * the end, at most 255 octets, ASCII letters folded.  The other functions rely on that.
 */
#include "dnszone/name/dns_name.h"

#include <stdio.h>
#include <string.h>

#include "core/base/address.h"

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

struct builder {
	struct dns_name name;
	size_t label; /* position of the length octet of the open label */
};

static bool add_octet(struct builder *b, uint8_t c)
{
	/* one octet stays free for the root label */
	if (b->name.len >= DNS_NAME_WIRE_MAX - 1 ||
	    b->name.len - b->label > DNS_LABEL_MAX)
		return false;
	b->name.wire[b->name.len++] = fold(c);
	return true;
}

static bool open_label(struct builder *b)
{
	if (b->name.len >= DNS_NAME_WIRE_MAX - 1)
		return false;
	b->label = b->name.len++;
	return true;
}

static bool close_label(struct builder *b)
{
	b->name.wire[b->label] = (uint8_t)(b->name.len - b->label - 1);
	return b->name.wire[b->label] > 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The escape after a '\' at text[*i - 1]; *i is moved to the octet after it. */
static bool read_escape(const char *text, size_t len, size_t *i, uint8_t *ret_octet)
{
	if (*i >= len)
		return false;
	if (!is_digit(text[*i])) {
		*ret_octet = (uint8_t)text[(*i)++];
		return true;
	}
	if (len - *i < 3 || !is_digit(text[*i + 1]) || !is_digit(text[*i + 2]))
		return false;
	int value =
		(text[*i] - '0') * 100 + (text[*i + 1] - '0') * 10 + text[*i + 2] - '0';
	*i += 3;
	*ret_octet = (uint8_t)value;
	return value <= 255;
}

static bool from_text(const char *text, size_t len, bool has_escapes,
                      struct dns_name *ret_name)
{
	struct builder b = { 0 };
	if (len == 0)
		return false;
	if (len == 1 && text[0] == '.') {
		*ret_name = (struct dns_name){ .len = 1 };
		return true;
	}
	if (!open_label(&b))
		return false;
	for (size_t i = 0; i < len;) {
		uint8_t c = (uint8_t)text[i++];
		if (c == '.') {
			if (!close_label(&b))
				return false;
			if (i == len) {
				b.name.wire[b.name.len++] = 0;
				*ret_name = b.name;
				return true;
			}
			if (!open_label(&b))
				return false;
			continue;
		}
		if (c == '\\' && has_escapes && !read_escape(text, len, &i, &c))
			return false;
		if (!add_octet(&b, c))
			return false;
	}
	if (!close_label(&b))
		return false;
	b.name.wire[b.name.len++] = 0;
	*ret_name = b.name;
	return true;
}

bool dns_name_from_text(const char *text, size_t len, struct dns_name *ret_name)
{
	return from_text(text, len, true, ret_name);
}

bool dns_name_from_octets(const void *octets, size_t len, struct dns_name *ret_name)
{
	return from_text(octets, len, false, ret_name);
}

bool dns_name_from_wire(const uint8_t *wire, size_t len, struct dns_name *ret_name)
{
	if (len == 0 || len > DNS_NAME_WIRE_MAX)
		return false;
	size_t at = 0;
	while (wire[at] != 0) {
		if (wire[at] > DNS_LABEL_MAX || wire[at] + at + 1 >= len)
			return false;
		at += wire[at] + 1u;
	}
	if (at + 1 != len)
		return false;
	struct dns_name name = { .len = (uint8_t)len };
	for (at = 0; at < len; at++) /* length octets are below 'A' */
		name.wire[at] = fold(wire[at]);
	*ret_name = name;
	return true;
}

size_t dns_name_to_text(const struct dns_name *name, char ret_text[DNS_NAME_TEXT_SIZE])
{
	char *to = ret_text;
	for (size_t at = 0; at < name->len && name->wire[at] != 0;) {
		size_t end = at + 1 + name->wire[at];
		if (to != ret_text)
			*to++ = '.';
		for (at++; at < end; at++) {
			uint8_t c = name->wire[at];
			if (c < 0x21 || c > 0x7e) {
				to += snprintf(to, 5, "\\%03u", c);
				continue;
			}
			if (c == '.' || c == '\\')
				*to++ = '\\';
			*to++ = (char)c;
		}
	}
	if (to == ret_text)
		*to++ = '.';
	*to = '\0';
	return (size_t)(to - ret_text);
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

bool dns_name_is_at_or_below(const struct dns_name *name, const struct dns_name *parent)
{
	if (name->len < parent->len)
		return false;
	/* the tail must begin at a label */
	size_t tail = (size_t)(name->len - parent->len), at = 0;
	while (at < tail)
		at += name->wire[at] + 1u;
	return at == tail && memcmp(name->wire + tail, parent->wire, parent->len) == 0;
}

unsigned dns_name_count_labels(const struct dns_name *name)
{
	unsigned count = 0;
	for (size_t at = 0; at < name->len && name->wire[at] != 0; count++)
		at += name->wire[at] + 1u;
	return count;
}

bool dns_name_parent(const struct dns_name *name, struct dns_name *ret_parent)
{
	if (name->len <= 1)
		return false;
	size_t first = name->wire[0] + 1u;
	struct dns_name parent = { .len = (uint8_t)(name->len - first) };
	memcpy(parent.wire, name->wire + first, parent.len);
	*ret_parent = parent;
	return true;
}

void dns_name_reverse(const uint8_t address[16], struct dns_name *ret_name)
{
	static const char hex[] = "0123456789abcdef";
	char text[80];
	size_t len = 0;
	if (address_is_ipv4(address)) {
		len = (size_t)snprintf(text, sizeof(text), "%u.%u.%u.%u.in-addr.arpa",
		                       address[15], address[14], address[13],
		                       address[12]);
	} else {
		for (size_t i = 16; i-- > 0;) {
			text[len++] = hex[address[i] & 15];
			text[len++] = '.';
			text[len++] = hex[address[i] >> 4];
			text[len++] = '.';
		}
		memcpy(text + len, "ip6.arpa", 8);
		len += 8;
	}
	/* always a whole name: 32 labels of one octet and two more */
	if (!dns_name_from_text(text, len, ret_name))
		*ret_name = (struct dns_name){ .len = 1 };
}
