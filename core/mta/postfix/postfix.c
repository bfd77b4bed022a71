/*
 * The plan for Postfix.  Pure: from the desired state and the observations to steps.  The parts
 * plan the programs that Postfix uses; main.cf is written here, once, after every provider that it
 * names has answered, and before any that it no longer names is removed.
 */
#include "core/mta/postfix/postfix_observed.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/plan/backend.h"
#include "core/mta/postfix/postfix_advise.h"
#include "core/mta/postfix/postfix_macros.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_other_verify.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_route.h"
#include "core/mta/postfix/postfix_services.h"
#include "core/mta/postfix/postfix_srs.h"
#include "core/mta/probe/smtp_probe.h"
#include "core/mta/provider/opendkim.h"

const struct postfix_part *const postfix_parts[] = { &postfix_policy, &postfix_verify,
	                                             &postfix_dkim, &postfix_earlier,
	                                             &postfix_srs };
const size_t postfix_part_count = ARRAY_LEN(postfix_parts);

const char *postfix_request_keep(struct postfix_request *request, char *text)
{
	GROW(request->kept, request->kept_count, request->kept_room);
	request->kept[request->kept_count++] = text;
	return text;
}

int postfix_drop_folder(const struct desired *desired, const char *path,
                        struct plan *plan, struct err *err)
{
	bool is_ours = false;
	int r = desired_owns(desired, path, &is_ours, err);
	if (r == 0 && is_ours)
		plan_mkdir(plan, RANK_LEFTOVERS, path, FILE_META_KEEP)->is_present =
			false;
	return r;
}

static void request_done(struct postfix_request *request)
{
	for (size_t i = 0; i < request->kept_count; i++)
		free(request->kept[i]);
	free(request->kept);
}

char *postfix_service_name(const struct postfix_observed *observed)
{
	return strcmp(observed->host.config_dir, POSTFIX_FOLDER) == 0
	               ? xstrdup("postfix")
	               : xasprintf("postfix:%s", observed->host.config_dir);
}

/* Number of addresses that are probed: each may take its time. */
#define SMTP_PROBES 8

/* Whether a filter or service of ours that a recipient meets will change. */
static bool is_recipient_check_new(const struct postfix_observed *observed,
                                   const struct main_cf *cf)
{
	static const char *const names[] = { MAIN_RECIPIENT_REF, MAIN_SRS_REF,
		                             "$mailauth_recipient_canonical_maps" };
	auto_main_cf now;
	main_cf_parse(&now, buf_text(&observed->main_cf), observed->main_cf.len);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_buf before = BUF_INIT, after = BUF_INIT;
		main_cf_raw(&now, names[i] + 1, &before);
		main_cf_raw(cf, names[i] + 1, &after);
		if (strcmp(buf_text(&before), buf_text(&after)) != 0)
			return true;
	}
	return false;
}

void postfix_plan_server(const struct postfix_observed *observed,
                         const struct main_cf *cf, const struct master_cf *master,
                         struct plan *plan)
{
	if (!observed->host.is_running)
		return;
	auto_free char *service = postfix_service_name(observed);
	plan_service(plan, RANK_CONSUMERS, service, SERVICE_RELOAD,
	             plan_cause(plan, CAUSE_SERVER));
	auto_endpoints endpoints = ENDPOINTS_INIT;
	services_smtp_endpoints(cf, master, &endpoints);
	enum smtp_depth depth =
		is_recipient_check_new(observed, cf) ? SMTP_TO_RCPT : SMTP_TO_MAIL;
	for (size_t i = 0; i < endpoints.count && i < SMTP_PROBES; i++) {
		const struct smtp_endpoint *one = &endpoints.at[i];
		const struct step *step = plan_probe(
			plan, RANK_CONSUMERS,
			one->is_proxied ? &smtp_proxy_probe : &smtp_probe,
			&postfix_service, one->address, plan_cause(plan, CAUSE_SERVER));
		smtp_question(step)->depth = one->is_submission ? SMTP_TO_EHLO : depth;
	}
	if (endpoints.count == 0)
		plan_note(plan,
		          _("no address that smtpd listens on can be determined from "
		            "main.cf and master.cf: the mail server is not probed"));
}

static void plan_main(const struct postfix_observed *observed,
                      const struct desired *desired, struct postfix_request *request,
                      struct plan *plan)
{
	auto_buf admin = BUF_INIT, text = BUF_INIT;
	auto_main_cf cf = MAIN_CF_INIT;
	auto_master_cf master = MASTER_CF_INIT;
	auto_services services = SERVICES_INIT;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &admin);
	main_cf_parse(&cf, buf_text(&admin), admin.len);
	master_cf_parse(&master, buf_text(&observed->master_cf), observed->master_cf.len);
	services_read(&cf, &master, &observed->filters, observed->is_returned_elsewhere,
	              &services);
	auto_free char *socket = postfix_dkim_socket(observed);
	const struct filter_socket filter = { socket, observed->host.queue_dir };
	request->main.unmiltered = services.unmiltered;
	request->main.submission = services.submission;
	request->main.cleanup = services.cleanup;
	request->main.is_last = desired && strcmp(desired->filter_position, "last") == 0;
	const struct main_milter *signing = main_milter_signing(&request->main);
	if (request->main.milter[0].name)
		services_note(&cf, &master, &services, &filter, plan);
	if (signing && signing->in_smtpd && !request->main.is_last)
		services_note_order(&cf, &master, plan);
	main_cf_render(buf_text(&observed->main_cf), observed->main_cf.len,
	               &request->main, &text);
	plan_file(plan, RANK_CONSUMERS, observed->main_path, buf_text(&text), text.len,
	          FILE_META_KEEP, plan_cause(plan, CAUSE_SERVER))
		->shared = &main_cf_format;
	auto_main_cf next;
	main_cf_parse(&next, buf_text(&text), text.len);
	if (main_milter_find(&request->main, "guard_milter"))
		other_verify_warn_order(&next, &master, plan);
	if (signing)
		macros_note(&next, &master, observed->host.config_dir, plan);
	macros_for_probes(&next, observed->host.hostname, plan);
	postfix_plan_server(observed, &next, &master, plan);
}

static void note_state(const struct desired *desired,
                       const struct postfix_observed *observed, struct plan *plan)
{
	if (desired && observed->world)
		plan_warn(plan,
		          _("list in mynetworks only the hosts that may send without "
		            "authentication"),
		          _("mynetworks of %s includes %s, which is too large for a "
		            "network of one organization: it is not used as a signing "
		            "network, and mail from it is checked like mail from "
		            "outside"),
		          observed->main_path, observed->world);
	if (observed->host.instances)
		plan_note(plan,
		          _("only the Postfix in %s is managed; other instances on "
		            "this host are not changed: %s (mta.postfix.config-dir "
		            "selects the managed one)"),
		          observed->host.config_dir, observed->host.instances);
	if (observed->is_rooted)
		plan_note(plan, _("under --root no service is reloaded, and nothing is "
		                  "probed or validated by the servers' own programs"));
	else if (!observed->host.is_running)
		plan_note(plan, _("Postfix is not running: its files take effect when "
		                  "it starts; nothing was probed"));
}

/* Remains of an earlier push: the filter's configuration includes ours, or main.cf names ours. */
static bool was_pushed(const struct postfix_observed *observed)
{
	auto_buf admin = BUF_INIT;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &admin);
	return observed->dkim.admin.includes_ours || admin.len != observed->main_cf.len;
}

/* Files that no target.db records any more.  Keys are ours if the administrator's own configuration
 * of the filter names none. */
static void claim_files(const struct postfix_observed *observed, struct plan *plan)
{
	static const char *const all[] = { "/etc/mailauthctl/", POSTSRSD_DROP_IN,
		                           OPENDKIM_KEYS "/", NULL };
	static const char *const no_keys[] = { "/etc/mailauthctl/", POSTSRSD_DROP_IN,
		                               NULL };
	bool has_keys = opendkim_conf_get(&observed->dkim.admin, "KeyTable") ||
	                opendkim_conf_get(&observed->dkim.admin, "KeyFile");
	if (plan->may_claim && was_pushed(observed))
		plan->claimed = has_keys ? no_keys : all;
}

/* What the present main.cf passes mail to: by a parameter of ours, or by an administrator's own
 * item if we set none. */
static void note_reliance(const struct postfix_observed *observed,
                          const struct main_request *request, struct plan *plan)
{
	const struct {
		const char *service, *parameter;
		bool is_ours;
	} rows[] = {
		{ "opendkim", "mailauth_milter", main_milter_find(request, "milter") },
		{ POSTSRSD_SERVICE, MAIN_SRS_REF, request->srs_forward != NULL },
	};
	for (size_t i = 0; i < plan->count; i++)
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			if (step_is_service(&plan->step[i]) &&
			    strcmp(plan->step[i].object, rows[k].service) == 0)
				plan->step[i].is_relied_on =
					!rows[k].is_ours ||
					strstr(buf_text(&observed->main_cf),
				               rows[k].parameter);
}

static int postfix_plan(const struct desired *desired, const void *row_observed,
                        struct plan *ret_plan, struct err *err)
{
	const struct postfix_observed *observed = row_observed;
	cleanup(request_done) struct postfix_request request = { 0 };
	int r = 0;
	note_state(desired, observed, ret_plan);
	claim_files(observed, ret_plan);
	if (desired && !observed->main_path)
		return err_set(err, ERR_FAILED, _("Postfix is no longer installed: %s"),
		               observed->host.why_not);
	for (size_t i = 0; r == 0 && i < postfix_part_count; i++) {
		const struct postfix_part *part = postfix_parts[i];
		bool is_wanted = false;
		if (observed->main_path)
			r = part->decide(desired, observed, ret_plan, &is_wanted, err);
		if (r == 0)
			r = part->plan(desired, observed, is_wanted, &request, ret_plan,
			               err);
	}
	if (r == 0 && observed->main_path)
		plan_main(observed, desired, &request, ret_plan);
	note_reliance(observed, &request.main, ret_plan);
	return r;
}

/* ---- the row ----------------------------------------------------------------------------------- */

bool postfix_part_has_filter(const struct postfix_part *part, const char *filter)
{
	return !part->filter || strcmp(filter, "auto") == 0 ||
	       strcmp(filter, part->filter) == 0;
}

static void look_at_support(struct ctx *ctx, const char *filter, enum mta_feature feature,
                            struct feature_support *support)
{
	for (size_t i = 0; i < postfix_part_count; i++) {
		const struct postfix_part *part = postfix_parts[i];
		if (!(part->features & 1u << feature))
			continue;
		if (!postfix_part_has_filter(part, filter))
			*support = (struct feature_support){
				.level = SUPPORT_NO,
				.nearest = N_("this version pushes to OpenDKIM only: run "
				              "\"mailauthctl server set mta.filter "
				              "opendkim\"")
			};
		else if (part->has_provider && !part->has_provider(ctx))
			*support = (struct feature_support){ .level = SUPPORT_ABSENT,
				                             .missing = part->provider };
	}
}

static int observe(struct ctx *ctx, struct store *store, void **ret_observed,
                   struct err *err)
{
	struct postfix_observed *observed;
	int r = postfix_observe(ctx, store, &observed, err);
	if (r == 0)
		*ret_observed = observed;
	return r;
}

static void observed_free(void *observed)
{
	postfix_observed_free(observed);
}

const struct mta_backend postfix_backend = {
	.name = "postfix",
	.title = "Postfix",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_YES },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_YES },
	             [FEATURE_SPF] = { SUPPORT_YES },
	             [FEATURE_DMARC] = { SUPPORT_YES },
	             [FEATURE_SRS] = { SUPPORT_YES } },
	.dmarc_rules = POLICYD_DMARC_RULES,
	.service = "postfix",
	.package = "postfix",
	.check_command = "postfix check",
	.faults = postfix_faults,
	.look_at_support = look_at_support,
	.detect = postfix_detect,
	.observe = observe,
	.observed_free = observed_free,
	.plan = postfix_plan,
	.restore = postfix_restore,
	.check_rollback = opendkim_check_rollback,
	.key_selector = opendkim_key_selector,
	.validate = postfix_validate,
	.advise = postfix_advise,
	.each_access = postfix_each_access,
	.each_key = opendkim_each_key,
	.advise_srs = postfix_srs_advise,
};
