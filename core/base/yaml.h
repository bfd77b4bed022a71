/*
 * core/base/yaml.h: a strict reader of YAML into a tree with positions, and a small writer.
 *
 * Read is a subset: one document of maps, lists and texts.  Anchors, aliases, tags, several
 * documents, map keys that are no plain words or texts, and doubled keys are refused; so are more
 * than YAML_DEPTH_MAX levels.  Every fault says "<name>:<line>:<column>: ...".
 */
#ifndef CORE_BASE_YAML_H
#define CORE_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/macro.h"

#define YAML_DEPTH_MAX 16

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column;   /* of its first character, from 1 */
	const char *key;         /* in a map; NULL elsewhere */
	const char *text;        /* YAML_TEXT: NUL-terminated, holds no other NUL */
	bool is_quoted;          /* YAML_TEXT: "x", 'x' or a block */
	size_t count;            /* of children */
	struct yaml_node *first; /* child of a list or map, in the order of the file */
	struct yaml_node *next;  /* sibling */
};

struct yaml {
	const char *name; /* of the file, for faults; borrowed */
	struct yaml_node *root;
};

/* Reads `len` octets; the tree lives in `mem`, which bounds it.  `name` is borrowed.  ERR_FAILED:
 * not YAML, not of the subset, or too large for `mem`. */
int yaml_parse(const char *name, const void *octets, size_t len, struct arena *mem,
               struct yaml *ret_yaml, struct err *err) must_check;

/* Fills `err` with "<name>:<line>:<column>: <text>"; gives ERR_FAILED. */
int yaml_fault(const struct yaml *yaml, const struct yaml_node *node, struct err *err,
               const char *fmt, ...) printf_like(4, 5);

/* The child of a map with that key; NULL: none. */
const struct yaml_node *yaml_child(const struct yaml_node *map,
                                   const char *key) must_check;

/* "a list" and so on must be what the node is, else a fault that names the key. */
int yaml_expect(const struct yaml *yaml, const struct yaml_node *node,
                enum yaml_kind kind, struct err *err) must_check;
/* Any text, quoted or not; an absent value ("key:") is the empty text. */
int yaml_get_text(const struct yaml *yaml, const struct yaml_node *node,
                  const char **ret_text, struct err *err) must_check;
/* on|off, true|false, yes|no, not quoted. */
int yaml_get_bool(const struct yaml *yaml, const struct yaml_node *node, bool *ret_value,
                  struct err *err) must_check;
/* A decimal integer within [min, max], not quoted. */
int yaml_get_int(const struct yaml *yaml, const struct yaml_node *node, int64_t min,
                 int64_t max, int64_t *ret_value, struct err *err) must_check;

/* ---- the writer: block style, two blanks a level ----------------------------------- */

/* "# text", a line. */
void yaml_put_comment(struct buf *into, unsigned level, const char *text);
/* "key:", for a list or map that follows one level deeper. */
void yaml_put_key(struct buf *into, unsigned level, const char *key);
/* "key: value".  A text is quoted and escaped where it needs to be; it must be UTF-8. */
void yaml_put_text(struct buf *into, unsigned level, const char *key, const char *text);
void yaml_put_bool(struct buf *into, unsigned level, const char *key, bool value);
void yaml_put_int(struct buf *into, unsigned level, const char *key, int64_t value);
/* "- value", a list's item. */
void yaml_put_item(struct buf *into, unsigned level, const char *text);

#endif
