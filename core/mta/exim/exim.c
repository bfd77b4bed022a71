/* Exim: its features; this version does not push to it. */
#include "core/mta/plan/backend.h"

const struct mta_backend exim_backend = {
	.name = "exim",
	.title = "Exim",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_PENDING },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_PENDING },
	             [FEATURE_SPF] = { SUPPORT_PENDING },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL,
	                                 N_("it can check SPF and "
	                                    "DKIM of incoming mail") },
	             [FEATURE_SRS] = { SUPPORT_PENDING } },
};
