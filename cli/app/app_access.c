/*
 * What a run for a customer may see and do (caller.h, core/model/domain/access.h).
 *
 * A domain of somebody else's and one that is not there are told by the same words.  What goes on
 * behind a change (push, export) is about every domain: its words go to the system log, and the
 * customer gets a sentence of ours.
 */
#include <string.h>
#include <syslog.h>

#include "cli/app/app_inner.h"
#include "core/base/alloc.h"
#include "core/model/domain/access.h"
#include "dnszone/name/name.h"

bool app_is_customer(const struct app *app)
{
	return app->caller->is_customer;
}

int app_no_domain(const struct app *app, const char *name, struct err *err)
{
	return err_set(err, ERR_MISSING,
	               _("%s is not among the domains that the account %s manages; "
	                 "\"mailauthctl domain list\" shows them"),
	               name, app->caller->account);
}

int app_owns(struct app *app, int64_t domain_id, bool *ret_owns, struct err *err)
{
	int r = 1;
	if (app_is_customer(app))
		r = access_owns(app->store, app->caller->account, domain_id, err);
	if (r < 0)
		return r;
	*ret_owns = r > 0;
	return 0;
}

int app_look(struct app *app, const char *name, struct domain *ret_domain,
             struct err *err)
{
	bool owns = false;
	auto_domain domain = DOMAIN_INIT;
	int r = domain_look(app->store, name, &domain, err);
	if (r > 0)
		r = app_owns(app, domain.id, &owns, err);
	if (r < 0)
		return r;
	if (!owns)
		return app_is_customer(app) ? app_no_domain(app, name, err) : 0;
	*ret_domain = domain;
	domain = DOMAIN_INIT;
	return 1;
}

int app_domain(struct app *app, const char *typed, struct domain *ret_domain,
               struct err *err)
{
	char name[NAME_SIZE];
	if (!app_is_customer(app))
		return domain_find(app->store, typed, ret_domain, err);
	int r = name_parse_domain(typed, name, err);
	if (r >= 0)
		r = app_look(app, name, ret_domain, err);
	return r < 0 ? r : 0;
}

int app_main_name(struct app *app, const struct domain *domain, const char **ret_name,
                  struct err *err)
{
	bool owns = false;
	int r = domain->main_id ? app_owns(app, domain->main_id, &owns, err) : 0;
	if (r >= 0)
		*ret_name = owns ? domain->main_name : NULL;
	return r;
}

int app_check_keys_of(struct app *app, const struct domain *domain, struct err *err)
{
	bool owns = true;
	int r = domain->main_id ? app_owns(app, domain->main_id, &owns, err) : 0;
	if (r >= 0 && !owns)
		r = err_set(
			err, ERR_FAILED,
			_("%s is an alias and signs with the keys of a domain that the "
		          "account %s does not manage"),
			domain->name, app->caller->account);
	return r;
}

/* ---- behind the scenes ------------------------------------------------------------------------ */

static void log_for_administrator(const struct app *app, const char *text)
{
	openlog("mailauthctl", LOG_PID, LOG_MAIL);
	syslog(LOG_WARNING, "%s: %s: %s", app->caller->account,
	       app->row ? app->row->words : "", text);
	closelog();
}

bool app_keep_from_customer(const struct app *app, enum report_level level,
                            const char *text)
{
	if (!app_is_customer(app) || !app->backstage)
		return false;
	if (level >= REPORT_WARNING)
		log_for_administrator(app, text);
	return true;
}

int app_veil(struct app *app, int r, const char *sentence, struct err *err)
{
	/* an export has pushes inside, and speaks last */
	if (r >= 0 || !app_is_customer(app) || app->backstage)
		return r;
	log_for_administrator(app, err->text);
	if (r == ERR_BUSY)
		return err_set(err, ERR_BUSY,
		               _("another change is under way and did not end in time; "
		                 "try again later"));
	if (r == ERR_CANCELLED)
		return err_set(err, ERR_CANCELLED, _("interrupted"));
	return err_set(err, ERR_FAILED, "%s", _(sentence));
}
