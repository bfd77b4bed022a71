/* IceWarp: what it can do; nothing is pushed to it yet. */
#include "core/mta/plan/backend.h"

const struct mta_backend icewarp_backend = {
	.name = "icewarp",
	.title = "IceWarp",
	.support = { [FEATURE_DKIM_SIGN] = SUPPORT_PENDING,
	             [FEATURE_DKIM_VERIFY] = SUPPORT_PENDING,
	             [FEATURE_SPF] = SUPPORT_PENDING,
	             [FEATURE_DMARC] = SUPPORT_NO,
	             [FEATURE_SRS] = SUPPORT_PENDING },
	.nearest = { [FEATURE_DMARC] = N_("it can check SPF and DKIM of incoming mail") },
};
