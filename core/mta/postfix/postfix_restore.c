/*
 * A rollback on Postfix: from the files that change to ranks, services and probes.  Pure.
 *
 * The order is that of any push: what is restored or changes comes up to RANK_PROVIDERS and must
 * answer, then main.cf is switched, and what main.cf no longer names is removed after it.  Which
 * services are told and which sockets are probed is read from the future texts.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/plan/shared.h"
#include "core/mta/postfix/postfix_macros.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_services.h"
#include "core/mta/probe/milter.h"
#include "core/mta/probe/policy_probe.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendkim_conf.h"
#include "core/mta/provider/opendmarc.h"
#include "core/mta/provider/policyd_conf.h"

static bool is_leaving(const struct step *step)
{
	auto_buf part = BUF_INIT;

	if (!step->is_present || !step->shared)
		return !step->is_present;
	shared_part(step->shared, step_text(step), &part);
	return part.len == 0;
}

struct step *postfix_restore_file(struct plan *plan, const char *path,
                                  enum step_rank rank, unsigned causes)
{
	struct step *step = plan_find_file(plan, path);

	if (!step)
		return NULL;
	step->rank = is_leaving(step) ? RANK_LEFTOVERS : rank;
	step->causes = causes;
	return step;
}

/* The future content of a file. */
static const struct buf *text_of(const struct step *step, const struct buf *now)
{
	return step ? step_text(step) : now;
}

/* ---- SPF -------------------------------------------------------------------------------------- */

static void plan_policy_probes(const struct postfix_observed *observed,
                               enum step_rank rank, struct plan *plan)
{
	const unsigned when =
		plan_cause(plan, CAUSE_MASTER) | plan_cause(plan, CAUSE_POLICY);
	auto_free char *socket =
		xasprintf("unix:%s/" POLICYD_SOCKET, observed->host.queue_dir);
	bool has_dmarc = false;
	char *name = policyd_conf_verifier(plan, &has_dmarc);

	plan_probe(plan, rank, &policy_probe, &postfix_service, socket, when);
	if (!name)
		return;
	struct step *step = plan_probe(plan, rank, &milter_guard_probe, &postfix_service,
	                               socket, when);
	milter_guard_question(step)->authserv_id = name;
	milter_guard_question(step)->has_dmarc = has_dmarc;
}

int postfix_policy_restore(const struct postfix_observed *observed, struct plan *plan,
                           struct err *err)
{
	struct step *line =
		postfix_restore_file(plan, observed->master_path, RANK_PROVIDERS,
	                             plan_cause(plan, CAUSE_MASTER));
	enum step_rank rank = line ? line->rank : RANK_PROVIDERS;
	auto_master_cf master = MASTER_CF_INIT;
	const struct buf *text = text_of(line, &observed->master_cf);
	bool has_service = false;

	(void)err;
	postfix_restore_file(plan, POLICYD_CONF,
	                     policyd_conf_ends_verifying(plan) ? RANK_LEFTOVERS
	                                                       : RANK_TABLES,
	                     plan_cause(plan, CAUSE_POLICY));
	if (!observed->host.is_running)
		return 0;
	auto_free char *service = postfix_service_name(observed);
	master_cf_parse(&master, buf_text(text), text->len);
	plan_service(plan, rank, service, SERVICE_RELOAD, plan_cause(plan, CAUSE_MASTER));
	for (size_t i = 0; i < master.count; i++)
		has_service = has_service ||
		              strcmp(master.service[i].name, POLICYD_SERVICE) == 0;
	if (has_service)
		plan_policy_probes(observed, rank, plan);
	return 0;
}

/* ---- DKIM ------------------------------------------------------------------------------------- */

/* The domain and the selector of the first line of `table` (lines "<name> <domain>:<selector>:...")
 * that `other` does not have; NULL: each line is in both.  Both are sorted by domain. */
static char *first_alone(const struct buf *table, const struct buf *other,
                         char **ret_selector)
{
	const char *at = buf_text(table), *to = buf_text(other);

	while (*at) {
		size_t len = strcspn(at, "\n"), other_len = strcspn(to, "\n");
		const char *domain = memchr(at, ' ', len);
		const char *colon = domain ? memchr(domain, ':', len) : NULL;

		if (len == other_len && memcmp(at, to, len) == 0) {
			at += len + (at[len] == '\n');
			to += other_len + (to[other_len] == '\n');
			continue;
		}
		if (!domain || !colon)
			return NULL;
		auto_free char *line = xasprintf("%.*s\n", (int)len, at);
		if (!strstr(to, line)) {
			*ret_selector = xmemdup(colon + 1, strcspn(colon + 1, ":\n"));
			return xmemdup(domain + 1, (size_t)(colon - domain - 1));
		}
		to = strstr(to, line); /* lines that only the other has are between */
	}
	return NULL;
}

/* A name that signs again or with another key, and one that signs no more. */
static void plan_sign_probes(const char *endpoint, unsigned when, struct plan *plan)
{
	const struct step *table = plan_find_file(plan, OPENDKIM_KEY_TABLE);
	char *selector = NULL;
	auto_free char *gone = NULL, *gone_selector = NULL;
	struct step *step;

	if (!table)
		return;
	char *name = first_alone(step_text(table), &step_old(table)->content, &selector);
	gone = first_alone(&step_old(table)->content, step_text(table), &gone_selector);
	auto_free char *start = gone ? xasprintf(" %s:", gone) : NULL;
	if (start && strstr(buf_text(step_text(table)), start)) { /* with another key */
		free(gone);
		gone = NULL;
	}
	if (name) {
		step = plan_probe(plan, RANK_PROVIDERS, &milter_sign_probe,
		                  &opendkim_service, endpoint, when);
		milter_sign_question(step)->domain = name;
		milter_sign_question(step)->selector = selector;
	}
	if (gone) {
		step = plan_probe(plan, RANK_PROVIDERS, &milter_sign_probe,
		                  &opendkim_service, endpoint, when);
		milter_sign_question(step)->domain = xstrdup(gone);
	}
}

/* The value of a keyword in our configuration, else in the administrator's. */
static const char *value_of(const struct opendkim_conf *ours,
                            const struct postfix_observed *observed, const char *key)
{
	const char *value = opendkim_conf_get(ours, key);

	return value ? value : opendkim_conf_get(&observed->dkim.admin, key);
}

static void plan_filter(const struct postfix_observed *observed,
                        const struct opendkim_conf *ours, const struct buf *next,
                        struct plan *plan)
{
	const unsigned any =
		plan_cause(plan, CAUSE_TABLES) | plan_cause(plan, CAUSE_FILTER);
	const char *socket = value_of(ours, observed, "Socket");
	const char *mode = value_of(ours, observed, "Mode");
	const char *id = value_of(ours, observed, "AuthservID");
	auto_free char *endpoint =
		socket ? opendkim_endpoint(socket, observed->host.queue_dir) : NULL;

	if (observed->dkim.is_running)
		plan_service(plan, RANK_PROVIDERS, "opendkim",
		             postfix_dkim_needs_restart(&observed->dkim, next)
		                     ? SERVICE_RESTART
		                     : SERVICE_RELOAD,
		             any);
	if (observed->host.is_running)
		plan_service(plan, RANK_PROVIDERS, "opendkim", SERVICE_ENABLE, 0);
	if (!endpoint || (!observed->dkim.is_running && !observed->host.is_running))
		return;
	plan_probe(plan, RANK_PROVIDERS, &milter_probe, &opendkim_service, endpoint, any);
	if (mode && strchr(mode, 's'))
		plan_sign_probes(endpoint, any, plan);
	if (mode && strchr(mode, 'v') && !id)
		return;
	struct step *verify = plan_probe(plan, RANK_PROVIDERS, &milter_verify_probe,
	                                 &opendkim_service, endpoint, any);
	if (mode && strchr(mode, 'v'))
		milter_verify_question(verify)->authserv_id = xstrdup(id);
}

int postfix_dkim_restore(const struct postfix_observed *observed, struct plan *plan,
                         struct err *err)
{
	auto_opendkim_conf ours = OPENDKIM_CONF_INIT;
	auto_buf part = BUF_INIT;
	const struct step *our_conf, *conf;
	int r;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->step[i].is_secret &&
		    text_starts(plan->step[i].object, OPENDKIM_KEYS "/"))
			plan->step[i].causes = plan_cause(plan, CAUSE_KEYS);
		else if (step_is_file(&plan->step[i]) &&
		         text_starts(plan->step[i].object, OPENDKIM_FOLDER "/"))
			postfix_restore_file(plan, plan->step[i].object, RANK_TABLES,
			                     plan_cause(plan, CAUSE_TABLES));
	plan_names(plan, OPENDKIM_SIGNING_TABLE, OPENDKIM_KEY_TABLE);
	our_conf = postfix_restore_file(plan, OPENDKIM_OURS, RANK_PROVIDERS,
	                                plan_cause(plan, CAUSE_FILTER));
	conf = postfix_restore_file(plan, observed->dkim.conf_path, RANK_PROVIDERS,
	                            plan_cause(plan, CAUSE_FILTER));
	shared_part(&opendkim_conf_format, text_of(conf, &observed->dkim.conf), &part);
	if (part.len == 0) {
		if (observed->dkim.is_running)
			plan_service(plan, RANK_LEFTOVERS, "opendkim",
			             postfix_dkim_needs_restart(&observed->dkim, NULL)
			                     ? SERVICE_RESTART
			                     : SERVICE_RELOAD,
			             plan_cause(plan, CAUSE_FILTER));
		plan_service(plan, RANK_LEFTOVERS, "opendkim", SERVICE_DISABLE, 0);
		return 0;
	}
	const struct buf *next = text_of(our_conf, &observed->dkim.our_conf);
	r = opendkim_conf_parse(&ours, buf_text(next), NULL, NULL, err);
	if (r == 0)
		plan_filter(observed, &ours, next, plan);
	return r;
}

/* ---- OpenDMARC, of earlier versions ----------------------------------------------------------- */

static void plan_dmarc(const struct postfix_observed *observed,
                       const struct opendkim_conf *conf, struct plan *plan)
{
	const char *socket = opendkim_conf_get(conf, "Socket");
	const char *id = opendkim_conf_get(conf, "AuthservID");
	auto_free char *endpoint =
		socket ? opendkim_endpoint(socket, observed->host.queue_dir) : NULL;

	if (!observed->earlier.is_running && !observed->host.is_running)
		return;
	if (observed->earlier.is_running)
		plan_service(plan, RANK_PROVIDERS, "opendmarc", SERVICE_RESTART,
		             plan_cause(plan, CAUSE_DMARC));
	plan_service(plan, RANK_PROVIDERS, "opendmarc", SERVICE_ENABLE, 0);
	if (!endpoint)
		return;
	plan_probe(plan, RANK_PROVIDERS, &milter_probe, &opendmarc_service, endpoint,
	           plan_cause(plan, CAUSE_DMARC));
	if (!id)
		return;
	struct step *step =
		plan_probe(plan, RANK_PROVIDERS, &milter_dmarc_probe, &opendmarc_service,
	                   endpoint, plan_cause(plan, CAUSE_DMARC));
	milter_verify_question(step)->authserv_id = xstrdup(id);
}

int postfix_earlier_restore(const struct postfix_observed *observed, struct plan *plan,
                            struct err *err)
{
	const struct step *step =
		postfix_restore_file(plan, observed->earlier.conf_path, RANK_PROVIDERS,
	                             plan_cause(plan, CAUSE_DMARC));
	const struct buf *text = text_of(step, &observed->earlier.conf);
	auto_opendkim_conf conf = OPENDKIM_CONF_INIT;
	auto_buf part = BUF_INIT;
	int r;

	postfix_restore_file(plan, OPENDMARC_IGNORE_HOSTS, RANK_TABLES,
	                     plan_cause(plan, CAUSE_DMARC));
	shared_part(&opendmarc_conf_format, text, &part);
	if (part.len == 0) {
		if (observed->earlier.is_running)
			plan_service(plan, RANK_LEFTOVERS, "opendmarc", SERVICE_RESTART,
			             plan_cause(plan, CAUSE_DMARC));
		plan_service(plan, RANK_LEFTOVERS, "opendmarc", SERVICE_DISABLE, 0);
		return 0;
	}
	r = opendkim_conf_parse(&conf, buf_text(text), NULL, NULL, err);
	if (r == 0)
		plan_dmarc(observed, &conf, plan);
	return r;
}

/* ---- the whole -------------------------------------------------------------------------------- */

int postfix_restore(const void *row_observed, struct plan *plan, struct err *err)
{
	const struct postfix_observed *observed = row_observed;
	auto_main_cf cf = MAIN_CF_INIT;
	auto_master_cf master = MASTER_CF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < postfix_part_count; i++)
		if (postfix_parts[i]->restore)
			r = postfix_parts[i]->restore(observed, plan, err);
	if (r < 0)
		return r;
	struct step *step =
		postfix_restore_file(plan, observed->main_path, RANK_CONSUMERS,
	                             plan_cause(plan, CAUSE_SERVER));
	if (!step)
		return 0;
	step->rank = RANK_CONSUMERS; /* also if it removes everything */
	main_cf_parse(&cf, buf_text(step_text(step)), step_text(step)->len);
	step = plan_find_file(plan, observed->master_path);
	const struct buf *text = text_of(step, &observed->master_cf);
	master_cf_parse(&master, buf_text(text), text->len);
	macros_for_probes(&cf, observed->host.hostname, plan);
	postfix_plan_server(observed, &cf, &master, plan);
	return 0;
}
