/*
 * core/mta/push/push.h: the one door of cli/ to a mail server: recover, prepare, switch.
 *
 *   target lock; push_recover
 *   push_observe   asks a server that is reached over the network what stands there
 *   store lock; BEGIN IMMEDIATE; push_is_current: else once more from push_observe; the change
 *   push_prepare   observes a server of this host, plans, journals, stages and validates: fails with nothing changed
 *   COMMIT of the store (or ROLLBACK and push_abandon)
 *   push_switch    rank by rank; on failure undoes what it did and says so
 *
 * <root>/var/lib/mailauthctl/target.db holds what was done to this host (db/target.sql).
 */
#ifndef CORE_MTA_PUSH_PUSH_H
#define CORE_MTA_PUSH_PUSH_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/lock.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/drift.h"
#include "core/mta/push/push_options.h"
#include "core/store/change.h"
#include "core/store/store.h"

struct push;

/* Takes the target lock of this root. */
int push_lock(struct ctx *ctx, struct lock **ret_lock, struct err *err) must_check;

/* Undoes a push that was interrupted.  Call with the target lock held, before the store is locked.  No
 * target.db: nothing to do.  `db_path`: the database, which is opened to read where a key that a server held
 * before has to be put back there. */
int push_recover(struct ctx *ctx, const char *db_path, bool force,
                 struct err *err) must_check;

struct push_observation; /* push_observe.h */

/* Inside the store's transaction.  `observation` NULL, or not current after the change itself: observes now.
 * *ret_push is NULL when nothing is pushed: not adopted or paused (*ret_why is the reason as in
 * push_decide(), borrowed from a const), or nothing to do (*ret_why NULL).  `dry`: observes and plans only, journals nothing. */
int push_prepare(struct ctx *ctx, struct store *store, const struct push_options *options,
                 const struct push_observation *observation, bool dry,
                 struct push **ret_push, const char **ret_why,
                 struct err *err) must_check;

/* What it will do; borrowed. */
const struct plan *push_plan(const struct push *push);
/* Whether an administrator has heard that note of the plan at an earlier push; and that he hears it
 * now, which counts once the push is done. */
bool push_is_told(const struct push *push, size_t note) must_check;
void push_set_told(struct push *push, size_t note);
/* What somebody else did to our files; borrowed.  is_planned: the plan would overwrite it, which is
 * refused without `force`, but not in a dry run.  A push that looks at everything knows all of
 * them, another one those of its own plan. */
const struct drifts *push_drifts(const struct push *push);

/* The plan as it would be now, notes included, also when nothing is to be done; empty for a host
 * that does not follow this store.  *ret_drifts is set in any case, and is then the files of ours
 * that somebody else wrote: all, but where very many serve a domain each, those among the first of
 * them (drift_scan_first(); a note says so).  Changes nothing. */
int push_look(struct ctx *ctx, struct store *store, struct plan *ret_plan,
              struct drifts *ret_drifts, struct err *err) must_check;
/* The same, with all files.  Into `probes`, an empty plan, go the probes with which a push would
 * end, also where nothing is to be pushed: what the servers are asked about (step_probe_once()). */
int push_look_at_probes(struct ctx *ctx, struct store *store, struct plan *ret_plan,
                        struct drifts *ret_drifts, struct plan *probes,
                        struct err *err) must_check;

/* After the store's COMMIT.  Signals are held meanwhile.  On failure the host is as it was before
 * (or the error says what could not be put back). */
int push_switch(struct push *push, struct err *err) must_check;
/* After a push_switch() that succeeded, or a push that had nothing to switch: what the server made itself comes
 * into `store`, as a change.  `store` is in no transaction.  A server that does not follow this database is not
 * asked.  Failure: the push is in force; the next one learns it. */
int push_learn(struct ctx *ctx, struct store *store, struct err *err) must_check;
/* After a ROLLBACK: removes staged files, closes the journal entry.  Frees. */
void push_abandon(struct push *push);
void push_free(struct push *push); /* after push_switch() */

/* What this host follows. */
struct target_state {
	bool is_adopted;
	bool is_ours; /* it follows this store */
	char *backend;
	struct generation gen; /* of the last push that ended done */
	bool is_paused;        /* after a rollback */
	int64_t pushed_at;     /* 0: never */
	char *last_failure;    /* why the last push was undone, NULL: it was not */
};
int push_state(struct ctx *ctx, struct store *store, struct target_state *ret_state,
               struct err *err) must_check;
void target_state_done(struct target_state *state);

/* The store generation up to which this host is known to follow: a key that was taken out of
 * signing at a later one may still sign here, and its record must stay public.  INT64_MAX: no host
 * follows this store; 0: unknown (a backup was put back, pushes are held). */
int push_host_generation(struct ctx *ctx, struct store *store, int64_t *ret_gen,
                         struct err *err) must_check;

#endif
