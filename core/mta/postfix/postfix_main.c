/* Parsing main.cf: the scan returns spans of the text. */
#include "core/mta/postfix/postfix_main_inner.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

size_t main_line_end(const char *text, size_t len, size_t at)
{
	const char *feed = memchr(text + at, '\n', len - at);
	return feed ? (size_t)(feed - text) + 1 : len;
}

static size_t skip_blanks(const char *text, size_t at, size_t end)
{
	while (at < end && is_blank(text[at]))
		at++;
	return at;
}

/* A blank line or a comment, which Postfix skips even inside a continued value. */
bool main_is_void(const char *text, size_t at, size_t end)
{
	at = skip_blanks(text, at, end);
	return at == end || text[at] == '#';
}

/* ---- logical lines --------------------------------------------------------------------------- */

/* The value's first and last octet, over all its lines. */
static void find_value(const char *text, struct main_def *def)
{
	bool is_found = false;
	def->first = def->last = def->equals;
	for (size_t at = def->begin; at < def->end;) {
		size_t end = main_line_end(text, def->end, at);
		size_t from = at == def->begin ? def->equals : at;
		if (at == def->begin || !main_is_void(text, at, end)) {
			size_t first = skip_blanks(text, from, end), last = end;
			while (last > first && is_blank(text[last - 1]))
				last--;
			if (first < last && !is_found)
				def->first = first;
			is_found = is_found || first < last;
			if (first < last)
				def->last = last;
		}
		at = end;
	}
	if (!is_found) { /* after the blanks that follow '=' on its line */
		size_t at = def->equals;
		while (at < def->end && (text[at] == ' ' || text[at] == '\t'))
			at++;
		def->first = def->last = at;
	}
}

static void add_def(struct main_cf *cf, size_t begin, size_t end)
{
	size_t first_end = main_line_end(cf->text, cf->len, begin);
	const char *equals = memchr(cf->text + begin, '=', first_end - begin);
	if (!equals || is_blank(cf->text[begin]))
		return;
	struct main_def def = { .begin = begin, .end = end, .name = begin };
	def.equals = (size_t)(equals - cf->text) + 1;
	def.name_len = def.equals - 1 - begin;
	while (def.name_len && is_blank(cf->text[begin + def.name_len - 1]))
		def.name_len--;
	find_value(cf->text, &def);
	GROW(cf->def, cf->count, cf->room);
	cf->def[cf->count++] = def;
}

void main_cf_parse(struct main_cf *cf, const char *text, size_t len)
{
	*cf = (struct main_cf){ .text = text, .len = len };
	size_t begin = SIZE_MAX, end = 0;
	for (size_t at = 0; at < len;) {
		size_t next = main_line_end(text, len, at);
		if (!main_is_void(text, at, next)) {
			if (!is_blank(text[at])) {
				if (begin != SIZE_MAX)
					add_def(cf, begin, end);
				begin = at;
			}
			end = next;
		}
		at = next;
	}
	if (begin != SIZE_MAX)
		add_def(cf, begin, end);
}

void main_cf_done(struct main_cf *cf)
{
	free(cf->def);
	*cf = MAIN_CF_INIT;
}

bool main_is_named(const struct main_cf *cf, const struct main_def *def, const char *name)
{
	return strlen(name) == def->name_len &&
	       memcmp(cf->text + def->name, name, def->name_len) == 0;
}

const struct main_def *main_cf_find(const struct main_cf *cf, const char *name)
{
	for (size_t i = cf->count; i > 0; i--)
		if (main_is_named(cf, &cf->def[i - 1], name))
			return &cf->def[i - 1];
	return NULL;
}

bool main_cf_raw(const struct main_cf *cf, const char *name, struct buf *into)
{
	const struct main_def *def = main_cf_find(cf, name);
	if (!def)
		return false;
	size_t line = def->begin;
	for (size_t at = def->first; at < def->last;) {
		size_t end = main_line_end(cf->text, def->last, at);
		if (line == def->begin || !main_is_void(cf->text, at, end)) {
			size_t last = end;
			while (last > at &&
			       (cf->text[last - 1] == '\n' || cf->text[last - 1] == '\r'))
				last--;
			buf_add(into, cf->text + at, last - at);
		}
		at = line = end;
	}
	buf_add(into, "", 0);
	return true;
}
