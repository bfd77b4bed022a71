/*
 * core/mta/push/rollback.c: restores the result of an earlier push: which one, and the steps that
 * each kind adds for the objects that changed since then.
 *
 * A name that signs again must have its record published, which the mail server's row checks: a
 * message signed with another key would fail at each receiver.
 */
#include "core/mta/push/rollback.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/secret.h"
#include "core/model/key/key.h"
#include "core/model/key/key_secret.h"
#include "core/mta/engine/journal.h"
#include "core/mta/plan/step.h"

#define SEE_HISTORY _("run \"mailauthctl mta history\" to list the pushes")

/* ---- which push ------------------------------------------------------------------------------- */

static int find_state(struct store *target, int64_t id, enum push_progress *ret_state,
                      struct err *err)
{
	int rc = journal_state_of(target, id, ret_state, err);

	if (rc)
		return rc < 0 ? rc : 0;
	(void)err_set(err, ERR_FAILED, _("push %lld does not exist: %s"), (long long)id,
	              SEE_HISTORY);
	return err_set_remedy(err, PUSH_LIST);
}

/* One rollback after another goes further back. */
static int find_previous(struct store *target, int64_t *ret_push, struct err *err)
{
	int64_t in_force = 0;
	int rc = journal_in_force(target, &in_force, err);

	if (rc >= 0)
		rc = journal_done_before(target, in_force, ret_push, err);
	if (rc)
		return rc < 0 ? rc : 0;
	(void)err_set(err, ERR_FAILED,
	              _("there is no earlier push: to remove our configuration, run "
	                "\"mailauthctl mta push --remove\""));
	return err_set_remedy(err, "mailauthctl mta push --remove");
}

int rollback_choose(struct store *target, int64_t asked, int64_t *ret_push,
                    struct err *err)
{
	enum push_progress state = PUSH_DONE;
	int64_t push_id = asked, removal = 0;
	int rc = asked ? find_state(target, asked, &state, err)
	               : find_previous(target, &push_id, err);

	if (rc)
		return rc;
	if (state != PUSH_DONE) {
		(void)err_set(
			err, ERR_FAILED,
			_("push %lld was undone, and its result was never in force: "
		          "%s"),
			(long long)push_id, SEE_HISTORY);
		return err_set_remedy(err, PUSH_LIST);
	}
	rc = journal_removal_since(target, push_id, &removal, err);
	if (rc > 0) {
		(void)err_set(
			err, ERR_FAILED,
			_("push %lld removed our configuration, and the one before it "
		          "cannot be restored: choose a later push; %s"),
			(long long)removal, SEE_HISTORY);
		return err_set_remedy(err, PUSH_LIST);
	}
	if (!rc)
		*ret_push = push_id;
	return rc;
}

/* ---- the plan --------------------------------------------------------------------------------- */

struct rolling {
	struct roll_back to;
	const struct mta_backend *backend;
	struct store *store;
};

static int find_key(void *arg, const struct step_row *row, int64_t *ret_key,
                    struct err *err)
{
	const struct rolling *r = arg;
	auto_secret pem = SECRET_INIT;
	auto_free char *selector =
		r->backend->key_selector ? r->backend->key_selector(row->object) : NULL;
	struct digest digest;
	int rc;

	if (!row->domain || !selector)
		return 0;
	rc = key_id_of(r->store, row->domain, selector, ret_key, err);
	if (rc <= 0)
		return rc;
	rc = key_secret_pem(r->store, *ret_key, &pem, err);
	if (rc == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	digest_of(pem.at, pem.len, &digest);
	return memcmp(digest.at, row->old_digest.at, DIGEST_LEN) == 0;
}

static int restore_all(const struct rolling *r, struct err *err)
{
	auto_stmt steps = NULL;
	struct step_row row;
	int rc = journal_steps_since(r->to.target, r->to.push_id, &steps, err);

	while (!rc && (rc = journal_next(r->to.target, steps, &row, err)) == 1) {
		const struct step_type *type = step_types[row.kind];

		rc = type->roll_back ? type->roll_back(&r->to, &row, err) : 0;
	}
	return rc;
}

int rollback_plan(struct ctx *ctx, const struct mta_backend *backend, struct store *store,
                  struct store *target, int64_t push_id, struct plan *plan,
                  struct err *err)
{
	struct rolling rolling = {
		.to = { .ctx = ctx,
		        .target = target,
		        .plan = plan,
		        .push_id = push_id,
		        .find_key = find_key },
		.backend = backend,
		.store = store,
	};
	int rc;

	rolling.to.arg = &rolling;
	rc = restore_all(&rolling, err);
	if (!rc)
		rc = plan_prune(ctx, plan, err);
	if (!rc && backend->check_rollback)
		rc = backend->check_rollback(store, plan, push_id, err);
	return rc;
}
