/*
 * FILTER actions in tables.
 *
 * Text tables are read as they are; of an indexed one its source, and the output of "postmap -s" if
 * the source is missing or newer than the index.  Tables that only answer queries (SQL, LDAP, a
 * server) cannot be searched.  A word FILTER in a pattern counts as an action: the possible error
 * is to assume a filter that does not exist.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_filters.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_restrict.h"

#define TABLE_LIMIT ((size_t)16 << 20)
#define TABLE_DEPTH 4

void filter_tables_done(struct filter_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++) {
		free(tables->use[i].target);
		free(tables->use[i].parameter);
		free(tables->use[i].service);
		free(tables->use[i].table);
	}
	free(tables->use);
	free(tables->unreadable);
	*tables = FILTER_TABLES_INIT;
}

/* ---- text ------------------------------------------------------------------------------------- */

static bool begins_word(const char *text, const char *at)
{
	return at == text || strchr(" \t\r\n={:,", at[-1]);
}

void filter_targets(const char *text, void (*each)(void *arg, const char *target),
                    void *arg)
{
	static const char word[] = "FILTER";
	const size_t len = sizeof(word) - 1;
	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *at = line + strspn(line, " \t");
		bool is_comment = *at == '#';
		for (; !is_comment && at < end; at++) {
			if (strncasecmp(at, word, len) != 0 || !begins_word(line, at) ||
			    !isblank((unsigned char)at[len]))
				continue;
			const char *target = at + len + strspn(at + len, " \t");
			auto_free char *found =
				xmemdup(target, strcspn(target, " \t\r\n},"));
			if (*found)
				each(arg, found);
		}
		line = end + (*end == '\n');
	}
}

/* ---- one table -------------------------------------------------------------------------------- */

struct reader {
	struct ctx *ctx;
	const struct main_cf *main;
	struct filter_tables *tables;
	/* of the present table */
	const char *parameter, *service, *table;
};

static void add_use(void *arg, const char *target)
{
	struct reader *r = arg;
	struct filter_tables *tables = r->tables;
	GROW(tables->use, tables->count, tables->room);
	tables->use[tables->count++] = (struct filter_use){
		.target = xstrdup(target),
		.parameter = xstrdup(r->parameter),
		.service = xstrdup(r->service),
		.table = xstrdup(r->table),
	};
}

static int cannot_search(struct reader *r)
{
	if (!r->tables->unreadable)
		r->tables->unreadable = xstrdup(r->table);
	return 0;
}

/* 1: the file was searched, 0: it does not exist or cannot be read. */
static int search_file(struct reader *r, const char *path)
{
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	if (*path != '/' ||
	    file_read(r->ctx, path, TABLE_LIMIT, &text, NULL, &ignored) < 0)
		return 0;
	filter_targets(buf_text(&text), add_use, r);
	return 1;
}

/* The content of the index itself. */
static int search_index(struct reader *r, const char *type, const char *path,
                        struct err *err)
{
	auto_free char *name = xasprintf("%s:%s", type, path);
	const char *const argv[] = { "postmap", "-s", name, NULL };
	const struct run_spec spec = { .argv = argv, .output_limit = TABLE_LIMIT };
	cleanup(run_result_done) struct run_result result = { 0 };
	if (r->ctx->is_rooted || !run_can_find(r->ctx, "postmap"))
		return cannot_search(r);
	int rc = run(r->ctx, &spec, &result, err);
	if (rc < 0)
		return rc;
	if (result.exit_status != 0 || result.out.len >= TABLE_LIMIT)
		return cannot_search(r);
	filter_targets(buf_text(&result.out), add_use, r);
	return 0;
}

static const char *const index_ends[] = { ".db", ".lmdb", ".cdb", ".pag" };

/* Whether the index of the file is newer. */
static bool is_compiled(struct reader *r, const char *path)
{
	struct file_info source = { 0 }, index = { 0 };
	struct err ignored = ERR_INIT;
	if (file_look(r->ctx, path, true, &source, &ignored) < 0 ||
	    source.kind != FILE_REGULAR)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(index_ends); i++) {
		auto_free char *name = xasprintf("%s%s", path, index_ends[i]);
		if (file_look(r->ctx, name, true, &index, &ignored) == 0 &&
		    index.kind == FILE_REGULAR)
			return index.mtime_ns >= source.mtime_ns;
	}
	return true; /* not compiled at all: nothing else can be searched */
}

static bool is_one_of(const char *type, const char *const *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static int search_table(struct reader *r, const char *table, unsigned depth,
                        struct err *err);

/* "{a:x, b:y}" */
static int search_members(struct reader *r, const char *list, unsigned depth,
                          struct err *err)
{
	auto_free char *inner = xstrdup(list + (*list == '{'));
	auto_buf item = BUF_INIT;
	size_t len = strlen(inner);
	if (len && inner[len - 1] == '}')
		inner[len - 1] = '\0';
	int rc = 0;
	for (const char *at = inner; rc == 0 && item_list_next(&at, &item);)
		rc = search_table(r, buf_text(&item), depth + 1, err);
	return rc;
}

static int search_table(struct reader *r, const char *table, unsigned depth,
                        struct err *err)
{
	static const char *const texts[] = { "texthash", "regexp", "pcre", "cidr" };
	static const char *const inlined[] = { "inline", "static", "randmap",
		                               "regexp", "pcre",   "cidr" };
	static const char *const indexed[] = { "hash", "btree", "lmdb",
		                               "cdb",  "dbm",   "sdbm" };
	static const char *const members[] = { "unionmap", "pipemap" };
	static const char *const harmless[] = { "fail", "unix", "environ", "internal" };
	size_t len = strcspn(table, ":");
	auto_free char *type = *table == '/' ? xstrdup("hash") : xmemdup(table, len);
	const char *rest = *table == '/' || !table[len] ? table : table + len + 1;
	if (depth > TABLE_DEPTH)
		return cannot_search(r);
	if (strcmp(type, "proxy") == 0)
		return search_table(r, rest, depth + 1, err);
	if (is_one_of(type, members, ARRAY_LEN(members)))
		return search_members(r, rest, depth, err);
	if (is_one_of(type, harmless, ARRAY_LEN(harmless)))
		return 0;
	if (*rest == '{' || strcmp(type, "static") == 0 || strcmp(type, "inline") == 0) {
		if (!is_one_of(type, inlined, ARRAY_LEN(inlined)))
			return cannot_search(r);
		filter_targets(rest, add_use, r);
		return 0;
	}
	if (is_one_of(type, texts, ARRAY_LEN(texts)))
		return search_file(r, rest) ? 0 : cannot_search(r);
	if (!is_one_of(type, indexed, ARRAY_LEN(indexed)))
		return cannot_search(r);
	if (search_file(r, rest) && is_compiled(r, rest))
		return 0;
	return search_index(r, type, rest, err);
}

/* ---- parameters that name tables --------------------------------------------------------------- */

static const char *const checks[] = { "header_checks", "mime_header_checks",
	                              "nested_header_checks", "body_checks",
	                              "milter_header_checks" };

/* "check_..._access TABLE", or a table alone as in old configurations. */
static int search_restrictions(struct reader *r, const char *list, struct err *err)
{
	auto_buf item = BUF_INIT;
	bool is_policy = false;
	int rc = 0;
	while (rc == 0 && item_list_next(&list, &item)) {
		const char *text = buf_text(&item);
		r->table = text;
		if (!is_policy && (strchr(text, ':') || *text == '/'))
			rc = search_table(r, text, 0, err);
		is_policy = strcasecmp(text, "check_policy_service") == 0;
	}
	return rc;
}

static int search_checks(struct reader *r, const char *list, struct err *err)
{
	auto_buf item = BUF_INIT;
	int rc = 0;
	while (rc == 0 && item_list_next(&list, &item)) {
		r->table = buf_text(&item);
		rc = search_table(r, r->table, 0, err);
	}
	return rc;
}

/* The parameter in main.cf, or of the service if that overrides it. */
static int search_value(struct reader *r, const char *name,
                        const struct master_service *service, bool is_checks,
                        struct err *err)
{
	auto_buf value = BUF_INIT;
	if (service ? !main_cf_is_own(r->main, service, name)
	            : !main_cf_find(r->main, name))
		return 0;
	r->parameter = name;
	r->service = service ? service->name : NULL;
	if (service)
		main_cf_value_of(r->main, service, name, &value);
	else
		main_cf_value(r->main, NULL, name, &value);
	return is_checks ? search_checks(r, buf_text(&value), err)
	                 : search_restrictions(r, buf_text(&value), err);
}

/* Every parameter that can name a table, including restriction classes. */
static int search_all(struct reader *r, const struct master_service *service,
                      struct err *err)
{
	auto_buf classes = BUF_INIT, item = BUF_INIT;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(checks); i++)
		rc = search_value(r, checks[i], service, true, err);
	for (size_t i = 0; rc == 0 && restrict_lists[i]; i++)
		rc = search_value(r, restrict_lists[i], service, false, err);
	if (service)
		main_cf_value_of(r->main, service, RESTRICT_CLASSES, &classes);
	else
		main_cf_value(r->main, NULL, RESTRICT_CLASSES, &classes);
	const char *at = buf_text(&classes);
	while (rc == 0 && item_list_next(&at, &item)) {
		auto_free char *name = xstrdup(buf_text(&item));
		rc = search_value(r, name, service, false, err);
	}
	return rc;
}

int filter_tables_read(struct ctx *ctx, const struct main_cf *main,
                       const struct master_cf *master, struct filter_tables *ret_tables,
                       struct err *err)
{
	auto_filter_tables tables = FILTER_TABLES_INIT;
	struct reader r = { .ctx = ctx, .main = main, .tables = &tables };
	int rc = search_all(&r, NULL, err);
	for (size_t i = 0; rc == 0 && i < master->count; i++)
		if (master->service[i].options > 0)
			rc = search_all(&r, &master->service[i], err);
	if (rc < 0)
		return rc;
	*ret_tables = tables;
	tables = FILTER_TABLES_INIT;
	return 0;
}
