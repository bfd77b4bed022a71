/*
 * core/mta/push/push_plan.c: the plan of a push: the desired state, its removal, or an earlier push's result.
 */
#include "core/mta/push/push_inner.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/model/key/key_secret.h"
#include "core/model/setting/setting.h"
#include "core/mta/engine/owned.h"
#include "core/mta/engine/owned_file.h"
#include "core/mta/engine/owned_service.h"
#include "core/mta/push/backend_choose.h"
#include "core/mta/push/desired_store.h"
#include "core/mta/push/registry.h"
#include "core/mta/push/rollback.h"

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
	/* Stored at the adoption: a renamed machine must not change what receivers trust. */
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
	const char *kind = push->kind == PUSH_KIND_ROLLBACK ? "rollback" : "push";
	err_set(err, ERR_FAILED,
	        _("%s%s%s%s %s%s: nothing was changed; run \"mailauthctl mta plan\" to "
	          "show the change, \"mailauthctl mta %s --force\" to overwrite it%s"),
	        first->path, first->parameter ? " (" : "",
	        first->parameter ? first->parameter : "", first->parameter ? ")" : "",
	        first->what, more, kind,
	        push->kind == PUSH_KIND_ROLLBACK ? ""
	                                         : _(", or use --no-push to save "
	                                             "without a push"));
	return err_set_remedy(err, "mailauthctl mta %s --force", kind);
}

/* One of many files is named. */
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

/* Objects that the plan contains and would not change are as wanted, whoever wrote them: those that
 * it was about before it was pruned and is not about now. */
static void accept_wanted(struct push *push)
{
	struct drifts before = push->drifts;
	auto_free bool *was_planned = xcalloc(before.count + 1, sizeof(*was_planned));

	for (size_t i = 0; i < before.count; i++)
		was_planned[i] = before.row[i].is_planned;
	drift_mark(&push->plan, &before);
	push->drifts = DRIFTS_INIT;
	for (size_t i = 0; i < before.count; i++) {
		bool is_wanted = was_planned[i] && !before.row[i].is_planned;
		struct drifts *into = is_wanted ? &push->accepted : &push->drifts;

		GROW(into->row, into->count, into->room);
		into->row[into->count++] = before.row[i];
	}
	free(before.row);
}

/* Prunes, and finds the files that others changed meanwhile. */
static int prune(struct push *push, const struct push_options *options, bool sees_all,
                 struct err *err)
{
	int rc;

	drift_mark(&push->plan, &push->drifts);
	rc = plan_prune(push->ctx, &push->plan, err);
	if (rc)
		return rc;
	if (sees_all)
		accept_wanted(push);
	if (!sees_all || push->is_short)
		rc = drift_of_plan(push->target, &push->plan, &push->drifts, err);
	if (rc)
		return rc;
	drift_mark(&push->plan, &push->drifts);
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

/* The probes of the servers, even if no step requires them. */
static void copy_probes(const struct plan *plan, struct plan *probes)
{
	for (size_t i = 0; i < plan->count; i++)
		if (step_is_probe(&plan->step[i]))
			plan_probe_again(probes, &plan->step[i]);
}

/* Edits of our files. */
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

static int read_key_der(void *arg, int64_t key_id, struct secret *ret_der,
                        struct err *err)
{
	return key_secret_der(arg, key_id, ret_der, err);
}

/* One transaction of the target's database, which is asked about each of 100,000 domains. */
static int plan_in_one_read(struct push *push, const struct mta_backend *backend,
                            struct desired *desired, void *observed, struct err *err)
{
	bool begins = push->target && !store_in_transaction(push->target);
	int rc = begins ? store_begin(push->target, false, err) : 0;

	if (!rc)
		rc = backend->plan(desired, observed, &push->plan, err);
	if (begins)
		store_rollback(push->target);
	return rc;
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
	push->plan.key_source = (struct key_source){ read_key, read_key_der, store };
	push->plan.may_claim = options->is_adoption;
	if (!rc && backend && backend->plan) {
		rc = push_observation_get(push->ctx, store, backend, push->observation,
		                          &own, &observed, err);
		if (!rc && desired)
			rc = push_observe_names(backend, observed, store, desired->since,
			                        err);
		if (!rc)
			rc = plan_in_one_read(push, backend, desired, observed, err);
	}
	if (!rc && desired && sees_all)
		rc = drift_of_observed(push->is_look && !push->ctx->is_rooted ? push->ctx
		                                                              : NULL,
		                       push->target, &push->plan, &push->drifts, err);
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
	/* an explicit push reports a server that would refuse it, even if nothing has to be done */
	if (!rc && (push->plan.count || options->is_explicit) && observed &&
	    backend->validate)
		rc = backend->validate(push->ctx, &push->plan, observed, err);
	return rc;
}

static int plan_desired(struct push *push, struct store *store,
                        const struct push_options *options, const struct push_facts *f,
                        struct err *err)
{
	struct desired_source source = { .ctx = push->ctx,
		                         .store = store,
		                         .target = push->target };
	struct desired desired;
	int rc = next_row(push->ctx, store, f, &push->row, err);

	if (!rc)
		rc = desired_read(&source, push->row.hostname,
		                  push_must_see_all(options, f) ? 0 : f->old.gen.id,
		                  &desired, err);
	if (rc)
		return rc;
	source.hostname = push->row.hostname;
	desired.has_new_settings =
		memcmp(f->old.inputs.at, push->row.inputs.at, DIGEST_LEN) != 0;
	desired.replace_filter = options->replace_filter;
	push->kind = options->is_adoption ? PUSH_KIND_ADOPT : PUSH_KIND_PUSH;
	rc = plan_with(push, store, f->backend, &desired, options, err);
	desired_done(&desired);
	desired_source_done(&source);
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

/* An earlier push's files; the host follows what it followed, and later pushes are paused. */
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
	push->plan.key_source = (struct key_source){ read_key, read_key_der, store };
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

int push_make_plan(struct push *push, struct store *store,
                   const struct push_options *options, const struct push_facts *f,
                   struct err *err)
{
	if (options->remove)
		return plan_removal(push, store, options, f, err);
	return options->is_rollback ? plan_rollback(push, store, options, f, err)
	                            : plan_desired(push, store, options, f, err);
}
