/*
 * `domain enable-dkim` and `disable-dkim`.
 *
 * Keys are made on all cores outside of every lock and stored in batches meanwhile, each with the
 * locks of one change; the last batch and the export share one hold of the export lock.  Ctrl-C ends
 * it with everything finished saved, and the same command goes on from there.  A domain that fails is
 * told and passed over.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/app/app.h"
#include "cli/app/paste.h"
#include "cli/line/commands.h"
#include "cli/out/progress.h"
#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/job/export_activate.h"
#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"
#include "core/model/record/records.h"
#include "core/model/setting/setting.h"
#include "dnszone/name/name.h"

enum {
	BATCH = 500,       /* domains in one transaction at the most */
	BATCH_SECONDS = 2, /* a batch is stored at least that often */
	TALKATIVE = 20,    /* up to so many domains each gets a sentence of its own */
};

struct item {
	char name[NAME_SIZE];
	bool is_new; /* not in the store yet */
	struct key_pair pair[2];
	size_t pairs, missing; /* made; to be made */
	bool is_failed, is_done;
	enum keyring_outcome outcome;
};

struct enable {
	struct app *app;
	struct item *item;
	size_t count;
	struct keygen_job *job; /* for all items, in their order */
	size_t *job_item;       /* which item each job is of */
	size_t jobs;
	size_t *ready; /* items whose pairs are all there */
	size_t ready_count;
	bool is_sign_now;
	size_t failed, done, added;
};

/* One domain's fault: told now, the others go on. */
static void fail_item(struct enable *work, struct item *item, struct err *err)
{
	item->is_failed = true;
	work->failed++;
	app_say(work->app, REPORT_ERROR, "%s", err->text);
	err_clear(err);
}

/* ---- what is to be done ---------------------------------------------------------------------- */

/* A name that is not in the store is added, unless it looks like a slip of one that is. */
static int consider_new(struct enable *work, struct item *item, struct err *err)
{
	auto_free char *near = NULL;
	int r = 0;
	if (work->count <= TALKATIVE)
		r = domain_near(work->app->session.store, item->name, &near, err);
	if (r >= 0 && near)
		r = err_set(err, ERR_FAILED,
		            _("domain %s not found; did you mean %s?  To add it, run "
		              "\"mailauthctl domain add %s\""),
		            item->name, near, item->name);
	item->is_new = true;
	return r;
}

static int consider(struct enable *work, struct item *item, const char *typed,
                    struct keygen_job ret_jobs[2], struct err *err)
{
	struct store *store = work->app->session.store;
	auto_domain domain = DOMAIN_INIT;
	int r = name_parse_domain(typed, item->name, err);
	if (r >= 0)
		r = session_look(&work->app->session, item->name, &domain, err);
	if (r == 0) {
		r = consider_new(work, item, err);
	} else if (r > 0) {
		r = session_check_keys_of(&work->app->session, &domain, err);
		if (r >= 0)
			r = keyring_check_enable(store, &domain, err);
	}
	if (r >= 0 && item->is_new)
		domain.name = xstrdup(item->name);
	if (r >= 0)
		r = keyring_missing(store, &domain, ret_jobs, &item->missing, err);
	return r;
}

static int survey(struct enable *work, const struct app_names *names, struct err *err)
{
	work->count = names->count;
	work->item = xcalloc(names->count, sizeof(*work->item));
	work->job = xcalloc(2 * names->count, sizeof(*work->job));
	work->job_item = xcalloc(2 * names->count, sizeof(*work->job_item));
	work->ready = xcalloc(names->count, sizeof(*work->ready));
	for (size_t i = 0; i < names->count; i++) {
		struct item *item = &work->item[i];
		struct keygen_job jobs[2];
		int r = consider(work, item, names->name[i], jobs, err);
		if (r == ERR_USAGE && names->count == 1)
			return r;
		if (r < 0) {
			fail_item(work, item, err);
			continue;
		}
		for (size_t j = 0; j < item->missing; j++) {
			work->job[work->jobs] = jobs[j];
			work->job_item[work->jobs++] = i;
		}
		if (item->missing == 0)
			work->ready[work->ready_count++] = i;
		if (signals_is_cancelled())
			return err_set(err, ERR_CANCELLED,
			               _("interrupted; nothing was changed"));
	}
	return 0;
}

/* ---- storing --------------------------------------------------------------------------------- */

static int add_item(struct app *app, const struct item *item, struct domain *ret_domain,
                    struct err *err)
{
	if (!item->is_new)
		return err_set(err, ERR_FAILED, _("%s was removed at the same time"),
		               item->name);
	return domain_add(app->session.store, &app->session.ctx, item->name, NULL,
	                  ret_domain, err);
}

/* The domain as it is now: while its keys were made no lock kept others from changing it. */
static int enable_one(struct enable *work, struct item *item, struct err *err)
{
	struct app *app = work->app;
	auto_domain domain = DOMAIN_INIT;
	int r = session_look(&app->session, item->name, &domain, err);
	if (r != 0)
		item->is_new = false;
	else
		r = add_item(app, item, &domain, err);
	if (r >= 0)
		r = keyring_enable(app->session.store, &app->session.ctx, &domain,
		                   item->pair, item->pairs, work->is_sign_now,
		                   &item->outcome, err);
	if (r >= 0 && item->pairs)
		r = records_check_domain(app->session.store, &domain, err);
	return r;
}

/* A domain that was changed by others since the survey, so that this is not possible any more, is
 * told and left as it is. */
static int store_batch(struct app *app, void *arg, struct err *err)
{
	struct enable *work = arg;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < work->ready_count; i++) {
		struct item *item = &work->item[work->ready[i]];
		r = store_part_begin(app->session.store, err);
		if (r < 0)
			break;
		bool is_enabled = enable_one(work, item, err) >= 0;
		if (!is_enabled)
			fail_item(work, item, err);
		else if (item->is_new && work->count <= TALKATIVE)
			app_say(app, REPORT_NOTE, _("%s was added"), item->name);
		r = store_part_end(app->session.store, is_enabled, err);
	}
	return r;
}

static int flush(struct enable *work, struct err *err)
{
	size_t all = work->ready_count;
	size_t *ready = work->ready;
	int r = 0;
	while (r >= 0 && all) {
		work->ready_count = all < BATCH ? all : BATCH;
		r = app_change(work->app, NEED_PUSH, store_batch, work, err);
		if (r < 0)
			break;
		for (size_t i = 0; i < work->ready_count; i++) {
			struct item *item = &work->item[work->ready[i]];
			item->is_done = !item->is_failed;
			work->done += item->is_done;
			work->added += item->is_done && item->is_new;
			for (size_t j = 0; j < item->pairs; j++)
				key_pair_done(&item->pair[j]);
			item->pairs = 0;
		}
		all -= work->ready_count;
		work->ready += work->ready_count;
	}
	work->ready = ready;
	work->ready_count = 0;
	return r;
}

static int generate(struct enable *work, struct err *err)
{
	struct app *app = work->app;
	struct progress *bar =
		progress_new(stderr, _("generating keys"), work->jobs, app->opt.is_quiet);
	struct keygen *keygen = keygen_new(work->job, work->jobs);
	int64_t flushed = monotonic_ns();
	size_t made = 0;
	int r = 0;
	while (r >= 0 && made < work->jobs) {
		size_t index = 0;
		struct key_pair pair;
		r = keygen_next(keygen, 200, &index, &pair, err);
		if (r > 0) {
			struct item *item = &work->item[work->job_item[index]];
			item->pair[item->pairs++] = pair;
			if (item->pairs == item->missing)
				work->ready[work->ready_count++] = work->job_item[index];
			progress_set(bar, ++made);
		}
		bool is_time = monotonic_ns() - flushed > BATCH_SECONDS * NS_PER_SEC;
		if (r >= 0 && work->ready_count &&
		    (is_time || work->ready_count >= BATCH)) {
			progress_clear(bar);
			r = flush(work, err);
			flushed = monotonic_ns();
		}
	}
	progress_free(bar);
	keygen_free(keygen);
	return r;
}

/* ---- telling --------------------------------------------------------------------------------- */

static int is_external(struct app *app, const struct domain *domain, bool *ret_is,
                       struct err *err)
{
	auto_free char *service = NULL;
	int r = setting_text(app->session.store, SET_DNS_SERVICE, domain->id, &service,
	                     err);
	if (r >= 0)
		*ret_is = strcmp(service, "external") == 0;
	return r;
}

int cmd_publish_keys(struct app *app, struct err *err)
{
	auto_free char *reload = NULL;
	if (!app->session.exports.count)
		return 0;
	int r = setting_text(app->session.store, SET_ZONE_RELOAD, 0, &reload, err);
	if (r >= 0 && !*reload && !session_is_customer(&app->session))
		app_say(app, REPORT_WARNING,
		        _("the name server will not be reloaded: zone.reload is not "
		          "set"));
	return r < 0 ? r : export_activate_later(&app->session, err);
}

/* Exports the zones that are ours and prints the records of the others: name servers are asked about
 * those when the export lock is free again. */
static int publish(struct enable *work, struct err *err)
{
	struct app *app = work->app;
	auto_free const char **external = xcalloc(work->count, sizeof(*external));
	struct err later = ERR_INIT;
	size_t count = 0;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < work->count; i++) {
		struct item *item = &work->item[i];
		auto_domain domain = DOMAIN_INIT;
		bool is_elsewhere = false;
		if (!item->is_done ||
		    domain_look(app->session.store, item->name, &domain, err) <= 0)
			continue;
		r = is_external(app, &domain, &is_elsewhere, err);
		if (r >= 0 && is_elsewhere)
			external[count++] = item->name;
		else if (r >= 0 && item->outcome != KEYRING_UNCHANGED)
			r = session_export_family_later(&app->session, &domain, err);
	}
	if (r >= 0)
		r = cmd_publish_keys(app, err);
	session_drop_export_lock(&app->session);
	/* what is to be pasted is told, whatever became of the others */
	int printed = paste_keys(app, external, count, &later);
	if (r < 0 || printed >= 0)
		return r;
	*err = later;
	return printed;
}

static int tell(struct enable *work, struct err *err)
{
	struct app *app = work->app;
	if (work->count > TALKATIVE) {
		app_say(app, REPORT_NOTE,
		        _("DKIM is on for %zu domains, %zu of them new here; %zu failed"),
		        work->done, work->added, work->failed);
		return 0;
	}
	for (size_t i = 0; i < work->count; i++) {
		auto_domain domain = DOMAIN_INIT;
		auto_free char *waits = NULL;
		struct item *item = &work->item[i];
		if (!item->is_done ||
		    domain_look(app->session.store, item->name, &domain, err) <= 0)
			continue;
		int r = publish_waits_for(app->session.store, &domain, &waits, err);
		if (r < 0)
			return r;
		if (waits)
			app_say(app, REPORT_NOTE, _("%s: DKIM is on; %s"), item->name,
			        waits);
		else
			app_say(app, REPORT_NOTE, _("%s: DKIM is on"), item->name);
	}
	return 0;
}

static void advise(struct enable *work)
{
	struct app *app = work->app;
	bool has_ed25519 = false, has_rsa = false;
	for (size_t i = 0; i < work->jobs; i++) {
		has_ed25519 |= strcmp(work->job[i].algorithm, "ed25519") == 0;
		has_rsa |= strcmp(work->job[i].algorithm, "rsa") == 0;
	}
	if (has_ed25519 && !has_rsa)
		app_say(app, REPORT_WARNING,
		        _("many receivers do not verify Ed25519 signatures; "
		          "dkim.algorithm both adds an RSA key"));
	if (work->is_sign_now)
		app_say(app, REPORT_WARNING,
		        _("--sign-now: receivers that do not find the record yet will "
		          "treat the signatures as invalid"));
}

static void enable_done(struct enable *work)
{
	for (size_t i = 0; i < work->count; i++)
		for (size_t j = 0; j < work->item[i].pairs; j++)
			key_pair_done(&work->item[i].pair[j]);
	free(work->item);
	free(work->job);
	free(work->job_item);
	free(work->ready);
}

/* --dry-run: keys that nobody gets are not made. */
static int foretell(struct enable *work)
{
	struct app *app = work->app;
	size_t keys = 0, domains = 0;
	for (size_t i = 0; i < work->count; i++) {
		const struct item *item = &work->item[i];
		if (item->is_failed)
			continue;
		domains++;
		keys += item->missing;
		if (work->count <= TALKATIVE)
			app_say(app, REPORT_NOTE,
			        _("%s: DKIM would be on; new keys: %zu"), item->name,
			        item->missing);
	}
	if (work->count > TALKATIVE)
		app_say(app, REPORT_NOTE,
		        _("DKIM would be enabled for %zu domains, with %zu new keys"),
		        domains, keys);
	return 0;
}

/* What no batch has stored yet.  Before an export: under its lock, so that a busy one leaves these
 * domains as they were. */
static int store_rest(struct enable *work, bool is_exported, struct err *err)
{
	int r = is_exported && work->ready_count
	                ? session_take_export_lock(&work->app->session, err)
	                : 0;
	return r < 0 ? r : flush(work, err);
}

static int enable_all(struct enable *work, const struct app_names *names, struct err *err)
{
	int r = survey(work, names, err);
	if (r < 0)
		return r;
	advise(work);
	if (work->app->session.is_dry_run)
		return foretell(work);
	if (work->jobs)
		r = generate(work, err);
	if (r >= 0 || r == ERR_CANCELLED) {
		struct err later = ERR_INIT;
		int saved = store_rest(work, r >= 0, &later);
		if (saved < 0) {
			*err = later;
			r = saved;
		}
	}
	if (r == ERR_CANCELLED)
		return err_set(
			err, ERR_CANCELLED,
			_("interrupted: DKIM is on for %zu of %zu domains; repeat the "
		          "command to continue"),
			work->done, work->count);
	if (r >= 0 && work->done)
		r = publish(work, err);
	if (r >= 0)
		r = tell(work, err);
	return r;
}

int cmd_enable_dkim_names(struct app *app, const struct app_names *names, struct err *err)
{
	struct enable work = { .app = app,
		               .is_sign_now = args_has(app->args, "--sign-now") };
	int r = enable_all(&work, names, err);
	session_drop_export_lock(&app->session);
	if (r >= 0 && work.failed) {
		r = ERR_REPORTED;
		err_clear(err);
	}
	enable_done(&work);
	return r;
}

/* ---- with a key that is there ---------------------------------------------------------------- */

struct choice {
	struct item *item;
	char selector[NAME_SIZE];
};

static int choose_key(struct app *app, void *arg, struct err *err)
{
	struct choice *choice = arg;
	struct item *item = choice->item;
	auto_domain domain = DOMAIN_INIT;
	int r = session_domain(&app->session, item->name, &domain, err);
	if (r >= 0)
		r = session_check_keys_of(&app->session, &domain, err);
	if (r >= 0)
		r = keyring_choose(app->session.store, &app->session.ctx, &domain,
		                   choice->selector, args_has(app->args, "--sign-now"),
		                   &item->outcome, err);
	return r;
}

/* --selector: the domain's key under it, instead of whichever is at hand. */
static int enable_with_key(struct app *app, const struct app_names *names,
                           struct err *err)
{
	struct item item = { 0 };
	struct enable work = { .app = app, .item = &item, .count = 1 };
	struct choice choice = { .item = &item };
	if (names->count != 1 || names->is_all)
		return err_set(err, ERR_USAGE, _("--selector requires one domain"));
	int r = name_parse_domain(names->name[0], item.name, err);
	if (r >= 0)
		r = name_parse_selector(args_get(app->args, "--selector"),
		                        choice.selector, err);
	if (r >= 0)
		r = session_take_export_lock(&app->session, err);
	if (r >= 0)
		r = app_change(app, NEED_PUSH, choose_key, &choice, err);
	item.is_done = true;
	if (r >= 0 && !app->session.is_dry_run)
		r = publish(&work, err);
	session_drop_export_lock(&app->session);
	return r < 0 || app->session.is_dry_run ? r : tell(&work, err);
}

int cmd_enable_dkim(struct app *app, struct err *err)
{
	struct app_names names;
	int r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	r = args_has(app->args, "--selector") ? enable_with_key(app, &names, err)
	                                      : cmd_enable_dkim_names(app, &names, err);
	app_names_done(&names);
	return r;
}

/* ---- switching off --------------------------------------------------------------------------- */

struct disable {
	const struct app_names *names;
	size_t from, to; /* of the names, this batch */
	size_t failed;
	bool is_now;
};

static int disable_one(struct app *app, const struct domain *domain, bool is_now,
                       struct err *err)
{
	int r = session_check_keys_of(&app->session, domain, err);
	if (r >= 0)
		r = keyring_disable(app->session.store, &app->session.ctx, domain, is_now,
		                    err);
	if (r >= 0 && is_now)
		r = session_export_family_later(&app->session, domain, err);
	return r;
}

static int disable_batch(struct app *app, void *arg, struct err *err)
{
	struct disable *work = arg;
	for (size_t i = work->from; i < work->to; i++) {
		auto_domain domain = DOMAIN_INIT;
		int r = session_domain(&app->session, work->names->name[i], &domain, err);
		bool is_theirs = r == ERR_MISSING || r == ERR_USAGE; /* or an alias */
		if (r >= 0) {
			r = disable_one(app, &domain, work->is_now, err);
			is_theirs = r < 0 && domain.main_id;
		}
		if (r < 0 && !is_theirs)
			return r;
		if (r < 0) {
			app_say(app, REPORT_ERROR, "%s", err->text);
			err_clear(err);
			work->failed++;
		}
	}
	return 0;
}

int cmd_disable_dkim_names(struct app *app, const struct app_names *names,
                           struct err *err)
{
	struct disable work = { .names = names, .is_now = args_has(app->args, "--now") };
	int r = 0;
	while (r >= 0 && work.to < names->count && !signals_is_cancelled()) {
		work.from = work.to;
		work.to = work.from + BATCH < names->count ? work.from + BATCH
		                                           : names->count;
		/* the records leave their zones right after the last batch */
		if (work.is_now && work.to == names->count)
			r = session_take_export_lock(&app->session, err);
		if (r >= 0)
			r = app_change(app, NEED_PUSH, disable_batch, &work, err);
	}
	if (r < 0)
		return r;
	if (work.to < names->count)
		return err_set(
			err, ERR_CANCELLED,
			_("interrupted: DKIM is off for %zu of %zu domains; repeat the "
		          "command to continue"),
			work.to, names->count);
	return work.failed ? ERR_REPORTED : 0;
}

int cmd_disable_dkim(struct app *app, struct err *err)
{
	struct app_names names;
	int r = app_names(app, 0, &names, err);
	if (r < 0)
		return r;
	r = cmd_disable_dkim_names(app, &names, err);
	app_names_done(&names);
	return r;
}
