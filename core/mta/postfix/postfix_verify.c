/*
 * Verification of incoming mail for Postfix: mailauth-policyd as a milter before all others.  It takes
 * forged results out, adds the true ones (DKIM, SPF, DMARC), and refuses what DMARC policies refuse.
 * Pure.
 *
 * It is the service of the SPF check (postfix_policy.c), which answers before main.cf names it.  Mail
 * waits if it does not answer: without it forged results would be believed.
 */
#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_other_verify.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_policy.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/probe/milter.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/provider/rspamd.h"

static bool has_policyd(struct ctx *ctx)
{
	return postfix_policy.has_provider(ctx);
}

static int observe(struct ctx *ctx, struct postfix_observed *observed, struct err *err)
{
	static const char *const paths[] = { RSPAMD_HEADERS_LOCAL,
		                             RSPAMD_HEADERS_OVERRIDE };
	struct err ignored = ERR_INIT; /* what cannot be read is not warned of */
	(void)err;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		auto_buf text = BUF_INIT;
		if (postfix_read_if_there(ctx, paths[i], &text, &ignored) < 0)
			err_clear(&ignored);
		else if (rspamd_writes_results(buf_text(&text)))
			observed->rspamd_results = paths[i];
	}
	return 0;
}

static void observed_done(struct postfix_observed *observed)
{
	(void)observed;
}

bool postfix_verify_wants(const struct desired *desired,
                          const struct postfix_observed *observed)
{
	if (!desired || !desired->verifies)
		return false;
	auto_free char *missing = postfix_policy_why_not(observed);
	return !missing;
}

static int decide(const struct desired *desired, const struct postfix_observed *observed,
                  struct plan *plan, bool *ret_is_wanted, struct err *err)
{
	(void)err;
	*ret_is_wanted = postfix_verify_wants(desired, observed);
	if (*ret_is_wanted || !desired || !desired->verifies)
		return 0;
	auto_free char *missing = postfix_policy_why_not(observed);
	if (desired->checks_dmarc)
		plan_lack(
			plan,
			_("DKIM verification and DMARC are saved, but not enforced: %s"),
			missing);
	else
		plan_lack(plan, _("DKIM verification is saved, but not enforced: %s"),
		          missing);
	return 0;
}

static int plan_part(const struct desired *desired,
                     const struct postfix_observed *observed, bool is_wanted,
                     struct postfix_request *request, struct plan *plan, struct err *err)
{
	const struct policyd_host host = { .hostname = observed->host.hostname };
	char name[NAME_SIZE];
	if (!is_wanted)
		return 0;
	bool signs = false;
	int r = desired_has_signing(desired, &signs, err);
	if (r < 0)
		return r;
	policyd_conf_name(desired, &host, name);
	other_verify_note(observed, name, signs && observed->dkim.is_installed, plan);
	main_milter_add(&request->main,
	                (struct main_milter)MAIN_GUARD_MILTER(POSTFIX_GUARD_MILTER));
	if (!observed->host.is_running)
		return 0;
	auto_free char *socket =
		xasprintf("unix:%s/" POLICYD_SOCKET, observed->host.queue_dir);
	struct step *step = plan_probe(
		plan, RANK_PROVIDERS, &milter_guard_probe, &postfix_service, socket,
		plan_cause(plan, CAUSE_MASTER) | plan_cause(plan, CAUSE_POLICY));
	milter_guard_question(step)->authserv_id = xstrdup(name);
	milter_guard_question(step)->has_dmarc = desired->checks_dmarc;
	return 0;
}

const struct postfix_part postfix_verify = {
	.name = "verification",
	.features = 1u << FEATURE_DKIM_VERIFY | 1u << FEATURE_DMARC,
	.provider = "mailauth-policyd",
	.has_provider = has_policyd,
	.observe = observe,
	.observed_done = observed_done,
	.decide = decide,
	.plan = plan_part,
};
