/*
 * core/base/names.h: strings that are collected one by one: domains, folders, sentences.  They keep
 * the order in which they were added until names_sort() turns them into a sorted set.
 */
#ifndef CORE_BASE_NAMES_H
#define CORE_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

/* Callers may read `name` and `count`, and change them only with the functions. */
struct names {
	char **name;
	size_t count, room;
	bool is_mixed; /* not sorted */
};

#define auto_names cleanup(names_done) struct names
void names_done(struct names *names);

/* Adds a copy, also if the string exists already. */
void names_add(struct names *names, const char *name);
/* Adds the string itself, which must be allocated; `names` frees it. */
void names_take(struct names *names, char *name);
/* Octet order, each string once. */
void names_sort(struct names *names);
/* Fast if the strings are sorted, or were added in sorted order. */
bool names_has(const struct names *names, const char *name) must_check;

/* For SORT() and bsearch() of arrays of strings: octet order. */
int names_compare(const void *a, const void *b);

#endif
