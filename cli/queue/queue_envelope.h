/*
 * cli/queue/queue_envelope.h: what qmail-smtpd gives a queue program: a message on descriptor 0, then its
 * envelope on descriptor 1 ("Fsender\0", "Trecipient\0"..., "\0"), and the client in the environment.
 *
 * Both are copied to files without a name, so memory is bounded, and no other account can read them.
 */
#ifndef CLI_QUEUE_QUEUE_ENVELOPE_H
#define CLI_QUEUE_QUEUE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"

/* Exit statuses of qmail-queue(8). */
enum {
	QUEUE_TOO_LONG = 11, /* an address */
	QUEUE_REFUSED = 31,  /* for good */
	QUEUE_NO_MEMORY = 51,
	QUEUE_WRITE = 53, /* also: a full disk */
	QUEUE_READ =
		54, /* also: an envelope that ends early, because the client or its server is gone */
	QUEUE_NO_FILE = 63,
	QUEUE_DEFERRED = 71,
	QUEUE_TEXT = 82,     /* the reply is on the error descriptor */
	QUEUE_ENVELOPE = 91, /* not in that format */
	QUEUE_NO_PROGRAM = 120,
};

#define QUEUE_ADDRESS_MAX 1003 /* as qmail-queue has it */
#define QUEUE_NAME_MAX 255

struct queue_client {
	char helo[QUEUE_NAME_MAX + 1]; /* "": not known */
	bool is_authenticated;         /* "with ESMTPA" */
};

/* A file without a name, for reading and writing, close-on-exec.  -1: errno. */
int queue_open_file(void) must_check;
/* Copies all octets.  0, QUEUE_READ or QUEUE_WRITE. */
int queue_copy(int from, int to) must_check;
/* The same for an envelope, which must be complete; fills `sender`, which has room for
 * QUEUE_ADDRESS_MAX + 1 octets.  0 or a status. */
int queue_copy_envelope(int from, int to, char *sender) must_check;

/* What the Received field at the top of a message says, which qmail-smtpd wrote itself; fields of
 * Received-SPF may precede it.  `text` has at least the first field.  Pure. */
void queue_read_received(const char *text, size_t len, struct queue_client *ret_client);

/* The reply of a refusal, from the words of mailauth-policyd: "550 5.7.1 text" becomes
 * "Dtext (#5.7.1)", with at most `size` octets; "451 ..." begins with Z.  Pure. */
void queue_reply(const char *words, bool is_final, char *into, size_t size);

#endif
