/*
 * `config`: the whole configuration as one document.
 *
 * A difference is what an import would note in the audit trail: the document is applied in a
 * transaction that is rolled back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app/app.h"
#include "cli/app/changes.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/signals.h"
#include "core/job/config_import.h"
#include "core/model/config/config.h"
#include "core/model/setting/setting.h"
#include "core/store/change.h"

/* ---- export ---------------------------------------------------------------------------------- */

static int put_to_stdout(void *arg, const char *text, size_t len, struct err *err)
{
	(void)err;
	out_plain(arg, text, len);
	return 0;
}

static int put_to_file(void *arg, const char *text, size_t len, struct err *err)
{
	const int *fd = arg;
	while (len > 0) {
		ssize_t done = write(*fd, text, len);
		if (done < 0 && errno == EINTR && !signals_is_cancelled())
			continue;
		if (done < 0)
			return err_errno(err, errno, _("cannot write the document"));
		text += done;
		len -= (size_t)done;
	}
	return 0;
}

static int write_document(struct app *app, struct config_output *output, struct err *err)
{
	int r = app->session.store ? store_begin(app->session.store, false, err) : 0;
	if (r >= 0)
		r = config_write(app->session.store, output, err);
	if (app->session.store)
		store_rollback(app->session.store);
	return r;
}

/* Written next to its target and private until it is complete, then renamed to it. */
static int write_staged(struct app *app, const char *path, struct config_output *output,
                        const struct ctx *host, struct err *err)
{
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	const struct file_meta meta = { 0600, geteuid(), getegid() };
	auto_free char *folder = path_parent(path);
	int r = file_stage(host, path, "", 0, meta, false, &staged, err);
	if (r < 0)
		return r;
	auto_close int fd = file_open_raw(host, staged.temp, O_WRONLY | O_NOFOLLOW, 0);
	output->put = put_to_file;
	output->arg = &fd;
	r = fd < 0 ? err_errno(err, errno, _("cannot write %s"), path)
	           : write_document(app, output, err);
	if (r >= 0 && fsync(fd) < 0)
		r = err_errno(err, errno, _("cannot write %s"), path);
	if (r >= 0)
		r = file_switch(host, &staged, err);
	if (r < 0)
		file_unstage(host, &staged);
	else
		r = file_sync_dir(host, folder, err);
	return r;
}

static int write_file(struct app *app, const char *name, struct config_output *output,
                      struct err *err)
{
	struct ctx host = { .root_fd = -1 };
	auto_free char *path = NULL;
	int r = app_output_path(name, output->has_keys, &path, err);
	if (r < 0)
		return r;
	if (app->session.is_dry_run) {
		app_say(app, REPORT_NOTE, _("would write %s"), path);
		return 0;
	}
	r = ctx_init(&host, NULL, err);
	if (r >= 0)
		r = write_staged(app, path, output, &host, err);
	ctx_done(&host);
	return r;
}

static int run_export(struct app *app, struct err *err)
{
	const char *name = args_word(app->args, 0);
	struct config_output output = {
		.is_json = out_get_format(app->out) == OUT_FORMAT_JSON,
		.has_keys = args_has(app->args, "--with-keys"),
		.put = put_to_stdout,
		.arg = app->out,
	};
	bool is_file = name && strcmp(name, "-") != 0;
	if (output.has_keys && !name)
		return err_set(err, ERR_USAGE,
		               _("--with-keys requires a file (0600), or - for "
		                 "standard output"));
	if (output.has_keys && !is_file && isatty(STDOUT_FILENO))
		return err_set(
			err, ERR_FAILED,
			_("private keys are not written to a terminal; name a file"));
	return is_file ? write_file(app, name, &output, err)
	               : write_document(app, &output, err);
}

static int run_schema(struct app *app, struct err *err)
{
	auto_buf text = BUF_INIT;
	(void)err;
	config_put_schema(&text);
	out_plain(app->out, text.at, text.len);
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void say_fault(void *arg, const char *sentence)
{
	app_say(arg, REPORT_ERROR, "%s", sentence);
}

static int read_document(struct app *app, struct config **ret_config, struct err *err)
{
	auto_buf text = BUF_INIT;
	const char *name = args_word(app->args, 0);
	int r = app_read_input(app, name, CONFIG_INPUT_MAX, &text, err);
	if (r >= 0)
		r = config_read(buf_text(&text), text.len, name, say_fault, app,
		                ret_config, err);
	if (text.at)
		explicit_bzero(text.at, text.room);
	return r;
}

/* ---- diff ------------------------------------------------------------------------------------ */

static int show_item(void *arg, const struct change_item *item, struct err *err)
{
	struct app *app = arg;
	app->has_found = true;
	return changes_emit(app->out, item, err);
}

static int show_change(void *arg, int64_t change, struct err *err)
{
	struct app *app = arg;
	out_list_begin(app->out, changes_columns, CHANGES_COLUMNS);
	int r = change_items(app->session.store, change, show_item, app, err);
	out_end(app->out);
	return r;
}

static int run_diff(struct app *app, struct err *err)
{
	auto_config config = NULL;
	int r = read_document(app, &config, err);
	return r < 0 ? r
	             : config_import_try(&app->session, config,
	                                 args_has(app->args, "--prune"), show_change, app,
	                                 err);
}

/* ---- import ---------------------------------------------------------------------------------- */

static int report_item(struct app *app, const char *name, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	bool is_elsewhere;
	int r = cmd_dkim_report_on(app, name, err);
	if (r >= 0)
		r = domain_look(app->session.store, name, &domain, err);
	if (r >= 0)
		r = setting_is(app->session.store, SET_DNS_SERVICE, domain.id, "external",
		               &is_elsewhere, err);
	if (r >= 0 && is_elsewhere)
		app_say(app, REPORT_NOTE,
		        _("%s: its zone is served elsewhere; run \"mailauthctl record "
		          "list %s\" to list the records to publish"),
		        name, name);
	return r;
}

/* After the export, which most keys require. */
static int report(struct app *app, const struct config_import *import, struct err *err)
{
	int r = 0;
	if (!import->is_changed)
		app_say(app, REPORT_NOTE, _("no changes"));
	if (import->is_bulk)
		return 0;
	if (import->count > DKIM_SINGLE_REPORTS)
		app_say(app, REPORT_NOTE, _("DKIM was enabled for %zu domains"),
		        import->count);
	else
		for (size_t i = 0; r >= 0 && i < import->count; i++)
			r = report_item(app, import->item[i].name, err);
	return r;
}

/* A dry run shows everything except the keys. */
static void preview(struct app *app, const struct config_import *import)
{
	if (import->count > DKIM_SINGLE_REPORTS)
		app_say(app, REPORT_NOTE,
		        _("DKIM would be enabled; domains: %zu, new keys: %zu"),
		        import->count, import->keys);
	else
		for (size_t i = 0; i < import->count; i++)
			cmd_dkim_preview(app, import->item[i].name,
			                 import->item[i].missing);
}

static int run_import(struct app *app, struct err *err)
{
	auto_config config = NULL;
	cleanup(config_import_done) struct config_import import = { 0 };
	int r = read_document(app, &config, err);
	if (r >= 0)
		r = config_import_run(&app->session, config,
		                      args_has(app->args, "--prune"), &import, err);
	r = cmd_dkim_finish(app, &import.later, r, err);
	if (r >= 0 && app->session.is_dry_run)
		preview(app, &import);
	else if (r >= 0)
		r = report(app, &import, err);
	return r;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct option_row export_options[] = {
	{ "--with-keys", NULL,
	  N_("with private keys and SRS secrets; requires a file, or -"), 0, 0 },
	{ 0 },
};

static const struct option_row prune_options[] = {
	{ "--prune", NULL,
	  N_("in the sections of the file, remove what it does not list"), 0, 0 },
	{ 0 },
};

const struct command commands_config[] = {
	{ .words = "config export",
	  .args = "[<file>]",
	  .options = export_options,
	  .help = N_("write the configuration as YAML: to a file (0600), or -"),
	  .example = "mailauthctl config export mailauthctl.yaml",
	  .needs = NEED_STORE_READ,
	  .run = run_export },
	{ .words = "config diff",
	  .args = "<file>",
	  .options = prune_options,
	  .help = N_("show what an import would change; exit 3: there are changes"),
	  .example = "mailauthctl config diff mailauthctl.yaml",
	  .needs = NEED_STORE_READ,
	  .run = run_diff },
	{ .words = "config import",
	  .args = "<file>",
	  .options = prune_options,
	  .help = N_("apply a configuration file: all of it or nothing"),
	  .example = "mailauthctl config import mailauthctl.yaml",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .run = run_import },
	{ .words = "config schema",
	  .help = N_("print the JSON Schema of the configuration file, for editors"),
	  .example = "mailauthctl config schema",
	  .run = run_schema },
	{ 0 },
};
