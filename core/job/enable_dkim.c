/* Enabling DKIM and rotating keys: survey, keys, batches, export.  And disabling DKIM. */
#include "core/job/enable_dkim.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/signals.h"
#include "core/job/change_push.h"
#include "core/job/export_activate.h"
#include "core/job/key_making.h"
#include "core/model/record/records.h"
#include "core/model/setting/setting.h"
#include "core/mta/push/backend_choose.h"

enum {
	BATCH = 500,       /* domains in one transaction at most */
	BATCH_SECONDS = 2, /* a batch is stored at least at this interval */
};

struct enable {
	struct session *session;
	struct enable_dkim *work;
	struct keygen_job *job; /* for all items, in their order */
	size_t *job_item;       /* the item of each job */
	size_t jobs;
	size_t *ready; /* items whose key pairs are complete */
	size_t ready_count;
	int64_t flushed; /* when the last batch was stored */
	bool is_sign_now;
	enum keyring_maker maker;
	bool is_rotation; /* new keys replace the present ones */
	enum keyring_scope scope;
};

static void enable_init(struct enable *enable, struct session *session,
                        struct enable_dkim *work, size_t count, bool is_sign_now)
{
	*enable = (struct enable){ .session = session,
		                   .work = work,
		                   .is_sign_now = is_sign_now };
	work->count = count;
	work->item = xcalloc(count, sizeof(*work->item));
	enable->job = xcalloc(2 * count, sizeof(*enable->job));
	enable->job_item = xcalloc(2 * count, sizeof(*enable->job_item));
	enable->ready = xcalloc(count, sizeof(*enable->ready));
}

static void enable_free(struct enable *enable)
{
	free(enable->job);
	free(enable->job_item);
	free(enable->ready);
}

static void drop_pairs(struct enable_dkim_item *item)
{
	while (item->pairs)
		key_pair_done(&item->pair[--item->pairs]);
}

void enable_dkim_done(struct enable_dkim *work)
{
	for (size_t i = 0; i < work->count; i++)
		drop_pairs(&work->item[i]);
	free(work->item);
	names_done(&work->elsewhere);
}

/* A fault of one domain: reported now; the others continue. */
static void fail_item(struct enable *enable, struct enable_dkim_item *item,
                      struct err *err)
{
	item->is_failed = true;
	enable->work->failed++;
	ctx_report(&enable->session->ctx, REPORT_ERROR, "%s", err->text);
	err_clear(err);
}

/* ---- what is to be done ---------------------------------------------------------------------- */

static int consider_new(struct enable *enable, struct enable_dkim_item *item,
                        struct err *err)
{
	auto_free char *near = NULL;
	int r = 0;
	if (enable->work->count <= DKIM_SINGLE_REPORTS)
		r = domain_near(enable->session->store, item->name, &near, err);
	if (r >= 0 && near)
		r = err_set(err, ERR_FAILED,
		            _("domain %s not found; did you mean %s?  To add it, run "
		              "\"mailauthctl domain add %s\""),
		            item->name, near, item->name);
	item->is_new = true;
	return r;
}

/* Keys of a domain are replaced: it must exist, and its keys must be ours. */
static int consider_rotation(struct enable *enable, struct enable_dkim_item *item,
                             struct keygen_job ret_jobs[2], struct err *err)
{
	struct session *session = enable->session;
	auto_domain domain = DOMAIN_INIT;
	int r = session_domain(session, item->name, &domain, err);
	if (r >= 0 && enable->maker == KEYS_SERVER)
		r = err_set(err, ERR_FAILED,
		            _("the mail server makes the keys of %s itself: have it make "
		              "a new one"),
		            item->name);
	return r < 0 ? r
	             : keyring_rotate_missing(session->store, &session->ctx, &domain,
	                                      enable->scope, ret_jobs, &item->missing,
	                                      err);
}

static int consider(struct enable *enable, struct enable_dkim_item *item,
                    const char *typed, struct keygen_job ret_jobs[2], struct err *err)
{
	struct session *session = enable->session;
	auto_domain domain = DOMAIN_INIT;
	int r = name_parse_domain(typed, item->name, err);
	if (r >= 0 && enable->is_rotation)
		return consider_rotation(enable, item, ret_jobs, err);
	if (r >= 0)
		r = session_look(session, item->name, &domain, err);
	if (r == 0) {
		r = consider_new(enable, item, err);
	} else if (r > 0) {
		r = session_check_keys_of(session, &domain, err);
		if (r >= 0)
			r = keyring_check_enable(session->store, &domain, err);
	}
	if (r >= 0 && item->is_new)
		domain.name = xstrdup(item->name);
	if (r >= 0 && enable->maker == KEYS_OURS)
		r = keyring_missing(session->store, &domain, ret_jobs, &item->missing,
		                    err);
	return r;
}

static int survey(struct enable *enable, const struct names *names, struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		struct enable_dkim_item *item = &enable->work->item[i];
		struct keygen_job jobs[2];
		int r = consider(enable, item, names->name[i], jobs, err);
		if (r == ERR_USAGE && names->count == 1)
			return r;
		if (r < 0) {
			fail_item(enable, item, err);
			continue;
		}
		for (size_t k = 0; k < item->missing; k++) {
			enable->job[enable->jobs] = jobs[k];
			enable->job_item[enable->jobs++] = i;
		}
		if (item->missing == 0)
			enable->ready[enable->ready_count++] = i;
		if (signals_is_cancelled())
			return err_set(err, ERR_CANCELLED,
			               _("interrupted; nothing was changed"));
	}
	return 0;
}

static void advise(const struct enable *enable)
{
	struct ctx *ctx = &enable->session->ctx;
	bool has_ed25519 = false, has_rsa = false;
	for (size_t i = 0; i < enable->jobs; i++) {
		has_ed25519 |= strcmp(enable->job[i].algorithm, "ed25519") == 0;
		has_rsa |= strcmp(enable->job[i].algorithm, "rsa") == 0;
	}
	if (has_ed25519 && !has_rsa)
		ctx_report(ctx, REPORT_WARNING,
		           _("many receivers do not verify Ed25519 signatures; "
		             "dkim.algorithm both adds an RSA key"));
	if (enable->is_sign_now)
		ctx_report(ctx, REPORT_WARNING,
		           _("--sign-now: receivers that do not find the record yet "
		             "will treat the signatures as invalid"));
}

/* ---- storing --------------------------------------------------------------------------------- */

static int add_item(struct session *session, const struct enable_dkim_item *item,
                    struct domain *ret_domain, struct err *err)
{
	if (!item->is_new)
		return err_set(err, ERR_FAILED, _("%s was removed at the same time"),
		               item->name);
	return domain_add(session->store, &session->ctx, item->name, NULL, ret_domain,
	                  err);
}

/* Whether its records are exported here, or have to be copied by hand. */
static int note_zone(struct enable *enable, struct enable_dkim_item *item,
                     const struct domain *domain, bool is_changed, struct err *err)
{
	int r = setting_is(enable->session->store, SET_DNS_SERVICE, domain->id,
	                   "external", &item->is_elsewhere, err);
	return r < 0 || item->is_elsewhere || !is_changed
	               ? r
	               : session_export_family_later(enable->session, domain, err);
}

static int note_name(struct session *session, const struct domain *domain,
                     struct names *elsewhere, struct err *err)
{
	bool is_elsewhere;
	int r = setting_is(session->store, SET_DNS_SERVICE, domain->id, "external",
	                   &is_elsewhere, err);
	if (r >= 0 && is_elsewhere)
		names_add(elsewhere, domain->name);
	else if (r >= 0)
		session_export_later(session, domain->name);
	return r;
}

int enable_dkim_note_family(struct session *session, const struct domain *domain,
                            struct names *elsewhere, struct err *err)
{
	auto_stmt aliases = NULL;
	struct domain alias;
	int r = note_name(session, domain, elsewhere, err);
	if (r >= 0)
		r = domain_query(session->store, domain->id, NULL, &aliases, err);
	while (r >= 0 && (r = domain_next(aliases, &alias, err)) > 0)
		r = note_name(session, &alias, elsewhere, err);
	return r;
}

/* The current state of the domain: no lock prevented changes while its keys were generated. */
static int enable_one(struct enable *enable, struct enable_dkim_item *item,
                      struct err *err)
{
	struct session *session = enable->session;
	enum keyring_outcome outcome = KEYRING_PENDING;
	auto_domain domain = DOMAIN_INIT;
	int r = session_look(session, item->name, &domain, err);
	if (r != 0)
		item->is_new = false;
	else
		r = add_item(session, item, &domain, err);
	if (r >= 0 && enable->is_rotation)
		r = keyring_rotate(session->store, &session->ctx, &domain, enable->scope,
		                   item->pair, item->pairs, err);
	else if (r >= 0)
		r = keyring_enable(session->store, &session->ctx, &domain, enable->maker,
		                   item->pair, item->pairs, enable->is_sign_now, &outcome,
		                   err);
	if (r >= 0 && item->pairs)
		r = records_check_domain(session->store, &domain, err);
	if (r >= 0 && enable->is_rotation)
		r = enable_dkim_note_family(session, &domain, &enable->work->elsewhere,
		                            err);
	else if (r >= 0)
		r = note_zone(enable, item, &domain, outcome != KEYRING_UNCHANGED, err);
	return r;
}

/* A domain that another command changed since the survey in a way that prevents this is reported
 * and not changed. */
static int store_batch(struct session *session, void *arg, struct err *err)
{
	struct enable *enable = arg;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < enable->ready_count; i++) {
		struct enable_dkim_item *item = &enable->work->item[enable->ready[i]];
		r = store_part_begin(session->store, err);
		if (r < 0)
			break;
		bool is_enabled = enable_one(enable, item, err) >= 0;
		if (!is_enabled)
			fail_item(enable, item, err);
		else if (item->is_new && enable->work->count <= DKIM_SINGLE_REPORTS)
			ctx_report(&session->ctx, REPORT_NOTE, _("%s was added"),
			           item->name);
		r = store_part_end(session->store, is_enabled, err);
	}
	return r;
}

static int flush(struct enable *enable, struct err *err)
{
	struct enable_dkim *work = enable->work;
	size_t all = enable->ready_count;
	size_t *ready = enable->ready;
	int r = 0;
	while (r >= 0 && all) {
		enable->ready_count = all < BATCH ? all : BATCH;
		r = change_push_run(enable->session, CHANGE_PUSHED, store_batch, enable,
		                    err);
		if (r < 0)
			break;
		for (size_t i = 0; i < enable->ready_count; i++) {
			struct enable_dkim_item *item = &work->item[enable->ready[i]];
			item->is_done = !item->is_failed;
			work->done += item->is_done;
			work->added += item->is_done && item->is_new;
			drop_pairs(item);
		}
		all -= enable->ready_count;
		enable->ready += enable->ready_count;
	}
	enable->ready = ready;
	enable->ready_count = 0;
	enable->flushed = monotonic_ns();
	return r;
}

static int take_pair(void *arg, size_t index, struct key_pair *pair, struct err *err)
{
	struct enable *enable = arg;
	size_t at = enable->job_item[index];
	struct enable_dkim_item *item = &enable->work->item[at];
	item->pair[item->pairs++] = *pair;
	if (item->pairs == item->missing)
		enable->ready[enable->ready_count++] = at;
	bool is_time = monotonic_ns() - enable->flushed > BATCH_SECONDS * NS_PER_SEC;
	if (!enable->ready_count || (!is_time && enable->ready_count < BATCH))
		return 0;
	session_progress(enable->session, NULL, 0, 0);
	return flush(enable, err);
}

/* Stores what no batch has stored yet.  Before an export, under its lock: if that is busy, these
 * domains are not changed. */
static int store_rest(struct enable *enable, bool is_exported, struct err *err)
{
	int r = is_exported && enable->ready_count
	                ? session_take_export_lock(enable->session, err)
	                : 0;
	return r < 0 ? r : flush(enable, err);
}

/* Finished keys are stored even after a signal. */
static int make_and_store(struct enable *enable, struct err *err)
{
	struct err later = ERR_INIT;
	enable->flushed = monotonic_ns();
	int r = key_making_run(enable->session, enable->job, enable->jobs, take_pair,
	                       enable, err);
	if (r < 0 && r != ERR_CANCELLED)
		return r;
	int stored = store_rest(enable, r >= 0, &later);
	if (stored < 0) {
		*err = later;
		return stored;
	}
	if (r == ERR_CANCELLED)
		return err_set(
			err, ERR_CANCELLED,
			enable->is_rotation
				? _("interrupted; domains with new keys: %zu of %zu; "
		                    "repeat the command to continue")
				: _("interrupted; domains with DKIM on: %zu of %zu; "
		                    "repeat the command to continue"),
			enable->work->done, enable->work->count);
	return 0;
}

/* ---- export ---------------------------------------------------------------------------------- */

int enable_dkim_export(struct session *session, struct err *err)
{
	auto_free char *reload = NULL;
	if (!session->exports.count)
		return 0;
	int r = setting_text(session->store, SET_ZONE_RELOAD, 0, &reload, err);
	if (r >= 0 && !*reload && !session_is_customer(session))
		ctx_report(&session->ctx, REPORT_WARNING,
		           _("the name server will not be reloaded: zone.reload is not "
		             "set"));
	return r < 0 ? r : export_activate_later(session, err);
}

/* The names to copy are listed even if the export fails. */
static int publish(struct enable *enable, struct err *err)
{
	struct enable_dkim *work = enable->work;
	for (size_t i = 0; i < work->count; i++)
		if (work->item[i].is_done && work->item[i].is_elsewhere)
			names_add(&work->elsewhere, work->item[i].name);
	return enable_dkim_export(enable->session, err);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int enable_all(struct enable *enable, const struct names *names, struct err *err)
{
	int r = backend_key_maker(&enable->session->ctx, enable->session->store,
	                          &enable->maker, err);
	/* --due, which cron runs: nothing can be done */
	if (r >= 0 && enable->is_rotation && enable->scope == ROTATE_DUE &&
	    enable->maker == KEYS_SERVER)
		return 0;
	if (r >= 0)
		r = survey(enable, names, err);
	if (r < 0)
		return r;
	advise(enable);
	if (enable->session->is_dry_run)
		return 0;
	r = make_and_store(enable, err);
	return r < 0 || !enable->work->done ? r : publish(enable, err);
}

int enable_dkim_run(struct session *session, const struct names *names, bool is_sign_now,
                    struct enable_dkim *work, struct err *err)
{
	struct enable enable;
	enable_init(&enable, session, work, names->count, is_sign_now);
	int r = enable_all(&enable, names, err);
	session_drop_export_lock(session);
	enable_free(&enable);
	return r;
}

int enable_dkim_rotate(struct session *session, const struct names *names,
                       enum keyring_scope scope, struct enable_dkim *work,
                       struct err *err)
{
	struct enable enable;
	enable_init(&enable, session, work, names->count, false);
	enable.is_rotation = true;
	enable.scope = scope;
	int r = enable_all(&enable, names, err);
	session_drop_export_lock(session);
	enable_free(&enable);
	return r;
}

/* ---- with a key that is there ---------------------------------------------------------------- */

struct choice {
	struct enable enable;
	char selector[NAME_SIZE];
};

static int choose_key(struct session *session, void *arg, struct err *err)
{
	struct choice *choice = arg;
	struct enable *enable = &choice->enable;
	enum keyring_outcome outcome;
	auto_domain domain = DOMAIN_INIT;
	int r = session_domain(session, enable->work->item->name, &domain, err);
	if (r >= 0)
		r = session_check_keys_of(session, &domain, err);
	if (r >= 0)
		r = keyring_choose(session->store, &session->ctx, &domain,
		                   choice->selector, enable->is_sign_now, &outcome, err);
	return r < 0 ? r
	             : note_zone(enable, enable->work->item, &domain,
	                         outcome != KEYRING_UNCHANGED, err);
}

static int choose(struct choice *choice, const char *typed, const char *selector,
                  struct err *err)
{
	struct enable *enable = &choice->enable;
	struct enable_dkim_item *item = enable->work->item;
	int r = name_parse_domain(typed, item->name, err);
	if (r >= 0)
		r = name_parse_selector(selector, choice->selector, err);
	if (r >= 0)
		r = session_take_export_lock(enable->session, err);
	if (r >= 0)
		r = change_push_run(enable->session, CHANGE_PUSHED, choose_key, choice,
		                    err);
	if (r < 0 || enable->session->is_dry_run)
		return r;
	item->is_done = true;
	enable->work->done = 1;
	return publish(enable, err);
}

int enable_dkim_choose(struct session *session, const char *typed, const char *selector,
                       bool is_sign_now, struct enable_dkim *work, struct err *err)
{
	struct choice choice;
	enable_init(&choice.enable, session, work, 1, is_sign_now);
	int r = choose(&choice, typed, selector, err);
	session_drop_export_lock(session);
	enable_free(&choice.enable);
	return r;
}

/* ---- switching off --------------------------------------------------------------------------- */

struct disable {
	const struct names *names;
	size_t from, to; /* of the names, this batch */
	size_t failed;
	bool is_now;
};

static int disable_one(struct session *session, const struct domain *domain, bool is_now,
                       struct err *err)
{
	int r = session_check_keys_of(session, domain, err);
	if (r >= 0)
		r = keyring_disable(session->store, &session->ctx, domain, is_now, err);
	if (r >= 0 && is_now)
		r = session_export_family_later(session, domain, err);
	return r;
}

static int disable_batch(struct session *session, void *arg, struct err *err)
{
	struct disable *disable = arg;
	for (size_t i = disable->from; i < disable->to; i++) {
		auto_domain domain = DOMAIN_INIT;
		int r = session_domain(session, disable->names->name[i], &domain, err);
		bool is_theirs = r == ERR_MISSING || r == ERR_USAGE; /* or an alias */
		if (r >= 0) {
			r = disable_one(session, &domain, disable->is_now, err);
			is_theirs = r < 0 && domain.main_id;
		}
		if (r < 0 && !is_theirs)
			return r;
		if (r < 0) {
			ctx_report(&session->ctx, REPORT_ERROR, "%s", err->text);
			err_clear(err);
			disable->failed++;
		}
	}
	return 0;
}

int disable_dkim_run(struct session *session, const struct names *names, bool is_now,
                     struct err *err)
{
	struct disable disable = { .names = names, .is_now = is_now };
	int r = 0;
	while (r >= 0 && disable.to < names->count && !signals_is_cancelled()) {
		disable.from = disable.to;
		disable.to = disable.from + BATCH < names->count ? disable.from + BATCH
		                                                 : names->count;
		/* the records leave their zones right after the last batch */
		if (is_now && disable.to == names->count)
			r = session_take_export_lock(session, err);
		if (r >= 0)
			r = change_push_run(session, CHANGE_PUSHED, disable_batch,
			                    &disable, err);
	}
	if (r < 0)
		return r;
	if (disable.to < names->count)
		return err_set(
			err, ERR_CANCELLED,
			_("interrupted; domains with DKIM off: %zu of %zu; repeat the "
		          "command to continue"),
			disable.to, names->count);
	return disable.failed ? ERR_REPORTED : 0;
}
