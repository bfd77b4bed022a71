/* cli/policyd/policyd_serve.h: connections of policy clients, and of those that want a mail filter. */
#ifndef CLI_POLICYD_POLICYD_SERVE_H
#define CLI_POLICYD_POLICYD_SERVE_H

#include "cli/policyd/policyd_decide.h"
#include "cli/policyd/policyd_milter.h"
#include "core/base/macro.h"

/* Serves requests from `in` to `out` until the client closes, pauses too long, or there is
 * trouble; the latter two are logged.  One that begins as the milter protocol does is handed to
 * policyd_milter().  Gives the exit status of the process: 0, or 1 for trouble. */
int policyd_serve(struct policyd *policyd, int in, int out,
                  const struct policyd_limits *limits) must_check;

/* Serves each connection to the sockets that the service manager handed over (sd_listen_fds(3))
 * in a process of its own.  Returns only with trouble: the exit status. */
int policyd_listen(struct policyd *policyd,
                   const struct policyd_limits *limits) must_check;

#endif
