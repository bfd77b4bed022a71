/* `mta`: the mail server that settings are pushed to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/options.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/job/host_push.h"

/* ---- plan and push --------------------------------------------------------------------------- */

static void push_options(struct app *app)
{
	app->session.push.force = args_has(app->args, "--force");
	app->session.push.take_over = args_has(app->args, "--take-over");
	app->session.push.replace_filter = args_has(app->args, "--replace-filter");
	app->session.push.remove = args_has(app->args, "--remove");
}

/* The same steps as a push, up to the first change. */
static int run_plan(struct app *app, struct err *err)
{
	push_options(app);
	app->session.push.is_explicit = true;
	app->session.is_dry_run = true;
	app->session.is_push_off = false;
	int r = host_push_run(&app->session, err);
	app->has_found = app->has_plan || app->has_drift;
	return r;
}

/* The user requested the return explicitly, so a script does not have to confirm it with --yes. */
static bool is_script(void)
{
	return !isatty(STDIN_FILENO);
}

/* A change of the whole server is printed, then confirmed; `is_sure`: without a question. */
static int push_confirmed(struct app *app,
                          int (*push)(struct session *session, struct err *err),
                          const char *question, bool is_sure, struct err *err)
{
	bool is_yes = is_sure || args_has(app->args, "--yes");
	if (!is_yes && !app->session.is_dry_run) {
		app->session.is_dry_run = true;
		int r = push(&app->session, err);
		app->session.is_dry_run = false;
		app->session.are_notes_shown = true;
		if (r >= 0)
			r = out_finish(app->out, err);
		if (r >= 0)
			r = app_confirm(app, question, "--yes", &is_yes, err);
		if (r < 0)
			return r;
		if (!is_yes)
			return err_set(err, ERR_FAILED,
			               _("not confirmed: nothing was changed"));
	}
	return push(&app->session, err);
}

/* A scheduled push: pushes that a rollback paused remain paused; without a database, or without a
 * server that follows it, nothing is done or printed. */
static int run_push(struct app *app, struct err *err)
{
	push_options(app);
	app->session.push.is_explicit = true;
	app->session.push.is_scheduled = args_has(app->args, "--scheduled");
	app->session.is_push_reported = app->session.push.is_scheduled;
	if (app->session.push.is_scheduled && app->session.push.remove)
		return err_set(err, ERR_USAGE,
		               _("--scheduled cannot be combined with --remove"));
	if (app->session.push.is_scheduled && access(app->session.db_path, F_OK) < 0 &&
	    errno == ENOENT)
		return 0;
	if (app->session.push.remove)
		return push_confirmed(
			app, host_push_run,
			_("Remove our configuration from this mail server?"), is_script(),
			err);
	return host_push_run(&app->session, err);
}

static int run_adopt(struct app *app, struct err *err)
{
	push_options(app);
	app->session.push.is_adoption = true;
	app->session.push.is_explicit = true;
	return push_confirmed(app, host_push_adopt,
	                      _("Adopt this mail server with these changes?"), false,
	                      err);
}

/* The files of an earlier push, pushed like any other; later pushes are paused. */
static int run_rollback(struct app *app, struct err *err)
{
	const char *text = args_word(app->args, 0);
	push_options(app);
	app->session.push.is_explicit = true;
	app->session.push.is_rollback = true;
	if (text && !text_to_int(text, 1, INT64_MAX, &app->session.push.rollback_to))
		return err_set(err, ERR_USAGE, _("\"%s\" is not the number of a push"),
		               text);
	app->session.is_push_off = false;
	return push_confirmed(app, host_push_rollback, _("Roll back this mail server?"),
	                      is_script(), err);
}

static const struct option_row adopt_options[] = {
	OPTION_YES, OPTION_REPLACE, OPTION_TAKE_OVER, OPTION_FORCE, { 0 },
};
#define OPTION_REMOVE                                                                  \
	{                                                                              \
		"--remove", NULL, N_("remove our configuration from the mail server"), \
			0, 0                                                           \
	}
static const struct option_row plan_rows[] = {
	OPTION_FORCE, OPTION_TAKE_OVER, OPTION_REPLACE, OPTION_REMOVE, { 0 },
};
static const struct option_row push_rows[] = {
	OPTION_FORCE,
	OPTION_TAKE_OVER,
	OPTION_REPLACE,
	OPTION_REMOVE,
	OPTION_YES,
	{ "--scheduled", NULL,
	  N_("for timers: do nothing while pushes are held or before adoption"), 0, 0 },
	{ 0 },
};

static const struct option_row rollback_options[] = {
	OPTION_YES,
	OPTION_FORCE,
	{ 0 },
};

const struct command commands_mta[] = {
	{ .words = "mta status",
	  .help = N_(
		  "show the mail server, its database, pending changes and what is not "
		  "enforced"),
	  .example = "mailauthctl mta status",
	  .needs = NEED_STORE_READ,
	  .run = cmd_mta_status },
	{ .words = "mta backends",
	  .help = N_("show what each mail server supports, and which were detected"),
	  .example = "mailauthctl mta backends",
	  .needs = NEED_STORE_READ,
	  .run = cmd_mta_backends },
	{ .words = "mta adopt",
	  .options = adopt_options,
	  .help = N_("let this host's mail server follow the database, once"),
	  .example = "mailauthctl mta adopt",
	  .run = run_adopt },
	{ .words = "mta plan",
	  .options = plan_rows,
	  .help = N_("show what a push would do; exit 3: changes are pending"),
	  .example = "mailauthctl mta plan",
	  .run = run_plan },
	{ .words = "mta push",
	  .options = push_rows,
	  .help = N_("apply the settings to the mail server"),
	  .example = "mailauthctl mta push",
	  .run = run_push },
	{ .words = "mta rollback",
	  .args = "[<push>]",
	  .options = rollback_options,
	  .help = N_("restore the result of an earlier push, and hold pushes until mta "
	             "push"),
	  .example = "mailauthctl mta rollback",
	  .run = run_rollback },
	{ .words = "mta history",
	  .args = "[<push>]",
	  .help = N_("list the last pushes, or show the changes of one of them"),
	  .example = "mailauthctl mta history 12",
	  .run = cmd_mta_history },
	{ 0 },
};
