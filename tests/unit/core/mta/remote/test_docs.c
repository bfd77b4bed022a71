/* jsdoc.c and xmldoc.c: what is read, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/mta/remote/jsdoc.h"
#include "core/mta/remote/xmldoc.h"
#include "tests/unit/leaks.h"

static void test_json(void **state)
{
	static const char *const bad[] = { "",       "[]",
		                           "1",      "{",
		                           "{} x",   "{\"a\": 1, \"a\": 2}",
		                           "<html>", "{\"a\": \"\\u0000\"}" };
	static const char text[] =
		"{\"a\": {\"b\": \"c\", \"n\": 5, \"f\": 1.5}, \"t\": true, \"z\": null}";
	auto_jsdoc *doc = jsdoc_read(text, strlen(text));
	auto_secret written = SECRET_INIT;
	int64_t number;
	bool flag = false;
	(void)state;
	assert_non_null(doc);
	const struct jsdoc *a = jsdoc_get(doc, "a");
	assert_true(jsdoc_is_object(a));
	assert_string_equal(jsdoc_text(jsdoc_get(a, "b")), "c");
	assert_true(jsdoc_number(jsdoc_get(a, "n"), &number));
	assert_int_equal(number, 5);
	assert_false(jsdoc_number(jsdoc_get(a, "f"), &number));
	assert_false(jsdoc_number(jsdoc_get(a, "b"), &number));
	assert_null(jsdoc_text(jsdoc_get(a, "n")));
	assert_null(jsdoc_get(jsdoc_get(a, "b"), "c"));
	assert_null(jsdoc_get(jsdoc_get(doc, "none"), "c"));
	assert_true(jsdoc_bool(jsdoc_get(doc, "t"), &flag) && flag);
	assert_false(jsdoc_bool(jsdoc_get(doc, "z"), &flag));
	assert_true(jsdoc_is_true(doc, "t"));
	assert_false(jsdoc_is_true(doc, "a"));
	jsdoc_set_text(doc, "z", "\"q\"");
	jsdoc_set_number(doc, "t", -1);
	jsdoc_drop(doc, "a");
	jsdoc_drop(doc, "none");
	jsdoc_write(doc, &written);
	assert_string_equal((const char *)written.at, "{\"t\":-1,\"z\":\"\\\"q\\\"\"}");
	assert_int_equal(written.len, strlen((const char *)written.at));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(jsdoc_read(bad[i], strlen(bad[i])));
	jsdoc_free(NULL);
}

static void test_xml(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"<a>",
		"<a></b>",
		"<a/><b/>",
		"<a>&none;</a>",
		"<!DOCTYPE a [<!ENTITY b \"cc\">]><a>&b;</a>",
		"<!DOCTYPE a SYSTEM \"x\"><a/>",
	};
	static const char text[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		"<iq sid=\"s1\" type=\"result\"><query xmlns=\"admin\">"
		"<item>a<b>x</b>c</item><other/><item>&lt;d&gt;</item>"
		"</query></iq>";
	auto_xmldoc *doc = xmldoc_read(text, strlen(text)), *again = NULL;
	auto_buf put = BUF_INIT;
	(void)state;
	assert_non_null(doc);
	assert_string_equal(xmldoc_attribute(doc, "sid"), "s1");
	assert_null(xmldoc_attribute(doc, "none"));
	const struct xmldoc *item = xmldoc_child(xmldoc_child(doc, "query"), "item");
	assert_string_equal(xmldoc_text(item), "ac");
	assert_string_equal(xmldoc_text(xmldoc_child(item, "b")), "x");
	item = xmldoc_next(item);
	assert_string_equal(xmldoc_text(item), "<d>");
	assert_null(xmldoc_next(item));
	assert_null(xmldoc_child(item, "b"));
	assert_null(xmldoc_child(NULL, "b"));
	assert_string_equal(xmldoc_text(NULL), "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(xmldoc_read(bad[i], strlen(bad[i])));
	xmldoc_put(&put, "val", "<&>\r\n\"'");
	assert_string_equal(buf_text(&put), "<val>&lt;&amp;&gt;&#13;\n\"'</val>");
	again = xmldoc_read(buf_text(&put), put.len);
	assert_string_equal(xmldoc_text(again), "<&>\r\n\"'");
}

/* Neither depth nor number grows without end. */
static void test_limits(void **state)
{
	auto_buf deep = BUF_INIT, wide = BUF_INIT;
	(void)state;
	for (int i = 0; i < XMLDOC_DEPTH; i++)
		buf_puts(&deep, "<a>");
	for (int i = 0; i < XMLDOC_DEPTH; i++)
		buf_puts(&deep, "</a>");
	auto_xmldoc *doc = xmldoc_read(buf_text(&deep), deep.len);
	assert_non_null(doc);
	buf_clear(&deep);
	for (int i = 0; i <= XMLDOC_DEPTH; i++)
		buf_puts(&deep, "<a>");
	for (int i = 0; i <= XMLDOC_DEPTH; i++)
		buf_puts(&deep, "</a>");
	assert_null(xmldoc_read(buf_text(&deep), deep.len));
	buf_puts(&wide, "<r>");
	for (int i = 0; i < XMLDOC_ELEMENTS; i++)
		buf_puts(&wide, "<a/>");
	buf_puts(&wide, "</r>");
	assert_null(xmldoc_read(buf_text(&wide), wide.len));
}

static int begin(void **state)
{
	(void)state;
	leaks_note();
	return 0;
}

static int end(void **state)
{
	(void)state;
	return leaks_check();
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = { ROW(test_json), ROW(test_xml),
		                            ROW(test_limits) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
