/*
 * core/mta/check/service_log.h: what the programs that were told something wrote to their log since.
 *
 * Read are Postfix's maillog_file, /var/log/mail.log, /var/log/maillog, and the journal's mail
 * facility where systemd runs.  Where there is none of them nothing is read, and nothing is claimed.
 */
#ifndef CORE_MTA_CHECK_SERVICE_LOG_H
#define CORE_MTA_CHECK_SERVICE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/mta/plan/plan.h"

/* A log line, its parts borrowed: "Nov 22 04:05:00 mx postfix/smtpd[12]: fatal: no memory". */
struct log_line {
	const char *tag, *message;
	size_t tag_len, message_len; /* "postfix/smtpd", "fatal: no memory" */
};
/* False: it does not look like one. */
bool log_line_read(const char *line, size_t len, struct log_line *ret) must_check;

/* Whether it says that the server cannot work with its configuration: fatal:, panic: and error: of
 * those Postfix daemons that every message passes (tag "NAME/smtpd", NAME as syslog_name), a
 * daemon that master(8) throttles, a configuration that OpenDKIM or OpenDMARC could not read. */
bool log_line_is_failure(const struct log_line *line, const char *syslog_name) must_check;

struct service_log;

/* Remembers where the logs of the plan's services of that rank end now.  NULL: no service. */
struct service_log *service_log_mark(struct ctx *ctx, const struct plan *plan, int rank);

/* The first failure in what was written since (256 KiB of it), that is not among the last 64 KiB
 * before; as "postfix/smtpd: fatal: ...", bounded and without control characters; the caller
 * frees.  NULL: none. */
char *service_log_failure(struct ctx *ctx, const struct service_log *log) must_check;

void service_log_free(struct service_log *log);

#endif
