/* What core/base/tree_write writes in both forms, and that core/base/yaml reads both as the same. */
#include "core/base/tree_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/yaml.h"

static const char *const texts[] = {
	"",
	"plain",
	"on",
	"010",
	" x ",
	"a: b",
	"- a",
	"\"q\" \\",
	"a\nb\t",
	"\x01\x7f",
	"\xe2\x80\xa8",
	"\xef\xbb\xbf x \xef\xbf\xbf",
	"\xc2\x85 \xc2\xa0 \xc3\xa4",
	"_dmarc",
	"%{i}",
	"~",
	"?all",
	"2001:db8::/32",
	"# x",
	"x\xf0\x9f\x98\x80",
};

static void put(struct buf *out, bool is_json)
{
	struct tree tree = { .out = out, .is_json = is_json };
	tree_open(&tree, NULL, TREE_MAP);
	tree_int(&tree, "number", -5);
	tree_on(&tree, "switch", true);
	tree_bool(&tree, "truth", false);
	tree_open(&tree, "none", TREE_MAP);
	tree_close(&tree);
	tree_open(&tree, "nothing", TREE_LIST);
	tree_close(&tree);
	tree_open(&tree, "items", TREE_LIST);
	tree_open(&tree, NULL, TREE_MAP);
	tree_text(&tree, "a", "1");
	tree_block(&tree, "pem", "one\n two\n");
	tree_close(&tree);
	tree_open(&tree, NULL, TREE_MAP);
	tree_close(&tree);
	tree_open(&tree, NULL, TREE_MAP);
	tree_open(&tree, "deep", TREE_LIST);
	tree_text(&tree, NULL, "x");
	tree_close(&tree);
	tree_close(&tree);
	tree_close(&tree);
	tree_open(&tree, "texts", TREE_LIST);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		tree_text(&tree, NULL, texts[i]);
	tree_close(&tree);
	tree_close(&tree);
}

static void test_forms(void **state)
{
	(void)state;
	static const char yaml[] = "number: -5\n"
				   "switch: on\n"
				   "truth: off\n"
				   "none: {}\n"
				   "nothing: []\n"
				   "items:\n"
				   "  - a: \"1\"\n"
				   "    pem: |\n"
				   "      one\n"
				   "       two\n"
				   "  - {}\n"
				   "  - deep:\n"
				   "      - x\n"
				   "texts:\n"
				   "  - \"\"\n"
				   "  - plain\n";
	static const char json[] = "{\n"
				   "  \"number\": -5,\n"
				   "  \"switch\": \"on\",\n"
				   "  \"truth\": false,\n"
				   "  \"none\": {},\n"
				   "  \"nothing\": [],\n"
				   "  \"items\": [\n"
				   "    {\n"
				   "      \"a\": \"1\",\n"
				   "      \"pem\": \"one\\n two\\n\"\n"
				   "    },\n"
				   "    {},\n";
	auto_buf out = BUF_INIT;
	put(&out, false);
	out.at[strlen(yaml)] = '\0';
	assert_string_equal(out.at, yaml);
	buf_clear(&out);
	put(&out, true);
	assert_string_equal(out.at + out.len - 9, "\x80\"\n  ]\n}\n");
	out.at[strlen(json)] = '\0';
	assert_string_equal(out.at, json);
}

static void test_read_back(void **state)
{
	(void)state;
	for (int is_json = 0; is_json < 2; is_json++) {
		auto_buf out = BUF_INIT;
		auto_arena mem = { 0 };
		const struct yaml_node *root = NULL;
		struct err err = ERR_INIT;
		assert_true(arena_open(&mem, 1 << 16));
		put(&out, is_json);
		if (yaml_read(out.at, out.len, "f", &mem, &root, &err) < 0)
			fail_msg("%s", err.text);
		const struct yaml_node *item = yaml_get(root, "items")->first;
		assert_string_equal(yaml_get(item, "pem")->text, "one\n two\n");
		assert_int_equal(item->next->kind, YAML_MAP);
		assert_int_equal(yaml_get(root, "nothing")->kind, YAML_LIST);
		item = yaml_get(root, "texts")->first;
		for (size_t i = 0; i < ARRAY_LEN(texts); i++, item = item->next)
			assert_string_equal(item->text, texts[i]);
		assert_null(item);
	}
}

/* Bare words that some version of YAML takes for something else are quoted, in any case. */
static void test_special_words(void **state)
{
	(void)state;
	static const char *const quoted[] = { "y",    "n",   "yes",  "no",
		                              "on",   "off", "true", "false",
		                              "null", "nan", "inf",  "Y",
		                              "N",    "YES", "oFF",  "Null" };
	static const char *const plain[] = { "ya",    "nn",    "yess",  "nop",  "one",
		                             "offer", "truer", "nulls", "nano", "info" };

	for (size_t i = 0; i < ARRAY_LEN(quoted) + ARRAY_LEN(plain); i++) {
		const bool is_quoted = i < ARRAY_LEN(quoted);
		const char *word = is_quoted ? quoted[i] : plain[i - ARRAY_LEN(quoted)];
		auto_buf out = BUF_INIT, want = BUF_INIT;
		struct tree tree = { .out = &out };
		tree_open(&tree, NULL, TREE_MAP);
		tree_text(&tree, "t", word);
		tree_close(&tree);
		buf_printf(&want, is_quoted ? "t: \"%s\"\n" : "t: %s\n", word);
		assert_string_equal(buf_text(&out), buf_text(&want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_special_words),
		cmocka_unit_test(test_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
