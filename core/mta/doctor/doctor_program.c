/* The program itself, the machine's clock, and the cron job. */
#include "core/mta/doctor/doctor.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/export/heartbeat.h"
#include "core/mta/engine/target.h"
#include "core/mta/host/service_kind.h"

#ifndef MAILAUTHCTL_VERSION
#define MAILAUTHCTL_VERSION "0"
#endif

#define MINUTE 60
#define HOUR 3600
#define AHEAD (5 * MINUTE)       /* how far a stored time may lie in the future */
#define PROGRAM_YEAR 1767225600  /* 2026-01-01: no clock of this program shows less */
#define FARTHEST_YEAR 4102444800 /* 2100-01-01 */

/* ---- program --------------------------------------------------------------------------------- */

static bool is_pushed_by_other(struct doctor *d)
{
	auto_store target = NULL;
	cleanup(target_row_done) struct target_row row = { 0 };
	struct err ignored = ERR_INIT;
	return target_open(d->ctx, false, false, &target, &ignored) == 0 && target &&
	       target_read(target, &row, &ignored) == 0 && row.is_there &&
	       !row.is_same_version;
}

void doctor_program(struct doctor *d)
{
	doctor_add(d, DOCTOR_OK, NULL, NULL, "mailauthctl %s, %s", MAILAUTHCTL_VERSION,
	           store_library());
	if (geteuid() != 0 && !d->ctx->is_rooted)
		doctor_add(d, DOCTOR_SKIPPED, NULL, _("run it as root"),
		           _("only root can check most of this"));
	if (is_pushed_by_other(d))
		doctor_add(d, DOCTOR_NOTE, NULL, "mailauthctl mta push",
		           _("another version of mailauthctl pushed last: the next "
		             "push checks everything"));
}

/* ---- clock ----------------------------------------------------------------------------------- */

/* The newest time in the database; 0: none, or it cannot be read. */
static int64_t newest_change(struct doctor *d)
{
	struct err ignored = ERR_INIT;
	int64_t at = 0;
	if (d->store && store_get_int(d->store, &at, &ignored,
	                              "SELECT ifnull(max(at), 0) FROM change", "") < 0)
		return 0;
	return at;
}

void doctor_clock(struct doctor *d)
{
	struct timex state = { .modes = 0 };
	int64_t now = ctx_now(d->ctx);
	int64_t newest = newest_change(d), beat = heartbeat_last(d->db_path);
	char text[32];
	newest = beat > newest ? beat : newest;
	text_from_time(now, text);
	if (now < PROGRAM_YEAR || now > FARTHEST_YEAR)
		doctor_add(d, DOCTOR_PROBLEM, NULL, "timedatectl set-ntp true",
		           _("the clock shows %s, which is impossible"), text);
	else if (newest > now + AHEAD)
		doctor_add(d, DOCTOR_PROBLEM, d->db_path, "timedatectl set-ntp true",
		           _("something was saved %" PRId64 " minutes in the future: "
		             "the clock (%s) is or was wrong"),
		           (newest - now) / MINUTE, text);
	if (adjtimex(&state) < 0)
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("the kernel does not report whether its clock is "
		             "synchronized by NTP"));
	else if (state.status & STA_UNSYNC)
		doctor_add(d, DOCTOR_WARNING, NULL, "timedatectl set-ntp true",
		           _("the clock is not synchronized by NTP: with a wrong time "
		             "signatures and SRS addresses are refused"));
	if (!doctor_has_trouble(d))
		doctor_add(d, DOCTOR_OK, NULL, NULL, "%s", text);
}

/* ---- cron ------------------------------------------------------------------------------------ */

#define TIMER "mailauthctl.timer"
#define CRON_FOLDER "/etc/cron.d" /* part of cron's package */
#define CRONTAB CRON_FOLDER "/mailauthctl"

enum doctor_state doctor_age(int64_t last, int64_t now)
{
	if (last == 0 || now - last > HOUR)
		return DOCTOR_PROBLEM;
	return now - last > 30 * MINUTE ? DOCTOR_WARNING : DOCTOR_OK;
}

/* The command that makes cron run it, for the cron of this host. */
static char *cron_remedy(struct doctor *d)
{
	const char *const timer[] = { "systemctl", "cat", TIMER, NULL };
	struct err ignored = ERR_INIT;
	struct file_info info = { 0 };
	char program[PATH_MAX] = "mailauthctl";
	if (systemd_is_there(d->ctx) && service_run_well(d->ctx, timer))
		return xstrdup("systemctl enable --now " TIMER);
	if (file_look(d->ctx, CRONTAB, true, &info, &ignored) == 0 &&
	    info.kind == FILE_REGULAR)
		return xasprintf(_("make sure that cron is running: %s exists"), CRONTAB);
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (len > 0)
		program[len] = '\0';
	auto_free char *line = xasprintf(
		"echo '*/5 * * * * root %s zone export --all' >" CRONTAB, program);
	if (file_look(d->ctx, CRON_FOLDER, true, &info, &ignored) == 0 &&
	    info.kind == FILE_DIRECTORY)
		return xstrdup(line);
	if (run_can_find(d->ctx, "apt-get"))
		return xasprintf("apt-get install cron && %s", line);
	return xasprintf(_("install cron, then run: %s"), line);
}

void doctor_cron(struct doctor *d)
{
	int64_t domains = 0, now = ctx_now(d->ctx), last = heartbeat_last(d->db_path);
	struct err err = ERR_INIT;
	if (!d->store) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("there is no database to read"));
		return;
	}
	if (domain_count(d->store, &domains, &err) < 0) {
		doctor_add_failure(d, NULL, &err);
		return;
	}
	if (!domains) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("no domain has a zone to export"));
		return;
	}
	enum doctor_state state = doctor_age(last, now);
	auto_free char *remedy = state == DOCTOR_OK ? NULL : cron_remedy(d);
	if (!last)
		doctor_add(d, state, NULL, remedy,
		           _("\"zone export --all\" has never finished: keys are "
		             "waiting, and records of retired keys are kept"));
	else if (state != DOCTOR_OK)
		doctor_add(d, state, NULL, remedy,
		           _("\"zone export --all\" last finished %" PRId64 " minutes "
		             "ago: cron does not run it"),
		           (now - last) / MINUTE);
	if (heartbeat_is_failed(d->db_path))
		doctor_add(d, DOCTOR_PROBLEM, NULL, "mailauthctl zone export --all",
		           _("the last \"zone export --all\" failed"));
	if (!doctor_has_trouble(d))
		doctor_add(d, DOCTOR_OK, NULL, NULL,
		           _("\"zone export --all\" last ran %" PRId64 " s ago"),
		           now > last ? now - last : 0);
}
