/* core/mta/engine/history.h: the recorded pushes, and what each changed, for display. */
#ifndef CORE_MTA_ENGINE_HISTORY_H
#define CORE_MTA_ENGINE_HISTORY_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/mta/engine/journal.h"
#include "core/mta/engine/target.h"
#include "core/mta/plan/plan.h"
#include "core/store/store.h"

struct history_row { /* texts are borrowed until the callback returns */
	int64_t id, at;
	const char *actor, *command;
	enum push_kind kind;
	enum push_progress state;
	int64_t result_of; /* rollback: the push whose result it restored; else 0 */
	const char *why;   /* undone: the failure; NULL: unknown */
};

/* Newest first; `id` 0: all, else only that one (ERR_MISSING: not recorded).  `target` NULL:
 * nothing was pushed. */
int history_each(struct store *target, int64_t id,
                 int (*each)(void *arg, const struct history_row *row, struct err *err),
                 void *arg, struct err *err) must_check;

/* The changes of a push, in its order, each with old and new text, so that step_type.show() prints
 * them as those of a plan.  Secrets have no text. */
int history_steps(struct store *target, int64_t id,
                  int (*each)(void *arg, const struct step *step, struct err *err),
                  void *arg, struct err *err) must_check;

#endif
