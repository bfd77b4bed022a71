/*
 * MailEnable, two editions: their features; this version does not push to them.
 *
 * What its SPF filter has: it adds the header (mode 1) or rejects a fail (mode 3), has a local policy
 * and a best guess for senders without a record, and no text of its own for a rejection.
 */
#include "core/mta/plan/backend.h"

#define NO_DMARC N_("it can check SPF of incoming mail")
#define NO_SRS                                                                     \
	N_("it can check SPF of incoming mail; it does not rewrite the sender of " \
	   "forwarded mail")
#define NO_CHECK \
	N_("it can sign outgoing mail with DKIM; the Professional edition checks SPF")

static const struct value_limit limits[] = {
	{ "spf.mode", "defer-dns-errors", "headers-only" },
	{ "spf.mode", "reject-softfail", "reject-fail" },
	{ "spf.mode", "reject-neutral", "reject-fail" },
	{ "spf.mode", "reject-not-pass", "reject-fail" },
	{ "spf.explanation", NULL, NULL, N_("it has no text for rejections") },
	{ "spf.guess-scope", "most-permissive", "no-record" },
	{ "spf.continue-on-dns-error", "on", "off" },
	{ "dkim.algorithm", "ed25519", "rsa" },
	{ "dkim.algorithm", "both", "rsa" },
	{ 0 },
};

const struct mta_backend mailenable_backend = {
	.name = "mailenable",
	.title = "MailEnable Professional",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_PENDING },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_PENDING },
	             [FEATURE_SPF] = { SUPPORT_PENDING },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL, NO_DMARC },
	             [FEATURE_SRS] = { SUPPORT_NO, NULL, NO_SRS } },
	.limits = limits,
};

const struct mta_backend mailenable_standard_backend = {
	.name = "mailenable-standard",
	.title = "MailEnable Standard",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_PENDING },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_PENDING },
	             [FEATURE_SPF] = { SUPPORT_NO, NULL, NO_CHECK },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL, NO_CHECK },
	             [FEATURE_SRS] = { SUPPORT_NO, NULL, NO_CHECK } },
	.limits = limits,
};
