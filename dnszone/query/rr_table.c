/*
 * Sorted rows: by owner in canonical order (RFC 4034 6.1), then type, then order of insertion.  In
 * that order all names below a name follow it directly, so one binary search finds out whether a
 * name exists.
 */
#include "dnszone/query/rr_table.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

void rr_table_done(struct rr_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->row[i].octets);
	free(table->row);
	*table = (struct rr_table){ 0 };
}

void rr_table_add(struct rr_table *table, const struct rr_row *row)
{
	GROW(table->row, table->count, table->room);
	struct rr_row *copy = &table->row[table->count];
	*copy = *row;
	copy->octets = (uint8_t *)xmemdup(row->octets, row->len);
	copy->place = table->count++;
	table->is_sorted = false;
}

struct labels {
	uint8_t at[DNS_NAME_WIRE_MAX / 2 + 1];
	unsigned count;
};

static void cut(const struct dns_name *name, struct labels *ret_labels)
{
	ret_labels->count = 0;
	for (size_t at = 0; at < name->len && name->wire[at] != 0;) {
		ret_labels->at[ret_labels->count++] = (uint8_t)at;
		at += name->wire[at] + 1u;
	}
}

/* RFC 4034 6.1: label by label from the right, as octets; absent sorts first. */
static int compare_names(const struct dns_name *a, const struct dns_name *b)
{
	struct labels x, y;
	cut(a, &x);
	cut(b, &y);
	while (x.count > 0 && y.count > 0) {
		const uint8_t *l = a->wire + x.at[--x.count],
			      *m = b->wire + y.at[--y.count];
		int order = memcmp(l + 1, m + 1, *l < *m ? *l : *m);
		if (order == 0)
			order = *l - *m;
		if (order != 0)
			return order;
	}
	return (int)x.count - (int)y.count;
}

static int compare_key(const struct rr_row *row, const struct dns_name *owner,
                       enum dns_type type)
{
	int order = compare_names(&row->owner, owner);
	return order ? order : (row->type > type) - (row->type < type);
}

static int compare_rows(const void *a, const void *b)
{
	const struct rr_row *x = a, *y = b;
	int order = compare_key(x, &y->owner, y->type);
	return order ? order : (x->place > y->place) - (x->place < y->place);
}

void rr_table_sort(struct rr_table *table)
{
	if (!table->is_sorted && table->count > 1)
		qsort(table->row, table->count, sizeof(*table->row), compare_rows);
	table->is_sorted = true;
}

/* The first row that is not before (owner, type). */
static size_t lower_bound(const struct rr_table *table, const struct dns_name *owner,
                          enum dns_type type)
{
	size_t low = 0, high = table->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_key(&table->row[middle], owner, type) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct rr_row *rr_table_find(const struct rr_table *table,
                                   const struct dns_name *owner, enum dns_type type,
                                   size_t *ret_count)
{
	size_t first = lower_bound(table, owner, type), end = first;
	while (end < table->count && table->row[end].type == type &&
	       dns_name_equal(&table->row[end].owner, owner))
		end++;
	*ret_count = end - first;
	return end > first ? &table->row[first] : NULL;
}

bool rr_table_has(const struct rr_table *table, const struct dns_name *name)
{
	size_t first = lower_bound(table, name, 0);
	return first < table->count &&
	       dns_name_is_at_or_below(&table->row[first].owner, name);
}

void rr_table_answer(const struct rr_row *rows, size_t count, uint32_t ttl,
                     struct arena *mem, struct dns_answer *ret_answer)
{
	/* the data is copied, because the table may be freed before the answer is used */
	struct dns_rdata *rdata = arena_calloc(mem, count, sizeof(*rdata));
	struct dns_answer answer = {
		.kind = DNS_OK, .ttl = ttl, .count = count, .rdata = rdata
	};
	bool has_room = rdata;
	for (size_t i = 0; i < count && has_room; i++) {
		rdata[i].octets =
			(uint8_t *)arena_memdup(mem, rows[i].octets, rows[i].len);
		rdata[i].len = rows[i].len;
		rdata[i].preference = rows[i].preference;
		if (rows[i].ttl < answer.ttl)
			answer.ttl = rows[i].ttl;
		has_room = rdata[i].octets;
	}
	*ret_answer = has_room ? answer
	                       : dns_answer_empty(DNS_TEMPFAIL,
	                                          _("not enough memory for the answer"));
}

bool rr_row_target(const struct rr_row *row, struct dns_name *ret_target)
{
	return dns_name_from_wire(row->octets, row->len, ret_target);
}
