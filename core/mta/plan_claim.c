/* What an adoption finds of an earlier push whose target.db is gone. */
#include "core/mta/plan_claim.h"

#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

void plan_claim_step(struct plan *plan, const struct step *step)
{
	const char *const *begin = plan->claimed;

	if (!begin || step->kind != STEP_FILE || !step->is_present || !step->had_old ||
	    step->shared)
		return;
	while (*begin && !text_starts(step->object, *begin))
		begin++;
	if (!*begin)
		return;
	GROW(plan->claim, plan->claims, plan->claim_room);
	plan->claim[plan->claims++] = (struct plan_claim){
		.path = xstrdup(step->object),
		.domain = xstrdup(step->domain),
		.value = step->new_digest,
		.meta = step->meta,
		.is_secret = step->is_secret,
	};
}

void plan_claims_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->claims; i++) {
		free(plan->claim[i].path);
		free(plan->claim[i].domain);
	}
	free(plan->claim);
}
