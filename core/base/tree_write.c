/*
 * Both formats are written by one walk.  The first child opens a map or list, because an empty one
 * looks different; in YAML the first key of an item follows its dash.
 */
#include "core/base/tree_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- texts ----------------------------------------------------------------------------------- */

/* Words that require no quotes in any version of YAML: letters, digits, '-', '.', beginning with a
 * letter. */
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

/* Characters beyond ASCII that a YAML reader treats as line breaks or refuses (YAML 1.2 5.1, 5.4):
 * C1 controls, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. The number of its octets; 0: `text` begins
 * with another character. */
static size_t special_at(const char *text, unsigned *ret_code)
{
	static const struct {
		char octets[4];
		unsigned code;
	} special[] = {
		{ "\xe2\x80\xa8", 0x2028 }, { "\xe2\x80\xa9", 0x2029 },
		{ "\xef\xbb\xbf", 0xfeff }, { "\xef\xbf\xbe", 0xfffe },
		{ "\xef\xbf\xbf", 0xffff },
	};
	const unsigned char *octets = (const unsigned char *)text;
	if (octets[0] == 0xc2 && octets[1] >= 0x80 && octets[1] < 0xa0) {
		*ret_code = octets[1];
		return 2;
	}
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (strncmp(text, special[i].octets, 3) == 0) {
			*ret_code = special[i].code;
			return 3;
		}
	return 0;
}

static void put_quoted(struct buf *out, const char *text, bool is_json)
{
	buf_putc(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		unsigned code = 0;
		size_t len = c >= 0x80 ? special_at(text, &code) : 0;
		if (len) {
			buf_printf(out, is_json ? "\\u%04x" : "\\u%04X", code);
			text += len - 1;
		} else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n' && is_json)
			buf_puts(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, is_json ? "\\u%04x" : "\\x%02x", c);
		else
			buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

/* A text that is not a plain word is always written in double quotes, which avoids YAML's many
 * exceptions. */
static void put_value(const struct tree *tree, const char *text)
{
	if (!tree->is_json && is_plain_word(text))
		buf_puts(tree->out, text);
	else
		put_quoted(tree->out, text, tree->is_json);
}

/* ---- the tree -------------------------------------------------------------------------------- */

static void indent(struct tree *tree)
{
	/* YAML: members of the document's map begin in the first column */
	for (unsigned i = tree->is_json ? 0 : 1; i < tree->depth; i++)
		buf_puts(tree->out, "  ");
}

/* Up to the beginning of the value: line break and indent, key or dash. */
static void begin_child(struct tree *tree, const char *key)
{
	if (tree->depth == 0)
		return;
	bool is_first = !tree->level[tree->depth - 1].has_children;
	bool is_inline = is_first && tree->level[tree->depth - 1].is_inline;
	bool is_item = tree->level[tree->depth - 1].kind == TREE_LIST;
	tree->level[tree->depth - 1].has_children = true;
	if (tree->is_json) {
		buf_puts(tree->out, is_first ? "\n" : ",\n");
		indent(tree);
		if (!is_item) {
			put_value(tree, key);
			buf_puts(tree->out, ": ");
		}
		return;
	}
	if (is_first && !is_inline && tree->depth > 1)
		buf_putc(tree->out, '\n');
	if (!is_inline)
		indent(tree);
	if (is_item) {
		buf_putc(tree->out, '-');
	} else {
		put_value(tree, key);
		buf_putc(tree->out, ':');
	}
}

void tree_open(struct tree *tree, const char *key, enum tree_kind kind)
{
	bool is_item = tree->depth && tree->level[tree->depth - 1].kind == TREE_LIST;
	if (tree->depth == TREE_DEPTH_MAX)
		abort();
	begin_child(tree, key);
	if (tree->is_json)
		buf_putc(tree->out, kind == TREE_MAP ? '{' : '[');
	else if (is_item)
		buf_putc(tree->out, ' ');
	tree->level[tree->depth].kind = kind;
	tree->level[tree->depth].has_children = false;
	tree->level[tree->depth].is_inline = is_item;
	tree->depth++;
}

void tree_close(struct tree *tree)
{
	if (tree->depth == 0)
		abort();
	tree->depth--;
	bool has_children = tree->level[tree->depth].has_children;
	bool is_map = tree->level[tree->depth].kind == TREE_MAP;
	if (tree->is_json) {
		if (has_children) {
			buf_putc(tree->out, '\n');
			indent(tree);
		}
		buf_putc(tree->out, is_map ? '}' : ']');
		if (tree->depth == 0)
			buf_putc(tree->out, '\n');
		return;
	}
	if (has_children)
		return;
	if (tree->depth && !tree->level[tree->depth].is_inline)
		buf_putc(tree->out, ' ');
	buf_puts(tree->out, is_map ? "{}\n" : "[]\n");
}

static void put_plain(struct tree *tree, const char *key, const char *word)
{
	begin_child(tree, key);
	if (!tree->is_json)
		buf_putc(tree->out, ' ');
	buf_puts(tree->out, word);
	if (!tree->is_json)
		buf_putc(tree->out, '\n');
}

void tree_text(struct tree *tree, const char *key, const char *text)
{
	begin_child(tree, key);
	if (!tree->is_json)
		buf_putc(tree->out, ' ');
	put_value(tree, text);
	if (!tree->is_json)
		buf_putc(tree->out, '\n');
}

void tree_block(struct tree *tree, const char *key, const char *text)
{
	if (tree->is_json) {
		tree_text(tree, key, text);
		return;
	}
	begin_child(tree, key);
	buf_puts(tree->out, " |\n");
	while (*text) {
		size_t len = strcspn(text, "\n");
		tree->depth++;
		indent(tree);
		tree->depth--;
		buf_add(tree->out, text, len);
		buf_putc(tree->out, '\n');
		text += len + (text[len] == '\n');
	}
}

void tree_int(struct tree *tree, const char *key, int64_t value)
{
	char digits[24];
	snprintf(digits, sizeof(digits), "%" PRId64, value);
	put_plain(tree, key, digits);
}

void tree_on(struct tree *tree, const char *key, bool is_on)
{
	if (tree->is_json)
		tree_text(tree, key, is_on ? "on" : "off");
	else
		put_plain(tree, key, is_on ? "on" : "off");
}

void tree_bool(struct tree *tree, const char *key, bool value)
{
	if (tree->is_json)
		put_plain(tree, key, value ? "true" : "false");
	else
		put_plain(tree, key, value ? "on" : "off");
}
