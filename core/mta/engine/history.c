/* core/mta/engine/history.c: reads the journal: pushes, and their steps with the old and new texts.
 */
#include "core/mta/engine/history.h"

#include "core/base/alloc.h"
#include "core/mta/engine/journal.h"
#include "core/mta/plan/step.h"

int history_each(struct store *target, int64_t id,
                 int (*each)(void *arg, const struct history_row *row, struct err *err),
                 void *arg, struct err *err)
{
	auto_stmt stmt = NULL;
	bool is_found = false;
	int rc = target ? store_query(target, &stmt, err,
	                              "SELECT id, at, actor, command, kind, state, "
	                              "ifnull(result_of, 0), why FROM history "
	                              "WHERE ?1 = 0 OR id = ?1 ORDER BY id DESC",
	                              "i", id)
	                : 0;

	while (stmt && !rc && (rc = stmt_next(stmt, err)) == 1) {
		const struct history_row row = {
			.id = stmt_int(stmt, 0),
			.at = stmt_int(stmt, 1),
			.actor = stmt_text(stmt, 2),
			.command = stmt_text(stmt, 3),
			.kind = journal_kind(stmt_text(stmt, 4)),
			.state = journal_progress(stmt_text(stmt, 5)),
			.result_of = stmt_int(stmt, 6),
			.why = stmt_text(stmt, 7),
		};

		is_found = true;
		rc = each(arg, &row, err);
	}
	if (rc || !id || is_found)
		return rc;
	(void)err_set(err, ERR_MISSING,
	              _("push %lld does not exist; run \"mailauthctl mta history\" "
	                "to list the pushes"),
	              (long long)id);
	return err_set_remedy(err, PUSH_LIST);
}

static int show_row(struct store *target, const struct step_row *row,
                    int (*each)(void *arg, const struct step *step, struct err *err),
                    void *arg, struct err *err)
{
	const struct step_type *type = step_types[row->kind];
	auto_plan plan = PLAN_INIT;
	struct step *step = plan_step(&plan, row->kind, row->rank, row->object);
	struct step_old *old = step_fill_old(step);
	int rc = 0;

	step->is_present = row->is_present;
	step->is_secret = row->is_secret;
	step->had_old = row->had_old;
	step->meta = row->new_meta;
	*old = (struct step_old){ .meta = row->old_meta, .digest = row->old_digest };
	if (type->recall)
		type->recall(row, step);
	if (!type->has_content)
		return each(arg, step, err);
	step->new_digest = row->new_digest;
	if (!step->is_key)
		step->content = xcalloc(1, sizeof(*step->content));
	if (!row->is_secret && row->had_old)
		rc = target_blob(target, &row->old_digest, &old->content, err);
	if (!rc && !row->is_secret && row->is_present)
		rc = target_blob(target, &row->new_digest, step->content, err);
	return rc ? rc : each(arg, step, err);
}

int history_steps(struct store *target, int64_t id,
                  int (*each)(void *arg, const struct step *step, struct err *err),
                  void *arg, struct err *err)
{
	auto_stmt steps = NULL;
	struct step_row row;
	int rc = journal_steps(target, id, -1, false, &steps, err);

	while (!rc && (rc = journal_next(target, steps, &row, err)) == 1)
		rc = show_row(target, &row, each, arg, err);
	return rc;
}
