/*
 * OpenDKIM's configuration: opendkim.conf, KeyTable, SigningTable, and the KeyList of its
 * predecessor dkim-milter.  A KeyTable lists the keys, a SigningTable for whom they sign; "%" in a
 * KeyTable is the domain of the sender.
 */
#include "core/model/life/key_tables_inner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "core/base/text.h"
#include "core/model/life/import_name.h"

/* ---- data sets ---------------------------------------------------------------------------------- */

/* The text of "file:path", "refile:path", "/path", "csl:a,b" or "a,b" (opendkim(8), DATA SETS), one
 * item per line.  *ret_name: its name in messages; caller frees.  False: of a kind that cannot be
 * read. */
static bool read_data_set(struct key_tables_file *file, const char *value,
                          struct buf *into, char **ret_name)
{
	static const char *const files[] = { "refile:", "file:" };
	const char *path = *value == '/' ? value : NULL;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (text_starts(value, files[i]))
			path = value + strlen(files[i]);
	if (path) {
		*ret_name = key_tables_path(file, path);
		return key_tables_fetch(file, path, into);
	}
	*ret_name = xstrdup(file->name);
	if (text_starts(value, "csl:"))
		value += 4;
	else if (strchr(value, ':') && strcspn(value, ":") < strcspn(value, ",=/ "))
		return false;
	buf_puts(into, value);
	for (size_t i = 0; i < into->len; i++)
		if (into->at[i] == ',')
			into->at[i] = '\n';
	return true;
}

/* ---- tables ------------------------------------------------------------------------------------- */

/* "%" to the placeholder of a path. */
static char *open_path(const char *path)
{
	auto_buf open = BUF_INIT;
	buf_puts(&open, "");
	for (; *path; path++)
		if (*path == '%')
			buf_puts(&open, "$domain");
		else
			buf_putc(&open, *path);
	return buf_take(&open);
}

static void read_key_line(struct key_tables_file *file, size_t line, char *text)
{
	const char *name = key_tables_word(&text);
	char *domain = text + strspn(text, " \t");
	char *selector = strchr(domain, ':');
	char *path = selector ? strchr(selector + 1, ':') : NULL;
	if (!path) {
		key_tables_add_unfit(file, line, NULL,
		                     _("the line is not \"name domain:selector:path\""));
		return;
	}
	*selector++ = '\0';
	*path++ = '\0';
	if (*path != '/' && !text_starts(path, "./") && !text_starts(path, "../")) {
		key_tables_add_unfit(
			file, line, domain,
			_("the table contains the key itself: write it to a file and "
		          "import it with \"mailauthctl key import %s %s --private "
		          "FILE\""),
			domain, selector);
		return;
	}
	auto_free char *open = open_path(path);
	key_tables_add(file, line, strcmp(domain, "%") == 0 ? NULL : domain, selector,
	               open);
	file->tables->name[file->tables->count - 1] = xstrdup(name);
}

void key_tables_read_key_table(struct key_tables_file *file, const char *text)
{
	auto_buf line = BUF_INIT;
	size_t number = 0;
	for (const char *one; (one = key_tables_line(&text, &number, '#', &line));) {
		auto_free char *copy = xstrdup(one);
		if (*copy)
			read_key_line(file, number, copy);
	}
}

void key_tables_read_signing_table(struct key_tables_file *file, const char *text)
{
	struct key_tables *tables = file->tables;
	auto_buf line = BUF_INIT;
	size_t number = 0;
	tables->says_who_signs = true;
	for (const char *one; (one = key_tables_line(&text, &number, '#', &line));) {
		auto_free char *copy = xstrdup(one);
		char *at = copy;
		const char *pattern = key_tables_word(&at);
		char *key = pattern ? key_tables_word(&at) : NULL;
		if (!key)
			continue;
		key[strcspn(key, ":")] = '\0'; /* "key:identity" */
		GROW(tables->use, tables->uses, tables->use_room);
		tables->use[tables->uses++] =
			(struct key_table_use){ xstrdup(pattern), xstrdup(key), number };
	}
}

void key_tables_read_key_list(struct key_tables_file *file, const char *text)
{
	auto_buf line = BUF_INIT;
	size_t number = 0;
	file->tables->says_who_signs = true;
	for (const char *one; (one = key_tables_line(&text, &number, '#', &line));) {
		auto_free char *copy = xstrdup(one);
		char *domain = strchr(copy, ':');
		char *path = domain ? strchr(domain + 1, ':') : NULL;
		if (!path)
			continue;
		*domain++ = '\0';
		*path++ = '\0';
		/* the selector is the name of the file */
		const char *base = strrchr(path, '/');
		base = base ? base + 1 : path;
		auto_free char *stem = xmemdup(base, import_name_read(base).stem_len);
		key_tables_add(file, number, domain, stem, path)->signs = true;
	}
}

/* ---- opendkim.conf ------------------------------------------------------------------------------ */

struct conf {
	char *key_table, *signing_table, *key_list, *domain, *selector, *key_file;
};

static void conf_done(struct conf *conf)
{
	free(conf->key_table);
	free(conf->signing_table);
	free(conf->key_list);
	free(conf->domain);
	free(conf->selector);
	free(conf->key_file);
}

/* The later of two values counts, also across Include. */
static void read_conf(struct key_tables_file *file, const char *text, struct conf *conf)
{
	const struct {
		const char *key;
		char **into;
	} keys[] = {
		{ "KeyTable", &conf->key_table },
		{ "SigningTable", &conf->signing_table },
		{ "KeyList", &conf->key_list },
		{ "Domain", &conf->domain },
		{ "Selector", &conf->selector },
		{ "KeyFile", &conf->key_file },
	};
	auto_buf line = BUF_INIT;
	size_t number = 0;
	for (const char *one; (one = key_tables_line(&text, &number, '#', &line));) {
		auto_free char *copy = xstrdup(one);
		char *value = copy;
		const char *key = key_tables_word(&value);
		if (!key)
			continue;
		value += strspn(value, " \t");
		if (strcasecmp(key, "Include") == 0) {
			auto_buf inner = BUF_INIT;
			if (key_tables_fetch(file, value, &inner)) {
				file->level++;
				read_conf(file, buf_text(&inner), conf);
				file->level--;
			}
		}
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (strcasecmp(key, keys[i].key) == 0) {
				free(*keys[i].into);
				*keys[i].into = xstrdup(value);
			}
	}
}

static void read_table(struct key_tables_file *file, const char *value,
                       void (*read)(struct key_tables_file *file, const char *text))
{
	auto_buf text = BUF_INIT;
	auto_free char *name = NULL;
	if (!value)
		return;
	if (!read_data_set(file, value, &text, &name)) {
		/* "dsn:mysql://user:password@host/...": only the type is printed */
		bool is_file = *value == '/' || text_starts(value, "file:") ||
		               text_starts(value, "refile:");
		size_t shown = is_file ? strlen(value) : strcspn(value, "/");
		key_tables_add_unfit(file, 0, NULL, _("the table %.*s cannot be read"),
		                     (int)shown, value);
		return;
	}
	if (*value != '/' && !text_starts(value, "file:") &&
	    !text_starts(value, "refile:"))
		for (char *equal = buf_text(&text) ? text.at : NULL;
		     equal && (equal = strchr(equal, '='));)
			*equal++ = ' '; /* csl: "name=value" */
	struct key_tables_file inner = { file->tables, name, file->source,
		                         file->level + 1 };
	read(&inner, buf_text(&text));
}

static void read_domains(struct key_tables_file *file, const char *value)
{
	struct key_tables *tables = file->tables;
	auto_buf text = BUF_INIT, line = BUF_INIT;
	auto_free char *name = NULL;
	size_t number = 0;
	if (!value || !read_data_set(file, value, &text, &name))
		return;
	const char *at = buf_text(&text);
	for (const char *one; (one = key_tables_line(&at, &number, '#', &line));) {
		if (!*one)
			continue;
		GROW(tables->domain, tables->domains, tables->domain_room);
		tables->domain[tables->domains++] = xstrdup(one);
	}
}

void key_tables_read_opendkim(struct key_tables_file *file, const char *text)
{
	cleanup(conf_done) struct conf conf = { 0 };
	struct key_tables *tables = file->tables;
	size_t before = tables->domains;
	read_conf(file, text, &conf);
	read_domains(file, conf.domain);
	if (conf.key_table) {
		read_table(file, conf.key_table, key_tables_read_key_table);
		read_table(file, conf.signing_table, key_tables_read_signing_table);
		return;
	}
	if (conf.key_list) {
		read_table(file, conf.key_list, key_tables_read_key_list);
		return;
	}
	if (!conf.key_file || !conf.selector)
		return;
	tables->says_who_signs = true;
	for (size_t i = before; i < tables->domains; i++)
		key_tables_add(file, 0, tables->domain[i], conf.selector, conf.key_file)
			->signs = true;
	if (tables->domains == before)
		key_tables_add_unfit(
			file, 0, NULL,
			_("no Domain is set for the key %s: import it with "
		          "\"mailauthctl key import <domain> %s --private %s\""),
			conf.key_file, conf.selector, conf.key_file);
}

/* ---- who signs with what ------------------------------------------------------------------------ */

struct named {
	const char *name;
	size_t row;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcasecmp(x->name, y->name);
	return order ? order : (x->row > y->row) - (x->row < y->row);
}

static int find_named(const void *name, const void *one)
{
	return strcasecmp(name, ((const struct named *)one)->name);
}

/* The domain of "*@example.com", "user@example.com", "example.com"; NULL: all.  ".example.com" and
 * "*@*.example.com" mean the subdomains, which are not one domain: "". */
static const char *pattern_domain(const char *pattern)
{
	const char *at = strrchr(pattern, '@');
	const char *domain = at ? at + 1 : pattern;
	if (strcmp(domain, "*") == 0)
		return NULL;
	return *domain == '.' || strchr(domain, '*') ? "" : domain;
}

/* A key for any domain signs for `domain`. */
static void add_for(struct key_tables *tables, const struct key_table_use *use,
                    size_t row, const char *domain)
{
	struct key_tables_file file = { tables, "SigningTable", NULL, 0 };
	auto_free char *selector = xstrdup(tables->row[row].selector);
	auto_free char *path = xstrdup(tables->row[row].path);
	key_tables_add(&file, use->line, domain, selector, path)->signs = true;
}

/* Domains that a line names explicitly: the line for all domains does not apply to them. */
struct own_lines {
	const char **domain; /* sorted */
	size_t count;
};

static int compare_domains(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static struct own_lines find_own_lines(const struct key_tables *tables)
{
	struct own_lines own = {
		.domain = xcalloc(tables->uses + 1, sizeof(*own.domain)),
	};
	for (size_t i = 0; i < tables->uses; i++) {
		const char *domain = pattern_domain(tables->use[i].pattern);
		if (domain && *domain)
			own.domain[own.count++] = domain;
	}
	SORT(own.domain, own.count, compare_domains);
	return own;
}

static bool has_own_line(const struct own_lines *own, const char *domain)
{
	return bsearch(&domain, own->domain, own->count, sizeof(*own->domain),
	               compare_domains) != NULL;
}

static void apply_open(struct key_tables *tables, const struct own_lines *own,
                       const struct key_table_use *use, size_t row, const char *domain)
{
	struct key_tables_file file = { tables, "SigningTable", NULL, 0 };
	if (domain && *domain) {
		add_for(tables, use, row, domain);
		return;
	}
	if (domain)
		return;
	for (size_t i = 0; i < tables->domains; i++)
		if (!has_own_line(own, tables->domain[i]))
			add_for(tables, use, row, tables->domain[i]);
	if (!tables->domains && !strstr(tables->row[row].path, "$domain")) {
		auto_free char *path = xstrdup(tables->row[row].path);
		auto_free char *selector = xstrdup(tables->row[row].selector);
		key_tables_add_unfit(
			&file, use->line, NULL,
			_("the key %s signs for any domain: import it for each with "
		          "\"mailauthctl key import <domain> %s --private %s\""),
			path, selector, path);
	}
	tables->row[row].signs = true;
}

static void apply(struct key_tables *tables, const struct own_lines *own,
                  const struct key_table_use *use, size_t at)
{
	struct key_tables_file file = { tables, "SigningTable", NULL, 0 };
	struct key_table_row *row = &tables->row[at];
	const char *domain = pattern_domain(use->pattern);
	char name[NAME_SIZE];
	if (row->why || !row->path)
		return;
	if (!row->domain) {
		apply_open(tables, own, use, at, domain);
		return;
	}
	bool is_name = domain && import_name_is_domain(domain, name);
	if (domain ? is_name && strcmp(name, row->domain) == 0
	           : !has_own_line(own, row->domain)) {
		if (!row->signs)
			row->rank = (size_t)(use - tables->use);
		row->signs = true;
	} else if (is_name) {
		auto_free char *signer = xstrdup(row->domain);
		key_tables_add_unfit(
			&file, use->line, name,
			_("mail of %s is signed as %s in that configuration, but "
		          "mailauthctl signs each domain with its own key: run "
		          "\"mailauthctl domain enable-dkim %s\""),
			name, signer, name);
	}
}

void key_tables_finish_opendkim(struct key_tables *tables)
{
	size_t count = tables->count, names = 0;
	struct named *named = xcalloc(count ? count : 1, sizeof(*named));
	for (size_t i = 0; i < count; i++)
		if (tables->name[i])
			named[names++] = (struct named){ tables->name[i], i };
	SORT(named, names, compare_named);
	struct own_lines own = find_own_lines(tables);
	for (size_t i = 0; i < tables->uses; i++) {
		const struct key_table_use *use = &tables->use[i];
		const struct named *found =
			bsearch(use->key, named, names, sizeof(*named), find_named);
		while (found && found > named &&
		       strcasecmp(found[-1].name, use->key) == 0)
			found--; /* of two with one name the first counts */
		if (found)
			apply(tables, &own, use, found->row);
	}
	for (size_t i = 0; i < names; i++) {
		struct key_table_row *row = &tables->row[named[i].row];
		bool is_open = !row->domain && row->path && !strstr(row->path, "$domain");
		row->signs |= !tables->says_who_signs;
		if (is_open && !row->why) { /* its domains have rows of their own */
			free(row->path);
			row->path = NULL;
		}
	}
	free(own.domain);
	free(named);
}
