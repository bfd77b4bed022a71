/* Rows of a change, and of what somebody else changed. */
#include "cli/changes.h"

const struct out_column changes_columns[CHANGES_COLUMNS] = {
	{ "object", N_("Object"), OUT_TEXT, 0 },
	{ "domain", N_("Domain"), OUT_TEXT, 0 },
	{ "field", N_("Field"), OUT_TEXT, 0 },
	{ "old", N_("Before"), OUT_TEXT, OUT_WRAP },
	{ "new", N_("After"), OUT_TEXT, OUT_WRAP },
};

int changes_emit(void *arg, const struct change_item *item, struct err *err)
{
	struct out *out = arg;
	(void)err;
	out_text(out, item->object);
	out_text(out, item->domain);
	out_text(out, item->field);
	out_text(out, item->old);
	out_text(out, item->new_value);
	out_row_end(out);
	return 0;
}

void changes_drifts(struct out *out, const struct drifts *drifts)
{
	static const struct out_column columns[] = {
		{ "path", N_("File"), OUT_TEXT, 0 },
		{ "parameter", N_("Parameter"), OUT_TEXT, 0 },
		{ "drift", N_("Drift"), OUT_TEXT, OUT_WRAP },
		{ "diff", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	};
	out_nested_begin(out, "drift", N_("Edited by somebody else"), columns,
	                 ARRAY_LEN(columns));
	for (size_t i = 0; drifts && i < drifts->count; i++) {
		const struct drift *row = &drifts->row[i];
		out_text(out, row->path);
		out_text(out, row->parameter);
		out_text(out, row->what);
		out_text(out, row->diff);
		out_row_end(out);
	}
	out_nested_end(out);
}
