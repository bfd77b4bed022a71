/*
 * core/mta/probe/smtp_probe.h: does an SMTP server greet, answer EHLO, and take mail for its postmaster?
 *
 * RFC 5321 4.5.1 obliges every server to accept mail for its postmaster, and 4.5.5 mail from the
 * empty sender, so that is what is asked from loopback: EHLO [127.0.0.1], MAIL FROM:<>, RCPT TO with
 * postmaster at the name of the greeting (at the server's address where that is no full name), RSET,
 * QUIT, as far as step->ask->depth says.  Nothing is delivered.  MAIL meets the filters, RCPT the
 * policy services and the recipient maps (which are not always asked about a bare "postmaster"); what
 * only DATA reaches, the maps of senders among it, is not seen.
 *
 * An admin's own restrictions may refuse it all the same, at the greeting even, and a service may be
 * out of order.  Therefore the server is asked before the push, too, and only what became worse is a
 * failure:
 *   2xx after                                    fine
 *   4xx after, the same code and status before   fine, and said: it is not our change
 *   4xx after, anything else before, or unknown  failure
 *   5xx after, 2xx before                        failure
 *   5xx after, anything else before, or unknown  fine: a restriction of the admin's
 *   no answer before                             it is not asked again, and that is said
 *   no answer after, an answer before or unknown failure
 */
#ifndef CORE_MTA_PROBE_SMTP_PROBE_H
#define CORE_MTA_PROBE_SMTP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"

/* step->object is "127.0.0.1:25" or "[::1]:25"; ask->depth is the last command, ask->before the
 * earlier answer: "250 2.1.5 Ok", or SMTP_SILENT and the reason why there was no answer. */
#define SMTP_SILENT "-"
extern const struct probe_type smtp_probe;
/* The same as a proxy that begins with "PROXY TCP4 ...". */
extern const struct probe_type smtp_proxy_probe;

/* The table above, for answers. */
bool smtp_is_worse(const char *before, const char *after) must_check;

#endif
