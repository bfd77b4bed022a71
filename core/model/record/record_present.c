/* Finds a record by its id: in the table, in the template's revision, among the records that a zone
 * left out. */
#include "core/model/record/record_present.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/left_out.h"

int record_id_parse(const char *text, struct record_id *ret_id, struct err *err)
{
	struct record_id id = { .is_template = text[0] == 't' || text[0] == 'T' };
	if (!text_to_int(text + id.is_template, 1, INT64_MAX, &id.number))
		return err_set(err, ERR_USAGE,
		               _("\"%s\" is not the id of a record, such as t1 or 7; "
		                 "run \"mailauthctl record list <domain>\" to list the "
		                 "ids"),
		               text);
	*ret_id = id;
	return 0;
}

void record_present_done(struct record_present *present)
{
	stored_done(&present->row);
	stored_done(&present->of_template);
}

/* 1: there is such a row, 0: there is none. */
static int look_row(struct store *store, const struct domain *domain, struct record_id id,
                    struct record_present *present, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    id.is_template ? STORED_OF_DOMAIN
	                            "WHERE domain_id = ? AND template_uid = ?"
	                                   : STORED_OF_DOMAIN
	                            "WHERE domain_id = ? AND id = ?"
	                            " AND template_uid IS NULL",
	                    "ii", domain->id, id.number);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r > 0) {
		const struct stored_record row = stored_borrow(stmt);
		present->row = stored_copy(&row);
	}
	return r;
}

int record_present_of_template(struct store *store, const struct domain *domain,
                               struct record_id id, struct record_present *present,
                               struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    STORED_OF_TEMPLATE "WHERE rev = ? AND uid = ?", "ii",
	                    domain->template_rev, id.number);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r > 0) {
		const struct stored_record row = stored_borrow(stmt);
		present->of_template = stored_copy(&row);
		if (!present->row.owner)
			present->row = stored_copy(&row);
	}
	return r;
}

static int look_at_zone(struct store *store, const struct domain *domain,
                        struct record_id id, struct record_present *present,
                        struct err *err)
{
	auto_free char *ref = xasprintf("t%" PRId64, id.number);
	int r = left_out_has(store, domain->name, ref, err);
	if (r > 0) {
		present->is_left_out = true;
		free((char *)(uintptr_t)present->row.rdata);
		present->row.rdata = NULL;
	}
	return r;
}

int record_present_look(struct store *store, const struct domain *domain,
                        struct record_id id, struct record_present *present,
                        struct err *err)
{
	int r = look_row(store, domain, id, present, err);
	if (r >= 0 && id.is_template)
		r = record_present_of_template(store, domain, id, present, err);
	if (r > 0 && !present->row.id)
		r = look_at_zone(store, domain, id, present, err);
	return r < 0 ? r : 0;
}

int record_present_find(struct store *store, const struct domain *domain,
                        const char *text, struct record_present *present, struct err *err)
{
	struct record_id id = { 0 };
	int r = record_id_parse(text, &id, err);
	if (r >= 0)
		r = record_present_look(store, domain, id, present, err);
	if (r < 0 || present->row.owner)
		return r < 0 ? r : 0;
	return err_set(err, ERR_MISSING,
	               _("%s has no record %s; run \"mailauthctl record list %s\" to "
	                 "list the ids"),
	               domain->name, text, domain->name);
}
