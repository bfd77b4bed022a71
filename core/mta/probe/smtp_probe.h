/*
 * core/mta/probe/smtp_probe.h: whether an SMTP server greets, answers EHLO, and accepts mail for
 * its postmaster.
 *
 * RFC 5321 4.5.1 requires every server to accept mail for its postmaster, and 4.5.5 mail from the
 * empty sender, so the probe from loopback is: EHLO [127.0.0.1], MAIL FROM:<>, RCPT TO with
 * postmaster at the name of the greeting (at the server's address if that is not a full name),
 * RSET, QUIT, up to smtp_question.depth.  Nothing is delivered.  MAIL tests the filters, RCPT the
 * policy services and the recipient maps (which are not always queried for a bare "postmaster");
 * what only DATA reaches, for example the maps of senders, is not tested.
 *
 * An administrator's own restrictions may nevertheless refuse it, even at the greeting, and a
 * service may be out of order.  The server is therefore probed before the push too, and only a
 * worse answer is a failure:
 *   2xx after                                    fine
 *   4xx after, the same code and status before   fine, and reported: it is not our change
 *   4xx after, anything else before, or unknown  failure
 *   5xx after, 2xx before                        failure
 *   5xx after, anything else before, or unknown  fine: a restriction of the administrator's
 *   no answer before                             it is not probed again, which is reported
 *   no answer after, an answer before or unknown failure
 */
#ifndef CORE_MTA_PROBE_SMTP_PROBE_H
#define CORE_MTA_PROBE_SMTP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/probe_type.h"

/* The last command. */
enum smtp_depth {
	SMTP_TO_EHLO, /* a service for customers: further commands would be logged as refused */
	SMTP_TO_MAIL, /* the first command that an unreachable filter defers */
	SMTP_TO_RCPT, /* the answer of restrictions and recipient maps */
};

struct smtp_question {
	enum smtp_depth depth;
};

/* step->object is "127.0.0.1:25" or "[::1]:25"; step->before is the earlier answer: "250 2.1.5 Ok",
 * or SMTP_SILENT and the reason why there was no answer. */
#define SMTP_SILENT "-"
extern const struct probe_type smtp_probe;
/* The same as a proxy that begins with "PROXY TCP4 ...". */
extern const struct probe_type smtp_proxy_probe;

/* Of a step of these two. */
static inline struct smtp_question *smtp_question(const struct step *step)
{
	return step->question;
}

/* The table above, for answers. */
bool smtp_is_worse(const char *before, const char *after) must_check;

#endif
