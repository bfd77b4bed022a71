/*
 * core/mta/engine/engine.h: carries out a plan in a way that a crash at any moment can be undone.
 *
 * prepare: journal, then stage.  switch: rank by rank; on failure everything is undone.  Callers
 * hold the target lock.
 */
#ifndef CORE_MTA_ENGINE_ENGINE_H
#define CORE_MTA_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/plan.h"
#include "core/store/change.h"
#include "core/store/store.h"

struct engine {
	struct ctx *ctx;
	struct store *target;
	const struct plan *plan; /* pruned; borrowed */
	char *reload; /* mta.reload: one command instead of service actions; NULL */
	enum push_kind kind;
	int64_t result_of; /* rollback: the push whose result is restored */
	int64_t push_id;   /* 0: nothing is journalled */
	char **staged; /* for each step the file that is kept next to its target, NULL: none */
};
void engine_done(struct engine *engine); /* frees memory; changes no file */

/* Journals the plan and stages it.  On failure staged files are removed, and the journal is closed.
 */
int engine_prepare(struct engine *engine, struct generation gen,
                   struct err *err) must_check;
/* Undoes engine_prepare().  Files that cannot be removed are removed by the next recovery. */
void engine_abandon(struct engine *engine, const char *why);

/* Carries it out.  `note_done` records what this host follows now, in the transaction that ends the
 * push.  On failure before that: undone, and err contains the failure and the state in use. */
int engine_switch(struct engine *engine,
                  int (*note_done)(void *arg, int64_t push_id, struct err *err),
                  void *arg, struct err *err) must_check;

#endif
