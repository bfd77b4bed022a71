/*
 * core/mta/check/service_log.h: what the services of a plan have logged since they were told to
 * reload or restart.
 *
 * Read are the files that the services' rows name, /var/log/mail.log, /var/log/maillog, and with
 * systemd the journal's mail facility.  If none of them exists, there is no finding.
 */
#ifndef CORE_MTA_CHECK_SERVICE_LOG_H
#define CORE_MTA_CHECK_SERVICE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/mta/plan/plan.h"

struct service_log;

/* Records the present ends of the logs of the plan's services of that rank.  NULL: no service. */
struct service_log *service_log_mark(struct ctx *ctx, const struct plan *plan, int rank);

/* The first line written since (of 256 KiB) in which a service refuses its configuration and that
 * is not among the last 64 KiB before; as "opendkim: /etc/opendkim.conf: ...", bounded and without
 * control characters; the caller frees.  NULL: none. */
char *service_log_failure(struct ctx *ctx, const struct service_log *log) must_check;

void service_log_free(struct service_log *log);

#endif
