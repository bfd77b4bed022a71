/*
 * Parts of Postfix's own configuration that disable ours, and which accounts require access to
 * which files: for `doctor`.
 */
#include "core/mta/postfix/postfix_advise.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/access.h"
#include "core/mta/check/path_check.h"
#include "core/mta/host/account.h"
#include "core/mta/postfix/postfix_macros.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_render.h"
#include "core/mta/postfix/postfix_route.h"
#include "core/mta/postfix/postfix_services.h"
#include "core/mta/postfix/postfix_values.h"
#include "core/mta/probe/milter.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/policyd_conf.h"

/* ---- versions -------------------------------------------------------------------------------- */

const struct mta_fault postfix_faults[] = {
	{ { 0, 0, 0 },
	  { 3, 0, 0 },
	  N_("this Postfix hides the first header of the SPF check from the filters "
	     "that follow it") },
	{ { 3, 0, 0 },
	  { 3, 5, 23 },
	  N_("this Postfix allows SMTP smuggling, which bypasses SPF and DMARC "
	     "(CVE-2023-51764)") },
	{ { 3, 6, 0 },
	  { 3, 6, 13 },
	  N_("this Postfix allows SMTP smuggling, which bypasses SPF and DMARC "
	     "(CVE-2023-51764)") },
	{ { 3, 7, 0 },
	  { 3, 7, 9 },
	  N_("this Postfix allows SMTP smuggling, which bypasses SPF and DMARC "
	     "(CVE-2023-51764)") },
	{ { 3, 8, 0 },
	  { 3, 8, 4 },
	  N_("this Postfix allows SMTP smuggling, which bypasses SPF and DMARC "
	     "(CVE-2023-51764)") },
	{ .sentence = NULL },
};

/* ---- overrides ------------------------------------------------------------------------------- */

struct advice {
	struct ctx *ctx;
	struct store *store;
	const struct plan *probes;
	void (*each)(void *arg, const struct mta_advice *advice);
	void *arg;
	const char *config_dir;
	const struct main_cf *main;
	const struct filter_socket *filter;
};

static void add(const struct advice *a, enum advice_weight weight, const char *subject,
                const char *text, const char *remedy)
{
	const struct mta_advice advice = { weight, subject, text, remedy };
	a->each(a->arg, &advice);
}

static void add_override(void *arg, const struct master_service *service,
                         const char *parameter, bool is_meant, const char *sentence)
{
	const struct advice *a = arg;
	auto_free char *remedy = services_override_remedy(a->main, service, parameter,
	                                                  a->filter, a->config_dir);
	add(a, is_meant ? ADVICE_NOTE : ADVICE_WARNING, service->name, sentence,
	    is_meant ? NULL : remedy);
}

static void add_macros(void *arg, const struct master_service *service,
                       const char *sentence, const char *remedy)
{
	const struct advice *a = arg;
	add(a, ADVICE_WARNING, service->name, sentence, remedy);
}

/* Where the filter listens, from the probes of a push. */
static const char *filter_socket(const struct plan *probes)
{
	for (size_t i = 0; i < probes->count; i++)
		if (probes->step[i].probe == &milter_probe)
			return probes->step[i].object;
	return NULL;
}

static bool is_socket(void *arg, const char *path)
{
	const struct advice *a = arg;
	struct file_info info;
	struct err ignored = ERR_INIT;
	return file_look(a->ctx, path, true, &info, &ignored) == 0 &&
	       info.kind == FILE_OTHER;
}

/* Milters whose socket a service cannot access: service by service, so that each has its remedy. */
static void look_at_chroot(struct advice *a, const struct postfix_observed *observed,
                           const struct main_cf *cf, const struct master_cf *master)
{
	const char *socket = filter_socket(a->probes);
	for (size_t i = 0; socket && i < master->count; i++) {
		struct master_service *service = &master->service[i];
		const struct master_cf alone = { .service = service, .count = 1 };
		auto_faults unreachable = FAULTS_INIT;
		(void)postfix_reach_check(cf, &alone, observed->host.queue_dir, socket,
		                          "OpenDKIM", is_socket, a, &unreachable);
		if (!unreachable.count)
			continue;
		auto_free char *remedy = xasprintf(
			"postconf -c %s -F %s/%s/chroot=%c; postfix -c %s reload",
			observed->host.config_dir, service->name, service->type,
			postfix_is_chrooted(cf, service) ? 'n' : 'y',
			observed->host.config_dir);
		add(a, ADVICE_PROBLEM, service->name, unreachable.text[0], remedy);
	}
}

/* Mail that a customer's account passes to sendmail(1) is signed, whatever its From is. */
static int look_at_local_mail(struct advice *a, const struct main_cf *cf, struct err *err)
{
	auto_buf signers = BUF_INIT, users = BUF_INIT;
	int r = access_has_customers(a->store, err);
	main_cf_value(cf, NULL, "mailauth_non_smtpd_milters", &signers);
	main_cf_value(cf, NULL, "authorized_submit_users", &users);
	if (r > 0 && signers.len &&
	    (!users.len || strcmp(buf_text(&users), "static:anyone") == 0))
		add(a, ADVICE_NOTE, "authorized_submit_users",
		    _("every local account, including customers, can submit mail with "
		      "any From through sendmail(1), and it is signed"),
		    _("see CUSTOMERS in mailauthctl(8) for how to restrict this"));
	return r < 0 ? r : 0;
}

static void look_at_overrides(const struct postfix_observed *observed,
                              const struct main_cf *cf, const struct master_cf *master,
                              struct advice *a)
{
	auto_free char *socket = postfix_dkim_socket(observed);
	const struct filter_socket filter = { socket, observed->host.queue_dir };
	auto_buf text = BUF_INIT;
	auto_main_cf admin;
	auto_services services = SERVICES_INIT;
	main_cf_strip(cf->text, cf->len, &text);
	main_cf_parse(&admin, buf_text(&text), text.len);
	services_read(&admin, master, &observed->filters, observed->is_returned_elsewhere,
	              &services);
	a->main = cf;
	a->filter = &filter;
	services_each_override(cf, master, &services, &filter, add_override, a);
}

static int look_at_files(struct advice *a, const struct postfix_observed *observed,
                         struct err *err)
{
	auto_main_cf cf;
	auto_master_cf master = MASTER_CF_INIT;
	main_cf_parse(&cf, buf_text(&observed->main_cf), observed->main_cf.len);
	master_cf_parse(&master, buf_text(&observed->master_cf), observed->master_cf.len);
	a->config_dir = observed->host.config_dir;
	look_at_overrides(observed, &cf, &master, a);
	macros_each_fault(&cf, &master, a->config_dir, add_macros, a);
	look_at_chroot(a, observed, &cf, &master);
	return look_at_local_mail(a, &cf, err);
}

int postfix_advise(struct ctx *ctx, struct store *store, const struct plan *probes,
                   void (*each)(void *arg, const struct mta_advice *advice), void *arg,
                   struct err *err)
{
	struct advice advice = {
		.ctx = ctx, .store = store, .probes = probes, .each = each, .arg = arg
	};
	struct postfix_observed *observed = NULL;
	int r = postfix_observe(ctx, store, &observed, err);
	if (r == 0 && observed->main_path)
		r = look_at_files(&advice, observed, err);
	postfix_observed_free(observed);
	return r;
}

/* ---- rights ---------------------------------------------------------------------------------- */

static void give(void (*each)(void *arg, const struct mta_access *access), void *arg,
                 const struct account *who, const char *path, unsigned need)
{
	const struct mta_access access = { who, path, need, false };
	each(arg, &access);
}

/* master(8) starts it as the first of these accounts that exists. */
static void each_policyd_access(struct ctx *ctx,
                                void (*each)(void *arg, const struct mta_access *access),
                                void *arg)
{
	static const char *const users[] = { "mailauth", "nobody" };
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		auto_account who = { 0 };
		if (!account_read(ctx, users[i], &who))
			continue;
		give(each, arg, &who, POLICYD_CONF, PATH_READ);
		give(each, arg, &who, POLICYD_PATH, PATH_READ | PATH_SEARCH);
		return;
	}
}

int postfix_each_access(struct ctx *ctx, struct store *store, const struct plan *probes,
                        void (*each)(void *arg, const struct mta_access *access),
                        void *arg, struct err *err)
{
	auto_account who = { 0 };
	int r = opendkim_each_access(ctx, store, each, arg, err);
	if (r < 0)
		return r;
	each_policyd_access(ctx, each, arg);
	/* the sockets that main.cf names */
	bool is_there = account_read(ctx, "postfix", &who);
	for (size_t i = 0; is_there && i < probes->count; i++) {
		const struct step *probe = &probes->step[i];
		if (probe->probe != &milter_probe ||
		    !text_starts(probe->object, "unix:/"))
			continue;
		auto_free char *folder = path_parent(probe->object + strlen("unix:"));
		give(each, arg, &who, folder, PATH_SEARCH);
	}
	return 0;
}
