/*
 * A domain's rows in the table `record`: additions, edits of template records, removals of them.
 *
 * The tables' own uniqueness rules are checked beforehand, for the sake of the message; the
 * combination of rows and template is checked after each edit.
 */
#include "core/model/record/record.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/left_out.h"
#include "core/model/record/record_present.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records.h"
#include "core/store/change.h"

/* ---- writing -------------------------------------------------------------------------------- */

static int note(struct store *store, const struct domain *domain,
                const struct stored_record *row, const char *old, const char *new_value,
                struct err *err)
{
	auto_free char *field = stored_field(row);
	auto_free char *ref = stored_id(row);
	return change_note_ref(store, "record", domain->name, field, ref, old, new_value,
	                       err);
}

/* Refuses a record that the domain has already, and a second policy of its kind at an owner. */
static int check_free(struct store *store, const struct domain *domain,
                      const struct stored_record *row, struct err *err)
{
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	auto_free char *self = stored_id(row);
	int64_t there = 0;
	int r = store_get_int(
		store, &there, err,
		"SELECT id FROM record WHERE domain_id = ? AND owner = ? AND type = ?"
		" AND rdata = ? AND id <> ?",
		"ittti", domain->id, row->owner, row->type, row->rdata, row->id);
	if (r > 0)
		return err_set(err, ERR_FAILED, _("%s already has that record"),
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
				_("%s already has its %s record, and only one is "
			          "allowed; to change it, run \"mailauthctl record set "
			          "%s %s ...\""),
				other->owner, record_text_policy(row->kind), domain->name,
				other->id);
	}
	return 0;
}

/* The limit of rows: every derivation of a domain's records reads and compares all of them. */
static int check_count(struct store *store, const struct domain *domain, struct err *err)
{
	int64_t count = 0;
	int r = store_get_int(store, &count, err,
	                      "SELECT count(*) FROM record WHERE domain_id = ?", "i",
	                      domain->id);
	if (r < 0 || count < RECORD_COUNT_MAX)
		return r < 0 ? r : 0;
	return err_set(err, ERR_FAILED,
	               _("%s already has %d own records, which is the limit; remove "
	                 "one with \"mailauthctl record remove %s <id>\""),
	               domain->name, RECORD_COUNT_MAX, domain->name);
}

/* Inserts the row, with id `id` (0: the next one). */
static int insert_row(struct store *store, const struct domain *domain,
                      const struct stored_record *row, int64_t id, struct err *err)
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

/* Writes data (NULL: removed), TTL and kind of an existing row, or inserts it. */
static int write_row(struct store *store, const struct domain *domain,
                     const struct stored_record *row, struct err *err)
{
	if (!row->id)
		return insert_row(store, domain, row, 0, err);
	return store_exec(store, err,
	                  "UPDATE record SET rdata = ?, ttl = ?, kind = ? WHERE id = ?",
	                  "t?ti", row->rdata, row->ttl < 0, row->ttl,
	                  policy_kind_name(row->kind), row->id);
}

/* Inserts a row and sets row->id. */
static int add_row(struct store *store, const struct domain *domain,
                   struct stored_record *row, int64_t id, struct err *err)
{
	auto_free char *audit = stored_audit(row);
	int r = check_free(store, domain, row, err);
	if (r >= 0)
		r = insert_row(store, domain, row, id, err);
	if (r < 0)
		return r;
	row->id = store_last_id(store);
	r = note(store, domain, row, NULL, audit, err);
	return r < 0 ? r : records_check_domain(store, domain, err);
}

int record_add(struct store *store, const struct domain *domain, const char *owner,
               const char *type, const char *rdata, int64_t ttl, int64_t *ret_id,
               struct err *err)
{
	auto_stored row = { 0 };
	int r = stored_parse(owner, type, rdata, ttl, domain->name, &row, err);
	if (r >= 0)
		r = add_row(store, domain, &row, 0, err);
	if (r >= 0)
		*ret_id = row.id;
	return r;
}

int record_set(struct store *store, const struct domain *domain, const char *id,
               const char *rdata, int64_t ttl, struct err *err)
{
	auto_record_present present = { 0 };
	int r = record_text_check_ttl(ttl, err);
	if (r >= 0)
		r = record_present_find(store, domain, id, &present, err);
	if (r < 0)
		return r;
	const struct stored_record *old = &present.row;
	if (!rdata)
		rdata = old->rdata ? old->rdata : present.of_template.rdata;
	ttl = ttl == TTL_UNSAID ? old->ttl : ttl;
	if (!rdata)
		return err_set(
			err, ERR_USAGE,
			_("record %s of %s is removed; give its data to restore it"), id,
			domain->name);
	struct stored_record row = *old;
	row.rdata = rdata;
	row.ttl = ttl;
	if (stored_is_same(&row, old))
		return 0;
	r = record_text_check(row.owner, row.type, rdata, domain->name, &row.kind, err);
	if (r >= 0 && old->kind != POLICY_OTHER && row.kind != old->kind)
		r = err_set(err, ERR_USAGE,
		            _("record %s is the %s record of %s, and the new text is "
		              "not such a record"),
		            id, record_text_policy(old->kind), domain->name);
	if (r < 0)
		return r;
	auto_free char *before = stored_audit(old);
	auto_free char *after = stored_audit(&row);
	r = check_free(store, domain, &row, err);
	if (r >= 0)
		r = write_row(store, domain, &row, err);
	if (r >= 0 && present.is_left_out)
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
	auto_record_present present = { 0 };
	int r = record_present_find(store, domain, id, &present, err);
	if (r < 0)
		return r;
	struct stored_record row = present.row;
	if (!row.rdata && !present.is_left_out)
		return 0;
	auto_free char *before = stored_audit(&row);
	row.rdata = NULL;
	row.ttl = TTL_DEFAULT;
	r = row.template_uid ? write_row(store, domain, &row, err)
	                     : delete_row(store, row.id, err);
	if (r >= 0)
		r = note(store, domain, &row, before, NULL, err);
	return r < 0 ? r : records_check_domain(store, domain, err);
}

/* ---- reset ---------------------------------------------------------------------------------- */

static int reset_row(struct store *store, const struct domain *domain,
                     const struct record_present *present, const char *id,
                     struct err *err)
{
	auto_free char *before = stored_audit(&present->row);
	auto_free char *after = stored_audit(&present->of_template);
	int r = present->is_left_out ? left_out_reset(store, domain->name, id, err)
	                             : delete_row(store, present->row.id, err);
	return r < 0 ? r : note(store, domain, &present->row, before, after, err);
}

/* Edits of template records first, then the domain's own: restored in reverse order, its own
 * records find their ids unused. */
static int reset_all(struct store *store, const struct domain *domain, struct err *err)
{
	auto_stored_records rows = { 0 };
	int r = stored_records_load(store, domain->id, &rows, err);
	for (int is_own = 0; is_own <= 1; is_own++)
		for (size_t i = 0; r >= 0 && i < rows.count; i++) {
			auto_record_present present = { 0 };
			auto_free char *id = stored_id(&rows.row[i]);
			if ((rows.row[i].template_uid == 0) != is_own)
				continue;
			r = record_present_find(store, domain, id, &present, err);
			if (r >= 0)
				r = reset_row(store, domain, &present, id, err);
		}
	return r;
}

/* A DKIM record has no edits: it is published, or left out of a zone that has its own. */
static int reset_key(struct store *store, const struct domain *domain, const char *ref,
                     struct err *err)
{
	int r = left_out_reset(store, domain->name, ref, err);
	if (r == 0)
		return err_set(err, ERR_MISSING,
		               _("%s is not left out of the zone of %s; run "
		                 "\"mailauthctl record list %s\" to list the records"),
		               ref, domain->name, domain->name);
	return r < 0 ? r
	             : change_note(store, "key", domain->name, ref, "left out",
	                           "published", err);
}

int record_reset(struct store *store, const struct domain *domain, const char *id,
                 struct err *err)
{
	auto_record_present present = { 0 };
	if (id && text_ends(id, "_domainkey"))
		return reset_key(store, domain, id, err);
	int r = id ? record_present_find(store, domain, id, &present, err)
	           : reset_all(store, domain, err);
	if (r >= 0 && id && !present.row.template_uid)
		r = err_set(err, ERR_USAGE,
		            _("record %s belongs to %s alone and cannot be reset; to "
		              "delete it, run \"mailauthctl record remove %s %s\""),
		            id, domain->name, domain->name, id);
	if (r >= 0 && id && (present.row.id || present.is_left_out))
		r = reset_row(store, domain, &present, id, err);
	return r < 0 ? r : records_check_domain(store, domain, err);
}

/* ---- restoring from the audit trail --------------------------------------------------------- */

/* "www.<domain>. A": whether the record has that owner and type. */
static bool is_field(const struct stored_record *row, const char *field)
{
	auto_free char *own = row->owner ? stored_field(row) : NULL;
	return own && strcmp(own, field) == 0;
}

int record_look(struct store *store, const struct domain *domain, const char *id,
                const char *field, char **ret_audit, struct err *err)
{
	auto_record_present present = { 0 };
	struct record_id parsed = { 0 };
	int r = record_id_parse(id, &parsed, err);
	if (r >= 0)
		r = record_present_look(store, domain, parsed, &present, err);
	if (r < 0)
		return r;
	*ret_audit = is_field(&present.row, field) ? stored_audit(&present.row) : NULL;
	return 0;
}

/* A new record: with its old id, unless another record has it. */
static int make_again(struct store *store, const struct domain *domain,
                      struct record_id id, const char *field, const char *rdata,
                      int64_t ttl, struct err *err)
{
	auto_stored row = { 0 };
	int64_t taken = 0;
	int r = stored_parse_field(field, rdata, ttl, domain->name, &row, err);
	row.template_uid = id.is_template ? id.number : 0;
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
	auto_record_present present = { 0 };
	struct record_id parsed = { 0 };
	const struct stored_record *of_template = &present.of_template;
	const char *rdata;
	int64_t ttl;
	int r = record_id_parse(id, &parsed, err);
	if (r >= 0)
		r = record_present_look(store, domain, parsed, &present, err);
	if (r < 0)
		return r;
	bool is_there = is_field(&present.row, field);
	if (!audit)
		return is_there ? record_remove(store, domain, id, err) : 0;
	record_text_parse_audit(audit, &rdata, &ttl);
	if (!is_there)
		return make_again(store, domain, parsed, field, rdata, ttl, err);
	if ((present.row.id || present.is_left_out) &&
	    text_same(of_template->rdata, rdata) && of_template->ttl == ttl)
		return record_reset(store, domain, id, err);
	return record_set(store, domain, id, rdata, ttl, err);
}

/* ---- exchange ------------------------------------------------------------------------------- */

/* A record of its own keeps its id. */
static int put_in(struct store *store, const struct domain *domain,
                  const struct record_exchange *pair, int64_t *ret_id, struct err *err)
{
	bool is_own = !pair->row->template_uid;
	int r = insert_row(store, domain, pair->row,
	                   is_own && pair->old ? pair->old->id : 0, err);
	*ret_id = store_last_id(store);
	return r;
}

/* A template record whose edit is removed has the template's content again.  `own_id`: the id of a
 * record of the domain's own that was added. */
static int note_exchange(struct store *store, const struct domain *domain,
                         const struct record_exchange *pair, int64_t own_id,
                         struct err *err)
{
	struct stored_record any = pair->row ? *pair->row : *pair->old;
	auto_record_present present = { 0 };
	const struct record_id id = { true, any.template_uid };
	int r = id.number ? record_present_of_template(store, domain, id, &present, err)
	                  : 0;
	if (r < 0)
		return r;
	any.id = pair->old ? pair->old->id : own_id;
	auto_free char *before = stored_audit(pair->old ? pair->old : &present.row);
	auto_free char *after = stored_audit(pair->row ? pair->row : &present.row);
	return note(store, domain, &any, before, after, err);
}

/* Rows for removed, changed and added records, in this order: undone in reverse order, no step
 * conflicts with a record that still exists. */
int record_exchange(struct store *store, const struct domain *domain,
                    const struct record_exchange *pairs, size_t count, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++)
		if (pairs[i].old)
			r = delete_row(store, pairs[i].old->id, err);
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
