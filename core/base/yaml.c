/*
 * The only file that knows libyaml.  Its events are built into a tree in the caller's arena with
 * a stack of fixed depth, so neither depth nor size of a file can exhaust anything.
 *
 * The writer is our own: a text that is no plain word is always written in double quotes, which
 * needs no knowledge of YAML's many exceptions.
 */
#include "core/base/yaml.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "core/base/text.h"

struct open_node {
	struct yaml_node *node;
	struct yaml_node **tail; /* where the next child goes */
	const char *key;         /* of the value that comes next, in a map */
};

struct reader {
	struct yaml *yaml;
	struct arena *mem;
	struct open_node stack[YAML_DEPTH_MAX];
	unsigned depth;
	struct err *err;
};

int yaml_fault(const struct yaml *yaml, const struct yaml_node *node, struct err *err,
               const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(err, ERR_FAILED, "%s:%u:%u: %s", yaml->name, node->line,
	               node->column, text);
}

static int fault_at(struct reader *r, yaml_mark_t at, const char *what)
{
	struct yaml_node here = { .line = (unsigned)at.line + 1,
		                  .column = (unsigned)at.column + 1 };
	return yaml_fault(r->yaml, &here, r->err, "%s", what);
}

static int fault_full(struct reader *r, yaml_mark_t at)
{
	return fault_at(r, at, _("the file is too large"));
}

/* Links a new node into its parent, or makes it the root. */
static int add_node(struct reader *r, enum yaml_kind kind, yaml_mark_t at,
                    struct yaml_node **ret_node)
{
	struct yaml_node *node = arena_alloc(r->mem, sizeof(*node));
	if (!node)
		return fault_full(r, at);
	node->kind = kind;
	node->line = (unsigned)at.line + 1;
	node->column = (unsigned)at.column + 1;
	if (r->depth == 0) {
		r->yaml->root = node;
	} else {
		struct open_node *parent = &r->stack[r->depth - 1];
		node->key = parent->key;
		parent->key = NULL;
		*parent->tail = node;
		parent->tail = &node->next;
		parent->node->count++;
	}
	*ret_node = node;
	return 0;
}

static bool is_key_next(const struct reader *r)
{
	return r->depth > 0 && r->stack[r->depth - 1].node->kind == YAML_MAP &&
	       !r->stack[r->depth - 1].key;
}

static int open_node(struct reader *r, enum yaml_kind kind, const yaml_event_t *event,
                     const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor || tag)
		return fault_at(r, event->start_mark,
		                _("anchors and tags are not allowed here"));
	if (is_key_next(r))
		return fault_at(r, event->start_mark,
		                _("a key must be a word, not a list or map"));
	if (r->depth == YAML_DEPTH_MAX)
		return fault_at(r, event->start_mark, _("too many levels"));
	struct yaml_node *node;
	int rc = add_node(r, kind, event->start_mark, &node);
	if (rc < 0)
		return rc;
	r->stack[r->depth++] = (struct open_node){ .node = node, .tail = &node->first };
	return 0;
}

static int add_scalar(struct reader *r, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	if (event->data.scalar.anchor || event->data.scalar.tag)
		return fault_at(r, event->start_mark,
		                _("anchors and tags are not allowed here"));
	if (memchr(value, '\0', len))
		return fault_at(r, event->start_mark, _("a NUL is not allowed here"));
	char *text = arena_memdup(r->mem, value, len);
	if (!text)
		return fault_full(r, event->start_mark);
	if (is_key_next(r)) {
		r->stack[r->depth - 1].key = text;
		return 0;
	}
	struct yaml_node *node;
	int rc = add_node(r, YAML_TEXT, event->start_mark, &node);
	if (rc < 0)
		return rc;
	node->text = text;
	node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml_node *const *x = a, *const *y = b;
	int order = strcmp((*x)->key, (*y)->key);
	if (order != 0)
		return order;
	if ((*x)->line != (*y)->line)
		return (*x)->line < (*y)->line ? -1 : 1;
	return (*x)->column < (*y)->column ? -1 : 1;
}

static int check_doubled_keys(struct reader *r, const struct yaml_node *map)
{
	if (map->count < 2)
		return 0;
	size_t mark = arena_mark(r->mem);
	const struct yaml_node **sorted =
		arena_calloc(r->mem, map->count, sizeof(*sorted));
	if (!sorted)
		return yaml_fault(r->yaml, map, r->err, _("the file is too large"));
	size_t count = 0;
	for (const struct yaml_node *child = map->first; child; child = child->next)
		sorted[count++] = child;
	qsort(sorted, count, sizeof(const struct yaml_node *), compare_keys);
	int rc = 0;
	for (size_t i = 1; i < count && rc == 0; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			rc = yaml_fault(r->yaml, sorted[i], r->err,
			                _("\"%.100s\" stands twice (first in line %u)"),
			                sorted[i]->key, sorted[i - 1]->line);
	arena_release(r->mem, mark);
	return rc;
}

static int take_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->yaml->root)
			return fault_at(r, event->start_mark,
			                _("a second document is not allowed here"));
		return 0;
	case YAML_ALIAS_EVENT:
		return fault_at(r, event->start_mark, _("aliases are not allowed here"));
	case YAML_SCALAR_EVENT:
		return add_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(r, YAML_LIST, event, event->data.sequence_start.anchor,
		                 event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_node(r, YAML_MAP, event, event->data.mapping_start.anchor,
		                 event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
		r->depth--;
		return 0;
	case YAML_MAPPING_END_EVENT:
		return check_doubled_keys(r, r->stack[--r->depth].node);
	default:
		return 0;
	}
}

static int read_all(struct reader *r, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event)) {
			const char *why = parser->problem ? parser->problem
			                                  : _("there is no memory left");
			return fault_at(r, parser->problem_mark, why);
		}
		bool is_end = event.type == YAML_STREAM_END_EVENT;
		int rc = take_event(r, &event);
		yaml_event_delete(&event);
		if (rc < 0 || is_end)
			return rc;
	}
}

int yaml_parse(const char *name, const void *octets, size_t len, struct arena *mem,
               struct yaml *ret_yaml, struct err *err)
{
	struct yaml yaml = { .name = name };
	struct reader reader = { .yaml = &yaml, .mem = mem, .err = err };
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return err_set(err, ERR_FAILED, _("%s: there is no memory left"), name);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, octets, len);
	int rc = read_all(&reader, &parser);
	yaml_parser_delete(&parser);
	if (rc < 0)
		return rc;
	if (!yaml.root)
		return err_set(err, ERR_FAILED, _("%s: the file is empty"), name);
	*ret_yaml = yaml;
	return 0;
}

const struct yaml_node *yaml_child(const struct yaml_node *map, const char *key)
{
	for (const struct yaml_node *child = map->first; child; child = child->next)
		if (child->key && strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

static int fault_type(const struct yaml *yaml, const struct yaml_node *node,
                      struct err *err, const char *wanted)
{
	if (node->key)
		return yaml_fault(yaml, node, err, _("\"%.100s\" must be %s"), node->key,
		                  wanted);
	return yaml_fault(yaml, node, err, _("%s was expected"), wanted);
}

int yaml_expect(const struct yaml *yaml, const struct yaml_node *node,
                enum yaml_kind kind, struct err *err)
{
	static const char *const names[] = { N_("a text"), N_("a list"), N_("a map") };
	return node->kind == kind ? 0 : fault_type(yaml, node, err, _(names[kind]));
}

int yaml_get_text(const struct yaml *yaml, const struct yaml_node *node,
                  const char **ret_text, struct err *err)
{
	int rc = yaml_expect(yaml, node, YAML_TEXT, err);
	if (rc == 0)
		*ret_text = node->text;
	return rc;
}

int yaml_get_bool(const struct yaml *yaml, const struct yaml_node *node, bool *ret_value,
                  struct err *err)
{
	int64_t number;
	if (node->kind != YAML_TEXT || node->is_quoted ||
	    text_to_int(node->text, INT64_MIN, INT64_MAX, &number) ||
	    !text_to_bool(node->text, ret_value))
		return fault_type(yaml, node, err, _("on or off"));
	return 0;
}

int yaml_get_int(const struct yaml *yaml, const struct yaml_node *node, int64_t min,
                 int64_t max, int64_t *ret_value, struct err *err)
{
	if (node->kind == YAML_TEXT && !node->is_quoted &&
	    text_to_int(node->text, min, max, ret_value))
		return 0;
	char wanted[100];
	snprintf(wanted, sizeof(wanted), _("a number from %" PRId64 " to %" PRId64), min,
	         max);
	return fault_type(yaml, node, err, wanted);
}

/* ---- the writer -------------------------------------------------------------------- */

static void put_indent(struct buf *into, unsigned level)
{
	for (unsigned i = 0; i < level; i++)
		buf_puts(into, "  ");
}

/* Words that need no quotes in any version of YAML: letters, digits, '-', '.', from a letter. */
static bool is_plain_word(const char *text)
{
	static const char *const special[] = { "y",    "n",   "yes",  "no",
		                               "on",   "off", "true", "false",
		                               "null", "nan", "inf" };
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-.";
	if (text[0] == '\0' || !strchr(letters, text[0]) ||
	    text[strspn(text, more)] != '\0')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (strcasecmp(text, special[i]) == 0)
			return false;
	return true;
}

static void put_value(struct buf *into, const char *text)
{
	if (is_plain_word(text)) {
		buf_puts(into, text);
		return;
	}
	buf_putc(into, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			buf_printf(into, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(into, "\\x%02x", c);
		else
			buf_putc(into, *text);
	}
	buf_putc(into, '"');
}

void yaml_put_comment(struct buf *into, unsigned level, const char *text)
{
	put_indent(into, level);
	buf_printf(into, "# %s\n", text);
}

void yaml_put_key(struct buf *into, unsigned level, const char *key)
{
	put_indent(into, level);
	put_value(into, key);
	buf_puts(into, ":\n");
}

void yaml_put_text(struct buf *into, unsigned level, const char *key, const char *text)
{
	put_indent(into, level);
	put_value(into, key);
	buf_puts(into, ": ");
	put_value(into, text);
	buf_putc(into, '\n');
}

void yaml_put_bool(struct buf *into, unsigned level, const char *key, bool value)
{
	put_indent(into, level);
	put_value(into, key);
	buf_puts(into, value ? ": on\n" : ": off\n");
}

void yaml_put_int(struct buf *into, unsigned level, const char *key, int64_t value)
{
	put_indent(into, level);
	put_value(into, key);
	buf_printf(into, ": %" PRId64 "\n", value);
}

void yaml_put_item(struct buf *into, unsigned level, const char *text)
{
	put_indent(into, level);
	buf_puts(into, "- ");
	put_value(into, text);
	buf_putc(into, '\n');
}
