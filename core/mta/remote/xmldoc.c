/* XML of remote servers: a tree, because their answers are small and nested. */
#include "core/mta/remote/xmldoc.h"

#include <expat.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/library.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(XML_Parse) \
	CALL(XML_ParserCreate) \
	CALL(XML_ParserFree) \
	CALL(XML_SetCharacterDataHandler) \
	CALL(XML_SetElementHandler) \
	CALL(XML_SetStartDoctypeDeclHandler) \
	CALL(XML_SetUserData) \
	CALL(XML_StopParser)
/* clang-format on */
LIBRARY(expat, LIBRARY_EXPAT, CALLS)

struct xmldoc {
	struct xmldoc *parent, *first, *last, *next;
	char *name;
	struct buf text;
	char **attribute; /* name, value, name, value; NULL at the end */
};

struct reading {
	XML_Parser parser;
	struct xmldoc *root, *at; /* at: the open element */
	unsigned depth, elements;
	bool is_refused;
};

static void refuse(struct reading *reading)
{
	reading->is_refused = true;
	expat()->XML_StopParser(reading->parser, XML_FALSE);
}

static void XMLCALL begin_type(void *arg, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_internal)
{
	(void)name, (void)system_id, (void)public_id, (void)has_internal;
	refuse(arg);
}

static char **copy_attributes(const XML_Char **attributes)
{
	size_t count = 0;
	while (attributes[count])
		count++;
	char **copy = xcalloc(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = xstrdup(attributes[i]);
	return copy;
}

static void XMLCALL begin_element(void *arg, const XML_Char *name,
                                  const XML_Char **attributes)
{
	struct reading *reading = arg;
	if (reading->is_refused || reading->depth == XMLDOC_DEPTH ||
	    reading->elements == XMLDOC_ELEMENTS) {
		refuse(reading);
		return;
	}
	struct xmldoc *doc = xcalloc(1, sizeof(*doc));
	doc->name = xstrdup(name);
	doc->attribute = copy_attributes(attributes);
	doc->parent = reading->at;
	if (!reading->at)
		reading->root = doc;
	else if (reading->at->last)
		reading->at->last->next = doc;
	else
		reading->at->first = doc;
	if (reading->at)
		reading->at->last = doc;
	reading->at = doc;
	reading->depth++;
	reading->elements++;
}

static void XMLCALL end_element(void *arg, const XML_Char *name)
{
	struct reading *reading = arg;
	(void)name;
	if (reading->is_refused)
		return;
	reading->at = reading->at->parent;
	reading->depth--;
}

static void XMLCALL add_text(void *arg, const XML_Char *text, int len)
{
	struct reading *reading = arg;
	if (!reading->is_refused && reading->at)
		buf_add(&reading->at->text, text, (size_t)len);
}

struct xmldoc *xmldoc_read(const char *text, size_t len)
{
	struct reading reading = { .parser = expat()->XML_ParserCreate(NULL) };
	if (!reading.parser)
		abort();
	expat()->XML_SetUserData(reading.parser, &reading);
	expat()->XML_SetStartDoctypeDeclHandler(reading.parser, begin_type);
	expat()->XML_SetElementHandler(reading.parser, begin_element, end_element);
	expat()->XML_SetCharacterDataHandler(reading.parser, add_text);
	bool is_read = len <= INT_MAX &&
	               expat()->XML_Parse(reading.parser, text, (int)len, XML_TRUE) ==
	                       XML_STATUS_OK;
	expat()->XML_ParserFree(reading.parser);
	if (is_read && !reading.is_refused)
		return reading.root;
	xmldoc_free(reading.root);
	return NULL;
}

static void free_one(struct xmldoc *doc)
{
	if (doc->text.at)
		explicit_bzero(doc->text.at, doc->text.room);
	buf_done(&doc->text);
	for (char **attribute = doc->attribute; *attribute; attribute++) {
		explicit_bzero(*attribute, strlen(*attribute));
		free(*attribute);
	}
	free(doc->attribute);
	free(doc->name);
	free(doc);
}

/* No deeper than XMLDOC_DEPTH. */
void xmldoc_free(struct xmldoc *doc)
{
	if (!doc)
		return;
	for (struct xmldoc *child = doc->first, *next; child; child = next) {
		next = child->next;
		xmldoc_free(child);
	}
	free_one(doc);
}

void xmldoc_free_ptr(struct xmldoc **doc)
{
	xmldoc_free(*doc);
}

static const struct xmldoc *find(const struct xmldoc *from, const char *name)
{
	while (from && strcmp(from->name, name) != 0)
		from = from->next;
	return from;
}

const struct xmldoc *xmldoc_child(const struct xmldoc *doc, const char *name)
{
	return doc ? find(doc->first, name) : NULL;
}

const struct xmldoc *xmldoc_next(const struct xmldoc *doc)
{
	return find(doc->next, doc->name);
}

const char *xmldoc_text(const struct xmldoc *doc)
{
	return doc ? buf_text(&doc->text) : "";
}

const char *xmldoc_attribute(const struct xmldoc *doc, const char *name)
{
	for (char **attribute = doc->attribute; *attribute; attribute += 2)
		if (strcmp(attribute[0], name) == 0)
			return attribute[1];
	return NULL;
}

void xmldoc_put(struct buf *into, const char *name, const char *text)
{
	buf_printf(into, "<%s>", name);
	for (; *text; text++)
		switch (*text) {
		case '<':
			buf_puts(into, "&lt;");
			break;
		case '>':
			buf_puts(into, "&gt;");
			break;
		case '&':
			buf_puts(into, "&amp;");
			break;
		case '\r':
			buf_puts(into, "&#13;");
			break;
		default:
			buf_putc(into, *text);
		}
	buf_printf(into, "</%s>", name);
}
