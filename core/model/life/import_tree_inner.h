/* core/model/life/import_tree_inner.h: shared by the files of import_tree.h. */
#ifndef CORE_MODEL_LIFE_IMPORT_TREE_INNER_H
#define CORE_MODEL_LIFE_IMPORT_TREE_INNER_H

#include "core/model/life/import_tree.h"
#include "core/model/life/import_walk.h"
#include "core/model/life/key_tables.h"

/* A new item; its texts but `file` and `path` are not set. */
struct import_item *import_add(struct import *import, const struct ctx *at,
                               const char *path, enum import_fate fate);
/* Another fate, with why. */
void import_item_say(struct import_item *item, enum import_fate fate, const char *text);
/* A selector for an item whose name has none: the one that was asked for, else dkim.selector. */
int import_default_selector(const struct import *import, struct ctx *ctx,
                            struct store *store, struct import_item *item,
                            struct err *err) must_check;

/* The file of the tree that a path in a table means: the tree may be a copy, or lie elsewhere than
 * where the signer sees it (a container).  It is the one whose path ends as that one does, by two
 * names at least or by all that it has; NULL: none, or several.  `by_end`: import_by_end(). */
struct import_file *import_find(struct import_file *const *by_end, size_t count,
                                const char *path) must_check;
struct import_file **import_by_end(struct import_files *files) must_check;

/* Reads the tables that were named, and those among the files of the tree, which become used. */
int import_tables(struct ctx *ctx, const struct import_request *request,
                  struct import *import, struct import_files *files,
                  struct key_tables *tables, struct err *err) must_check;

/* Items in the order of files, each once; what the database has, what is there twice, and keys that
 * want the same selector are told. */
int import_sort(struct import *import, struct store *store, struct err *err) must_check;

#endif
