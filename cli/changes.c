/* Rows of a change. */
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
