/* Reading the template and its revisions. */
#include "core/model/record/template_inner.h"

#include "core/model/record/record_text.h"

/* The initial rows of db/schema.sql; a unit test compares them. */
const struct stored_record template_built_in[TEMPLATE_BUILT_IN] = {
	{ 0, 1, "<domain>.", "TXT", "v=spf1 +a +mx +a:<hostname> -all", TTL_DEFAULT,
	  POLICY_SPF },
	{ 0, 2, "_dmarc.<domain>.", "TXT", "v=DMARC1; p=none", TTL_DEFAULT,
	  POLICY_DMARC },
};

int template_newest(struct store *store, int64_t *ret_rev, struct err *err)
{
	int r = store_get_int(store, ret_rev, err, "SELECT max(rev) FROM template", "");
	return r == 0 ? err_set(err, ERR_FAILED, _("the database has no template")) : r;
}

int template_load(struct store *store, int64_t rev, struct stored_records *rows,
                  struct err *err)
{
	auto_stmt stmt = NULL;
	for (size_t i = 0; !store && i < ARRAY_LEN(template_built_in); i++)
		stored_records_add(rows, &template_built_in[i]);
	if (!store)
		return 0;
	int r = rev ? 0 : template_newest(store, &rev, err);
	if (r >= 0)
		r = store_query(store, &stmt, err,
		                STORED_OF_TEMPLATE "WHERE rev = ? ORDER BY uid", "i",
		                rev);
	return r < 0 ? r : stored_records_read(rows, stmt, err);
}

int template_missing(struct store *store, int64_t ret_uids[TEMPLATE_BUILT_IN],
                     size_t *ret_count, struct err *err)
{
	auto_stored_records rows = { 0 };
	int r = template_load(store, 0, &rows, err);
	*ret_count = 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(template_built_in); i++) {
		int64_t uid = template_built_in[i].template_uid;
		if (!stored_records_find(&rows, uid))
			ret_uids[(*ret_count)++] = uid;
	}
	return r;
}
