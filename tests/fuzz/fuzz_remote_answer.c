/*
 * What a remote server answers: the first octet picks the reader, the rest is the text.  JSON that was read
 * is written and read again; of XML, texts and attributes are escaped and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mta/remote/jsdoc.h"
#include "core/mta/remote/xmldoc.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static void check_json(const char *text, size_t len)
{
	auto_jsdoc *doc = jsdoc_read(text, len), *again = NULL;
	auto_secret written = SECRET_INIT;
	bool flag;
	int64_t number;
	if (!doc)
		return;
	const struct jsdoc *member =
		jsdoc_get(jsdoc_get(doc, "domainSettings"), "selector");
	CHECK(!jsdoc_text(member) || !jsdoc_bool(member, &flag));
	CHECK(!jsdoc_number(member, &number) || !jsdoc_text(member));
	jsdoc_set_text(doc, "success", "x");
	jsdoc_set_bool(doc, "success", true);
	jsdoc_drop(doc, "message");
	jsdoc_write(doc, &written);
	again = jsdoc_read((const char *)written.at, written.len);
	CHECK(again && jsdoc_is_true(again, "success") && !jsdoc_get(again, "message"));
}

static void check_element(const struct xmldoc *doc, int depth)
{
	auto_buf text = BUF_INIT;
	CHECK(depth <= XMLDOC_DEPTH);
	xmldoc_put(&text, "val", xmldoc_text(doc));
	auto_xmldoc *again = xmldoc_read(buf_text(&text), text.len);
	CHECK(again && strcmp(xmldoc_text(again), xmldoc_text(doc)) == 0);
	const char *sid = xmldoc_attribute(doc, "sid");
	CHECK(!sid || strlen(sid) < SIZE_MAX);
	for (const struct xmldoc *item = xmldoc_child(doc, "item"); item;
	     item = xmldoc_next(item))
		check_element(item, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	const char *text = (const char *)data + 1;
	if (*data == 'x') {
		auto_xmldoc *doc = xmldoc_read(text, len - 1);
		if (doc)
			check_element(doc, 1);
	} else {
		check_json(text, len - 1);
	}
	return 0;
}
