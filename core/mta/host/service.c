/* core/mta/host/service.c: functions for all services; their rows are in the files of their owners.
 */
#include "core/mta/host/service.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/run.h"
#include "core/mta/host/service_kind.h"

const struct service_kind *service_kind_find(const char *service)
{
	size_t len = strcspn(service, ":");

	for (unsigned i = 0; i < service_kind_count; i++)
		if (strlen(service_kinds[i]->name) == len &&
		    memcmp(service_kinds[i]->name, service, len) == 0)
			return service_kinds[i];
	return NULL;
}

const char *service_instance(const char *service)
{
	const char *colon = strchr(service, ':');

	return colon ? colon + 1 : NULL;
}

const char *service_action_name(enum service_action action)
{
	static const char *const names[SERVICE_ACTION_COUNT] = {
		[SERVICE_RELOAD] = "reload", [SERVICE_RESTART] = "restart",
		[SERVICE_START] = "start",   [SERVICE_STOP] = "stop",
		[SERVICE_ENABLE] = "enable", [SERVICE_DISABLE] = "disable",
	};

	return names[action];
}

int service_run(struct ctx *ctx, const char *const *argv, bool is_daemon, struct err *err)
{
	struct run_spec spec = { .argv = argv,
		                 .timeout_ms = SERVICE_TIMEOUT_MS,
		                 .is_daemon = is_daemon };

	return run_checked(ctx, &spec, NULL, err);
}

bool service_run_well(struct ctx *ctx, const char *const *argv)
{
	struct run_spec spec = { .argv = argv, .timeout_ms = SERVICE_TIMEOUT_MS };
	struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	bool is_well;

	if (run(ctx, &spec, &result, &ignored))
		return false;
	is_well = !result.is_timed_out && result.exit_status == 0;
	run_result_done(&result);
	return is_well;
}

bool service_run_denies(struct ctx *ctx, const char *const *argv)
{
	struct run_spec spec = { .argv = argv, .timeout_ms = SERVICE_TIMEOUT_MS };
	struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	bool denies;

	if (run(ctx, &spec, &result, &ignored))
		return false;
	denies = !result.is_timed_out && result.exit_status != 0;
	run_result_done(&result);
	return denies;
}

static int act_on_unit(struct ctx *ctx, const char *service,
                       const struct service_kind *kind, enum service_action action,
                       struct err *err)
{
	bool ends = action == SERVICE_RESTART || action == SERVICE_STOP ||
	            action == SERVICE_DISABLE;
	pid_t connecting =
		kind && ends ? process_connect_until_gone(ctx, filter_pid(ctx, kind)) : 0;
	int rc = systemd_act(ctx, service, action, err);

	process_connect_end(connecting);
	return rc;
}

int service_act(struct ctx *ctx, const char *service, enum service_action action,
                struct err *err)
{
	const struct service_kind *kind = service_kind_find(service);

	if (ctx->is_rooted)
		return 0;
	if (kind && kind->act)
		return kind->act(ctx, service_instance(service), action, err);
	if (action == SERVICE_RELOAD && kind && !kind->reload_signal)
		action = SERVICE_RESTART;
	/* the mail server no longer uses it, but processes with open messages do */
	if (kind && (action == SERVICE_STOP || action == SERVICE_DISABLE))
		process_await_clients(ctx, filter_pid(ctx, kind));
	if (systemd_is_there(ctx))
		return act_on_unit(ctx, service, kind, action, err);
	if (kind)
		return filter_act(ctx, kind, action, err);
	return err_set(
		err, ERR_FAILED,
		_("cannot %s %s: no service manager was found; set mta.reload to a "
	          "command"),
		service_action_name(action), service);
}

void service_await_left(struct ctx *ctx, const char *service, int64_t deadline)
{
	const struct service_kind *kind = service_kind_find(service);

	if (!ctx->is_rooted && kind && kind->await_left)
		kind->await_left(ctx, service_instance(service), deadline);
}

char *service_start_command(struct ctx *ctx, const char *service)
{
	const struct service_kind *kind = service_kind_find(service);

	if (kind && kind->start_command)
		return xstrdup(kind->start_command);
	return kind ? filter_start_command(ctx, kind) : NULL;
}

char *service_start_hint(struct ctx *ctx, const char *service)
{
	return systemd_is_there(ctx) ? xasprintf("systemctl start %s", service)
	                             : service_start_command(ctx, service);
}

bool service_is_running(struct ctx *ctx, const char *service)
{
	return service_look(ctx, service) & SERVICE_WAS_RUNNING;
}

unsigned service_look(struct ctx *ctx, const char *service)
{
	const struct service_kind *kind = service_kind_find(service);
	bool has_own = kind && kind->is_running;
	bool is_running;

	if (ctx->is_rooted)
		return 0;
	if (!has_own && systemd_is_there(ctx))
		return systemd_look(ctx, service);
	is_running = has_own ? kind->is_running(ctx, service_instance(service))
	                     : kind && filter_pid(ctx, kind) != 0;
	return SERVICE_WAS_ENABLED | (is_running ? SERVICE_WAS_RUNNING : 0);
}

int service_restore(struct ctx *ctx, const char *service, unsigned was, struct err *err)
{
	const struct service_kind *kind = service_kind_find(service);
	unsigned now = service_look(ctx, service), differs = now ^ was;
	int rc = 0;

	if (ctx->is_rooted)
		return 0;
	if (differs & SERVICE_WAS_ENABLED && !(kind && kind->act) &&
	    systemd_is_there(ctx))
		rc = systemd_set_boot(ctx, service, was & SERVICE_WAS_ENABLED, err);
	if (!rc && differs & SERVICE_WAS_RUNNING)
		rc = service_act(ctx, service,
		                 was & SERVICE_WAS_RUNNING ? SERVICE_START : SERVICE_STOP,
		                 err);
	return rc;
}
