/* core/mta/push/push_inner.h: what push.c and push_plan.c share, and nobody else includes. */
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

/* Fills plan, row, kind, result_of, drifts and accepted by what the options ask for; refuses to overwrite what
 * somebody else wrote. */
int push_make_plan(struct push *push, struct store *store,
                   const struct push_options *options, const struct push_facts *f,
                   struct err *err) must_check;

#endif
