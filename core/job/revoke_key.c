/* Revocation: look, generate, stop the host, empty the record, export. */
#include "core/job/revoke_key.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/job/change_push.h"
#include "core/job/enable_dkim.h"
#include "core/job/key_making.h"
#include "core/model/record/records.h"

struct revoke {
	struct session *session;
	struct revoke_key *work;
	struct keygen_job job[2];
	struct key_pair pair[2];
	size_t pairs;
};

static void revoke_done(struct revoke *revoke)
{
	while (revoke->pairs)
		key_pair_done(&revoke->pair[--revoke->pairs]);
}

void revoke_key_done(struct revoke_key *work)
{
	names_done(&work->elsewhere);
}

/* The key as it is now. */
static int look(struct session *session, struct revoke_key *work,
                struct keygen_job ret_jobs[2], struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_key key = { 0 };
	int r = session_domain(session, work->domain, &domain, err);
	if (r >= 0)
		r = keyring_revoke_missing(session->store, &domain, work->selector,
		                           ret_jobs, &work->missing, err);
	if (r >= 0)
		r = key_find(session->store, domain.id, domain.name, work->selector, &key,
		             err);
	if (r >= 0 && strcmp(key.state, "revoked") == 0)
		work->was = "revoked";
	return r;
}

int revoke_key_look(struct session *session, const char *domain, const char *selector,
                    struct revoke_key *work, struct err *err)
{
	struct keygen_job jobs[2];
	int r = name_parse_domain(domain, work->domain, err);
	if (r >= 0)
		r = name_parse_selector(selector, work->selector, err);
	return r < 0 ? r : look(session, work, jobs, err);
}

static int take_pair(void *arg, size_t index, struct key_pair *pair, struct err *err)
{
	struct revoke *revoke = arg;
	(void)index;
	(void)err;
	revoke->pair[revoke->pairs++] = *pair;
	return 0;
}

static int stop_signing(struct session *session, void *arg, struct err *err)
{
	struct revoke *revoke = arg;
	auto_domain domain = DOMAIN_INIT;
	int r = session_domain(session, revoke->work->domain, &domain, err);
	if (r >= 0)
		r = keyring_revoke(session->store, &session->ctx, &domain,
		                   revoke->work->selector, revoke->pair, revoke->pairs,
		                   &revoke->work->was, err);
	if (r >= 0 && revoke->pairs)
		r = records_check_domain(session->store, &domain, err);
	if (r >= 0 && strcmp(revoke->work->was, "revoked") != 0)
		r = enable_dkim_note_family(session, &domain, &revoke->work->elsewhere,
		                            err);
	return r;
}

static int empty_record(struct session *session, void *arg, struct err *err)
{
	int64_t host_gen;
	(void)arg;
	int r = push_host_generation(&session->ctx, session->store, &host_gen, err);
	return r < 0 ? r : keyring_due(session->store, &session->ctx, host_gen, err);
}

static int run(struct revoke *revoke, struct err *err)
{
	struct session *session = revoke->session;
	int r = look(session, revoke->work, revoke->job, err);
	if (r >= 0)
		r = key_making_run(session, revoke->job, revoke->work->missing, take_pair,
		                   revoke, err);
	if (r == ERR_CANCELLED)
		return err_set(err, r, _("interrupted; nothing was changed"));
	if (r >= 0)
		r = session_take_export_lock(session, err);
	if (r >= 0)
		r = change_push_run(session, CHANGE_PUSHED, stop_signing, revoke, err);
	if (r >= 0 && !session->is_dry_run)
		r = change_push_run(session, CHANGE_SAVED, empty_record, NULL, err);
	return r < 0 || session->is_dry_run ? r : enable_dkim_export(session, err);
}

int revoke_key_run(struct session *session, struct revoke_key *work, struct err *err)
{
	struct revoke revoke = { .session = session, .work = work };
	int r = run(&revoke, err);
	session_drop_export_lock(session);
	revoke_done(&revoke);
	return r;
}
