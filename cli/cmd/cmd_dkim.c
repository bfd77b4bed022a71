/* `domain enable-dkim` and `disable-dkim` (core/job/enable_dkim.h). */
#include <stdlib.h>

#include "cli/app/app.h"
#include "cli/app/paste.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/job/enable_dkim.h"
#include "core/model/key/publish.h"

int cmd_dkim_report_on(struct app *app, const char *name, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *waits = NULL;
	int r = domain_look(app->session.store, name, &domain, err);
	if (r > 0)
		r = publish_waits_for(app->session.store, &domain, &waits, err);
	if (r < 0 || !domain.id)
		return r;
	if (waits)
		app_say(app, REPORT_NOTE, _("%s: DKIM is on; %s"), name, waits);
	else
		app_say(app, REPORT_NOTE, _("%s: DKIM is on"), name);
	return 0;
}

void cmd_dkim_preview(struct app *app, const char *name, size_t keys)
{
	app_say(app, REPORT_NOTE, _("%s: DKIM would be on; new keys: %zu"), name, keys);
}

/* A dry run generates no keys, because it could not store them. */
static void preview(struct app *app, const struct enable_dkim *work)
{
	size_t keys = 0, domains = 0;
	for (size_t i = 0; i < work->count; i++) {
		const struct enable_dkim_item *item = &work->item[i];
		if (item->is_failed)
			continue;
		domains++;
		keys += item->missing;
		if (work->count <= DKIM_SINGLE_REPORTS)
			cmd_dkim_preview(app, item->name, item->missing);
	}
	if (work->count > DKIM_SINGLE_REPORTS)
		app_say(app, REPORT_NOTE,
		        _("DKIM would be enabled; domains: %zu, new keys: %zu"), domains,
		        keys);
}

static int report(struct app *app, const struct enable_dkim *work, struct err *err)
{
	int r = 0;
	if (work->count > DKIM_SINGLE_REPORTS)
		app_say(app, REPORT_NOTE,
		        _("DKIM is on; domains: %zu, added: %zu, failed: %zu"),
		        work->done, work->added, work->failed);
	else
		for (size_t i = 0; r >= 0 && i < work->count; i++)
			if (work->item[i].is_done)
				r = cmd_dkim_report_on(app, work->item[i].name, err);
	return r;
}

/* The records to paste are printed even if the export failed. */
int cmd_dkim_finish(struct app *app, const struct enable_dkim *work, int r,
                    struct err *err)
{
	struct err later = ERR_INIT;
	int printed = paste_names(app, (const char *const *)work->elsewhere.name,
	                          work->elsewhere.count, &later);
	if (r >= 0 && printed < 0) {
		*err = later;
		r = printed;
	}
	if (r >= 0)
		r = report(app, work, err);
	return r >= 0 && work->failed ? ERR_REPORTED : r;
}

int cmd_enable_dkim_names(struct app *app, const struct names *names, struct err *err)
{
	cleanup(enable_dkim_done) struct enable_dkim work = { 0 };
	int r = enable_dkim_run(&app->session, names, args_has(app->args, "--sign-now"),
	                        &work, err);
	if (r >= 0 && app->session.is_dry_run) {
		preview(app, &work);
		return work.failed ? ERR_REPORTED : 0;
	}
	return cmd_dkim_finish(app, &work, r, err);
}

static int enable_with_key(struct app *app, const struct names *names,
                           const char *selector, struct err *err)
{
	cleanup(enable_dkim_done) struct enable_dkim work = { 0 };
	if (names->count != 1 || args_has(app->args, "--all"))
		return err_set(err, ERR_USAGE, _("--selector requires one domain"));
	int r = enable_dkim_choose(&app->session, names->name[0], selector,
	                           args_has(app->args, "--sign-now"), &work, err);
	return app->session.is_dry_run ? r : cmd_dkim_finish(app, &work, r, err);
}

int cmd_enable_dkim(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	const char *selector = args_get(app->args, "--selector");
	int r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	return selector ? enable_with_key(app, &names, selector, err)
	                : cmd_enable_dkim_names(app, &names, err);
}

int cmd_disable_dkim(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	int r = app_names(app, 0, &names, err);
	return r < 0 ? r
	             : disable_dkim_run(&app->session, &names,
	                                args_has(app->args, "--now"), err);
}
