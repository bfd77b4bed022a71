/*
 * core/mta/host/service.h: the programs that read what we push: reload, restart, start, stop, enabling.
 *
 * Where systemd runs the machine, units are told through systemctl; otherwise the process is found (by
 * its PidFile, or among the processes) and signalled.  A service whose row has a command of its own is
 * told by that in both cases.  One that has no reload is restarted.
 *
 * Under --root nothing is started or signalled: service_act() does nothing and succeeds.  Where
 * mta.reload is set its command is run instead (recover_run_reload), and none of this is called.
 */
#ifndef CORE_MTA_HOST_SERVICE_H
#define CORE_MTA_HOST_SERVICE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/host/service_kind.h"

/* Does it and waits until it is done (a restart: until the new process was started; a reload that a
 * signal asks for: until it was taken).  Reload of a service that does not run is a failure; start of one that runs and stop of one that does not are
 * fine, and so are enabling and disabling twice.  Where no systemd runs, enabling is a start and
 * disabling a stop.  At most about 20 s. */
int service_act(struct ctx *ctx, const char *service, enum service_action action,
                struct err *err) must_check;

/* Before something is taken away that the service was told to forget: waits, 5 s at the most, until those
 * of its processes have ended that know nothing of it. */
void service_await_left(struct ctx *ctx, const char *service);

/* Whether it runs now.  False under --root. */
bool service_is_running(struct ctx *ctx, const char *service) must_check;

/* Whether it is as SERVICE_ENABLE leaves it: what it was before, as SERVICE_WAS_* bits.  Where no
 * systemd runs, nothing says what starts with the machine: SERVICE_WAS_ENABLED is set then. */
unsigned service_look(struct ctx *ctx, const char *service) must_check;
/* Makes it again what service_look() told: stops and disables what was not so. */
int service_restore(struct ctx *ctx, const char *service, unsigned was,
                    struct err *err) must_check;

/* The command that starts it where no systemd runs, for people; NULL: none is known.  The caller
 * frees. */
char *service_start_command(struct ctx *ctx, const char *service) must_check;

/* The command that starts it on this machine, for people; NULL: none is known.  The caller frees. */
char *service_start_hint(struct ctx *ctx, const char *service) must_check;

/* "reload", "restart", "start", "stop", "enable", "disable": for messages and the journal. */
const char *service_action_name(enum service_action action);

#endif
