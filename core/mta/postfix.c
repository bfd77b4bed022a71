/*
 * The plan for Postfix with OpenDKIM.  Pure: from the desired state and what was seen to steps.
 *
 * Going up: keys, tables, filter configuration, the filter's restart and its answers, then main.cf.
 * Where nothing of ours is wanted any more main.cf lets go first.  A milter that fails defers mail
 * (default_action=tempfail): nothing is lost, nothing goes out unsigned.
 */
#include "core/mta/postfix.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/networks.h"
#include "core/mta/opendkim.h"
#include "core/mta/policyd_conf.h"
#include "core/mta/postfix_main.h"
#include "core/mta/postfix_policy.h"
#include "core/mta/postfix_services.h"

/* How mail reaches the filter. */
struct route {
	char *milter; /* item of main.cf, with braces */
	char *probe;  /* "unix:/path" for probes */
	char *socket; /* "local:/path" for our configuration; NULL: the admin's own is kept */
	bool in_smtpd, in_non_smtpd;
};

static void route_done(struct route *route)
{
	free(route->milter);
	free(route->probe);
	free(route->socket);
}

/* The item of an admin's list that names the filter's socket: its endpoint as he wrote it. */
static char *find_endpoint(const struct main_cf *cf, const char *list, const char *socket,
                           const char *queue_dir)
{
	auto_buf value = BUF_INIT, item = BUF_INIT;
	main_cf_value(cf, NULL, list, &value);
	const char *at = buf_text(&value);
	while (socket && main_list_next(&at, &item)) {
		size_t len = strcspn(buf_text(&item), ", \t");
		auto_free char *text = xmemdup(buf_text(&item), len);
		auto_free char *plain = opendkim_endpoint(text, queue_dir);
		/* an absolute path seen from a chrooted smtpd begins at the queue directory */
		auto_free char *inside =
			plain && text_starts(plain, "unix:/")
				? xasprintf("unix:%s%s", queue_dir, plain + 5)
				: NULL;
		if (text_same(plain, socket) || text_same(inside, socket))
			return xstrdup(text);
	}
	return NULL;
}

static void find_route(const struct mta_seen *seen, struct route *route)
{
	const char *queue = seen->host.queue_dir;
	const char *configured = opendkim_conf_get(&seen->admin, "Socket");
	auto_free char *socket = configured ? opendkim_endpoint(configured, queue) : NULL;
	auto_buf text = BUF_INIT;
	main_cf_strip(buf_text(&seen->main_cf), seen->main_cf.len, &text);
	auto_main_cf cf;
	main_cf_parse(&cf, buf_text(&text), text.len);
	auto_free char *in_smtpd = find_endpoint(&cf, "smtpd_milters", socket, queue);
	auto_free char *in_non = find_endpoint(&cf, "non_smtpd_milters", socket, queue);
	const char *kept = in_smtpd ? in_smtpd : in_non;
	*route = (struct route){
		.milter = xasprintf("{ %s, %s }",
		                    kept ? kept : "unix:opendkim/opendkim.sock",
		                    POSTFIX_MILTER_OPTIONS),
		.probe = kept ? xstrdup(socket)
		              : xasprintf("unix:%s/opendkim/opendkim.sock", queue),
		.socket =
			kept ? NULL : xasprintf("local:%s/opendkim/opendkim.sock", queue),
		.in_smtpd = !in_smtpd,
		.in_non_smtpd = !in_non,
	};
}

/* An admin's filter that signs already is not taken over unasked. */
static int check_filter(const struct desired *desired, const struct mta_seen *seen,
                        struct err *err)
{
	static const char *const signing[] = { "KeyTable", "KeyFile", "SigningTable",
		                               "Domain" };
	if (strcmp(desired->filter, "rspamd") == 0)
		return err_set(
			err, ERR_FAILED,
			_("mta.filter is rspamd, and this version pushes to OpenDKIM only: run "
		          "\"mailauthctl server set mta.filter opendkim\", or render files for "
		          "rspamd yourself with mta.backend directory"));
	if (desired->replace_filter || seen->admin.includes_ours)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(signing); i++)
		if (opendkim_conf_get(&seen->admin, signing[i]))
			return err_set(
				err, ERR_FAILED,
				_("%s signs already (%s %s): \"mailauthctl mta adopt "
			          "--replace-filter\" lets mailauthctl sign instead, "
			          "\"mailauthctl key import\" takes its keys over first"),
				OPENDKIM_CONF, signing[i],
				opendkim_conf_get(&seen->admin, signing[i]));
	return 0;
}

static void add_networks(char *const *texts, size_t count, bool exclude, const char *from,
                         struct networks *set, struct plan *plan)
{
	for (size_t i = 0; i < count; i++)
		if (!networks_add_text(set, texts[i], exclude))
			plan_note(
				plan,
				_("%s names %s, which cannot be read as a network: mail from there is "
			          "signed only where mta.signing-networks names it"),
				from, texts[i]);
}

void postfix_signing_networks(const struct desired *desired, char *const *relayed,
                              size_t relayed_count, struct networks *set,
                              struct plan *plan)
{
	bool is_wished = desired->signing_network_count > 0;
	if (is_wished) {
		add_networks(desired->signing_networks, desired->signing_network_count,
		             false, "mta.signing-networks", set, plan);
	} else {
		char own[][10] = { "127.0.0.1", "::1" };
		char *const always[] = { own[0], own[1] };
		add_networks(relayed, relayed_count, false, "mynetworks", set, plan);
		add_networks(always, ARRAY_LEN(always), false, "loopback", set, plan);
	}
	add_networks(desired->trusted_relays, desired->trusted_relay_count, true,
	             "mta.trusted-relays", set, plan);
}

/* ---- steps ------------------------------------------------------------------------------------ */

/* `route` NULL: no filter; `has_policy`: the SPF service is asked. */
static void plan_main(const struct mta_seen *seen, const struct desired *desired,
                      const struct route *route, bool has_policy, enum step_rank rank,
                      struct plan *plan)
{
	auto_buf text = BUF_INIT;
	struct main_wish wish = {
		.policy = has_policy ? POLICYD_CHECK : NULL,
		.policy_socket = POLICYD_SOCKET,
	};
	auto_main_cf cf;
	auto_master_cf master;
	auto_buf admin = BUF_INIT;
	main_cf_strip(buf_text(&seen->main_cf), seen->main_cf.len, &admin);
	main_cf_parse(&cf, buf_text(&admin), admin.len);
	master_cf_parse(&master, buf_text(&seen->master_cf), seen->master_cf.len);
	auto_free const char **excluded = NULL;
	size_t excluded_count;
	services_reinjecting(&cf, &master, &excluded, &excluded_count);
	if (route) {
		services_note(&cf, &master, plan);
		wish.milter = route->milter;
		wish.excluded = excluded;
		wish.in_smtpd = route->in_smtpd;
		wish.in_non_smtpd = route->in_non_smtpd && desired->signs;
		wish.is_last = strcmp(desired->filter_position, "last") == 0;
	}
	main_cf_render(buf_text(&seen->main_cf), seen->main_cf.len, &wish, &text);
	plan_file(plan, rank, seen->main_path, buf_text(&text), text.len, FILE_META_KEEP,
	          CAUSE_SERVER);
}

char *postfix_service_name(const struct mta_seen *seen)
{
	return strcmp(seen->host.config_dir, POSTFIX_FOLDER) == 0
	               ? xstrdup("postfix")
	               : xasprintf("postfix:%s", seen->host.config_dir);
}

/* Postfix is told, and must answer. */
static void plan_server(const struct mta_seen *seen, enum step_rank rank,
                        struct plan *plan)
{
	if (!seen->host.is_running)
		return;
	auto_free char *service = postfix_service_name(seen);
	plan_service(plan, rank, service, SERVICE_RELOAD, CAUSE_SERVER);
	auto_main_cf cf;
	auto_master_cf master;
	main_cf_parse(&cf, buf_text(&seen->main_cf), seen->main_cf.len);
	master_cf_parse(&master, buf_text(&seen->master_cf), seen->master_cf.len);
	auto_free char *endpoint = services_smtp_endpoint(&cf, &master);
	if (endpoint)
		plan_probe(plan, rank, PROBE_SMTP, endpoint, CAUSE_SERVER);
	else
		plan_note(
			plan,
			_("no address that smtpd listens on can be told from main.cf and "
		          "master.cf: the mail server is not asked whether it answers"));
}

static void plan_include(const struct mta_seen *seen, bool is_wanted, enum step_rank rank,
                         struct plan *plan)
{
	auto_buf text = BUF_INIT;
	const char *old = buf_text(&seen->filter_conf);
	if (is_wanted)
		opendkim_conf_with(old, seen->filter_conf.len, &text);
	else
		opendkim_conf_without(old, seen->filter_conf.len, &text);
	if (is_wanted || text.len)
		plan_file(plan, rank, seen->filter_conf_path, buf_text(&text), text.len,
		          FILE_META_KEEP, CAUSE_FILTER);
	else if (seen->has_filter_conf && seen->admin.includes_ours)
		plan_remove(plan, rank, seen->filter_conf_path, CAUSE_FILTER);
}

/* A change of tables alone is a reload; of a configuration file a restart, for what a reload does
 * not take in (Socket, UMask). */
static void plan_filter(const struct mta_seen *seen, struct plan *plan)
{
	bool is_changed = !seen->admin.includes_ours;
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];
		if (strcmp(step->object, OPENDKIM_OURS) == 0 && step->is_present)
			is_changed =
				is_changed || step->content.len != seen->our_conf.len ||
				memcmp(buf_text(&step->content),
			               buf_text(&seen->our_conf), step->content.len) != 0;
	}
	if (!seen->is_filter_running && seen->host.is_running)
		plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_START, 0);
	else if (seen->is_filter_running && is_changed)
		plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_RESTART,
		             CAUSE_FILTER | CAUSE_TABLES);
	else if (seen->is_filter_running)
		plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_RELOAD,
		             CAUSE_TABLES);
}

static void plan_filter_probes(const struct mta_seen *seen, const struct desired *desired,
                               const char *authserv_id, const struct route *route,
                               const struct opendkim_plan *found, struct plan *plan)
{
	const unsigned any = CAUSE_TABLES | CAUSE_FILTER;
	if (!seen->is_filter_running && !seen->host.is_running)
		return;
	unsigned when = seen->is_filter_running ? any : 0;
	plan_probe(plan, RANK_PROVIDERS, PROBE_MILTER, route->probe, when);
	if (found->signing_name && desired->signs) {
		struct step *step =
			plan_probe(plan, RANK_PROVIDERS, PROBE_MILTER_SIGN, route->probe,
		                   when ? when | CAUSE_KEYS : 0);
		step->probe_domain = xstrdup(found->signing_name);
		step->probe_selector = xstrdup(found->signing_selector);
	}
	if (found->stopped_name) {
		struct step *step = plan_probe(plan, RANK_PROVIDERS, PROBE_MILTER_SIGN,
		                               route->probe, when);
		step->probe_domain = xstrdup(found->stopped_name);
	}
	if (desired->verifies && authserv_id) {
		struct step *step = plan_probe(plan, RANK_PROVIDERS, PROBE_MILTER_VERIFY,
		                               route->probe, when);
		step->probe_domain = xstrdup(authserv_id);
	}
}

static struct opendkim_place live_place(const struct mta_seen *seen)
{
	return (struct opendkim_place){
		.prefix = "",
		.key = { 0600, seen->filter_uid, seen->filter_gid },
		.key_folder = { 0700, seen->filter_uid, seen->filter_gid },
		.table = { 0640, FILE_KEEP_UID, seen->filter_gid },
	};
}

static void note_state(const struct mta_seen *seen, bool is_active, struct plan *plan)
{
	if (seen->is_rooted)
		plan_note(
			plan,
			_("under --root no service is told and nothing is probed or validated by "
		          "the servers' own programs"));
	else if (!seen->host.is_running)
		plan_note(
			plan,
			_("Postfix does not run: its files are in place when it starts, nothing "
		          "was probed"));
	if (is_active && seen->filter_uid == FILE_KEEP_UID)
		plan_note(
			plan,
			_("there is no account for OpenDKIM on this host: key files stay with "
		          "root"));
}

static int plan_active(const struct desired *desired, const struct mta_seen *seen,
                       bool has_policy, struct plan *plan, struct err *err)
{
	struct route route;
	struct opendkim_plan found = { 0 };
	auto_networks internal = NETWORKS_INIT;
	struct opendkim_place place = live_place(seen);
	find_route(seen, &route);
	const char *id =
		desired->authserv_id ? desired->authserv_id : seen->host.hostname;
	const struct opendkim_setup setup = {
		.signs = desired->signs,
		.verifies = desired->verifies,
		.defers_dns_errors = desired->checks_dmarc,
		.socket = route.socket,
		.authserv_id = id && *id ? id : NULL,
	};
	postfix_signing_networks(desired, seen->network, seen->networks, &internal, plan);
	int r = opendkim_plan_files(desired, &place, &setup, &internal, true, plan,
	                            &found, err);
	if (r == 0) {
		auto_free char *folder = xasprintf("%s/opendkim", seen->host.queue_dir);
		if (route.socket) /* the group of the folder becomes that of the socket */
			plan_mkdir(plan, RANK_DATA, folder,
			           (struct file_meta){ 02750, seen->filter_uid,
			                               seen->postfix_gid });
		plan_include(seen, true, RANK_PROVIDERS, plan);
		plan_filter(seen, plan);
		plan_filter_probes(seen, desired, setup.authserv_id, &route, &found,
		                   plan);
		plan_main(seen, desired, &route, has_policy, RANK_CONSUMERS, plan);
		plan_server(seen, RANK_CONSUMERS, plan);
	}
	opendkim_plan_done(&found);
	route_done(&route);
	return r;
}

/* main.cf lets go of the filter, then that gets its own configuration back.  One step changes
 * main.cf: where it is to name the SPF service, it waits for that, and the filter waits for it. */
static void plan_release(const struct desired *desired, const struct mta_seen *seen,
                         bool has_policy, struct plan *plan)
{
	enum step_rank rank = has_policy ? RANK_CONSUMERS : RANK_RELEASE;
	enum step_rank later = has_policy ? RANK_LEFTOVERS : RANK_PROVIDERS;
	if (seen->main_path)
		plan_main(seen, desired, NULL, has_policy, rank, plan);
	plan_server(seen, rank, plan);
	plan_include(seen, false, later, plan);
	if (seen->is_filter_running)
		plan_service(plan, later, "opendkim", SERVICE_RESTART, CAUSE_FILTER);
}

int postfix_plan(const struct desired *desired, const struct mta_seen *seen,
                 struct plan *ret_plan, struct err *err)
{
	bool is_wanted = desired && (desired->signs || desired->verifies);
	bool is_active = is_wanted && seen->has_filter;
	note_state(seen, is_active, ret_plan);
	if (desired && !seen->main_path)
		return err_set(err, ERR_FAILED, _("Postfix is not here any more: %s"),
		               seen->host.why_not);
	bool has_policy;
	int r = is_wanted ? check_filter(desired, seen, err) : 0;
	if (r == 0)
		r = postfix_policy_decide(desired, seen, ret_plan, &has_policy, err);
	if (r == 0)
		r = postfix_policy_plan(desired, seen, has_policy, ret_plan, err);
	if (r < 0)
		return r;
	if (is_active)
		return plan_active(desired, seen, has_policy, ret_plan, err);
	if (is_wanted)
		plan_note(
			ret_plan,
			_("OpenDKIM is not installed, so nothing is signed or verified: "
		          "install the package opendkim, then run \"mailauthctl mta push\""));
	plan_release(desired, seen, has_policy, ret_plan);
	if (!desired)
		return 0;
	struct opendkim_plan found = { 0 };
	struct opendkim_place place = live_place(seen);
	const struct opendkim_setup setup = { 0 };
	auto_networks none = NETWORKS_INIT;
	r = opendkim_plan_files(desired, &place, &setup, &none, false, ret_plan, &found,
	                        err);
	opendkim_plan_done(&found);
	return r;
}
