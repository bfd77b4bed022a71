/*
 * core/mta/push/push.c: the interface to a mail host.  Journals a plan (push_plan.c), has it
 * carried out, and records what the host follows afterwards.  The engine carries it out; the
 * backend determines its content.
 */
#include "core/mta/push/push_inner.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/signals.h"
#include "core/model/key/key_secret.h"
#include "core/model/setting/setting.h"
#include "core/mta/check/stage.h"
#include "core/mta/engine/owned.h"
#include "core/mta/engine/owned_file.h"
#include "core/mta/engine/recover.h"
#include "core/mta/engine/target.h"
#include "core/mta/engine/told.h"
#include "core/mta/push/desired_store.h"
#include "core/mta/push/registry.h"
#include "core/store/schema.h"

int push_lock(struct ctx *ctx, struct lock **ret_lock, struct err *err)
{
	auto_free char *path = ctx_host_path(ctx, TARGET_FOLDER "/target.lock");
	int rc = file_make_dir(ctx, TARGET_FOLDER,
	                       (struct file_meta){ 0700, FILE_KEEP_UID, FILE_KEEP_GID },
	                       NULL, err);

	return rc ? rc
	          : lock_take(ctx, path, _("the state of the mail host"), ret_lock, err);
}

/* Opens the database when a key is requested, which a recovery seldom does. */
struct late_keys {
	const char *db_path;
	struct store *store;
};

static int read_late_key(void *arg, int64_t key_id, struct secret *ret_pem,
                         struct err *err)
{
	struct late_keys *keys = arg;
	int rc = keys->store ? 0
	                     : store_open(keys->db_path, &schema_store, STORE_READ,
	                                  &keys->store, err);

	return rc ? rc : key_secret_pem(keys->store, key_id, ret_pem, err);
}

int push_recover(struct ctx *ctx, const char *db_path, bool force, struct err *err)
{
	struct late_keys keys = { .db_path = db_path };
	auto_store target = NULL;
	struct step_run run;
	int rc;

	if (!ctx->is_rooted)
		stage_tidy();
	rc = target_open(ctx, false, true, &target, err);
	if (rc || !target)
		return rc;
	run = (struct step_run){ .ctx = ctx,
		                 .target = target,
		                 .keys = { .pem = read_late_key, .arg = &keys },
		                 .force = force };
	signals_hold();
	rc = recover_open_push(&run, err);
	signals_release();
	store_close(keys.store);
	return rc;
}

/* ---- the journalled part ---------------------------------------------------------------------- */

static int note_done(void *arg, int64_t push_id, struct err *err)
{
	struct push *push = arg;
	const struct step_run run = { .ctx = push->ctx, .target = push->target };
	int rc;

	if (push->kind == PUSH_KIND_REMOVE) {
		rc = owned_forget(push->target, err);
		return rc ? rc : target_forget(push->target, err);
	}
	rc = owned_claim(push->ctx, push->target, &push->plan, err);
	if (!rc && push_id)
		rc = owned_update(&run, push_id, err);
	/* a rollback's plan has notes of its own: the record of reported notes is unchanged */
	if (!rc && push_id && push->kind != PUSH_KIND_ROLLBACK)
		rc = told_write(push->target, &push->plan, push->is_told, err);
	for (size_t i = 0; i < push->accepted.count && !rc; i++)
		rc = push->accepted.row[i].type->accept(&run, &push->accepted.row[i],
		                                        err);
	return rc ? rc : target_write(push->target, &push->row, err);
}

/* No step remains; the recorded state of the host may still change. */
static int follow(struct push *push, const struct push_facts *f, struct err *err)
{
	const struct target_row *old = &f->old, *next = &push->row;
	int rc;

	if (push->kind != PUSH_KIND_REMOVE && f->is_ours &&
	    old->is_paused == next->is_paused && !push->accepted.count &&
	    old->gen.id == next->gen.id && old->gen.token == next->gen.token &&
	    old->is_same_version && strcmp(old->backend, next->backend) == 0 &&
	    memcmp(old->inputs.at, next->inputs.at, DIGEST_LEN) == 0)
		return 0;
	rc = store_begin(push->target, true, err);
	if (rc)
		return rc;
	rc = note_done(push, 0, err);
	if (!rc)
		rc = store_commit(push->target, err);
	if (rc)
		store_rollback(push->target);
	return rc;
}

static int journal(struct push *push, struct store *store, const struct push_facts *f,
                   struct err *err)
{
	int rc =
		push->target ? 0 : target_open(push->ctx, true, true, &push->target, err);

	if (rc)
		return rc;
	if (push->plan.count == 0)
		return follow(push, f, err);
	push->engine = (struct engine){ .ctx = push->ctx,
		                        .target = push->target,
		                        .plan = &push->plan,
		                        .kind = push->kind,
		                        .result_of = push->result_of };
	rc = setting_text(store, SET_MTA_RELOAD, 0, &push->engine.reload, err);
	if (!rc && push->engine.reload && !*push->engine.reload) {
		free(push->engine.reload);
		push->engine.reload = NULL;
	}
	push->is_told = xcalloc(push->plan.notes + 1, sizeof(*push->is_told));
	if (!rc)
		rc = told_read(push->target, &push->plan, push->is_told, err);
	return rc ? rc : engine_prepare(&push->engine, f->now, err);
}

static int prepare(struct push *push, struct store *store,
                   const struct push_options *options, bool dry, const char **ret_why,
                   struct err *err)
{
	struct push_facts f = { 0 };
	int rc = target_open(push->ctx, false, !dry, &push->target, err);

	if (!rc)
		rc = push_facts_read(push->ctx, store, push->target, &f, err);
	if (!rc)
		rc = push_decide(push->ctx, store, options, &f, ret_why, err);
	if (!rc && !*ret_why)
		rc = push_make_plan(push, store, options, &f, err);
	if (!rc && !*ret_why && !dry && (f.old.is_there || !options->remove))
		rc = journal(push, store, &f, err);
	if (!rc && options->is_rollback && !push->plan.count)
		*ret_why = _("the result of that push is in force; pushes are held "
		             "until \"mailauthctl mta push\"");
	push_facts_done(&f);
	return rc;
}

/* A plan without a step that still has something to report. */
static bool has_news(const struct push *push, const struct push_options *options)
{
	return (push->is_look && push->drifts.count) ||
	       (options->is_adoption && push->plan.notes);
}

static int take_news(const struct push *push, struct plan *news, struct err *err)
{
	const struct plan *plan = &push->plan;
	auto_free bool *is_told = xcalloc(plan->notes + 1, sizeof(*is_told));
	int rc = told_read(push->target, plan, is_told, err);

	for (size_t i = 0; i < plan->notes && !rc; i++) {
		const struct plan_note *note = &plan->note[i];

		if (is_told[i] || note->is_lack)
			continue;
		if (note->remedy)
			plan_warn(news, note->remedy, "%s", note->text);
		else
			plan_note(news, "%s", note->text);
	}
	return rc;
}

int push_prepare(struct ctx *ctx, struct store *store, const struct push_options *options,
                 const struct push_observation *observation, bool dry,
                 struct push **ret_push, const char **ret_why, struct err *err)
{
	struct push *push = xcalloc(1, sizeof(*push));
	const char *why = NULL;
	int rc;

	push->ctx = ctx;
	push->observation = observation;
	push->is_look = dry;
	rc = prepare(push, store, options, dry, &why, err);
	if (!rc && !why && !dry && !options->is_adoption && options->news &&
	    push->plan.count == 0)
		rc = take_news(push, options->news, err);
	if (rc || (push->plan.count == 0 && !has_news(push, options))) {
		push_free(push);
		push = NULL;
	}
	if (rc)
		return rc;
	*ret_push = push;
	*ret_why = why;
	return 0;
}

const struct drifts *push_drifts(const struct push *push)
{
	return &push->drifts;
}

const struct plan *push_plan(const struct push *push)
{
	return &push->plan;
}

bool push_is_told(const struct push *push, size_t note)
{
	return push->is_told && push->is_told[note];
}

void push_set_told(struct push *push, size_t note)
{
	if (push->is_told)
		push->is_told[note] = true;
}

int push_switch(struct push *push, struct err *err)
{
	int rc;

	if (!push->plan.count)
		return 0;
	signals_hold();
	rc = engine_switch(&push->engine, note_done, push, err);
	signals_release();
	return rc;
}

/* The one that follows `store` and makes something itself; NULL: none. */
static int find_learning(struct ctx *ctx, struct store *store,
                         const struct mta_backend **ret_backend, struct err *err)
{
	struct target_state state = { 0 };
	const struct mta_backend *backend;
	bool has_any = false;
	int rc;

	*ret_backend = NULL;
	for (unsigned i = 0; i < registry_count; i++)
		has_any |= registry[i]->learn != NULL;
	rc = has_any ? push_state(ctx, store, &state, err) : 0;
	backend = !rc && state.is_ours ? registry_find(state.backend) : NULL;
	if (backend && backend->learn)
		*ret_backend = backend;
	target_state_done(&state);
	return rc;
}

int push_learn(struct ctx *ctx, struct store *store, struct err *err)
{
	const struct mta_backend *backend;
	bool is_changed;
	int rc = find_learning(ctx, store, &backend, err);

	if (rc || !backend)
		return rc;
	rc = store_begin(store, true, err);
	if (rc)
		return rc;
	rc = change_begin(store, ctx, ctx->command ? ctx->command : "mta push", err);
	if (!rc)
		rc = backend->learn(ctx, store, err);
	if (!rc)
		rc = change_end(store, &is_changed, err);
	if (!rc)
		rc = store_commit(store, err);
	if (rc)
		store_rollback(store);
	return rc;
}

void push_abandon(struct push *push)
{
	if (!push)
		return;
	signals_hold();
	if (push->plan.count)
		engine_abandon(&push->engine, N_("the change was not saved"));
	signals_release();
	push_free(push);
}

void push_free(struct push *push)
{
	if (!push)
		return;
	engine_done(&push->engine);
	free(push->is_told);
	plan_done(&push->plan);
	drifts_done(&push->drifts);
	drifts_done(&push->accepted);
	target_row_done(&push->row);
	store_close(push->target);
	free(push);
}

int push_look(struct ctx *ctx, struct store *store, struct plan *ret_plan,
              struct drifts *ret_drifts, struct err *err)
{
	return push_look_at_probes(ctx, store, ret_plan, ret_drifts, NULL, err);
}

int push_look_at_probes(struct ctx *ctx, struct store *store, struct plan *ret_plan,
                        struct drifts *ret_drifts, struct plan *probes, struct err *err)
{
	struct push *push = xcalloc(1, sizeof(*push));
	struct push_options options = { 0 };
	struct push_facts f = { 0 };
	int rc = target_open(ctx, false, false, &push->target, err);

	push->ctx = ctx;
	push->is_look = true;
	push->is_short = !probes;
	push->probes = probes;
	if (!rc)
		rc = push_facts_read(ctx, store, push->target, &f, err);
	if (!rc && f.is_ours && f.backend)
		rc = push_make_plan(push, store, &options, &f, err);
	/* edits are reported even if the plan cannot be made */
	*ret_drifts = push->drifts;
	push->drifts = DRIFTS_INIT;
	if (!rc) {
		*ret_plan = push->plan;
		push->plan = PLAN_INIT;
	}
	push_facts_done(&f);
	push_free(push);
	return rc;
}
