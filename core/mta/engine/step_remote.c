/*
 * core/mta/engine/step_remote.c: settings of a server that is reached over a connection (remote.h).
 *
 * The old value is read while the plan is made, before the database is locked, so that a slow
 * server blocks no other command; apply() reads it again and continues only if it is unchanged.  A
 * call that failed may have been carried out: undo reads the result.
 *
 * The old value of a secret is not in the journal.  A key of the database is read there; any other
 * secret is kept in a file of its own (aside_path()) until the push has ended, as the old file of a
 * secret is kept next to its path.
 */
#include "core/mta/plan/step.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/mta/engine/drifts.h"
#include "core/mta/engine/owned.h"
#include "core/mta/engine/owned_remote.h"
#include "core/mta/engine/roll_back.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/diff.h"
#include "core/mta/plan/plan.h"

static void value_done(struct remote_value *value)
{
	secret_done(&value->text);
	value->is_set = false;
}

#define auto_value cleanup(value_done) struct remote_value
#define VALUE_INIT ((struct remote_value){ 0 })

static struct remote_server server_of(const struct row_server *server)
{
	return (struct remote_server){ server->url, server->credentials };
}

static int write_value(struct ctx *ctx, const struct row_server *server, const char *name,
                       const struct remote_value *value, struct err *err)
{
	const struct remote_server where = server_of(server);

	return server->type->set(ctx, &where, name,
	                         monotonic_ns() + server->type->limit_ns, value, err);
}

/* Whether it is set to the value with that digest, or, `is_set` false, not set. */
static bool is_value(const struct remote_value *value, bool is_set,
                     const struct digest *digest)
{
	struct digest now;

	if (value->is_set != is_set || !is_set)
		return value->is_set == is_set;
	digest_of(value->text.at, value->text.len, &now);
	return memcmp(now.at, digest->at, DIGEST_LEN) == 0;
}

static int observe(const struct ctx *ctx, struct step *step, bool *ret_holds,
                   struct err *err)
{
	(void)ctx, (void)err;
	*ret_holds = !step->is_unsure && step->had_old == step->is_present &&
	             (!step->had_old || memcmp(step_old(step)->digest.at,
	                                       step->new_digest.at, DIGEST_LEN) == 0);
	return 0;
}

static const char *title(const struct step *step, struct buf *room)
{
	buf_printf(room, "%s %s", step->server->url, step->object);
	return buf_text(room);
}

static char *row_title(const struct step_row *row)
{
	return xasprintf("%s %s", row->server.url, row->object);
}

static void show(const struct step *step, bool is_coloured, struct buf *out)
{
	const struct buf *old = &step_old(step)->content, *text = step_text(step);
	const char *url = step->server->url;

	if (step->is_secret) {
		buf_printf(out, "# %s %s: %s, %s\n", url, step->object,
		           step->is_key ? _("private key") : _("secrets"),
		           !step->is_present ? _("removed")
		           : !step->had_old  ? _("new")
		                             : _("replaced"));
		return;
	}
	buf_printf(out, "--- %s %s\n+++ %s %s\n", step->had_old ? url : "/dev/null",
	           step->had_old ? step->object : "",
	           step->is_present ? url : "/dev/null",
	           step->is_present ? step->object : "");
	diff_values(buf_text(old), old->len, buf_text(text), text->len, is_coloured, out);
}

/* ---- the old value of a secret ----------------------------------------------------------------- */

#define ASIDE_LIMIT ((size_t)1 << 20)

/* Where it is kept: named after its setting and digest. */
static char *aside_path(const char *url, const char *name, const struct digest *digest)
{
	struct digest_state *state = digest_new();
	char hex[2 * DIGEST_LEN + 1];
	struct digest of;

	digest_text(state, url);
	digest_text(state, name);
	digest_piece(state, digest->at, DIGEST_LEN);
	digest_finish(state, &of);
	digest_hex(&of, hex);
	return xasprintf("%s/old-%s", TARGET_FOLDER, hex);
}

/* The key `key_id` of the database, if it is the secret with that digest. */
static bool is_in_store(const struct key_source *keys, int64_t key_id,
                        const struct digest *digest, struct remote_value *value)
{
	struct err ignored = ERR_INIT;

	value->is_set = true;
	return key_id && keys->pem &&
	       keys->pem(keys->arg, key_id, &value->text, &ignored) == 0 &&
	       is_value(value, true, digest);
}

/* The key that is the present secret: the one that we set last. */
static int find_old_key(struct store *target, const struct step *step, int64_t *ret_key,
                        struct err *err)
{
	auto_buf room = BUF_INIT;
	int rc = 0;

	*ret_key = 0;
	if (step->is_secret && step->had_old)
		rc = store_get_int(target, ret_key, err,
		                   "SELECT ifnull(key, 0) FROM owned WHERE " OWNED_SETTING
		                   " AND value = ?",
		                   "to", step_title(step, &room),
		                   step_old(step)->digest.at, (size_t)DIGEST_LEN);
	return rc < 0 ? rc : 0;
}

static int stage(const struct step_run *run, const struct step *step, bool sync,
                 char **ret_temp, struct err *err)
{
	const struct step_old *old = step_old(step);
	auto_value value = VALUE_INIT;
	int64_t key;
	int rc;

	(void)sync, (void)ret_temp;
	if (!step->is_secret || !step->had_old || run->ctx->is_rooted)
		return 0;
	rc = find_old_key(run->target, step, &key, err);
	if (rc || is_in_store(&run->keys, key, &old->digest, &value))
		return rc;
	auto_free char *aside = aside_path(step->server->url, step->object, &old->digest);
	return file_put(run->ctx, aside, buf_text(&old->content), old->content.len,
	                (struct file_meta){ 0600, FILE_KEEP_UID, FILE_KEEP_GID }, err);
}

static int drop_aside(const struct ctx *ctx, const struct step_row *row, struct err *err)
{
	if (!row->is_secret || !row->had_old)
		return 0;
	auto_free char *aside =
		aside_path(row->server.url, row->object, &row->old_digest);
	return file_remove(ctx, aside, err);
}

/* *ret_found false: not available. */
static int old_secret(const struct step_run *run, const struct step_row *row,
                      struct remote_value *value, bool *ret_found, struct err *err)
{
	auto_free char *aside =
		aside_path(row->server.url, row->object, &row->old_digest);
	auto_buf octets = BUF_INIT;
	int rc = file_read(run->ctx, aside, ASIDE_LIMIT, &octets, NULL, err);

	if (rc == ERR_MISSING) {
		err_clear(err);
		*ret_found =
			is_in_store(&run->keys, row->old_key, &row->old_digest, value);
		return 0;
	}
	if (!rc)
		secret_set(&value->text, buf_text(&octets), octets.len);
	*ret_found = !rc && is_value(value, true, &row->old_digest);
	if (octets.at)
		explicit_bzero(octets.at, octets.room);
	return rc;
}

static int apply(struct step_run *run, const struct step *step, const char *temp,
                 struct err *err)
{
	const struct row_server server = { step->server->type, step->server->url,
		                           step->server->credentials };
	auto_value now = VALUE_INIT, next = { .is_set = step->is_present };
	auto_secret room = SECRET_INIT;
	const char *text;
	size_t len;
	int rc;

	(void)temp;
	if (run->ctx->is_rooted) {
		ctx_report(run->ctx, REPORT_NOTE, _("skipped under --root: %s of %s"),
		           step->object, server.url);
		return 0;
	}
	rc = owned_read_setting(run->ctx, &server, step->object, &now, err);
	if (!rc && !is_value(&now, step->had_old, &step_old(step)->digest))
		rc = step_fail_changed(step->object, err);
	if (!rc && step->is_present) {
		rc = step_content(step, &run->keys, &room, &text, &len, err);
		if (!rc)
			secret_set(&next.text, text, len);
	}
	return rc ? rc : write_value(run->ctx, &server, step->object, &next, err);
}

/* ---- undo ------------------------------------------------------------------------------------ */

/* The old value; *ret_found false: not available. */
static int old_value(const struct step_run *run, const struct step_row *row,
                     struct remote_value *value, bool *ret_found, struct err *err)
{
	auto_buf octets = BUF_INIT;
	int rc;

	value->is_set = row->had_old;
	*ret_found = true;
	if (!row->had_old)
		return 0;
	if (row->is_secret)
		return old_secret(run, row, value, ret_found, err);
	rc = target_blob(run->target, &row->old_digest, &octets, err);
	if (!rc)
		secret_set(&value->text, buf_text(&octets), octets.len);
	return rc;
}

/* The failure is not one of the journal: the server does not answer. */
static int unreachable(const struct step_row *row, enum undo_result *ret_result,
                       struct err *err)
{
	const struct err why = *err;

	(void)err_set(
		err, ERR_FAILED,
		_("%s cannot be reached, so its setting %s was not restored: %s; the "
	          "push remains open, and the next command continues it"),
		row->server.url, row->object, why.text);
	(void)err_set_remedy(err, "%s", why.remedy);
	*ret_result = UNDO_UNREACHABLE;
	return 0;
}

static int undo(struct step_run *run, const struct step_row *row,
                enum undo_result *ret_result, struct err *err)
{
	auto_value now = VALUE_INIT, old = VALUE_INIT;
	bool is_found;
	int rc;

	*ret_result = UNDO_NOTHING;
	if (run->ctx->is_rooted)
		return 0;
	if (!row->server.type)
		return err_set(err, ERR_FAILED,
		               _("%s contains a step of an unknown kind"),
		               store_path(run->target));
	if (owned_read_setting(run->ctx, &row->server, row->object, &now, err))
		return unreachable(row, ret_result, err);
	if (is_value(&now, row->had_old, &row->old_digest))
		return 0;
	*ret_result = UNDO_DRIFT;
	if (!run->force && !is_value(&now, row->is_present, &row->new_digest)) {
		(void)step_fail_kept(row->object, err);
		return 0;
	}
	rc = old_value(run, row, &old, &is_found, err);
	if (rc)
		return rc;
	if (!is_found) {
		(void)step_fail_lost(row->object, err);
		return 0;
	}
	if (write_value(run->ctx, &row->server, row->object, &old, err))
		return unreachable(row, ret_result, err);
	*ret_result = UNDO_DONE;
	return 0;
}

/* ---- the journal ------------------------------------------------------------------------------- */

static int note(struct store *target, const struct step *step, struct step_row *row,
                struct err *err)
{
	row->server = (struct row_server){ step->server->type, step->server->url,
		                           step->server->credentials };
	row->new_key = step->is_key ? step->key_id : 0;
	return find_old_key(target, step, &row->old_key, err);
}

static void recall(const struct step_row *row, struct step *step)
{
	step->is_key = row->new_key != 0;
	if (step->is_key)
		step->key_id = row->new_key;
	step->server = xcalloc(1, sizeof(*step->server));
	step->server->url = xstrdup(row->server.url);
}

static void done(struct step *step)
{
	if (!step->server)
		return;
	free(step->server->url);
	free(step->server->credentials);
	free(step->server);
}

/* ---- what is ours ------------------------------------------------------------------------------ */

static int own(const struct step_run *run, const struct step_row *row, struct err *err)
{
	auto_free char *title = row_title(row);

	if (!row->is_present)
		return store_exec(run->target, err,
		                  "DELETE FROM owned WHERE " OWNED_SETTING, "t", title);
	return store_exec(
		run->target, err,
		"INSERT INTO owned (object, value, secret, base, domain, remote, server, "
		"credentials, key, base_key) VALUES ('remote:' || ?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?) ON CONFLICT (object) DO UPDATE SET value = excluded.value, "
		"secret = excluded.secret, domain = excluded.domain, "
		"credentials = excluded.credentials, key = excluded.key",
		"toiotttt??", title, row->new_digest.at, (size_t)DIGEST_LEN,
		(int64_t)row->is_secret, row->had_old ? row->old_digest.at : NULL,
		(size_t)DIGEST_LEN, row->domain,
		row->server.type ? row->server.type->name : NULL, row->server.url,
		row->server.credentials, row->new_key == 0, row->new_key,
		row->old_key == 0, row->old_key);
}

static int give_back(const struct step_run *run, const struct owned_row *row,
                     struct plan *plan, struct err *err)
{
	const struct row_server *server = &row->server;
	const struct remote_server where = server_of(server);
	const char *name = row->name + strlen(server->url) + 1;
	auto_value now = VALUE_INIT, next = VALUE_INIT;
	auto_buf octets = BUF_INIT;
	int rc;

	rc = owned_read_setting(run->ctx, server, name, &now, err);
	if (rc)
		return rc;
	if (!run->force && !is_value(&now, row->has_value, &row->value)) {
		plan_note(plan,
		          _("%s was edited since it was pushed: it is not "
		            "changed"),
		          name);
		return 0;
	}
	if (row->is_secret && row->has_base && row->base_key) {
		plan_remote_key(plan, RANK_LEFTOVERS, server->type, &where, name, &now,
		                row->base_key, &row->base, 0);
		return 0;
	}
	next.is_set = row->has_base && !row->is_secret;
	if (next.is_set)
		rc = target_blob(run->target, &row->base, &octets, err);
	if (rc)
		return rc;
	if (next.is_set)
		secret_set(&next.text, buf_text(&octets), octets.len);
	plan_remote(plan, RANK_LEFTOVERS, server->type, &where, name, &now, &next, 0)
		->is_secret = row->is_secret;
	return 0;
}

static int roll_back(const struct roll_back *to, const struct step_row *row,
                     struct err *err)
{
	const struct step_run run = { .ctx = to->ctx,
		                      .target = to->target,
		                      .force = true };
	auto_free char *title = row_title(row);
	const struct owned_row then = {
		.name = title,
		.has_base = row->had_old,
		.base = row->old_digest,
		.is_secret = row->is_secret,
		.server = row->server,
		.base_key = row->old_key,
	};

	if (row->is_secret && row->had_old && !row->old_key)
		return roll_back_refuse_secret(to, row, true, err);
	return give_back(&run, &then, to->plan, err);
}

const struct step_type step_remote_type = {
	.name = "remote",
	.phase = PHASE_SWITCH,
	.has_content = true,
	.observe = observe,
	.title = title,
	.show = show,
	.stage = stage,
	.apply = apply,
	.undo = undo,
	.finish = drop_aside,
	.undone = drop_aside,
	.note = note,
	.recall = recall,
	.done = done,
	.own = own,
	.owned = "remote:",
	.give_back = give_back,
	.roll_back = roll_back,
	.drift = drift_of_setting,
	.query = drift_query_settings,
	.accept = drift_accept_setting,
};
