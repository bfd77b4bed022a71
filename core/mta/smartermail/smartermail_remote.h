/*
 * core/mta/smartermail/smartermail_remote.h: what a push changes of a SmarterMail server, as settings:
 *
 *	DOMAIN dkim-key-BITS	"made": the server has a key, or a pending one, of the domain
 *	DOMAIN dkim		the selector of the key that the domain signs with
 *	antispam GROUP		lines of members (smartermail_antispam.h)
 */
#ifndef CORE_MTA_SMARTERMAIL_SMARTERMAIL_REMOTE_H
#define CORE_MTA_SMARTERMAIL_SMARTERMAIL_REMOTE_H

#include "core/mta/plan/remote.h"
#include "core/mta/smartermail/smartermail_session.h"

extern const struct remote_type smartermail_remote;

#define SM_KEY_MADE "made"

/* Their values by what the server said of the domain.  The caller wipes. */
void sm_key_value(const struct sm_domain *domain, struct remote_value *ret_value);
void sm_signing_value(const struct sm_domain *domain, struct remote_value *ret_value);

#endif
