/* core/base/yaml: rows of texts with what is read, what is refused and where, and the writer. */
#include "core/base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The tree in one line: {key=text,list=[a,b]}. */
static void dump(const struct yaml_node *node, struct buf *into)
{
	if (node->key)
		buf_printf(into, "%s=", node->key);
	if (node->kind == YAML_TEXT) {
		buf_printf(into, node->is_quoted ? "'%s'" : "%s", node->text);
		return;
	}
	buf_putc(into, node->kind == YAML_MAP ? '{' : '[');
	for (const struct yaml_node *child = node->first; child; child = child->next) {
		dump(child, into);
		if (child->next)
			buf_putc(into, ',');
	}
	buf_putc(into, node->kind == YAML_MAP ? '}' : ']');
}

static void test_parse(void **state)
{
	(void)state;
	static const struct {
		const char *text, *tree, *fault;
	} rows[] = {
		{ "a: b\n", "{a=b}", NULL },
		{ "a: \"b\"\nc: 'd'\n", "{a='b',c='d'}", NULL },
		{ "a:\n  - x\n  - y: 1\n    z: []\nb:\n", "{a=[x,{y=1,z=[]}],b=}", NULL },
		{ "# only\n--- \n- 1\n", "[1]", NULL },
		{ "a: \"\\x01\\\"\\\\\"\n", "{a='\x01\"\\'}", NULL },
		{ "", NULL, "f: the file is empty" },
		{ "a: b\na: c\n", NULL, "f:2:4: \"a\" stands twice (first in line 1)" },
		{ "x:\n  b: 1\n  a: 1\n  b: 2\n", NULL,
		  "f:4:6: \"b\" stands twice (first in line 2)" },
		{ "a: &x b\n", NULL, "f:1:4: anchors and tags are not allowed here" },
		{ "a: !!str b\n", NULL, "f:1:4: anchors and tags are not allowed here" },
		{ "a: *x\n", NULL, "f:1:4: aliases are not allowed here" },
		{ "? [a]\n: b\n", NULL,
		  "f:1:3: a key must be a word, not a list or map" },
		{ "a: b\n---\nc: d\n", NULL,
		  "f:2:1: a second document is not allowed here" },
		{ "a: \"x\\0y\"\n", NULL, "f:1:4: a NUL is not allowed here" },
		{ "[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]", NULL,
		  "f:1:17: too many levels" },
		{ "a: [b\n", NULL, "f:2:1: did not find expected ',' or ']'" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char memory[8192];
		struct arena mem;
		arena_init(&mem, memory, sizeof(memory));
		struct yaml yaml;
		struct err err = ERR_INIT;
		int rc = yaml_parse("f", rows[i].text, strlen(rows[i].text), &mem, &yaml,
		                    &err);
		if (rows[i].tree) {
			auto_buf tree = BUF_INIT;
			assert_int_equal(rc, 0);
			dump(yaml.root, &tree);
			assert_string_equal(buf_text(&tree), rows[i].tree);
		} else {
			assert_int_equal(rc, ERR_FAILED);
			assert_string_equal(err.text, rows[i].fault);
		}
	}
}

static void test_size(void **state)
{
	(void)state;
	auto_buf text = BUF_INIT;
	for (int i = 0; i < 200; i++)
		buf_printf(&text, "key%d: value\n", i);
	char memory[8192];
	struct arena mem;
	arena_init(&mem, memory, sizeof(memory));
	struct yaml yaml;
	struct err err = ERR_INIT;
	assert_int_equal(yaml_parse("f", text.at, text.len, &mem, &yaml, &err),
	                 ERR_FAILED);
	assert_non_null(strstr(err.text, "the file is too large"));
}

static void test_values(void **state)
{
	(void)state;
	static const char text[] =
		"on: off\nyes: 'on'\none: 1\nn: 12\nlist: [a]\nempty:\n";
	char memory[8192];
	struct arena mem;
	arena_init(&mem, memory, sizeof(memory));
	struct yaml yaml;
	struct err err = ERR_INIT;
	assert_int_equal(yaml_parse("f", text, strlen(text), &mem, &yaml, &err), 0);
	bool is_on = true;
	const struct yaml_node *root = yaml.root;
	assert_int_equal(yaml_get_bool(&yaml, yaml_child(root, "on"), &is_on, &err), 0);
	assert_false(is_on);
	assert_true(yaml_get_bool(&yaml, yaml_child(root, "yes"), &is_on, &err) < 0);
	assert_string_equal(err.text, "f:2:6: \"yes\" must be on or off");
	assert_true(yaml_get_bool(&yaml, yaml_child(root, "one"), &is_on, &err) < 0);
	int64_t number = 0;
	assert_int_equal(yaml_get_int(&yaml, yaml_child(root, "n"), 1, 12, &number, &err),
	                 0);
	assert_int_equal(number, 12);
	err_clear(&err);
	assert_true(yaml_get_int(&yaml, yaml_child(root, "n"), 1, 11, &number, &err) < 0);
	assert_string_equal(err.text, "f:4:4: \"n\" must be a number from 1 to 11");
	const char *value = NULL;
	assert_true(yaml_get_text(&yaml, yaml_child(root, "list"), &value, &err) < 0);
	assert_int_equal(yaml_get_text(&yaml, yaml_child(root, "empty"), &value, &err),
	                 0);
	assert_string_equal(value, "");
	assert_null(yaml_child(root, "absent"));
}

static void test_write(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",     "plain",    "a.b-c", "on",  "No",   "null",         "12",
		"-x",   ": x",      "# x",   " x ", "a\"b", "a\\b\n",       "\x01\x7f",
		"x: y", "\xc3\xa4", "%{i}",  "~",   "?all", "2001:db8::/32"
	};
	auto_buf out = BUF_INIT;
	yaml_put_comment(&out, 0, "made");
	yaml_put_bool(&out, 0, "b", true);
	yaml_put_int(&out, 0, "i", -5);
	yaml_put_text(&out, 0, "t", "word");
	yaml_put_key(&out, 0, "list");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		yaml_put_item(&out, 1, texts[i]);
	static const char start[] =
		"# made\nb: on\ni: -5\nt: word\nlist:\n  - \"\"\n  - plain\n";
	assert_memory_equal(out.at, start, strlen(start));
	char memory[8192];
	struct arena mem;
	arena_init(&mem, memory, sizeof(memory));
	struct yaml yaml;
	struct err err = ERR_INIT;
	assert_int_equal(yaml_parse("f", out.at, out.len, &mem, &yaml, &err), 0);
	const struct yaml_node *item = yaml_child(yaml.root, "list")->first;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++, item = item->next)
		assert_string_equal(item->text, texts[i]);
	assert_null(item);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
