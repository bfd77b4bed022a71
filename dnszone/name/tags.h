/* dnszone/name/tags.h: tag=value lists, the form of DKIM (RFC 6376 3.2) and DMARC (RFC 9989)
 * records. */
#ifndef DNSZONE_NAME_TAGS_H
#define DNSZONE_NAME_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/octets.h"

struct tag {
	char *name;  /* as written; names are case-sensitive */
	char *value; /* folding white space around it removed */
	size_t at;   /* offset of the name in the text */
};
struct tags {
	struct tag *tag;
	size_t count;
};

enum tags_fault {
	TAGS_FINE,
	TAGS_OCTET,   /* not printable ASCII or white space */
	TAGS_NO_NAME, /* nothing before '=', or between two ';' */
	TAGS_NO_EQUALS,
	TAGS_NAME,  /* not letters, digits, '_' */
	TAGS_TWICE, /* a tag is there twice */
	TAGS_MANY,  /* tags_read_spans(): more than there is room for */
};
struct tags_place { /* of the fault, in the text */
	size_t at, len;
};
/* Sets *ret_tags only without a fault, *ret_place only with one. */
enum tags_fault tags_read(const char *text, struct tags *ret_tags,
                          struct tags_place *ret_place) must_check;
/* The same.  Fails with ERR_USAGE, a sentence and the position. */
int tags_parse(const char *text, struct tags *ret_tags, struct err *err) must_check;
void tags_done(struct tags *tags);

/* One tag of a list; offsets in its text. */
struct tag_span {
	size_t name_at, name_len;
	size_t equals;              /* of '=' */
	size_t value_at, value_len; /* folding white space around the value not counted */
	size_t end;                 /* of the ';' after it, or of the text */
};
/* At most `room` tags of a list, without memory of its own, for foreign octets.  Other than the
 * functions above it accepts any octet in a value, NUL too. */
enum tags_fault tags_read_spans(struct octets text, struct tag_span *ret_spans,
                                size_t room, size_t *ret_count) must_check;
/* The tag of that name, NULL when absent; borrowed. */
const struct tag *tags_find(const struct tags *tags, const char *name);
/* Its value, NULL when absent; borrowed. */
const char *tags_get(const struct tags *tags, const char *name);

/* Whether a value that is a list separated by ':' (h=, s= and t= of DKIM keys) contains the word.
 */
bool tags_list_has(const char *list, const char *word) must_check;
bool tags_list_has_in(struct octets list, const char *word) must_check;

#endif
