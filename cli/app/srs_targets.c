/*
 * The SRS domain in DNS, and how the mail server treats rewritten senders.  Only warnings: DNS may
 * be corrected afterwards.
 */
#include "cli/app/srs_targets.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "core/model/setting/setting.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/backend_choose.h"
#include "dnszone/name/dns_name.h"
#include "dnszone/query/query.h"
#include "dnszone/query/resolver_cache.h"
#include "dnszone/spf/spf_check.h"

enum { LOOK_MS = 5000 };

struct look {
	struct app *app;
	struct resolver *dns;
	struct arena mem;
	struct deadline until;
	const char *domain;
};

/* ---- the way back ------------------------------------------------------------------------------- */

/* RFC 7505: a single "." means that the domain accepts no mail. */
static bool is_null_mx(const struct dns_answer *answer)
{
	return answer->kind == DNS_OK && answer->count == 1 && answer->rdata[0].len == 1;
}

static void look_for_mx(struct look *look)
{
	static const enum dns_type types[] = { DNS_MX, DNS_A, DNS_AAAA };
	struct dns_name name;
	struct dns_answer answer = { .kind = DNS_NXDOMAIN };
	if (!dns_name_from_text(look->domain, strlen(look->domain), &name))
		return;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		resolver_ask(look->dns, &name, types[i], look->until, &look->mem,
		             &answer);
		if (i == 0 && is_null_mx(&answer)) {
			app_say(look->app, REPORT_WARNING,
			        _("%s, the SRS domain, declares in DNS that it accepts "
			          "no mail (MX 0 .): bounces cannot be delivered"),
			        look->domain);
			return;
		}
		if (answer.kind != DNS_NODATA)
			break;
	}
	if (answer.kind == DNS_TEMPFAIL)
		app_say(look->app, REPORT_WARNING,
		        _("%s, the SRS domain, could not be looked up: %s"), look->domain,
		        answer.why);
	else if (answer.kind != DNS_OK)
		app_say(look->app, REPORT_WARNING,
		        _("%s, the SRS domain, has neither an MX record nor an address "
		          "in DNS (%s): bounces cannot be delivered"),
		        look->domain, dns_kind_name(answer.kind));
}

/* ---- SPF of rewritten mail ----------------------------------------------------------------------- */

static void look_at_spf(struct look *look, const char *ip, const char *hostname)
{
	const struct spf_settings settings = { .mode = SPF_HEADERS_ONLY,
		                               .is_plain = true };
	auto_free char *sender = xasprintf("SRS0=x=y=z=x@%s", look->domain);
	struct spf_message message = {
		.sender = { sender, strlen(sender) },
		.helo = { hostname, strlen(hostname) },
		.now = ctx_now(&look->app->session.ctx),
	};
	struct spf_context context = {
		.dns = look->dns,
		.limits = SPF_LIMITS_DEFAULT,
		.until = look->until,
		.mem = &look->mem,
	};
	struct spf_verdict verdict;
	if (!address_parse(ip, message.client))
		return;
	spf_check(&context, &settings, &message, &verdict);
	if (verdict.result != SPF_PASS)
		app_say(look->app, REPORT_WARNING,
		        _("mail with a sender of %s, the SRS domain, from this host (%s) does "
		          "not pass SPF: %s"),
		        look->domain, ip, spf_result_name(verdict.result));
}

static void look_in_dns(struct app *app, const char *domain, const struct env *env)
{
	struct query_servers servers;
	struct err ignored = ERR_INIT;
	struct look look = { .app = app,
		             .until = deadline_in_ms(LOOK_MS),
		             .domain = domain };
	if (app->session.ctx.is_rooted || query_servers_system(&servers, &ignored) < 0 ||
	    !arena_open(&look.mem, 2 * SPF_MEMORY))
		return;
	struct resolver *live = query_new(&servers, NULL);
	auto_resolver *cache = live ? resolver_cache_new(live, SPF_MEMORY) : NULL;
	look.dns = cache;
	if (!cache)
		resolver_free(live);
	if (cache)
		look_for_mx(&look);
	if (cache && env->ip)
		look_at_spf(&look, env->ip, env->hostname ? env->hostname : domain);
	arena_done(&look.mem);
}

/* ---- together ----------------------------------------------------------------------------------- */

static void say_warning(void *arg, const char *sentence)
{
	app_say(arg, REPORT_WARNING, "%s", sentence);
}

static bool is_on(struct app *app, const struct srs_change *change)
{
	struct err ignored = ERR_INIT;
	bool is_stored = false;
	if (change->enabled)
		return strcmp(change->enabled, "on") == 0;
	return (change->domain || change->hostname) &&
	       setting_bool(app->session.store, SET_SRS_ENABLED, 0, &is_stored,
	                    &ignored) == 0 &&
	       is_stored;
}

/* The new value of srs.domain, else the host's name. */
static const char *choose_domain(const struct srs_change *change, const char *stored,
                                 const struct env *env)
{
	const char *typed = change->domain ? change->domain : stored;
	if (typed && *typed)
		return typed;
	return change->hostname && *change->hostname ? change->hostname : env->hostname;
}

static void warn(struct app *app, const struct srs_change *change)
{
	struct err ignored = ERR_INIT;
	const struct mta_backend *backend = NULL;
	bool is_adopted;
	auto_free char *stored = NULL;
	auto_free char *own_name = NULL;
	auto_env env = { 0 };
	if (setting_text(app->session.store, SET_SRS_DOMAIN, 0, &stored, &ignored) < 0 ||
	    backend_hostname(&app->session.ctx, app->session.store, &own_name, &ignored) <
	            0 ||
	    env_load(&app->session.ctx, app->session.store, own_name, &env, &ignored) < 0)
		return;
	const char *domain = choose_domain(change, stored, &env);
	if (domain)
		look_in_dns(app, domain, &env);
	if (backend_choose(&app->session.ctx, app->session.store, &backend, &is_adopted,
	                   &ignored) == 0 &&
	    backend && backend->advise_srs && change->enabled &&
	    backend->advise_srs(&app->session.ctx, app->session.store, domain,
	                        change->excluded, say_warning, app, &ignored) < 0)
		err_clear(&ignored); /* the push reports it */
}

void srs_targets_warn(struct app *app, const struct srs_change *change)
{
	struct err ignored = ERR_INIT;
	if (!change->enabled && !change->domain && !change->hostname)
		return;
	if (session_open_to_read(&app->session, &ignored) == 0 && is_on(app, change))
		warn(app, change);
	store_close(app->session.store);
	app->session.store = NULL;
}
