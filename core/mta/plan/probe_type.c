/* core/mta/plan/probe_type.c: probes by name, and questions by their layout. */
#include "core/mta/plan/probe_type.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

const struct probe_type *probe_type_find(const char *name)
{
	for (unsigned i = 0; name && i < probe_type_count; i++)
		if (strcmp(probe_types[i]->name, name) == 0)
			return probe_types[i];
	return NULL;
}

void *question_new(const struct question_type *type)
{
	return type->size ? xcalloc(1, type->size) : NULL;
}

void *question_dup(const struct question_type *type, const void *question)
{
	char **copy = question ? xcalloc(1, type->size) : NULL;

	if (copy)
		memcpy(copy, question, type->size);
	for (size_t i = 0; copy && i < type->texts; i++)
		copy[i] = xstrdup(copy[i]);
	return copy;
}

void question_free(const struct question_type *type, void *question)
{
	char **text = question;

	for (size_t i = 0; text && i < type->texts; i++)
		free(text[i]);
	free(question);
}

bool question_is_same(const struct question_type *type, const void *a, const void *b)
{
	const char *const *mine = a, *const *other = b;

	for (size_t i = 0; i < type->texts; i++)
		if (!text_same(mine[i], other[i]))
			return false;
	return true;
}
