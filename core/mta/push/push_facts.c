/*
 * core/mta/push/push_facts.c: whether a push happens at all (adopted, not paused, the same store),
 * and whether all names are processed or only those that changed.
 */
#include "core/mta/push/push_facts.h"

#include <string.h>

#include "core/model/setting/setting.h"
#include "core/mta/push/absence.h"
#include "core/mta/push/backend_choose.h"

int push_read_uuid(struct store *store, uint8_t uuid[STORE_UUID_LEN], struct err *err)
{
	auto_stmt stmt = NULL;
	int rc = store_query(store, &stmt, err, "SELECT uuid FROM store", "");

	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0 || !stmt_octets(stmt, 0, uuid, STORE_UUID_LEN))
		return err_set(err, ERR_FAILED, _("%s has no identity: it is damaged"),
		               store_path(store));
	return 0;
}

int push_read_inputs(struct store *store, const char *backend, const char *hostname,
                     struct digest *ret_digest, struct err *err)
{
	struct digest_state *state = digest_new();
	int rc;

	digest_text(state, backend);
	digest_text(state, hostname);
	rc = setting_digest(store, "", state, err);
	digest_finish(state, ret_digest);
	return rc;
}

static int read_all(struct ctx *ctx, struct store *store, struct store *target,
                    struct push_facts *f, struct err *err)
{
	int rc = target_read(target, &f->old, err);

	if (!rc)
		rc = push_read_uuid(store, f->uuid, err);
	if (!rc)
		rc = generation_now(store, &f->now, err);
	if (!rc)
		rc = backend_choose(ctx, store, &f->backend, &f->is_adopted, err);
	if (rc)
		return rc;
	f->is_ours = f->old.is_there &&
	             memcmp(f->old.store_uuid, f->uuid, STORE_UUID_LEN) == 0;
	if (f->is_ours) {
		rc = generation_is_known(store, f->old.gen, err);
		f->is_known = rc == 1;
	}
	return rc < 0 ? rc : 0;
}

void push_facts_done(struct push_facts *facts)
{
	target_row_done(&facts->old);
}

int push_facts_read(struct ctx *ctx, struct store *store, struct store *target,
                    struct push_facts *ret_facts, struct err *err)
{
	struct push_facts facts = { 0 };
	int rc = read_all(ctx, store, target, &facts, err);

	if (rc)
		push_facts_done(&facts);
	else
		*ret_facts = facts;
	return rc;
}

/* ---- whether to push --------------------------------------------------------------------------- */

static int no_server(struct ctx *ctx, struct store *store, struct err *err)
{
	cleanup(absence_done) struct absence absence;

	absence_look(ctx, store, &absence);
	(void)err_set(err, ERR_FAILED, "%s", absence.sentence);
	return err_set_remedy(err, "%s", absence.remedy);
}

int push_decide(struct ctx *ctx, struct store *store, const struct push_options *options,
                const struct push_facts *f, const char **ret_why, struct err *err)
{
	bool is_explicit = options->is_explicit && !options->is_scheduled;
	bool is_asked = options->is_adoption || is_explicit || options->remove;

	*ret_why = NULL;
	if (f->old.is_there && !f->is_ours && !options->take_over) {
		if (is_asked) {
			(void)err_set(err, ERR_FAILED,
			              _("this host follows another database; to follow "
			                "this one instead, use --take-over"));
			return err_set_remedy(err, "mailauthctl mta %s --take-over",
			                      options->is_adoption ? "adopt"
			                      : options->remove    ? "push --remove"
			                                           : "push");
		}
		*ret_why = _("not pushed: this host follows another database");
		return 0;
	}
	if (options->remove)
		return 0;
	if (options->is_adoption && !f->backend)
		return no_server(ctx, store, err);
	if (f->is_ours && f->backend && strcmp(f->old.backend, f->backend->name) != 0) {
		if (is_asked) {
			err_set(err, ERR_FAILED, _("this host was adopted as %s"),
			        f->old.backend);
			return err_add_remedy(err, "mailauthctl mta push --remove");
		}
		*ret_why = _("not pushed: this host was adopted with another "
		             "mta.backend");
		return 0;
	}
	if (options->is_adoption && !f->backend->plan) {
		(void)err_set(err, ERR_FAILED,
		              _("this version cannot push to %s: run \"mailauthctl "
		                "server set mta.backend directory\" to render its files "
		                "for another tool"),
		              _(f->backend->title));
		return err_set_remedy(err,
		                      "mailauthctl server set mta.backend directory");
	}
	if (options->is_adoption)
		return 0;
	if (!f->backend || !f->is_adopted) {
		if (is_explicit) {
			err_set(err, ERR_FAILED,
			        _("no mail server follows this database yet"));
			return err_add_remedy(err, "mailauthctl mta adopt");
		}
		*ret_why = _("no mail server follows this database yet: run "
		             "\"mailauthctl mta adopt\"");
		return 0;
	}
	if (f->old.is_there && f->old.is_paused && !is_explicit)
		*ret_why = _(
			"pushes are held after a rollback until \"mailauthctl mta push\"");
	return 0;
}

bool push_must_see_all(const struct push_options *options, const struct push_facts *f)
{
	return options->is_explicit || options->is_adoption || !f->is_ours ||
	       f->old.is_paused || !f->is_known ||
	       strcmp(f->old.backend, f->backend->name) != 0 || !f->old.is_same_version;
}
