/*
 * MailEnable, two editions.
 *
 * A push writes reports for its administrator, and changes nothing on a server.  A copy of the server's
 * configuration folder, where there is one, is compared.
 *
 * What its SPF filter has: it adds the header (mode 1) or rejects a fail (mode 3), has a local policy
 * and a best guess for senders without a record, and no text of its own for a rejection.
 */
#include "core/mta/plan/backend.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/model/setting/setting.h"
#include "core/mta/mailenable/mailenable_config.h"
#include "core/mta/mailenable/mailenable_files.h"

#define NO_DMARC N_("it can check SPF of incoming mail")
#define NO_SRS                                                                     \
	N_("it can check SPF of incoming mail; it does not rewrite the sender of " \
	   "forwarded mail")
#define NO_CHECK \
	N_("it can sign outgoing mail with DKIM; the Professional edition checks SPF")
#define HOW N_("its manual; never tried with a real server")

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

/* ---- detect ------------------------------------------------------------------------------------ */

/* In place of whether it runs. */
static char *describe_copy(struct ctx *ctx, const char *folder)
{
	auto_mailenable_config config = { 0 };
	struct err ignored = ERR_INIT;
	if (!*folder)
		return xstrdup(_("reports only"));
	if (mailenable_config_read(ctx, folder, &config, &ignored) < 0)
		return xstrdup(_("no copy of its configuration"));
	return xasprintf(ngettext("copy of its configuration, %zu domain",
	                          "copy of its configuration, %zu domains", config.count),
	                 config.count);
}

static int detect(struct ctx *ctx, struct store *store, const char *name,
                  struct mta_found *ret_found, struct err *err)
{
	auto_free char *named = NULL, *folder = NULL, *path = NULL;
	int r = setting_text(store, SET_MTA_BACKEND, 0, &named, err);
	if (r == 0)
		r = setting_text(store, SET_MTA_MAILENABLE_CONFIG_DIR, 0, &folder, err);
	if (r == 0)
		r = setting_text(store, SET_MTA_DIRECTORY_PATH, 0, &path, err);
	if (r != 0)
		return r;
	bool is_there = strcmp(named, name) == 0 || *folder;
	*ret_found = (struct mta_found){
		.is_installed = is_there,
		.config_dir = path_join(path, MAILENABLE_FOLDER),
		.seen = is_there ? describe_copy(ctx, folder) : NULL,
	};
	return 0;
}

static int detect_professional(struct ctx *ctx, struct store *store,
                               struct mta_found *ret_found, struct err *err)
{
	return detect(ctx, store, "mailenable", ret_found, err);
}

static int detect_standard(struct ctx *ctx, struct store *store,
                           struct mta_found *ret_found, struct err *err)
{
	return detect(ctx, store, "mailenable-standard", ret_found, err);
}

/* ---- plan -------------------------------------------------------------------------------------- */

static int plan(const struct desired *desired, const void *observed,
                enum mailenable_edition edition, struct plan *plan, struct err *err)
{
	if (!desired) /* every file belongs to us only */
		return 0;
	plan_note(
		plan,
		_("a push writes reports to %s/%s; no MailEnable server is changed until "
	          "its administrator carries them out"),
		desired->directory_path, MAILENABLE_FOLDER);
	int r = mailenable_plan_reports(desired, true, edition, plan, err);
	return r == 0 ? mailenable_compare(desired, observed, plan, err) : r;
}

static int plan_professional(const struct desired *desired, const void *observed,
                             struct plan *ret_plan, struct err *err)
{
	return plan(desired, observed, MAILENABLE_PROFESSIONAL, ret_plan, err);
}

static int plan_standard(const struct desired *desired, const void *observed,
                         struct plan *ret_plan, struct err *err)
{
	return plan(desired, observed, MAILENABLE_STANDARD, ret_plan, err);
}

/* ---- the rows ---------------------------------------------------------------------------------- */

const struct mta_backend mailenable_backend = {
	.name = "mailenable",
	.title = "MailEnable Professional",
	.how = HOW,
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_BY_HAND },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_BY_HAND },
	             [FEATURE_SPF] = { SUPPORT_BY_HAND },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL, NO_DMARC },
	             [FEATURE_SRS] = { SUPPORT_NO, NULL, NO_SRS } },
	.needs_no_adoption = true,
	.is_only_named = true,
	.limits = limits,
	.detect = detect_professional,
	.observe = mailenable_observe,
	.observed_free = mailenable_observed_free,
	.plan = plan_professional,
};

const struct mta_backend mailenable_standard_backend = {
	.name = "mailenable-standard",
	.title = "MailEnable Standard",
	.how = HOW,
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_BY_HAND },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_BY_HAND },
	             [FEATURE_SPF] = { SUPPORT_NO, NULL, NO_CHECK },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL, NO_CHECK },
	             [FEATURE_SRS] = { SUPPORT_NO, NULL, NO_CHECK } },
	.needs_no_adoption = true,
	.is_only_named = true,
	.limits = limits,
	.detect = detect_standard,
	.observe = mailenable_observe,
	.observed_free = mailenable_observed_free,
	.plan = plan_standard,
};
