/*
 * core/mta/push/push.c: the door to a mail host.
 *
 * Puts a plan together (the desired state, its removal, or an earlier push's result), refuses to
 * overwrite what somebody else wrote, and says what the host follows afterwards.  How it is done is
 * the engine's; what is done is the backend's.
 */
#include "core/mta/push/push.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/base/signals.h"
#include "core/model/key/key_secret.h"
#include "core/model/setting/setting.h"
#include "core/mta/check/stage.h"
#include "core/mta/engine/engine.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/owned.h"
#include "core/mta/engine/owned_file.h"
#include "core/mta/engine/owned_service.h"
#include "core/mta/engine/recover.h"
#include "core/mta/engine/target.h"
#include "core/mta/engine/told.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/desired_store.h"
#include "core/mta/push/push_facts.h"
#include "core/mta/push/push_observe.h"
#include "core/mta/push/registry.h"
#include "core/mta/push/rollback.h"
#include "core/store/schema.h"

struct push {
	struct ctx *ctx;
	struct store *target;
	struct plan plan;
	bool *is_told; /* its notes; NULL: a look */
	struct engine engine;
	struct target_row row; /* what the host follows once this push is done */
	enum push_kind kind;
	int64_t result_of;      /* rollback: the push whose result comes back */
	struct drifts drifts;   /* what somebody else did to our files */
	struct drifts accepted; /* ... and is what we want: ours from now on */
	bool is_look;           /* nothing is refused, everything is told */
	bool is_short;          /* ... of many files of domains the first are looked at */
	const struct push_observation
		*observation; /* from before the transaction; NULL */
	struct plan
		*probes; /* a look takes the plan's probes down; NULL: not asked for */
};

int push_lock(struct ctx *ctx, struct lock **ret_lock, struct err *err)
{
	auto_free char *path = ctx_host_path(ctx, TARGET_FOLDER "/target.lock");
	int rc = file_make_dir(ctx, TARGET_FOLDER,
	                       (struct file_meta){ 0700, FILE_KEEP_UID, FILE_KEEP_GID },
	                       NULL, err);

	return rc ? rc
	          : lock_take(ctx, path, _("the state of the mail host"), ret_lock, err);
}

/* Opens the database when a key is asked for: a recovery seldom needs one. */
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
		                 .keys = { read_late_key, &keys },
		                 .force = force };
	signals_hold();
	rc = recover_open_push(&run, err);
	signals_release();
	store_close(keys.store);
	return rc;
}

/* ---- planning --------------------------------------------------------------------------------- */

static int next_row(struct ctx *ctx, struct store *store, const struct push_facts *f,
                    struct target_row *row, struct err *err)
{
	int rc = 0;

	memcpy(row->store_uuid, f->uuid, STORE_UUID_LEN);
	row->is_there = true;
	row->gen = f->now;
	row->pushed_at = ctx_now(ctx);
	row->backend = xstrdup(f->backend->name);
	/* Kept from adoption on: a renamed machine must not change what receivers trust. */
	if (f->is_ours && f->old.hostname)
		row->hostname = xstrdup(f->old.hostname);
	else
		rc = backend_hostname(ctx, store, &row->hostname, err);
	if (!rc)
		rc = push_read_inputs(store, row->backend, row->hostname, &row->inputs,
		                      err);
	return rc;
}

/* ---- what somebody else wrote ---------------------------------------------------------------- */

static int refuse_drift(const struct push *push, struct err *err)
{
	const struct drifts *drifts = &push->drifts;
	const struct drift *first = NULL;
	size_t others = 0;

	for (size_t i = 0; i < drifts->count; i++) {
		bool is_refused =
			drifts->row[i].is_planned && !drifts->row[i].is_restored;

		others += first && is_refused;
		if (!first && is_refused)
			first = &drifts->row[i];
	}
	if (!first)
		return 0;
	auto_free char *more =
		others ? xasprintf(_(" (and %zu more of this kind)"), others)
		       : xstrdup("");
	return err_set(
		err, ERR_FAILED,
		_("%s%s%s%s %s%s: nothing was changed; run \"mailauthctl mta plan\" to "
	          "show the change, \"mailauthctl mta %s --force\" to overwrite it%s"),
		first->path, first->parameter ? " (" : "",
		first->parameter ? first->parameter : "", first->parameter ? ")" : "",
		first->what, more, push->kind == PUSH_KIND_ROLLBACK ? "rollback" : "push",
		push->kind == PUSH_KIND_ROLLBACK ? ""
						 : _(", or use --no-push to save "
	                                             "without a push"));
}

/* Of many files one is named. */
static void note_restored(struct push *push)
{
	const struct drifts *drifts = &push->drifts;
	const struct drift *first = NULL;
	size_t others = 0;

	for (size_t i = 0; i < drifts->count; i++) {
		if (!drifts->row[i].is_planned || !drifts->row[i].is_restored)
			continue;
		others += first != NULL;
		first = first ? first : &drifts->row[i];
	}
	if (!first)
		return;
	auto_free char *more =
		others ? xasprintf(_(" (and %zu more of this kind)"), others)
		       : xstrdup("");
	plan_note(&push->plan,
	          _("%s was removed since it was pushed%s; it is "
	            "restored"),
	          first->path, more);
}

/* Which drifted files the plan names: before it is pruned those that it is about, afterwards those
 * that it would overwrite. */
static void mark_planned(const struct plan *plan, struct drifts *drifts)
{
	size_t count;
	auto_free const struct step **index = plan_index(plan, &count);

	for (size_t i = 0; i < drifts->count; i++)
		drifts->row[i].is_planned =
			plan_find(index, count, drifts->row[i].path) != NULL;
}

/* What the plan was about and would not change is as we want it, whoever wrote it. */
static void accept_wanted(struct push *push)
{
	struct drifts before = push->drifts;
	size_t count;
	auto_free const struct step **index = plan_index(&push->plan, &count);

	push->drifts = DRIFTS_INIT;
	for (size_t i = 0; i < before.count; i++) {
		struct drift row = before.row[i];
		struct drifts *into = row.is_planned && !plan_find(index, count, row.path)
		                              ? &push->accepted
		                              : &push->drifts;

		GROW(into->row, into->count, into->room);
		into->row[into->count++] = row;
	}
	free(before.row);
}

/* Prunes, and finds what of it somebody else wrote meanwhile. */
static int prune(struct push *push, const struct push_options *options, bool sees_all,
                 struct err *err)
{
	int rc;

	mark_planned(&push->plan, &push->drifts);
	rc = plan_prune(push->ctx, &push->plan, err);
	if (rc)
		return rc;
	if (sees_all)
		accept_wanted(push);
	if (!sees_all || push->is_short)
		rc = drift_of_plan(push->target, &push->plan, &push->drifts, err);
	if (rc)
		return rc;
	mark_planned(&push->plan, &push->drifts);
	if (!push->is_look)
		note_restored(push);
	return push->is_look || options->force ? 0 : refuse_drift(push, err);
}

/* ---- the plan --------------------------------------------------------------------------------- */

static int plan_services(struct push *push, struct store *store, struct err *err)
{
	auto_free char *reload = NULL;
	int rc = setting_text(store, SET_MTA_RELOAD, 0, &reload, err);

	return rc ? rc
	          : owned_plan_services(push->ctx, push->target, reload && *reload,
	                                &push->plan, err);
}

/* What would be asked of the servers, also where nothing makes it due. */
static void copy_probes(const struct plan *plan, struct plan *probes)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *from = &plan->step[i];

		if (from->kind != STEP_PROBE)
			continue;
		struct step *to = plan_probe(probes, from->rank, from->probe,
		                             from->service, from->object, 0);

		to->ask->domain = xstrdup(from->ask->domain);
		to->ask->selector = xstrdup(from->ask->selector);
		to->ask->key = xstrdup(from->ask->key);
		to->ask->reverse = xstrdup(from->ask->reverse);
		to->ask->depth = from->ask->depth;
		for (int stage = 0; stage < MACRO_STAGES; stage++)
			to->ask->macros[stage] = xstrdup(from->ask->macros[stage]);
	}
}

/* What somebody else did to our files. */
static int look_for_drift(struct push *push, struct err *err)
{
	bool is_whole;
	int rc;

	if (!push->is_short)
		return drift_scan(push->ctx, push->target, &push->drifts, err);
	rc = drift_scan_first(push->ctx, push->target, &push->drifts, &is_whole, err);
	if (!rc && !is_whole)
		plan_note(&push->plan,
		          _("only the first %d key files were checked; run "
		            "\"mailauthctl mta plan\" to check all"),
		          DRIFT_FIRST);
	return rc;
}

static int is_done(void *arg, struct step *step, bool *ret_is_done, struct err *err)
{
	return step_types[step->kind]->observe(arg, step, ret_is_done, err);
}

static int read_key(void *arg, int64_t key_id, struct secret *ret_pem, struct err *err)
{
	return key_secret_pem(arg, key_id, ret_pem, err);
}

/* The backend's steps, observed and validated; `desired` NULL: everything of ours goes. */
static int plan_with(struct push *push, struct store *store,
                     const struct mta_backend *backend, struct desired *desired,
                     const struct push_options *options, struct err *err)
{
	bool sees_all = push->is_look || options->is_explicit || options->is_adoption;
	cleanup(push_observation_done) struct push_observation own = { 0 };
	void *observed = NULL;
	int rc = desired && sees_all ? look_for_drift(push, err) : 0;

	if (desired)
		desired->is_untouched = push->is_short && !push->drifts.count;

	push->plan.is_done = is_done;
	push->plan.is_done_arg = push->ctx;
	push->plan.key_source = (struct key_source){ read_key, store };
	push->plan.may_claim = options->is_adoption;
	if (!rc && backend && backend->plan) {
		rc = push_observation_get(push->ctx, store, backend, push->observation,
		                          &own, &observed, err);
		if (!rc)
			rc = backend->plan(desired, observed, &push->plan, err);
	}
	if (!rc && !desired && push->target)
		rc = owned_plan_removal(&(struct step_run){ .ctx = push->ctx,
		                                            .target = push->target,
		                                            .force = options->force },
		                        &push->plan, err);
	if (!rc)
		rc = plan_services(push, store, err);
	if (!rc && push->probes)
		copy_probes(&push->plan, push->probes);
	if (!rc)
		rc = desired ? prune(push, options, sees_all, err)
		             : plan_prune(push->ctx, &push->plan, err);
	/* who asks for a push hears of a server that would refuse it, whatever there is to do */
	if (!rc && (push->plan.count || options->is_explicit) && observed &&
	    backend->validate)
		rc = backend->validate(push->ctx, &push->plan, observed, err);
	return rc;
}

static int plan_desired(struct push *push, struct store *store,
                        const struct push_options *options, const struct push_facts *f,
                        struct err *err)
{
	struct desired_source source = { store, push->target };
	struct desired desired;
	int rc = next_row(push->ctx, store, f, &push->row, err);

	if (!rc)
		rc = desired_read(&source, push->row.hostname,
		                  push_must_see_all(options, f) ? 0 : f->old.gen.id,
		                  &desired, err);
	if (rc)
		return rc;
	desired.replace_filter = options->replace_filter;
	push->kind = options->is_adoption ? PUSH_KIND_ADOPT : PUSH_KIND_PUSH;
	rc = plan_with(push, store, f->backend, &desired, options, err);
	desired_done(&desired);
	return rc;
}

static int plan_removal(struct push *push, struct store *store,
                        const struct push_options *options, const struct push_facts *f,
                        struct err *err)
{
	if (!f->old.is_there)
		return 0;
	push->kind = PUSH_KIND_REMOVE;
	return plan_with(push, store, registry_find(f->old.backend), NULL, options, err);
}

/* An earlier push's files; the host follows what it followed, and further pushes wait. */
static int plan_rollback(struct push *push, struct store *store,
                         const struct push_options *options, const struct push_facts *f,
                         struct err *err)
{
	cleanup(push_observation_done) struct push_observation own = { 0 };
	const struct mta_backend *backend = f->backend;
	void *observed = NULL;
	int rc;

	if (!f->is_ours)
		return err_set(
			err, ERR_FAILED,
			_("nothing has been pushed to this host: there is no push to "
		          "roll back"));
	rc = rollback_choose(push->target, options->rollback_to, &push->result_of, err);
	if (rc)
		return rc;
	push->kind = PUSH_KIND_ROLLBACK;
	push->row = f->old;
	push->row.backend = xstrdup(f->old.backend);
	push->row.hostname = xstrdup(f->old.hostname);
	push->row.pushed_at = ctx_now(push->ctx);
	push->row.is_paused = true;
	plan_note(&push->plan,
	          _("the result of push %lld is restored; pushes are held until "
	            "\"mailauthctl mta push\""),
	          (long long)push->result_of);
	push->plan.key_source = (struct key_source){ read_key, store };
	rc = rollback_plan(push->ctx, backend, store, push->target, push->result_of,
	                   &push->plan, err);
	if (!rc)
		rc = push_observation_get(push->ctx, store, backend, push->observation,
		                          &own, &observed, err);
	if (!rc && backend->restore)
		rc = backend->restore(observed, &push->plan, err);
	if (!rc)
		rc = plan_services(push, store, err);
	if (!rc)
		rc = prune(push, options, false, err);
	if (!rc && push->plan.count && backend->validate)
		rc = backend->validate(push->ctx, &push->plan, observed, err);
	return rc;
}

/* ---- the journalled part ---------------------------------------------------------------------- */

static int note_done(void *arg, int64_t push_id, struct err *err)
{
	struct push *push = arg;
	int rc;

	if (push->kind == PUSH_KIND_REMOVE) {
		rc = owned_forget(push->target, err);
		return rc ? rc : target_forget(push->target, err);
	}
	rc = owned_claim(push->ctx, push->target, &push->plan, err);
	if (!rc && push_id)
		rc = owned_update(
			&(struct step_run){ .ctx = push->ctx, .target = push->target },
			push_id, err);
	/* a rollback's plan has notes of its own: what was told of the host stays so */
	if (!rc && push_id && push->kind != PUSH_KIND_ROLLBACK)
		rc = told_write(push->target, &push->plan, push->is_told, err);
	for (size_t i = 0; i < push->accepted.count && !rc; i++)
		rc = owned_accept(push->ctx, push->target, push->accepted.row[i].path,
		                  err);
	return rc ? rc : target_write(push->target, &push->row, err);
}

/* Nothing stands to be done; what the host follows may still move. */
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

static int make_plan(struct push *push, struct store *store,
                     const struct push_options *options, const struct push_facts *f,
                     struct err *err)
{
	if (options->remove)
		return plan_removal(push, store, options, f, err);
	return options->is_rollback ? plan_rollback(push, store, options, f, err)
	                            : plan_desired(push, store, options, f, err);
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
		rc = make_plan(push, store, options, &f, err);
	if (!rc && !*ret_why && !dry && (f.old.is_there || !options->remove))
		rc = journal(push, store, &f, err);
	if (!rc && options->is_rollback && !push->plan.count)
		*ret_why = _("the result of that push is in force; pushes are held "
		             "until \"mailauthctl mta push\"");
	push_facts_done(&f);
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
	if (rc || (push->plan.count == 0 && !(dry && push->drifts.count))) {
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

	signals_hold();
	rc = engine_switch(&push->engine, note_done, push, err);
	signals_release();
	return rc;
}

int push_learn(const struct push *push, struct store *store, struct err *err)
{
	const struct mta_backend *backend =
		push->kind == PUSH_KIND_REMOVE ? NULL : registry_find(push->row.backend);
	bool is_changed;
	int rc;

	if (!backend || !backend->learn)
		return 0;
	rc = store_begin(store, true, err);
	if (rc)
		return rc;
	rc = change_begin(store, push->ctx,
	                  push->ctx->command ? push->ctx->command : "mta push", err);
	if (!rc)
		rc = backend->learn(push->ctx, store, err);
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
		rc = plan_desired(push, store, &options, &f, err);
	/* what a plan that cannot be made has to say of edits is worth telling, too */
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
