/*
 * Exim: the macros DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY and those that they use, or the
 * options of a transport.  Expansions are not evaluated: the path in a value is read, with the
 * expressions for the domain or the selector as placeholders, and an lsearch file by its lines.
 */
#include "core/model/life/key_tables_inner.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "core/base/text.h"

#define MACRO "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define NAME "abcdefghijklmnopqrstuvwxyz_0123456789"
#define DEPTH 10

struct macro {
	char *name, *value;
};

struct exim {
	struct key_tables_file *file;
	struct macro *macro;
	size_t count, room;
	char *domain, *selector, *key; /* the values of the options of a transport */
	size_t line;
};

/* Lines that end in a backslash are continued. */
static const char *next_line(const char **at, size_t *line, struct buf *into)
{
	auto_buf one = BUF_INIT;
	const char *text;
	buf_clear(into);
	while ((text = key_tables_line(at, line, 0, &one))) {
		if (*text == '#') {
			if (!into->len)
				return "";
			continue;
		}
		size_t len = strlen(text);
		bool goes_on = len && text[len - 1] == '\\';
		buf_add(into, text, len - goes_on);
		if (!goes_on)
			return buf_text(into);
	}
	return into->len ? buf_text(into) : NULL;
}

static void set(char **into, const char *value)
{
	free(*into);
	*into = xstrdup(value);
}

static void read_setting(struct exim *exim, char *line, size_t number)
{
	const struct {
		const char *name;
		char **into;
	} options[] = {
		{ "dkim_domain", &exim->domain },
		{ "dkim_selector", &exim->selector },
		{ "dkim_private_key", &exim->key },
	};
	char *equal = strchr(line, '=');
	if (!equal)
		return;
	size_t len = strcspn(line, " \t=");
	if (line[len + strspn(line + len, " \t")] != '=')
		return;
	char *value = equal + 1 + (equal[1] == '=');
	value += strspn(value, " \t");
	size_t end = strlen(value);
	if (*value == '"' && end > 1 && value[end - 1] == '"') {
		value[end - 1] = '\0';
		value++;
	}
	line[len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (strcmp(line, options[i].name) == 0) {
			set(options[i].into, value);
			exim->line = number;
		}
	if (!isupper((unsigned char)*line) || strspn(line, MACRO) != len)
		return;
	if (text_starts(line, "DKIM_PRIVATE"))
		exim->line = number;
	GROW(exim->macro, exim->count, exim->room);
	exim->macro[exim->count++] = (struct macro){ xstrdup(line), xstrdup(value) };
}

static const char *macro_value(const struct exim *exim, const char *name, size_t len)
{
	for (size_t i = exim->count; i--;)
		if (strlen(exim->macro[i].name) == len &&
		    memcmp(exim->macro[i].name, name, len) == 0)
			return exim->macro[i].value;
	return NULL;
}

/* The text with its macros replaced. */
static void expand(const struct exim *exim, const char *text, unsigned depth,
                   struct buf *into)
{
	while (*text) {
		size_t len = strspn(text, MACRO);
		const char *value =
			len && depth < DEPTH ? macro_value(exim, text, len) : NULL;
		if (value)
			expand(exim, value, depth + 1, into);
		else
			buf_add(into, text, len ? len : 1);
		text += len ? len : 1;
	}
}

/* The octets of "${...}", "$name" or "$name:" (a header) at `text`. */
static size_t expansion_len(const char *text)
{
	size_t depth = 0, len = 1;
	if (text[1] != '{') {
		bool is_header = text_starts(text, "$h_") || text_starts(text, "$rh_") ||
		                 text_starts(text, "$header_");
		len += strspn(text + 1, is_header ? NAME "-" : NAME);
		return len + (is_header && text[len] == ':');
	}
	for (; text[len]; len++) {
		depth += text[len] == '{';
		depth -= text[len] == '}';
		if (!depth)
			return len + 1;
	}
	return len;
}

/* The path of a key in a value: from the first '/' outside a look-up to a brace, a blank or the
 * end.  Empty: none. */
static void find_path(const char *value, struct buf *into)
{
	buf_puts(into, "");
	const char *at = value;
	for (; *at && *at != '/'; at++)
		;
	while (*at && !strchr("} \t\r\n\"", *at)) {
		if (*at != '$') {
			buf_putc(into, *at++);
			continue;
		}
		size_t len = expansion_len(at);
		auto_free char *part = xmemdup(at, len);
		buf_puts(into, strcasestr(part, "selector") ? "$selector" : "$domain");
		at += len;
	}
}

/* "lsearch{/path}", "lsearch*@{/path}" in a value. */
static char *lookup_path(const char *value)
{
	const char *at = value ? strstr(value, "lsearch") : NULL;
	at = at ? strchr(at, '{') : NULL;
	if (!at)
		return NULL;
	return xmemdup(at + 1, strcspn(at + 1, "}"));
}

static bool is_open(const char *value)
{
	return !value || strchr(value, '$');
}

/* The value of "name=" in "selector=s1 key=/path"; caller frees, NULL: none. */
static char *field(const char *text, const char *name)
{
	const char *at = strcasestr(text, name);
	if (!at)
		return NULL;
	at += strlen(name);
	at += strspn(at, " \t");
	if (*at++ != '=')
		return NULL;
	at += strspn(at, " \t\"");
	return xmemdup(at, strcspn(at, " \t\""));
}

/* Lines "domain: /path" or "domain: selector=... key=...". */
static bool read_lookup(struct exim *exim, const char *path, const char *selector)
{
	auto_buf text = BUF_INIT, line = BUF_INIT;
	size_t number = 0;
	if (!key_tables_fetch(exim->file, path, &text))
		return false;
	struct key_tables_file file = { exim->file->tables, path, exim->file->source, 1 };
	const char *at = buf_text(&text);
	for (const char *one; (one = key_tables_line(&at, &number, '#', &line));) {
		size_t len = strcspn(one, ": \t");
		const char *value = one + len + strspn(one + len, ": \t");
		auto_free char *domain = xmemdup(one, len);
		auto_free char *named = field(value, "key");
		auto_free char *own = field(value, "selector");
		const char *key = *value == '/' ? value : named;
		if (key && !strchr(domain, '*'))
			key_tables_add(&file, number, domain, own ? own : selector, key)
				->signs = true;
	}
	return true;
}

static void add_rows(struct exim *exim)
{
	auto_buf domain = BUF_INIT, selector = BUF_INIT, key = BUF_INIT, path = BUF_INIT;
	expand(exim, exim->domain ? exim->domain : "DKIM_DOMAIN", 0, &domain);
	expand(exim, exim->selector ? exim->selector : "DKIM_SELECTOR", 0, &selector);
	expand(exim, exim->key ? exim->key : "DKIM_PRIVATE_KEY", 0, &key);
	const char *label = is_open(buf_text(&selector)) ? NULL : selector.at;
	label = label && strcmp(label, "DKIM_SELECTOR") != 0 ? label : NULL;
	auto_free char *lookup = lookup_path(buf_text(&key));
	if (lookup && read_lookup(exim, lookup, label))
		return;
	find_path(buf_text(&key), &path);
	if (!path.len) {
		if (strcmp(buf_text(&key), "DKIM_PRIVATE_KEY") != 0)
			key_tables_add_unfit(
				exim->file, exim->line, NULL,
				_("dkim_private_key contains no path of a key file"));
		return;
	}
	auto_free char *names = lookup_path(buf_text(&domain));
	if (names && !strstr(buf_text(&path), "$domain") &&
	    read_lookup(exim, names, label))
		return;
	if (is_open(buf_text(&domain)) || strcmp(domain.at, "DKIM_DOMAIN") == 0) {
		key_tables_add(exim->file, exim->line, NULL, label, buf_text(&path))
			->signs = true;
		return;
	}
	for (char *at = domain.at, *one; (one = strsep(&at, ": \t"));)
		if (*one)
			key_tables_add(exim->file, exim->line, one, label,
			               buf_text(&path))
				->signs = true;
}

void key_tables_read_exim(struct key_tables_file *file, const char *text)
{
	struct exim exim = { .file = file };
	auto_buf line = BUF_INIT;
	size_t number = 0;
	for (const char *one; (one = next_line(&text, &number, &line));) {
		auto_free char *copy = xstrdup(one);
		read_setting(&exim, copy, number);
	}
	add_rows(&exim);
	for (size_t i = 0; i < exim.count; i++) {
		free(exim.macro[i].name);
		free(exim.macro[i].value);
	}
	free(exim.macro);
	free(exim.domain);
	free(exim.selector);
	free(exim.key);
}
