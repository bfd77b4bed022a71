/* qmail: its features; this version does not push to it. */
#include "core/mta/plan/backend.h"

const struct mta_backend qmail_backend = {
	.name = "qmail",
	.title = "qmail",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_PENDING },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_PENDING },
	             [FEATURE_SPF] = { SUPPORT_PENDING },
	             [FEATURE_DMARC] = { SUPPORT_PENDING },
	             [FEATURE_SRS] = { SUPPORT_NO, NULL,
	                               N_("it can check SPF of incoming mail; it does "
	                                  "not rewrite the sender of forwarded mail") } },
};
