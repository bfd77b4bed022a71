/*
 * The strict YAML reader, and the only user of libyaml in the library.
 *
 * libyaml's events become nodes without recursion: a stack of open lists and maps, of at most
 * YAML_DEPTH_MAX. libyaml itself allocates on the heap; callers bound the text.
 */
#include "core/base/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/base/alloc.h"
#include "core/base/library.h"
#include "core/base/text.h"
#include "core/base/words.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(yaml_event_delete) \
	CALL(yaml_parser_delete) \
	CALL(yaml_parser_initialize) \
	CALL(yaml_parser_parse) \
	CALL(yaml_parser_set_input_string)
/* clang-format on */
LIBRARY(yaml, LIBRARY_YAML, CALLS)

struct level {
	struct yaml_node *node;
	struct yaml_node *last; /* child */
	const char *key;        /* map: key read, value to follow */
	unsigned key_line, key_column;
};

struct reader {
	const char *what;
	struct arena *mem;
	struct level level[YAML_DEPTH_MAX];
	unsigned depth;
	struct yaml_node *first, *last; /* documents */
	struct err *err;
};

static int printf_like(5, 6) fault(struct err *err, const char *what, unsigned line,
                                   unsigned column, const char *fmt, ...)
{
	char why[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_USAGE, "%s:%u:%u: %s", what, line, column, why);
}

int yaml_fault(const struct yaml_node *node, const char *what, struct err *err,
               const char *fmt, ...)
{
	char why[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return fault(err, what, node->line, node->column, "%s", why);
}

static int fault_at(const struct reader *r, const yaml_mark_t *mark, const char *why)
{
	return fault(r->err, r->what, (unsigned)mark->line + 1,
	             (unsigned)mark->column + 1, "%s", why);
}

static struct yaml_node *new_node(struct reader *r, enum yaml_kind kind,
                                  const yaml_mark_t *mark)
{
	struct yaml_node *node = arena_alloc(r->mem, sizeof(*node));
	if (!node)
		return NULL;
	node->kind = kind;
	node->line = (unsigned)mark->line + 1;
	node->column = (unsigned)mark->column + 1;
	return node;
}

/* Adds a finished or newly opened node to its parent. */
static void attach(struct reader *r, struct yaml_node *node)
{
	if (r->depth == 0) {
		if (r->last)
			r->last->next = node;
		else
			r->first = node;
		r->last = node;
		return;
	}
	struct level *level = &r->level[r->depth - 1];
	node->key = level->key;
	node->key_line = level->key_line;
	node->key_column = level->key_column;
	level->key = NULL;
	if (level->last)
		level->last->next = node;
	else
		level->node->first = node;
	level->last = node;
	level->node->count++;
}

static bool is_key_next(const struct reader *r)
{
	return r->depth > 0 && r->level[r->depth - 1].node->kind == YAML_MAP &&
	       !r->level[r->depth - 1].key;
}

static int take_key(struct reader *r, const yaml_event_t *event)
{
	struct level *level = &r->level[r->depth - 1];
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	if (memchr(text, '\0', len))
		return fault_at(r, &event->start_mark, _("a key contains NUL"));
	level->key = arena_memdup(r->mem, text, len);
	level->key_line = (unsigned)event->start_mark.line + 1;
	level->key_column = (unsigned)event->start_mark.column + 1;
	return level->key ? 0
	                  : fault_at(r, &event->start_mark, _("the text is too large"));
}

static int take_scalar(struct reader *r, const yaml_event_t *event)
{
	if (event->data.scalar.anchor || event->data.scalar.tag)
		return fault_at(r, &event->start_mark,
		                _("anchors and tags are not supported"));
	if (is_key_next(r))
		return take_key(r, event);
	struct yaml_node *node = new_node(r, YAML_SCALAR, &event->start_mark);
	if (node) {
		node->len = event->data.scalar.length;
		node->text = arena_memdup(r->mem, event->data.scalar.value, node->len);
		node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	}
	if (!node || !node->text)
		return fault_at(r, &event->start_mark, _("the text is too large"));
	attach(r, node);
	return 0;
}

static int open_level(struct reader *r, const yaml_event_t *event, enum yaml_kind kind)
{
	bool is_map = kind == YAML_MAP;
	if (is_map ? event->data.mapping_start.anchor || event->data.mapping_start.tag
	           : event->data.sequence_start.anchor || event->data.sequence_start.tag)
		return fault_at(r, &event->start_mark,
		                _("anchors and tags are not supported"));
	if (is_key_next(r))
		return fault_at(r, &event->start_mark, _("a key must be plain text"));
	if (r->depth == YAML_DEPTH_MAX)
		return fault_at(r, &event->start_mark, _("the nesting is too deep"));
	struct yaml_node *node = new_node(r, kind, &event->start_mark);
	if (!node)
		return fault_at(r, &event->start_mark, _("the text is too large"));
	attach(r, node);
	r->level[r->depth++] = (struct level){ .node = node };
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml_node *const *x = a, *const *y = b;
	int order = strcmp((*x)->key, (*y)->key);
	if (order == 0 && (*x)->key_line != (*y)->key_line)
		return (*x)->key_line < (*y)->key_line ? -1 : 1;
	return order ? order : (int)(*x)->key_column - (int)(*y)->key_column;
}

/* Sorted, because a map may have a hundred thousand keys. */
static int check_doubled_keys(struct reader *r, const struct yaml_node *map)
{
	size_t mark = arena_mark(r->mem), count = 0;
	const struct yaml_node **sorted =
		arena_calloc(r->mem, map->count, sizeof(*sorted));
	if (!sorted)
		return yaml_fault(map, r->what, r->err, "%s", _("the text is too large"));
	for (const struct yaml_node *node = map->first; node; node = node->next)
		sorted[count++] = node;
	SORT(sorted, count, compare_keys);
	int rc = 0;
	for (size_t i = 1; i < count && rc == 0; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			rc = fault(r->err, r->what, sorted[i]->key_line,
			           sorted[i]->key_column,
			           _("duplicate key \"%.80s\" (first in line %u)"),
			           sorted[i]->key, sorted[i - 1]->key_line);
	arena_release(r->mem, mark);
	return rc;
}

static int take_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return take_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_level(r, event, YAML_LIST);
	case YAML_MAPPING_START_EVENT:
		return open_level(r, event, YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
		r->depth--;
		return 0;
	case YAML_MAPPING_END_EVENT:
		return check_doubled_keys(r, r->level[--r->depth].node);
	case YAML_ALIAS_EVENT:
		return fault_at(r, &event->start_mark, _("aliases are not supported"));
	default:
		return 0;
	}
}

/* The position of an octet; columns count characters, as libyaml's do. */
static void place_of(const char *text, size_t at, unsigned *ret_line,
                     unsigned *ret_column)
{
	unsigned line = 1, column = 1;
	for (size_t i = 0; i < at; i++) {
		bool is_character = ((unsigned char)text[i] & 0xc0) != 0x80;
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (is_character) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

static int parse_fault(const struct reader *r, const yaml_parser_t *parser,
                       const char *text, size_t len)
{
	unsigned line = (unsigned)parser->problem_mark.line + 1;
	unsigned column = (unsigned)parser->problem_mark.column + 1;
	/* an error in the encoding has an offset only */
	if (parser->error == YAML_READER_ERROR)
		place_of(text,
		         parser->problem_offset < len ? parser->problem_offset : len,
		         &line, &column);
	return fault(r->err, r->what, line, column, _("not valid YAML: %.200s"),
	             parser->problem ? parser->problem : _("out of memory"));
}

int yaml_read(const char *text, size_t len, const char *what, struct arena *mem,
              const struct yaml_node **ret_first, struct err *err)
{
	struct reader r = { .what = what, .mem = mem, .err = err };
	yaml_parser_t parser;
	if (!yaml()->yaml_parser_initialize(&parser))
		return fault(err, what, 1, 1, "%s", _("out of memory"));
	yaml()->yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	int status = 0;
	for (bool is_end = false; !is_end && status == 0;) {
		yaml_event_t event;
		if (!yaml()->yaml_parser_parse(&parser, &event)) {
			status = parse_fault(&r, &parser, text, len);
			break;
		}
		is_end = event.type == YAML_STREAM_END_EVENT;
		status = take_event(&r, &event);
		yaml()->yaml_event_delete(&event);
	}
	yaml()->yaml_parser_delete(&parser);
	if (status == 0)
		*ret_first = r.first;
	return status;
}

/* ---- values ------------------------------------------------------------------------ */

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *node = map->first; node; node = node->next)
		if (text_same(node->key, key))
			return node;
	return NULL;
}

int yaml_check_keys(const struct yaml_node *node, const char *what,
                    const char *const keys[], struct err *err)
{
	if (node->kind != YAML_MAP)
		return fault(err, what, node->line, node->column, "%s",
		             _("keys and values are required here"));
	for (const struct yaml_node *child = node->first; child; child = child->next) {
		bool is_known = false;
		for (size_t i = 0; keys[i] && !is_known; i++)
			is_known = text_same(keys[i], child->key);
		if (is_known)
			continue;
		struct suggestion near;
		suggestion_init(&near, child->key);
		for (size_t i = 0; keys[i]; i++)
			suggestion_offer(&near, keys[i]);
		if (near.best)
			return fault(err, what, child->key_line, child->key_column,
			             _("unknown key \"%.80s\"; did you mean %s?"),
			             child->key, near.best);
		return fault(err, what, child->key_line, child->key_column,
		             _("unknown key \"%.80s\""), child->key);
	}
	return 0;
}

static int wrong_value(struct err *err, const char *what, const struct yaml_node *node,
                       const char *why)
{
	return fault(err, what, node->line, node->column, "%.80s: %s",
	             node->key ? node->key : "-", why);
}

static int check_text(const struct yaml_node *node, const char *what, struct err *err)
{
	if (node->kind != YAML_SCALAR)
		return wrong_value(err, what, node, _("a single value is required"));
	if (memchr(node->text, '\0', node->len))
		return wrong_value(err, what, node, _("the value contains NUL"));
	return 0;
}

int yaml_get_text(const struct yaml_node *map, const char *what, const char *key,
                  const char **ret_value, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (!node)
		return 0;
	int r = check_text(node, what, err);
	if (r == 0)
		*ret_value = node->text;
	return r;
}

int yaml_get_int(const struct yaml_node *map, const char *what, const char *key,
                 int64_t min, int64_t max, int64_t *ret_value, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (!node)
		return 0;
	int r = check_text(node, what, err);
	if (r < 0 || text_to_int(node->text, min, max, ret_value))
		return r;
	char why[100];
	snprintf(why, sizeof(why), _("a number from %lld to %lld is required"),
	         (long long)min, (long long)max);
	return wrong_value(err, what, node, why);
}

int yaml_get_bool(const struct yaml_node *map, const char *what, const char *key,
                  bool *ret_value, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (!node)
		return 0;
	int r = check_text(node, what, err);
	if (r < 0 || text_to_bool(node->text, ret_value))
		return r;
	return wrong_value(err, what, node, _("on or off is required"));
}

int yaml_get_list(const struct yaml_node *map, const char *what, const char *key,
                  const struct yaml_node **ret_first, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);
	*ret_first = NULL;
	if (!node)
		return 0;
	if (node->kind != YAML_LIST)
		return wrong_value(err, what, node, _("a list is required"));
	for (const struct yaml_node *item = node->first; item; item = item->next) {
		int r = check_text(item, what, err);
		if (r < 0)
			return r;
	}
	*ret_first = node->first;
	return 0;
}
