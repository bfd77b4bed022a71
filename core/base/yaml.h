/*
 * core/base/yaml.h: a strict parser of YAML: a tree whose nodes have line and column.
 *
 * Refused: duplicate keys, keys that are not plain text, anchors and aliases, tags, nesting deeper
 * than YAML_DEPTH_MAX, and a tree that does not fit into the arena.  Values are text, which the
 * caller interprets, so "on", "010" and "1.0" are never changed silently.
 */
#ifndef CORE_BASE_YAML_H
#define CORE_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/macro.h"

#define YAML_DEPTH_MAX 16

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column; /* from 1 */
	const char *text; /* scalar: NUL-terminated; with len, as it may contain NUL */
	size_t len;
	bool is_plain;                        /* scalar: it was not quoted */
	const char *key;                      /* of a map's child; else NULL */
	unsigned key_line, key_column;        /* of the key */
	size_t count;                         /* list, map: how many children */
	const struct yaml_node *first, *next; /* list, map: children in their order */
};

/* All documents of a stream, linked by `next`; NULL: none.  `what` names the text in
 * messages ("<what>:<line>:<column>: ...").  The tree is in `mem`.  ERR_USAGE. */
int yaml_read(const char *text, size_t len, const char *what, struct arena *mem,
              const struct yaml_node **ret_first, struct err *err) must_check;

/* Fills `err` with "<what>:<line>:<column>: <text>": for faults that the caller finds.  ERR_USAGE.
 */
int yaml_fault(const struct yaml_node *node, const char *what, struct err *err,
               const char *fmt, ...) printf_like(4, 5);

/* The value of a key; NULL: no such key, or `map` is not a map. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* ERR_USAGE with the place, unless `node` is a map whose keys are all in the list that ends in
 * NULL; the message for an unknown one suggests the nearest known one. */
int yaml_check_keys(const struct yaml_node *node, const char *what,
                    const char *const keys[], struct err *err) must_check;

/* Values of a map by key.  Without the key, *ret_value is unchanged.  ERR_USAGE with the place: the
 * value is of another kind, not within [min, max], not on or off, or contains NUL. */
int yaml_get_text(const struct yaml_node *map, const char *what, const char *key,
                  const char **ret_value, struct err *err) must_check;
int yaml_get_int(const struct yaml_node *map, const char *what, const char *key,
                 int64_t min, int64_t max, int64_t *ret_value,
                 struct err *err) must_check;
int yaml_get_bool(const struct yaml_node *map, const char *what, const char *key,
                  bool *ret_value, struct err *err) must_check;
/* A list of texts: its first node, NULL if the key is missing or the list is empty. */
int yaml_get_list(const struct yaml_node *map, const char *what, const char *key,
                  const struct yaml_node **ret_first, struct err *err) must_check;

#endif
