/*
 * core/model/record/stored.h: records as stored, with placeholders: those of a template revision,
 * and those of a domain with its edits of the template's.
 */
#ifndef CORE_MODEL_RECORD_STORED_H
#define CORE_MODEL_RECORD_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/store/store.h"
#include "dnszone/txt/policy.h"

struct stored_record {
	int64_t id;           /* of a domain's row; 0: a template's, or none yet */
	int64_t template_uid; /* of the template's record, also if edited; 0: none */
	const char *owner;    /* "_dmarc.<domain>." */
	const char *type;
	const char *
		rdata; /* presentation form; TXT: joined; NULL: the domain removes the template's */
	int64_t ttl; /* seconds, or TTL_DEFAULT */
	enum policy_kind kind;
};

/* The columns of each table in the order of stored_borrow(). */
#define STORED_OF_DOMAIN \
	"SELECT id, coalesce(template_uid, 0), owner, type, rdata, coalesce(ttl, -2), kind FROM record "
#define STORED_OF_TEMPLATE \
	"SELECT 0, uid, owner, type, rdata, coalesce(ttl, -2), kind FROM template_record "
/* The present row; borrows from the statement. */
struct stored_record stored_borrow(struct stmt *stmt);
/* The same with copied texts, for stored_done(). */
struct stored_record stored_copy(const struct stored_record *row);
void stored_done(struct stored_record *row);
#define auto_stored cleanup(stored_done) struct stored_record

/* A new record from what a user typed: `owner` "www" or a whole name, `type` "TXT", `ttl` -1 for the
 * default; `domain` NULL: of the template.  Checks all of it, and sets the kind but no number.
 * ret_row is for stored_done(). */
int stored_parse(const char *owner, const char *type, const char *rdata, int64_t ttl,
                 const char *domain, struct stored_record *ret_row,
                 struct err *err) must_check;
/* The same for a record of the audit trail: `field` as from stored_field(). */
int stored_parse_field(const char *field, const char *rdata, int64_t ttl,
                       const char *domain, struct stored_record *ret_row,
                       struct err *err) must_check;

/* "t1", "7".  Caller frees. */
char *stored_id(const struct stored_record *row);
/* "www.<domain>. A", as in the audit trail.  Caller frees. */
char *stored_field(const struct stored_record *row);
/* Its content in the form of the audit trail ("300 v=spf1 -all"); NULL: removed, or `row` is NULL.
 * Caller frees. */
char *stored_audit(const struct stored_record *row);
bool stored_is_same_place(const struct stored_record *a, const struct stored_record *b);
/* Compares owner, type, data and TTL, but not numbers and kind. */
bool stored_is_same(const struct stored_record *a, const struct stored_record *b);

/* Rows with copied texts. */
struct stored_records {
	struct stored_record *row;
	size_t count, room;
};
#define auto_stored_records cleanup(stored_records_done) struct stored_records
/* Appends the domain's own rows, in the order of numbers.  store NULL: nothing. */
int stored_records_load(struct store *store, int64_t domain_id,
                        struct stored_records *rows, struct err *err) must_check;
/* Appends a copy; appends all that the statement has. */
void stored_records_add(struct stored_records *rows, const struct stored_record *row);
int stored_records_read(struct stored_records *rows, struct stmt *stmt,
                        struct err *err) must_check;
/* NULL: none. */
struct stored_record *stored_records_find(const struct stored_records *rows,
                                          int64_t template_uid);
void stored_records_done(struct stored_records *rows);

#endif
