/* What core/base/yaml_write writes, and that core/base/yaml reads it back. */
#include "core/base/yaml_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/base/yaml.h"

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
		yaml_put_text(&out, 0, "t", word);
		buf_printf(&want, is_quoted ? "t: \"%s\"\n" : "t: %s\n", word);
		assert_string_equal(buf_text(&out), buf_text(&want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_write),
		                            cmocka_unit_test(test_special_words) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
