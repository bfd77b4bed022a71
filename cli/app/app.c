/* Messages of handlers, and where the database is. */
#include "cli/app/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

#define DATABASE "/var/lib/mailauthctl/mailauthctl.db"

void app_say(struct app *app, enum report_level level, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	auto_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	ctx_report(&app->session.ctx, level, "%s", text);
}

int app_db_path(const struct ctx *ctx, const char *option, char **ret_path,
                struct err *err)
{
	const char *db = option ? option : secure_getenv("MAILAUTHCTL_DB");
	if (db && !*db)
		return err_set(err, ERR_USAGE, _("--db requires the path of a file"));
	if (!db)
		*ret_path = ctx_host_path(ctx, DATABASE);
	else if (*db == '/')
		*ret_path = xstrdup(db);
	else {
		auto_free char *here = getcwd(NULL, 0);
		if (!here)
			return err_errno(err, errno,
			                 _("cannot determine the working directory"));
		*ret_path = path_join(here, db);
	}
	return 0;
}
