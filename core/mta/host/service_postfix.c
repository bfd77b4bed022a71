/*
 * core/mta/host/service_postfix.c: Postfix, by postfix(1) of its own configuration folder.
 *
 * "-c" also keeps it to that instance: without it the default instance of a machine that has
 * several hands the command to all of them.  Where systemd runs the machine, starts and stops of
 * the default instance go to its unit, which would otherwise not know.
 */
#include <string.h>

#include "core/mta/host/service.h"
#include "core/mta/host/service_kind.h"

#define DEFAULT_FOLDER "/etc/postfix"

bool postfix_service_runs(struct ctx *ctx, const char *folder)
{
	const char *argv[] = { "postfix", "-c", folder, "status", NULL };

	/* who cannot be asked may run: telling him says so */
	return !service_run_denies(ctx, argv);
}

int postfix_service_act(struct ctx *ctx, const char *folder, enum service_action action,
                        struct err *err)
{
	const char *argv[] = { "postfix", "-c", folder, service_action_name(action),
		               NULL };
	bool is_running, stops = action == SERVICE_STOP || action == SERVICE_DISABLE;
	int rc = 0;

	if (action == SERVICE_RELOAD)
		return service_run(ctx, argv, false, err);
	if (strcmp(folder, DEFAULT_FOLDER) == 0 && systemd_is_there(ctx))
		return systemd_act(ctx, "postfix", action, err);
	is_running = postfix_service_runs(ctx, folder);
	if (is_running && (stops || action == SERVICE_RESTART)) {
		argv[3] = "stop";
		rc = service_run(ctx, argv, false, err);
		is_running = false;
	}
	if (!rc && !is_running && !stops) {
		argv[3] = "start";
		rc = service_run(ctx, argv, true, err);
	}
	return rc;
}
