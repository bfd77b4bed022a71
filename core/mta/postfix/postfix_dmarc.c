/*
 * DMARC for Postfix: OpenDMARC, connected as a milter, only for mail from outside.  Pure except for
 * observation and validation.
 *
 * Three filters process a message in turn: mailauth-policyd removes forged results, OpenDKIM writes
 * its own, OpenDMARC trusts all results.  Without the first one a forged pass or a signature that
 * cannot be parsed would bypass p=reject, so there is no DMARC check without it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/check/validate.h"
#include "core/mta/host/networks.h"
#include "core/mta/host/service.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_policy.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_route.h"
#include "core/mta/probe/milter.h"
#include "core/mta/provider/opendmarc.h"
#include "core/mta/provider/opendmarc_conf.h"
#include "core/mta/provider/policyd_conf.h"

/* ---- what stands there ------------------------------------------------------------------------ */

char *postfix_dmarc_milter(bool rejects)
{
	return xasprintf("{ unix:opendmarc/opendmarc.sock, " MAIN_MILTER_LIMITS
	                 ", default_action=%s }",
	                 rejects ? "tempfail" : "accept");
}

static bool has_provider(struct ctx *ctx)
{
	struct file_info conf = { 0 }, policyd = { 0 };
	struct err ignored = ERR_INIT;
	if (file_look(ctx, POLICYD_PATH, true, &policyd, &ignored) < 0 ||
	    policyd.kind != FILE_REGULAR)
		return false;
	if (!ctx->is_rooted)
		return run_can_find(ctx, "opendmarc");
	return file_look(ctx, OPENDMARC_CONF, true, &conf, &ignored) == 0 &&
	       conf.kind == FILE_REGULAR;
}

static int read_conf(struct ctx *ctx, struct opendmarc_observed *observed,
                     struct err *err)
{
	auto_buf admin = BUF_INIT;
	int r = postfix_read_if_there(ctx, OPENDMARC_CONF, &observed->conf, err);
	if (r < 0)
		return r;
	observed->has_conf = r > 0;
	observed->is_installed =
		ctx->is_rooted ? observed->has_conf : run_can_find(ctx, "opendmarc");
	if (!observed->has_conf) {
		observed->conf_path = xstrdup(OPENDMARC_CONF);
		return 0;
	}
	opendmarc_conf_without(buf_text(&observed->conf), observed->conf.len, &admin);
	r = file_real_path(ctx, OPENDMARC_CONF, &observed->conf_path, err);
	return r < 0 ? r
	             : opendkim_conf_parse(&observed->admin, buf_text(&admin), NULL, NULL,
	                                   err);
}

/* The features that a build reports. */
static bool has_lua(struct ctx *ctx)
{
	const char *const argv[] = { "opendkim", "-V", NULL };
	const struct run_spec spec = { .argv = argv };
	cleanup(run_result_done) struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	return run_can_find(ctx, "opendkim") && run(ctx, &spec, &result, &ignored) == 0 &&
	       strstr(buf_text(&result.out), "USE_LUA");
}

static int observe(struct ctx *ctx, struct postfix_observed *observed, struct err *err)
{
	struct opendmarc_observed *dmarc = &observed->dmarc;
	struct file_info info = { 0 };
	int r = read_conf(ctx, dmarc, err);
	if (r < 0)
		return r;
	const char *user = opendkim_conf_get(&dmarc->admin, "UserID");
	user = user ? user : "opendmarc";
	auto_free char *name = xmemdup(user, strcspn(user, ":"));
	if (!file_user_id(ctx, name, &dmarc->uid, &dmarc->gid)) {
		dmarc->uid = FILE_KEEP_UID;
		dmarc->gid = FILE_KEEP_GID;
	}
	const char *list = opendkim_conf_get(&dmarc->admin, "PublicSuffixList");
	if (list && *list == '/')
		r = file_look(ctx, list, true, &info, err);
	dmarc->has_suffix_list = info.kind == FILE_REGULAR;
	dmarc->is_running = dmarc->is_installed && service_is_running(ctx, "opendmarc");
	/* probed here: without OpenDMARC no script is necessary */
	observed->dkim.has_lua = dmarc->is_installed && !ctx->is_rooted && has_lua(ctx);
	return r;
}

static void observed_done(struct postfix_observed *observed)
{
	free(observed->dmarc.conf_path);
	buf_done(&observed->dmarc.conf);
	opendkim_conf_done(&observed->dmarc.admin);
}

/* ---- whether ---------------------------------------------------------------------------------- */

static const char *authserv_id(const struct desired *desired,
                               const struct postfix_observed *observed)
{
	return desired->authserv_id ? desired->authserv_id : observed->host.hostname;
}

/* What a requested check lacks: one clause, the caller frees; NULL: nothing. */
static char *find_missing(const struct desired *desired,
                          const struct postfix_observed *observed)
{
	if (!observed->dmarc.is_installed)
		return xstrdup(_(
			"OpenDMARC is not installed: install the packages opendmarc and "
			"publicsuffix, then run \"mailauthctl mta push\""));
	if (!observed->dkim.is_installed || !desired->verifies)
		return xstrdup(_("DKIM signatures are not verified: install the "
		                 "package opendkim, then run \"mailauthctl mta push\""));
	auto_free char *why = postfix_policy_why_not(observed);
	return why ? xasprintf(_("forged results would not be removed from messages: "
	                         "%s"),
	                       why)
	           : NULL;
}

bool postfix_dmarc_wants(const struct desired *desired,
                         const struct postfix_observed *observed)
{
	if (!desired || !desired->checks_dmarc)
		return false;
	auto_free char *missing = find_missing(desired, observed);
	return !missing;
}

static int check_setup(const struct desired *desired,
                       const struct postfix_observed *observed, struct err *err)
{
	int r = opendmarc_check_name(authserv_id(desired, observed), err);
	if (r == 0 && opendkim_conf_get(&observed->dmarc.admin, "ChangeRootDirectory"))
		r = err_set(err, ERR_FAILED,
		            _("DMARC cannot be checked: %s has a ChangeRootDirectory, "
		              "below which OpenDMARC finds neither the folder of its "
		              "socket nor our list of hosts"),
		            OPENDMARC_CONF);
	return r;
}

static int decide(const struct desired *desired, const struct postfix_observed *observed,
                  struct plan *plan, bool *ret_is_wanted, struct err *err)
{
	*ret_is_wanted = false;
	if (!desired || !desired->checks_dmarc)
		return 0;
	auto_free char *missing = find_missing(desired, observed);
	if (missing) {
		plan_lack(plan, _("DMARC is saved, but not enforced: %s"), missing);
		return 0;
	}
	int r = check_setup(desired, observed, err);
	if (r < 0)
		return r;
	if (!observed->is_rooted && !observed->dkim.has_lua)
		plan_note(plan,
		          _("this OpenDKIM was built without Lua: a message whose key "
		            "temporarily cannot be looked up fails DMARC instead of "
		            "being deferred"));
	*ret_is_wanted = true;
	return 0;
}

/* ---- how mail reaches the filter -------------------------------------------------------------- */

struct route {
	char *milter; /* item of main.cf, with braces; NULL: the administrator's list has it */
	char *probe;  /* "unix:/path" */
	char *socket; /* "local:/path"; NULL: the administrator's own is kept */
};

static void route_done(struct route *route)
{
	free(route->milter);
	free(route->probe);
	free(route->socket);
}

static void find_route(const struct desired *desired,
                       const struct postfix_observed *observed, struct route *route,
                       struct plan *plan)
{
	const char *queue = observed->host.queue_dir;
	const char *configured = opendkim_conf_get(&observed->dmarc.admin, "Socket");
	auto_free char *socket = configured ? opendkim_endpoint(configured, queue) : NULL;
	auto_main_cf cf = MAIN_CF_INIT;
	auto_buf text = BUF_INIT;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &text);
	main_cf_parse(&cf, buf_text(&text), text.len);
	auto_free char *kept = postfix_find_milter(&cf, "smtpd_milters", socket, queue);
	*route = (struct route){ .probe = xstrdup(socket) };
	if (kept) {
		plan_note(plan,
		          _("smtpd_milters of %s names OpenDMARC (%s) itself: this "
		            "item is not changed; OpenDKIM must precede it"),
		          observed->main_path, kept);
		return;
	}
	free(route->probe);
	route->probe = xasprintf("unix:%s/opendmarc/opendmarc.sock", queue);
	route->socket = xasprintf("local:%s/opendmarc/opendmarc.sock", queue);
	route->milter = postfix_dmarc_milter(desired->rejects_dmarc);
}

/* ---- steps ------------------------------------------------------------------------------------ */

static void plan_hosts(const struct desired *desired,
                       const struct postfix_observed *observed, struct plan *plan)
{
	auto_networks hosts = NETWORKS_INIT;
	auto_buf text = BUF_INIT;
	opendmarc_ignore_hosts(desired, observed->network, observed->networks, &hosts,
	                       plan);
	networks_render(&hosts, &text);
	plan_file(plan, RANK_TABLES, OPENDMARC_IGNORE_HOSTS, buf_text(&text), text.len,
	          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID },
	          plan_cause(plan, CAUSE_DMARC));
}

/* OpenDMARC 1.4.2 fails every reload (it creates a table that exists already) and keeps its old
 * configuration (tested).  Every change is therefore a restart. */
static void plan_services(const struct postfix_observed *observed,
                          const struct route *route, const char *id, struct plan *plan)
{
	bool is_running = observed->dmarc.is_running;
	unsigned when = is_running ? plan_cause(plan, CAUSE_DMARC) : 0;
	if (!is_running && !observed->host.is_running)
		return;
	if (is_running)
		plan_service(plan, RANK_PROVIDERS, "opendmarc", SERVICE_RESTART,
		             plan_cause(plan, CAUSE_DMARC));
	plan_service(plan, RANK_PROVIDERS, "opendmarc", SERVICE_ENABLE, 0);
	plan_probe(plan, RANK_PROVIDERS, &milter_probe, &opendmarc_service, route->probe,
	           when);
	struct step *step = plan_probe(plan, RANK_PROVIDERS, &milter_dmarc_probe,
	                               &opendmarc_service, route->probe, when);
	step->ask->domain = xstrdup(id);
	if (!observed->host.is_running)
		return;
	auto_free char *guard =
		xasprintf("unix:%s/" POLICYD_SOCKET, observed->host.queue_dir);
	plan_probe(plan, RANK_PROVIDERS, &milter_probe, NULL, guard,
	           plan_cause(plan, CAUSE_MASTER) | plan_cause(plan, CAUSE_POLICY) |
	                   plan_cause(plan, CAUSE_DMARC));
}

/* A service that was set up and does not run is reported until a push starts it. */
static void note_down(const struct desired *desired,
                      const struct postfix_observed *observed, const struct buf *conf,
                      struct plan *plan)
{
	bool is_set_up = conf->len == observed->dmarc.conf.len &&
	                 memcmp(conf->at, observed->dmarc.conf.at, conf->len) == 0;
	if (observed->is_rooted || !is_set_up || observed->dmarc.is_running)
		return;
	if (desired->rejects_dmarc)
		plan_note(plan, _("OpenDMARC is not running: mail from outside is "
		                  "deferred; run \"mailauthctl mta push\" to start it"));
	else
		plan_note(plan,
		          _("OpenDMARC is not running: mail is delivered without DMARC "
		            "checks; run \"mailauthctl mta push\" to start it"));
}

static int plan_wanted(const struct desired *desired,
                       const struct postfix_observed *observed,
                       struct postfix_request *request, struct plan *plan,
                       struct err *err)
{
	cleanup(route_done) struct route route;
	auto_buf block = BUF_INIT, conf = BUF_INIT;
	find_route(desired, observed, &route, plan);
	const struct opendmarc_setup setup = {
		.authserv_id = authserv_id(desired, observed),
		.socket = route.socket,
		.suffix_list =
			observed->dmarc.has_suffix_list ? NULL : OPENDMARC_SUFFIX_LIST,
		.rejects = desired->rejects_dmarc,
	};
	opendmarc_render(&setup, &block);
	opendmarc_conf_with(buf_text(&observed->dmarc.conf), observed->dmarc.conf.len,
	                    buf_text(&block), &conf);
	int r = opendmarc_conf_check(buf_text(&conf), buf_text(&block),
	                             observed->host.queue_dir, err);
	if (r < 0)
		return r;
	auto_free char *folder = xasprintf("%s/opendmarc", observed->host.queue_dir);
	if (route.socket) /* the group of the folder becomes that of the socket */
		plan_mkdir(plan, RANK_DATA, folder,
		           (struct file_meta){ 02750, observed->dmarc.uid,
		                               observed->postfix_gid });
	plan_hosts(desired, observed, plan);
	plan_file(plan, RANK_PROVIDERS, observed->dmarc.conf_path, buf_text(&conf),
	          conf.len, FILE_META_KEEP, plan_cause(plan, CAUSE_DMARC))
		->shared = &opendmarc_conf_format;
	note_down(desired, observed, &conf, plan);
	plan_services(observed, &route, setup.authserv_id, plan);
	if (route.milter)
		main_milter_add(
			&request->main,
			(struct main_milter)MAIN_DMARC_MILTER(
				postfix_request_keep(request, xstrdup(route.milter))));
	main_milter_add(&request->main,
	                (struct main_milter)MAIN_GUARD_MILTER(POSTFIX_GUARD_MILTER));
	return 0;
}

/* The filter gets its own configuration back.  Without `desired` the engine takes away what is ours
 * alone. */
static void plan_unwanted(const struct desired *desired,
                          const struct postfix_observed *observed, struct plan *plan)
{
	auto_buf text = BUF_INIT;
	opendmarc_conf_without(buf_text(&observed->dmarc.conf), observed->dmarc.conf.len,
	                       &text);
	if (text.len)
		plan_file(plan, RANK_LEFTOVERS, observed->dmarc.conf_path,
		          buf_text(&text), text.len, FILE_META_KEEP,
		          plan_cause(plan, CAUSE_DMARC))
			->shared = &opendmarc_conf_format;
	else if (observed->dmarc.has_conf && observed->dmarc.conf.len)
		plan_remove(plan, RANK_LEFTOVERS, observed->dmarc.conf_path,
		            plan_cause(plan, CAUSE_DMARC))
			->shared = &opendmarc_conf_format;
	if (observed->dmarc.is_running)
		plan_service(plan, RANK_LEFTOVERS, "opendmarc", SERVICE_RESTART,
		             plan_cause(plan, CAUSE_DMARC));
	plan_service(plan, RANK_LEFTOVERS, "opendmarc", SERVICE_DISABLE, 0);
	if (desired)
		plan_remove(plan, RANK_LEFTOVERS, OPENDMARC_IGNORE_HOSTS, 0);
}

static int plan_part(const struct desired *desired,
                     const struct postfix_observed *observed, bool is_wanted,
                     struct postfix_request *request, struct plan *plan, struct err *err)
{
	if (is_wanted)
		return plan_wanted(desired, observed, request, plan, err);
	plan_unwanted(desired, observed, plan);
	return 0;
}

/* ---- the finished plan ------------------------------------------------------------------------ */

/* `-n` checks keywords and booleans, but accepts a configuration that names missing files. */
static int ask_filter(const struct validation *v, const struct buf *text, struct err *err)
{
	auto_free char *conf = stage_path(v->stage, "opendmarc.conf");
	const char *const argv[] = { "opendmarc", "-n", "-c", conf, NULL };
	cleanup(run_result_done) struct run_result result = { 0 };
	int r = stage_write(v->stage, "opendmarc.conf", buf_text(text), text->len, err);
	if (r == 0)
		r = stage_run(v->stage, argv, &result, err);
	if (r < 0 || result.exit_status == 0)
		return r;
	return err_set(
		err, ERR_FAILED, _("OpenDMARC would refuse its new configuration: %s"),
		result.errors.len ? buf_text(&result.errors) : buf_text(&result.out));
}

/* It does not start without its list of suffixes or of hosts. */
static int check_paths(const struct validation *v, const struct opendkim_conf *conf,
                       struct err *err)
{
	static const char *const keys[] = { "PublicSuffixList", "IgnoreHosts" };
	auto_account who = { 0 };
	const char *user = opendkim_conf_get(conf, "UserID");
	user = user ? user : "opendmarc";
	auto_free char *name = xmemdup(user, strcspn(user, ":"));
	if (!account_read(v->ctx, name, &who))
		return err_set(err, ERR_FAILED,
		               _("the account %s to run OpenDMARC does not exist"), name);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *path = opendkim_conf_get(conf, keys[i]);
		int r = path ? path_check_access(v->paths, &who, "/", path, PATH_READ,
		                                 err)
		             : 0;
		if (r == ERR_MISSING) {
			err_clear(err);
			return err_set(
				err, ERR_FAILED,
				_("%s names the %s %s, which does not exist: install "
			          "the package publicsuffix"),
				postfix_of(v)->dmarc.conf_path, keys[i], path);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int validate(const struct validation *v, struct err *err)
{
	const struct step *step = validation_step(v, postfix_of(v)->dmarc.conf_path);
	auto_opendkim_conf conf = OPENDKIM_CONF_INIT;
	/* if our lines are removed, the rest is the administrator's */
	if (!v->stage || !step || !step->is_present || step->rank != RANK_PROVIDERS)
		return 0;
	int r = opendkim_conf_parse(&conf, buf_text(step_text(step)), NULL, NULL, err);
	if (r == 0)
		r = check_paths(v, &conf, err);
	return r < 0 ? r : ask_filter(v, step_text(step), err);
}

const struct postfix_part postfix_dmarc = {
	.name = "DMARC",
	.features = 1u << FEATURE_DMARC,
	.provider = "opendmarc",
	.has_provider = has_provider,
	.observe = observe,
	.observed_done = observed_done,
	.decide = decide,
	.plan = plan_part,
	.validate = validate,
	.restore = postfix_dmarc_restore,
};
