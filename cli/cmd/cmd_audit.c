/* `audit`: who changed what and when; and undoing a change. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/changes.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "cli/out/when.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"
#include "core/model/undo/undo.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/backend_choose.h"
#include "core/store/change.h"
#include "dnszone/name/name.h"

/* ---- audit list ------------------------------------------------------------------------------ */

static int list_one(void *arg, const struct change_row *row, struct err *err)
{
	struct app *app = arg;
	auto_buf summary = BUF_INIT;
	int r = changes_summary(app->session.store, row, &summary, err);
	if (r < 0)
		return r;
	out_int(app->out, row->id);
	out_time(app->out, row->at);
	out_text(app->out, row->actor);
	out_text(app->out, row->command);
	out_int(app->out, row->items);
	out_int(app->out, row->uid);
	out_text(app->out, buf_text(&summary));
	out_row_end(app->out);
	return 0;
}

static int read_limit(struct app *app, int64_t *ret_limit, struct err *err)
{
	const char *text = args_get(app->args, "--limit");
	if (text && !text_to_int(text, 1, INT32_MAX, ret_limit))
		return err_set(err, ERR_USAGE,
		               _("--limit must be a number greater than 0, not \"%s\""),
		               text);
	return 0;
}

static int read_time(struct app *app, const char *option, bool is_end, int64_t *ret_time,
                     struct err *err)
{
	const char *text = args_get(app->args, option);
	if (!text)
		return 0;
	return when_parse(text, ctx_now(&app->session.ctx), is_end, option, ret_time,
	                  err);
}

/* `name` is the room for the domain's name. */
static int read_filter(struct app *app, struct change_filter *ret_filter,
                       char name[NAME_SIZE], struct err *err)
{
	const char *domain = args_get(app->args, "--domain");
	const char *setting = args_get(app->args, "--setting");
	struct change_filter filter = { .actor = args_get(app->args, "--by") };
	enum setting_key key;
	int r = read_limit(app, &filter.limit, err);
	if (r >= 0 && domain)
		r = name_parse_domain(domain, name, err);
	if (r >= 0 && setting)
		r = setting_find(setting, &key, err);
	if (r >= 0)
		r = read_time(app, "--since", false, &filter.since, err);
	if (r >= 0)
		r = read_time(app, "--until", true, &filter.until, err);
	if (r < 0)
		return r;
	filter.domain = domain ? name : NULL;
	filter.setting = setting;
	*ret_filter = filter;
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
		{ "uid", NULL, OUT_INT, OUT_HIDE_TABLE },
		{ "summary", N_("Summary"), OUT_TEXT, OUT_WRAP },
	};
	char name[NAME_SIZE];
	struct change_filter filter;
	int r = read_filter(app, &filter, name, err);
	if (r < 0)
		return r;
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	if (app->session.store)
		r = change_each(app->session.store, &filter, list_one, app, err);
	out_end(app->out);
	return r;
}

/* ---- audit show ------------------------------------------------------------------------------ */

enum { SHORT_VALUE = 120 }; /* octets of a value in a table */

static int read_id(struct app *app, int64_t *ret_id, struct err *err)
{
	const char *text = args_word(app->args, 0);
	if (text_to_int(text, 1, INT64_MAX, ret_id))
		return 0;
	return err_set(err, ERR_USAGE, _("\"%s\" is not the number of a change"), text);
}

static int show_header(void *arg, const struct change_row *row, struct err *err)
{
	struct out *out = arg;
	auto_free char *who =
		xasprintf(_("%s (user id %" PRId64 ")"), row->actor, row->uid);
	(void)err;
	out_int(out, row->id);
	out_time(out, row->at);
	out_text(out, who);
	out_text(out, row->command);
	return 0;
}

static const char *cut_value(const char *value, char **ret_owned)
{
	size_t len = SHORT_VALUE;
	if (!value || strlen(value) <= SHORT_VALUE)
		return value;
	while (len && ((unsigned char)value[len] & 0xC0) == 0x80)
		len--;
	*ret_owned = xasprintf("%.*s...", (int)len, value);
	return *ret_owned;
}

static int show_item(void *arg, const struct change_item *item, struct err *err)
{
	auto_free char *old = NULL;
	auto_free char *new_value = NULL;
	struct change_item cut = *item;
	cut.old = cut_value(item->old, &old);
	cut.new_value = cut_value(item->new_value, &new_value);
	return changes_emit(arg, &cut, err);
}

/* For people: who, when, and the rows below it. */
static int show_change(struct app *app, int64_t id, struct err *err)
{
	static const struct out_column columns[] = {
		{ "id", N_("Change"), OUT_INT, 0 },
		{ "at", N_("When"), OUT_TIME, 0 },
		{ "actor", N_("Who"), OUT_TEXT, 0 },
		{ "command", N_("Command"), OUT_TEXT, 0 },
	};
	bool is_full = args_has(app->args, "--full");
	out_object_begin(app->out, columns, ARRAY_LEN(columns));
	int r = change_look(app->session.store, id, show_header, app->out, err);
	if (r < 0)
		return r;
	out_nested_begin(app->out, "changes", N_("Changes"), changes_columns,
	                 CHANGES_COLUMNS);
	r = change_items(app->session.store, id, is_full ? changes_emit : show_item,
	                 app->out, err);
	out_nested_end(app->out);
	out_end(app->out);
	return r;
}

static int fail_missing(int64_t id, struct err *err)
{
	return err_set(err, ERR_MISSING, _("change %" PRId64 " does not exist"), id);
}

static int ignore_row(void *arg, const struct change_row *row, struct err *err)
{
	(void)arg;
	(void)row;
	(void)err;
	return 0;
}

static int run_show(struct app *app, struct err *err)
{
	int64_t id;
	int r = read_id(app, &id, err);
	if (r >= 0)
		r = app->session.store
		            ? change_look(app->session.store, id, ignore_row, NULL, err)
		            : 0;
	if (r == 0)
		return fail_missing(id, err);
	if (r < 0 || out_get_format(app->out) == OUT_FORMAT_TABLE)
		return r < 0 ? r : show_change(app, id, err);
	/* an array of the changes: an interface */
	out_list_begin(app->out, changes_columns, CHANGES_COLUMNS);
	r = change_items(app->session.store, id, changes_emit, app->out, err);
	out_end(app->out);
	return r;
}

/* ---- audit undo ------------------------------------------------------------------------------ */

static void keep_name(void *arg, const char *domain)
{
	names_add(arg, domain);
}

/* A domain that signs again waits for its record, as after enable-dkim. */
static int export_signing(struct app *app, const char *name, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	bool signs = false;
	int r = domain_look(app->session.store, name, &domain, err);
	if (r > 0)
		r = setting_bool(app->session.store, SET_DKIM_SIGN, domain.id, &signs,
		                 err);
	if (r >= 0 && signs)
		r = session_export_family_later(&app->session, &domain, err);
	return r < 0 ? r : 0;
}

/* Settings that the mail server does not support are refused, as by `server set`. */
static int check_setting(void *arg, const struct change_item *item, struct err *err)
{
	struct app *app = arg;
	auto_free char *text = NULL;
	enum setting_key key;
	if (strcmp(item->object, "setting") != 0 || item->domain || !item->old)
		return 0;
	int r = setting_find(item->field, &key, err);
	if (r >= 0)
		r = setting_text(app->session.store, key, 0, &text, err);
	if (r >= 0)
		r = backend_check_setting(&app->session.ctx, app->session.store,
		                          item->field, text, err);
	return r < 0 ? r : 0;
}

static int note_adoption(void *arg, const struct change_row *row, struct err *err)
{
	(void)err;
	*(bool *)arg = strcmp(row->command, "mta adopt") == 0;
	return 0;
}

/* The mail server would continue to follow this database under another name. */
static int refuse_adoption(struct app *app, int64_t id, struct err *err)
{
	bool is_adoption = false;
	int r = change_look(app->session.store, id, note_adoption, &is_adoption, err);
	return r < 0 || !is_adoption
	               ? r
	               : err_set(err, ERR_FAILED,
	                         _("change %" PRId64 " adopted the mail server and was "
	                           "not undone; to remove our configuration from the "
	                           "mail server, run \"mailauthctl mta push "
	                           "--remove\""),
	                         id);
}

static int run_undo(struct app *app, struct err *err)
{
	auto_names touched = { 0 };
	int64_t id;
	int r = read_id(app, &id, err);
	if (r >= 0)
		r = refuse_adoption(app, id, err);
	if (r >= 0)
		r = undo_change(app->session.store, &app->session.ctx, id,
		                args_has(app->args, "--force"), keep_name, &touched, err);
	if (r >= 0)
		r = change_items(app->session.store, id, check_setting, app, err);
	for (size_t i = 0; r >= 0 && i < touched.count; i++)
		r = export_signing(app, touched.name[i], err);
	if (r >= 0)
		setting_advise(app->session.store, &app->session.ctx);
	return r;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct option_row list_options[] = {
	{ "--domain", "<domain>", N_("only changes that affected this domain"), 0, 0 },
	{ "--setting", "<setting>",
	  N_("only changes of this setting, for the server or a domain"), 0, 0 },
	{ "--since", "<time>",
	  N_("only changes since a date, a time or a duration ago: 7d"), 0, 0 },
	{ "--until", "<time>", N_("only changes up to then"), 0, 0 },
	{ "--by", "<account>", N_("only changes by this account"), 0, 0 },
	{ "--limit", "<number>", N_("only this number of the newest changes"), 0, 0 },
	{ 0 },
};
static const struct option_row show_options[] = {
	{ "--full", NULL, N_("print long values in full"), 0, 0 },
	{ 0 },
};
static const struct option_row undo_options[] = {
	{ "--force", NULL, N_("undo it even if the same items were changed again later"),
	  0, 0 },
	{ 0 },
};

const struct command commands_audit[] = {
	{ .words = "audit list",
	  .options = list_options,
	  .help = N_("list changes, newest first"),
	  .example = "mailauthctl audit list --limit 20\n"
	             "mailauthctl audit list --setting spf.mode --since 7d",
	  .needs = NEED_STORE_READ,
	  .run = run_list },
	{ .words = "audit show",
	  .args = "<change>",
	  .options = show_options,
	  .help = N_("show the differences that a change made"),
	  .example = "mailauthctl audit show 17",
	  .needs = NEED_STORE_READ,
	  .run = run_show },
	{ .words = "audit undo",
	  .args = "<change>",
	  .options = undo_options,
	  .help = N_("undo a change; this is recorded as a new change"),
	  .example = "mailauthctl --dry-run audit undo 17\n"
	             "mailauthctl audit undo 17",
	  .needs = NEED_CHANGE | NEED_PUSH | NEED_EXPORT,
	  .run = run_undo },
	{ 0 },
};
