/* core/model/key/publish_inner.h: shared by publish.c and publish_wait.c. */
#ifndef CORE_MODEL_KEY_PUBLISH_INNER_H
#define CORE_MODEL_KEY_PUBLISH_INNER_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/store/store.h"

/* What makes the record under a name count as public enough to sign.  External zones are never
 * exported, so they require DNS or an administrator. */
struct publish_rule {
	bool is_export; /* an export of its zone */
	bool is_now;    /* nothing at all, for a key that replaces none */
			/* neither: every name server of the zone has it */
};
int publish_rule(struct store *store, const struct domain *domain,
                 struct publish_rule *ret_rule, struct err *err) must_check;

#endif
