/*
 * The store as a document.
 *
 * The order depends on content only, never on ids of the database, so that two stores of the same
 * configuration give the same document: domains by name, settings by key, edits by template record,
 * own records by owner, type, data.  Older templates are distinguished by their content and
 * numbered in that order.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/tree_write.h"
#include "core/model/config/config.h"
#include "core/model/key/key.h"
#include "core/model/key/key_secret.h"
#include "core/model/record/stored.h"
#include "core/model/record/template.h"
#include "core/model/setting/srs_secret.h"

#define PIECE 65536 /* octets that are written at once */

static const char heading[] =
	"# The configuration of mailauthctl: \"mailauthctl config import FILE\" takes it over.\n"
	"# Settings that are not here have their defaults (mailauthctl server describe).\n";

/* A revision that domains follow, and its name in the document. */
struct revision {
	int64_t rev;
	char *content;
	char *name; /* NULL: the same as the newest */
};

struct writer {
	struct store *store;
	const struct config_output *output;
	struct tree tree;
	struct buf text;
	struct revision *revision;
	size_t revisions, room;
};

static int flush(struct writer *writer, struct err *err)
{
	int r = writer->output->put(writer->output->arg, buf_text(&writer->text),
	                            writer->text.len, err);
	if (writer->output->has_keys && writer->text.at)
		explicit_bzero(writer->text.at, writer->text.len);
	buf_clear(&writer->text);
	return r;
}

/* ---- settings -------------------------------------------------------------------------------- */

static int put_setting(void *arg, enum setting_key key, const char *text, struct err *err)
{
	struct tree *tree = arg;
	const struct setting_row *row = &setting_table[key];
	int64_t number;
	(void)err;
	if (row->type == SETTING_BOOL)
		tree_on(tree, row->key, strcmp(text, "on") == 0);
	else if (row->type == SETTING_INT && text_to_int(text, 0, INT64_MAX, &number))
		tree_int(tree, row->key, number);
	else
		tree_text(tree, row->key, text);
	return 0;
}

/* In order of age, the signing one first. */
static int put_secrets(struct writer *writer, struct err *err)
{
	auto_secret lines = SECRET_INIT;
	int r = srs_secret_lines(writer->store, &lines, err);
	if (r < 0 || !lines.len)
		return r;
	tree_open(&writer->tree, setting_table[SET_SRS_SECRET].key, TREE_LIST);
	for (size_t at = 0, len; at < lines.len; at += len + 1) {
		const char *line = (const char *)lines.at + at;
		len = (size_t)((const char *)memchr(line, '\n', lines.len - at) - line);
		auto_free char *one = xmemdup(line, len);
		tree_text(&writer->tree, NULL, one);
		explicit_bzero(one, len);
	}
	tree_close(&writer->tree);
	return 0;
}

static int put_server(struct writer *writer, struct err *err)
{
	tree_open(&writer->tree, "server", TREE_MAP);
	int r = setting_each(writer->store, 0, put_setting, &writer->tree, err);
	if (r >= 0 && writer->output->has_keys)
		r = put_secrets(writer, err);
	tree_close(&writer->tree);
	return r;
}

/* ---- templates ------------------------------------------------------------------------------- */

/* A record of a template, or of a domain ("www", "@"). */
static void put_record(struct tree *tree, const struct stored_record *row,
                       const char *owner)
{
	tree_open(tree, NULL, TREE_MAP);
	if (row->template_uid) {
		auto_free char *id = stored_id(row);
		tree_text(tree, "id", id);
	}
	tree_text(tree, "owner", owner);
	tree_text(tree, "type", row->type);
	if (row->rdata && row->ttl >= 0)
		tree_int(tree, "ttl", row->ttl);
	if (row->rdata)
		tree_text(tree, "data", row->rdata);
	else
		tree_on(tree, "removed", true);
	tree_close(tree);
}

/* The rows of a revision as items of the list that is open. */
static int put_revision(struct tree *tree, struct store *store, int64_t rev,
                        struct err *err)
{
	auto_stored_records rows = { 0 };
	int r = template_load(store, rev, &rows, err);
	for (size_t i = 0; i < rows.count; i++)
		put_record(tree, &rows.row[i], rows.row[i].owner);
	return r;
}

/* The newest one: a built-in record that was removed is listed as removed, else an import into a
 * new database would keep it. */
static int put_newest(struct writer *writer, struct err *err)
{
	struct tree *tree = &writer->tree;
	int64_t missing[TEMPLATE_BUILT_IN];
	size_t count = 0;
	int r = template_missing(writer->store, missing, &count, err);
	if (r < 0)
		return r;
	tree_open(tree, "template", TREE_LIST);
	for (size_t i = 0; i < count; i++) {
		auto_free char *id = xasprintf("t%" PRId64, missing[i]);
		tree_open(tree, NULL, TREE_MAP);
		tree_text(tree, "id", id);
		tree_on(tree, "removed", true);
		tree_close(tree);
	}
	r = put_revision(tree, writer->store, 0, err);
	tree_close(tree);
	return r;
}

/* Represents the content of a revision: its rows as they are written. */
static int content_of(struct store *store, int64_t rev, char **ret_content,
                      struct err *err)
{
	auto_buf text = BUF_INIT;
	struct tree tree = { .out = &text };
	tree_open(&tree, NULL, TREE_LIST);
	int r = put_revision(&tree, store, rev, err);
	tree_close(&tree);
	if (r >= 0)
		*ret_content = buf_take(&text);
	return r;
}

static int compare_revisions(const void *a, const void *b)
{
	const struct revision *x = a, *y = b;
	return strcmp(x->content, y->content);
}

/* All revisions that are followed, sorted by content; names for those that are not the newest. */
static int load_revisions(struct writer *writer, struct err *err)
{
	auto_free char *newest = NULL;
	auto_buf revs = BUF_INIT;
	int r = content_of(writer->store, 0, &newest, err);
	if (r >= 0 && writer->store)
		r = template_followed(writer->store, &revs, err);
	for (size_t at = 0; r >= 0 && at < revs.len; at += sizeof(int64_t)) {
		GROW(writer->revision, writer->revisions, writer->room);
		struct revision *one = &writer->revision[writer->revisions];
		*one = (struct revision){ 0 };
		memcpy(&one->rev, revs.at + at, sizeof(one->rev));
		r = content_of(writer->store, one->rev, &one->content, err);
		writer->revisions += r >= 0;
	}
	if (r < 0 || !writer->revisions)
		return r;
	SORT(writer->revision, writer->revisions, compare_revisions);
	unsigned number = 0;
	for (size_t i = 0; i < writer->revisions; i++) {
		struct revision *one = &writer->revision[i];
		if (strcmp(one->content, newest) == 0)
			continue;
		bool is_same = i && strcmp(one->content, one[-1].content) == 0;
		number += !is_same;
		one->name = xasprintf("old-%u", number);
	}
	return r;
}

static int put_older(struct writer *writer, struct err *err)
{
	const char *last = NULL;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < writer->revisions; i++) {
		const struct revision *one = &writer->revision[i];
		if (!one->name || text_same(last, one->name))
			continue;
		if (!last)
			tree_open(&writer->tree, "older-templates", TREE_MAP);
		last = one->name;
		tree_open(&writer->tree, one->name, TREE_LIST);
		r = put_revision(&writer->tree, writer->store, one->rev, err);
		tree_close(&writer->tree);
	}
	if (last)
		tree_close(&writer->tree);
	return r;
}

/* ---- domains --------------------------------------------------------------------------------- */

/* Edits by template record; the domain's own records come last. */
static int compare_rows(const void *a, const void *b)
{
	const struct stored_record *x = a, *y = b;
	uint64_t u = (uint64_t)x->template_uid - 1, v = (uint64_t)y->template_uid - 1;
	if (u != v)
		return u < v ? -1 : 1;
	int order = strcmp(x->owner, y->owner);
	if (order == 0)
		order = strcmp(x->type, y->type);
	return order || !x->rdata || !y->rdata ? order : strcmp(x->rdata, y->rdata);
}

/* "www", "@"; the stored form if that would be read as another owner. */
static void put_own(struct tree *tree, const char *domain,
                    const struct stored_record *row)
{
	size_t len = strlen(row->owner) - strlen("<domain>.");
	auto_free char *owner = xmemdup(row->owner, len ? len - 1 : 0);
	size_t domain_len = strlen(domain);
	bool is_mistaken = len > domain_len &&
	                   strcmp(owner + strlen(owner) - domain_len, domain) == 0;
	put_record(tree, row, is_mistaken ? row->owner : *owner ? owner : "@");
}

static int put_records(struct writer *writer, const struct domain *domain,
                       struct err *err)
{
	auto_stored_records rows = { 0 };
	int r = stored_records_load(writer->store, domain->id, &rows, err);
	if (r < 0 || !rows.count)
		return r;
	SORT(rows.row, rows.count, compare_rows);
	tree_open(&writer->tree, "records", TREE_LIST);
	for (size_t i = 0; i < rows.count; i++)
		put_own(&writer->tree, domain->name, &rows.row[i]);
	tree_close(&writer->tree);
	return 0;
}

/* Keys with a private half; a revoked one is not exported. */
static int put_keys(struct writer *writer, const struct domain *domain, struct err *err)
{
	struct tree *tree = &writer->tree;
	auto_stmt keys = NULL;
	struct key key;
	bool is_open = false;
	int r = key_query(writer->store, domain->id, &keys, err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0) {
		auto_secret pem = SECRET_INIT;
		if (!key.has_private || strcmp(key.state, "revoked") == 0)
			continue;
		r = key_secret_pem(writer->store, key.id, &pem, err);
		if (r < 0)
			break;
		auto_free char *text = xmemdup(pem.at, pem.len);
		if (!is_open)
			tree_open(tree, "keys", TREE_LIST);
		is_open = true;
		tree_open(tree, NULL, TREE_MAP);
		tree_text(tree, "selector", key.selector);
		tree_text(tree, "state", key.state);
		tree_block(tree, "private", text);
		tree_close(tree);
		explicit_bzero(text, pem.len);
	}
	if (is_open)
		tree_close(tree);
	return r;
}

struct setting_list {
	struct tree *tree;
	bool is_open;
};

static int put_domain_setting(void *arg, enum setting_key key, const char *text,
                              struct err *err)
{
	struct setting_list *list = arg;
	if (!list->is_open)
		tree_open(list->tree, "settings", TREE_MAP);
	list->is_open = true;
	return put_setting(list->tree, key, text, err);
}

static const char *revision_name(const struct writer *writer, int64_t rev)
{
	for (size_t i = 0; i < writer->revisions; i++)
		if (writer->revision[i].rev == rev)
			return writer->revision[i].name;
	return NULL;
}

static int put_domain(struct writer *writer, const struct domain *domain, struct err *err)
{
	struct tree *tree = &writer->tree;
	struct setting_list settings = { .tree = tree };
	const char *template = revision_name(writer, domain->template_rev);
	tree_open(tree, domain->name, TREE_MAP);
	if (domain->main_name)
		tree_text(tree, "alias-of", domain->main_name);
	if (domain->is_suspended)
		tree_on(tree, "suspended", true);
	if (template)
		tree_text(tree, "template", template);
	int r = setting_each(writer->store, domain->id, put_domain_setting, &settings,
	                     err);
	if (settings.is_open)
		tree_close(tree);
	if (r >= 0)
		r = put_records(writer, domain, err);
	if (r >= 0 && writer->output->has_keys && !domain->main_id)
		r = put_keys(writer, domain, err);
	tree_close(tree);
	return r >= 0 && writer->text.len >= PIECE ? flush(writer, err) : r;
}

int config_write(struct store *store, const struct config_output *output, struct err *err)
{
	struct writer writer = { .store = store, .output = output };
	auto_stmt domains = NULL;
	struct domain domain;
	struct tree *tree = &writer.tree;
	*tree = (struct tree){ .out = &writer.text, .is_json = output->is_json };
	/* usually does not grow, so that freed memory contains no secret */
	buf_reserve(&writer.text, 2 * PIECE);
	if (!output->is_json)
		buf_puts(&writer.text, heading);
	tree_open(tree, NULL, TREE_MAP);
	tree_int(tree, "format", CONFIG_FORMAT);
	int r = put_server(&writer, err);
	if (r >= 0)
		r = put_newest(&writer, err);
	if (r >= 0)
		r = load_revisions(&writer, err);
	if (r >= 0)
		r = put_older(&writer, err);
	tree_open(tree, "domains", TREE_MAP);
	if (r >= 0)
		r = domain_query(store, 0, NULL, &domains, err);
	while (r >= 0 && (r = domain_next(domains, &domain, err)) > 0)
		r = put_domain(&writer, &domain, err);
	tree_close(tree);
	tree_close(tree);
	if (r >= 0)
		r = flush(&writer, err);
	for (size_t i = 0; i < writer.revisions; i++) {
		free(writer.revision[i].content);
		free(writer.revision[i].name);
	}
	free(writer.revision);
	if (writer.text.at)
		explicit_bzero(writer.text.at, writer.text.room);
	buf_done(&writer.text);
	return r < 0 ? r : 0;
}
