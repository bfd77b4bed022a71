/*
 * The audit trail.
 *
 * The change's row is inserted first, because the triggers of the schema use max(change.id) as the
 * generation of rows that the transaction changes.
 */
#include "core/store/change.h"

int change_begin(struct store *store, const struct ctx *ctx, const char *command,
                 struct err *err)
{
	return store_exec(
		store, err,
		"INSERT INTO change (at, uid, actor, command) VALUES (?, ?, ?, ?)",
		"iitt", ctx_now(ctx), (int64_t)ctx->uid, ctx->actor, command);
}

int change_note_ref(struct store *store, const char *object, const char *domain,
                    const char *field, const char *ref, const char *old,
                    const char *new_value, struct err *err)
{
	/* VALUES, not SELECT: one that reads change_item would need a temporary copy */
	return store_exec(
		store, err,
		"INSERT INTO change_item (change_id, seq, object, domain, field,"
		" ref, old, new) VALUES ((SELECT max(id) FROM change),"
		" (SELECT coalesce(max(seq), 0) + 1 FROM change_item"
		"  WHERE change_id = (SELECT max(id) FROM change)),"
		" ?, ?, ?, ?, ?, ?)",
		"tttttt", object, domain, field, ref, old, new_value);
}

int change_note(struct store *store, const char *object, const char *domain,
                const char *field, const char *old, const char *new_value,
                struct err *err)
{
	return change_note_ref(store, object, domain, field, NULL, old, new_value, err);
}

int change_end(struct store *store, bool *ret_changed, struct err *err)
{
	int64_t items = 0;
	int r = store_get_int(store, &items, err,
	                      "SELECT EXISTS (SELECT 1 FROM change_item WHERE change_id ="
	                      " (SELECT max(id) FROM change))",
	                      "");
	if (r >= 0 && items == 0)
		r = store_exec(
			store, err,
			"DELETE FROM change WHERE id = (SELECT max(id) FROM change)", "");
	if (r < 0)
		return r;
	*ret_changed = items != 0;
	return 0;
}

/* Approximate octets of a change `c`, including rows and indexes. */
#define WEIGHT                                                                \
	"(100 + (SELECT coalesce(sum(100 + length(i.field)"                   \
	" + coalesce(length(CAST(i.old AS BLOB)), 0)"                         \
	" + coalesce(length(CAST(i.new AS BLOB)), 0)), 0) FROM change_item i" \
	" WHERE i.change_id = c.id))"

int change_check_room(struct store *store, const struct ctx *ctx, struct err *err)
{
	int64_t left = 0;
	int r = store_get_int(store, &left, err,
	                      "SELECT coalesce(sum(" WEIGHT "), 0) FROM change c"
	                      " WHERE c.at > ? AND c.uid = ?"
	                      " AND c.id < (SELECT max(id) FROM change)",
	                      "ii", ctx_now(ctx) - 3600, (int64_t)ctx->uid);
	if (r < 0)
		return r;
	if (left >= CHANGE_HOURLY)
		return err_set(
			err, ERR_FAILED,
			_("%s changed too much within the last hour (%d KiB of the "
		          "audit trail); nothing was saved; repeat the command later"),
			ctx->actor, (int)(left >> 10));
	/* the newest one is kept: its id is the store's generation */
	return store_exec(store, err,
	                  "DELETE FROM change WHERE id IN (SELECT id FROM (SELECT c.id,"
	                  " sum(" WEIGHT ") OVER (ORDER BY c.id DESC) AS kept"
	                  " FROM change c WHERE c.uid = ?1) WHERE kept > ?2)"
	                  " AND id < (SELECT max(id) FROM change)",
	                  "ii", (int64_t)ctx->uid, CHANGE_KEPT);
}

int generation_now(struct store *store, struct generation *ret_gen, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT id, token FROM change ORDER BY id DESC LIMIT 1", "");
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r < 0)
		return r;
	*ret_gen = r ? (struct generation){ stmt_int(stmt, 0), stmt_int(stmt, 1) }
	             : (struct generation){ 0, 0 };
	return 0;
}

int generation_is_known(struct store *store, struct generation gen, struct err *err)
{
	int64_t known;
	if (gen.id == 0)
		return 1;
	return store_get_int(store, &known, err,
	                     "SELECT 1 FROM change WHERE id = ? AND token = ?", "ii",
	                     gen.id, gen.token);
}

/* ---- the trail ------------------------------------------------------------------------------- */

#define ROWS                                                          \
	"SELECT c.id, c.at, c.uid, c.actor, c.command,"               \
	" (SELECT count(*) FROM change_item WHERE change_id = c.id)," \
	" (SELECT count(DISTINCT domain) FROM change_item"            \
	"  WHERE change_id = c.id) FROM change c "
#define REST                                               \
	" AND (?3 IS NULL OR c.actor = ?3) AND c.at >= ?4" \
	" AND c.at <= ?5 ORDER BY c.id DESC LIMIT ?6"

/* The filter determines the leading index. */
static const char *trail_sql(const struct change_filter *filter)
{
	if (filter->domain && filter->setting)
		return ROWS
			"WHERE c.id IN (SELECT change_id FROM change_item"
			" WHERE domain = ?1 AND field = ?2 AND object = 'setting')" REST;
	if (filter->domain)
		return ROWS "WHERE c.id IN (SELECT change_id FROM change_item"
			    " WHERE domain = ?1) AND ?2 IS NULL" REST;
	if (filter->setting)
		return ROWS "WHERE c.id IN (SELECT change_id FROM change_item"
			    " WHERE field = ?2 AND object = 'setting')"
			    " AND ?1 IS NULL" REST;
	if (filter->since)
		return ROWS "INDEXED BY change_at WHERE ?1 IS NULL AND ?2 IS NULL" REST;
	return ROWS "NOT INDEXED WHERE ?1 IS NULL AND ?2 IS NULL" REST;
}

static struct change_row read_change(struct stmt *stmt)
{
	return (struct change_row){
		.id = stmt_int(stmt, 0),
		.at = stmt_int(stmt, 1),
		.uid = stmt_int(stmt, 2),
		.actor = stmt_text(stmt, 3),
		.command = stmt_text(stmt, 4),
		.items = stmt_int(stmt, 5),
		.domains = stmt_int(stmt, 6),
	};
}

int change_each(struct store *store, const struct change_filter *filter,
                int (*each)(void *arg, const struct change_row *row, struct err *err),
                void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err, trail_sql(filter), "tttiii",
	                    filter->domain, filter->setting, filter->actor, filter->since,
	                    filter->until ? filter->until : INT64_MAX,
	                    filter->limit ? filter->limit : (int64_t)-1);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		struct change_row row = read_change(stmt);
		r = each(arg, &row, err);
		if (r != 0)
			break;
	}
	return r;
}

int change_look(struct store *store, int64_t id,
                int (*each)(void *arg, const struct change_row *row, struct err *err),
                void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err, ROWS "WHERE c.id = ?", "i", id);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r <= 0)
		return r;
	struct change_row row = read_change(stmt);
	r = each(arg, &row, err);
	return r < 0 ? r : 1;
}

int change_later(struct store *store, int64_t id, const struct change_item *item,
                 int64_t *ret_id, struct err *err)
{
	if (!item->domain)
		return store_get_int(
			store, ret_id, err,
			"SELECT change_id FROM change_item WHERE change_id > ?"
			" AND object = ? AND domain IS NULL AND field = ?"
			" AND ref IS ? ORDER BY change_id DESC LIMIT 1",
			"ittt", id, item->object, item->field, item->ref);
	return store_get_int(store, ret_id, err,
	                     "SELECT change_id FROM change_item WHERE domain = ?"
	                     " AND change_id > ? AND object = ? AND field = ?"
	                     " AND ref IS ? ORDER BY change_id DESC LIMIT 1",
	                     "tittt", item->domain, id, item->object, item->field,
	                     item->ref);
}

int change_items(struct store *store, int64_t id,
                 int (*each)(void *arg, const struct change_item *item, struct err *err),
                 void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int64_t there;
	int r = store_get_int(store, &there, err, "SELECT 1 FROM change WHERE id = ?",
	                      "i", id);
	if (r == 0)
		return err_set(err, ERR_MISSING, _("change %lld does not exist"),
		               (long long)id);
	if (r > 0)
		r = store_query(
			store, &stmt, err,
			"SELECT object, domain, field, old, new, ref FROM change_item"
			" WHERE change_id = ? ORDER BY seq",
			"i", id);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		struct change_item item = {
			.object = stmt_text(stmt, 0),
			.domain = stmt_text(stmt, 1),
			.field = stmt_text(stmt, 2),
			.old = stmt_text(stmt, 3),
			.new_value = stmt_text(stmt, 4),
			.ref = stmt_text(stmt, 5),
		};
		r = each(arg, &item, err);
		if (r != 0)
			break;
	}
	return r;
}
