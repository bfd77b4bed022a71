/* MailEnable: its features; this version does not push to it. */
#include "core/mta/plan/backend.h"

static const struct value_limit limits[] = {
	{ "dkim.algorithm", "ed25519", "rsa" },
	{ "dkim.algorithm", "both", "rsa" },
	{ NULL, NULL, NULL },
};

const struct mta_backend mailenable_backend = {
	.name = "mailenable",
	.title = "MailEnable Professional",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_PENDING },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_PENDING },
	             [FEATURE_SPF] = { SUPPORT_PENDING },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL,
	                                 N_("it can check SPF of incoming mail") },
	             [FEATURE_SRS] = { SUPPORT_NO, NULL,
	                               N_("it can check SPF of incoming mail; it does "
	                                  "not rewrite the sender of forwarded mail") } },
	.limits = limits,
};
