/* What every mail server has. */
#include "core/mta/plan/backend.h"

#include <stdlib.h>

#include "core/base/err.h"

const struct feature_row feature_table[FEATURE_COUNT] = {
	[FEATURE_DKIM_SIGN] = { N_("DKIM signing"), "dkim.sign",
	                        N_("DKIM signing service"), "opendkim" },
	[FEATURE_DKIM_VERIFY] = { N_("DKIM verification"), "dkim.verify",
	                          N_("DKIM verification service"), "opendkim" },
	[FEATURE_SPF] = { N_("SPF"), "spf.check", N_("SPF service"), "mailauth-policyd" },
	[FEATURE_DMARC] = { N_("DMARC"), "dmarc.check", N_("DMARC service"),
	                    "opendmarc" },
	[FEATURE_SRS] = { N_("SRS"), "srs.enabled", N_("SRS service"), "postsrsd" },
};

void backend_found_done(struct mta_found *found)
{
	free(found->version);
	free(found->config_dir);
	free(found->hostname);
	free(found->filter);
	free(found->queue_dir);
	free(found->why_not);
	*found = (struct mta_found){ 0 };
}

enum mta_support backend_support(struct ctx *ctx, const struct mta_backend *backend,
                                 enum mta_feature feature)
{
	if (backend->support[feature] != SUPPORT_YES)
		return backend->support[feature];
	if (!backend->plan)
		return SUPPORT_PENDING;
	return backend->has_provider && !backend->has_provider(ctx, feature)
	               ? SUPPORT_ABSENT
	               : SUPPORT_YES;
}
