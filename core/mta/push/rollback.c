/*
 * core/mta/push/rollback.c: restores the result of an earlier push.
 *
 * Secrets are not in the journal.  A file with the old digest is kept; a missing key file is
 * rendered again from the store, if its content is the old one; anything else is refused.  A name
 * that signs again must have its record published, which the mail server's row checks: a message
 * signed with another key would fail at each receiver.
 */
#include "core/mta/push/rollback.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/base/secret.h"
#include "core/base/text.h"
#include "core/model/key/key_secret.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/owned.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/shared.h"
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

/* ---- files ------------------------------------------------------------------------------------ */

struct rolling {
	struct ctx *ctx;
	const struct mta_backend *backend;
	struct store *store, *target;
	int64_t push_id;
	struct plan *plan;
};

/* The content; *ret_is_there false: none. */
static int read_present(const struct rolling *r, const char *path, struct buf *into,
                        bool *ret_is_there, struct err *err)
{
	int rc = file_read(r->ctx, path, STEP_FILE_LIMIT, into, NULL, err);

	*ret_is_there = rc == 0;
	if (rc == ERR_MISSING) {
		err_clear(err);
		rc = 0;
	}
	return rc;
}

static bool is_digest_of(const struct digest *digest, const void *octets, size_t len)
{
	struct digest other;

	digest_of(octets, len, &other);
	return memcmp(digest->at, other.at, DIGEST_LEN) == 0;
}

static int restore_shared(struct rolling *r, const struct step_row *row, struct err *err)
{
	auto_buf then = BUF_INIT, now = BUF_INIT, text = BUF_INIT;
	bool is_there;
	int rc = row->had_old ? target_blob(r->target, &row->old_digest, &then, err) : 0;

	if (!rc)
		rc = read_present(r, row->object, &now, &is_there, err);
	if (rc)
		return rc;
	if (!row->had_old)
		shared_strip(row->shared, &now, &text);
	else if (!shared_graft(row->shared, &then, &now, &text))
		return err_set(
			err, ERR_FAILED,
			_("%s was edited since push %lld so that the position of our "
		          "part is not known: edit it by hand, or choose a later push"),
			row->object, (long long)r->push_id);
	if (!text.len && !row->had_old)
		plan_remove(r->plan, RANK_TABLES, row->object, 0)->shared = row->shared;
	else
		plan_file(r->plan, RANK_TABLES, row->object, buf_text(&text), text.len,
		          FILE_META_KEEP, 0)
			->shared = row->shared;
	return 0;
}

/* The key of the store that the file contained; *ret_found false: it does not exist, or differs. */
static int find_key(const struct rolling *r, const struct step_row *row, int64_t *ret_id,
                    bool *ret_found, struct err *err)
{
	auto_secret pem = SECRET_INIT;
	auto_free char *selector =
		r->backend->key_selector ? r->backend->key_selector(row->object) : NULL;
	int64_t key_id;
	int rc;

	*ret_found = false;
	if (!row->domain || !selector)
		return 0;
	rc = store_get_int(r->store, &key_id, err,
	                   "SELECT k.id FROM dkim_key k JOIN domain d "
	                   "ON d.id = k.domain_id WHERE d.name = ? AND k.selector = ?",
	                   "tt", row->domain, selector);
	if (rc <= 0)
		return rc;
	rc = key_secret_pem(r->store, key_id, &pem, err);
	if (rc == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	if (!rc)
		*ret_found = is_digest_of(&row->old_digest, pem.at, pem.len);
	*ret_id = key_id;
	return rc;
}

static int refuse_secret(const struct rolling *r, const struct step_row *row,
                         bool is_there, struct err *err)
{
	return err_set(err, ERR_FAILED,
	               _("the secret that push %lld had in %s is %s, and secrets are not "
	                 "kept in the history: choose a later push, or change the "
	                 "settings instead"),
	               (long long)r->push_id, row->object,
	               is_there ? _("a different one now") : _("deleted"));
}

static int restore_secret(struct rolling *r, const struct step_row *row, struct err *err)
{
	auto_buf now = BUF_INIT;
	int64_t key_id = 0;
	bool is_there, is_found = false;
	struct step *step = NULL;
	int rc = read_present(r, row->object, &now, &is_there, err);

	if (!rc && is_there && is_digest_of(&row->old_digest, buf_text(&now), now.len))
		step = plan_file(r->plan, RANK_DATA, row->object, buf_text(&now), now.len,
		                 row->old_meta, 0);
	else if (!rc)
		rc = find_key(r, row, &key_id, &is_found, err);
	if (is_found)
		step = plan_file_key(r->plan, RANK_DATA, row->object, key_id,
		                     &row->old_digest, row->old_meta, 0);
	if (now.at)
		explicit_bzero(now.at, now.room);
	if (rc)
		return rc;
	if (!step)
		return refuse_secret(r, row, is_there, err);
	step->is_secret = true;
	step->domain = xstrdup(row->domain);
	return 0;
}

static int restore_whole(struct rolling *r, const struct step_row *row, struct err *err)
{
	auto_buf then = BUF_INIT;
	int rc;

	if (!row->had_old) {
		struct step *step = plan_remove(r->plan, RANK_LEFTOVERS, row->object, 0);

		step->is_secret = row->is_secret;
		step->domain = xstrdup(row->domain);
		return 0;
	}
	if (row->is_secret)
		return restore_secret(r, row, err);
	rc = target_blob(r->target, &row->old_digest, &then, err);
	if (!rc)
		plan_file(r->plan, RANK_TABLES, row->object, buf_text(&then), then.len,
		          row->old_meta, 0)
			->domain = xstrdup(row->domain);
	return rc;
}

static int restore_setting(struct rolling *r, const struct step_row *row, struct err *err)
{
	auto_free char *name = xasprintf("%s %s", row->server.url, row->object);
	const struct step_run run = { .ctx = r->ctx, .target = r->target, .force = true };
	const struct owned_row then = {
		.name = name,
		.has_base = row->had_old,
		.base = row->old_digest,
		.is_secret = row->is_secret,
		.server = row->server,
		.base_key = row->old_key,
	};

	if (row->is_secret && row->had_old && !row->old_key)
		return refuse_secret(r, row, true, err);
	return step_remote_type.give_back(&run, &then, r->plan, err);
}

static int restore_row(void *arg, const struct step_row *row, struct err *err)
{
	struct rolling *r = arg;
	struct step *step;

	/* the secrets of SRS are kept: an older one that still verifies does no harm, a newer one
	 * that no longer verifies loses bounces */
	if (row->kind == STEP_FILE && row->is_secret && !row->domain)
		return 0;
	if (row->kind == STEP_FILE)
		return row->shared ? restore_shared(r, row, err)
		                   : restore_whole(r, row, err);
	if (row->kind == STEP_REMOTE)
		return restore_setting(r, row, err);
	step = plan_mkdir(r->plan, row->had_old ? RANK_DATA : RANK_LEFTOVERS, row->object,
	                  row->had_old ? row->old_meta : FILE_META_KEEP);
	step->is_present = row->had_old;
	step->domain = xstrdup(row->domain);
	return 0;
}

int rollback_plan(struct ctx *ctx, const struct mta_backend *backend, struct store *store,
                  struct store *target, int64_t push_id, struct plan *plan,
                  struct err *err)
{
	struct rolling rolling = { ctx, backend, store, target, push_id, plan };
	int rc = journal_each_since(target, push_id, restore_row, &rolling, err);

	if (!rc)
		rc = plan_prune(ctx, plan, err);
	if (!rc && backend->check_rollback)
		rc = backend->check_rollback(store, plan, push_id, err);
	return rc;
}
