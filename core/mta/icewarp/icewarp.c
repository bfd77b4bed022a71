/* IceWarp: its features; this version does not push to it. */
#include "core/mta/plan/backend.h"

static const struct value_limit limits[] = {
	{ "spf.mode", "defer-dns-errors", "headers-only" },
	{ "spf.mode", "reject-neutral", "reject-softfail" },
	{ "spf.mode", "reject-not-pass", "reject-softfail" },
	{ "dkim.algorithm", "ed25519", "rsa" },
	{ "dkim.algorithm", "both", "rsa" },
	{ NULL, NULL, NULL },
};

const struct mta_backend icewarp_backend = {
	.name = "icewarp",
	.title = "IceWarp",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_PENDING },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_PENDING },
	             [FEATURE_SPF] = { SUPPORT_PENDING },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL,
	                                 N_("it can check SPF and DKIM of incoming mail") },
	             [FEATURE_SRS] = { SUPPORT_PENDING } },
	.limits = limits,
};
