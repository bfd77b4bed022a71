/* core/mta/push/push_inner.h: shared by push.c and push_plan.c; no other file includes it. */
#ifndef CORE_MTA_PUSH_PUSH_INNER_H
#define CORE_MTA_PUSH_PUSH_INNER_H

#include "core/mta/engine/engine.h"
#include "core/mta/push/drift.h"
#include "core/mta/push/push.h"
#include "core/mta/push/push_facts.h"
#include "core/mta/push/push_observe.h"

struct push {
	struct ctx *ctx;
	struct store *target;
	struct plan plan;
	bool *is_told; /* its notes; NULL: a look */
	struct engine engine;
	struct target_row row; /* what the host follows once this push is done */
	enum push_kind kind;
	int64_t result_of;      /* rollback: the push whose result is restored */
	struct drifts drifts;   /* edits of our files by others */
	struct drifts accepted; /* ... with the wanted content: ours from now on */
	bool is_look;           /* for display: nothing is refused, all is reported */
	bool is_short; /* ... of many files of domains only the first are compared */
	const struct push_observation
		*observation; /* from before the transaction; NULL */
	struct plan
		*probes; /* for display: gets the plan's probes; NULL: not requested */
};

/* Fills plan, row, kind, result_of, drifts and accepted according to the options; refuses to
 * overwrite edits by others. */
int push_make_plan(struct push *push, struct store *store,
                   const struct push_options *options, const struct push_facts *f,
                   struct err *err) must_check;

#endif
