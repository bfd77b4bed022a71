/*
 * SmarterMail, over its REST interface.
 *
 * It makes its DKIM keys itself, with selectors of its own: a push has them made, learn() takes their
 * public halves into the database, and once their records are public the next push has the server sign.
 * SPF, DMARC, SRS and verification are settings of the whole server.  Nothing was tried with a real
 * server; every change is read back.
 */
#include "core/mta/plan/backend.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/key/keyring.h"
#include "core/model/setting/env.h"
#include "core/mta/plan/desired.h"
#include "core/mta/provider/offer.h"
#include "core/mta/smartermail/smartermail_antispam.h"
#include "core/mta/smartermail/smartermail_remote.h"
#include "dnszone/dkim/dkim_key.h"
#include "dnszone/spf/spf_mode.h"

#define LIMIT_NS (30 * NS_PER_SEC)
#define OFFER OFFER_FOLDER "/smartermail"

static int64_t deadline(void)
{
	return monotonic_ns() + LIMIT_NS;
}

/* ---- the server -------------------------------------------------------------------------------- */

struct group_state {
	bool is_there;
	struct buf lines;
};

struct observed {
	char *url, *credentials;
	struct sm_session *session; /* of the context */
	char *version;
	struct group_state group[SM_GROUPS];
};

static void observed_free(void *arg)
{
	struct observed *o = arg;
	if (!o)
		return;
	free(o->url);
	free(o->credentials);
	free(o->version);
	for (int i = 0; i < SM_GROUPS; i++)
		buf_done(&o->group[i].lines);
	free(o);
}

static struct remote_server server_of(const struct observed *o)
{
	return (struct remote_server){ o->url, o->credentials };
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
	if (r == 0)
		r = sm_session(ctx, &server, &o->session, err);
	if (r == 0)
		r = sm_version(o->session, deadline(), &o->version, err);
	for (int i = 0; r == 0 && i < SM_GROUPS; i++)
		r = sm_antispam_get(o->session, (enum sm_group)i, deadline(),
		                    &o->group[i].is_there, &o->group[i].lines, err);
	return r;
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

static int observe_name(void *observed, const char *name, struct err *err)
{
	const struct observed *o = observed;
	const struct sm_domain *domain;
	return sm_domain(o->session, name, false, deadline(), &domain, err);
}

/* ---- domains ----------------------------------------------------------------------------------- */

struct planning {
	const struct desired *desired;
	const struct observed *o;
	struct plan *plan;
	bool makes_key, drops_pending;
};

static void value_done(struct remote_value *value)
{
	secret_done(&value->text);
}
#define auto_value cleanup(value_done) struct remote_value

static struct remote_value value_of(const char *text)
{
	struct remote_value value = { .is_set = text != NULL };
	if (text)
		secret_set(&value.text, text, strlen(text));
	return value;
}

static void plan_setting(struct planning *p, enum step_rank rank, const char *name,
                         const char *domain, const struct remote_value *now,
                         const char *next_text, bool is_unsure)
{
	const struct remote_server server = server_of(p->o);
	auto_value next = value_of(next_text);
	struct step *step = plan_remote(p->plan, rank, &smartermail_remote, &server, name,
	                                now, &next, 0);
	step->domain = xstrdup(domain);
	step->is_unsure = is_unsure;
}

/* The server makes a key where DKIM is wanted and neither side has one. */
static void plan_key(struct planning *p, const struct sm_domain *domain,
                     const struct signing_wish *wish)
{
	auto_value now = { 0 };
	sm_key_value(domain, &now);
	if (!wish->is_wanted || wish->has_key || now.is_set)
		return;
	int64_t bits = wish->bits <= 1024 ? 1024 : wish->bits <= 2048 ? 2048 : 4096;
	auto_free char *name = xasprintf("%s dkim-key-%d", domain->name, (int)bits);
	plan_setting(p, RANK_DATA, name, domain->name, &now, SM_KEY_MADE, false);
	p->makes_key = true;
}

static bool has_key(const struct sm_domain *domain, const char *selector)
{
	return (domain->active.selector &&
	        strcmp(domain->active.selector, selector) == 0) ||
	       (domain->pending.selector &&
	        strcmp(domain->pending.selector, selector) == 0);
}

static int plan_signing(struct planning *p, const struct sm_domain *domain,
                        struct err *err)
{
	auto_free char *selector = NULL, *name = xasprintf("%s dkim", domain->name);
	auto_value now = { 0 }, base = { 0 };
	bool owns;
	int r = desired_server_signing(p->desired, domain->name, &selector, err);
	if (r == 0)
		r = desired_base(p->desired, p->o->url, name, &owns, &base, err);
	if (r != 0 || (!selector && !owns))
		return r;
	sm_signing_value(domain, &now);
	if (selector && !has_key(domain, selector)) {
		plan_warn(
			p->plan, NULL,
			_("%s is not signed: SmarterMail no longer has its DKIM key %s"),
			domain->name, selector);
		return 0;
	}
	/* whether a key that is active signs is not reported: what we did not switch on may be off */
	bool is_unsure = selector ? !owns : !now.is_set;
	p->drops_pending |= !selector && domain->pending.selector;
	plan_setting(p, RANK_CONSUMERS, name, domain->name, &now, selector, is_unsure);
	return 0;
}

static int plan_name(void *arg, const char *name, struct err *err)
{
	struct planning *p = arg;
	const struct sm_domain *domain;
	struct signing_wish wish;
	int r = sm_domain(p->o->session, name, false, deadline(), &domain, err);
	if (r == 0)
		r = desired_wish(p->desired, name, &wish, err);
	if (r != 0)
		return r;
	if (domain->exists) {
		plan_key(p, domain, &wish);
		return plan_signing(p, domain, err);
	}
	if (wish.is_wanted)
		plan_warn(
			p->plan, NULL,
			_("%s is not signed: SmarterMail has no such domain; add it there, "
		          "then run \"mailauthctl mta push\""),
			name);
	return 0;
}

/* ---- the whole server -------------------------------------------------------------------------- */

/* `next` NULL: the setting that the feature depends on is off; what was there before us comes back. */
static int plan_group(struct planning *p, enum sm_group group, const char *next,
                      struct err *err)
{
	const struct group_state *state = &p->o->group[group];
	auto_free char *name = xasprintf("antispam %s", sm_group_names[group]);
	auto_value now = { 0 }, base = { 0 };
	auto_free char *text = NULL;
	bool owns;
	int r = desired_base(p->desired, p->o->url, name, &owns, &base, err);
	if (r != 0 || !state->is_there || (!next && (!owns || !base.is_set)))
		return r;
	if (!next)
		text = xmemdup(base.text.at, base.text.len);
	now = value_of(buf_text(&state->lines));
	plan_setting(p, RANK_CONSUMERS, name, NULL, &now, next ? next : text, false);
	return 0;
}

static int plan_spf(struct planning *p, struct err *err)
{
	const struct desired *d = p->desired;
	auto_buf lines = BUF_INIT;
	if (d->checks_spf && p->o->group[SM_SPF].is_there &&
	    !sm_spf_lines(buf_text(&p->o->group[SM_SPF].lines), (int)d->spf.mode,
	                  &lines)) {
		plan_warn(
			p->plan, NULL,
			_("spf.mode %s is not enforced: SmarterMail blocks mail at no spam "
		          "weight (smtp_block_threshold); set one in Antispam"),
			spf_mode_name(d->spf.mode));
		return 0;
	}
	if (d->checks_spf && !p->o->group[SM_SPF].is_there)
		plan_lack(
			p->plan, "%s",
			_("SPF: saved, but not enforced: this SmarterMail does not show its "
		          "SPF settings"));
	return plan_group(p, SM_SPF, d->checks_spf ? buf_text(&lines) : NULL, err);
}

static int plan_switch(struct planning *p, enum sm_group group, bool is_on,
                       const char *lines, const char *lack, struct err *err)
{
	if (is_on && !p->o->group[group].is_there)
		plan_lack(p->plan, "%s", lack);
	return plan_group(p, group, is_on ? lines : NULL, err);
}

static int plan_server(struct planning *p, struct err *err)
{
	const struct desired *d = p->desired;
	int r = plan_spf(p, err);
	if (r == 0)
		r = plan_switch(p, SM_DKIM, d->verifies, "dkim_enabled true\n",
		                _("DKIM verification: saved, but not enforced: this "
		                  "SmarterMail does not show its DKIM settings"),
		                err);
	if (r == 0)
		r = plan_switch(
			p, SM_DMARC, d->checks_dmarc && d->rejects_dmarc,
			"spam_enable_dmarc_policy true\n",
			_("DMARC: saved, but not enforced: this SmarterMail does not "
		          "show its DMARC settings"),
			err);
	if (r == 0)
		r = plan_switch(
			p, SM_SRS, d->has_srs, "spf_srs_enabled true\n",
			_("SRS: saved, but not enforced: this SmarterMail does not "
		          "show its SRS settings"),
			err);
	if (r == 0 && d->has_srs && p->o->group[SM_SRS].is_there && d->srs_excluded_count)
		plan_note(
			p->plan, "%s",
			_("SmarterMail has no exceptions from SRS: srs.exclude-domains is not "
		          "enforced"));
	return r;
}

static void plan_offer(struct planning *p)
{
	const struct offer offers[] = {
		{ FEATURE_SPF, p->o->group[SM_SPF].is_there },
		{ FEATURE_DKIM_VERIFY, p->o->group[SM_DKIM].is_there },
		{ FEATURE_DMARC, p->o->group[SM_DMARC].is_there },
		{ FEATURE_SRS, p->o->group[SM_SRS].is_there },
	};
	offer_plan(p->plan, OFFER, p->o->version, offers, ARRAY_LEN(offers));
}

static int plan(const struct desired *desired, const void *observed,
                struct plan *ret_plan, struct err *err)
{
	struct planning p = { .desired = desired, .o = observed, .plan = ret_plan };
	if (!desired) /* the engine removes what is ours */
		return 0;
	int r = desired_each_moved(desired, plan_name, &p, err);
	if (r == 0)
		r = plan_server(&p, err);
	if (r != 0)
		return r;
	plan_offer(&p);
	if (p.makes_key)
		plan_note(
			ret_plan, "%s",
			_("SmarterMail makes DKIM keys with selectors of its own; once one is "
		          "in use, it cannot be removed, only disabled"));
	if (p.drops_pending)
		plan_note(
			ret_plan, "%s",
			_("SmarterMail deletes the pending DKIM key of a domain that stops "
		          "signing"));
	return 0;
}

/* ---- keys that it made ------------------------------------------------------------------------- */

struct learning {
	struct ctx *ctx;
	struct store *store;
};

static int learn_key(const struct learning *l, const struct domain *domain,
                     const struct sm_key *key, bool *ret_is_new, struct err *err)
{
	auto_buf octets = BUF_INIT;
	struct err fault = ERR_INIT;
	if (!key->selector)
		return 0;
	int r = dkim_base64_decode(key->public_key, strlen(key->public_key), &octets)
	                ? keyring_learn(l->store, l->ctx, domain, key->selector,
	                                (const unsigned char *)buf_text(&octets),
	                                octets.len, ret_is_new, &fault)
	                : err_set(&fault, ERR_FAILED,
	                          _("SmarterMail reports no valid public key for %s of %s"),
	                          key->selector, domain->name);
	(void)err;
	if (r != 0)
		ctx_report(l->ctx, REPORT_WARNING, "%s", fault.text);
	else if (*ret_is_new)
		ctx_report(l->ctx, REPORT_NOTE, _("%s: SmarterMail made the DKIM key %s"),
		           domain->name, key->selector);
	return 0;
}

static int learn_domain(void *arg, const struct sm_domain *said, struct err *err)
{
	const struct learning *l = arg;
	auto_domain domain = DOMAIN_INIT;
	bool is_new = false;
	int r = said->exists ? domain_look(l->store, said->name, &domain, err) : 0;
	if (r <= 0)
		return r;
	r = learn_key(l, &domain, &said->active, &is_new, err);
	return r == 0 && !is_new ? learn_key(l, &domain, &said->pending, &is_new, err)
	                         : r;
}

/* What the push heard is in the session: no server is asked inside the transaction. */
static int learn(struct ctx *ctx, struct store *store, struct err *err)
{
	struct learning learning = { ctx, store };
	struct observed *o = xcalloc(1, sizeof(*o));
	int r = ctx->is_rooted
	                ? 0
	                : offer_read_address(ctx, store, &o->url, &o->credentials, err);
	const struct remote_server server = server_of(o);
	if (r == 0 && !ctx->is_rooted)
		r = sm_session(ctx, &server, &o->session, err);
	if (r == 0 && o->session)
		r = sm_each_domain(o->session, learn_domain, &learning, err);
	observed_free(o);
	return r;
}

/* A key signs whose record is public, or none. */
static int check_rollback(struct store *store, const struct plan *plan, int64_t push_id,
                          struct err *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];
		if (step->kind != STEP_REMOTE || !step->is_present || !step->domain ||
		    !text_ends(step->object, " dkim"))
			continue;
		const char *selector = buf_text(step_text(step));
		int r = signing_is_published(store, step->domain, selector, err);
		if (r < 0)
			return r;
		if (r == 0)
			return err_set(
				err, ERR_FAILED,
				_("after push %lld mail of %s was signed with the key %s, "
			          "which is no longer published under that name: choose a "
			          "later push, or change the settings instead"),
				(long long)push_id, step->domain, selector);
	}
	return 0;
}

/* ---- the row ----------------------------------------------------------------------------------- */

static void look_at_support(struct ctx *ctx, const char *filter, enum mta_feature feature,
                            struct feature_support *support)
{
	(void)filter;
	offer_look(ctx, OFFER, feature,
	           N_("its interface does not show that setting: change it in Antispam"),
	           support);
}

static const struct value_limit limits[] = {
	{ "spf.mode", "defer-dns-errors", "headers-only" },
	{ "spf.local-rules", NULL, NULL, N_("it checks the published record only") },
	{ "spf.guess-rules", NULL, NULL, N_("it checks the published record only") },
	{ "spf.guess-scope", "most-permissive", "no-record" },
	{ "spf.explanation", NULL, NULL, N_("it has no text for rejections") },
	{ "spf.continue-on-dns-error", "on", "off" },
	{ "dkim.algorithm", "ed25519", "rsa" },
	{ "dkim.algorithm", "both", "rsa" },
	{ 0 },
};

const struct mta_backend smartermail_backend = {
	.name = "smartermail",
	.title = "SmarterMail",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_YES },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_YES },
	             [FEATURE_SPF] = { SUPPORT_YES },
	             [FEATURE_DMARC] = { SUPPORT_YES },
	             [FEATURE_SRS] = { SUPPORT_YES } },
	.is_remote = true,
	.is_only_named = true,
	.makes_keys = true,
	.look_at_support = look_at_support,
	.limits = limits,
	.detect = detect,
	.observe = observe,
	.observed_free = observed_free,
	.observe_name = observe_name,
	.plan = plan,
	.check_rollback = check_rollback,
	.learn = learn,
};
