/*
 * core/base/tree_write.h: a tree of maps, lists and values, written piece by piece as YAML (block
 * style, which yaml.h reads back unchanged) or as JSON, indented by two blanks for each level.
 *
 *     tree_open(&tree, NULL, TREE_MAP);          the document
 *     tree_text(&tree, "name", "value");
 *     tree_open(&tree, "list", TREE_LIST);       an empty one becomes {} or []
 *     tree_text(&tree, NULL, "item");            items have no key
 *     tree_close(&tree);
 *     tree_close(&tree);
 *
 * The caller may remove the octets from the buffer between two calls.
 */
#ifndef CORE_BASE_TREE_WRITE_H
#define CORE_BASE_TREE_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

enum { TREE_DEPTH_MAX = 16 };

enum tree_kind { TREE_MAP, TREE_LIST };

struct tree {
	struct buf *out; /* borrowed */
	bool is_json;
	unsigned depth;
	struct {
		enum tree_kind kind;
		bool has_children;
		bool is_inline; /* YAML: its first child follows the "- " of this item */
	} level[TREE_DEPTH_MAX];
};

/* Opens a map or list; deeper than TREE_DEPTH_MAX aborts. */
void tree_open(struct tree *tree, const char *key, enum tree_kind kind);
void tree_close(struct tree *tree);

/* A text (UTF-8), in quotes if required. */
void tree_text(struct tree *tree, const char *key, const char *text);
/* A text of several lines, each with its line break: a literal block in YAML. */
void tree_block(struct tree *tree, const char *key, const char *text);
/* A number. */
void tree_int(struct tree *tree, const char *key, int64_t value);
/* YAML: on or off, plain.  JSON: "on" or "off", as YAML 1.2 reads them. */
void tree_on(struct tree *tree, const char *key, bool is_on);
/* JSON: true or false; YAML as tree_on(). */
void tree_bool(struct tree *tree, const char *key, bool value);

#endif
