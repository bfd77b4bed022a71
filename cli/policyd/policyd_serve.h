/* cli/policyd/policyd_serve.h: connections of policy clients, and of clients of the mail filter. */
#ifndef CLI_POLICYD_POLICYD_SERVE_H
#define CLI_POLICYD_POLICYD_SERVE_H

#include "cli/policyd/policyd_decide.h"
#include "cli/policyd/policyd_milter.h"
#include "core/base/macro.h"

/* Serves requests from `in` to `out` until the client closes or pauses too long, or after a
 * failure; the latter two are logged.  A connection that begins with the milter protocol is passed
 * to policyd_milter().  Returns the exit status of the process: 0, or 1 after a failure. */
int policyd_serve(struct policyd *policyd, int in, int out,
                  const struct policyd_limits *limits) must_check;

/* Serves each connection to the sockets that the service manager passed (sd_listen_fds(3)) in its
 * own process.  Returns only after a failure: the exit status. */
int policyd_listen(struct policyd *policyd,
                   const struct policyd_limits *limits) must_check;

#endif
