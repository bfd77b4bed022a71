/* `audit`: who changed what, when. */
#include "cli/app.h"
#include "cli/changes.h"
#include "cli/commands.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/store/change.h"

static int list_one(void *arg, const struct change_row *row, struct err *err)
{
	struct out *out = arg;
	(void)err;
	out_int(out, row->id);
	out_time(out, row->at);
	out_text(out, row->actor);
	out_text(out, row->command);
	out_int(out, row->items);
	out_row_end(out);
	return 0;
}

static int run_list(struct app *app, struct err *err)
{
	static const struct out_column columns[] = {
		{ "id", N_("Change"), OUT_INT, 0 },
		{ "at", N_("When"), OUT_TIME, 0 },
		{ "actor", N_("Who"), OUT_TEXT, 0 },
		{ "command", N_("Command"), OUT_TEXT, 0 },
		{ "items", N_("Items"), OUT_INT, 0 },
	};
	const char *text = args_get(app->args, "--limit");
	int64_t limit = 0;
	if (text && !text_to_int(text, 1, INT32_MAX, &limit))
		return err_set(err, ERR_USAGE,
		               _("--limit takes a number from 1, not \"%s\""), text);
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	int r = app->store ? change_each(app->store, limit, list_one, app->out, err) : 0;
	out_end(app->out);
	return r;
}

static int run_show(struct app *app, struct err *err)
{
	int64_t id;
	if (!text_to_int(args_word(app->args, 0), 1, INT64_MAX, &id))
		return err_set(err, ERR_USAGE, _("\"%s\" is not the number of a change"),
		               args_word(app->args, 0));
	if (!app->store)
		return err_set(err, ERR_MISSING, _("there is no change %lld"),
		               (long long)id);
	out_list_begin(app->out, changes_columns, CHANGES_COLUMNS);
	int r = change_items(app->store, id, changes_emit, app->out, err);
	out_end(app->out);
	return r;
}

static const struct option_row list_options[] = {
	{ "--limit", "<number>", N_("so many of the newest changes"), 0, 0 },
	{ 0 },
};

const struct command commands_audit[] = {
	{ .words = "audit list",
	  .options = list_options,
	  .help = N_("list changes, newest first"),
	  .example = "mailauthctl audit list --limit 20",
	  .needs = NEED_STORE_READ,
	  .run = run_list },
	{ .words = "audit show",
	  .args = "<change>",
	  .help = N_("show what a change made different"),
	  .example = "mailauthctl audit show 17",
	  .needs = NEED_STORE_READ,
	  .run = run_show },
	{ 0 },
};
