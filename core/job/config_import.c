/* Applying a document: trial, keys, change, export, batches. */
#include "core/job/config_import.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/job/change_push.h"
#include "core/job/key_making.h"
#include "core/model/setting/setting.h"
#include "core/mta/push/backend_choose.h"

enum {
	BULK = 1000, /* number of keys; more are generated in batches, after the change */
};

struct work {
	struct session *session;
	const struct config *config;
	struct config_import *import;
	bool is_pruning;
	bool is_trial; /* keys are counted, not stored */
	struct keygen_job *job;
	size_t *job_item; /* the item of each job */
	size_t jobs, job_room, item_room;
	int (*look)(void *arg, int64_t change, struct err *err);
	void *arg;
};

static void work_done(struct work *work)
{
	free(work->job);
	free(work->job_item);
}

void config_import_done(struct config_import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		for (size_t k = 0; k < import->item[i].pairs; k++)
			key_pair_done(&import->item[i].pair[k]);
		free(import->item[i].name);
	}
	free(import->item);
	enable_dkim_done(&import->later);
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(((const struct config_import_item *)a)->name,
	              ((const struct config_import_item *)b)->name);
}

/* ---- applying -------------------------------------------------------------------------------- */

/* In the trial: the missing keys; DKIM is enabled as far as possible without them. */
static int try_to_enable(struct work *work, const struct domain *domain, struct err *err)
{
	struct session *session = work->session;
	struct config_import *import = work->import;
	enum keyring_outcome ignored;
	struct keygen_job jobs[2];
	size_t missing = 0;
	enum keyring_maker maker;
	int r = backend_key_maker(&session->ctx, session->store, &maker, err);
	if (r >= 0 && maker == KEYS_OURS)
		r = keyring_missing(session->store, domain, jobs, &missing, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < missing; i++) {
		GROW(work->job, work->jobs, work->job_room);
		GROW(work->job_item, work->jobs, work->item_room);
		work->job[work->jobs] = jobs[i];
		work->job_item[work->jobs++] = import->count;
	}
	GROW(import->item, import->count, import->room);
	import->item[import->count++] =
		(struct config_import_item){ .name = xstrdup(domain->name),
		                             .missing = missing };
	import->keys += missing;
	return missing ? setting_set(session->store, SET_DKIM_SIGN, domain->id,
	                             domain->name, "on", err)
	               : keyring_switch_on(session->store, &session->ctx, domain, maker,
	                                   NULL, 0, false, &ignored, err);
}

/* A zone that is served elsewhere is not exported. */
static int export_later(struct session *session, const struct domain *domain,
                        struct err *err)
{
	bool is_hosted;
	int r = setting_is(session->store, SET_DNS_SERVICE, domain->id, "hosted",
	                   &is_hosted, err);
	return r < 0 || !is_hosted ? r
	                           : session_export_family_later(session, domain, err);
}

static int enable(void *arg, const struct domain *domain, struct err *err)
{
	struct work *work = arg;
	struct session *session = work->session;
	struct config_import *import = work->import;
	const struct config_import_item sample = { .name = domain->name };
	enum keyring_outcome ignored;
	if (work->is_trial)
		return try_to_enable(work, domain, err);
	struct config_import_item *item =
		import->count ? bsearch(&sample, import->item, import->count,
	                                sizeof(sample), compare_items)
			      : NULL;
	if (item && item->is_later)
		return 0;
	enum keyring_maker maker = KEYS_OURS;
	int r = backend_key_maker(&session->ctx, session->store, &maker, err);
	if (r >= 0)
		r = item ? keyring_switch_on(session->store, &session->ctx, domain, maker,
		                             item->pair, item->pairs, false, &ignored,
		                             err)
		         : err_set(err, ERR_FAILED,
		                   _("the keys of %s were changed at the same time; try "
		                     "again"),
		                   domain->name);
	return r < 0 ? r : export_later(session, domain, err);
}

static int publish_later(void *arg, const struct domain *domain, struct err *err)
{
	struct work *work = arg;
	return work->is_trial ? 0 : export_later(work->session, domain, err);
}

/* Each setting of the document is checked against the adopted server. */
static int check_backend(void *arg, enum setting_key key, const char *text,
                         struct err *err)
{
	struct work *work = arg;
	int r = backend_check_setting(&work->session->ctx, work->session->store,
	                              setting_table[key].key, text, err);
	return r < 0 ? config_blame_setting(work->config, key, err) : 0;
}

/* More than BULK keys are generated in batches, which can be interrupted and continued: those of
 * domains that "domain enable-dkim" will accept after the change. */
static int sort_out_bulk(struct work *work, struct err *err)
{
	struct config_import *import = work->import;
	int r = 0;
	import->is_bulk = import->keys > BULK;
	for (size_t i = 0; import->is_bulk && r >= 0 && i < import->count; i++) {
		struct config_import_item *item = &import->item[i];
		struct err refused = ERR_INIT;
		auto_domain domain = DOMAIN_INIT;
		r = domain_look(work->session->store, item->name, &domain, err);
		if (r > 0)
			item->is_later = item->missing &&
			                 keyring_check_enable(work->session->store,
			                                      &domain, &refused) >= 0;
	}
	return r;
}

static int apply(struct session *session, void *arg, struct err *err)
{
	struct work *work = arg;
	const struct config_hooks hooks = {
		.is_pruning = work->is_pruning,
		.enable = enable,
		.publish = publish_later,
		.arg = work,
	};
	int r = config_apply(session->store, &session->ctx, work->config, &hooks, err);
	if (r >= 0)
		r = config_each_setting(work->config, check_backend, work, err);
	if (r >= 0 && !work->is_trial)
		setting_advise(session->store, &session->ctx);
	return r < 0 || !work->is_trial ? r : sort_out_bulk(work, err);
}

/* ---- without a change ------------------------------------------------------------------------ */

static int apply_and_look(struct session *session, void *arg, struct err *err)
{
	struct work *work = arg;
	struct generation now = { 0, 0 };
	int r = apply(session, arg, err);
	if (r >= 0)
		r = generation_now(session->store, &now, err);
	return r < 0 ? r : work->look(work->arg, now.id, err);
}

int config_import_try(struct session *session, const struct config *config,
                      bool is_pruning,
                      int (*look)(void *arg, int64_t change, struct err *err), void *arg,
                      struct err *err)
{
	cleanup(config_import_done) struct config_import import = { 0 };
	cleanup(work_done) struct work work = { .session = session,
		                                .config = config,
		                                .import = &import,
		                                .is_pruning = is_pruning,
		                                .is_trial = true,
		                                .look = look,
		                                .arg = arg };
	return change_push_try(session, apply_and_look, &work, err);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static int take_pair(void *arg, size_t index, struct key_pair *pair, struct err *err)
{
	struct work *work = arg;
	struct config_import_item *item = &work->import->item[work->job_item[index]];
	(void)err;
	item->pair[item->pairs++] = *pair;
	return 0;
}

/* Keys that are stored with the change. */
static int make_keys(struct work *work, struct err *err)
{
	size_t jobs = 0;
	for (size_t i = 0; i < work->jobs; i++)
		if (!work->import->item[work->job_item[i]].is_later) {
			work->job[jobs] = work->job[i];
			work->job_item[jobs++] = work->job_item[i];
		}
	int r = key_making_run(work->session, work->job, jobs, take_pair, work, err);
	return r != ERR_CANCELLED ? r
	                          : err_set(err, ERR_CANCELLED,
	                                    _("interrupted; nothing was changed"));
}

/* Which keys are missing is determined after everything else was applied. */
static int prepare_keys(struct work *work, struct err *err)
{
	struct config_import *import = work->import;
	bool enables = false;
	int r = config_enables(work->session->store, work->config, &enables, err);
	if (r < 0 || !enables || work->session->is_dry_run)
		return r;
	work->is_trial = true;
	r = change_push_try(work->session, apply, work, err);
	work->is_trial = false;
	if (r >= 0)
		r = make_keys(work, err);
	if (r >= 0 && import->count)
		qsort(import->item, import->count, sizeof(*import->item), compare_items);
	return r;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int enable_later(struct work *work, struct err *err)
{
	const struct config_import *import = work->import;
	auto_names names = { 0 };
	for (size_t i = 0; i < import->count; i++)
		if (import->item[i].is_later)
			names_add(&names, import->item[i].name);
	return names.count ? enable_dkim_run(work->session, &names, false,
	                                     &work->import->later, err)
	                   : 0;
}

static int import_document(struct work *work, struct err *err)
{
	struct session *session = work->session;
	struct generation before = { 0, 0 }, after = { 0, 0 };
	int r = session->store ? generation_now(session->store, &before, err) : 0;
	if (r >= 0)
		r = prepare_keys(work, err);
	if (r < 0)
		return r;
	work->is_trial = session->is_dry_run;
	/* all keys exist: change and export are made under one lock */
	r = session_take_export_lock(session, err);
	if (r >= 0)
		r = change_push_run(session, CHANGE_PUSHED, apply, work, err);
	if (r < 0 || session->is_dry_run)
		return r;
	r = generation_now(session->store, &after, err);
	work->import->is_changed = after.id != before.id;
	if (r >= 0)
		r = enable_dkim_export(session, err);
	session_drop_export_lock(session);
	return r < 0 ? r : enable_later(work, err);
}

int config_import_run(struct session *session, const struct config *config,
                      bool is_pruning, struct config_import *import, struct err *err)
{
	cleanup(work_done) struct work work = { .session = session,
		                                .config = config,
		                                .import = import,
		                                .is_pruning = is_pruning };
	return import_document(&work, err);
}
