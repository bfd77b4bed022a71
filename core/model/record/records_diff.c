/* Compares two short lists, all pairs of records. */
#include "core/model/record/records_diff.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

static bool is_same(const struct record_row *a, const struct record_row *b)
{
	return a->ttl == b->ttl && strcmp(a->owner, b->owner) == 0 &&
	       strcmp(a->type, b->type) == 0 && strcmp(a->rdata, b->rdata) == 0;
}

static bool has(const struct record_list *list, const struct record_row *row)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_same(&list->row[i], row))
			return true;
	return false;
}

static bool is_in_place_of(const struct record_row *row, const struct record_row *old)
{
	return !old ||
	       (strcmp(row->owner, old->owner) == 0 && strcmp(row->type, old->type) == 0);
}

struct diff {
	const struct record_list *before, *after;
	bool *is_told; /* of `after` */
	int (*each)(void *arg, bool is_added, const struct record_row *row,
	            struct err *err);
	void *arg;
};

/* old NULL: all that remain. */
static int tell_added(struct diff *diff, const struct record_row *old, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < diff->after->count; i++) {
		const struct record_row *row = &diff->after->row[i];
		if (diff->is_told[i] || has(diff->before, row) ||
		    !is_in_place_of(row, old))
			continue;
		diff->is_told[i] = true;
		r = diff->each(diff->arg, true, row, err);
	}
	return r;
}

int records_diff(const struct record_list *before, const struct record_list *after,
                 int (*each)(void *arg, bool is_added, const struct record_row *row,
                             struct err *err),
                 void *arg, struct err *err)
{
	struct diff diff = { before, after, xcalloc(after->count + 1, sizeof(bool)), each,
		             arg };
	int r = 0;
	for (size_t i = 0; r == 0 && i < before->count; i++) {
		const struct record_row *row = &before->row[i];
		bool is_last = i + 1 == before->count ||
		               !is_in_place_of(row, &before->row[i + 1]);
		if (!has(after, row))
			r = each(arg, false, row, err);
		if (r == 0 && is_last)
			r = tell_added(&diff, row, err);
	}
	if (r == 0)
		r = tell_added(&diff, NULL, err);
	free(diff.is_told);
	return r;
}
