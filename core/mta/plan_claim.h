/* core/mta/plan_claim.h: files of a plan that were ours before it, for held_claim(). */
#ifndef CORE_MTA_PLAN_CLAIM_H
#define CORE_MTA_PLAN_CLAIM_H

#include "core/mta/plan.h"

/* Notes an observed step of a file that stands there at a path that begins like one of plan->claimed,
 * and that no admin shares. */
void plan_claim_step(struct plan *plan, const struct step *step);
void plan_claims_done(struct plan *plan);

#endif
