/*
 * core/mta/host/service.h: the programs that read pushed files: reload, restart, start, stop,
 * enabling.
 *
 * With systemd, units are controlled through systemctl; otherwise the process is found (by its
 * PidFile, or among the processes) and signalled.  A service whose row has its own command is
 * controlled by that in both cases.  One without a reload is restarted.  Under --root nothing is
 * started or signalled: service_act() does nothing and succeeds.  If mta.reload is set, its command
 * is run instead (recover_run_reload), and none of these functions is called.
 */
#ifndef CORE_MTA_HOST_SERVICE_H
#define CORE_MTA_HOST_SERVICE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/host/service_kind.h"

/* Carries out the action and waits until it is done (a restart: until the new process was started;
 * a reload by signal: until it was received).  Reload of a service that does not run is a failure;
 * start of one that runs and stop of one that does not succeed, and so do enabling and disabling
 * twice.  Without systemd, enabling is a start and disabling a stop.  At most about 20 s. */
int service_act(struct ctx *ctx, const char *service, enum service_action action,
                struct err *err) must_check;

/* Before objects are removed that the service was told not to use any more: waits until those of its
 * processes have ended that still use them, at the latest until `deadline` (monotonic nanoseconds):
 * SERVICE_LEFT_NS for all services of a push, because a client may be connected for minutes. */
void service_await_left(struct ctx *ctx, const char *service, int64_t deadline);
#define SERVICE_LEFT_NS (5 * NS_PER_SEC)

/* Whether it runs now.  False under --root. */
bool service_is_running(struct ctx *ctx, const char *service) must_check;

/* Its state with respect to SERVICE_ENABLE, as SERVICE_WAS_* bits.  Without systemd it is unknown
 * what starts with the machine: SERVICE_WAS_ENABLED is then set. */
unsigned service_look(struct ctx *ctx, const char *service) must_check;
/* Restores the state that service_look() returned: stops and disables it if it was not running or
 * enabled. */
int service_restore(struct ctx *ctx, const char *service, unsigned was,
                    struct err *err) must_check;

/* The command that starts it without systemd, for messages; NULL: unknown.  The caller frees. */
char *service_start_command(struct ctx *ctx, const char *service) must_check;

/* The command that starts it on this machine, for messages; NULL: unknown.  The caller frees. */
char *service_start_hint(struct ctx *ctx, const char *service) must_check;

/* "reload", "restart", "start", "stop", "enable", "disable": for messages and the journal. */
const char *service_action_name(enum service_action action);

#endif
