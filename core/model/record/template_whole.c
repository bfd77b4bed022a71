/*
 * Whole revisions, for configuration files: all rows at once, because there may be no order of
 * edits in which each intermediate state is valid.  Revisions are identified by their content, not
 * by their number.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "core/model/record/template_inner.h"
#include "core/store/change.h"

static bool is_same_row(const struct stored_record *a, const struct stored_record *b)
{
	return a->template_uid == b->template_uid && stored_is_same(a, b);
}

static bool is_same_set(const struct stored_records *rows,
                        const struct stored_records *others)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct stored_record *other =
			stored_records_find(others, rows->row[i].template_uid);
		if (!other || !is_same_row(&rows->row[i], other))
			return false;
	}
	return rows->count == others->count;
}

int template_is_same(struct store *store, int64_t one, int64_t other, bool *ret_is_same,
                     struct err *err)
{
	auto_stored_records a = { 0 };
	auto_stored_records b = { 0 };
	int r = one == other ? 0 : template_load(store, one, &a, err);
	if (r >= 0 && one != other)
		r = template_load(store, other, &b, err);
	if (r < 0)
		return r;
	*ret_is_same = one == other || is_same_set(&a, &b);
	return 0;
}

/* ---- the newest ------------------------------------------------------------------------------ */

/* Checks what the table itself would refuse, for the sake of the message. */
static int check_once(const struct stored_records *rows, size_t *ret_at, struct err *err)
{
	for (size_t i = 0; i < rows->count; i++)
		for (size_t k = 0; k < i; k++) {
			if (strcmp(rows->row[i].owner, rows->row[k].owner) != 0)
				continue;
			*ret_at = i;
			if (rows->row[i].kind != POLICY_OTHER &&
			    rows->row[i].kind == rows->row[k].kind)
				return err_set(err, ERR_FAILED,
				               _("the template would have two %s "
				                 "records at %s, and only one is "
				                 "allowed"),
				               record_text_policy(rows->row[i].kind),
				               rows->row[i].owner);
			if (strcmp(rows->row[i].type, rows->row[k].type) == 0 &&
			    strcmp(rows->row[i].rdata, rows->row[k].rdata) == 0)
				return err_set(
					err, ERR_FAILED,
					_("the template would have that record twice"));
		}
	*ret_at = rows->count;
	return 0;
}

/* The records that a domain without edits would get from the revision. */
static int check_revision(struct store *store, int64_t rev,
                          const struct stored_records *rows, size_t *ret_at,
                          struct err *err)
{
	const struct domain sample = {
		.name = (char *)(uintptr_t)record_sample_values.domain,
		.template_rev = rev,
	};
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	const struct record_row *one = NULL, *other = NULL;
	int r = records_new(store, &records_sample_env, &records, err);
	if (r >= 0)
		r = records_of_domain(records, &sample, &list, err);
	if (r < 0)
		return r;
	r = records_check_rows(&list, sample.name, &one, &other, err);
	for (size_t i = 0; r < 0 && i < rows->count; i++) {
		auto_free char *id = stored_id(&rows->row[i]);
		if (strcmp(id, one->id) == 0 || strcmp(id, other->id) == 0)
			*ret_at = i;
	}
	return r;
}

/* Removes the rows that are deleted or changed. */
static int take_out(struct store *store, int64_t rev, const struct stored_records *old,
                    const struct stored_records *rows, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < old->count; i++) {
		const struct stored_record *row = &old->row[i];
		const struct stored_record *next =
			stored_records_find(rows, row->template_uid);
		if (next && is_same_row(row, next))
			continue;
		r = store_exec(store, err,
		               "DELETE FROM template_record WHERE rev = ? AND uid = ?",
		               "ii", rev, row->template_uid);
		auto_free char *audit = stored_audit(row);
		if (r >= 0 && (!next || !stored_is_same_place(row, next)))
			r = template_note(store, row, audit, NULL, err);
	}
	return r;
}

static int put_in(struct store *store, int64_t rev, const struct stored_records *old,
                  struct stored_record *row, struct err *err)
{
	const struct stored_record *there =
		row->template_uid ? stored_records_find(old, row->template_uid) : NULL;
	if (there && is_same_row(there, row))
		return 0;
	bool is_same = there && stored_is_same_place(there, row);
	int r = row->template_uid ? 0 : template_next_uid(store, &row->template_uid, err);
	if (r >= 0)
		r = template_put_row(store, rev, row, err);
	auto_free char *before = is_same ? stored_audit(there) : NULL;
	auto_free char *after = stored_audit(row);
	return r < 0 ? r : template_note(store, row, before, after, err);
}

int template_replace(struct store *store, struct stored_records *rows, size_t *ret_at,
                     struct err *err)
{
	auto_stored_records old = { 0 };
	int64_t rev = 0;
	*ret_at = rows->count;
	int r = template_load(store, 0, &old, err);
	if (r < 0 || is_same_set(rows, &old))
		return r;
	r = check_once(rows, ret_at, err);
	if (r >= 0)
		r = template_open_revision(store, &rev, err);
	if (r >= 0)
		r = take_out(store, rev, &old, rows, err);
	/* requested ids come before generated ones */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; r >= 0 && i < rows->count; i++)
			if ((rows->row[i].template_uid == 0) == (pass == 1))
				r = put_in(store, rev, &old, &rows->row[i], err);
	return r < 0 ? r : check_revision(store, rev, rows, ret_at, err);
}

/* ---- older ones ------------------------------------------------------------------------------ */

static int find_revision(struct store *store, const struct stored_records *rows,
                         int64_t *ret_rev, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT rev FROM template ORDER BY rev DESC", "");
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		auto_stored_records there = { 0 };
		int64_t rev = stmt_int(stmt, 0);
		r = template_load(store, rev, &there, err);
		if (r >= 0 && is_same_set(rows, &there)) {
			*ret_rev = rev;
			return 1;
		}
	}
	return r;
}

int template_find_or_make(struct store *store, const struct stored_records *rows,
                          int64_t *ret_rev, struct err *err)
{
	int64_t rev = 0;
	size_t at = 0;
	int r = find_revision(store, rows, ret_rev, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = check_once(rows, &at, err);
	/* below all others, because the newest has the highest number; 0 means the newest */
	if (r >= 0)
		r = store_get_int(store, &rev, err,
		                  "SELECT min(-1, min(rev) - 1) FROM template", "");
	if (r >= 0)
		r = store_exec(store, err,
		               "INSERT INTO template (rev, change_id)"
		               " SELECT ?, max(id) FROM change",
		               "i", rev);
	for (size_t i = 0; r >= 0 && i < rows->count; i++)
		r = template_put_row(store, rev, &rows->row[i], err);
	if (r >= 0)
		r = check_revision(store, rev, rows, &at, err);
	if (r >= 0)
		*ret_rev = rev;
	return r;
}

int template_followed(struct store *store, struct buf *revs, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT rev FROM template WHERE EXISTS"
	                    " (SELECT 1 FROM domain WHERE template_rev = rev)",
	                    "");
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		int64_t rev = stmt_int(stmt, 0);
		buf_add(revs, &rev, sizeof(rev));
	}
	return r;
}

/* 1: a domain (0: any) follows a revision of another content. */
static int differs(struct store *store, int64_t domain_id, int64_t rev, struct err *err)
{
	auto_buf revs = BUF_INIT;
	bool is_same = true;
	int64_t present = 0;
	int r = 0;
	if (domain_id) {
		r = store_get_int(store, &present, err,
		                  "SELECT template_rev FROM domain WHERE id = ?", "i",
		                  domain_id);
		buf_add(&revs, &present, sizeof(present));
	} else {
		r = template_followed(store, &revs, err);
	}
	for (size_t at = 0; r >= 0 && is_same && at < revs.len; at += sizeof(present)) {
		memcpy(&present, revs.at + at, sizeof(present));
		r = template_is_same(store, present, rev, &is_same, err);
	}
	return r < 0 ? r : !is_same;
}

int template_give(struct store *store, int64_t domain_id, int64_t rev, struct err *err)
{
	int r = rev ? 0 : template_newest(store, &rev, err);
	if (r >= 0)
		r = differs(store, domain_id, rev, err);
	if (r <= 0)
		return r;
	r = domain_id ? template_move_one(store, domain_id, rev, err)
	              : template_move_all(store, rev, err);
	return r < 0 ? r : 1;
}

int template_torn(struct store *store, int64_t *ret_uid, struct err *err)
{
	return store_get_int(
		store, ret_uid, err,
		"WITH live AS (SELECT uid, owner, type FROM template_record r WHERE"
		" rev = (SELECT max(rev) FROM template)"
		" OR EXISTS (SELECT 1 FROM domain WHERE template_rev = r.rev))"
		" SELECT t.uid FROM live t JOIN (SELECT uid, owner, type FROM live UNION"
		" SELECT template_uid, owner, type FROM record"
		" WHERE template_uid IS NOT NULL) o ON o.uid = t.uid"
		" WHERE o.owner <> t.owner OR o.type <> t.type LIMIT 1",
		"");
}
