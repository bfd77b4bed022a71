/*
 * The table of checks, and how findings are recorded.
 *
 * A check never fails: a fault that prevents it is a finding.
 */
#include "core/mta/doctor/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/push/backend_choose.h"
#include "core/store/schema.h"

const struct doctor_check doctor_checks[] = {
	{ "program", N_("Program"), true, doctor_program },
	{ "database", N_("Database"), true, doctor_database },
	{ "disk", N_("Disk"), true, doctor_disk },
	{ "clock", N_("Clock"), false, doctor_clock },
	{ "server", N_("Mail server"), true, doctor_server },
	{ "services", N_("Services"), false, doctor_services },
	{ "overrides", N_("Overrides"), true, doctor_overrides },
	{ "permissions", N_("Permissions"), true, doctor_permissions },
	{ "keys", N_("Keys"), true, doctor_keys },
	{ "zones", N_("Zones"), true, doctor_zones },
	{ "cron", N_("Cron"), false, doctor_cron },
	{ "resolver", N_("Resolver"), false, doctor_resolver },
	{ "hostname", N_("Host name"), false, doctor_hostname },
	{ "dns", N_("Records in DNS"), false, doctor_dns },
	{ 0 },
};

const char *doctor_state_name(enum doctor_state state)
{
	static const char *const names[DOCTOR_STATE_COUNT] = {
		[DOCTOR_OK] = "ok",           [DOCTOR_NOTE] = "note",
		[DOCTOR_SKIPPED] = "skipped", [DOCTOR_WARNING] = "warning",
		[DOCTOR_PROBLEM] = "problem",
	};
	return names[state];
}

const struct doctor_check *doctor_find(const char *name)
{
	for (const struct doctor_check *row = doctor_checks; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

/* ---- findings -------------------------------------------------------------------------------- */

/* The finding that represents others of its kind once there are enough of them. */
static struct doctor_finding *find_similar(struct doctor *d, const char *kind,
                                           enum doctor_state state)
{
	struct doctor_finding *last = NULL;
	size_t count = 0;
	if (d->is_all || !kind)
		return NULL;
	for (size_t i = d->begin; i < d->count; i++)
		if (d->finding[i].kind == kind && d->finding[i].state == state) {
			last = &d->finding[i];
			count++;
		}
	return count >= DOCTOR_SIMILAR ? last : NULL;
}

/* Several queries may fail for the same reason. */
static bool is_told(const struct doctor *d, enum doctor_state state, const char *subject,
                    const char *text)
{
	for (size_t i = d->begin; i < d->count; i++)
		if (d->finding[i].state == state &&
		    text_same(d->finding[i].subject, subject) &&
		    strcmp(d->finding[i].text, text) == 0)
			return true;
	return false;
}

static void add(struct doctor *d, enum doctor_state state, const char *kind,
                const char *subject, const char *remedy, const char *text)
{
	struct doctor_finding *similar = find_similar(d, kind, state);
	if (!d->is_all && is_told(d, state, subject, text))
		return;
	if (similar) {
		similar->more++;
		return;
	}
	GROW(d->finding, d->count, d->room);
	d->finding[d->count++] = (struct doctor_finding){
		.check = d->check,
		.state = state,
		.subject = xstrdup(subject),
		.text = xstrdup(text),
		.remedy = xstrdup(remedy),
		.kind = kind,
	};
}

void doctor_add(struct doctor *d, enum doctor_state state, const char *subject,
                const char *remedy, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	auto_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	/* a whole sentence has no kind */
	add(d, state, strcmp(fmt, "%s") == 0 ? NULL : fmt, subject, remedy, text);
}

void doctor_add_err(struct doctor *d, enum doctor_state state, const char *subject,
                    const struct err *err, const char *remedy)
{
	auto_free char *fault = xasprintf("%.*s", (int)err->fault, err->text);
	add(d, state, d->check, subject, *err->remedy ? err->remedy : remedy, fault);
}

void doctor_add_failure(struct doctor *d, const char *subject, const struct err *err)
{
	if (geteuid() != 0 && !d->ctx->is_rooted)
		doctor_add(d, DOCTOR_SKIPPED, subject, _("run it as root"), "%s",
		           err->text);
	else
		doctor_add_err(d, DOCTOR_PROBLEM, subject, err, NULL);
}

bool doctor_has_trouble(const struct doctor *d)
{
	for (size_t i = d->begin; i < d->count; i++)
		if (d->finding[i].state >= DOCTOR_WARNING)
			return true;
	return false;
}

/* ---- the run --------------------------------------------------------------------------------- */

void doctor_init(struct doctor *d, struct ctx *ctx, const char *db_path,
                 const struct query_servers *servers, bool is_all)
{
	*d = (struct doctor){
		.ctx = ctx, .db_path = db_path, .servers = servers, .is_all = is_all
	};
	if (store_open(db_path, &schema_store, STORE_READ, &d->store, &d->store_error) <
	    0)
		d->store = NULL;
}

static void host_done(struct doctor_host *host)
{
	backend_found_done(&host->found);
	target_state_done(&host->state);
	plan_done(&host->plan);
	plan_done(&host->probes);
	drifts_done(&host->drifts);
}

void doctor_done(struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->finding[i].subject);
		free(d->finding[i].text);
		free(d->finding[i].remedy);
	}
	free(d->finding);
	host_done(&d->host);
	store_close(d->store);
	*d = (struct doctor){ 0 };
}

void doctor_run(struct doctor *d, const struct doctor_check *check)
{
	d->check = check->name;
	d->begin = d->count;
	if (d->ctx->is_rooted && !check->is_offline)
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("under --root only files are checked"));
	else
		check->run(d);
	if (d->count == d->begin)
		doctor_add(d, DOCTOR_OK, NULL, NULL, _("no faults were found"));
}

/* ---- the mail host --------------------------------------------------------------------------- */

/* What a push would do, in one snapshot of the database. */
static int look(struct doctor *d, struct err *err)
{
	struct doctor_host *host = &d->host;
	int r = store_begin(d->store, false, err);
	if (r < 0)
		return r;
	host->has_plan = push_look_at_probes(d->ctx, d->store, &host->plan, &host->drifts,
	                                     &host->probes, &host->failure) >= 0;
	store_rollback(d->store);
	return 0;
}

bool doctor_read_host(struct doctor *d)
{
	struct doctor_host *host = &d->host;
	struct err err = ERR_INIT;
	if (host->is_read)
		return true;
	if (host->is_failed) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("the mail host cannot be read (see above)"));
		return false;
	}
	int r = backend_choose(d->ctx, d->store, &host->backend, &host->is_adopted, &err);
	if (r >= 0 && host->backend && host->backend->detect)
		r = host->backend->detect(d->ctx, d->store, &host->found, &err);
	if (r >= 0)
		r = push_state(d->ctx, d->store, &host->state, &err);
	if (r >= 0 && d->store)
		r = look(d, &err);
	if (r < 0) {
		doctor_add_failure(d, NULL, &err);
		host->is_failed = true;
		return false;
	}
	host->is_read = true;
	return true;
}
