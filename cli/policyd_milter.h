/*
 * cli/policyd_milter.h: a mail filter (milter protocol, version 2 to 6) on one connection that takes
 * forged Authentication-Results fields out of messages, before other filters read them.
 */
#ifndef CLI_POLICYD_MILTER_H
#define CLI_POLICYD_MILTER_H

#include <stdbool.h>

#include "cli/policyd_log.h"
#include "cli/policyd_serve.h"
#include "core/base/macro.h"

struct policyd_milter {
	const char *authserv_id; /* fields in this name go */
	bool has_one_from;       /* a message with several From fields is refused */
	const struct policyd_limits *limits;
	const struct policyd_log *log;
};

/* Serves until the client ends the connection, pauses too long, or sends what is no milter packet;
 * the latter two are logged, and the client takes its default action.  Gives the exit status of the
 * process: 0, or 1 for trouble. */
int policyd_milter(const struct policyd_milter *milter, int in, int out) must_check;

#endif
