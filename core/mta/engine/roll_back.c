/*
 * core/mta/engine/roll_back.c: files and folders as they were after an earlier push.
 *
 * Secrets are not in the journal.  A file with the old digest is kept; a missing key file is
 * rendered again from the database, if its content is the old one; anything else is refused.
 */
#include "core/mta/engine/roll_back.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/shared.h"

/* The administrator's text of the present file, with our part of the old one. */
static int restore_shared(const struct roll_back *to, const struct step_row *row,
                          struct err *err)
{
	auto_buf then = BUF_INIT, now = BUF_INIT, text = BUF_INIT;
	int rc = row->had_old ? target_blob(to->target, &row->old_digest, &then, err) : 0;

	if (!rc)
		rc = file_read_if_there(to->ctx, row->object, STEP_FILE_LIMIT, &now, err);
	if (rc < 0)
		return rc;
	if (!row->had_old)
		shared_strip(row->shared, &now, &text);
	else if (!shared_graft(row->shared, &then, &now, &text))
		return err_set(
			err, ERR_FAILED,
			_("%s was edited since push %lld so that the position of our "
		          "part is not known: edit it by hand, or choose a later push"),
			row->object, (long long)to->push_id);
	if (!text.len && !row->had_old)
		plan_remove(to->plan, RANK_TABLES, row->object, 0)->shared = row->shared;
	else
		plan_file(to->plan, RANK_TABLES, row->object, buf_text(&text), text.len,
		          FILE_META_KEEP, 0)
			->shared = row->shared;
	return 0;
}

int roll_back_refuse_secret(const struct roll_back *to, const struct step_row *row,
                            bool is_there, struct err *err)
{
	return err_set(err, ERR_FAILED,
	               _("the secret that push %lld had in %s is %s, and secrets are not "
	                 "kept in the history: choose a later push, or change the "
	                 "settings instead"),
	               (long long)to->push_id, row->object,
	               is_there ? _("a different one now") : _("deleted"));
}

static bool is_old(const struct step_row *row, const struct buf *now)
{
	struct digest digest;

	digest_of(buf_text(now), now->len, &digest);
	return memcmp(digest.at, row->old_digest.at, DIGEST_LEN) == 0;
}

static int restore_secret(const struct roll_back *to, const struct step_row *row,
                          struct err *err)
{
	auto_buf now = BUF_INIT;
	struct step *step = NULL;
	int64_t key_id = 0;
	int is_there =
		file_read_if_there(to->ctx, row->object, STEP_FILE_LIMIT, &now, err);
	int rc = is_there < 0 ? is_there : 0;

	if (is_there == 1 && is_old(row, &now))
		step = plan_file(to->plan, RANK_DATA, row->object, buf_text(&now),
		                 now.len, row->old_meta, 0);
	else if (!rc)
		rc = to->find_key(to->arg, row, &key_id, err);
	if (rc == 1)
		step = plan_file_key(to->plan, RANK_DATA, row->object, key_id,
		                     &row->old_digest, row->old_meta, 0);
	if (now.at)
		explicit_bzero(now.at, now.room);
	if (rc < 0)
		return rc;
	if (!step)
		return roll_back_refuse_secret(to, row, is_there, err);
	step->is_secret = true;
	step->domain = xstrdup(row->domain);
	return 0;
}

static int restore_whole(const struct roll_back *to, const struct step_row *row,
                         struct err *err)
{
	auto_buf then = BUF_INIT;
	int rc;

	if (!row->had_old) {
		struct step *step = plan_remove(to->plan, RANK_LEFTOVERS, row->object, 0);

		step->is_secret = row->is_secret;
		step->domain = xstrdup(row->domain);
		return 0;
	}
	if (row->is_secret)
		return restore_secret(to, row, err);
	rc = target_blob(to->target, &row->old_digest, &then, err);
	if (!rc)
		plan_file(to->plan, RANK_TABLES, row->object, buf_text(&then), then.len,
		          row->old_meta, 0)
			->domain = xstrdup(row->domain);
	return rc;
}

int roll_back_file(const struct roll_back *to, const struct step_row *row,
                   struct err *err)
{
	/* the secrets of SRS are kept: an older one that still verifies does no harm, a newer one
	 * that no longer verifies loses bounces */
	if (row->is_secret && !row->domain)
		return 0;
	return row->shared ? restore_shared(to, row, err) : restore_whole(to, row, err);
}

int roll_back_folder(const struct roll_back *to, const struct step_row *row,
                     struct err *err)
{
	struct step *step =
		plan_mkdir(to->plan, row->had_old ? RANK_DATA : RANK_LEFTOVERS,
	                   row->object, row->had_old ? row->old_meta : FILE_META_KEEP);

	(void)err;
	step->is_present = row->had_old;
	step->domain = xstrdup(row->domain);
	return 0;
}
