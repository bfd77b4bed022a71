/* Messages, which wait for the commit, and where the database is. */
#include "cli/app/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app/app_inner.h"
#include "core/base/alloc.h"
#include "core/base/file.h"

#define DATABASE "/var/lib/mailauthctl/mailauthctl.db"

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
void app_report(void *arg, enum report_level level, const char *text)
{
	struct app *app = arg;
	if (app_keep_from_customer(app, level, text))
		return;
	if (app->said_count < SAID_MAX)
		app->said[app->said_count++] = xstrdup(text);
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
	app_report(app, level, text);
	free(text);
}

void app_forget_messages(struct app *app)
{
	while (app->message_count)
		free(app->message[--app->message_count].text);
}

/* After a change: said when it was saved; otherwise only what explains the failure. */
void app_release_messages(struct app *app, bool is_saved)
{
	app->is_changing = false;
	for (size_t i = 0; i < app->message_count; i++) {
		if (is_saved || app->message[i].level >= REPORT_WARNING)
			print_message(app, app->message[i].level, app->message[i].text);
		free(app->message[i].text);
	}
	app->message_count = 0;
}

/* ---- the database ---------------------------------------------------------------------------- */

int app_read_store(struct app *app, struct err *err)
{
	int r = app_open_to_read(app, err);
	/* whose a domain is and what it is like: of one moment */
	if (r >= 0 && app->store && app_is_customer(app))
		r = store_begin(app->store, false, err);
	return r;
}

int app_db_path(const struct ctx *ctx, const char *option, char **ret_path,
                struct err *err)
{
	const char *db = option ? option : secure_getenv("MAILAUTHCTL_DB");
	if (db && !*db)
		return err_set(err, ERR_USAGE, _("--db takes the path of a file"));
	if (!db)
		*ret_path = ctx_host_path(ctx, DATABASE);
	else if (*db == '/')
		*ret_path = xstrdup(db);
	else {
		auto_free char *here = getcwd(NULL, 0);
		if (!here)
			return err_errno(err, errno, _("cannot name the working folder"));
		*ret_path = path_join(here, db);
	}
	return 0;
}
