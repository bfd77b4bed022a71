/* core/mta/probe/policy_probe.h: whether a policy service answers. */
#ifndef CORE_MTA_PROBE_POLICY_PROBE_H
#define CORE_MTA_PROBE_POLICY_PROBE_H

#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/probe_type.h"

/* step->object is "unix:/path" inside the root.  Sends a request about a message from this machine,
 * which is never checked: the answer must be DUNNO. */
extern const struct probe_type policy_probe;

/* Sends a request about a message from 192.0.2.1 (RFC 5737: unassigned) with a sender of `domain`,
 * which is checked, to the service at `endpoint`: *answer is its action, such as "PREPEND
 * Received-SPF: temperror ..." or "451 4.4.3 ...".  Fails: no answer. */
int policy_ask(struct ctx *ctx, const char *endpoint, const char *domain,
               int64_t deadline, struct buf *answer, struct err *err) must_check;

#endif
