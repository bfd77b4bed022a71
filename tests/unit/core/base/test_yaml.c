/* The strict YAML reader: what it gives, and what it refuses with which place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/yaml.h"

static const struct yaml_node *read_good(struct arena *mem, const char *text)
{
	const struct yaml_node *root = NULL;
	struct err err;
	assert_true(arena_open(mem, 1 << 16));
	if (yaml_read(text, strlen(text), "f", mem, &root, &err) != 0)
		fail_msg("%s", err.text);
	return root;
}

static void test_tree(void **state)
{
	(void)state;
	auto_arena mem = { 0 };
	const struct yaml_node *root = read_good(
		&mem, "a: 010\nb: [x, 'on']\nc:\n  d: \"\\0y\"\n  e:\n---\nplain\n");
	assert_int_equal(root->kind, YAML_MAP);
	assert_int_equal(root->count, 3);
	assert_string_equal(yaml_get(root, "a")->text, "010");
	const struct yaml_node *b = yaml_get(root, "b");
	assert_int_equal(b->kind, YAML_LIST);
	assert_int_equal(b->count, 2);
	assert_true(b->first->is_plain);
	assert_false(b->first->next->is_plain);
	assert_null(b->first->key);
	assert_int_equal(b->first->next->line, 2);
	assert_int_equal(b->first->next->column, 8);
	const struct yaml_node *d = yaml_get(yaml_get(root, "c"), "d");
	assert_int_equal(d->len, 2);
	assert_memory_equal(d->text, "\0y", 3);
	assert_int_equal(yaml_get(yaml_get(root, "c"), "e")->len, 0);
	assert_string_equal(root->next->text, "plain");
	assert_null(root->next->next);
	assert_null(yaml_get(root, "z"));
	assert_null(yaml_get(b, "a"));
	assert_null(yaml_get(NULL, "a"));
}

static void test_empty(void **state)
{
	(void)state;
	auto_arena mem = { 0 };
	assert_null(read_good(&mem, ""));
}

static void test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{ "a: 1\na: 2\n", "f:2:1: duplicate key \"a\"" },
		{ "a: {b: 1, c: 2, b: 3}\n", "f:1:17: duplicate key \"b\"" },
		{ "a: &x 1\n", "f:1:4: anchors and tags are not supported" },
		{ "a: *x\n", "f:1:4: aliases are not supported" },
		{ "a: !!str 1\n", "f:1:4: anchors and tags are not supported" },
		{ "a: &x [1]\n", "f:1:4: anchors and tags are not supported" },
		{ "a: !x {b: 1}\n", "f:1:4: anchors and tags are not supported" },
		{ "? [a]\n: 1\n", "f:1:3: a key must be plain text" },
		{ "\"a\\0\": 1\n", "f:1:1: a key contains NUL" },
		{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
		  "f:1:17: the nesting is too deep" },
		{ "a: [1\nb: 2\n", "not valid YAML" },
		{ "a: 1\n\tb: 2\n", "f:2:1: not valid YAML" },
		{ "a: \xff\n", "f:1:4: not valid YAML" },
		/* columns count characters */
		{ "a: \xc3\xa4\xe2\x82\xac\xff\n", "f:1:6: not valid YAML" },
		{ "b: 1\n\na: \xc3\xa4 \xff\n", "f:3:6: not valid YAML" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena mem = { 0 };
		const struct yaml_node *root = NULL;
		struct err err = ERR_INIT;
		assert_true(arena_open(&mem, 1 << 16));
		int r = yaml_read(rows[i].text, strlen(rows[i].text), "f", &mem, &root,
		                  &err);
		if (r != ERR_USAGE || !strstr(err.text, rows[i].fault) || root)
			fail_msg("%s: %d %s", rows[i].text, r, err.text);
	}
}

static void test_memory(void **state)
{
	(void)state;
	static const char text[] = "aaaa: [bbbb, cccc]\ndddd: {eeee: ffff}\n";
	bool has_passed = false;
	for (size_t size = 0; size < 2000; size += 8) {
		auto_arena mem = { 0 };
		const struct yaml_node *root;
		struct err err = ERR_INIT;
		assert_true(arena_open(&mem, size));
		int r = yaml_read(text, strlen(text), "f", &mem, &root, &err);
		assert_true(r == 0 || strstr(err.text, "too large"));
		assert_true(r == 0 || !has_passed);
		has_passed = r == 0;
	}
	assert_true(has_passed);
}

static void test_values(void **state)
{
	(void)state;
	auto_arena mem = { 0 };
	const struct yaml_node *root =
		read_good(&mem, "t: x\nn: 12\nb: on\nl: [p, q]\none: r\nm: {k: v}\n"
	                        "z: \"\\0\"\nll: [[x]]\n");
	const char *text = "kept";
	int64_t number = -1;
	bool is_on = false;
	const struct yaml_node *list;
	struct err err = ERR_INIT;
	assert_int_equal(yaml_get_text(root, "f", "gone", &text, &err), 0);
	assert_string_equal(text, "kept");
	assert_int_equal(yaml_get_text(root, "f", "t", &text, &err), 0);
	assert_string_equal(text, "x");
	assert_int_equal(yaml_get_int(root, "f", "n", 0, 12, &number, &err), 0);
	assert_int_equal(number, 12);
	assert_int_equal(yaml_get_bool(root, "f", "b", &is_on, &err), 0);
	assert_true(is_on);
	assert_int_equal(yaml_get_list(root, "f", "l", &list, &err), 0);
	assert_string_equal(list->next->text, "q");
	assert_int_equal(yaml_get_list(root, "f", "gone", &list, &err), 0);
	assert_null(list);

	assert_int_equal(yaml_get_int(root, "f", "n", 0, 11, &number, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:2:4: n: a number from 0 to 11 is required");
	assert_int_equal(yaml_get_int(root, "f", "n", 12, 12, &number, &err), 0);
	assert_int_equal(yaml_get_int(root, "f", "n", 13, 20, &number, &err), ERR_USAGE);
	/* a list is no number, nor is one with NUL behind it */
	number = 7;
	assert_int_equal(yaml_get_int(root, "f", "l", 0, 12, &number, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:4:4: l: a single value is required");
	assert_int_equal(yaml_get_int(root, "f", "z", 0, 12, &number, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:7:4: z: the value contains NUL");
	assert_int_equal(yaml_get_int(root, "f", "gone", 0, 12, &number, &err), 0);
	assert_int_equal(number, 7);
	assert_int_equal(yaml_get_bool(root, "f", "n", &is_on, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:2:4: n: on or off is required");
	assert_int_equal(yaml_get_text(root, "f", "l", &text, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:4:4: l: a single value is required");
	assert_int_equal(yaml_get_text(root, "f", "z", &text, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:7:4: z: the value contains NUL");
	assert_int_equal(yaml_get_list(root, "f", "m", &list, &err), ERR_USAGE);
	assert_int_equal(yaml_get_list(root, "f", "one", &list, &err), ERR_USAGE);
	assert_string_equal(err.text, "f:5:6: one: a list is required");
	assert_int_equal(yaml_get_list(root, "f", "ll", &list, &err), ERR_USAGE);
}

static void test_keys(void **state)
{
	(void)state;
	static const char *const all[] = { "mode", "receiver", NULL };
	auto_arena mem = { 0 };
	struct err err = ERR_INIT;
	const struct yaml_node *root = read_good(&mem, "mode: 1\nreciever: x\n");
	assert_int_equal(yaml_check_keys(root, "f", all, &err), ERR_USAGE);
	assert_string_equal(err.text,
	                    "f:2:1: unknown key \"reciever\"; did you mean receiver?");
	assert_int_equal(yaml_check_keys(root->first, "f", all, &err), ERR_USAGE);
	static const char *const more[] = { "mode", "reciever", NULL };
	assert_int_equal(yaml_check_keys(root, "f", more, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),   cmocka_unit_test(test_empty),
		cmocka_unit_test(test_faults), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_values), cmocka_unit_test(test_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
