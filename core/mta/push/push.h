/*
 * core/mta/push/push.h: a push to a mail server: recover, prepare, switch.  Jobs use nothing else
 * of core/mta to change a host.
 *
 *   target lock; push_recover
 *   push_observe   observes a server that is reached over the network
 *   store lock; BEGIN IMMEDIATE; push_is_current: else once more from push_observe; the change
 *   push_prepare   observes a server of this host, plans, journals, stages, validates; on failure
 *                  nothing is changed
 *   COMMIT of the store (or ROLLBACK and push_abandon)
 *   push_switch    rank by rank; on failure undoes its steps and reports this
 *
 * <root>/var/lib/mailauthctl/target.db records what was changed on this host (db/target.sql).
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

/* Undoes a push that was interrupted.  Call with the target lock held, before the store is locked.
 * Without a target.db, does nothing.  `db_path`: the database, which is opened for reading if a key
 * that a remote server had before has to be restored. */
int push_recover(struct ctx *ctx, const char *db_path, bool force,
                 struct err *err) must_check;

struct push_observation; /* push_observe.h */

/* Inside the store's transaction.  `observation` NULL, or out of date after the change itself:
 * observes now.  *ret_push is NULL if nothing is pushed: not adopted or paused (*ret_why is the
 * reason as in push_decide(), borrowed from a const), or nothing to do (*ret_why NULL).  A push whose
 * plan has no steps is returned for what it reports: an adoption with notes, a dry run with edits by
 * others.  `dry`: observes and plans only, journals nothing. */
int push_prepare(struct ctx *ctx, struct store *store, const struct push_options *options,
                 const struct push_observation *observation, bool dry,
                 struct push **ret_push, const char **ret_why,
                 struct err *err) must_check;

/* Its plan; borrowed. */
const struct plan *push_plan(const struct push *push);
/* Whether that note of the plan was reported to an administrator at an earlier push; and records
 * that it is reported now, once the push is completed. */
bool push_is_told(const struct push *push, size_t note) must_check;
void push_set_told(struct push *push, size_t note);
/* Edits of our files by others; borrowed.  is_planned: the plan would overwrite it, which is
 * refused without `force`, but not in a dry run.  A push that compares everything has all of them,
 * another one only those of its own plan. */
const struct drifts *push_drifts(const struct push *push);

/* The plan of a push now, with its notes even if nothing is to be done; empty for a host that does
 * not follow this store.  *ret_drifts is set in any case, to the edits of our files by others: of
 * very many files that belong to one domain each, only the first are compared (drift_scan_first(),
 * and a note reports this).  Changes nothing. */
int push_look(struct ctx *ctx, struct store *store, struct plan *ret_plan,
              struct drifts *ret_drifts, struct err *err) must_check;
/* The same, with all files.  The probes at the end of a push are added to the empty plan `probes`,
 * even if nothing is to be pushed (step_probe_once()). */
int push_look_at_probes(struct ctx *ctx, struct store *store, struct plan *ret_plan,
                        struct drifts *ret_drifts, struct plan *probes,
                        struct err *err) must_check;

/* After the store's COMMIT.  Signals are deferred meanwhile.  On failure the state of the host
 * before is restored (or the error names what could not be restored). */
int push_switch(struct push *push, struct err *err) must_check;
/* After a push_switch() that succeeded, or a push that had nothing to switch: saves in `store`, as
 * a change, what the server itself created.  `store` is in no transaction.  A server that does not
 * follow this database is ignored.  On failure the push remains in use, and the next one tries this
 * again. */
int push_learn(struct ctx *ctx, struct store *store, struct err *err) must_check;
/* After a ROLLBACK: removes staged files, closes the journal entry.  Frees. */
void push_abandon(struct push *push);
void push_free(struct push *push); /* after push_switch() */

/* What this host follows. */
struct target_state {
	bool is_adopted;
	bool is_ours; /* it follows this store */
	char *backend;
	struct generation gen; /* of the last completed push */
	bool is_paused;        /* after a rollback */
	int64_t pushed_at;     /* 0: never */
	char *last_failure;    /* why the last push was undone, NULL: it was not */
	bool is_open;          /* a push is in progress, or was interrupted */
};
int push_state(struct ctx *ctx, struct store *store, struct target_state *ret_state,
               struct err *err) must_check;
void target_state_done(struct target_state *state);

/* The store generation that this host has certainly applied: a key that stopped signing at a later
 * one may still sign here, so its record must remain public.  INT64_MAX: no host follows this
 * store; 0: unknown (a backup was restored, or pushes are paused). */
int push_host_generation(struct ctx *ctx, struct store *store, int64_t *ret_gen,
                         struct err *err) must_check;

#endif
