/* Zone files compared with what an export would write, and the command that reloads the name
 * server. */
#include "core/mta/doctor/doctor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/export/export.h"
#include "core/model/export/export_kept.h"
#include "core/model/export/export_state.h"
#include "core/model/export/heartbeat.h"
#include "core/model/record/records.h"
#include "core/model/setting/env.h"
#include "core/model/setting/setting.h"
#include "core/mta/doctor/doctor_sample.h"

#define FRESH 900 /* seconds without a run of cron that are normal */
#define ZONE_LIMIT ((size_t)16 << 20)

struct zones {
	struct doctor *d;
	struct records *records;
	enum zone_format format;
	struct export_state state;
	char *folder;
	size_t compared;
	bool is_hostname_told;
};

static void look_at_lacking(struct zones *z, const struct domain *domain)
{
	auto_record_list list = RECORD_LIST_INIT;
	struct err ignored = ERR_INIT;
	if (records_of_domain(z->records, domain, &list, &ignored) < 0)
		return;
	for (size_t i = 0; i < list.lacking_count && !z->is_hostname_told; i++) {
		auto_free char *remedy = xasprintf(
			"mailauthctl server set %s <value>",
			strcmp(list.lacking[i], "hostname") == 0 ? "mta.hostname"
			: strcmp(list.lacking[i], "ip") == 0     ? "dns.ipv4"
								 : "dns.ipv6");
		doctor_add(z->d, DOCTOR_WARNING, domain->name, remedy,
		           _("records are left out because the value of <%s> is not "
		             "known"),
		           list.lacking[i]);
		z->is_hostname_told = true;
	}
}

/* Changes of the last minutes wait for cron, which is normal until its next run. */
static bool is_fresh(struct doctor *d, const struct domain *domain)
{
	struct err ignored = ERR_INIT;
	int64_t at = 0;
	return store_get_int(d->store, &at, &ignored,
	                     "SELECT c.at FROM domain d JOIN change c ON c.id = d.gen"
	                     " WHERE d.id = ?",
	                     "i", domain->id) > 0 &&
	       ctx_now(d->ctx) - at < FRESH && heartbeat_last(d->db_path) < at;
}

static void compare(struct zones *z, const struct domain *domain, const char *path)
{
	struct doctor *d = z->d;
	auto_buf wanted = BUF_INIT, there = BUF_INIT;
	struct err err = ERR_INIT;
	if (export_preview(d->ctx, d->store, z->records, domain, z->format, &wanted,
	                   &err) < 0) {
		doctor_add_err(d, DOCTOR_PROBLEM, domain->name, &err,
		               "mailauthctl zone export --all");
		return;
	}
	int r = file_read(d->ctx, path, ZONE_LIMIT, &there, NULL, &err);
	if (r < 0 && r != ERR_MISSING) {
		doctor_add_failure(d, path, &err);
		return;
	}
	z->compared++;
	if (r == 0 && there.len == wanted.len &&
	    memcmp(buf_text(&there), buf_text(&wanted), wanted.len) == 0)
		return;
	auto_free char *remedy = xasprintf("mailauthctl zone export %s", domain->name);
	doctor_add(d, is_fresh(d, domain) ? DOCTOR_NOTE : DOCTOR_WARNING, path, remedy,
	           r < 0 ? _("%s does not exist")
	                 : _("%s differs from what an export would write"),
	           path);
}

static int look_at_domain(void *arg, const struct domain *domain, struct err *err)
{
	struct zones *z = arg;
	const char *service;
	int r = records_service_of(z->records, domain, &service, err);
	if (r < 0 || strcmp(service, "hosted") != 0)
		return r;
	auto_free char *path = xasprintf("%s/%s.zone", z->folder, domain->name);
	look_at_lacking(z, domain);
	compare(z, domain, path);
	return 0;
}

/* ---- files that stay ------------------------------------------------------------------------- */

static int look_at_kept(void *arg, const struct export_kept *kept, struct err *err)
{
	struct zones *z = arg;
	auto_free char *remedy = xasprintf("mailauthctl zone forget %s", kept->name);
	(void)err;
	if (!kept->is_elsewhere)
		doctor_add(z->d, DOCTOR_NOTE, kept->path, remedy,
		           _("%s has no records any more and is kept for a zone that "
		             "may include it; remove it when no $INCLUDE line names "
		             "it"),
		           kept->path);
	else if (z->format == ZONE_INCLUDE)
		doctor_add(z->d, DOCTOR_WARNING, kept->path, remedy,
		           _("%s is not updated because zone.directory is a different "
		             "folder; remove it when no $INCLUDE line names it"),
		           kept->path);
	else
		doctor_add(z->d, DOCTOR_NOTE, kept->path, remedy,
		           _("%s remains from an earlier zone.directory; remove it "
		             "when no name server reads it"),
		           kept->path);
	return 0;
}

/* ---- zone.reload ----------------------------------------------------------------------------- */

static void look_at_reload(struct doctor *d, const struct zones *z)
{
	auto_free char *reload = NULL;
	struct err err = ERR_INIT;
	if (setting_text(d->store, SET_ZONE_RELOAD, 0, &reload, &err) < 0) {
		doctor_add_failure(d, NULL, &err);
		return;
	}
	if (z->state.is_reload_owed)
		doctor_add(d, DOCTOR_PROBLEM, "zone.reload",
		           "mailauthctl zone export --all",
		           _("the name server was not reloaded after the last export: "
		             "%s"),
		           z->state.complaint ? z->state.complaint
		                              : _("it was interrupted"));
	if (!*reload && z->compared)
		doctor_add(d, DOCTOR_NOTE, "zone.reload",
		           "mailauthctl server set zone.reload '<command>'",
		           _("the name server is not reloaded after an export: "
		             "zone.reload is not set"));
	if (export_check_reload(d->ctx, reload, &err) < 0) {
		auto_free char *program = xmemdup(reload, strcspn(reload, " \t"));
		doctor_add_err(d, DOCTOR_PROBLEM, program, &err,
		               "mailauthctl server set zone.reload '<command>'");
	}
}

static int look_at_all(struct zones *z, struct err *err)
{
	struct doctor *d = z->d;
	auto_env env = { 0 };
	auto_records records = NULL;
	size_t left = 0;
	int r = doctor_open_records(d, &env, &records, &z->format, err);
	if (r >= 0)
		r = setting_text(d->store, SET_ZONE_DIRECTORY, 0, &z->folder, err);
	z->records = records;
	if (r >= 0)
		r = export_state_load(d->ctx, d->store, &env, &z->state, err);
	if (r >= 0)
		r = doctor_sample(d, look_at_domain, z, &left, err);
	if (r >= 0)
		r = export_kept_each(d->ctx, d->store, look_at_kept, z, err);
	if (r >= 0 && left)
		doctor_add(d, DOCTOR_NOTE, NULL, "mailauthctl doctor --all zones",
		           _("only the zones of the %d domains that were changed last "
		             "were checked; left out: %zu"),
		           DOCTOR_DOMAINS, left);
	return r;
}

void doctor_zones(struct doctor *d)
{
	struct zones z = { .d = d };
	struct err err = ERR_INIT;
	if (!d->store) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("there is no database to read"));
		return;
	}
	if (look_at_all(&z, &err) < 0)
		doctor_add_failure(d, NULL, &err);
	else
		look_at_reload(d, &z);
	if (!doctor_has_trouble(d))
		doctor_add(d, DOCTOR_OK, z.folder, NULL,
		           ngettext("%zu zone file in %s was compared",
		                    "%zu zone files in %s were compared", z.compared),
		           z.compared, z.folder);
	export_state_done(&z.state);
	free(z.folder);
}
