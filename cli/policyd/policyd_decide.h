/*
 * cli/policyd/policyd_decide.h: the answer to a policy request.
 *
 * One check applies to all recipients of a message: `instance`, which Postfix sends for each of
 * them, is cached with the decision and whether the header was added.
 */
#ifndef CLI_POLICYD_POLICYD_DECIDE_H
#define CLI_POLICYD_POLICYD_DECIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/policyd/policyd_conf.h"
#include "cli/policyd/policyd_dns.h"
#include "cli/policyd/policyd_log.h"
#include "cli/policyd/policyd_request.h"
#include "core/base/arena.h"
#include "core/base/macro.h"

#define POLICYD_ACTION_SIZE 2048
#define POLICYD_REMEMBERED 8 /* messages of one connection; one at a time is usual */
#define POLICYD_KEY_SIZE 4096

struct policyd_verdict {            /* about one message */
	char key[POLICYD_KEY_SIZE]; /* instance, client, HELO name and sender */
	size_t key_len;
	bool has_header;                   /* it was given to a recipient */
	char header[POLICYD_ACTION_SIZE];  /* "PREPEND Received-SPF: ..." */
	char refusal[POLICYD_ACTION_SIZE]; /* "550 5.7.23 ...", "451 ..."; "": accepted */
	char result[512];                  /* for the log: "result=... decided_by=..." */
};

struct policyd {
	const struct policyd_log *log;
	struct policyd_conf *conf;
	struct arena mem; /* of one check */
	struct policyd_dns dns;
	bool is_prepared; /* policyd_incoming_prepare() was called; set by the owner */
	char answer[POLICYD_ACTION_SIZE]; /* to a request of policyd_dmarc.h */
	struct policyd_verdict verdict[POLICYD_REMEMBERED];
	unsigned next; /* the oldest verdict: the next to be forgotten */
};

/* False: no memory. */
bool policyd_init(struct policyd *policyd, struct policyd_conf *conf,
                  const struct policyd_log *log) must_check;
void policyd_done(struct policyd *policyd);

/* The action for a request, valid until the next one; logs one line.  NULL: not a request for this
 * service, or an internal failure: send nothing, and end the connection. */
const char *policyd_decide(struct policyd *policyd,
                           const struct policyd_request *request) must_check;

#endif
