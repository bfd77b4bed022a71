/* The state of a run: messages that wait for the commit, the store, its locks, the host's names. */
#include "core/job/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/mta/push/backend_choose.h"
#include "core/store/schema.h"

enum { SAID_MAX = 32 };

/* For a customer, instead of a message of the database (session_hide_failure()). */
const char session_not_open[] =
	N_("the database cannot be used; the system log gives the reason to the "
           "administrator");

/* ---- messages -------------------------------------------------------------------------------- */

static void pass_on(const struct session *session, enum report_level level,
                    const char *text)
{
	if (session->observer.message)
		session->observer.message(session->observer.arg, level, text);
}

static void report(void *arg, enum report_level level, const char *text)
{
	struct session *session = arg;
	if (session_hides(session, level, text))
		return;
	if (session->said.count < SAID_MAX)
		names_add(&session->said, text);
	if (!session->is_changing) {
		pass_on(session, level, text);
		return;
	}
	GROW(session->message, session->message_count, session->message_room);
	session->message[session->message_count++] =
		(struct session_message){ level, xstrdup(text) };
}

void session_forget_messages(struct session *session)
{
	while (session->message_count)
		free(session->message[--session->message_count].text);
}

void session_release_messages(struct session *session, bool is_saved)
{
	session->is_changing = false;
	for (size_t i = 0; i < session->message_count; i++) {
		const struct session_message *message = &session->message[i];
		if (is_saved || message->level >= REPORT_WARNING)
			pass_on(session, message->level, message->text);
	}
	session_forget_messages(session);
}

bool session_has_said(const struct session *session, const char *text)
{
	return names_has(&session->said, text);
}

void session_progress(struct session *session, const char *label, size_t done,
                      size_t total)
{
	if (session->observer.progress)
		session->observer.progress(session->observer.arg, label, done, total);
}

/* ---- the whole ------------------------------------------------------------------------------- */

int session_init(struct session *session, const char *root, struct err *err)
{
	int r = ctx_init(&session->ctx, root, err);
	if (r < 0)
		return r;
	session->ctx.report = report;
	session->ctx.report_arg = session;
	return 0;
}

void session_done(struct session *session)
{
	store_close(session->store);
	env_done(&session->env);
	lock_free(session->export_lock);
	names_done(&session->exports);
	names_done(&session->said);
	session_forget_messages(session);
	free(session->message);
	free(session->db_path);
	ctx_done(&session->ctx);
}

/* ---- store and locks ------------------------------------------------------------------------- */

int session_open_to_read(struct session *session, struct err *err)
{
	int r = store_open(session->db_path, &schema_store, STORE_READ, &session->store,
	                   err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return session_hide_failure(session, r, session_not_open, err);
}

int session_read_store(struct session *session, struct err *err)
{
	int r = session_open_to_read(session, err);
	if (r >= 0 && session->store && session_is_customer(session))
		r = store_begin(session->store, false, err);
	return r;
}

int session_lock_beside_store(struct session *session, const char *suffix,
                              const char *what, struct lock **ret_lock, struct err *err)
{
	if (session->is_dry_run && access(session->db_path, F_OK) < 0)
		return 0;
	auto_free char *path = xasprintf("%s%s", session->db_path, suffix);
	session->hidden++;
	int r = store_make_folder(session->db_path, err);
	if (r >= 0)
		r = lock_take(&session->ctx, path, what, ret_lock, err);
	session->hidden--;
	return session_hide_failure(session, r, session_not_open, err);
}

int session_take_export_lock(struct session *session, struct err *err)
{
	return session->export_lock
	               ? 0
	               : session_lock_beside_store(session, ".export.lock",
	                                           _("zone export"),
	                                           &session->export_lock, err);
}

void session_drop_export_lock(struct session *session)
{
	lock_free(session->export_lock);
	session->export_lock = NULL;
}

/* ---- the host -------------------------------------------------------------------------------- */

int session_env(struct session *session, const struct env **ret_env, struct err *err)
{
	if (!session->has_env) {
		auto_free char *hostname = NULL;
		session->hidden++;
		int r = backend_hostname(&session->ctx, session->store, &hostname, err);
		if (r >= 0)
			r = env_load(&session->ctx, session->store, hostname,
			             &session->env, err);
		session->hidden--;
		r = session_hide_failure(session, r,
		                         N_("the host name of the server cannot be "
		                            "determined"),
		                         err);
		if (r < 0)
			return r;
		session->has_env = true;
	}
	*ret_env = &session->env;
	return 0;
}

void session_forget_env(struct session *session)
{
	session->has_env = false;
	env_done(&session->env);
}

/* ---- zones to export ------------------------------------------------------------------------- */

void session_export_later(struct session *session, const char *name)
{
	names_add(&session->exports, name);
}

int session_export_family_later(struct session *session, const struct domain *domain,
                                struct err *err)
{
	auto_stmt aliases = NULL;
	struct domain alias;
	int r = domain_query(session->store, domain->id, NULL, &aliases, err);
	session_export_later(session, domain->name);
	while (r >= 0 && (r = domain_next(aliases, &alias, err)) > 0)
		session_export_later(session, alias.name);
	return r;
}
