/* Sorts the list, and merges two records that became equal when values replaced placeholders. */
#include "core/model/record/records_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void row_done(struct record_row *row)
{
	free(row->id);
	free(row->owner);
	free(row->type);
	free(row->rdata);
}

void record_list_done(struct record_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		row_done(&list->row[i]);
	for (size_t i = 0; i < list->had_count; i++)
		row_done(&list->had[i]);
	free(list->row);
	free(list->had);
	free(list->lacking);
	*list = RECORD_LIST_INIT;
}

static int rank(const struct record_row *row)
{
	if (strcmp(row->type, "SOA") == 0)
		return 0;
	return strcmp(row->type, "NS") == 0 ? 1 : 2;
}

static int compare_rows(const void *one, const void *other, void *arg)
{
	const struct record_row *a = one, *b = other;
	const char *name = arg;
	int order = rank(a) - rank(b);
	if (order == 0)
		order = (strcmp(a->owner, name) != 0) - (strcmp(b->owner, name) != 0);
	if (order == 0)
		order = strcmp(a->owner, b->owner);
	if (order == 0)
		order = strcmp(a->type, b->type);
	return order ? order : strcmp(a->rdata, b->rdata);
}

static bool is_same_set(const struct record_row *a, const struct record_row *b)
{
	return strcmp(a->owner, b->owner) == 0 && strcmp(a->type, b->type) == 0;
}

/* Merges two records that became equal (an address and <ip>). */
static void drop_doubled(struct record_list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct record_row *row = &list->row[i];
		if (kept && is_same_set(&list->row[kept - 1], row) &&
		    strcmp(list->row[kept - 1].rdata, row->rdata) == 0)
			row_done(row);
		else
			list->row[kept++] = *row;
	}
	list->count = kept;
}

static void level_ttls(struct record_list *list)
{
	for (size_t i = 0, end; i < list->count; i = end) {
		uint32_t lowest = list->row[i].ttl;
		for (end = i + 1;
		     end < list->count && is_same_set(&list->row[i], &list->row[end]);
		     end++)
			if (list->row[end].ttl < lowest)
				lowest = list->row[end].ttl;
		for (size_t k = i; k < end; k++)
			list->row[k].ttl = lowest;
	}
}

static void sort(struct record_row *row, size_t count, const char *name)
{
	if (count)
		qsort_r(row, count, sizeof(*row), compare_rows, (char *)(uintptr_t)name);
}

void records_list_normalize(struct record_list *list, const char *name, bool has_values)
{
	sort(list->row, list->count, name);
	level_ttls(list);
	if (has_values)
		drop_doubled(list);
	sort(list->had, list->had_count, name);
}
