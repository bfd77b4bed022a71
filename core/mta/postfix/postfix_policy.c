/*
 * mailauth-policyd for Postfix: spawn(8) starts it, smtpd queries it; also as the filter that verifies
 * (postfix_verify.c), which may be wanted when there is no position for the SPF check.
 *
 * Up: its file, its line in master.cf, a reload, its answer, and only then main.cf names it.  Down:
 * main.cf first, then a reload, then the line, then the file.
 */
#include "core/mta/postfix/postfix_policy.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_other_spf.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_restrict.h"
#include "core/mta/probe/policy_probe.h"
#include "core/mta/provider/policyd_conf.h"

char *postfix_policy_service(const char *user)
{
	return xasprintf(
		POLICYD_SERVICE " unix - n n - 0 spawn user=%s argv=" POLICYD_PATH, user);
}

static bool has_policyd(struct ctx *ctx)
{
	struct file_info info;
	struct err ignored = ERR_INIT;
	return file_look(ctx, POLICYD_PATH, true, &info, &ignored) == 0 &&
	       info.kind == FILE_REGULAR;
}

/* An account of its own if an administrator created one. */
static int observe(struct ctx *ctx, struct postfix_observed *observed, struct err *err)
{
	static const char *const users[] = { "mailauth", "nobody" };
	uid_t uid;
	gid_t gid;
	(void)err;
	observed->spf.is_installed = has_policyd(ctx);
	for (size_t i = 0; i < ARRAY_LEN(users) && !observed->spf.user; i++)
		if (file_user_id(ctx, users[i], &uid, &gid) && uid != 0)
			observed->spf.user = xstrdup(users[i]);
	return 0;
}

static void observed_done(struct postfix_observed *observed)
{
	free(observed->spf.user);
}

char *postfix_policy_why_not(const struct postfix_observed *observed)
{
	auto_master_cf master = MASTER_CF_INIT;
	auto_buf text = BUF_INIT;
	char *why = NULL;
	if (!observed->spf.is_installed)
		return xasprintf(_("%s does not exist"), POLICYD_PATH);
	if (!observed->spf.user)
		return xstrdup(_("neither the account mailauth nor nobody exists to "
		                 "run mailauth-policyd"));
	if (!observed->master_path)
		return xasprintf(_("%s contains no master.cf"),
		                 observed->host.config_dir);
	master_cf_strip(buf_text(&observed->master_cf), observed->master_cf.len, &text);
	master_cf_parse(&master, buf_text(&text), text.len);
	for (size_t i = 0; i < master.count && !why; i++)
		if (strcmp(master.service[i].name, POLICYD_SERVICE) == 0)
			why = xasprintf(_("%s already has a service %s"),
			                observed->master_path, POLICYD_SERVICE);
	return why;
}

/* No position in the list of restrictions: what an administrator has to do. */
static char *why_no_place(const struct postfix_observed *observed, const char *why)
{
	return xasprintf(
		_("%s of %s has no position that is known to be safe for the SPF "
	          "check: %s; add \"%s\" by hand after reject_unauth_destination, then "
	          "run \"mailauthctl mta push\""),
		RESTRICT_LIST, observed->main_path, _(why), POLICYD_CHECK);
}

static int decide(const struct desired *desired, const struct postfix_observed *observed,
                  struct plan *plan, bool *ret_is_wanted, struct err *err)
{
	auto_main_cf cf = MAIN_CF_INIT;
	auto_master_cf master = MASTER_CF_INIT;
	auto_buf text = BUF_INIT;
	struct restrict_spot spot;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &text);
	main_cf_parse(&cf, buf_text(&text), text.len);
	restrict_find(&cf, POLICYD_SOCKET, &spot);
	if (!desired || !desired->checks_spf) {
		if (spot.place == RESTRICT_PRESENT)
			plan_note(plan,
			          _("%s of %s names %s in entries that are not from "
			            "mailauthctl: they are not changed"),
			          RESTRICT_LIST, observed->main_path, POLICYD_SOCKET);
		return 0;
	}
	auto_free char *missing = postfix_policy_why_not(observed);
	if (missing) {
		plan_lack(plan, _("SPF is saved, but not enforced: %s"), missing);
		return 0;
	}
	if (spot.place == RESTRICT_REFUSED) {
		auto_free char *why = why_no_place(observed, spot.why);
		if (desired->is_spf_asked)
			return err_set(err, ERR_FAILED, "%s", why);
		plan_note(plan, _("SPF is not enforced: %s"), why);
		return 0;
	}
	master_cf_parse(&master, buf_text(&observed->master_cf), observed->master_cf.len);
	restrict_note(&cf, &master, POLICYD_SOCKET, plan);
	other_spf_warn(observed, &cf, &master, plan);
	*ret_is_wanted = true;
	return 0;
}

static void plan_reload(const struct postfix_observed *observed, enum step_rank rank,
                        struct plan *plan)
{
	auto_free char *service = postfix_service_name(observed);
	if (observed->host.is_running)
		plan_service(plan, rank, service, SERVICE_RELOAD,
		             plan_cause(plan, CAUSE_MASTER));
}

static int plan_part(const struct desired *desired,
                     const struct postfix_observed *observed, bool is_wanted,
                     struct postfix_request *request, struct plan *plan, struct err *err)
{
	auto_buf text = BUF_INIT;
	const char *old = buf_text(&observed->master_cf);
	if (!is_wanted && !postfix_verify_wants(desired, observed)) {
		if (observed->master_path) {
			master_cf_strip(old, observed->master_cf.len, &text);
			plan_file(plan, RANK_LEFTOVERS, observed->master_path,
			          buf_text(&text), text.len, FILE_META_KEEP,
			          plan_cause(plan, CAUSE_MASTER))
				->shared = &master_cf_format;
			plan_reload(observed, RANK_LEFTOVERS, plan);
		}
		if (desired) /* else the engine removes what is only ours */
			policyd_conf_drop("", plan);
		return 0;
	}
	const struct policyd_host host = { .hostname = observed->host.hostname,
		                           .relayed = observed->network,
		                           .relayed_count = observed->networks };
	int r = policyd_conf_plan(desired, &host, "", plan, err);
	if (r < 0)
		return r;
	if (is_wanted)
		request->main.policy = POLICYD_CHECK;
	request->main.policy_socket = POLICYD_SOCKET;
	auto_free char *service = postfix_policy_service(observed->spf.user);
	auto_free char *socket =
		xasprintf("unix:%s/" POLICYD_SOCKET, observed->host.queue_dir);
	master_cf_render(old, observed->master_cf.len, service, &text);
	plan_file(plan, RANK_PROVIDERS, observed->master_path, buf_text(&text), text.len,
	          FILE_META_KEEP, plan_cause(plan, CAUSE_MASTER))
		->shared = &master_cf_format;
	plan_reload(observed, RANK_PROVIDERS, plan);
	if (observed->host.is_running)
		plan_probe(plan, RANK_PROVIDERS, &policy_probe, &postfix_service, socket,
		           plan_cause(plan, CAUSE_MASTER) |
		                   plan_cause(plan, CAUSE_POLICY));
	return 0;
}

const struct postfix_part postfix_policy = {
	.name = "SPF",
	.features = 1u << FEATURE_SPF,
	.provider = "mailauth-policyd",
	.has_provider = has_policyd,
	.observe = observe,
	.observed_done = observed_done,
	.decide = decide,
	.plan = plan_part,
	.restore = postfix_policy_restore,
};
