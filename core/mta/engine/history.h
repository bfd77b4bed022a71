/* core/mta/engine/history.h: the pushes that are kept, and what each changed, for people. */
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
	int64_t result_of; /* rollback: the push whose result it put back; else 0 */
	const char *why;   /* undone: what failed; NULL: not known */
};

/* Newest first; `id` 0: all, else that one alone (ERR_MISSING: it is not kept).  `target` NULL:
 * nothing was pushed. */
int history_each(struct store *target, int64_t id,
                 int (*each)(void *arg, const struct history_row *row, struct err *err),
                 void *arg, struct err *err) must_check;

/* What a push changed, in its order, each with old and new text, so that step_type.show() shows it
 * as a plan does.  Secrets come without. */
int history_steps(struct store *target, int64_t id,
                  int (*each)(void *arg, const struct step *step, struct err *err),
                  void *arg, struct err *err) must_check;

#endif
