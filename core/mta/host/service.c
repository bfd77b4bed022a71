/*
 * core/mta/host/service.c: the door, and what services there are.
 *
 * SIGHUP ends OpenDKIM 2.11; SIGUSR1 is its reload.  OpenDMARC 1.4.2 takes SIGUSR1 too, but fails to
 * read its configuration again ("/etc/opendmarc.conf: " in the log, and nothing behind it) and keeps
 * the old one, so it counts as having no reload.  postsrsd 1.10 has none, and reads its settings from
 * a file that only its start script understands.
 */
#include "core/mta/host/service.h"

#include <signal.h>
#include <string.h>

#include "core/base/run.h"
#include "core/base/text.h"
#include "core/mta/host/service_kind.h"

static const struct service_kind kinds[] = {
	{ "opendkim", "/etc/opendkim.conf", "-x", "/run/opendkim/opendkim.pid", NULL,
	  SIGUSR1, false },
	{ "opendmarc", "/etc/opendmarc.conf", "-c", "/run/opendmarc/opendmarc.pid", NULL,
	  0, false },
	{ "postsrsd", NULL, NULL, "/run/postsrsd.pid", "/etc/init.d/postsrsd", 0, true },
};

const struct service_kind *service_kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
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

/* The configuration folder of "postfix" or "postfix:DIR"; NULL: another service. */
static const char *postfix_folder(const char *service)
{
	if (strcmp(service, "postfix") == 0)
		return "/etc/postfix";
	return text_starts(service, "postfix:/") ? service + strlen("postfix:") : NULL;
}

static int act_on_unit(struct ctx *ctx, const char *service,
                       const struct service_kind *kind, enum service_action action,
                       struct err *err)
{
	bool ends = action == SERVICE_RESTART || action == SERVICE_STOP ||
	            action == SERVICE_DISABLE;
	pid_t haste = kind && ends ? process_hasten(ctx, filter_pid(ctx, kind)) : 0;
	int rc = systemd_act(ctx, service, action, err);

	process_hasten_end(haste);
	return rc;
}

int service_act(struct ctx *ctx, const char *service, enum service_action action,
                struct err *err)
{
	const char *folder = postfix_folder(service);
	const struct service_kind *kind = service_kind_find(service);

	if (ctx->is_rooted)
		return 0;
	if (folder)
		return postfix_service_act(ctx, folder, action, err);
	if (action == SERVICE_RELOAD && kind && !kind->reload_signal)
		action = SERVICE_RESTART;
	/* the mail server does not know it any more, but messages under way do */
	if (kind && (action == SERVICE_STOP || action == SERVICE_DISABLE))
		process_await_clients(ctx, filter_pid(ctx, kind));
	if (systemd_is_there(ctx))
		return act_on_unit(ctx, service, kind, action, err);
	if (kind)
		return filter_act(ctx, kind, action, err);
	return err_set(
		err, ERR_FAILED,
		_("there is no way known to %s %s here; set mta.reload to a command"),
		service_action_name(action), service);
}

char *service_start_command(struct ctx *ctx, const char *service)
{
	const struct service_kind *kind = service_kind_find(service);

	return kind ? filter_start_command(ctx, kind) : NULL;
}

bool service_is_running(struct ctx *ctx, const char *service)
{
	return service_look(ctx, service) & SERVICE_WAS_RUNNING;
}

unsigned service_look(struct ctx *ctx, const char *service)
{
	const char *folder = postfix_folder(service);
	const struct service_kind *kind = service_kind_find(service);
	bool is_running;

	if (ctx->is_rooted)
		return 0;
	if (!folder && systemd_is_there(ctx))
		return systemd_look(ctx, service);
	is_running = folder ? postfix_service_runs(ctx, folder)
	                    : kind && filter_pid(ctx, kind) != 0;
	return SERVICE_WAS_ENABLED | (is_running ? SERVICE_WAS_RUNNING : 0);
}

int service_restore(struct ctx *ctx, const char *service, unsigned was, struct err *err)
{
	unsigned now = service_look(ctx, service), differs = now ^ was;
	int rc = 0;

	if (ctx->is_rooted)
		return 0;
	if (differs & SERVICE_WAS_ENABLED && !postfix_folder(service) &&
	    systemd_is_there(ctx))
		rc = systemd_set_boot(ctx, service, was & SERVICE_WAS_ENABLED, err);
	if (!rc && differs & SERVICE_WAS_RUNNING)
		rc = service_act(ctx, service,
		                 was & SERVICE_WAS_RUNNING ? SERVICE_START : SERVICE_STOP,
		                 err);
	return rc;
}
