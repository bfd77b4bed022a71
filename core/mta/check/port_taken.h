/*
 * core/mta/check/port_taken.h: why a service does not start: somebody else has its port.
 *
 * Start scripts end with a status and no word, and what the daemon says is in a log that need not be
 * here.
 */
#ifndef CORE_MTA_CHECK_PORT_TAKEN_H
#define CORE_MTA_CHECK_PORT_TAKEN_H

#include "core/base/ctx.h"
#include "core/mta/plan/plan.h"

/* One clause about a port of loopback where the plan asks a table or a filter and a program listens
 * that is none of service.h; the caller frees.  NULL: there is none. */
char *port_taken(struct ctx *ctx, const struct plan *plan) must_check;

#endif
