/* What every mail server has. */
#include "core/mta/plan/backend.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"

const struct feature_row feature_table[FEATURE_COUNT] = {
	[FEATURE_DKIM_SIGN] = { N_("DKIM signing"), "dkim.sign",
	                        N_("DKIM signing service") },
	[FEATURE_DKIM_VERIFY] = { N_("DKIM verification"), "dkim.verify",
	                          N_("DKIM verification service") },
	[FEATURE_SPF] = { N_("SPF"), "spf.check", N_("SPF service") },
	[FEATURE_DMARC] = { N_("DMARC"), "dmarc.check", N_("DMARC service") },
	[FEATURE_SRS] = { N_("SRS"), "srs.enabled", N_("SRS service") },
};

void backend_found_done(struct mta_found *found)
{
	free(found->version);
	free(found->config_dir);
	free(found->hostname);
	free(found->filter);
	free(found->queue_dir);
	free(found->seen);
	free(found->why_not);
	*found = (struct mta_found){ 0 };
}

struct feature_support backend_support(struct ctx *ctx, const struct mta_backend *backend,
                                       const char *filter, enum mta_feature feature)
{
	struct feature_support support = backend->support[feature];

	if (backend->look_at_support)
		backend->look_at_support(ctx, filter, feature, &support);
	if (support.level == SUPPORT_YES && !backend->plan)
		support.level = SUPPORT_PENDING;
	return support;
}

const struct value_limit *backend_limit(struct ctx *ctx,
                                        const struct mta_backend *backend,
                                        const char *setting, const char *value)
{
	for (const struct value_limit *limit = backend->limits; limit && limit->setting;
	     limit++)
		if (strcmp(limit->setting, setting) == 0 &&
		    (!limit->value || strcmp(limit->value, value) == 0) &&
		    (!backend->has_limit || backend->has_limit(ctx, limit)))
			return limit;
	return NULL;
}
