/*
 * Targets of local rules: an include requires a policy; a and mx require records of their kind.
 * Also whether DNS answers at all.
 */
#include "cli/app/spf_targets.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "dnszone/name/dns_name.h"
#include "dnszone/query/query.h"
#include "dnszone/spf/spf_record.h"
#include "dnszone/txt/policy.h"

enum {
	LOOK_MS = 5000,
	LOOK_MEMORY = 1 << 18,
};

static bool has_policy(const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		auto_free char *text =
			xmemdup(answer->rdata[i].octets, answer->rdata[i].len);
		if (policy_kind_of("@", "TXT", text) == POLICY_SPF)
			return true;
	}
	return false;
}

/* *ret_answer: the last answer. */
static bool is_there(struct resolver *dns, enum spf_term_kind kind,
                     const struct dns_name *name, struct deadline until,
                     struct arena *mem, struct dns_answer *ret_answer)
{
	if (kind == SPF_INCLUDE) {
		resolver_ask(dns, name, DNS_TXT, until, mem, ret_answer);
		return ret_answer->kind == DNS_OK && has_policy(ret_answer);
	}
	resolver_ask(dns, name, kind == SPF_MX ? DNS_MX : DNS_A, until, mem, ret_answer);
	if (kind == SPF_A && ret_answer->kind == DNS_NODATA)
		resolver_ask(dns, name, DNS_AAAA, until, mem, ret_answer);
	return ret_answer->kind == DNS_OK && ret_answer->count;
}

static void look_at(struct app *app, struct resolver *dns,
                    const struct spf_record *record, const struct spf_term *term,
                    struct deadline until, struct arena *mem)
{
	struct dns_name name;
	struct dns_answer answer;
	auto_free char *domain =
		xmemdup(record->text + term->domain_at, term->domain_len);
	bool is_looked_up =
		term->kind == SPF_INCLUDE || term->kind == SPF_A || term->kind == SPF_MX;
	if (!is_looked_up || !*domain || strchr(domain, '%') ||
	    !dns_name_from_text(domain, term->domain_len, &name) ||
	    is_there(dns, term->kind, &name, until, mem, &answer))
		return;
	if (answer.kind == DNS_TEMPFAIL)
		app_say(app, REPORT_WARNING, _("%.*s could not be looked up: %s"),
		        (int)term->len, record->text + term->at, answer.why);
	else
		app_say(app, REPORT_WARNING,
		        _("%.*s never matches: DNS has no such record for %s (%s)"),
		        (int)term->len, record->text + term->at, domain,
		        dns_kind_name(answer.kind));
}

void spf_targets_warn(struct app *app, const char *rules)
{
	struct err ignored = ERR_INIT;
	struct spf_record *record = NULL;
	struct query_servers servers;
	struct arena mem = { 0 };
	auto_free char *text = xasprintf("v=spf1 %s", rules);
	if (app->session.ctx.is_rooted || !*rules ||
	    spf_record_parse(text, strlen(text), &record, &ignored) < 0)
		return;
	struct deadline until = deadline_in_ms(LOOK_MS);
	if (query_servers_system(&servers, &ignored) >= 0 &&
	    arena_open(&mem, LOOK_MEMORY)) {
		auto_resolver *dns = query_new(&servers, NULL);
		for (size_t i = 0; dns && i < record->count; i++)
			look_at(app, dns, record, &record->term[i], until, &mem);
	}
	arena_done(&mem);
	spf_record_free(record);
}

/* ---- silence ----------------------------------------------------------------------------------- */

void spf_targets_warn_of_silence(struct app *app)
{
	static const struct dns_name root = { .len = 1 };
	struct err ignored = ERR_INIT;
	struct query_servers servers;
	struct arena mem = { 0 };
	struct dns_answer answer = { .kind = DNS_OK };
	if (app->session.ctx.is_rooted || query_servers_system(&servers, &ignored) < 0)
		return;
	auto_resolver *dns = query_new(&servers, NULL);
	if (dns && arena_open(&mem, LOOK_MEMORY))
		resolver_ask(dns, &root, DNS_NS, deadline_in_ms(LOOK_MS), &mem, &answer);
	/* the warning is for the administrator, even if a customer caused the push */
	app->session.hidden++;
	if (answer.kind == DNS_TEMPFAIL && !answer.has_reply)
		app_say(app, REPORT_WARNING,
		        _("SPF checks now reject or defer mail, but the name servers "
		          "of this host do not answer (%s): nearly all mail will be "
		          "deferred; run \"mailauthctl doctor resolver\""),
		        answer.why);
	app->session.hidden--;
	arena_done(&mem);
}
