/*
 * core/mta/host/service_systemd.c: services as units.
 *
 * systemctl(1) waits until the unit's job is done, but a unit of Type=simple is "active" as soon as
 * its process exists: a program that ends at once is detected a moment later.  A unit that was
 * started too often is not started again for a while; its counter is reset first, because the start
 * was requested.  systemd reads its files once: after a change it is told first.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/host/service.h"
#include "core/mta/host/service_kind.h"

#define SETTLE_LIMIT_NS (3 * NS_PER_SEC)
#define SETTLE_WAIT_MS 100

bool systemd_is_there(struct ctx *ctx)
{
	struct file_info info;
	struct err ignored = ERR_INIT;

	return file_look(ctx, "/run/systemd/system", true, &info, &ignored) == 0 &&
	       info.kind == FILE_DIRECTORY;
}

struct unit {
	char load[32], active[32], file[32], result[32];
	char stale[32]; /* "yes": its files changed since systemd read them */
};

static void take_property(const char *text, const char *name, char value[32])
{
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == '=') {
			size_t size = strcspn(line + len + 1, "\n");

			size = size < 31 ? size : 31;
			memcpy(value, line + len + 1, size);
			value[size] = '\0';
			return;
		}
	}
}

/* Values that cannot be read remain empty. */
static void read_unit(struct ctx *ctx, const char *name, struct unit *ret)
{
	const char *argv[] = { "systemctl",
		               "show",
		               "--property=LoadState,ActiveState,UnitFileState,Result,"
		               "NeedDaemonReload",
		               "--",
		               name,
		               NULL };
	struct run_spec spec = { .argv = argv };
	struct run_result result = { 0 };
	struct err ignored = ERR_INIT;

	*ret = (struct unit){ 0 };
	if (run(ctx, &spec, &result, &ignored))
		return;
	take_property(buf_text(&result.out), "LoadState", ret->load);
	take_property(buf_text(&result.out), "ActiveState", ret->active);
	take_property(buf_text(&result.out), "UnitFileState", ret->file);
	take_property(buf_text(&result.out), "Result", ret->result);
	take_property(buf_text(&result.out), "NeedDaemonReload", ret->stale);
	run_result_done(&result);
}

static bool is_active(const struct unit *unit)
{
	return strcmp(unit->active, "active") == 0 ||
	       strcmp(unit->active, "reloading") == 0;
}

unsigned systemd_look(struct ctx *ctx, const char *name)
{
	struct unit unit;

	read_unit(ctx, name, &unit);
	/* A unit that cannot be queried may run: telling it reports that, and no undo stops it. */
	if (!*unit.active)
		return SERVICE_WAS_RUNNING | SERVICE_WAS_ENABLED;
	return (is_active(&unit) ? SERVICE_WAS_RUNNING : 0) |
	       (text_starts(unit.file, "enabled") || strcmp(unit.file, "static") == 0 ||
	                        strcmp(unit.file, "generated") == 0
	                ? SERVICE_WAS_ENABLED
	                : 0);
}

static int check_unit(const char *name, const struct unit *unit, struct err *err)
{
	if (strcmp(unit->load, "masked") == 0) {
		err_set(err, ERR_FAILED,
		        _("the unit %s is masked, so it cannot be started"), name);
		return err_add_remedy(err, "systemctl unmask %s", name);
	}
	if (strcmp(unit->load, "not-found") == 0)
		return err_set(err, ERR_FAILED,
		               _("the unit %s does not exist on this host: install its "
		                 "package"),
		               name);
	return 0;
}

/* A program that ends at once is "failed", or "activating" again and again. */
static int settle(struct ctx *ctx, const char *name, struct err *err)
{
	int64_t deadline = monotonic_ns() + SETTLE_LIMIT_NS;
	struct unit unit;

	for (;;) {
		read_unit(ctx, name, &unit);
		if (is_active(&unit) || !*unit.active)
			return 0;
		if (strcmp(unit.active, "failed") == 0 || monotonic_ns() >= deadline) {
			(void)err_set(err, ERR_FAILED,
			              _("%s started but did not keep running (%s, %s): "
			                "run \"journalctl -u %s\" for the reason"),
			              name, unit.active, *unit.result ? unit.result : "?",
			              name);
			return err_set_remedy(err, "journalctl -u %s", name);
		}
		(void)poll(NULL, 0, SETTLE_WAIT_MS);
	}
}

static int tell(struct ctx *ctx, const char *verb, const char *name, struct err *err)
{
	const char *argv[] = { "systemctl", verb, "--", name, NULL };

	return service_run(ctx, argv, false, err);
}

int systemd_set_boot(struct ctx *ctx, const char *name, bool is_enabled, struct err *err)
{
	return tell(ctx, is_enabled ? "enable" : "disable", name, err);
}

int systemd_act(struct ctx *ctx, const char *name, enum service_action action,
                struct err *err)
{
	bool stops = action == SERVICE_STOP || action == SERVICE_DISABLE;
	const char *reset[] = { "systemctl", "reset-failed", "--", name, NULL };
	const char *reread[] = { "systemctl", "daemon-reload", NULL };
	struct unit unit;
	int rc = 0;

	read_unit(ctx, name, &unit);
	if (strcmp(unit.stale, "yes") == 0) {
		rc = service_run(ctx, reread, false, err);
		if (rc)
			return rc;
		read_unit(ctx, name, &unit);
	}
	if (stops && strcmp(unit.load, "not-found") == 0)
		return 0;
	if (!stops)
		rc = check_unit(name, &unit, err);
	if (rc || action == SERVICE_RELOAD)
		return rc ? rc : tell(ctx, "reload", name, err);
	if (!stops && strcmp(unit.active, "failed") == 0 && !service_run_well(ctx, reset))
		ctx_report(ctx, REPORT_VERBOSE,
		           _("the failure count of %s could not be reset"), name);
	if (action == SERVICE_ENABLE)
		rc = tell(ctx, "enable", name, err);
	if (!rc)
		rc = tell(ctx,
		          stops                       ? "stop"
		          : action == SERVICE_RESTART ? "restart"
		                                      : "start",
		          name, err);
	if (!rc && action == SERVICE_DISABLE)
		rc = tell(ctx, "disable", name, err);
	return rc || stops ? rc : settle(ctx, name, err);
}
