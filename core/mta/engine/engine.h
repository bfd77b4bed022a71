/*
 * core/mta/engine/engine.h: carries a plan out, so that a crash at any moment can be undone.
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
	char *reload; /* mta.reload: one command in place of service actions; NULL */
	enum push_kind kind;
	int64_t result_of; /* rollback: the push whose result comes back */
	int64_t push_id;   /* 0: nothing is journalled */
	char **staged; /* for each step the file that waits beside its target, NULL: none */
};
void engine_done(struct engine *engine); /* frees; touches no file */

/* Journals the plan and stages it.  On failure what was staged is gone, and the journal says so. */
int engine_prepare(struct engine *engine, struct generation gen,
                   struct err *err) must_check;
/* Takes back what engine_prepare() did.  What cannot be removed the next recovery removes. */
void engine_abandon(struct engine *engine, const char *why);

/* Carries it out.  `note_done` writes what this host follows now, in the transaction that ends the
 * push.  Failure anywhere before that: undone, and err says what failed and what is in force. */
int engine_switch(struct engine *engine,
                  int (*note_done)(void *arg, int64_t push_id, struct err *err),
                  void *arg, struct err *err) must_check;

#endif
