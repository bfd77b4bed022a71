/*
 * cli/policyd/policyd_message.h: one message on standard input is verified, and written to standard
 * output without forged results and with the Authentication-Results field on top: for mail servers
 * that pass a message through a program (qmail's QMAILQUEUE).
 */
#ifndef CLI_POLICYD_POLICYD_MESSAGE_H
#define CLI_POLICYD_POLICYD_MESSAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/policyd/policyd_conf.h"
#include "cli/policyd/policyd_log.h"
#include "core/base/macro.h"

/* What becomes of the message, as exit statuses; refusals are those of qmail-queue(8). */
enum {
	POLICYD_EXIT_ACCEPT = 0,
	POLICYD_EXIT_FAILURE = 1, /* the message was not verified */
	POLICYD_EXIT_USAGE = 2,
	POLICYD_EXIT_QUARANTINE = 3,
	POLICYD_EXIT_REFUSE = 31,
	POLICYD_EXIT_DEFER = 71,
};

struct policyd_message { /* texts are borrowed */
	/* The envelope: from options, or from the environment. */
	const char *client, *helo, *sender; /* NULL: not given; helo may be */
	bool is_relayed; /* RELAYCLIENT is set: our own client's mail */
	FILE *file;      /* policyd_message_open() */
};

/* Completes the envelope from the environment: TCPREMOTEIP, SMTPHELOHOST, SMTPMAILFROM,
 * RELAYCLIENT.  False: the client or the sender is missing, or the client is not an address. */
bool policyd_message_envelope(struct policyd_message *message) must_check;
/* The file that the message is read twice from: standard input, or a temporary file without name
 * that it is copied to later.  Call it before policyd_seccomp().  False: errno. */
bool policyd_message_open(struct policyd_message *message) must_check;

/* Returns the exit status.  The text of a refusal is written to standard error. */
int policyd_message(const struct policyd_message *message, struct policyd_conf *conf,
                    const struct policyd_log *log) must_check;

#endif
