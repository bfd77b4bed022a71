/* Header fields within the value of another. */
#include "dnszone/verify/hidden_field.h"

#include <string.h>

#include "dnszone/dmarc/from_header.h"

/* Where the line after the one at `at` begins; the end if there is none. */
static size_t next_line(struct octets value, size_t at)
{
	for (; at < value.len; at++) {
		char c = value.at[at], next = at + 1 < value.len ? value.at[at + 1] : ' ';
		bool ends = c == '\n' || (c == '\r' && next != '\n');
		if (ends && next != ' ' && next != '\t')
			return at + 1;
	}
	return value.len;
}

bool hidden_field_next(struct octets value, size_t *at, struct octets *ret_name,
                       struct octets *ret_value)
{
	if (*at == 0)
		*at = next_line(value, 0);
	while (*at < value.len) {
		const char *line = value.at + *at;
		size_t end = next_line(value, *at), len = end - *at;
		const char *colon = memchr(line, ':', len);
		*at = end;
		if (!colon)
			continue;
		size_t name = (size_t)(colon - line);
		*ret_name = (struct octets){ line, name };
		*ret_value = (struct octets){ colon + 1, len - name - 1 };
		return true;
	}
	return false;
}

unsigned hidden_field_froms(struct octets value)
{
	unsigned count = 0;
	size_t at = 0;
	struct octets name, ignored;
	while (hidden_field_next(value, &at, &name, &ignored))
		count += from_header_is_name(name);
	return count;
}
