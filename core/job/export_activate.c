/*
 * Zone export: prepare, switch, finish (export.h), each in its own change.
 *
 * The export lock is held from prepare to finish, and never while DNS is queried or keys are
 * generated: if prepare finds zones that must be queried first, the lock is released, and the
 * export is prepared again after they have answered.
 */
#include "core/job/export_activate.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/job/change_push.h"
#include "core/job/key_lookup.h"
#include "core/job/zone_ask.h"
#include "core/model/export/heartbeat.h"
#include "core/model/setting/setting.h"

struct export_work {
	struct export_request request;
	struct export *export;
};

static int prepare_export(struct session *session, void *arg, struct err *err)
{
	struct export_work *work = arg;
	int r = push_host_generation(&session->ctx, session->store,
	                             &work->request.host_gen, err);
	if (r >= 0)
		r = session_env(session, &work->request.env, err);
	if (r >= 0)
		r = export_prepare(&session->ctx, session->store, &work->request,
		                   &work->export, err);
	/* it is prepared again, and reports the same then */
	if (r >= 0 && export_count_unasked(work->export) && !session->is_dry_run)
		session_forget_messages(session);
	return r;
}

static int finish_export(struct session *session, void *arg, struct err *err)
{
	struct export_work *work = arg;
	return export_finish(&session->ctx, session->store, work->export, err);
}

static int ask_names(struct session *session, const struct names *names, struct err *err)
{
	enum zone_format format;
	unsigned hidden = session->hidden;
	int r = zone_format_now(session->store, &format, err);
	if (r < 0)
		return r;
	/* a message about a domain is for the account that manages it */
	session->hidden = 0;
	session_drop_export_lock(session);
	r = zone_ask(session, (const char *const *)names->name, names->count,
	             format == ZONE_FULL ? LOOK_REPLACE : LOOK_INCLUDE, err);
	session->hidden = hidden;
	return r < 0 ? r : session_take_export_lock(session, err);
}

/* Only a dry run uses the prepared zones. */
static int ask_first(struct session *session, struct export_work *work, struct err *err)
{
	auto_names names = export_take_unasked(work->export);
	if (!session->is_dry_run) {
		export_free(work->export);
		work->export = NULL;
	}
	return ask_names(session, &names, err);
}

/* A key that had to take another selector is looked up again under that one. */
static int prepare(struct session *session, struct export_work *work, struct err *err)
{
	enum { ROUNDS = 8 };
	int r = 0;
	for (unsigned round = 0; r >= 0; round++) {
		work->request.is_asking = !session->ctx.is_rooted && round < ROUNDS;
		session->is_preview_off = true;
		r = change_push_run(session, CHANGE_SAVED, prepare_export, work, err);
		session->is_preview_off = false;
		if (r < 0 || !export_count_unasked(work->export))
			break;
		r = ask_first(session, work, err);
		if (session->is_dry_run)
			break;
	}
	return r;
}

static int export_locked(struct session *session, const char *const *names, size_t count,
                         struct err *err)
{
	struct export_work work = { .request = { .names = names,
		                                 .count = count,
		                                 .is_dry_run = session->is_dry_run } };
	session->hidden++;
	int r = prepare(session, &work, err);
	if (r >= 0 && !session->is_dry_run)
		r = export_switch(&session->ctx, work.export, err);
	if (r >= 0 && !session->is_dry_run)
		r = change_push_run(session, CHANGE_PUSHED, finish_export, &work, err);
	if (r >= 0 && session->is_dry_run && session->observer.export_preview)
		r = session->observer.export_preview(session->observer.arg, work.export,
		                                     err);
	if (r >= 0 && work.export)
		r = export_result(work.export, session->is_interactive, err);
	export_free(work.export);
	session->hidden--;
	return session_hide_failure(
		session, r,
		N_("saved, but the records could not be published; the system log "
	           "gives the reason to the administrator, and the next export tries "
	           "again"),
		err);
}

int export_activate_run(struct session *session, const char *const *names, size_t count,
                        struct err *err)
{
	bool had_lock = session->export_lock != NULL;
	int r = session_take_export_lock(session, err);
	if (r >= 0)
		r = export_locked(session, names, count, err);
	if (!had_lock)
		session_drop_export_lock(session);
	return r;
}

int export_activate_later(struct session *session, struct err *err)
{
	auto_names due = session->exports;
	session->exports = (struct names){ 0 };
	if (!due.count || session->is_dry_run)
		return 0;
	/* the change may have altered the values of <hostname> and <ip> */
	session_forget_env(session);
	int r = export_activate_run(session, (const char *const *)due.name, due.count,
	                            err);
	/* a customer gets another sentence (export_locked()) */
	if (r < 0 && r != ERR_REPORTED && !session_is_customer(session))
		err_prefix(err, _("the change is saved, but its export failed"));
	return r;
}

int export_activate_all(struct session *session, struct err *err)
{
	int r = export_activate_run(session, NULL, 0, err);
	if (session->is_dry_run)
		return r;
	if (r >= 0 && !session->ctx.is_rooted)
		r = key_lookup_poll(session, err);
	if (r != ERR_CANCELLED && r != ERR_BUSY)
		heartbeat_mark(session->db_path, ctx_now(&session->ctx), r < 0);
	return r;
}

/* ---- which zones a change exports ------------------------------------------------------------ */

int export_activate_if_awaited(struct session *session, const struct domain *domain,
                               struct err *err)
{
	bool signs, is_included;
	int r = setting_bool(session->store, SET_DKIM_SIGN, domain->id, &signs, err);
	if (r >= 0)
		r = export_is_included(session->store, domain, &is_included, err);
	if (r >= 0 && signs)
		r = session_export_family_later(session, domain, err);
	else if (r >= 0 && is_included)
		session_export_later(session, domain->name);
	return r;
}
