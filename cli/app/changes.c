/* Rows of a change, and of a change that another command saved meanwhile. */
#include "cli/app/changes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"

const struct out_column changes_columns[CHANGES_COLUMNS] = {
	{ "object", N_("Object"), OUT_TEXT, 0 },
	{ "domain", N_("Domain"), OUT_TEXT, 0 },
	{ "field", N_("Field"), OUT_TEXT, 0 },
	{ "old", N_("Before"), OUT_TEXT, OUT_WRAP },
	{ "new", N_("After"), OUT_TEXT, OUT_WRAP },
	{ "id", NULL, OUT_TEXT, OUT_HIDE_TABLE },
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
	out_text(out, item->ref);
	out_row_end(out);
	return 0;
}

/* ---- a change in a few words ----------------------------------------------------------------- */

enum { SUMMARY_ITEMS = 2, SUMMARY_VALUE = 40 };

static void put_value(struct buf *out, const char *value)
{
	size_t len = strlen(value);
	if (len <= SUMMARY_VALUE) {
		buf_puts(out, value);
		return;
	}
	len = SUMMARY_VALUE - 3;
	while (len && ((unsigned char)value[len] & 0xC0) == 0x80)
		len--;
	buf_add(out, value, len);
	buf_puts(out, "...");
}

/* A setting without a row has its default or the inherited value. */
static const char *unset_word(const struct change_item *item)
{
	struct err ignored = ERR_INIT;
	enum setting_key key;
	if (item->domain)
		return _("inherited");
	if (setting_find(item->field, &key, &ignored) < 0)
		return "-";
	const char *text = setting_table[key].default_text;
	return *text ? text : _("unset");
}

static void put_setting(struct buf *out, const struct change_item *item)
{
	buf_printf(out, "%s: ", item->field);
	put_value(out, item->old ? item->old : unset_word(item));
	buf_puts(out, " -> ");
	put_value(out, item->new_value ? item->new_value : unset_word(item));
}

static void put_domain(struct buf *out, const struct change_item *item)
{
	bool is_on = text_same(item->new_value, "on");
	if (strcmp(item->field, "name") == 0)
		buf_printf(out, _("renamed from %s"), item->old);
	else if (strcmp(item->field, "suspended") == 0)
		buf_puts(out, is_on ? _("suspended") : _("resumed"));
	else if (!item->new_value)
		buf_puts(out, _("removed"));
	else if (strcmp(item->field, "alias-of") == 0)
		buf_printf(out, _("added as an alias of %s"), item->new_value);
	else
		buf_puts(out, _("added"));
}

static void put_item(struct buf *out, const struct change_item *item)
{
	if (strcmp(item->object, "setting") == 0) {
		put_setting(out, item);
	} else if (strcmp(item->object, "domain") == 0) {
		put_domain(out, item);
	} else if (strcmp(item->object, "change") == 0) {
		buf_printf(out, _("change %s undone"), item->new_value);
	} else {
		buf_printf(out, "%s %s", item->object, item->field);
		if (item->old && item->new_value) {
			buf_puts(out, ": ");
			put_value(out, item->old);
			buf_puts(out, " -> ");
			put_value(out, item->new_value);
		} else {
			buf_puts(out, item->new_value ? _(": new") : _(": removed"));
		}
	}
}

struct summary {
	struct buf *out;
	int64_t items;
	int64_t shown;
	bool is_named;
	bool has_removed; /* a domain was removed: the rows removed with it are not listed */
};

static bool is_removal(const struct change_item *item)
{
	return strcmp(item->object, "domain") == 0 &&
	       strcmp(item->field, "domain") == 0 && !item->new_value;
}

static int look_for_removal(void *arg, const struct change_item *item, struct err *err)
{
	struct summary *summary = arg;
	(void)err;
	summary->has_removed |= is_removal(item);
	return 0;
}

static int summarize(void *arg, const struct change_item *item, struct err *err)
{
	struct summary *summary = arg;
	(void)err;
	if (summary->has_removed && !is_removal(item) &&
	    strcmp(item->object, "change") != 0)
		return 0;
	if (summary->shown == SUMMARY_ITEMS) {
		buf_printf(summary->out, _("; %" PRId64 " more"),
		           summary->items - summary->shown);
		return 1;
	}
	if (summary->shown)
		buf_puts(summary->out, "; ");
	if (!summary->is_named && item->domain) {
		buf_printf(summary->out, "%s: ", item->domain);
		summary->is_named = true;
	}
	put_item(summary->out, item);
	summary->shown++;
	return 0;
}

int changes_summary(struct store *store, const struct change_row *row, struct buf *out,
                    struct err *err)
{
	struct summary summary = { .out = out, .items = row->items };
	if (row->domains > 1) {
		buf_printf(out,
		           ngettext("%" PRId64 " domain", "%" PRId64 " domains",
		                    (unsigned long)row->domains),
		           row->domains);
		return 0;
	}
	int r = change_items(store, row->id, look_for_removal, &summary, err);
	if (r >= 0)
		r = change_items(store, row->id, summarize, &summary, err);
	return r < 0 ? r : 0;
}

/* ---- drift ----------------------------------------------------------------------------------- */

void changes_drifts(struct out *out, const struct drifts *drifts)
{
	static const struct out_column columns[] = {
		{ "path", N_("File"), OUT_TEXT, 0 },
		{ "parameter", N_("Parameter"), OUT_TEXT, 0 },
		{ "drift", N_("Drift"), OUT_TEXT, OUT_WRAP },
		{ "diff", NULL, OUT_TEXT, OUT_HIDE_TABLE },
	};
	out_nested_begin(out, "drift", N_("Files changed outside mailauthctl"), columns,
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
