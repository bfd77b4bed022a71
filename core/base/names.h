/*
 * core/base/names.h: strings that are collected one by one: domains, folders, sentences.  They keep
 * the order in which they were added until names_sort() makes a sorted set of them.
 */
#ifndef CORE_BASE_NAMES_H
#define CORE_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

/* Read `name` and `count`; change them through the functions alone. */
struct names {
	char **name;
	size_t count, room;
	bool is_mixed; /* not sorted */
};

#define auto_names cleanup(names_done) struct names
void names_done(struct names *names);

/* Adds a copy; what is there already is added again. */
void names_add(struct names *names, const char *name);
/* Adds the string itself, which was allocated; `names` frees it. */
void names_take(struct names *names, char *name);
/* Octet order, each string once. */
void names_sort(struct names *names);
/* Fast where the strings are sorted or were added in their order. */
bool names_has(const struct names *names, const char *name) must_check;

/* For SORT() and bsearch() of arrays of strings: octet order. */
int names_compare(const void *a, const void *b);

#endif
