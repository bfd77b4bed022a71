/*
 * core/mta/service.h: reload, restart, start and stop of the programs that read what we push.
 *
 * A service is named "opendkim", "opendmarc" or "postfix"; "postfix:/etc/postfix-out" is a
 * Postfix instance by its configuration folder.  Where systemd runs the machine, units are told
 * through systemctl; otherwise the process is found by its PidFile and signalled.  Postfix is
 * always told through its own postfix(1): Debian's postfix.service is not the real unit.
 *
 * Under --root nothing is started or signalled: service_act() does nothing and succeeds.
 */
#ifndef CORE_MTA_SERVICE_H
#define CORE_MTA_SERVICE_H

#include <stdbool.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan.h"

/* Does it and waits until it is done (a restart: until the new process was started).  Reload of a
 * service that does not run is a failure; start of one that runs and stop of one that does not are
 * fine.  At most about 20 s. */
int service_act(struct ctx *ctx, const char *service, enum service_action action,
                struct err *err) must_check;

/* Whether it runs now.  False under --root. */
bool service_is_running(struct ctx *ctx, const char *service) must_check;

/* "reload", "restart", "start", "stop": for messages and the journal. */
const char *service_action_name(enum service_action action);

#endif
