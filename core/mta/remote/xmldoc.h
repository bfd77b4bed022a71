/*
 * core/mta/remote/xmldoc.h: XML texts of a remote server, read by expat (its sole owner) into a tree.
 *
 * A document type, which could declare entities, is refused; namespaces are not looked at.  Depth and
 * number of elements are limited.
 */
#ifndef CORE_MTA_REMOTE_XMLDOC_H
#define CORE_MTA_REMOTE_XMLDOC_H

#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"

#define XMLDOC_DEPTH 32
#define XMLDOC_ELEMENTS 100000

struct xmldoc; /* an element, with all that it contains */

/* The root element; NULL: it is not well formed, or exceeds a limit.  The caller calls xmldoc_free(). */
struct xmldoc *xmldoc_read(const char *text, size_t len) must_check;
/* Wipes texts and frees. */
void xmldoc_free(struct xmldoc *doc);
void xmldoc_free_ptr(struct xmldoc **doc);
#define auto_xmldoc cleanup(xmldoc_free_ptr) struct xmldoc

/* The first element of that name in `doc`; NULL: none, or `doc` is NULL.  Borrowed. */
const struct xmldoc *xmldoc_child(const struct xmldoc *doc, const char *name) must_check;
/* The next element of the same name with the same parent; NULL: none. */
const struct xmldoc *xmldoc_next(const struct xmldoc *doc) must_check;
/* The text directly in it, without that of inner elements; "" if `doc` is NULL. */
const char *xmldoc_text(const struct xmldoc *doc) must_check;
/* The value of an attribute; NULL: none. */
const char *xmldoc_attribute(const struct xmldoc *doc, const char *name) must_check;

/* Appends "<name>text</name>", escaped. */
void xmldoc_put(struct buf *into, const char *name, const char *text);

#endif
