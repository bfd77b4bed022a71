/* `db`: the database file. */
#include <unistd.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/mta/engine/target.h"
#include "core/store/schema.h"

/* The host's own database, if it exists and root asks. */
static int check_target(struct app *app, struct err *err)
{
	auto_store target = NULL;
	if (geteuid() != 0 && !app->session.ctx.is_rooted)
		return 0;
	int r = target_open(&app->session.ctx, false, false, &target, err);
	return r >= 0 && target ? store_check(target, err) : r;
}

/* Opened for writing once, which migrates an older schema. */
static int check_store(struct app *app, struct err *err)
{
	int r = store_open(app->session.db_path, &schema_store, STORE_WRITE,
	                   &app->session.store, err);
	if (r == ERR_MISSING) {
		app_say(app, REPORT_NOTE, _("no database at %s yet; using defaults"),
		        app->session.db_path);
		err_clear(err);
		return 0;
	}
	if (r >= 0)
		r = store_check(app->session.store, err);
	return r;
}

/* Both databases are checked, even if the first one has faults. */
static int run_check(struct app *app, struct err *err)
{
	struct err first = ERR_INIT;
	int r = check_store(app, &first);
	if (check_target(app, err) < 0) {
		if (r < 0)
			app_say(app, REPORT_ERROR, "%s", first.text);
		return err->code;
	}
	if (r < 0)
		*err = first;
	return r;
}

static int run_backup(struct app *app, struct err *err)
{
	const char *name = args_word(app->args, 0);
	if (!app->session.store)
		return err_set(err, ERR_MISSING, _("no database at %s"),
		               app->session.db_path);
	auto_free char *path = NULL;
	int r = app_output_path(name, true, &path, err);
	if (r < 0)
		return r;
	if (app->session.is_dry_run) {
		app_say(app, REPORT_NOTE, _("would write %s"), path);
		return 0;
	}
	return store_backup(app->session.store, path, err);
}

const struct command commands_db[] = {
	{ .words = "db check",
	  .help = N_("check the database, and migrate it from an older version"),
	  .example = "mailauthctl db check",
	  .run = run_check },
	{ .words = "db backup",
	  .args = "<file>",
	  .help = N_("copy the database, private keys included, to a new file (0600)"),
	  .example = "mailauthctl db backup /root/mailauthctl.db",
	  .needs = NEED_STORE_READ,
	  .run = run_backup },
	{ 0 },
};
