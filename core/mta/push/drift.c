/* core/mta/push/drift.c: edits of what was pushed, of all kinds. */
#include "core/mta/push/drift.h"

static int scan(struct ctx *ctx, struct store *target, int64_t limit,
                struct drifts *drifts, bool *ret_is_whole, struct err *err)
{
	int rc = 0;

	*ret_is_whole = true;
	for (int kind = 0; target && kind < STEP_KIND_COUNT && !rc; kind++)
		if (step_types[kind]->scan)
			rc = step_types[kind]->scan(ctx, target, limit, drifts,
			                            ret_is_whole, err);
	drifts_sort(drifts);
	return rc;
}

int drift_scan(struct ctx *ctx, struct store *target, struct drifts *drifts,
               struct err *err)
{
	bool is_whole;

	return scan(ctx, target, 0, drifts, &is_whole, err);
}

int drift_scan_first(struct ctx *ctx, struct store *target, struct drifts *drifts,
                     bool *ret_is_whole, struct err *err)
{
	return scan(ctx, target, DRIFT_FIRST, drifts, ret_is_whole, err);
}

int drift_of_observed(struct ctx *ctx, struct store *target, const struct plan *plan,
                      struct drifts *drifts, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; target && i < plan->count && !rc; i++)
		if (step_types[plan->step[i].kind]->query)
			rc = step_types[plan->step[i].kind]->drift(target, &plan->step[i],
			                                           drifts, err);
	for (int kind = 0; target && ctx && kind < STEP_KIND_COUNT && !rc; kind++)
		if (step_types[kind]->query)
			rc = step_types[kind]->query(ctx, target, plan, drifts, err);
	drifts_sort(drifts);
	return rc;
}

int drift_of_plan(struct store *target, const struct plan *plan, struct drifts *drifts,
                  struct err *err)
{
	size_t before = drifts->count;
	int rc = 0;

	for (size_t i = 0; target && i < plan->count && !rc; i++) {
		const struct step *step = &plan->step[i];
		auto_buf room = BUF_INIT;

		if (step_types[step->kind]->drift &&
		    !drifts_find(drifts, before, step_title(step, &room)))
			rc = step_types[step->kind]->drift(target, step, drifts, err);
	}
	drifts_sort(drifts);
	return rc;
}

void drift_mark(const struct plan *plan, struct drifts *drifts)
{
	for (size_t i = 0; i < drifts->count; i++)
		drifts->row[i].is_planned = false;
	for (size_t i = 0; drifts->count && i < plan->count; i++) {
		const struct step *step = &plan->step[i];
		auto_buf room = BUF_INIT;
		struct drift *row = step_types[step->kind]->drift
		                            ? drifts_find(drifts, drifts->count,
		                                          step_title(step, &room))
		                            : NULL;

		if (row)
			row->is_planned = true;
	}
}

void drift_show(const struct drifts *drifts, struct buf *out)
{
	for (size_t i = 0; i < drifts->count; i++) {
		const struct drift *row = &drifts->row[i];

		buf_printf(out, _("# drift: %s%s%s%s %s%s\n"), row->path,
		           row->parameter ? " (" : "",
		           row->parameter ? row->parameter : "",
		           row->parameter ? ")" : "", row->what,
		           row->is_planned && row->is_restored
		                   ? _("; the next push restores it")
		           : row->is_planned ? _("; overwriting it requires --force")
		                             : "");
		buf_puts(out, row->diff ? row->diff : "");
	}
}
