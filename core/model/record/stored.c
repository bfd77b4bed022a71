/* Rows of the tables `record` and `template_record`. */
#include "core/model/record/stored.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/record/record_text.h"
#include "dnszone/name/rr.h"

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

int stored_parse(const char *owner, const char *type, const char *rdata, int64_t ttl,
                 const char *domain, struct stored_record *ret_row, struct err *err)
{
	char known_type[16];
	auto_free char *kept = NULL;
	struct stored_record row = { .type = known_type,
		                     .rdata = rdata,
		                     .ttl = ttl < 0 ? TTL_DEFAULT : ttl };
	int r = record_text_check_ttl(ttl, err);
	if (r >= 0)
		r = rr_parse_type(type, known_type, err);
	if (r >= 0)
		r = record_text_owner(owner, domain, &kept, err);
	if (r >= 0)
		r = record_text_check(kept, known_type, rdata, domain, &row.kind, err);
	if (r < 0)
		return r;
	row.owner = kept;
	*ret_row = stored_copy(&row);
	return 0;
}

int stored_parse_field(const char *field, const char *rdata, int64_t ttl,
                       const char *domain, struct stored_record *ret_row, struct err *err)
{
	const char *blank = strrchr(field, ' ');
	if (!blank)
		return err_set(err, ERR_FAILED,
		               _("the audit entry contains no owner and type: \"%s\""),
		               field);
	auto_free char *owner = xmemdup(field, (size_t)(blank - field));
	struct stored_record row = {
		.owner = owner, .type = blank + 1, .rdata = rdata, .ttl = ttl
	};
	int r = record_text_check(owner, row.type, rdata, domain, &row.kind, err);
	if (r >= 0)
		*ret_row = stored_copy(&row);
	return r;
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
