/*
 * cli/policyd/policyd_milter.h: a mail filter (milter protocol, version 2 to 6) on one connection.
 *
 * It removes forged Authentication-Results fields from messages, before other filters read them.
 * With dkim-verify it verifies mail from clients that are neither trusted nor authenticated, adds
 * the results as the one Authentication-Results field, and with dmarc-reject refuses what DMARC
 * policies refuse.  Otherwise, with one-from, it refuses messages with several From fields, because
 * other filters check only one of them.
 */
#ifndef CLI_POLICYD_POLICYD_MILTER_H
#define CLI_POLICYD_POLICYD_MILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/policyd/policyd_conf.h"
#include "cli/policyd/policyd_log.h"
#include "cli/policyd/policyd_packet.h"
#include "core/base/macro.h"

/* Whether a connection with these first octets uses the milter protocol: the length of its first
 * packet has an octet that no policy request has. */
bool policyd_milter_begins(const char *octets, size_t len) must_check;

struct policyd_milter {
	struct policyd_conf
		*conf;    /* fields with the authserv-id of its host are removed */
	bool is_prepared; /* policyd_incoming_prepare() was called, or nothing is confined */
	const struct policyd_limits *limits;
	const struct policyd_log *log;
	const char *octets; /* read from the connection already */
	size_t len;
};

/* Serves until the client ends the connection, pauses too long, or sends octets that are not a
 * milter packet; these are logged, and the client uses its default action.  Returns the exit status
 * of the process: 0, or 1 after a failure. */
int policyd_milter(const struct policyd_milter *milter, int in, int out) must_check;

#endif
