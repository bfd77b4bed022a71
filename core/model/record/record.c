/*
 * A domain's rows in the table `record`: additions, edits of template records, removals of them.
 * The tables' own uniqueness rules are met beforehand, with sentences; what rows and template give
 * together is checked after each edit.
 */
#include "core/model/record/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/left_out.h"
#include "core/model/record/record_present.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "core/store/change.h"
#include "dnszone/name/rr.h"

/* ---- writing -------------------------------------------------------------------------------- */

static int note(struct store *store, const struct domain *domain,
                const struct record_present *row, const char *old, const char *new_value,
                struct err *err)
{
	auto_free char *field = xasprintf("%s %s", row->owner, row->type);
	auto_free char *ref = row->template_uid
	                              ? xasprintf("t%" PRId64, row->template_uid)
	                              : xasprintf("%" PRId64, row->row_id);
	return change_note_ref(store, "record", domain->name, field, ref, old, new_value,
	                       err);
}

/* Refuses what the domain has already, and a second policy of its kind at an owner. */
static int check_free(struct store *store, const struct domain *domain,
                      const struct record_present *row, struct err *err)
{
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	auto_free char *self = row->template_uid
	                               ? xasprintf("t%" PRId64, row->template_uid)
	                               : xasprintf("%" PRId64, row->row_id);
	int64_t there = 0;
	int r = store_get_int(
		store, &there, err,
		"SELECT id FROM record WHERE domain_id = ? AND owner = ? AND type = ?"
		" AND rdata = ? AND id <> ?",
		"ittti", domain->id, row->owner, row->type, row->rdata, row->row_id);
	if (r > 0)
		return err_set(err, ERR_FAILED, _("%s has that record already"),
		               domain->name);
	if (r >= 0)
		r = records_new(store, NULL, &records, err);
	if (r >= 0)
		r = records_of_domain(records, domain, &list, err);
	if (r < 0)
		return r;
	size_t host_len = strlen(row->owner) - strlen("<domain>.");
	for (size_t i = 0; i < list.count && row->kind != POLICY_OTHER; i++) {
		const struct record_row *other = &list.row[i];
		bool is_there = other->kind == row->kind &&
		                strcmp(other->id, self) != 0 &&
		                strncmp(other->owner, row->owner, host_len) == 0 &&
		                strcmp(other->owner + host_len, domain->name) == 0;
		if (is_there)
			return err_set(
				err, ERR_FAILED,
				_("%s has its %s record already, and there can be only one; "
			          "\"mailauthctl record set %s %s ...\" changes it"),
				other->owner, record_text_policy(row->kind), domain->name,
				other->id);
	}
	return 0;
}

/* Every look at a domain reads and compares all of them. */
static int check_count(struct store *store, const struct domain *domain, struct err *err)
{
	int64_t count = 0;
	int r = store_get_int(store, &count, err,
	                      "SELECT count(*) FROM record WHERE domain_id = ?", "i",
	                      domain->id);
	if (r < 0 || count < RECORD_COUNT_MAX)
		return r < 0 ? r : 0;
	return err_set(err, ERR_FAILED,
	               _("%s has %d records of its own already, and a domain can have no "
	                 "more; remove one with \"mailauthctl record remove %s <id>\""),
	               domain->name, RECORD_COUNT_MAX, domain->name);
}

/* Makes the row, as number `id` (0: the next one). */
static int insert_row(struct store *store, const struct domain *domain,
                      const struct record_present *row, int64_t id, struct err *err)
{
	int r = check_count(store, domain, err);
	if (r < 0)
		return r;
	return store_exec(
		store, err,
		"INSERT INTO record (id, domain_id, template_uid, owner, type, ttl, rdata,"
		" kind) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		"?i?tt?tt", id == 0, id, domain->id, row->template_uid == 0,
		row->template_uid, row->owner, row->type, row->ttl < 0, row->ttl,
		row->rdata, policy_kind_name(row->kind));
}

/* Writes data (NULL: removed), TTL and kind of a row that is there, or makes it. */
static int write_row(struct store *store, const struct domain *domain,
                     const struct record_present *row, struct err *err)
{
	if (!row->row_id)
		return insert_row(store, domain, row, 0, err);
	return store_exec(store, err,
	                  "UPDATE record SET rdata = ?, ttl = ?, kind = ? WHERE id = ?",
	                  "t?ti", row->rdata, row->ttl < 0, row->ttl,
	                  policy_kind_name(row->kind), row->row_id);
}

/* A row that is not there yet; its number is in row->row_id then. */
static int add_row(struct store *store, const struct domain *domain,
                   struct record_present *row, int64_t id, struct err *err)
{
	auto_free char *audit = record_text_audit(row->rdata, row->ttl);
	int r = check_free(store, domain, row, err);
	if (r >= 0)
		r = insert_row(store, domain, row, id, err);
	if (r < 0)
		return r;
	row->row_id = store_last_id(store);
	r = note(store, domain, row, NULL, audit, err);
	return r < 0 ? r : records_check_domain(store, domain, err);
}

int record_add(struct store *store, const struct domain *domain, const char *owner,
               const char *type, const char *rdata, int64_t ttl, int64_t *ret_id,
               struct err *err)
{
	char known_type[16];
	auto_record_present row = { .ttl = ttl < 0 ? TTL_DEFAULT : ttl };
	int r = record_text_check_ttl(ttl, err);
	if (r >= 0)
		r = rr_parse_type(type, known_type, err);
	if (r >= 0)
		r = record_text_owner(owner, domain->name, &row.owner, err);
	if (r >= 0)
		r = record_text_check(row.owner, known_type, rdata, domain->name,
		                      &row.kind, err);
	if (r < 0)
		return r;
	row.type = xstrdup(known_type);
	row.rdata = xstrdup(rdata);
	r = add_row(store, domain, &row, 0, err);
	if (r >= 0)
		*ret_id = row.row_id;
	return r;
}

int record_set(struct store *store, const struct domain *domain, const char *id,
               const char *rdata, int64_t ttl, struct err *err)
{
	auto_record_present row = { 0 };
	enum policy_kind kind;
	int r = record_text_check_ttl(ttl, err);
	if (r >= 0)
		r = record_present_find(store, domain, id, &row, err);
	if (r < 0)
		return r;
	const char *shown = row.rdata ? row.rdata : row.of_template;
	rdata = rdata ? rdata : shown;
	ttl = ttl == TTL_UNSAID ? row.ttl : ttl;
	if (!rdata)
		return err_set(
			err, ERR_USAGE,
			_("record %s of %s is removed, and its data must be given to "
		          "bring it back"),
			id, domain->name);
	if (text_same(row.rdata, rdata) && ttl == row.ttl)
		return 0;
	r = record_text_check(row.owner, row.type, rdata, domain->name, &kind, err);
	if (r >= 0 && row.kind != POLICY_OTHER && kind != row.kind)
		r = err_set(
			err, ERR_USAGE,
			_("record %s is the %s record of %s and stays one; that text is none"),
			id, record_text_policy(row.kind), domain->name);
	if (r < 0)
		return r;
	auto_free char *before = row.rdata ? record_text_audit(row.rdata, row.ttl) : NULL;
	auto_free char *after = record_text_audit(rdata, ttl);
	char *copy = xstrdup(rdata);
	free(row.rdata);
	row.rdata = copy;
	row.ttl = ttl;
	row.kind = kind;
	r = check_free(store, domain, &row, err);
	if (r >= 0)
		r = write_row(store, domain, &row, err);
	if (r >= 0 && row.is_left_out)
		r = left_out_reset(store, domain->name, id, err);
	if (r >= 0)
		r = note(store, domain, &row, before, after, err);
	return r < 0 ? r : records_check_domain(store, domain, err);
}

static int delete_row(struct store *store, int64_t row_id, struct err *err)
{
	return store_exec(store, err, "DELETE FROM record WHERE id = ?", "i", row_id);
}

int record_remove(struct store *store, const struct domain *domain, const char *id,
                  struct err *err)
{
	auto_record_present row = { 0 };
	int r = record_present_find(store, domain, id, &row, err);
	if (r < 0)
		return r;
	if (!row.rdata && !row.is_left_out)
		return 0;
	auto_free char *before = row.rdata ? record_text_audit(row.rdata, row.ttl) : NULL;
	free(row.rdata);
	row.rdata = NULL;
	row.ttl = TTL_DEFAULT;
	r = row.template_uid ? write_row(store, domain, &row, err)
	                     : delete_row(store, row.row_id, err);
	if (r >= 0)
		r = note(store, domain, &row, before, NULL, err);
	return r < 0 ? r : records_check_domain(store, domain, err);
}

/* ---- reset ---------------------------------------------------------------------------------- */

static int reset_row(struct store *store, const struct domain *domain,
                     const struct record_present *row, const char *id, struct err *err)
{
	auto_free char *before =
		row->rdata ? record_text_audit(row->rdata, row->ttl) : NULL;
	auto_free char *after =
		row->of_template ? record_text_audit(row->of_template, row->template_ttl)
				 : NULL;
	int r = row->is_left_out ? left_out_reset(store, domain->name, id, err)
	                         : delete_row(store, row->row_id, err);
	return r < 0 ? r : note(store, domain, row, before, after, err);
}

/* The ids of template records first, then the domain's own: taken back from the last to the first,
 * its own records find their numbers free. */
struct own_ids {
	struct buf edits, own;
};

static int collect_id(void *arg, const struct record_own *row, struct err *err)
{
	struct own_ids *ids = arg;
	(void)err;
	buf_add(row->id[0] == 't' ? &ids->edits : &ids->own, row->id,
	        strlen(row->id) + 1);
	return 0;
}

static int reset_ids(struct store *store, const struct domain *domain,
                     const struct buf *ids, struct err *err)
{
	int r = 0;
	for (size_t at = 0; r >= 0 && at < ids->len; at += strlen(ids->at + at) + 1) {
		auto_record_present row = { 0 };
		r = record_present_find(store, domain, ids->at + at, &row, err);
		if (r >= 0)
			r = reset_row(store, domain, &row, ids->at + at, err);
	}
	return r;
}

static int reset_all(struct store *store, const struct domain *domain, struct err *err)
{
	struct own_ids ids = { BUF_INIT, BUF_INIT };
	int r = record_each(store, domain->id, collect_id, &ids, err);
	if (r >= 0)
		r = reset_ids(store, domain, &ids.edits, err);
	if (r >= 0)
		r = reset_ids(store, domain, &ids.own, err);
	buf_done(&ids.edits);
	buf_done(&ids.own);
	return r;
}

/* A DKIM record has no edits: it is published, or left out of a zone that has its own. */
static int reset_key(struct store *store, const struct domain *domain, const char *ref,
                     struct err *err)
{
	int r = left_out_reset(store, domain->name, ref, err);
	if (r == 0)
		return err_set(err, ERR_MISSING,
		               _("%s is not left out of the zone of %s; see "
		                 "\"mailauthctl record list %s\""),
		               ref, domain->name, domain->name);
	return r < 0 ? r
	             : change_note(store, "key", domain->name, ref, "left out",
	                           "published", err);
}

int record_reset(struct store *store, const struct domain *domain, const char *id,
                 struct err *err)
{
	auto_record_present row = { 0 };
	if (id && text_ends(id, "_domainkey"))
		return reset_key(store, domain, id, err);
	int r = id ? record_present_find(store, domain, id, &row, err)
	           : reset_all(store, domain, err);
	if (r >= 0 && id && !row.template_uid)
		r = err_set(err, ERR_USAGE,
		            _("record %s is %s's own and has nothing to go back to; "
		              "\"mailauthctl record remove %s %s\" deletes it"),
		            id, domain->name, domain->name, id);
	if (r >= 0 && id && (row.row_id || row.is_left_out))
		r = reset_row(store, domain, &row, id, err);
	return r < 0 ? r : records_check_domain(store, domain, err);
}

/* ---- back to what the trail says ------------------------------------------------------------ */

/* "www.<domain>. A": whether the record has that owner and type. */
static bool is_field(const struct record_present *row, const char *field)
{
	auto_free char *own =
		row->owner ? xasprintf("%s %s", row->owner, row->type) : NULL;
	return own && strcmp(own, field) == 0;
}

int record_look(struct store *store, const struct domain *domain, const char *id,
                const char *field, char **ret_audit, struct err *err)
{
	auto_record_present row = { 0 };
	struct record_id parsed = { 0 };
	int r = record_id_parse(id, &parsed, err);
	if (r >= 0)
		r = record_present_look(store, domain, parsed, &row, err);
	if (r < 0)
		return r;
	*ret_audit = row.rdata && is_field(&row, field)
	                     ? record_text_audit(row.rdata, row.ttl)
	                     : NULL;
	return 0;
}

/* A record that is not there: under its old number, where no other record has it. */
static int make_again(struct store *store, const struct domain *domain,
                      struct record_id id, const char *field, const char *rdata,
                      int64_t ttl, struct err *err)
{
	auto_record_present row = { .template_uid = id.is_template ? id.number : 0,
		                    .ttl = ttl };
	const char *type = strrchr(field, ' ');
	int64_t taken = 0;
	if (!type)
		return err_set(err, ERR_FAILED,
		               _("the trail names no owner and type: \"%s\""), field);
	row.owner = xmemdup(field, (size_t)(type - field));
	row.type = xstrdup(type + 1);
	row.rdata = xstrdup(rdata);
	int r = record_text_check(row.owner, row.type, rdata, domain->name, &row.kind,
	                          err);
	if (r >= 0 && !id.is_template)
		r = store_get_int(store, &taken, err,
		                  "SELECT id FROM record WHERE id = ?", "i", id.number);
	if (r < 0)
		return r;
	return add_row(store, domain, &row, taken || id.is_template ? 0 : id.number, err);
}

int record_restore(struct store *store, const struct domain *domain, const char *id,
                   const char *field, const char *audit, struct err *err)
{
	auto_record_present row = { 0 };
	struct record_id parsed = { 0 };
	const char *rdata;
	int64_t ttl;
	int r = record_id_parse(id, &parsed, err);
	if (r >= 0)
		r = record_present_look(store, domain, parsed, &row, err);
	if (r < 0)
		return r;
	bool is_there = is_field(&row, field);
	if (!audit)
		return is_there ? record_remove(store, domain, id, err) : 0;
	record_text_parse_audit(audit, &rdata, &ttl);
	if (!is_there)
		return make_again(store, domain, parsed, field, rdata, ttl, err);
	if ((row.row_id || row.is_left_out) && text_same(row.of_template, rdata) &&
	    row.template_ttl == ttl)
		return record_reset(store, domain, id, err);
	return record_set(store, domain, id, rdata, ttl, err);
}

int record_each(struct store *store, int64_t domain_id,
                int (*each)(void *arg, const struct record_own *row, struct err *err),
                void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	if (!store)
		return 0;
	int r = store_query(
		store, &stmt, err,
		"SELECT coalesce('t' || template_uid, id), owner, type, rdata,"
		" coalesce(ttl, -2), kind FROM record WHERE domain_id = ? ORDER BY id",
		"i", domain_id);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		struct record_own row = {
			.id = stmt_text(stmt, 0),
			.owner = stmt_text(stmt, 1),
			.type = stmt_text(stmt, 2),
			.rdata = stmt_text(stmt, 3),
			.ttl = stmt_int(stmt, 4),
			.kind = record_text_kind(stmt_text(stmt, 5)),
		};
		r = each(arg, &row, err);
		if (r != 0)
			return r;
	}
	return r;
}

/* ---- exchange ------------------------------------------------------------------------------- */

static int take_out(struct store *store, const struct domain *domain,
                    const struct record_own *row, struct err *err)
{
	struct record_id id = { 0 };
	int r = record_id_parse(row->id, &id, err);
	if (r < 0)
		return r;
	if (!id.is_template)
		return delete_row(store, id.number, err);
	return store_exec(store, err,
	                  "DELETE FROM record WHERE domain_id = ? AND template_uid = ?",
	                  "ii", domain->id, id.number);
}

/* A record of its own keeps its number. */
static int put_in(struct store *store, const struct domain *domain,
                  const struct record_exchange *pair, int64_t *ret_id, struct err *err)
{
	const struct record_own *row = pair->row;
	const char *kept = row->id ? row->id : pair->old ? pair->old->id : NULL;
	struct record_id id = { 0 };
	int r = kept ? record_id_parse(kept, &id, err) : 0;
	if (r < 0)
		return r;
	const struct record_present present = {
		.template_uid = id.is_template ? id.number : 0,
		.owner = (char *)(uintptr_t)row->owner,
		.type = (char *)(uintptr_t)row->type,
		.rdata = (char *)(uintptr_t)row->rdata,
		.ttl = row->ttl,
		.kind = row->kind,
	};
	r = insert_row(store, domain, &present, id.is_template ? 0 : id.number, err);
	*ret_id = store_last_id(store);
	return r;
}

static char *audit_of(const struct record_own *row)
{
	return row && row->rdata ? record_text_audit(row->rdata, row->ttl) : NULL;
}

/* A template record that is edited no more shows what the template says.  `own_id`: of a record of
 * its own that was made. */
static int note_exchange(struct store *store, const struct domain *domain,
                         const struct record_exchange *pair, int64_t own_id,
                         struct err *err)
{
	const struct record_own *any = pair->old ? pair->old : pair->row;
	auto_record_present row = { 0 };
	struct record_id id = { .number = own_id };
	int r = any->id ? record_id_parse(any->id, &id, err) : 0;
	if (r >= 0 && id.is_template)
		r = record_present_of_template(store, domain, id, &row, err);
	if (r < 0)
		return r;
	auto_free char *before = pair->old ? audit_of(pair->old)
	                         : row.rdata
	                                 ? record_text_audit(row.rdata, row.template_ttl)
	                                 : NULL;
	auto_free char *after = pair->row ? audit_of(pair->row)
	                        : row.rdata
	                                ? record_text_audit(row.rdata, row.template_ttl)
	                                : NULL;
	any = pair->row ? pair->row : pair->old;
	const struct record_present named = {
		.template_uid = id.is_template ? id.number : 0,
		.row_id = id.is_template ? 0 : id.number,
		.owner = (char *)(uintptr_t)any->owner,
		.type = (char *)(uintptr_t)any->type,
	};
	return note(store, domain, &named, before, after, err);
}

/* Noted are what goes, what changes, what comes: taken back from the last to the first, no step
 * meets what stood in its way. */
int record_exchange(struct store *store, const struct domain *domain,
                    const struct record_exchange *pairs, size_t count, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++)
		if (pairs[i].old)
			r = take_out(store, domain, pairs[i].old, err);
	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; r >= 0 && i < count; i++) {
			const struct record_exchange *pair = &pairs[i];
			int64_t id = 0;
			if (pass != (!pair->row ? 0 : pair->old ? 1 : 2))
				continue;
			if (pair->row)
				r = put_in(store, domain, pair, &id, err);
			if (r >= 0)
				r = note_exchange(store, domain, pair, id, err);
		}
	return r;
}
