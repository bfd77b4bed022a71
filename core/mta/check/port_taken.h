/*
 * core/mta/check/port_taken.h: why a service does not start: another process uses its port.  Start
 * scripts exit without a message, and the daemon's message is in a log that may be elsewhere.
 */
#ifndef CORE_MTA_CHECK_PORT_TAKEN_H
#define CORE_MTA_CHECK_PORT_TAKEN_H

#include "core/base/ctx.h"
#include "core/mta/plan/plan.h"

/* One clause about a port of loopback that the plan probes and that a program uses which is not one
 * of service.h; the caller frees.  NULL: none. */
char *port_taken(struct ctx *ctx, const struct plan *plan) must_check;

#endif
