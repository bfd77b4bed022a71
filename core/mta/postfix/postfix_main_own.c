/*
 * An administrator's own item of the signing filter, put under a condition in its place.
 *
 * The administrator's lists may name the filter that signs for us.  The octets are unchanged; marks
 * around them exclude the item from the services that must not use it, and removing the marks
 * restores the text.
 */
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/postfix/postfix_main.h"

#define NAME_DEPTH 4

static bool stands_at(const struct main_cf *cf, size_t at, size_t end, const char *text)
{
	size_t len = strlen(text);
	return end - at >= len && memcmp(cf->text + at, text, len) == 0;
}

/* After the brace that closes the one at `at`; `end` if it is not closed. */
static size_t group_end(const struct main_cf *cf, size_t at, size_t end)
{
	size_t level = 0;
	for (; at < end; at++) {
		if (cf->text[at] == '{')
			level++;
		else if (cf->text[at] == '}' && --level == 0)
			return at + 1;
	}
	return end;
}

bool main_own_next(const struct main_cf *cf, const struct main_def *def, size_t *at,
                   size_t *ret_begin, size_t *ret_end)
{
	for (size_t i = *at; i < def->last; i++) {
		if (!stands_at(cf, i, def->last, MAIN_OWN_BEGIN))
			continue;
		size_t end = group_end(cf, i + 1, def->last);
		if (end < strlen(MAIN_OWN_END) ||
		    !stands_at(cf, end - strlen(MAIN_OWN_END), def->last, MAIN_OWN_END))
			continue;
		*ret_begin = i;
		*ret_end = end - strlen(MAIN_OWN_END);
		*at = i + strlen(MAIN_OWN_BEGIN);
		return true;
	}
	return false;
}

static bool is_edge(char c)
{
	return strchr(", \t\r\n{}", c) != NULL;
}

static bool has_mark_before(const struct main_cf *cf, const struct main_def *def,
                            size_t at)
{
	size_t len = strlen(MAIN_OWN_BEGIN);
	return at >= def->first + len &&
	       stands_at(cf, at - len, def->last, MAIN_OWN_BEGIN);
}

/* The item around the endpoint at `at`, including its braces. */
static void find_item(const struct main_cf *cf, const struct main_def *def, size_t at,
                      size_t len, size_t *ret_begin, size_t *ret_end)
{
	*ret_begin = at;
	*ret_end = at + len;
	while (at > def->first && strchr(" \t\r\n", cf->text[at - 1]))
		at--;
	if (at > def->first && cf->text[at - 1] == '{') {
		*ret_begin = at - 1;
		*ret_end = group_end(cf, at - 1, def->last);
	}
}

/* Adds the marks around the first item without them; false: there is no such item. */
static bool wrap_one(struct buf *text, const char *name, const char *endpoint)
{
	auto_main_cf cf = MAIN_CF_INIT;
	size_t len = strlen(endpoint);
	main_cf_parse(&cf, buf_text(text), text->len);
	const struct main_def *def = main_cf_find(&cf, name);
	for (size_t at = def ? def->first : 0; def && at + len <= def->last; at++) {
		size_t begin, end;
		if (!stands_at(&cf, at, def->last, endpoint) ||
		    (at > def->first && !is_edge(cf.text[at - 1])) ||
		    (at + len < def->last && !is_edge(cf.text[at + len])) ||
		    has_mark_before(&cf, def, at))
			continue;
		find_item(&cf, def, at, len, &begin, &end);
		if (has_mark_before(&cf, def, begin))
			continue;
		auto_buf edited = BUF_INIT;
		buf_add(&edited, cf.text, begin);
		buf_puts(&edited, MAIN_OWN_BEGIN);
		buf_add(&edited, cf.text + begin, end - begin);
		buf_puts(&edited, MAIN_OWN_END);
		buf_add(&edited, cf.text + end, cf.len - end);
		buf_clear(text);
		buf_add(text, edited.at, edited.len);
		return true;
	}
	return false;
}

static void put(struct buf *text, const char *list, const char *endpoint, unsigned depth)
{
	auto_main_cf cf = MAIN_CF_INIT;
	auto_buf raw = BUF_INIT;
	while (wrap_one(text, list, endpoint))
		;
	main_cf_parse(&cf, buf_text(text), text->len);
	if (depth == NAME_DEPTH || !main_cf_raw(&cf, list, &raw))
		return;
	for (const char *at = strchr(buf_text(&raw), '$'); at; at = strchr(at, '$')) {
		at += strspn(at, "${(");
		auto_free char *name =
			xmemdup(at, strspn(at, "abcdefghijklmnopqrstuvwxyz"
		                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"));
		if (strcmp(name, "service_name") != 0 &&
		    strcmp(name, "mailauth_own") != 0)
			put(text, name, endpoint, depth + 1);
	}
}

void main_own_put(struct buf *text, const char *list, const char *endpoint)
{
	put(text, list, endpoint, 0);
}
