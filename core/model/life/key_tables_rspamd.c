/*
 * rspamd's dkim_signing.conf, and the maps that it names.
 *
 * Only the part of its configuration language (UCL) that these files use is read: "key = value;",
 * "key: value", "name { ... }", lists of blocks, comments.  The maps come first, then the blocks
 * under "domain", then, unless try_fallback is off, "selector" and "path" for any other domain.
 */
#include "core/model/life/key_tables_inner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define DEFAULT_PATH "/var/lib/rspamd/dkim/$domain.$selector.key"
#define DEFAULT_SELECTOR "dkim"
#define DEPTH 16

/* ---- maps --------------------------------------------------------------------------------------- */

void key_tables_read_map(struct key_tables_file *file, const char *text, bool is_path)
{
	auto_buf line = BUF_INIT;
	size_t number = 0;
	for (const char *one; (one = key_tables_line(&text, &number, '#', &line));) {
		auto_free char *copy = xstrdup(one);
		char *at = copy;
		const char *domain = key_tables_word(&at);
		const char *value = domain ? key_tables_word(&at) : NULL;
		if (!value || strchr(domain, '*'))
			continue;
		key_tables_add(file, number, domain, is_path ? NULL : value,
		               is_path ? value : NULL)
			->signs = true;
	}
}

/* ---- UCL ---------------------------------------------------------------------------------------- */

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_EQUAL,
	TOKEN_STOP
};

struct reader {
	const char *at;
	size_t line;
	char *word; /* of the last TOKEN_WORD; owned */
};

static void skip_blanks(struct reader *reader)
{
	for (;;) {
		const char *at = reader->at;
		if (*at == '\n' || *at == ' ' || *at == '\t' || *at == '\r') {
			reader->line += *at == '\n';
			reader->at++;
		} else if (*at == '#') {
			reader->at += strcspn(at, "\n");
		} else if (at[0] == '/' && at[1] == '*') {
			const char *end = strstr(at + 2, "*/");
			const char *to = end ? end + 2 : at + strlen(at);
			for (; reader->at < to; reader->at++)
				reader->line += *reader->at == '\n';
		} else {
			return;
		}
	}
}

static enum token_kind next_token(struct reader *reader)
{
	skip_blanks(reader);
	char c = *reader->at;
	size_t len;
	if (!c)
		return TOKEN_END;
	reader->at++;
	if (c == '{' || c == '[')
		return TOKEN_OPEN;
	if (c == '}' || c == ']')
		return TOKEN_CLOSE;
	if (c == '=' || c == ':')
		return TOKEN_EQUAL;
	if (c == ';' || c == ',')
		return TOKEN_STOP;
	free(reader->word);
	if (c == '"' || c == '\'') {
		const char ends[] = { c, '\n', '\0' };
		len = strcspn(reader->at, ends);
		reader->word = xmemdup(reader->at, len);
		reader->at += len + (reader->at[len] == c);
		return TOKEN_WORD;
	}
	reader->at--;
	/* "/path" and "file:///path" contain ':' and '/'; a key ends at one */
	len = strcspn(reader->at, " \t\r\n;,{}[]=\"'#");
	const char *colon = memchr(reader->at, ':', len);
	if (colon && !text_starts(colon, "://"))
		len = (size_t)(colon - reader->at);
	len = len ? len : 1;
	reader->word = xmemdup(reader->at, len);
	reader->at += len;
	return TOKEN_WORD;
}

/* ---- what is in it --------------------------------------------------------------------------------- */

struct block {
	char *domain; /* the domain that the block is for; NULL: all */
	char *selector, *path;
	size_t line;
};

static void block_done(struct block *block)
{
	free(block->domain);
	free(block->selector);
	free(block->path);
}

struct rspamd {
	struct key_tables_file *file;
	struct reader reader;
	struct block top;
	struct block *block; /* of domains */
	size_t blocks, room;
	char *selector_map, *path_map, *key_table, *signing_table;
	bool has_fallback, is_off;
};

static void take(char **into, const char *value)
{
	free(*into);
	*into = xstrdup(value);
}

static void set_value(struct rspamd *rspamd, struct block *block, const char *key,
                      const char *value)
{
	const struct {
		const char *key;
		char **into;
	} keys[] = {
		{ "selector", block ? &block->selector : &rspamd->top.selector },
		{ "path", block ? &block->path : &rspamd->top.path },
		{ "selector_map", &rspamd->selector_map },
		{ "path_map", &rspamd->path_map },
		{ "key_table", &rspamd->key_table },
		{ "signing_table", &rspamd->signing_table },
	};
	bool is_truth = true;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcasecmp(key, keys[i].key) == 0)
			take(keys[i].into, value);
	if (!block && strcasecmp(key, "try_fallback") == 0 &&
	    text_to_bool(value, &is_truth))
		rspamd->has_fallback = is_truth;
	if (!block && strcasecmp(key, "enabled") == 0 && text_to_bool(value, &is_truth))
		rspamd->is_off = !is_truth;
}

static void add_block(struct rspamd *rspamd, struct block *block)
{
	if (block->domain && (block->selector || block->path)) {
		GROW(rspamd->block, rspamd->blocks, rspamd->room);
		rspamd->block[rspamd->blocks++] = *block;
	} else {
		block_done(block);
	}
	*block = (struct block){ 0 };
}

/* A block up to its end.  `domain` (NULL: none) is the domain of the block; `is_domains`: names in
 * it are domains.  "selectors [ { ... }, { ... } ]" are blocks of the same domain; '=' and ';' may
 * be omitted. */
static void read_block(struct rspamd *rspamd, const char *domain, bool is_domains,
                       unsigned depth)
{
	struct reader *reader = &rspamd->reader;
	struct block block = { .domain = xstrdup(domain), .line = reader->line };
	auto_free char *key = NULL;
	bool is_named = false; /* domain "example.com" { ... } */
	for (enum token_kind kind;
	     (kind = next_token(reader)) != TOKEN_END && kind != TOKEN_CLOSE;) {
		bool is_domain_word = key && strcasecmp(key, "domain") == 0 && !domain;
		if (kind == TOKEN_EQUAL)
			continue;
		if (kind == TOKEN_OPEN && depth < DEPTH)
			read_block(rspamd, is_domains || is_named ? key : domain,
			           is_domain_word && !is_domains, depth + 1);
		if (kind == TOKEN_WORD && (!key || is_domains || is_domain_word)) {
			is_named = is_domain_word;
			take(&key, reader->word);
			continue;
		}
		if (kind == TOKEN_WORD)
			set_value(rspamd, domain ? &block : NULL, key, reader->word);
		free(key);
		key = NULL;
		is_named = false;
	}
	add_block(rspamd, &block);
}

/* "/path", "file:///path", "map://path"; NULL: elsewhere. */
static const char *map_path(const char *value)
{
	if (!value)
		return NULL;
	const char *scheme = strstr(value, "://");
	if (scheme && (text_starts(value, "file:") || text_starts(value, "map:")))
		value = scheme + 3;
	while (text_starts(value, "fallback+") || text_starts(value, "glob;"))
		value = strpbrk(value, "+;") + 1;
	return strchr("/$.", *value) ? value : NULL;
}

/* Reads a map into separate tables, whose rows the caller combines. */
static void read_map(struct rspamd *rspamd, const char *value, bool is_path,
                     struct key_tables *into)
{
	auto_buf text = BUF_INIT;
	const char *path = map_path(value);
	if (!value)
		return;
	if (!path || !key_tables_fetch(rspamd->file, path, &text)) {
		key_tables_add_unfit(rspamd->file, 0, NULL,
		                     _("the map %s cannot be read"), value);
		return;
	}
	struct key_tables_file file = { into, path, rspamd->file->source, 0 };
	key_tables_read_map(&file, buf_text(&text), is_path);
}

static const char *path_of(const struct key_tables *paths, const char *domain,
                           const char *fallback)
{
	for (size_t i = 0; i < paths->count; i++)
		if (paths->row[i].domain && strcmp(paths->row[i].domain, domain) == 0)
			return paths->row[i].path;
	return fallback;
}

static void add_rows(struct rspamd *rspamd)
{
	auto_key_tables selectors = KEY_TABLES_INIT, paths = KEY_TABLES_INIT;
	const char *path = rspamd->top.path ? rspamd->top.path : DEFAULT_PATH;
	const char *selector =
		rspamd->top.selector ? rspamd->top.selector : DEFAULT_SELECTOR;
	read_map(rspamd, rspamd->selector_map, false, &selectors);
	read_map(rspamd, rspamd->path_map, true, &paths);
	for (size_t i = 0; i < selectors.count; i++) {
		const struct key_table_row *row = &selectors.row[i];
		if (row->domain && row->selector)
			key_tables_add(rspamd->file, 0, row->domain, row->selector,
			               path_of(&paths, row->domain, path))
				->signs = true;
	}
	for (size_t i = 0; i < paths.count; i++)
		if (paths.row[i].domain &&
		    !path_of(&selectors, paths.row[i].domain, NULL) && !selectors.count)
			key_tables_add(rspamd->file, 0, paths.row[i].domain, selector,
			               paths.row[i].path)
				->signs = true;
	for (size_t i = 0; i < rspamd->blocks; i++) {
		const struct block *block = &rspamd->block[i];
		key_tables_add(rspamd->file, block->line, block->domain,
		               block->selector ? block->selector : selector,
		               block->path ? block->path : path)
			->signs = true;
	}
	if (rspamd->has_fallback)
		key_tables_add(rspamd->file, 0, NULL, selector, path)->signs = true;
}

static void read_opendkim_table(struct rspamd *rspamd, const char *value,
                                void (*read)(struct key_tables_file *file,
                                             const char *text))
{
	auto_buf text = BUF_INIT;
	const char *path = map_path(value);
	if (!path || !key_tables_fetch(rspamd->file, path, &text))
		return;
	struct key_tables_file file = { rspamd->file->tables, path, rspamd->file->source,
		                        rspamd->file->level + 1 };
	read(&file, buf_text(&text));
}

void key_tables_read_rspamd(struct key_tables_file *file, const char *text)
{
	struct rspamd rspamd = { .file = file,
		                 .reader = { .at = text, .line = 1 },
		                 .has_fallback = true };
	while (*rspamd.reader.at)
		read_block(&rspamd, NULL, false, 0);
	if (rspamd.key_table) {
		read_opendkim_table(&rspamd, rspamd.key_table, key_tables_read_key_table);
		read_opendkim_table(&rspamd, rspamd.signing_table,
		                    key_tables_read_signing_table);
	} else if (!rspamd.is_off) {
		add_rows(&rspamd);
	}
	for (size_t i = 0; i < rspamd.blocks; i++)
		block_done(&rspamd.block[i]);
	block_done(&rspamd.top);
	free(rspamd.block);
	free(rspamd.selector_map);
	free(rspamd.path_map);
	free(rspamd.key_table);
	free(rspamd.signing_table);
	free(rspamd.reader.word);
}
