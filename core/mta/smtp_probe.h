/* core/mta/smtp_probe.h: does an SMTP server greet, answer EHLO, and reach its filters? */
#ifndef CORE_MTA_SMTP_PROBE_H
#define CORE_MTA_SMTP_PROBE_H

#include <stdint.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan.h"

/* One attempt at a PROBE_SMTP step; step->object is "127.0.0.1:25" or "[::1]:25".  Greeting, EHLO,
 * an empty envelope sender (a server whose filter does not answer says 451 there), QUIT.
 * `deadline` is monotonic nanoseconds.  Fails with the server's words. */
int smtp_probe(struct ctx *ctx, const struct step *step, int64_t deadline,
               struct err *err) must_check;

#endif
