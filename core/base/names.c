/* The comparator reads pointers to strings, as qsort(3) gives them. */
#include "core/base/names.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

void names_done(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct names){ 0 };
}

int names_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void names_take(struct names *names, char *name)
{
	if (names->count && strcmp(names->name[names->count - 1], name) > 0)
		names->is_mixed = true;
	GROW(names->name, names->count, names->room);
	names->name[names->count++] = name;
}

void names_add(struct names *names, const char *name)
{
	names_take(names, xstrdup(name));
}

void names_sort(struct names *names)
{
	size_t kept = 0;
	if (names->is_mixed)
		SORT(names->name, names->count, names_compare);
	names->is_mixed = false;
	for (size_t i = 0; i < names->count; i++) {
		if (kept && strcmp(names->name[kept - 1], names->name[i]) == 0)
			free(names->name[i]);
		else
			names->name[kept++] = names->name[i];
	}
	names->count = kept;
}

bool names_has(const struct names *names, const char *name)
{
	if (!names->is_mixed && names->count)
		return bsearch(&name, names->name, names->count, sizeof(name),
		               names_compare);
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->name[i], name) == 0)
			return true;
	return false;
}
