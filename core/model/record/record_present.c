/* Looks a record up by its id: in the table, in the template's revision, in what a zone left out. */
#include "core/model/record/record_present.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/left_out.h"
#include "core/model/record/record_text.h"

int record_id_parse(const char *text, struct record_id *ret_id, struct err *err)
{
	struct record_id id = { .is_template = text[0] == 't' || text[0] == 'T' };
	if (!text_to_int(text + id.is_template, 1, INT64_MAX, &id.number))
		return err_set(err, ERR_USAGE,
		               _("\"%s\" is not the id of a record, such as t1 or 7; see "
		                 "\"mailauthctl record list <domain>\""),
		               text);
	*ret_id = id;
	return 0;
}

void record_present_done(struct record_present *present)
{
	free(present->owner);
	free(present->type);
	free(present->rdata);
	free(present->of_template);
}
static void take_row(struct stmt *stmt, struct record_present *present)
{
	present->row_id = stmt_int(stmt, 0);
	present->template_uid = stmt_int(stmt, 1);
	present->owner = xstrdup(stmt_text(stmt, 2));
	present->type = xstrdup(stmt_text(stmt, 3));
	present->rdata = xstrdup(stmt_text(stmt, 4));
	present->ttl = stmt_int(stmt, 5);
	present->kind = record_text_kind(stmt_text(stmt, 6));
}

/* 1: there is such a row, 0: there is none. */
static int look_row(struct store *store, const struct domain *domain, struct record_id id,
                    struct record_present *present, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = id.is_template
	                ? store_query(store, &stmt, err,
	                              "SELECT id, template_uid, owner, type, rdata,"
	                              " coalesce(ttl, -2), kind FROM record"
	                              " WHERE domain_id = ? AND template_uid = ?",
	                              "ii", domain->id, id.number)
	                : store_query(
				  store, &stmt, err,
				  "SELECT id, 0, owner, type, rdata, coalesce(ttl, -2), kind"
				  " FROM record WHERE domain_id = ? AND id = ?"
				  " AND template_uid IS NULL",
				  "ii", domain->id, id.number);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r > 0)
		take_row(stmt, present);
	return r;
}

int record_present_of_template(struct store *store, const struct domain *domain,
                               struct record_id id, struct record_present *present,
                               struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT 0, uid, owner, type, rdata, coalesce(ttl, -2), kind"
	                    " FROM template_record WHERE rev = ? AND uid = ?",
	                    "ii", domain->template_rev, id.number);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r > 0 && !present->owner)
		take_row(stmt, present);
	if (r > 0) {
		present->of_template = xstrdup(stmt_text(stmt, 4));
		present->template_ttl = stmt_int(stmt, 5);
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
		free(present->rdata);
		present->rdata = NULL;
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
	if (r > 0 && !present->row_id)
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
	if (r < 0 || present->owner)
		return r < 0 ? r : 0;
	return err_set(err, ERR_MISSING,
	               _("%s has no record %s; see \"mailauthctl record list %s\""),
	               domain->name, text, domain->name);
}
