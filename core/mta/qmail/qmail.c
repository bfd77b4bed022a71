/*
 * The row of qmail.  Its programs read their control files at each connection, so nothing is reloaded: a
 * file that is renamed into place is in effect, and a probe follows.
 */
#include "core/mta/plan/backend.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/check/path_check.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/plan/desired.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/qmail/qmail_dkim.h"
#include "core/mta/qmail/qmail_observed.h"
#include "core/mta/qmail/qmail_probe.h"
#include "core/mta/qmail/qmail_service.h"

static int detect(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
                  struct err *err)
{
	struct qmail_host host;
	(void)store;
	int r = qmail_host_read(ctx, &host, err);
	if (r < 0)
		return r;
	*ret_found = (struct mta_found){
		.is_installed = host.is_installed,
		.is_running = host.is_running,
		.version = host.is_installed ? xstrdup(qmail_flavour_name(&host)) : NULL,
		.config_dir = xstrdup(host.control),
		.hostname = xstrdup(host.hostname),
		.why_not = xstrdup(host.why_not),
	};
	qmail_host_done(&host);
	return 0;
}

static int observe(struct ctx *ctx, struct store *store, void **ret_observed,
                   struct err *err)
{
	struct qmail_observed *observed;
	(void)store;
	int r = qmail_observe(ctx, &observed, err);
	if (r == 0)
		*ret_observed = observed;
	return r;
}

static void look_at_support(struct ctx *ctx, const char *filter, enum mta_feature feature,
                            struct feature_support *support)
{
	struct qmail_host host;
	struct err ignored = ERR_INIT;
	(void)filter;
	if (qmail_host_read(ctx, &host, &ignored) < 0)
		return;
	bool needs_queue = feature == FEATURE_DKIM_VERIFY || feature == FEATURE_DMARC;
	if (host.is_installed && feature == FEATURE_SPF && !host.has_spf)
		*support = (struct feature_support){
			.level = SUPPORT_NO,
			.nearest = N_("its qmail-smtpd was built without the SPF patch"),
		};
	if (host.is_installed && feature == FEATURE_DKIM_SIGN && !host.has_dkim)
		*support =
			host.flavour == QMAIL_SQMAIL
				? (struct feature_support){ .level = SUPPORT_PENDING }
				: (struct feature_support){
					  .level = SUPPORT_NO,
					  .nearest = N_(
						  "it was built without the DKIM patch "
						  "(qmail-dkim)"),
				  };
	if (host.is_installed && feature == FEATURE_SRS && host.has_srs)
		*support = (struct feature_support){ .level = SUPPORT_YES };
	if (host.is_installed && needs_queue && !host.has_queue)
		*support = (struct feature_support){
			.level = SUPPORT_NO,
			.nearest = N_("its qmail-smtpd ignores QMAILQUEUE: netqmail and "
			              "notqmail use it"),
		};
	qmail_host_done(&host);
}

static void note_state(const struct qmail_observed *observed, struct plan *plan)
{
	if (observed->is_rooted)
		plan_note(
			plan,
			_("under --root nothing is probed or validated by qmail's programs"));
	else if (!observed->host.is_running)
		plan_note(plan,
		          _("qmail is not running: its files take effect when it starts; "
		            "nothing was probed"));
	if (observed->host.is_mixed)
		plan_warn(
			plan, _("install qmail-smtpd and qmail-showctl of one build"),
			observed->host.has_spf
				? _("qmail-smtpd has the SPF patch, and qmail-showctl does not "
		                    "know its files: they are of different builds")
				: _("qmail-showctl knows the files of the SPF patch, which "
		                    "qmail-smtpd does not have: they are of different builds"));
	if (!observed->is_rooted && observed->host.is_running &&
	    !observed->has_smtpd_account)
		plan_note(plan, _("there is no account %s: qmail-smtpd is not probed"),
		          QMAIL_SMTPD_ACCOUNT);
}

static int plan(const struct desired *desired, const void *row_observed,
                struct plan *ret_plan, struct err *err)
{
	const struct qmail_observed *observed = row_observed;
	if (!observed->host.is_installed)
		return desired ? err_set(err, ERR_FAILED,
		                         _("qmail is no longer installed: %s"),
		                         observed->host.why_not)
		               : 0;
	note_state(observed, ret_plan);
	int r = qmail_spf_plan(desired, observed, ret_plan, err);
	if (r == 0)
		r = qmail_queue_plan(desired, observed, ret_plan, err);
	if (r == 0)
		r = qmail_srs_plan(desired, observed, ret_plan, err);
	return r < 0 ? r : qmail_dkim_plan(desired, observed, ret_plan, err);
}

static int restore(const void *row_observed, struct plan *plan, struct err *err)
{
	const struct qmail_observed *observed = row_observed;
	unsigned spf = plan_cause(plan, CAUSE_QMAIL_SPF);
	unsigned policy = plan_cause(plan, CAUSE_POLICY);
	bool verifies = false;
	(void)err;
	if (!observed->host.is_installed)
		return 0;
	for (size_t i = 0; i < plan->count; i++) {
		struct step *step = &plan->step[i];
		if (!step_is_file(step))
			continue;
		if (text_starts(step->object, observed->host.control))
			step->causes |= spf;
		if (strcmp(step->object, POLICYD_CONF) == 0) {
			step->causes |= policy;
			verifies = step->is_present;
		}
	}
	if (!observed->host.is_running)
		return 0;
	qmail_plan_smtpd_probe(observed, 0, spf, plan);
	if (verifies)
		qmail_plan_verify_probe(observed, NULL, policy, plan);
	return 0;
}

#define KEYS_CHECKED 100 /* each has the owner and the mode of all */

/* A control file that qmail-smtpd cannot read ends every connection, and a key that qmail-dkim cannot read
 * defers the domain's mail. */
static int validate(struct ctx *ctx, const struct plan *plan, const void *row_observed,
                    struct err *err)
{
	const struct qmail_observed *observed = row_observed;
	auto_account smtpd = { 0 }, signer = { 0 };
	size_t keys = 0;
	int r = 0;
	if (!observed->host.is_installed ||
	    !account_read(ctx, QMAIL_SMTPD_ACCOUNT, &smtpd))
		return 0;
	bool has_signer = observed->dkim_account &&
	                  account_read(ctx, observed->dkim_account, &signer);
	struct path_check *check = path_check_new(ctx, plan);
	for (size_t i = 0; r == 0 && i < plan->count; i++) {
		const struct step *step = &plan->step[i];
		if (!step_is_file(step) || !step->is_present ||
		    !text_starts(step->object, observed->host.control))
			continue;
		if (!step->is_secret || text_ends(step->object, "/" QMAIL_SRS_SECRETS))
			r = path_check_access(check, &smtpd, "/", step->object, PATH_READ,
			                      err);
		else if (has_signer && keys++ < KEYS_CHECKED)
			r = path_check_access(check, &signer, "/", step->object,
			                      PATH_READ, err);
	}
	path_check_free(check);
	return r;
}

const struct mta_backend qmail_backend = {
	.name = "qmail",
	.title = "qmail",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_YES },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_YES },
	             [FEATURE_SPF] = { SUPPORT_YES },
	             [FEATURE_DMARC] = { SUPPORT_YES },
	             [FEATURE_SRS] = { SUPPORT_NO, NULL,
	                               N_("a qmail with the SRS patch (srsfilter) rewrites the sender of forwarded mail") } },
	.dmarc_rules = "mailauth-policyd: RFC 9989",
	.service = QMAIL_SERVICE,
	.package = "qmail",
	.look_at_support = look_at_support,
	.limits = qmail_limits,
	.has_limit = qmail_has_limit,
	.detect = detect,
	.observe = observe,
	.observed_free = qmail_observed_free,
	.plan = plan,
	.restore = restore,
	.check_rollback = qmail_dkim_check_rollback,
	.key_selector = qmail_dkim_key_selector,
	.validate = validate,
};
