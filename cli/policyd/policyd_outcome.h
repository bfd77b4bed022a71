/*
 * cli/policyd/policyd_outcome.h: from the results of a message to its disposition, with the reply,
 * the Authentication-Results field and the line in the log.
 */
#ifndef CLI_POLICYD_POLICYD_OUTCOME_H
#define CLI_POLICYD_POLICYD_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

#include "cli/policyd/policyd_conf.h"
#include "cli/policyd/policyd_log.h"
#include "core/base/macro.h"
#include "dnszone/verify/auth_results.h"
#include "dnszone/verify/message_verify.h"

#define POLICYD_REPLY_SIZE 768

struct policyd_outcome {
	enum dmarc_disposition disposition;
	const char *
		exception; /* of dmarc-exceptions, that kept the message from being refused;
	                          "client": one of its networks; NULL: none did */
	char reply
		[POLICYD_REPLY_SIZE]; /* "550 5.7.1 ...", "451 4.7.1 ..."; "": accepted */
};

/* `client`: of the envelope, parsed. */
void policyd_outcome(const struct policyd_conf *conf,
                     const struct message_results *results, const struct network *client,
                     struct policyd_outcome *ret_outcome);

/* The value of the field, as auth_results_write(). */
size_t policyd_outcome_field(const struct policyd_outcome *outcome,
                             const struct policyd_conf *conf,
                             const struct message_results *results,
                             const struct message_envelope *envelope, const char *folding,
                             char *out, size_t room);

struct policyd_account { /* of one message, for the log */
	const char *id;  /* of the queue; "": not known */
	const struct message_envelope *envelope;
	const struct message_results *results; /* NULL: it was not verified */
	const struct policyd_outcome *outcome; /* NULL likewise */
	const char *unverified;                /* why not; else NULL */
	size_t forged;                         /* fields that were removed */
	int64_t began; /* the end of the message, monotonic_ns() */
};

/* One line with everything that decided. */
void policyd_outcome_log(const struct policyd_log *log,
                         const struct policyd_account *account);

/* The client of an envelope as a network. */
struct network policyd_client(const uint8_t address[16]);

#endif
