/*
 * `config`: the whole configuration as one document.
 *
 * A difference is what an import would note in the audit trail: the document is applied in a
 * transaction that is rolled back.  Keys are made outside of all locks; what is needed is found out
 * by such a trial.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/app/app.h"
#include "cli/app/changes.h"
#include "cli/line/commands.h"
#include "cli/out/progress.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/signals.h"
#include "core/model/config/config.h"
#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"
#include "core/mta/plan/backend.h"
#include "core/mta/push/backend_choose.h"

enum {
	BULK = 1000, /* domains: more get their keys in batches, behind the change itself */
	TALKATIVE = 20, /* up to so many domains each gets a sentence of its own */
};

/* ---- export ---------------------------------------------------------------------------------- */

static int put_to_stdout(void *arg, const char *text, size_t len, struct err *err)
{
	(void)err;
	out_plain(arg, text, len);
	return 0;
}

static int put_to_file(void *arg, const char *text, size_t len, struct err *err)
{
	const int *fd = arg;
	while (len > 0) {
		ssize_t done = write(*fd, text, len);
		if (done < 0 && errno == EINTR && !signals_is_cancelled())
			continue;
		if (done < 0)
			return err_errno(err, errno, _("cannot write the document"));
		text += done;
		len -= (size_t)done;
	}
	return 0;
}

static int write_document(struct app *app, struct config_output *output, struct err *err)
{
	int r = app->session.store ? store_begin(app->session.store, false, err) : 0;
	if (r >= 0)
		r = config_write(app->session.store, output, err);
	if (app->session.store)
		store_rollback(app->session.store);
	return r;
}

/* Beside its target and private until it is whole, then over it. */
static int write_staged(struct app *app, const char *path, struct config_output *output,
                        const struct ctx *host, struct err *err)
{
	cleanup(staged_file_done) struct staged_file staged = { 0 };
	const struct file_meta meta = { 0600, geteuid(), getegid() };
	auto_free char *folder = path_parent(path);
	int r = file_stage(host, path, "", 0, meta, false, &staged, err);
	if (r < 0)
		return r;
	auto_close int fd = file_open_raw(host, staged.temp, O_WRONLY | O_NOFOLLOW, 0);
	output->put = put_to_file;
	output->arg = &fd;
	r = fd < 0 ? err_errno(err, errno, _("cannot write %s"), path)
	           : write_document(app, output, err);
	if (r >= 0 && fsync(fd) < 0)
		r = err_errno(err, errno, _("cannot write %s"), path);
	if (r >= 0)
		r = file_switch(host, &staged, err);
	if (r < 0)
		file_unstage(host, &staged);
	else
		r = file_sync_dir(host, folder, err);
	return r;
}

static int write_file(struct app *app, const char *name, struct config_output *output,
                      struct err *err)
{
	struct ctx host = { .root_fd = -1 };
	auto_free char *path = NULL;
	int r = app_output_path(name, output->has_keys, &path, err);
	if (r < 0)
		return r;
	if (app->session.is_dry_run) {
		app_say(app, REPORT_NOTE, _("would write %s"), path);
		return 0;
	}
	r = ctx_init(&host, NULL, err);
	if (r >= 0)
		r = write_staged(app, path, output, &host, err);
	ctx_done(&host);
	return r;
}

static int run_export(struct app *app, struct err *err)
{
	const char *name = args_word(app->args, 0);
	struct config_output output = {
		.is_json = out_get_format(app->out) == OUT_FORMAT_JSON,
		.has_keys = args_has(app->args, "--with-keys"),
		.put = put_to_stdout,
		.arg = app->out,
	};
	bool is_file = name && strcmp(name, "-") != 0;
	if (output.has_keys && !name)
		return err_set(err, ERR_USAGE,
		               _("--with-keys requires a file (0600), or - for "
		                 "standard output"));
	if (output.has_keys && !is_file && isatty(STDOUT_FILENO))
		return err_set(
			err, ERR_FAILED,
			_("private keys are not written to a terminal; name a file"));
	return is_file ? write_file(app, name, &output, err)
	               : write_document(app, &output, err);
}

static int run_schema(struct app *app, struct err *err)
{
	auto_buf text = BUF_INIT;
	(void)err;
	config_put_schema(&text);
	out_plain(app->out, text.at, text.len);
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void say_fault(void *arg, const char *sentence)
{
	app_say(arg, REPORT_ERROR, "%s", sentence);
}

static int read_document(struct app *app, struct config **ret_config, struct err *err)
{
	auto_buf text = BUF_INIT;
	const char *name = args_word(app->args, 0);
	int r = app_read_input(app, name, CONFIG_INPUT_MAX, &text, err);
	if (r >= 0)
		r = config_read(buf_text(&text), text.len, name, say_fault, app,
		                ret_config, err);
	if (text.at)
		explicit_bzero(text.at, text.room);
	return r;
}

/* ---- applying -------------------------------------------------------------------------------- */

/* A domain whose DKIM is switched on. */
struct item {
	char *name;
	struct key_pair pair[2];
	size_t pairs, missing;
	bool is_later; /* in a batch behind the change */
	enum keyring_outcome outcome;
};

struct import {
	struct app *app;
	const struct config *config;
	bool is_trial; /* keys are counted, not stored */
	bool is_bulk;
	struct item *item; /* sorted by name once the trial is over */
	size_t count, room;
	struct keygen_job *job;
	size_t *job_item;
	size_t jobs, job_room, item_room;
};

static int compare_items(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

/* In the trial: what would have to be made; DKIM is on as far as it goes without. */
static int try_to_enable(struct import *import, const struct domain *domain,
                         struct err *err)
{
	struct app *app = import->app;
	struct keygen_job jobs[2];
	GROW(import->item, import->count, import->room);
	struct item *item = &import->item[import->count++];
	*item = (struct item){ .name = xstrdup(domain->name) };
	int r = keyring_missing(app->session.store, domain, jobs, &item->missing, err);
	for (size_t i = 0; r >= 0 && i < item->missing; i++) {
		import->job = xreallocarray(import->job, import->jobs + 1, sizeof(*jobs));
		import->job_item = xreallocarray(import->job_item, import->jobs + 1,
		                                 sizeof(*import->job_item));
		import->job[import->jobs] = jobs[i];
		import->job_item[import->jobs++] = import->count - 1;
	}
	if (r < 0)
		return r;
	return item->missing
	               ? setting_set(app->session.store, SET_DKIM_SIGN, domain->id,
	                             domain->name, "on", err)
	               : keyring_switch_on(app->session.store, &app->session.ctx, domain,
	                                   NULL, 0, false, &item->outcome, err);
}

/* A zone that is served elsewhere is not ours to export. */
static int export_later(struct app *app, const struct domain *domain, struct err *err)
{
	auto_free char *service = NULL;
	int r = setting_text(app->session.store, SET_DNS_SERVICE, domain->id, &service,
	                     err);
	return r < 0 || strcmp(service, "hosted") != 0
	               ? r
	               : session_export_family_later(&app->session, domain, err);
}

static int enable(void *arg, const struct domain *domain, struct err *err)
{
	struct import *import = arg;
	struct app *app = import->app;
	const struct item sample = { .name = domain->name };
	if (import->is_trial)
		return try_to_enable(import, domain, err);
	struct item *item = import->count ? bsearch(&sample, import->item, import->count,
	                                            sizeof(sample), compare_items)
	                                  : NULL;
	if (item && item->is_later)
		return 0;
	int r = item ? keyring_switch_on(app->session.store, &app->session.ctx, domain,
	                                 item->pair, item->pairs, false, &item->outcome,
	                                 err)
	             : err_set(err, ERR_FAILED,
	                       _("the keys of %s were changed at the same time; try "
	                         "again"),
	                       domain->name);
	return r < 0 ? r : export_later(app, domain, err);
}

static int publish_later(void *arg, const struct domain *domain, struct err *err)
{
	struct import *import = arg;
	return import->is_trial ? 0 : export_later(import->app, domain, err);
}

/* What the adopted server can do is asked for each setting that the document has. */
static int check_backend(void *arg, enum setting_key key, const char *text,
                         struct err *err)
{
	struct import *import = arg;
	struct app *app = import->app;
	int r = backend_check_setting(&app->session.ctx, app->session.store,
	                              setting_table[key].key, text, err);
	return r < 0 ? config_blame_setting(import->config, key, err) : 0;
}

/* More domains than BULK get their keys in batches, which can be interrupted and taken up again:
 * those that "domain enable-dkim" takes as they will be then. */
static int sort_out_bulk(struct import *import, struct err *err)
{
	struct app *app = import->app;
	int r = 0;
	import->is_bulk = import->jobs > BULK;
	for (size_t i = 0; import->is_bulk && r >= 0 && i < import->count; i++) {
		struct item *item = &import->item[i];
		struct err refused = ERR_INIT;
		auto_domain domain = DOMAIN_INIT;
		r = domain_look(app->session.store, item->name, &domain, err);
		if (r > 0)
			item->is_later = item->missing &&
			                 keyring_check_enable(app->session.store, &domain,
			                                      &refused) >= 0;
	}
	return r;
}

static int apply(struct app *app, void *arg, struct err *err)
{
	struct import *import = arg;
	const struct config_hooks hooks = {
		.is_pruning = args_has(app->args, "--prune"),
		.enable = enable,
		.publish = publish_later,
		.arg = import,
	};
	int r = config_apply(app->session.store, &app->session.ctx, import->config,
	                     &hooks, err);
	if (r >= 0)
		r = config_each_setting(import->config, check_backend, import, err);
	if (r >= 0 && !import->is_trial)
		setting_advise(app->session.store, &app->session.ctx);
	return r < 0 || !import->is_trial ? r : sort_out_bulk(import, err);
}

static void import_done(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		for (size_t k = 0; k < import->item[i].pairs; k++)
			key_pair_done(&import->item[i].pair[k]);
		free(import->item[i].name);
	}
	free(import->item);
	free(import->job);
	free(import->job_item);
}

/* ---- diff ------------------------------------------------------------------------------------ */

static int see_change(void *arg, const struct change_item *item, struct err *err)
{
	(void)item;
	(void)err;
	*(bool *)arg = true;
	return 0;
}

static int apply_and_show(struct app *app, void *arg, struct err *err)
{
	struct generation now = { 0, 0 };
	int r = apply(app, arg, err);
	if (r >= 0)
		r = generation_now(app->session.store, &now, err);
	if (r >= 0)
		r = change_items(app->session.store, now.id, see_change, &app->has_found,
		                 err);
	if (r < 0)
		return r;
	out_list_begin(app->out, changes_columns, CHANGES_COLUMNS);
	r = change_items(app->session.store, now.id, changes_emit, app->out, err);
	out_end(app->out);
	return r;
}

static int run_diff(struct app *app, struct err *err)
{
	auto_config config = NULL;
	cleanup(import_done) struct import import = { .app = app, .is_trial = true };
	int r = read_document(app, &config, err);
	import.config = config;
	return r < 0 ? r : app_try(app, apply_and_show, &import, err);
}

/* ---- import ---------------------------------------------------------------------------------- */

static int make_keys(struct import *import, struct err *err)
{
	struct app *app = import->app;
	auto_free struct keygen_job *job = xcalloc(import->jobs + 1, sizeof(*job));
	auto_free size_t *of = xcalloc(import->jobs + 1, sizeof(*of));
	size_t jobs = 0, made = 0;
	for (size_t i = 0; i < import->jobs; i++)
		if (!import->item[import->job_item[i]].is_later) {
			job[jobs] = import->job[i];
			of[jobs++] = import->job_item[i];
		}
	if (!jobs)
		return 0;
	struct progress *bar =
		progress_new(stderr, _("generating keys"), jobs, app->opt.is_quiet);
	struct keygen *keygen = keygen_new(job, jobs);
	int r = 0;
	while (r >= 0 && made < jobs) {
		size_t index = 0;
		struct key_pair pair;
		r = keygen_next(keygen, 200, &index, &pair, err);
		if (r <= 0)
			continue;
		struct item *item = &import->item[of[index]];
		item->pair[item->pairs++] = pair;
		progress_set(bar, ++made);
	}
	progress_free(bar);
	keygen_free(keygen);
	if (r == ERR_CANCELLED)
		err_set(err, ERR_CANCELLED, _("interrupted; nothing was changed"));
	return r < 0 ? r : 0;
}

/* Which keys are needed is known once everything else stands as it will. */
static int prepare_keys(struct import *import, struct err *err)
{
	struct app *app = import->app;
	bool enables = false;
	int r = config_enables(app->session.store, import->config, &enables, err);
	if (r < 0 || !enables || app->session.is_dry_run)
		return r;
	import->is_trial = true;
	r = app_try(app, apply, import, err);
	import->is_trial = false;
	if (r >= 0)
		r = make_keys(import, err);
	if (r >= 0 && import->count)
		qsort(import->item, import->count, sizeof(*import->item), compare_items);
	return r;
}

static int enable_later(struct import *import, struct err *err)
{
	struct app_names names = { 0 };
	for (size_t i = 0; i < import->count; i++) {
		if (!import->item[i].is_later)
			continue;
		GROW(names.name, names.count, names.room);
		names.name[names.count++] = xstrdup(import->item[i].name);
	}
	int r = names.count ? cmd_enable_dkim_names(import->app, &names, err) : 0;
	app_names_done(&names);
	return r;
}

static int tell_item(struct app *app, const struct item *item, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *waits = NULL;
	auto_free char *service = NULL;
	int r = domain_look(app->session.store, item->name, &domain, err);
	if (r > 0)
		r = publish_waits_for(app->session.store, &domain, &waits, err);
	if (r >= 0)
		r = setting_text(app->session.store, SET_DNS_SERVICE, domain.id, &service,
		                 err);
	if (r < 0)
		return r;
	if (waits)
		app_say(app, REPORT_NOTE, _("%s: DKIM is on; %s"), item->name, waits);
	else
		app_say(app, REPORT_NOTE, _("%s: DKIM is on"), item->name);
	if (strcmp(service, "external") == 0)
		app_say(app, REPORT_NOTE,
		        _("%s: its zone is served elsewhere; run \"mailauthctl record "
		          "list %s\" to list the records to publish"),
		        item->name, item->name);
	return 0;
}

/* Behind the export, which is what most keys wait for. */
static int tell(struct import *import, bool is_changed, struct err *err)
{
	struct app *app = import->app;
	int r = 0;
	if (app->session.is_dry_run)
		return 0;
	if (!is_changed)
		app_say(app, REPORT_NOTE, _("no changes"));
	if (import->is_bulk)
		return 0;
	if (import->count > TALKATIVE)
		app_say(app, REPORT_NOTE, _("DKIM was enabled for %zu domains"),
		        import->count);
	for (size_t i = 0; r >= 0 && import->count <= TALKATIVE && i < import->count; i++)
		r = tell_item(app, &import->item[i], err);
	return r;
}

/* A dry run shows all but the keys. */
static void foretell(const struct import *import)
{
	if (import->count > TALKATIVE)
		app_say(import->app, REPORT_NOTE,
		        _("DKIM would be enabled for %zu domains, with %zu new keys"),
		        import->count, import->jobs);
	for (size_t i = 0; import->count <= TALKATIVE && i < import->count; i++)
		app_say(import->app, REPORT_NOTE,
		        _("%s: DKIM would be on; new keys: %zu"), import->item[i].name,
		        import->item[i].missing);
}

static int import_document(struct import *import, struct err *err)
{
	struct app *app = import->app;
	struct generation before = { 0, 0 }, after = { 0, 0 };
	int r = app->session.store ? generation_now(app->session.store, &before, err) : 0;
	if (r >= 0)
		r = prepare_keys(import, err);
	if (r < 0)
		return r;
	import->is_trial = app->session.is_dry_run;
	/* keys are made by now: change and export are one hold of the lock */
	r = session_take_export_lock(&app->session, err);
	if (r >= 0)
		r = app_change(app, NEED_PUSH, apply, import, err);
	if (r < 0)
		return r;
	if (app->session.is_dry_run) {
		foretell(import);
		return 0;
	}
	r = generation_now(app->session.store, &after, err);
	if (r >= 0)
		r = cmd_publish_keys(app, err);
	session_drop_export_lock(&app->session);
	if (r >= 0)
		r = enable_later(import, err);
	return r < 0 ? r : tell(import, after.id != before.id, err);
}

static int run_import(struct app *app, struct err *err)
{
	auto_config config = NULL;
	cleanup(import_done) struct import import = { .app = app };
	int r = read_document(app, &config, err);
	import.config = config;
	return r < 0 ? r : import_document(&import, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct option_row export_options[] = {
	{ "--with-keys", NULL,
	  N_("with private keys and SRS secrets; requires a file, or -"), 0, 0 },
	{ 0 },
};

static const struct option_row prune_options[] = {
	{ "--prune", NULL,
	  N_("in the sections of the file, remove what it does not list"), 0, 0 },
	{ 0 },
};

const struct command commands_config[] = {
	{ .words = "config export",
	  .args = "[<file>]",
	  .options = export_options,
	  .help = N_("write the configuration as YAML: to a file (0600), or -"),
	  .example = "mailauthctl config export mailauthctl.yaml",
	  .needs = NEED_STORE_READ,
	  .run = run_export },
	{ .words = "config diff",
	  .args = "<file>",
	  .options = prune_options,
	  .help = N_("show what an import would change; exit 3: there are changes"),
	  .example = "mailauthctl config diff mailauthctl.yaml",
	  .needs = NEED_STORE_READ,
	  .run = run_diff },
	{ .words = "config import",
	  .args = "<file>",
	  .options = prune_options,
	  .help = N_("apply a configuration file: all of it or nothing"),
	  .example = "mailauthctl config import mailauthctl.yaml",
	  .needs = NEED_STORE_WRITE | NEED_EXPORT,
	  .run = run_import },
	{ .words = "config schema",
	  .help = N_("print the JSON Schema of the configuration file, for editors"),
	  .example = "mailauthctl config schema",
	  .run = run_schema },
	{ 0 },
};
