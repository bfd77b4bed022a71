/* JSON of remote servers. */
#include "core/mta/remote/jsdoc.h"

#include <stdlib.h>
#include <string.h>

/* Its inline functions call json_delete(), which core/mta does not link. */
#define json_delete jsdoc_delete
#include <jansson.h>

#include "core/base/library.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(json_delete) \
	CALL(json_dumps) \
	CALL(json_false) \
	CALL(json_integer) \
	CALL(json_integer_value) \
	CALL(json_loadb) \
	CALL(json_object) \
	CALL(json_object_del) \
	CALL(json_object_get) \
	CALL(json_object_set_new) \
	CALL(json_string) \
	CALL(json_string_value) \
	CALL(json_true)
/* clang-format on */
LIBRARY(jansson, LIBRARY_JANSSON, CALLS)

void jsdoc_delete(json_t *value)
{
	jansson()->json_delete(value);
}

static json_t *value_of(const struct jsdoc *doc)
{
	/* jansson's functions take values that are not const */
	union {
		const struct jsdoc *in;
		json_t *out;
	} cast = { .in = doc };
	return cast.out;
}

static struct jsdoc *doc_of(json_t *value)
{
	return (struct jsdoc *)(void *)value;
}

struct jsdoc *jsdoc_read(const char *text, size_t len)
{
	json_t *value = jansson()->json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (value && !json_is_object(value)) {
		json_decref(value);
		value = NULL;
	}
	return doc_of(value);
}

static json_t *must(json_t *value)
{
	if (!value)
		abort();
	return value;
}

struct jsdoc *jsdoc_new(void)
{
	return doc_of(must(jansson()->json_object()));
}

void jsdoc_free(struct jsdoc *doc)
{
	json_decref(value_of(doc));
}

void jsdoc_free_ptr(struct jsdoc **doc)
{
	jsdoc_free(*doc);
}

struct jsdoc *jsdoc_get(const struct jsdoc *doc, const char *key)
{
	return doc ? doc_of(jansson()->json_object_get(value_of(doc), key)) : NULL;
}

const char *jsdoc_text(const struct jsdoc *doc)
{
	return doc && json_is_string(value_of(doc))
	               ? jansson()->json_string_value(value_of(doc))
	               : NULL;
}

bool jsdoc_bool(const struct jsdoc *doc, bool *ret_value)
{
	if (!doc || !json_is_boolean(value_of(doc)))
		return false;
	*ret_value = json_is_true(value_of(doc));
	return true;
}

bool jsdoc_number(const struct jsdoc *doc, int64_t *ret_value)
{
	if (!doc || !json_is_integer(value_of(doc)))
		return false;
	*ret_value = jansson()->json_integer_value(value_of(doc));
	return true;
}

bool jsdoc_is_object(const struct jsdoc *doc)
{
	return doc && json_is_object(value_of(doc));
}

bool jsdoc_is_true(const struct jsdoc *doc, const char *key)
{
	bool value;
	return jsdoc_bool(jsdoc_get(doc, key), &value) && value;
}

static void set(struct jsdoc *doc, const char *key, json_t *value)
{
	if (jansson()->json_object_set_new(value_of(doc), key, must(value)) != 0)
		abort();
}

void jsdoc_set_text(struct jsdoc *doc, const char *key, const char *value)
{
	set(doc, key, jansson()->json_string(value));
}

void jsdoc_set_bool(struct jsdoc *doc, const char *key, bool value)
{
	set(doc, key, value ? jansson()->json_true() : jansson()->json_false());
}

void jsdoc_set_number(struct jsdoc *doc, const char *key, int64_t value)
{
	set(doc, key, jansson()->json_integer(value));
}

void jsdoc_drop(struct jsdoc *doc, const char *key)
{
	(void)jansson()->json_object_del(value_of(doc), key);
}

void jsdoc_write(const struct jsdoc *doc, struct secret *ret_text)
{
	char *text = jansson()->json_dumps(value_of(doc), JSON_COMPACT);
	if (!text)
		abort();
	size_t len = strlen(text);
	secret_set(ret_text, text, len + 1);
	ret_text->len = len;
	explicit_bzero(text, len);
	free(text);
}
