/*
 * core/mta/engine/journal.c: tables push and step of target.db.
 *
 * They contain everything that the recovery requires, because it runs before any store may be read:
 * old contents, how a service is called and how it was to be told, the progress of a push.
 */
#include "core/mta/engine/journal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/engine/target.h"
#include "core/mta/host/service.h"
#include "core/mta/plan/probe_type.h"
#include "core/mta/plan/shared.h"

#define PRUNE_STEPS 5000

static const char *const progress_names[PUSH_PROGRESS_COUNT] = {
	[PUSH_PREPARED] = "prepared", [PUSH_SWITCHING] = "switching",
	[PUSH_ENDING] = "ending",     [PUSH_DONE] = "done",
	[PUSH_UNDOING] = "undoing",   [PUSH_UNDONE] = "undone",
};

static const char *const kind_names[PUSH_KIND_COUNT] = {
	[PUSH_KIND_PUSH] = "push",
	[PUSH_KIND_ADOPT] = "adopt",
	[PUSH_KIND_REMOVE] = "remove",
	[PUSH_KIND_ROLLBACK] = "rollback",
};

static int name_at(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (name && strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

void journal_done(struct journal *journal)
{
	free(journal->reload);
	free(journal->why);
	*journal = (struct journal){ 0 };
}

enum push_progress journal_progress(const char *name)
{
	int at = name_at(progress_names, PUSH_PROGRESS_COUNT, name);

	return at < 0 ? PUSH_UNDONE : (enum push_progress)at;
}

enum push_kind journal_kind(const char *name)
{
	int at = name_at(kind_names, PUSH_KIND_COUNT, name);

	return at < 0 ? PUSH_KIND_PUSH : (enum push_kind)at;
}

int journal_begin(struct store *target, struct ctx *ctx, const struct journal_head *head,
                  int64_t *ret_id, struct err *err)
{
	int rc = store_exec(
		target, err,
		"INSERT INTO push (at, actor, command, kind, result_of, gen, token, state, "
		"reload) VALUES (?, ?, ?, ?, ?, ?, ?, 'prepared', ?)",
		"ittt?iit", ctx_now(ctx), ctx->actor ? ctx->actor : "",
		ctx->command ? ctx->command : "", kind_names[head->kind],
		head->result_of == 0, head->result_of, head->gen.id, head->gen.token,
		head->reload);

	if (!rc)
		*ret_id = store_last_id(target);
	return rc;
}

static int put_contents(struct store *target, const struct step *step, struct err *err)
{
	const struct step_old *old = step_old(step);
	int rc = 0;

	if (!step_types[step->kind]->has_content || step->is_secret)
		return 0;
	if (step->had_old)
		rc = target_put_blob(target, &old->digest, &old->content, err);
	if (!rc && step->is_present)
		rc = target_put_blob(target, &step->new_digest, step_text(step), err);
	return rc;
}

int journal_step(struct store *target, int64_t push_id, int64_t seq,
                 const struct step *step, struct err *err)
{
	const struct step_type *type = step_types[step->kind];
	struct step_row own = { 0 }; /* columns that only this kind of step has */
	bool has_old = type->has_content && step->had_old;
	bool has_new = type->has_content && step->is_present;
	const struct file_meta *old = &step_old(step)->meta, *want = &step->meta;
	int rc = put_contents(target, step, err);

	if (!rc && type->note)
		rc = type->note(target, step, &own, err);
	if (rc)
		return rc;
	return store_exec(
		target, err,
		"INSERT INTO step (push_id, seq, rank, kind, object, secret, had_old, present, old, "
		"new, old_mode, old_uid, old_gid, new_mode, new_uid, new_gid, domain, shared, "
		"action, probe, remote, server, credentials, old_key, new_key) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"iiittiiioo??????ttttttt??", push_id, seq, (int64_t)step->rank,
		type->name, step->object, (int64_t)step->is_secret,
		(int64_t)step->had_old, (int64_t)step->is_present,
		has_old ? step_old(step)->digest.at : NULL, (size_t)DIGEST_LEN,
		has_new ? step->new_digest.at : NULL, (size_t)DIGEST_LEN, !step->had_old,
		(int64_t)old->mode, !step->had_old, (int64_t)old->uid, !step->had_old,
		(int64_t)old->gid, want->mode == FILE_KEEP_MODE, (int64_t)want->mode,
		want->uid == FILE_KEEP_UID, (int64_t)want->uid,
		want->gid == FILE_KEEP_GID, (int64_t)want->gid, step->domain,
		shared_name(own.shared),
		own.has_action ? service_action_name(own.action) : NULL,
		own.probe ? own.probe->name : NULL,
		own.server.type ? own.server.type->name : NULL, own.server.url,
		own.server.credentials, own.old_key == 0, own.old_key, own.new_key == 0,
		own.new_key);
}

int journal_move(struct store *target, int64_t push_id, enum push_progress state,
                 int rank, const char *why, struct err *err)
{
	return store_exec(
		target, err,
		"UPDATE push SET state = ?, rank = ifnull(?, rank), why = ifnull(?, why) "
		"WHERE id = ?",
		"t?ti", progress_names[state], rank < 0, (int64_t)rank, why, push_id);
}

int journal_find_open(struct store *target, struct journal *ret_journal, struct err *err)
{
	auto_stmt stmt = NULL;
	int rc = store_query(
		target, &stmt, err,
		"SELECT id, state, ifnull(rank, -1), reload, why FROM push "
		"WHERE state IN ('prepared', 'switching', 'ending', 'undoing')",
		"");

	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc <= 0)
		return rc;
	*ret_journal = (struct journal){
		.id = stmt_int(stmt, 0),
		.state = journal_progress(stmt_text(stmt, 1)),
		.rank = (int)stmt_int(stmt, 2),
		.reload = xstrdup(stmt_text(stmt, 3)),
		.why = xstrdup(stmt_text(stmt, 4)),
	};
	return 1;
}

static int kind_of(const char *name)
{
	for (int kind = 0; kind < STEP_KIND_COUNT; kind++)
		if (name && strcmp(step_types[kind]->name, name) == 0)
			return kind;
	return -1;
}

static int action_of(const char *name)
{
	for (int action = SERVICE_RELOAD; action < SERVICE_ACTION_COUNT; action++)
		if (name &&
		    strcmp(service_action_name((enum service_action)action), name) == 0)
			return action;
	return 0;
}

const struct remote_type *target_remote_type(const char *name)
{
	for (size_t i = 0; name && remote_types[i]; i++)
		if (strcmp(remote_types[i]->name, name) == 0)
			return remote_types[i];
	return NULL;
}

#define STEP_COLUMNS                                                                     \
	"SELECT seq, rank, kind, object, secret, had_old, present, old, new, old_mode, " \
	"old_uid, old_gid, new_mode, new_uid, new_gid, action, probe, domain, shared, "  \
	"push_id, remote, server, credentials, old_key, new_key"
#define STEP_SELECT \
	STEP_COLUMNS " FROM step WHERE push_id = ?1 AND (?2 < 0 OR rank = ?2) "

int journal_steps(struct store *target, int64_t push_id, int rank, bool is_backwards,
                  struct stmt **ret_steps, struct err *err)
{
	return store_query(target, ret_steps, err,
	                   is_backwards ? STEP_SELECT "ORDER BY seq DESC"
	                                : STEP_SELECT "ORDER BY seq",
	                   "ii", push_id, (int64_t)rank);
}

int journal_steps_since(struct store *target, int64_t push_id, struct stmt **ret_steps,
                        struct err *err)
{
	/* the other columns are those of the row with the minimum */
	return store_query(target, ret_steps, err,
	                   STEP_COLUMNS ", min(push_id) FROM step WHERE push_id > ? "
	                                "AND push_id IN (SELECT id FROM push "
	                                "WHERE state = 'done') "
	                                "GROUP BY kind, server, object "
	                                "ORDER BY kind DESC, object",
	                   "i", push_id);
}

int journal_next(struct store *target, struct stmt *steps, struct step_row *ret_row,
                 struct err *err)
{
	int rc = stmt_next(steps, err);
	int kind = rc == 1 ? kind_of(stmt_text(steps, 2)) : 0;

	if (rc != 1)
		return rc;
	if (kind < 0)
		return err_set(err, ERR_FAILED,
		               _("%s contains a step of an unknown kind"),
		               store_path(target));
	*ret_row = (struct step_row){
		.seq = stmt_int(steps, 0),
		.rank = (enum step_rank)stmt_int(steps, 1),
		.kind = (enum step_kind)kind,
		.object = stmt_text(steps, 3),
		.is_secret = stmt_int(steps, 4) != 0,
		.had_old = stmt_int(steps, 5) != 0,
		.is_present = stmt_int(steps, 6) != 0,
		.old_meta = target_meta(steps, 9),
		.new_meta = target_meta(steps, 12),
		.action = (enum service_action)action_of(stmt_text(steps, 15)),
		.probe = probe_type_find(stmt_text(steps, 16)),
		.domain = stmt_text(steps, 17),
		.shared = shared_find(stmt_text(steps, 18)),
		.push_id = stmt_int(steps, 19),
		.server = { target_remote_type(stmt_text(steps, 20)),
		            stmt_text(steps, 21), stmt_text(steps, 22) },
		.old_key = stmt_int(steps, 23),
		.new_key = stmt_int(steps, 24),
	};
	(void)stmt_octets(steps, 7, ret_row->old_digest.at, DIGEST_LEN);
	(void)stmt_octets(steps, 8, ret_row->new_digest.at, DIGEST_LEN);
	return 1;
}

int journal_last_failure(struct store *target, char **ret_why, struct err *err)
{
	char *why = NULL;
	int rc = store_get_text(
		target, &why, err,
		"SELECT why FROM push WHERE state = 'undone' AND why IS NOT NULL "
		"AND id = (SELECT max(id) FROM push)",
		"");

	if (rc < 0)
		return rc;
	*ret_why = why;
	return 0;
}

/* ---- for a rollback --------------------------------------------------------------------------- */

int journal_state_of(struct store *target, int64_t push_id, enum push_progress *ret_state,
                     struct err *err)
{
	auto_free char *state = NULL;
	int rc = store_get_text(target, &state, err,
	                        "SELECT state FROM history WHERE id = ?", "i", push_id);

	if (rc > 0)
		*ret_state = journal_progress(state);
	return rc;
}

int journal_in_force(struct store *target, int64_t *ret_push, struct err *err)
{
	int64_t id = 0, result;
	int rc = store_get_int(target, &id, err,
	                       "SELECT id FROM history WHERE state = 'done' "
	                       "ORDER BY id DESC LIMIT 1",
	                       "");

	if (rc <= 0)
		return rc;
	while ((rc = store_get_int(target, &result, err,
	                           "SELECT result_of FROM push WHERE id = ? "
	                           "AND result_of IS NOT NULL",
	                           "i", id)) > 0)
		id = result;
	*ret_push = id;
	return rc < 0 ? rc : 1;
}

int journal_done_before(struct store *target, int64_t push_id, int64_t *ret_push,
                        struct err *err)
{
	return store_get_int(target, ret_push, err,
	                     "SELECT id FROM history WHERE state = 'done' AND id < ? "
	                     "ORDER BY id DESC LIMIT 1",
	                     "i", push_id);
}

int journal_removal_since(struct store *target, int64_t push_id, int64_t *ret_push,
                          struct err *err)
{
	return store_get_int(
		target, ret_push, err,
		"SELECT id FROM push WHERE state = 'done' AND kind = 'remove' "
		"AND id >= ?",
		"i", push_id);
}

/* ---- what goes -------------------------------------------------------------------------------- */

#define IS_KEPT "IN (SELECT id FROM history)"
#define IS_OLD "NOT " IS_KEPT

/* The steps of old pushes are deleted a few thousand at a time: the first push of a large host has
 * two for each domain, and the tenth change after it must not take the time to delete all of them.
 */
int journal_prune(struct store *target, struct err *err)
{
	int64_t first = 0;
	int rc = store_get_int(target, &first, err,
	                       "SELECT id FROM push WHERE id " IS_OLD, "");

	if (rc <= 0)
		return rc;
	rc = store_exec(
		target, err,
		"DELETE FROM blob WHERE "
		"NOT EXISTS (SELECT 1 FROM step WHERE old = sha256 AND +push_id " IS_KEPT
		") AND NOT EXISTS (SELECT 1 FROM step WHERE new = sha256 AND +push_id " IS_KEPT
		") "
		"AND NOT EXISTS (SELECT 1 FROM owned WHERE base = sha256) "
		"AND NOT EXISTS (SELECT 1 FROM owned WHERE value = sha256 AND domain IS NULL)",
		"");
	if (!rc)
		rc = store_exec(
			target, err,
			"DELETE FROM step WHERE (push_id, seq) IN (SELECT push_id, seq "
			"FROM step WHERE push_id " IS_OLD " LIMIT ?)",
			"i", (int64_t)PRUNE_STEPS);
	if (!rc)
		rc = store_exec(target, err,
		                "DELETE FROM push WHERE id " IS_OLD " AND NOT EXISTS "
		                "(SELECT 1 FROM step WHERE push_id = push.id)",
		                "");
	return rc;
}
