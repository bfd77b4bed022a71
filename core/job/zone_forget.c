/* Removes kept files. */
#include "core/job/zone_forget.h"

#include <string.h>

#include "core/job/change_push.h"
#include "core/job/export_activate.h"
#include "core/model/export/export_kept.h"
#include "dnszone/name/name.h"

static int report_forgotten(void *arg, const struct export_kept *kept, struct err *err)
{
	struct session *session = arg;
	(void)err;
	if (session->is_dry_run)
		ctx_report(&session->ctx, REPORT_NOTE, _("would remove %s"), kept->path);
	else
		ctx_report(&session->ctx, REPORT_VERBOSE, _("%s was removed"),
		           kept->path);
	return 0;
}

static int pass_over(void *arg, const struct export_kept *kept, struct err *err)
{
	(void)arg;
	(void)kept;
	(void)err;
	return 0;
}

/* All of them or none. */
static int forget_all(struct session *session, void *arg, struct err *err)
{
	const struct names *names = arg;
	enum export_kept_state state = EXPORT_KEPT_WAITS;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		r = export_kept_look(&session->ctx, session->store, names->name[i],
		                     &state, err);
		/* it reports the reason */
		if (r >= 0 && state != EXPORT_KEPT_WAITS)
			r = export_kept_forget(&session->ctx, session->store,
			                       names->name[i], true, pass_over, NULL,
			                       err);
	}
	for (size_t i = 0; r >= 0 && i < names->count; i++)
		r = export_kept_forget(&session->ctx, session->store, names->name[i],
		                       session->is_dry_run, report_forgotten, session,
		                       err);
	return r;
}

/* Without a row in the audit trail: a file is removed, and no setting changes. */
static int forget(struct session *session, struct names *names, struct err *err)
{
	int r = session_take_export_lock(session, err);
	return r < 0 || !names->count
	               ? r
	               : change_push_run(session, CHANGE_SAVED, forget_all, names, err);
}

int zone_forget(struct session *session, const struct names *names, struct err *err)
{
	auto_names canonical = { 0 };
	auto_names due = { 0 };
	int r = 0;
	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		enum export_kept_state state;
		char name[NAME_SIZE];
		r = name_parse_domain(names->name[i], name, err);
		if (r < 0)
			break;
		names_add(&canonical, name);
		r = export_kept_look(&session->ctx, session->store, name, &state, err);
		if (r >= 0 && state == EXPORT_KEPT_DUE && !session->is_dry_run)
			names_add(&due, name);
	}
	if (r >= 0 && due.count)
		r = export_activate_run(session, (const char *const *)due.name, due.count,
		                        err);
	return r < 0 ? r : forget(session, &canonical, err);
}

static int add_kept(void *arg, const struct export_kept *kept, struct err *err)
{
	struct names *names = arg;
	(void)err;
	if (!names->count || strcmp(names->name[names->count - 1], kept->name) != 0)
		names_add(names, kept->name);
	return 0;
}

int zone_forget_all(struct session *session, struct err *err)
{
	auto_names names = { 0 };
	int r = export_kept_each(&session->ctx, session->store, add_kept, &names, err);
	return r < 0 ? r : forget(session, &names, err);
}
