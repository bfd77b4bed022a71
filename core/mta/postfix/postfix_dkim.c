/*
 * DKIM for Postfix: OpenDKIM signs, connected as a milter, if any domain does.  Pure except for the
 * observation.
 *
 * Up: keys, tables, filter configuration, the filter's restart and its answers; then main.cf names
 * it.  Down: main.cf is switched first, then the filter's own configuration is restored.  If a
 * filter fails, mail is deferred (default_action=tempfail): it is neither lost nor sent unsigned.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/host/networks.h"
#include "core/mta/host/service.h"
#include "core/mta/postfix/postfix_macros.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_route.h"
#include "core/mta/postfix/postfix_services.h"
#include "core/mta/probe/milter.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendkim_conf.h"
#include "core/mta/provider/opendkim_validate.h"

/* ---- what stands there ------------------------------------------------------------------------ */

static int read_conf(struct ctx *ctx, struct opendkim_observed *observed, struct err *err)
{
	int r = postfix_read_if_there(ctx, OPENDKIM_CONF, &observed->conf, err);
	if (r < 0)
		return r;
	observed->has_conf = r > 0;
	observed->is_installed =
		ctx->is_rooted ? observed->has_conf : run_can_find(ctx, "opendkim");
	r = postfix_read_if_there(ctx, OPENDKIM_OURS, &observed->our_conf, err);
	if (r < 0)
		return r;
	if (!observed->has_conf) {
		observed->conf_path = xstrdup(OPENDKIM_CONF);
		return 0;
	}
	r = file_real_path(ctx, OPENDKIM_CONF, &observed->conf_path, err);
	return r < 0 ? r : opendkim_conf_read(ctx, OPENDKIM_CONF, &observed->admin, err);
}

/* The account of the filter; if it is unknown, keys belong to root. */
static void read_owner(struct ctx *ctx, struct opendkim_observed *observed)
{
	const char *user = opendkim_conf_get(&observed->admin, "UserID");
	auto_free char *name =
		xmemdup(user ? user : "opendkim", strcspn(user ? user : "opendkim", ":"));
	uid_t uid;
	gid_t gid;
	observed->uid = FILE_KEEP_UID;
	observed->gid = FILE_KEEP_GID;
	if (file_user_id(ctx, name, &uid, &gid)) {
		observed->uid = uid;
		observed->gid = gid;
	}
}

/* Only before ours signs: afterwards its configuration is in use. */
static void read_signers(struct ctx *ctx, struct postfix_observed *observed)
{
	const char *socket = opendkim_conf_get(&observed->dkim.admin, "Socket");
	auto_free char *filter =
		socket ? opendkim_endpoint(socket, observed->host.queue_dir) : NULL;
	auto_main_cf cf;
	auto_master_cf master;
	main_cf_parse(&cf, buf_text(&observed->main_cf), observed->main_cf.len);
	master_cf_parse(&master, buf_text(&observed->master_cf), observed->master_cf.len);
	signers_read(ctx, &cf, &master, &observed->signers);
	if (!ctx->is_rooted && observed->host.is_running)
		signers_ask(ctx, observed->store, &cf, &master, observed->host.queue_dir,
		            filter, &observed->signers);
}

static int observe(struct ctx *ctx, struct postfix_observed *observed, struct err *err)
{
	int r = read_conf(ctx, &observed->dkim, err);
	if (r < 0)
		return r;
	read_owner(ctx, &observed->dkim);
	if (!observed->dkim.admin.includes_ours && observed->main_path)
		read_signers(ctx, observed);
	observed->dkim.is_running =
		observed->dkim.is_installed && service_is_running(ctx, "opendkim");
	return 0;
}

static void observed_done(struct postfix_observed *observed)
{
	free(observed->dkim.conf_path);
	buf_done(&observed->dkim.conf);
	opendkim_conf_done(&observed->dkim.admin);
	buf_done(&observed->dkim.our_conf);
	signers_done(&observed->signers);
}

/* ---- another signer --------------------------------------------------------------------------- */

static int take_first(void *arg, const struct signing_row *row, struct err *err)
{
	char **name = arg;
	(void)err;
	if (!*name)
		*name = xstrdup(row->name);
	return 0;
}

/* The first domain with DKIM enabled here for which the signer signs too; NULL: none. */
static int find_double(const struct desired *desired, const struct signer *signer,
                       char **ret_name, struct err *err)
{
	int r = 0;
	if (signer->is_open)
		r = desired_each_signing(desired, take_first, ret_name, err);
	for (size_t i = 0; r == 0 && !*ret_name && i < signer->domains; i++)
		r = desired_each_signing_of(desired, signer->domain[i], take_first,
		                            ret_name, err);
	return r;
}

/* A program that continues to sign besides ours. */
static int check_other(const struct desired *desired, const struct signer *signer,
                       struct plan *plan, struct err *err)
{
	auto_free char *name = NULL;
	auto_free char *domains = signer_domains(signer);
	auto_free char *remedy = signer_remedy(signer);
	int r = find_double(desired, signer, &name, err);
	if (r < 0)
		return r;
	if (name && !desired->replace_filter) {
		err_set(err, ERR_FAILED,
		        _("%s already signs for %s, and mail of %s would be signed "
		          "twice: %s; to adopt anyway, run \"mailauthctl mta adopt "
		          "--replace-filter\""),
		        signer->program, domains, name, remedy);
		return err_set_remedy(err, "mailauthctl mta adopt --replace-filter");
	}
	plan_note(plan,
	          _("%s signs for %s: mail of a domain with DKIM enabled here is "
	            "signed twice; to prevent that, %s"),
	          signer->program, domains, remedy);
	return 0;
}

/* An administrator's filter that signs is replaced only on request. */
static int refuse_filter(const struct signer *signer, const char *domains,
                         struct err *err)
{
	err_set(err, ERR_FAILED,
	        _("%s already signs for %s: to import their keys and let mailauthctl "
	          "sign instead, run \"mailauthctl mta adopt --replace-filter\""),
	        signer->file, domains);
	return err_set_remedy(err, "mailauthctl mta adopt --replace-filter");
}

static int check_filter(const struct desired *desired,
                        const struct postfix_observed *observed, bool signs,
                        struct plan *plan, struct err *err)
{
	const struct signers *signers = &observed->signers;
	int r = 0;
	if (signs && !postfix_part_has_filter(&postfix_dkim, desired->filter)) {
		err_set(err, ERR_FAILED,
		        _("mta.filter is rspamd, and this version pushes to OpenDKIM "
		          "only: run \"mailauthctl server set mta.filter opendkim\", "
		          "or, to render files for rspamd, \"mailauthctl server set "
		          "mta.backend directory\""));
		return err_set_remedy(err, "mailauthctl server set mta.filter opendkim");
	}
	for (size_t i = 0; r == 0 && i < signers->count; i++) {
		const struct signer *signer = &signers->at[i];
		auto_free char *domains = signer_domains(signer);
		if (!signer->is_filter)
			r = check_other(desired, signer, plan, err);
		else if (!desired->replace_filter)
			r = refuse_filter(signer, domains, err);
	}
	return r;
}

static int check_macros(const struct postfix_observed *observed, struct err *err)
{
	auto_main_cf cf;
	auto_master_cf master;
	main_cf_parse(&cf, buf_text(&observed->main_cf), observed->main_cf.len);
	master_cf_parse(&master, buf_text(&observed->master_cf), observed->master_cf.len);
	return macros_check(&cf, &master, err);
}

/* ---- steps ------------------------------------------------------------------------------------ */

static void plan_include(const struct postfix_observed *observed, bool is_wanted,
                         enum step_rank rank, struct plan *plan)
{
	auto_buf text = BUF_INIT;
	const char *old = buf_text(&observed->dkim.conf);
	if (is_wanted)
		opendkim_conf_with(old, observed->dkim.conf.len, &text);
	else
		opendkim_conf_without(old, observed->dkim.conf.len, &text);
	if (is_wanted || text.len)
		plan_file(plan, rank, observed->dkim.conf_path, buf_text(&text), text.len,
		          FILE_META_KEEP, plan_cause(plan, CAUSE_FILTER))
			->shared = &opendkim_conf_format;
	else if (observed->dkim.has_conf && observed->dkim.admin.includes_ours)
		plan_remove(plan, rank, observed->dkim.conf_path,
		            plan_cause(plan, CAUSE_FILTER))
			->shared = &opendkim_conf_format;
}

/* The effective configuration with our text after the administrator's; `ours` NULL: without it. */
static void in_force(const struct opendkim_conf *admin, const struct buf *ours,
                     struct opendkim_conf *into)
{
	struct err ignored = ERR_INIT;
	for (size_t i = 0; i < admin->count; i++) {
		GROW(into->row, into->count, into->room);
		into->row[into->count++] =
			(struct opendkim_value){ xstrdup(admin->row[i].key),
			                         xstrdup(admin->row[i].value) };
	}
	if (ours && opendkim_conf_parse(into, buf_text(ours), NULL, NULL, &ignored) < 0)
		err_clear(&ignored); /* an invalid line is ignored */
}

/* A restart takes seconds without a listener on the socket, so a reload is used if it is
 * sufficient. */
bool postfix_dkim_needs_restart(const struct opendkim_observed *observed,
                                const struct buf *next)
{
	auto_opendkim_conf before = OPENDKIM_CONF_INIT, after = OPENDKIM_CONF_INIT;
	in_force(&observed->admin,
	         observed->admin.includes_ours ? &observed->our_conf : NULL, &before);
	in_force(&observed->admin, next, &after);
	return opendkim_conf_needs_restart(&before, &after);
}

static void plan_filter(const struct postfix_observed *observed, enum step_rank rank,
                        struct plan *plan)
{
	const struct buf *next = &observed->dkim.our_conf;
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->step[i].object, OPENDKIM_OURS) == 0 &&
		    plan->step[i].is_present)
			next = step_text(&plan->step[i]);
	if (observed->dkim.is_running)
		plan_service(plan, rank, "opendkim",
		             postfix_dkim_needs_restart(&observed->dkim, next)
		                     ? SERVICE_RESTART
		                     : SERVICE_RELOAD,
		             plan_cause(plan, CAUSE_FILTER) |
		                     plan_cause(plan, CAUSE_TABLES));
	if (observed->host.is_running)
		plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_ENABLE, 0);
}

static void plan_filter_probes(const struct postfix_observed *observed,
                               enum step_rank rank, const struct postfix_route *route,
                               const struct opendkim_plan *found, struct plan *plan)
{
	const unsigned any =
		plan_cause(plan, CAUSE_TABLES) | plan_cause(plan, CAUSE_FILTER);
	if (!observed->dkim.is_running && !observed->host.is_running)
		return;
	unsigned when = observed->dkim.is_running ? any : 0;
	plan_probe(plan, rank, &milter_probe, &opendkim_service, route->probe, when);
	if (found->signing_name) {
		struct step *step = plan_probe(
			plan, rank, &milter_sign_probe, &opendkim_service, route->probe,
			when ? when | plan_cause(plan, CAUSE_KEYS) : 0);
		milter_sign_question(step)->domain = xstrdup(found->signing_name);
		milter_sign_question(step)->selector = xstrdup(found->signing_selector);
	}
	if (found->stopped_name) {
		struct step *step = plan_probe(plan, rank, &milter_sign_probe,
		                               &opendkim_service, route->probe, when);
		milter_sign_question(step)->domain = xstrdup(found->stopped_name);
	}
	/* it adds no results: those of the verifier remain the only ones of our name */
	plan_probe(plan, rank, &milter_verify_probe, &opendkim_service, route->probe,
	           when);
}

static struct opendkim_place live_place(const struct postfix_observed *observed)
{
	return (struct opendkim_place){
		.prefix = "",
		.key = { 0600, observed->dkim.uid, observed->dkim.gid },
		.key_folder = { 0700, observed->dkim.uid, observed->dkim.gid },
		.table = { 0640, FILE_KEEP_UID, observed->dkim.gid },
	};
}

/* ---- what a content filter returns ------------------------------------------------------------ */

/* Whether mail of local programs is signed: mta.signing-networks says so where it is set and where
 * sendmail(1) is not known to be a way back. */
static bool signs_local(const struct desired *desired, const struct filter_ways *ways)
{
	static const char *const own[] = { "127.0.0.1", "::1" };
	if (!ways->unknown || ways->program)
		return !ways->program;
	for (size_t i = 0; i < desired->signing_network_count; i++)
		for (size_t k = 0; k < ARRAY_LEN(own); k++) {
			struct network net, host;
			if (network_parse(desired->signing_networks[i], &net) &&
			    network_parse(own[k], &host) && !net.is_excluded &&
			    network_holds(&net, &host))
				return true;
		}
	return false;
}

/* A way back is not known: whose mail is no longer signed, and the setting for it. */
static void warn_unknown(const struct desired *desired,
                         const struct postfix_observed *observed,
                         const struct filter_ways *ways, struct plan *plan)
{
	if (!ways->unknown)
		return;
	if (ways->program && desired->signing_network_count)
		plan_warn(plan,
		          _("configure that filter to return mail by SMTP to a dedicated "
		            "service (127.0.0.1:10025)"),
		          _("mail from local programs is not signed: the filter %s "
		            "returns mail from outside through sendmail(1)"),
		          ways->program);
	if (desired->signing_network_count)
		return;
	auto_networks usual = NETWORKS_INIT;
	auto_buf lines = BUF_INIT;
	auto_plan ignored = PLAN_INIT;
	opendkim_internal_hosts(desired, observed->network, observed->networks, NULL,
	                        &usual, &ignored);
	networks_render(&usual, &lines);
	for (size_t i = 0; i < lines.len; i++)
		if (lines.at[i] == '\n')
			lines.at[i] = i + 1 < lines.len ? ',' : '\0';
	auto_free char *remedy =
		xasprintf(_("if no filter returns mail through sendmail(1) or from "
	                    "these hosts, run: mailauthctl server set "
	                    "mta.signing-networks %s"),
	                  buf_text(&lines));
	plan_warn(plan, remedy, "%s", ways->unknown);
}

static void find_internal(const struct desired *desired,
                          const struct postfix_observed *observed,
                          const struct filter_ways *ways, struct networks *internal,
                          struct plan *plan)
{
	const struct opendkim_doubt doubt = {
		.is_loopback = ways->unknown != NULL,
		.is_everyone = ways->is_anywhere,
		.host = ways->remote,
		.hosts = ways->remotes,
	};
	opendkim_internal_hosts(desired, observed->network, observed->networks, &doubt,
	                        internal, plan);
	warn_unknown(desired, observed, ways, plan);
}

/* A service that takes mail back and has the signing filter in a list of its own, which stays as the
 * admin wrote it: what comes from loopback must not be signed there. */
static void find_own_list(const struct main_cf *cf, const struct master_cf *master,
                          const struct filter_socket *filter, struct filter_ways *ways)
{
	for (size_t i = 0; i < master->count && !ways->unknown; i++) {
		const struct master_service *service = &master->service[i];
		bool takes_back = false;
		for (size_t k = 0; ways->reinjecting[k]; k++)
			takes_back |= strcmp(ways->reinjecting[k], service->name) == 0;
		if (takes_back && main_cf_is_own(cf, service, "smtpd_milters") &&
		    services_names_filter(cf, service, "smtpd_milters", filter))
			ways->unknown = xasprintf(
				_("%s/%s in master.cf accepts mail that a content "
			          "filter returns, and its own smtpd_milters names the "
			          "signing filter: mail from local programs and from "
			          "loopback is not signed, because it cannot be "
			          "distinguished from mail from outside that the "
			          "filter returns"),
				service->name, service->type);
	}
}

static void find_services(const struct postfix_observed *observed,
                          const struct postfix_route *route, struct services *services)
{
	const struct filter_socket filter = { route->probe, observed->host.queue_dir };
	auto_buf admin = BUF_INIT;
	auto_main_cf cf = MAIN_CF_INIT;
	auto_master_cf master = MASTER_CF_INIT;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &admin);
	main_cf_parse(&cf, buf_text(&admin), admin.len);
	master_cf_parse(&master, buf_text(&observed->master_cf), observed->master_cf.len);
	services_read(&cf, &master, &observed->filters, observed->is_returned_elsewhere,
	              services);
	find_own_list(&cf, &master, &filter, &services->ways);
}

static void request_milters(const struct desired *desired,
                            const struct postfix_route *route,
                            const struct filter_ways *ways,
                            struct postfix_request *request)
{
	bool is_local = signs_local(desired, ways);
	const char *item = postfix_request_keep(request, xstrdup(route->milter));
	main_milter_add(&request->main,
	                (struct main_milter)MAIN_MILTER(item, route->in_smtpd,
	                                                route->in_non_smtpd && is_local));
	if (route->own_smtpd)
		request->main.own_smtpd =
			postfix_request_keep(request, xstrdup(route->own_smtpd));
	if (route->own_non)
		request->main.own_non_smtpd =
			postfix_request_keep(request, xstrdup(route->own_non));
	request->main.is_local_off = !is_local;
}

/* ---- the part --------------------------------------------------------------------------------- */

/* An earlier version had it verify, too.  It goes on until no process of Postfix uses a main.cf
 * without our verifier: forged results would be believed. */
static enum step_rank filter_rank(const struct desired *desired,
                                  const struct postfix_observed *observed)
{
	auto_opendkim_conf ours = OPENDKIM_CONF_INIT;
	struct err ignored = ERR_INIT;
	if (!postfix_verify_wants(desired, observed) ||
	    !observed->dkim.admin.includes_ours)
		return RANK_PROVIDERS;
	if (opendkim_conf_parse(&ours, buf_text(&observed->dkim.our_conf), NULL, NULL,
	                        &ignored) < 0)
		err_clear(&ignored);
	const char *mode = opendkim_conf_get(&ours, "Mode");
	return mode && strchr(mode, 'v') ? RANK_LEFTOVERS : RANK_PROVIDERS;
}

static int decide(const struct desired *desired, const struct postfix_observed *observed,
                  struct plan *plan, bool *ret_is_wanted, struct err *err)
{
	bool is_asked = false;
	int r = desired ? desired_has_signing(desired, &is_asked, err) : 0;
	/* a signer that is there already is said at the adoption, not at the first domain */
	if (r == 0 && (is_asked || (desired && desired->signs && plan->may_claim)))
		r = check_filter(desired, observed, is_asked, plan, err);
	if (r == 0 && is_asked)
		r = check_macros(observed, err);
	if (r < 0)
		return r;
	if (is_asked && !observed->dkim.is_installed &&
	    observed->dkim.admin.includes_ours) {
		err_set(err, ERR_FAILED,
		        _("OpenDKIM signs for this host, but its program does not exist: "
		          "install the package opendkim again, or, to do without it, run "
		          "\"mailauthctl server set dkim.sign off\""));
		return err_set_remedy(err, "mailauthctl server set dkim.sign off");
	}
	if (is_asked && !observed->dkim.is_installed)
		plan_lack(
			plan,
			_("OpenDKIM is not installed, so nothing is signed: install the "
		          "package opendkim, then run \"mailauthctl mta push\""));
	*ret_is_wanted = is_asked && observed->dkim.is_installed;
	if (*ret_is_wanted && observed->dkim.uid == FILE_KEEP_UID)
		plan_note(plan,
		          _("OpenDKIM has no account on this host: only root can read "
		            "key files"));
	return 0;
}

static int plan_wanted(const struct desired *desired,
                       const struct postfix_observed *observed,
                       struct postfix_request *request, struct plan *plan,
                       struct err *err)
{
	struct postfix_route route;
	struct opendkim_plan found = { 0 };
	auto_networks internal = NETWORKS_INIT;
	auto_services services =
		SERVICES_INIT; /* with names of the master.cf that was removed */
	struct opendkim_place place = live_place(observed);
	postfix_route_find(observed, &route);
	const struct opendkim_setup setup = { .socket = route.socket,
		                              .rank = filter_rank(desired, observed) };
	find_services(observed, &route, &services);
	find_internal(desired, observed, &services.ways, &internal, plan);
	int r = opendkim_plan_files(desired, &place, &setup, &internal, true, plan,
	                            &found, err);
	if (r == 0) {
		auto_free char *folder =
			xasprintf("%s/opendkim", observed->host.queue_dir);
		if (route.socket) /* the group of the folder becomes that of the socket */
			plan_mkdir(plan, RANK_DATA, folder,
			           (struct file_meta){ 02750, observed->dkim.uid,
			                               observed->postfix_gid });
		plan_include(observed, true, RANK_PROVIDERS, plan);
		plan_filter(observed, setup.rank, plan);
		plan_filter_probes(observed, setup.rank, &route, &found, plan);
		request_milters(desired, &route, &services.ways, request);
	}
	opendkim_plan_done(&found);
	postfix_route_done(&route);
	return r;
}

/* The filter gets its own configuration back.  Where an admin's own list names it, mail goes on
 * reaching it: then that comes before its keys and tables go, otherwise when main.cf has let go.
 * Without `desired` the engine takes away what is ours alone. */
static int plan_unwanted(const struct desired *desired,
                         const struct postfix_observed *observed, struct plan *plan,
                         struct err *err)
{
	struct postfix_route route;
	postfix_route_find(observed, &route);
	enum step_rank rank =
		route.socket ? RANK_LEFTOVERS : filter_rank(desired, observed);
	plan_include(observed, false, rank, plan);
	if (observed->dkim.is_running)
		plan_service(plan, rank, "opendkim",
		             postfix_dkim_needs_restart(&observed->dkim, NULL)
		                     ? SERVICE_RESTART
		                     : SERVICE_RELOAD,
		             plan_cause(plan, CAUSE_FILTER));
	if (observed->dkim.is_running && !route.socket)
		plan_probe(plan, rank, &milter_probe, &opendkim_service, route.probe,
		           plan_cause(plan, CAUSE_FILTER));
	plan_service(plan, RANK_LEFTOVERS, "opendkim", SERVICE_DISABLE, 0);
	postfix_route_done(&route);
	if (!desired)
		return 0;
	struct opendkim_plan found = { 0 };
	struct opendkim_place place = live_place(observed);
	const struct opendkim_setup setup = { 0 };
	auto_networks none = NETWORKS_INIT;
	auto_free char *folder = xasprintf("%s/opendkim", observed->host.queue_dir);
	int r = opendkim_plan_files(desired, &place, &setup, &none, false, plan, &found,
	                            err);
	opendkim_plan_done(&found);
	if (r == 0)
		r = postfix_drop_folder(desired, OPENDKIM_FOLDER, plan, err);
	return r < 0 ? r : postfix_drop_folder(desired, folder, plan, err);
}

static int plan_part(const struct desired *desired,
                     const struct postfix_observed *observed, bool is_wanted,
                     struct postfix_request *request, struct plan *plan, struct err *err)
{
	return is_wanted ? plan_wanted(desired, observed, request, plan, err)
	                 : plan_unwanted(desired, observed, plan, err);
}

static int validate(const struct validation *v, struct err *err)
{
	const struct opendkim_check check = postfix_dkim_check(v);
	return opendkim_validate(&check, err);
}

const struct postfix_part postfix_dkim = {
	.name = "DKIM",
	.features = 1u << FEATURE_DKIM_SIGN,
	.provider = "opendkim",
	.filter = "opendkim",
	.observe = observe,
	.observed_done = observed_done,
	.decide = decide,
	.plan = plan_part,
	.restore = postfix_dkim_restore,
	.validate = validate,
};
