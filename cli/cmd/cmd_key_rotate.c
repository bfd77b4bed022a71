/* `key rotate` (core/job/enable_dkim.h) and `key revoke` (core/job/revoke_key.h). */
#include <inttypes.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/paste.h"
#include "cli/line/commands.h"
#include "core/base/alloc.h"
#include "core/job/enable_dkim.h"
#include "core/job/revoke_key.h"
#include "core/model/key/publish.h"

/* ---- rotate ---------------------------------------------------------------------------------- */

static int add_name(void *arg, const char *name, struct err *err)
{
	(void)err;
	names_add(arg, name);
	return 0;
}

/* Whose keys cannot be replaced from here. */
static int report_skipped(struct app *app, struct err *err)
{
	int64_t skipped = 0;
	int r = keyring_count_theirs(app->session.store, &skipped, err);
	if (r >= 0 && skipped)
		app_say(app, REPORT_NOTE,
		        ngettext("skipped: %" PRId64 " domain, because the mail server "
		                 "makes its keys itself",
		                 "skipped: %" PRId64 " domains, because the mail server "
		                 "makes their keys itself",
		                 (unsigned long)skipped),
		        skipped);
	return r < 0 ? r : 0;
}

static int report_item(struct app *app, const struct enable_dkim_item *item,
                       struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *waits = NULL;
	int r = domain_look(app->session.store, item->name, &domain, err);
	if (r > 0)
		r = publish_waits_for(app->session.store, &domain, &waits, err);
	if (r < 0)
		return r;
	if (item->missing && waits)
		app_say(app, REPORT_NOTE, _("%s: new keys: %zu; %s"), item->name,
		        item->missing, waits);
	else if (item->missing)
		app_say(app, REPORT_NOTE, _("%s: new keys: %zu; it signs with them"),
		        item->name, item->missing);
	else if (waits)
		app_say(app, REPORT_NOTE, _("%s: a rotation is in progress; %s"),
		        item->name, waits);
	else
		app_say(app, REPORT_NOTE, _("%s: no key is due"), item->name);
	return 0;
}

static int report_rotation(struct app *app, const struct enable_dkim *work,
                           struct err *err)
{
	size_t keys = 0, in_progress = 0;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < work->count; i++) {
		const struct enable_dkim_item *item = &work->item[i];
		bool is_it = app->session.is_dry_run ? !item->is_failed : item->is_done;
		keys += is_it ? item->missing : 0;
		in_progress += is_it && !item->missing;
		if (!is_it || work->count > DKIM_SINGLE_REPORTS)
			continue;
		if (app->session.is_dry_run)
			app_say(app, REPORT_NOTE,
			        _("%s: keys would be rotated; new keys: %zu"), item->name,
			        item->missing);
		else
			r = report_item(app, item, err);
	}
	if (work->count > DKIM_SINGLE_REPORTS)
		app_say(app, REPORT_NOTE,
		        app->session.is_dry_run
		                ? _("keys would be rotated; domains: %zu, new keys: %zu, "
		                    "in progress: %zu, failed: %zu")
		                : _("keys are rotated; domains: %zu, new keys: %zu, in "
		                    "progress: %zu, failed: %zu"),
		        work->count - work->failed, keys, in_progress, work->failed);
	return r;
}

static int rotate(struct app *app, const struct names *names, enum keyring_scope scope,
                  bool is_quiet, struct err *err)
{
	cleanup(enable_dkim_done) struct enable_dkim work = { 0 };
	struct err later = ERR_INIT;
	int r = enable_dkim_rotate(&app->session, names, scope, &work, err);
	/* the records to paste are printed even if the export failed */
	int printed = paste_keys(app, (const char *const *)work.elsewhere.name,
	                         work.elsewhere.count, &later);
	if (r >= 0 && printed < 0) {
		*err = later;
		r = printed;
	}
	if (r >= 0 && !is_quiet)
		r = report_rotation(app, &work, err);
	return r >= 0 && work.failed ? ERR_REPORTED : r;
}

int cmd_key_rotate(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	bool is_due = args_has(app->args, "--due");
	bool is_all = is_due || args_has(app->args, "--all");
	enum keyring_scope scope = is_due ? ROTATE_DUE : ROTATE_ALL;
	int r = app_names_unless_all(app, &names, err);
	if (r >= 0 && is_all)
		r = keyring_rotate_each(app->session.store, &app->session.ctx, scope,
		                        add_name, &names, err);
	if (r >= 0 && is_all && !is_due)
		r = report_skipped(app, err);
	if (r < 0)
		return r;
	if (!names.count) {
		app_say(app, REPORT_NOTE,
		        is_due ? _("no key is due") : _("no domain signs"));
		return 0;
	}
	return rotate(app, &names, scope, false, err);
}

int cmd_key_rotate_due(struct app *app, struct err *err)
{
	auto_names names = { 0 };
	int r = keyring_rotate_each(app->session.store, &app->session.ctx, ROTATE_DUE,
	                            add_name, &names, err);
	return r < 0 || !names.count ? r : rotate(app, &names, ROTATE_DUE, true, err);
}

/* ---- revoke ---------------------------------------------------------------------------------- */

static int confirm_revoke(struct app *app, const struct revoke_key *work, struct err *err)
{
	bool is_yes = args_has(app->args, "--yes") || app->session.is_dry_run;
	if (is_yes)
		return 0;
	auto_free char *question = xasprintf(
		work->missing ? _("Revoke the key %s of %s?  Mail that it signed and "
	                          "that is still in transit fails verification, and mail "
	                          "is not signed with a new key before its record is "
	                          "public.")
			      : _("Revoke the key %s of %s?  Mail that it signed and "
	                          "that is still in transit fails verification."),
		work->selector, work->domain);
	int r = app_confirm(app, question, "--yes", &is_yes, err);
	if (r >= 0 && !is_yes)
		r = err_set(err, ERR_FAILED, _("not confirmed: nothing was changed"));
	return r;
}

static int report_revoked(struct app *app, const struct revoke_key *work, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_key key = { 0 };
	auto_free char *waits = NULL;
	int r = domain_look(app->session.store, work->domain, &domain, err);
	if (r > 0)
		r = publish_waits_for(app->session.store, &domain, &waits, err);
	if (r >= 0 && strcmp(work->was, "parked") != 0)
		r = key_find(app->session.store, domain.id, domain.name, work->selector,
		             &key, err);
	if (r < 0)
		return r;
	if (key.state && strcmp(key.state, "revoked") != 0)
		app_say(app, REPORT_WARNING,
		        _("%s: the record of %s is kept until the mail server has stopped "
		          "signing with it; run \"mailauthctl mta push\""),
		        work->domain, work->selector);
	else
		app_say(app, REPORT_NOTE, _("%s: the key %s is revoked"), work->domain,
		        work->selector);
	if (waits)
		app_say(app, REPORT_NOTE, "%s: %s", work->domain, waits);
	return 0;
}

static int revoke(struct app *app, struct revoke_key *work, struct err *err)
{
	struct err later = ERR_INIT;
	int r = revoke_key_run(&app->session, work, err);
	if (app->session.is_dry_run) {
		if (r >= 0 && work->missing)
			app_say(app, REPORT_NOTE,
			        _("%s: the new key would be pending until its record is "
			          "public"),
			        work->domain);
		return r;
	}
	int printed = paste_keys(app, (const char *const *)work->elsewhere.name,
	                         work->elsewhere.count, &later);
	if (r >= 0 && printed < 0) {
		*err = later;
		r = printed;
	}
	return r < 0 ? r : report_revoked(app, work, err);
}

int cmd_key_revoke(struct app *app, struct err *err)
{
	cleanup(revoke_key_done) struct revoke_key work = { 0 };
	int r = revoke_key_look(&app->session, args_word(app->args, 0),
	                        args_word(app->args, 1), &work, err);
	if (r >= 0 && work.was) {
		app_say(app, REPORT_NOTE, _("%s: the key %s is revoked already"),
		        work.domain, work.selector);
		return 0;
	}
	if (r >= 0)
		r = confirm_revoke(app, &work, err);
	return r < 0 ? r : revoke(app, &work, err);
}
