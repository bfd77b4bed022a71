/*
 * core/mta/push.c: the door to a mail host.
 *
 * Decides whether a push happens at all (adopted, not held, the same store), whether everything
 * must be looked at or only what moved, and what the host follows afterwards.  How it is done is
 * the engine's; what is done is the backend's.
 */
#include "core/mta/push.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/base/signals.h"
#include "core/model/setting.h"
#include "core/mta/desired.h"
#include "core/mta/engine.h"
#include "core/mta/held.h"
#include "core/mta/held_service.h"
#include "core/mta/recover.h"
#include "core/mta/target.h"

struct push {
	struct ctx *ctx;
	struct store *target;
	struct plan plan;
	struct engine engine;
	struct target_row row; /* what the host follows once this push is done */
	bool is_removal;
};

int push_lock(struct ctx *ctx, struct lock **ret_lock, struct err *err)
{
	auto_free char *path = ctx_host_path(ctx, TARGET_FOLDER "/target.lock");
	int rc = file_make_dir(ctx, TARGET_FOLDER,
	                       (struct file_meta){ 0700, FILE_KEEP_UID, FILE_KEEP_GID },
	                       NULL, err);

	return rc ? rc : lock_take(ctx, path, _("the mail host's state"), ret_lock, err);
}

int push_recover(struct ctx *ctx, bool force, struct err *err)
{
	auto_store target = NULL;
	int rc = target_open(ctx, false, true, &target, err);

	if (rc || !target)
		return rc;
	signals_hold();
	rc = recover_open_push(ctx, target, force, err);
	signals_release();
	return rc;
}

/* ---- what store and host say about each other ------------------------------------------------- */

static int read_uuid(struct store *store, uint8_t uuid[STORE_UUID_LEN], struct err *err)
{
	auto_stmt stmt = NULL;
	const void *octets;
	size_t len;
	int rc = store_query(store, &stmt, err, "SELECT uuid FROM store", "");

	if (!rc)
		rc = stmt_next(stmt, err);
	if (rc < 0)
		return rc;
	octets = rc == 1 ? stmt_blob(stmt, 0, &len) : NULL;
	if (!octets || len != STORE_UUID_LEN)
		return err_set(err, ERR_FAILED, _("%s has no identity: it is damaged"),
		               store_path(store));
	memcpy(uuid, octets, STORE_UUID_LEN);
	return 0;
}

/* Everything that shows in files and moves no domain's generation. */
static int read_inputs(struct store *store, const char *backend, const char *hostname,
                       struct digest *ret_digest, struct err *err)
{
	auto_stmt stmt = NULL;
	struct digest_state *state = digest_new();
	int rc = store_query(store, &stmt, err,
	                     "SELECT key, value FROM setting ORDER BY key", "");

	digest_text(state, MAILAUTHCTL_VERSION);
	digest_text(state, backend);
	digest_text(state, hostname);
	while (!rc && (rc = stmt_next(stmt, err)) == 1) {
		digest_text(state, stmt_text(stmt, 0));
		digest_text(state, stmt_text(stmt, 1));
		rc = 0;
	}
	digest_finish(state, ret_digest);
	return rc;
}

struct facts {                 /* what a push is decided on */
	struct target_row old; /* of the host now */
	uint8_t uuid[STORE_UUID_LEN];
	struct generation now;
	const struct mta_backend *backend; /* NULL: none was found */
	bool is_adopted;
	bool is_ours;  /* the host follows this store */
	bool is_known; /* this store knows the host's last change */
};

static int read_facts(struct ctx *ctx, struct store *store, struct store *target,
                      struct facts *f, struct err *err)
{
	int rc = target_read(target, &f->old, err);

	if (!rc)
		rc = read_uuid(store, f->uuid, err);
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

/* ---- whether to push --------------------------------------------------------------------------- */

static int no_server(struct ctx *ctx, struct store *store, struct err *err)
{
	auto_buf text = BUF_INIT;

	for (unsigned i = 0; i < backend_count; i++) {
		const struct mta_backend *backend = backend_table[i];
		struct mta_found found = { 0 };
		struct err ignored = ERR_INIT;

		if (!backend->detect || backend->detect(ctx, store, &found, &ignored))
			continue;
		if (found.why_not)
			buf_printf(&text, "%s%s: %s", text.len ? "; " : "",
			           backend->title, found.why_not);
		backend_found_done(&found);
	}
	return err_set(
		err, ERR_FAILED,
		_("no mail server was found%s%s; \"mailauthctl server set mta.backend "
	          "directory\" renders its files into a folder instead"),
		text.len ? " - " : "", buf_text(&text));
}

/* *ret_why: nothing is pushed, and why. */
static int decide(struct ctx *ctx, struct store *store,
                  const struct push_options *options, const struct facts *f,
                  const char **ret_why, struct err *err)
{
	bool is_asked = options->is_adoption || options->is_explicit || options->remove;

	*ret_why = NULL;
	if (f->old.is_there && !f->is_ours && !options->take_over) {
		if (is_asked)
			return err_set(
				err, ERR_FAILED,
				_("this host follows another database; --take-over makes "
			          "it follow this one"));
		*ret_why = _(
			"saved; this host follows another database, nothing was pushed to it");
		return 0;
	}
	if (options->remove)
		return 0;
	if (options->is_adoption && !f->backend)
		return no_server(ctx, store, err);
	if (f->is_ours && f->backend && strcmp(f->old.backend, f->backend->name) != 0) {
		if (is_asked)
			return err_set(
				err, ERR_FAILED,
				_("this host was adopted as %s: \"mailauthctl mta push "
			          "--remove\" takes that out first"),
				f->old.backend);
		*ret_why = _(
			"saved; mta.backend is not what this host was adopted as, nothing "
			"was pushed to it");
		return 0;
	}
	if (options->is_adoption && !f->backend->plan)
		return err_set(
			err, ERR_FAILED,
			_("this version does not push to %s: \"mailauthctl server set "
		          "mta.backend directory\" renders the files that another tool "
		          "can bring there"),
			f->backend->title);
	if (options->is_adoption)
		return 0;
	if (!f->backend || !f->is_adopted) {
		if (options->is_explicit)
			return err_set(err, ERR_FAILED,
			               _("no mail server follows this database yet: run "
			                 "\"mailauthctl mta adopt\""));
		*ret_why = _(
			"saved; no mail server follows this database yet: \"mailauthctl mta "
			"adopt\" pushes to it");
		return 0;
	}
	if (f->old.is_there && f->old.is_held && !options->is_explicit)
		*ret_why = _(
			"saved; pushes are held after a rollback until \"mailauthctl mta push\"");
	return 0;
}

static bool must_see_all(const struct push_options *options, const struct facts *f,
                         const struct target_row *next)
{
	return options->is_explicit || options->is_adoption || !f->is_ours ||
	       !f->is_known || strcmp(f->old.backend, f->backend->name) != 0 ||
	       memcmp(f->old.inputs.at, next->inputs.at, DIGEST_LEN) != 0;
}

/* ---- planning --------------------------------------------------------------------------------- */

static int next_row(struct ctx *ctx, struct store *store, const struct facts *f,
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
		rc = read_inputs(store, row->backend, row->hostname, &row->inputs, err);
	return rc;
}

static int plan_services(struct push *push, struct store *store, struct err *err)
{
	auto_free char *reload = NULL;
	int rc = setting_text(store, SET_MTA_RELOAD, 0, &reload, err);

	return rc ? rc
	          : held_plan_services(push->ctx, push->target, reload && *reload,
	                               &push->plan, err);
}

/* The backend's steps, observed and validated; `desired` NULL: everything of ours goes. */
static int plan_with(struct push *push, struct store *store,
                     const struct mta_backend *backend, const struct desired *desired,
                     bool force, struct err *err)
{
	struct mta_seen *seen = NULL;
	int rc = 0;

	push->plan.host = push->ctx;
	if (backend && backend->plan) {
		rc = backend->observe(push->ctx, store, &seen, err);
		if (!rc)
			rc = backend->plan(desired, seen, &push->plan, err);
	}
	if (!rc && !desired && push->target)
		rc = held_plan_removal(push->ctx, push->target, force, &push->plan, err);
	if (!rc)
		rc = plan_services(push, store, err);
	if (!rc)
		rc = plan_prune(push->ctx, &push->plan, err);
	if (!rc && desired)
		rc = held_note_edits(push->target, &push->plan, err);
	if (!rc && push->plan.count && backend && backend->validate)
		rc = backend->validate(push->ctx, &push->plan, seen, err);
	if (backend && backend->seen_free)
		backend->seen_free(seen);
	return rc;
}

static int plan_desired(struct push *push, struct store *store,
                        const struct push_options *options, const struct facts *f,
                        struct err *err)
{
	struct desired desired;
	int rc = next_row(push->ctx, store, f, &push->row, err);

	if (!rc)
		rc = desired_read(store, push->target, push->row.hostname,
		                  must_see_all(options, f, &push->row) ? 0
		                                                       : f->old.gen.id,
		                  &desired, err);
	if (rc)
		return rc;
	desired.replace_filter = options->replace_filter;
	rc = plan_with(push, store, f->backend, &desired, options->force, err);
	desired_done(&desired);
	return rc;
}

static int plan_removal(struct push *push, struct store *store,
                        const struct push_options *options, const struct facts *f,
                        struct err *err)
{
	if (!f->old.is_there)
		return 0;
	push->is_removal = true;
	return plan_with(push, store, backend_find(f->old.backend), NULL, options->force,
	                 err);
}

/* ---- the journalled part ---------------------------------------------------------------------- */

static int note_done(void *arg, int64_t push_id, struct err *err)
{
	struct push *push = arg;
	int rc;

	if (push->is_removal) {
		rc = held_forget(push->target, err);
		return rc ? rc : target_forget(push->target, err);
	}
	rc = push_id ? held_update(push->target, push_id, err) : 0;
	return rc ? rc : target_write(push->target, &push->row, err);
}

/* Nothing stands to be done; what the host follows may still move. */
static int follow(struct push *push, const struct facts *f, struct err *err)
{
	const struct target_row *old = &f->old, *next = &push->row;
	int rc;

	if (!push->is_removal && f->is_ours && !old->is_held &&
	    old->gen.id == next->gen.id && old->gen.token == next->gen.token &&
	    strcmp(old->backend, next->backend) == 0 &&
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

static int journal(struct push *push, struct store *store, const struct facts *f,
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
		                        .plan = &push->plan };
	rc = setting_text(store, SET_MTA_RELOAD, 0, &push->engine.reload, err);
	if (!rc && push->engine.reload && !*push->engine.reload) {
		free(push->engine.reload);
		push->engine.reload = NULL;
	}
	return rc ? rc : engine_prepare(&push->engine, f->now, err);
}

static int prepare(struct push *push, struct store *store,
                   const struct push_options *options, bool dry, const char **ret_why,
                   struct err *err)
{
	struct facts f = { 0 };
	int rc = target_open(push->ctx, false, !dry, &push->target, err);

	if (!rc)
		rc = read_facts(push->ctx, store, push->target, &f, err);
	if (!rc)
		rc = decide(push->ctx, store, options, &f, ret_why, err);
	if (!rc && !*ret_why && options->remove)
		rc = plan_removal(push, store, options, &f, err);
	else if (!rc && !*ret_why)
		rc = plan_desired(push, store, options, &f, err);
	if (!rc && !*ret_why && !dry && (f.old.is_there || !options->remove))
		rc = journal(push, store, &f, err);
	target_row_done(&f.old);
	return rc;
}

int push_prepare(struct ctx *ctx, struct store *store, const struct push_options *options,
                 bool dry, struct push **ret_push, const char **ret_why, struct err *err)
{
	struct push *push = xcalloc(1, sizeof(*push));
	const char *why = NULL;
	int rc;

	push->ctx = ctx;
	rc = prepare(push, store, options, dry, &why, err);
	if (rc || push->plan.count == 0) {
		push_free(push);
		push = NULL;
	}
	if (rc)
		return rc;
	*ret_push = push;
	*ret_why = why;
	return 0;
}

const struct plan *push_plan(const struct push *push)
{
	return &push->plan;
}

int push_switch(struct push *push, struct err *err)
{
	int rc;

	signals_hold();
	rc = engine_switch(&push->engine, note_done, push, err);
	signals_release();
	return rc;
}

void push_abandon(struct push *push)
{
	if (!push)
		return;
	signals_hold();
	engine_abandon(&push->engine, _("the change was not saved"));
	signals_release();
	push_free(push);
}

void push_free(struct push *push)
{
	if (!push)
		return;
	engine_done(&push->engine);
	plan_done(&push->plan);
	target_row_done(&push->row);
	store_close(push->target);
	free(push);
}

int push_look(struct ctx *ctx, struct store *store, struct plan *ret_plan,
              struct err *err)
{
	struct push push = { .ctx = ctx };
	struct push_options options = { 0 };
	struct facts f = { 0 };
	int rc = target_open(ctx, false, false, &push.target, err);

	if (!rc)
		rc = read_facts(ctx, store, push.target, &f, err);
	if (!rc && f.is_ours && f.backend)
		rc = plan_desired(&push, store, &options, &f, err);
	if (!rc) {
		*ret_plan = push.plan;
		push.plan = PLAN_INIT;
	}
	target_row_done(&f.old);
	target_row_done(&push.row);
	plan_done(&push.plan);
	store_close(push.target);
	return rc;
}

/* ---- for `mta status` and the export ----------------------------------------------------------- */

int push_state(struct ctx *ctx, struct store *store, struct target_state *ret_state,
               struct err *err)
{
	auto_store target = NULL;
	struct target_row row = { 0 };
	uint8_t uuid[STORE_UUID_LEN] = { 0 };
	char *failure = NULL;
	int rc = target_open(ctx, false, false, &target, err);

	if (!rc)
		rc = target_read(target, &row, err);
	if (!rc && store)
		rc = read_uuid(store, uuid, err);
	if (!rc && target)
		rc = journal_last_failure(target, &failure, err);
	if (!rc) {
		*ret_state = (struct target_state){
			.is_adopted = row.is_there,
			.is_ours = row.is_there && store &&
			           memcmp(uuid, row.store_uuid, STORE_UUID_LEN) == 0,
			.backend = row.backend,
			.gen = row.gen,
			.is_held = row.is_held,
			.pushed_at = row.pushed_at,
			.last_failure = failure,
		};
		row.backend = NULL;
	}
	target_row_done(&row);
	return rc;
}

void target_state_done(struct target_state *state)
{
	free(state->backend);
	free(state->last_failure);
	*state = (struct target_state){ 0 };
}

int push_host_generation(struct ctx *ctx, struct store *store, int64_t *ret_gen,
                         struct err *err)
{
	struct target_state state = { 0 };
	int rc = push_state(ctx, store, &state, err);
	bool is_ours = state.is_ours;
	bool is_held = state.is_held;
	struct generation gen = state.gen;

	target_state_done(&state);
	if (rc)
		return rc;
	if (!is_ours) {
		*ret_gen = INT64_MAX;
		return 0;
	}
	rc = generation_is_known(store, gen, err);
	if (rc < 0)
		return rc;
	*ret_gen = rc && !is_held ? gen.id : 0;
	return 0;
}
