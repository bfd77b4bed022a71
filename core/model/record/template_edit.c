/*
 * Edits of the template.
 *
 * A revision that a domain follows is never changed, unless the open change created it, so that it
 * was never visible.  Old revisions that no domain follows are kept for a while, so that `template
 * apply` can be undone.
 */
#include "core/model/record/template_edit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "core/model/record/template_inner.h"
#include "core/store/change.h"

/* ---- revisions ------------------------------------------------------------------------------ */

int template_open_revision(struct store *store, int64_t *ret_rev, struct err *err)
{
	int64_t newest = 0, is_ours = 0;
	int r = template_newest(store, &newest, err);
	if (r >= 0)
		r = store_get_int(store, &is_ours, err,
		                  "SELECT change_id IS (SELECT max(id) FROM change)"
		                  " FROM template WHERE rev = ?",
		                  "i", newest);
	if (r >= 0 && is_ours) {
		*ret_rev = newest;
		return 0;
	}
	if (r >= 0)
		r = store_exec(
			store, err,
			"INSERT INTO template (change_id) SELECT max(id) FROM change",
			"");
	if (r < 0)
		return r;
	int64_t rev = store_last_id(store);
	r = store_exec(
		store, err,
		"INSERT INTO template_record (rev, uid, owner, type, ttl, rdata, kind)"
		" SELECT ?, uid, owner, type, ttl, rdata, kind"
		" FROM template_record WHERE rev = ?",
		"ii", rev, newest);
	if (r >= 0)
		*ret_rev = rev;
	return r;
}

int template_drop_unused(struct store *store, struct err *err)
{
	return store_exec(
		store, err,
		"DELETE FROM template WHERE rev NOT IN"
		" (SELECT rev FROM template ORDER BY rev DESC LIMIT ?)"
		" AND NOT EXISTS (SELECT 1 FROM domain WHERE template_rev = rev)"
		" AND NOT EXISTS (SELECT 1 FROM change_item WHERE object = 'template'"
		"  AND change_id > (SELECT max(id) FROM change) - ?"
		"  AND old = 'revision ' || rev)",
		"ii", (int64_t)TEMPLATE_KEPT, (int64_t)TEMPLATE_KEPT_CHANGES);
}

/* The records that a domain without edits would get from the newest revision. */
static int check_newest(struct store *store, struct err *err)
{
	struct domain sample = { .name = (char *)(uintptr_t)record_sample_values.domain };
	int r = template_newest(store, &sample.template_rev, err);
	return r < 0 ? r : records_check_domain(store, &sample, err);
}

static int finish_edit(struct store *store, struct err *err)
{
	int r = template_drop_unused(store, err);
	return r < 0 ? r : check_newest(store, err);
}

/* ---- edits ---------------------------------------------------------------------------------- */

int template_note(struct store *store, const struct stored_record *row, const char *old,
                  const char *new_value, struct err *err)
{
	auto_free char *field = stored_field(row);
	auto_free char *ref = stored_id(row);
	return change_note_ref(store, "template", NULL, field, ref, old, new_value, err);
}

int template_put_row(struct store *store, int64_t rev, const struct stored_record *row,
                     struct err *err)
{
	return store_exec(
		store, err,
		"INSERT INTO template_record (rev, uid, owner, type, ttl, rdata, kind)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
		"iitt?tt", rev, row->template_uid, row->owner, row->type, row->ttl < 0,
		row->ttl, row->rdata, policy_kind_name(row->kind));
}

static int insert_row(struct store *store, int64_t rev, const struct stored_record *row,
                      struct err *err)
{
	auto_free char *audit = stored_audit(row);
	int r = template_put_row(store, rev, row, err);
	return r < 0 ? r : template_note(store, row, NULL, audit, err);
}

/* Refuses an existing record, or a second policy of its kind at that owner. */
static int check_new(struct store *store, const struct stored_record *row,
                     struct err *err)
{
	int64_t rev = 0, there = 0;
	int r = template_newest(store, &rev, err);
	if (r >= 0)
		r = store_get_int(
			store, &there, err,
			"SELECT uid FROM template_record WHERE rev = ? AND owner = ?"
			" AND type = ? AND rdata = ?",
			"ittt", rev, row->owner, row->type, row->rdata);
	if (r > 0)
		return err_set(err, ERR_FAILED,
		               _("the template already has that record: t%" PRId64),
		               there);
	if (r < 0 || row->kind == POLICY_OTHER)
		return r;
	r = store_get_int(
		store, &there, err,
		"SELECT uid FROM template_record WHERE rev = ? AND owner = ? AND kind = ?",
		"itt", rev, row->owner, policy_kind_name(row->kind));
	if (r > 0)
		return err_set(
			err, ERR_FAILED,
			_("the template already has its %s record at %s, and only one "
		          "is allowed; to change it, run \"mailauthctl template set t%" PRId64
		          " ...\""),
			record_text_policy(row->kind), row->owner, there);
	return r;
}

int template_next_uid(struct store *store, int64_t *ret_uid, struct err *err)
{
	return store_get_int(
		store, ret_uid, err,
		"SELECT 1 + max(2, coalesce((SELECT max(uid) FROM template_record), 0),"
		" coalesce((SELECT max(template_uid) FROM record), 0))",
		"");
}

static int add_row(struct store *store, const struct stored_record *row, struct err *err)
{
	int64_t rev = 0;
	int r = template_open_revision(store, &rev, err);
	if (r >= 0)
		r = insert_row(store, rev, row, err);
	return r < 0 ? r : finish_edit(store, err);
}

int template_add(struct store *store, const char *owner, const char *type,
                 const char *rdata, int64_t ttl, int64_t *ret_uid, struct err *err)
{
	auto_stored row = { 0 };
	int r = stored_parse(owner, type, rdata, ttl, NULL, &row, err);
	if (r >= 0)
		r = check_new(store, &row, err);
	if (r >= 0)
		r = template_next_uid(store, &row.template_uid, err);
	if (r >= 0)
		r = add_row(store, &row, err);
	if (r >= 0)
		*ret_uid = row.template_uid;
	return r < 0 ? r : 0;
}

/* The record of the newest revision, which the caller frees. */
static int find_row(struct store *store, int64_t uid, struct stored_record *ret_row,
                    struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    STORED_OF_TEMPLATE
	                    "WHERE rev = (SELECT max(rev) FROM template) AND uid = ?",
	                    "i", uid);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_MISSING,
		               _("the template has no record t%" PRId64 "; run "
		                 "\"mailauthctl template list\" to list the ids"),
		               uid);
	const struct stored_record row = stored_borrow(stmt);
	*ret_row = stored_copy(&row);
	return 0;
}

int template_set(struct store *store, int64_t uid, const char *rdata, int64_t ttl,
                 struct err *err)
{
	auto_stored there = { 0 };
	enum policy_kind kind;
	int64_t rev = 0;
	int r = record_text_check_ttl(ttl, err);
	if (r >= 0)
		r = find_row(store, uid, &there, err);
	if (r < 0)
		return r;
	const struct stored_record *old = &there;
	rdata = rdata ? rdata : old->rdata;
	ttl = ttl == TTL_UNSAID ? old->ttl : ttl;
	if (strcmp(rdata, old->rdata) == 0 && ttl == old->ttl)
		return 0;
	r = record_text_check(old->owner, old->type, rdata, NULL, &kind, err);
	if (r >= 0 && old->kind != POLICY_OTHER && kind != old->kind)
		r = err_set(err, ERR_USAGE,
		            _("t%" PRId64 " is the %s record of %s, and the new text "
		              "is not such a record"),
		            uid, record_text_policy(old->kind), old->owner);
	if (r >= 0 && kind != old->kind) {
		struct stored_record row = *old;
		row.kind = kind;
		row.rdata = rdata;
		r = check_new(store, &row, err);
	}
	if (r >= 0)
		r = template_open_revision(store, &rev, err);
	if (r >= 0)
		r = store_exec(store, err,
		               "UPDATE template_record SET rdata = ?, ttl = ?, kind = ?"
		               " WHERE rev = ? AND uid = ?",
		               "t?tii", rdata, ttl < 0, ttl, policy_kind_name(kind), rev,
		               uid);
	auto_free char *before = stored_audit(old);
	auto_free char *after = record_text_audit(rdata, ttl);
	if (r >= 0)
		r = template_note(store, old, before, after, err);
	return r < 0 ? r : finish_edit(store, err);
}

static int remove_row(struct store *store, const struct stored_record *row,
                      struct err *err)
{
	int64_t rev = 0;
	auto_free char *audit = stored_audit(row);
	int r = template_open_revision(store, &rev, err);
	if (r >= 0)
		r = store_exec(store, err,
		               "DELETE FROM template_record WHERE rev = ? AND uid = ?",
		               "ii", rev, row->template_uid);
	return r < 0 ? r : template_note(store, row, audit, NULL, err);
}

int template_remove(struct store *store, int64_t uid, struct err *err)
{
	auto_stored there = { 0 };
	int r = find_row(store, uid, &there, err);
	if (r >= 0)
		r = remove_row(store, &there, err);
	return r < 0 ? r : finish_edit(store, err);
}

/* ---- reset ---------------------------------------------------------------------------------- */

int template_reset(struct store *store, struct err *err)
{
	auto_stored_records rows = { 0 };
	bool is_there[TEMPLATE_BUILT_IN] = { false }, is_same = true;
	int r = template_load(store, 0, &rows, err);
	for (size_t i = 0; r >= 0 && i < rows.count; i++) {
		const struct stored_record *row = &rows.row[i];
		bool is_built_in = false;
		for (size_t k = 0; k < TEMPLATE_BUILT_IN; k++)
			if (template_built_in[k].template_uid == row->template_uid &&
			    stored_is_same(&template_built_in[k], row))
				is_there[k] = is_built_in = true;
		if (is_built_in)
			continue;
		is_same = false;
		r = remove_row(store, row, err);
	}
	for (size_t i = 0; r >= 0 && i < TEMPLATE_BUILT_IN; i++) {
		int64_t rev;
		if (is_there[i])
			continue;
		is_same = false;
		r = template_open_revision(store, &rev, err);
		if (r >= 0)
			r = insert_row(store, rev, &template_built_in[i], err);
	}
	return r < 0 || is_same ? r : finish_edit(store, err);
}

/* ---- restoring from the audit trail --------------------------------------------------------- */

static int parse_ref(const char *ref, int64_t *ret_uid, struct err *err)
{
	if (ref[0] == 't' && text_to_int(ref + 1, 1, INT64_MAX, ret_uid))
		return 0;
	return err_set(err, ERR_FAILED, _("\"%s\" is not the id of a template record"),
	               ref);
}

/* 1: the newest revision has it, with that owner and type ("_dmarc.<domain>. TXT"). */
static int look(struct store *store, int64_t uid, const char *field,
                struct stored_record *ret_row, struct err *err)
{
	int r = find_row(store, uid, ret_row, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	auto_free char *there = stored_field(ret_row);
	return strcmp(there, field) == 0;
}

int template_look(struct store *store, const char *ref, const char *field,
                  char **ret_audit, struct err *err)
{
	auto_stored there = { 0 };
	int64_t uid = 0;
	int r = parse_ref(ref, &uid, err);
	if (r >= 0)
		r = look(store, uid, field, &there, err);
	if (r < 0)
		return r;
	*ret_audit = r ? stored_audit(&there) : NULL;
	return 0;
}

/* With its old id, unless another record of the newest revision has it. */
static int make_again(struct store *store, int64_t uid, const char *field,
                      const char *rdata, int64_t ttl, struct err *err)
{
	auto_stored row = { 0 };
	int64_t taken = 0;
	int r = stored_parse_field(field, rdata, ttl, NULL, &row, err);
	row.template_uid = uid;
	if (r >= 0)
		r = check_new(store, &row, err);
	if (r >= 0)
		r = store_get_int(store, &taken, err,
		                  "SELECT 1 FROM template_record WHERE uid = ?"
		                  " AND rev = (SELECT max(rev) FROM template)",
		                  "i", uid);
	if (r >= 0 && taken)
		r = template_next_uid(store, &row.template_uid, err);
	return r < 0 ? r : add_row(store, &row, err);
}

int template_restore(struct store *store, const char *ref, const char *field,
                     const char *audit, struct err *err)
{
	auto_stored there = { 0 };
	const char *rdata;
	int64_t uid = 0, ttl;
	int r = parse_ref(ref, &uid, err);
	if (r >= 0)
		r = look(store, uid, field, &there, err);
	if (r < 0)
		return r;
	if (!audit)
		return r ? template_remove(store, uid, err) : 0;
	record_text_parse_audit(audit, &rdata, &ttl);
	return r ? template_set(store, uid, rdata, ttl, err)
	         : make_again(store, uid, field, rdata, ttl, err);
}

/* Records that only one of the revisions ?1 and t.rev has. */
#define ONLY_IN(one, other)                                                      \
	"EXISTS (SELECT uid, owner, type, ttl, rdata, kind FROM template_record" \
	" WHERE rev = " one " EXCEPT SELECT uid, owner, type, ttl, rdata, kind"  \
	" FROM template_record WHERE rev = " other ")"

int template_drop_same(struct store *store, struct err *err)
{
	int64_t newest = 0, same = 0, behind = 0;
	int r = template_newest(store, &newest, err);
	if (r >= 0)
		r = store_get_int(store, &same, err,
		                  "SELECT t.rev FROM template t WHERE t.rev < ?1"
		                  " AND NOT " ONLY_IN("?1", "t.rev") " AND NOT " ONLY_IN(
					  "t.rev", "?1") " ORDER BY t.rev DESC LIMIT 1",
		                  "i", newest);
	/* a revision that an undo may restore is kept too */
	if (r > 0)
		r = store_get_int(
			store, &behind, err,
			"SELECT EXISTS (SELECT 1 FROM domain WHERE template_rev > ?1)"
			" OR EXISTS (SELECT 1 FROM template t JOIN change_item i"
			" ON i.old = 'revision ' || t.rev WHERE t.rev > ?1"
			" AND i.object = 'template' AND i.change_id >"
			" (SELECT max(id) FROM change) - ?2)",
			"ii", same, (int64_t)TEMPLATE_KEPT_CHANGES);
	if (r <= 0 || behind)
		return r < 0 ? r : 0;
	return store_exec(store, err, "DELETE FROM template WHERE rev > ?", "i", same);
}
