/*
 * IceWarp, over its XML interface.
 *
 * Keys and selectors are ours.  What else it does are variables of the server, which differ between
 * releases: what the server does not have is not claimed.  Nothing was tried with a real server; every
 * change is read back.
 */
#include "core/mta/plan/backend.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/icewarp/icewarp_remote.h"
#include "core/mta/plan/desired.h"
#include "core/mta/provider/offer.h"
#include "dnszone/spf/spf_mode.h"

#define LIMIT_NS (30 * NS_PER_SEC)
#define OFFER OFFER_FOLDER "/icewarp"

/* The variables that are read; those of one feature are there together or not at all. */
enum variable {
	VERSION,
	SIGNS,
	SPF_USE,
	SPF_SOFT,
	SPF_HARD,
	DKIM_USE,
	DMARC_USE,
	DMARC_REJECT,
	SRS_USE,
	SRS_KEY,
	VARIABLES
};
static const char *const variables[VARIABLES] = {
	[VERSION] = "C_Version",
	[SIGNS] = "C_Accounts_Global_Domains_DomainKeys",
	[SPF_USE] = "C_Mail_Security_DMARC_UseSPF",
	[SPF_SOFT] = "C_Mail_Security_DMARC_SPFSoftFail",
	[SPF_HARD] = "C_Mail_Security_DMARC_SPFHardFail",
	[DKIM_USE] = "C_Mail_Security_DMARC_UseDKIM",
	[DMARC_USE] = "C_Mail_Security_DMARC_UseDMARC",
	[DMARC_REJECT] = "C_Mail_Security_DMARC_DMARCReject",
	[SRS_USE] = "C_Mail_SMTP_Other_SPFSRS",
	[SRS_KEY] = "C_Mail_SMTP_Other_SPFSRSKey",
};

static int64_t deadline(void)
{
	return monotonic_ns() + LIMIT_NS;
}

/* ---- the server -------------------------------------------------------------------------------- */

struct domain_state {
	char *name;
	bool exists, is_supported;
	struct remote_value dkim;
};

struct observed {
	char *url, *credentials;
	struct iw_session *session; /* of the context */
	struct iw_property variable[VARIABLES];
	struct domain_state **domain;
	size_t domains, room;
};

static void domain_free(struct domain_state *domain)
{
	free(domain->name);
	secret_done(&domain->dkim.text);
	free(domain);
}

static void observed_free(void *arg)
{
	struct observed *o = arg;
	if (!o)
		return;
	for (size_t i = 0; i < o->domains; i++)
		domain_free(o->domain[i]);
	free(o->domain);
	iw_properties_done(o->variable, VARIABLES);
	free(o->url);
	free(o->credentials);
	free(o);
}

static struct remote_server server_of(const struct observed *o)
{
	return (struct remote_server){ o->url, o->credentials };
}

static bool is_there(const struct observed *o, enum variable variable)
{
	return o->variable[variable].is_there;
}

static int detect(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
                  struct err *err)
{
	return offer_detect(ctx, store, OFFER, ret_found, err);
}

static int look(struct ctx *ctx, struct store *store, struct observed *o, struct err *err)
{
	int r = offer_read_address(ctx, store, &o->url, &o->credentials, err);
	const struct remote_server server = server_of(o);
	for (int i = 0; i < VARIABLES; i++)
		o->variable[i].name = variables[i];
	if (r == 0)
		r = iw_session(ctx, &server, &o->session, err);
	return r ? r : iw_read(o->session, NULL, o->variable, VARIABLES, deadline(), err);
}

static int observe(struct ctx *ctx, struct store *store, void **ret_observed,
                   struct err *err)
{
	struct observed *o = xcalloc(1, sizeof(*o));
	int r = look(ctx, store, o, err);
	if (r == 0)
		*ret_observed = o;
	else
		observed_free(o);
	return r;
}

static const struct domain_state *find_domain(const struct observed *o, const char *name)
{
	for (size_t i = 0; i < o->domains; i++)
		if (strcmp(o->domain[i]->name, name) == 0)
			return o->domain[i];
	return NULL;
}

static int observe_name(void *observed, const char *name, struct err *err)
{
	struct observed *o = observed;
	if (find_domain(o, name))
		return 0;
	struct domain_state *domain = xcalloc(1, sizeof(*domain));
	domain->name = xstrdup(name);
	int r = iw_dkim_read(o->session, name, deadline(), &domain->exists,
	                     &domain->is_supported, &domain->dkim, err);
	if (r != 0) {
		domain_free(domain);
		return r;
	}
	GROW(o->domain, o->domains, o->room);
	o->domain[o->domains++] = domain;
	return 0;
}

/* ---- domains ----------------------------------------------------------------------------------- */

struct planning {
	const struct desired *desired;
	const struct observed *o;
	struct plan *plan;
	const struct domain_state *domain; /* at hand */
	struct remote_value next;          /* of it */
	bool signs;                        /* one of them does */
};

static void value_done(struct remote_value *value)
{
	secret_done(&value->text);
	value->is_set = false;
}
#define auto_value cleanup(value_done) struct remote_value

static bool is_same(const struct remote_value *a, const struct remote_value *b)
{
	return a->is_set == b->is_set &&
	       (!a->is_set || (a->text.len == b->text.len &&
	                       memcmp(a->text.at, b->text.at, a->text.len) == 0));
}

/* One key signs a name there. */
static int take_key(void *arg, const struct signing_row *row, struct err *err)
{
	struct planning *p = arg;
	auto_secret pem = SECRET_INIT;
	if (strcmp(row->algorithm, "rsa") != 0)
		return 0;
	int r = desired_key_pem(p->desired, row->key_id, &pem, err);
	if (r == 0)
		iw_dkim_text(row->selector, true, pem.at, pem.len, &p->next);
	return r;
}

/* A key that an administrator set up signs already: it would be lost. */
static int check_replaced(const struct planning *p, bool owns, struct err *err)
{
	const struct domain_state *domain = p->domain;
	if (owns || !domain->dkim.is_set || p->desired->replace_filter ||
	    is_same(&domain->dkim, &p->next))
		return 0;
	err_set(err, ERR_FAILED,
	        _("IceWarp has a DKIM key of %s already, which would be lost: import "
	          "it with \"mailauthctl key import\", or use \"mailauthctl mta adopt "
	          "--replace-filter\""),
	        domain->name);
	return err_set_remedy(err, "mailauthctl mta adopt --replace-filter");
}

static int plan_domain(struct planning *p, struct err *err)
{
	const struct domain_state *domain = p->domain;
	const struct remote_server server = server_of(p->o);
	auto_free char *name = xasprintf("%s dkim", domain->name);
	auto_value base = { 0 };
	bool owns;
	int r = desired_base(p->desired, p->o->url, name, &owns, &base, err);
	if (r != 0 || (!p->next.is_set && !owns))
		return r;
	if (p->next.is_set && (!domain->exists || !domain->is_supported)) {
		plan_warn(
			p->plan, NULL,
			domain->exists
				? _("%s is not signed: this IceWarp does not have DKIM "
		                    "(D_DKIM_Active)")
				: _("%s is not signed: IceWarp has no such domain; add it "
		                    "there, then run \"mailauthctl mta push\""),
			domain->name);
		return 0;
	}
	r = check_replaced(p, owns, err);
	if (r != 0)
		return r;
	struct step *step = plan_remote(p->plan, RANK_CONSUMERS, &icewarp_remote, &server,
	                                name, &domain->dkim, &p->next, 0);
	step->domain = xstrdup(domain->name);
	step->is_secret = true;
	p->signs |= p->next.is_set;
	return 0;
}

static int plan_name(void *arg, const char *name, struct err *err)
{
	struct planning *p = arg;
	p->domain = find_domain(p->o, name);
	if (!p->domain) /* it was ours, and no database knows it */
		return 0;
	int r = desired_each_signing_of(p->desired, name, take_key, p, err);
	if (r == 0)
		r = plan_domain(p, err);
	value_done(&p->next);
	return r;
}

static int note_signing(void *arg, const struct signing_row *row, struct err *err)
{
	(void)row, (void)err;
	*(bool *)arg = true;
	return 1;
}

/* ---- the whole server -------------------------------------------------------------------------- */

/* `next` NULL: the feature is off; what was there before us comes back. */
static int plan_variable(struct planning *p, enum variable variable, const char *next,
                         struct err *err)
{
	const struct iw_property *now = &p->o->variable[variable];
	const struct remote_server server = server_of(p->o);
	auto_free char *name = xasprintf("server %s", variables[variable]);
	auto_value base = { 0 }, old = { 0 }, new = { 0 };
	bool owns;
	int r = desired_base(p->desired, p->o->url, name, &owns, &base, err);
	if (r != 0 || !now->is_there || (!next && (!owns || !base.is_set)))
		return r;
	iw_variable_value(now, &old);
	new.is_set = true;
	if (next)
		secret_set(&new.text, next, strlen(next));
	else
		secret_set(&new.text, base.text.at, base.text.len);
	plan_remote(p->plan, RANK_CONSUMERS, &icewarp_remote, &server, name, &old, &new,
	            0);
	return r;
}

static bool has_feature(const struct observed *o, enum mta_feature feature)
{
	switch (feature) {
	case FEATURE_SPF:
		return is_there(o, SPF_USE) && is_there(o, SPF_SOFT) &&
		       is_there(o, SPF_HARD);
	case FEATURE_DKIM_VERIFY:
		return is_there(o, DKIM_USE);
	case FEATURE_DMARC:
		return is_there(o, DMARC_USE) && is_there(o, DMARC_REJECT);
	case FEATURE_SRS:
		return is_there(o, SRS_USE);
	default:
		return is_there(o, SIGNS);
	}
}

struct wish {
	enum mta_feature feature;
	bool is_on;
	struct {
		enum variable variable;
		const char *value; /* NULL: the end */
	} set[4];
};

static int plan_wish(struct planning *p, const struct wish *wish, struct err *err)
{
	int r = 0;
	if (!has_feature(p->o, wish->feature)) {
		if (wish->is_on)
			plan_lack(
				p->plan,
				_("%s: saved, but not enforced: this IceWarp does not have "
			          "it"),
				_(feature_table[wish->feature].name));
		return 0;
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(wish->set) && wish->set[i].value; i++)
		r = plan_variable(p, wish->set[i].variable,
		                  wish->is_on ? wish->set[i].value : NULL, err);
	return r;
}

/* SRS is useless without a key; one that is there stays. */
static int plan_srs_key(struct planning *p, struct err *err)
{
	const struct iw_property *now = &p->o->variable[SRS_KEY];
	const struct remote_server server = server_of(p->o);
	auto_secret lines = SECRET_INIT;
	auto_value old = { 0 }, new = { .is_set = true };
	if (!p->desired->has_srs || !now->is_there || now->value.len)
		return 0;
	int r = desired_srs_secrets(p->desired, &lines, err);
	size_t len = 0;
	while (r == 0 && len < lines.len && lines.at[len] != '\n')
		len++;
	if (r != 0 || !len)
		return r;
	secret_set(&new.text, lines.at, len);
	iw_variable_value(now, &old);
	plan_remote(p->plan, RANK_TABLES, &icewarp_remote, &server,
	            "server C_Mail_SMTP_Other_SPFSRSKey", &old, &new, 0)
		->is_secret = true;
	return r;
}

static int plan_server(struct planning *p, struct err *err)
{
	const struct desired *d = p->desired;
	enum spf_mode mode = d->spf.mode;
	const struct wish wishes[] = {
		{ FEATURE_DKIM_SIGN, p->signs, { { SIGNS, "1" } } },
		{ FEATURE_SPF,
		  d->checks_spf,
		  { { SPF_SOFT, mode >= SPF_REJECT_SOFTFAIL ? "2" : "0" },
		    { SPF_HARD, mode >= SPF_REJECT_FAIL ? "2" : "0" },
		    { SPF_USE, "1" } } },
		{ FEATURE_DKIM_VERIFY, d->verifies, { { DKIM_USE, "1" } } },
		{ FEATURE_DMARC,
		  d->checks_dmarc,
		  { { DMARC_REJECT, d->rejects_dmarc ? "1" : "0" },
		    { DMARC_USE, "1" } } },
		{ FEATURE_SRS, d->has_srs, { { SRS_USE, "1" } } },
	};
	int r = plan_srs_key(p, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(wishes); i++)
		r = plan_wish(p, &wishes[i], err);
	return r;
}

static void plan_offer(struct planning *p)
{
	struct offer offers[FEATURE_COUNT];
	for (int i = 0; i < FEATURE_COUNT; i++)
		offers[i] = (struct offer){ (enum mta_feature)i,
			                    has_feature(p->o, (enum mta_feature)i) };
	offer_plan(p->plan, OFFER,
	           is_there(p->o, VERSION)
	                   ? (const char *)p->o->variable[VERSION].value.at
	                   : NULL,
	           offers, FEATURE_COUNT);
}

static int plan(const struct desired *desired, const void *observed,
                struct plan *ret_plan, struct err *err)
{
	struct planning p = { .desired = desired, .o = observed, .plan = ret_plan };
	if (!desired) /* the engine removes what is ours */
		return 0;
	int r = desired_each_moved(desired, plan_name, &p, err);
	if (r == 0 && !p.signs) {
		r = desired_each_signing(desired, note_signing, &p.signs, err);
		r = r > 0 ? 0 : r;
	}
	if (r == 0)
		r = plan_server(&p, err);
	if (r == 0)
		plan_offer(&p);
	return r;
}

/* ---- the row ----------------------------------------------------------------------------------- */

static void look_at_support(struct ctx *ctx, const char *filter, enum mta_feature feature,
                            struct feature_support *support)
{
	(void)filter;
	offer_look(ctx, OFFER, feature, N_("this release does not have that variable"),
	           support);
}

static const struct value_limit limits[] = {
	{ "spf.mode", "defer-dns-errors", "headers-only" },
	{ "spf.mode", "reject-neutral", "reject-softfail" },
	{ "spf.mode", "reject-not-pass", "reject-softfail" },
	{ "spf.local-rules", NULL, NULL, N_("it checks the published record only") },
	{ "spf.guess-rules", NULL, NULL, N_("it checks the published record only") },
	{ "spf.guess-scope", "most-permissive", "no-record" },
	{ "spf.explanation", NULL, NULL, N_("it has no text for rejections") },
	{ "spf.continue-on-dns-error", "on", "off" },
	{ "dkim.algorithm", "ed25519", "rsa" },
	{ "dkim.algorithm", "both", "rsa" },
	{ 0 },
};

const struct mta_backend icewarp_backend = {
	.name = "icewarp",
	.title = "IceWarp",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_YES },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_YES },
	             [FEATURE_SPF] = { SUPPORT_YES },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL,
	                                 N_("it can check SPF and DKIM of incoming mail") },
	             [FEATURE_SRS] = { SUPPORT_YES } },
	.is_remote = true,
	.is_only_named = true,
	.look_at_support = look_at_support,
	.limits = limits,
	.detect = detect,
	.observe = observe,
	.observed_free = observed_free,
	.observe_name = observe_name,
	.plan = plan,
};
