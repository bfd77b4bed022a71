/*
 * The audit trail.  The change's row is inserted first, because the triggers of the schema take
 * max(change.id) as the generation of whatever moves in the transaction.
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

int change_note(struct store *store, const char *object, const char *domain,
                const char *field, const char *old, const char *new_value,
                struct err *err)
{
	return store_exec(
		store, err,
		"INSERT INTO change_item (change_id, seq, object, domain, field, old, new)"
		" SELECT c.id,"
		" (SELECT coalesce(max(seq), 0) + 1 FROM change_item WHERE change_id = c.id),"
		" ?, ?, ?, ?, ? FROM (SELECT max(id) AS id FROM change) AS c",
		"ttttt", object, domain, field, old, new_value);
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

int change_each(struct store *store, int64_t limit,
                int (*each)(void *arg, const struct change_row *row, struct err *err),
                void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	int r = store_query(store, &stmt, err,
	                    "SELECT c.id, c.at, c.uid, c.actor, c.command,"
	                    " (SELECT count(*) FROM change_item WHERE change_id = c.id)"
	                    " FROM change c ORDER BY c.id DESC LIMIT ?",
	                    "i", limit ? limit : (int64_t)-1);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		struct change_row row = {
			.id = stmt_int(stmt, 0),
			.at = stmt_int(stmt, 1),
			.uid = stmt_int(stmt, 2),
			.actor = stmt_text(stmt, 3),
			.command = stmt_text(stmt, 4),
			.items = stmt_int(stmt, 5),
		};
		r = each(arg, &row, err);
		if (r != 0)
			break;
	}
	return r;
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
		return err_set(err, ERR_MISSING, _("there is no change %lld"),
		               (long long)id);
	if (r > 0)
		r = store_query(store, &stmt, err,
		                "SELECT object, domain, field, old, new FROM change_item"
		                " WHERE change_id = ? ORDER BY seq",
		                "i", id);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		struct change_item item = {
			.object = stmt_text(stmt, 0),
			.domain = stmt_text(stmt, 1),
			.field = stmt_text(stmt, 2),
			.old = stmt_text(stmt, 3),
			.new_value = stmt_text(stmt, 4),
		};
		r = each(arg, &item, err);
		if (r != 0)
			break;
	}
	return r;
}
