/* core/mta/engine/drifts.c: a list of edits. */
#include "core/mta/engine/drifts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

void drifts_done(struct drifts *drifts)
{
	for (size_t i = 0; i < drifts->count; i++) {
		free(drifts->row[i].path);
		free(drifts->row[i].parameter);
		free(drifts->row[i].what);
		free(drifts->row[i].diff);
		secret_done(&drifts->row[i].now.text);
	}
	free(drifts->row);
	*drifts = DRIFTS_INIT;
}

struct drift *drifts_add(struct drifts *drifts, const struct step_type *type,
                         const char *path, char *what)
{
	GROW(drifts->row, drifts->count, drifts->room);
	drifts->row[drifts->count] =
		(struct drift){ .type = type, .path = xstrdup(path), .what = what };
	return &drifts->row[drifts->count++];
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct drift *)a)->path, ((const struct drift *)b)->path);
}

void drifts_sort(struct drifts *drifts)
{
	SORT(drifts->row, drifts->count, by_path);
}

struct drift *drifts_find(const struct drifts *drifts, size_t count, const char *path)
{
	struct drift key = { 0 };

	memcpy(&key.path, &path, sizeof(path));
	return count ? bsearch(&key, drifts->row, count, sizeof(key), by_path) : NULL;
}
