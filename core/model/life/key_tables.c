/* Tables of other signers: rows, paths with placeholders, and detection of the kind of file. */
#include "core/model/life/key_tables_inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/life/import_name.h"

#define LEVELS 5 /* of files that name files */

void key_tables_done(struct key_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++) {
		free(tables->row[i].domain);
		free(tables->row[i].selector);
		free(tables->row[i].path);
		free(tables->row[i].where);
		free(tables->row[i].why);
		free(tables->name[i]);
	}
	for (size_t i = 0; i < tables->uses; i++) {
		free(tables->use[i].pattern);
		free(tables->use[i].key);
	}
	for (size_t i = 0; i < tables->domains; i++)
		free(tables->domain[i]);
	free(tables->row);
	free(tables->name);
	free(tables->use);
	free(tables->domain);
	*tables = KEY_TABLES_INIT;
}

/* ---- rows ------------------------------------------------------------------------------------- */

static struct key_table_row *new_row(struct key_tables_file *file, size_t line)
{
	struct key_tables *tables = file->tables;
	size_t named = tables->count;
	const char *base = strrchr(file->name, '/');
	GROW(tables->name, named, tables->name_room);
	GROW(tables->row, tables->count, tables->room);
	tables->name[tables->count] = NULL;
	struct key_table_row *row = &tables->row[tables->count++];
	*row = (struct key_table_row){
		.where = xasprintf("%s:%zu", base ? base + 1 : file->name, line)
	};
	return row;
}

/* "$domain" and "$selector" of a path, replaced if the row has them. */
static char *close_parts(const char *path, const struct key_table_row *row)
{
	auto_buf closed = BUF_INIT;
	buf_puts(&closed, "");
	while (*path) {
		bool is_domain = text_starts(path, "$domain") && row->domain;
		bool is_selector = text_starts(path, "$selector") && row->selector;
		if (!is_domain && !is_selector) {
			buf_putc(&closed, *path++);
			continue;
		}
		buf_puts(&closed, is_domain ? row->domain : row->selector);
		path += strlen(is_domain ? "$domain" : "$selector");
	}
	return buf_take(&closed);
}

struct key_table_row *key_tables_add(struct key_tables_file *file, size_t line,
                                     const char *domain, const char *selector,
                                     const char *path)
{
	struct key_table_row *row = new_row(file, line);
	struct err why = ERR_INIT;
	char name[NAME_SIZE], label[NAME_SIZE];
	if (domain && name_parse_domain(domain, name, &why) >= 0)
		row->domain = xstrdup(name);
	if (selector && !why.code && name_parse_selector(selector, label, &why) >= 0)
		row->selector = xstrdup(label);
	auto_free char *whole = path ? key_tables_path(file, path) : NULL;
	row->path = whole ? close_parts(whole, row) : NULL;
	row->why = why.code ? xstrdup(why.text) : NULL;
	return row;
}

void key_tables_add_unfit(struct key_tables_file *file, size_t line, const char *domain,
                          const char *fmt, ...)
{
	struct key_table_row *row = new_row(file, line);
	struct err ignored = ERR_INIT;
	char name[NAME_SIZE], why[sizeof(ignored.text)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	row->why = xstrdup(why);
	if (domain && name_parse_domain(domain, name, &ignored) >= 0)
		row->domain = xstrdup(name);
}

/* "/a/./b/../c" is "/a/c": textually, links are not resolved. */
static char *without_dots(const char *path)
{
	auto_buf out = BUF_INIT;
	buf_puts(&out, "");
	while (*path) {
		size_t len = strcspn(path + 1, "/") + 1;
		bool is_name = *path == '/';
		if (is_name && len == 3 && memcmp(path, "/..", 3) == 0) {
			const char *last = strrchr(out.at, '/');
			out.len = last ? (size_t)(last - out.at) : 0;
			out.at[out.len] = '\0';
		} else if (!is_name || (len > 1 && !(len == 2 && path[1] == '.'))) {
			buf_add(&out, path, len);
		}
		path += len;
	}
	return buf_take(&out);
}

char *key_tables_path(const struct key_tables_file *file, const char *path)
{
	const char *slash = strrchr(file->name, '/');
	if (*path == '/' || !slash)
		return without_dots(path);
	auto_free char *whole =
		xasprintf("%.*s/%s", (int)(slash - file->name), file->name, path);
	return without_dots(whole);
}

bool key_tables_fetch(struct key_tables_file *file, const char *path, struct buf *into)
{
	auto_free char *whole = key_tables_path(file, path);
	return file->level < LEVELS && file->source &&
	       file->source->read(file->source->arg, whole, into);
}

const char *key_tables_line(const char **at, size_t *line, char comment, struct buf *into)
{
	if (!**at)
		return NULL;
	size_t len = strcspn(*at, "\n");
	buf_clear(into);
	buf_add(into, *at, len);
	*at += len + ((*at)[len] == '\n');
	++*line;
	char *hash = comment ? strchr(into->at, comment) : NULL;
	if (hash)
		*hash = '\0';
	char *start = into->at + strspn(into->at, " \t\r\f\v");
	for (char *end = start + strlen(start);
	     end > start && strchr(" \t\r\f\v", end[-1]);)
		*--end = '\0';
	return start;
}

char *key_tables_word(char **at)
{
	char *word = *at + strspn(*at, " \t");
	size_t len = strcspn(word, " \t");
	if (!len)
		return NULL;
	*at = word + len;
	if (**at)
		*(*at)++ = '\0';
	return word;
}

/* ---- paths with open parts ------------------------------------------------------------------------ */

/* A text without '/' for "$domain" or "$selector"; a repeated placeholder must match the same text.
 */
static bool fits(const char *pattern, const char *path, char *domain, char *selector)
{
	static const struct {
		const char *mark;
		bool is_domain;
	} marks[] = { { "$domain", true }, { "$selector", false } };
	for (; *pattern; pattern++, path++) {
		for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
			char *into = marks[i].is_domain ? domain : selector;
			if (!text_starts(pattern, marks[i].mark))
				continue;
			const char *rest = pattern + strlen(marks[i].mark);
			size_t most = strcspn(path, "/"), had = strlen(into);
			if (had)
				return strncmp(path, into, had) == 0 &&
				       fits(rest, path + had, domain, selector);
			/* the longest domain and the shortest selector that match */
			for (size_t n = 1; n <= most; n++) {
				size_t len = marks[i].is_domain ? most + 1 - n : n;
				if (len >= NAME_SIZE)
					continue;
				memcpy(into, path, len);
				into[len] = '\0';
				if (fits(rest, path + len, domain, selector))
					return true;
			}
			into[0] = '\0';
			return false;
		}
		if (*pattern != *path)
			return false;
	}
	return !*path;
}

bool key_tables_path_fits(const struct key_table_row *row, const char *path,
                          char *ret_domain, char *ret_selector)
{
	char domain[NAME_SIZE] = "", selector[NAME_SIZE] = "";
	if (!row->path || strlen(path) > 4096)
		return false;
	if (row->domain)
		memcpy(domain, row->domain, strlen(row->domain) + 1);
	if (row->selector)
		memcpy(selector, row->selector, strlen(row->selector) + 1);
	if (!fits(row->path, path, domain, selector))
		return false;
	memcpy(ret_domain, domain, sizeof(domain));
	memcpy(ret_selector, selector, sizeof(selector));
	return true;
}

/* ---- which kind ---------------------------------------------------------------------------------- */

static bool has_line(const char *text, bool (*is_it)(char *line))
{
	auto_buf line = BUF_INIT;
	size_t number = 0;
	for (const char *one; (one = key_tables_line(&text, &number, '#', &line));) {
		auto_free char *copy = xstrdup(one);
		if (*copy && is_it(copy))
			return true;
	}
	return false;
}

/* "name domain:selector:path" */
static bool is_key_table_line(char *line)
{
	const char *name = key_tables_word(&line);
	const char *value = key_tables_word(&line);
	const char *colon = name && value ? strchr(value, ':') : NULL;
	colon = colon ? strchr(colon + 1, ':') : NULL;
	return colon && strchr("/.", colon[1]) && !key_tables_word(&line);
}

static bool is_signing_table_line(char *line)
{
	const char *pattern = key_tables_word(&line);
	return pattern && text_starts(pattern, "*@") && key_tables_word(&line) &&
	       !key_tables_word(&line);
}

/* "*@domain:domain:/path" */
static bool is_key_list_line(char *line)
{
	const char *colon = text_starts(line, "*") ? strchr(line, ':') : NULL;
	colon = colon ? strchr(colon + 1, ':') : NULL;
	return colon && colon[1] == '/';
}

static bool is_exim_line(char *line)
{
	return text_starts(line, "DKIM_PRIVATE_KEY") ||
	       text_starts(line, "dkim_private_key") ||
	       text_starts(line, "DKIM_SELECTOR") || text_starts(line, "dkim_selector");
}

static bool is_opendkim_line(char *line)
{
	static const char *const words[] = { "KeyTable", "SigningTable", "KeyFile",
		                             "KeyList" };
	const char *key = key_tables_word(&line);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(key, words[i]) == 0 && key_tables_word(&line))
			return true;
	return false;
}

static bool is_named(const char *name, const char *a, const char *b)
{
	const char *base = strrchr(name, '/');
	base = base ? base + 1 : name;
	return strcasestr(base, a) && strcasestr(base, b);
}

enum key_tables_kind key_tables_kind_of(const char *name, const char *text)
{
	if (is_named(name, "sign", "table"))
		return KEY_TABLES_SIGNING_TABLE;
	if (is_named(name, "key", "table"))
		return KEY_TABLES_KEY_TABLE;
	if (is_named(name, "dkim_sign", ".conf") || is_named(name, "arc", ".conf"))
		return KEY_TABLES_RSPAMD;
	if (is_named(name, "selector", ".map"))
		return KEY_TABLES_SELECTOR_MAP;
	if (is_named(name, "path", ".map") || is_named(name, "dkim_domains", ".map"))
		return KEY_TABLES_PATH_MAP;
	if (is_named(name, "opendkim", ".conf"))
		return KEY_TABLES_OPENDKIM_CONF;
	if (strcasestr(text, "dkim_key(") || strcasestr(text, "dkim_key ("))
		return KEY_TABLES_AMAVIS;
	if (has_line(text, is_exim_line))
		return KEY_TABLES_EXIM;
	if (has_line(text, is_opendkim_line))
		return KEY_TABLES_OPENDKIM_CONF;
	if (has_line(text, is_key_list_line))
		return KEY_TABLES_KEY_LIST;
	if (has_line(text, is_key_table_line))
		return KEY_TABLES_KEY_TABLE;
	if (has_line(text, is_signing_table_line))
		return KEY_TABLES_SIGNING_TABLE;
	return KEY_TABLES_NONE;
}

void key_tables_read(struct key_tables *tables, enum key_tables_kind kind,
                     const char *name, const char *text,
                     const struct key_tables_source *source)
{
	struct key_tables_file file = { tables, name, source, 0 };
	switch (kind) {
	case KEY_TABLES_NONE:
		break;
	case KEY_TABLES_OPENDKIM_CONF:
		key_tables_read_opendkim(&file, text);
		break;
	case KEY_TABLES_KEY_TABLE:
		key_tables_read_key_table(&file, text);
		break;
	case KEY_TABLES_SIGNING_TABLE:
		key_tables_read_signing_table(&file, text);
		break;
	case KEY_TABLES_KEY_LIST:
		key_tables_read_key_list(&file, text);
		break;
	case KEY_TABLES_RSPAMD:
		key_tables_read_rspamd(&file, text);
		break;
	case KEY_TABLES_SELECTOR_MAP:
	case KEY_TABLES_PATH_MAP:
		key_tables_read_map(&file, text, kind == KEY_TABLES_PATH_MAP);
		break;
	case KEY_TABLES_AMAVIS:
		key_tables_read_amavis(&file, text);
		break;
	case KEY_TABLES_EXIM:
		key_tables_read_exim(&file, text);
		break;
	}
}

void key_tables_finish(struct key_tables *tables)
{
	key_tables_finish_opendkim(tables);
}
