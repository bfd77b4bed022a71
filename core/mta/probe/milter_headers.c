/* Parsing the headers that a filter adds. */
#include <string.h>
#include <strings.h>

#include "core/mta/probe/milter.h"

/* The next line of headers whose name is `name`: its value.  NULL: no more. */
static const char *next_header(const char **at, const char *name, size_t *ret_len)
{
	size_t name_len = strlen(name);
	while (**at) {
		const char *line = *at;
		size_t len = strcspn(line, "\n");
		*at = line + len + (line[len] == '\n');
		if (len > name_len + 1 && strncasecmp(line, name, name_len) == 0 &&
		    line[name_len] == ':') {
			line += name_len + 1;
			len -= name_len + 1;
			size_t blanks = strspn(line, " \t");
			blanks = blanks < len ? blanks : len;
			*ret_len = len - blanks;
			return line + blanks;
		}
	}
	return NULL;
}

/* The value of one tag in a "tag=value; tag=value" list. */
static bool find_tag(const char *text, size_t len, const char *tag, char *value,
                     size_t size)
{
	const char *end = text + len;
	size_t tag_len = strlen(tag);
	while (text < end) {
		const char *next = memchr(text, ';', (size_t)(end - text));
		const char *stop = next ? next : end;
		while (text < stop && (*text == ' ' || *text == '\t'))
			text++;
		if ((size_t)(stop - text) > tag_len && memcmp(text, tag, tag_len) == 0 &&
		    text[tag_len] == '=') {
			text += tag_len + 1;
			while (text < stop && *text == ' ')
				text++;
			size_t value_len = (size_t)(stop - text);
			while (value_len && text[value_len - 1] == ' ')
				value_len--;
			if (value_len >= size)
				return false;
			memcpy(value, text, value_len);
			value[value_len] = '\0';
			return true;
		}
		text = next ? next + 1 : end;
	}
	return false;
}

bool milter_find_signature(const char *headers, const char *domain, char *selector,
                           size_t selector_size)
{
	const char *value;
	size_t len;
	while ((value = next_header(&headers, "DKIM-Signature", &len))) {
		char d[256];
		if (find_tag(value, len, "d", d, sizeof(d)) &&
		    strcasecmp(d, domain) == 0 &&
		    find_tag(value, len, "s", selector, selector_size))
			return true;
	}
	return false;
}

bool milter_has_results(const char *headers, const char *authserv_id)
{
	const char *value;
	size_t len, id_len = strlen(authserv_id);
	while ((value = next_header(&headers, "Authentication-Results", &len)))
		if (len > id_len && strncasecmp(value, authserv_id, id_len) == 0 &&
		    strchr("; ", value[id_len]))
			return true;
	return false;
}

bool milter_has_result(const char *headers, const char *authserv_id, const char *method)
{
	const char *value;
	size_t len, id_len = strlen(authserv_id), method_len = strlen(method);
	while ((value = next_header(&headers, "Authentication-Results", &len))) {
		if (len <= id_len || strncasecmp(value, authserv_id, id_len) != 0 ||
		    !strchr("; ", value[id_len]))
			continue;
		for (size_t i = id_len; i + method_len < len; i++)
			if (strchr("; ", value[i]) && value[i + method_len + 1] == '=' &&
			    strncasecmp(value + i + 1, method, method_len) == 0)
				return true;
	}
	return false;
}
