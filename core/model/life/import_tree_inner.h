/* core/model/life/import_tree_inner.h: shared by the files of import_tree.h. */
#ifndef CORE_MODEL_LIFE_IMPORT_TREE_INNER_H
#define CORE_MODEL_LIFE_IMPORT_TREE_INNER_H

#include "core/model/life/import_tree.h"
#include "core/model/life/import_walk.h"
#include "core/model/life/key_tables.h"

/* A new item, of whose texts only `file` and `path` are set. */
struct import_item *import_add(struct import *import, const struct ctx *at,
                               const char *path, enum import_fate fate);
/* Sets another fate, with the reason. */
void import_item_say(struct import_item *item, enum import_fate fate, const char *text);
/* A selector for an item whose name has none: that of the request, else dkim.selector. */
int import_default_selector(const struct import *import, struct ctx *ctx,
                            struct store *store, struct import_item *item,
                            struct err *err) must_check;

/* The file of the tree for a path in a table: the tree may be a copy, or have another path than in
 * the view of the signer (a container).  Its path ends with the same components, at least two of
 * them or all of the shorter path; NULL: none, or several.  `by_end`: import_by_end(). */
struct import_file *import_find(struct import_file *const *by_end, size_t count,
                                const char *path) must_check;
struct import_file **import_by_end(struct import_files *files) must_check;

/* Reads the tables of the request, and those among the files of the tree, which are marked as used.
 */
int import_tables(struct ctx *ctx, const struct import_request *request,
                  struct import *import, struct import_files *files,
                  struct key_tables *tables, struct err *err) must_check;

/* Sorts the items in the order of files, each once; marks keys that are in the database,
 * duplicates, and keys with the same selector. */
int import_sort(struct import *import, struct store *store, struct err *err) must_check;

#endif
