/* Rows of the tables `record` and `template_record`. */
#include "core/model/record/stored.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/record/record_text.h"

struct stored_record stored_borrow(struct stmt *stmt)
{
	return (struct stored_record){
		.id = stmt_int(stmt, 0),
		.template_uid = stmt_int(stmt, 1),
		.owner = stmt_text(stmt, 2),
		.type = stmt_text(stmt, 3),
		.rdata = stmt_text(stmt, 4),
		.ttl = stmt_int(stmt, 5),
		.kind = record_text_kind(stmt_text(stmt, 6)),
	};
}

struct stored_record stored_copy(const struct stored_record *row)
{
	struct stored_record copy = *row;
	copy.owner = xstrdup(row->owner);
	copy.type = xstrdup(row->type);
	copy.rdata = xstrdup(row->rdata);
	return copy;
}

void stored_done(struct stored_record *row)
{
	free((char *)(uintptr_t)row->owner);
	free((char *)(uintptr_t)row->type);
	free((char *)(uintptr_t)row->rdata);
	*row = (struct stored_record){ 0 };
}

char *stored_id(const struct stored_record *row)
{
	return row->template_uid ? xasprintf("t%" PRId64, row->template_uid)
	                         : xasprintf("%" PRId64, row->id);
}

char *stored_field(const struct stored_record *row)
{
	return xasprintf("%s %s", row->owner, row->type);
}

char *stored_audit(const struct stored_record *row)
{
	return row && row->rdata ? record_text_audit(row->rdata, row->ttl) : NULL;
}

bool stored_is_same_place(const struct stored_record *a, const struct stored_record *b)
{
	return strcmp(a->owner, b->owner) == 0 && strcmp(a->type, b->type) == 0;
}

bool stored_is_same(const struct stored_record *a, const struct stored_record *b)
{
	return stored_is_same_place(a, b) && text_same(a->rdata, b->rdata) &&
	       a->ttl == b->ttl;
}

void stored_records_add(struct stored_records *rows, const struct stored_record *row)
{
	GROW(rows->row, rows->count, rows->room);
	rows->row[rows->count++] = stored_copy(row);
}

int stored_records_read(struct stored_records *rows, struct stmt *stmt, struct err *err)
{
	int r;
	while ((r = stmt_next(stmt, err)) > 0) {
		const struct stored_record row = stored_borrow(stmt);
		stored_records_add(rows, &row);
	}
	return r;
}

int stored_records_load(struct store *store, int64_t domain_id,
                        struct stored_records *rows, struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = store_query(store, &stmt, err,
	                    STORED_OF_DOMAIN "WHERE domain_id = ? ORDER BY id", "i",
	                    domain_id);
	return r < 0 ? r : stored_records_read(rows, stmt, err);
}

struct stored_record *stored_records_find(const struct stored_records *rows,
                                          int64_t template_uid)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].template_uid == template_uid)
			return &rows->row[i];
	return NULL;
}

void stored_records_done(struct stored_records *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		stored_done(&rows->row[i]);
	free(rows->row);
	*rows = (struct stored_records){ 0 };
}
