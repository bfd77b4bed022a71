/*
 * SRS on Postfix, with postsrsd.
 *
 * Up: its files, its restart, its answers, and only then main.cf names its tables.  Down: main.cf
 * is switched and Postfix is told before the daemon ends, because Postfix defers all mail while a
 * table that main.cf names does not answer.
 */
#include "core/mta/postfix/postfix_srs.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/setting.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_render.h"
#include "dnszone/name/name.h"

/* main.cf without ours, and master.cf. */
struct files {
	struct buf text;
	struct main_cf main;
	struct master_cf master;
};

static void files_read(const struct postfix_observed *observed, struct files *files)
{
	*files = (struct files){ .text = BUF_INIT };
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &files->text);
	main_cf_parse(&files->main, buf_text(&files->text), files->text.len);
	master_cf_parse(&files->master, buf_text(&observed->master_cf),
	                observed->master_cf.len);
}

static void files_done(struct files *files)
{
	master_cf_done(&files->master);
	main_cf_done(&files->main);
	buf_done(&files->text);
}

#define auto_files cleanup(files_done) struct files

/* ---- observing --------------------------------------------------------------------------------- */

/* srs.domain after the push, except for a name that only the push stores. */
static int find_domain(struct postfix_observed *observed, struct err *err)
{
	static const enum setting_key keys[] = { SET_SRS_DOMAIN, SET_MTA_HOSTNAME };
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char *text = NULL;
		int r = setting_text(observed->store, keys[i], 0, &text, err);
		if (r < 0)
			return r;
		if (*text) {
			observed->srs.domain = text;
			return 0;
		}
		free(text);
	}
	observed->srs.domain = xstrdup(observed->host.hostname);
	return 0;
}

struct source {
	struct ctx *ctx;
	const char *config_dir;
};

static enum acceptance look_up(void *arg, const char *table, const char *domain)
{
	const struct source *source = arg;
	const char *const argv[] = { "postmap", "-c", source->config_dir, "-q", domain,
		                     table,     NULL };
	const struct run_spec spec = { .argv = argv };
	struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	if (source->ctx->is_rooted || run(source->ctx, &spec, &result, &ignored) < 0)
		return ACCEPT_UNKNOWN;
	/* 1 without output: there is no such key */
	enum acceptance found = result.is_timed_out       ? ACCEPT_UNKNOWN
	                        : result.exit_status == 0 ? ACCEPT_YES
	                        : result.errors.len       ? ACCEPT_UNKNOWN
	                                                  : ACCEPT_NO;
	run_result_done(&result);
	return found;
}

static char *read_patterns(void *arg, const char *path)
{
	const struct source *source = arg;
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	if (file_read(source->ctx, path, POSTFIX_FILE_LIMIT, &text, NULL, &ignored) < 0)
		return NULL;
	return buf_take(&text);
}

/* Postfix itself reports its defaults. */
static void list_value(struct ctx *ctx, const struct postfix_observed *observed,
                       const struct main_cf *cf, const char *name, struct buf *into)
{
	const char *const argv[] = { "postconf", "-c", observed->host.config_dir,
		                     "-xh",      name, NULL };
	const struct run_spec spec = { .argv = argv };
	struct err ignored = ERR_INIT;
	buf_puts(into, "");
	if (ctx->is_rooted || run_checked(ctx, &spec, into, &ignored) < 0)
		main_cf_value(cf, NULL, name, into);
}

static void find_acceptance(struct ctx *ctx, struct postfix_observed *observed)
{
	auto_files files;
	struct source source = { ctx, observed->host.config_dir };
	const struct acceptance_source how = { look_up, read_patterns, &source };
	files_read(observed, &files);
	observed->srs.is_domain_here = ACCEPT_NO;
	for (size_t i = 0; i < ARRAY_LEN(canonical_domain_lists); i++) {
		auto_buf list = BUF_INIT;
		list_value(ctx, observed, &files.main, canonical_domain_lists[i], &list);
		enum acceptance one =
			canonical_accepts(buf_text(&list), observed->srs.domain, &how);
		if (one > observed->srs.is_domain_here)
			observed->srs.is_domain_here = one;
	}
}

/* ---- our domains that are not excluded ---------------------------------------------------------- */

#define NAMED_MAX 10 /* domains in a sentence */

struct unlisted {
	struct postfix_observed *observed;
	const char *srs_domain;
	char **excluded; /* of srs.exclude-domains */
	size_t excluded_count;
	char **name;
	size_t count, room;
};

static bool is_excluded(const struct unlisted *list, const char *name)
{
	for (size_t i = 0; i < list->excluded_count; i++) {
		const char *one = list->excluded[i];
		/* ".example.com" means the domains below it */
		if (*one == '.' ? text_ends(name, one) : strcmp(name, one) == 0)
			return true;
	}
	return false;
}

static void note_domain(void *arg, const char *typed)
{
	struct unlisted *list = arg;
	struct err ignored = ERR_INIT;
	auto_domain domain = DOMAIN_INIT;
	char name[NAME_SIZE];
	const struct postfix_observed *observed = list->observed;
	if (name_parse_domain(typed, name, &ignored) < 0 ||
	    text_starts(name, "localhost.") || text_same(name, observed->host.hostname) ||
	    text_same(name, list->srs_domain) || is_excluded(list, name) ||
	    (observed->store &&
	     domain_look(observed->store, name, &domain, &ignored) != 0))
		return;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->name[i], name) == 0)
			return;
	GROW(list->name, list->count, list->room);
	list->name[list->count++] = xstrdup(name);
}

/* relay_domains are domains of others, as far as their senders are concerned. */
static const char *const own_lists[] = { "mydestination", "virtual_alias_domains",
	                                 "virtual_mailbox_domains" };

/* The sentence on them; NULL: none.  The caller frees. */
static char *rewritten_text(const struct unlisted *list)
{
	auto_buf names = BUF_INIT, words = BUF_INIT;
	for (size_t i = 0; i < list->count && i < NAMED_MAX; i++) {
		buf_printf(&names, "%s%s", i ? ", " : "", list->name[i]);
		buf_printf(&words, "%s%s", i ? " " : "", list->name[i]);
	}
	if (!list->count)
		return NULL;
	if (list->count > NAMED_MAX)
		return xasprintf(
			_("main.cf lists %s and %zu more domains as this server's own that "
		          "are not in the database: SRS rewrites their senders, which breaks "
		          "their DMARC alignment; add them with \"mailauthctl domain add "
		          "--domains-from FILE\" or to srs.exclude-domains"),
			buf_text(&names), list->count - NAMED_MAX);
	return xasprintf(_("main.cf lists %s as this server's own, but the database "
	                   "does not: SRS rewrites their senders, which breaks their "
	                   "DMARC alignment; run \"mailauthctl domain add %s\", or add "
	                   "them to srs.exclude-domains"),
	                 buf_text(&names), buf_text(&words));
}

/* postsrsd does not rewrite the domains of the database; mail of other local domains is treated as
 * foreign, and loses its DMARC alignment. */
static void find_rewritten(struct ctx *ctx, struct postfix_observed *observed,
                           const char *domain, const char *excluded)
{
	auto_files files;
	struct unlisted list = { .observed = observed, .srs_domain = domain };
	struct source source = { ctx, observed->host.config_dir };
	const struct acceptance_source how = { look_up, read_patterns, &source };
	text_split_list(excluded, &list.excluded, &list.excluded_count);
	files_read(observed, &files);
	for (size_t i = 0; i < ARRAY_LEN(own_lists); i++) {
		auto_buf value = BUF_INIT;
		list_value(ctx, observed, &files.main, own_lists[i], &value);
		canonical_each_domain(buf_text(&value), &how, note_domain, &list);
	}
	free(observed->srs.rewritten);
	observed->srs.rewritten = rewritten_text(&list);
	for (size_t i = 0; i < list.count; i++)
		free(list.name[i]);
	free(list.name);
	free(list.excluded);
}

static int observe(struct ctx *ctx, struct postfix_observed *observed, struct err *err)
{
	bool is_on;
	int r = postsrsd_observe(ctx, observed->store, &observed->srs.daemon, err);
	if (r == 0)
		r = setting_bool(observed->store, SET_SRS_ENABLED, 0, &is_on, err);
	if (r < 0 || !observed->main_path)
		return r;
	observed->srs.is_in_place =
		strstr(buf_text(&observed->main_cf), MAIN_SRS_REF) != NULL;
	if (!is_on)
		return 0;
	auto_free char *excluded = NULL;
	r = find_domain(observed, err);
	if (r == 0 && observed->srs.domain)
		find_acceptance(ctx, observed);
	if (r == 0)
		r = setting_text(observed->store, SET_SRS_EXCLUDE_DOMAINS, 0, &excluded,
		                 err);
	if (r == 0)
		find_rewritten(ctx, observed, observed->srs.domain, excluded);
	return r;
}

static void observed_done(struct postfix_observed *observed)
{
	postsrsd_observed_done(&observed->srs.daemon);
	free(observed->srs.domain);
	free(observed->srs.rewritten);
}

/* ---- deciding ---------------------------------------------------------------------------------- */

static void note(void *arg, const char *sentence)
{
	plan_note(arg, "%s", sentence);
}

/* A domain that Postfix does not accept loses every bounce; a running configuration continues. */
static int check_domain(const struct desired *desired,
                        const struct postfix_observed *observed, struct plan *plan,
                        struct err *err)
{
	const struct srs_observed *srs = &observed->srs;
	if (!desired->srs_domain) {
		err_set(err, ERR_FAILED,
		        _("SRS requires a domain, and the full name of the mail server "
		          "is not known"));
		return err_add_remedy(err, "mailauthctl server set srs.domain <domain>");
	}
	bool is_asked = text_same(srs->domain, desired->srs_domain);
	bool is_in_use = srs->is_in_place &&
	                 text_same(srs->daemon.our_domain, desired->srs_domain);
	if (!is_asked || srs->is_domain_here == ACCEPT_UNKNOWN)
		plan_note(plan,
		          _("main.cf does not show whether Postfix accepts mail for "
		            "%s, the SRS domain: if it does not, bounces cannot be "
		            "delivered"),
		          desired->srs_domain);
	else if (srs->is_domain_here == ACCEPT_NO && is_in_use)
		plan_note(plan,
		          _("Postfix no longer accepts mail for %s, the SRS domain: "
		            "bounces cannot be delivered"),
		          desired->srs_domain);
	else if (srs->is_domain_here == ACCEPT_NO)
		return err_set(
			err, ERR_FAILED,
			_("Postfix does not accept mail for %s, so bounces of "
		          "forwarded mail could not be delivered: add it to "
		          "mydestination in main.cf, or set srs.domain to a domain "
		          "that Postfix accepts mail for"),
			desired->srs_domain);
	return 0;
}

static int check_files(const struct postfix_observed *observed, struct plan *plan,
                       struct err *err)
{
	auto_files files;
	files_read(observed, &files);
	auto_free char *why = canonical_conflict(&files.main, &files.master);
	if (why)
		return err_set(err, ERR_FAILED, _("SRS: %s"), why);
	/* version 1 listens on 127.0.0.1 only, version 2 on a UNIX socket */
	auto_buf protocols = BUF_INIT;
	main_cf_value(&files.main, NULL, "inet_protocols", &protocols);
	if (!observed->srs.daemon.is_v2 && !item_list_has(buf_text(&protocols), "ipv4") &&
	    !item_list_has(buf_text(&protocols), "all")) {
		err_set(err, ERR_FAILED,
		        _("SRS: postsrsd 1 listens on 127.0.0.1 only, and Postfix does "
		          "not use IPv4 (inet_protocols = %s); run \"postconf "
		          "inet_protocols=all\", or install postsrsd 2"),
		        buf_text(&protocols));
		return err_set_remedy(err, "postconf inet_protocols=all");
	}
	canonical_note_reach(&files.main, &files.master, note, plan);
	canonical_note_delivery(&files.main, &files.master, note, plan);
	if (observed->srs.rewritten)
		plan_note(plan, "%s", observed->srs.rewritten);
	return 0;
}

static int decide(const struct desired *desired, const struct postfix_observed *observed,
                  struct plan *plan, bool *ret_is_wanted, struct err *err)
{
	const struct srs_observed *srs = &observed->srs;
	*ret_is_wanted = false;
	if (!desired || !desired->has_srs)
		return 0;
	if (!srs->daemon.is_installed) {
		plan_lack(plan,
		          _("postsrsd is not installed, so senders are not rewritten: "
		            "install the package postsrsd, then run \"mailauthctl mta "
		            "push\""));
		return 0;
	}
	if (srs->daemon.why_not)
		return err_set(err, ERR_FAILED, _("SRS: %s"), srs->daemon.why_not);
	int r = check_domain(desired, observed, plan, err);
	if (r == 0)
		r = check_files(observed, plan, err);
	if (r < 0)
		return r;
	if (srs->is_in_place && observed->host.is_running && !srs->daemon.is_running)
		plan_note(plan,
		          _("postsrsd is not running, and Postfix defers all mail "
		            "without it: run \"mailauthctl mta push\" to start it, or "
		            "\"mailauthctl server set srs.enabled off\" to do without "
		            "it"));
	*ret_is_wanted = true;
	return 0;
}

/* ---- planning ---------------------------------------------------------------------------------- */

static int plan_srs(const struct desired *desired,
                    const struct postfix_observed *observed, bool is_wanted,
                    struct postfix_request *request, struct plan *plan, struct err *err)
{
	const struct postsrsd_place place = {
		.is_live = !observed->is_rooted,
		.is_server_there = observed->host.is_running,
	};
	auto_postsrsd_tables tables = { 0 };
	if (!is_wanted) {
		postsrsd_plan_out(desired, &observed->srs.daemon, plan);
		return 0;
	}
	postsrsd_tables_of(&observed->srs.daemon, observed->host.queue_dir, &tables);
	request->main.srs_forward = postfix_request_keep(request, xstrdup(tables.sender));
	request->main.srs_reverse =
		postfix_request_keep(request, xstrdup(tables.reverse));
	return postsrsd_plan(desired, &observed->srs.daemon, &place, &tables, plan, err);
}

/* ---- rollback ---------------------------------------------------------------------------------- */

/* the future main.cf names our tables */
static bool will_be_named(const struct postfix_observed *observed,
                          const struct plan *plan)
{
	const struct step *main = plan_find_file(plan, observed->main_path);
	return main ? strstr(buf_text(step_text(main)), MAIN_SRS_REF) != NULL
	            : observed->srs.is_in_place;
}

static int restore(const struct postfix_observed *observed, struct plan *plan,
                   struct err *err)
{
	const struct postsrsd_observed *daemon = &observed->srs.daemon;
	const struct postsrsd_place place = {
		.is_live = !observed->is_rooted,
		.is_server_there = observed->host.is_running,
	};
	const struct step *conf = postfix_restore_file(
		plan, daemon->conf_path, RANK_PROVIDERS, plan_cause(plan, CAUSE_SRS));
	auto_free char *domain =
		conf ? postsrsd_conf_domain(buf_text(step_text(conf)),
	                                    step_text(conf)->len, daemon->is_v2)
		     : xstrdup(daemon->our_domain);
	auto_postsrsd_tables tables = { 0 };
	(void)err;
	postfix_restore_file(plan, POSTSRSD_DOMAINS, RANK_TABLES,
	                     plan_cause(plan, CAUSE_SRS));
	postfix_restore_file(plan, POSTSRSD_KEEP, RANK_TABLES, 0);
	postfix_restore_file(plan, POSTSRSD_DROP_IN, RANK_PROVIDERS,
	                     plan_cause(plan, CAUSE_SRS));
	if (!will_be_named(observed, plan) || !domain) {
		postsrsd_plan_service_out(daemon, plan);
		return 0;
	}
	postsrsd_tables_of(daemon, observed->host.queue_dir, &tables);
	postsrsd_plan_service(daemon, &place, plan);
	if (place.is_live && (daemon->is_running || place.is_server_there))
		postsrsd_plan_probe(domain, &tables,
		                    daemon->is_running ? plan_cause(plan, CAUSE_SRS) : 0,
		                    plan);
	return 0;
}

int postfix_srs_advise(struct ctx *ctx, struct store *store, const char *domain,
                       const char *excluded, void (*say)(void *arg, const char *sentence),
                       void *arg, struct err *err)
{
	struct postfix_observed *observed = NULL;
	auto_free char *stored = NULL;
	int r = setting_text(store, SET_SRS_EXCLUDE_DOMAINS, 0, &stored, err);
	if (r == 0)
		r = postfix_observe(ctx, store, &observed, err);
	if (r == 0 && observed->main_path) {
		auto_files files;
		files_read(observed, &files);
		find_rewritten(ctx, observed, domain, excluded ? excluded : stored);
		if (observed->srs.rewritten)
			say(arg, observed->srs.rewritten);
		canonical_note_reach(&files.main, &files.master, say, arg);
		canonical_note_delivery(&files.main, &files.master, say, arg);
	}
	postfix_observed_free(observed);
	return r;
}

const struct postfix_part postfix_srs = {
	.name = "SRS",
	.features = 1u << FEATURE_SRS,
	.provider = POSTSRSD_SERVICE,
	.has_provider = postsrsd_is_installed,
	.observe = observe,
	.observed_done = observed_done,
	.decide = decide,
	.plan = plan_srs,
	.restore = restore,
};
