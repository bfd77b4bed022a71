/*
 * Whole revisions, for configuration files: all rows at once, so that an order of edits in which
 * each step holds by itself need not exist.
 *
 * What a revision holds counts, not its number: two of the same content are one to whoever asks.
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

void template_rows_done(struct template_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free((char *)(uintptr_t)rows->row[i].owner);
		free((char *)(uintptr_t)rows->row[i].type);
		free((char *)(uintptr_t)rows->row[i].rdata);
	}
	free(rows->row);
}

static int keep_row(void *arg, const struct template_row *row, struct err *err)
{
	struct template_rows *rows = arg;
	(void)err;
	GROW(rows->row, rows->count, rows->room);
	struct template_row *copy = &rows->row[rows->count++];
	*copy = *row;
	copy->owner = xstrdup(row->owner);
	copy->type = xstrdup(row->type);
	copy->rdata = xstrdup(row->rdata);
	return 0;
}

int template_rows_load(struct store *store, int64_t rev, struct template_rows *rows,
                       struct err *err)
{
	return template_each(store, rev, keep_row, rows, err);
}

static bool is_same_place(const struct template_row *a, const struct template_row *b)
{
	return strcmp(a->owner, b->owner) == 0 && strcmp(a->type, b->type) == 0;
}

static bool is_same_row(const struct template_row *a, const struct template_row *b)
{
	return a->uid == b->uid && a->ttl == b->ttl && is_same_place(a, b) &&
	       strcmp(a->rdata, b->rdata) == 0;
}

static const struct template_row *find_uid(const struct template_row *rows, size_t count,
                                           int64_t uid)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].uid == uid)
			return &rows[i];
	return NULL;
}

static bool is_same_set(const struct template_row *rows, size_t count,
                        const struct template_rows *others)
{
	for (size_t i = 0; i < count; i++) {
		const struct template_row *other =
			find_uid(others->row, others->count, rows[i].uid);
		if (!other || !is_same_row(&rows[i], other))
			return false;
	}
	return count == others->count;
}

int template_is_same(struct store *store, int64_t one, int64_t other, bool *ret_is_same,
                     struct err *err)
{
	auto_template_rows a = { 0 };
	auto_template_rows b = { 0 };
	int r = one == other ? 0 : template_rows_load(store, one, &a, err);
	if (r >= 0 && one != other)
		r = template_rows_load(store, other, &b, err);
	if (r < 0)
		return r;
	*ret_is_same = one == other || is_same_set(a.row, a.count, &b);
	return 0;
}

/* ---- the newest ------------------------------------------------------------------------------ */

/* What the table itself would refuse, with a sentence. */
static int check_once(const struct template_row *rows, size_t count, size_t *ret_at,
                      struct err *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++) {
			if (strcmp(rows[i].owner, rows[k].owner) != 0)
				continue;
			*ret_at = i;
			if (rows[i].kind != POLICY_OTHER && rows[i].kind == rows[k].kind)
				return err_set(err, ERR_FAILED,
				               _("the template would have two %s records "
				                 "at %s, and there can be only one"),
				               record_text_policy(rows[i].kind),
				               rows[i].owner);
			if (strcmp(rows[i].type, rows[k].type) == 0 &&
			    strcmp(rows[i].rdata, rows[k].rdata) == 0)
				return err_set(
					err, ERR_FAILED,
					_("the template would have that record twice"));
		}
	*ret_at = count;
	return 0;
}

/* The revision as a domain without anything of its own would get it. */
static int check_revision(struct store *store, int64_t rev,
                          const struct template_row *rows, size_t count, size_t *ret_at,
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
	for (size_t i = 0; r < 0 && i < count; i++) {
		auto_free char *id = xasprintf("t%" PRId64, rows[i].uid);
		if (strcmp(id, one->id) == 0 || strcmp(id, other->id) == 0)
			*ret_at = i;
	}
	return r;
}

/* Takes out what goes and what becomes different. */
static int take_out(struct store *store, int64_t rev, const struct template_rows *old,
                    const struct template_row *rows, size_t count, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < old->count; i++) {
		const struct template_row *row = &old->row[i];
		const struct template_row *next = find_uid(rows, count, row->uid);
		if (next && is_same_row(row, next))
			continue;
		r = store_exec(store, err,
		               "DELETE FROM template_record WHERE rev = ? AND uid = ?",
		               "ii", rev, row->uid);
		auto_free char *audit = record_text_audit(row->rdata, row->ttl);
		if (r >= 0 && (!next || !is_same_place(row, next)))
			r = template_note(store, row, audit, NULL, err);
	}
	return r;
}

static int put_in(struct store *store, int64_t rev, const struct template_rows *old,
                  struct template_row *row, struct err *err)
{
	const struct template_row *there =
		row->uid ? find_uid(old->row, old->count, row->uid) : NULL;
	if (there && is_same_row(there, row))
		return 0;
	bool is_same = there && is_same_place(there, row);
	int r = row->uid ? 0 : template_next_uid(store, &row->uid, err);
	if (r >= 0)
		r = template_put_row(store, rev, row, err);
	auto_free char *before =
		is_same ? record_text_audit(there->rdata, there->ttl) : NULL;
	auto_free char *after = record_text_audit(row->rdata, row->ttl);
	return r < 0 ? r : template_note(store, row, before, after, err);
}

int template_replace(struct store *store, struct template_row *rows, size_t count,
                     size_t *ret_at, struct err *err)
{
	auto_template_rows old = { 0 };
	int64_t rev = 0;
	*ret_at = count;
	int r = template_rows_load(store, 0, &old, err);
	if (r < 0 || is_same_set(rows, count, &old))
		return r;
	r = check_once(rows, count, ret_at, err);
	if (r >= 0)
		r = template_open_revision(store, &rev, err);
	if (r >= 0)
		r = take_out(store, rev, &old, rows, count, err);
	/* numbers that are asked for come before numbers that are given out */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; r >= 0 && i < count; i++)
			if ((rows[i].uid == 0) == (pass == 1))
				r = put_in(store, rev, &old, &rows[i], err);
	return r < 0 ? r : check_revision(store, rev, rows, count, ret_at, err);
}

/* ---- older ones ------------------------------------------------------------------------------ */

static int find_revision(struct store *store, const struct template_row *rows,
                         size_t count, int64_t *ret_rev, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT rev FROM template ORDER BY rev DESC", "");
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		auto_template_rows there = { 0 };
		int64_t rev = stmt_int(stmt, 0);
		r = template_rows_load(store, rev, &there, err);
		if (r >= 0 && is_same_set(rows, count, &there)) {
			*ret_rev = rev;
			return 1;
		}
	}
	return r;
}

int template_find_or_make(struct store *store, const struct template_row *rows,
                          size_t count, int64_t *ret_rev, struct err *err)
{
	int64_t rev = 0;
	size_t at = 0;
	int r = find_revision(store, rows, count, ret_rev, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = check_once(rows, count, &at, err);
	/* below all others, for the newest has the highest number; 0 stands for the newest */
	if (r >= 0)
		r = store_get_int(store, &rev, err,
		                  "SELECT min(-1, min(rev) - 1) FROM template", "");
	if (r >= 0)
		r = store_exec(store, err,
		               "INSERT INTO template (rev, change_id)"
		               " SELECT ?, max(id) FROM change",
		               "i", rev);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = template_put_row(store, rev, &rows[i], err);
	if (r >= 0)
		r = check_revision(store, rev, rows, count, &at, err);
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
