/*
 * dnszone/dkim/dkim_fields.h: the header fields of a message, and which of them an h= names (RFC
 * 6376 5.4.2): of several with a name, from the bottom up, each once; names without a field are
 * nothing.
 */
#ifndef DNSZONE_DKIM_DKIM_FIELDS_H
#define DNSZONE_DKIM_DKIM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/macro.h"
#include "core/base/octets.h"

struct dkim_field {
	struct octets name; /* white space before the colon included */
	struct octets value;
	size_t key_len; /* of the name without that white space */
	size_t place;   /* from the top */
	struct dkim_field *next;
};

struct dkim_fields { /* zeroed: none */
	struct dkim_field *first, *last;
	size_t count, octets;
	const struct dkim_field **sorted; /* by name, then place */
	struct dkim_field_group *group;
	size_t groups;
	unsigned round;
};

/* Copies both into `mem`.  NULL: it is full. */
struct dkim_field *dkim_fields_add(struct dkim_fields *fields, struct arena *mem,
                                   struct octets name, struct octets value) must_check;
/* After the last one.  False: `mem` is full. */
bool dkim_fields_sort(struct dkim_fields *fields, struct arena *mem) must_check;

/* Before the first name of an h=. */
void dkim_fields_begin(struct dkim_fields *fields);
/* The field that the next name of the h= means; `except`: the signature itself, which it never
 * means.  NULL: none. */
const struct dkim_field *dkim_fields_take(struct dkim_fields *fields, struct octets name,
                                          const struct dkim_field *except) must_check;

/* Whether the field has that name, in any case. */
bool dkim_field_is(const struct dkim_field *field, const char *name) must_check;

#endif
