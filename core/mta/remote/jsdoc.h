/* core/mta/remote/jsdoc.h: JSON texts of a remote server, read and written by jansson. */
#ifndef CORE_MTA_REMOTE_JSDOC_H
#define CORE_MTA_REMOTE_JSDOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"
#include "core/base/secret.h"

struct jsdoc; /* a value, with all that it contains */

/* One JSON object, nothing else: NULL otherwise, also if a key occurs twice, a text contains U+0000, or
 * it is nested too deeply.  The caller calls jsdoc_free(). */
struct jsdoc *jsdoc_read(const char *text, size_t len) must_check;
/* An empty object. */
struct jsdoc *jsdoc_new(void) must_check;
void jsdoc_free(struct jsdoc *doc);
void jsdoc_free_ptr(struct jsdoc **doc);
#define auto_jsdoc cleanup(jsdoc_free_ptr) struct jsdoc

/* The member of an object; borrowed.  NULL: none, or `doc` is not an object, or NULL. */
struct jsdoc *jsdoc_get(const struct jsdoc *doc, const char *key) must_check;
/* The value; NULL or false: it is of another type, or `doc` is NULL. */
const char *jsdoc_text(const struct jsdoc *doc) must_check;
bool jsdoc_bool(const struct jsdoc *doc, bool *ret_value) must_check;
bool jsdoc_number(const struct jsdoc *doc, int64_t *ret_value) must_check;
bool jsdoc_is_object(const struct jsdoc *doc) must_check;
/* Whether the member `key` is true. */
bool jsdoc_is_true(const struct jsdoc *doc, const char *key) must_check;

/* Sets a member of an object. */
void jsdoc_set_text(struct jsdoc *doc, const char *key, const char *value);
void jsdoc_set_bool(struct jsdoc *doc, const char *key, bool value);
void jsdoc_set_number(struct jsdoc *doc, const char *key, int64_t value);
/* Removes a member; no such member is not a failure. */
void jsdoc_drop(struct jsdoc *doc, const char *key);

/* As one line.  `ret_text` is followed by a NUL that is not counted. */
void jsdoc_write(const struct jsdoc *doc, struct secret *ret_text);

#endif
