/* Reading the template and its revisions. */
#include "core/model/record/template_inner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/record/record_text.h"

/* What db/schema.sql puts into a new database; a unit test compares them. */
const struct template_row template_built_in[TEMPLATE_BUILT_IN] = {
	{ 1, "<domain>.", "TXT", "v=spf1 +a +mx +a:<hostname> -all", TTL_DEFAULT,
	  POLICY_SPF },
	{ 2, "_dmarc.<domain>.", "TXT", "v=DMARC1; p=none", TTL_DEFAULT, POLICY_DMARC },
};

struct template_row template_read_row(struct stmt *stmt)
{
	return (struct template_row){
		.uid = stmt_int(stmt, 0),
		.owner = stmt_text(stmt, 1),
		.type = stmt_text(stmt, 2),
		.ttl = stmt_int(stmt, 3),
		.rdata = stmt_text(stmt, 4),
		.kind = record_text_kind(stmt_text(stmt, 5)),
	};
}

int template_newest(struct store *store, int64_t *ret_rev, struct err *err)
{
	int r = store_get_int(store, ret_rev, err, "SELECT max(rev) FROM template", "");
	return r == 0 ? err_set(err, ERR_FAILED, _("the database holds no template")) : r;
}

int template_each(struct store *store, int64_t rev,
                  int (*each)(void *arg, const struct template_row *row, struct err *err),
                  void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = 0;
	for (size_t i = 0; !store && i < ARRAY_LEN(template_built_in) && r == 0; i++)
		r = each(arg, &template_built_in[i], err);
	if (!store)
		return r;
	if (rev == 0)
		r = template_newest(store, &rev, err);
	if (r >= 0)
		r = store_query(store, &stmt, err,
		                TEMPLATE_COLUMNS "WHERE rev = ? ORDER BY uid", "i", rev);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		struct template_row row = template_read_row(stmt);
		r = each(arg, &row, err);
		if (r != 0)
			return r;
	}
	return r;
}

static int note_there(void *arg, const struct template_row *row, struct err *err)
{
	bool *is_there = arg;
	(void)err;
	for (size_t i = 0; i < ARRAY_LEN(template_built_in); i++)
		is_there[i] |= template_built_in[i].uid == row->uid;
	return 0;
}

int template_missing(struct store *store, int64_t ret_uids[TEMPLATE_BUILT_IN],
                     size_t *ret_count, struct err *err)
{
	bool is_there[TEMPLATE_BUILT_IN] = { false };
	int r = template_each(store, 0, note_there, is_there, err);
	*ret_count = 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(template_built_in); i++)
		if (!is_there[i])
			ret_uids[(*ret_count)++] = template_built_in[i].uid;
	return r;
}
