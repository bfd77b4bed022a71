/*
 * One run: command line -> context -> locks and store -> handler -> commit, push, export -> exit
 * status.  Locks are taken in the order export, target, store; messages wait for the commit.
 */
#include "cli/app.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/signals.h"
#include "core/base/text.h"
#include "core/model/export.h"
#include "core/model/setting.h"
#include "core/store/change.h"
#include "core/store/schema.h"
#include "dnszone/name.h"

#define DATABASE "/var/lib/mailauthctl/mailauthctl.db"
#define INPUT_LIMIT (64u << 20)

/* ---- messages -------------------------------------------------------------------------------- */

static void print_message(const struct app *app, enum report_level level,
                          const char *text)
{
	static const char *const marks[] = {
		[REPORT_NOTE] = "",
		[REPORT_VERBOSE] = "",
		[REPORT_WARNING] = N_("warning: "),
		[REPORT_ERROR] = "",
	};
	if ((level == REPORT_NOTE && app->opt.is_quiet) ||
	    (level == REPORT_VERBOSE && !app->opt.is_verbose))
		return;
	fprintf(stderr, "mailauthctl: %s%s\n", *marks[level] ? _(marks[level]) : "",
	        text);
}

/* What core/ reports, and what handlers say. */
static void report(void *arg, enum report_level level, const char *text)
{
	struct app *app = arg;
	if (!app->is_changing) {
		print_message(app, level, text);
		return;
	}
	GROW(app->message, app->message_count, app->message_room);
	app->message[app->message_count++] = (struct app_message){ level, xstrdup(text) };
}

void app_say(struct app *app, enum report_level level, const char *fmt, ...)
{
	va_list ap;
	char *text;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	report(app, level, text);
	free(text);
}

/* After a change: said when it was saved; otherwise only what explains the failure. */
static void release_messages(struct app *app, bool is_saved)
{
	app->is_changing = false;
	for (size_t i = 0; i < app->message_count; i++) {
		if (is_saved || app->message[i].level >= REPORT_WARNING)
			print_message(app, app->message[i].level, app->message[i].text);
		free(app->message[i].text);
	}
	app->message_count = 0;
}

/* ---- store and changes ----------------------------------------------------------------------- */

static int open_to_read(struct app *app, struct err *err)
{
	int r = store_open(app->db_path, &schema_store, STORE_READ, &app->store, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return r;
}

static int open_to_write(struct app *app, struct err *err)
{
	store_close(app->store);
	app->store = NULL;
	if (app->opt.is_dry_run) {
		int r = open_to_read(app, err);
		if (r < 0 || app->store)
			return r;
		return store_open_memory(&schema_store, &app->store, err);
	}
	return store_open(app->db_path, &schema_store, STORE_CREATE, &app->store, err);
}

static int lock_beside_store(struct app *app, const char *suffix, const char *what,
                             struct lock **ret_lock, struct err *err)
{
	if (app->opt.is_dry_run && access(app->db_path, F_OK) < 0)
		return 0;
	auto_free char *path = xasprintf("%s%s", app->db_path, suffix);
	int r = store_make_folder(app->db_path, err);
	return r < 0 ? r : lock_take(&app->ctx, path, what, ret_lock, err);
}

static int show_item(void *arg, const struct change_item *item, struct err *err)
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

/* What would be written: the store's rows, then the mail server's files. */
static int show_dry_run(struct app *app, bool is_changed, struct push *push,
                        struct err *err)
{
	static const struct out_column columns[] = {
		{ "object", N_("Object"), OUT_TEXT, 0 },
		{ "domain", N_("Domain"), OUT_TEXT, 0 },
		{ "field", N_("Field"), OUT_TEXT, 0 },
		{ "old", N_("Before"), OUT_TEXT, OUT_WRAP },
		{ "new", N_("After"), OUT_TEXT, OUT_WRAP },
	};
	static const struct out_column plan_columns[] = { { "plan", N_("Plan"), OUT_TEXT,
		                                            0 } };
	struct generation now = { 0, 0 };
	auto_buf text = BUF_INIT;
	int r = generation_now(app->store, &now, err);
	bool is_json = out_get_format(app->out) == OUT_FORMAT_JSON;
	if (push) {
		app->has_plan = true;
		plan_show(push_plan(push),
		          !app->opt.is_colour_off && out_can_colour(stdout) && !is_json,
		          &text);
	}
	if (is_json) {
		out_object_begin(app->out, plan_columns, ARRAY_LEN(plan_columns));
		out_text(app->out, push ? buf_text(&text) : NULL);
		out_nested_begin(app->out, "changes", N_("Changes"), columns,
		                 ARRAY_LEN(columns));
	} else if (is_changed) {
		out_list_begin(app->out, columns, ARRAY_LEN(columns));
	}
	if (r >= 0 && is_changed)
		r = change_items(app->store, now.id, show_item, app->out, err);
	if (is_json)
		out_nested_end(app->out);
	if (is_json || is_changed)
		out_end(app->out);
	if (!is_json && push)
		out_plain(app->out, buf_text(&text), text.len);
	return r;
}

static bool is_pushed(const struct app *app, unsigned needs)
{
	return needs & NEED_PUSH && !app->opt.is_push_off;
}

/* Inside the transaction: the handler, its audit rows, the rules, and the push made ready. */
static int run_body(struct app *app, unsigned needs,
                    int (*body)(struct app *app, void *arg, struct err *err), void *arg,
                    bool *ret_changed, struct push **ret_push, struct err *err)
{
	const char *why = NULL;
	int r = change_begin(app->store, &app->ctx, app->ctx.command, err);
	if (r >= 0)
		r = body(app, arg, err);
	if (r >= 0)
		r = setting_check_rules(app->store, err);
	if (r >= 0)
		r = change_end(app->store, ret_changed, err);
	if (r < 0 || !is_pushed(app, needs))
		return r;
	/* `mta push` and `mta adopt` push although the store does not change */
	if (!*ret_changed && !app->push.is_explicit && !app->push.is_adoption)
		return 0;
	r = push_prepare(&app->ctx, app->store, &app->push, app->opt.is_dry_run, ret_push,
	                 &why, err);
	if (r >= 0 && why && !app->is_push_told) {
		app_say(app, REPORT_NOTE, "%s", why);
		app->is_push_told = true;
	}
	return r;
}

/* A first change that failed leaves no database behind.  Under the store lock. */
static void forget_new_store(struct app *app)
{
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	store_close(app->store);
	app->store = NULL;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		auto_free char *path = xasprintf("%s%s", app->db_path, suffixes[i]);
		unlink(path);
	}
}

static int change_locked(struct app *app, unsigned needs,
                         int (*body)(struct app *app, void *arg, struct err *err),
                         void *arg, struct lock **store_lock, struct err *err)
{
	struct push *push = NULL;
	bool is_changed = false;
	bool is_new = access(app->db_path, F_OK) < 0;
	int r = open_to_write(app, err);
	if (r >= 0)
		r = store_begin(app->store, true, err);
	if (r < 0)
		return r;
	app->is_changing = true;
	r = run_body(app, needs, body, arg, &is_changed, &push, err);
	if (r >= 0 && app->opt.is_dry_run && !app->is_exporting)
		r = show_dry_run(app, is_changed, push, err);
	if (r < 0 || app->opt.is_dry_run) {
		store_rollback(app->store);
		push_abandon(push);
		release_messages(app, r >= 0);
		if (is_new && !app->opt.is_dry_run)
			forget_new_store(app);
		return r;
	}
	r = store_commit(app->store, err);
	if (r < 0) {
		store_rollback(app->store);
		push_abandon(push);
		release_messages(app, false);
		return r;
	}
	lock_free(*store_lock);
	*store_lock = NULL;
	release_messages(app, true);
	if (push) {
		signals_hold();
		r = push_switch(push, err);
		signals_release();
		push_free(push);
	}
	return r;
}

int app_change(struct app *app, unsigned needs,
               int (*body)(struct app *app, void *arg, struct err *err), void *arg,
               struct err *err)
{
	auto_lock target_lock = NULL;
	auto_lock store_lock = NULL;
	int r = 0;
	if (is_pushed(app, needs) && !app->opt.is_dry_run) {
		r = push_lock(&app->ctx, &target_lock, err);
		if (r >= 0)
			r = push_recover(&app->ctx, app->push.force, err);
	}
	if (r >= 0)
		r = lock_beside_store(app, ".lock", _("the database"), &store_lock, err);
	if (r >= 0)
		r = change_locked(app, needs, body, arg, &store_lock, err);
	return r < 0 ? r : 0;
}

int app_env(struct app *app, const struct env **ret_env, struct err *err)
{
	if (!app->has_env) {
		auto_free char *hostname = NULL;
		int r = backend_hostname(&app->ctx, app->store, &hostname, err);
		if (r >= 0)
			r = env_load(&app->ctx, app->store, hostname, &app->env, err);
		if (r < 0)
			return r;
		app->has_env = true;
	}
	*ret_env = &app->env;
	return 0;
}

/* ---- export ---------------------------------------------------------------------------------- */

void app_export_later(struct app *app, const char *name)
{
	GROW(app->export_name, app->export_count, app->export_room);
	app->export_name[app->export_count++] = xstrdup(name);
}

static int export_alias_later(void *arg, const struct domain *alias, struct err *err)
{
	(void)err;
	app_export_later(arg, alias->name);
	return 0;
}

int app_export_family_later(struct app *app, const struct domain *domain, struct err *err)
{
	app_export_later(app, domain->name);
	return domain_each(app->store, domain->id, NULL, export_alias_later, app, err);
}

struct export_work {
	struct export_request request;
	struct export *export;
};

static int prepare_export(struct app *app, void *arg, struct err *err)
{
	struct export_work *work = arg;
	int r = push_host_generation(&app->ctx, app->store, &work->request.host_gen, err);
	if (r >= 0)
		r = app_env(app, &work->request.env, err);
	if (r >= 0)
		r = export_prepare(&app->ctx, app->store, &work->request, &work->export,
		                   err);
	return r;
}

static int finish_export(struct app *app, void *arg, struct err *err)
{
	struct export_work *work = arg;
	return export_finish(&app->ctx, app->store, work->export, err);
}

static int show_zone(void *arg, const char *name, enum export_action action,
                     struct err *err)
{
	static const char *const words[] = {
		[EXPORT_UNCHANGED] = NULL,
		[EXPORT_WRITTEN] = "write",
		[EXPORT_REMOVED] = "remove",
		[EXPORT_FAILED] = "failed",
	};
	struct app *app = arg;
	(void)err;
	if (words[action]) {
		out_text(app->out, name);
		out_text(app->out, words[action]);
		out_row_end(app->out);
	}
	return 0;
}

static int show_export(struct app *app, const struct export *export, struct err *err)
{
	static const struct out_column columns[] = {
		{ "zone", N_("Zone"), OUT_TEXT, 0 },
		{ "action", N_("Would be"), OUT_TEXT, 0 },
	};
	out_list_begin(app->out, columns, ARRAY_LEN(columns));
	int r = export_each(export, show_zone, app, err);
	out_end(app->out);
	return r;
}

int app_export(struct app *app, const char *const *names, size_t count, struct err *err)
{
	struct export_work work = { .request = { .names = names,
		                                 .count = count,
		                                 .is_dry_run = app->opt.is_dry_run } };
	app->is_exporting = true;
	int r = app_change(app, 0, prepare_export, &work, err);
	app->is_exporting = false;
	if (r >= 0 && !app->opt.is_dry_run)
		r = export_switch(&app->ctx, work.export, err);
	if (r >= 0 && !app->opt.is_dry_run)
		r = app_change(app, NEED_PUSH, finish_export, &work, err);
	if (r >= 0 && app->opt.is_dry_run)
		r = show_export(app, work.export, err);
	if (r >= 0 && work.export)
		r = export_result(work.export, err);
	export_free(work.export);
	return r;
}

int app_export_now(struct app *app, struct err *err)
{
	int r = 0;
	/* the change may have moved what <hostname> and <ip> stand for */
	app->has_env = false;
	env_done(&app->env);
	if (app->export_count && !app->opt.is_dry_run)
		r = app_export(app, (const char *const *)app->export_name,
		               app->export_count, err);
	for (size_t i = 0; i < app->export_count; i++)
		free(app->export_name[i]);
	app->export_count = 0;
	return r;
}

/* ---- what handlers need ---------------------------------------------------------------------- */

static void add_name(struct app_names *names, const char *name, size_t len)
{
	GROW(names->name, names->count, names->room);
	names->name[names->count++] = xmemdup(name, len);
}

void app_names_done(struct app_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct app_names){ 0 };
}

static int add_main_domain(void *arg, const struct domain *domain, struct err *err)
{
	(void)err;
	if (!domain->main_id)
		add_name(arg, domain->name, strlen(domain->name));
	return 0;
}

/* One name a line; blank lines and '#' comments are passed over. */
static int add_names_from(struct app *app, const char *source, struct app_names *names,
                          struct err *err)
{
	auto_buf text = BUF_INIT;
	int r = app_read_input(app, source, INPUT_LIMIT, &text, err);
	if (r < 0)
		return r;
	if (text.len && strlen(text.at) != text.len)
		return err_set(err, ERR_USAGE, _("%s holds a NUL octet"), source);
	char *rest = text.at, *line;
	while (rest && (line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t\r");
		size_t len = strcspn(line, "#\r");
		while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
			len--;
		if (len)
			add_name(names, line, len);
	}
	return 0;
}

int app_names(struct app *app, size_t first, struct app_names *ret_names, struct err *err)
{
	struct app_names names = { 0 };
	int r = 0;
	for (size_t i = first; i < args_count(app->args); i++)
		add_name(&names, args_word(app->args, i),
		         strlen(args_word(app->args, i)));
	const char *source = args_get(app->args, "--domains-from");
	names.is_all = args_has(app->args, "--all");
	if (names.is_all && (names.count || source))
		r = err_set(err, ERR_USAGE, _("--all goes without domain names"));
	if (r >= 0 && source)
		r = add_names_from(app, source, &names, err);
	if (r >= 0 && names.is_all)
		r = domain_each(app->store, 0, NULL, add_main_domain, &names, err);
	if (r < 0) {
		app_names_done(&names);
		return r;
	}
	*ret_names = names;
	return 0;
}

int app_ttl(struct app *app, int64_t *ret_ttl, struct err *err)
{
	const char *text = args_get(app->args, "--ttl");
	int64_t ttl = -1;
	if (text && !text_to_int(text, 0, INT32_MAX, &ttl) &&
	    (!text_to_duration(text, &ttl) || ttl > INT32_MAX))
		return err_set(err, ERR_USAGE,
		               _("--ttl takes seconds or a duration, not \"%s\""), text);
	*ret_ttl = ttl;
	return 0;
}

int app_confirm(struct app *app, const char *question, const char *option, bool *ret_yes,
                struct err *err)
{
	(void)app;
	char answer[16] = "";
	if (!isatty(STDIN_FILENO))
		return err_set(
			err, ERR_FAILED,
			_("nobody can be asked: standard input is no terminal; say %s"),
			option);
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	*ret_yes = answer[0] == 'y' || answer[0] == 'Y';
	return 0;
}

int app_read_input(struct app *app, const char *name, size_t limit, struct buf *into,
                   struct err *err)
{
	(void)app;
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, errno, _("cannot read %s"), name);
	auto_close int to_close = is_stdin ? -1 : fd;
	for (;;) {
		buf_reserve(into, 65536);
		ssize_t got = read(fd, into->at + into->len, 65536);
		if (got == 0)
			return 0;
		if (got < 0 && errno == EINTR && !signals_is_cancelled())
			continue;
		if (got < 0)
			return err_errno(err, errno, _("cannot read %s"), name);
		into->len += (size_t)got;
		into->at[into->len] = '\0';
		if (into->len > limit)
			return err_set(err, ERR_FAILED,
			               _("%s is too large: at most %zu octets"), name,
			               limit);
	}
}

/* ---- the run --------------------------------------------------------------------------------- */

static int run_row(struct app *app, void *arg, struct err *err)
{
	(void)arg;
	return app->row->run(app, err);
}

static int run_command(struct app *app, struct err *err)
{
	unsigned needs = app->row->needs;
	int r = app->row->check ? app->row->check(app, err) : 0;
	if (r >= 0 && needs & NEED_EXPORT)
		r = lock_beside_store(app, ".export.lock", _("zone export"),
		                      &app->export_lock, err);
	if (r < 0)
		return r;
	if (needs & NEED_CHANGE) {
		r = app_change(app, needs, run_row, NULL, err);
	} else {
		if (needs & (NEED_STORE_READ | NEED_STORE_WRITE))
			r = open_to_read(app, err);
		if (r >= 0)
			r = app->row->run(app, err);
	}
	if (r >= 0 && app->export_count && !app->opt.is_dry_run) {
		/* with the names of this change only: the rest is cron's */
		app->has_env = false;
		env_done(&app->env);
		r = app_export(app, (const char *const *)app->export_name,
		               app->export_count, err);
	}
	return r;
}

static int set_up(struct app *app, struct err *err)
{
	const char *db = app->opt.db ? app->opt.db : secure_getenv("MAILAUTHCTL_DB");
	int r = ctx_init(&app->ctx, app->opt.root, err);
	if (r < 0)
		return r;
	app->ctx.report = report;
	app->ctx.report_arg = app;
	app->ctx.wait_seconds = app->opt.wait_seconds;
	free(app->ctx.command);
	app->ctx.command = xstrdup(app->row->words);
	if (db && !*db)
		return err_set(err, ERR_USAGE, _("--db takes the path of a file"));
	if (!db)
		app->db_path = ctx_host_path(&app->ctx, DATABASE);
	else if (*db == '/')
		app->db_path = xstrdup(db);
	else {
		auto_free char *here = getcwd(NULL, 0);
		if (!here)
			return err_errno(err, errno, _("cannot name the working folder"));
		app->db_path = path_join(here, db);
	}
	bool is_coloured = !app->opt.is_colour_off && out_can_colour(stdout);
	app->out = out_new(app->opt.format, stdout, is_coloured, 0);
	return 0;
}

static void tear_down(struct app *app)
{
	out_free(app->out);
	store_close(app->store);
	env_done(&app->env);
	lock_free(app->export_lock);
	for (size_t i = 0; i < app->export_count; i++)
		free(app->export_name[i]);
	free(app->export_name);
	free(app->message);
	free(app->db_path);
	ctx_done(&app->ctx);
}

/* One table from results to exit statuses (design 3). */
static int exit_status(int result, bool has_failed, bool has_found)
{
	if (result == ERR_USAGE)
		return 2;
	if (result < 0 || has_failed)
		return 1;
	return has_found ? 3 : 0;
}

static int print_answer(const struct command_call *call)
{
	fputs(buf_text(&call->text), stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "mailauthctl: %s: %s\n",
		        _("cannot write to standard output"), strerror(errno));
		return 1;
	}
	return 0;
}

int app_main(const struct command_group *groups, int argc, char **argv)
{
	struct app app = { .ctx = { .root_fd = -1 } };
	cleanup(command_call_done) struct command_call call = COMMAND_CALL_INIT;
	struct err err = ERR_INIT;
	signals_init();
	int r = command_dispatch(groups, argc, argv, &call, &err);
	if (r >= 0 && call.kind == COMMAND_ANSWER)
		return print_answer(&call);
	if (r >= 0)
		r = args_globals(&call.args, &app.opt, &err);
	app.row = call.row;
	app.args = &call.args;
	if (r >= 0)
		r = set_up(&app, &err);
	if (r >= 0)
		r = run_command(&app, &err);
	if (app.out) {
		struct err write_error = ERR_INIT;
		if (out_finish(app.out, &write_error) < 0 && r >= 0) {
			err = write_error;
			r = err.code;
		}
	}
	if (r < 0 && r != ERR_REPORTED && *err.text)
		fprintf(stderr, "mailauthctl: %s\n", err.text);
	if (r == ERR_USAGE)
		fputs(buf_text(&call.text), stderr);
	tear_down(&app);
	return exit_status(r, app.has_failed, app.has_found);
}
