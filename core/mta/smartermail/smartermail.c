/* SmarterMail: its features; this version does not push to it. */
#include "core/mta/plan/backend.h"

static const struct value_limit limits[] = {
	{ "spf.mode", "defer-dns-errors", "headers-only" },
	{ "dkim.algorithm", "ed25519", "rsa" },
	{ "dkim.algorithm", "both", "rsa" },
	{ NULL, NULL, NULL },
};

const struct mta_backend smartermail_backend = {
	.name = "smartermail",
	.title = "SmarterMail",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_PENDING },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_PENDING },
	             [FEATURE_SPF] = { SUPPORT_PENDING },
	             [FEATURE_DMARC] = { SUPPORT_PENDING },
	             [FEATURE_SRS] = { SUPPORT_PENDING } },
	.limits = limits,
};
