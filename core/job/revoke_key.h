/*
 * core/job/revoke_key.h: revokes one key at once.
 *
 * A new pair is generated without a lock.  One change stops the host from signing and adds the new
 * key; the next one empties the record; the export then publishes both, and the new key signs as
 * soon as its record is public.  If the host cannot be changed, the record stays until it is, and
 * the next export completes the revocation.
 */
#ifndef CORE_JOB_REVOKE_KEY_H
#define CORE_JOB_REVOKE_KEY_H

#include "core/job/session.h"
#include "core/model/key/keyring.h"
#include "dnszone/name/name.h"

struct revoke_key {
	char domain[NAME_SIZE], selector[NAME_SIZE];
	size_t missing;  /* pairs that are, or would be, generated */
	const char *was; /* the state of the key before */
	struct names
		elsewhere; /* names whose zones are served elsewhere: their records have to
	                           be copied */
};
void revoke_key_done(struct revoke_key *work);

/* What the revocation will do: fills domain, selector and missing, `was` if it is revoked already. */
int revoke_key_look(struct session *session, const char *domain, const char *selector,
                    struct revoke_key *work, struct err *err) must_check;
int revoke_key_run(struct session *session, struct revoke_key *work,
                   struct err *err) must_check;

#endif
