/*
 * cli/policyd/policyd_incoming.h: the verification of incoming messages, one after the other: the
 * verifier, its memory and its resolver, from the settings in force to the results.
 */
#ifndef CLI_POLICYD_POLICYD_INCOMING_H
#define CLI_POLICYD_POLICYD_INCOMING_H

#include <stdbool.h>

#include "cli/policyd/policyd_conf.h"
#include "cli/policyd/policyd_dns.h"
#include "cli/policyd/policyd_log.h"
#include "core/base/arena.h"
#include "core/base/macro.h"
#include "dnszone/verify/message_verify.h"

struct policyd_incoming {
	struct policyd_conf *conf;
	struct policyd_dns dns;
	struct arena mem;                  /* of one message */
	struct message_verifier *verifier; /* fed by the owner */
};

/* False: no memory. */
bool policyd_incoming_init(struct policyd_incoming *incoming,
                           struct policyd_conf *conf) must_check;
/* Accepts a zeroed one. */
void policyd_incoming_done(struct policyd_incoming *incoming);

/* For the next message. */
void policyd_incoming_reset(struct policyd_incoming *incoming);

/* After the body; the results are valid until the next call.  False: no memory. */
bool policyd_incoming_finish(struct policyd_incoming *incoming,
                             const struct message_envelope *envelope,
                             struct message_results *ret_results) must_check;

/* The context of a verification with the present settings; used by the functions above. */
struct message_context policyd_context(const struct policyd_conf *conf,
                                       struct resolver *dns, struct arena *mem);

/* Opens libraries that verification would otherwise open at its first message.  Call it before
 * policyd_seccomp(), which prevents that. */
void policyd_incoming_prepare(void);

#endif
