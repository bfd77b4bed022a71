/*
 * Importing keys, first part: which files exist, which rows of tables name them, and what each
 * contains.
 *
 * Tables come first: a row names a file, or a form of file names.  For other files, the domain and
 * selector are determined from the file name and folders, or from the record next to it.
 */
#include "core/model/life/import_tree_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/key/key_crypto.h"
#include "core/model/setting/setting.h"

#define RECORD_MAX 16384 /* octets of a file with a record */

struct scan {
	struct ctx *ctx;
	struct store *store;
	const struct import_request *request;
	struct import *import;
	struct import_files files;
	struct key_tables tables;
	const struct key_table_row *
		*named;                    /* rows of a domain, in the order of domains */
	const struct key_table_row **open; /* rows of any domain */
	size_t named_count, open_count;
	char *folder; /* the tree's own name, if it is a domain; "" */
};

static void scan_done(struct scan *scan)
{
	import_files_done(&scan->files);
	key_tables_done(&scan->tables);
	free(scan->named);
	free(scan->open);
	free(scan->folder);
}

/* ---- items ------------------------------------------------------------------------------------- */

struct import_item *import_add(struct import *import, const struct ctx *at,
                               const char *path, enum import_fate fate)
{
	GROW(import->item, import->count, import->room);
	struct import_item *item = &import->item[import->count++];
	bool is_in_tree = import->has_tree && at == &import->tree;
	*item = (struct import_item){
		.file = is_in_tree ? xstrdup(path + 1) : ctx_host_path(at, path),
		.at = at,
		.path = xstrdup(path),
		.fate = fate,
	};
	return item;
}

void import_item_say(struct import_item *item, enum import_fate fate, const char *text)
{
	free(item->detail);
	item->fate = fate;
	item->detail = xstrdup(text);
}

static bool holds(const struct secret *octets, const char *text)
{
	return octets->len && memmem(octets->at, octets->len, text, strlen(text));
}

/* Classifies the octets of an item.  `is_sure`: a table or the name says that it is a key. */
static void look_at_key(struct import_item *item, const struct secret *octets,
                        bool is_sure)
{
	struct key_sight sight;
	struct err err = ERR_INIT;
	bool is_private = holds(octets, "PRIVATE KEY-----");
	int r = key_look_private(octets->at, octets->len, &sight, &err);
	bool is_bare = !holds(octets, "-----BEGIN ");
	if (r >= 0 && (is_sure || !is_bare)) {
		item->algorithm = sight.algorithm;
		item->bits = sight.bits;
		item->fingerprint = sight.fingerprint;
	} else if (holds(octets, "-----BEGIN ") && !is_private) {
		import_item_say(item, IMPORT_PASSED, _("it contains no private key"));
	} else if (is_sure || is_private) {
		import_item_say(item, IMPORT_REFUSED, err.text);
	} else {
		import_item_say(item, IMPORT_PASSED, _("it contains no private key"));
	}
}

/* Reads the key of an item. */
static void read_item(struct import_item *item, bool follow, bool is_sure)
{
	auto_secret octets = SECRET_INIT;
	struct err err = ERR_INIT;
	if (import_read_key(item->at, item->path, follow, &octets, &err) < 0)
		import_item_say(item, IMPORT_REFUSED, err.text);
	else
		look_at_key(item, &octets, is_sure);
}

/* ---- what is known ------------------------------------------------------------------------------ */

static int compare_rows(const void *a, const void *b)
{
	const struct key_table_row *x = *(const struct key_table_row *const *)a;
	const struct key_table_row *y = *(const struct key_table_row *const *)b;
	int order = strcmp(x->domain, y->domain);
	return order ? order : (x > y) - (x < y);
}

static void sort_rows(struct scan *scan)
{
	const struct key_tables *tables = &scan->tables;
	scan->named = xcalloc(tables->count + 1, sizeof(*scan->named));
	scan->open = xcalloc(tables->count + 1, sizeof(*scan->open));
	for (size_t i = 0; i < tables->count; i++) {
		const struct key_table_row *row = &tables->row[i];
		if (row->domain)
			scan->named[scan->named_count++] = row;
		else if (row->path && !row->why)
			scan->open[scan->open_count++] = row;
	}
	SORT(scan->named, scan->named_count, compare_rows);
}

/* The index of the first row of the domain. */
static size_t first_row(const struct scan *scan, const char *domain)
{
	size_t low = 0, high = scan->named_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(scan->named[middle]->domain, domain) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct scan *scan, size_t i, const char *domain)
{
	return i < scan->named_count && strcmp(scan->named[i]->domain, domain) == 0;
}

static bool is_known(void *arg, const char *domain)
{
	const struct scan *scan = arg;
	auto_domain there = DOMAIN_INIT;
	struct err ignored = ERR_INIT;
	return is_of(scan, first_row(scan, domain), domain) ||
	       (scan->store && domain_look(scan->store, domain, &there, &ignored) > 0);
}

/* ---- records next to keys ----------------------------------------------------------------------- */

/* The selector (and domain, if it has one) of the owner of a record: "s1._domainkey.example.com".
 */
static bool read_owner(const char *text, char *domain, char *selector)
{
	static const char mark[] = "._domainkey";
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.";
	struct err ignored = ERR_INIT;
	const char *at = strcasestr(text, mark), *start = at;
	if (!at)
		return false;
	while (start > text && strchr(name, start[-1]))
		start--;
	auto_free char *label = xmemdup(start, (size_t)(at - start));
	if (name_parse_selector(label, selector, &ignored) < 0)
		return false;
	at += sizeof(mark) - 1;
	size_t len = *at == '.' ? strspn(at + 1, name) : 0;
	auto_free char *rest = xmemdup(at + (len != 0), len);
	if (!len || !import_name_is_domain(rest, domain))
		domain[0] = '\0';
	return true;
}

/* The text without quotes, blanks and brackets, so that the strings of a record are joined. */
static char *joined(const char *text)
{
	auto_buf out = BUF_INIT;
	buf_puts(&out, "");
	for (; *text; text++)
		if (!strchr("\"() \t\r\n\\", *text))
			buf_putc(&out, *text);
	return buf_take(&out);
}

/* Whether a companion of the file has the public half of the key, and under which owner. */
static bool ask_companion(const struct ctx *ctx, const char *path,
                          const char *public_text, char *domain, char *selector)
{
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct file_info info;
	if (file_look(ctx, path, false, &info, &ignored) < 0 ||
	    info.kind != FILE_REGULAR ||
	    file_read(ctx, path, RECORD_MAX, &text, NULL, &ignored) < 0)
		return false;
	auto_free char *whole = joined(buf_text(&text));
	return strstr(whole, public_text) &&
	       read_owner(buf_text(&text), domain, selector);
}

static bool ask_companions(const struct import *import, const struct import_item *item,
                           char *domain, char *selector)
{
	static const char *const endings[] = { ".txt",           ".public.txt", ".dns",
		                               ".pub",           ".dns.txt",    ".public",
		                               ".public.dns.txt" };
	auto_free char *record = NULL;
	struct err ignored = ERR_INIT;
	char found_domain[NAME_SIZE] = "", found[NAME_SIZE] = "";
	if (import_record(import, item, &record, &ignored) < 0)
		return false;
	const char *public_text = strstr(record, "p=");
	auto_free char *folder = path_parent(item->path);
	const char *base = strrchr(item->path, '/') + 1;
	auto_free char *stem = xmemdup(base, import_name_read(base).stem_len);
	for (size_t i = 0; i < 2 * ARRAY_LEN(endings); i++) {
		auto_free char *name =
			xasprintf("%s%s", i % 2 ? base : stem, endings[i / 2]);
		auto_free char *path = path_join(folder, name);
		if (!ask_companion(item->at, path, public_text, found_domain, found))
			continue;
		memcpy(selector, found, sizeof(found));
		if (*found_domain)
			memcpy(domain, found_domain, sizeof(found_domain));
		return true;
	}
	return false;
}

/* ---- files that no table names -------------------------------------------------------------------- */

/* The nearest folder that is a domain: for "/example.com/keys/mail.private" the first. */
static bool folder_domain(const struct scan *scan, const char *path, char *ret)
{
	auto_free char *above = path_parent(path);
	while (strcmp(above, "/") != 0) {
		if (import_name_is_domain(strrchr(above, '/') + 1, ret))
			return true;
		char *next = path_parent(above);
		free(above);
		above = next;
	}
	memcpy(ret, scan->folder, strlen(scan->folder) + 1);
	return *ret != '\0';
}

/* A row of any domain whose file name has the form of this one, in any folder. */
static const struct key_table_row *find_row(const struct scan *scan,
                                            const struct import_item *item, char *domain,
                                            char *selector)
{
	const char *base = strrchr(item->path, '/') + 1;
	for (size_t i = 0; i < scan->open_count; i++) {
		const struct key_table_row *row = scan->open[i];
		const char *form = strrchr(row->path, '/');
		char found[NAME_SIZE], label[NAME_SIZE];
		struct key_table_row last = {
			.selector = row->selector,
			.path = xstrdup(form ? form + 1 : row->path),
		};
		bool is_it = key_tables_path_fits(&last, base, found, label) &&
		             (!*found || import_name_is_domain(found, domain));
		free(last.path);
		if (!is_it)
			continue;
		memcpy(selector, label, sizeof(label));
		return row;
	}
	return NULL;
}

/* "domain selector" without a file: only from rspamd's selector map. */
static const struct key_table_row *find_named(const struct scan *scan, const char *domain,
                                              const char *selector)
{
	for (size_t i = first_row(scan, domain); is_of(scan, i, domain); i++) {
		const struct key_table_row *row = scan->named[i];
		if (!row->path && !row->why && row->selector &&
		    (!*selector || strcmp(row->selector, selector) == 0))
			return row;
	}
	return NULL;
}

/* In a domain's folder the part that is not the domain is the selector, or cannot be one. */
static bool check_selector(struct import_item *item, const char *stem, const char *folder)
{
	struct err err = ERR_INIT;
	char name[NAME_SIZE];
	if (import_name_is_domain(stem, name) && strcmp(name, folder) == 0)
		return true;
	if (name_parse_selector(stem, name, &err) >= 0)
		return true;
	import_item_say(item, IMPORT_REFUSED, err.text);
	return false;
}

static int name_item(struct scan *scan, struct import_item *item, struct err *err)
{
	char folder[NAME_SIZE], domain[NAME_SIZE] = "", selector[NAME_SIZE] = "";
	const char *base = strrchr(item->path, '/') + 1;
	struct import_name name = import_name_read(base);
	auto_free char *stem = xmemdup(base, name.stem_len);
	const struct key_table_row *row = find_row(scan, item, domain, selector);
	bool has_folder = folder_domain(scan, item->path, folder);
	if (!row || !*domain) {
		char label[NAME_SIZE];
		enum import_split split = import_name_split(
			stem, name.is_private, has_folder ? folder : NULL, is_known, scan,
			domain, label);
		if (!row)
			memcpy(selector, label, sizeof(label));
		if (split == IMPORT_SPLIT_GUESS)
			item->detail = xasprintf(
				_("read as a selector and a domain, though %s can be a "
			          "domain as well"),
				stem);
	}
	item->has_record = ask_companions(scan->import, item, domain, selector);
	const struct key_table_row *named = row       ? row
	                                    : *domain ? find_named(scan, domain, selector)
	                                              : NULL;
	if (named && !row && !*selector)
		memcpy(selector, named->selector, strlen(named->selector) + 1);
	item->is_named = named && named->signs;
	item->rank = named ? named->rank : 0;
	if (!*domain) {
		auto_free char *why = xasprintf(
			_("its name does not contain a domain: \"mailauthctl key import "
		          "<domain> %s "
		          "--private %s%s\""),
			*stem ? stem : "<selector>", item->at->root, item->path);
		import_item_say(item, IMPORT_REFUSED, why);
		return 0;
	}
	item->domain = xstrdup(domain);
	item->selector = *selector ? xstrdup(selector) : NULL;
	if (*selector || (has_folder && !check_selector(item, stem, folder)))
		return 0;
	return import_default_selector(scan->import, scan->ctx, scan->store, item, err);
}

/* ---- files that tables name ------------------------------------------------------------------------ */

static int put_row(struct scan *scan, const struct key_table_row *row,
                   const struct ctx *at, const char *path, struct err *err)
{
	struct import_item *item = import_add(scan->import, at, path, IMPORT_KEY);
	char domain[NAME_SIZE] = "", selector[NAME_SIZE] = "";
	item->domain = xstrdup(row->domain);
	item->selector = xstrdup(row->selector);
	item->is_named = row->signs;
	item->rank = row->rank;
	read_item(item, at == scan->ctx, true);
	if (item->selector || item->fate != IMPORT_KEY)
		return 0;
	ask_companions(scan->import, item, domain, selector);
	if (!*selector)
		return import_default_selector(scan->import, scan->ctx, scan->store, item,
		                               err);
	item->selector = xstrdup(selector);
	return 0;
}

static int put_named(struct scan *scan, const struct key_table_row *row,
                     struct import_file *const *by_end, struct err *err)
{
	struct import_file *file = import_find(by_end, scan->files.count, row->path);
	if (file && file->why)
		return 0; /* reported by itself */
	if (file)
		file->is_used = true;
	if (file)
		return put_row(scan, row, &scan->import->tree, file->path, err);
	if (path_is_plain(row->path) && scan->import->may_lead_out)
		return put_row(scan, row, scan->ctx, row->path, err);
	struct import_item *item =
		import_add(scan->import, scan->ctx, row->path, IMPORT_REFUSED);
	item->domain = xstrdup(row->domain);
	item->selector = xstrdup(row->selector);
	item->detail = xasprintf(
		_("%s names this file outside the folder, and accounts other than root "
	          "can write to that table: check it, then name it with --tables"),
		row->where);
	return 0;
}

static int put_tables(struct scan *scan, struct err *err)
{
	auto_free struct import_file **by_end = import_by_end(&scan->files);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < scan->tables.count; i++) {
		const struct key_table_row *row = &scan->tables.row[i];
		if (row->why) {
			struct import_item *item =
				import_add(scan->import, scan->ctx, "/", IMPORT_REFUSED);
			free(item->file);
			item->file = xstrdup(row->where);
			item->domain = xstrdup(row->domain);
			item->selector = xstrdup(row->selector);
			item->detail = xstrdup(row->why);
		} else if (row->path && row->domain && !strchr(row->path, '$')) {
			r = put_named(scan, row, by_end, err);
		}
	}
	return r;
}

/* Forms of file names ("/var/lib/rspamd/dkim/$domain.$selector.key") without a tree: the files that
 * exist. */
static int put_forms(struct scan *scan, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < scan->tables.count; i++) {
		const struct key_table_row *row = &scan->tables.row[i];
		struct import_files files = { 0 };
		bool is_literal = row->path && !strchr(row->path, '$');
		if (row->why || !row->path || row->path[0] != '/' ||
		    (row->domain && is_literal))
			continue;
		size_t len = strcspn(row->path, "$");
		auto_free char *front = xmemdup(row->path, len);
		auto_free char *folder = path_parent(front);
		struct file_info info;
		if (!path_is_plain(folder) ||
		    file_look(scan->ctx, folder, true, &info, err) < 0 ||
		    info.kind != FILE_DIRECTORY) {
			err_clear(err);
			continue;
		}
		r = import_walk(scan->ctx, folder, &files, err);
		for (size_t j = 0; r >= 0 && j < files.count; j++) {
			char domain[NAME_SIZE], selector[NAME_SIZE];
			const struct import_file *file = &files.file[j];
			if (file->why ||
			    !key_tables_path_fits(row, file->path, domain, selector))
				continue;
			struct import_item *item = import_add(scan->import, scan->ctx,
			                                      file->path, IMPORT_KEY);
			read_item(item, false, true);
			if (item->fate == IMPORT_KEY)
				r = name_item(scan, item, err);
		}
		import_files_done(&files);
	}
	return r;
}

/* ---- the tree --------------------------------------------------------------------------------------- */

static int put_file(struct scan *scan, struct import_file *file, struct err *err)
{
	struct import_item *item =
		import_add(scan->import, &scan->import->tree, file->path, IMPORT_PASSED);
	if (file->why) {
		import_item_say(item, file->is_passed ? IMPORT_PASSED : IMPORT_REFUSED,
		                file->why);
		return 0;
	}
	if (file->name.kind == IMPORT_NAME_COMPANION) {
		import_item_say(item, IMPORT_PASSED,
		                _("its name is that of a public key or a record"));
		return 0;
	}
	bool is_sure = file->name.kind == IMPORT_NAME_KEY;
	if (!is_sure && file->info.size > IMPORT_KEY_MAX) {
		import_item_say(item, IMPORT_PASSED, _("too large for a private key"));
		return 0;
	}
	item->fate = IMPORT_KEY;
	read_item(item, false, is_sure);
	return item->fate == IMPORT_KEY ? name_item(scan, item, err) : 0;
}

static int put_tree(struct scan *scan, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < scan->files.count; i++)
		if (!scan->files.file[i].is_used)
			r = put_file(scan, &scan->files.file[i], err);
	return r;
}

static int open_tree(struct scan *scan, struct err *err)
{
	struct import *import = scan->import;
	const char *tree = scan->request->tree;
	char name[NAME_SIZE] = "";
	auto_free char *real = realpath(tree, NULL);
	if (!real)
		return err_errno(err, errno, _("cannot read the folder %s"), tree);
	int r = ctx_init(&import->tree, real, err);
	if (r < 0)
		return r;
	import->has_tree = true;
	if (!import_name_is_domain(strrchr(real, '/') + 1, name))
		name[0] = '\0';
	free(scan->folder);
	scan->folder = xstrdup(name);
	return import_walk(&import->tree, "/", &scan->files, err);
}

int import_scan(struct ctx *ctx, struct store *store,
                const struct import_request *request, struct import *ret_import,
                struct err *err)
{
	cleanup(scan_done) struct scan scan = { .ctx = ctx,
		                                .store = store,
		                                .request = request,
		                                .import = ret_import,
		                                .folder = xstrdup("") };
	*ret_import = (struct import){ .tree = { .root_fd = -1 },
		                       .selector = request->selector };
	int r = request->tree ? open_tree(&scan, err) : 0;
	if (r >= 0)
		r = import_tables(ctx, request, ret_import, &scan.files, &scan.tables,
		                  err);
	if (r >= 0) {
		sort_rows(&scan);
		ret_import->says_who_signs = scan.tables.says_who_signs;
		r = put_tables(&scan, err);
	}
	if (r >= 0)
		r = request->tree ? put_tree(&scan, err) : put_forms(&scan, err);
	if (r >= 0)
		r = import_sort(ret_import, store, err);
	if (r >= 0)
		import_decide(ret_import);
	return r;
}
