/*
 * Header fields by name.  They are sorted once, and each name of an h= is found by bisection, so
 * that many fields and long lists cost little.
 */
#include "dnszone/dkim/dkim_fields.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct dkim_field_group { /* the fields of one name in `sorted` */
	size_t start, end;
	size_t left;    /* end of those that were not taken */
	unsigned round; /* `left` is of this one */
};

struct dkim_field *dkim_fields_add(struct dkim_fields *fields, struct arena *mem,
                                   struct octets name, struct octets value)
{
	struct dkim_field *field = arena_alloc(mem, sizeof(*field));
	char *name_copy = arena_memdup(mem, name.at, name.len);
	char *value_copy = arena_memdup(mem, value.at, value.len);
	if (!field || !name_copy || !value_copy)
		return NULL;
	*field = (struct dkim_field){
		.name = { name_copy, name.len },
		.value = { value_copy, value.len },
		.key_len = name.len,
		.place = fields->count,
	};
	while (field->key_len > 0 && (name_copy[field->key_len - 1] == ' ' ||
	                              name_copy[field->key_len - 1] == '\t'))
		field->key_len--;
	if (fields->last)
		fields->last->next = field;
	else
		fields->first = field;
	fields->last = field;
	fields->count++;
	fields->octets += name.len + value.len;
	return field;
}

/* Any total order on names in lower case; strncasecmp() would end at a NUL. */
static int compare_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	for (size_t i = 0; i < a_len; i++) {
		unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];
		x = x >= 'A' && x <= 'Z' ? x | 0x20 : x;
		y = y >= 'A' && y <= 'Z' ? y | 0x20 : y;
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static int compare_fields(const void *a, const void *b)
{
	const struct dkim_field *x = *(const struct dkim_field *const *)a;
	const struct dkim_field *y = *(const struct dkim_field *const *)b;
	int order = compare_names(x->name.at, x->key_len, y->name.at, y->key_len);
	if (order != 0)
		return order;
	return x->place < y->place ? -1 : x->place > y->place;
}

bool dkim_fields_sort(struct dkim_fields *fields, struct arena *mem)
{
	size_t count = 0;
	fields->sorted = arena_calloc(mem, fields->count, sizeof(*fields->sorted));
	fields->group = arena_calloc(mem, fields->count, sizeof(*fields->group));
	if (!fields->sorted || !fields->group)
		return false;
	for (const struct dkim_field *f = fields->first; f; f = f->next)
		fields->sorted[count++] = f;
	if (count > 1)
		qsort(fields->sorted, count, sizeof(*fields->sorted), compare_fields);
	for (size_t i = 0; i < count; i++) {
		const struct dkim_field *f = fields->sorted[i];
		const struct dkim_field *before = i > 0 ? fields->sorted[i - 1] : NULL;
		if (!before || compare_names(before->name.at, before->key_len, f->name.at,
		                             f->key_len) != 0)
			fields->group[fields->groups++].start = i;
		fields->group[fields->groups - 1].end = i + 1;
	}
	return true;
}

void dkim_fields_begin(struct dkim_fields *fields)
{
	fields->round++;
}

static struct dkim_field_group *find_group(struct dkim_fields *fields, struct octets name)
{
	size_t low = 0, high = fields->groups;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct dkim_field_group *group = &fields->group[middle];
		const struct dkim_field *f = fields->sorted[group->start];
		int order = compare_names(name.at, name.len, f->name.at, f->key_len);
		if (order == 0)
			return group;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct dkim_field *dkim_fields_take(struct dkim_fields *fields, struct octets name,
                                          const struct dkim_field *except)
{
	struct dkim_field_group *group = find_group(fields, name);
	if (!group)
		return NULL;
	if (group->round != fields->round) {
		group->round = fields->round;
		group->left = group->end;
	}
	while (group->left > group->start) {
		const struct dkim_field *f = fields->sorted[--group->left];
		if (f != except)
			return f;
	}
	return NULL;
}

bool dkim_field_is(const struct dkim_field *field, const char *name)
{
	return compare_names(field->name.at, field->key_len, name, strlen(name)) == 0;
}
