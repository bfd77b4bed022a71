/* core/base/yaml: rows of texts with what is read, what is refused and where, and the writer. */
#include "core/base/yaml.h"
#include "core/base/yaml_write.h"

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
	if (node->kind == YAML_SCALAR) {
		buf_printf(into, node->is_plain ? "%s" : "'%s'", node->text);
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
		{ "a: b\na: c\n", NULL, "f:2:4: \"a\" is there twice (first in line 1)" },
		{ "x:\n  b: 1\n  a: 1\n  b: 2\n", NULL,
		  "f:4:6: \"b\" is there twice (first in line 2)" },
		{ "a: &x b\n", NULL, "f:1:4: anchors and tags are not allowed" },
		{ "a: !!str b\n", NULL, "f:1:4: anchors and tags are not allowed" },
		{ "a: *x\n", NULL, "f:1:4: aliases are not allowed" },
		{ "? [a]\n: b\n", NULL, "f:1:3: a key must be plain text" },
		{ "\"a\\0\": b\n", NULL, "f:1:1: a key holds NUL" },
		{ "[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]", NULL,
		  "f:1:17: it is nested too deeply" },
		{ "a: [b\n", NULL,
		  "f:2:1: this is not YAML: did not find expected ',' or ']'" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char memory[8192];
		struct arena mem;
		arena_init(&mem, memory, sizeof(memory));
		const struct yaml_node *root;
		struct err err = ERR_INIT;
		int rc = yaml_read(rows[i].text, strlen(rows[i].text), "f", &mem, &root,
		                   &err);
		if (rows[i].tree) {
			auto_buf tree = BUF_INIT;
			assert_int_equal(rc, 0);
			dump(root, &tree);
			assert_string_equal(buf_text(&tree), rows[i].tree);
		} else {
			assert_int_equal(rc, ERR_USAGE);
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
	const struct yaml_node *root;
	struct err err = ERR_INIT;
	assert_int_equal(yaml_read(text.at, text.len, "f", &mem, &root, &err), ERR_USAGE);
	assert_non_null(strstr(err.text, "the text is too large"));
}

static void test_values(void **state)
{
	(void)state;
	static const char text[] =
		"on: off\nyes: 'on'\none: 1\nn: 12\nlist: [a]\nempty:\n"
		"nul: \"a\\0b\"\n";
	char memory[8192];
	struct arena mem;
	arena_init(&mem, memory, sizeof(memory));
	const struct yaml_node *root;
	struct err err = ERR_INIT;
	assert_int_equal(yaml_read(text, strlen(text), "f", &mem, &root, &err), 0);
	bool is_on = true;
	assert_int_equal(yaml_get_bool(root, "f", "on", &is_on, &err), 0);
	assert_false(is_on);
	assert_int_equal(yaml_get_bool(root, "f", "n", &is_on, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:4:4: n: on or off is expected");
	int64_t number = 0;
	assert_int_equal(yaml_get_int(root, "f", "n", 1, 12, &number, &err), 0);
	assert_int_equal(number, 12);
	assert_int_equal(yaml_get_int(root, "f", "n", 1, 11, &number, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:4:4: n: a number from 1 to 11 is expected");
	assert_int_equal(yaml_get_int(root, "f", "absent", 1, 11, &number, &err), 0);
	assert_int_equal(number, 12);
	const char *value = NULL;
	assert_int_equal(yaml_get_text(root, "f", "list", &value, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:5:7: list: one value is expected");
	assert_int_equal(yaml_get_text(root, "f", "empty", &value, &err), 0);
	assert_string_equal(value, "");
	assert_int_equal(yaml_get_text(root, "f", "nul", &value, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:7:6: nul: the value holds NUL");
	const struct yaml_node *item = NULL;
	assert_int_equal(yaml_get_list(root, "f", "list", &item, &err), 0);
	assert_string_equal(item->text, "a");
	assert_null(item->next);
	assert_int_equal(yaml_get_list(root, "f", "one", &item, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:3:6: one: a list is expected");
	assert_null(yaml_get(root, "absent"));
	static const char *const keys[] = { "on", "yes", "ones", "n", "list", NULL };
	assert_int_equal(yaml_check_keys(root, "f", keys, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:3:6: there is no \"one\"; did you mean on?");
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
	const struct yaml_node *root;
	struct err err = ERR_INIT;
	assert_int_equal(yaml_read(out.at, out.len, "f", &mem, &root, &err), 0);
	const struct yaml_node *item = yaml_get(root, "list")->first;
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
